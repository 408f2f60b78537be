"""The phone's command line: what it reads, what it says, and where it dies."""

import contextlib
import fcntl
import io
import json
import tempfile
import unittest
from pathlib import Path

from countersign.errors import NotNow, Problem, Refused, Unreachable
from countersign.phone import Phone
from story import commands, dying, words
from story.world import make_certificates

ID, KEY = "-" + "A" * 21, "--" + "b" * 41


def said(*typed):
    """How it ended, and its lines."""
    out, wrong = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(wrong):
        code = commands.main(list(typed))
    return code, [json.loads(line) for line in out.getvalue().splitlines()], wrong.getvalue()


class Reading(unittest.TestCase):
    def test_a_command_with_its_words_values_and_flags_in_any_order(self):
        typed = ["--json", "--home", "h", "enrol", "--pin", "294817", "https://x/e#y", "--yes", "--die-at", "3"]
        found = words.read(typed)
        self.assertEqual((found.command, found.rest, found.flags), ("enrol", ["https://x/e#y"], {"json", "yes"}))
        self.assertEqual((found.get("pin"), found.number("die-at"), found.get("new")), ("294817", 3, None))

    def test_ids_and_keys_may_begin_like_an_option(self):
        self.assertEqual(words.read(["approve", ID, "--number", "07"]).rest, [ID])
        self.assertEqual(words.read(["remove-phone", KEY]).rest, [KEY])

    def test_a_value_may_look_like_anything(self):
        found = words.read(["approve", ID, "--number", "--pin", "--pin", "-1"])
        self.assertEqual((found.get("number"), found.get("pin")), ("--pin", "-1"))

    def test_what_makes_no_sense_is_refused(self):
        for typed in (
            [],
            ["--json"],
            ["fly"],
            ["--home"],
            ["approve"],
            ["approve", ID, ID],
            ["approve", ID, "--pin"],
            ["approve", ID, "--pin", "1", "--pin", "2"],
            ["approve", ID, "--pin=1"],
            ["approve", ID, "--new", "580123"],
            ["approve", ID, "--trick", "x"],
            ["approve", ID, "-p"],
            ["ids", "--send"],
            ["ids", "more"],
        ):
            with self.subTest(typed), self.assertRaises(words.Usage):
                words.read(typed)

    def test_numbers_are_digits_of_ascii(self):
        for wrong in ("", "-1", "+1", "1_0", "٣", "0x1", "1e3", "9" * 10):
            with self.subTest(wrong), self.assertRaises(words.Usage):
                words.read(["notices", "--limit", wrong]).number("limit")

    def test_every_command_of_the_table_is_one(self):
        for command in words.COMMANDS:
            self.assertTrue(callable(getattr(commands.Commands, "_" + command.replace("-", "_"))), command)


class Home(unittest.TestCase):
    """A home and an authority, but no network: whatever needs a server fails at once."""

    def setUp(self):
        made = tempfile.TemporaryDirectory(prefix="countersign-unit-")
        self.addCleanup(made.cleanup)
        self.home, self.ca = Path(made.name) / "home", Path(made.name) / "ca.pem"
        make_certificates(Path(made.name))
        self.always = ["--json", "--home", str(self.home), "--ca", str(self.ca), "--device", "x", "--engine", "sled"]

    def run_it(self, *typed):
        return said(*self.always, *typed)

    def test_a_new_phone_has_nothing(self):
        for command in ("ids", "pending", "outbox", "notices"):
            self.assertEqual(self.run_it(command)[:2], (0, []), command)
        for command, code in (("resume", "enrol.none"), ("pause", "id.none"), ("overview", "id.none")):
            self.assertEqual(self.run_it(command)[:2], (1, [{"error": {"code": code}}]), command)
        self.assertEqual(self.run_it("deny", ID)[:2], (1, [{"error": {"code": "request.none"}}]))

    def test_nothing_is_added_without_consent(self):
        self.assertEqual(self.run_it("enrol", "https://localhost/e#x")[:2], (2, [{"error": {"code": "usage"}}]))

    def test_links_that_are_none_say_so(self):
        for link in ("https://localhost/e#x", "https://localhost/e#e30", "http://localhost/e#e30", "https://" + "a" * 600):
            code, lines, _ = self.run_it("enrol", link, "--yes", "--pin", "294817")
            self.assertEqual(code, 1)
            self.assertRegex(lines[-1]["error"]["code"], r"^refused\.")
        self.assertEqual(self.run_it("open", "https://localhost/c#e30")[0], 1)

    def test_two_commands_at_once_are_one_too_many(self):
        self.run_it("ids")
        with open(self.home / "lock", "a", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.assertEqual(self.run_it("ids")[:2], (1, [{"error": {"code": "home.busy"}}]))
        self.assertEqual(self.run_it("ids")[0], 0)

    def test_without_a_home_or_an_authority_nothing_is_begun(self):
        self.assertEqual(said("ids", "--ca", str(self.ca))[0], 2)
        self.assertEqual(said("ids", "--home", str(self.home))[0], 2)
        self.assertFalse((self.home / "phone.json").exists())

    def test_it_dies_at_that_step_and_no_other(self):
        for last in (1, 2, 3, 4, 5, 6):
            phone = Phone(self.home, None)
            phone.http = type("Silent", (), {"call": lambda _: "came"})()
            dead, done = [], []

            def die(dead=dead, done=done):
                dead.append(list(done))
                raise SystemExit

            dying.at(phone, last, die)
            work = (phone.http.call, lambda phone=phone: phone.store._write({}), lambda phone=phone: phone.hardware.pepper(b""))
            with contextlib.suppress(SystemExit):
                for one in work:
                    done.append("before")
                    one()
                    done.append("after")
            self.assertEqual(dead, [["before", "after"] * ((last - 1) // 2) + ["before"]], last)


class Saying(unittest.TestCase):
    def test_each_kind_of_trouble_has_its_code(self):
        for error, code in (
            (commands.Trouble("pin.short"), "pin.short"),
            (Problem(403, "probation"), "id.probation"),
            (Problem(409, "conflict"), "server.conflict"),
            (Refused("signature"), "refused.signature"),
            (Unreachable("timeout"), "net.none"),
            (NotNow("later"), "not_now"),
        ):
            self.assertEqual(commands.code_of(error), code)

    def test_only_what_may_pass_is_tried_again(self):
        tried = []

        def work(error):
            tried.append(error)
            raise error

        with self.assertRaises(Problem):
            commands.patiently(lambda: work(Problem(404, "not_found")))
        self.assertEqual(len(tried), 1)
        for error, good in ((Unreachable(""), True), (Problem(429, "slow_down"), True), (Problem(503, "x"), True)):
            self.assertEqual(commands.may_pass(error), good)
        self.assertFalse(commands.may_pass(Problem(401, "bad_proof")))

    def test_a_pin_has_six_to_twelve_digits(self):
        one = commands.Commands(None, words.Words())
        for given, code in (("12345", "pin.short"), ("", "pin.short"), ("1" * 13, "pin.long"), ("29481٣", "pin.digits")):
            with self.assertRaises(commands.Trouble) as raised:
                one._well_formed(given, 0)
            self.assertEqual(raised.exception.code, code)


if __name__ == "__main__":
    unittest.main()
