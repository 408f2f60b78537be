"""A server of one ID: as much of it as a phone has to hear, without a page, a database or a PIN compared.

In: what a test lets it say: `policy`, `away`, `codes` (what becomes of the next responses), `others`, and `extended` (what
[More time] gets). Out: signed answers. Never: a judge of them.
"""

import secrets
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import x25519

from countersign import agreement, encodings, inbox, keys, statements
from countersign.encodings import b64u, unb64u, write_json
from countersign.errors import Problem, Unreachable
from countersign.phone import Phone
from story import forge

ORIGIN, NAME, ACCOUNT = "https://id.example.com", "Example", "anna@example.com"
POLICY = {"n": 1, "min": [["dev", "pin"], ["uv"]], "match": True, "max_life": 120, "pin": 6, "offline": "none"}
PIN, NOW = "294817", 1_800_000_000
OWN = {"id": "server", "name": NAME, "host": "id.example.com"}
SHOP = {"id": "shop", "name": "Shop", "host": "shop.example.com"}


class Clock:
    """It stands until somebody moves it."""

    time = 1000.0

    def now(self):
        return self.time

    def name(self):
        return "this start"


class LittleServer:
    def __init__(self, policy=POLICY):
        self.root, self.signer, self.dh = forge.Signer(), forge.Signer(), x25519.X25519PrivateKey.generate()
        self.policy, self.sn, self.away = policy, 0, False
        self.codes, self.heard, self.asked, self.open, self.others, self.extended = [], [], [], {}, [], None
        body = {"iss": ORIGIN, "n": 1, "iat": NOW, "exp": NOW + 86_400, "root": self.root.jwk}
        self.keys = self.root.sign("cs1-keys", {**body, "sign": [self.signer.jwk], "origins": [ORIGIN]})

    def signed(self, typ, **body):
        return self.signer.sign(typ, {"iss": ORIGIN, "iat": NOW, "keys": 1, **body})

    # One phone, enrolled with PIN and gesture

    def phone(self, folder):
        phone = Phone(Path(folder) / "phone", self, boot=Clock())
        token = {"v": 1, "s": ORIGIN, "k": self.root.kid, "t": b64u(bytes(16)), "x": NOW + 600}
        account, *_ = phone.enrol(phone.ask(f"{ORIGIN}/e#{b64u(write_json(token))}"), PIN, "biometric")
        account.fetch_state()
        self.asked.clear()
        return account

    def offers(self, _):
        self.ns, eid = secrets.token_bytes(32), secrets.token_bytes(16)
        body = {"jti": b64u(eid), "exp": NOW + 600, "via": "browser", "name": NAME, "account": ACCOUNT}
        body["dh"] = {"kty": "OKP", "crv": "X25519", "x": b64u(self.dh.public_key().public_bytes_raw())}
        body.update(sas=b64u(agreement.commitment(eid, self.ns)), policy=self.policy)
        self.offer = self.signed("cs1-offer", **body)
        return {"keys": self.keys, "offer": self.offer}

    def registrations(self, call):
        found = statements.verify_own(call["registration"], "cs1-registration")
        self.id, self.dev, self.uv = b64u(secrets.token_bytes(16)), keys.kid(found["dev"]), keys.kid(found["uv"])
        self.registration = found.h
        shared = agreement.Agreement(found["dh"], statements.unpack(self.offer, "cs1-offer").digest, self.dh)
        kc = b64u(agreement.confirmation(shared.key("conf", found.digest), found.digest))
        return {"state": self.state("pending", ns=b64u(self.ns), kc=kc, exp=NOW + 600)}

    def state(self, state="active", **more):
        self.sn += 1
        if state == "active":
            more.update(wake=b64u(bytes(16)), push_id=b64u(bytes(16)))
        body = {"account": ACCOUNT, "registration": self.registration, "dev": self.dev, "uv": self.uv}
        return self.signed("cs1-state", aud=self.id, sn=self.sn, state=state, policy=self.policy, **body, **more)

    # What it asks

    def ask(self, kind="login", life=60, **more):
        """A challenge that waits until it is fetched; its jti."""
        jti, own = b64u(secrets.token_bytes(16)), kind not in ("login", "stepup", "transaction")
        body = {"jti": jti, "txn": b64u(secrets.token_bytes(16)), "exp": NOW + life, "policy": self.policy["n"]}
        body.update(kind=kind, mode="app" if own else "remote", service=OWN if own else SHOP, account=ACCOUNT)
        body.update(match=0 if own else 2, factors=[["dev", "pin"]] if own else [["dev", "pin"], ["uv"]])
        body.update(set=b64u(keys.sha256(unb64u(self.dev, 32))), phones=1)
        if not own:
            body["context"] = {"browser": "Firefox on Windows", "known": True, "zone": "outside"}
        body.update(more)
        text = self.signed("cs1-challenge", aud=self.id, **body)
        self.open.update({jti: text, body["txn"]: text})
        return jti

    def cancel(self, jti, reason):
        own = b64u(secrets.token_bytes(16))
        self.others.append(self.signed("cs1-cancel", aud=self.id, jti=own, challenge=jti, reason=reason))

    def prompt(self, account, kind="login", **more):
        return inbox.fetch(account, self.ask(kind, **more))

    # Calls

    def call(self, method, url, body=None, headers=None, wait=0):
        path = url.removeprefix(ORIGIN + "/cs/v1/").partition("?")[0]
        self.asked.append(path)
        if self.away:
            raise Unreachable("nobody is there")
        what, _, id_ = path.partition("/")
        if what == "challenges" and not id_:
            listed = list(dict.fromkeys(self.open.values()))  # each is there by its jti and by its txn
            return {"challenges": listed, "others": self.others, "sn": self.sn, "next": "a", "more": False}, None
        if what == "challenges" and id_ in self.open:
            return {"challenge": self.open[id_]}, None
        if what == "actions":
            return {"challenge": self.open[self.extended]}, None
        if what == "keys":
            return {"keys": [self.keys]}, None
        if what == "credentials":
            return {"state": self.state()}, None
        if what in ("offers", "registrations", "responses"):
            return getattr(self, what)(encodings.read_json(body)), None
        raise Problem(404, "not_found")

    def responses(self, call):
        found = statements.unpack(call["response"], "cs1-response")
        self.heard.append(found)
        code = self.codes.pop(0) if self.codes else "ok"
        if code == "ok" and "input" in found.body:
            self.uv = keys.kid(found["input"]["uv"])
        more = {"attempts": 4} if code == "pin_wrong" else {}
        more.update(result="accepted" if code == "ok" else "refused", final=not more, code=code)
        more.update(jti=b64u(secrets.token_bytes(16)), challenge=found["challenge"], response=found.h)
        return {"verdict": self.signed("cs1-verdict", aud=self.id, **more)}
