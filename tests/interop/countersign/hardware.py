"""What hardware does in a phone, at level `software`: keys that never leave this object, from one file of random bytes.

In: bytes to sign, wrap or turn into a pepper. Out: signatures and sealed bytes. Never: a private key in clear.
"""

import os
import secrets

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from . import keys
from .agreement import mac
from .encodings import b64u, unb64u


class Hardware:
    def __init__(self, path):
        if not path.exists():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_bytes(64))
                file.flush()
                os.fsync(file.fileno())
        stored = path.read_bytes()
        self._wrap, self._pepper = AESGCM(stored[:32]), stored[32:]

    def pepper(self, salt):
        return mac(self._pepper, salt)

    def seal(self, purpose, data):
        nonce = secrets.token_bytes(12)
        return b64u(nonce + self._wrap.encrypt(nonce, data, purpose.encode()))

    def open(self, purpose, sealed):
        data = unb64u(sealed)
        return self._wrap.decrypt(data[:12], data[12:], purpose.encode())

    def make_key(self):
        """A new P-256 key: its JWK, and the sealed handle by which it signs."""
        private = ec.generate_private_key(ec.SECP256R1())
        raw = private.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return {"jwk": keys.public_p256(private), "handle": self.seal("key", raw)}

    def signer(self, key):
        private = serialization.load_der_private_key(self.open("key", key["handle"]), None)
        return lambda data: keys.sign_es256(private, data)
