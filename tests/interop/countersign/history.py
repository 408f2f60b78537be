"""Section 8: what was asked and answered, written so that others can check it.

In: an account, or the lines of an export and the thumbprint of the first root. Out: lines, or what they prove. Never:
more vouched for than was checked.
"""

from dataclasses import dataclass, field

from . import challenges, encodings, keys, statements
from .encodings import unb64u
from .errors import Refused
from .shapes import need

HEADER = {"cs1-history", "origin", "credential", "jwks", "from", "to"}


def export(account, first=1):
    """JSON lines. `first`: the lowest `ctr`, for an excerpt."""
    record = account.record
    entries = [entry for entry in record["history"] if entry["ctr"] >= first]
    entries.sort(key=lambda entry: entry["ctr"])
    header = {
        "cs1-history": 1,
        "origin": record["trust"]["iss"],
        "credential": account.id,
        "jwks": record["jwks"],
        "from": entries[0]["ctr"] if entries else first,
        "to": entries[-1]["ctr"] if entries else first - 1,
    }
    lines = [header]
    lines += [{"keys": text} for text in record["trust"]["keys"]]
    lines += [{"state": text} for text in record["states"]]
    lines += [{name: entry[name] for name in ("challenge", "response", "verdict") if name in entry} for entry in entries]
    return b"".join(encodings.write_json(line) + b"\n" for line in lines)


@dataclass
class Checked:
    """What an export proves. `answers`: response and verdict, in their order; `codes_shown` prove nothing."""

    origin: str
    credential: str
    answers: list = field(default_factory=list)
    codes_shown: int = 0
    by_phone: bool = False


def check(data, root, dev=None, deposited=()):
    """`root`: the thumbprint of the first root. `dev`: that of K_dev, or `deposited`: digests of responses that were kept
    elsewhere; then that the phone signed these answers holds even if S was stolen."""
    reader = _Reader(data, root)
    reader.read()
    shown = {response.h for _, response, _ in reader.checked.answers}
    need(set(deposited) <= shown, "history", "a deposited response is not in it")
    if dev is not None:
        need(reader.named_dev == {dev}, "history", "another K_dev")
    reader.checked.by_phone = dev is not None or bool(deposited)
    return reader.checked


class _Reader:
    def __init__(self, data, root):
        self.lines = [encodings.read_json(line) for line in data.removesuffix(b"\n").split(b"\n")]
        self.root, self.n, self.sn = root, 0, 0
        self.sign, self.named, self.named_dev = [], set(), set()
        self.last = None

    def read(self):
        header = self.lines[0]
        need(set(header) == HEADER and header["cs1-history"] == 1, "history", "header")
        encodings.origin(header["origin"])
        unb64u(header["credential"], 16)
        need(isinstance(header["jwks"], list) and header["jwks"], "history", "jwks")
        self.header = header
        self.jwks = [keys.check(jwk, keys.P256) for jwk in header["jwks"]]
        self.checked = Checked(header["origin"], header["credential"])
        order = 0
        for line in self.lines[1:]:
            place, read = self._reader_of(set(line))
            need(place >= order, "history", "order")
            order = place
            read(line)
        need(self.n > 0 and self.sn > 0, "history", "keys or state missing")
        self._range(header["from"], header["to"])

    def _reader_of(self, members):
        readers = (({"keys"}, 1, self._keys), ({"state"}, 2, self._state), ({"challenge"}, 3, self._code_shown))
        readers += (({"challenge", "response"}, 3, self._answer), ({"challenge", "response", "verdict"}, 3, self._answer))
        for wanted, place, read in readers:
            if members == wanted:
                return place, read
        raise Refused("history", "a line")

    def _keys(self, line):
        found = statements.verify_own(line["keys"], "cs1-keys", self.root)
        need(found["iss"] == self.header["origin"], "iss")
        need(found["n"] > self.n, "history", "keys go back")
        self.n = found["n"]
        self.sign += found["sign"]
        if "root_next" in found.body:
            self.root = keys.kid(found["root_next"])

    def _by_server(self, text, typ):
        found = statements.verify(text, typ, self.sign)
        need(found["iss"] == self.header["origin"], "iss")
        need(found["aud"] == self.header["credential"], "aud")
        return found

    def _state(self, line):
        found = self._by_server(line["state"], "cs1-state")
        need(found["sn"] > self.sn, "history", "states go back")
        self.sn = found["sn"]
        self.named_dev.add(found["dev"])
        self.named |= {found["dev"], found.get("uv")} - {None}

    def _code_shown(self, line):
        self._by_server(line["challenge"], "cs1-challenge")
        self.checked.codes_shown += 1

    def _answer(self, line):
        challenge = self._by_server(line["challenge"], "cs1-challenge")
        allowed = [jwk for jwk in self.jwks if keys.kid(jwk) in self.named]
        response = statements.verify(line["response"], "cs1-response", allowed)
        need(response["challenge"] == challenge.h, "history", "challenge")
        need((response["iss"], response["aud"]) == (challenge["aud"], challenge["iss"]), "history", "iss or aud")
        need(unb64u(response["view"], 32) == challenges.view(challenge.body), "history", "view")
        challenges.members_fit(challenge, response)
        self._follows(response)
        verdict = None
        if "verdict" in line:
            verdict = self._by_server(line["verdict"], "cs1-verdict")
            same = (verdict["challenge"], verdict["response"]) == (challenge.h, response.h)
            need(same, "history", "verdict")
        self.checked.answers.append((challenge, response, verdict))

    def _follows(self, response):
        """`ctr` and `prev`; the first of an excerpt is taken as it is."""
        if self.last is not None:
            need(response["ctr"] == self.last["ctr"] + 1, "history", "ctr")
            need(response["prev"] == self.last.h, "history", "prev")
        need((response["ctr"] == 1) == (response["prev"] == ""), "history", "prev")
        self.last = response

    def _range(self, first, last):
        found = [response["ctr"] for _, response, _ in self.checked.answers]
        if found:
            need((first, last) == (found[0], found[-1]), "history", "range")
