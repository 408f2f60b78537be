"""Section 5: from an invitation to six digits, and from there to an ID that may be used.

In: a link or typed code, the person's consent and PIN. Out: the digits to type. Never: digits shown while one check
failed, or a registration sent that is not stored.
"""

import contextlib
import secrets
from dataclasses import dataclass

from . import agreement, clock, codes, keys, pin, statements, trust
from .account import same_phone
from .encodings import b64u, unb64u, write_json
from .errors import NotNow, Problem, Refused
from .server import Server, members

APP = {"brand": "interop", "mode": "core", "version": "1", "os": "Python"}
WHERE = {"browser": "in the browser", "phone": "on the other phone", "admin": "by the administrator"}


@dataclass
class Offered:
    """What the person is asked to agree to. Nothing is stored yet."""

    token: str
    trust: dict
    statement: statements.Statement
    times: dict

    @property
    def host(self):
        return self.statement["iss"].removeprefix("https://")

    def __getattr__(self, name):
        if name in ("account", "name", "via", "policy"):
            return self.statement[name]
        raise AttributeError(name)


def ask(tools, invited, roots=None):
    """`invited`: a link, or a typed code; then `roots` (thumbprint → origin) are the servers that this app knows."""
    if invited.startswith("https://"):
        parts = codes.invitation(invited)
        origin, root, token, until = parts["s"], parts["k"], parts["t"], parts["x"]
    else:
        token, root = codes.typed(invited, roots or {})
        origin, until = roots[root], None
    sent = tools.boot.now()
    answer, _ = tools.http.call("POST", f"{origin}/cs/v1/offers", write_json({"token": token}))
    members(answer, "keys", "offer")
    known = trust.pin(origin, root, answer["keys"])
    offer = statements.verify(answer["offer"], "cs1-offer", known["sign"])
    if offer["iss"] != origin:
        raise Refused("iss")
    if until is not None and offer["iat"] > until:
        raise Refused("expired", "invitation")
    times = {}
    clock.note(times, offer["iat"], tools.boot, sent)
    _not_here_yet(tools.store.data, origin, offer["account"])
    return Offered(token, known, offer, times)


def _not_here_yet(data, origin, account):
    for record in data["credentials"].values():
        newest = statements.unpack(record["states"][-1], "cs1-state")
        if (newest["iss"], newest["account"]) == (origin, account) and newest["state"] not in ("revoked", "refused"):
            raise NotNow("this ID is already on this phone")


def register(tools, offered, new_pin=None, gesture=None):
    """Signs and stores the registration; nothing is sent yet. Gives its H, by which `send` knows it.

    `gesture`: `biometric` or `credential` to offer K_uv where the policy can use it.
    """
    offer, policy = offered.statement, offered.policy
    if offer.get("rec"):
        raise NotNow("this invitation wants a recovery code, which this phone does not know")
    if policy["pin"]:
        pin.well_formed(new_pin or "", policy["pin"])
    wanted = gesture and any("uv" in one for one in policy["min"])
    dev, uv = tools.hardware.make_key(), tools.hardware.make_key() if wanted else None
    shared = agreement.Agreement(offer["dh"], offer.digest)
    np, jti = secrets.token_bytes(32), secrets.token_bytes(16)
    body = {
        "aud": offer["iss"],
        "jti": b64u(jti),
        "offer": offer.h,
        "token": offered.token,
        "dh": shared.dh,
        "np": b64u(np),
        "dev": dev["jwk"],
        "level": {"dev": "software"},
        "app": APP,
        "device": tools.device,
        "locale": tools.locale,
        "proto": [1],
    }
    if uv:
        body.update(uv=uv["jwk"], uvc=gesture, level={"dev": "software", "uv": "software"})
    registration = statements.make("cs1-registration", body, dev["jwk"], tools.hardware.signer(dev))
    derived = {name: shared.key(name, registration.digest) for name in ("pin", "push", "off", "conf")}
    record = {
        "trust": offered.trust,
        "times": offered.times,
        "offer": offer.text,
        "statement": registration.text,
        "registration": registration.h,
        "dev": dev,
        "uv": uv,
        "uv_proof": uv_proof(tools, uv, offer["iss"], offer.h, dev).text if uv else None,
        "conf": tools.hardware.seal("conf", derived["conf"]),
        "push": tools.hardware.seal("push", derived["push"]),
        "off": tools.hardware.seal("off", derived["off"]),
        "pin": sealed_pin(tools, derived["pin"], new_pin, jti) if policy["pin"] else None,
    }
    with tools.store.change() as data:
        data["enrolments"][registration.h] = record
    return registration.h


