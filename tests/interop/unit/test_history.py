"""Section 8's check, with the published history and everything that can be wrong with one."""

import contextlib
import io
import json
import secrets
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from cryptography.hazmat.primitives.asymmetric import ec

import history as program
from countersign import history, keys, statements
from countersign.encodings import b64u, write_json
from story import forge
from unit.test_every_vector import vectors
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

    def test_a_servers_export_may_have_gaps_and_vouches_for_what_is_before_the_first(self):
        gap = [*LINES[:9], *LINES[10:12], *LINES[13:]]
        self.wrong_from(10, gap, 2)
        checked = check(gap, server=True, dev=DEV)
        self.assertEqual((checked.wrong, checked.phone_until), (None, 1))
        self.assertEqual([response["ctr"] for _, response, _ in checked.answers], [1, 2])
        self.assertEqual([response["ctr"] for response, _ in checked.signed], [1, 2, 4, 5, 7])
        self.assertEqual(check([*gap[:-1], {"response": "x"}], server=True).wrong, (12, "response"))
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

    def test_k_dev_that_no_state_names(self):
        other = keys.kid(JWKS["K_dev of a second phone"])
        self.assertEqual(check(LINES, dev=other).wrong, (5, "dev"))
        self.assertEqual(check([*LINES[:4], *LINES[7:]], dev=DEV).wrong, (None, "dev"))
        self.assertEqual(check([*LINES[:4], *LINES[7:]]).wrong, (1, "header.jwks"))

    def test_nothing_is_vouched_for_where_there_is_no_answer(self):
        empty = check([{**LINES[0], "from": 1, "to": 0}, *LINES[1:7]], dev=DEV)
        self.assertEqual((empty.wrong, empty.answers, empty.phone_until), (None, [], 0))


class FirstLines(unittest.TestCase):
    def first(self, **header):
        return check([header, *LINES[1:]]).wrong

    def test_another_version_is_told_whatever_else_it_has(self):
        for header in ({**LINES[0], "cs1-history": 2}, {"cs1-history": 2, "new": 1}, {"cs1-history": 3}, {"cs1-history": 0}):
            self.assertEqual(self.first(**header), (1, "version"), header)

    def test_what_is_no_number_is_no_version(self):
        for value in (True, False, "1", "2", [1], {}):
            self.assertEqual(self.first(**{**LINES[0], "cs1-history": value}), (1, "line"), value)
            self.assertEqual(self.first(**{"cs1-history": value, "new": 1}), (1, "line"), value)
        self.assertEqual(self.first(new=1), (1, "line"))

    def test_it_begins_at_one_also_with_no_answer(self):
        for begins, ends in ((0, 0), (0, 7), (True, 7), (1, False), ("1", 7)):
            header = {**LINES[0], "from": begins, "to": ends}
            self.assertEqual(check([header, *LINES[1:7]]).wrong, (1, "line"), header)
        self.assertEqual(check([{**LINES[0], "from": 9, "to": 8}, *LINES[1:7]]).wrong, None)

    def test_its_keys_are_those_of_phones_and_at_least_one(self):
        p256 = LINES[0]["jwks"][0]
        for wrong in (JWKS["S"], JWKS["R"], {**p256, "kty": []}, {**p256, "kty": {}}, {**p256, "more": 1}, "x", {}):
            self.assertEqual(self.first(**{**LINES[0], "jwks": [*LINES[0]["jwks"], wrong]}), (1, "line"), wrong)
        for wrong in ([], {}, "x"):
            self.assertEqual(self.first(**{**LINES[0], "jwks": wrong}), (1, "line"), wrong)


