"""Somebody in the middle changes what the server says, and then one who stole S: the phone refuses.

It also stores nothing of it: its file stays byte for byte.
"""

from countersign import actions, answers, enrolment, inbox, outbox
from countersign.errors import Refused

from . import forge, lies
from .stage import PIN, expect, link_of, prompt, refuses, told


def chapter(stage):
    proxy = stage.world.proxy()
    try:
        enrolment_in_the_middle(stage, proxy)
        account = stage.enrol("tom", through=proxy.port)
        other = stage.enrol("eve", through=proxy.port)
        thief = forge.Signer(stage.world.signing_key(account))
        requests(stage, proxy, account, other)
        states(stage, proxy, account, other)
        verdicts(stage, proxy, account, thief)
        told_lies(stage, proxy, account, other)
        keys_of_others(stage, proxy, account)
        stolen_challenges(stage, proxy, account, thief)
        stolen_states(stage, proxy, account, thief)
        answers_of_no_form(stage, proxy, account)
        problems(stage, proxy, account)
        what_s_can_do(stage, proxy, other, thief)
    finally:
        proxy.close()


def stored(account):
    return (account.tools.folder / "phone.json").read_bytes()


def nothing_stored(stage, account, what, tales, work):
    """`work(lie)` for each of them: each is refused, and the store stays byte for byte."""
    before = stored(account)
    for name, lie in tales.items():
        try:
            came = work(lie)
        except Refused:
            came = None
        expect(not came, f"{what}, {name}: was taken")
        expect(stored(account) == before, f"{what}, {name}: something was stored")
    stage.ok(f"{what}: {len(tales)} lies, each refused, nothing stored")


def server_key(account):
    return account.record["trust"]["sign"][0]


def in_list(account, **told):
    """A list with these statements and the cursor that the phone has, so that a store that changed took one of them."""
    cursor = account.record["cursor"]
    return lambda path, body: {**body, **told, "next": cursor} if "/challenges" in path else None


# Without a key


def enrolment_in_the_middle(stage, proxy):
    _, page = stage.invite(stage.person("tim"))
    phone = stage.phone("tim", through=proxy.port)
    honest = {}
    proxy.change = lambda path, body: honest.update(body)
    sign = phone.ask(link_of(page)).trust["sign"][0]
    proxy.clear()
    for name, other in (("keys", "offer"), ("offer", "keys")):
        tales = {**forge.tampered(honest[name], sign), "the other statement": honest[other], "none": 7}
        for what, lie in tales.items():
            proxy.instead = lambda path, name=name, lie=lie: {**honest, name: lie}
            refuses(None, phone.ask, link_of(page))
            expect(not (phone.folder / "phone.json").exists(), what)
        stage.ok(f"enrolment, {name}: {len(tales)} lies, each refused, nothing stored")
    proxy.clear()
    h = enrolment.register(phone, phone.ask(link_of(page)), PIN)
    before = (phone.folder / "phone.json").read_bytes()
    proxy.change = lambda path, body: honest.update(body) or {**body, "state": forge.flipped(body["state"], 2)}
    refuses("signature", phone.go_on, h)
    for what, lie in forge.tampered(honest["state"], sign).items():
        proxy.change = lambda path, body, lie=lie: {**body, "state": lie}
        refuses(None, phone.go_on, h)
        expect((phone.folder / "phone.json").read_bytes() == before, what)
    stage.ok("enrolment, state: no digits are shown, and the registration waits for an answer that S signed")
    proxy.clear()
    expect(len(phone.go_on(h)[1]) == 6)


