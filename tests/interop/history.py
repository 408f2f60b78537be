"""Checks a history that a phone exported, by docs/protocol.md section 8, without any server.

    history.py FILE --root THUMBPRINT [--dev THUMBPRINT] [--deposited H]…
"""

import argparse
import sys
from pathlib import Path

from countersign import history
from countersign.errors import Refused


def main():
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("file", type=Path)
    words.add_argument("--root", required=True, help="the thumbprint of the first root key R")
    words.add_argument("--dev", help="the thumbprint of the phone's K_dev, taken from elsewhere")
    words.add_argument("--deposited", action="append", default=[], help="H of a response that was kept elsewhere")
    asked = words.parse_args()
    try:
        checked = history.check(asked.file.read_bytes(), asked.root, asked.dev, asked.deposited)
    except Refused as refused:
        print(f"refused: {refused}")
        return 1
    for challenge, response, verdict in checked.answers:
        became = f"{verdict['result']} ({verdict['code']})" if verdict else "no verdict"
        print(f"{response['ctr']}\t{challenge['kind']}\t{challenge['service']['name']}\t{response['decision']}\t{became}")
    print(f"{checked.credential} at {checked.origin}: {len(checked.answers)} answers, {checked.codes_shown} codes shown")
    if checked.by_phone:
        print("The phone signed these answers, even if S was stolen; what the server says of them is as good as S.")
    else:
        print("All of this is as good as S was never stolen.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
