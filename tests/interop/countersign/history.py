"""Section 8: what was asked and answered, written so that others can check it.

In: an account, or the lines of an export and the thumbprint of the first root. Out: lines, or what they prove. Never:
more vouched for than was checked: nothing from the first wrong thing on, in a server's export nothing behind a gap.
"""

from dataclasses import dataclass, field, replace

from . import challenges, encodings, keys, policies, statements
from .encodings import unb64u
from .errors import Refused, naming
from .shapes import need

OF_THE_HEADER = ("header.to", "header.jwks")
HEADER = {"cs1-history", "origin", "credential", "jwks", "from", "to"}


def export(account, first=1):
    """JSON lines. `first`: the lowest `ctr`, for an excerpt."""
    record = account.record
    entries = [entry for entry in record["history"] + record["outbox"] if entry["ctr"] >= first]
    entries.sort(key=lambda entry: entry["ctr"])
    start = entries[0]["ctr"] if entries else first
    header = {"cs1-history": 1, "origin": record["trust"]["iss"], "credential": account.id, "jwks": record["jwks"]}
    lines = [{**header, "from": start, "to": start + len(entries) - 1}]
    lines += [{"keys": text} for text in record["trust"]["keys"]]
    lines += [{"state": text} for text in record["states"]]
    lines += [
        {name: entry[name] for name in ("challenge", "response", "verdict") if name in entry} for entry in entries
    ]
    return b"".join(encodings.write_json(line) + b"\n" for line in lines)


@dataclass
class Checked:
    """What an export proves. `answers`: challenge (None where a server knew none), response, verdict or None.

    They are those that are vouched for. `signed` has what is behind them too, if the phone signed it: two answers prove a
    fork wherever they stand. `wrong`: the number of the line (None where it is no line's) and what is wrong there, by the
    names of tests/vectors/README.md. `known`: H of the answers that K_dev, where it was given, signed, or that were deposited.
    """

    origin: str = ""
    credential: str = ""
    dev: str | None = None
    answers: list = field(default_factory=list)
    signed: list = field(default_factory=list)
    codes_shown: int = 0
    start: int = 1
    wrong: tuple | None = None
    known: set = field(default_factory=set)

    @property
    def phone_until(self):
        """Up to this `ctr` the phone signed these answers even if S was stolen; 0 where all rests on S."""
        return max((response["ctr"] for _, response, _ in self.answers if response.h in self.known), default=0)

    def before(self, ctr):
        """Vouching ends where another file contradicts it."""
        return replace(self, answers=[answer for answer in self.answers if answer[1]["ctr"] < ctr])


def check(data, root, dev=None, deposited=(), server=False):
    """`root`: the thumbprint of the first root. `dev`: that of K_dev, or `deposited`: H of responses that were kept
    elsewhere. `server`: the export of a server, which may have gaps."""
    reader = _Reader(root, dev, server)
    lines = data.removesuffix(b"\n").split(b"\n")
    place = 0
    try:
        for place, line in enumerate(lines, 1):
            with naming("history", "line"):
                need(len(line) <= encodings.BODY, "history")
                members = encodings.read_json(line)
            reader.read(members)
        reader.end()
    except Refused as refused:
        reader.checked.wrong = (reader.line_of(refused.detail, place), refused.detail)
        for line in lines[max(place - 1, 0) :]:
            reader.read_on(line)
    checked = reader.checked
    there = {response.h: response for response, _ in checked.signed}
    twins = _twins(there.values())
    if twins:  # wherever in the file the second of them stands
        checked = checked.before(min(twins))
    checked.known = {h for h, response in there.items() if response.kid == dev or h in deposited}
    if checked.wrong is None and set(deposited) - set(there):
        checked.wrong = (None, "deposited")
    return checked


def beside(one, other):
    """What another export of the same phone shows of this one: its name and the `ctr` (None: of no answer), or None.

    The other file may be the server's. A fork is told as what it is, never as an end that was cut off.
    """
    if _another_phones(one, other):
        return "differs", None
    forked = fork(one, other)
    found = [] if forked is None else [(forked, "forked")]
    verdicts = {response.h: verdict for response, verdict in other.signed if verdict}
    for response, verdict in one.signed:
        if verdict and response.h in verdicts and verdicts[response.h].body != verdict.body:
            found.append((response["ctr"], "differs"))
    if found:
        ctr, what = min(found, key=lambda finding: finding[0])  # of two at one place the fork
        return what, ctr
    last = max((response["ctr"] for response, _ in one.signed), default=one.start - 1)
    return ("cut", None) if any(response["ctr"] > last for response, _ in other.signed) else None


