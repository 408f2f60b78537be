"""`countersign-phone`, as whoever holds it uses it for the conformance kit.

In: errands of `countersign-server-conformance`. Out: what the phone shows. Never: another way into it than its command line.
"""

import json
import subprocess
import time

# How often an enrolment goes on whose server had no time.
TRIES = 3
BUSY = ("srv.busy", "srv.down", "net.none")


class KitProgram:
    """Each enrolment is tried in a folder of its own; the last one stays. One process at a time has a folder."""

    def __init__(self, program, folder, ca):
        self.words = [program, "--json", "--ca", ca]
        self.folder, self.tried, self.enrolling = folder, 0, None

    def start(self, *words):
        command = [*self.words, "--home", self.folder / str(self.tried), *words]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)

    def run(self, *words):
        """What it said, an object a line; that it failed it says too."""
        said, _ = self.start(*words).communicate(timeout=90)
        return [json.loads(line) for line in said.splitlines()]

    def enrol(self, errand):
        self.tried += 1
        words = ["enrol", errand["link"], "--yes", "--pin", errand["pin"]]
        for _ in range(TRIES):
            self.enrolling = self.start(*words)
            said = {}
            for line in self.enrolling.stdout:
                said = json.loads(line)
                if "digits" in said:
                    return said["digits"]
            self.enrolling.wait()
            if said.get("error", {}).get("code") not in BUSY:
                break
            words = ["resume"]
        return "refused"

    def look(self, _):
        if self.enrolling:
            # It ends once it learned that its digits were typed.
            self.enrolling.communicate(timeout=90)
            self.enrolling = None
        return str(sum(said.get("event") == "prompt" for said in self.run("pending")))

    def approve(self, errand):
        self.run("approve", "--number", errand["number"], "--pin", errand["pin"])

    def deny(self, _):
        self.run("deny")

    def deliver(self, _):
        self.run("outbox", "--send")

    def standing(self, _):
        return self.run("ids")[0]["standing"]

    def wait(self, errand):
        time.sleep(int(errand["seconds"]))
