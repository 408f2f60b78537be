"""docs/service-api.md: an application asks, and its receipt is checked without the server."""

from countersign import answers, inbox, receipts

from . import forge
from .stage import PIN, expect, prompt, refuses, told

ROWS = [("Amount", "1,200.00 €"), ("To", "Ben <b>Example</b>")]


def chapter(stage):
    account = stage.enrol("ines")
    receipt = transaction(stage, account)
    receipts_that_lie(stage, receipt)
    cleaned(stage, account)
    withdrawn(stage, account)
    refused(stage, account)


def transaction(stage, account):
    request = stage.ask(account, "transaction", ROWS)
    asked = prompt(account)
    shown = [(label, value) for label, value in asked.rows if label.startswith(("label", "value"))]
    expect([value for _, value in shown] == [text for row in ROWS for text in row], shown)
    expect(asked.challenge["lang"] == "en" and "context" not in asked.challenge.body)
    expect(stage.api.wait(request["id"])["seen"])
    answers.approve(account, asked, request["number"], PIN)
    became = stage.api.wait(request["id"], 5)
    expect(became["state"] == "approved")
    challenge, response, verdict = receipts.check(became["receipt"], stage.world.root)
    expect((challenge["txn"], response["decision"], verdict["result"]) == (request["id"], "approve", "accepted"))
    expect(challenge["rows"] == request["rows"])
    stage.ok("rows are shown word for word, and the receipt proves that they were approved")
    return became["receipt"]


def receipts_that_lie(stage, receipt):
    root = stage.world.root
    refuses("receipt", receipts.check, receipt, forge.Signer().kid)
    for name in ("challenge", "response", "verdict"):
        for part in range(3):
            refuses(None, receipts.check, {**receipt, name: forge.flipped(receipt[name], part)}, root)
    refuses(None, receipts.check, {**receipt, "response": receipt["verdict"]}, root)
    refuses(None, receipts.check, {**receipt, "key": {**receipt["key"], "y": receipt["key"]["x"]}}, root)
    refuses(None, receipts.check, {**receipt, "keys": []}, root)
    refuses(None, receipts.check, {**receipt, "more": 1}, root)
    refuses(None, receipts.check, {name: value for name, value in receipt.items() if name != "verdict"}, root)
    stage.ok("a receipt with one changed bit, another key or another root is none")


def cleaned(stage, account):
    request = stage.ask(account, "transaction", [("A\u202em", "12\u00a0€\tx\u007fy\u200bz\ue000")], lang="de")
    asked = prompt(account)
    expect(dict(asked.rows)["value.1"] == request["rows"][0]["value"] == "12\u00a0€ xyz", request["rows"])
    stage.ok("the server cleans before it signs; what it signs passes the phone's own rules")
    expect(answers.deny(account, asked)["code"] == "ok")
    expect(stage.api.wait(request["id"], 5)["state"] == "denied")


def withdrawn(stage, account):
    request = stage.ask(account, "stepup", context={"user_agent": "Mozilla/5.0 Firefox/140.0", "known": True})
    asked = prompt(account)
    expect(dict(asked.rows)["known"] == "yes")
    stage.api.cancel(request["id"])
    expect(told(account) == [("cancel", "withdrawn")])
    expect(inbox.open_prompts(account) == [])
    stage.ok("a request that is taken back is gone from the phone")


def refused(stage, account):
    refuses("no_phone", stage.api.ask, "nobody", "nobody@example.com")
    refuses("bad_value", stage.api.ask, "long", account.state["account"], "transaction", [("a", "b" * 201)])
    refuses("bad_value", stage.api.ask, "empty", account.state["account"], "transaction", [("a", "\u200b")])
    refuses("bad_request", stage.api.ask, "member", account.state["account"], more=1)
    stage.ok("nobody, too much, nothing to see, an unknown member: each is refused by its code")
