"""Sections 2, 4, 5 and 6, case by case: what a phone refuses although the right key signed it."""

import copy
import unittest

from countersign import challenges, clock, policies, shapes, statements, trust
from countersign.encodings import b64u, write_json
from countersign.errors import Refused
from story import forge
from unit.test_vectors import JWKS, statement

POLICY = {"n": 1, "min": [["dev", "pin"], ["uv"]], "match": True, "max_life": 120, "pin": 6, "offline": "none"}


class Refuses(unittest.TestCase):
    def refused(self, work, *words, code=None):
        with self.assertRaises(Refused) as caught:
            work(*words)
        if code:
            self.assertEqual(caught.exception.code, code)


class Statements(Refuses):
    def setUp(self):
        self.signer = forge.Signer()
        self.body = statement("challenge").body

    def verify(self, text):
        return statements.verify(text, "cs1-challenge", [self.signer.jwk])

    def test_a_good_one_is_read(self):
        self.assertEqual(self.verify(self.signer.sign("cs1-challenge", self.body)).body, self.body)

    def test_tampering(self):
        for name, text in forge.tampered(self.signer.sign("cs1-challenge", self.body), self.signer.jwk).items():
            with self.subTest(name):
                self.refused(self.verify, text)

    def test_headers(self):
        typs = ({"typ": "JWT"}, {"typ": "cs1-challenge"}, {"typ": "cs1-state+jwt"})
        for header in ({"kid": None}, {"crit": []}, {"alg": "EdDSA"}, {"x": 1}, *typs):
            with self.subTest(header):
                self.refused(self.verify, self.signer.sign("cs1-challenge", self.body, **header))
        twice = f'{{"alg":"Ed25519","kid":"{self.signer.kid}","typ":"JWT","typ":"cs1-challenge+jwt"}}'
        self.refused(self.verify, self.signer.raw(twice.encode(), write_json(self.body)), code="header")

    def test_payloads(self):
        text = write_json(self.body)
        for payload in (
            b"\xef\xbb\xbf" + text,
            text[:-1] + b',"more":1}',
            text[:-1] + b',"jti":"AAAAAAAAAAAAAAAAAAAAAA"}',
            text.replace(b'"match":2', b'"match":2.0'),
            text.replace(b'"match":2', b'"match":true'),
            text.replace(b'"match":2', b'"match":null'),
            text + b"x",
        ):
            self.refused(self.verify, self.signer.sign("cs1-challenge", payload))

    def test_members(self):
        for name in set(self.body) - {"context"}:
            body = {key: value for key, value in self.body.items() if key != name}
            with self.subTest(f"without {name}"):
                self.refused(self.verify, self.signer.sign("cs1-challenge", body), code="members")

    def test_values(self):
        hidden = {**self.body["service"], "name": "Wi\u202eki"}
        for name, value in (
            ("service", hidden),
            ("service", {**self.body["service"], "host": "WIKI.example.com"}),
            ("service", {**self.body["service"], "id": "a b"}),
            ("account", "e\u0301"),
            ("jti", "AAAAAAAAAAAAAAAAAAAAAB"),
            ("set", "AAAA"),
            ("factors", [["pin"]]),
            ("factors", [["dev", "pin"], ["dev", "pin"]]),
            ("factors", [["pin", "dev"]]),
            ("factors", []),
            ("kind", "root"),
            ("mode", "loud"),
            ("iat", -1),
            ("context", {**self.body["context"], "ip": "203.0.113.007"}),
            ("context", {**self.body["context"], "ip": "2001:DB8::1"}),
            ("context", {**self.body["context"], "ip": "fe80::1%a\nphones\t9"}),
            ("iss", "https://id.example.com/"),
        ):
            with self.subTest(f"{name} {value}"):
                self.refused(self.verify, self.signer.sign("cs1-challenge", {**self.body, name: value}))


