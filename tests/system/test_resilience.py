"""Processes that die, hang and lose their token, under load: what was promised is kept, and nobody is let in twice."""

import os
import signal
import unittest

from load import Load
from programme import transaction, wrong
from rough_box import PATIENCE_SECONDS, RoughBox, await_

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


class EveryProcess(unittest.TestCase):
    """kill -9 of each in turn."""

    @classmethod
    def setUpClass(cls):
        cls.box = RoughBox(people=120, **RoughBox.UNLIMITED)
        cls.kit = cls.box.kit

    @classmethod
    def tearDownClass(cls):
        cls.box.close()

    def kill(self, name, strict):
        with Load(self.kit, threads=2, strict=strict) as load:
            for _ in range(ROUNDS // 2):
                load.await_more(3)
                dead = self.box.kill(name)
                self.box.await_successor(name, len(dead), *dead)
                load.await_more(3)
        with Load(self.kit, threads=2) as load:  # and when it is over nobody is turned away
            load.await_more(5)

    def test_unseal(self):
        self.kill("authd-unseal", strict=True)

    def test_provd(self):
        self.kill("provd", strict=True)
        self.assertEqual(self.box.officer("status").returncode, 0)

    def test_edge(self):
        self.kill("authd-edge", strict=False)

    def test_core(self):
        self.kill("authd-core", strict=False)

    def test_the_notifier(self):
        self.kill("authd-outbox", strict=False)

    def kill_core(self):
        dead = self.box.kill("authd-core")
        self.box.await_successor("authd-core", 1, *dead)
        self.box.await_ready(PATIENCE_SECONDS)

    def yes(self, answer):
        self.kit.verify(answer)
        self.assertIs(answer.response["authStatus"], True)

    def no(self, answer, *codes):
        self.kit.verify(answer)
        self.assertEqual(answer.response, {"authStatus": False, "authToken": None})
        self.assertEqual(answer.codes, list(codes))

    def test_what_is_used_stays_used_and_what_is_delivered_stays_good(self):
        person, programme = self.kit.person(), self.kit.programme()
        txn, code = programme.code_for(person)
        self.yes(programme.authenticate(person, txn, code))
        other, known = self.kit.person(), self.box.deliveries()
        other_txn, other_code = programme.code_for(other)
        await_(lambda: self.box.deliveries() > known)
        self.kill_core()
        self.no(programme.authenticate(person, txn, code), "IDA-OTA-012")
        self.yes(programme.authenticate(other, other_txn, other_code))
        self.no(programme.authenticate(other, other_txn, other_code), "IDA-OTA-012")

    def test_counters_and_freezes_survive(self):
        person, programme = self.kit.person(), self.kit.programme()
        txn, code = programme.code_for(person)
        for _ in range(4):
            self.no(programme.authenticate(person, txn, wrong(code)), "IDA-OTA-004")
            self.kill_core()
        self.no(programme.authenticate(person, txn, wrong(code)), "IDA-OTA-013")
        self.kill_core()
        self.no(programme.authenticate(person, txn, code), "IDA-OTA-013")
        self.assertEqual(programme.ask(person).codes, ["IDA-OTA-013"])

    def test_an_answered_request_is_not_answered_again(self):
        person, programme = self.kit.person(), self.kit.programme()
        txn, code = programme.code_for(person)
        asked = programme.otp_document(person, transaction())
        presented = programme.auth_document(person, txn, {"otp": code})
        self.yes(programme.send("auth", presented))
        self.assertEqual(programme.send("otp", asked).codes, [])
        self.kill_core()
        self.no(programme.send("auth", presented), "IDA-MLC-007")
        self.assertEqual(programme.send("otp", asked).codes, ["IDA-MLC-007"])

    def test_all_of_it_survives_the_death_of_authd(self):
        person, programme, frozen = self.kit.person(), self.kit.programme(), self.kit.person()
        txn, code = programme.code_for(frozen)
        for _ in range(5):
            programme.authenticate(frozen, txn, wrong(code))
        used_txn, used = programme.code_for(person)
        presented = programme.auth_document(person, used_txn, {"otp": used})
        self.yes(programme.send("auth", presented))
        self.box.kill_authd()
        self.box.start()
        self.no(programme.send("auth", presented), "IDA-MLC-007")
        self.no(programme.authenticate(person, used_txn, used), "IDA-OTA-012")
        self.no(programme.authenticate(frozen, txn, code), "IDA-OTA-013")
        with Load(self.kit, threads=2) as load:
            load.await_more(5)


class UndeliveredCodes(unittest.TestCase):
    """With the limits on asking for codes as they are shipped."""

    @classmethod
    def setUpClass(cls):
        cls.box = RoughBox()
        cls.kit = cls.box.kit

    @classmethod
    def tearDownClass(cls):
        cls.box.close()

    def test_they_are_void_and_do_not_count(self):
        person, programme = self.kit.person(), self.kit.programme()
        stopped = self.box.kill_one("authd-outbox", number=signal.SIGSTOP)
        lost = [transaction() for _ in range(3)]
        for txn in lost:
            self.assertEqual(programme.ask(person, txn).codes, [])
        os.kill(stopped, signal.SIGKILL)
        self.box.await_successor("authd-outbox", 1, stopped)
        await_(lambda: "codes-void" in self.box.log())
        for _ in range(5):  # as many as if nothing had been asked
            txn, code = programme.code_for(person)
        self.assertEqual(programme.ask(person).codes, ["IDA-OTA-001"])
        for gone in lost:
            self.assertEqual(self.kit.messages(gone), [])
        self.assertIs(programme.authenticate(person, txn, code).response["authStatus"], True)

    def test_no_code_opens_a_void_transaction(self):
        person, programme, txn = self.kit.person(), self.kit.programme(), transaction()
        stopped = self.box.kill_one("authd-outbox", number=signal.SIGSTOP)
        self.assertEqual(programme.ask(person, txn).codes, [])
        voids = self.box.log().count("codes-void")
        os.kill(stopped, signal.SIGKILL)
        await_(lambda: self.box.log().count("codes-void") > voids)
        self.assertEqual(programme.authenticate(person, txn, "123456").codes, ["IDA-OTA-012"])
        self.box.await_successor("authd-outbox", 1, stopped)
        self.assertEqual(self.kit.messages(txn), [])

    def test_a_code_under_way_when_core_dies_is_void(self):
        person, programme, txn = self.kit.person(), self.kit.programme(), transaction()
        stopped = self.box.kill_one("authd-outbox", number=signal.SIGSTOP)
        self.assertEqual(programme.ask(person, txn).codes, [])
        dead = self.box.kill("authd-core")
        os.kill(stopped, signal.SIGCONT)  # the message is written, but nobody knows any more
        self.box.await_successor("authd-core", 1, *dead)
        self.box.await_ready(PATIENCE_SECONDS)
        code = self.kit.code(txn)
        self.assertEqual(programme.authenticate(person, txn, code).codes, ["IDA-OTA-012"])
        txn, code = programme.code_for(person)
        self.assertIs(programme.authenticate(person, txn, code).response["authStatus"], True)


if __name__ == "__main__":
    unittest.main()
