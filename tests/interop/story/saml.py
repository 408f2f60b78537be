"""A service provider that only asks: it begins logins and reads who came back. Signatures are other tests' affair.

In: an origin. Out: the address to begin at, and the name in the answer. Never: believed for more than this story.
"""

import base64
import datetime
import secrets
import urllib.parse
import zlib
from xml.etree import ElementTree

ACS = "https://wiki.example.com/saml/acs"
ENTITY = "https://wiki.example.com/sp"
_NAMES = {"p": "urn:oasis:names:tc:SAML:2.0:protocol", "a": "urn:oasis:names:tc:SAML:2.0:assertion"}


def begin(origin, anew=True):
    """`anew`: asks for the person even where the browser has a session."""
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    request = (
        f'<p:AuthnRequest xmlns:p="{_NAMES["p"]}" xmlns:a="{_NAMES["a"]}" ID="_{secrets.token_hex(16)}" '
        f'Version="2.0" ForceAuthn="{"true" if anew else "false"}" '
        f'IssueInstant="{now}" Destination="{origin}/saml/sso" AssertionConsumerServiceURL="{ACS}">'
        f"<a:Issuer>{ENTITY}</a:Issuer></p:AuthnRequest>"
    )
    deflate = zlib.compressobj(wbits=-15)
    packed = base64.b64encode(deflate.compress(request.encode()) + deflate.flush()).decode()
    return f"{origin}/saml/sso?" + urllib.parse.urlencode({"SAMLRequest": packed})


def who(page):
    """The name in the response that this page would post to the application; None if it brings a failure."""
    form = next((form for form in page.forms if form.action == ACS), None)
    assert form, f"no answer for the application on “{page.title}”: {page.text[:300]}"
    response = ElementTree.fromstring(base64.b64decode(form.fields["SAMLResponse"]))
    name = response.find("a:Assertion/a:Subject/a:NameID", _NAMES)
    return None if name is None else name.text
