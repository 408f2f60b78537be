"""Sections 6, 8 and 10: what comes to a phone: challenges, and what happened to them and to the ID.

In: lists and single statements of the server. Out: prompts, which the person may answer. Never: a prompt whose
challenge failed a check, a decided one shown again, or something stored of what was refused.
"""

from dataclasses import dataclass

from . import challenges, clock, outbox, policies, seen, statements
from .errors import NotNow, Refused
from .server import members

OTHERS = ("cs1-cancel", "cs1-notice", "cs1-verdict")


@dataclass(frozen=True)
class Prompt:
    """What the person is asked. `rows` are exactly what they sign; `note`: the phones of the ID changed unexplained;
    `goes_on`: it is shown already, perhaps with less time: no new alert, and what was typed stays."""

    challenge: statements.Statement
    rows: list
    note: bool
    goes_on: bool = False

    @property
    def jti(self):
        return self.challenge["jti"]


@dataclass(frozen=True)
class News:
    prompts: list
    others: list
    refused: list
    more: bool


NOTHING = News([], [], [], False)


def poll(account, wait=0, afresh=False):
    """One poll. What was refused is told by its code and left out; `afresh` lists everything that is open again.

    A phone whose ID has ended lists nothing: it asks whether a later state says otherwise.
    """
    if account.ended:
        account.fetch_state(wait)
    if account.ended:
        return NOTHING
    cursor = None if afresh else account.record["cursor"]
    query = "&".join(([f"after={cursor}"] if cursor else []) + ([f"wait={wait}"] if wait else []))
    path = "/cs/v1/challenges" + (f"?{query}" if query else "")
    answer = members(account.server.proved("GET", path, wait=wait), "challenges", "others", "sn", "next", "more")
    _list(answer)
    if answer["sn"] > account.state["sn"]:
        account.fetch_state()
    if account.ended:
        return NOTHING
    refused = []
    asked = _believed(account, answer["challenges"], checked, refused)
    told = _believed(account, answer["others"], _checked_other, refused)
    with account.change() as record:
        before = {found["txn"]: seen.shown(record, found["txn"]) for found in asked}
        noted = {found["txn"] for found in asked if _keep(record, found, account.tools.boot)}
        for found in told:
            _keep_other(record, found, account.tools.boot)
        record["cursor"] = answer["next"]
        prompts = [_prompt(record, txn, one, txn in noted) for txn, one in before.items()]
        seen.forget(record, account.tools.boot)
    account.name_uv()
    return News([one for one in prompts if one], told, refused, answer["more"])


def _believed(account, listed, check, refused):
    believed = []
    for text in listed:
        try:
            believed.append(check(account, text))
        except Refused as error:
            refused.append(error.code)
    return believed


def _list(answer):
    lists = answer["challenges"], answer["others"]
    good = all(isinstance(one, list) for one in lists) and sum(map(len, lists)) <= 20
    good = good and type(answer["sn"]) is int and type(answer["more"]) is bool
    cursor = answer["next"]
    if not good or not isinstance(cursor, str) or not 1 <= len(cursor) <= 64 or not cursor.isascii():
        raise Refused("answer", "list")
    if not all(char.isalnum() or char in "-_" for char in cursor):
        raise Refused("answer", "next")


def fetch(account, id_):
    """One challenge, by its jti or by the txn of a link."""
    account.must_go_on()
    answer = account.server.proved("GET", f"/cs/v1/challenges/{id_}", nonce=id_)
    text = members(answer, "challenge")["challenge"]
    found = checked(account, text)
    if id_ not in (found["jti"], found["txn"]):
        raise Refused("challenge", "another one")
    return keep(account, found)


