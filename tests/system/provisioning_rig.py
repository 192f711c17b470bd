"""A whole box of the built programs with a SoftHSM token that holds no key yet, and officers in front of it.

It runs as nobody, also when the tests run as root, so that it needs no system users. Waits are for lines of
the log, never for time to pass.
"""
import base64
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

NOBODY = 65534
PATIENCE = 120
PROGRAMS = ["authd", "authd-core", "authd-edge", "authd-outbox", "authd-plugin", "authd-unseal", "hsm-signer", "provd",
            "plugin_sample.so"]
TOOLS = ["officer", "idcs-demo", "idcs-token"]


CORPUS = pathlib.Path(__file__).resolve().parent.parent / "fuzz" / "corpus"


def record(name, from_byte=0):
    """A record of the readers' corpora, in base64."""
    return base64.b64encode((CORPUS / name).read_bytes()[from_byte:]).decode()


def finger_image(position, minutiae=b""):
    """An image record of a finger, in base64, with seven bytes a minutia where its pixels would be: what the sample of a
    plug-in makes templates of."""
    view = struct.pack(">IBBBBBHHB", 14 + len(minutiae), position, 1, 1, 70, 0, 500, 500, 0) + minutiae
    head = b"FIR\x00010\x00" + struct.pack(">HIHHBBHHHHBBH", 0, 32 + len(view), 0, 31, 1, 2, *4 * [197], 8, 0, 0)
    return base64.b64encode(head + view).decode()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def as_nobody():
    if os.geteuid() == 0:
        return {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    return {}


class Data:
    """Synthetic people and programmes: made once, read by all tests."""

    def __init__(self, binaries, people):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="idcs-data-"))
        self.programmes = self.folder / "programmes" / "programmes.json"
        self.people = self.folder / "people.json"
        for words in (["programmes", "--out", self.programmes.parent],
                      ["people", "--count", str(people), "--out", self.people]):
            subprocess.run([binaries / "idcs-demo", *words], check=True, stdout=subprocess.DEVNULL)

    def load_people(self):
        return json.loads(self.people.read_text())

    def remove(self):
        shutil.rmtree(self.folder)


