"""A box with a vendor's matcher: one of the libraries of tests/fault, in a folder that only root can write."""

import pwd
import re
import shutil
import subprocess

from box import BUILD, Box
from rough_box import RoughBox

LIBRARIES = ("plugin_sample", "plugin_hostile", "plugin_other_version")


def make_user():
    try:
        pwd.getpwnam("idcs-plugin")
    except KeyError:
        subprocess.run(["useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell",
                        "/usr/sbin/nologin", "idcs-plugin"], check=True)


class PluginBox(RoughBox):
    def __init__(self, people, deadline_ms=2000, **settings):
        self.deadline_ms = deadline_ms
        super().__init__(people, **settings)
        make_user()
        for name in LIBRARIES:
            shutil.copy(BUILD / "bin" / (name + ".so"), self.library(name))
            self.library(name).chmod(0o755)
        self.use("plugin_sample")

    def library(self, name):
        return self.folder / (name + ".so")

    def use(self, library, settings=""):
        """authd is started again with this plug-in."""
        self.stop()
        path = self.state / "idcs.conf"
        section = "[plugin]\nlibrary = %s\nsettings = %s\ndeadline-ms = %d\n"
        text = re.sub(r"^\[plugin\]\n[^[]*", "", path.read_text(), flags=re.M)
        path.write_text(text + section % (self.library(library), settings, self.deadline_ms))
        self.launch()
        self.await_ready(60)

    def close(self):
        """As any: its processes die of what they are told to do."""
        Box.close(self)

    def log_since(self, mark):
        return self.log()[mark:]
