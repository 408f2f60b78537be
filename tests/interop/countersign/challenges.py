"""Section 6: what a challenge may be, what people are shown of it, and what satisfies it.

In: a verified challenge, whose form shapes.py has checked. Out: the rows of its view. Never: a challenge that asks less
than the policy.
"""

from . import keys, policies
from .encodings import b64u
from .shapes import SERVER_KINDS, need

_PIN = ["dev", "pin"]


def check(challenge, policy, strong):
    """The floors, and what the table says beside the form of shapes.py.

    `policy` is the one that is stored; `strong`: this phone has a PIN or K_uv.
    """
    kind, body = challenge["kind"], challenge.body
    if kind in SERVER_KINDS:
        need(body["mode"] != "offline" or policy["offline"] != "none", "floor", "offline")
        need(body["mode"] != "remote" or body["match"] == 2 or not policy["match"], "floor", "match")
    else:
        here = body["iss"].removeprefix("https://")
        need(body["service"]["id"] == "server" and body["service"]["host"] == here, "service")
    _factors(body, kind, policy, strong)


def _factors(body, kind, policy, strong):
    factors = body["factors"]
    if kind == "pin-set":
        fixed = factors == [_PIN] or (factors == [["uv"]] and ["uv"] in policy["min"])
        need(fixed, "floor", "factors")
    elif kind == "replace-uv":
        need(factors == [_PIN], "floor", "factors")
    elif kind == "remove-phone" and factors == [["dev"]]:
        pass  # that phone may be on probation, which cannot be tested here; it gives nobody access
    else:
        need(policies.all_cover(factors, policy["min"]), "floor", "factors")
        if kind in ("add-phone", "remove-phone", "policy") or (kind in ("recovery-codes", "unfreeze") and strong):
            need(all("pin" in one or "uv" in one for one in factors), "floor", "factors")


def rows(body):
    """Rule 1: the rows that people are shown, in their order."""
    found = [("kind", body["kind"]), ("mode", body["mode"]), ("service", body["service"]["name"])]
    found += [("host", body["service"]["host"]), ("account", body["account"])]
    for number, row in enumerate(body.get("rows", ()), 1):
        found += [(f"label.{number}", row["label"]), (f"value.{number}", row["value"])]
    given = body.get("input", {})
    if "device" in given:
        found.append(("device", given["device"]))
    if "policy" in given:
        found += _policy_rows(given["policy"])
    context = body.get("context", {})
    for name in ("browser", "known", "place", "ip", "zone"):
        if name in context:
            found.append((name, _yes(context[name]) if name == "known" else context[name]))
    if body["match"]:
        found.append(("match", str(body["match"])))
    return found + [("phones", str(body["phones"]))]


def _policy_rows(policy):
    least = "|".join("+".join(one) for one in policy["min"])
    return [
        ("policy.min", least),
        ("policy.match", _yes(policy["match"])),
        ("policy.max_life", str(policy["max_life"])),
        ("policy.pin", str(policy["pin"])),
        ("policy.offline", policy["offline"]),
    ]


def _yes(flag):
    return "yes" if flag else "no"


def lines(body):
    return "".join(f"{name}\t{value}\n" for name, value in [("cs1-view", "1"), *rows(body)])


def view(body):
    return keys.sha256(lines(body).encode("utf-8"))


def phone_set(thumbprints):
    """`set` of section 6, of raw thumbprints."""
    return b64u(keys.sha256(*sorted(thumbprints)))


def members_fit(challenge, response):
    """Section 7: the members of a response are those that its challenge asks for."""
    answer, asked = response.body, challenge.body
    if answer["decision"] != "approve":
        return
    need(len(answer.get("match", "")) == asked["match"], "members", "match")
    need("dh" not in answer or "pin" in answer or asked["kind"] in ("pin-set", "recovery-codes"), "members", "dh")
    need("dh" in answer or asked["kind"] not in ("pin-set", "recovery-codes"), "members", "dh")
    need(("input" in answer) == (asked["kind"] == "replace-uv"), "members", "input")
