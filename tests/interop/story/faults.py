"""Servers that are wrong in one place, for the conformance kit to find: what a proxy makes of the answers of a right one.

In: a proxy. Out: one fault. Never: two faults at a time.
"""

from . import forge


def _keys(path, body):
    """Two statements where one is asked for."""
    return {"keys": body["keys"] * 2} if path.endswith("/keys") else None


def _list(path, body):
    """Nothing for a cursor that it does not know."""
    return {**body, "challenges": []} if "after=nobody" in path else None


def _state(path, body):
    """A good state, by a key that nobody named."""
    if not path.endswith("/registrations"):
        return None
    return {"state": forge.Signer().sign("cs1-state", forge.body_of(body["state"]))}


def _verdict(path, body):
    """A verdict with a changed bit in its signature."""
    return {"verdict": forge.flipped(body["verdict"], 2)} if path.endswith("/responses") else None


def _overview(path, body):
    """A member that is not listed."""
    return {**body, "weather": "fine"} if path.endswith("/overview") else None


def _push(path):
    """No pushes here."""
    return (404, "not_found") if path.endswith("/push") else None


# What of a proxy each of them is.
ALL = {
    "cached": ("drop", "cache-control"),
    "keys": ("change", _keys),
    "list": ("change", _list),
    "overview": ("change", _overview),
    "push": ("problem", _push),
    "state": ("change", _state),
    "verdict": ("change", _verdict),
}


def put(proxy, name):
    setattr(proxy, *ALL[name])
