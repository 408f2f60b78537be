"""tests/vectors/protocol.json: every value of it, computed again."""

import json
import unittest
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, x25519

from countersign import agreement, challenges, codes, keys, pin, push, statements
from countersign.encodings import b64u, unb64u, write_json
from countersign.errors import Refused

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "protocol.json").read_text(encoding="utf-8"))
TEXTS = {name: entry["statement"] for name, entry in VECTORS["statements"].items()}
JWKS = {name: entry["jwk"] for name, entry in VECTORS["public_keys"].items()}
SIGNERS = [JWKS[name] for name in ("S", "K_dev", "K_uv", "K_uv2")]
TYP = {"uv_proof": "cs1-key", "uv_proof_2": "cs1-key"}


def typ(name):
    return TYP.get(name, f"cs1-{name.split('_')[0]}")


def statement(name):
    if name.startswith("keys") or name == "registration":
        return statements.verify_own(TEXTS[name], typ(name))
    return statements.verify(TEXTS[name], typ(name), SIGNERS)


def exchange(secret, server_statement):
    private = x25519.X25519PrivateKey.from_private_bytes(bytes.fromhex(secret))
    return agreement.Agreement(statement("offer")["dh"], server_statement.digest, private)


class Statements(unittest.TestCase):
    def test_every_statement_verifies_has_its_members_and_its_h(self):
        for name, entry in VECTORS["statements"].items():
            with self.subTest(name):
                self.assertEqual(statement(name).h, entry["H"])
                self.assertEqual(len(entry["statement"]), entry["bytes"])

    def test_not_one_statement_survives_a_flipped_bit(self):
        for name, text in TEXTS.items():
            for place in range(0, len(text), 7):
                for bit in (1, 2, 4):
                    flipped = text[:place] + chr(ord(text[place]) ^ bit) + text[place + 1 :]
                    with self.assertRaises(Refused, msg=f"{name} at {place}"):
                        changed(name, flipped)

    def test_no_statement_is_another_typ(self):
        for name in ("state_active", "verdict", "notice", "cancel", "offer"):
            with self.assertRaises(Refused):
                statements.verify(TEXTS[name], "cs1-challenge", SIGNERS)

    def test_keys_have_their_thumbprints(self):
        for entry in VECTORS["public_keys"].values():
            self.assertEqual(keys.kid(entry["jwk"]), entry["thumbprint"])

    def test_secrets_belong_to_their_keys(self):
        for name, entry in VECTORS["public_keys"].items():
            secret = bytes.fromhex(entry["secret"])
            if entry["jwk"]["kty"] == "EC":
                private = ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256R1())
                self.assertEqual(keys.public_p256(private), keys.check(entry["jwk"], keys.P256), name)
            else:
                public = ed25519.Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()
                self.assertEqual(b64u(public), entry["jwk"]["x"], name)


def changed(name, text):
    if name.startswith("keys") or name == "registration":
        pinned = None if name == "registration" else keys.kid(JWKS["R2" if "next_root" in name else "R"])
        return statements.verify_own(text, typ(name), pinned)
    return statements.verify(text, typ(name), SIGNERS)


class Enrolment(unittest.TestCase):
    def test_the_agreement_and_its_keys(self):
        told = VECTORS["enrolment"]
        shared = exchange(told["phone_dh_secret"], statement("offer"))
        self.assertEqual((shared.z.hex(), shared.prk.hex()), (told["Z"], told["PRK"]))
        self.assertEqual(shared.dh, statement("registration")["dh"])
        for name, key in told["keys_derived"].items():
            self.assertEqual(shared.key(name, statement("registration").digest).hex(), key)

    def test_commitment_confirmation_and_digits(self):
        told, offer, registration = VECTORS["enrolment"], statement("offer"), statement("registration")
        ns, np = unb64u(told["Ns"], 32), unb64u(told["Np"], 32)
        self.assertEqual(b64u(agreement.commitment(unb64u(offer["jti"]), ns)), offer["sas"])
        self.assertEqual(registration["np"], told["Np"])
        conf = bytes.fromhex(told["keys_derived"]["conf"])
        self.assertEqual(b64u(agreement.confirmation(conf, registration.digest)), told["kc"])
        self.assertEqual(statement("state_pending")["kc"], told["kc"])
        self.assertEqual(agreement.digits(offer.digest, registration.digest, ns, np), told["digits"])

    def test_codes_and_links(self):
        roots = {keys.kid(JWKS["R"]): "https://id.example.com"}
        code = VECTORS["typed_code"]
        token, root = codes.typed("-".join(code[i : i + 5].lower() for i in range(0, 20, 5)), roots)
        self.assertEqual((token, root), (code[:10], *roots))
        invited = codes.invitation(VECTORS["links"]["invitation"])
        registration = statement("registration")
        self.assertEqual((invited["t"], invited["k"]), (registration["token"], keys.kid(JWKS["R"])))
        self.assertEqual(codes.number(VECTORS["links"]["number"])[1], statement("response")["match"])
        with self.assertRaises(Refused):
            codes.typed(code[:-1] + ("0" if code[-1] != "0" else "1"), roots)
        with self.assertRaises(Refused):
            codes.typed(code, {keys.kid(JWKS["R2"]): "https://id.example.com"})


