"""The service provider itself: python3-saml at its strictest, without any web.

In: settings, a base64 SAML response and the request it should answer. Out: what was believed, or why it was refused.
Never: a response believed that was not asked for, or believed twice.
"""

import json
import threading
import time

from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Names
from onelogin.saml2.errors import OneLogin_Saml2_Error, OneLogin_Saml2_ValidationError


class Provider:
    """One application. Its settings are the file that the harness writes:

    `entity_id`, `acs`, `idp_entity_id`, `idp_sso_url`, `idp_cert` (PEM text), and, where requests are signed,
    `sp_cert` and `sp_key` (PEM text).
    """

    def __init__(self, settings):
        self.acs = settings["acs"]
        self.host = self.acs.split("/")[2]
        self.path = "/" + self.acs.split("/", 3)[3].split("?")[0]
        self.settings = library_settings(settings)
        self._seen = {}
        self._lock = threading.Lock()

    def login(self, relay_state, passive):
        """Where the browser goes, and the identifier of the request that went with it."""
        auth = self._auth({})
        return auth.login(return_to=relay_state, is_passive=passive), auth.get_last_request_id()

    def judge(self, response, request_id, relay_state=None):
        """Says who signed in, or why nobody did: `errors` is empty exactly when the response was believed."""
        if not request_id:
            return refused(["unsolicited"], "no login was begun here", relay_state)
        auth = self._auth({"SAMLResponse": response, "RelayState": relay_state or ""})
        try:
            auth.process_response(request_id=request_id)
        except (OneLogin_Saml2_Error, OneLogin_Saml2_ValidationError) as error:
            return refused(["invalid_response"], str(error), relay_state)
        except Exception as error:  # the library lets the parser's own errors through
            return refused(["unreadable_response"], type(error).__name__, relay_state)
        if auth.get_errors():
            return refused(auth.get_errors(), auth.get_last_error_reason(), relay_state)
        if not auth.is_authenticated():
            return refused(["not_authenticated"], None, relay_state)
        if not self._first_time(auth.get_last_assertion_id(), auth.get_last_assertion_not_on_or_after()):
            return refused(["replay"], "this assertion was used before", relay_state)
        return {
            "name_id": auth.get_nameid(),
            "name_id_format": auth.get_nameid_format(),
            "authn_context": (auth.get_last_authn_contexts() or [None])[0],
            "session_index": auth.get_session_index(),
            "attributes": auth.get_attributes(),
            "errors": [],
            "relay_state": relay_state,
        }

    def _auth(self, post):
        request = {"https": "on", "http_host": self.host, "script_name": self.path, "get_data": {}, "post_data": post}
        return OneLogin_Saml2_Auth(request, old_settings=self.settings)

    def _first_time(self, assertion, until):
        """Remembers an assertion until it is too old to be believed anyway."""
        now = time.time()
        with self._lock:
            self._seen = {id_: end for id_, end in self._seen.items() if end > now - 600}
            if not assertion or assertion in self._seen:
                return False
            self._seen[assertion] = until or now + 86_400
            return True


def refused(errors, reason, relay_state):
    return {"errors": errors, "reason": reason, "relay_state": relay_state}


def read_settings(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def library_settings(own):
    """python3-saml's settings: everything signed, nothing unsolicited; all else is the library's default."""
    signs = "sp_key" in own
    provider = {
        "entityId": own["entity_id"],
        "assertionConsumerService": {"url": own["acs"], "binding": Names.BINDING_HTTP_POST},
    }
    if signs:
        provider["x509cert"] = own["sp_cert"]
        provider["privateKey"] = own["sp_key"]
    return {
        "strict": True,
        "debug": False,
        "sp": provider,
        "idp": {
            "entityId": own["idp_entity_id"],
            "singleSignOnService": {"url": own["idp_sso_url"], "binding": Names.BINDING_HTTP_REDIRECT},
            "x509cert": own["idp_cert"],
        },
        "security": {
            "authnRequestsSigned": signs,
            "wantAssertionsSigned": True,
            "wantMessagesSigned": True,
            "wantNameId": True,
            "rejectUnsolicitedResponsesWithInResponseTo": True,
            "rejectDeprecatedAlgorithm": True,
            "signatureAlgorithm": Names.RSA_SHA256,
            "digestAlgorithm": Names.SHA256,
        },
    }
