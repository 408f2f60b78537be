"""Every op of tests/vectors/README.md, answered from the text.

In: a vector without regard to what it expects, and the keys of its file. Out: the answer's name, and what comes out
beside it. Never: a name that was looked up in the vector.
"""

import json
import re

from cryptography.hazmat.primitives.asymmetric import x25519

from countersign import (
    account,
    agreement,
    challenges,
    codes,
    encodings,
    history,
    inbox,
    keys,
    pin,
    push,
    receipts,
    statements,
)
from countersign.encodings import b64u, unb64u
from countersign.errors import Refused, Unreachable
from countersign.server import Server
from countersign.shapes import need
from unit import answers_judged

OPS = {}


def op(judge):
    OPS[judge.__name__.strip("_")] = judge
    return judge


def refused(names, other):
    """A refusal's name: by code and detail, by code alone, or the one for all else."""

    def named(error):
        return names.get((error.code, error.detail), names.get(error.code, other)), {}

    return named


def judged(named, work):
    try:
        return "ok", work()
    except Refused as error:
        return named(error)


def compared(came, told):
    return ("ok" if came == told else "differs"), {}


# Statements ----------------------------------------------------------------------------------------------------------

STATEMENT = refused(
    {
        "size": "too_large",
        "compact": "not_compact",
        "header": "header",
        "typ": "wrong_type",
        "unknown_key": "unknown_key",
        "alg": "algorithm",
        "signature": "signature",
        "text": "text",
    },
    "malformed",
)


def read(work):
    return judged(STATEMENT, lambda: {"H": work().h})


@op
def statement(told, jwks):
    typ = told["typ"].removesuffix("+jwt")
    return read(lambda: statements.verify(told["statement"], typ, [jwks[name] for name in told["by"]]))


@op
def keys_(told, _):
    return read(lambda: statements.verify_own(told["statement"], "cs1-keys", told["root"]))


@op
def registration(told, _):
    return read(lambda: statements.verify_own(told["statement"], "cs1-registration"))


@op
def uv_proof(told, jwks):
    def work():
        found = statements.verify(told["statement"], "cs1-key", [jwks[told["uv"]]])
        need(all(found[name] == told[name] for name in ("aud", "ctx", "dev")), "value", "another's")
        return found

    return read(work)


# Derivations ---------------------------------------------------------------------------------------------------------


def secret(told):
    return x25519.X25519PrivateKey.from_private_bytes(bytes.fromhex(told["mine"]))


def shared(theirs, server_statement, mine):
    return agreement.Agreement({"kty": "OKP", "crv": "X25519", "x": theirs}, unb64u(server_statement, 32), mine)


def raw(told, *names):
    return [unb64u(told[name]) for name in names]


@op
def thumbprint(told, jwks):
    return "ok", {"thumbprint": keys.kid(jwks[told["key"]])}


@op
def set_(told, _):
    return "ok", {"set": challenges.phone_set([unb64u(one, 32) for one in told["phones"]])}


@op
def view(told, jwks):
    body = statements.verify(told["challenge"], "cs1-challenge", [jwks[name] for name in told["by"]]).body
    return "ok", {"lines": challenges.lines(body), "view": b64u(challenges.view(body))}


@op
def agreement_(told, _):
    try:
        made = shared(told["theirs"], told["server_statement"], secret(told))
    except Refused:
        return "refused", {}
    return compared(made.key(told["purpose"], unb64u(told["phone_statement"], 32)).hex(), told["key"])


@op
def recovery_codes(told, _):
    made = shared(told["theirs"], told["server_statement"], secret(told))
    found = [made.recovery_code(number, unb64u(told["phone_statement"], 32)) for number in range(1, 11)]
    return compared([codes.crockford(code) for code in found], told["codes"])


@op
def confirmation(told, _):
    key = bytes.fromhex(told["key"])
    return compared(b64u(agreement.confirmation(key, unb64u(told["registration"], 32))), told["kc"])


@op
def commitment(told, _):
    return compared(b64u(agreement.commitment(*raw(told, "eid", "ns"))), told["sas"])


@op
def digits(told, _):
    return compared(agreement.digits(*raw(told, "offer", "registration", "ns", "np")), told["digits"])


@op
def pin_(told, _):
    wrong = pin.fault(told["pin"])
    return (wrong.replace(" ", "_") if wrong else "ok"), {}


