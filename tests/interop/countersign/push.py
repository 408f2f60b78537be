"""Section 9: what a push says on a locked screen.

In: a payload and K_push. Out: text to show. Never: a decision.
"""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from . import shapes
from .encodings import read_json, unb64u
from .errors import Refused
from .shapes import need

LONGEST = 2048
_HEADER = {"alg": "dir", "enc": "A256GCM", "typ": "cs1-text+jwe"}
_TEXT = shapes.shape({"c?": shapes.id_, "exp": shapes.number, "text": shapes.text(200)})


def check(payload):
    """Its members, and that it is small enough."""
    body = read_json(payload)
    need(len(payload) <= LONGEST, "size")
    shapes.shape({"v": shapes.among(1), "h": shapes.id_, "c?": shapes.id_, "t?": shapes.up_to(LONGEST)})(body)
    return body


def text(body, k_push):
    """The text of a checked payload's `t`; else a generic one is shown."""
    header, key, iv, sealed, tag = (body["t"].split(".") + [""] * 5)[:5]
    need(body["t"].count(".") == 4 and not key and read_json(unb64u(header)) == _HEADER, "push", "form")
    try:
        plain = AESGCM(k_push).decrypt(unb64u(iv, 12), unb64u(sealed) + unb64u(tag, 16), header.encode("ascii"))
    except InvalidTag:
        raise Refused("push", "does not open") from None
    found = read_json(plain)
    _TEXT(found)
    need(found.get("c") == body.get("c"), "push", "another challenge")
    return found
