"""A TPM in software with a token of tpm2-pkcs11 on it: swtpm, and tpm2-abrmd before it on a bus of its own, as a TPM
holds no more than three keys at once."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from ports import free_ports

MODULE = "/usr/lib/x86_64-linux-gnu/libtpm2_pkcs11.so.1"
BROKER = "tabrmd:bus_name=com.intel.tss2.Tabrmd,bus_type=session"
OBJECTS = 64  # transient ones of a connection, which the broker keeps outside the TPM
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path=%s</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*" eavesdrop="true"/>
<allow eavesdrop="true"/></policy></busconfig>
"""


class Tpm:
    def __init__(self, label, pin, user):
        self.folder = Path(tempfile.mkdtemp(prefix="idcs-tpm-"))
        self.folder.chmod(0o755)
        self.store, self.processes = self.folder / "store", []
        for name in ("state", "store"):
            (self.folder / name).mkdir()
        self.environment = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=%s" % (self.folder / "bus"),
                            "TPM2_PKCS11_STORE": str(self.store), "TPM2_PKCS11_TCTI": BROKER}
        try:
            self.start()
            self.make_token(label, pin)
        except BaseException:
            self.close()
            raise
        subprocess.run(["chown", "-R", user, str(self.store)], check=True)
        self.store.chmod(0o700)

    def start(self):
        port = self.free_pair()
        self.spawn("swtpm", "socket", "--tpm2", "--tpmstate", "dir=%s" % (self.folder / "state"),
                   "--server", "type=tcp,port=%d,bindaddr=127.0.0.1" % port,
                   "--ctrl", "type=tcp,port=%d,bindaddr=127.0.0.1" % (port + 1), "--flags", "not-need-init,startup-clear")
        self.until(lambda: self.listens(port + 1), "swtpm")
        (self.folder / "bus.conf").write_text(BUS % (self.folder / "bus"))
        self.spawn("dbus-daemon", "--nofork", "--config-file=%s" % (self.folder / "bus.conf"))
        self.until((self.folder / "bus").exists, "dbus-daemon")
        self.spawn("tpm2-abrmd", "--session", "--allow-root", "--max-transients=%d" % OBJECTS,
                   "--tcti", "swtpm:host=127.0.0.1,port=%d" % port)
        self.until(lambda: self.tool("tpm2_getrandom", "--hex", "1").returncode == 0, "tpm2-abrmd")

    @staticmethod
    def free_pair():
        """A free port whose next is free too: libtss2 looks for the control channel there."""
        while True:
            port, = free_ports(1)
            with socket.socket() as control:
                try:
                    control.bind(("127.0.0.1", port + 1))
                    return port
                except OSError:
                    pass

    @staticmethod
    def listens(port):
        """Without a connection to it: swtpm ends with its first client's."""
        wanted = "%08X:%04X" % (0x0100007F, port)
        return any(line.split()[1] == wanted and line.split()[3] == "0A"
                   for line in Path("/proc/net/tcp").read_text().splitlines()[1:])

    def spawn(self, *words):
        with open(self.folder / "log", "ab") as log:
            self.processes.append(subprocess.Popen(words, env={**os.environ, **self.environment}, stdout=log,
                                                   stderr=log, stdin=subprocess.DEVNULL))

    def until(self, holds, name):
        end = time.monotonic() + 60
        while not holds():
            if time.monotonic() > end or any(process.poll() is not None for process in self.processes):
                raise RuntimeError("%s does not serve\n%s" % (name, (self.folder / "log").read_text()))
            time.sleep(0.02)

    def tool(self, *words):
        return subprocess.run(words, env={**os.environ, **self.environment, "TPM2TOOLS_TCTI": BROKER}, timeout=120,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def make_token(self, label, pin):
        for words in (["init"], ["addtoken", "--pid=1", "--label=" + label, "--userpin=" + pin, "--sopin=" + pin]):
            done = self.tool("tpm2_ptool", *words, "--path=%s" % self.store)
            if done.returncode != 0:
                raise RuntimeError("tpm2_ptool %s\n%s" % (words[0], done.stdout))

    def close(self):
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)
        shutil.rmtree(self.folder)
