"""Checks a history that a phone exported, by docs/protocol.md section 8, without any server.

    history.py FILE --root=THUMBPRINT [--dev=THUMBPRINT] [--deposited=H]… [--server] [--other FILE]

With `=`, since a thumbprint may begin with a hyphen.
"""

import argparse
import sys
from pathlib import Path

from countersign import history

BESIDE = {
    "forked": "FORK at {}: this phone exists twice. Nothing is vouched for from there on.",
    "differs": "DIFFERENT at {}: the other file says something else there.",
    "cut": "CUT: the other file has more.",
}
ANOTHER = "DIFFERENT: the other file is another phone's."


def main():
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("file", type=Path)
    words.add_argument("--root", required=True, help="the thumbprint of the first root key R")
    words.add_argument("--dev", help="the thumbprint of the phone's K_dev, taken from elsewhere")
    words.add_argument("--deposited", action="append", default=[], help="H of a response that was kept elsewhere")
    words.add_argument("--server", action="store_true", help="the file is a server's export, which may have gaps")
    words.add_argument("--other", type=Path, help="another export of this phone, or the server's: do the two fit together?")
    asked = words.parse_args()
    checked = history.check(asked.file.read_bytes(), asked.root, asked.dev, asked.deposited, asked.server)
    behind = 0 if checked.wrong else len(checked.signed) - len(checked.answers)
    checked, wrong = (checked, []) if asked.other is None else beside(checked, asked.other.read_bytes(), asked.root)
    for challenge, response, verdict in checked.answers:
        became = f"{verdict['result']} ({verdict['code']})" if verdict else "no verdict"
        what = (challenge["kind"], challenge["service"]["name"]) if challenge else ("?", "?")
        print(response["ctr"], *what, response["decision"], became, sep="\t")
    print(
        f"{checked.credential} at {checked.origin}: {len(checked.answers)} answers, {checked.codes_shown} codes shown"
    )
    if checked.phone_until:
        print(f"Up to {checked.phone_until} the phone signed these answers, even if S was stolen.")
    print("All else is as good as S was never stolen.")
    if behind:
        print(f"A GAP. For the {behind} answers behind it nothing is vouched for.")
    if checked.wrong:
        wrong.insert(0, "WRONG at line {}: {}. Nothing is vouched for from there on.".format(*checked.wrong))
    elif asked.other and not wrong:
        print("The two exports fit together.")
    for one in wrong:
        print(one)
    return 1 if wrong or not checked.answers else 0


def beside(checked, data, root):
    """What is still vouched for, and what the other file shows. As a server's it is read kindly: it only has to contradict."""
    other = history.check(data, root, server=True)
    wrong = ["The other file is WRONG at line {}: {}.".format(*other.wrong)] if other.wrong else []
    found = history.beside(checked, other)
    if found is None:
        return checked, wrong
    what, ctr = found
    wrong.append(ANOTHER if (what, ctr) == ("differs", None) else BESIDE[what].format(ctr))
    return (checked if ctr is None else checked.before(ctr)), wrong


if __name__ == "__main__":
    sys.exit(main())
