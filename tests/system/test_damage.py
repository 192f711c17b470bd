"""Damaged files: found, named in the log, and never served. Each damage is a single bit, and is repaired afterwards to
show that it was the cause."""

import base64
import hashlib
import random
import re
import subprocess
import unittest

import journal_file
from jose import JoseProgramme
from load import Load
from rough_box import BUILD, PATIENCE_SECONDS, RoughBox, await_


class Registry(unittest.TestCase):
    """One bit in each row of a table."""

    @classmethod
    def setUpClass(cls):
        cls.box = RoughBox(people=40, **RoughBox.UNLIMITED)
        cls.kit = cls.box.kit

    @classmethod
    def tearDownClass(cls):
        cls.box.close()

    def setUp(self):
        self.logged = len(self.box.log())

    def flip(self, table):
        """While the box is stopped."""
        done = subprocess.run([BUILD / "tests/flip_row", self.box.state / "registry", table], text=True,
                              stdout=subprocess.PIPE, check=True)
        self.assertGreater(int(done.stdout), 0)

    def served(self):
        with Load(self.kit, threads=2) as load:
            load.await_more(3)

    def denied(self, *people):
        """Nobody of these gets a code, or in."""
        programme = self.kit.programme()
        for person in people:
            for answer in (programme.ask(person), programme.authenticate(person, self.txn, self.code)):
                self.assertTrue(answer.status == 503 and answer.body == b"" or
                                answer.codes and not (answer.response or {}).get("authStatus"), answer.body)
                if answer.status == 200:
                    self.kit.verify(answer)

    def damaged(self, table, people):
        """With the ${table} damaged, until the log has named it."""
        before = self.box.processes()

        def named():
            self.denied(*people)
            # A bit of the row's generation may be the one that was flipped.
            return re.search("record-(corrupt|generation-not-open) table=%s " % table, self.box.log()[self.logged:])
        await_(named)
        self.assertEqual(self.box.processes(), before)  # and nobody has died of it

    def check(self, table, *people, serves=True):
        """${people}: who is affected besides, or instead of, everybody."""
        self.person = self.kit.person()
        people = people or (self.person, self.kit.person(), self.kit.person("perpetual VID"))
        self.txn, self.code = self.kit.programme().code_for(self.person)
        self.box.stop()
        self.flip(table)
        self.box.launch()
        if serves:
            self.box.await_ready(PATIENCE_SECONDS)
        else:
            self.box.await_successor("authd-core", 1)
            self.box.await_successor("hsm-signer", 2)
        self.damaged(table, people)
        self.box.stop()
        self.flip(table)
        self.box.launch()
        self.box.await_ready(PATIENCE_SECONDS)
        self.assertIs(self.kit.programme().authenticate(self.person, self.txn, self.code).response["authStatus"], True)
        self.served()

    def test_identities(self):
        self.check("identity")

    def test_vids(self):
        self.check("alias", self.kit.person("perpetual VID"))

    def test_photos(self):
        """A photo that cannot be read is not taken for none: no attributes then. All else goes on."""
        person, programme = self.kit.person(), self.kit.partner("amo-tadamon")
        self.box.stop()
        self.flip("photo")
        self.box.launch()
        self.box.await_ready(PATIENCE_SECONDS)
        before = self.box.processes()
        txn, code = programme.code_for(person)
        answer = programme.send("kyc", programme.kyc_document(person, txn, {"otp": code}))
        self.assertEqual((answer.status, answer.body), (503, b""))
        self.assertRegex(self.box.log()[self.logged:], "record-(corrupt|generation-not-open) table=photo ")
        self.assertEqual(self.box.processes(), before)
        self.served()
        self.box.stop()
        self.flip("photo")
        self.box.launch()
        self.box.await_ready(PATIENCE_SECONDS)
        txn, code = programme.code_for(person)
        answer = programme.send("kyc", programme.kyc_document(person, txn, {"otp": code}))
        photo = base64.b64decode(programme.open_kyc(answer.response)["photo"])
        self.assertEqual(hashlib.sha256(photo).hexdigest(), person["photo_sha256"])

    def test_what_programmes_registered_for_the_jose_profile(self):
        """Nobody comes through the handshake there; the other profile does not need it."""
        asker, person = JoseProgramme(self.kit.partner("amo-tadamon")), self.kit.person()
        asker.jwks()
        self.box.stop()
        self.flip("jose-client")
        self.box.launch()
        self.box.await_ready(PATIENCE_SECONDS)
        before = self.box.processes()
        await_(lambda: re.search("record-(corrupt|generation-not-open) table=jose-client ",
                                 self.box.log()[self.logged:]))
        for _ in range(4):
            with self.assertRaises(OSError):
                asker.ask(person)
            asker.connection.close()
        self.served()
        self.assertEqual(self.box.processes(), before)
        self.box.stop()
        self.flip("jose-client")
        self.box.launch()
        self.box.await_ready(PATIENCE_SECONDS)
        txn, code = asker.code_for(person)
        self.assertEqual(asker.authenticate(person, txn, code).status, 200)

    def test_a_hotlist_that_cannot_be_read_does_not_let_in(self):
        self.check("hotlist", self.kit.person("hotlisted"))

    def test_programmes(self):
        for table in ("partner", "api-key", "policy", "misp"):
            with self.subTest(table):
                self.check(table)

    def test_salts(self):
        self.check("salt")

    def test_the_country(self):
        self.check("settings", serves=False)


class State(unittest.TestCase):
    """What must happen once, and the evidence for it: a box that cannot read these serves nobody."""

    def setUp(self):
        self.box = RoughBox(people=40, **RoughBox.UNLIMITED)
        self.programme, self.person = self.box.kit.programme(), self.box.kit.person()
        with Load(self.box.kit) as load:
            load.await_more(10)
        self.txn, self.code = self.programme.code_for(self.person)
        self.box.stop()

    def tearDown(self):
        self.box.close()

    def closed(self):
        self.box.launch()
        self.box.await_state("failed")
        answer = self.programme.authenticate(self.person, self.txn, self.code)
        self.assertEqual((answer.status, answer.body), (503, b""))
        self.assertEqual(self.box.health("ready")[0], 503)
        self.assertIn("box-failed why=stored-files-damaged", self.box.log())
        self.box.stop()

    def open(self):
        self.box.launch()
        self.box.await_ready(PATIENCE_SECONDS)
        self.assertIs(self.programme.authenticate(self.person, self.txn, self.code).response["authStatus"], True)

    def test_a_bit_in_every_row_of_the_state(self):
        flip = [BUILD / "tests/flip_row", self.box.state / "state", "rows"]
        subprocess.run(flip, check=True, stdout=subprocess.DEVNULL)
        self.closed()
        self.assertIn("record-corrupt table=state", self.box.log())
        subprocess.run(flip, check=True, stdout=subprocess.DEVNULL)
        self.open()

    def flip(self, record, byte, bit):
        with open(record.segment, "r+b") as segment:
            segment.seek(record.offset + byte)
            value = segment.read(1)[0]
            segment.seek(record.offset + byte)
            segment.write(bytes([value ^ 1 << bit]))

    def test_a_bit_in_the_middle_of_the_journal(self):
        records = journal_file.records(self.box.state / "journal")
        for _ in range(4):
            record = random.choice(records[:len(records) // 2])
            place = random.randrange(len(record.whole)), random.randrange(8)
            with self.subTest(sequence=record.sequence, place=place):
                self.flip(record, *place)
                self.closed()
                self.flip(record, *place)
        self.open()


if __name__ == "__main__":
    unittest.main()
