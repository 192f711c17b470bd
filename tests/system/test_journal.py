"""Evidence and one-time state agree, wherever core was killed; and the journal shows itself whole to anybody."""

import os
import random
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import journal_file
from load import Load
from programme import unb64u
from rough_box import BUILD, PATIENCE_SECONDS, RoughBox, await_

# A core that dies often is given longer and longer pauses: after some deaths the box is started anew.
BATCHES, DEATHS = (16, 10) if os.environ.get("IDCS_LONG") else (4, 8)


class Evidence:
    """What journal_check.c finds in a stopped box: the lines of all answered requests."""

    def __init__(self, box):
        done = subprocess.run([str(BUILD / "tests/journal_check"), str(box.state / "journal"),
                               str(box.state / "state")], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.status, self.said = done.returncode, done.stderr or "killed"
        self.answers, self.accepted = {}, []
        for line in done.stdout.splitlines():
            _, _, verdict, answer_hash, transaction_id, _, _ = line.split(" ", 6)
            self.answers[answer_hash] = verdict == "1"
            if verdict == "1":
                self.accepted.append(transaction_id)


class Killed(unittest.TestCase):
    def setUp(self):
        self.box = RoughBox(**RoughBox.UNLIMITED)
        self.pause = threading.Event()  # never set: waits for the random moment alone
        self.answers, self.used = [], set()

    def tearDown(self):
        self.box.close()

    def one_death(self, load):
        load.await_more(1)
        self.pause.wait(random.uniform(0, 0.3))
        dead = self.box.kill("authd-core")
        self.box.await_successor("authd-core", 1, *dead)
        self.box.await_ready(PATIENCE_SECONDS)

    def batch(self, deaths):
        with Load(self.box.kit, strict=False) as load:
            for _ in range(deaths):
                self.one_death(load)
            load.await_more(5)
        self.box.stop()
        self.answers += load.answers
        self.assertFalse(self.used & set(load.used))
        self.used |= set(load.used)

    def compare(self):
        evidence = Evidence(self.box)
        self.assertEqual(evidence.status, 0, evidence.said)
        for answer_hash, verdict in self.answers:
            self.assertIn(answer_hash, evidence.answers)
            self.assertEqual(evidence.answers[answer_hash], verdict is True)
        self.assertEqual(len(evidence.accepted), len(set(evidence.accepted)))
        self.assertLessEqual(self.used, set(evidence.accepted))

    def test_at_any_moment_under_load(self):
        for batch in range(BATCHES):
            self.batch(DEATHS)
            self.compare()
            self.box.launch()
            self.box.await_ready(PATIENCE_SECONDS)

    def test_the_whole_box_at_any_moment_under_load(self):
        for _ in range(BATCHES):
            with Load(self.box.kit, strict=False) as load:
                load.await_more(3)
                self.pause.wait(random.uniform(0, 0.3))
                self.box.kill_authd()
                self.box.launch()
                load.await_more(3)
            self.answers += load.answers
            self.used |= set(load.used)
            self.box.stop()
            self.compare()
            self.box.launch()
            self.box.await_ready(PATIENCE_SECONDS)

    def settled_state(self):
        state = (self.box.health("state")[1] or {}).get("state")
        return state if state in ("operational", "failed") else None

    @staticmethod
    def overwrite(record, at, data):
        with open(record.segment, "r+b") as segment:
            segment.seek(record.offset + at)
            segment.write(data)

    def test_a_tail_torn_at_any_byte(self):
        """The last record cut as a power failure would: it is gone, with its effects, and all before it stays. Where
        `state` had it already the box must fail instead, and serve again once the record is back."""
        with Load(self.box.kit, strict=False) as load:
            load.await_more(10)
        self.box.stop()
        torn = 0
        while torn < 3:
            self.box.launch()
            self.box.await_ready(PATIENCE_SECONDS)
            with Load(self.box.kit, strict=False) as load:
                load.await_more(3)
                self.box.kill_authd()
            cuts = self.box.log().count("journal-tail-cut")
            last = journal_file.records(self.box.state / "journal")[-1]
            kept = random.randrange(1, len(last.whole) - 1)
            self.overwrite(last, kept, bytes(len(last.whole) - kept))
            self.box.launch()
            if await_(self.settled_state) == "failed":
                self.assertIn("box-failed", self.box.log())
                self.box.stop()
                self.overwrite(last, kept, last.whole[kept:])
                continue
            torn += 1
            self.assertGreater(self.box.log().count("journal-tail-cut"), cuts)
            self.box.stop()
            evidence = Evidence(self.box)
            self.assertEqual(evidence.status, 0, evidence.said)


class OlderFiles(unittest.TestCase):
    """A part of the box put back to what it was: from a backup, or by somebody who wants a code to be good again."""

    def setUp(self):
        # The code lives longer than a slow machine takes for all that is done to the box.
        self.box = RoughBox(core__otp_lifetime_seconds=600, **RoughBox.UNLIMITED)
        self.kit = self.box.kit
        self.person, self.programme = self.kit.person(), self.kit.programme()
        self.txn, self.code = self.programme.code_for(self.person)
        self.box.stop()

    def tearDown(self):
        self.box.close()

    def start(self):
        self.box.launch()
        self.box.await_ready(PATIENCE_SECONDS)

    def swap(self, name, kept):
        """The folder ${name} as it is now becomes ${kept}, and the other way round."""
        there, other = self.box.state / name, self.box.folder / kept
        subprocess.run(["mv", "--no-target-directory", there, self.box.folder / "swap"], check=True)
        subprocess.run(["mv", "--no-target-directory", other, there], check=True)
        subprocess.run(["mv", "--no-target-directory", self.box.folder / "swap", other], check=True)

    def use_code(self, folder):
        """Uses the code up, after a copy of the ${folder} was made."""
        subprocess.run(["cp", "-a", self.box.state / folder, self.box.folder / "copy"], check=True)
        self.start()
        answer = self.programme.authenticate(self.person, self.txn, self.code)
        self.assertIs(answer.response["authStatus"], True)
        self.box.stop()

    def refused(self):
        answer = self.programme.authenticate(self.person, self.txn, self.code)
        self.assertEqual(answer.response, {"authStatus": False, "authToken": None})
        self.assertEqual(answer.codes, ["IDA-OTA-012"])

    def assert_closed(self):
        answer = self.programme.authenticate(self.person, self.txn, self.code)
        self.assertEqual((answer.status, answer.body), (503, b""))
        self.assertEqual(self.programme.ask(self.person).status, 503)
        self.assertEqual(self.box.health("ready")[0], 503)

    def test_state_is_brought_up_to_date_from_the_journal(self):
        self.use_code("state")
        self.assertEqual(Evidence(self.box).status, 0)
        self.swap("state", "copy")
        self.assertEqual(Evidence(self.box).status, 1)
        self.start()
        self.refused()
        self.box.stop()
        self.assertEqual(Evidence(self.box).status, 0)

    def test_a_journal_that_has_lost_records_is_not_served_from(self):
        self.use_code("journal")
        self.swap("journal", "copy")
        self.assertEqual(Evidence(self.box).status, 1)
        self.box.launch()
        self.box.await_state("failed")
        self.assertIn("journal-behind-state", self.box.log())
        self.assert_closed()
        self.box.stop()
        self.swap("journal", "copy")
        self.start()
        self.refused()

    def test_a_registry_older_than_a_signed_checkpoint_is_not_served_from(self):
        subprocess.run(["cp", "-a", self.box.state / "registry", self.box.folder / "copy"], check=True)
        self.box.settings["core.checkpoint-seconds"] = 1
        self.box.start()  # officers enter everything once more: the registry has new commits
        stands = self.box.checkpoints()
        self.programme.ask(self.kit.person())  # something to sign
        await_(lambda: self.box.checkpoints() > stands)
        self.box.stop()
        self.swap("registry", "copy")
        self.box.launch()
        self.box.await_state("failed")
        self.assertIn("why=registry-older-than-checkpoint", self.box.log())
        self.assert_closed()
        self.box.stop()
        self.swap("registry", "copy")
        self.start()
        answer = self.programme.authenticate(self.person, self.txn, self.code)
        self.assertEqual((answer.codes, answer.response["authStatus"]), ([], True), self.box.log()[-4000:])


class Checkpoints(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.box = RoughBox(core__checkpoint_seconds=1, **RoughBox.UNLIMITED)
        cls.keys = {key["kid"]: key for key in cls.box.kit.get("/.well-known/jwks.json").json["keys"]}

    @classmethod
    def tearDownClass(cls):
        cls.box.close()

    def openssl(self, kid, text, signature):
        """Whether the command line takes ES256 ${signature} (r ‖ s) over ${text} for good."""
        key = self.keys[kid]
        self.assertEqual((key["kty"], key["crv"], key["alg"]), ("EC", "P-256", "ES256"))
        point = ec.EllipticCurvePublicNumbers(int.from_bytes(unb64u(key["x"]), "big"),
                                              int.from_bytes(unb64u(key["y"]), "big"), ec.SECP256R1()).public_key()
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "key.pem").write_bytes(point.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
            (folder / "text").write_bytes(text)
            (folder / "signature").write_bytes(encode_dss_signature(int.from_bytes(signature[:32], "big"),
                                                                    int.from_bytes(signature[32:], "big")))
            done = subprocess.run(["openssl", "dgst", "-sha256", "-verify", folder / "key.pem", "-signature",
                                   folder / "signature", folder / "text"], stdout=subprocess.PIPE)
        return done.returncode == 0 and b"Verified OK" in done.stdout

    def test_notes_are_signed_and_their_trees_are_those_of_the_records(self):
        with Load(self.box.kit) as load:
            await_(lambda: self.box.checkpoints() >= 3)
            load.await_more(1)
        records = journal_file.records(self.box.state / "journal")
        leaves = [record.leaf for record in records]
        notes = [record for record in records if record.kind == journal_file.CHECKPOINT]
        for record in notes:
            text, last_line = record.payload[:-1].rsplit(b"\n", 1)
            size = journal_file.tree_size(record)
            self.assertTrue(text.startswith(b"idcs checkpoint 1\n"))
            self.assertLess(size, record.sequence)
            self.assertEqual(bytes.fromhex(journal_file.note(record)["tree-root"]), journal_file.root(leaves[:size]))
            word, algorithm, kid, signature = last_line.decode().split(" ")
            self.assertEqual((word, algorithm), ("signature", "ES256"))
            self.assertTrue(self.openssl(kid, text + b"\n", unb64u(signature)))
            self.assertFalse(self.openssl(kid, text.replace(b"tree-size ", b"tree-size 1", 1) + b"\n",
                                          unb64u(signature)))
        changed = leaves[:]
        changed[0] = bytes(32)
        self.assertNotEqual(journal_file.root(leaves), journal_file.root(changed))


if __name__ == "__main__":
    unittest.main()
