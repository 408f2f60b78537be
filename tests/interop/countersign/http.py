"""Section 10: HTTPS to one server: JSON in, JSON out, problems, nonces.

In: an origin and what to send. Out: the members of an answer. Never: a redirect followed, plain http, or an answer that
is no JSON of ours.
"""

import http.client
import json
import ssl
import urllib.parse

from . import encodings
from .errors import Problem, Refused, Unreachable

LONGEST_WAIT = 25


class Http:
    """`authorities`: the one file of roots that is believed. `routes`: host:port → where it really is, for tests."""

    def __init__(self, authorities, routes=None):
        self._context = ssl.create_default_context(cafile=str(authorities))
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.routes = routes or {}

    def call(self, method, url, body=None, headers=None, wait=0):
        """An answer of 2xx: its JSON (None with 204), and the nonce that came with it. Else `Problem`."""
        parts = urllib.parse.urlsplit(url)
        connection = self.connect(parts, timeout=20 + wait)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        headers = dict(headers or {})
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            connection.request(method, target, body, headers)
            answer = connection.getresponse()
            data = answer.read(encodings.BODY + 1)
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(type(error).__name__) from None
        finally:
            connection.close()
        return self._read(answer, data)

    def connect(self, parts, timeout):
        """A connection to the host of `parts`, by our roots alone."""
        name, port = parts.hostname, parts.port or 443
        connection = http.client.HTTPSConnection(name, port, timeout=timeout, context=self._context)
        if (name, port) in self.routes:
            real = self.routes[name, port]
            create = connection._create_connection  # as if the name had been resolved to somewhere else
            connection._create_connection = lambda _, *rest: create(real, *rest)
        return connection

    def _read(self, answer, data):
        nonce = answer.headers.get("Countersign-Nonce")
        kind = answer.headers.get_content_type()
        if len(data) > encodings.BODY:
            raise Refused("answer", "size")
        if answer.status == 204 and not data:
            return None, nonce
        if answer.status in (200, 201, 202) and kind == "application/json":
            return encodings.read_json(data), nonce
        if answer.status >= 400 and kind == "application/problem+json":
            raise self._problem(answer, data, nonce)
        raise Unreachable(f"status {answer.status}")

    def _problem(self, answer, data, nonce):
        try:
            code = json.loads(data).get("code")
        except (ValueError, AttributeError):
            return Unreachable(f"status {answer.status}")
        retry = answer.headers.get("Retry-After", "")
        problem = Problem(answer.status, str(code), int(retry) if retry.isdigit() else None)
        problem.nonce = nonce
        return problem
