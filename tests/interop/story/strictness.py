"""A phone that does what it likes, with its true keys: what the server refuses, and how."""

import secrets

from cryptography.hazmat.primitives.asymmetric import utils

from countersign import actions
from countersign.encodings import b64u, unb64u

from .rogue import Rogue
from .stage import PIN, expect, prompt, refuses

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
NOBODY = "A" * 22
LIST = "/cs/v1/challenges"


def chapter(stage):
    account = stage.enrol("ron")
    rogue = Rogue(account)
    proofs(stage, rogue)
    bodies(stage, rogue)
    repeats(stage, rogue)
    statements_of_no_form(stage, rogue)
    repeated_answers(stage, rogue)
    decided(stage, rogue)
    clone(stage, stage.enrol("rob"))


def proofs(stage, rogue):
    def listed(proof):
        return rogue.call("GET", LIST, None, proof)

    expect("challenges" in listed(rogue.proof("GET", LIST)))
    for changes in ({"nonce": None}, {"nonce": "abc"}, {"nonce": rogue.account.server.nonce[:-2] + "AA"}):
        refuses("nonce_required", listed, rogue.proof("GET", LIST, **changes))
    stranger = rogue.account.tools.hardware.make_key()
    for proof in (
        None,
        rogue.proof("POST", LIST),
        rogue.proof("GET", "/cs/v1/overview"),
        rogue.proof("GET", LIST + "?wait=0"),
        rogue.proof("GET", LIST, data=b"x"),
        rogue.proof("GET", LIST, aud="https://other.example.com"),
        rogue.proof("GET", LIST, htu=f"https://other.example.com{LIST}"),
        rogue.proof("GET", LIST, sub=NOBODY),
        rogue.proof("GET", LIST, key=stranger),
    ):
        refuses("bad_proof", listed, proof)
    stage.ok("a proof is for one method, one address as it is called, one body, by K_dev, with a nonce of the server")
    mine = f"/cs/v1/credentials/{NOBODY}"
    refuses("not_found", rogue.call, "GET", mine, None, rogue.proof("GET", mine))
    stage.ok("nobody else's state is to be had, whether they exist or not")


def bodies(stage, rogue):
    for data in (
        b'{"kind":"dance"}',
        b'{"kind":"pin-set","x":1}',
        b'{"kind":"pin-set","input":null}',
        b'{"kind":"pin-set","input":{}}',
        b'{"kind":"remove-phone"}',
        b'{"kind":"pin-set","kind":"pin-set"}',
        b'\xef\xbb\xbf{"kind":"pin-set"}',
        b'{"kind":"pin-set"}x',
        b"[]",
        b"",
    ):
        refuses("bad_request", rogue.act, data)
    refuses("too_large", rogue.act, b'{"kind":"' + b"x" * 70_000 + b'"}')
    offer = b'{"token":"%s"}' % NOBODY.encode()
    expect(rogue.status("POST", "/cs/v1/offers", offer, "text/plain") == (415, "unsupported_media"))
    expect(rogue.status("POST", "/cs/v1/offers", offer) == (415, "unsupported_media"))
    expect(rogue.status("GET", "/cs/v2/keys") == (404, "not_found"))
    for jti in ([], [NOBODY] * 21, ["x"], NOBODY):
        refuses("bad_request", rogue.account.server.proved, "POST", "/cs/v1/acks", {"jti": jti})
    refuses("bad_request", actions.describe, rogue.account, "a\u202eb", "en")
    refuses("bad_request", actions.describe, rogue.account, "", "en")
    refuses("bad_request", actions.describe, rogue.account, "x" * 65, "en")
    refuses("bad_request", actions.describe, rogue.account, "x", "de_AT")
    stage.ok("bodies are as strict as statements: members, types, sizes, media type")


def repeats(stage, rogue):
    data, jti = b'{"kind":"pin-set"}', b64u(secrets.token_bytes(16))
    first = rogue.act(data, jti=jti)
    expect(rogue.act(data, jti=jti) == first)
    refuses("conflict", rogue.act, b'{"kind":"pause"}', jti=jti)
    expect(rogue.act(data) != first)
    stage.ok("the same call under the same jti gets the same answer; another one under it is a conflict")


