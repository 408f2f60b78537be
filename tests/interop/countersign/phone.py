"""The phone: one folder with its store and its hardware keys, and the IDs in it.

In: what a person does. Out: what a person sees. Never: two phones in one folder.
"""

from . import clock, codes, enrolment, inbox
from .account import Account
from .errors import NotNow, Problem
from .hardware import Hardware
from .store import Store


class Phone:
    """Opening the same folder again is what a phone does that was killed and started."""

    def __init__(self, folder, http, device="Python phone", locale="en", boot=None, hosts=None):
        """`hosts`: the servers that this app's brand names; None: any."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder, self.http, self.device, self.locale = folder, http, device, locale
        self.boot, self.hosts = boot or clock.Boot(), hosts
        self.hardware = Hardware(folder / "hardware.key")
        self.store = Store(folder / "phone.json")
        self._accounts = {}

    def account(self, id_):
        if id_ not in self._accounts:
            self._accounts[id_] = Account(self, id_)
        return self._accounts[id_]

    def accounts(self):
        return [self.account(id_) for id_ in self.store.data["credentials"]]

    def ask(self, invited, roots=None):
        """What an invitation offers. Show its host and account, and ask for consent."""
        return enrolment.ask(self, invited, roots)

    def open(self, link):
        """A same-device link: which account it is for, and its prompt. Each active one at that server is tried."""
        origin, txn = codes.request(link)
        for account in self.accounts():
            if (account.record["trust"]["iss"], account.state["state"]) == (origin, "active"):
                try:
                    return account, inbox.fetch(account, txn)
                except Problem as problem:
                    if problem.status not in (404, 410):
                        raise
        raise NotNow("this request is over, or for another phone")

    def enrol(self, offered, pin=None, gesture=None):
        """After the consent. Gives the pending account, the digits, and where the person types them."""
        return self.go_on(enrolment.register(self, offered, pin, gesture))

    def go_on(self, h):
        """Also for what a killed phone began: posts the same bytes again."""
        id_, digits, where = enrolment.send(self, h)
        return self.account(id_), digits, where
