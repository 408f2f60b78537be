"""Section 8's check, with the published history and everything that can be wrong with one."""

import json
import unittest

from countersign import history, keys
from countersign.encodings import write_json
from story import forge
from unit.test_vectors import JWKS, TEXTS, VECTORS

ROOT, DEV = keys.kid(JWKS["R"]), keys.kid(JWKS["K_dev"])
LINES = [json.loads(line) for line in VECTORS["history"]]


def check(lines, **words):
    return history.check(b"".join(write_json(line) + b"\n" for line in lines), ROOT, **words)


class Histories(unittest.TestCase):
    def wrong_from(self, line, lines, answers, **words):
        """The first wrong line; the answers before it are still vouched for."""
        checked = check(lines, **words)
        self.assertIsNotNone(checked.wrong)
        self.assertEqual((checked.wrong[0], len(checked.answers)), (line, answers), checked.wrong)

    def test_the_published_one(self):
        checked = check(LINES)
        self.assertIsNone(checked.wrong)
        self.assertEqual([response["ctr"] for _, response, _ in checked.answers], [1, 2, 3, 4, 5, 6, 7])
        self.assertEqual(checked.phone_until, 0)
        self.assertEqual(check(LINES, dev=DEV).phone_until, 7)
        self.assertEqual(check(LINES, deposited=[VECTORS["statements"]["response_uv"]["H"]]).phone_until, 2)

    def test_by_k_dev_up_to_the_last_answer_that_it_signed_itself(self):
        header = {**LINES[0], "to": 6}
        self.assertEqual(check([header, *LINES[1:13]], dev=DEV).phone_until, 5)

    def test_an_excerpt_and_an_empty_one(self):
        self.assertIsNone(check([{**LINES[0], "from": 3}, *LINES[1:7], *LINES[9:]]).wrong)
        self.assertIsNone(check([{**LINES[0], "from": 1, "to": 0}, *LINES[1:7]]).wrong)
        self.assertIsNotNone(check([{**LINES[0], "from": 1, "to": 1}, *LINES[1:7]]).wrong)

    def test_a_code_shown_proves_nothing_and_harms_nothing(self):
        shown = {"challenge": TEXTS["challenge_offline"]}
        checked = check([*LINES[:9], shown, *LINES[9:]])
        self.assertEqual((checked.wrong, checked.codes_shown, len(checked.answers)), (None, 1, 7))

    def test_a_servers_export_may_have_gaps(self):
        gap = [*LINES[:9], *LINES[10:]]
        self.wrong_from(10, gap, 2)
        self.assertIsNone(check(gap, server=True).wrong)
        unknown = {"response": LINES[8]["response"], "verdict": LINES[8]["verdict"]}
        self.wrong_from(9, [*LINES[:8], unknown, *LINES[9:]], 1)
        self.assertIsNone(check([*LINES[:8], unknown, *LINES[9:]], server=True).wrong)

    def test_every_bit_counts(self):
        for number, line in enumerate(LINES[1:], 1):
            for name, text in line.items():
                for part in range(3):
                    changed = {**line, name: forge.flipped(text, part)}
                    checked = check([*LINES[:number], changed, *LINES[number + 1 :]])
                    self.assertEqual(checked.wrong[0], number + 1, f"{name} in line {number + 1}")
                    self.assertEqual(len(checked.answers), max(0, number - 7))

    def test_order_and_what_is_missing(self):
        for moved in ([0, 4, 1, 2, 3], [0, 2, 1, 3, 4]):
            self.assertIsNotNone(check([*(LINES[i] for i in moved), *LINES[5:]]).wrong)
        self.wrong_from(9, [*LINES[:8], LINES[9], LINES[8], *LINES[10:]], 1)
        self.assertIsNotNone(check([LINES[0], *LINES[4:]]).wrong)
        self.assertIsNotNone(check([*LINES[:4], *LINES[7:]]).wrong)
        self.assertIsNotNone(check(LINES[:-1]).wrong)
        self.assertIsNotNone(check(LINES[1:]).wrong)
        self.assertIsNotNone(check([]).wrong)

    def test_members(self):
        for header in (
            {**LINES[0], "more": 1},
            {**LINES[0], "cs1-history": 2},
            {**LINES[0], "jwks": []},
            {**LINES[0], "jwks": [*LINES[0]["jwks"], JWKS["K_dev of a second phone"]]},
            {**LINES[0], "jwks": LINES[0]["jwks"][1:]},
            {**LINES[0], "from": 2},
            {**LINES[0], "to": 8},
            {**LINES[0], "origin": "https://other.example.com"},
            {**LINES[0], "credential": "AAAAAAAAAAAAAAAAAAAAAA"},
        ):
            self.assertIsNotNone(check([header, *LINES[1:]]).wrong)
        self.wrong_from(10, [*LINES[:9], {**LINES[9], "more": 1}, *LINES[10:]], 2)

    def test_answers_verdicts_and_challenges_are_not_exchanged(self):
        for name in ("challenge", "response", "verdict"):
            changed = {**LINES[8], name: LINES[9][name]}
            self.wrong_from(9, [*LINES[:8], changed, *LINES[9:]], 1)

    def test_another_root_and_another_k_dev(self):
        data = b"".join(write_json(line) + b"\n" for line in LINES)
        self.assertEqual(history.check(data, keys.kid(JWKS["R2"])).wrong[0], 2)
        self.assertEqual(check(LINES, dev=keys.kid(JWKS["K_uv"])).answers, [])

    def test_a_fork(self):
        checked = check(LINES)
        self.assertIsNone(history.fork(checked, check([{**LINES[0], "to": 4}, *LINES[1:11]])))
        other = history.Checked(answers=[(None, _Twin(checked.answers[3][1]), None)])
        self.assertEqual(history.fork(checked, other), 4)


class _Twin:
    """Another answer with the same place in the chain."""

    def __init__(self, response):
        self.h, self._response = "another", response

    def __getitem__(self, name):
        return self._response[name]


if __name__ == "__main__":
    unittest.main()
