"""What each process is refused, on the shipped programs while they serve: inject makes a running process ask the
kernel for something its row of the design forbids, and the kernel's answer is compared with one table."""

import grp
import os
import re
import stat
import subprocess
import sys
import time
import unittest
from pathlib import Path

from box import BUILD
from plugin_box import PluginBox

KINDS = ("authd-edge", "authd-unseal", "authd-plugin", "authd-core", "hsm-signer", "provd", "authd-outbox")
KILLED = "died SIGSYS"
SANITIZED = bool(re.search(r"^IDCS_SANITIZE:\w+=.+$", (BUILD / "CMakeCache.txt").read_text(), re.MULTILINE))

AT_FDCWD, SIGCHLD, AF_UNIX, AF_INET, AF_PACKET, STREAM, RAW = -100, 17, 1, 2, 17, 1, 3
READ, WRITE, CREATE = os.O_RDONLY, os.O_WRONLY, os.O_WRONLY | os.O_CREAT
PROT_READ_EXEC, MAP_PRIVATE_ANONYMOUS = 5, 0x22
CLONE_THREAD_FLAGS = 0x00010000 | 0x00000800 | 0x00000100  # THREAD, SIGHAND, VM
THREADED = ("authd-edge", "authd-core")
# By which a PKCS#11 module finds its token.
MODULE_VARIABLES = {"SOFTHSM2_CONF", "TPM2_PKCS11_STORE", "TPM2_PKCS11_TCTI", "DBUS_SESSION_BUS_ADDRESS"}

# Nobody may, whoever it is: each of these ends the process.
FORBIDDEN = [
    ("connect out: socket", "socket", AF_INET, STREAM, 0),
    ("connect out: connect", "connect", 3, "#16", 16),
    ("listen elsewhere", "bind", 3, "#16", 16),
    ("reach another service's socket", "socket", AF_UNIX, STREAM, 0),
    ("fork", "fork"),
    ("clone a process", "clone", SIGCHLD),
    ("execute a program", "execve", "@/bin/true", 0, 0),
    ("execute an open program", "execveat", 3, "@", 0, 0, 0x1000),
    ("load code: map it", "mmap", 0, 4096, PROT_READ_EXEC, MAP_PRIVATE_ANONYMOUS, -1, 0),
    ("load code: make memory executable", "mprotect", "#1", 4096, PROT_READ_EXEC),
    ("load a kernel module", "finit_module", 3, "@", 0),
    ("trace another process", "ptrace", 16, 1, 0, 0),
    ("read another's memory", "process_vm_readv", 1, "#16", 1, "#16", 1, 0),
    ("signal another process", "kill", 1, 0),
    ("become another user", "setresuid", 0, 0, 0),
    ("a namespace of its own", "unshare", 0x10000000),
    ("a ring that makes calls for it", "io_uring_setup", 1, "#120"),
]
# A process with threads may start one more; the others may not.
FORBIDDEN_BUT_TO_THREADED = [("start a thread", "clone", CLONE_THREAD_FLAGS)]
# Reading a limit is allowed, changing one not; the sanitizers ask without distinction.
FORBIDDEN_UNLESS_SANITIZED = [("raise a limit", "prlimit64", 0, 7, "#16", 0)]

# What authd itself may never do, although it forks and executes.
FORBIDDEN_TO_AUTHD = [
    ("trace another process", "ptrace", 16, 1, 0, 0),
    ("read another's memory", "process_vm_readv", 1, "#16", 1, "#16", 1, 0),
    ("raw sockets", "socket", AF_INET, RAW, 0),  # others it keeps for those it starts, whose filters are narrower
    ("packet sockets", "socket", AF_PACKET, RAW, 0),
    ("become root again", "setresuid", 0, 0, 0),
    ("load a kernel module", "finit_module", 3, "@", 0),
    ("a namespace", "unshare", 0x10000000),
    ("mount", "mount", "@/", "@/mnt", "@none", 4096, 0),
]


def setUpModule():
    global box
    # Who is stopped to make a call is silent meanwhile, on a busy machine for long: authd must not take it for hung.
    box = PluginBox(people=40, authd__hang_ms=20000)


def tearDownModule():
    box.close()


def inject(pid, call, *arguments):
    words = [str(a & 0xffffffffffffffff) if isinstance(a, int) else a for a in arguments]
    done = subprocess.run([str(BUILD / "bin/inject"), str(pid), call, *words], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=30)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return done.stdout.strip()


