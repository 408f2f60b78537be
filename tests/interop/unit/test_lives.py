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


class EasedPolicy(Lives):
    """From 120 seconds to 600: weaker, so only by the person."""

    def setUp(self):
        super().setUp()
        self.eased = {**POLICY, "n": 2, "max_life": 600}

    def agreed(self):
        asked = {"mode": "remote", "input": {"policy": self.eased}}
        answers.approve(self.account, self.server.prompt(self.account, "policy", **asked), "", PIN)
        self.server.open.clear()
        self.server.policy = self.eased
        self.assertEqual(self.account.policy, POLICY)  # no state was fetched yet

    def test_a_challenge_by_link_that_lives_longer_is_taken_after_the_state_was_fetched(self):
        self.agreed()
        jti = self.server.ask(life=300)
        found = self.server.open[jti]
        link = {"v": 1, "s": ORIGIN, "c": inbox.statements.unpack(found, "cs1-challenge")["txn"]}
        self.server.asked.clear()
        account, prompt = self.account.tools.open(f"{ORIGIN}/c#{b64u(write_json(link))}")
        self.assertEqual((account.id, prompt.jti, prompt.note), (self.account.id, jti, False))
        self.assertEqual(self.server.asked, [f"challenges/{link['c']}", f"credentials/{self.account.id}"])
        self.assertEqual(self.account.policy, self.eased)

    def test_in_a_list_it_is_no_refusal_either(self):
        self.agreed()
        jti = self.server.ask(life=300)
        news = inbox.poll(self.account)
        self.assertEqual(([prompt.jti for prompt in news.prompts], news.refused), ([jti], []))

    def test_who_did_not_agree_is_asked_nothing_by_the_eased_one(self):
        self.server.policy = self.eased
        with self.assertRaises(Refused) as refused:
            self.server.prompt(self.account, life=300)
        self.assertEqual((refused.exception.code, self.account.policy), ("policy", POLICY))

    def test_a_policy_that_the_fetched_state_does_not_have_stays_refused(self):
        with self.assertRaises(Refused) as refused:
            self.server.prompt(self.account, policy=9)
        self.assertEqual(refused.exception.code, "policy")
        self.assertEqual(self.server.asked[1:], [f"credentials/{self.account.id}"])

    def test_a_life_too_long_for_the_policy_that_is_in_force_is_refused(self):
        with self.assertRaises(Refused) as refused:
            self.server.prompt(self.account, life=121)
        self.assertEqual(refused.exception.code, "life")


class Offline(Lives):
    POLICY = {**POLICY, "offline": "qr"}

    def test_a_newer_policy_is_let_pass_but_what_is_stored_is_the_floor(self):
        request = {"mode": "offline", "match": 0, "policy": 2}
        self.server.prompt(self.account, **request)
        for change, code in (({"life": 121}, "life"), ({"factors": [["dev"]]}, "floor")):
            with self.assertRaises(Refused) as refused:
                self.server.prompt(self.account, **{**request, **change})
            self.assertEqual(refused.exception.code, code)
        self.assertEqual([path for path in self.server.asked if path.startswith("credentials")], [])


class TakenBack(Lives):
    """Approved and then reported, while there was no network."""

    def setUp(self):
        super().setUp()
        denied, taken_back = self.server.prompt(self.account), self.server.prompt(self.account)
        self.away(answers.deny, denied)
        self.away(answers.approve, taken_back, "42", PIN)
        self.away(answers.report, taken_back, "unknown")

    def heard(self):
        return [response["decision"] for response in self.server.heard]

    def test_the_report_is_sent_first(self):
        self.server.codes = ["ok", "ok", "suspended"]
        verdicts = [verdict["code"] for verdict in outbox.deliver_all(self.account)]
        self.assertEqual((self.heard(), verdicts), (["report", "deny", "approve"], ["ok", "ok", "suspended"]))
        self.assertEqual([entry["ctr"] for entry in self.account.record["history"]], [3, 1, 2])

    def test_the_command_line_does_so_too(self):
        self.assertEqual([error for _, error in commands.delivered(self.account)], [None] * 3)
        self.assertEqual(self.heard(), ["report", "deny", "approve"])

    def test_while_the_report_is_not_heard_the_approval_waits(self):
        judge = self.server.responses

        def busy(call):
            answer = judge(call)
            if self.heard()[-1] == "report":
                raise Unreachable("too busy")
            return answer

        self.server.responses = busy
        list(commands.delivered(self.account))
        self.assertEqual((self.heard(), len(self.account.record["outbox"])), (["report", "deny"], 2))
        self.server.responses = judge
        list(commands.delivered(self.account))
        self.assertEqual((self.heard()[2:], self.account.record["outbox"]), (["report", "approve"], []))

    def test_the_history_is_in_the_order_of_ctr_all_the_same(self):
        self.server.codes = ["ok", "ok", "suspended"]
        outbox.deliver_all(self.account)
        checked = self.exported()
        self.assertEqual((checked.wrong, [response["ctr"] for _, response, _ in checked.answers]), (None, [1, 2, 3]))


if __name__ == "__main__":
    unittest.main()
