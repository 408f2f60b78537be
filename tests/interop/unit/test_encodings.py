"""Section 1: one spelling for each value, and nothing that hides."""

import unittest

from countersign import codes, encodings, shapes
from countersign.errors import Refused


class Encodings(unittest.TestCase):
    def refuses(self, read, *values):
        for value in values:
            with self.subTest(value=value), self.assertRaises(Refused):
                read(value)

    def test_base64url_is_canonical(self):
        self.assertEqual(encodings.unb64u("AAECAw"), b"\0\1\2\3")
        self.refuses(encodings.unb64u, "AAECAx", "AAECAw==", "AAEC Aw", "A", "+/+/", "AAECAw\n", "ÄAEC", 7, None)
        self.refuses(lambda text: encodings.unb64u(text, 5), "AAECAw")

    def test_json_is_strict(self):
        self.assertEqual(encodings.read_json(b'{"a":[1,true,"\\u00e9"]}'), {"a": [1, True, "é"]})
        self.refuses(
            encodings.read_json,
            b"",
            b"[1]",
            b'"text"',
            b"\xef\xbb\xbf{}",
            b'{"a":1,"a":1}',
            b'{"a":1,"\\u0061":2}',
            b'{"a":null}',
            b'{"a":1.0}',
            b'{"a":1e3}',
            b'{"a":-1}',
            b'{"a":-0}',
            b'{"a":9007199254740992}',
            b'{"a":NaN}',
            b'{"a":"\\ud800"}',
            b'{"\\ud800":1}',
            b'{"a":"\xff"}',
            b'{"a":"\n"}',
            b"{} {}",
            b'{"a":' * 7 + b"1" + b"}" * 7,
            b"[" * 100_000,
        )
        encodings.read_json(b'{"a":9007199254740991}')
        encodings.read_json(b'{"a":' * 6 + b"1" + b"}" * 6)

    def test_text_is_visible_and_composed(self):
        for good in ("a", "é", "Müller & Söhne", "<b>", "日本", "a" * 64, "👍" * 64):
            encodings.shown(good, 64)
        hidden = "\0\t\n\x7f\x85\u061c\u200b\u200e\u200f\u2028\u2029\u202a\u202e\u2060\u2066\u2069\ufeff\ue000"
        self.refuses(lambda text: encodings.shown(f"a{text}b", 64), *hidden, "\U000e0041", "\U000f0000", "\U0010ffff")
        self.refuses(lambda text: encodings.shown(text, 64), "", "a" * 65, "e\u0301", 7, None, ["a"])

    def test_a_tag_of_a_language_begins_with_the_language(self):
        for good in ("de", "en-GB", "zh-Hant-TW", "sl-rozaj-biske", "yue", "en-x-y", "abcdefgh-1", "de-" + "a" * 8 + "-b" * 12):
            shapes.lang(good)
        self.refuses(shapes.lang, "d", "1a", "x-a", "i-klingon", "", "de-", "-de", "de--AT", "de_AT", "abcdefghi", "de-abcdefghi")
        self.refuses(shapes.lang, "dé", "de-ÄÄ", "de\n", "de-AT\n", "de-" + "a" * 8 + "-b" * 13, "٣٣", None, 7, ["de"])

    def test_an_address_has_no_scope(self):
        for good in ("203.0.113.7", "::1", "2001:db8::1", "fe80::1", "::ffff:203.0.113.7"):
            shapes.address(good)
        self.refuses(shapes.address, "fe80::1%a\nphones\t9", "fe80::1%eth0", "fe80::1%25eth0", "fe80::1%", "203.0.113.7%1", "%")
        self.refuses(shapes.address, "fe80::01", "FE80::1", "[::1]", "203.0.113.7:1", "::ffff:cb00:7107", "", None, 7)

    def test_codes_are_typed_in_ascii(self):
        typed = "o0il-HJKM npqr STVW"
        self.assertEqual(codes.read(typed, 16), "0011HJKMNPQRSTVW")
        self.assertEqual(codes.read(typed + " " * (128 - len(typed)), 16), codes.read(typed, 16))
        for foreign in "\u017f\u0131\u212a\u00e9\u0663\uff33\u00df":
            for place in (0, 7, 18):
                self.refuses(lambda text: codes.read(text, 16), typed[:place] + foreign + typed[place + 1 :])
        wrong = ["0011HJKMNPQRTV\u00df", *(f"0011HJKMNPQRSTV{char}W" for char in "\u00a0\u2010\t\n"), "0011HJKMNPQRSTVU"]
        self.refuses(lambda text: codes.read(text, 16), typed + " " * (129 - len(typed)), "", *wrong)
        self.refuses(codes.recovery, "\u017f011HJKMNPQRTVWX")

    def test_tokens_of_pushes_are_counted_in_bytes(self):
        for good in ("a", "a" * 4096, "é" * 2048, "👍" * 1024):
            shapes.octets(4096)(good)
        self.refuses(shapes.octets(4096), "", "a" * 4097, "é" * 2048 + "a", "👍" * 1025, None, 7)

    def test_tokens_of_invitations_are_written_in_one_way(self):
        for good in ("A" * 22, "0123456789", "ABCDEFGHJK", "MNPQRSTVWX"):
            shapes.token(good)
        self.refuses(shapes.token, "A" * 21 + "B", "A" * 21, "A" * 10 + "\n", "ILOUABCDEF", "abcdefghjk", "0" * 9, "0" * 11)
        self.refuses(shapes.token, "", None, 7)

    def test_origins_are_written_in_one_way(self):
        for good in ("id.example.com", "id.example.com:8443", "localhost:1", "xn--bcher-kva.example"):
            encodings.origin(f"https://{good}")
        self.refuses(
            encodings.origin,
            "http://id.example.com",
            "https://ID.example.com",
            "https://id.example.com/",
            "https://id.example.com:443",
            "https://id.example.com:",
            "https://id.example.com:0",
            "https://id.example.com:65536",
            "https://user@id.example.com",
            "https://bücher.example",
            "https://id..example.com",
            "https://-id.example.com",
            "https://" + "a." * 127 + "aa",
            "https://",
            None,
        )


if __name__ == "__main__":
    unittest.main()
