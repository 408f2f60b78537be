"""What somebody says who stole S, each wrong in one thing; the right signature is on all of it.

In: the members of a true statement, and the thief's signer. Out: name and characters. Never: two things wrong at once,
as far as that is possible.
"""

from . import forge
from .forge import write_json

MATCH = b'"match":2'
TURN, HALF = "1\u202e000 €", "e\u0301"


def challenges(good, thief):
    """Lies about a transaction of a phone whose policy wants PIN or gesture, the number, and 120 seconds at most."""
    row = good["rows"][0]

    def made(**changes):
        return thief.sign("cs1-challenge", _changed(good, changes))

    def spelt(new):
        whole = write_json(good)
        assert whole.count(MATCH) == 1
        return thief.sign("cs1-challenge", whole.replace(MATCH, new))

    return {
        "no number": made(match=0),
        "a number of six": made(match=6),
        "less than the policy": made(factors=[["dev"]]),
        "less beside enough": made(factors=[["dev", "pin"], ["dev"]]),
        "no factors": made(factors=[]),
        "factors in another order": made(factors=[["pin", "dev"]]),
        "a longer life": made(exp=good["iat"] + 121),
        "over before it began": made(exp=good["iat"] - 1),
        "a newer policy": made(policy=good["policy"] + 1),
        "expired": made(iat=good["iat"] - 5000, exp=good["iat"] - 4900),
        "from tomorrow": made(iat=good["iat"] + 86_400, exp=good["iat"] + 86_460),
        "another account": made(account="eve@example.com"),
        "another credential": made(aud="A" * 22),
        "another server": made(iss="https://other.example.com"),
        "a login with rows": made(kind="login", context={"browser": "x", "known": False, "zone": "inside"}),
        "begun on the phone": made(mode="app"),
        "offline, where the policy has none": made(mode="offline", match=0),
        "no rows": made(rows=None, lang=None),
        "an empty list of rows": made(rows=[]),
        "too many rows": made(rows=[row] * 17),
        "rows of no language": made(lang=None),
        "a language that is none": made(lang="e_n"),
        "a hidden turn": made(rows=[{**row, "value": TURN}]),
        "a hidden turn in a label": made(rows=[{**row, "label": TURN}]),
        "a hidden turn in the service": made(service={**good["service"], "name": TURN}),
        "not composed": made(rows=[{**row, "value": HALF}]),
        "a line of its own": made(rows=[{**row, "value": "1 €\nTo\tme"}]),
        "the delete character": made(rows=[{**row, "value": "1\x7f"}]),
        "private use": made(rows=[{**row, "value": "1\ue000"}]),
        "no value": made(rows=[{**row, "value": ""}]),
        "a long value": made(rows=[{**row, "value": "x" * 201}]),
        "a host in capitals": made(service={**good["service"], "host": "Shop.example.com"}),
        "an id with a blank": made(service={**good["service"], "id": "a b"}),
        "input": made(input={"dev": good["set"], "device": "x"}),
        "a member more": made(more=1),
        "a member less": made(phones=None),
        "a number with a point": spelt(b'"match":2.0'),
        "a number as text": spelt(b'"match":"2"'),
        "a member twice": spelt(b'"match":2,"match":2'),
        "a member twice, spelt otherwise": spelt(b'"match":2,"matc\\u0068":2'),
        "a null": spelt(b'"match":2,"input":null'),
        "a mark at the beginning": thief.sign("cs1-challenge", b"\xef\xbb\xbf" + write_json(good)),
        "something behind": thief.sign("cs1-challenge", write_json(good) + b"{}"),
        "a header more": thief.sign("cs1-challenge", good, crit=["x"]),
        "EdDSA": thief.sign("cs1-challenge", good, alg="EdDSA"),
        "an id with unused bits": made(jti="A" * 21 + "B"),
    }


