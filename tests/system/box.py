"""Starts a whole box from the built programs, through quickstart alone: no test has a back door into the store."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from ports import free_ports
from programme import Kit

TOP = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ["IDCS_BUILD"])


def demonstration():
    """Programmes and devices as quickstart makes them. Their RSA keys are the longest part of a start: once a build."""
    kept = BUILD / ("tests/demonstration-%d" % (BUILD / "bin/idcs-demo").stat().st_mtime_ns)
    if not kept.exists():
        fresh = tempfile.mkdtemp(dir=kept.parent)
        subprocess.run([BUILD / "bin/idcs-demo", "programmes", "--out", fresh], check=True, stdout=subprocess.DEVNULL)
        try:
            os.rename(fresh, kept)
        except OSError:  # another test was quicker
            shutil.rmtree(fresh)
    return kept


class Box:
    def __init__(self, people=60, words=(), is_bare=False, **settings):
        """${is_bare}: quickstart makes the programmes too."""
        self.folder = Path(tempfile.mkdtemp(prefix="idcs-test-"))
        self.folder.chmod(0o755)
        self.state, self.kit_folder = self.folder / "state", self.folder / "kit"
        self.people, self.words = people, words
        self.port, self.jose_port = free_ports(2)
        self.settings = {name.replace("__", ".").replace("_", "-"): value for name, value in settings.items()}
        if not is_bare:
            shutil.copytree(demonstration(), self.state / "officer/demo")
        self.start()

    def command(self, *more):
        return [str(TOP / "provisioning/quickstart"), "--build", str(BUILD), "--state", str(self.state),
                "--listen", "127.0.0.1:%d" % self.port, "--listen-jose", "127.0.0.1:%d" % self.jose_port,
                "--kit", str(self.kit_folder), *more]

    def start(self):
        sets = [word for name, value in self.settings.items() for word in ("--set", "%s=%s" % (name, value))]
        done = subprocess.run(self.command("--people", str(self.people), "--no-story", *self.words, *sets),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
        if done.returncode != 0:
            raise RuntimeError(done.stdout + "\n" + self.log()[-4000:])
        self.kit = Kit(self.kit_folder)

    def stop(self):
        subprocess.run(self.command("--stop"), check=True, stdout=subprocess.DEVNULL, timeout=60)

    def close(self):
        self.stop()
        shutil.rmtree(self.folder)

    def officer(self, *words):
        return subprocess.run([str(BUILD / "bin/officer"), "--socket", str(self.state / "run/officer.sock"), *words],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)

    def log(self):
        path = self.state / "authd.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def authd(self):
        return int((self.state / "run/authd.pid").read_text())

    def processes(self):
        """{name: [process ids]} of authd's children."""
        found = {}
        children = Path("/proc/%d/task/%d/children" % (self.authd(), self.authd())).read_text().split()
        for pid in children:
            words = Path("/proc/%s/cmdline" % pid).read_bytes().split(b"\0")
            found.setdefault(os.path.basename(words[0].decode()), []).append(int(pid))
        return found

    def kill(self, name, number=signal.SIGKILL):
        pids = self.processes()[name]
        for pid in pids:
            os.kill(pid, number)
        return pids

    def await_ready(self, seconds=60):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                if self.kit.get("/health/ready").status == 200:
                    return
            except OSError:
                pass
            time.sleep(0.02)
        raise TimeoutError("the box is not ready\n" + self.log()[-4000:])
