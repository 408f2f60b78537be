"""This phone, as whoever holds it uses it for the conformance kit; and phones that are wrong in one place.

In: errands of `countersign-server-conformance`. Out: what the phone shows. Never: another way into the phone than a person's.
"""

from countersign import answers, clock, enrolment, inbox, outbox, seen
from countersign.account import Account
from countersign.errors import NotNow, Problem, Refused, Unreachable
from countersign.http import Http
from countersign.phone import Phone

# How often it is tried again what the server had no time for.
TRIES = 3


class Boot(clock.Boot):
    """A clock that can be put forward, so that nobody has to wait."""

    ahead = 0

    def now(self):
        return super().now() + self.ahead


class KitPhone:
    """Each enrolment is tried on a phone of its own; the one that shows digits stays."""

    def __init__(self, folder, ca, fault=None):
        self.folder, self.ca, self.phone, self.tried = folder, ca, None, 0
        self.boot = Boot()
        if fault:
            FAULTS[fault]()

    @property
    def account(self):
        return self.phone.accounts()[0]

    def enrol(self, errand):
        self.tried += 1
        phone = Phone(self.folder / str(self.tried), Http(self.ca), boot=self.boot)
        try:
            handle = enrolment.register(phone, phone.ask(errand["link"]), errand["pin"])
            digits = again(lambda: phone.go_on(handle))[1]
        except (Refused, Problem, Unreachable, NotNow):
            return "refused"
        self.phone = phone
        return digits

    def look(self, _):
        """As an app does that was opened: its state, once it may have changed, what waits, and what it was told."""
        if self.account.state["state"] == "pending":
            self.account.fetch_state()
        try:
            while inbox.poll(self.account).more:
                pass
            inbox.acknowledge(self.account)
        except Problem as problem:
            if problem.status in (403, 404):
                quietly(self.account.fetch_state)
        except (Refused, Unreachable):
            pass
        return str(len(inbox.open_prompts(self.account)))

    def approve(self, errand):
        given = errand["number"], errand["pin"]
        quietly(lambda: answers.approve(self.account, self.waiting(), *given))

    def deny(self, _):
        quietly(lambda: answers.deny(self.account, self.waiting()))

    def wait(self, errand):
        self.boot.ahead += int(errand["seconds"])

    def deliver(self, _):
        quietly(lambda: outbox.deliver_all(self.account))

    def standing(self, _):
        return self.account.state["state"]

    def waiting(self):
        return inbox.open_prompts(self.account)[0]


def again(work):
    for left in reversed(range(TRIES)):
        try:
            return work()
        except (Problem, Unreachable) as error:
            if left == 0 or (isinstance(error, Problem) and error.status < 500):
                raise
    return None


def quietly(work):
    """What could not be sent is in the outbox, and what was refused is not there: both are right here."""
    try:
        work()
    except (Refused, Problem, Unreachable):
        pass


def _late():
    """It shows what is over."""
    check = clock.check

    def lenient(*words):
        try:
            check(*words)
        except Refused as refused:
            if refused.code != "expired":
                raise

    clock.check = lenient
    waiting = seen.waiting
    # As a phone that knows no time.
    seen.waiting = lambda record, boot: waiting({**record, "times": {}}, boot)


def _forked():
    """Its answers all name the first one as the one before."""
    store = answers._store

    def kept(account, *words):
        first = account.record["prev"]
        store(account, *words)
        if first:
            with account.change() as record:
                record["prev"] = first

    answers._store = kept


def _unconfirmed():
    """It shows digits for whatever state comes."""
    receipt = enrolment._receipt

    def shown(tools, record, offer, state):
        try:
            return receipt(tools, record, offer, state)
        except Refused:
            return "000000"

    enrolment._receipt = shown


def _credulous():
    """It takes any state that the server signed."""
    Account.take_state = _take_any


def _take_any(mine, text):
    mine.server.verified(text, "cs1-state")
    with mine.change() as record:
        record["states"].append(text)
    return True


def _forgetful():
    """It drops an answer once it was sent."""
    deliver = outbox.deliver

    def once(account, h):
        try:
            return deliver(account, h)
        finally:
            with account.change() as record:
                record["outbox"] = []

    outbox.deliver = once


FAULTS = {
    "credulous": _credulous,
    "forgetful": _forgetful,
    "forked": _forked,
    "late": _late,
    "unconfirmed": _unconfirmed,
}