class Box:
    def __init__(self, binaries, data, plugin=False):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="idcs-box-"))
        self.folder.chmod(0o755)
        for name in ("registry", "state", "journal", "keyring", "hsm/tokens", "outbox", "run", "tls", "bin", "files"):
            (self.folder / name).mkdir(parents=True, mode=0o700)
        for program in PROGRAMS + TOOLS:
            shutil.copy(binaries / program, self.folder / "bin" / program)
        for name in ("server.pem", "server.key"):
            shutil.copy(data.programmes.parent / "tls" / name, self.folder / "tls" / name)
        self.softhsm = self.folder / "hsm" / "softhsm2.conf"
        self.softhsm.write_text(f"directories.tokendir = {self.folder}/hsm/tokens\nobjectstore.backend = file\n"
                                "log.level = ERROR\n")
        self.write_configuration(plugin)
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", self.folder], check=True)
        subprocess.run([self.folder / "bin" / "idcs-token", "--label", "idcs", "--pin-file",
                        self.folder / "hsm" / "pin", "--so-pin-file", self.folder / "hsm" / "so-pin"],
                       check=True, stdout=subprocess.DEVNULL, env=self.environment(), **as_nobody())
        self.lines, self.grown, self.process = [], threading.Condition(), None

    def environment(self, **more):
        kept = {k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}
        return {**kept, "SOFTHSM2_CONF": str(self.softhsm), **more}

    def write_configuration(self, plugin):
        here = self.folder
        sections = {
            "authd": {"listen": f"127.0.0.1:{free_port()}", "lanes": 1, "signers": 2, "libexec": here / "bin",
                      "state-directory": here, "run-directory": here / "run", "hang-ms": 20000},
            "edge": {"tls-key": here / "tls/server.key", "tls-certificate": here / "tls/server.pem"},
            "unseal": {},
            "core": {"registry-directory": here / "registry", "ledger-directory": here / "state",
                     "journal-directory": here / "journal"},
            "hsm": {"pin-file": here / "hsm/pin", "keyring-directory": here / "keyring",
                    "softhsm-conf": self.softhsm},
            "provd": {"registry-directory": here / "registry", "run-directory": here / "run"},
            "notify": {"outbox-directory": here / "outbox"},
        }
        if plugin:
            sections["plugin"] = {"library": here / "bin" / "plugin_sample.so"}
        text = "".join(f"[{name}]\n" + "".join(f"{k} = {v}\n" for k, v in settings.items())
                       for name, settings in sections.items())
        (self.folder / "authd.conf").write_text(text)

    def start(self):
        self.lines = []
        self.process = subprocess.Popen(
            [self.folder / "bin" / "authd", "-c", self.folder / "authd.conf"], stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE, env=self.environment(), text=True, **as_nobody())
        threading.Thread(target=self.read_log, args=(self.process.stderr,), daemon=True).start()
        self.wait_for(r" authd\[0\] info ready ")
        self.wait_for(r" authd\[0\] info state state=(unprovisioned|operational)")

    def read_log(self, stream):
        for line in stream:
            with self.grown:
                self.lines.append(line.rstrip("\n"))
                self.grown.notify_all()

    def matching(self, pattern):
        return [line for line in self.lines if re.search(pattern, line)]

    def wait_for(self, pattern, count=1):
        """The ${count}-th line that matches."""
        deadline = time.monotonic() + PATIENCE
        with self.grown:
            while len(self.matching(pattern)) < count:
                if not self.grown.wait(deadline - time.monotonic()):
                    raise AssertionError(f"no {count} lines like {pattern!r} in:\n" + "\n".join(self.lines[-60:]))
            return self.matching(pattern)[count - 1]

    def ready_count(self, name, index=0):
        return len(self.matching(f"process-ready process={name} index={index} "))

    def pid_of(self, name, index=0):
        line = self.matching(f"process-ready process={name} index={index} ")[-1]
        return int(re.search(r"pid=(\d+)", line).group(1))

    def kill(self, name, index=0):
        """kill -9, and back when the successor is ready."""
        count = self.ready_count(name, index)
        os.kill(self.pid_of(name, index), signal.SIGKILL)
        self.wait_for(f"process-ready process={name} index={index} ", count + 1)

    def officer_command(self, *words):
        return [self.folder / "bin" / "officer", "--socket", self.folder / "run" / "officer.sock", *map(str, words)]

    def officer(self, *words, text=None, user=None, **environment):
        return subprocess.run(self.officer_command(*words), input=text, text=True, timeout=PATIENCE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment(**environment),
                              **({"user": user, "group": user, "extra_groups": []} if user else {}))

    def begin(self, *words):
        """An officer's command under way; its standard error can be read line by line."""
        return subprocess.Popen(self.officer_command(*words), text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, env=self.environment())

    def status(self):
        """{"people": 60, "commit": 3…} as `officer status` says it."""
        done = self.officer("status")
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        words = {"state": r"state: (\S+);", "generation": r"generation (\d+)", "commit": r"commit (\d+)",
                 "salts": r"(\d+) salts", "people": r"people: (\d+)", "vids": r"VIDs: (\d+)",
                 "partners": r"API keys: (\d+)", "policies": r"API keys: \d+, (\d+)",
                 "keys": r"API keys: \d+, \d+, (\d+)", "misps": r"anchors: (\d+)", "anchors": r"anchors: \d+, (\d+)",
                 "enrolled": r"with biometrics: (\d+)"}
        found = {name: re.search(pattern, done.stdout).group(1) for name, pattern in words.items()}
        return {name: int(value) if value.isdigit() else value for name, value in found.items()}

    def file(self, name, content):
        path = self.folder / "files" / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    def remove(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(PATIENCE)
            self.process.stderr.close()
        shutil.rmtree(self.folder)
