"""Section 1: how values are written. In: text from outside. Out: plain values. Never: two spellings of one value.

Everything here refuses; nothing repairs.
"""

import base64
import json
import re
import unicodedata

from .errors import Refused

MAX_INT = 2**53 - 1
MAX_DEPTH = 6
STATEMENT, BODY, OFFLINE, INVITATION = 16 * 1024, 64 * 1024, 1700, 512


def b64u(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64u(text, length=None):
    """Canonical only: what comes out must encode to the same characters again."""
    if not isinstance(text, str) or not re.fullmatch(r"[A-Za-z0-9_-]*", text) or len(text) % 4 == 1:
        raise Refused("encoding", "base64url")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if b64u(data) != text or (length is not None and len(data) != length):
        raise Refused("encoding", "base64url")
    return data


def read_json(data):
    """One JSON object of section 1: no BOM, null, float, duplicate or lone surrogate, depth at most 6."""
    try:
        text = data.decode("utf-8")
        value = json.loads(
            text, object_pairs_hook=_members, parse_float=_number, parse_constant=_number, parse_int=_integer
        )
    except (ValueError, RecursionError):  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise Refused("json", "not JSON") from None
    _walk(value, 1)
    if not isinstance(value, dict):
        raise Refused("json", "not an object")
    return value


def write_json(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def _members(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Refused("json", "a member twice")
    return members


def _number(_):
    raise Refused("json", "not an integer")


def _integer(text):
    if text.startswith("-") or len(text) > 16 or int(text) > MAX_INT:
        raise Refused("json", "integer out of range")
    return int(text)


def _walk(value, depth):
    if value is None:
        raise Refused("json", "null")
    if isinstance(value, str):
        _no_surrogate(value)
    elif isinstance(value, (dict, list)):
        if depth > MAX_DEPTH:
            raise Refused("json", "too deep")
        for name in value if isinstance(value, dict) else ():
            _no_surrogate(name)
        for inner in value.values() if isinstance(value, dict) else value:
            _walk(inner, depth + 1)


def _no_surrogate(text):
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise Refused("json", "half a character")


_HIDDEN = set("\u2028\u2029\u061c\u200b\u200e\u200f\u2060\ufeff")
_RANGES = ((0, 0x1F), (0x7F, 0x9F), (0x202A, 0x202E), (0x2066, 0x2069), (0xE0000, 0xE007F))
_RANGES += ((0xE000, 0xF8FF), (0xF0000, 0x10FFFF))  # private use


def shown(text, longest):
    """Text that people are shown: NFC, visible, and not longer than allowed (in characters)."""
    if not isinstance(text, str):
        raise Refused("value", "no text")
    if not 1 <= len(text) <= longest:
        raise Refused("length", "too long" if text else "empty")
    if unicodedata.normalize("NFC", text) != text:
        raise Refused("text", "not NFC")
    for char in text:
        if char in _HIDDEN or any(first <= ord(char) <= last for first, last in _RANGES):
            raise Refused("text", "a character that hides, reorders or controls")
    return text


_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


def host(text):
    """`host` or `host:port`, as in an origin."""
    name, _, port = text.partition(":") if isinstance(text, str) else ("", "", "")
    if len(name) > 253 or not _HOST.fullmatch(name) or (":" in text and not _port(port)):
        raise Refused("host")
    return text


def _port(text):
    return re.fullmatch(r"[1-9][0-9]{0,4}", text) and int(text) <= 65535 and text != "443"


def origin(text):
    if not isinstance(text, str) or not text.startswith("https://"):
        raise Refused("origin")
    host(text.removeprefix("https://"))
    return text