class Trust(Refuses):
    def setUp(self):
        self.root, self.next = forge.Signer(), forge.Signer()
        self.trust = trust.pin("https://id.example.com", self.root.kid, self.made(self.root, 1))

    def made(self, root, n, /, **more):
        body = {"iss": "https://id.example.com", "n": n, "iat": 1000, "exp": 2000, "root": root.jwk}
        body.update({"sign": [JWKS["S"]], "origins": ["https://id.example.com"], **more})
        return root.sign("cs1-keys", {name: value for name, value in body.items() if value is not None})

    def test_a_higher_number_is_taken_and_the_same_bytes_change_nothing(self):
        newer = self.made(self.root, 2, sign=[JWKS["S"], JWKS["K_dev"]])
        self.assertTrue(trust.accept(self.trust, newer))
        self.assertFalse(trust.accept(self.trust, newer))
        self.assertEqual((self.trust["n"], len(self.trust["sign"]), len(self.trust["keys"])), (2, 2, 2))

    def test_what_is_refused_changes_nothing(self):
        before = copy.deepcopy(self.trust)
        for text in (
            self.made(self.root, 1, exp=3000),
            self.made(self.next, 2),
            self.made(self.root, 2, iss="https://other.example.com"),
            self.made(self.root, 2, exp=1000 + 400 * 86_400 + 1),
            self.made(self.root, 2, sign=[]),
            self.made(self.root, 2, sign=[JWKS["S"]] * 4),
            self.made(self.root, 2, origins=["http://id.example.com"]),
            self.made(self.root, 2, root=self.next.jwk),
            self.made(self.root, 2, root={**self.root.jwk, "kid": "x"}),
            self.made(self.root, 0),
        ):
            self.refused(trust.accept, self.trust, text)
            self.assertEqual(self.trust, before)

    def test_a_root_hands_over_and_is_dead(self):
        trust.accept(self.trust, self.made(self.root, 2, root_next=self.next.jwk))
        self.refused(trust.accept, self.trust, self.made(self.root, 3), code="unknown_key")
        self.assertTrue(trust.accept(self.trust, self.made(self.next, 3)))


class Policies(Refuses):
    def test_what_covers(self):
        self.assertTrue(policies.covers(["uv"], ["dev"]))
        self.assertTrue(policies.covers(["pin", "uv"], ["dev", "pin"]))
        self.assertFalse(policies.covers(["uv"], ["dev", "pin"]))
        self.assertFalse(policies.covers(["dev"], ["uv"]))

    def test_each_way_to_ask_less_is_weaker(self):
        for change in (
            {"min": [["dev"], ["uv"]]},
            {"min": [["dev", "pin"], ["uv"], ["dev"]]},
            {"match": False},
            {"max_life": 121},
            {"offline": "code"},
            {"pin": 0, "min": [["uv"]]},
        ):
            new = {**POLICY, "n": 2, **change}
            self.assertTrue(policies.weaker(new, POLICY), change)
            self.refused(policies.acceptable, new, POLICY, [], False, code="downgrade")
            self.assertTrue(policies.acceptable(new, POLICY, [new], False))
            self.assertFalse(policies.acceptable(new, POLICY, [], True))

    def test_more_is_taken_and_going_back_never(self):
        for change in ({"min": [["dev", "pin"]]}, {"min": [["pin", "uv"]]}, {"max_life": 60}, {"pin": 8}):
            self.assertTrue(policies.acceptable({**POLICY, "n": 2, **change}, POLICY, [], False))
        self.refused(policies.acceptable, {**POLICY, "max_life": 60}, POLICY, [], False, code="policy")
        self.refused(policies.acceptable, POLICY, {**POLICY, "n": 2}, [POLICY], True, code="policy")

    def test_what_was_agreed_to_covers_what_asks_no_less_and_came_later(self):
        agreed = {**POLICY, "n": 2, "max_life": 300}
        self.assertTrue(policies.acceptable({**agreed, "n": 3, "max_life": 200}, POLICY, [agreed], False))
        self.refused(policies.acceptable, {**agreed, "n": 3, "max_life": 301}, POLICY, [agreed], False, code="downgrade")
        self.refused(policies.acceptable, {**agreed, "max_life": 200}, POLICY, [{**agreed, "n": 3}], False, code="downgrade")

    def test_policies_that_are_none(self):
        for change in (
            {"n": 0},
            {"n": True},
            {"min": []},
            {"min": [["dev"], ["dev"]]},
            {"min": [[]]},
            {"min": "dev"},
            {"match": 1},
            {"max_life": 29},
            {"max_life": 601},
            {"pin": 5},
            {"pin": 13},
            {"pin": False},
            {"pin": 0},
            {"offline": "all"},
            {"offline": []},
            {"more": 1},
        ):
            self.refused(policies.check, {**POLICY, **change})


