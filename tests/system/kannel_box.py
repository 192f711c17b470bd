"""A whole box whose codes go through authd-notify: by short message through Kannel, by mail through a server of the
test's own. Import it first: it names the built programs to kannel_rig."""

import os
import pwd
import shutil
import subprocess
import sys

BUILD_FOLDER = os.environ["IDCS_BUILD"]
ARGUMENTS, sys.argv[1:] = sys.argv[1:], [BUILD_FOLDER + "/bin/notify_harness", BUILD_FOLDER + "/bin/authd-notify"]
from box import Box
from kannel_rig import free_ports, own_folder


def notify_user():
    """Of the process, which alone may read credentials; quickstart makes it the same way."""
    try:
        return pwd.getpwnam("idcs-notify")
    except KeyError:
        subprocess.run(["useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell",
                        "/usr/sbin/nologin", "idcs-notify"], check=True)
        return pwd.getpwnam("idcs-notify")


def code_in(text):
    """The one word of six digits."""
    words = "".join(c if c in "0123456789" else " " for c in text).split()
    return next((word for word in words if len(word) == 6), "")


class KannelBox(Box):
    """${notify}: more settings of authd-notify, with underscores; the others are those of Box."""

    def __init__(self, gateway, notify=None, **settings):
        self.gateway, self.secrets = gateway, own_folder()
        lines = {"gateway-1-url": gateway.url, "dlr-listen": "127.0.0.1:%d" % free_ports(1)[0]}
        for name, value in (("user", gateway.USER), ("password", gateway.PASSWORD)):
            lines["gateway-1-%s-file" % name] = self.secret(name, value)
        lines.update({name.replace("_", "-"): value for name, value in (notify or {}).items()})
        (self.secrets / "notify.conf").write_text("".join("%s = %s\n" % line for line in lines.items()))
        super().__init__(**settings)

    def secret(self, name, value):
        user, path = notify_user(), self.secrets / name
        path.write_text(value + "\n")
        path.chmod(0o400)
        os.chown(path, user.pw_uid, user.pw_gid)
        return path

    def command(self, *more):
        return super().command("--notify", str(self.secrets / "notify.conf"), *more)

    def close(self):
        super().close()
        shutil.rmtree(self.secrets)

    def short_codes(self, person):
        """What the SMSC has got for this person."""
        return [code_in(m[3]) for m in self.gateway.messages() if m[1] == person["phone"] and code_in(m[3])]
