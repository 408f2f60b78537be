"""Section 7: the person's decision, signed.

In: a prompt, and what the person gave: number, PIN, gesture. Out: a response in the outbox, stored before it is sent.
Never: a second decision for one challenge, or a PIN's proof while a new PIN waits for its verdict.
"""

import secrets

from . import agreement, challenges, codes, enrolment, keys, outbox, pin, statements
from .encodings import b64u, unb64u
from .errors import NotNow


def approve(account, prompt, number="", given_pin=None, gesture=False, new_pin=None, new_gesture=None):
    """Signs, stores, sends. Gives the verdict.

    `new_pin` exactly with pin-set; `new_gesture` (`biometric` or `credential`) exactly with replace-uv.
    """
    challenge = prompt.challenge
    if len(number) != challenge["match"]:
        raise NotNow(f"type the {challenge['match']} digits that are shown")
    chosen = _alternative(account, challenge, given_pin is not None, gesture)
    return _sign(account, challenge, "approve", chosen, number, given_pin, new_pin, new_gesture)


def deny(account, prompt, reason=None):
    return _sign(account, prompt.challenge, "deny", ["dev"], reason=reason)


def report(account, prompt, reason=None):
    return _sign(account, prompt.challenge, "report", ["dev"], reason=reason)


def _alternative(account, challenge, has_pin, gesture):
    """The first that what was given satisfies."""
    record = account.record
    have = {"dev"} | ({"pin"} if has_pin and record["pin"] else set()) | ({"uv"} if gesture and record["uv"] else set())
    for factors in challenge["factors"]:
        if set(factors) <= have:
            waiting = {entry["kind"] for entry in record["outbox"]}
            if ("pin" in factors and "pin-set" in waiting) or ("uv" in factors and "replace-uv" in waiting):
                raise NotNow("the change that waits in the outbox has to be delivered first")
            return factors
    raise NotNow("this needs " + " or ".join("+".join(factors) for factors in challenge["factors"]))


def _sign(account, challenge, decision, chosen, number="", given_pin=None, new_pin=None, new_gesture=None, reason=None):
    record, tools = account.record, account.tools
    _once(record, challenge, decision)
    jti, view = secrets.token_bytes(16), challenges.view(challenge.body)
    body = {"iss": account.id, "aud": challenge["iss"], "jti": b64u(jti), "challenge": challenge.h}
    body.update(decision=decision, rule=1, view=b64u(view), ctr=record["ctr"] + 1, prev=record["prev"])
    body["locale"] = tools.locale
    entry = {"challenge": challenge.text, "decision": decision, "kind": challenge["kind"] if decision == "approve" else decision}
    if reason:
        body["reason"] = reason
    if number:
        body["match"] = number
    shared, new_uv = None, None
    if decision == "approve" and challenge["kind"] == "replace-uv":
        new_uv = tools.hardware.make_key()
        proof = enrolment.uv_proof(tools, new_uv, challenge["iss"], challenge.h, record["dev"])
        body["input"] = {"uv": new_uv["jwk"], "uvc": new_gesture, "uv_proof": proof.text}
    if "pin" in chosen or (decision == "approve" and challenge["kind"] in ("pin-set", "recovery-codes")):
        shared = agreement.Agreement(record["server_dh"], challenge.digest)
        body["dh"] = shared.dh
    if "pin" in chosen:
        body["pin"] = b64u(_pin_proof(account, shared, given_pin, challenge, body, view, new_uv))
    key = record["uv"] if "uv" in chosen else record["dev"]
    response = statements.make("cs1-response", body, key["jwk"], tools.hardware.signer(key))
    if entry["kind"] == "pin-set":
        pin.well_formed(new_pin, account.policy["pin"])
        entry["new_pin"] = enrolment.sealed_pin(tools, shared.key("pin", response.digest), new_pin, jti)
    if new_uv:
        entry["new_uv"], entry["uv"] = new_uv, new_uv
        entry["new_off"] = tools.hardware.seal("off", shared.key("off", response.digest))
    _store(account, challenge, response, entry)
    return outbox.deliver(account, response.h)


def _once(record, challenge, decision):
    seen = record["seen"][challenge["jti"]]
    if decision == "report":
        if seen.get("reported"):
            raise NotNow("this was reported")
    elif seen["decided"]:
        raise NotNow("this was decided")


def _pin_proof(account, shared, given_pin, challenge, body, view, new_uv):
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
        seen = record["seen"][challenge["jti"]]
        seen["decided"] = response["decision"]
        if response["decision"] == "report":
            seen["reported"] = True
        if entry["kind"] == "policy":
            record["approved"].append(challenge["input"]["policy"])
        if entry.get("new_uv"):
            record["jwks"].append(entry["new_uv"]["jwk"])


def scanned(prompt, text):
    """The digits of the waiting page's QR, if it is this prompt's."""
    txn, digits = codes.number(text)
    if txn != prompt.challenge["txn"]:
        raise NotNow("this is the number of another request")
    return digits