def statements_of_no_form(stage, rogue):
    request = stage.ask(rogue.account)
    challenge = prompt(rogue.account, "stepup").challenge
    number, stranger = request["number"], rogue.account.tools.hardware.make_key()
    for words in (
        {"rule": 2},
        {"reason": "mistake"},
        {"decision": "deny"},
        {"aud": "https://other.example.com"},
        {"iss": NOBODY},
        {"more": 1},
        {"match": "1"},
        {"match": "ab"},
        {"locale": "de_AT"},
        {"prev": ""} if rogue.prev else {"prev": b64u(bytes(32))},
        {"payload": lambda data: data[:-1] + b',"ctr":1}'},
        {"payload": lambda data: data.replace(b'"rule":1', b'"rule":1.0')},
        {"payload": lambda data: b"\xef\xbb\xbf" + data},
        {"header": {"alg": "EdDSA"}},
        {"header": {"alg": "none"}},
        {"header": {"crit": ["x"]}},
        {"header": {"typ": "cs1-registration+jwt"}},
    ):
        refuses("bad_statement", rogue.answer, challenge, number, PIN, **words)
    refuses("not_found", rogue.answer, challenge, number, PIN, key=stranger)
    stage.ok("a response of no form, or by nobody, gets no verdict")
    for words, code in (
        ({"challenge": b64u(bytes(32))}, "expired"),
        ({"view": b64u(bytes(32))}, "view_mismatch"),
        ({"match": "123456"}, "bad_input"),
        ({"match": None}, "bad_input"),
        ({"input": {"uv": stranger["jwk"], "uvc": "biometric", "uv_proof": "x"}}, "bad_input"),
        ({"pin": None}, "bad_input"),
        ({"pin": None, "dh": None}, "factors_missing"),
    ):
        expect(rogue.answer(challenge, number, PIN, **words) == code, f"{words}")
        expect(stage.api.wait(request["id"])["state"] == "open")
    stage.ok("one that does not fit its challenge gets a verdict that says why, and decides nothing")
    stage.api.cancel(request["id"])


def repeated_answers(stage, rogue):
    request = stage.ask(rogue.account)
    challenge = prompt(rogue.account, "stepup").challenge
    text, body = rogue.response(challenge, request["number"], PIN)
    verdict = rogue.post(text)
    expect(verdict["code"] == "ok" and rogue.post(text) == verdict)
    signed, _, signature = text.rpartition(".")
    raw = unb64u(signature)
    r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    other = f"{signed}.{b64u(raw[:32] + (ORDER - s).to_bytes(32, 'big'))}"
    expect(rogue.post(other) == verdict)
    stage.ok("the same answer again gets the same verdict, also with the other signature that ECDSA allows")
    for spoilt in (
        f"{signed}.{b64u(utils.encode_dss_signature(r, s))}",
        f"{signed}.{b64u(raw[:-1] + bytes([raw[-1] ^ 1]))}",
        f"{signed}.{b64u(bytes(64))}",
        text[:-1] + chr(ord(text[-1]) + 1),
        text + "=",
        f"{text}.{signature}",
    ):
        refuses("bad_statement", rogue.post, spoilt)
    refuses("conflict", rogue.post, rogue.response(challenge, request["number"], PIN, jti=body["jti"])[0])
    rogue.ctr, rogue.prev = body["ctr"], verdict["response"]
    stage.ok("DER, other spellings and another answer under the same jti are refused")


def decided(stage, rogue):
    request = stage.ask(rogue.account)
    challenge = prompt(rogue.account, "stepup").challenge
    no = {"decision": "deny", "dh": None, "match": None}
    expect(rogue.answer(challenge, **no) == "ok")
    expect(rogue.answer(challenge, request["number"], PIN) == "decided_elsewhere")
    expect(stage.api.wait(request["id"])["state"] == "denied")
    stage.ok("what was denied is not approved any more")


def clone(stage, account):
    rogue = Rogue(account)
    for _ in range(2):
        request = stage.ask(account)
        challenge = prompt(account).challenge
        expect(rogue.answer(challenge, request["number"], PIN) == "ok")
    request = stage.ask(account)
    challenge = prompt(account).challenge
    expect(rogue.answer(challenge, request["number"], PIN, ctr=rogue.ctr) == "suspended")
    account.fetch_state()
    expect((account.state["state"], account.state["reason"]) == ("suspended", "clone"))
    refuses("paused", stage.ask, account)
    stage.ok("the same `ctr` twice is a clone: the phone is suspended, and only an administrator lifts that")
    stage.world.cli("phone", "resume", "--", account.id)
    account.fetch_state()
    expect(account.state["state"] == "active")
