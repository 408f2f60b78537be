"""The words of a phone's command line, as the table of tests/stories/README.md has them.

In: what somebody typed. Out: a command with its words, values and flags. Never: an option that is passed over, or an id taken
for an option because it begins with a hyphen.
"""

from dataclasses import dataclass, field

FLAGS = {"json", "yes", "gesture", "send"}
VALUES = {"home", "ca", "device", "engine", "die-at", "pin", "new", "number", "limit", "fault"}
EVERYWHERE = {"json", "home", "ca", "device", "engine", "die-at", "fault"}
NAMES = (22, 43)  # characters of an id and of a key's thumbprint, which may begin with a hyphen

# How many words each command takes, and which options of its own.
COMMANDS = {
    "enrol": (1, {"yes", "pin", "gesture"}),
    "resume": (0, set()),
    "pending": (0, set()),
    "open": (1, set()),
    "approve": (1, {"number", "pin"}),
    "deny": (1, {"number", "pin"}),
    "report": (1, {"number", "pin"}),
    "more": (1, set()),
    "outbox": (0, {"send"}),
    "ids": (0, set()),
    "notices": (0, {"limit"}),
    "overview": (0, set()),
    "add-phone": (0, set()),
    "remove-phone": (1, {"pin"}),
    "pause": (0, set()),
    "unfreeze": (0, {"pin"}),
    "set-pin": (0, {"pin", "new"}),
    "renew-gesture": (0, {"pin"}),
}


class Usage(Exception):
    """The command line does not make sense."""


@dataclass
class Words:
    command: str = ""
    rest: list = field(default_factory=list)
    values: dict = field(default_factory=dict)
    flags: set = field(default_factory=set)

    def get(self, name):
        return self.values.get(name)

    def need(self, name):
        if name not in self.values:
            raise Usage(f"--{name} is missing")
        return self.values[name]

    def number(self, name, other=None):
        """A whole number, written with the ten digits of ASCII."""
        text = self.values.get(name)
        if text is None:
            return other
        if not (text.isascii() and text.isdigit() and 1 <= len(text) <= 9):
            raise Usage(f"--{name} wants a number")
        return int(text)


def read(typed):
    found, rest = Words(), list(typed)
    while rest:
        word = rest.pop(0)
        name = word.removeprefix("--")
        if name != word and name in FLAGS:
            found.flags.add(name)
        elif name != word and name in VALUES:
            if not rest or name in found.values:
                raise Usage(f"{word} wants one value")
            found.values[name] = rest.pop(0)
        elif word.startswith("-") and len(word) not in NAMES:
            raise Usage(f"{word} is not known")
        elif found.command:
            found.rest.append(word)
        else:
            found.command = word
    return _fitting(found)


def _fitting(found):
    if found.command not in COMMANDS:
        raise Usage(f"“{found.command}” is no command")
    words, own = COMMANDS[found.command]
    if len(found.rest) != words:
        raise Usage(f"{found.command} takes {words} words")
    strange = (set(found.values) | found.flags) - EVERYWHERE - own
    if strange:
        raise Usage(f"{found.command} takes no --{min(strange)}")
    return found
