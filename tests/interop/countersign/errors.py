"""What can go wrong, in three kinds: a caller reacts to each of them differently."""

import contextlib


class Refused(Exception):
    """Something that came is not to be believed. Nothing of it is stored or shown.

    `code` is a short word for programs; `detail` names the member or rule and never repeats what was sent.
    """

    def __init__(self, code, detail=""):
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code, self.detail = code, detail


@contextlib.contextmanager
def naming(code, detail):
    """Whatever is refused inside is refused as this."""
    try:
        yield
    except Refused:
        raise Refused(code, detail) from None


class Problem(Exception):
    """The server answered with a problem (section 10). It changes no credential."""

    nonce = None

    def __init__(self, status, code, retry_after=None):
        super().__init__(f"{status} {code}")
        self.status, self.code, self.retry_after = status, code, retry_after


class Unreachable(Exception):
    """No answer, or none that is an answer. Try again later; what waits in the outbox goes on waiting."""


class NotNow(Exception):
    """The person or this phone cannot do that now. The text says what to do instead."""
