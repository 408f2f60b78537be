"""Asks python3-saml what it makes of responses, without a browser: for the negative controls of the tests.

    judge.py SETTINGS.json < CASES > VERDICTS

Each line of CASES is `{"response": base64, "request_id": …}`; each line of VERDICTS answers the case in its place, and
is `{"accepted": true|false, …}` with what provider.py says. One run remembers what it believed, so a response given
twice is a replay.
"""

import json
import sys

from provider import Provider, read_settings


def main():
    provider = Provider(read_settings(sys.argv[1]))
    for line in sys.stdin:
        case = json.loads(line)
        verdict = provider.judge(case["response"], case.get("request_id"))
        print(json.dumps({"accepted": not verdict["errors"], **verdict}), flush=True)


if __name__ == "__main__":
    main()
