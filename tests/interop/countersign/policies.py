"""Sections 5 and 6: what an ID asks of its phone: alternatives of factors, floors, and which policy is weaker.

In: policies and factors out of statements. Out: yes or no. Never: a policy taken that asks less without the person.
"""

from .errors import Refused

_ALTERNATIVES = (("dev",), ("dev", "pin"), ("pin", "uv"), ("uv",))
_OFFLINE = {"none": set(), "code": {"code"}, "qr": {"qr"}, "both": {"code", "qr"}}
_MEMBERS = {"n", "min", "match", "max_life", "pin", "offline"}
MAX_LIFE = 600


def alternatives(value):
    """`min` and `factors`: one to four different alternatives, each written in its one way."""
    good = isinstance(value, list) and 1 <= len(value) <= 4
    good = good and all(isinstance(one, list) and _all_text(one) and tuple(one) in _ALTERNATIVES for one in value)
    if not good or len({tuple(one) for one in value}) != len(value):
        raise Refused("factors")


def _all_text(items):
    return all(isinstance(item, str) for item in items)


def check(policy):
    if not isinstance(policy, dict) or set(policy) != _MEMBERS:
        raise Refused("policy", "members")
    alternatives(policy["min"])
    _whole(policy["n"], 1, 2**53 - 1)
    _whole(policy["max_life"], 30, MAX_LIFE)
    if policy["pin"] != 0 or type(policy["pin"]) is not int:
        _whole(policy["pin"], 6, 12)
    elif any("pin" in one for one in policy["min"]):
        raise Refused("policy", "pin")
    if type(policy["match"]) is not bool or policy["offline"] not in tuple(_OFFLINE):
        raise Refused("policy", "value")


def _whole(value, least, most):
    if type(value) is not int or not least <= value <= most:
        raise Refused("policy", "integer")


def covers(one, other):
    """Every factor of `other` is in `one`, or is `dev` while `one` has `uv`."""
    return all(factor in one or (factor == "dev" and "uv" in one) for factor in other)


def all_cover(factors, least):
    return all(any(covers(one, other) for other in least) for one in factors)


def weaker(new, old):
    return (
        not all_cover(new["min"], old["min"])
        or (old["match"] and not new["match"])
        or new["max_life"] > old["max_life"]
        or not _OFFLINE[new["offline"]] <= _OFFLINE[old["offline"]]
        or new["pin"] < old["pin"]
    )


def acceptable(new, old, approved, ends):
    """Whether a state with policy `new` may be taken, and whether its policy with it.

    `approved`: policies that the person agreed to here. `ends`: the state suspends or ends the credential.
    """
    if new["n"] < old["n"] or (new["n"] == old["n"] and new != old):
        raise Refused("policy", "goes back")
    # What was agreed to vouches for what asks no less and came after it.
    covered = any(one["n"] < new["n"] and not weaker(new, one) for one in approved)
    if not weaker(new, old) or new in approved or covered:
        return True
    if ends:
        return False
    raise Refused("downgrade")
