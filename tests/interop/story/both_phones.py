"""The Rust phone beside the Python phone: one ID on both, and the same lies to both.

The server stands behind a proxy here, at whose address it is known.
"""

import json
import subprocess

from countersign import actions, answers, challenges, history, inbox, keys
from countersign.encodings import write_json

from . import forge, lies
from .stage import PIN, Stage, expect, link_of, prompt, told
from .world import World

RUST_PIN = "223344"


class RustPhone:
    def __init__(self, program, world, folder):
        self.program = program
        self._command = [program, "--json", "--home", folder, "--ca", world.ca, "--device", "Rust phone"]

    def run(self, *words):
        """The events of one command."""
        done = subprocess.run([*self._command, *words], capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def start(self, *words):
        return subprocess.Popen([*self._command, *words], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)

    def enrol(self, link, on_digits):
        running = self.start("enrol", "--yes", "--pin", RUST_PIN, link)
        for line in running.stdout:
            event = json.loads(line)
            if event["event"] == "digits":
                on_digits(event["digits"])
        running.stdout.close()
        expect(running.wait(30) == 0, "the Rust phone did not enrol")

    def prompts(self):
        return [event for event in self.run("pending") if event["event"] == "prompt"]


def play(stage, programs):
    """`programs`: the folder that has `countersign-phone`, and `countersign`, which checks histories."""
    folder = stage.folder / "behind"
    folder.mkdir()
    world = World(stage.world.program, folder, behind=True)
    try:
        world.settings(min=[["dev", "pin"], ["uv"]], pin=6)
        world.start()
        inner = Stage(world, folder)
        inner.ok = stage.ok
        account = inner.enrol("pat")
        rust = RustPhone(programs / "countersign-phone", world, folder / "rust")
        together(inner, account, rust)
        check_the_same(inner, account, rust, programs / "countersign")
        refuses_the_same(inner, account, rust)
    finally:
        world.close()


def together(stage, account, rust):
    link = actions.add_phone(account)

    def typed(digits):
        asked = prompt(account)
        expect(dict(asked.rows)["device"] == "Rust phone")
        expect(answers.approve(account, asked, digits, PIN)["code"] == "ok")

    rust.enrol(link, typed)
    expect(("notice", "phone_added") in told(account))
    stage.ok("the Python phone invites the Rust phone, by the digits that it shows")
    request = stage.ask(account, "transaction", [("Betrag", "1,20 €"), ("An", "Müller & Söhne")], lang="de")
    asked, (seen,) = prompt(account), rust.prompts()
    ours = [list(row) for row in asked.rows]
    expect([[row["id"], row["value"]] for row in seen["rows"]] == ours, f"{seen['rows']} against {ours}")
    stage.ok("both show the same rows")
    said = rust.run("approve", "--number", request["number"], "--pin", RUST_PIN)
    expect(said[-1]["code"] == "ok", said)
    expect(told(account) == [("cancel", "decided_elsewhere")])
    request = stage.ask(account)
    rust.prompts()
    expect(rust.run("approve", "--number", request["number"], "--pin", RUST_PIN)[-1]["code"] == "ok")
    request = stage.ask(account)
    asked = prompt(account)
    rust.prompts()
    expect(answers.approve(account, asked, request["number"], PIN)["code"] == "ok")
    expect({"cancelled"} == {event["event"] for event in rust.run("pending")})
    stage.ok("whoever answers first, the other is told")
    devs = [phone["dev"] for phone in actions.overview(account)["phones"]]
    expect(challenges.phone_set([keys.unb64u(dev, 32) for dev in devs]) == asked.challenge["set"])
    stage.ok("`set` is what it should be of both phones' keys")


def check_the_same(stage, account, rust, checker):
    root = stage.world.root
    theirs = stage.folder / "rust.history"
    rust.run("export-history", "--out", theirs)
    for name, data in (("ours", history.export(account)), ("theirs", theirs.read_bytes())):
        lines = [json.loads(line) for line in data.splitlines()]
        tales = {"nothing": lines, **lies.histories(lines)}
        for what, tale in tales.items():
            file = stage.folder / "spoilt.history"
            file.write_bytes(b"".join(write_json(line) + b"\n" for line in tale))
            found = history.check(file.read_bytes(), root)
            done = subprocess.run([checker, "--json", "verify-history", file, f"--root={root}"], capture_output=True)
            vouched = (json.loads(done.stdout).get("vouched") if done.stdout else None) or {"from": 1, "to": 0}
            told_by_it = (done.returncode == 0, vouched["to"] - vouched["from"] + 1)
            told_by_us = (found.wrong is None, len(found.answers))
            expect(told_by_it == told_by_us, f"{name}, {what}: {told_by_it} there, {told_by_us} here, {found.wrong}")
    stage.ok(
        f"both checkers say the same of both phones' histories, and of {len(tales) - 1} that something is wrong with"
    )


def refuses_the_same(stage, account, rust):
    thief = forge.Signer(stage.world.signing_key(account))
    false_offers(stage, account, rust)
    false_requests(stage, account, rust, thief)
    false_verdicts(stage, account, rust, thief)
    false_states(stage, account, rust, thief)
    stage.world.front.clear()


def in_list(front, **told):
    front.change = lambda path, body: {**body, **told} if path.partition("?")[0] == "/cs/v1/challenges" else None


def false_offers(stage, account, rust):
    front, link = stage.world.front, stage_link(stage)
    honest = {}
    front.change = lambda path, body: honest.update(body) if path == "/cs/v1/offers" else None
    stage.phone("a look").ask(link)
    front.clear()
    rust = RustPhone(rust.program, stage.world, stage.folder / "rust that is lied to")
    sign = account.record["trust"]["sign"][0]
    for name, other in (("keys", "offer"), ("offer", "keys")):
        tales = {**forge.tampered(honest[name], sign), "the other statement": honest[other]}
        for what, lie in tales.items():
            told_so = {**honest, name: lie}
            front.instead = lambda path, told_so=told_so: told_so if path == "/cs/v1/offers" else None
            events = rust.run("enrol", "--yes", "--pin", RUST_PIN, link)
            expect([event for event in events if "event" in event] == [], f"the Rust phone took {name} with {what}")
    front.clear()
    expect(rust.run("ids") == [])
    stage.ok("lies about keys and offer are refused by the Rust phone too")


def stage_link(stage):
    return link_of(stage.invite(stage.person("ruth"))[1])


def false_requests(stage, account, rust, thief):
    front, honest = stage.world.front, {}
    stage.ask(account, "transaction", [("Amount", "1 €")])
    front.change = lambda path, body: honest.update(body) if path.startswith("/cs/v1/challenges") else None
    rust.prompts()
    front.clear()
    expect(rust.run("deny")[-1]["code"] == "ok")
    inbox.poll(account)
    good = {**forge.body_of(honest["challenges"][-1]), "jti": "B" * 21 + "A"}
    true = thief.sign("cs1-challenge", good)
    tales = {**lies.challenges(good, thief), **forge.tampered(true, account.record["trust"]["sign"][0])}
    for name, lie in tales.items():
        in_list(front, challenges=[lie])
        expect(not rust.prompts(), f"the Rust phone took a request with {name}")
    in_list(front, challenges=[true])
    (control,) = rust.prompts()
    front.clear()
    rust.run("deny", control["id"])
    stage.ok(f"{len(tales)} lies about a request are refused by the Rust phone too, and the control is not")


def false_verdicts(stage, account, rust, thief):
    front, honest = stage.world.front, {}
    request = stage.ask(account)
    rust.prompts()
    front.change = lambda path, body: honest.update(body) or {} if path == "/cs/v1/responses" else None
    rust.run("approve", "--number", request["number"], "--pin", RUST_PIN)
    true = honest["verdict"]
    expect(forge.body_of(true)["code"] == "ok", forge.body_of(true))
    tales = lies.verdicts(forge.body_of(true), thief)
    tales.update(forge.tampered(true, account.record["trust"]["sign"][0]))
    for name, lie in tales.items():
        front.change = lambda path, body, lie=lie: {"verdict": lie} if path == "/cs/v1/responses" else None
        rust.run("pending")
        expect(len(rust.run("outbox")) == 1, f"the Rust phone took a verdict with {name}")
    front.clear()
    rust.run("pending")
    expect(rust.run("outbox") == [])
    told(account)
    stage.ok(f"{len(tales)} lies about a verdict leave its answer in the outbox, and the true one ends it")


def false_states(stage, account, rust, thief):
    front, honest = stage.world.front, {}
    newest = {"sn": 10**6}

    def state(text):
        def change(path, body):
            if path.startswith("/cs/v1/credentials/"):
                return {"state": text} if text else honest.update(body)
            return {**body, **newest} if path.startswith("/cs/v1/challenges") else None

        front.change = change
        rust.run("pending")
        front.clear()
        (mine,) = [event for event in rust.run("ids") if event["event"] == "id"]
        return mine["standing"]

    expect(state(None) == "active")
    good = forge.body_of(honest["state"])
    tales = {**lies.states(good, thief), **forge.tampered(honest["state"], account.record["trust"]["sign"][0])}
    for name, lie in tales.items():
        expect(state(lie) == "active", f"the Rust phone took a state with {name}")
    # Nearly every lie had this `sn`: had one been taken, this would come too late.
    control = {**good, "sn": good["sn"] + 1, "state": "suspended", "reason": "admin"}
    expect(state(thief.sign("cs1-state", control)) == "suspended")
    stage.ok(f"{len(tales)} lies about a state likewise")
