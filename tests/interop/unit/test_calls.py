"""Sections 10 and 11, one call at a time: proofs at several origins, and the link for another phone."""

import tempfile
import unittest

from countersign import actions, statements, trust
from countersign.encodings import b64u, write_json
from countersign.errors import Problem, Refused, Unreachable
from story import commands, forge
from unit.little_server import NOW, ORIGIN, LittleServer

OTHER = "https://id2.example.com"


class Calls(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="countersign-unit-")
        self.addCleanup(folder.cleanup)
        self.server = LittleServer()
        self.account = self.server.phone(folder.name)
        self.account.server.http, self.proofs = self, []

    def call(self, method, url, body=None, headers=None, wait=0):
        if "Countersign-Proof" in headers:
            proof = statements.unpack(headers["Countersign-Proof"], "cs1-proof")
            self.proofs.append((proof["htu"].partition("/cs/")[0], proof["jti"]))
        return self.answer(url, body)

    def named(self, n, **more):
        body = {"iss": ORIGIN, "n": n, "iat": NOW, "exp": NOW + 86_400, "root": self.server.root.jwk}
        return self.server.root.sign("cs1-keys", {**body, "sign": [self.server.signer.jwk], "origins": [ORIGIN], **more})


class Proofs(Calls):
    def setUp(self):
        super().setUp()
        with self.account.change() as record:
            trust.accept(record["trust"], self.named(2, origins=[ORIGIN, OTHER]))

    def answer(self, url, _):
        if url.startswith(ORIGIN + "/"):
            raise Unreachable("nobody is there")
        if len(self.proofs) == 2:
            stale = Problem(401, "nonce_required")
            stale.nonce = "fresh"
            raise stale
        return None, None

    def test_at_another_origin_it_is_another_call_and_with_another_nonce_the_same(self):
        actions.pause(self.account)
        (first, one), (second, other), (third, again) = self.proofs
        self.assertEqual((first, second, third), (ORIGIN, OTHER, OTHER))
        self.assertNotEqual(one, other)
        self.assertEqual(other, again)


class Begun(Calls):
    def answer(self, url, _):
        self.asked.append(url.removeprefix(f"{ORIGIN}/cs/v1/"))
        raise Problem(404, "not_found")

    def test_about_a_phone_that_is_not_there_any_more_it_asks_for_its_state(self):
        self.asked = []
        with self.assertRaises(Problem), commands.meaning(self.account):
            actions.begin(self.account, "remove-phone", dev=b64u(bytes(32)))
        self.assertEqual(self.asked, ["actions", f"credentials/{self.account.id}"])


class AddPhone(Calls):
    def setUp(self):
        super().setUp()
        self.next, self.looked = forge.Signer(), 0
        self.listed = [self.named(1)]

    def answer(self, url, _):
        if "/keys?" in url:
            self.looked += 1
            return {"keys": self.listed}, None
        token = {"v": 1, "s": ORIGIN, "k": self.next.kid, "t": b64u(bytes(16)), "x": NOW + 600}
        return {"invitation": f"{ORIGIN}/e#{b64u(write_json(token))}"}, None

    def test_a_root_that_took_over_since_is_found_by_one_look_at_the_keys(self):
        self.listed = [self.named(2, root_next=self.next.jwk)]
        self.assertIn("/e#", actions.add_phone(self.account))
        self.assertEqual((self.looked, self.account.record["trust"]["root"]), (1, self.next.kid))

    def test_a_root_that_nobody_handed_over_to_is_another_server_after_that_look(self):
        with self.assertRaises(Refused) as refused:
            actions.add_phone(self.account)
        self.assertEqual((refused.exception.code, self.looked), ("invitation", 1))


if __name__ == "__main__":
    unittest.main()
