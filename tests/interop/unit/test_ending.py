"""Section 11: what a phone still does whose ID was removed from it, before a server that only counts what it is asked."""

import tempfile
import unittest
from pathlib import Path

from countersign import actions, answers, inbox, keys
from countersign.errors import NotNow, Problem, Refused
from countersign.phone import Phone
from story import forge
from story.kit_phone import Boot
from unit.test_vectors import statement

ORIGIN = "https://id.example.com"


class Server:
    """Lists `challenges`, and says the states that it is given, the last one for ever."""

    def __init__(self):
        self.signer, self.asked, self.states, self.challenges = forge.Signer(), [], [], []

    def call(self, method, url, body=None, headers=None, wait=0):
        path = url.removeprefix(ORIGIN).partition("?")[0]
        self.asked.append((method, path))
        if path.startswith("/cs/v1/credentials/"):
            return {"state": self.states[0] if len(self.states) == 1 else self.states.pop(0)}, None
        if path == "/cs/v1/challenges":
            return {"challenges": self.challenges, "others": [], "sn": 9, "next": "a", "more": False}, None
        raise Problem(404, "not_found")


class Ending(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.server = Server()
        self.phone = Phone(Path(folder.name), self.server)
        self.dev = self.phone.hardware.make_key()
        self.body = {**statement("state_active").body, "dev": keys.kid(self.dev["jwk"])}
        self.body.pop("uv", None)
        self.id = self.body["aud"]
        with self.phone.store.change() as data:
            data["credentials"][self.id] = self.record()
        self.account = self.phone.account(self.id)

    def record(self):
        trust = {"iss": ORIGIN, "n": 9, "sign": [self.server.signer.jwk], "origins": [ORIGIN], "keys": []}
        return {
            "id": self.id,
            "trust": trust,
            "times": {},
            "registration": self.body["registration"],
            "dev": self.dev,
            "uv": None,
            "pin": {},
            "policy": self.body["policy"],
            "states": [self.state(7)],
            "approved": {},
            "seen": {},
            "outbox": [],
            "others": [],
            "notices": [],
            "cursor": None,
        }

    def state(self, sn, **changes):
        body = {**self.body, "sn": sn, **changes}
        return self.server.signer.sign("cs1-state", {name: value for name, value in body.items() if value is not None})

    def revoked(self, sn):
        return self.state(sn, state="revoked", reason="removed", wake=None, push_id=None)

    def listed(self):
        return [path for _, path in self.server.asked].count("/cs/v1/challenges")

    def prompt(self):
        self.server.challenges = [self.server.signer.sign("cs1-challenge", statement("challenge").body)]
        self.server.states = [self.state(9)]
        news = inbox.poll(self.account)
        self.assertEqual(news.refused, [])
        return news.prompts[0]

    def end(self):
        self.server.states = [self.revoked(10)]
        self.account.fetch_state()
        self.server.asked.clear()

    def test_while_it_lives_it_lists(self):
        self.prompt()
        self.assertEqual((self.listed(), len(inbox.open_prompts(self.account))), (1, 1))

    def test_what_is_over_by_its_own_clock_is_open_no_more(self):
        self.phone.boot = Boot()
        challenge = self.prompt().challenge
        for ahead, number in ((0, 1), (challenge["exp"] - challenge["iat"] - 5, 1), (challenge["exp"] - challenge["iat"] + 5, 0)):
            self.phone.boot.ahead = ahead
            self.assertEqual(len(inbox.open_prompts(self.account)), number, ahead)

    def test_the_digits_are_kept_until_a_state_comes_that_is_not_pending(self):
        with self.account.change() as record:
            record["shown"] = ["493817", "in the browser"]
        self.assertEqual(self.account.shown, ["493817", "in the browser"])
        self.server.states = [self.state(8)]
        self.assertTrue(self.account.fetch_state())
        self.assertIsNone(self.account.shown)

    def test_once_revoked_it_asks_for_its_state_and_lists_no_more(self):
        prompt = self.prompt()
        self.end()
        self.assertEqual(inbox.poll(self.account, wait=5), inbox.NOTHING)
        self.assertEqual(self.server.asked, [("GET", f"/cs/v1/credentials/{self.id}")])
        self.assertEqual(inbox.open_prompts(self.account), [])
        self.assertEqual(list(self.account.record["seen"]), [prompt.jti])  # nothing was forgotten either

    def test_once_revoked_it_neither_answers_nor_begins_anything(self):
        prompt = self.prompt()
        self.end()
        for work in (
            lambda: answers.approve(self.account, prompt, "42", "294817"),
            lambda: answers.deny(self.account, prompt),
            lambda: answers.report(self.account, prompt),
            lambda: inbox.fetch(self.account, prompt.jti),
            lambda: actions.begin(self.account, "pin-set"),
            lambda: actions.more_time(self.account, prompt),
            lambda: actions.add_phone(self.account),
            lambda: actions.pause(self.account),
        ):
            with self.assertRaises(NotNow):
                work()
        self.assertEqual((self.server.asked, self.account.record["outbox"]), ([], []))

    def test_a_list_that_tells_of_the_end_is_not_taken(self):
        self.server.challenges = [self.server.signer.sign("cs1-challenge", statement("challenge").body)]
        self.server.states = [self.revoked(9)]
        self.assertEqual(inbox.poll(self.account), inbox.NOTHING)
        self.assertEqual((self.account.record["seen"], self.account.record["cursor"]), ({}, None))

    def test_a_later_state_that_says_otherwise_lets_it_go_on(self):
        self.prompt()
        self.end()
        self.server.states = [self.state(11)]
        inbox.poll(self.account)
        self.assertEqual((self.account.state["state"], self.listed()), ("active", 1))

    def test_an_unsigned_answer_ends_nothing(self):
        self.server.states = [self.revoked(9)[:-3] + "AAA"]
        with self.assertRaises(Refused):
            inbox.poll(self.account)
        self.assertFalse(self.account.ended)


if __name__ == "__main__":
    unittest.main()
