"""A whole box whose codes go by short message through Kannel: asked for, received at the SMSC, presented."""

import os
import pwd
import shutil
import subprocess
import sys
import unittest

sys.argv[1:] = [os.environ["IDCS_BUILD"] + "/bin/notify_harness", os.environ["IDCS_BUILD"] + "/bin/authd-notify"]
from box import Box
from kannel_rig import Gateway, free_ports, own_folder, wait_until
from programme import transaction


def notify_user():
    """Of the process, which alone may read credentials; quickstart makes it the same way."""
    try:
        return pwd.getpwnam("idcs-notify")
    except KeyError:
        subprocess.run(["useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell",
                        "/usr/sbin/nologin", "idcs-notify"], check=True)
        return pwd.getpwnam("idcs-notify")


class KannelBox(Box):
    def __init__(self, gateway, **settings):
        self.gateway, self.secrets = gateway, own_folder()
        user = notify_user()
        lines = ["gateway-1-url = " + gateway.url, "dlr-listen = 127.0.0.1:%d" % free_ports(1)[0]]
        for name, value in (("user", gateway.USER), ("password", gateway.PASSWORD)):
            path = self.secrets / name
            path.write_text(value + "\n")
            path.chmod(0o400)
            os.chown(path, user.pw_uid, user.pw_gid)
            lines.append("gateway-1-%s-file = %s" % (name, path))
        (self.secrets / "notify.conf").write_text("\n".join(lines) + "\n")
        super().__init__(**settings)

    def command(self, *more):
        return super().command("--notify", str(self.secrets / "notify.conf"), *more)

    def close(self):
        super().close()
        shutil.rmtree(self.secrets)


class Whole(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.gateway = Gateway()
        cls.box = KannelBox(cls.gateway, people=40)

    @classmethod
    def tearDownClass(cls):
        cls.box.close()
        cls.gateway.close()

    def code_for(self, programme, person):
        txn = transaction()
        before = len(self.sent_to(person))
        self.assertEqual(programme.ask(person, txn).codes, [])
        wait_until(lambda: len(self.sent_to(person)) > before, "no message\n" + self.box.log()[-2000:])
        text = self.sent_to(person)[-1][3]
        return txn, self.code_in(text)

    def sent_to(self, person):
        return [m for m in self.gateway.messages() if m[1] == person["phone"] and self.code_in(m[3])]

    @staticmethod
    def code_in(text):
        words = "".join(c if c in "0123456789" else " " for c in text).split()
        return next((word for word in words if len(word) == 6), "")

    def test_a_code_by_short_message_authenticates(self):
        person, programme = self.box.kit.person(), self.box.kit.programme()
        txn, code = self.code_for(programme, person)
        answer = programme.authenticate(person, txn, code)
        self.assertIs(answer.response["authStatus"], True)
        wait_until(lambda: "kind=delivered" in self.box.log(), "no delivery report")

    def test_a_code_that_no_gateway_took_is_void_and_can_be_asked_for_again(self):
        person, programme = self.box.kit.person(), self.box.kit.programme()
        self.gateway.kill()
        try:
            self.assertEqual(programme.ask(person).codes, [])  # the programme learns nothing of gateways
            wait_until(lambda: "code-not-delivered" in self.box.log(), "core does not know")
        finally:
            self.gateway.start()
        wait_until(lambda: self.reaches(programme, person), "no message after the gateway is back")

    def reaches(self, programme, person):
        """Asks once more, within what core allows; the gateway may still rest."""
        wait_until(lambda: "gateway-answers-again" in self.box.log() or "gateway-rests" not in self.box.log(),
                   "the gateway is not taken again")
        txn, code = self.code_for(programme, person)
        return programme.authenticate(person, txn, code).response["authStatus"]


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
