"""Sections 7 and 8: signed answers, from the first sending to the history.

In: responses that answers.py signed and stored. Out: verdicts. Never: an entry dropped without its verdict, or before
its time is over (a day after `exp`; never while a new PIN or a new K_uv waits for it).
"""

import re

from . import clock, seen, statements
from .errors import Problem, Refused
from .server import members

WAITING = ("new_pin", "new_uv")  # of an approval; while it waits for its verdict, so do both blobs or keys
AFTER = 86_400


def deliver(account, h):
    """Posts one response. Gives its verdict, after it was stored."""
    entry = _entry(account.record, h)
    sent = account.tools.boot.now()
    first = not entry["sent"]
    with account.change() as record:
        _entry(record, h)["sent"] = True
    try:
        answer = members(account.server.plain("POST", "/cs/v1/responses", {"response": entry["response"]}), "verdict")
    except Problem as problem:
        if problem.status < 500 and problem.status not in (401, 429):
            with account.change() as record:
                _entry(record, h)["stuck"] = True
        raise
    verdict = account.server.verified(answer["verdict"], "cs1-verdict")
    if verdict["aud"] != account.id or verdict["response"] != h:
        raise Refused("verdict", "of something else")
    check(account.record, verdict)
    with account.change() as record:
        settle(record, verdict)
        clock.note(record["times"], verdict["iat"], account.tools.boot, sent if first else None)
    account.name_uv()
    return verdict


def deliver_all(account):
    return [deliver(account, entry["h"]) for entry in in_order(account.record)]


def in_order(record):
    """What waits, the reports first: whoever took an approval back wants it to come too late."""
    return sorted(record["outbox"], key=lambda entry: entry["decision"] != "report")


def _entry(record, h):
    return next(entry for entry in record["outbox"] if entry["h"] == h)


def _answered(record, verdict):
    return next((entry for entry in record["outbox"] if entry["h"] == verdict["response"]), None)


def check(record, verdict):
    """What a verdict says must fit the answer that it judges."""
    entry = _answered(record, verdict)
    if entry is None:
        return
    challenge = statements.unpack(entry["challenge"], "cs1-challenge")
    if verdict["challenge"] != challenge.h:
        raise Refused("verdict", "challenge")
    approved_same = entry["decision"] == "approve" and challenge["mode"] == "same"
    if ("return" in verdict.body) != (approved_same and verdict["result"] == "accepted"):
        raise Refused("verdict", "return")
    if "return" in verdict.body and not _way_back(verdict["return"], record["trust"]["origins"]):
        raise Refused("verdict", "return")
    if not verdict["final"] and verdict["code"] == "number_wrong" and challenge["kind"] != "add-phone":
        raise Refused("verdict", "final")


def _way_back(url, origins):
    origin, _, code = url.rpartition("/r/")
    return origin in origins and re.fullmatch(r"[A-Za-z0-9_-]{22}", code)


def settle(record, verdict):
    """A checked verdict ends its entry; one that is for nothing here changes nothing."""
    entry = _answered(record, verdict)
    if entry is None:
        return
    record["outbox"].remove(entry)
    record["history"].append({**_shown(entry), "verdict": verdict.text})
    challenge = statements.unpack(entry["challenge"], "cs1-challenge")
    if not verdict["final"]:
        seen.reopen(record, challenge["jti"])
    elif verdict["code"] == "expired" and entry["decision"] != "report":
        seen.too_late(record, challenge["jti"])
    if verdict["result"] == "accepted":
        _accepted(record, entry)
    elif entry["kind"] == "policy":
        record["approved"].pop(challenge["txn"], None)


def _accepted(record, entry):
    """What only an accepted answer makes true: a new PIN's blob, a new K_uv with its K_off."""
    for name in ("pin", "uv", "off"):
        if entry.get(f"new_{name}"):
            record[name] = entry[f"new_{name}"]


def _shown(entry):
    return {name: entry[name] for name in ("ctr", "challenge", "response")}


def expire(account):
    """Answers that nobody judged in time become history without a verdict."""
    now = clock.lower(account.record["times"], account.tools.boot)
    with account.change() as record:
        for entry in list(record["outbox"]):
            challenge = statements.unpack(entry["challenge"], "cs1-challenge")
            if not any(name in entry for name in WAITING) and now > challenge["exp"] + AFTER:
                record["outbox"].remove(entry)
                record["history"].append(_shown(entry))
