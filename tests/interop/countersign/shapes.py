"""Sections 2 to 11: the members of every statement, and what each may be.

In: JSON of encodings.py. Out: nothing, or an error. What depends on other statements is checked by who knows them.
"""

import ipaddress
import re

from . import encodings, keys, policies
from .encodings import unb64u
from .errors import Refused


def check(typ, body):
    _members(body, SHAPES[typ])
    rule = _RULES.get(typ)
    if rule:
        rule(body)


def _members(body, shape):
    if not isinstance(body, dict):
        raise Refused("members")
    required = {name for name in shape if not name.endswith("?")}
    optional = {name[:-1] for name in shape if name.endswith("?")}
    if not required <= set(body) <= required | optional:
        raise Refused("members")
    for name, value in body.items():
        try:
            shape.get(name, shape.get(f"{name}?"))(value)
        except Refused as refused:
            raise Refused(refused.code, name) from None


def need(good, code, detail=""):
    if not good:
        raise Refused(code, detail)


# What one value may be -----------------------------------------------------------------------------------------------


def number(value, least=0, most=encodings.MAX_INT):
    need(type(value) is int and least <= value <= most, "integer")


def positive(value):
    number(value, 1)


def flag(value):
    need(type(value) is bool, "boolean")


def among(*values):
    """One of these values, and of their type: `true` is no 1."""
    return lambda value: need(any(value == one and type(value) is type(one) for one in values), "value")


def text(longest):
    return lambda value: encodings.shown(value, longest)


def words(pattern):
    return lambda value: need(isinstance(value, str) and re.fullmatch(pattern, value), "form")


def b64u(length):
    return lambda value: unb64u(value, length)


def jwk(*kinds):
    return lambda value: keys.check(value, *kinds)


def shape(members):
    return lambda value: _members(value, members)


def several(least, most, each):
    def inner(value):
        need(isinstance(value, list) and least <= len(value) <= most, "list")
        for item in value:
            each(item)

    return inner


def address(value):
    # A scope (`%`) is of one machine, and may be of any characters, also those that begin another row.
    need(isinstance(value, str) and len(value) <= 45 and "%" not in value, "ip")
    try:
        parsed = ipaddress.ip_address(value)
    except ValueError:
        raise Refused("ip") from None
    mapped = getattr(parsed, "ipv4_mapped", None)  # RFC 5952 writes these with dots, Python not always
    need(value == (f"::ffff:{mapped}" if mapped else str(parsed)), "ip")


def statement(value):
    need(isinstance(value, str) and len(value) <= encodings.STATEMENT, "statement")


def up_to(longest):
    return lambda value: need(isinstance(value, str) and 1 <= len(value) <= longest, "length")


def octets(most):
    """Counted as they travel, not as characters."""
    return lambda value: need(isinstance(value, str) and 1 <= len(value.encode("utf-8")) <= most, "length")


