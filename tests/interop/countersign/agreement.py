"""Section 3's agreement and section 5's digits: what both sides derive and nobody sends.

In: secrets of X25519 and digests of statements. Out: keys. Never: a value that depends on a PIN.
"""

import hmac

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import x25519
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from .encodings import b64u, unb64u
from .errors import Refused
from .keys import sha256


def mac(key, *parts):
    return hmac.digest(key, b"".join(parts), "sha256")


def expand(key, info, length):
    return HKDFExpand(hashes.SHA256(), length, info).derive(key)


class Agreement:
    """One X25519 exchange, bound to the statement of the server that it answers."""

    def __init__(self, server_dh, server_digest, secret=None):
        secret = secret or x25519.X25519PrivateKey.generate()
        self.dh = {"kty": "OKP", "crv": "X25519", "x": b64u(secret.public_key().public_bytes_raw())}
        server = x25519.X25519PublicKey.from_public_bytes(unb64u(server_dh["x"], 32))
        try:
            self.z = secret.exchange(server)  # the library refuses an all-zero result
        except ValueError:
            raise Refused("agreement", "dh") from None
        self.prk = mac(server_digest, self.z)

    def key(self, name, phone_digest):
        """K_pin, K_push, K_off or K_conf, by the statement of the phone that carries our `dh`."""
        return expand(self.prk, b"cs1 " + name.encode() + b"\0" + phone_digest, 32)

    def blind(self):
        return expand(self.prk, b"cs1 blind\0", 32)

    def recovery_code(self, number, phone_digest):
        return expand(self.prk, b"cs1 rec\0" + bytes([number]) + phone_digest, 10)


def commitment(eid, ns):
    return sha256(b"cs1 sas-commit\0", eid, ns)


def confirmation(k_conf, registration_digest):
    return mac(k_conf, b"cs1 kc\0", registration_digest)


def digits(offer_digest, registration_digest, ns, np):
    first = sha256(b"cs1 sas\0", offer_digest, registration_digest, ns, np)[:8]
    return f"{int.from_bytes(first, 'big') % 10**6:06}"


def recovery_use(code, offer_digest, dev_thumbprint):
    """`rec` of a registration: proves the code and carries nothing of it."""
    return mac(code, b"cs1 rec-use\0", offer_digest, dev_thumbprint)
