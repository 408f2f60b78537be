"""docs/service-api.md, "The receipt": one answer, checked by somebody who has nothing but the thumbprint of R.

In: the receipt's members. Out: challenge, response and verdict, or the part that is wrong, by its name in
tests/vectors/README.md. Never: a server asked.
"""

from . import challenges, keys, statements
from .encodings import unb64u
from .errors import naming
from .server import members
from .shapes import need, several, shape, statement

_SHAPE = shape(
    {
        "keys": several(0, 1000, statement),
        "key": lambda jwk: keys.check(jwk, keys.P256),
        "challenge": statement,
        "response": statement,
        "verdict": statement,
    }
)


def check(receipt, root):
    """The six steps. Gives challenge, response and verdict."""
    members(receipt, "keys", "key", "challenge", "response", "verdict")
    _SHAPE(receipt)
    found = _keys(receipt["keys"], root)
    sign = [jwk for one in found for jwk in one["sign"]]
    challenge = _verified("challenge", receipt["challenge"], sign)
    verdict = _verified("verdict", receipt["verdict"], sign)
    for one in (challenge, verdict):
        need(one["iss"] == found[0]["iss"], "receipt", f"{one.typ.removeprefix('cs1-')}.iss")
    response = _verified("response", receipt["response"], [receipt["key"]])
    _answers(challenge, response)
    need(verdict["challenge"] == challenge.h, "receipt", "verdict.challenge")
    need(verdict["response"] == response.h, "receipt", "verdict.response")
    need(verdict["aud"] == challenge["aud"], "receipt", "verdict.aud")
    if verdict["result"] == "accepted":
        _accepted(challenge, response, verdict)
    return challenge, response, verdict


def approval(response, verdict):
    return (response["decision"], verdict["result"]) == ("approve", "accepted")


def _verified(part, text, allowed):
    with naming("receipt", part):
        return statements.verify(text, f"cs1-{part}", allowed)


def _keys(listed, root):
    """Statements at the beginning that R did not sign are passed over; from then on each by the root in force."""
    accepted = []
    for text in listed:
        with naming("receipt", "keys"):
            if not accepted and statements.signer(text) != root:
                continue
            found = statements.verify_own(text, "cs1-keys", root)
        need(not accepted or found["n"] > accepted[-1]["n"], "receipt", "keys.n")
        need(not accepted or found["iss"] == accepted[0]["iss"], "receipt", "keys.iss")
        accepted.append(found)
        root = keys.kid(found["root_next"]) if "root_next" in found.body else root
    need(accepted, "receipt", "keys.root")
    return accepted


def _answers(challenge, response):
    need(response["challenge"] == challenge.h, "receipt", "response.challenge")
    need(response["iss"] == challenge["aud"], "receipt", "response.iss")
    need(response["aud"] == challenge["iss"], "receipt", "response.aud")
    with naming("receipt", "response.members"):
        challenges.members_fit(challenge, response)
    need(unb64u(response["view"], 32) == challenges.view(challenge.body), "receipt", "response.view")


def _accepted(challenge, response, verdict):
    need(verdict["iat"] >= challenge["iat"], "receipt", "verdict.iat")
    need(response["decision"] == "report" or verdict["iat"] <= challenge["exp"], "receipt", "verdict.iat")
    if response["decision"] == "approve" and all("pin" in one for one in challenge["factors"]):
        need("pin" in response.body, "receipt", "response.factors")
