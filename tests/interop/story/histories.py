"""Section 8: what a phone exports is checked by others, and a copy of a phone betrays itself."""

import shutil
import subprocess
import sys
from pathlib import Path

from countersign import actions, answers, history, keys

from . import forge
from .stage import PIN, expect, prompt

CHECKER = Path(__file__).parents[1] / "history.py"


def chapter(stage):
    account = stage.enrol("hana", gesture="biometric")
    lived(stage, account)
    checked(stage, account)
    spoilt(stage, account)
    copied(stage, account)


def program(*words):
    done = subprocess.run([sys.executable, CHECKER, *words], capture_output=True, timeout=60, text=True)
    return done.returncode, done.stdout


def answered(stage, account, **words):
    request = stage.ask(account)
    return answers.approve(account, prompt(account), request["number"], **words)


def lived(stage, account):
    answered(stage, account, given_pin=PIN)
    answered(stage, account, gesture=True)
    request = stage.ask(account, "transaction", [("Amount", "1 €")])
    asked = prompt(account)
    answers.approve(account, asked, request["number"], "000000")
    answers.deny(account, asked, "mistake")
    asked = actions.begin(account, "replace-uv")
    expect(answers.approve(account, asked, "", "000000", new_gesture="biometric")["code"] == "pin_wrong")
    answers.approve(account, asked, "", PIN, new_gesture="biometric")
    account.fetch_state()
    answered(stage, account, gesture=True)


def checked(stage, account):
    file = stage.folder / "hana.history"
    file.write_bytes(history.export(account))
    first = account.record["trust"]["keys"][0]
    root, dev = forge.header_of(first)["kid"], keys.kid(account.record["dev"]["jwk"])
    code, said = program(file, f"--root={root}", f"--dev={dev}")
    expect(code == 0 and "7 answers" in said and "Up to 6 the phone signed" in said, said)
    expect("pin_wrong" in said and "replace-uv" in said)
    stage.ok("an exported history is checked by the first root alone; with K_dev's thumbprint it says how far")
    code, said = program(file, f"--root={forge.Signer().kid}")
    expect(code == 1 and "0 answers" in said, said)
    file.write_bytes(history.export(account, first=3))
    expect(program(file, f"--root={root}")[0] == 0)
    stage.ok("so is an excerpt; by another root there is nothing in it")


def spoilt(stage, account):
    root = forge.header_of(account.record["trust"]["keys"][0])["kid"]
    lines = history.export(account).splitlines()
    for number, line in enumerate(lines):
        changed = line[:-9] + (b"B" if line[-9:-8] == b"A" else b"A") + line[-8:]
        for instead in ([], [changed]):
            found = history.check(b"\n".join(lines[:number] + instead + lines[number + 1 :]), root)
            harmless = not instead and line.startswith(b'{"state"')
            expect(found.wrong is not None or harmless, f"line {number + 1}")
    stage.ok("no line is left out or changed unseen, but a state that nothing rests on")


def copied(stage, account):
    """The image of the phone with its hardware's secrets, as section 13 fears it."""
    root = forge.header_of(account.record["trust"]["keys"][0])["kid"]
    shutil.copytree(stage.folder / "hana", stage.folder / "hana's copy")
    copy = stage.phone("hana's copy").account(account.id)
    answered(stage, account, given_pin=PIN)
    request = stage.ask(account)
    expect(answers.approve(copy, prompt(copy), request["number"], PIN)["code"] == "suspended")
    account.fetch_state()
    expect((account.state["state"], account.state["reason"]) == ("suspended", "clone"))
    ours, theirs = (history.check(history.export(one), root) for one in (account, copy))
    expect(ours.wrong is None and theirs.wrong is None and history.fork(ours, theirs) == 8)
    files = [stage.folder / "hana.history", stage.folder / "copy.history"]
    for file, one in zip(files, (account, copy), strict=True):
        file.write_bytes(history.export(one))
    code, said = program(files[0], f"--root={root}", "--other", files[1])
    expect(code == 1 and "FORK at 8" in said and "7 answers" in said, said)
    stage.ok("a copy that answers suspends the phone, and the two histories prove that there were two")
