"""What somebody does who tampers, or who holds a key: statements of any form, signed or not.

In: headers, bodies, keys. Out: characters. Never: used by the phone.
"""

from cryptography.hazmat.primitives.asymmetric import ed25519

from countersign import encodings, keys
from countersign.agreement import mac
from countersign.encodings import b64u, unb64u, write_json


class Signer:
    """An Ed25519 key, its own or one out of a file of the server."""

    def __init__(self, path=None):
        if path is None:
            self._private = ed25519.Ed25519PrivateKey.generate()
        else:
            # PKCS #8 of RFC 5958 with the public key, in base64url: `cryptography` reads only the form without it.
            packed = unb64u(path.read_text(encoding="ascii").strip())
            self._private = ed25519.Ed25519PrivateKey.from_private_bytes(packed[packed.index(b"\x04\x20") + 2 :][:32])
        self.jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64u(self._private.public_key().public_bytes_raw())}
        self.kid = keys.kid(self.jwk)

    def sign(self, typ, body, /, **header):
        """`body`: members, or the bytes of the payload. `header` replaces members; None leaves one out."""
        members = {"alg": "Ed25519", "kid": self.kid, "typ": f"{typ}+jwt", **header}
        members = {name: value for name, value in members.items() if value is not None}
        return self.raw(write_json(members), body if isinstance(body, bytes) else write_json(body))

    def raw(self, header, payload):
        signed = f"{b64u(header)}.{b64u(payload)}"
        return f"{signed}.{b64u(self._private.sign(signed.encode('ascii')))}"


def body_of(text):
    return encodings.read_json(unb64u(text.split(".")[1]))


def header_of(text):
    return encodings.read_json(unb64u(text.split(".")[0]))


def with_header(text, **changes):
    """The same payload and signature under another header."""
    _, payload, signature = text.split(".")
    return f"{b64u(write_json({**header_of(text), **changes}))}.{payload}.{signature}"


def with_body(text, **changes):
    """The same header and signature over another payload."""
    header, _, signature = text.split(".")
    return f"{header}.{b64u(write_json({**body_of(text), **changes}))}.{signature}"


def unsigned(text):
    """`alg: none`, as RFC 7515 writes it."""
    return with_header(text, alg="none").rpartition(".")[0] + "."


def flipped(text, part, place=None):
    """One bit of the header (0), payload (1) or signature (2)."""
    parts = text.split(".")
    data = bytearray(unb64u(parts[part]))
    data[len(data) // 2 if place is None else place] ^= 1
    parts[part] = b64u(bytes(data))
    return ".".join(parts)


def by_hmac(text, public):
    """HS256 keyed by the public key, for verifiers that let `alg` choose."""
    signed = with_header(text, alg="HS256").rpartition(".")[0]
    return f"{signed}.{b64u(mac(unb64u(public['x']), signed.encode('ascii')))}"


def tampered(text, public):
    """Everything that somebody without a key can make of one statement: name, and the characters."""
    made = {"a bit of the header": flipped(text, 0), "a bit of the payload": flipped(text, 1)}
    made.update({"a bit of the signature": flipped(text, 2), "alg none": unsigned(text)})
    made.update({"alg none with the signature": with_header(text, alg="none"), "EdDSA": with_header(text, alg="EdDSA")})
    made.update({"HS256": by_hmac(text, public), "ES256": with_header(text, alg="ES256")})
    stranger = Signer()
    typ = header_of(text)["typ"].removesuffix("+jwt")
    made["a stranger's key"] = stranger.sign(typ, body_of(text))
    made["a stranger's key under the right name"] = stranger.sign(typ, body_of(text), kid=header_of(text)["kid"])
    made["two signatures"] = text + "." + text.split(".")[2]
    made["no signature"] = text.rpartition(".")[0] + "."
    made["padding"] = text + "="
    made["unused bits"] = text[:-1] + chr(ord(text[-1]) + 1)
    made["too long"] = text + "A" * encodings.STATEMENT
    made["another typ"] = with_header(text, typ="cs1-brand+jwt")
    made["nothing"] = ""
    return made
