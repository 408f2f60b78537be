"""Sections 1 and 2: public keys as JWKs, thumbprints, and the two signature algorithms.

In: JWKs and bytes. Out: true or an error. Never: an algorithm that the key did not choose.
"""

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils

from .encodings import b64u, unb64u, write_json
from .errors import Refused, naming

_MEMBERS = {"EC": {"kty", "crv", "x", "y"}, "OKP": {"kty", "crv", "x"}}
P256, ED25519, X25519 = ("EC", "P-256"), ("OKP", "Ed25519"), ("OKP", "X25519")
ALGORITHM = {P256: "ES256", ED25519: "Ed25519"}


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def kind(jwk):
    return jwk.get("kty"), jwk.get("crv")


def check(jwk, *kinds):
    """A JWK of one of these kinds, with exactly its members, whose point is on the curve."""
    if not isinstance(jwk, dict) or not isinstance(jwk.get("kty"), str):
        raise Refused("key", "members")
    if set(jwk) != _MEMBERS.get(jwk["kty"]) or kind(jwk) not in kinds:
        raise Refused("key", "members")
    unb64u(jwk["x"], 32)
    if kind(jwk) == P256:
        unb64u(jwk["y"], 32)
        _p256(jwk)
    return jwk


def thumbprint(jwk):
    """RFC 7638: the members in their alphabetical order, without space."""
    return sha256(write_json({name: jwk[name] for name in sorted(jwk)}))


def kid(jwk):
    return b64u(thumbprint(jwk))


def _p256(jwk):
    numbers = (int.from_bytes(unb64u(jwk[name], 32), "big") for name in ("x", "y"))
    try:
        return ec.EllipticCurvePublicNumbers(*numbers, ec.SECP256R1()).public_key()
    except ValueError:
        raise Refused("key", "not on the curve") from None


def verify(jwk, alg, signature, signed):
    """`alg` is compared with the key's own; it chooses nothing. `signature` as it travels, in base64url."""
    if ALGORITHM.get(kind(jwk)) != alg:
        raise Refused("alg")
    with naming("signature", "form"):
        signature = unb64u(signature, 64)
    try:
        if alg == "ES256":
            pair = (int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
            _p256(jwk).verify(utils.encode_dss_signature(*pair), signed, ec.ECDSA(hashes.SHA256()))
        else:
            ed25519.Ed25519PublicKey.from_public_bytes(unb64u(jwk["x"], 32)).verify(signature, signed)
    except (InvalidSignature, ValueError):
        raise Refused("signature") from None


def sign_es256(private, signed):
    """Raw r and s, as JWS wants them, out of DER."""
    r, s = utils.decode_dss_signature(private.sign(signed, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def public_p256(private):
    numbers = private.public_key().public_numbers()
    x, y = (b64u(number.to_bytes(32, "big")) for number in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}
