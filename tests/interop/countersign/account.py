"""One ID of this phone: its stored record, its server, its states (section 5's rules for them).

In: states as the server gives them. Out: the newest that may be believed. Never: a credential changed by anything else
than a signed state.
"""

import contextlib

from . import clock, keys, policies, statements
from .errors import NotNow, Problem, Refused, Unreachable
from .server import Server, members

ENDED = ("revoked", "refused")


class Account:
    """`tools` has `http`, `boot`, `hardware` and `store`."""

    def __init__(self, tools, id_):
        self.tools, self.id = tools, id_
        self.server = Server(tools, lambda: self.record, self.change)

    @property
    def record(self):
        return self.tools.store.data["credentials"][self.id]

    @contextlib.contextmanager
    def change(self):
        with self.tools.store.change() as data:
            yield data["credentials"][self.id]

    @property
    def state(self):
        """The newest accepted state; it was verified when it was taken."""
        return statements.unpack(self.record["states"][-1], "cs1-state")

    @property
    def ended(self):
        """Section 11: such a phone stops at once, and asks for nothing but a later state."""
        return self.state["state"] in ENDED

    def must_go_on(self):
        if self.ended:
            raise NotNow("this ID is over on this phone")

    @property
    def policy(self):
        return self.record["policy"]

    @property
    def shown(self):
        """The digits and where they go, while this ID is pending; None later."""
        return self.record.get("shown")

    @property
    def strong(self):
        return self.record.get("pin") is not None or self.record.get("uv") is not None

    @property
    def uv_named(self):
        """Whether a state named the present K_uv; a new one signs nothing before."""
        uv = self.record.get("uv")
        return uv is None or uv["jwk"] in self.record["jwks"]

    def name_uv(self):
        """After the verdict that made a K_uv the present one; what goes wrong leaves it for the next poll."""
        if not self.uv_named:
            with contextlib.suppress(Unreachable):
                self.ask_state()

    def ask_state(self):
        """The newest state, if it may be taken; what it was asked for is compared again, with what is known."""
        with contextlib.suppress(Problem, Refused):
            self.fetch_state()

    def fetch_state(self, wait=0):
        """The newest state; with `wait`, as soon as there is one that this phone does not have."""
        path = f"/cs/v1/credentials/{self.id}"
        if wait:
            path += f"?sn={self.state['sn']}&wait={wait}"
        return self.take_state(members(self.server.proved("GET", path, wait=wait), "state")["state"])

    def take_state(self, text):
        """Whether it is a newer one."""
        found = self.server.verified(text, "cs1-state")
        newest = self.state
        if found["aud"] != self.id:
            raise Refused("aud")
        if found.digest == newest.digest:
            return False
        if found["sn"] <= newest["sn"]:
            raise Refused("state", "goes back")
        if found["state"] == "pending":
            raise Refused("state", "pending again")
        if found["state"] == "refused" and newest["state"] not in ("pending", "refused"):
            raise Refused("state", "refused late")
        same_phone(found, self.record)
        ends = found["state"] in ("suspended", *ENDED)
        takes_policy = policies.acceptable(found["policy"], self.policy, list(self.record["approved"].values()), ends)
        with self.change() as record:
            record["states"].append(text)
            _keep_uv(record, found)
            record.pop("shown", None)
            if takes_policy:
                record["policy"] = found["policy"]
                _drop_pin(record)
                # What was agreed to before is over: it is no standing consent to something weaker.
                waits = record["approved"].items()
                record["approved"] = {txn: policy for txn, policy in waits if policy["n"] > found["policy"]["n"]}
            clock.note(record["times"], found["iat"], self.tools.boot)
        return True


def same_phone(state, record):
    """The registration and the keys that a state names are ours; a K_uv may be one that waits for its verdict."""
    if state["registration"] != record["registration"]:
        raise Refused("state", "registration")
    if state["dev"] != keys.kid(record["dev"]["jwk"]):
        raise Refused("state", "dev")
    if state.get("uv") not in [keys.kid(key["jwk"]) if key else None for key in _own_uv(record)]:
        raise Refused("state", "uv")


def _own_uv(record):
    """The present one, and those that wait for the verdict of their `replace-uv`."""
    return [record.get("uv"), *(entry["new_uv"] for entry in record.get("outbox", []) if entry.get("new_uv"))]


def _drop_pin(record):
    """Section 3 (d): without a PIN in the policy there is no K_pin, also none that waits for the verdict of its `pin-set`."""
    if record["policy"]["pin"] == 0:
        record["pin"] = None
        for entry in record["outbox"]:
            entry.pop("new_pin", None)


def _keep_uv(record, state):
    """For the history (section 8): a key that no state names, as that of a mistyped PIN, would spoil all of it."""
    for key in _own_uv(record):
        if key and keys.kid(key["jwk"]) == state.get("uv") and key["jwk"] not in record["jwks"]:
            record["jwks"].append(key["jwk"])