def _another_phones(one, other):
    """Nothing follows from another phone's `ctr`. A file in which nothing could be believed is nobody's."""
    if None in (one.dev, other.dev):
        return False
    return (one.origin, one.credential, one.dev) != (other.origin, other.credential, other.dev)


def fork(one, other):
    """The lowest `ctr` of an answer that cannot have come from the one phone that gave all the others, or None.

    Two answers with one `ctr` or `prev`, wherever they stand; or one whose `prev` is not H of what the other file has before it.
    """
    if _another_phones(one, other):
        return None
    here, there = ({response.h: response for response, _ in file.signed} for file in (one, other))
    found = _twins({**here, **there}.values())
    for mine, theirs in ((here, there), (there, here)):
        at = {response["ctr"]: h for h, response in theirs.items()}
        for response in mine.values():
            if at.get(response["ctr"] - 1, response["prev"]) != response["prev"]:
                found.append(response["ctr"])
    return min(found, default=None)


def _twins(responses):
    """The `ctr` of each that has the `ctr` or `prev` of another with a lower or the same `ctr`."""
    found = []
    for member in ("ctr", "prev"):
        first = {}
        for response in sorted(responses, key=lambda response: response["ctr"]):
            if first.setdefault(response[member], response) is not response:
                found.append(response["ctr"])
    return found


