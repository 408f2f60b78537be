"""Section 8's seen store: what this phone was asked, and whether that is decided; section 15's statements of one prompt.

In: a stored record that is being changed. Out: which requests are open. Never: a request open again that was decided, but
by a verdict that is not final or says that its time was over.

The statements of one `txn` are one request, in whichever order they came: what is answered or cancelled is that request.
"""

from . import clock, statements
from .errors import NotNow, Refused

KEPT = 86_400
OURS = ("approve", "deny")  # a verdict may take these back
OF_A_STATEMENT = ("jti", "iat", "exp", "replaces", "keys")  # may differ where there is only more time


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
        "decided": _decided_before(record, challenge["txn"]),
    }
    replaced = record["seen"].get(challenge.get("replaces"))
    if replaced and replaced["txn"] != challenge["txn"]:
        decide(record, challenge["replaces"], "replaced")


def _decided_before(record, txn):
    """What was answered, or cancelled, is so for a statement that comes later; that the time of one was over is not."""
    earlier = _of_txn(record, txn)
    if any(seen.get("reported") for seen in earlier):
        return "report"
    return next((seen["decided"] for seen in earlier if seen["decided"] not in (None, "expired")), None)


def _of_txn(record, txn):
    return [seen for seen in record["seen"].values() if seen["txn"] == txn]


def _with(record, jti):
    """The statements of the same request."""
    return _of_txn(record, record["seen"][jti]["txn"]) if jti in record["seen"] else []


def decide(record, jti, how):
    """What is decided here or elsewhere is decided for all statements of the txn; one alone expires."""
    if how == "expired":
        for seen in [record["seen"][jti]] if jti in record["seen"] else []:
            seen["decided"] = seen["decided"] or how
        return
    for seen in _with(record, jti):
        # A verdict on what was answered here opens nothing that was cancelled or reported since.
        seen["decided"] = (seen["decided"] or how) if how in OURS else how


def reopen(record, jti):
    """After a verdict that is not final."""
    for seen in _with(record, jti):
        if seen["decided"] in OURS:
            seen["decided"] = None


def too_late(record, jti):
    """After the verdict `expired`: the newest statement that this answer was not for is open, and no older one."""
    answered = [seen for seen in _with(record, jti) if seen["decided"] in OURS]
    for seen in answered:
        seen["decided"] = "expired"
    others = [seen for seen in answered if seen is not record["seen"][jti]]
    if others:
        record["seen"][_newest([_challenge(seen) for seen in others])["jti"]]["decided"] = None


def may_answer(record, jti, decision):
    """One approve or deny, and one report, also after either."""
    if decision == "report" and any(seen.get("reported") for seen in _with(record, jti)):
        raise NotNow("this was reported")
    if decision != "report" and record["seen"][jti]["decided"]:
        raise NotNow("this was decided")


def forget(record, boot):
    now = clock.lower(record["times"], boot)
    record["seen"] = {jti: seen for jti, seen in record["seen"].items() if seen["until"] >= now}


def _challenge(seen):
    return statements.unpack(seen["text"], "cs1-challenge")


def _newest(challenges):
    """By what they say of each other, then by their time, then by what came last."""
    older = {challenge.get("replaces") for challenge in challenges}
    latest = [challenge for challenge in challenges if challenge["jti"] not in older] or challenges
    return max(reversed(latest), key=lambda challenge: (challenge["iat"], challenge["exp"]))


def alike(one, other):
    """Whether one is the other with more time."""
    return _asked(one) == _asked(other)


def _asked(challenge):
    return {name: value for name, value in challenge.body.items() if name not in OF_A_STATEMENT}


def shown(record, txn):
    """The statement by which an open request is shown, or None: of the newest and those like it the one with the later end."""
    found = [_challenge(seen) for seen in _of_txn(record, txn) if not seen["decided"]]
    if not found:
        return None
    newest = _newest(found)
    return max((one for one in found if alike(one, newest)), key=lambda one: (one["exp"], one is newest))


def waiting(record, boot):
    """The open requests, each by one statement, that are not over by this phone's own clock."""
    now = clock.lower(record["times"], boot)
    found = (shown(record, txn) for txn in dict.fromkeys(seen["txn"] for seen in record["seen"].values()))
    return [challenge for challenge in found if challenge and (now is None or challenge["exp"] >= now)]
