"""Published values: what we compute is what everybody computes."""

import unittest

from cryptography.hazmat.primitives.asymmetric import x25519
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from countersign import agreement, codes, keys
from countersign.encodings import b64u, unb64u
from countersign.errors import Refused

MODULUS = (
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknj"
    "hMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQ"
    "vRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzK"
    "nqDKgw"
)
ED25519 = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
P256 = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}

ALICE = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"
BOB = "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"


class Published(unittest.TestCase):
    def test_thumbprints_of_rfc_7638_and_rfc_8037(self):
        rsa = {"kty": "RSA", "n": MODULUS, "e": "AQAB"}
        self.assertEqual(keys.kid(rsa), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")
        self.assertEqual(keys.kid(ED25519), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")

    def test_an_es256_signature_of_rfc_7515(self):
        signed = (
            b"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
            b"cGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
        )
        signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
        keys.verify(P256, "ES256", signature, signed)
        self.refused(P256, "ES256", signature, signed + b"x")
        self.refused(P256, "Ed25519", signature, signed)

    def test_an_ed25519_signature_of_rfc_8037_under_its_new_name_only(self):
        signed = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
        signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
        keys.verify(ED25519, "Ed25519", signature, signed)
        self.refused(ED25519, "EdDSA", signature, signed)
        self.refused(ED25519, "Ed25519", signature, signed[:-1])

    def refused(self, *words):
        with self.assertRaises(Refused):
            keys.verify(*words)

    def test_hkdf_of_rfc_5869(self):
        prk = agreement.mac(bytes(range(13)), b"\x0b" * 22)
        self.assertEqual(prk.hex(), "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5")
        okm = agreement.expand(prk, bytes(range(0xF0, 0xFA)), 42)
        self.assertEqual(
            okm.hex(), "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
        )

    def test_x25519_of_rfc_7748_and_no_zero_result(self):
        secret = x25519.X25519PrivateKey.from_private_bytes(bytes.fromhex(ALICE))
        bob = {"kty": "OKP", "crv": "X25519", "x": b64u(bytes.fromhex(BOB))}
        shared = agreement.Agreement(bob, b"", secret)
        self.assertEqual(shared.z.hex(), "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742")
        for low in (bytes(32), b"\x01" + bytes(31)):
            with self.assertRaises(Refused):
                agreement.Agreement({**bob, "x": b64u(low)}, b"", secret)

    def test_argon2id_of_rfc_9106_with_secret_and_associated_data(self):
        kdf = Argon2id(
            salt=b"\2" * 16, length=32, iterations=3, lanes=4, memory_cost=32, ad=b"\4" * 12, secret=b"\3" * 8
        )
        tag = "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"
        self.assertEqual(kdf.derive(b"\1" * 32).hex(), tag)

    def test_ocra_of_rfc_6287(self):
        key = b"12345678901234567890"
        for question, code in ((0, "237653"), (11111111, "243178"), (22222222, "653583")):
            # A decimal question is written in hexadecimal, filled from the left side on.
            digits = f"{question:x}" if question else "0"
            data = bytes.fromhex(digits.ljust(len(digits) + len(digits) % 2, "0"))
            self.assertEqual(codes.ocra(key, "OCRA-1:HOTP-SHA1-6:QN08", data, 6), code)
        key = b"12345678901234567890123456789012"
        for question, code in ((b"CLI22220SRV11110", "28247970"), (b"SRV11110CLI22220", "15510767")):
            self.assertEqual(codes.ocra(key, "OCRA-1:HOTP-SHA256-8:QA08", question, 8), code)