class Table(Refuses):
    """Section 6's table and floors."""

    def check(self, name, policy=POLICY, strong=True, **changes):
        body = {**statement(name).body, **changes}
        body = {key: value for key, value in body.items() if value is not None}
        shapes.check("cs1-challenge", body)
        challenges.check(statements.Statement("cs1-challenge", "", "", body), policy, strong)

    def test_login(self):
        self.check("challenge")
        self.check("challenge", factors=[["pin", "uv"]])
        self.check("challenge", mode="same", match=0)
        rows = {"lang": "en", "rows": [{"label": "a", "value": "b"}]}
        for changes in (
            {"match": 0},
            {"match": 6},
            {"mode": "app"},
            {"mode": "same"},
            {"factors": [["dev"]]},
            {"factors": [["dev", "pin"], ["dev"]]},
            {"context": None},
            {"input": {}},
            {"input": {"dev": b64u(bytes(32)), "device": "x"}},
            rows,
            {"lang": "en"},
        ):
            with self.subTest(changes):
                self.refused(lambda changes=changes: self.check("challenge", **changes))

    def test_transaction(self):
        self.check("challenge_transaction", match=2)
        for changes in ({"rows": None}, {"lang": None}, {"rows": [], "match": 2}, {"match": 0}):
            self.refused(lambda changes=changes: self.check("challenge_transaction", **{"match": 2, **changes}))

    def test_actions(self):
        other = statement("challenge").body["service"]
        for name in ("challenge_pin_set", "challenge_add_phone", "challenge_replace_uv", "challenge_recovery_codes"):
            self.check(name)
            for changes in (
                {"mode": "remote"},
                {"match": 2},
                {"service": other},
                {"service": {"id": "server", "name": "Example", "host": "other.example.com"}},
                {"context": statement("challenge").body["context"]},
                {"factors": [["dev"]]},
            ):
                with self.subTest(f"{name} {changes}"):
                    self.refused(lambda name=name, changes=changes: self.check(name, **changes))

    def test_fixed_factors(self):
        self.refused(lambda: self.check("challenge_replace_uv", factors=[["uv"]]))
        self.check("challenge_pin_set", factors=[["uv"]])
        only_pin = {**POLICY, "min": [["dev", "pin"]]}
        self.refused(lambda: self.check("challenge_pin_set", only_pin, factors=[["uv"]]))
        removal = {"kind": "remove-phone", "match": 0, "factors": [["dev"]]}
        self.check("challenge_add_phone", **removal)
        self.refused(lambda: self.check("challenge_add_phone", factors=[["dev"]]))

    def test_strong_kinds_want_pin_or_gesture(self):
        weak = {**POLICY, "min": [["dev"]]}
        self.refused(lambda: self.check("challenge_add_phone", weak, factors=[["dev"]]))
        self.refused(lambda: self.check("challenge_policy", weak, factors=[["dev"]]))
        self.refused(lambda: self.check("challenge_recovery_codes", weak, factors=[["dev"]]))
        self.check("challenge_recovery_codes", weak, strong=False, factors=[["dev"]])

    def test_a_policy_in_a_challenge_is_newer_and_a_policy(self):
        given = statement("challenge_policy")["input"]["policy"]
        self.check("challenge_policy")
        for wrong in ({**given, "n": 1}, {**given, "max_life": 601}, {**given, "more": 1}):
            self.refused(lambda wrong=wrong: self.check("challenge_policy", input={"policy": wrong}))


class FakeBoot:
    def __init__(self, now=1000.0, start="one"):
        self.time, self.start = now, start

    def now(self):
        return self.time

    def name(self):
        return self.start


