"""Section 4: the keys that speak for one server, from its pinned root on.

In: `cs1-keys` statements, one by one. Out: which keys may have signed, and where the server answers. Never: a lower
number, or a root that nobody pinned or handed over to.

`trust` is the part of the store that belongs to one server: `iss`, `root` (the pinned thumbprint), `n`, `sign`,
`origins`, `exp`, and `keys`, every statement that was accepted.
"""

from . import keys, statements
from .errors import Refused


def pin(iss, root, text):
    """The first statement, that an enrolment brings. Gives a new trust."""
    trust = {"iss": iss, "root": root, "n": 0, "keys": []}
    accept(trust, text)
    return trust


def accept(trust, text):
    """Whether it brought something new."""
    if trust["keys"] and text == trust["keys"][-1]:  # perhaps by a root that has handed over since
        return False
    found = statements.verify_own(text, "cs1-keys", trust["root"])
    if found["iss"] != trust["iss"]:
        raise Refused("iss")
    if found["n"] <= trust["n"]:
        raise Refused("keys", "goes back")
    trust.update({name: found[name] for name in ("n", "sign", "origins", "exp")})
    trust["keys"] = trust["keys"] + [text]
    if "root_next" in found.body:
        trust["root"] = keys.kid(found["root_next"])
    return True
