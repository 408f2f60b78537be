"""What happens at our server, its application and its browsers while a story is lived (tests/stories/README.md).

In: errands, whose words a hook was sent. Out: what each came to, as the story's `gives` has it. Never: two worlds at a time, or a
process that outlives the last one.
"""

import json
import time

from countersign import receipts
from countersign.errors import Problem

from . import saml
from .api import Api
from .browser import Browser
from .stage import link_of
from .world import ADMIN, World, certificates_in, make_certificates

PATIENCE, BREATH = 60, 0.3
ANSWER = 25
DECIDED = {"approve": "approved", "deny": "denied", "report": "reported"}


class Seat:
    """A browser, and the page where it waits."""

    def __init__(self, ca):
        self.browser, self.page = Browser(ca), None

    def goes_on(self, page):
        """What the new page says; the seat stays where it is if that one doesn't wait."""
        if page.waits:
            self.page = page
        return said(page)


class Application:
    """What `app key add` told its administrator, and what it asked last."""

    def __init__(self, world, name):
        world.cli("app", "add", name, "--name", f"Example {name}", "--host", f"{name}.example.com")
        made = world.cli("app", "key", "add", name)
        self.api, self.root = Api(world, made["key"]), made["root"]
        self.asked, self.asks = None, 0


class AtServer:
    """`folder` gets the certificates, if it has none, and a folder for each story."""

    def __init__(self, program, folder, port):
        self.program, self.folder, self.port = program, folder, port
        made = certificates_in(folder)
        self.certificates = made if made[0].exists() else make_certificates(folder)
        self.world, self.stories = None, 0

    def close(self):
        if self.world:
            self.world.close()
            self.world = None

    def story(self, errand):
        settings = policy(errand)
        self.close()
        self.stories += 1
        place = self.folder / f"story-{self.stories}"
        place.mkdir()
        self.world = World(self.program, place, port=self.port, certificates=self.certificates)
        self.world.settings(**settings)
        self.world.start()
        self.world.cli("app", "add", "wiki", "--name", "Example Wiki", "--entity-id", saml.ENTITY, "--acs", saml.ACS)
        self.shown, self.seats, self.applications = None, {}, {}

    def server_stop(self, _):
        self.world.kill()

    def server_start(self, _):
        self.world.start()

    def admin(self, errand):
        listed = self.world.cli("phone", "list", ADMIN)
        phones = {phone["device"]: phone["id"] for phone in (listed if isinstance(listed, list) else [listed])}
        names = {**phones, "root": str(self.world.root_key)}
        self.world.cli(*filled_in(errand["line"], names))

    # The page of an invitation

    def invite(self, _):
        browser = Browser(self.world.ca)
        page = browser.get(self.world.cli("invite", ADMIN)["page"])
        self.shown = browser, browser.press(page, "Show the code")
        return link_of(self.shown[1])

    def type(self, errand):
        """A phone that goes on may show again what was typed already: a page that asks for nothing more is left alone."""
        browser, page = self.shown
        for _ in range(int(errand["times"])):
            page = browser.get(page.url)
            if any("digits" in form.fields for form in page.forms):
                browser.press(page, "Confirm the digits", digits=errand["digits"])

    # Browsers

    def browser_begin(self, errand):
        seat = self.seats.setdefault(errand["browser"], Seat(self.world.ca))
        page = seat.browser.get(saml.begin(self.world.origin, anew=False))
        page = seat.browser.press(page, "Continue", account=ADMIN)
        seat.page = page if page.waits else None
        return said(page)

    def browser_press(self, errand):
        seat = self._waiting(errand)
        return seat.goes_on(seat.browser.press_to(seat.page, f"/{errand['button']}"))

    def browser_open(self, errand):
        seat = self._waiting(errand)
        return said(seat.browser.get(seat.page.url))

    def browser_end(self, errand):
        seat = self._waiting(errand)
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            page = seat.browser.get(seat.page.url)
            if not page.waits:
                return said(page)
            time.sleep(BREATH)
        raise TimeoutError("the page waits for ever")

    def browser_close(self, errand):
        self.seats[errand["browser"]].browser.restart()

    def browser_link(self, errand):
        seat = self._waiting(errand)
        links = seat.browser.get(seat.page.url).links.values()
        return next(link for link in links if link and "/c#" in link)

    def browser_back(self, errand):
        return said(self._waiting(errand).browser.get(errand["link"]))

    def _waiting(self, errand):
        seat = self.seats[errand["browser"]]
        if not seat.page:
            raise LookupError("this browser waits for nothing")
        return seat

    # Applications

    def service_ask(self, errand):
        name = errand["service"]
        if name not in self.applications:
            self.applications[name] = Application(self.world, name)
        asking = self.applications[name]
        asking.asks += 1
        rows = json.loads(errand.get("rows", "[]"))
        try:
            asked = asking.api.ask(f"request-{asking.asks}", ADMIN, errand["kind"], rows)
        except Problem as problem:
            if problem.status >= 500:
                raise
            return problem.code
        asking.asked = asked
        return " ".join([asked["state"], *([asked["number"]] if "number" in asked else [])])

    def service_look(self, errand):
        asking = self.applications[errand["service"]]
        became = asking.api.wait(asking.asked["id"], ANSWER)
        proved(became, asking.root)
        return became["state"]

    def service_take_back(self, errand):
        asking = self.applications[errand["service"]]
        return asking.api.cancel(asking.asked["id"])["state"]


def policy(errand):
    """The settings that an errand `story` asks for."""
    settings = {"life": int(errand["life"])} if "life" in errand else {}
    if "pin" in errand:
        gesture = [["uv"]] if errand.get("gesture") == "yes" else []
        settings |= {"min": [["dev", "pin"], *gesture], "pin": int(errand["pin"]), "match": True}
    elif "gesture" in errand:
        raise ValueError("a gesture without a PIN is no policy of a story")
    return settings


def filled_in(line, names):
    """The words of a command line, with what `{name}` stands for."""
    words = line.split(" ")
    return [names[word[1:-1]] if word.startswith("{") and word.endswith("}") else word for word in words]


def said(page):
    """Of a page: `wait` with its number, `signed_in` for whom the application is told, or its heading."""
    if page.waits:
        return f"wait {page.number}".strip()
    if any("SAMLResponse" in form.fields for form in page.forms):
        name = saml.who(page)
        if name is not None:
            return "signed_in" if name == ADMIN else name
    if not page.title:
        raise LookupError(f"a page without a heading: {page.text[:300]}")
    return page.title


def proved(became, root):
    """What the server says of a request that was answered is what the receipt says of it."""
    if "receipt" not in became:
        if became["state"] in DECIDED.values():
            raise AssertionError(f"`{became['state']}` without a receipt")
        return
    challenge, response, verdict = receipts.check(became["receipt"], root)
    accepted = verdict["result"] == "accepted"
    state = DECIDED[response["decision"]] if accepted else verdict["code"]
    if (challenge["txn"], state) != (became["id"], became["state"]):
        raise AssertionError(f"the receipt says `{state}`, or of something else")