def answered(ctr, prev=None, by="K_dev"):
    """Another answer to the request of the one with this `ctr`, as a copy of the phone would give it."""
    secret = int(VECTORS["public_keys"][by]["secret"], 16)
    private = ec.derive_private_key(secret, ec.SECP256R1())
    line = LINES[6 + ctr]
    body = {**forge.body_of(line["response"]), "jti": b64u(secrets.token_bytes(16))}
    body["prev"] = body["prev"] if prev is None else prev
    made = statements.make("cs1-response", body, JWKS[by], lambda data: keys.sign_es256(private, data))
    return {"challenge": line["challenge"], "response": made.text}


def until(ctr, *more, begins=1):
    """The published history up to this answer, and what comes behind it."""
    header = {**LINES[0], "from": begins, "to": ctr + len(more)}
    return [header, *LINES[1:7], *LINES[6 + begins : 7 + ctr], *more]


class Forks(unittest.TestCase):
    ELSEWHERE = "A" * 43  # H of an answer that nobody showed

    def beside(self, one, other):
        return history.beside(check(one), check(other, server=True))

    def test_one_phone_alone_proves_none(self):
        for one in (LINES, until(4), until(7, begins=3)):
            for other in (LINES, until(5), until(6, begins=5), [*until(2), *LINES[10:]]):
                self.assertIsNone(history.fork(check(one), check(other, server=True)))
                self.assertIn(self.beside(one, other), (None, ("cut", None)))

    def test_two_in_one_file_wherever_they_stand(self):
        for more, line, at in (([answered(4)], 12, 4), ([*LINES[11:], answered(3)], 15, 3)):
            checked = check([*until(4), *more])
            self.assertEqual((checked.wrong, len(checked.answers)), ((line, "forked"), at - 1))
        behind_garbage = check([*until(4), {"more": 1}, answered(3)])
        self.assertEqual((behind_garbage.wrong, len(behind_garbage.answers)), ((12, "line"), 2))

    def test_of_three_with_one_prev_the_two_that_come_first_count(self):
        prev = forge.body_of(LINES[9]["response"])["prev"]
        three = [answered(ctr, prev=prev) for ctr in (7, 5, 6)]
        self.assertEqual(history.fork(check([*until(2), *three], server=True), check(until(1))), 6)

    def test_two_of_one_prev_whatever_their_ctr(self):
        second = answered(5, prev=forge.body_of(LINES[9]["response"])["prev"])
        self.assertEqual(check([*until(4), second]).wrong, (12, "forked"))
        self.assertEqual(self.beside(until(4), [*until(2), second]), ("forked", 5))

    def test_behind_what_is_wrong_they_prove_one_too(self):
        broken = check([*until(2), {"more": 1}, *LINES[9:], answered(5)])
        self.assertEqual((broken.wrong, len(broken.answers)), ((10, "line"), 2))
        self.assertEqual(history.fork(broken, check(until(1))), 5)
        self.assertEqual(history.fork(check(until(1)), broken), 5)

    def test_two_in_two_files_are_no_difference_and_no_cut(self):
        gap = [*until(3), answered(4), *LINES[12:]]
        for one, other in ((LINES, until(3, answered(4))), (until(3, answered(4)), LINES), (until(4), gap)):
            self.assertEqual(self.beside(one, other), ("forked", 4))
            self.assertEqual([response["ctr"] for _, response, _ in check(one).before(4).answers], [1, 2, 3])

    def test_an_answer_that_does_not_follow_the_one_of_the_other_file(self):
        behind_a_gap = [*until(2), answered(5, prev=self.ELSEWHERE)]
        self.assertIsNone(check([{**behind_a_gap[0], "to": 5}, *behind_a_gap[1:]], server=True).wrong)
        self.assertEqual(self.beside(until(4), behind_a_gap), ("forked", 5))
        self.assertEqual(self.beside(LINES, [*until(2), answered(6, prev=self.ELSEWHERE)]), ("forked", 6))
        excerpt = [{**LINES[0], "from": 5, "to": 5}, *LINES[1:7], answered(5, prev=self.ELSEWHERE)]
        self.assertIsNone(check(excerpt).wrong)
        self.assertEqual(self.beside(excerpt, until(4)), ("forked", 5))

    def test_what_is_first_is_told(self):
        told = next(vector for _, vector, _ in vectors() if vector["id"] == "with/another-verdict")
        (otherwise,) = (json.loads(line) for line in told["with"] if isinstance(line, str))  # of the answer 3
        self.assertEqual(self.beside(until(4), [*until(2), otherwise, *LINES[10:]]), ("differs", 3))
        self.assertEqual(self.beside(LINES, [*until(2), otherwise, *LINES[10:12], answered(6)]), ("differs", 3))
        self.assertEqual(self.beside(LINES, [*until(1), answered(2), otherwise, *LINES[10:]]), ("forked", 2))

    def test_an_end_that_is_cut_off(self):
        self.assertEqual(self.beside(until(5), LINES), ("cut", None))
        self.assertEqual(self.beside(until(5), [*until(2), *LINES[13:]]), ("cut", None))
        self.assertIsNone(self.beside(LINES, until(5)))

    def test_a_strangers_answer_proves_nothing(self):
        stranger = "K_dev of a second phone"
        forged = until(3, answered(4, by=stranger))
        forged[0]["jwks"] = [*forged[0]["jwks"], JWKS[stranger]]
        self.assertIsNone(history.fork(check(LINES), check(forged)))
        self.assertIsNone(history.fork(check(LINES), check([LINES[0], answered(4)])))
        self.assertIsNone(history.fork(check(LINES), check(until(3, answered(4)), dev=keys.kid(JWKS[stranger]))))

    def test_another_phones_file_is_told_from_a_fork(self):
        mine, other = check(LINES), check(until(3, answered(4)))
        for name in ("origin", "credential", "dev"):
            another = history.replace(other, **{name: "another"})
            self.assertEqual((history.fork(mine, another), history.beside(mine, another)), (None, ("differs", None)))


