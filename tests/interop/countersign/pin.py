"""Section 3's blob and section 7's proof: the PIN, which is stored nowhere and can be tested nowhere but at the server.

In: PIN digits as a person types them. Out: bytes that look random for every PIN. Never: a value that says whether a PIN
is right, and no second PIN for one K_pin.
"""

import re
import secrets

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from .agreement import mac
from .encodings import unb64u
from .errors import NotNow

COST = {"m": 19 * 1024, "t": 2, "p": 1}  # KiB, passes, lanes: section 3's least


def fault(pin, least=6):
    """What is wrong with a new PIN, or None. Only the ten digits of ASCII are digits."""
    if not re.fullmatch(r"[0-9]*", pin):
        return "not a digit"
    return "too short" if len(pin) < max(least, 6) else "too long" if len(pin) > 12 else None


def well_formed(pin, least):
    if fault(pin, least):
        raise NotNow(f"the PIN has {max(least, 6)} to 12 digits")


def _pad(pin, salt, pepper, j, cost):
    kdf = Argon2id(
        salt=salt,
        length=32,
        iterations=cost["t"],
        lanes=cost["p"],
        memory_cost=cost["m"],
        ad=b"cs1 pin\0" + j,
        secret=pepper,
    )
    return kdf.derive(pin.encode("ascii"))


def _xor(one, other):
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def hide(k_pin, pin, pepper_of, j, cost=COST, salt=None):
    """A new blob, always under a new salt. `j`: the jti of the statement that K_pin comes from, 16 bytes."""
    salt = salt or secrets.token_bytes(16)
    blob = _xor(k_pin, _pad(pin, salt, pepper_of(salt), j, cost))
    return {"blob": blob, "salt": salt, "j": j, "cost": cost}


def uncover(hidden, pin, pepper_of):
    """32 bytes for every PIN; only the server can tell the right ones."""
    return _xor(hidden["blob"], _pad(pin, hidden["salt"], pepper_of(hidden["salt"]), hidden["j"], hidden["cost"]))


def proof(k_blind, k_pin, challenge_digest, dh, jti, view, match, new_uv=b""):
    """`new_uv`: the thumbprint of input.uv, only with replace-uv."""
    mk = mac(k_blind, k_pin)
    numbers = bytes([len(match)]) + match.encode("ascii")
    return mac(mk, b"cs1 pin-proof\0", challenge_digest, unb64u(dh["x"], 32), unb64u(jti, 16), view, numbers, new_uv)
