"""An application with a key: docs/service-api.md, and its check of a receipt, written from that text.

In: an origin, a key, the thumbprint of R. Out: requests and what became of them. Never: a receipt believed unchecked.
"""

import urllib.parse

from countersign import challenges, keys, statements
from countersign.encodings import unb64u, write_json
from countersign.http import Http
from countersign.server import members
from countersign.shapes import need


class Api:
    def __init__(self, world, key):
        self._http, self._url = Http(world.ca), f"{world.origin}/api/v1/challenges"
        self._headers = {"Authorization": f"Bearer {key}"}

    def ask(self, request_id, account, kind="stepup", rows=None, lang="en", **more):
        body = {"request_id": request_id, "account": account, "kind": kind, **more}
        if rows:
            body.update(lang=lang, rows=[{"label": label, "value": value} for label, value in rows])
        return self._http.call("POST", self._url, write_json(body), self._headers)[0]

    def wait(self, id_, wait=0):
        url = f"{self._url}/{urllib.parse.quote(id_)}" + (f"?wait={wait}" if wait else "")
        return self._http.call("GET", url, None, self._headers, wait)[0]

    def cancel(self, id_):
        return self._http.call("DELETE", f"{self._url}/{id_}", None, self._headers)[0]


def check_receipt(receipt, root):
    """The six steps. Gives challenge, response and verdict."""
    members(receipt, "keys", "key", "challenge", "response", "verdict")
    found = _keys(receipt["keys"], root)
    sign = [jwk for statement in found for jwk in statement["sign"]]
    challenge = statements.verify(receipt["challenge"], "cs1-challenge", sign)
    verdict = statements.verify(receipt["verdict"], "cs1-verdict", sign)
    need({challenge["iss"], verdict["iss"]} == {found[0]["iss"]}, "iss")
    response = statements.verify(receipt["response"], "cs1-response", [keys.check(receipt["key"], keys.P256)])
    need(response["challenge"] == challenge.h, "receipt", "challenge")
    need((response["iss"], response["aud"]) == (challenge["aud"], challenge["iss"]), "receipt", "iss or aud")
    challenges.members_fit(challenge, response)
    need(unb64u(response["view"], 32) == challenges.view(challenge.body), "receipt", "view")
    judged = (verdict["challenge"], verdict["response"], verdict["aud"])
    need(judged == (challenge.h, response.h, challenge["aud"]), "receipt", "verdict")
    if verdict["result"] == "accepted":
        _accepted(challenge, response, verdict)
    return challenge, response, verdict


def _keys(listed, root):
    """Statements at the beginning that R did not sign are passed over; from then on each by the root in force."""
    accepted = []
    for text in listed:
        if not accepted and statements.signer(text) != root:
            continue
        found = statements.verify_own(text, "cs1-keys", root)
        need(not accepted or found["n"] > accepted[-1]["n"], "receipt", "keys go back")
        accepted.append(found)
        root = keys.kid(found["root_next"]) if "root_next" in found.body else root
    need(accepted, "receipt", "no keys by this root")
    return accepted


def _accepted(challenge, response, verdict):
    need(verdict["iat"] >= challenge["iat"], "receipt", "time")
    need(response["decision"] == "report" or verdict["iat"] <= challenge["exp"], "receipt", "time")
    if response["decision"] == "approve" and all("pin" in one for one in challenge["factors"]):
        need("pin" in response.body, "receipt", "pin")
