"""Section 15: several statements of one request, as they may cross on their way: one prompt, and one answer."""

import unittest

from countersign import actions, answers, clock, inbox, outbox, statements
from countersign.encodings import b64u
from countersign.errors import NotNow, Refused, Unreachable
from story import commands
from unit.little_server import NOW, PIN
from unit.test_lives import Lives


class Several(Lives):
    """`first` came and is open; `more` makes the server have another one of the same request."""

    def setUp(self):
        super().setUp()
        self.begin()

    def begin(self):
        self.first = self.server.prompt(self.account)
        self.jti, self.txn = self.first.jti, self.first.challenge["txn"]
        self.server.open.clear()

    def more(self, old, life=90, **more):
        return self.server.ask(**{"life": life, "txn": self.txn, "replaces": old, **more})

    def listed(self):
        """What a poll shows, each by its jti and whether it is the same prompt as before."""
        found = [(one.jti, one.goes_on) for one in inbox.poll(self.account).prompts]
        self.server.open.clear()
        return found

    def shown(self):
        """By which statement the request is open."""
        return [one.jti for one in inbox.open_prompts(self.account) if one.challenge["txn"] == self.txn]

    def told(self, reason, jti):
        self.server.cancel(jti, reason)
        self.listed()
        self.server.others.clear()

    def answered_away(self, work=answers.approve, *given):
        self.away(work, self.first, *(given or ("42", PIN)))


class Asked(Several):
    """[More time], pressed here."""

    def extended(self, jti):
        self.server.extended = jti
        return actions.more_time(self.account, self.first)

    def test_the_newest_may_go_on_from_one_that_never_came_here(self):
        newest = self.more(self.more(self.jti), 120)
        found = self.extended(newest)
        self.assertEqual((found.jti, found.goes_on, self.shown()), (newest, True, [newest]))

    def test_it_may_be_the_one_that_is_here_already(self):
        second = self.more(self.jti)
        third = self.more(second, 120)
        for one in (second, third):
            inbox.fetch(self.account, one)
        found = self.extended(third)
        self.assertEqual((found.jti, found.goes_on, self.shown()), (third, True, [third]))

    def test_the_same_statement_or_another_request_is_no_more_time(self):
        for jti in (self.server.ask(txn=self.txn), self.server.ask(replaces=self.jti)):
            with self.assertRaises(Refused):
                self.extended(jti)
        self.assertEqual(self.shown(), [self.jti])

    def test_it_may_have_been_made_long_before_so_it_says_nothing_of_how_late_it_is(self):
        self.account.tools.boot.time += 80
        second, before = self.more(self.jti), clock.upper(self.account.record["times"], self.account.tools.boot)
        self.extended(second)
        self.assertEqual(clock.upper(self.account.record["times"], self.account.tools.boot), before)


class OnePrompt(Several):
    def test_more_time_is_the_same_prompt(self):
        second = self.more(self.jti)
        self.assertEqual((self.listed(), self.shown()), ([(second, True)], [second]))

    def test_so_it_is_where_the_older_one_comes_later(self):
        third = self.more(self.jti, 120)
        self.listed()
        self.more(self.jti)
        self.assertEqual((self.listed(), self.shown()), ([(third, True)], [third]))

    def test_two_in_one_list_are_one_new_prompt(self):
        self.txn = b64u(b"a second request")
        newest = self.more(self.server.ask(txn=self.txn))
        self.assertEqual(self.listed(), [(newest, False)])

    def test_the_later_end_counts(self):
        self.more(self.jti, 50)
        self.assertEqual((self.listed(), self.shown()), ([(self.jti, True)], [self.jti]))

    def test_newer_keys_make_no_difference(self):
        second = self.more(self.jti, keys=2)
        self.assertEqual(self.listed(), [(second, True)])

    def test_what_differs_is_a_new_prompt_for_which_the_older_one_makes_way(self):
        second = self.more(self.jti, 50, phones=2)
        self.assertEqual((self.listed(), self.shown()), ([(second, False)], [second]))

    def test_so_it_does_where_it_comes_later(self):
        second = self.more(self.jti, 90, phones=2)
        self.listed()
        self.more("A" * 22, 100, iat=NOW - 20)
        self.assertEqual((self.listed(), self.shown()), ([(second, True)], [second]))

    def test_an_older_one_that_is_fetched_shows_the_prompt_as_it_is(self):
        third = self.more(self.jti, 120)
        self.listed()
        found = inbox.fetch(self.account, self.more(self.jti, 90))
        self.assertEqual((found.jti, found.goes_on), (third, True))