def requests(stage, proxy, account, other):
    request = stage.ask(account)
    foreign = stage.ask(other)
    honest = {}
    proxy.change = lambda path, body: honest.update({path.partition("?")[0]: body})
    to_other = inbox.poll(other, 5).prompts[0].challenge.text
    asked = prompt(account)
    old = asked.challenge.text
    verdict = answers.approve(account, asked, request["number"], PIN)
    tales = {
        **forge.tampered(old, server_key(account)),
        "to another phone": to_other,
        "decided already": old,
        "a state": account.state.text,
        "a verdict": verdict.text,
    }

    def listed(lie):
        proxy.change = in_list(account, challenges=[lie])
        return inbox.poll(account).prompts

    nothing_stored(stage, account, "a list of requests", tales, listed)
    request = stage.ask(account)
    jti = forge.body_of(stage_challenge(proxy, account))["jti"]

    def fetched(lie):
        proxy.change = lambda path, body: {"challenge": lie} if f"/challenges/{jti}" in path else None
        return inbox.fetch(account, jti)

    nothing_stored(stage, account, "one request", tales, fetched)
    proxy.clear()
    expect(answers.approve(account, prompt(account), request["number"], PIN)["code"] == "ok")
    stage.ok("the true request is still there afterwards, and is answered")
    answers.deny(other, inbox.open_prompts(other)[0])
    expect(foreign["state"] == "open")


def stage_challenge(proxy, account):
    """The text of the request that waits, read without storing anything."""
    proxy.clear()
    return account.server.proved("GET", "/cs/v1/challenges")["challenges"][-1]


def states(stage, proxy, account, other):
    tales = {
        **forge.tampered(account.state.text, server_key(account)),
        "another phone's": other.state.text,
        "an older one": account.record["states"][0],
    }

    def fetched(lie):
        proxy.change = lambda path, body: {"state": lie}
        return account.fetch_state()

    nothing_stored(stage, account, "a state", tales, fetched)
    proxy.clear()


def verdicts(stage, proxy, account, thief):
    request = stage.ask(account)
    asked, honest = prompt(account), {}
    proxy.change = lambda path, body: honest.update(body) or {} if path.endswith("/responses") else None
    refuses("answer", answers.approve, account, asked, request["number"], PIN)
    true = honest["verdict"]
    earlier = account.record["history"][-1]["verdict"]
    tales = {**forge.tampered(true, server_key(account)), "an earlier one": earlier}
    tales.update(lies.verdicts(forge.body_of(true), thief))

    def delivered(lie):
        proxy.change = lambda path, body: {"verdict": lie}
        return outbox.deliver_all(account)

    nothing_stored(stage, account, "a verdict", tales, delivered)
    proxy.clear()
    (verdict,) = outbox.deliver_all(account)
    expect(verdict["code"] == "ok" and verdict.text == true and account.record["outbox"] == [])
    stage.ok("the answer waits in the outbox until its true verdict comes")


def told_lies(stage, proxy, account, other):
    actions.pause(account)
    honest = {}
    proxy.change = lambda path, body: honest.update(body) if "/challenges" in path else None
    inbox.poll(account)
    notice = honest["others"][-1]
    actions.pause(other)
    inbox.poll(other)
    foreign = honest["others"][-1]
    tales = {**forge.tampered(notice, server_key(account)), "to another phone": foreign}

    def listed(lie):
        proxy.change = in_list(account, others=[lie])
        return inbox.poll(account, afresh=True).others

    nothing_stored(stage, account, "notices", tales, listed)
    proxy.clear()
    for one in (account, other):
        answers.approve(one, actions.begin(one, "unfreeze"), "", PIN)
        one.fetch_state()
        told(one)


def keys_of_others(stage, proxy, account):
    mine = account.record["trust"]["keys"][-1]
    stranger = forge.Signer()
    body = {**forge.body_of(mine), "n": 99}
    tales = {
        **forge.tampered(mine, server_key(account)),
        "another root": stranger.sign("cs1-keys", {**body, "root": stranger.jwk}),
        "another root in the right name": stranger.sign("cs1-keys", body, kid=account.record["trust"]["root"]),
        "signed by S": forge.Signer(stage.world.signing_key(account)).sign("cs1-keys", body),
    }

    def fetched(lie):
        proxy.change = lambda path, body: {"keys": [lie]} if "/keys" in path else None
        return account.server.refresh_keys()

    nothing_stored(stage, account, "keys", tales, fetched)
    proxy.clear()


# With S