def checked(account, text):
    """All checks of section 6, in their order. May ask for a newer state or keys; stores nothing else."""
    found = account.server.verified(text, "cs1-challenge")
    if found["aud"] != account.id:
        raise Refused("aud")
    if found["account"] != account.state["account"]:
        account.ask_state()
        if found["account"] != account.state["account"]:
            raise Refused("account")
    seen.check(account.record, found)
    newer = _newer_policy(account, found)  # before its life, which is that policy's to judge
    longest = policies.MAX_LIFE if found["mode"] == "app" else account.policy["max_life"]
    if not found["iat"] < found["exp"] <= found["iat"] + longest:
        raise Refused("life")
    clock.check(account.record["times"], found["iat"], found["exp"], account.tools.boot)
    if not newer and found["policy"] != account.policy["n"]:
        raise Refused("policy")
    challenges.check(found, account.policy, account.strong)
    host = found["iss"].removeprefix("https://").partition(":")[0]
    if account.tools.hosts is not None and host not in account.tools.hosts:
        raise Refused("host")
    return found


def _newer_policy(account, found):
    """Whether it is of a newer one than is known. Offline nobody can be asked: it is let pass, and what is stored is the floor."""
    if found["policy"] > account.policy["n"] and found["mode"] != "offline":
        account.ask_state()
        if found["policy"] > account.policy["n"]:
            raise Refused("policy")
    return found["policy"] > account.policy["n"]


def keep(account, found, sent=None):
    """Notes a checked challenge as seen, synced; then it may be shown. `sent`: see clock.note."""
    with account.change() as record:
        before = seen.shown(record, found["txn"])
        note = _keep(record, found, account.tools.boot, sent)
        prompt = _prompt(record, found["txn"], before, note)
    if prompt is None:
        raise NotNow("this was decided")
    return prompt


def _keep(record, found, boot, sent=None):
    """Whether there is something to be said above it."""
    clock.note(record["times"], found["iat"], boot, sent)
    note = _unexplained(record, found)
    seen.note(record, found, boot)
    return note


def _prompt(record, txn, before, note):
    """The one prompt of a txn, unless it is decided. `before`: by which statement it was shown until now, or None."""
    one = seen.shown(record, txn)
    goes_on = one is not None and before is not None and seen.alike(before, one)
    return one and Prompt(one, challenges.rows(one.body), note, goes_on)


def _unexplained(record, found):
    """Whether the phones of this ID changed and nothing said so."""
    if found["mode"] == "offline":
        return False
    explained = {record["noticed"]["set"]} if record.get("noticed") else set()
    last = record.get("set")
    record["set"] = found["set"]
    return last is not None and found["set"] not in explained | {last}


def _checked_other(account, text):
    found = _one_of(account, text)
    if found["aud"] != account.id:
        raise Refused("aud")
    if found.typ == "cs1-verdict":
        outbox.check(account.record, found)
    return found


def _keep_other(record, found, boot):
    """A cancel, a notice or a verdict. Its jti waits to be acknowledged."""
    clock.note(record["times"], found["iat"], boot)
    if found.typ == "cs1-cancel":
        seen.decide(record, found["challenge"], found["reason"])
    elif found.typ == "cs1-notice":
        _notice(record, found, boot)
    else:
        outbox.settle(record, found)
    if found["jti"] not in record["others"]:
        record["others"].append(found["jti"])


def _one_of(account, text):
    for typ in OTHERS:
        try:
            return account.server.verified(text, typ)
        except Refused as refused:
            if refused.code != "typ":
                raise
    raise Refused("typ")


def _notice(record, found, boot):
    if all(statements.unpack(text, "cs1-notice")["jti"] != found["jti"] for text in record["notices"]):
        record["notices"].append(found.text)
    newest, iat, most = record.get("noticed"), found["iat"], clock.upper(record["times"], boot)
    if most is not None and iat > most + clock.EARLY:
        iat = int(most)  # as one of now, or none would be newer until then
    if newest is None or iat >= newest["iat"]:
        record["noticed"] = {"iat": iat, "set": found["set"], "phones": found["phones"]}


def acknowledge(account):
    """Tells the server which others may be dropped, 20 at a time."""
    while account.record["others"] and not account.ended:
        some = account.record["others"][:20]
        account.server.proved("POST", "/cs/v1/acks", {"jti": some})
        with account.change() as record:
            record["others"] = [jti for jti in record["others"] if jti not in some]


def open_prompts(account):
    """What was seen and waits for an answer, out of the store."""
    if account.ended:
        return []
    return [Prompt(one, challenges.rows(one.body), False) for one in seen.waiting(account.record, account.tools.boot)]
