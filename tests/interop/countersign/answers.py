"""Section 7: the person's decision, signed.

In: a prompt, and what the person gave: number, PIN, gesture. Out: a response in the outbox, stored before it is sent.
Never: a second decision for one challenge, a PIN's proof while a new PIN waits for its verdict, or one by a K_uv that no
state named.
"""

import secrets
from dataclasses import dataclass

from . import agreement, challenges, clock, codes, enrolment, keys, outbox, pin, seen, statements
from .encodings import b64u, unb64u
from .errors import NotNow


@dataclass(frozen=True)
class Given:
    """What the person gave. `new_pin` exactly with pin-set; `new_gesture` (`biometric` or `credential`) exactly with
    replace-uv; `reason` only with deny and report."""

    number: str = ""
    pin: str | None = None
    gesture: bool = False
    new_pin: str | None = None
    new_gesture: str | None = None
    reason: str | None = None


def approve(account, prompt, number="", given_pin=None, gesture=False, new_pin=None, new_gesture=None):
    """Signs, stores, sends. Gives the verdict."""
    challenge = prompt.challenge
    if len(number) != challenge["match"]:
        raise NotNow(f"type the {challenge['match']} digits that are shown")
    _nothing_overtaken(account, challenge["kind"])
    if challenge["kind"] == "pin-set":
        pin.well_formed(new_pin or "", account.policy["pin"])
    chosen = _alternative(account, challenge, given_pin is not None, gesture)
    given = Given(number, given_pin, gesture, new_pin, new_gesture)
    return _Answer(account, challenge, "approve", given, chosen).send()


def deny(account, prompt, reason=None):
    return _Answer(account, prompt.challenge, "deny", Given(reason=reason)).send()


def report(account, prompt, reason=None):
    return _Answer(account, prompt.challenge, "report", Given(reason=reason)).send()


def _nothing_overtaken(account, kind):
    """A new PIN or K_uv waits for answers by the old one that have no verdict while their challenges live."""
    record = account.record
    now = clock.lower(record["times"], account.tools.boot)
    for entry in record["outbox"]:
        if entry["kind"] == kind and kind in ("pin-set", "replace-uv"):
            raise NotNow("the same change waits in the outbox and has to be delivered first")
        response = statements.unpack(entry["response"], "cs1-response")
        by_uv = record["uv"] and response.kid == keys.kid(record["uv"]["jwk"])
        goes = ("pin" in response.body and kind == "pin-set") or (by_uv and kind == "replace-uv")
        if goes and statements.unpack(entry["challenge"], "cs1-challenge")["exp"] >= now:
            raise NotNow("an answer that waits in the outbox has to be delivered first")


def _alternative(account, challenge, has_pin, gesture):
    """The first that what was given satisfies."""
    record = account.record
    have = {"dev"} | ({"pin"} if has_pin and record["pin"] else set()) | ({"uv"} if gesture and record["uv"] else set())
    for factors in challenge["factors"]:
        if set(factors) <= have:
            waiting = {entry["kind"] for entry in record["outbox"]}
            if ("pin" in factors and "pin-set" in waiting) or ("uv" in factors and "replace-uv" in waiting):
                raise NotNow("the change that waits in the outbox has to be delivered first")
            if "uv" in factors and not account.uv_named:
                raise NotNow("the state that names the new K_uv has to come first")
            return factors
    raise NotNow("this needs " + " or ".join("+".join(factors) for factors in challenge["factors"]))


