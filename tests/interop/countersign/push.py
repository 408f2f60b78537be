"""Section 9: what a push says on a locked screen.

In: a payload and K_push. Out: text to show. Never: a decision.
"""

import re

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from . import shapes
from .encodings import read_json, unb64u
from .errors import Refused, naming
from .shapes import need

LONGEST = 2048
_HEADER = {"alg": "dir", "enc": "A256GCM", "typ": "cs1-text+jwe"}
_PAYLOAD = shapes.shape(
    {"v": shapes.among(1), "h": shapes.id_, "c?": shapes.id_, "t?": lambda jwe: need(isinstance(jwe, str), "value")}
)
_TEXT = shapes.shape({"c?": shapes.id_, "exp": shapes.number, "text": shapes.text(200)})


def check(payload):
    """Its members, and that it is small enough."""
    need(len(payload) <= LONGEST, "size")
    body = read_json(payload)
    _PAYLOAD(body)
    return body


def text(body, k_push, now):
    """The text of a checked payload's `t`; else a generic one is shown. `now`: not before this, or None."""
    need("t" in body, "push", "none")
    header, iv, sealed, tag = _parts(body["t"])
    with naming("push", "header"):
        need(read_json(unb64u(header)) == _HEADER, "push")
    try:
        plain = AESGCM(k_push).decrypt(iv, sealed + tag, header.encode("ascii"))
    except InvalidTag:
        raise Refused("push", "does not open") from None
    found = read_json(plain)
    _TEXT(found)
    need(found.get("c") == body.get("c"), "push", "another challenge")
    need(now is None or now <= found["exp"], "push", "over")
    return found


def _parts(jwe):
    """RFC 7516's five, of which `dir` leaves the second empty."""
    with naming("push", "form"):
        need(jwe.count(".") == 4, "push")
        header, key, *rest = jwe.split(".")
        need(re.fullmatch(r"[A-Za-z0-9_-]+", header) and not key, "push")
        return header, unb64u(rest[0], 12), unb64u(rest[1]), unb64u(rest[2], 16)
