"""Sections 6 to 8 as a phone lives them, before a server of a few lines: renewals and their history, a policy that was eased, an
approval that is taken back."""

import tempfile
import unittest
from unittest import mock

from countersign import answers, history, inbox, keys, outbox
from countersign.encodings import b64u, write_json
from countersign.errors import NotNow, Refused, Unreachable
from story import commands
from unit.little_server import NOW, ORIGIN, PIN, POLICY, LittleServer


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


    def test_a_new_key_signs_nothing_before_a_state_named_it(self):
        asked, calls = self.server.prompt(self.account, "replace-uv"), self.server.call

        def stateless(method, url, *rest, **more):
            if "/credentials/" in url:
                raise Unreachable("not just now")
            return calls(method, url, *rest, **more)

        self.account.server.http = mock.Mock(call=stateless)
        self.assertEqual(self.renewed(self.account, asked), "ok")
        asked = self.server.prompt(self.account)
        with self.assertRaises(NotNow):
            answers.approve(self.account, asked, "42", gesture=True)
        self.assertEqual(len(self.server.heard), 1)
        self.account.server.http = self.server
        inbox.poll(self.account)
        self.assertEqual(answers.approve(self.account, asked, "42", gesture=True)["code"], "ok")

    def test_the_state_is_asked_for_as_soon_as_the_verdict_accepts(self):
        self.renewed(self.account, self.server.prompt(self.account, "replace-uv"))
        self.assertEqual(self.server.asked[-2:], ["responses", f"credentials/{self.account.id}"])
        self.assertTrue(self.account.uv_named)


class Waiting(Lives):
    """Approvals that a new PIN or a new K_uv waits for, and answers that nothing waits for."""

    def later(self):
        """A day after everything, and somebody looks at the outbox."""
        self.account.tools.boot.time += 100_000
        outbox.expire(self.account)
        return [entry["kind"] for entry in self.account.record["outbox"]]

    def test_only_approvals_wait_without_limit(self):
        self.away(answers.approve, self.server.prompt(self.account, "pin-set"), "", PIN, new_pin="580123")
        for kind in ("pin-set", "replace-uv"):
            self.away(answers.deny, self.server.prompt(self.account, kind))
            self.away(answers.report, self.server.prompt(self.account, kind))
        self.assertEqual(self.later(), ["pin-set"])

    def test_a_new_key_waits_without_limit(self):
        self.away(answers.approve, self.server.prompt(self.account, "replace-uv"), "", PIN, new_gesture="biometric")
        self.assertEqual(self.later(), ["replace-uv"])

    def test_a_second_change_of_the_same_kind_is_not_signed(self):
        asked = {"factors": [["uv"]]}
        first, second = (self.server.prompt(self.account, "pin-set", **asked) for _ in range(2))
        self.away(answers.approve, first, gesture=True, new_pin="580123")
        with self.assertRaises(NotNow):
            answers.approve(self.account, second, gesture=True, new_pin="580124")
        outbox.deliver_all(self.account)
        answers.approve(self.account, second, gesture=True, new_pin="580124")

    def test_a_denied_renewal_holds_back_neither_pin_nor_gesture(self):
        for kind in ("pin-set", "replace-uv"):
            self.away(answers.deny, self.server.prompt(self.account, kind))
        for given in ({"given_pin": PIN}, {"gesture": True}):
            answers.approve(self.account, self.server.prompt(self.account), "42", **given)


class WithoutPin(Lives):
    """The policy asks for no PIN any more, by the person's own approval."""

    def setUp(self):
        super().setUp()
        self.bare = {**POLICY, "n": 2, "min": [["uv"]], "pin": 0}

    def lowered(self):
        asked = {"mode": "remote", "factors": [["uv"]], "input": {"policy": self.bare}}
        answers.approve(self.account, self.server.prompt(self.account, "policy", **asked), gesture=True)
        self.server.policy = self.bare
        self.assertIsNotNone(self.account.record["pin"])
        self.account.fetch_state()

    def test_the_blob_goes_with_the_state_that_lowers_it(self):
        self.lowered()
        self.assertIsNone(self.account.record["pin"])

    def test_none_comes_back_by_the_verdict_of_a_new_pin_that_waited(self):
        asked = self.server.prompt(self.account, "pin-set")
        self.away(answers.approve, asked, "", PIN, new_pin="580123")
        self.lowered()
        outbox.deliver_all(self.account)
        self.assertEqual((self.account.record["outbox"], self.account.record["pin"]), ([], None))

    def test_one_that_nothing_waits_for_any_more_is_over_a_day_later(self):
        self.away(answers.approve, self.server.prompt(self.account, "pin-set"), "", PIN, new_pin="580123")
        self.lowered()
        self.account.tools.boot.time += 100_000
        outbox.expire(self.account)
        self.assertEqual(self.account.record["outbox"], [])

    def test_a_policy_that_was_not_taken_drops_nothing(self):
        self.server.policy = self.bare
        with self.assertRaises(Refused):
            self.account.fetch_state()
        self.assertIsNotNone(self.account.record["pin"])


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

    def test_a_report_takes_the_agreement_back_in_whichever_statement_it_was_given(self):
        asked = {"mode": "remote", "txn": b64u(b"a single request"), "input": {"policy": self.eased}}
        first = self.server.prompt(self.account, "policy", **asked)
        newer = self.server.prompt(self.account, "policy", life=90, replaces=first.jti, **asked)
        answers.approve(self.account, first, "", PIN)
        answers.report(self.account, newer)
        self.server.policy = self.eased
        with self.assertRaises(Refused) as refused:
            self.account.fetch_state()
        self.assertEqual(refused.exception.code, "downgrade")

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


class Noticed(Lives):
    def test_a_notice_from_tomorrow_is_one_of_now_so_the_next_one_is_newer(self):
        for number, (after, phones) in enumerate(((86_400, 2), (5, 1))):
            told = {"jti": b64u(bytes([number] * 16)), "event": "phone_added", "set": b64u(bytes([phones] * 32))}
            text = self.server.signed("cs1-notice", aud=self.server.id, iat=NOW + after, phones=phones, **told)
            self.server.others = [text]
            inbox.poll(self.account)
            self.assertEqual(self.account.record["noticed"]["phones"], phones)


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
