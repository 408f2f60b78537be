"""Policies of other kinds: the gesture alone, the phone alone, and a PIN that comes later."""

from countersign import actions, answers

from .stage import expect, prompt, refuses


def chapter(stage):
    try:
        account = gesture_alone(stage)
        pin_later(stage, account)
        phone_alone(stage)
    finally:
        stage.world.restart(min=[["dev", "pin"], ["uv"]], pin=6)


def gesture_alone(stage):
    stage.world.restart(min=[["uv"]], pin=0)
    refuses("level_refused", stage.pending, "ned")
    account = stage.enrol("una", gesture="credential")
    expect(account.record["pin"] is None and account.state["uv"])
    request = stage.ask(account)
    expect(answers.approve(account, prompt(account), request["number"], gesture=True)["code"] == "ok")
    stage.ok("where only the gesture counts, a phone without it is refused, and there is no PIN anywhere")
    refuses("bad_request", actions.begin, account, "replace-uv")
    refuses("bad_request", actions.begin, account, "pin-set")
    stage.ok("without a PIN there is no new K_uv and no new PIN")
    return account


def pin_later(stage, account):
    stage.world.restart(min=[["dev", "pin"], ["uv"]], pin=6)
    stage.world.cli("policy", "apply")
    asked = prompt(account)
    expect(asked.challenge["kind"] == "policy" and asked.challenge["factors"] == [["uv"]])
    expect(answers.approve(account, asked, gesture=True)["code"] == "ok")
    account.fetch_state()
    expect(account.policy == asked.challenge["input"]["policy"] and account.record["pin"] is None)
    asked = actions.begin(account, "pin-set")
    expect(asked.challenge["factors"] == [["uv"]])
    expect(answers.approve(account, asked, gesture=True, new_pin="445566")["code"] == "ok")
    request = stage.ask(account)
    expect(answers.approve(account, prompt(account), request["number"], "445566")["code"] == "ok")
    stage.ok("a PIN that the policy brings later is set by the gesture, and answers from then on")


def phone_alone(stage):
    stage.world.restart(min=[["dev"]], pin=0)
    account = stage.enrol("ulf")
    expect(account.record["pin"] is None and account.record["uv"] is None)
    request = stage.ask(account)
    expect(answers.approve(account, prompt(account), request["number"])["code"] == "ok")
    actions.pause(account)
    asked = actions.begin(account, "unfreeze")
    expect(asked.challenge["factors"] == [["dev"]] and answers.approve(account, asked)["code"] == "ok")
    for kind in ("pin-set", "replace-uv"):
        refuses("bad_request", actions.begin, account, kind)
    refuses("bad_request", actions.add_phone, account)
    stage.ok("a phone alone answers requests and ends its own pause; what needs more it cannot begin")
