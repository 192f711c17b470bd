"""Processes that die, hang and lose their token, under load: what was promised is kept, and nobody is let in twice."""

import os
import signal
import unittest

from load import Load
from programme import transaction, wrong
from rough_box import RoughBox, await_

ROUNDS = 20 if os.environ.get("IDCS_LONG") else 6


class SeveralSigners(unittest.TestCase):
    """Nothing that happens to a signer, or to all of them, is seen by anybody who authenticates."""

    @classmethod
    def setUpClass(cls):
        cls.box = RoughBox(faulty_token=True, authd__signers=2, **RoughBox.UNLIMITED)

    @classmethod
    def tearDownClass(cls):
        cls.box.close()

    signers = 2

    def test_a_signer_killed(self):
        with Load(self.box.kit) as load:
            load.await_more(5)
            for round in range(ROUNDS):
                dead = self.box.kill_one("hsm-signer", round % self.signers)
                load.await_more(5)
                self.box.await_successor("hsm-signer", self.signers, dead)
        self.assertIn("process=hsm-signer index=0", self.box.log())

    def test_all_signers_killed_at_once(self):
        with Load(self.box.kit) as load:
            load.await_more(5)
            for _ in range(3):
                dead = self.box.kill("hsm-signer")
                load.await_more(5)
                self.box.await_successor("hsm-signer", self.signers, *dead)

    def test_a_signer_stopped(self):
        """As one that hangs: authd kills it, and meanwhile the others answer."""
        with Load(self.box.kit) as load:
            load.await_more(5)
            for index in range(self.signers):
                stopped = self.box.kill_one("hsm-signer", index, signal.SIGSTOP)
                self.box.await_successor("hsm-signer", self.signers, stopped)
                load.await_more(5)
                self.assertRegex(self.box.log(), r"process-killed process=hsm-signer index=\d+ pid=%d reason=hangs"
                                 % stopped)

    def test_a_module_that_hangs_in_a_call(self):
        with Load(self.box.kit) as load:
            load.await_more(5)
            before = self.box.processes()["hsm-signer"]
            self.box.page.add("hangs")
            await_(lambda: self.box.page["hangs"] == 0)
            await_(lambda: set(before) - set(self.box.processes().get("hsm-signer", [])))
            load.await_more(5)
            self.box.await_successor("hsm-signer", self.signers)

    def test_a_token_that_was_reset(self):
        """All sessions of all signers are gone at once: each finds out by an error and starts anew."""
        with Load(self.box.kit) as load:
            load.await_more(5)
            for _ in range(3):
                dead = self.box.processes()["hsm-signer"]
                self.box.page.add("resets")
                load.await_more(10)
                await_(lambda: not set(dead) & set(self.box.processes().get("hsm-signer", [])))
                self.box.await_successor("hsm-signer", self.signers, *dead)


class OneSigner(SeveralSigners):
    """A token that wants one holder: questions wait for its successor."""
    signers = 1

    @classmethod
    def setUpClass(cls):
        cls.box = RoughBox(faulty_token=True, authd__signers=1, **RoughBox.UNLIMITED)


if __name__ == "__main__":
    unittest.main()