def status(pid):
    lines = Path("/proc/%d/status" % pid).read_text().splitlines()
    return dict(line.split(":", 1) for line in lines)


def ready_pids():
    """{(name, index): pid} of what runs and has said it serves."""
    said = {(m[1], int(m[2])): int(m[3])
            for m in re.finditer(r"process-ready process=(\S+) index=(\d+) pid=(\d+)", box.log())}
    running = {pid for pids in box.processes().values() for pid in pids}
    return {member: pid for member, pid in said.items() if pid in running}


def await_members(members, not_these=(), seconds=60):
    """Until each of ${members} serves, with a process id that is not among ${not_these}."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        now = ready_pids()
        if all(member in now and now[member] not in not_these for member in members):
            box.await_ready()
            return now
        time.sleep(0.01)
    raise TimeoutError("not restarted: %s\n%s" % (members, box.log()[-4000:]))


def start_again():
    """authd alone, as quickstart does: everything else is there."""
    command = 'setsid "$0" -c "$1/idcs.conf" >>"$1/authd.log" 2>&1 </dev/null & echo $! >"$1/run/authd.pid"'
    subprocess.run(["/bin/sh", "-c", command, str(BUILD / "bin/authd"), str(box.state)], check=True)
    await_members([(kind, 0) for kind in KINDS])


def one_of(kind, members, turn):
    """The members of a kind take turns, so that none is restarted more often than it must."""
    indices = sorted(index for name, index in members if name == kind)
    return kind, indices[turn % len(indices)]


class Status(unittest.TestCase):
    def setUp(self):
        expected = [(kind, 0) for kind in KINDS]
        self.members = await_members(expected)
        self.pids = list(self.members.values()) + [box.authd()]

    def test_a_user_a_kind_and_none_is_root(self):
        users = {"authd": set(status(box.authd())["Uid"].split())}
        for (kind, _), pid in self.members.items():
            users.setdefault(kind, set()).update(status(pid)["Uid"].split())
        for kind, found in users.items():
            self.assertEqual(len(found), 1, kind)
        everyone = [uid for found in users.values() for uid in found]
        self.assertEqual(len(set(everyone)), len(KINDS) + 1, users)
        self.assertNotIn("0", everyone)

    def test_privileges_are_gone(self):
        for pid in self.pids:
            with self.subTest(pid=pid):
                lines = status(pid)
                self.assertEqual(lines["Seccomp"].strip(), "2")
                self.assertEqual(lines["NoNewPrivs"].strip(), "1")
                own = 1 << 5 | 1 << 6 | 1 << 7 if pid == box.authd() else 0  # KILL, SETGID, SETUID
                for name in ("CapEff", "CapPrm"):
                    self.assertEqual(int(lines[name], 16), own, name)
                for name in ("CapInh", "CapBnd", "CapAmb"):
                    self.assertEqual(int(lines[name], 16), 0, name)

    def test_groups_are_for_those_who_share_something(self):
        shared = {"authd-core": {"idcs-registry"}, "provd": {"idcs-registry", "idcs-officers"}}
        for (kind, _), pid in self.members.items():
            lines = status(pid)
            groups = set(lines["Groups"].split()) - {lines["Gid"].split()[0]}
            self.assertEqual({grp.getgrgid(int(group)).gr_name for group in groups}, shared.get(kind, set()), kind)
        self.assertEqual(status(box.authd())["Groups"].split(), [])

    def test_nothing_is_dumped(self):
        for pid in self.pids:
            with self.subTest(pid=pid):
                about = os.stat("/proc/%d/environ" % pid)
                self.assertEqual(about.st_uid, 0)  # root's, although the process is not: undumpable
                limits = Path("/proc/%d/limits" % pid).read_text()
                self.assertRegex(limits, r"Max core file size +0 +0 ")

    def test_arguments_and_environment_hold_no_secret(self):
        kit = box.kit.document
        secrets = [(box.state / "hsm/pin").read_bytes().strip(), (box.state / "officer/so-pin").read_bytes().strip(),
                   kit["misp_license_key"].encode()]
        secrets += [entry[name].encode() for entry in kit["partners"] for name in ("api_key", "p12_password")]
        for pid in self.pids:
            told = b"".join(Path("/proc/%d/%s" % (pid, name)).read_bytes() for name in ("cmdline", "environ"))
            for secret in secrets:
                self.assertGreater(len(secret), 3)
                self.assertNotIn(secret, told)

    def test_an_environment_of_their_own(self):
        for (kind, _), pid in self.members.items():
            text = Path("/proc/%d/environ" % pid).read_bytes().decode()
            names = {word.split("=")[0] for word in text.split("\0") if word}
            module = MODULE_VARIABLES if kind == "hsm-signer" else set()
            self.assertLessEqual(names - {"ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"} - module,
                                 {"PATH", "LC_ALL"}, kind)

    def test_the_files_each_holds_open(self):
        allowed = {"authd-edge": set(), "authd-unseal": set(), "authd-plugin": set(),
                   "authd-core": {"journal", "state", "registry"}, "hsm-signer": {"keyring", "hsm"},
                   "provd": {"registry"}, "authd-outbox": {"outbox"}}
        for (kind, _), pid in self.members.items():
            folders = set()
            for number in os.listdir("/proc/%d/fd" % pid):
                try:
                    target = os.readlink("/proc/%d/fd/%s" % (pid, number))
                except FileNotFoundError:
                    continue  # the signer opens and closes the token's files
                if target.startswith(str(box.state)):
                    folders.add(Path(target).relative_to(box.state).parts[0])
                elif target.startswith("/"):
                    self.assertEqual(target, "/dev/null", kind)
            self.assertLessEqual(folders - {"authd.log"}, allowed[kind], kind)


class Files(unittest.TestCase):
    """Errors, not deaths: the same processes answer one question after the other."""

    def setUp(self):
        self.members = await_members([(kind, 0) for kind in KINDS])

    def ask(self, kind, path, flags):
        return inject(self.members[(kind, 0)], "openat", AT_FDCWD, "@" + str(path), flags, 0o600)

    def test_nobody_reads_what_everybody_may(self):
        for kind in KINDS:
            for path in ("/etc/passwd", "/proc/self/status", "/usr/bin/env", "/lib/x86_64-linux-gnu/libc.so.6", "/"):
                with self.subTest(kind=kind, path=path):
                    self.assertEqual(self.ask(kind, path, READ), "failed EACCES")

    def test_nobody_reads_what_is_anothers(self):
        state = box.state
        data = [next((state / "journal").glob("*.journal")), state / "state/data.mdb", state / "registry/data.mdb",
                next(p for p in (state / "keyring").iterdir() if p.is_file()), state / "hsm/pin",
                next((state / "hsm/tokens").rglob("*.object")), state / "tls/key.pem", state / "officer/so-pin",
                state / "outbox", state / "idcs.conf"]
        may = {"authd-core": ("journal", "state", "registry"), "hsm-signer": ("hsm/tokens",), "authd-outbox": ("outbox",)}
        for kind in KINDS:
            for path in data:
                own = any((state / folder) in (path, *path.parents) for folder in may.get(kind, ()))
                with self.subTest(kind=kind, path=path):
                    self.assertRegex(self.ask(kind, path, READ), r"^returned \d+$" if own else "^failed EACCES$")

    def test_nobody_writes_elsewhere(self):
        for kind in KINDS:
            for path, flags in (("/tmp/written-by-" + kind, CREATE), ("/dev/shm/written-by-" + kind, CREATE),
                                (box.state / "hsm/pin", WRITE), (BUILD / "bin" / kind, WRITE),
                                (box.state / "idcs.conf", WRITE)):
                with self.subTest(kind=kind, path=path):
                    self.assertEqual(self.ask(kind, path, flags), "failed EACCES")
                    self.assertFalse(str(path).startswith("/tmp/written") and os.path.exists(path))

    def test_core_reads_the_registry_and_cannot_write_it(self):
        self.assertEqual(self.ask("authd-core", box.state / "registry/data.mdb", WRITE), "failed EACCES")
        self.assertEqual(stat.S_IMODE(os.stat(box.state / "registry/data.mdb").st_mode) & 0o022, 0)

    def test_core_cannot_put_another_registry_in_its_place(self):
        registry, core = box.state / "registry", self.members[("authd-core", 0)]
        for call, other in (("rename", ["@%s" % (registry / "old.mdb")]), ("unlink", [])):
            with self.subTest(call=call):
                self.assertEqual(inject(core, call, "@%s" % (registry / "data.mdb"), *other), "failed EACCES")
        self.assertEqual(self.ask("authd-core", registry / "new.mdb", CREATE), "failed EACCES")
        self.assertEqual({file.name for file in registry.iterdir()}, {"data.mdb", "lock.mdb"})

    def test_what_is_its_own_opens(self):
        for kind, path, flags in (("authd-core", "state/data.mdb", os.O_RDWR), ("authd-core", "journal", READ),
                                  ("authd-outbox", "outbox/of-its-own", CREATE), ("hsm-signer", "hsm/tokens", READ)):
            with self.subTest(kind=kind, path=path):
                self.assertRegex(self.ask(kind, box.state / path, flags), r"^returned \d+$")
        (box.state / "outbox/of-its-own").unlink()

    def test_clone3_has_flags_a_filter_cannot_see(self):
        for kind in KINDS:
            self.assertEqual(inject(self.members[(kind, 0)], "clone3", "#88", 88), "failed ENOSYS")

    def test_they_serve_as_before(self):
        serve_one(self)


class Deaths(unittest.TestCase):
    """One forbidden call after the other, each in every kind of process; authd replaces what died."""

    def test_forbidden_calls_end_the_process(self):
        rows = [(row, KINDS) for row in FORBIDDEN]
        rows += [(row, [k for k in KINDS if k not in THREADED]) for row in FORBIDDEN_BUT_TO_THREADED]
        if SANITIZED:
            print("skipped: changing a limit, which a sanitizer's own calls loosen", file=sys.stderr)
        else:
            rows += [(row, KINDS) for row in FORBIDDEN_UNLESS_SANITIZED]
        members = await_members([(kind, 0) for kind in KINDS])
        for turn, ((what, call, *arguments), kinds) in enumerate(rows):
            chosen = [one_of(kind, members, turn) for kind in kinds]
            died = []
            for member in chosen:
                with self.subTest(kind=member[0], what=what):
                    died.append(members[member])
                    self.assertEqual(inject(members[member], call, *arguments), KILLED)
            members = await_members(members.keys(), died)
        serve_one(self)

    def test_the_log_names_it(self):
        for kind in KINDS:
            self.assertIn("forbidden-system-call process=%s" % kind, box.log())


class Supervisor(unittest.TestCase):
    """Its death ends the box, which is started again."""

    def test_files_of_the_others(self):
        for name in ("hsm/pin", "hsm/tokens", "tls/key.pem", "registry/data.mdb", "state/data.mdb", "journal",
                     "keyring", "officer/so-pin"):
            with self.subTest(name=name):
                self.assertEqual(inject(box.authd(), "openat", AT_FDCWD, "@%s" % (box.state / name), READ),
                                 "failed EACCES")

    def test_it_writes_nowhere_of_the_system(self):
        for path in ("/etc/passwd", "/etc/written", BUILD / "bin/authd", box.state / "idcs.conf", box.state / "hsm/pin"):
            with self.subTest(path=path):
                self.assertEqual(inject(box.authd(), "openat", AT_FDCWD, "@%s" % path, CREATE, 0o600), "failed EACCES")

    def test_forbidden_calls_end_the_box(self):
        for what, call, *arguments in FORBIDDEN_TO_AUTHD:
            with self.subTest(what=what):
                children = [pid for pids in box.processes().values() for pid in pids]
                self.assertEqual(inject(box.authd(), call, *arguments), KILLED)
                self.assert_gone(children)
                start_again()
        serve_one(self)

    def assert_gone(self, pids, seconds=10):
        """No child outlives its supervisor."""
        until = time.monotonic() + seconds
        while any(os.path.exists("/proc/%d" % pid) for pid in pids):
            self.assertLess(time.monotonic(), until)
            time.sleep(0.01)


def serve_one(test):
    """One authentication from end to end, and an officer's question: what is allowed works."""
    programme = box.kit.programme()
    person = box.kit.person()
    transaction_id, code = programme.code_for(person)
    test.assertIs(programme.authenticate(person, transaction_id, code).response["authStatus"], True)
    test.assertEqual(box.officer("status").returncode, 0)


if __name__ == "__main__":
    if os.uname().machine != "x86_64":
        sys.exit("inject knows x86-64 alone")
    unittest.main(failfast=True)  # what failed is said before a time limit can hide it