class _Reader:
    def __init__(self, root, dev, server):
        self.root, self.dev, self.server = root, dev, server
        self.checked = Checked()
        self.header, self.jwks = None, []
        self.n, self.sn, self.order = 0, 0, 0
        self.sign, self.named = [], set()
        self.last, self.gap = None, False
        self.first = {}  # by `ctr` and by `prev`: H of the answer that had it first

    def line_of(self, detail, place):
        """Which line a finding is of."""
        if detail == "dev" and self.sn == 0:
            return None  # no state names it
        return 1 if detail in OF_THE_HEADER else place

    def read(self, line):
        if self.header is None:
            # A later version may have other members; what is no integer is no version (`true` is no 1).
            version = line.get("cs1-history")
            need(type(version) is not int or version == 1, "history", "version")
            with naming("history", "line"):
                self._header(line)
            return
        place, read = self._reader_of(set(line))
        need(place >= self.order, "history", "line.place")
        if place == 3 and self.order < 3:
            self._complete()
        self.order = place
        read(line)

    def _header(self, line):
        need(set(line) == HEADER and type(line["cs1-history"]) is int, "history", "header")
        encodings.origin(line["origin"])
        unb64u(line["credential"], 16)
        need(isinstance(line["jwks"], list) and line["jwks"], "history", "jwks")
        need(type(line["from"]) is int and type(line["to"]) is int and line["from"] >= 1, "history", "range")
        self.jwks = [keys.check(jwk, keys.P256) for jwk in line["jwks"]]
        self.header = line
        self.checked.origin, self.checked.credential = line["origin"], line["credential"]
        self.checked.start = line["from"]

    def _complete(self):
        """Before the first answer: keys and states are all there, and name every key."""
        need(self.n > 0, "history", "keys.root")
        need(self.dev is None or self.sn > 0, "history", "dev")
        need({keys.kid(jwk) for jwk in self.jwks} <= self.named, "history", "header.jwks")

    def end(self):
        need(self.header is not None, "history", "line")
        self._complete()
        last = self.last["ctr"] if self.last else self.header["from"] - 1
        need(self.header["to"] == last, "history", "header.to")

    def _reader_of(self, members):
        answers = [{"challenge", "response"}, {"challenge", "response", "verdict"}]
        if self.server:
            answers += [{"response"}, {"response", "verdict"}]
        readers = [({"keys"}, 1, self._keys), ({"state"}, 2, self._state), ({"challenge"}, 3, self._code_shown)]
        for wanted, place, read in readers + [(one, 3, self._answer) for one in answers]:
            if members == wanted:
                return place, read
        raise Refused("history", "line.place" if members == HEADER else "line")

    def _keys(self, line):
        with naming("history", "keys"):
            by = statements.signer(line["keys"])
        # Before anything was accepted R has to have signed; later it is the root in force.
        need(self.n > 0 or by == self.root, "history", "keys.root")
        with naming("history", "keys"):
            found = statements.verify_own(line["keys"], "cs1-keys", self.root)
        need(found["iss"] == self.header["origin"], "history", "keys.iss")
        need(found["n"] > self.n, "history", "keys.n")
        self.n = found["n"]
        self.sign += found["sign"]
        if "root_next" in found.body:
            self.root = keys.kid(found["root_next"])

    def _by_server(self, text, typ):
        part = typ.removeprefix("cs1-")
        with naming("history", part):
            found = statements.verify(text, typ, self.sign)
        need(found["iss"] == self.header["origin"], "history", f"{part}.iss")
        need(found["aud"] == self.header["credential"], "history", f"{part}.aud")
        return found

    def _state(self, line):
        found = self._by_server(line["state"], "cs1-state")
        need(found["sn"] > self.sn, "history", "state.sn")
        known = self.sn == 0 and self.dev is not None
        self.dev, self.sn = self.dev or found["dev"], found["sn"]
        need(found["dev"] == self.dev, "history", "dev" if known else "state.dev")
        self.checked.dev = self.dev
        self.named |= {found["dev"], found.get("uv")} - {None}

    def _code_shown(self, line):
        found = self._by_server(line["challenge"], "cs1-challenge")
        need(found["mode"] == "offline", "history", "challenge.mode")
        self.checked.codes_shown += 1

    def _answer(self, line):
        challenge = self._by_server(line["challenge"], "cs1-challenge") if "challenge" in line else None
        response = self._by_phone(line["response"])
        if challenge:
            need(response["challenge"] == challenge.h, "history", "response.challenge")
            need(unb64u(response["view"], 32) == challenges.view(challenge.body), "history", "response.view")
            with naming("history", "response.members"):
                challenges.members_fit(challenge, response)
        self._follows(response)
        verdict = self._verdict(line["verdict"], challenge, response) if "verdict" in line else None
        self.last = response
        self._signed(response, verdict)
        if not self.gap:
            self.checked.answers.append((challenge, response, verdict))

    def _by_phone(self, text):
        with naming("history", "response"):
            response = statements.verify(text, "cs1-response", self.jwks)
        need(response["iss"] == self.header["credential"], "history", "response.iss")
        need(response["aud"] == self.header["origin"], "history", "response.aud")
        return response

    def _signed(self, response, verdict):
        self.checked.signed.append((response, verdict))
        for member in ("ctr", "prev"):
            self.first.setdefault((member, response[member]), response.h)

    def read_on(self, line):
        """Behind what is wrong nothing is vouched for, but an answer by a key that a state named may still prove a fork."""
        try:
            response = self._by_phone(encodings.read_json(line).get("response"))
        except Refused:
            return
        if response.kid in self.named:
            self._signed(response, None)

    def _follows(self, response):
        """`ctr` and `prev`; the first of an excerpt is taken as it is, and a server's export may have gaps."""
        for member in ("ctr", "prev"):
            need(self.first.get((member, response[member]), response.h) == response.h, "history", "forked")
        if self.last is None:
            need(response["ctr"] == self.header["from"], "history", "header.from")
            return
        step = response["ctr"] - self.last["ctr"]
        self.gap = self.gap or step > 1
        need(step == 1 or (self.server and step > 1), "history", "response.ctr")
        need(step > 1 or response["prev"] == self.last.h, "history", "response.prev")

    def _verdict(self, text, challenge, response):
        verdict = self._by_server(text, "cs1-verdict")
        need(verdict["challenge"] == response["challenge"], "history", "verdict.challenge")
        need(verdict["response"] == response.h, "history", "verdict.response")
        if challenge and verdict["result"] == "accepted":
            self._accepted(challenge, response, verdict)
        return verdict

    def _accepted(self, challenge, response, verdict):
        if response["decision"] != "report":
            need(challenge["iat"] <= verdict["iat"] <= challenge["exp"], "history", "verdict.iat")
        if response["decision"] == "approve":
            proved = ["dev" if response.kid == self.dev else "uv"] + (["pin"] if "pin" in response.body else [])
            need(any(policies.covers(proved, asked) for asked in challenge["factors"]), "history", "response.factors")
