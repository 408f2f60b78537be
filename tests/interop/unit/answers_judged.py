"""Section 7, the other side: what a server makes of a response whose form and signature were right (its steps 3 to 7).

The phone has no use for it. It is here so that the vectors of responses are judged by the text too.

In: a verified response and what the server knows. Out: the name of tests/vectors/README.md. Never: a PIN compared.
"""

from countersign import challenges, policies
from countersign.encodings import unb64u
from countersign.errors import Refused

BEHIND, REPORTS = 32, 86_400  # how far `ctr` may be behind, and seconds after `exp` in which a report is taken
OUR_OWN = ("replace-uv", "pin-set", "recovery-codes")


def judge(response, challenge, by_uv, known):
    """`by_uv`: K_uv signed. `known`: the vector's members that say what the server knows."""
    first = _credential(response, challenge, known) or _request(response, challenge, known)
    if first:
        return first
    if not _fits(response, challenge, by_uv):
        return "bad_input"
    if response["decision"] != "approve":
        return {"deny": "denied", "report": "reported"}[response["decision"]]
    return _approval(response, challenge, by_uv, known)


def _credential(response, challenge, known):
    """Steps 3 and 4."""
    if known["standing"] == "suspended":
        lifts = challenge is not None and challenge["kind"] == "unfreeze"
        if response["decision"] != "report" and not lifts:
            return "suspended"
    elif known["standing"] != "active":
        return "not_active"
    if known["ctr_used"] or response["ctr"] < known["highest_ctr"] - BEHIND:
        return "clone"
    return None


def _request(response, challenge, known):
    """Step 5, and the view."""
    if challenge is None or response["challenge"] != challenge.h or challenge["aud"] != response["iss"]:
        return "expired"
    if response["decision"] == "report":
        if known["now"] > challenge["exp"] + REPORTS:
            return "expired"
    elif known["stage"] != "open":
        return {"decided": "decided_elsewhere", "cancelled": "cancelled"}[known["stage"]]
    elif known["now"] > challenge["exp"]:
        return "expired"
    if unb64u(response["view"], 32) != challenges.view(challenge.body):
        return "view_mismatch"
    return None


def _fits(response, challenge, by_uv):
    """The rest of step 6. Deny and report are by K_dev."""
    try:
        challenges.members_fit(challenge, response)
    except Refused:
        return False
    return response["decision"] == "approve" or not by_uv


def _approval(response, challenge, by_uv, known):
    """Step 7, up to the comparison of a PIN."""
    has_pin = "pin" in response.body
    proved = ["uv" if by_uv else "dev"] + (["pin"] if has_pin else [])
    chosen = [one for one in challenge["factors"] if policies.covers(proved, one) and ("pin" in one) == has_pin]
    if not chosen or (has_pin and not known["has_pin"]):
        return "factors_missing"
    if response.get("match", "") != known["number"]:
        return "number_wrong"
    if challenge["kind"] in OUR_OWN and not known["keys_good"]:
        return "bad_input"
    return "pin" if has_pin else "approved"
