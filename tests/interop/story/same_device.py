"""Sections 7 and 15: a sign-in on the phone itself, and more time."""

import re

from countersign import actions, answers, inbox, outbox
from countersign.encodings import b64u, unb64u

from . import forge, lies, saml
from .stage import PIN, cannot, expect, prompt, refuses, told


def chapter(stage):
    proxy = stage.world.proxy()
    try:
        account = stage.enrol("sam", through=proxy.port)
        on_this_phone(stage, account, proxy)
        more_time(stage, stage.enrol("sara"))
    finally:
        proxy.close()


def on_this_phone(stage, account, proxy):
    browser, page, asked = stage.login(account)
    page = browser.press(page, "Open on this phone")
    link = page.links["Open Countersign"]
    expect(inbox.poll(account, afresh=True).prompts == [] and told(account) == [("cancel", "replaced")])
    expect(inbox.open_prompts(account) == [])
    stage.ok("[Open on this phone] makes way: the request with the number is over, and nothing is listed instead")
    links_that_lie(account, link)
    found, here = account.tools.open(link)
    challenge = here.challenge
    expect(found is account and (challenge["mode"], challenge["match"]) == ("same", 0))
    expect(challenge["replaces"] == asked.jti and challenge["txn"] != asked.challenge["txn"])
    stage.ok("the link, and nothing else, brings the same question without a number")
    honest = {}
    proxy.change = lambda path, body: honest.update(body) or {} if path.endswith("/responses") else None
    refuses("answer", answers.approve, account, here, "", PIN)
    good = forge.body_of(honest["verdict"])
    expect(re.fullmatch(re.escape(stage.world.origin) + r"/r/[A-Za-z0-9_-]{22}", good["return"]))
    thief = forge.Signer(stage.world.signing_key(account))
    tales = {name: lie for name, lie in lies.verdicts(good, thief).items() if name != "with a way back"}
    for name, way in (("no way back", None), ("a way to elsewhere", "https://other.example.com/r/" + "A" * 22)):
        tales[name] = thief.sign("cs1-verdict", {key: value for key, value in {**good, "return": way}.items() if value})
    for lie in tales.values():
        proxy.change = lambda path, body, lie=lie: {"verdict": lie}
        refuses(None, outbox.deliver_all, account)
    proxy.clear()
    stage.ok("a verdict without its way back, or with one to elsewhere, is none; the answer stays in the outbox")
    (verdict,) = outbox.deliver_all(account)
    stranger = stage.browser().get(verdict["return"])
    expect("Go back to the browser" in stranger.text, stranger.text)
    page = browser.get(verdict["return"])
    expect(saml.who(page) == account.state["account"], page.text)
    stage.ok("the way back signs in the browser that began, and no other")
    expect("SAMLResponse" not in str(browser.get(verdict["return"]).forms))
    stage.ok("and once")


def links_that_lie(account, link):
    address, _, fragment = link.partition("#")
    told_by = forge.encodings.read_json(unb64u(fragment))

    def made(**changes):
        return f"{address}#{b64u(forge.write_json({**told_by, **changes}))}"

    for lie in (
        made(v=2),
        made(more=1),
        made(s="https://other.example.com"),
        link.replace("/c#", "/d#"),
        link + "A" * 512,
    ):
        refuses(None, account.tools.open, lie)
    refuses("link", account.tools.open, "other://c#" + fragment)
    cannot(account.tools.open, made(c="A" * 22))


def more_time(stage, account):
    request = stage.ask(account)
    first = prompt(account)
    newest = actions.more_time(account, first)
    old, new = first.challenge.body, newest.challenge.body
    same = set(old) - {"jti", "iat", "exp", "keys"}
    expect({name: old[name] for name in same} == {name: new[name] for name in same} and new["exp"] >= old["exp"])
    expect([one.jti for one in inbox.open_prompts(account)] == [newest.jti])
    stage.ok("more time is the same question by a new statement, and one prompt")
    expect(answers.approve(account, first, request["number"], PIN)["code"] == "ok")
    cannot(answers.approve, account, newest, request["number"], PIN)
    expect(stage.api.wait(request["id"], 5)["state"] == "approved")
    stage.ok("the older statement may still be answered, and that decides both")
    stage.ask(account)
    newest = prompt(account)
    for _ in range(10):
        newest = actions.more_time(account, newest)
    refuses("conflict", actions.more_time, account, newest)
    expect(answers.deny(account, newest)["code"] == "ok")
    stage.ok("ten times, and no more")
