"""`phone.py` killed in the middle of its work: what it kept goes on, and nothing is asked of its person twice."""

import itertools
import json
import subprocess
import sys
from pathlib import Path

from .stage import PIN, expect, link_of

PROGRAM = Path(__file__).parents[1] / "phone.py"
KILLED = -9


class ByCommands:
    """`on_digits` types what it shows."""

    def __init__(self, stage, name):
        self._command = [sys.executable, "-B", PROGRAM, "--json", "--home", stage.folder / name, "--ca", stage.world.ca]

    def run(self, *words, on_digits=None):
        command = [*self._command, *words]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
            lines = []
            for line in running.stdout:
                lines.append(json.loads(line))
                if on_digits and "digits" in lines[-1]:
                    on_digits(lines[-1]["digits"])
            complaints = running.stderr.read().decode("utf-8")
        expect("Traceback" not in complaints, complaints)
        return running.returncode, lines

    def prompts(self):
        return [line for line in self.run("pending")[1] if line.get("event") == "prompt"]


def chapter(stage):
    adding(stage)
    approving(stage)


def adding(stage):
    """Up to the step where it shows its digits, which are typed only once it goes on."""
    shown = []
    for step in itertools.count(1, 4):
        name = f"hugo{step}"
        browser, page = stage.invite(stage.person(name))
        phone = ByCommands(stage, name)
        enrol = ("enrol", link_of(page), "--yes", "--pin", PIN, "--die-at", str(step))
        expect(phone.run(*enrol, on_digits=shown.append)[0] == KILLED, f"step {step}")
        _, lines = phone.run("resume", on_digits=typing(browser, page))
        kept = phone.run("ids")[1]
        expect(kept or lines == [{"error": {"code": "enrol.none"}}], f"step {step}: {lines}")
        expect([one["standing"] for one in kept] in ([], ["active"]), f"step {step}: {lines}")
        if shown:
            break
    expect(shown == [line["digits"] for line in lines if "digits" in line], f"{shown}, then {lines}")
    stage.ok(f"an enrolment that is killed leaves nothing or goes on, with the digits that it showed ({step} steps)")


def typing(browser, page):
    return lambda digits: browser.press(browser.get(page.url), "Confirm the digits", digits=digits)


def approving(stage):
    account = stage.person("heidi")
    browser, page = stage.invite(account)
    phone = ByCommands(stage, "heidi")
    phone.run("enrol", link_of(page), "--yes", "--pin", PIN, on_digits=typing(browser, page))
    sent = 0
    for step in itertools.count(1, 3):
        request = stage.api.ask(f"killed-{step}", account)
        (asked,) = phone.prompts()
        answer = ("approve", asked["id"], "--number", request["number"], "--pin", PIN)
        code, _ = phone.run(*answer, "--die-at", str(step))
        _, verdicts = phone.run("outbox", "--send")
        expect([line["code"] for line in verdicts] in ([], ["ok"]), f"step {step}: {verdicts}")
        sent += len(verdicts)
        if stage.api.wait(request["id"])["state"] == "open":
            expect([one["id"] for one in phone.prompts()] == [asked["id"]], f"step {step}")
            expect(phone.run(*answer)[0] == 0, f"step {step}")
        expect(stage.api.wait(request["id"], 5)["state"] == "approved", f"step {step}")
        expect(phone.run("outbox")[1] == [] and phone.prompts() == [], f"step {step}")
        if code != KILLED:
            break
    expect(sent > 1, "no answer waited")
    stage.ok(f"an approval that is killed is asked again or sent, and counts once ({step} steps)")