class _Answer:
    """One response in the making. `kind` is the challenge's where it is approved, else nothing is changed by it."""

    def __init__(self, account, challenge, decision, given, chosen=("dev",)):
        account.must_go_on()
        seen.may_answer(account.record, challenge["jti"], decision)
        self.account, self.challenge, self.given, self.chosen = account, challenge, given, chosen
        self.tools, self.record = account.tools, account.record
        self.kind = challenge["kind"] if decision == "approve" else decision
        self.jti, self.view = secrets.token_bytes(16), challenges.view(challenge.body)
        self.shared, self.new_uv = None, None
        self.body = {"iss": account.id, "aud": challenge["iss"], "jti": b64u(self.jti), "challenge": challenge.h}
        self.body.update(decision=decision, rule=1, view=b64u(self.view), locale=self.tools.locale)
        self.body.update(ctr=self.record["ctr"] + 1, prev=self.record["prev"])
        if given.reason:
            self.body["reason"] = given.reason

    def send(self):
        self._approval()
        key = self.record["uv"] if "uv" in self.chosen else self.record["dev"]
        response = statements.make("cs1-response", self.body, key["jwk"], self.tools.hardware.signer(key))
        _store(self.account, self.challenge, response, self._entry(response))
        return outbox.deliver(self.account, response.h)

    def _approval(self):
        """The members that only an approval has."""
        if self.given.number:
            self.body["match"] = self.given.number
        if self.kind == "replace-uv":
            self.new_uv = self.tools.hardware.make_key()
            words = (self.challenge["iss"], self.challenge.h, self.record["dev"])
            proof = enrolment.uv_proof(self.tools, self.new_uv, *words).text
            self.body["input"] = {"uv": self.new_uv["jwk"], "uvc": self.given.new_gesture, "uv_proof": proof}
        if "pin" in self.chosen or self.kind in ("pin-set", "recovery-codes"):
            self.shared = agreement.Agreement(self.record["server_dh"], self.challenge.digest)
            self.body["dh"] = self.shared.dh
        if "pin" in self.chosen:
            words = (self.given.pin, self.challenge, self.body, self.view, self.new_uv)
            self.body["pin"] = b64u(pin_proof(self.account, self.shared, *words))

    def _entry(self, response):
        """For the outbox, with what holds once the answer is accepted."""
        entry = {"challenge": self.challenge.text, "decision": self.body["decision"], "kind": self.kind}
        if self.kind == "pin-set":
            k_pin = self.shared.key("pin", response.digest)
            entry["new_pin"] = enrolment.sealed_pin(self.tools, k_pin, self.given.new_pin, self.jti)
        if self.new_uv:
            entry["new_uv"] = self.new_uv
            entry["new_off"] = self.tools.hardware.seal("off", self.shared.key("off", response.digest))
        return entry


def pin_proof(account, shared, given_pin, challenge, body, view, new_uv):
    stored = account.record["pin"]
    hidden = {
        "blob": account.tools.hardware.open("pin", stored["blob"]),
        "salt": unb64u(stored["salt"]),
        "j": unb64u(stored["j"]),
        "cost": stored["cost"],
    }
    k_pin = pin.uncover(hidden, given_pin, account.tools.hardware.pepper)
    thumbprint = keys.thumbprint(new_uv["jwk"]) if new_uv else b""
    return pin.proof(
        shared.blind(), k_pin, challenge.digest, shared.dh, body["jti"], view, body.get("match", ""), thumbprint
    )


def _store(account, challenge, response, entry):
    entry.update(h=response.h, response=response.text, ctr=response["ctr"], sent=False, stuck=False)
    with account.change() as record:
        record["ctr"], record["prev"] = response["ctr"], response.h
        record["outbox"].append(entry)
        seen.decide(record, challenge["jti"], response["decision"])
        if response["decision"] == "report":
            record["seen"][challenge["jti"]]["reported"] = True
            record["approved"].pop(challenge["txn"], None)  # in whichever of its statements it was given
        if entry["kind"] == "policy":
            record["approved"][challenge["txn"]] = challenge["input"]["policy"]


def scanned(prompt, text):
    """The digits of the waiting page's QR, if it is this prompt's."""
    txn, digits = codes.number(text)
    if txn != prompt.challenge["txn"]:
        raise NotNow("this is the number of another request")
    return digits
