"""Section 2: a statement is one compact JWS.

In: characters from outside, and the keys that may have signed them. Out: a `Statement`, verified, its members read by
the shapes of shapes.py. Never: a member of something that is not verified (but the one that brings the key).
"""

import re
from dataclasses import dataclass

from . import encodings, keys, shapes
from .encodings import b64u, unb64u
from .errors import Refused, naming


@dataclass(frozen=True)
class Statement:
    """Exists only verified, or made here. `text` is its exact bytes."""

    typ: str
    kid: str
    text: str
    body: dict

    @property
    def digest(self):
        """H(m): over what is signed, without the signature."""
        return keys.sha256(self.text.rpartition(".")[0].encode("ascii"))

    @property
    def h(self):
        return b64u(self.digest)

    def __getitem__(self, name):
        return self.body[name]

    def get(self, name, other=None):
        return self.body.get(name, other)


@dataclass(frozen=True)
class _Unverified:
    header: dict
    payload: str
    signature: str
    signed: bytes


def _split(text, typ, cap):
    """Size, form, header, typ. Payload and signature stay as they came."""
    if not isinstance(text, str) or len(text.encode("utf-8", "replace")) > cap:
        raise Refused("size")
    if not re.fullmatch(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*", text):
        raise Refused("compact")
    first, payload, signature = text.split(".")
    with naming("header", "form"):
        header = encodings.read_json(unb64u(first))
        shapes.HEADER(header)
    if header["typ"] != f"{typ}+jwt":
        raise Refused("typ")
    return _Unverified(header, payload, signature, text.rpartition(".")[0].encode("ascii"))


def _verified(raw, typ, text, jwk):
    keys.verify(jwk, raw.header["alg"], raw.signature, raw.signed)
    body = encodings.read_json(unb64u(raw.payload))
    shapes.check(typ, body)
    return Statement(typ, raw.header["kid"], text, body)


def verify(text, typ, allowed, cap=encodings.STATEMENT):
    """By the key among `allowed` that `kid` names."""
    raw = _split(text, typ, cap)
    for jwk in allowed:
        if keys.kid(jwk) == raw.header["kid"]:
            return _verified(raw, typ, text, jwk)
    raise Refused("unknown_key", typ)


_BRINGS = {"cs1-keys": ("root", keys.ED25519), "cs1-registration": ("dev", keys.P256)}


def verify_own(text, typ, pinned=None):
    """By the key that it brings; `pinned` is the thumbprint that this key must have, where there is one."""
    raw = _split(text, typ, encodings.STATEMENT)
    member, kind = _BRINGS[typ]
    jwk = keys.check(encodings.read_json(unb64u(raw.payload)).get(member), kind)
    if keys.kid(jwk) != raw.header["kid"] or pinned not in (None, raw.header["kid"]):
        raise Refused("unknown_key", typ)
    return _verified(raw, typ, text, jwk)


def make(typ, body, jwk, sign):
    """`sign` takes bytes and gives 64; what comes out was verified like everybody else's."""
    header = {"alg": keys.ALGORITHM[keys.kind(jwk)], "kid": keys.kid(jwk), "typ": f"{typ}+jwt"}
    signed = ".".join(b64u(encodings.write_json(part)) for part in (header, body))
    return verify(f"{signed}.{b64u(sign(signed.encode('ascii')))}", typ, [jwk])


def unpack(text, typ):
    """Out of our own store, where only what was verified is. Never for anything that came from outside."""
    raw = _split(text, typ, encodings.STATEMENT)
    return Statement(typ, raw.header["kid"], text, encodings.read_json(unb64u(raw.payload)))


def signer(text):
    """The `kid` that a keys statement names, to pass over those of other roots. It vouches for nothing."""
    return _split(text, "cs1-keys", encodings.STATEMENT).header["kid"]
