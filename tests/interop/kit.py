"""The conformance kit (docs/conformance.md) before a side that it does not know.

    kit.py server PHONE SERVER [--policy NAME] [--fault NAME]   whoever acts at our server, before `countersign-phone conformance`
    kit.py phone KIT [--fault NAME] [--program PHONE]           this phone, or `countersign-phone`, before `countersign-server-conformance`
    kit.py hook FOLDER CA [--fault NAME] [--program PHONE]      what the latter starts
    kit.py stage SERVER FOLDER --port N                         whoever acts at our server while a story is lived, as a hook:
                                                                story/at_server.py; its authority is FOLDER/ca.pem
    kit.py judge                                                unit/judges.py as a hook: what the text says of a vector

The report goes to standard output, a JSON line. A fault is what a proxy at the server's address makes of its answers, or a phone
that is wrong in one place. A hook takes a JSON line for each errand, and says one for each: what it came to, or why it can't.
"""

import argparse
import json
import shlex
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from story import faults, saml
from story.at_server import AtServer
from story.kit_phone import FAULTS, KitPhone
from story.kit_program import KitProgram
from story.stage import Stage, link_of
from story.world import ADMIN, World, free_port, make_certificates
from unit import judges


class AtTheServer:
    """Makes invitations, types digits, begins requests."""

    def __init__(self, stage):
        self.stage, self.asked, self.shown = stage, None, None

    def invite(self, _):
        self.shown = self.stage.invite(ADMIN)
        return link_of(self.shown[1])

    def type(self, errand):
        browser, page = self.shown
        for _ in range(int(errand["times"])):
            browser.press(browser.get(page.url), "Confirm the digits", digits=errand["digits"])

    def ask(self, errand):
        if self.asked:
            browser, page = self.asked
            page = browser.get(page.url)
            if any(text == "Cancel" for form in page.forms for text, _, _ in form.buttons):
                browser.press(page, "Cancel")
        browser = self.stage.browser()
        page = browser.get(saml.begin(self.stage.world.origin))
        self.asked = browser, browser.press(page, "Continue", account=errand["account"])
        return self.asked[1].number


POLICIES = {
    "dev": {},
    "pin": {"min": [["dev", "pin"]], "pin": 6},
    "uv": {"min": [["uv"]], "match": False},
}


def at_the_server(kit, server, policy, fault):
    """Plays until the report comes; gives it."""
    with tempfile.TemporaryDirectory(prefix="countersign-kit-") as folder:
        world = World(server, Path(folder), behind=fault is not None)
        world.settings(**POLICIES[policy])
        try:
            world.start()
            person = AtTheServer(Stage(world, Path(folder)))
            if fault:
                faults.put(world.front, fault)
            command = [kit, "--json", "--ca", world.ca, "conformance", "--server", world.origin]
            with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as running:
                for line in running.stdout:
                    said = json.loads(line)
                    if said.get("event") == "report":
                        return said
                    running.stdin.write(f"{answer(person, said)}\n")
        finally:
            world.close()
    raise SystemExit("the kit ended without a report")


def before_the_kit(kit, fault, program):
    """The kit with this phone as its hook; its report."""
    with tempfile.TemporaryDirectory(prefix="countersign-kit-") as made:
        folder = Path(made)
        ca, certificate, key = make_certificates(folder)
        port = free_port()
        hook = [sys.executable, "-B", __file__, "hook", str(folder / "phones"), str(ca)]
        hook += ["--fault", fault] if fault else []
        hook += ["--program", str(program.resolve())] if program else []
        command = [kit, "--json", "--origin", f"https://localhost:{port}", "--listen", f"127.0.0.1:{port}"]
        command += ["--tls-cert", certificate, "--tls-key", key, "--dir", folder / "server", "--hook", shlex.join(hook)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        return json.loads(done.stdout.splitlines()[-1])


def act(actor, errand):
    work = None if errand["do"].startswith("_") else getattr(actor, errand["do"].replace("-", "_"), None)
    if not callable(work):
        raise LookupError(f"`{errand['do']}` is nothing that is done here")
    return work(errand) or ""


def answer(actor, errand):
    """One line: what the errand came to, or why it can't be done."""
    try:
        return act(actor, errand)
    except Exception as error:  # whatever it is, the kit has to hear of it
        return f"cannot: {why(error)}"


def why(error):
    return f"{type(error).__name__} {error}".replace("\n", " ")


def as_hook(respond):
    """A line in, a line out, until there are no more."""
    for line in sys.stdin:
        try:
            said = respond(json.loads(line))
        except Exception as error:  # likewise
            said = {"cannot": why(error)}
        print(json.dumps(said), flush=True)


def acting(actor):
    return lambda errand: {"answer": act(actor, errand)}


def judging(errand):
    """The answer, with what comes out beside it."""
    vector = errand["vector"]
    name, values = judges.OPS[vector["op"]](vector, errand["keys"])
    return {"answer": name, "values": values}


def on_stage(server, folder, port):
    """However it ends, the server ends with it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    person = AtServer(server, folder, port)
    try:
        as_hook(acting(person))
    finally:
        person.close()


def main():
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    side = words.add_subparsers(dest="side", required=True)
    server = side.add_parser("server")
    server.add_argument("kit", type=Path)
    server.add_argument("server", type=Path)
    server.add_argument("--policy", choices=sorted(POLICIES), default="dev")
    server.add_argument("--fault", choices=sorted(faults.ALL))
    phone = side.add_parser("phone")
    phone.add_argument("kit", type=Path)
    hook = side.add_parser("hook")
    hook.add_argument("folder", type=Path)
    hook.add_argument("ca", type=Path)
    for one in (phone, hook):
        one.add_argument("--fault", choices=sorted(FAULTS))
        one.add_argument("--program", type=Path)
    stage = side.add_parser("stage")
    stage.add_argument("server", type=Path)
    stage.add_argument("folder", type=Path)
    stage.add_argument("--port", type=int, required=True)
    side.add_parser("judge")
    asked = words.parse_args()
    if asked.side == "stage":
        on_stage(asked.server.resolve(), asked.folder.resolve(), asked.port)
        return
    if asked.side == "judge":
        as_hook(judging)
        return
    if asked.side == "hook":
        held = KitPhone(asked.folder, asked.ca, asked.fault)
        as_hook(acting(KitProgram(asked.program, asked.folder, asked.ca) if asked.program else held))
        return
    if asked.side == "phone":
        print(json.dumps(before_the_kit(asked.kit.resolve(), asked.fault, asked.program)))
        return
    report = at_the_server(asked.kit.resolve(), asked.server.resolve(), asked.policy, asked.fault)
    print(json.dumps(report))


if __name__ == "__main__":
    main()