class Program(unittest.TestCase):
    def said(self, lines, other, *words):
        with tempfile.TemporaryDirectory(prefix="countersign-unit-") as folder:
            files = [Path(folder) / name for name in ("one", "other")]
            for file, told in zip(files, (lines, other), strict=True):
                file.write_bytes(b"".join(write_json(line) + b"\n" for line in told))
            typed = ["history.py", str(files[0]), f"--root={ROOT}", "--other", str(files[1]), *words]
            out = io.StringIO()
            with mock.patch("sys.argv", typed), contextlib.redirect_stdout(out):
                return program.main(), out.getvalue()

    def test_it_says_how_two_files_stand_to_each_other(self):
        for lines, other, code, text in (
            (LINES, until(5), 0, "fit together"),
            (LINES, [LINES[0], *until(2)[1:], *LINES[11:]], 0, "fit together"),
            (until(5), LINES, 1, "CUT"),
            (LINES, until(3, answered(4)), 1, "FORK at 4"),
            (LINES, [*until(4), {"more": 1}], 1, "other file is WRONG at line 12"),
            ([*until(4), {"more": 1}], LINES, 1, "WRONG at line 12"),
        ):
            ended, said = self.said(lines, other, f"--dev={DEV}")
            self.assertEqual(ended, code, said)
            self.assertIn(text, said)

    def test_from_a_fork_on_it_vouches_for_nothing(self):
        said = self.said(LINES, until(3, answered(4)), f"--dev={DEV}")[1]
        self.assertIn("3 answers", said)
        self.assertIn("Up to 3 the phone signed", said)

    def test_it_says_that_there_is_a_gap(self):
        gap = [LINES[0], *until(2)[1:], *LINES[11:]]
        self.assertIn("A GAP. For the 3 answers behind it", self.said(gap, LINES, "--server")[1])

    def test_without_an_answer_it_vouches_for_nothing(self):
        empty = [{**LINES[0], "from": 1, "to": 0}, *LINES[1:7]]
        self.assertEqual(self.said(empty, empty)[0], 1)


if __name__ == "__main__":
    unittest.main()
