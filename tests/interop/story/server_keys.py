"""Section 4: new signing keys, new roots, more addresses, and phones that were away."""

from countersign import answers, history

from .stage import PIN, expect, prompt, refuses


def chapter(stage):
    account, away = stage.enrol("zoe"), stage.enrol("yuri")
    rotated(stage, account)
    withdrawn(stage, account)
    new_roots(stage, account, away)
    several_addresses(stage, account)


def restarted(stage, account):
    """The phone as it is after its app was started anew: it may ask for keys at once."""
    return stage.phone(stage_name(account)).account(account.id)


def stage_name(account):
    return account.tools.folder.name


def answer(stage, account):
    request = stage.ask(account)
    expect(answers.approve(account, prompt(account), request["number"], PIN)["code"] == "ok")


def rotated(stage, account):
    stage.world.cli("keys", "rotate", "--root-key", stage.world.root_key)
    answer(stage, account)
    expect(account.record["trust"]["n"] == 2 and len(account.record["trust"]["sign"]) == 2)
    stage.ok("a phone that meets a statement of a new key fetches the keys and goes on")


def withdrawn(stage, account):
    account = restarted(stage, account)
    request = stage.ask(account)
    asked = prompt(account)
    signer = asked.challenge.kid
    stage.world.cli("keys", "withdraw", signer, "--replace", "--root-key", stage.world.root_key)
    stage.api.cancel(request["id"])
    account = restarted(stage, account)
    account.server.refresh_keys()
    refuses("unknown_key", account.server.verified, asked.challenge.text, "cs1-challenge")
    answer(stage, account)
    stage.ok("what a withdrawn key signed is void for a phone that knows the newer keys")


def new_roots(stage, account, away):
    first = stage.world.root
    for number in (1, 2):
        new = stage.folder / f"root-{number}.key"
        stage.world.cli("keys", "root", "--root-key", stage.world.root_key, "--new-root-key", new)
        stage.world.root_key = new
    stage.world.root = stage.world.cli("keys", "list")["root"]
    for one in (restarted(stage, account), away):
        answer(stage, one)
        expect(one.record["trust"]["root"] == stage.world.root != first)
        history.check(history.export(one), first)
    expect(len(away.record["trust"]["keys"]) >= 4)
    stage.ok("phones follow two new roots at once, also one that was away since its enrolment")
    stage.enrol("xena")
    stage.ok("whoever enrols now pins the new root")


def several_addresses(stage, account):
    world = stage.world
    account = restarted(stage, account)
    second = world.another_address()
    try:
        world.cli("keys", "renew", "--root-key", world.root_key)
        account.server.refresh_keys()
        expect(account.record["trust"]["origins"] == [world.origin, second.origin])
        request = stage.ask(account)
        world.stop()
        asked = prompt(account)
        expect(answers.approve(account, asked, request["number"], PIN)["code"] == "ok")
        world.start()
        stage.ok("where the first address is silent, the second is called; the proof names the address that was called")
    finally:
        second.stop()
