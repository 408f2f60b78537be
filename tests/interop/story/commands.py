"""The commands of tests/stories/README.md, “A phone by commands”: each is a process, as after a restart.

In: the words of a command. Out: a line of JSON for each thing that the phone has to say, and how it ended. Never: an ID added
without `--yes`, a PIN in what is said, or two commands at once in one home.
"""

import contextlib
import fcntl
import json
import random
import sys
import time
from pathlib import Path

from countersign import actions, answers, enrolment, inbox, outbox, pin, statements
from countersign.errors import NotNow, Problem, Refused, Unreachable
from countersign.http import Http
from countersign.phone import Phone

from . import dying, kit_phone, words

WAIT = 25
PAUSES = (1, 2, 4, 8, 16, 32, 60)
BY_ADMIN = ("admin", "clone")
PIN_FAULTS = {"too short": "pin.short", "too long": "pin.long", "not a digit": "pin.digits"}


class Trouble(Exception):
    """Why a command did not do what it was told; `code` is what is said of it."""

    def __init__(self, code, text=""):
        super().__init__(text or code)
        self.code = code


def main(typed):
    """0: done; 1: not, and why is said; 2: the command makes no sense."""
    try:
        asked = words.read(typed)
        if asked.get("fault"):
            kit_phone.FAULTS[asked.get("fault")]()
        with _alone(Path(asked.need("home"))) as home:
            phone = Phone(home, Http(asked.need("ca")), asked.get("device") or "Python phone")
            if asked.number("die-at"):
                dying.at(phone, asked.number("die-at"))
            Commands(phone, asked).run()
    except words.Usage as error:
        print(error, file=sys.stderr)
        say(error={"code": "usage"})
        return 2
    except (Trouble, Problem, Refused, Unreachable, NotNow) as error:
        print(error, file=sys.stderr)
        say(error={"code": code_of(error)})
        return 1
    return 0


