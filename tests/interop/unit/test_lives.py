"""Sections 6 to 8 as a phone lives them, before a server of a few lines: renewals and their history, a policy that was eased, an
approval that is taken back."""

import tempfile
import unittest

from countersign import answers, history, inbox, keys, outbox
from countersign.encodings import b64u, write_json
from countersign.errors import Refused, Unreachable
from story import commands
from unit.little_server import ORIGIN, PIN, POLICY, LittleServer


class Lives(unittest.TestCase):
    POLICY = POLICY

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="countersign-unit-")
        self.addCleanup(folder.cleanup)
        self.server = LittleServer(self.POLICY)
        self.account = self.server.phone(folder.name)

    def away(self, work, *words, **more):
        """There is no network just then: what was answered waits."""
        self.server.away = True
        with self.assertRaises(Unreachable):
            work(self.account, *words, **more)
        self.server.away = False

    def exported(self):
        return history.check(history.export(self.account), self.server.root.kid, keys.kid(self.account.record["dev"]["jwk"]))


class Renewals(Lives):
    def renewed(self, account, asked, given=PIN):
        return answers.approve(account, asked, "", given, new_gesture="biometric")["code"]

    def vouched(self, answered, until):
        checked = self.exported()
        self.assertEqual((checked.wrong, len(checked.answers), checked.phone_until), (None, answered, until))

    def kept(self):
        return [keys.kid(jwk) for jwk in self.account.record["jwks"]]

    def test_the_key_of_a_mistyped_pin_does_not_spoil_the_history(self):
        first, asked = self.server.uv, self.server.prompt(self.account, "replace-uv")
        self.server.codes = ["pin_wrong"]
        self.assertEqual(self.renewed(self.account, asked, "000000"), "pin_wrong")
        self.vouched(1, 1)
        self.assertEqual(self.renewed(self.account, asked), "ok")
        self.vouched(2, 2)
        self.account.fetch_state()
        self.assertEqual(self.kept(), [self.server.dev, first, self.server.uv])
        answers.approve(self.account, self.server.prompt(self.account), "42", gesture=True)
        self.vouched(3, 2)

    def test_a_renewal_that_waits_for_its_verdict_does_not_either(self):
        asked = self.server.prompt(self.account, "replace-uv")
        self.away(self.renewed, asked)
        self.vouched(1, 1)
        self.assertEqual(len(self.kept()), 2)

    def test_its_key_is_kept_also_where_the_state_comes_before_the_verdict(self):
        asked = self.server.prompt(self.account, "replace-uv")
        self.away(self.renewed, asked)
        self.server.uv = keys.kid(self.account.record["outbox"][0]["new_uv"]["jwk"])
        self.account.fetch_state()
        self.account.fetch_state()
        outbox.deliver_all(self.account)
        self.assertEqual(self.kept()[2:], [self.server.uv])
        answers.approve(self.account, self.server.prompt(self.account), "42", gesture=True)
        self.vouched(2, 1)


if __name__ == "__main__":
    unittest.main()
