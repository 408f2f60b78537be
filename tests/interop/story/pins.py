"""Sections 3 and 7: the PIN: proved, mistyped, changed, locked, and never to be tested on the phone."""

from countersign import actions, answers, outbox, pin
from countersign.encodings import unb64u
from countersign.errors import Unreachable

from .stage import PIN, cannot, expect, prompt, told

NEW, WRONG = "80519362", "000000"


def chapter(stage):
    proxy = stage.world.proxy()
    try:
        account = stage.enrol("paul", through=proxy.port)
        at_rest(stage, account)
        mistyped(stage, account)
        changed(stage, account, proxy)
        locked(stage, account)
    finally:
        proxy.close()


def at_rest(stage, account):
    stored = account.record["pin"]
    opened = {"blob": account.tools.hardware.open("pin", stored["blob"]), "salt": unb64u(stored["salt"])}
    hidden = {**opened, "j": unb64u(stored["j"]), "cost": stored["cost"]}
    keys = {pin.uncover(hidden, typed, account.tools.hardware.pepper) for typed in (PIN, WRONG, NEW)}
    expect(len(keys) == 3 and all(len(key) == 32 for key in keys))
    expect(set(stored) == {"blob", "salt", "j", "cost"} and stored["cost"]["m"] >= 19 * 1024)
    file = (stage.folder / "paul" / "phone.json").read_text(encoding="utf-8")
    expect(PIN not in file and opened["blob"].hex() not in file)
    stage.ok("every PIN uncovers 32 bytes, and nothing that is stored says which are right")


def mistyped(stage, account):
    request = stage.ask(account)
    asked = prompt(account)
    for left in (4, 3):
        verdict = answers.approve(account, asked, request["number"], WRONG)
        expect((verdict["code"], verdict["final"], verdict["attempts"]) == ("pin_wrong", False, left), verdict.body)
    expect(answers.approve(account, asked, request["number"], PIN)["code"] == "ok")
    stage.ok("a wrong PIN leaves the request open, and says how many tries are left")
    request = stage.ask(account)
    asked = prompt(account)
    expect(answers.approve(account, asked, request["number"], WRONG)["attempts"] == 4)
    expect(answers.approve(account, asked, request["number"], PIN)["code"] == "ok")
    stage.ok("a right one clears the count")


def changed(stage, account, proxy):
    asked, before = actions.begin(account, "pin-set"), account.record["pin"]
    verdict = answers.approve(account, asked, "", WRONG, new_pin=NEW)
    expect(verdict["code"] == "pin_wrong" and account.record["pin"] == before)
    stage.ok("a PIN is changed by the old one only; refused, the old one stays")
    cannot(answers.approve, account, asked, "", PIN, new_pin="12345")
    expect(account.record["outbox"] == [])
    proxy.lose = lambda path: path == "/cs/v1/responses"
    try:
        answers.approve(account, asked, "", PIN, new_pin=NEW)
        raise AssertionError("an answer came")
    except Unreachable:
        pass
    proxy.clear()
    expect(len(account.record["outbox"]) == 1 and account.record["pin"] == before)
    request = stage.ask(account)
    waiting = prompt(account)
    cannot(answers.approve, account, waiting, request["number"], PIN)
    stage.ok("while nobody knows which PIN holds, no answer with a PIN is signed")
    again = stage.phone("paul", through=proxy.port).account(account.id)
    (verdict,) = outbox.deliver_all(again)
    expect(verdict["code"] == "ok" and again.record["outbox"] == [])
    after = again.record["pin"]
    expect(after["salt"] != before["salt"] and after["j"] != before["j"] and after["blob"] != before["blob"])
    account.tools.store.data = again.tools.store.data
    stage.ok("a phone killed before the verdict asks again, and has the new PIN under a new salt")
    expect(answers.approve(account, waiting, request["number"], PIN)["code"] == "pin_wrong")
    expect(answers.approve(account, waiting, request["number"], NEW)["code"] == "ok")
    expect(("notice", "pin_changed") in told(account))
    stage.ok("from then on the new one is right, the old one wrong, and the ID is told")


def locked(stage, account):
    request = stage.ask(account)
    asked = prompt(account)
    codes = [answers.approve(account, asked, request["number"], WRONG)["code"] for _ in range(5)]
    expect(codes == ["pin_wrong"] * 4 + ["pin_locked"], codes)
    stage.api.cancel(request["id"])
    stage.ok("the fifth wrong PIN locks; the request stays open for other phones")
    request = stage.ask(account)
    asked = prompt(account)
    expect(answers.approve(account, asked, request["number"], NEW)["code"] == "pin_locked")
    stage.api.cancel(request["id"])
    stage.ok("locked, the right PIN is refused too")
    stage.world.cli("phone", "unlock-pin", "--", account.id)
    request = stage.ask(account)
    expect(answers.approve(account, prompt(account), request["number"], NEW)["code"] == "ok")
    stage.ok("an administrator clears the lock")
    expect(account.record["outbox"] == [])
