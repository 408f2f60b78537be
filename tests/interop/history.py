"""Checks a history that a phone exported, by docs/protocol.md section 8, without any server.

    history.py FILE --root=THUMBPRINT [--dev=THUMBPRINT] [--deposited=H]… [--server] [--other FILE]

With `=`, since a thumbprint may begin with a hyphen.
"""

import argparse
import sys
from pathlib import Path

from countersign import history


def main():
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("file", type=Path)
    words.add_argument("--root", required=True, help="the thumbprint of the first root key R")
    words.add_argument("--dev", help="the thumbprint of the phone's K_dev, taken from elsewhere")
    words.add_argument("--deposited", action="append", default=[], help="H of a response that was kept elsewhere")
    words.add_argument("--server", action="store_true", help="the file is a server's export, which may have gaps")
    words.add_argument("--other", type=Path, help="another export of the same phone: do the two contradict each other?")
    asked = words.parse_args()
    checked = history.check(asked.file.read_bytes(), asked.root, asked.dev, asked.deposited, asked.server)
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
    good = checked.wrong is None
    if not good:
        print("WRONG at line {}: {}. Nothing is vouched for from there on.".format(*checked.wrong))
    if asked.other:
        forked = history.fork(checked, history.check(asked.other.read_bytes(), asked.root, asked.dev))
        good = good and forked is None
        print("The two exports fit together." if forked is None else f"FORK at {forked}: this phone exists twice.")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
