"""Short codes and links: Crockford base32, typed codes and invitations (section 5), the number's QR text (section 15),
the offline code (section 12).

In: what people type or scan. Out: its parts. Never: a server that the invitation alone vouches for.
"""

import hmac
import re

from . import encodings
from .encodings import unb64u
from .errors import Refused
from .keys import sha256

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TYPED = 128  # bytes, spaces and hyphens included


def crockford(data):
    """Whole bytes, five bits a character; used with lengths that five divides."""
    bits = "".join(f"{byte:08b}" for byte in data)
    return "".join(_ALPHABET[int(bits[i : i + 5], 2)] for i in range(0, len(bits), 5))


def uncrockford(text):
    bits = "".join(f"{_ALPHABET.index(char):05b}" for char in text)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def read(text, length):
    """What a person typed, as the one way to write it. Only ASCII: elsewhere `upper` makes a letter of what is none."""
    if not text.isascii() or len(text) > _TYPED:
        raise Refused("code", "form")
    code = re.sub(r"[ -]", "", text).upper().translate(str.maketrans("OIL", "011"))
    if len(code) != length or any(char not in _ALPHABET for char in code):
        raise Refused("code", "form")
    return code


def recovery(text):
    """The 10 bytes of a recovery code."""
    return uncrockford(read(text, 16))


def typed(text, roots):
    """A typed code: its token, and the one of `roots` (thumbprint → origin) that it means."""
    code = read(text, 20)
    check = sha256(b"cs1 code\0", code[:19].encode("ascii"))[0] >> 3
    if _ALPHABET[check] != code[19]:
        raise Refused("code", "mistyped")
    for root in roots:
        if crockford(unb64u(root, 32)[:10])[:9] == code[10:19]:
            return code[:10], root
    raise Refused("code", "no server that this app knows")


def invitation(link):
    """`{s, k, t, x}` of a link. Its origin must be the address of the link itself."""
    if not isinstance(link, str) or len(link.encode("utf-8", "replace")) > encodings.INVITATION:
        raise Refused("invitation", "size")
    if link.startswith("http://"):
        raise Refused("invitation", "http")
    address, _, fragment = link.partition("#")
    body = _members(fragment, {"v", "s", "k", "t", "x"}, "invitation")
    encodings.origin(body["s"])
    unb64u(body["k"], 32)
    unb64u(body["t"], 16)
    if type(body["x"]) is not int:
        raise Refused("invitation", "members")
    if not re.fullmatch(re.escape(body["s"]) + r"/e(?:/[a-z0-9-]{1,32})?", address):
        raise Refused("invitation", "address")
    return body


def _members(fragment, names, what):
    """The version first: a later one has other members."""
    body = encodings.read_json(unb64u(fragment))
    if type(body.get("v")) is int and body["v"] != 1:
        raise Refused(what, "version")
    if set(body) != names or type(body["v"]) is not int:
        raise Refused(what, "members")
    return body


def request(link, scheme=None):
    """Origin and txn of a same-device link: by the origin's own address, or by this app's `scheme`."""
    if not isinstance(link, str) or len(link.encode("utf-8", "replace")) > encodings.INVITATION:
        raise Refused("link", "size")
    address, _, fragment = link.partition("#")
    body = _members(fragment, {"v", "s", "c"}, "link")
    encodings.origin(body["s"])
    unb64u(body["c"], 16)
    if address not in (f"{body['s']}/c", f"{scheme}://c" if scheme else None):
        raise Refused("link", "address")
    return body["s"], body["c"]


def number(text):
    """What the waiting page's small QR says: the transaction and its digits."""
    found = re.fullmatch(r"CS1N:([A-Za-z0-9_-]{22})\.([0-9]{2}|[0-9]{6})", text)
    if not found:
        raise Refused("number")
    unb64u(found[1], 16)
    return found[1], found[2]


def ocra(key, suite, question, digits):
    """RFC 6287 with nothing but a question: suite ‖ 0 ‖ question, padded to 128 bytes. The digest is in the suite."""
    digest = re.search(r"HOTP-(SHA\d+)-", suite)[1].lower()
    mac = hmac.digest(key, suite.encode("ascii") + b"\0" + question.ljust(128, b"\0"), digest)
    offset = mac[-1] & 15
    return f"{(int.from_bytes(mac[offset : offset + 4], 'big') & 0x7FFFFFFF) % 10**digits:0{digits}}"


def offline_code(k_off, challenge_digest):
    return ocra(k_off, "OCRA-1:HOTP-SHA256-8:QH64", challenge_digest, 8)