class Time(Refuses):
    def setUp(self):
        self.boot, self.times = FakeBoot(), {}

    def test_nothing_known_refuses_nothing(self):
        clock.check(self.times, 10**9, 10**9 + 60, self.boot)

    def test_expired_by_the_lower_bound_which_advances_slowly(self):
        clock.note(self.times, 5000, self.boot)
        self.boot.time += 1000
        clock.check(self.times, 5000, 5999, self.boot)
        self.refused(clock.check, self.times, 5000, 5998, self.boot, code="expired")

    def test_not_yet_by_the_upper_bound_and_only_with_one(self):
        clock.note(self.times, 5000, self.boot)
        clock.check(self.times, 9000, 9100, self.boot)
        clock.note(self.times, 5000, self.boot, sent=self.boot.time - 2)
        clock.check(self.times, 5063, 5100, self.boot)
        self.refused(clock.check, self.times, 5064, 5100, self.boot, code="not_yet")

    def test_one_that_is_not_yet_valid_tells_nothing_but_in_the_answer_of_just_now(self):
        clock.note(self.times, 5000, self.boot, sent=self.boot.time)
        clock.note(self.times, 6000, self.boot)
        self.assertEqual(clock.lower(self.times, self.boot), 5000)
        self.boot.time += 1
        clock.note(self.times, 6000, self.boot, sent=self.boot.time)
        self.assertEqual(clock.lower(self.times, self.boot), 6000)

    def test_a_reboot_keeps_the_lower_bound_standing_still(self):
        clock.note(self.times, 5000, self.boot, sent=self.boot.time)
        self.boot.time, self.boot.start = 100.0, "two"
        self.assertEqual((clock.lower(self.times, self.boot), clock.upper(self.times, self.boot)), (5000, None))
        self.boot.time, self.boot.start = 99.0, "one"
        self.assertEqual((clock.lower(self.times, self.boot), clock.upper(self.times, self.boot)), (5000, None))

    def test_a_server_that_was_set_back_is_followed(self):
        clock.note(self.times, 5000, self.boot, sent=self.boot.time)
        self.boot.time += 10
        clock.note(self.times, 4000, self.boot, sent=self.boot.time - 1)
        self.assertEqual(clock.lower(self.times, self.boot), 4000)
        clock.check(self.times, 4000, 4120, self.boot)

    def test_an_older_request_replaces_no_upper_bound(self):
        clock.note(self.times, 5000, self.boot, sent=self.boot.time)
        before = self.times["upper"]
        clock.note(self.times, 5001, self.boot, sent=self.boot.time - 50)
        self.assertEqual(self.times["upper"], before)


class Others(Refuses):
    def test_members_that_depend_on_each_other(self):
        def check(name, typ, **changes):
            body = {**statement(name).body, **changes}
            shapes.check(typ, {key: value for key, value in body.items() if value is not None})

        for name, typ, changes in (
            ("state_active", "cs1-state", {"wake": None}),
            ("state_active", "cs1-state", {"kc": b64u(bytes(32))}),
            ("state_active", "cs1-state", {"reason": "admin"}),
            ("state_active", "cs1-state", {"state": "revoked", "wake": None, "push_id": None}),
            ("state_pending", "cs1-state", {"ns": None}),
            ("state_pending", "cs1-state", {"state": "active"}),
            ("verdict", "cs1-verdict", {"code": "pin_wrong"}),
            ("verdict", "cs1-verdict", {"result": "refused"}),
            ("verdict", "cs1-verdict", {"final": False}),
            ("verdict", "cs1-verdict", {"attempts": 4}),
            ("verdict_add_phone", "cs1-verdict", {"code": "expired"}),
            ("cancel", "cs1-cancel", {"reason": "expired"}),
            ("offer", "cs1-offer", {"exp": 1800000601}),
            ("offer", "cs1-offer", {"rec": False}),
            ("registration", "cs1-registration", {"uvc": None}),
            ("registration", "cs1-registration", {"proto": [2]}),
            ("registration", "cs1-registration", {"locale": "x-a"}),
            ("registration", "cs1-registration", {"token": "A" * 21 + "B"}),
            ("registration", "cs1-registration", {"push": {"type": "fcm", "token": "\u00e9" * 2049}}),
            ("response", "cs1-response", {"dh": None}),
            ("response", "cs1-response", {"reason": "mistake"}),
            ("response", "cs1-response", {"decision": "deny"}),
            ("response", "cs1-response", {"match": "4"}),
        ):
            with self.subTest(f"{name} {changes}"):
                self.refused(lambda name=name, typ=typ, changes=changes: check(name, typ, **changes))


if __name__ == "__main__":
    unittest.main()
