"""tests/vectors/*.json, all of it: each vector is judged from the text, or is in a list with the reason why not."""

import json
import unittest
from pathlib import Path

from unit import judges

FOLDER = Path(__file__).parents[2] / "vectors"

# Files that have no vectors of the form that README.md tells.
OTHER_FILES = {
    "protocol.json": "byte-level values: test_vectors.py computes each of them again",
    "store-form-1.json": "a phone's store of an earlier build, of the form that one core gave it: no text tells it",
}

# Ops that the text says nothing about. None so far.
NOT_OURS = {}

# Vectors where the text says something else than what is asked here.
ELSEWHERE = {
    "response/for-another-server": "section 7 refuses such an `aud` in step 1, with 400; the op begins at step 3",
}

# What comes out beside the answer `ok`: the column `out` of README.md. `H?`: where the vector tells it.
OUT = {
    **dict.fromkeys(("statement", "keys", "registration", "uv_proof"), ("H?",)),
    "thumbprint": ("thumbprint",),
    "set": ("set",),
    "view": ("lines", "view"),
    "push_text": ("text", "exp", "c"),
    "invitation": ("origin", "root", "token", "expires", "brand"),
    "challenge_link": ("origin", "txn"),
    "number": ("txn", "digits"),
    "typed_code": ("code", "token"),
    "b64u": ("hex",),
    "history": ("vouched", "by_phone", "findings"),
    "receipt": ("approval",),
}
ALSO_WHEN_REFUSED = {("history", "found"), ("typed_code", "another_root")}

# Findings that the text does not name, and what it says of the same line instead: the chain is broken there.
NAMED_BY_THE_CHECKER = {"removed", "repeated", "moved"}
CHAIN = {"response.ctr", "response.prev", "header.from"}


def vectors():
    """Each, with the keys of its file, whatever files there are."""
    for path in sorted(FOLDER.glob("*.json")):
        if path.name not in OTHER_FILES:
            file = json.loads(path.read_text(encoding="utf-8"))
            for vector in file["vectors"]:
                yield path.name, vector, file["keys"]


def answered(vector, jwks):
    judge = judges.OPS[vector["op"]]
    return judge(judges.spelt_out(vector), jwks)


def differs(vector, answer, out):
    """What does not fit, for people; nothing where all does."""
    if answer != vector["expect"]:
        return f"{answer} instead of {vector['expect']}"
    told_too = answer == "ok" or (vector["op"], answer) in ALSO_WHEN_REFUSED
    for name in OUT.get(vector["op"], ()) if told_too else ():
        if name == "H?" and "H" not in vector:
            continue
        name = name.removesuffix("?")
        told, value = judges.spelt_out(vector.get(name)), out.get(name)
        if name == "findings":
            told, value = first_finding(told, value)
        if value != told:
            return f"{name}: {value} instead of {told}"
    return None


def first_finding(told, found):
    """The first of each. What the checker calls an event is a break in the chain to the text, where it shows first."""
    told = told[:1]
    if told and told[0][0] in NAMED_BY_THE_CHECKER and found and found[0][0] in CHAIN:
        return [], []
    return told, found


class EveryVector(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        judges.PROTOCOL = json.loads((FOLDER / "protocol.json").read_text(encoding="utf-8"))

    def test_each_is_judged_as_it_is_published(self):
        judged = 0
        for file, vector, jwks in vectors():
            if vector["op"] in NOT_OURS or vector["id"] in ELSEWHERE:
                continue
            with self.subTest(f"{file} {vector['id']}"):
                self.assertIn(vector["op"], judges.OPS, "an op that is neither judged nor named")
                self.assertIsNone(differs(vector, *answered(vector, jwks)))
            judged += 1
        self.assertGreater(judged, 850)

    def test_nothing_is_named_that_is_not_there_or_is_judged(self):
        found = list(vectors())
        self.assertLessEqual(set(OTHER_FILES), {path.name for path in FOLDER.glob("*.json")})
        self.assertLessEqual(set(ELSEWHERE), {vector["id"] for _, vector, _ in found})
        self.assertFalse(set(NOT_OURS) & set(judges.OPS))
        for _, vector, jwks in found:
            if vector["id"] in ELSEWHERE:
                self.assertIsNotNone(differs(vector, *answered(vector, jwks)), vector["id"])

    def test_no_judge_looks_at_what_is_expected(self):
        for _, vector, jwks in vectors():
            out = ("expect", "H", "thumbprint", "set", "lines", "view", "vouched", "by_phone", "findings", "approval")
            if vector["op"] in ("statement", "keys", "registration", "thumbprint", "set", "receipt", "phone_check"):
                blind = {name: value for name, value in vector.items() if name not in out}
                self.assertEqual(answered(blind, jwks), answered(vector, jwks))

    def test_what_comes_out_is_compared(self):
        good = next(vector for _, vector, _ in vectors() if vector["id"] == "keys/good")
        self.assertIsNone(differs(good, "ok", {"H": good["H"]}))
        self.assertIsNotNone(differs(good, "ok", {"H": "another"}))
        self.assertIsNotNone(differs(good, "malformed", {}))


if __name__ == "__main__":
    unittest.main()