@contextlib.contextmanager
def _alone(home):
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(home / "lock", "w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Trouble("home.busy", "another command is at work there") from None
        yield home


def say(**members):
    print(json.dumps(members, ensure_ascii=False), flush=True)


def code_of(error):
    if isinstance(error, Trouble):
        return error.code
    if isinstance(error, Problem):
        return "id.probation" if error.code == "probation" else f"server.{error.code}"
    if isinstance(error, Refused):
        return f"refused.{error.code}"
    return "net.none" if isinstance(error, Unreachable) else "not_now"


def may_pass(error):
    return isinstance(error, Unreachable) or error.status >= 500 or error.status == 429


def patiently(work):
    """What may pass is tried again, later and later (section 10)."""
    for pause in (*PAUSES, None):
        try:
            return work()
        except (Problem, Unreachable) as error:
            if pause is None or not may_pass(error):
                raise
            time.sleep(min(getattr(error, "retry_after", None) or pause * random.uniform(0.8, 1.2), 900))
    return None


class Commands:
    def __init__(self, phone, asked):
        self.phone, self.asked = phone, asked

    def run(self):
        getattr(self, "_" + self.asked.command.replace("-", "_"))(*self.asked.rest)

    # Adding an ID

    def _enrol(self, link):
        if "yes" not in self.asked.flags:
            raise words.Usage("without --yes nobody agreed to it")
        offered = self.phone.ask(link)
        say(event="review", host=offered.host, account=offered.account)
        if offered.policy["pin"]:
            self._new_pin(self.asked.get("pin"), offered.policy)
        gesture = "biometric" if "gesture" in self.asked.flags else None
        handle = enrolment.register(self.phone, offered, self.asked.get("pin"), gesture)
        self._finish(lambda: self.phone.go_on(handle))

    def _resume(self):
        begun = [lambda handle=handle: self.phone.go_on(handle) for handle in self.phone.store.data["enrolments"]]
        begun += [lambda one=one: (one, *one.shown) for one in self.phone.accounts() if one.shown]
        if not begun:
            raise Trouble("enrol.none", "nothing is being added")
        for work in begun:
            self._finish(work)

    def _finish(self, work):
        account, digits, where = patiently(work)
        say(event="digits", digits=digits, where=where)
        while account.state["state"] == "pending":
            patiently(lambda: account.fetch_state(WAIT))
        if account.state["state"] == "refused":
            raise Trouble(f"enrol.{account.state['reason']}")
        say(event="active", account=account.state["account"])

    # Requests

    def _pending(self):
        failed = [error for account in self.phone.accounts() for error in news(account)]
        prompts = [one for account in self.phone.accounts() for one in inbox.open_prompts(account)]
        for one in prompts:
            show(one)
        if failed and not prompts:
            raise failed[0]

    def _open(self, link):
        show(self.phone.open(link)[1])

    def _approve(self, id_):
        self._approved(*self._find(id_))

    def _deny(self, id_):
        account, prompt = self._find(id_)
        self._answered(account, prompt, lambda: answers.deny(account, prompt))

    def _report(self, id_):
        account, prompt = self._find(id_, decided=True)
        self._answered(account, prompt, lambda: answers.report(account, prompt))

    def _more(self, id_):
        show(actions.more_time(*self._find(id_)))

    def _find(self, id_, decided=False):
        """The open request; also one that was decided here, which may still be reported."""
        for account in self.phone.accounts():
            prompts = inbox.open_prompts(account)
            if decided and id_ in account.record["seen"]:
                text = account.record["seen"][id_]["text"]
                prompts.append(inbox.Prompt(statements.unpack(text, "cs1-challenge"), [], False))
            for prompt in prompts:
                if prompt.jti == id_:
                    return account, prompt
        raise Trouble("request.none", "no such request is open here")

    def _approved(self, account, prompt, **more):
        given, number = self.asked.get("pin"), self.asked.get("number") or ""
        if len(number) != prompt.challenge["match"]:
            raise Trouble("number.length", f"{prompt.challenge['match']} digits are to be typed")
        if given is not None:
            self._well_formed(given, 0)
        # Both where both are asked for; else the gesture only where no PIN is given.
        gesture = given is None or all("uv" in one for one in prompt.challenge["factors"])
        self._answered(account, prompt, lambda: answers.approve(account, prompt, number, given, gesture, **more))

    def _answered(self, account, prompt, work):
        before = account.record["ctr"]
        try:
            verdict = work()
        except (Problem, Refused, Unreachable) as error:
            if account.record["ctr"] == before:
                raise
            say(event="queued", id=prompt.jti, why=code_of(error))
            return
        tell(verdict)
        # What it did to the state of the ID is known at once, unless the network goes just now.
        with contextlib.suppress(Problem, Refused, Unreachable):
            account.fetch_state()
        if verdict["result"] != "accepted":
            raise Trouble(verdict["code"])

    # What it knows

    def _outbox(self):
        for account in self.phone.accounts():
            if "send" in self.asked.flags:
                for verdict, error in delivered(account):
                    tell(verdict) if verdict else print(error, file=sys.stderr)
            for entry in account.record["outbox"]:
                say(event="waiting", decision=entry["decision"], stuck=entry["stuck"])

    def _ids(self):
        for account in self.phone.accounts():
            say(event="id", id=account.id, account=account.state["account"], standing=account.state["state"])

    def _notices(self):
        texts = [text for account in self.phone.accounts() for text in account.record["notices"]]
        notices = [statements.unpack(text, "cs1-notice") for text in reversed(texts)]
        notices.sort(key=lambda notice: -notice["iat"])
        for notice in notices[: self.asked.number("limit", 50)]:
            say(event="notice", what=notice["event"], at=notice["iat"])

    def _overview(self):
        for one in actions.overview(self._mine())["phones"]:
            say(event="phone", device=one["device"], key=one["dev"], this=one["this"])

    # What a person begins here

    def _mine(self):
        """The one ID that is in use."""
        found = [one for one in self.phone.accounts() if one.state["state"] in ("active", "suspended")]
        if len(found) != 1:
            raise Trouble("id.none" if not found else "id.several", f"{len(found)} IDs are in use here")
        return found[0]

    def _add_phone(self):
        account = self._mine()
        with meaning(account):
            say(event="invitation", link=actions.add_phone(account))

    def _pause(self):
        account = self._mine()
        with meaning(account):
            actions.pause(account)
        account.fetch_state()
        self._ids()

    def _remove_phone(self, key):
        self._begun("remove-phone", {"dev": key})

    def _unfreeze(self):
        self._begun("unfreeze")

    def _set_pin(self):
        new = self.asked.need("new")
        self._new_pin(new, self._mine().policy)
        self._begun("pin-set", new_pin=new)

    def _renew_gesture(self):
        self._begun("replace-uv", new_gesture="biometric")

    def _begun(self, kind, wanted=None, **more):
        account = self._mine()
        with meaning(account):
            prompt = actions.begin(account, kind, **wanted or {})
        show(prompt)
        self._approved(account, prompt, **more)

    def _new_pin(self, new, policy):
        self._well_formed(new or "", policy["pin"])

    def _well_formed(self, given, least):
        fault = pin.fault(given, least)
        if fault:
            raise Trouble(PIN_FAULTS[fault])


def show(prompt):
    rows = [{"id": name, "value": value} for name, value in prompt.rows]
    say(event="prompt", id=prompt.jti, kind=prompt.challenge["kind"], mode=prompt.challenge["mode"], rows=rows)


def tell(verdict):
    more = {name: verdict[name] for name in ("attempts", "return") if name in verdict.body}
    say(event="verdict", code=verdict["code"], result=verdict["result"], final=verdict["final"], **more)


def delivered(account):
    """Sends each answer that waits: its verdict, or why there is none. An answer whose report was not heard waits on."""
    unheard = set()
    for entry in outbox.in_order(account.record):
        txn = statements.unpack(entry["challenge"], "cs1-challenge")["txn"]
        if txn in unheard:
            continue
        try:
            yield outbox.deliver(account, entry["h"]), None
        except (Problem, Refused, Unreachable) as error:
            if entry["decision"] == "report":
                unheard.add(txn)
            yield None, error


def news(account):
    """As an app does that was opened: sends what waits, asks for what there is, acknowledges it. Gives what failed."""
    outbox.expire(account)
    failed = [error for _, error in delivered(account) if error]
    try:
        if account.state["state"] == "pending":
            account.fetch_state()
            return failed
        more = True
        while more:
            came = inbox.poll(account)
            failed += [Refused(code) for code in came.refused]
            more = came.more
        inbox.acknowledge(account)
    except Problem as problem:
        if problem.status not in (403, 404):
            return [*failed, problem]
        with contextlib.suppress(Problem, Refused, Unreachable):
            account.fetch_state()
        failed += [] if account.ended else [problem]
    except (Refused, Unreachable) as error:
        failed.append(error)
    return failed


@contextlib.contextmanager
def meaning(account):
    """A refusal that the newest state explains says what the state says."""
    try:
        yield
    except Problem as problem:
        if problem.code == "not_found":
            account.ask_state()
        if problem.code != "not_active":
            raise
        account.fetch_state()
        state = account.state
        if (state["state"], state.get("reason") in BY_ADMIN) == ("suspended", True):
            raise Trouble("id.paused", "only an administrator ends this pause") from None
        raise
