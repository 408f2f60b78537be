"""Sections 6 and 7: logins that a browser begins, and every way to answer them."""

from countersign import actions, answers, inbox

from . import saml
from .stage import PIN, cannot, expect, refuses, told


def chapter(stage):
    account = stage.enrol("lea")
    approved(stage, account)
    denied(stage, account)
    wrong_number(stage, account)
    too_soon(stage, account)
    reported(stage, account)


def _values(value):
    """Every value in it, as text. (Two digits stand in its encoding by chance, every few times.)"""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return [str(value)] if inner is None else [text for one in inner for text in _values(one)]


def approved(stage, account):
    browser, page, asked = stage.login(account)
    shown = dict(asked.rows)
    expect((shown["kind"], shown["service"], shown["host"]) == ("login", "Wiki", "wiki.example.com"))
    expect((shown["browser"], shown["known"], shown["match"]) == ("Firefox on Linux", "no", "2"))
    expect(page.number not in _values(asked.challenge.body) and not asked.note)
    stage.ok("a login comes with exactly its rows, and without the number")
    cannot(answers.approve, account, asked, "", PIN)
    cannot(answers.approve, account, asked, page.number)
    expect(account.record["ctr"] == 0)
    stage.ok("without the number or without the PIN nothing is signed")
    verdict = answers.approve(account, asked, page.number, PIN)
    expect((verdict["result"], verdict["code"], verdict["final"]) == ("accepted", "ok", True))
    expect(saml.who(browser.get(page.url)) == account.state["account"])
    stage.ok("number and PIN sign the person in")
    cannot(answers.approve, account, asked, page.number, PIN)
    cannot(answers.deny, account, asked)
    expect(inbox.poll(account, afresh=True).prompts == [])
    refuses("gone", inbox.fetch, account, asked.jti)
    stage.ok("what was decided is decided: no second answer, no second prompt")
    _, page, asked = stage.login(account, browser)
    expect(dict(asked.rows)["known"] == "yes")
    expect(inbox.fetch(account, asked.jti).challenge == asked.challenge)
    expect(inbox.fetch(account, asked.challenge["txn"]).challenge == asked.challenge)
    expect([one.challenge for one in inbox.open_prompts(account)] == [asked.challenge])
    stage.ok("the same browser is known the second time; by jti and by txn it is the same prompt")
    expect(answers.approve(account, asked, page.number, PIN)["code"] == "ok")


def denied(stage, account):
    browser, page, asked = stage.login(account)
    expect(answers.deny(account, asked, "mistake")["result"] == "accepted")
    page = browser.get(page.url)
    expect("SAMLResponse" not in str(page.forms) or saml.who(page) is None, page.text)
    stage.ok("a denial is accepted, and nobody is signed in")


def wrong_number(stage, account):
    _, page, asked = stage.login(account)
    wrong = f"{(int(page.number) + 1) % 100:02}"
    verdict = answers.approve(account, asked, wrong, PIN)
    expect((verdict["code"], verdict["final"]) == ("number_wrong", True))
    cannot(answers.approve, account, asked, page.number, PIN)
    stage.ok("a wrong number ends the request at once")


def too_soon(stage, account):
    browser, page, asked = stage.login(account)
    again = browser.press(page, "Send again")
    expect(inbox.poll(account).prompts == [] and [one.jti for one in inbox.open_prompts(account)] == [asked.jti])
    expect(again.status < 500)
    stage.ok("one browser sends one request in 30 seconds: [Send again] makes no second one before")
    answers.deny(account, asked)


def reported(stage, account):
    _, page, asked = stage.login(account)
    answers.approve(account, asked, page.number, PIN)
    expect(answers.report(account, asked, "unknown")["result"] == "accepted")
    account.fetch_state()
    expect((account.state["state"], account.state["reason"]) == ("suspended", "reported"))
    expect(("notice", "suspended") in told(account))
    stage.ok("a report after an approval pauses the ID")
    other = stage.browser()
    page = other.press(other.get(saml.begin(stage.world.origin)), "Continue", account=account.state["account"])
    expect("paused" in page.text, page.text)
    refuses("not_active", actions.begin, account, "pin-set")
    stage.ok("a paused ID is asked nothing, and begins nothing but its way back")
    freed = actions.begin(account, "unfreeze")
    cannot(answers.approve, account, freed)
    expect(answers.approve(account, freed, "", PIN)["code"] == "ok")
    account.fetch_state()
    expect(account.state["state"] == "active")
    stage.ok("`unfreeze` with the PIN ends the pause")