def stolen_challenges(stage, proxy, account, thief):
    request = stage.ask(account, "transaction", [("Amount", "1 €")])
    text = stage_challenge(proxy, account)
    good = forge.body_of(text)
    made = lies.challenges(good, thief)

    def listed(lie):
        proxy.change = in_list(account, challenges=[lie])
        return inbox.poll(account).prompts

    nothing_stored(stage, account, "a request by who stole S", made, listed)
    proxy.clear()
    expect(answers.deny(account, prompt(account))["code"] == "ok")
    expect(stage.api.wait(request["id"], 5)["state"] == "denied")


def stolen_states(stage, proxy, account, thief):
    good = forge.body_of(account.state.text)
    made = lies.states(good, thief)

    def fetched(lie):
        proxy.change = lambda path, body: {"state": lie}
        return account.fetch_state()

    nothing_stored(stage, account, "a state by who stole S", made, fetched)
    proxy.clear()


def answers_of_no_form(stage, proxy, account):
    tales = {
        "not JSON": b"{",
        "a list": b"[]",
        "a member more": {"state": account.state.text, "more": 1},
        "no member": {},
        "a number": {"state": 7},
        "two in one": {"state": [account.state.text]},
        "deep": b'{"state":' * 7 + b"1" + b"}" * 7,
        "large": b'{"state":"' + b"A" * 70_000 + b'"}',
    }

    def fetched(lie):
        proxy.change = lambda path, body: lie
        return account.fetch_state()

    nothing_stored(stage, account, "answers of no form", tales, fetched)
    proxy.clear()


PROBLEMS = (
    (400, "bad_statement"),
    (401, "bad_proof"),
    (401, "nonce_required"),
    (403, "not_active"),
    (404, "not_found"),
    (409, "conflict"),
    (410, "gone"),
    (413, "too_large"),
    (418, "teapot"),
    (429, "slow_down"),
    (500, "fault"),
    (503, "unavailable"),
)


def problems(stage, proxy, account):
    """Unsigned answers: they end nothing and change nothing."""
    before = stored(account)
    for status, code in PROBLEMS:
        proxy.problem = lambda path, told=(status, code): told
        for work in (account.fetch_state, account.server.refresh_keys):
            refuses(code, work)
        refuses(code, inbox.poll, account)
        expect(stored(account) == before, f"{status} {code} changed something")
    proxy.clear()
    request = stage.ask(account)
    asked = prompt(account)
    proxy.problem = lambda path: (500, "fault")
    refuses("fault", answers.approve, account, asked, request["number"], PIN)
    for status, code in PROBLEMS:
        proxy.problem = lambda path, told=(status, code): told
        refuses(code, outbox.deliver_all, account)
        expect(len(account.record["outbox"]) == 1, f"{status} {code} ended an answer")
    expect(account.record["outbox"][0]["stuck"])
    proxy.clear()
    (verdict,) = outbox.deliver_all(account)
    expect(verdict["code"] == "ok" and account.state["state"] == "active")
    stage.ok(f"{len(PROBLEMS)} problems change no credential and end no answer; its verdict does")


def what_s_can_do(stage, proxy, account, thief):
    """The control: the same means, nothing wrong with the statement. Section 13 says so openly."""
    stage.ask(account)
    good = {**forge.body_of(stage_challenge(proxy, account)), "jti": "A" * 22}
    proxy.change = lambda path, body: {**body, "challenges": [thief.sign("cs1-challenge", good)]}
    expect([one.jti for one in inbox.poll(account).prompts] == ["A" * 22])
    strange = thief.sign("cs1-challenge", {**good, "jti": "B" * 21 + "A", "set": thief.kid})
    proxy.change = lambda path, body: {**body, "challenges": [strange]}
    expect([one.note for one in inbox.poll(account).prompts] == [True])
    stage.ok("phones that nothing explained are said above the request")
    state, policy = forge.body_of(account.state.text), account.policy
    weaker = {**policy, "n": policy["n"] + 1, "match": False}
    ended = {**state, "sn": state["sn"] + 1, "state": "suspended", "reason": "admin", "policy": weaker}
    proxy.change = lambda path, body: {"state": thief.sign("cs1-state", ended)}
    expect(account.fetch_state() and account.state["state"] == "suspended" and account.policy == policy)
    proxy.clear()
    stage.ok("who stole S asks and suspends like the server; a weaker policy does not come even so")
