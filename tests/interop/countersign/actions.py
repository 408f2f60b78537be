"""Sections 10 and 11: what a person begins on the phone itself.

In: an account and the wish. Out: the prompt to answer, or an invitation to show. Never: an invitation to another server
than this phone's own.
"""

from . import codes, inbox
from .enrolment import APP
from .errors import Refused
from .server import members

PATH = "/cs/v1/actions"


def begin(account, kind, **wanted):
    """An action that a challenge answers. It still has to be approved."""
    account.must_go_on()
    body = {"kind": kind, "input": wanted} if wanted else {"kind": kind}
    sent = account.tools.boot.now()
    answer = members(account.server.proved("POST", PATH, body), "challenge")
    found = inbox.checked(account, answer["challenge"])
    if (found["kind"], found["mode"]) != (kind, "app") or found.get("input", {}).get("dev") != wanted.get("dev"):
        raise Refused("challenge", "another one")
    return inbox.keep(account, found, sent)


def more_time(account, prompt):
    """The same prompt, with more time. What was typed stays.

    Where the server made a newer statement before, that is the answer: it may be here already, or go on from one that
    never came here, and it may be old, so it gives no upper bound of the time.
    """
    account.must_go_on()
    body = {"kind": "extend", "input": {"challenge": prompt.jti}}
    answer = members(account.server.proved("POST", PATH, body), "challenge")
    found = inbox.checked(account, answer["challenge"])
    if found["txn"] != prompt.challenge["txn"] or found["jti"] == prompt.jti or "replaces" not in found.body:
        raise Refused("challenge", "another one")
    return inbox.keep(account, found)


def add_phone(account):
    """The link for the other phone, to be shown as a QR code."""
    account.must_go_on()
    answer = members(account.server.proved("POST", PATH, {"kind": "add-phone"}), "invitation")
    invited = codes.invitation(answer["invitation"])
    trust = account.record["trust"]
    if invited["s"] == trust["iss"] and invited["k"] != trust["root"]:
        account.server.refresh_keys()  # its root may have handed over since
        trust = account.record["trust"]
    if (invited["s"], invited["k"]) != (trust["iss"], trust["root"]):
        raise Refused("invitation", "another server")
    return answer["invitation"]


def pause(account):
    account.must_go_on()
    account.server.proved("POST", PATH, {"kind": "pause"})


def describe(account, device, locale, slow=False):
    account.server.proved("PUT", "/cs/v1/phone", {"app": APP, "device": device, "locale": locale, "slow": slow})


def overview(account):
    """For display only: nobody signed it."""
    return account.server.proved("GET", "/cs/v1/overview")