def states(good, thief):
    """Lies about an active credential with K_dev alone."""
    policy = good["policy"]

    def made(**changes):
        return thief.sign("cs1-state", _changed({**good, "sn": good["sn"] + 1}, changes))

    def with_policy(**changes):
        return made(policy={**policy, "n": policy["n"] + 1, **changes})

    return {
        "no PIN": with_policy(min=[["dev"]]),
        "an easier way": with_policy(min=[*policy["min"], ["dev"]]),
        "no number": with_policy(match=False),
        "a longer life": with_policy(max_life=600),
        "offline": with_policy(offline="both"),
        "a shorter PIN": with_policy(pin=0, min=[["uv"]]),
        "another policy of the same number": made(policy={**policy, "max_life": 60}),
        "no life allowed": with_policy(max_life=601),
        "another K_dev": made(dev=thief.kid),
        "a K_uv": made(uv=thief.kid),
        "another registration": made(registration=thief.kid),
        "another credential": made(aud="A" * 22),
        "another server": made(iss="https://other.example.com"),
        "the same sn": made(sn=good["sn"], iat=good["iat"] + 1),
        "pending again": made(
            state="pending", wake=None, push_id=None, ns=thief.kid, kc=thief.kid, exp=good["iat"] + 60
        ),
        "refused, and was in use": made(state="refused", reason="expired", wake=None, push_id=None),
        "suspended without a reason": made(state="suspended"),
        "active for a reason": made(reason="admin"),
        "active without its ids": made(wake=None),
        "a member more": made(more=1),
        "an account that hides": made(account="to\u200bm@example.com"),
    }


def verdicts(good, thief):
    """Lies about one answer, whose true verdict is `good`: accepted."""

    def made(**changes):
        return thief.sign("cs1-verdict", _changed(good, changes))

    return {
        "of another answer": made(response=thief.kid),
        "of another challenge": made(challenge=thief.kid),
        "to another credential": made(aud="A" * 22),
        "of another server": made(iss="https://other.example.com"),
        "accepted, but not final": made(final=False, attempts=3),
        "accepted, but wrong": made(code="pin_wrong"),
        "refused, but ok": made(result="refused"),
        "tries left, but final": made(result="refused", code="pin_wrong", attempts=3),
        "not final, but no tries": made(result="refused", code="pin_wrong", final=False),
        "a number that may be tried again": made(result="refused", code="number_wrong", final=False, attempts=2),
        "expired, but not final": made(result="refused", code="expired", final=False, attempts=2),
        "with a way back": made(**{"return": f"{good['iss']}/r/{'A' * 22}"}),
        "a member more": made(more=1),
    }


def _changed(good, changes):
    """None leaves a member out."""
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def histories(lines):
    """An export with one thing wrong, or with something missing: name, and its lines. `lines`: header, keys, states and
    at least two answers with verdicts, as JSON values."""
    made = {}
    for number, line in enumerate(lines):
        made[f"without line {number + 1}"] = lines[:number] + lines[number + 1 :]
        if number:
            made[f"line {number + 1} twice"] = lines[: number + 1] + lines[number:]
        for name, text in line.items() if number else ():
            for part in range(3):
                changed = {**line, name: forge.flipped(text, part)}
                made[f"line {number + 1}, {name}, a bit of part {part}"] = [
                    *lines[:number],
                    changed,
                    *lines[number + 1 :],
                ]
    for name, value in (
        ("cs1-history", 2),
        ("origin", "https://other.example.com"),
        ("credential", "A" * 22),
        ("jwks", lines[0]["jwks"][1:]),
        ("from", lines[0]["from"] + 1),
        ("to", lines[0]["to"] + 1),
        ("more", 1),
    ):
        made[f"header, {name}"] = [{**lines[0], name: value}, *lines[1:]]
    *front, first, last = lines
    made["two answers exchanged"] = [*front, last, first]
    for name in ("challenge", "response", "verdict"):
        made[f"another {name}"] = [*front, first, {**last, name: first[name]}]
    made["an answer without its challenge"] = [
        *front,
        first,
        {"response": last["response"], "verdict": last["verdict"]},
    ]
    made["a verdict alone"] = [*front, first, {"verdict": last["verdict"]}]
    made["an answer without its verdict"] = [
        *front,
        first,
        {"challenge": last["challenge"], "response": last["response"]},
    ]
    made["a challenge alone"] = [*lines, {"challenge": last["challenge"]}]
    made["a state at the end"] = [*lines, next(line for line in lines if "state" in line)]
    return made