def uv_proof(tools, uv, aud, ctx, dev):
    """`cs1-key`: this K_uv belongs to the phone of this K_dev."""
    body = {"aud": aud, "ctx": ctx, "dev": keys.kid(dev["jwk"])}
    return statements.make("cs1-key", body, uv["jwk"], tools.hardware.signer(uv))


def sealed_pin(tools, k_pin, new_pin, jti):
    hidden = pin.hide(k_pin, new_pin, tools.hardware.pepper, jti)
    return {
        "blob": tools.hardware.seal("pin", hidden["blob"]),
        "salt": b64u(hidden["salt"]),
        "j": b64u(hidden["j"]),
        "cost": hidden["cost"],
    }


def send(tools, h):
    """Posts it, as often as it takes. Gives the new credential's id, its six digits, and where they go."""
    server = Server(tools, lambda: tools.store.data["enrolments"][h], lambda: _change(tools, h))
    record = server.record()
    body = {"registration": record["statement"]}
    if record["uv_proof"]:
        body["uv_proof"] = record["uv_proof"]
    try:
        answer = members(server.plain("POST", "/cs/v1/registrations", body), "state")
    except Problem as problem:
        if problem.status < 500 and problem.status not in (401, 429):
            _wipe(tools, h)
        raise
    state = server.verified(answer["state"], "cs1-state")  # what S did not sign is no answer: posted again
    offer = statements.unpack(record["offer"], "cs1-offer")
    try:
        shown = _receipt(tools, record, offer, state)
    except Refused:
        _wipe(tools, h)
        raise
    with tools.store.change() as data:
        data["credentials"][state["aud"]] = _credential(data["enrolments"].pop(h), offer, state, tools.boot)
        data["credentials"][state["aud"]]["shown"] = [shown, WHERE[offer["via"]]]
    return state["aud"], shown, WHERE[offer["via"]]


@contextlib.contextmanager
def _change(tools, h):
    with tools.store.change() as data:
        yield data["enrolments"][h]


def _wipe(tools, h):
    with tools.store.change() as data:
        del data["enrolments"][h]


def _receipt(tools, record, offer, state):
    """All that the first state must say. Gives the digits."""
    same_phone(state, record)
    if state["state"] != "pending":
        raise Refused("state", "not pending")
    ns = unb64u(state["ns"], 32)
    if b64u(agreement.commitment(unb64u(offer["jti"], 16), ns)) != offer["sas"]:
        raise Refused("commitment")
    registration = statements.unpack(record["statement"], "cs1-registration")
    confirmed = agreement.confirmation(tools.hardware.open("conf", record["conf"]), registration.digest)
    if b64u(confirmed) != state["kc"]:
        raise Refused("kc")
    if (state["account"], state["policy"]) != (offer["account"], offer["policy"]):
        raise Refused("offer_changed")
    return agreement.digits(offer.digest, registration.digest, ns, unb64u(registration["np"], 32))


def _credential(record, offer, state, boot):
    """What is kept of an enrolment. The secret of the agreement is gone, K_conf with it."""
    kept = {name: record[name] for name in ("trust", "times", "registration", "dev", "uv", "push", "off", "pin")}
    clock.note(kept["times"], state["iat"], boot)
    return {
        **kept,
        "id": state["aud"],
        "name": offer["name"],
        "server_dh": offer["dh"],
        "policy": state["policy"],
        "states": [state.text],
        "jwks": [key["jwk"] for key in (record["dev"], record["uv"]) if key],
        "approved": {},
        "seen": {},
        "outbox": [],
        "history": [],
        "others": [],
        "notices": [],
        "cursor": None,
        "ctr": 0,
        "prev": "",
    }