class Pins(unittest.TestCase):
    def test_the_blobs(self):
        for told in (VECTORS["pin_blob"], VECTORS["pin_set_blob"]):
            salt, j, k_pin = (bytes.fromhex(told[name]) for name in ("salt", "j", "K_pin"))
            cost = {"m": told["m_KiB"], "t": told["t"], "p": told["p"]}
            pepper = lambda _, told=told: bytes.fromhex(told["pepper"])  # noqa: E731
            hidden = pin.hide(k_pin, told["pin"], pepper, j, cost, salt)
            self.assertEqual(hidden["blob"].hex(), told["blob"])
            self.assertEqual(pin.uncover(hidden, told["pin"], pepper), k_pin)
            self.assertNotEqual(pin.uncover(hidden, told["pin"][::-1], pepper), k_pin)

    def test_the_proofs(self):
        for name, told in VECTORS["pin_and_agreement"].items():
            # The pin-set was accepted before the replace-uv.
            k_pin = bytes.fromhex(VECTORS["pin_set_blob" if name == "response_replace_uv" else "pin_blob"]["K_pin"])
            challenge = statement(name.replace("response", "challenge"))
            response = statement(name)
            shared = exchange(told["phone_dh_secret"], challenge)
            self.assertEqual((shared.z.hex(), shared.prk.hex(), shared.dh), (told["Z"], told["PRK"], response["dh"]))
            if "pin" in response.body:
                self.assertEqual(shared.blind().hex(), told["K_blind"])
                uv = keys.thumbprint(response["input"]["uv"]) if "input" in response.body else b""
                view = unb64u(response["view"], 32)
                words = (challenge.digest, shared.dh, response["jti"], view, response.get("match", ""), uv)
                self.assertEqual(b64u(pin.proof(shared.blind(), k_pin, *words)), response["pin"])

    def test_what_later_responses_derive(self):
        told = VECTORS["pin_and_agreement"]
        new = exchange(told["response_pin_set"]["phone_dh_secret"], statement("challenge_pin_set"))
        derived = new.key("pin", statement("response_pin_set").digest)
        self.assertEqual(derived.hex(), VECTORS["pin_set_blob"]["K_pin"])
        new = exchange(told["response_replace_uv"]["phone_dh_secret"], statement("challenge_replace_uv"))
        derived = new.key("off", statement("response_replace_uv").digest)
        self.assertEqual(derived.hex(), VECTORS["replace_uv_K_off"])
        new = exchange(told["response_recovery_codes"]["phone_dh_secret"], statement("challenge_recovery_codes"))
        made = [new.recovery_code(i, statement("response_recovery_codes").digest) for i in range(1, 11)]
        self.assertEqual([codes.crockford(code) for code in made], VECTORS["recovery_codes"])

    def test_a_recovery_code_is_used_without_being_sent(self):
        told = VECTORS["recovery_use"]
        code = codes.uncrockford(told["code"])
        self.assertEqual(b64u(agreement.recovery_use(code, unb64u(told["offer"]), unb64u(told["dev"]))), told["rec"])


class Challenges(unittest.TestCase):
    def test_views(self):
        for name, told in VECTORS["views"].items():
            challenge = statement("challenge" if name == "login" else f"challenge_{name.replace('-', '_')}")
            self.assertEqual(challenges.lines(challenge.body), told["lines"])
            self.assertEqual(b64u(challenges.view(challenge.body)), told["view"])

    def test_every_challenge_passes_the_table_and_every_response_fits_its_challenge(self):
        policy = statement("state_active")["policy"]
        made = {name: statement(name) for name in TEXTS if name.startswith("challenge")}
        # Its number is 0 where this policy wants one: right only for a phone whose policy wants none.
        with self.assertRaises(Refused):
            challenges.check(made["challenge_transaction"], policy, strong=True)
        for name, challenge in made.items():
            mine = {**policy, "match": False} if name == "challenge_transaction" else policy
            challenges.check(challenge, mine, strong=True)
        by_h = {challenge.h: challenge for challenge in made.values()}
        for name in TEXTS:
            if name.startswith("response"):
                challenges.members_fit(by_h[statement(name)["challenge"]], statement(name))

    def test_sets(self):
        one, two = (keys.thumbprint(JWKS[name]) for name in ("K_dev", "K_dev of a second phone"))
        self.assertEqual(challenges.phone_set([one]), VECTORS["set"]["one"])
        self.assertEqual(challenges.phone_set([one, two]), VECTORS["set"]["two"])
        self.assertEqual(challenges.phone_set([two, one]), VECTORS["set"]["two"])

    def test_the_offline_code_and_its_qr(self):
        off = bytes.fromhex(VECTORS["enrolment"]["keys_derived"]["off"])
        self.assertEqual(codes.offline_code(off, statement("challenge_offline").digest), VECTORS["offline_code"])
        self.assertEqual(VECTORS["offline_qr"], "CS1Q:" + TEXTS["challenge_offline"])

    def test_a_push(self):
        key = bytes.fromhex(VECTORS["enrolment"]["keys_derived"]["push"])
        body = push.check(write_json(VECTORS["push"]["payload"]))
        self.assertEqual(push.text(body, key, None), json.loads(VECTORS["push"]["plaintext"]))
        for wrong in ({**body, "c": body["h"]}, {**body, "t": "A" + body["t"]}, {**body, "t": body["t"] + "."}):
            with self.assertRaises(Refused):
                push.text(wrong, key, None)
        self.assertEqual(unb64u(VECTORS["push_test_c"]), bytes(16))

    def test_proofs_name_their_bodies(self):
        body = VECTORS["proof_post_body"].encode()
        self.assertEqual(statement("proof_post")["bh"], b64u(keys.sha256(body)))
        self.assertEqual(statement("proof_get")["bh"], b64u(keys.sha256(b"")))


if __name__ == "__main__":
    unittest.main()
