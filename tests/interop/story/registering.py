"""Section 5, step 3: registrations of no form, by the wrong key, or for another offer. The invitation outlives them."""

import secrets

from countersign import agreement, enrolment, keys
from countersign.encodings import b64u, write_json

from . import forge
from .stage import expect, link_of, refuses

NOBODY, NOTHING = "A" * 22, b64u(bytes(32))


class Impostor:
    """Makes registrations for one offer with members changed; None leaves one out."""

    def __init__(self, phone, offered):
        self.phone, self.offered, self.hardware = phone, offered, phone.hardware

    def post(self, dev=None, uv=None, context=None, header=None, payload=None, beside=None, **changes):
        offer, dev = self.offered.statement, dev or self.hardware.make_key()
        shared = agreement.Agreement(offer["dh"], offer.digest)
        body = {
            "aud": offer["iss"],
            "jti": b64u(secrets.token_bytes(16)),
            "offer": offer.h,
            "token": self.offered.token,
        }
        body.update(dh=shared.dh, np=b64u(secrets.token_bytes(32)), dev=dev["jwk"], level={"dev": "software"})
        body.update(app=enrolment.APP, device="x", locale="en", proto=[1])
        call = {}
        if uv:
            body.update(uv=uv["jwk"], uvc="biometric", level={"dev": "software", "uv": "software"})
            call["uv_proof"] = enrolment.uv_proof(self.phone, uv, offer["iss"], context or offer.h, dev).text
        body = {name: value for name, value in {**body, **changes}.items() if value is not None}
        head = {"alg": "ES256", "kid": keys.kid(dev["jwk"]), "typ": "cs1-registration+jwt", **(header or {})}
        data = payload(write_json(body)) if payload else write_json(body)
        signed = f"{b64u(write_json(head))}.{b64u(data)}"
        text = f"{signed}.{b64u(self.hardware.signer(dev)(signed.encode('ascii')))}"
        call = {"registration": text, **call, **(beside or {})}
        call = {name: value for name, value in call.items() if value is not None}
        url = f"{offer['iss']}/cs/v1/registrations"
        return forge.body_of(self.phone.http.call("POST", url, write_json(call))[0]["state"])


def chapter(stage):
    stage.person("iris")
    phone = stage.phone("iris")
    impostor = Impostor(phone, offered(stage, phone))
    no_form(stage, impostor)
    expect(impostor.post()["state"] == "pending")
    stage.ok("after all these the invitation still takes its first true registration")
    known_keys(stage, phone)


def offered(stage, phone):
    return phone.ask(link_of(stage.invite("iris@example.com")[1]))


def no_form(stage, impostor):
    uv, stranger = impostor.hardware.make_key(), impostor.hardware.make_key()
    low = {"kty": "OKP", "crv": "X25519", "x": b64u(b"\1" + bytes(31))}
    tales = (
        {"aud": "https://other.example.com"},
        {"more": 1},
        {"np": "AAAA"},
        {"dh": {**low, "x": NOTHING}},
        {"dh": low},
        {"dh": {**low, "crv": "Ed25519"}},
        {"proto": []},
        {"level": {"dev": "soft"}},
        {"level": {"dev": "software", "uv": "software"}},
        {"uvc": "biometric"},
        {"app": {**enrolment.APP, "mode": "x"}},
        {"app": {**enrolment.APP, "brand": ""}},
        {"device": "a\u202eb"},
        {"device": "x" * 65},
        {"locale": "de_AT"},
        {"push": {"type": "sms", "token": "x"}},
        {"rec": NOTHING},
        {"uv": uv, "beside": {"uv_proof": None}},
        {"uv": uv, "context": NOTHING},
        {"beside": {"uv_proof": "x"}},
        {"header": {"kid": keys.kid(stranger["jwk"])}},
        {"header": {"alg": "EdDSA"}},
        {"header": {"typ": "cs1-response+jwt"}},
        {"payload": lambda data: data[:-1] + b',"proto":[1]}'},
    )
    for words in tales:
        refuses("bad_statement", impostor.post, **words)
    same = impostor.hardware.make_key()
    refuses("bad_statement", impostor.post, dev=same, uv=same)
    refuses("bad_request", impostor.post, beside={"more": 1})
    stage.ok(f"{len(tales) + 2} registrations of no form are refused")
    refuses("proto", impostor.post, proto=[2])
    refuses("not_found", impostor.post, token=NOBODY)
    refuses("gone", impostor.post, offer=NOTHING)
    stage.ok("another version, another token, another offer: each by its code")


def known_keys(stage, phone):
    known = phone.hardware.make_key()
    expect(Impostor(phone, offered(stage, phone)).post(dev=known)["state"] == "pending")
    refuses("conflict", Impostor(phone, offered(stage, phone)).post, dev=known)
    stage.ok("a key is registered once")