@op
def pin_blob(told, _):
    salt, j, k_pin, pepper = (bytes.fromhex(told[name]) for name in ("salt", "j", "k_pin", "pepper"))
    cost = {"m": told["m_KiB"], "t": told["t"], "p": told["p"]}
    return compared(pin.hide(k_pin, told["pin"], lambda _: pepper, j, cost, salt)["blob"].hex(), told["blob"])


@op
def pin_proof(told, jwks):
    response = statements.verify(told["response"], "cs1-response", [jwks[name] for name in told["by"]])
    made = shared(response["dh"]["x"], told["challenge"], secret(told))
    new_uv = keys.thumbprint(response["input"]["uv"]) if "input" in response.body else b""
    words = (unb64u(told["challenge"], 32), response["dh"], response["jti"], unb64u(response["view"], 32))
    words += (response.get("match", ""), new_uv)
    return compared(b64u(pin.proof(made.blind(), bytes.fromhex(told["k_pin"]), *words)), told["proof"])


@op
def recovery_use(told, _):
    try:
        code = codes.recovery(told["code"])
    except Refused:
        return "shape", {}
    return compared(b64u(agreement.recovery_use(code, *raw(told, "offer", "dev"))), told["rec"])


@op
def offline_code(told, _):
    return compared(codes.offline_code(bytes.fromhex(told["key"]), unb64u(told["challenge"], 32)), told["code"])


PUSH = {"none": "none", "form": "not_compact", "header": "header", "does not open": "sealed"}
PUSH.update({"another challenge": "another", "over": "over"})


@op
def push_text(told, _):
    try:
        body = push.check(told["payload"].encode("utf-8"))
    except Refused:
        return "payload", {}
    names = {("push", detail): name for detail, name in PUSH.items()}
    return judged(refused(names, "malformed"), lambda: push.text(body, bytes.fromhex(told["key"]), told["now"]))


# Links, codes, texts -------------------------------------------------------------------------------------------------


def link(what):
    return refused({(what, "size"): "too_long", (what, "http"): "not_https", (what, "version"): "version"}, "malformed")


@op
def invitation(told, _):
    def work():
        found = codes.invitation(told["link"])
        brand = told["link"].partition("#")[0].removeprefix(found["s"] + "/e").removeprefix("/")
        out = {"origin": found["s"], "root": found["k"], "token": found["t"], "expires": found["x"]}
        return {**out, "brand": brand} if brand else out

    return judged(link("invitation"), work)


@op
def challenge_link(told, _):
    return judged(link("link"), lambda: dict(zip(("origin", "txn"), codes.request(told["link"], told.get("scheme")))))


@op
def number(told, _):
    return judged(refused({}, "malformed"), lambda: dict(zip(("txn", "digits"), codes.number(told["text"]))))


@op
def typed_code(told, _):
    names = {("code", "form"): "shape", ("code", "mistyped"): "typo"}
    try:
        token, _ = codes.typed(told["typed"], {told["root"]: "https://id.example.com"})
    except Refused as error:
        if error.detail in ("form", "mistyped"):
            return names[error.code, error.detail], {}
        code = codes.read(told["typed"], 20)
        return "another_root", {"code": code, "token": code[:10]}
    return "ok", {"code": codes.read(told["typed"], 20), "token": token}


@op
def text(told, _):
    names = {("length", "empty"): "empty", ("length", "too long"): "too_long"}
    return judged(refused(names, "unsafe"), lambda: {} if encodings.shown(told["text"], told["max"]) else {})


@op
def origin(told, _):
    return judged(refused({}, "refused"), lambda: {} if encodings.origin(told["origin"]) else {})


@op
def b64u_(told, _):
    return judged(refused({}, "refused"), lambda: {"hex": unb64u(told["text"]).hex()})


# Histories and receipts ----------------------------------------------------------------------------------------------

PROTOCOL = None  # protocol.json, whose history the numbers of lines mean; set by the test


def file_of(lines):
    texts = (PROTOCOL["history"][line - 1] if isinstance(line, int) else line for line in lines)
    return "".join(text + "\n" for text in texts).encode("utf-8")


def _finding(lines, line, what):
    """With the `ctr` of the answer that it is about, once that one is believed to be the phone's."""
    ctr = None
    if what in ("header.from", "forked") or what.startswith(("response.", "verdict.")):
        text = file_of(lines).decode("utf-8").splitlines()[line - 1]
        ctr = json.loads(unb64u(json.loads(text)["response"].split(".")[1]))["ctr"]
    return [what, line, ctr]


