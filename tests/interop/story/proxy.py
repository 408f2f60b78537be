"""A machine in the middle: it has a certificate that the phone believes, and changes what passes.

In: what a chapter wants changed. Out: answers that the server never gave. Never: in anybody's way when nothing is set.
"""

import http.client
import http.server
import json
import ssl
import threading

HOP = {"connection", "content-length", "transfer-encoding", "date", "keep-alive", "host"}


class Proxy:
    """`target`: the server's port. `calls`: the paths that were called, with their queries.

    `change(path, body)` is asked about every JSON answer: what to send instead, or None for as it was. `lose(path)`:
    whether an answer is dropped after the server has given it. `instead(path)`: an answer for which the server is not
    asked at all, or None. `problem(path)`: a status and code to answer with, likewise. `drop`: a header that no answer has.
    """

    def __init__(self, ca, certificate, key):
        self.calls = []
        self.clear()
        self.target = None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self._trust = ssl.create_default_context(cafile=str(ca))
        self._server = _Listener(("127.0.0.1", 0), _Handler)
        self._server.proxy, self._server.context = self, context
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def clear(self):
        self.change = self.lose = self.instead = self.problem = self.drop = None

    def forward(self, method, path, headers, data):
        connection = http.client.HTTPSConnection("localhost", self.target, timeout=40, context=self._trust)
        try:
            connection.request(method, path, data, headers)
            answer = connection.getresponse()
            return answer.status, list(answer.headers.items()), answer.read()
        finally:
            connection.close()


def as_problem(status, code):
    told = {"type": f"urn:countersign:problem:{code}", "title": "No", "status": status, "code": code}
    return json.dumps(told).encode()


class _Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def finish_request(self, request, client_address):
        request.settimeout(40)
        with self.context.wrap_socket(request, server_side=True) as secured:
            self.RequestHandlerClass(secured, client_address, self)

    def handle_error(self, request, client_address):
        """A connection that the phone closed is the phone's affair."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def pass_on(self):
        proxy, path = self.server.proxy, self.path
        self.close_connection = True
        length = int(self.headers.get("Content-Length", "0"))
        data = self.rfile.read(length) if length else None
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
        proxy.calls.append(path)
        instead = proxy.instead(path) if proxy.instead else None
        problem = proxy.problem(path) if proxy.problem else None
        if problem is not None:
            answered = [("Content-Type", "application/problem+json"), ("Cache-Control", "no-store")]
            status, body = problem[0], as_problem(*problem)
        elif instead is not None:
            status, answered, body = 200, [("Content-Type", "application/json")], json.dumps(instead).encode()
        else:
            status, answered, body = proxy.forward(self.command, path, headers, data)
        if proxy.lose and proxy.lose(path):
            return
        is_json = any(name.lower() == "content-type" and value == "application/json" for name, value in answered)
        if proxy.change and body and is_json and 200 <= status < 300:
            changed = proxy.change(path, json.loads(body))
            body = body if changed is None else changed if isinstance(changed, bytes) else json.dumps(changed).encode()
        self.send_response_only(status)
        for name, value in answered:
            if name.lower() not in HOP and name.lower() != proxy.drop:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = pass_on

    def log_message(self, format, *args):
        """Nothing."""
