"""Section 8's seen store: what this phone was asked, and whether that is decided.

In: a stored record that is being changed. Out: which requests are open. Never: a request open again that was decided,
but by a verdict that is not final.
"""

from . import clock, statements
from .errors import NotNow, Refused

KEPT = 86_400


def check(record, challenge):
    """The same statement, undecided, is the same prompt; everything else under its jti is refused."""
    seen = record["seen"].get(challenge["jti"])
    if seen and (seen["h"] != challenge.h or seen["decided"]):
        raise Refused("seen")


def note(record, challenge, boot):
    if challenge["jti"] in record["seen"]:
        return
    record["seen"][challenge["jti"]] = {
        "h": challenge.h,
        "text": challenge.text,
        "txn": challenge["txn"],
        "until": max(challenge["exp"], clock.lower(record["times"], boot) + KEPT),
        "decided": None,
    }
    replaced = record["seen"].get(challenge.get("replaces"))
    if replaced and replaced["txn"] == challenge["txn"]:
        replaced["prolonged"] = True  # the same prompt with more time; this one may still be answered
    elif replaced and not replaced["decided"]:
        replaced["decided"] = "replaced"


def _of_one_txn(record, jti):
    if jti not in record["seen"]:
        return []
    txn = record["seen"][jti]["txn"]
    return [seen for seen in record["seen"].values() if seen["txn"] == txn]


def decide(record, jti, how):
    """What is decided here or elsewhere is decided for all statements of the txn; one alone expires."""
    for seen in [record["seen"][jti]] if how == "expired" and jti in record["seen"] else _of_one_txn(record, jti):
        seen["decided"] = seen["decided"] or how


def reopen(record, jti):
    """After a verdict that is not final."""
    for seen in _of_one_txn(record, jti):
        if seen["decided"] in ("approve", "deny"):
            seen["decided"] = None


def may_answer(record, jti, decision):
    """One approve or deny, and one report, also after either."""
    seen = record["seen"][jti]
    if decision == "report" and seen.get("reported"):
        raise NotNow("this was reported")
    if decision != "report" and seen["decided"]:
        raise NotNow("this was decided")


def forget(record, boot):
    now = clock.lower(record["times"], boot)
    record["seen"] = {jti: seen for jti, seen in record["seen"].items() if seen["until"] >= now}


def waiting(record, boot):
    """The open requests, each by its newest statement, that are not over by this phone's own clock."""
    now = clock.lower(record["times"], boot)
    found = (seen for seen in record["seen"].values() if not seen["decided"] and not seen.get("prolonged"))
    found = (statements.unpack(seen["text"], "cs1-challenge") for seen in found)
    return [challenge for challenge in found if now is None or challenge["exp"] >= now]
