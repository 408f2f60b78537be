"""What the hooks of kit.py answer without a server: errands, pages, receipts, cookies, vectors."""

import base64
import contextlib
import io
import json
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import kit
from countersign.errors import Refused
from story import at_server, forge, saml
from story.browser import Browser, Page
from story.world import ADMIN, make_certificates
from unit.test_every_vector import vectors

WAITING = '<h1>Look at your phone</h1><main data-wait="/w" data-phase="sent"><p class="number">{}</p></main>'


def page(text):
    return Page("https://localhost/l/x", 200, text)


def answer(name):
    response = f'<p:Response xmlns:p="{saml._NAMES["p"]}" xmlns:a="{saml._NAMES["a"]}">'
    response += f"<a:Assertion><a:Subject><a:NameID>{name}</a:NameID></a:Subject></a:Assertion>" if name else ""
    packed = base64.b64encode(f"{response}</p:Response>".encode()).decode()
    return page(f'<h1>Over</h1><form method="post" action="{saml.ACS}"><input name="SAMLResponse" value="{packed}"></form>')


class Errands(unittest.TestCase):
    def test_policies_are_those_of_the_stories(self):
        self.assertEqual(at_server.policy({"story": "x"}), {})
        self.assertEqual(at_server.policy({"life": "600"}), {"life": 600})
        pin = {"min": [["dev", "pin"]], "pin": 6, "match": True}
        self.assertEqual(at_server.policy({"pin": "6"}), pin)
        self.assertEqual(at_server.policy({"pin": "6", "gesture": "yes"}), {**pin, "min": [["dev", "pin"], ["uv"]]})
        for wrong in ({"pin": "six"}, {"gesture": "yes"}, {"life": ""}):
            with self.assertRaises(ValueError):
                at_server.policy(wrong)

    def test_only_names_that_are_known_are_filled_in(self):
        names = {"root": "/r", "phone": "-id"}
        self.assertEqual(at_server.filled_in("phone revoke {phone}", names), ["phone", "revoke", "-id"])
        self.assertEqual(at_server.filled_in("keys rotate --root-key {root}", names)[-1], "/r")
        with self.assertRaises(KeyError):
            at_server.filled_in("phone revoke {tablet}", names)

    def test_pages_say_what_they_are(self):
        self.assertEqual(at_server.said(page(WAITING.format("47"))), "wait 47")
        self.assertEqual(at_server.said(page(WAITING.format(""))), "wait")
        self.assertEqual(at_server.said(page("<h1>You refused</h1>")), "You refused")
        self.assertEqual(at_server.said(answer(ADMIN)), "signed_in")
        self.assertEqual(at_server.said(answer("eve@example.com")), "eve@example.com")
        self.assertEqual(at_server.said(answer(None)), "Over")
        with self.assertRaises(LookupError):
            at_server.said(page("<p>nothing</p>"))

    def test_a_response_to_somewhere_else_signs_nobody_in(self):
        stolen = page('<h1>x</h1><form action="https://other.example.com"><input name="SAMLResponse" value="x"></form>')
        with self.assertRaises(AssertionError):
            at_server.said(stolen)


class Receipts(unittest.TestCase):
    def setUp(self):
        good = next(vector for _, vector, _ in vectors() if (vector["op"], vector["expect"]) == ("receipt", "ok"))
        self.receipt, self.root = json.loads(good["receipt"]), good["root"]
        challenge = at_server.receipts.check(self.receipt, self.root)[0]
        self.became = {"id": challenge["txn"], "state": "approved", "receipt": self.receipt}

    def test_a_receipt_proves_its_request_and_its_answer_alone(self):
        at_server.proved(self.became, self.root)
        for lie in ({"state": "denied"}, {"state": "open"}, {"id": "A" * 22}):
            with self.assertRaises(AssertionError):
                at_server.proved({**self.became, **lie}, self.root)
        with self.assertRaises(Refused):
            at_server.proved(self.became, "A" * 43)

    def test_its_key_is_a_phones(self):
        jwk = self.receipt["key"]
        servers = forge.Signer().jwk
        exchanged = ({**servers, "y": jwk["y"]}, {**jwk, "crv": "P-384"}, {**jwk, "kty": ["EC"]})
        for wrong in (servers, *exchanged, {"kty": {}}, "x", None):
            with self.assertRaises(Refused) as refused:
                at_server.receipts.check({**self.receipt, "key": wrong}, self.root)
            self.assertNotEqual(refused.exception.code, "receipt")  # it is none: `malformed`

    def test_what_was_answered_has_one(self):
        for state in ("approved", "denied", "reported"):
            with self.assertRaises(AssertionError):
                at_server.proved({"id": "x", "state": state}, self.root)
        for state in ("open", "cancelled"):
            at_server.proved({"id": "x", "state": state}, self.root)


