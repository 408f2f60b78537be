"""What the chapters share: people, phones, pages, and how to say what was seen.

In: names. Out: IDs that are enrolled. Never: one chapter's people in another.
"""

from countersign import inbox
from countersign.errors import NotNow, Problem, Refused
from countersign.http import Http
from countersign.phone import Phone

from . import saml
from .api import Api
from .browser import Browser

PIN = "294817"


def expect(good, wrong="not what was expected"):
    if not good:
        raise AssertionError(wrong)


def refuses(code, work, *words, **more):
    """`code`: of `Refused`, or of the server's problem; None for any that is refused here."""
    try:
        came = work(*words, **more)
    except (Refused, Problem) as error:
        good = isinstance(error, Refused) if code is None else error.code == code
        expect(good, f"refused as {error}, expected {code}")
        return error
    raise AssertionError(f"not refused: {came}")


def cannot(work, *words, **more):
    """What the phone itself does not let a person do."""
    try:
        work(*words, **more)
    except NotNow as error:
        return error
    raise AssertionError("was possible")


class Stage:
    def __init__(self, world, folder):
        self.world, self.folder = world, folder
        self.steps = 0
        world.cli("app", "add", "wiki", "--name", "Wiki", "--entity-id", saml.ENTITY, "--acs", saml.ACS)
        world.cli("app", "add", "shop", "--name", "Shop", "--host", "shop.example.com")
        self.api = Api(world, world.cli("app", "key", "add", "shop", "--note", "story")["key"])
        self._asked = 0

    def ok(self, text):
        self.steps += 1
        print(f"    ok  {text}", flush=True)

    # People and phones

    def person(self, name):
        account = f"{name}@example.com"
        self.world.cli("user", "add", account, "--name", name.capitalize())
        return account

    def browser(self):
        return Browser(self.world.ca)

    def phone(self, name, through=None, **more):
        """`through`: the port of a proxy that the phone meets instead of the server."""
        routes = {("localhost", self.world.public): ("127.0.0.1", through)} if through else None
        return Phone(self.folder / name, Http(self.world.ca, routes), device=f"Phone of {name}", **more)

    def invite(self, account):
        """The page of an invitation with its code shown, in a browser of its own."""
        browser = self.browser()
        page = browser.get(self.world.cli("invite", account)["page"])
        return browser, browser.press(page, "Show the code")

    def pending(self, name, through=None, gesture=None, pin=PIN):
        """A phone that shows its digits, and the page that waits for them."""
        browser, page = self.invite(self.person(name))
        phone = self.phone(name, through)
        account, digits, _ = phone.enrol(phone.ask(link_of(page)), pin, gesture)
        return browser, page, account, digits

    def enrol(self, name, through=None, gesture=None, pin=PIN):
        browser, page, account, digits = self.pending(name, through, gesture, pin)
        page = browser.press(browser.get(page.url), "Confirm the digits", digits=digits)
        expect(page.title == "Phone added", page.text)
        account.fetch_state(25)
        expect(account.state["state"] == "active")
        inbox.poll(account)
        inbox.acknowledge(account)
        return account

    # Requests

    def login(self, account, browser=None):
        """A login up to the waiting page, and its prompt on the phone."""
        browser = browser or self.browser()
        page = browser.get(saml.begin(self.world.origin))
        page = browser.press(page, "Continue", account=account.state["account"])
        return browser, page, prompt(account)

    def ask(self, account, kind="stepup", rows=None, **more):
        """A request by the service API, without its prompt."""
        self._asked += 1
        return self.api.ask(f"story-{self._asked}", account.state["account"], kind, rows, **more)


def link_of(page):
    return page.links["Open Countersign"]


def prompt(account, kind=None):
    """The one request that waits, or the one of this kind."""
    news = inbox.poll(account, 5)
    found = [one for one in news.prompts if kind in (None, one.challenge["kind"])]
    expect(len(found) == 1 and not news.refused, f"{len(found)} prompts, refused {news.refused}")
    return found[0]


def told(account):
    """What the server told and nobody acknowledged yet: (typ, event or reason) in its order; acknowledged now."""
    news = inbox.poll(account, afresh=True)
    inbox.acknowledge(account)
    return [(found.typ.removeprefix("cs1-"), found.get("event") or found.get("reason")) for found in news.others]
