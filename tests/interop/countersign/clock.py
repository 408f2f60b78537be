"""Section 6's time: an interval for the server's clock, kept beside the store of one server.

In: `iat` of verified statements and a clock that runs during sleep. Out: expired, not yet valid, or neither. Never: the
wall clock.
"""

import time
from pathlib import Path

from .errors import Refused


class Boot:
    """Seconds since this machine started, sleep included, and the name of that start."""

    def now(self):
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def name(self):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


SLOW, FAST = 0.999, 1.001  # the drift that a phone's clock may have
EARLY = 60  # seconds before its `iat` a statement is taken


def lower(times, boot):
    """Not before this, or None while nothing is known."""
    if "lower" not in times:
        return None
    bound, at, start = times["lower"]
    return bound + (boot.now() - at) * SLOW if _same(at, start, boot) else bound


def upper(times, boot):
    if "upper" not in times:
        return None
    bound, at, start, _ = times["upper"]
    return bound + (boot.now() - at) * FAST if _same(at, start, boot) else None


def _same(at, start, boot):
    return start == boot.name() and boot.now() >= at


def note(times, iat, boot, sent=None):
    """A verified statement arrived. `sent`: when the request left, if the answer was only made after it."""
    now, start = boot.now(), boot.name()
    known, most = lower(times, boot), upper(times, boot)
    if sent is None and most is not None and iat > most + EARLY:
        return  # not yet valid: it tells nothing
    if known is None or iat > known:
        times["lower"] = [iat, now, start]
    if sent is None:
        return
    if upper(times, boot) is not None and times["upper"][3] >= sent:
        return
    bound = iat + 0.999 + (now - sent) * FAST  # `iat` counts whole seconds
    times["upper"] = [bound, now, start, sent]
    known = lower(times, boot)
    if bound < known:  # the server's clock was set back
        times["lower"] = [iat, now, start]


def check(times, iat, exp, boot):
    least, most = lower(times, boot), upper(times, boot)
    if least is not None and least > exp:
        raise Refused("expired")
    if most is not None and iat > most + EARLY:
        raise Refused("not_yet")
