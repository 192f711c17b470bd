"""Older files put back: journal and state together fit each other, and only the signer knows that there was more."""

import shutil
import subprocess
import unittest

import journal_file
from programme import wrong
from rough_box import PATIENCE_SECONDS, RoughBox, await_

FOLDERS = "journal", "state"


class Rollback(unittest.TestCase):
    def setUp(self):
        self.box = RoughBox(people=40, core__checkpoint_seconds=1, **RoughBox.UNLIMITED)
        self.programme, self.person = self.box.kit.programme(), self.box.kit.person()
        self.codes = 1  # that each test asks for

    def tearDown(self):
        self.box.close()

    def records(self):
        return journal_file.records(self.box.state / "journal")

    def await_checkpoint(self):
        """Until all codes are delivered, and all that is in the journal has been signed."""
        def is_signed():
            records = self.records()
            return (records[-1].kind == journal_file.CHECKPOINT
                    and journal_file.tree_size(records[-1]) == records[-1].sequence - 1)
        await_(lambda: self.box.deliveries() == self.codes and is_signed())

    def keep(self, name):
        """A copy of what a stopped box has stored."""
        for folder in FOLDERS:
            (self.box.folder / name).mkdir(exist_ok=True)
            subprocess.run(["cp", "-a", self.box.state / folder, self.box.folder / name], check=True)

    def put_back(self, name):
        for folder in FOLDERS:
            shutil.rmtree(self.box.state / folder)
            subprocess.run(["cp", "-a", self.box.folder / name / folder, self.box.state], check=True)

    def freeze(self):
        for _ in range(5):
            answer = self.programme.authenticate(self.person, self.txn, wrong(self.code))
            self.assertFalse(answer.response["authStatus"])

    def let_in(self):
        return (self.programme.authenticate(self.person, self.txn, self.code).response or {}).get("authStatus")

    def test_a_freeze_is_not_forgotten_with_the_files_it_was_in(self):
        self.txn, self.code = self.programme.code_for(self.person)
        self.await_checkpoint()
        self.box.stop()
        self.keep("older")
        self.box.launch()
        self.box.await_ready(PATIENCE_SECONDS)
        self.freeze()
        self.await_checkpoint()
        self.box.stop()
        self.keep("newest")

        self.put_back("older")
        self.box.launch()
        self.box.await_state("failed")
        answer = self.programme.authenticate(self.person, self.txn, self.code)
        self.assertEqual((answer.status, answer.body), (503, b""))
        self.assertEqual(self.box.health("ready")[0], 503)
        self.assertIn("box-failed why=journal-older-than-signed", self.box.log())
        self.box.stop()
        self.assertEqual(len(self.records()), len(journal_file.records(self.box.folder / "older/journal")))

        self.put_back("newest")
        self.box.launch()
        self.box.await_ready(PATIENCE_SECONDS)
        self.assertEqual(self.box.health("state"), (200, {"state": "operational"}))
        self.assertIsNot(self.let_in(), True)  # still frozen
        self.await_checkpoint()  # and the signer goes on from there

    def test_a_start_with_nothing_new_asks_for_no_checkpoint(self):
        self.programme.ask(self.person)
        self.await_checkpoint()
        self.box.stop()
        signed = self.box.checkpoints()
        for _ in range(2):
            before = len(self.records())
            self.box.launch()
            self.box.await_ready(PATIENCE_SECONDS)
            self.box.stop()
            self.assertEqual(len(self.records()), before)
        self.assertEqual(self.box.checkpoints(), signed)


if __name__ == "__main__":
    unittest.main()
