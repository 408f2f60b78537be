"""One server as one credential (or one enrolment) of this phone sees it: calls, proofs, nonces, and what it signed.

In: the store's record with its `trust`. Out: verified statements of this server. Never: a statement by a key that the
newest known keys don't name.
"""

import secrets

from . import statements, trust
from .encodings import b64u, write_json
from .errors import Problem, Refused, Unreachable
from .keys import sha256

LONGEST_LIST = 8


class Server:
    """`record()` gives the stored record as it is now, `change()` the context in which it may be changed."""

    def __init__(self, tools, record, change):
        self.http, self.boot, self.hardware = tools.http, tools.boot, tools.hardware
        self.record, self.change = record, change
        self.nonce = None
        self._asked = None

    # Calls

    def plain(self, method, path, body=None, wait=0):
        return self._anywhere(lambda origin: self._call(method, origin + path, body, None, wait))

    def proved(self, method, path, body=None, wait=0, nonce=None):
        """A call with a proof. A stale nonce is repeated once, under the same jti; at another origin it is another call."""
        data = b"" if body is None else write_json(body)

        def at(origin):
            url, jti = origin + path, b64u(secrets.token_bytes(16))
            try:
                return self._call(method, url, body, self._proof(method, url, data, nonce or self.nonce, jti), wait)
            except Problem as problem:
                if (problem.status, problem.code) != (401, "nonce_required"):
                    raise
            return self._call(method, url, body, self._proof(method, url, data, self.nonce, jti), wait)

        return self._anywhere(at)

    def _anywhere(self, call):
        *first, last = self.record()["trust"]["origins"]
        for origin in first:
            try:
                return call(origin)
            except Unreachable:
                pass
        return call(last)

    def _call(self, method, url, body, proof, wait):
        headers = {"Countersign-Proof": proof} if proof else {}
        try:
            answer, nonce = self.http.call(method, url, None if body is None else write_json(body), headers, wait)
        except Problem as problem:
            self.nonce = problem.nonce or self.nonce
            raise
        self.nonce = nonce or self.nonce
        return answer

    def _proof(self, method, url, data, nonce, jti):
        record = self.record()
        body = {
            "aud": record["trust"]["iss"],
            "sub": record["id"],
            "htm": method,
            "htu": url,
            "bh": b64u(sha256(data)),
            "jti": jti,
        }
        if nonce:
            body["nonce"] = nonce
        return statements.make("cs1-proof", body, record["dev"]["jwk"], self.hardware.signer(record["dev"])).text

    # What it signed

    def verified(self, text, typ):
        """A statement by S of this server, by keys that are fetched when it names newer ones."""
        try:
            found = self._by_known(text, typ)
        except Refused as refused:
            if refused.code != "unknown_key" or not self._fetch_keys():
                raise
            found = self._by_known(text, typ)
        if found["keys"] > self.record()["trust"]["n"] and self._fetch_keys():
            found = self._by_known(text, typ)
        if found["iss"] != self.record()["trust"]["iss"]:
            raise Refused("iss")
        return found

    def _by_known(self, text, typ):
        return statements.verify(text, typ, self.record()["trust"]["sign"])

    def _fetch_keys(self):
        """At most once a minute, whatever triggers it. Whether something new came."""
        now = self.boot.now()
        if self._asked is not None and now < self._asked + 60:
            return False
        self._asked = now
        return self.refresh_keys()

    def refresh_keys(self):
        news = False
        while True:
            after = self.record()["trust"]["n"]
            answer = self.plain("GET", f"/cs/v1/keys?after={after}")
            listed = members(answer, "keys")["keys"]
            if not isinstance(listed, list) or not 1 <= len(listed) <= LONGEST_LIST:
                raise Refused("keys", "list")
            with self.change() as record:
                new = [trust.accept(record["trust"], text) for text in listed]
            news = news or any(new)
            if len(listed) < LONGEST_LIST or not any(new):
                return news


def members(answer, *names):
    """An answer has exactly these members."""
    if not isinstance(answer, dict) or set(answer) != set(names):
        raise Refused("answer", "members")
    return answer
