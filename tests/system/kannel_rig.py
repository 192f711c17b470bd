"""Gateways, mail servers and one authd-notify for test_kannel.py: all on loopback, in folders of their own, as nobody
when started by root. A test file is run as

    test_kannel.py NOTIFY_HARNESS AUTHD_NOTIFY [unittest's arguments]
"""

import base64
import contextlib
import os
import queue
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from pathlib import Path

from ports import free_ports

HARNESS, NOTIFY = sys.argv[1:3]
WAIT = 30  # seconds after which a test that waits has failed
NOBODY = 65534
FAKE_SMSC = "/usr/lib/kannel/test/fakesmsc"
AS_NOBODY = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}


def wait_until(true, what):
    until = time.monotonic() + WAIT
    while True:
        value = true()
        if value:
            return value
        if time.monotonic() > until:
            raise TimeoutError(what)
        time.sleep(0.02)


def own_folder():
    folder = Path(tempfile.mkdtemp(prefix="idcs-kannel-"))
    if AS_NOBODY:
        os.chown(folder, NOBODY, NOBODY)
    folder.chmod(0o755)
    return folder


class Gateway:
    """A bearerbox, a smsbox and a fake SMSC of Debian's packages, configured as authd-notify(8) says."""

    USER, PASSWORD = "idcs-user", "s3cret-of-the-gateway"

    def __init__(self):
        self.folder = own_folder()
        self.admin, self.boxes, self.smsc, self.port = free_ports(4)
        self.url = "http://127.0.0.1:%d/cgi-bin/sendsms" % self.port
        self.config = self.folder / "kannel.conf"
        self.config.write_text(f"""
group = core
admin-port = {self.admin}
admin-interface = 127.0.0.1
admin-password = status
smsbox-port = {self.boxes}
smsbox-interface = 127.0.0.1
box-allow-ip = "127.0.0.1"
log-file = "{self.folder}/bearerbox.log"
log-level = 2
access-log = "{self.folder}/bearerbox-access.log"
access-log-format = "%l [SMSC:%i] [FID:%F]"

group = smsc
smsc = fake
smsc-id = FAKE
port = {self.smsc}
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {self.port}
sendsms-interface = 127.0.0.1
log-file = "{self.folder}/smsbox.log"
log-level = 2

group = sendsms-user
username = {self.USER}
password = {self.PASSWORD}
max-messages = 1
""")
        self.received = self.folder / "smsc.log"
        self.start()

    def spawn(self, *command, output=subprocess.DEVNULL):
        return subprocess.Popen(command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=output,
                                stderr=subprocess.STDOUT, **AS_NOBODY)

    def status(self):
        try:
            with urllib.request.urlopen("http://127.0.0.1:%d/status.txt" % self.admin, timeout=1) as answer:
                return answer.read().decode(errors="replace")
        except OSError:
            return ""

    def smsc_is_there(self):
        if self.fake_smsc is None or self.fake_smsc.poll() is not None:
            with open(self.received, "ab") as log:  # it ends when the bearerbox does not listen yet
                self.fake_smsc = self.spawn(FAKE_SMSC, "-H", "127.0.0.1", "-r", str(self.smsc), "-m", "0",
                                            "1 2 text none", output=log)
        return "(online" in self.status()

    def listens(self):
        if self.smsbox.poll() is not None:
            self.smsbox = self.spawn("/usr/sbin/smsbox", str(self.config))
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return "smsbox" in self.status()

    def start(self):
        self.fake_smsc = None
        self.bearerbox = self.spawn("/usr/sbin/bearerbox", str(self.config))
        wait_until(lambda: "Kannel" in self.status(), "bearerbox does not start")
        self.smsbox = self.spawn("/usr/sbin/smsbox", str(self.config))
        wait_until(self.smsc_is_there, "no fake SMSC")
        wait_until(self.listens, "smsbox does not start")

    def processes(self):
        return [p for p in (self.smsbox, self.bearerbox, self.fake_smsc) if p is not None]

    def kill(self):
        for process in self.processes():
            process.kill()
            process.wait()

    def pause(self):
        self.smsbox.send_signal(signal.SIGSTOP)

    def resume(self):
        self.smsbox.send_signal(signal.SIGCONT)

    def close(self):
        self.kill()
        shutil.rmtree(self.folder)

    def messages(self):
        """[(sender, receiver, kind, text)] as the SMSC has got them."""
        found = []
        log = self.received.read_text(errors="replace")
        for sender, to, kind, data in re.findall(r"Got message \d+: <(\S+) (\S+) (\S+) (.*)>$", log, re.MULTILINE):
            if kind == "ucs-2":
                data = urllib.parse.unquote_to_bytes(data.replace("+", " ")).decode("utf-16-be")
            found.append((sender, to, kind, data))
        return found

    def texts(self, code):
        return [m for m in self.messages() if code in m[3]]

    def await_text(self, code):
        return wait_until(lambda: self.texts(code), "no message with " + code)[0]


