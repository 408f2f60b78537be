"""A phone whose owner changed it: it signs with its true keys whatever it likes.

In: an account of the good phone. Out: proofs and responses with any member changed. Never: a private key outside the
hardware, also here.
"""

import secrets
import urllib.parse

from countersign import agreement, answers, challenges, keys, statements
from countersign.encodings import b64u, unb64u, write_json

from . import forge


class Rogue:
    def __init__(self, account):
        self.account, self.origin = account, account.record["trust"]["iss"]
        self.ctr, self.prev = account.record["ctr"], account.record["prev"]

    # Calls

    def proof(self, method, path, data=b"", key=None, **changes):
        """None leaves a member out."""
        body = {"aud": self.origin, "sub": self.account.id, "htm": method, "htu": self.origin + path}
        body.update(bh=b64u(keys.sha256(data)), nonce=self.account.server.nonce, jti=b64u(secrets.token_bytes(16)))
        key = key or self.account.record["dev"]
        body = {name: value for name, value in {**body, **changes}.items() if value is not None}
        return statements.make("cs1-proof", body, key["jwk"], self.account.tools.hardware.signer(key)).text

    def call(self, method, path, data=None, proof=None):
        headers = {"Countersign-Proof": proof} if proof else {}
        return self.account.tools.http.call(method, self.origin + path, data, headers)[0]

    def act(self, data, **changes):
        """An action with these bytes as its body."""
        path = "/cs/v1/actions"
        return self.call("POST", path, data, self.proof("POST", path, data, **changes))

    def status(self, method, path, data=None, kind=None):
        """What a call without proof is answered: its status and its code."""
        connection = self.account.tools.http.connect(urllib.parse.urlsplit(self.origin), 20)
        try:
            connection.request(method, path, data, {"Content-Type": kind} if kind else {})
            answer = connection.getresponse()
            return answer.status, forge.encodings.read_json(answer.read()).get("code")
        finally:
            connection.close()

    # Answers

    def response(self, challenge, number, pin, /, payload=None, header=None, key=None, **changes):
        """The response that a good phone would sign, with members changed; `payload` changes its bytes."""
        record, tools = self.account.record, self.account.tools
        shared, jti = agreement.Agreement(record["server_dh"], challenge.digest), secrets.token_bytes(16)
        body = {"iss": self.account.id, "aud": self.origin, "jti": b64u(jti), "challenge": challenge.h}
        body.update(decision="approve", rule=1, view=b64u(challenges.view(challenge.body)), match=number)
        body.update(dh=shared.dh, ctr=self.ctr + 1, prev=self.prev, locale="en")
        body = {name: value for name, value in {**body, **changes}.items() if value is not None}
        if pin and "pin" not in changes:
            body["pin"] = b64u(
                answers.pin_proof(self.account, shared, pin, challenge, body, unb64u(body["view"]), None)
            )
        key = key or record["dev"]
        head = {"alg": "ES256", "kid": keys.kid(key["jwk"]), "typ": "cs1-response+jwt", **(header or {})}
        data = write_json(body)
        signed = f"{b64u(write_json(head))}.{b64u(payload(data) if payload else data)}"
        text = f"{signed}.{b64u(tools.hardware.signer(key)(signed.encode('ascii')))}"
        return text, body

    def post(self, text):
        """The verdict's members; nobody verifies them here."""
        answer = self.call("POST", "/cs/v1/responses", write_json({"response": text}))
        return forge.body_of(answer["verdict"])

    def answer(self, challenge, number=None, pin=None, /, **words):
        """Signs and posts; what got a verdict counts in `ctr` and `prev`. Gives the verdict's code."""
        text, body = self.response(challenge, number, pin, **words)
        verdict = self.post(text)
        self.ctr, self.prev = body["ctr"], b64u(keys.sha256(text.rpartition(".")[0].encode("ascii")))
        return verdict["code"]
