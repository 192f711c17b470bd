"""A box for tests that treat it badly: started without quickstart too, its processes watched one by one, its token
one that fails on demand."""

import mmap
import os
import re
import shutil
import signal
import struct
import subprocess
import time

import journal_file
from box import BUILD, Box

# What a busy machine under a sanitizer may take; a box that is well is much faster.
PATIENCE_SECONDS = 60


def await_(what, seconds=PATIENCE_SECONDS, pause=0.01):
    """Looks until ${what}() is true, and gives what it gave."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = what()
        if found:
            return found
        time.sleep(pause)
    raise TimeoutError(what)


class Page:
    """The page that faulty_token.c maps beside itself."""
    FIELDS = {"logins": 0, "resets": 4, "hangs": 8, "uses": 12}

    def __init__(self, path):
        with open(path, "w+b") as file:
            file.write(bytes(4096))
            file.flush()
            os.fchmod(file.fileno(), 0o666)  # the signers' user does not exist before quickstart
            self.memory = mmap.mmap(file.fileno(), 4096)

    def __getitem__(self, name):
        return struct.unpack_from("=I", self.memory, self.FIELDS[name])[0]

    def add(self, name):
        struct.pack_into("=I", self.memory, self.FIELDS[name], self[name] + 1)


class RoughBox(Box):
    # Without the limits on asking for codes, which a load would reach at once.
    UNLIMITED = {"core__otp_requests": 1000000, "core__otp_person_requests": 1000000}

    def __init__(self, people=60, faulty_token=False, **settings):
        self.faulty_token = faulty_token
        self.page = None
        super().__init__(people, **settings)

    def start(self):
        if self.faulty_token and self.page is None:
            module = self.folder / "token.so"
            shutil.copy(BUILD / "tests/faulty_token.so", module)
            self.page = Page(str(module) + ".page")
            self.settings["hsm.module"] = module
        super().start()

    def launch(self):
        """authd alone, as an init system would start it: without the officers' part of quickstart."""
        start = '"$0/bin/authd" -c "$1/idcs.conf" >>"$1/authd.log" 2>&1 </dev/null & echo $! >"$1/run/authd.pid"'
        subprocess.run(["setsid", "sh", "-c", start, str(BUILD), str(self.state)], check=True)

    def close(self):
        log = self.log()
        super().close()
        # A process that dies of itself is replaced as one that was killed: the log alone tells.
        for sign in (r"Sanitizer", r"runtime error:", r"forbidden-system-call", r" signal=(?!%d )" % signal.SIGKILL):
            found = re.search("^.*%s.*$" % sign, log, re.M)
            if found:
                raise AssertionError(found.group())

    def processes(self):
        while True:
            try:
                return super().processes()
            except (FileNotFoundError, ProcessLookupError):
                pass  # one has ended between two looks

    def kill_authd(self):
        """Power off, as far as processes go: all of them are gone when this returns."""
        pids = [self.authd()] + [pid for pids in self.processes().values() for pid in pids]
        os.kill(pids[0], signal.SIGKILL)
        await_(lambda: not any(self.runs(pid) for pid in pids))

    @staticmethod
    def runs(pid):
        try:
            with open("/proc/%d/stat" % pid) as status:
                return status.read().rsplit(")", 1)[1].split()[0] not in "ZX"
        except OSError:
            return False

    def kill_one(self, name, index=0, number=signal.SIGKILL):
        """One of the processes of this name, by number; gives its process id."""
        pid = self.processes()[name][index]
        os.kill(pid, number)
        return pid

    def await_successor(self, name, count, *dead):
        """Until ${count} processes of this name are ready, and none of them is of the ${dead}."""
        def all_are_ready():
            pids = set(self.processes().get(name, []))
            ready = re.findall(r" process-ready process=%s index=\d+ pid=(\d+)$" % name, self.log(), re.M)
            return len(pids) == count and not pids & set(dead) and pids <= set(map(int, ready))
        await_(all_are_ready)

    def health(self, path):
        """(status, document or None) of a health page; (0, None) while nobody answers."""
        try:
            answer = self.kit.get("/health/" + path)
        except OSError:
            return 0, None
        return answer.status, answer.json if answer.body else None

    def await_state(self, state):
        await_(lambda: self.health("state") == (200, {"state": state}))

    def count_records(self, kind):
        return sum(record.kind == kind for record in journal_file.records(self.state / "journal"))

    def deliveries(self):
        """How many codes the journal says have been delivered, or given up."""
        return self.count_records(journal_file.DELIVERY)

    def checkpoints(self):
        return self.count_records(journal_file.CHECKPOINT)