class Notify:
    """One authd-notify, confined, with its harness."""

    numbers = iter(range(1, 1 << 20))

    def __init__(self, gateways=(), start=True, mode=0o400, **settings):
        self.folder = own_folder()
        self.log_path = self.folder / "log"
        lines = {}
        for i, gateway in enumerate(gateways, 1):
            lines["gateway-%d-url" % i] = gateway.url
            lines["gateway-%d-user-file" % i] = self.secret("user-%d" % i, gateway.USER, mode)
            lines["gateway-%d-password-file" % i] = self.secret("password-%d" % i, gateway.PASSWORD, mode)
        lines.update({name.replace("_", "-"): value for name, value in settings.items()})
        path = self.folder / "settings"
        path.write_text("".join("%s = %s\n" % item for item in lines.items()))
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen([HARNESS, NOTIFY, str(path)], stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, stderr=log, text=True, bufsize=1)
        self.answers, self.lines = {}, queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.pid = int(self.expect("started")[0])
        if start:
            self.expect("ready")

    def secret(self, name, value, mode):
        path = self.folder / name
        path.write_text(value + "\n")
        path.chmod(mode)
        if AS_NOBODY:
            os.chown(path, NOBODY, NOBODY)
        return path

    def _read(self):
        for line in self.process.stdout:
            word, *rest = line.split()
            if word == "delivered":
                self.answers[int(rest[0])] = rest[1] == "1"
            else:
                self.lines.put([word, *rest])

    def expect(self, word):
        line = self.lines.get(timeout=WAIT)
        if line[0] != word:
            raise AssertionError("%s came, not %s\n%s" % (line, word, self.log()))
        return line[1:]

    def log(self):
        return self.log_path.read_text(errors="replace")

    def await_log(self, pattern, count=1):
        wait_until(lambda: len(re.findall(pattern, self.log())) >= count, "no %s in\n%s" % (pattern, self.log()))

    def command(self, *words):
        self.process.stdin.write("\t".join(str(word) for word in words) + "\n")

    def send(self, code, phone="+212612345678", email="-", language="fra", programme="Tayssir", left_ms=180000):
        """Its number, for answer()."""
        number = next(self.numbers)
        self.command("otp", number, phone, email, language, code, "1234567890", programme, left_ms)
        return number

    def answer(self, number):
        wait_until(lambda: number in self.answers, "no answer; the log says\n" + self.log())
        return self.answers[number]

    def deliver(self, code, **how):
        return self.answer(self.send(code, **how))

    def event(self, confirmed, phone="+212612345678", email="-", language="fra", programme="Tayssir",
              at_ms=1737152400000, identifier="XXXXXX1234"):
        self.command("event", phone, email, language, programme, int(confirmed), at_ms, identifier)

    def close(self):
        """What the process ended with."""
        self.process.stdin.close()
        ended = int(self.expect("ended")[0])
        self.process.wait()
        self.process.stdout.close()
        shutil.rmtree(self.folder)
        return ended


class MailServer:
    """As much of SMTP as libcurl speaks; one thread a connection. ${refuses} and ${silent} can be changed at any time:
    they hold for connections that are open too. ${ignored} counts what a silent one has left unanswered."""

    def __init__(self, certificate=None, credentials=None, refuses=(), silent=False):
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*certificate)
        self.credentials, self.refuses, self.silent = credentials, refuses, silent
        self.mails, self.sessions, self.ignored = [], [], 0
        self.port = 0
        self.start()
        self.url = "smtp://127.0.0.1:%d" % self.port

    def start(self):
        """After close() too, at the same port."""
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def _accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.sessions.append(connection)
            if self.silent:
                self.ignored += 1
            else:
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            self._session(connection)
        except (OSError, ssl.SSLError, ValueError):
            pass
        finally:
            connection.close()

    def _session(self, connection):
        file, tls, mail = connection.makefile("rwb"), False, {}

        def say(text):
            file.write(text.encode() + b"\r\n")
            file.flush()

        say("220 mail.example.org")
        while True:
            line = file.readline().decode().rstrip("\r\n")
            verb, argument = line.split(" ")[0].upper(), line.partition(" ")[2]
            if not line:
                return
            if self.silent:
                self.ignored += 1
            elif verb in self.refuses:
                say("550 no")
            elif verb == "EHLO":
                offers = ["mail.example.org"]
                offers += ["STARTTLS"] if self.context and not tls else []
                offers += ["AUTH PLAIN"] if self.credentials and tls else []
                for i, offer in enumerate(offers):
                    say("250%s%s" % ("-" if i + 1 < len(offers) else " ", offer))
            elif verb == "STARTTLS" and self.context:
                say("220 go on")
                connection = self.context.wrap_socket(connection, server_side=True)
                file, tls = connection.makefile("rwb"), True
            elif verb == "AUTH":
                given = argument.partition(" ")[2]
                if not given:
                    say("334 ")
                    given = file.readline().decode().strip()
                mail["auth"] = tuple(base64.b64decode(given).decode().split("\0")[1:])
                say("235 yes" if mail["auth"] == self.credentials else "535 no")
            elif verb == "MAIL":
                if self.credentials and mail.get("auth") != self.credentials:
                    say("530 who are you")
                    continue
                mail.update({"from": argument, "tls": tls})
                say("250 yes")
            elif verb == "RCPT":
                mail["to"] = argument
                say("250 yes")
            elif verb == "DATA":
                say("354 go on")
                body = b""
                while not body.endswith(b"\r\n.\r\n"):
                    body += file.readline()
                mail["data"] = body[:-3]
                self.mails.append(dict(mail))
                say("250 taken")
            elif verb == "QUIT":
                say("221 bye")
                return
            else:
                say("500 what")

    def await_mail(self):
        return wait_until(lambda: self.mails, "no mail")[-1]

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)  # wakes who waits in accept()
        self.listener.close()
        for connection in self.sessions:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        self.sessions.clear()
