"""A server of its own in a folder: certificate authority, settings, the process, its command line.

In: the program. Out: an origin that answers. Never: a process or a port left behind.
"""

import ctypes
import datetime
import ipaddress
import json
import os
import re
import signal
import socket
import subprocess
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from countersign import keys

from .proxy import Proxy

ADMIN = "anna@example.com"
_LIBC = ctypes.CDLL(None)


class World:
    """`behind`: a proxy stands at the server's public address. `port` and `certificates`: those of a world before it."""

    def __init__(self, program, folder, behind=False, port=None, certificates=None):
        self.program, self.folder = program, folder
        self.port = port or free_port()
        self.ca, self.certificate, self.key = certificates or make_certificates(folder)
        self.front = self.proxy() if behind else None
        self.public = self.front.port if behind else self.port
        self.origin = f"https://localhost:{self.public}"
        self.config, self.root_key = folder / "server" / "countersign.toml", folder / "root.key"
        made = self._run(
            "init", "--dir", folder / "server", "--origin", self.origin, "--listen", f"127.0.0.1:{self.port}",
            "--name", "Example", "--admin", ADMIN, "--admin-name", "Anna Meyer",
            "--tls-cert", self.certificate, "--tls-key", self.key, "--root-key", self.root_key,
        )  # fmt: skip
        self.root = made["root"]
        self._process = None

    def proxy(self):
        made = Proxy(self.ca, self.certificate, self.key)
        made.target = self.port
        return made

    def settings(self, **lines):
        """Replaces single lines of the settings: `pin=6` makes `pin = 6`."""
        text = self.config.read_text(encoding="utf-8")
        for name, value in lines.items():
            text, found = re.subn(rf"(?m)^{name} = .*$", f"{name} = {json.dumps(value)}", text)
            assert found == 1, name
        self.config.write_text(text, encoding="utf-8")

    def start(self):
        self._process = Process(self, {})

    def stop(self):
        if self._process:
            self._process.stop()
            self._process = None

    def kill(self):
        """Ends the server whatever it is doing."""
        if self._process:
            self._process.kill()
            self._process = None

    def close(self):
        self.stop()
        if self.front:
            self.front.close()

    def signing_key(self, account):
        """The file of a key S that this phone believes. Who has it may say anything in the server's name."""
        known = {keys.kid(jwk) for jwk in account.record["trust"]["sign"]}
        return next(path for path in (self.config.parent / "signing").iterdir() if path.stem in known)

    def another_address(self):
        """A second process at an address of its own, which the settings name beside the first."""
        port = free_port()
        text = self.config.read_text(encoding="utf-8")
        origin = f"https://localhost:{port}"
        self.config.write_text(f"origins = {json.dumps([origin])}\n{text}", encoding="utf-8")
        self.stop()
        self.start()
        process = Process(self, {"COUNTERSIGN_LISTEN": f"127.0.0.1:{port}"})
        process.origin = origin
        return process

    def restart(self, **lines):
        self.stop()
        self.settings(**lines)
        self.start()

    def cli(self, *words):
        """One command of the server: its JSON, a list if it printed several lines."""
        return self._run("--config", self.config, *words)

    def _run(self, *words):
        command = [self.program, "--json", *words]
        done = subprocess.run(command, capture_output=True, timeout=60, stdin=subprocess.DEVNULL, cwd=self.folder)
        if done.returncode:
            raise RuntimeError(f"{words[:6]}: {done.stderr.decode(errors='replace').strip()}")
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        return lines[0] if len(lines) == 1 else lines


class Process:
    def __init__(self, world, environment):
        command = [world.program, "--config", world.config, "--json", "serve"]
        with open(world.folder / "server.log", "ab") as log:
            self._running = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **environment},
                preexec_fn=_not_longer_than_this,
            )
        line = self._running.stdout.readline()
        if b"listening" not in line:
            self.stop()
            raise RuntimeError(f"the server did not start; see {world.folder / 'server.log'}")
        # Its further lines are read, so that it never waits for us.
        threading.Thread(target=self._running.stdout.read, daemon=True).start()

    def stop(self):
        self._running.terminate()
        try:
            self._running.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self):
        self._running.kill()
        self._running.wait()


def _not_longer_than_this():
    """The server ends with this program, also where somebody kills it (prctl 1: PR_SET_PDEATHSIG)."""
    _LIBC.prctl(1, signal.SIGKILL)


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def make_certificates(folder):
    """A certificate authority made for this run, and a certificate of it for localhost. Its own key is dropped."""
    day = datetime.timedelta(days=1)
    now = datetime.datetime.now(datetime.timezone.utc)
    authority, server = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CA of one run")])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    usage = dict.fromkeys(
        "content_commitment key_encipherment data_encipherment key_agreement encipher_only decipher_only".split(), False
    )

    def builder(name, key, ca):
        made = x509.CertificateBuilder().subject_name(name).issuer_name(issuer).public_key(key.public_key())
        made = (
            made.serial_number(x509.random_serial_number()).not_valid_before(now - day).not_valid_after(now + 2 * day)
        )
        made = made.add_extension(x509.BasicConstraints(ca, 0 if ca else None), True)
        made = made.add_extension(x509.KeyUsage(digital_signature=not ca, key_cert_sign=ca, crl_sign=ca, **usage), True)
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key())
        return made.add_extension(identifier, False).add_extension(signer, False)

    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    root = builder(issuer, authority, True).sign(authority, hashes.SHA256())
    leaf = builder(subject, server, False).add_extension(x509.SubjectAlternativeName(names), False)
    leaf = leaf.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
    leaf = leaf.sign(authority, hashes.SHA256())
    pem = serialization.Encoding.PEM
    private = server.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    written = (("ca.pem", root.public_bytes(pem)), ("tls.crt", leaf.public_bytes(pem)), ("tls.key", private))
    for name, data in written:
        (folder / name).write_bytes(data)
    return certificates_in(folder)


def certificates_in(folder):
    """Authority, certificate and key, where `make_certificates` put them."""
    return tuple(folder / name for name in ("ca.pem", "tls.crt", "tls.key"))
