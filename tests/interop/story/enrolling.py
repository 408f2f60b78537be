"""Section 5: invitations, digits, and those who want to be in between."""

from countersign import codes, enrolment, inbox
from countersign.encodings import b64u

from . import forge
from .stage import PIN, cannot, expect, link_of, prompt, refuses, told


def chapter(stage):
    by_link(stage)
    by_typed_code(stage)
    wrong_digits(stage)
    second_finisher(stage)
    killed(stage)
    links_that_lie(stage)
    by_administrator(stage)


def by_link(stage):
    browser, page = stage.invite(stage.person("lena"))
    phone = stage.phone("lena")
    offered = phone.ask(link_of(page))
    expect((offered.host, offered.account) == (f"localhost:{stage.world.port}", "lena@example.com"))
    stage.ok("an invitation offers an ID: host and account are shown for consent, and nothing is stored yet")
    cannot(phone.enrol, offered, "12345")
    expect(phone.store.data == {"credentials": {}, "enrolments": {}})
    stage.ok("five digits are no PIN")
    account, digits, where = phone.enrol(offered, PIN)
    expect(where == "in the browser" and account.state["state"] == "pending")
    refuses("not_active", inbox.poll, account)
    stage.ok("a pending phone reads its own state and nothing else")
    page = browser.press(browser.get(page.url), "Confirm the digits", digits=digits)
    expect(page.title == "Phone added", page.text)
    expect(account.fetch_state(25) and account.state["state"] == "active")
    expect(told(account) == [("notice", "phone_added")] and told(account) == [])
    stage.ok("the digits typed into the page make it active; it is told once, until it acknowledges")
    cannot(phone.ask, stage.world.cli("phone", "add", "lena@example.com")["invitation"])
    stage.ok("the same ID does not come onto the same phone twice")


def by_typed_code(stage):
    browser, page = stage.invite(stage.person("toni"))
    code = page.marked["code"]
    phone, roots = stage.phone("toni"), {stage.world.root: stage.world.origin}
    refuses("code", phone.ask, code, {forge.Signer().kid: "https://other.example.com"})
    account, digits, _ = phone.enrol(phone.ask(f" {code.lower()} ", roots), PIN)
    browser.press(browser.get(page.url), "Confirm the digits", digits=digits)
    account.fetch_state(25)
    expect(account.state["state"] == "active")
    stage.ok("a typed code finds its server among those that the app lists, and no other")


def wrong_digits(stage):
    browser, page, account, digits = stage.pending("olga")
    wrong = f"{(int(digits) + 1) % 10**6:06}"
    page = browser.get(page.url)
    for _ in range(3):
        page = browser.press(page, "Confirm the digits", digits=wrong)
    account.fetch_state()
    expect((account.state["state"], account.state["reason"]) == ("refused", "sas"), account.state.body)
    stage.ok("three times wrong digits end the enrolment: refused, sas")


def second_finisher(stage):
    browser, page = stage.invite(stage.person("rita"))
    phone, thief = stage.phone("rita"), stage.phone("thief")
    early, late = phone.ask(link_of(page)), thief.ask(link_of(page))
    account, _, _ = phone.enrol(early, PIN)
    refuses("conflict", stage.phone("later thief").ask, link_of(page))
    account.fetch_state()
    expect(account.state["state"] == "pending")
    stage.ok("an invitation that was taken offers nothing any more, and that changes nothing")
    refuses("conflict", thief.enrol, late, PIN)
    expect(thief.store.data["enrolments"] == {})
    account.fetch_state()
    expect((account.state["state"], account.state.get("reason")) == ("refused", "second_finisher"))
    expect("Confirm the digits" not in browser.get(page.url).text)
    stage.ok("a second phone that finishes with the same invitation ends both, and the page asks for no digits")


def killed(stage):
    browser, page = stage.invite(stage.person("kai"))
    phone = stage.phone("kai")
    h = enrolment.register(phone, phone.ask(link_of(page)), PIN)
    again = stage.phone("kai")
    expect(list(again.store.data["enrolments"]) == [h])
    first, digits, _ = again.go_on(h)
    expect(phone.go_on(h)[1] == digits)
    stage.ok("a phone killed before it posted goes on; the same bytes again get the same answer")
    browser.press(browser.get(page.url), "Confirm the digits", digits=digits)
    first.fetch_state(25)
    expect(first.state["state"] == "active")


def links_that_lie(stage):
    _, page = stage.invite(stage.person("nora"))
    phone, told = stage.phone("nora"), codes.invitation(link_of(page))
    before = phone.store.data

    def link(**changes):
        return f"{told['s']}/e#{b64u(forge.write_json({**told, **changes}))}"

    refuses("unknown_key", phone.ask, link(k=forge.Signer().kid))
    refuses("not_found", phone.ask, link(t=b64u(bytes(16))))
    refuses("expired", phone.ask, link(x=told["x"] - 3600))
    refuses("invitation", phone.ask, link(v=2))
    refuses("invitation", phone.ask, link(more=1))
    refuses("invitation", phone.ask, link_of(page).replace("/e#", "/f#"))
    refuses("invitation", phone.ask, link(s="https://other.example.com"))
    refuses("invitation", phone.ask, link_of(page) + "A" * 512)
    expect(phone.store.data == before and not (stage.folder / "nora" / "phone.json").exists())
    stage.ok("links with another root, token, time, version, member or address are refused; nothing is stored")


def by_administrator(stage):
    account = stage.person("vera")
    invited = stage.world.cli("phone", "add", account)
    phone = stage.phone("vera")
    pending, digits, where = phone.enrol(phone.ask(invited["invitation"]), PIN)
    expect(where == "by the administrator")
    stage.world.cli("phone", "confirm", account, digits)
    pending.fetch_state(25)
    expect(pending.state["state"] == "active")
    stage.ask(pending)
    prompt(pending)
    stage.ok("an administrator confirms a phone by the digits that its person reads out")
