"""Policies that change: more is asked at once, less only of those who agreed to it."""

from countersign import answers

from .stage import PIN, expect, prompt, told

LEAST = [["dev", "pin"], ["uv"]]


def chapter(stage):
    account, other = stage.enrol("pia"), stage.enrol("otto")
    try:
        stricter(stage, account)
        looser(stage, account, other)
    finally:
        stage.world.restart(match=True, pin=6)


def stricter(stage, account):
    before = account.policy
    stage.world.restart(pin=8)
    stage.world.cli("policy", "apply")
    account.fetch_state()
    expect(account.policy["n"] > before["n"] and account.policy["pin"] == 8)
    request = stage.ask(account)
    expect(answers.approve(account, prompt(account), request["number"], PIN)["code"] == "ok")
    stage.ok("a stricter policy comes with the next state; the PIN that is set goes on")


def looser(stage, account, other):
    before = account.policy
    stage.world.restart(match=False)
    stage.world.cli("policy", "apply")
    asked = prompt(account)
    expect(asked.challenge["kind"] == "policy" and dict(asked.rows)["policy.match"] == "no")
    expect(asked.challenge["policy"] == before["n"] and account.policy == before)
    stage.ok("a weaker policy is a question, and nothing changes before its answer")
    expect(answers.approve(account, asked, "", PIN)["code"] == "ok")
    account.fetch_state()
    expect(account.policy == asked.challenge["input"]["policy"] and not account.policy["match"])
    expect(("notice", "policy_changed") in told(account))
    request = stage.ask(account)
    expect("number" not in request)
    expect(answers.approve(account, prompt(account), "", PIN)["code"] == "ok")
    stage.ok("approved, it holds: no number is asked any more")
    expect(answers.deny(other, prompt(other))["code"] == "ok")
    request = stage.ask(other)
    expect("number" in request and other.policy["match"])
    expect(answers.approve(other, prompt(other), request["number"], PIN)["code"] == "ok")
    stage.ok("who denies it keeps the old policy, number and all")