def token(value):
    """Of a link, 16 bytes; or of a typed code, in Crockford's alphabet."""
    if not (isinstance(value, str) and re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{10}", value)):
        id_(value)


def visible(value):
    need(isinstance(value, str) and re.fullmatch(r"[\x21-\x7e]{1,128}", value), "form")


id_, hash_ = b64u(16), b64u(32)
HEADER = shape({"alg": up_to(64), "kid": hash_, "typ": up_to(64)})
language = words(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
label, name, value, account = text(64), text(64), text(200), text(254)
level = among("software", "tee", "strongbox", "enclave")
signing = jwk(keys.P256, keys.ED25519)
x25519 = jwk(keys.X25519)
p256 = jwk(keys.P256)


def lang(value):
    need(isinstance(value, str) and len(value) <= 35, "length")
    language(value)


def way_back(value):
    """`<origin>/r/<22 characters>`; whose origin it is, is tested where that is known."""
    need(isinstance(value, str), "value")
    at, _, code = value.partition("/r/")
    encodings.origin(at)
    id_(code)


def prev(value):
    if value != "":
        hash_(value)


REASONS = ("reported", "user", "clone", "admin", "sas", "second_finisher", "expired", "removed")
EVENTS = (
    "phone_added phone_removed phone_renewed pin_changed recovery_made recovery_used policy_changed keys_changed "
    "paused unpaused suspended admin_enrolled"
).split()
KINDS = ("login stepup transaction add-phone remove-phone replace-uv pin-set recovery-codes unfreeze policy").split()
CODES = (
    "ok pin_wrong pin_locked number_wrong expired cancelled decided_elsewhere factors_missing view_mismatch "
    "bad_input suspended not_active"
).split()

_FROM_SERVER = {"iss": encodings.origin, "aud": id_, "iat": number, "keys": positive}
_DEVICE = {"dev": hash_, "device": label}

SHAPES = {
    "cs1-keys": {
        "iss": encodings.origin,
        "n": positive,
        "iat": number,
        "exp": number,
        "root": jwk(keys.ED25519),
        "sign": several(1, 3, signing),
        "origins": several(1, 4, encodings.origin),
        "root_next?": jwk(keys.ED25519),
    },
    "cs1-offer": {
        "iss": encodings.origin,
        "jti": id_,
        "iat": number,
        "exp": number,
        "keys": positive,
        "via": among("browser", "phone", "admin"),
        "rec?": among(True),
        "name": name,
        "account": account,
        "dh": x25519,
        "sas": hash_,
        "policy": policies.check,
    },
    "cs1-registration": {
        "aud": encodings.origin,
        "jti": id_,
        "offer": hash_,
        "token": token,
        "dh": x25519,
        "np": hash_,
        "dev": p256,
        "uv?": p256,
        "uvc?": among("biometric", "credential"),
        "level": shape({"dev": level, "uv?": level}),
        "app": shape({"brand": text(64), "mode": among("app", "kit", "core"), "version": text(64), "os": text(64)}),
        "device": label,
        "locale": lang,
        "proto": several(1, 16, number),
        "push?": shape({"type": among("fcm", "apns", "unifiedpush"), "token": octets(4096)}),
        "rec?": hash_,
    },
    "cs1-key": {"aud": encodings.origin, "ctx": hash_, "dev": hash_},
    "cs1-state": {
        **_FROM_SERVER,
        "sn": positive,
        "state": among("pending", "active", "suspended", "revoked", "refused"),
        "account": account,
        "registration": hash_,
        "dev": hash_,
        "uv?": hash_,
        "policy": policies.check,
        "probation?": number,
        "ns?": hash_,
        "kc?": hash_,
        "exp?": number,
        "wake?": id_,
        "push_id?": id_,
        "reason?": among(*REASONS),
    },
    "cs1-challenge": {
        **_FROM_SERVER,
        "jti": id_,
        "txn": id_,
        "exp": number,
        "policy": positive,
        "kind": among(*KINDS),
        "mode": among("remote", "same", "offline", "app"),
        "service": shape({"id": words(r"[A-Za-z0-9._-]{1,64}"), "name": name, "host": encodings.host}),
        "account": account,
        "lang?": lang,
        "rows?": several(1, 16, shape({"label": label, "value": value})),
        "context?": shape(
            {
                "browser": label,
                "known": flag,
                "place?": text(80),
                "ip?": address,
                "zone": among("inside", "outside"),
            }
        ),
        "match": among(0, 2, 6),
        "factors": policies.alternatives,
        "set": hash_,
        "phones": positive,
        "replaces?": id_,
        "input?": lambda value: need(isinstance(value, dict), "members"),
    },
    "cs1-response": {
        "iss": id_,
        "aud": encodings.origin,
        "jti": id_,
        "challenge": hash_,
        "decision": among("approve", "deny", "report"),
        "reason?": among("mistake", "unknown", "pressure", "other"),
        "rule": among(1),
        "view": hash_,
        "match?": words(r"[0-9]{2}|[0-9]{6}"),
        "dh?": x25519,
        "pin?": hash_,
        "input?": shape({"uv": p256, "uvc": among("biometric", "credential"), "uv_proof": statement}),
        "ctr": positive,
        "prev": prev,
        "locale": lang,
    },
    "cs1-verdict": {
        **_FROM_SERVER,
        "jti": id_,
        "challenge": hash_,
        "response": hash_,
        "result": among("accepted", "refused"),
        "final": flag,
        "code": among(*CODES),
        "attempts?": positive,
        "return?": way_back,
    },
    "cs1-cancel": {
        **_FROM_SERVER,
        "jti": id_,
        "challenge": id_,
        "reason": among("decided_elsewhere", "expired", "replaced", "withdrawn"),
        "device?": label,
    },
    "cs1-notice": {
        **_FROM_SERVER,
        "jti": id_,
        "event": among(*EVENTS),
        "device?": label,
        "set": hash_,
        "phones": positive,
    },
    "cs1-proof": {
        "aud": encodings.origin,
        "sub": id_,
        "htm": among("GET", "POST", "PUT", "DELETE"),
        "htu": words(r"https://.{1,2000}"),
        "bh": hash_,
        "nonce?": visible,
        "jti": id_,
    },
}

# What the members of one statement say about each other ------------------------------------------------------------


def _keys(body):
    need(body["iat"] < body["exp"] <= body["iat"] + 400 * 86_400, "life")


def _offer(body):
    need(body["iat"] < body["exp"] <= body["iat"] + 600, "life")


def _registration(body):
    together = {"uv" in body, "uvc" in body, "uv" in body["level"]}
    need(len(together) == 1, "members", "uv")
    need(body.get("uv") != body["dev"], "value", "uv")
    need(1 in body["proto"], "value", "proto")


def _state(body):
    state = body["state"]
    for names, where in ((("ns", "kc", "exp"), ("pending",)), (("wake", "push_id"), ("active", "suspended"))):
        for member in names:
            need((member in body) == (state in where), "members", member)
    need(("reason" in body) == (state in ("suspended", "revoked", "refused")), "members", "reason")
    if "exp" in body:
        need(body["iat"] < body["exp"] <= body["iat"] + 600, "life")


SERVER_KINDS = ("login", "stepup", "transaction")
_INPUT = {"add-phone": "always", "remove-phone": "always", "unfreeze": "sometimes", "policy": "policy"}


def _challenge(body):
    """Section 6's table, as far as the statement alone tells."""
    need(body["iat"] < body["exp"] <= body["iat"] + policies.MAX_LIFE, "life")
    kind = body["kind"]
    if kind in SERVER_KINDS:
        need(body["mode"] != "app", "value", "mode")
        need("context" in body or kind == "transaction", "members", "context")
        need(body["match"] in ((0, 2) if body["mode"] == "remote" else (0,)), "value", "match")
    else:
        need(body["mode"] == ("remote" if kind == "policy" else "app"), "value", "mode")
        need("context" not in body, "members", "context")
        need(body["match"] == (6 if kind == "add-phone" else 0), "value", "match")
    need(("rows" in body) == (kind == "transaction"), "members", "rows")
    need(("lang" in body) == ("rows" in body), "members", "lang")
    _input(body, _INPUT.get(kind, "never"))


def _input(body, wanted):
    given = body.get("input")
    need(given is not None or wanted in ("sometimes", "never"), "members", "input")
    need(given is None or wanted != "never", "members", "input")
    if given is not None and wanted == "policy":
        shape({"policy": policies.check})(given)
        need(given["policy"]["n"] > body["policy"], "value", "input")
    elif given is not None:
        shape(_DEVICE)(given)


def _response(body):
    if body["decision"] == "approve":
        need("reason" not in body, "members", "reason")
    else:
        need(not {"match", "dh", "pin", "input"} & set(body), "members", "decision")
    need("pin" in body or "input" not in body, "members", "input")
    need("dh" in body or "pin" not in body, "members", "dh")
    need((body["prev"] == "") == (body["ctr"] == 1), "value", "prev")


def _verdict(body):
    need((body["result"] == "accepted") == (body["code"] == "ok"), "value", "code")
    need(body["final"] == ("attempts" not in body), "members", "attempts")
    need(body["final"] or body["code"] in ("pin_wrong", "number_wrong"), "value", "final")
    need("return" not in body or body["result"] == "accepted", "members", "return")


def _cancel(body):
    need("device" not in body or body["reason"] == "decided_elsewhere", "members", "device")


_RULES = {
    "cs1-keys": _keys,
    "cs1-offer": _offer,
    "cs1-registration": _registration,
    "cs1-state": _state,
    "cs1-challenge": _challenge,
    "cs1-response": _response,
    "cs1-verdict": _verdict,
    "cs1-cancel": _cancel,
}
