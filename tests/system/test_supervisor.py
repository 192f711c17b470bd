"""The supervisor, with a stand-in (fake_child.c) for each of its children.

usage: test_supervisor.py [--user root|nobody] AUTHD FAKE_CHILD [unittest arguments]

Waits for lines of the log, never for time to pass.
"""
import argparse
import grp
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

NOBODY = 65534
PATIENCE = 60  # seconds until a line that does not come is a failure
PLUGIN = "authd-plugin"  # there only if a library is named
CHILDREN = ["authd-edge", "authd-unseal", "authd-core", "hsm-signer", "provd", "authd-outbox"]
SECTIONS = {"edge": "authd-edge", "unseal": "authd-unseal", "core": "authd-core",
            "hsm": "hsm-signer", "provd": "provd", "notify": "authd-outbox"}
EXIT_CONFIG = 78
EXIT_RECYCLE = 75

programs = {}


class Box:
    """A folder with the programs, a configuration, and at most one authd running from it."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="idcs-supervisor-"))
        self.folder.chmod(0o755)
        for name in ("libexec", "commands", "state", "run"):
            (self.folder / name).mkdir(mode=0o755)
        shutil.copy(programs["authd"], self.folder / "authd")
        shutil.copy(programs["fake_child"], self.folder / "libexec" / "fake_child")
        for child in CHILDREN + [PLUGIN]:
            (self.folder / "libexec" / child).symlink_to("fake_child")
        self.authd_settings = {
            "listen": "127.0.0.1:0", "lanes": "2", "signers": "2",
            "libexec": self.folder / "libexec", "state-directory": self.folder / "state",
            "run-directory": self.folder / "run", "hang-ms": "30000",
        }
        if os.geteuid() == 0:
            for user in ("user", "edge-user", "unseal-user", "plugin-user", "core-user", "hsm-user", "prov-user",
                         "notify-user"):
                self.authd_settings[user] = "nobody"
            self.authd_settings["registry-group"] = "nogroup"
        self.sections = {name: {"commands": self.folder / "commands"} for name in SECTIONS}
        self.process = None
        self.lines = []
        self.grown = threading.Condition()
        self.pin_folder = self.folder / "commands"

    def add_plugin(self, **settings):
        self.sections["plugin"] = {"commands": self.folder / "commands", "library": "/a/matcher.so",
                                   **settings}

    def pin_file(self):
        return self.pin_folder / "pin"

    def set_pin(self, pin):
        """Replaces the file, as an officer would."""
        new = self.pin_folder / "pin.new"
        new.write_text(pin + "\n")
        new.replace(self.pin_file())
        self.sections["hsm"]["pin-file"] = self.pin_file()

    def write_configuration(self):
        text = ""
        for name, settings in {"authd": self.authd_settings, **self.sections}.items():
            text += f"[{name}]\n" + "".join(f"{k} = {v}\n" for k, v in settings.items())
        path = self.folder / "authd.conf"
        path.write_text(text)
        return path

    def environment(self, **more):
        kept = {k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}
        return {**kept, "SECRET_OF_THE_CALLER": "x", **more}

    def check(self):
        return subprocess.run([self.folder / "authd", "-t", "-c", self.write_configuration()],
                              env=self.environment(), text=True, timeout=PATIENCE,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def start(self, **environment):
        self.lines = []
        self.process = subprocess.Popen(
            [self.folder / "authd", "-c", self.write_configuration()], stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE, env=self.environment(**environment), text=True)
        threading.Thread(target=self.read_log, args=(self.process.stderr,), daemon=True).start()

    def read_log(self, stream):
        lines = self.lines
        for line in stream:
            with self.grown:
                lines.append(line.rstrip("\n"))
                self.grown.notify_all()
        with self.grown:
            lines.append("end-of-log")
            self.grown.notify_all()

    def matching(self, pattern):
        return [line for line in self.lines if re.search(pattern, line)]

    def wait_for(self, pattern, count=1):
        """The ${count}-th line that matches."""
        deadline = time.monotonic() + PATIENCE
        with self.grown:
            while len(self.matching(pattern)) < count:
                if not self.grown.wait(deadline - time.monotonic()):
                    log = "\n".join(self.lines)
                    raise AssertionError(f"no {count} lines like {pattern!r} in:\n{log}")
            return self.matching(pattern)[count - 1]

    def pid_of(self, name, index=0, count=1):
        line = self.wait_for(rf"process-ready process={name} index={index} ", count)
        return int(re.search(r"pid=(\d+)", line).group(1))

    def command(self, pid, name, index, text):
        (self.folder / "commands" / f"{name}-{index}").write_text(text + "\n")
        os.kill(pid, signal.SIGUSR1)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.wait_end()

    def wait_end(self):
        code = self.process.wait(PATIENCE)
        self.wait_for("^end-of-log$")  # every child has closed it too
        self.process.stderr.close()
        return code

    def remove(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.wait_end()
        shutil.rmtree(self.folder)


class SupervisorTest(unittest.TestCase):
    def setUp(self):
        self.box = Box()
        self.addCleanup(self.box.remove)

    def need_root(self):
        if os.geteuid() != 0:
            self.skipTest("needs root")

    def start_ready(self, **environment):
        self.box.start(**environment)
        self.box.wait_for(r" authd\[0\] info ready ")

    def test_all_become_ready_and_stop_in_order(self):
        self.start_ready()
        self.assertEqual(len(self.box.matching("process-ready")), 9)
        self.assertEqual(self.box.stop(), 0)
        self.assertEqual(len(self.box.matching("ends-cleanly")), 9)
        ends = [re.search(r"process=(\S+)", line).group(1)
                for line in self.box.matching("process-ended")]
        self.assertEqual(ends[0], "authd-edge")
        self.assertEqual(set(ends[1:3]), {"authd-core", "provd"})
        self.assertEqual(self.box.matching("process-killed"), [])

    def test_the_largest_family_starts(self):
        self.box.authd_settings.update({"lanes": "16", "signers": "16"})
        self.start_ready()
        self.assertEqual(len(self.box.matching("process-ready")), 37)
        self.assertEqual(self.box.stop(), 0)
        self.box.add_plugin()
        self.start_ready()
        self.assertEqual(len(self.box.matching("process-ready")), 54)
        self.assertEqual(self.box.stop(), 0)

    def test_ps_shows_name_and_index(self):
        self.start_ready()
        for name, index in (("authd-edge", 0), ("authd-unseal", 2), ("hsm-signer", 1)):
            folder = pathlib.Path("/proc") / str(self.box.pid_of(name, index))
            command = (folder / "cmdline").read_bytes().decode().rstrip("\0").split("\0")
            self.assertEqual(command, [name, str(index)])
            self.assertEqual((folder / "comm").read_text().strip(), name[:15])
        self.box.stop()

    def test_nobody_keeps_root(self):
        self.need_root()
        self.start_ready()
        pids = [self.process_pid(line) for line in self.box.matching("process-ready")]
        for pid in pids + [self.box.process.pid]:
            status = self.status(pid)
            self.assertEqual(status["Uid"].split(), ["65534"] * 4)
            self.assertEqual(status["Gid"].split(), ["65534"] * 4)
            self.assertEqual(status["NoNewPrivs"], "1")
            self.assertEqual(status["Seccomp"], "2")
            self.assertEqual(int(status["CapBnd"], 16), 0)
            kept = 0xe0 if pid == self.box.process.pid else 0  # KILL, SETGID, SETUID
            self.assertEqual(int(status["CapEff"], 16), kept)
            self.assertEqual(int(status["CapPrm"], 16), kept)
        self.box.stop()

    def test_children_have_their_users_groups_and_readers_the_registrys(self):
        self.need_root()
        self.box.authd_settings["registry-group"] = "games"
        own = str(NOBODY)
        self.start_ready()
        for name in CHILDREN:
            groups = set(self.status(self.box.pid_of(name))["Groups"].split())
            reads = name in ("authd-core", "provd")
            self.assertEqual(groups - {own}, {str(grp.getgrnam("games").gr_gid)} if reads else set())
        self.assertEqual(self.status(self.box.process.pid)["Groups"], "")
        self.box.stop()

    def process_pid(self, line):
        return int(re.search(r"pid=(\d+)", line).group(1))

    def status(self, pid):
        text = pathlib.Path(f"/proc/{pid}/status").read_text()
        return {k: v.strip() for k, v in (line.split(":", 1) for line in text.splitlines())}

    def test_the_environment_is_forgotten(self):
        self.need_root()
        self.start_ready(SOFTHSM2_CONF="/some/softhsm2.conf")
        for name in ("authd-core", "hsm-signer"):
            path = pathlib.Path(f"/proc/{self.box.pid_of(name)}/environ")
            variables = path.read_bytes().decode()
            self.assertNotIn("SECRET_OF_THE_CALLER", variables)
            self.assertEqual("SOFTHSM2_CONF=/some/softhsm2.conf" in variables,
                             name == "hsm-signer")
        self.box.stop()

    def test_a_killed_process_is_replaced_and_its_queue_kept(self):
        self.start_ready()
        core, edge = self.box.pid_of("authd-core"), self.box.pid_of("authd-edge")
        os.kill(core, signal.SIGSTOP)
        self.box.command(edge, "authd-edge", 0, "send core 50")
        self.box.wait_for(r"authd-edge\[0\] info sent count=50")
        self.assertEqual(self.box.matching(" got id="), [])
        os.kill(core, signal.SIGKILL)
        self.box.wait_for(r"authd-edge\[0\] info heard-down role=core peer=0")
        self.assertNotEqual(self.box.pid_of("authd-core", 0, 2), core)
        self.box.wait_for(r"authd-core\[0\] info got id=49")
        got = [int(line.rsplit("=", 1)[1]) for line in self.box.matching(" got id=")]
        self.assertEqual(got, list(range(50)))
        self.box.wait_for(r"authd-edge\[0\] info heard-up role=core peer=0", 2)
        self.assertEqual(self.box.matching("peer-lost"), [])
        self.assertEqual(self.box.stop(), 0)

    def test_only_neighbours_hear_of_a_death(self):
        self.start_ready()
        os.kill(self.box.pid_of("authd-unseal", 1), signal.SIGKILL)
        self.box.pid_of("authd-unseal", 1, 2)
        self.box.wait_for(r"authd-core\[0\] info heard-up role=unseal peer=1", 2)
        self.box.stop()
        downs = self.box.matching("heard-down role=unseal peer=1")
        self.assertEqual(len(downs), 1)
        self.assertIn("authd-core[0]", downs[0])

    def test_a_process_that_hangs_is_killed_and_replaced(self):
        self.box.authd_settings["hang-ms"] = "1000"
        self.start_ready()
        for name, index in (("authd-unseal", 0), ("hsm-signer", 1)):
            os.kill(self.box.pid_of(name, index), signal.SIGSTOP)
            self.box.wait_for(rf"process-killed process={name} index={index} .*reason=hangs")
            self.box.pid_of(name, index, 2)
        self.assertEqual(self.box.stop(), 0)

    def test_a_plugin_has_a_deadline_of_its_own_and_keeps_its_queue(self):
        self.box.add_plugin(**{"deadline-ms": "1000"})
        self.start_ready()
        plugin, core = self.box.pid_of(PLUGIN), self.box.pid_of("authd-core")
        os.kill(plugin, signal.SIGSTOP)
        self.box.command(core, "authd-core", 0, "send plugin 20")
        self.box.wait_for(rf"process-killed process={PLUGIN} index=0 .*reason=hangs")
        self.box.pid_of(PLUGIN, 0, 2)
        self.box.wait_for(rf"{PLUGIN}\[0\] info got id=19")
        got = [int(line.rsplit("=", 1)[1]) for line in self.box.matching(" got id=")]
        self.assertEqual(got, list(range(20)))
        self.assertEqual(self.box.matching("process-killed process=(?!authd-plugin index=0)"), [])
        self.assertEqual(self.box.stop(), 0)

    def test_nobody_waits_for_a_plugin_that_fails(self):
        for behaviour, end in (("crash", "signal=6"), ("config", f"exit={EXIT_CONFIG}")):
            self.box.add_plugin(behaviour=behaviour)
            self.start_ready()
            self.box.wait_for(f"process-ended process={PLUGIN} index=0 .*{end} .*verdict=restart", 5)
            for name in CHILDREN:
                self.assertEqual(len(self.box.matching(f"process-started process={name} index=0")), 1)
            self.assertEqual(self.box.stop(), 0)

    def test_a_plugin_cannot_ask_to_be_restarted_at_once(self):
        self.box.add_plugin()
        self.start_ready()
        for turn, code in enumerate((EXIT_RECYCLE, EXIT_CONFIG, 71), 1):
            self.box.command(self.box.pid_of(PLUGIN, 0, turn), PLUGIN, 0, f"exit {code}")
        self.box.pid_of(PLUGIN, 0, 4)
        ends = self.box.matching(f"process-ended process={PLUGIN} index=0")
        self.assertEqual([line.rsplit("verdict=")[1] for line in ends], ["restart"] * 3)
        self.assertEqual(self.box.matching("pin-refused|settings-refused"), [])
        self.assertEqual(self.box.stop(), 0)

    def test_an_announced_silence_is_no_hang(self):
        self.box.authd_settings["hang-ms"] = "1000"
        self.start_ready()
        signer = self.box.pid_of("hsm-signer", 0)
        self.box.command(signer, "hsm-signer", 0, "silence 60000 3000")
        self.box.wait_for(r"hsm-signer\[0\] info spoke-again")
        self.assertEqual(self.box.matching("process-killed process=hsm-signer index=0"), [])
        self.box.command(signer, "hsm-signer", 0, "silence 0 600000")
        self.box.wait_for("process-killed process=hsm-signer index=0 .*reason=hangs")
        self.box.stop()

    def test_a_process_that_is_never_ready_is_replaced(self):
        self.box.authd_settings["start-ms"] = "1000"
        self.box.authd_settings["hang-ms"] = "500"
        self.box.sections["notify"]["behaviour"] = "late"
        self.box.start()
        self.box.wait_for("process-killed process=authd-outbox .*reason=not-ready-in-time", 2)
        self.assertEqual(self.box.matching(r"authd\[0\] info ready"), [])
        self.box.stop()

    def test_a_process_that_turns_deaf_is_replaced(self):
        self.box.authd_settings["hang-ms"] = "1000"
        self.start_ready()
        pid = self.box.pid_of("provd")
        self.box.command(pid, "provd", 0, "deaf")
        self.box.wait_for("process-killed process=provd .*reason=closed-its-control-socket")
        self.box.pid_of("provd", 0, 2)
        self.box.stop()

    def test_a_recycled_process_is_replaced_at_once(self):
        self.start_ready()
        for turn in range(1, 6):
            pid = self.box.pid_of("authd-unseal", 0, turn)
            self.box.command(pid, "authd-unseal", 0, f"exit {EXIT_RECYCLE}")
        self.box.pid_of("authd-unseal", 0, 6)
        verdicts = self.box.matching("process-ended process=authd-unseal index=0")
        self.assertEqual(len([v for v in verdicts if "verdict=restart-at-once" in v]), 5)
        self.box.stop()

    def test_one_that_always_crashes_leaves_the_others_alone(self):
        self.box.sections["notify"]["behaviour"] = "crash"
        self.box.start()
        self.box.wait_for("process-ended process=authd-outbox .*signal=6 .*verdict=restart", 6)
        for name in ("authd-core", "authd-edge", "provd"):
            self.box.pid_of(name)
        self.assertEqual(len(self.box.matching("process-started process=authd-core")), 1)
        self.assertEqual(self.box.stop(), 0)

    def test_the_state_core_reports_is_told_to_all(self):
        self.start_ready()
        self.box.wait_for("heard-state state=locked", 9)
        self.box.command(self.box.pid_of("authd-core"), "authd-core", 0, "state 2")
        self.box.wait_for("heard-state state=operational", 9)
        os.kill(self.box.pid_of("authd-edge"), signal.SIGKILL)
        self.box.wait_for(r"authd-edge\[0\] info heard-state state=operational", 2)
        self.box.stop()

    def test_only_core_derives_the_state(self):
        self.start_ready()
        self.box.command(self.box.pid_of("authd-edge"), "authd-edge", 0, "state 2")
        self.box.wait_for("process-killed process=authd-edge .*broke-the-boot-protocol")
        self.box.pid_of("authd-edge", 0, 2)
        self.assertEqual(self.box.matching("state=operational"), [])
        self.box.stop()

    def test_a_reported_peer_is_replaced(self):
        self.start_ready()
        self.box.command(self.box.pid_of("authd-core"), "authd-core", 0, "report unseal 1")
        self.box.wait_for("process-killed process=authd-unseal index=1 .*reported-by-its-peer")
        self.box.pid_of("authd-unseal", 1, 2)
        self.box.command(self.box.pid_of("provd"), "provd", 0, "report unseal 2")
        self.box.wait_for("process-killed process=authd-unseal index=2 .*reported-by-its-peer")
        self.box.command(self.box.pid_of("provd"), "provd", 0, "report core 0")
        self.box.wait_for("process-killed process=authd-core .*reported-by-its-peer")
        self.box.stop()

    def test_a_report_beyond_ones_right_counts_against_the_reporter(self):
        self.start_ready()
        for name, report in (("authd-core", "report unseal 2"), ("authd-core", "report core 0"),
                             ("authd-core", "report nobody 0"), ("provd", "report unseal 0"),
                             ("provd", "report edge 0"), ("authd-edge", "report core 0")):
            kills = f"process-killed process={name} .*broke-the-boot-protocol"
            number = len(self.box.matching(kills)) + 1
            self.box.command(self.box.pid_of(name, 0, number), name, 0, report)
            self.box.wait_for(kills, number)
        self.assertEqual(self.box.matching("reported-by-its-peer"), [])
        self.box.stop()

    def test_a_wrong_pin_in_the_signers_own_folder_is_remembered(self):
        self.need_root()
        self.box.pin_folder = self.box.folder / "signers"
        self.box.pin_folder.mkdir(mode=0o700)
        shutil.chown(self.box.pin_folder, "daemon")
        self.box.authd_settings["hsm-user"] = "daemon"
        self.test_a_wrong_pin_is_tried_once_and_remembered()

    def test_a_wrong_pin_is_tried_once_and_remembered(self):
        self.box.set_pin("wrong")
        marker = self.box.folder / "state" / "authd" / "pin-refused"
        self.box.start()
        self.box.wait_for("error pin-refused ")
        self.box.wait_for(r"authd\[0\] info ready-but-locked")
        heard = r"authd-core\[0\] info heard-state state=locked"
        self.box.wait_for(heard)
        told = len(self.box.matching(heard))
        os.kill(self.box.pid_of("authd-core"), signal.SIGKILL)
        self.box.wait_for(heard, told + 1)
        self.assertEqual(self.box.stop(), 0)
        self.assertEqual(len(self.box.matching("login-tried")), 1)
        self.assertEqual(len(self.box.matching("process-started process=hsm-signer")), 1)
        self.assertRegex(marker.read_text(), r"^device=\d+ inode=\d+ size=6 written=\d+\.\d{9}\n$")

        for _ in range(2):
            self.box.start()
            self.box.wait_for("locked-by-a-refused-pin")
            self.box.wait_for(r"authd\[0\] info ready-but-locked")
            self.assertEqual(self.box.stop(), 0)
            self.assertEqual(self.box.matching("login-tried"), [])

        self.box.set_pin("right")
        self.start_ready()
        self.assertEqual(self.box.stop(), 0)
        self.assertEqual(len(self.box.matching("login-tried")), 2)
        self.assertFalse(marker.exists())

    def test_a_pin_refused_later_locks_and_ends_all_signers(self):
        self.box.set_pin("right")
        self.start_ready()
        signers = [self.box.pid_of("hsm-signer", index) for index in (0, 1)]
        self.box.set_pin("wrong")
        os.kill(signers[1], signal.SIGKILL)
        self.box.wait_for("error pin-refused ")
        self.box.wait_for("process-ended process=hsm-signer index=0")
        self.box.wait_for(r"authd-core\[0\] info heard-state state=locked", 2)
        self.assertEqual(self.box.stop(), 0)
        self.assertEqual(len(self.box.matching("login-tried")), 3)

    def test_a_marker_nobody_can_read_locks(self):
        self.box.set_pin("right")
        self.start_ready()
        self.box.stop()
        marker = self.box.folder / "state" / "authd" / "pin-refused"
        for content in ("any\n", "", "device=", "nonsense\n", "device=1 inode=1 size=1 written=1"):
            marker.write_text(content)
            self.box.start()
            self.box.wait_for("locked-by-a-refused-pin")
            self.box.wait_for("ready-but-locked")
            self.box.stop()
            self.assertEqual(self.box.matching("login-tried"), [])

    def test_refused_settings_end_all(self):
        self.box.sections["unseal"]["behaviour"] = "config"
        self.box.start()
        self.assertEqual(self.box.wait_end(), EXIT_CONFIG)
        self.box.wait_for(r"settings-refused process=authd-unseal .*\[unseal\]")
        self.assertEqual(len(self.box.matching("process-started")),
                         len(self.box.matching("process-ended")))

    def test_one_that_does_not_stop_is_killed(self):
        self.box.sections["core"]["behaviour"] = "stubborn"
        self.start_ready()
        self.assertEqual(self.box.stop(), 0)
        killed = self.box.matching("process-killed")
        self.assertEqual(len(killed), 1)
        self.assertIn("process=authd-core", killed[0])
        self.assertIn("did-not-stop", killed[0])

    def test_nobody_outlives_a_killed_supervisor(self):
        self.start_ready()
        self.box.process.kill()
        self.assertEqual(self.box.wait_end(), -signal.SIGKILL)  # waits until all closed the log

    def test_hangup_is_ignored(self):
        self.start_ready()
        self.box.process.send_signal(signal.SIGHUP)
        os.kill(self.box.pid_of("authd-edge"), signal.SIGKILL)
        self.box.pid_of("authd-edge", 0, 2)
        self.assertEqual(self.box.stop(), 0)

    def test_a_second_supervisor_on_the_same_state_is_refused(self):
        self.start_ready()
        second = subprocess.run([self.box.folder / "authd", "-c", self.box.write_configuration()],
                                env=self.box.environment(), stderr=subprocess.PIPE, text=True,
                                timeout=PATIENCE)
        self.assertEqual(second.returncode, EXIT_CONFIG)
        self.assertIn("another authd runs", second.stderr)
        self.box.stop()

    def test_the_service_manager_is_told(self):
        with tempfile.TemporaryDirectory() as folder, socket.socket(
                socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            path = folder + "/notify"
            manager.bind(path)
            manager.settimeout(PATIENCE)
            self.start_ready(NOTIFY_SOCKET=path)
            self.assertEqual(manager.recv(200), b"READY=1\nSTATUS=ready")
            self.box.stop()
            self.assertEqual(manager.recv(200), b"STOPPING=1")

    def test_the_listeners_accept(self):
        self.start_ready()
        port = int(re.search(r"port=(\d+)", self.box.wait_for(" listening ")).group(1))
        for _ in range(8):
            socket.create_connection(("127.0.0.1", port), PATIENCE).close()
        self.box.stop()

    def test_the_listeners_of_the_jose_profile_are_edges_too(self):
        self.box.authd_settings["listen-jose"] = "127.0.0.1:0"
        self.start_ready()
        ports = {}
        for profile in ("mosip", "jose"):
            line = self.box.wait_for(f"profile={profile}")
            ports[profile] = int(re.search(r"port=(\d+)", line).group(1))
        self.assertNotEqual(ports["mosip"], ports["jose"])
        for port in ports.values():
            for _ in range(8):
                socket.create_connection(("127.0.0.1", port), PATIENCE).close()
        self.box.stop()

    def test_a_right_configuration_is_found_right(self):
        result = self.box.check()
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertIn("the configuration is right", result.stdout)

    def test_a_wrong_configuration_is_named(self):
        wrong = (("authd", "lanes", "17", "lanes"), ("authd", "colour", "red", "colour"),
                 ("core", "colour", "red", "[core]"),
                 ("authd", "run-directory", "run", "whole path"),
                 ("authd", "notify-program", "../x", "notify-program"),
                 ("authd", "libexec", "/nonexistent", "libexec"))
        for section, name, value, expected in wrong:
            settings = self.box.authd_settings if section == "authd" else self.box.sections[section]
            before = dict(settings)
            settings[name] = value
            result = self.box.check()
            self.assertEqual(result.returncode, EXIT_CONFIG, result.stdout)
            self.assertIn(expected, result.stdout)
            settings.clear()
            settings.update(before)

    def test_an_address_that_cannot_be_bound_is_named(self):
        for address in ("somewhere", "127.0.0.1", "127.0.0.1:70000", "::1:8443", "[::1:8443"):
            self.box.authd_settings["listen"] = address
            self.box.start()
            self.assertEqual(self.box.wait_end(), EXIT_CONFIG)
            self.box.wait_for("write ADDRESS:PORT")
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.box.authd_settings["listen"] = f"127.0.0.1:{taken.getsockname()[1]}"
            self.box.start()
            self.assertEqual(self.box.wait_end(), EXIT_CONFIG)
            self.box.wait_for("end what uses the port")

    def test_a_missing_or_root_user_is_refused(self):
        self.need_root()
        for user in ("no-such-user-here", "root"):
            self.box.authd_settings["core-user"] = user
            result = self.box.check()
            self.assertEqual(result.returncode, EXIT_CONFIG)
            self.assertIn(f"user {user}", result.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--user", choices=("root", "nobody"), default="root")
    parser.add_argument("authd")
    parser.add_argument("fake_child")
    options, rest = parser.parse_known_args()
    folder = tempfile.mkdtemp(prefix="idcs-programs-")
    os.chmod(folder, 0o755)
    for name in ("authd", "fake_child"):
        programs[name] = shutil.copy(getattr(options, name), pathlib.Path(folder) / name)
    if options.user == "nobody" and os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    elif options.user == "root" and os.geteuid() != 0:
        print("not root: the other run of this test covers this user")
        return 77
    result = unittest.main(argv=[sys.argv[0]] + rest, exit=False, verbosity=2).result
    if os.geteuid() == os.stat(folder).st_uid:
        shutil.rmtree(folder)
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
