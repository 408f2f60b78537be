"""K_uv: fingerprint or face beside the PIN or in its place, and its renewal."""

from countersign import actions, answers, keys, outbox
from countersign.errors import Unreachable

from .stage import PIN, cannot, expect, prompt, told


def chapter(stage):
    proxy = stage.world.proxy()
    try:
        account = stage.enrol("uma", through=proxy.port, gesture="biometric")
        either(stage, account)
        forgotten_pin(stage, account)
        renewed(stage, account, proxy)
    finally:
        proxy.close()


def either(stage, account):
    expect(account.state["uv"] == keys.kid(account.record["uv"]["jwk"]))
    request = stage.ask(account)
    verdict = answers.approve(account, prompt(account), request["number"], gesture=True)
    expect(verdict["code"] == "ok")
    request = stage.ask(account)
    expect(answers.approve(account, prompt(account), request["number"], PIN)["code"] == "ok")
    stage.ok("the gesture alone or the PIN answers, as the policy says")


def forgotten_pin(stage, account):
    asked = actions.begin(account, "pin-set")
    expect(asked.challenge["factors"] == [["dev", "pin"]])
    codes = [answers.approve(account, asked, "", "000000", new_pin="777111")["code"] for _ in range(5)]
    expect(codes[-1] == "pin_locked", codes)
    asked = actions.begin(account, "pin-set")
    expect(asked.challenge["factors"] == [["uv"]])
    cannot(answers.approve, account, asked, "", PIN, new_pin="777111")
    expect(answers.approve(account, asked, gesture=True, new_pin="777111")["code"] == "ok")
    request = stage.ask(account)
    expect(answers.approve(account, prompt(account), request["number"], "777111")["code"] == "ok")
    stage.ok("a locked PIN is replaced by the gesture, which lifts the lock")


def renewed(stage, account, proxy):
    before = account.record["uv"]
    asked = actions.begin(account, "replace-uv")
    cannot(answers.approve, account, asked, gesture=True, new_gesture="biometric")
    proxy.lose = lambda path: path == "/cs/v1/responses"
    try:
        answers.approve(account, asked, "", "777111", new_gesture="biometric")
        raise AssertionError("an answer came")
    except Unreachable:
        proxy.clear()
    expect(account.record["uv"] == before)
    request = stage.ask(account)
    waiting = prompt(account)
    cannot(answers.approve, account, waiting, request["number"], gesture=True)
    account.fetch_state()
    expect(account.state["uv"] != keys.kid(before["jwk"]))
    (verdict,) = outbox.deliver_all(account)
    expect(verdict["code"] == "ok" and account.state["uv"] == keys.kid(account.record["uv"]["jwk"]))
    expect(answers.approve(account, waiting, request["number"], gesture=True)["code"] == "ok")
    expect(("notice", "phone_renewed") in told(account))
    stage.ok("a new K_uv comes by the PIN only, survives a lost verdict, and answers from then on")