@op
def history_(told, _):
    """`findings` has the first alone: from there on section 8 vouches for nothing, and our reader looks no further."""
    deposited = [told["deposited"]] if "deposited" in told else []
    found = history.check(file_of(told["lines"]), told["root"], told.get("dev"), deposited)
    if found.wrong in ((1, "version"), (1, "line")):
        return found.wrong[1], {}
    findings = [_finding(told["lines"], *found.wrong)] if found.wrong else []
    if "with" in told:
        contradiction = history.beside(found, history.check(file_of(told["with"]), told["root"], server=True))
        if contradiction:
            what, ctr = contradiction
            findings = findings or [[what, None, ctr]]
            found = found if ctr is None else found.before(ctr)
    answers = [response["ctr"] for _, response, _ in found.answers]
    out = {
        "vouched": [answers[0], answers[-1]] if answers else None,
        "by_phone": [answers[0], found.phone_until] if found.phone_until else None,
        "findings": findings,
    }
    return ("found" if findings else "ok"), out


@op
def receipt(told, _):
    try:
        _, response, verdict = receipts.check(encodings.read_json(told["receipt"].encode("utf-8")), told["root"])
    except Refused as error:
        return (error.detail if error.code == "receipt" else "malformed"), {}
    return "ok", {"approval": receipts.approval(response, verdict)}


# Challenges and responses --------------------------------------------------------------------------------------------


class Still:
    """A clock that stands, and a server that answers nothing."""

    def now(self):
        return 1000.0

    def name(self):
        return "this start"

    def call(self, *_):
        raise Unreachable("nobody is asked here")


class Phone(account.Account):
    """A phone that knows exactly what a vector says. It is never asked for its store."""

    def __init__(self, told, jwks):
        still = Still()
        tools = type("Tools", (), {"http": still, "boot": still, "hardware": None, "hosts": told.get("hosts")})
        self.tools, self.id, self._told = tools, told["aud"], told
        self._record = {
            "trust": {"iss": told["iss"], "sign": [jwks[name] for name in told["by"]], "n": 2**53 - 1},
            "policy": told["policy"],
            "pin": told["policy"]["pin"] or None,
            "times": {},
            "seen": {},
        }
        self.server = Server(tools, lambda: self._record, None)
        for iat, sent in ((told.get("heard"), None), (told.get("time"), still.now())):
            if iat is not None:
                inbox.clock.note(self._record["times"], iat, still, sent)
        if "seen" in told:
            jti = json.loads(unb64u(told["statement"].split(".")[1]))["jti"]
            self._record["seen"][jti] = {"h": told["seen"], "decided": "approve" if told["decided"] else None}

    @property
    def record(self):
        return self._record

    @property
    def state(self):
        return {"account": self._told["account"]}

    def fetch_state(self, wait=0):
        raise Refused("state", "nobody is asked here")


CHALLENGE = refused(
    {
        "iss": "other_server",
        "aud": "other_phone",
        "account": "other_account",
        "seen": "seen",
        "expired": "over",
        "not_yet": "not_yet",
        "policy": "policy",
        "life": "life",
        "floor": "weaker",
        "service": "service",
        "host": "host",
    },
    "malformed",
)


@op
def phone_check(told, jwks):
    return judged(CHALLENGE, lambda: inbox.checked(Phone(told, jwks), told["statement"]) and {})


@op
def server_judge(told, jwks):
    response = statements.verify(told["response"], "cs1-response", [jwks[name] for name in told["by"]])
    challenge = None
    if told["challenge"]:
        allowed = [jwks[name] for name in told["challenge_by"]]
        challenge = statements.verify(told["challenge"], "cs1-challenge", allowed)
    return answers_judged.judge(response, challenge, told["by"] == ["K_uv"], told), {}


def spelt_out(value):
    """The shorthand of the files: `{x*n}` is the character x, n times."""
    if isinstance(value, str):
        return re.sub(r"\{(.)\*(\d+)\}", lambda found: found[1] * int(found[2]), value)
    if isinstance(value, list):
        return [spelt_out(one) for one in value]
    return {name: spelt_out(one) for name, one in value.items()} if isinstance(value, dict) else value
