"""Section 11: several phones for one ID: added, asked together, removed, paused."""

from countersign import actions, answers, challenges, inbox, keys

from .stage import PIN, cannot, expect, prompt, refuses, told

OTHER_PIN = "112233"


def chapter(stage):
    first = stage.enrol("mia")
    second = added(stage, first)
    first_decides(stage, first, second)
    on_probation(stage, first, second)
    paused(stage, first, second)
    wake(stage, first)
    refused_phone(stage, first)
    removed(stage, first, second)


def added(stage, first):
    link = actions.add_phone(first)
    phone = stage.phone("mia's second")
    second, digits, where = phone.enrol(phone.ask(link), OTHER_PIN)
    expect(where == "on the other phone")
    asked = prompt(first)
    expect(dict(asked.rows)["device"] == "Phone of mia's second" and asked.challenge["match"] == 6)
    expect(asked.challenge["input"]["dev"] == keys.kid(second.record["dev"]["jwk"]))
    stage.ok("a phone invites another one, and is asked about it by its own words")
    wrong = f"{(int(digits) + 1) % 10**6:06}"
    verdict = answers.approve(first, asked, wrong, PIN)
    expect((verdict["code"], verdict["final"], verdict["attempts"]) == ("number_wrong", False, 2))
    expect(answers.approve(first, asked, digits, PIN)["code"] == "ok")
    second.fetch_state(25)
    expect(second.state["state"] == "active" and "probation" in second.state.body)
    stage.ok("its digits, typed on the first one with the PIN, make it active, on probation")
    expect(told(first) == [("notice", "phone_added")] and told(second) == [("notice", "phone_added")])
    both = challenges.phone_set([keys.thumbprint(one.record["dev"]["jwk"]) for one in (first, second)])
    expect(first.record["noticed"]["set"] == second.record["noticed"]["set"] == both)
    stage.ok("both are told, and agree about which phones there are")
    overview = actions.overview(first)
    expect([phone["this"] for phone in overview["phones"]].count(True) == 1 and len(overview["phones"]) == 2)
    return second


def first_decides(stage, first, second):
    request = stage.ask(first)
    here, there = prompt(first), prompt(second)
    expect(here.challenge["txn"] == there.challenge["txn"] and here.jti != there.jti)
    expect(here.challenge["set"] == first.record["noticed"]["set"] and not here.note)
    refuses("not_found", inbox.fetch, second, here.jti)
    stage.ok("both phones are asked, each by a statement of its own")
    expect(answers.approve(second, there, request["number"], OTHER_PIN)["code"] == "ok")
    news = inbox.poll(first)
    cancel = news.others[0]
    told_by = (cancel["reason"], cancel["device"], cancel["challenge"])
    expect(told_by == ("decided_elsewhere", "Phone of mia's second", here.jti), cancel.body)
    cannot(answers.approve, first, here, request["number"], PIN)
    expect(len(inbox.poll(first, afresh=True).others) == 1)
    inbox.acknowledge(first)
    expect(inbox.poll(first, afresh=True).others == [])
    stage.ok("the first that decides ends it; the other says which it was, until it acknowledges")


def on_probation(stage, first, second):
    for kind in ("unfreeze", "recovery-codes"):
        refuses("probation", actions.begin, second, kind)
    refuses("probation", actions.add_phone, second)
    refuses("probation", actions.begin, second, "remove-phone", dev=keys.kid(first.record["dev"]["jwk"]))
    asked = actions.begin(second, "pin-set")
    expect(answers.approve(second, asked, "", OTHER_PIN, new_pin="445566")["code"] == "ok")
    told(second)
    stage.ok("on probation a phone answers and changes its own PIN, and nothing of the ID")


def paused(stage, first, second):
    actions.pause(first)
    for account in (first, second):
        account.fetch_state()
        expect((account.state["state"], account.state["reason"]) == ("suspended", "user"))
    refuses("paused", stage.ask, first)
    expect(("notice", "paused") in told(first))
    freed = actions.begin(first, "unfreeze")
    expect(answers.approve(first, freed, "", PIN)["code"] == "ok")
    for account in (first, second):
        account.fetch_state()
        expect(account.state["state"] == "active")
    stage.ok("one phone pauses the ID on both, and ends the pause on both")
    expect(("notice", "unpaused") in told(second) and ("notice", "unpaused") in told(first))


def wake(stage, account):
    path = f"/cs/v1/wake/{account.state['wake']}"
    answer = account.server.plain("GET", path)
    expect(set(answer) == {"waiting", "next"} and answer["waiting"] is False, answer)
    request = stage.ask(account)
    answer = account.server.plain("GET", f"{path}?after={answer['next']}&wait=5", wait=5)
    expect(answer["waiting"] is True)
    answers.approve(account, prompt(account), request["number"], PIN)
    refuses("not_found", account.server.plain, "GET", "/cs/v1/wake/AAAAAAAAAAAAAAAAAAAAAA")
    stage.ok("a locked phone learns that something waits, and not what")


def refused_phone(stage, first):
    phone = stage.phone("mia's thief")
    third, digits, _ = phone.enrol(phone.ask(actions.add_phone(first)), OTHER_PIN)
    asked = prompt(first)
    wrong = f"{(int(digits) + 1) % 10**6:06}"
    finals = [answers.approve(first, asked, wrong, PIN)["final"] for _ in range(3)]
    expect(finals == [False, False, True])
    third.fetch_state()
    expect((third.state["state"], third.state["reason"]) == ("refused", "sas"))
    third, _, _ = phone.enrol(phone.ask(actions.add_phone(first)), OTHER_PIN)
    expect(answers.deny(first, prompt(first), "unknown")["code"] == "ok")
    third.fetch_state()
    expect(third.state["state"] == "refused")
    stage.ok("three wrong numbers, or a denial, refuse the phone that wanted to be added")


def removed(stage, first, second):
    dev = keys.kid(second.record["dev"]["jwk"])
    asked = actions.begin(first, "remove-phone", dev=dev)
    expect(dict(asked.rows)["device"] == "Phone of mia's second")
    expect(asked.challenge["factors"] == [["dev"]], asked.challenge["factors"])
    expect(answers.approve(first, asked)["code"] == "ok")
    second.fetch_state()
    expect((second.state["state"], second.state["reason"]) == ("revoked", "removed"))
    expect(inbox.poll(second) == inbox.NOTHING)
    cannot(actions.begin, second, "pin-set")
    refuses("not_active", second.server.proved, "GET", "/cs/v1/challenges")
    refuses("not_active", second.server.proved, "POST", actions.PATH, {"kind": "pin-set"})
    expect(told(first) == [("notice", "phone_removed")])
    stage.ok("a phone on probation is removed by the other with one tap, and may do nothing any more")
    refuses("not_found", actions.begin, first, "remove-phone", dev=dev)