class Cookies(unittest.TestCase):
    def test_a_browser_that_is_closed_forgets_what_has_no_time_of_its_own(self):
        with tempfile.TemporaryDirectory(prefix="countersign-unit-") as folder:
            browser = Browser(make_certificates(Path(folder))[0])
        host = ("localhost", 1)
        kept = browser._cookies.setdefault(host, {})
        for header in ("s=1; Path=/; Secure", "b=2; Max-Age=9; Secure", "c=3; Max-Age=9", "c=; Max-Age=0", "d=4", "d=; max-age=-1"):
            browser._take(host, kept, header)
        self.assertEqual(kept, {"s": "1", "b": "2"})
        browser.restart()
        self.assertEqual(browser._cookies[host], {"b": "2"})


class Hooks(unittest.TestCase):
    def lines(self, respond, *errands):
        out = io.StringIO()
        with mock.patch("sys.stdin", io.StringIO("".join(f"{line}\n" for line in errands))), contextlib.redirect_stdout(out):
            kit.as_hook(respond)
        return [json.loads(line) for line in out.getvalue().splitlines()]

    def test_every_line_gets_one_whatever_it_is(self):
        with tempfile.TemporaryDirectory(prefix="countersign-unit-") as folder:
            actor = at_server.AtServer(Path("nowhere"), Path(folder), 1)
            self.assertTrue((Path(folder) / "ca.pem").exists())
            before = (Path(folder) / "ca.pem").read_bytes()
            at_server.AtServer(Path("nowhere"), Path(folder), 1)
            self.assertEqual((Path(folder) / "ca.pem").read_bytes(), before)
        names = ("fly", "_waiting", "__init__", "folder", "close", "browser-end", "service-look", "invite")
        errands = [json.dumps({"event": "do", "do": name}) for name in names]
        said = self.lines(kit.acting(actor), *errands, "no json", "[]", "{}", '{"do": 1}')
        self.assertEqual([list(line) for line in said], [["cannot"]] * len(said))
        self.assertEqual(len(said), len(errands) + 4)

    def test_vectors_are_judged_by_what_is_in_them(self):
        _, good, jwks = next(found for found in vectors() if found[1]["id"] == "keys/good")
        vector = {name: good[name] for name in ("op", "root", "statement")}
        other = {**vector, "root": "A" * 43}
        errands = [{"keys": jwks, "vector": one} for one in (vector, other, {"op": "fly"}, {})] + [{"vector": vector}]
        said = self.lines(kit.judging, *(json.dumps({"event": "do", "do": "judge", **errand}) for errand in errands))
        self.assertEqual(said[:2], [{"answer": "ok", "values": {"H": good["H"]}}, {"answer": "unknown_key", "values": {}}])
        self.assertEqual([list(line) for line in said[2:]], [["cannot"]] * 3)

    def test_what_comes_out_of_every_vector_is_json(self):
        for _, vector, jwks in vectors():
            if vector["op"] != "history":
                blind = {name: value for name, value in kit.judges.spelt_out(vector).items() if name not in ("id", "expect")}
                json.dumps(kit.judging({"keys": jwks, "vector": blind}), allow_nan=False)


if __name__ == "__main__":
    unittest.main()
