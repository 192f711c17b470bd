"""One authd-edge as shipped, confined, over real TLS, for the tests of this folder; edge_harness plays
authd and core. A test file is run as

    test_edge_SUBJECT.py EDGE_HARNESS AUTHD_EDGE [unittest's arguments]
"""

import os
import queue
import select
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest

HARNESS, EDGE = sys.argv[1:3]
WAIT = 60  # seconds after which a test that waits has failed
AUTH = "/idauthentication/v1/auth/licence/partner/key"
JWS = "eyJhbGciOiJSUzI1NiJ9..c2lnbmF0dXJl"
PAUSE = 0.05  # seconds between the bytes of a drip


def run_tests():
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])


def run(*arguments, **options):
    return subprocess.run(arguments, check=True, capture_output=True, timeout=WAIT, **options)


class Edge:
    """One authd-edge with its harness."""

    def __init__(self, lanes=1, key=("ec", "P-256"), key_mode=0o600, start=True, limit_descriptors=None, jose=False,
                 **settings):
        self.folder = tempfile.mkdtemp()
        os.chmod(self.folder, 0o755)
        self.key = os.path.join(self.folder, "key.pem")
        self.certificate = os.path.join(self.folder, "certificate.pem")
        new_key = ["ec", "-pkeyopt", "ec_paramgen_curve:" + key[1]] if key[0] == "ec" else ["rsa:" + key[1]]
        run("openssl", "req", "-x509", "-nodes", "-subj", "/CN=localhost", "-days", "2", "-newkey",
            *new_key, "-keyout", self.key, "-out", self.certificate,
            "-addext", "subjectAltName=IP:127.0.0.1")
        os.chmod(self.key, key_mode)
        os.chmod(self.certificate, 0o644)
        if os.geteuid() == 0:
            os.chown(self.key, 65534, 65534)
        self.settings = {"tls-key": self.key, "tls-certificate": self.certificate}
        self.settings.update({name.replace("_", "-"): value for name, value in settings.items()})
        path = os.path.join(self.folder, "settings")
        with open(path, "w") as file:
            file.writelines(f"{name} = {value}\n" for name, value in self.settings.items())
        self.log_path = os.path.join(self.folder, "log")
        limit = ["prlimit", f"--nofile={limit_descriptors}"] if limit_descriptors else []
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [*limit, HARNESS, EDGE, str(lanes), path, *(["jose"] if jose else [])],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, bufsize=1)
        self.requests, self.lines = queue.Queue(), queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        ports = [int(port) for port in self.expect("listening")]
        self.port, self.jose_port = ports[0], ports[-1]
        self.process_id = int(self.expect("started")[0])
        if start:
            self.expect("ready")

    def _read(self):
        for line in self.process.stdout:
            word, *rest = line.split()
            if word == "request":
                self.requests.put(rest)
            else:
                self.lines.put([word, *rest])
        self.lines.put(["ended"])

    def expect(self, word):
        """The rest of the next line, which must begin with word."""
        line = self.lines.get(timeout=WAIT)
        if line[0] != word:
            raise AssertionError(f"{line} instead of {word}\n{self.log()}")
        return line[1:]

    def request(self):
        """The next request core got: lane, method, path, signature length, authorization, body length, profile,
        media, thumbprint, idempotency key."""
        return self.requests.get(timeout=WAIT)

    def nothing_asked(self):
        """True when core has got nothing: what the harness had to tell came before its done."""
        self.tell("body 0")
        return self.requests.empty()

    def tell(self, command):
        self.process.stdin.write(command + "\n")
        self.expect("done")

    def log(self):
        with open(self.log_path) as file:
            return file.read()

    def stop(self):
        self.process.stdin.write("stop\n")
        line = self.lines.get(timeout=WAIT)
        while line[0] == "done":
            line = self.lines.get(timeout=WAIT)
        self.process.wait(timeout=WAIT)
        return line

    def close(self):
        status = self.stop() if self.process.poll() is None else ["exited", "0"]
        self.process.stdin.close()
        self.process.stdout.close()
        log = self.log()
        shutil.rmtree(self.folder)
        if status != ["exited", "0"] or "Sanitizer" in log or "runtime error" in log:
            raise AssertionError(f"edge ended with {status}\n{log}")

    def context(self, version=None):
        context = ssl.create_default_context(cafile=self.certificate)
        if version is not None:
            context.minimum_version = context.maximum_version = version
        return context

    def connect(self, context=None, session=None, receive_buffer=None, source="127.0.0.1", port=None):
        plain = socket.socket()
        plain.settimeout(WAIT)
        plain.bind((source, 0))
        if receive_buffer is not None:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        plain.connect(("127.0.0.1", port or self.port))
        try:
            secured = (context or self.context()).wrap_socket(plain, server_hostname="127.0.0.1", session=session)
        except BaseException:
            plain.close()
            raise
        return Client(secured)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body


class Client:
    """A TLS connection that speaks as much HTTP as a test wants wrong or right."""

    def __init__(self, secured):
        self.socket = secured
        self.buffered = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, *parts):
        self.socket.sendall(b"".join(part.encode() if isinstance(part, str) else part for part in parts))

    def get(self, path):
        self.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return self.answer()

    def post(self, path=AUTH, body=b"{}", headers=()):
        self.send(head(path, ("Content-Length", len(body)), *headers), body)
        return self.answer()

    def _more(self):
        try:
            piece = self.socket.recv(65536)
        except (ssl.SSLError, ConnectionError):
            piece = b""
        self.buffered += piece
        return len(piece) > 0

    def answer(self):
        """The next answer; None when the connection closed instead."""
        while b"\r\n\r\n" not in self.buffered:
            if not self._more():
                return None
        text, self.buffered = self.buffered.split(b"\r\n\r\n", 1)
        lines = text.decode().split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, value = line.split(": ", 1)
            assert name.lower() not in headers, f"{name} twice"
            headers[name.lower()] = value
        length = int(headers["content-length"])
        while len(self.buffered) < length:
            if not self._more():
                return None
        body, self.buffered = self.buffered[:length], self.buffered[length:]
        return Answer(int(lines[0].split()[1]), headers, body)

    def is_closed(self):
        """Waits for the other side to hang up; False when it sends something instead."""
        return not self._more()

    def drip(self, text, patience):
        """One byte now and then until the other side hangs up; the seconds that took."""
        begun = time.monotonic()
        while time.monotonic() - begun < patience:
            readable, _, _ = select.select([self.socket], [], [], PAUSE)
            try:
                if readable and not self._more():
                    return time.monotonic() - begun
                self.send(text[:1])
            except (ssl.SSLError, ConnectionError):
                return time.monotonic() - begun
            text = text[1:] or "x"
        raise AssertionError(f"still open after {patience} seconds of dripping")


def head(path=AUTH, *headers, method="POST", version="HTTP/1.1", json=True, host=True):
    lines = [f"{method} {path} {version}"]
    if host:
        lines.append("Host: localhost")
    if json:
        lines.append("Content-Type: application/json")
    lines.extend(f"{name}: {value}" for name, value in headers)
    return "\r\n".join(lines) + "\r\n\r\n"


class EdgeCase(unittest.TestCase):
    settings = {}

    @classmethod
    def setUpClass(cls):
        cls.edge = Edge(**cls.settings)

    @classmethod
    def tearDownClass(cls):
        cls.edge.close()

    def setUp(self):
        self.edge.tell("echo")
        self.edge.tell("body 0")
        while not self.edge.requests.empty():
            self.edge.requests.get()
