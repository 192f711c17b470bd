"""What a box does that has been given a wrong PIN."""

import shutil
import subprocess
import unittest

from load import Load
from programme import transaction, wrong
from rough_box import PATIENCE_SECONDS, RoughBox, await_


class WrongPin(unittest.TestCase):
    """A token destroys its keys after a few wrong PINs: one is tried once, whatever restarts in between."""

    def setUp(self):
        self.box = RoughBox(faulty_token=True, authd__signers=2)
        self.pin_file = self.box.state / "hsm/pin"

    def tearDown(self):
        self.box.close()

    def write_pin(self, pin):
        fresh = self.pin_file.with_suffix(".new")
        fresh.write_text(pin)
        fresh.chmod(0o600)
        shutil.chown(fresh, "idcs-hsm", "idcs-hsm")
        fresh.rename(self.pin_file)

    def assert_locked(self):
        self.box.await_state("locked")
        self.assertEqual(self.box.health("alive")[0], 200)
        self.assertEqual(self.box.health("ready")[0], 503)
        person, programme = self.box.kit.person(), self.box.kit.programme()
        for answer in (programme.ask(person), programme.authenticate(person, transaction(), "123456")):
            self.assertEqual((answer.status, answer.body), (503, b""))
            self.assertIsNone(answer.headers["response-signature"])

    def test_it_is_tried_once_and_the_right_one_heals(self):
        right = self.pin_file.read_text()
        self.box.stop()
        self.write_pin(wrong(right[:6]) + right[6:])
        tried = self.box.page["logins"]
        self.box.launch()
        self.assert_locked()
        self.assertEqual(self.box.page["logins"], tried + 1)
        self.assertRegex(self.box.log(), r"pin-refused file=\S+ advice=replace-the-PIN-file")
        self.box.stop()
        self.box.launch()
        self.assert_locked()
        self.box.kill_authd()
        self.box.launch()
        self.assert_locked()
        self.assertEqual(self.box.page["logins"], tried + 1)
        self.box.stop()
        self.write_pin(right)
        self.box.launch()
        self.box.await_ready(PATIENCE_SECONDS)
        self.assertEqual(self.box.page["logins"], tried + 1 + 2)
        with Load(self.box.kit) as load:
            load.await_more(5)

    def test_quickstart_does_not_try_it_again(self):
        right = self.pin_file.read_text()
        self.box.stop()
        self.write_pin(wrong(right[:6]) + right[6:])
        tried = self.box.page["logins"]
        for _ in range(3):
            starts = self.box.log().count("ready-but-locked")
            quickstart = subprocess.Popen(self.box.command("--no-story", "--people", str(self.box.people), "--set",
                                                           "hsm.module=%s" % self.box.settings["hsm.module"]),
                                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            await_(lambda: self.box.log().count("ready-but-locked") > starts)
            self.assertEqual(self.box.page["logins"], tried + 1)
            quickstart.kill()  # it would wait a minute for the box to open; authd has a session of its own
            quickstart.wait()


if __name__ == "__main__":
    unittest.main()