class OneAnswer(Several):
    def test_what_was_answered_is_answered_for_one_that_comes_later(self):
        self.answered_away()
        second = self.more(self.jti)
        with self.assertRaises(NotNow):
            inbox.fetch(self.account, second)
        self.assertEqual((self.listed(), self.shown()), ([], []))

    def test_also_for_an_older_one(self):
        third = inbox.fetch(self.account, self.more(self.jti, 120))
        self.away(answers.deny, third)
        self.more(self.jti)
        self.assertEqual((self.listed(), self.shown()), ([], []))

    def test_an_answer_that_came_too_late_opens_the_newest_alone(self):
        self.answered_away()
        newest = self.more(self.more(self.jti), 120)
        self.listed()
        self.server.codes = ["expired"]
        outbox.deliver_all(self.account)
        self.assertEqual(self.shown(), [newest])
        for one in self.account.record["seen"]:
            if one != newest:
                self.assertEqual(self.account.record["seen"][one]["decided"], "expired")
        answers.approve(self.account, inbox.open_prompts(self.account)[0], "42", PIN)
        self.assertEqual(self.shown(), [])

    def test_also_one_that_comes_after_that_verdict(self):
        self.answered_away()
        self.server.codes = ["expired"]
        outbox.deliver_all(self.account)
        self.assertEqual(self.shown(), [])
        second = self.more(self.jti)
        self.assertEqual((self.listed(), self.shown()), ([(second, False)], [second]))

    def test_any_other_verdict_opens_none(self):
        for code in ("ok", "pin_locked", "factors_missing"):
            self.begin()
            self.answered_away()
            self.more(self.jti)
            self.listed()
            self.server.codes = [code]
            outbox.deliver_all(self.account)
            self.more(self.jti, 120)
            self.listed()
            self.assertEqual(self.shown(), [], code)

    def test_what_was_reported_stays_so_whatever_became_of_its_approval(self):
        self.answered_away()
        self.away(answers.report, self.first)
        second = self.more(self.jti)
        self.listed()
        self.server.codes = ["ok", "expired"]
        outbox.deliver_all(self.account)
        self.more(second, 120)
        self.assertEqual((self.listed(), self.shown()), ([], []))

    def test_it_is_reported_once(self):
        second = inbox.fetch(self.account, self.more(self.jti))
        answers.report(self.account, self.first)
        with self.assertRaises(NotNow):
            answers.report(self.account, second)

    def test_what_expired_and_was_reported_is_not_asked_again(self):
        self.told("expired", self.jti)
        answers.report(self.account, self.first)
        self.more(self.jti)
        self.assertEqual(self.listed(), [])

    def test_an_approval_waits_for_the_report_of_another_statement_of_it(self):
        self.answered_away()
        second = self.more(self.jti)
        self.listed()
        newer = statements.unpack(self.account.record["seen"][second]["text"], "cs1-challenge")
        self.away(answers.report, inbox.Prompt(newer, [], False))
        judge = self.server.responses

        def busy(call):
            judge(call)
            raise Unreachable("too busy")

        self.server.responses = busy
        list(commands.delivered(self.account))
        self.assertEqual([response["decision"] for response in self.server.heard], ["report"])


class Cancelled(Several):
    def test_one_that_expired_ends_alone(self):
        second = self.more(self.jti)
        self.listed()
        self.told("expired", self.jti)
        self.assertEqual(self.shown(), [second])

    def test_it_may_still_get_more_time(self):
        self.told("expired", self.jti)
        self.assertEqual(self.shown(), [])
        second = self.more(self.jti)
        self.assertEqual((self.listed(), self.shown()), ([(second, False)], [second]))

    def test_any_other_reason_ends_all_of_it_those_that_come_later_too(self):
        for reason in ("decided_elsewhere", "replaced", "withdrawn"):
            self.begin()
            second = self.more(self.jti)
            self.listed()
            self.told(reason, self.jti)
            self.more(second, 120)
            self.listed()
            self.assertEqual(self.shown(), [], reason)

    def test_what_ended_meanwhile_is_not_opened_by_a_verdict(self):
        for code in ("expired", "pin_wrong"):
            self.begin()
            self.answered_away()
            if code == "expired":
                self.more(self.jti)
            self.listed()
            self.told("withdrawn", self.jti)
            self.server.codes = [code]
            outbox.deliver_all(self.account)
            self.assertEqual(self.shown(), [], code)

    def test_a_request_in_its_place_ends_all_of_it(self):
        second = self.more(self.jti)
        self.listed()
        other = self.server.ask(replaces=second)
        self.assertEqual((self.listed(), self.shown()), ([(other, False)], []))


if __name__ == "__main__":
    unittest.main()
