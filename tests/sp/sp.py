"""A small web application that lets people in by SAML and by nothing else.

    sp.py SETTINGS.json

Besides provider.py's settings the file holds `name`, `port`, `tls_cert` and `tls_key` (paths). It serves TLS on
loopback, says `{"listening": URL}` on standard output when it is ready, and ends when its standard input closes, so it
never outlives the run that started it.

`/` has the button, `/login?relay=…` begins (`&passive=1`: without showing anything), the path of the ACS receives.
With `Accept: application/json` the ACS answers in JSON.
"""

import html
import http.server
import json
import secrets
import ssl
import sys
import threading
import urllib.parse

from provider import Provider, read_settings

MAX_BODY = 1 << 20
MAX_SESSIONS = 10_000


class Application:
    """What all connections share: the provider, and which browser began which login."""

    def __init__(self, settings):
        self.name = settings["name"]
        self.provider = Provider(settings)
        # Browsers keep cookies by host and not by port: two applications on `localhost` need two names.
        self.cookie = f"__Host-sp-{settings['port']}"
        self._begun = {}
        self._lock = threading.Lock()

    def begin(self, relay_state, passive):
        location, request_id = self.provider.login(relay_state, passive)
        session = secrets.token_urlsafe(24)
        with self._lock:
            while len(self._begun) >= MAX_SESSIONS:
                self._begun.pop(next(iter(self._begun)))
            self._begun[session] = request_id
        return location, session

    def finish(self, session, response, relay_state):
        """A request is answered once: what was believed ends it, what was refused leaves it open."""
        with self._lock:
            request_id = self._begun.get(session)
        verdict = self.provider.judge(response, request_id, relay_state)
        if not verdict["errors"]:
            with self._lock:
                if self._begun.pop(session, None) is None:
                    return {"errors": ["replay"], "reason": "this login is over", "relay_state": relay_state}
        return verdict


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "sp"
    sys_version = ""
    timeout = 30

    @property
    def application(self):
        return self.server.application

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        if url.path == "/":
            self.page(200, "You are not signed in.", '<p><a href="/login">Sign in with Countersign</a></p>')
        elif url.path == "/login":
            query = urllib.parse.parse_qs(url.query)
            location, session = self.application.begin(query.get("relay", ["/"])[0], "passive" in query)
            self.send_response(302)
            self.send_header("Location", location)
            # The answer comes as a POST from another site, so the cookie has to travel there.
            cookie = f"{self.application.cookie}={session}; Path=/; Secure; HttpOnly; SameSite=None"
            self.send_header("Set-Cookie", cookie)
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self.page(404, "There is no such page.", "")

    def do_POST(self):
        body = self.body()
        if body is None:
            self.close_connection = True
            self.page(413, "This form is too large.", "")
            return
        if urllib.parse.urlsplit(self.path).path != self.application.provider.path:
            self.page(404, "There is no such page.", "")
            return
        fields = urllib.parse.parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
        verdict = self.application.finish(
            self.session(), fields.get("SAMLResponse", [""])[0], fields.get("RelayState", [None])[0]
        )
        status = 403 if verdict["errors"] else 200
        if "application/json" in self.headers.get("Accept", ""):
            self.reply(status, "application/json", json.dumps(verdict))
        elif verdict["errors"]:
            self.page(status, "You are not signed in.", rows([("Reason", verdict["reason"] or verdict["errors"])]))
        else:
            shown = [(label, verdict[key]) for label, key in SHOWN] + sorted(verdict["attributes"].items())
            self.page(status, f"Signed in as {verdict['name_id']}", rows(shown))

    def body(self):
        try:
            length = int(self.headers.get("Content-Length", "0"))
        except ValueError:
            return None
        return self.rfile.read(length) if 0 <= length <= MAX_BODY else None

    def session(self):
        for cookie in self.headers.get("Cookie", "").split(";"):
            name, _, value = cookie.strip().partition("=")
            if name == self.application.cookie:
                return value
        return None

    def page(self, status, title, inner):
        name, title = html.escape(self.application.name), html.escape(title)
        text = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{name}</title>'
        text += f"<h1>{name}</h1><p>{title}</p>{inner}</html>"
        self.reply(status, "text/html; charset=utf-8", text)

    def reply(self, status, kind, text):
        data = text.encode("utf-8")
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Security-Policy", "default-src 'none'")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format, *args):
        """Nothing: queries and forms carry who signs in."""


SHOWN = (("Signed in how", "authn_context"), ("Format of the name", "name_id_format"), ("Came back with", "relay_state"))


def rows(pairs):
    cells = (f"<dt>{html.escape(str(key))}</dt><dd>{html.escape(str(value))}</dd>" for key, value in pairs)
    return f"<dl>{''.join(cells)}</dl>"


class TlsServer(http.server.ThreadingHTTPServer):
    """TLS is begun in the connection's own thread: a silent client holds up nobody else."""

    daemon_threads = True

    def __init__(self, address, application, context):
        super().__init__(address, Handler)
        self.application = application
        self.context = context

    def finish_request(self, request, client_address):
        request.settimeout(Handler.timeout)
        with self.context.wrap_socket(request, server_side=True) as secured:
            self.RequestHandlerClass(secured, client_address, self)

    def handle_error(self, request, client_address):
        """A connection that breaks off is the client's affair; anything else is told."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def main():
    settings = read_settings(sys.argv[1])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(settings["tls_cert"], settings["tls_key"])
    server = TlsServer(("127.0.0.1", settings["port"]), Application(settings), context)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"listening": f"https://localhost:{settings['port']}/"}), flush=True)
    while sys.stdin.buffer.read(4096):
        pass
    server.shutdown()


if __name__ == "__main__":
    main()
