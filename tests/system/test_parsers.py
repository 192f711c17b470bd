"""Parsers that die of a request, are silent after one, or stand still: the request is refused, the others are answered,
and nobody outside unseal is taken along."""

import os
import re
import signal
import threading
import unittest

from box import BUILD
from load import Load
from programme import transaction
from rough_box import RoughBox, await_

ROUNDS = 10 if os.environ.get("IDCS_LONG") else 3
DEADLINE_MS = 3000


class MistakenBox(RoughBox):
    """One lane, so that all go through one worker; the worker is rough_unseal.c."""

    def __init__(self, **settings):
        super().__init__(authd__lanes=1, **self.UNLIMITED, **settings)

    def start(self):
        libexec = self.folder / "libexec"
        if not libexec.exists():
            libexec.mkdir()
            for program in (BUILD / "bin").iterdir():
                (libexec / program.name).symlink_to(program)
            (libexec / "authd-unseal").unlink()
            (libexec / "authd-unseal").symlink_to(BUILD / "bin/rough-unseal")
            self.settings["authd.libexec"] = libexec
        super().start()

    def close(self):
        """As any, but for the deaths that were asked for."""
        log = self.log()
        super(RoughBox, self).close()
        for line in log.splitlines():
            is_death = re.search(r"Sanitizer|runtime error:|forbidden-system-call| signal=(?!%d )" % signal.SIGKILL, line)
            if is_death and "process=authd-unseal index=0" not in line and "rough_unseal.c" not in line:
                raise AssertionError(line)

    def others(self):
        """Everybody but the workers: who must not notice."""
        return {name: pids for name, pids in self.processes().items() if name != "authd-unseal"}


class Mistakes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.box = MistakenBox(core__deadline_ms=DEADLINE_MS)
        cls.kit = cls.box.kit

    @classmethod
    def tearDownClass(cls):
        cls.box.close()

    def send(self, word, function="otp"):
        programme, person = self.kit.programme(), self.kit.person()
        document = (programme.otp_document(person, transaction()) if function == "otp"
                    else programme.auth_document(person, transaction(), {"otp": "123456"}))
        document["metadata"] = {"note": word}
        return programme.send(function, document)

    def let_in(self):
        person, programme = self.kit.person(), self.kit.programme()
        txn, code = programme.code_for(person)
        answer = programme.authenticate(person, txn, code)
        self.kit.verify(answer)
        self.assertIs(answer.response["authStatus"], True)

    def assert_refused(self, answer):
        self.assertEqual((answer.status, answer.body), (503, b""))
        self.assertIsNone(answer.headers["response-signature"])

    def test_a_request_that_kills_the_parser_is_refused(self):
        before = self.box.others()
        for function in ("otp", "auth"):
            blamed = self.box.log().count("request-kills-unseal")
            workers = self.box.processes()["authd-unseal"]
            self.assert_refused(self.send("kills-the-parser", function))
            self.assertEqual(self.box.log().count("request-kills-unseal"), blamed + 1)
            self.box.await_successor("authd-unseal", 2, *set(workers) - set(self.box.processes()["authd-unseal"]))
            self.let_in()
        self.assertEqual(self.box.others(), before)

    def test_nobody_needs_a_key_to_try_and_the_neighbours_are_all_served(self):
        """Without a signature too, and some at once in one batch: everybody else is answered by a yes."""
        before, path = self.box.others(), self.kit.programme().path("otp")
        headers = {"Authorization": "x", "Content-Type": "application/json"}
        with Load(self.kit, threads=3) as load:  # strict: nobody is refused, nobody waits longer than the deadline
            load.await_more(3)
            for _ in range(ROUNDS):
                self.assert_all_refused([
                    lambda: self.kit.send("POST", path, b'{"id":"kills-the-parser"}', headers),
                    lambda: self.send("kills-the-parser"), lambda: self.send("kills-the-parser", "auth")])
                load.await_more(3)
        self.assertEqual(self.box.others(), before)
        self.let_in()

    def assert_all_refused(self, senders):
        answers = []
        threads = [threading.Thread(target=lambda send=send: answers.append(send())) for send in senders]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(answers), len(senders))
        for answer in answers:
            self.assert_refused(answer)

    def test_ten_in_a_row_do_not_shut_the_lane(self):
        """However often its worker dies, its successor is there before anybody's deadline."""
        with Load(self.kit, threads=3) as load:
            for _ in range(10):
                self.assert_refused(self.send("kills-the-parser"))
            load.await_more(3)
        self.let_in()

    def test_a_parser_that_lives_but_is_silent_is_replaced(self):
        before, silent = self.box.others(), self.box.log().count("unseal-silent")
        worker = re.findall(r"process-ready process=authd-unseal index=0 pid=(\d+)$", self.box.log(), re.M)[-1]
        self.assert_refused(self.send("silences-the-parser"))
        self.assertIn(int(worker), self.box.processes()["authd-unseal"])
        self.assert_all_refused(2 * [lambda: self.send("as usual")])
        await_(lambda: self.box.log().count("unseal-silent") == silent + 1)
        self.box.await_successor("authd-unseal", 2, int(worker))
        self.let_in()
        self.assertEqual(self.box.others(), before)


class StoodStill(unittest.TestCase):
    """The shipped worker, stopped: its pulse stands still, and authd replaces it before anybody's deadline."""

    @classmethod
    def setUpClass(cls):
        cls.box = RoughBox(people=120, **RoughBox.UNLIMITED)

    @classmethod
    def tearDownClass(cls):
        cls.box.close()

    def test_every_worker_in_turn(self):
        with Load(self.box.kit) as load:  # strict: nobody is refused, nobody waits longer than the deadline
            load.await_more(5)
            for _ in range(ROUNDS):
                for index in range(len(self.box.processes()["authd-unseal"])):
                    count = len(self.box.processes()["authd-unseal"])
                    stopped = self.box.kill_one("authd-unseal", index, signal.SIGSTOP)
                    self.box.await_successor("authd-unseal", count, stopped)
                    self.assertRegex(self.box.log(), "process-killed process=authd-unseal index=\\d+ pid=%d reason=hangs"
                                     % stopped)
                    load.await_more(5)

    def test_what_it_held_is_answered_by_its_successor(self):
        """All workers stopped: what is sent then can only be in the hands of one that stands still."""
        programme, person = self.box.kit.programme(), self.box.kit.person()
        stopped = self.box.kill("authd-unseal", signal.SIGSTOP)
        answer = programme.ask(person)
        self.assertEqual((answer.status, answer.json["errors"]), (200, None))
        self.box.await_successor("authd-unseal", len(stopped), *stopped)


class Recycled(unittest.TestCase):
    """A worker that makes room for its successor takes nobody's question along, however often that happens."""

    def serve(self, **settings):
        box = RoughBox(people=120, **RoughBox.UNLIMITED, **settings)
        try:
            with Load(box.kit) as load:  # strict: nobody is refused
                load.await_more(20)
            self.assertGreater(box.log().count("verdict=restart-at-once"), 10)
            self.assertNotIn("request-kills-unseal", box.log())
        finally:
            box.close()

    def test_after_a_few_questions(self):
        self.serve(unseal__requests_before_recycle=3)

    def test_after_every_question(self):
        self.serve(unseal__one_request_per_worker="yes")


if __name__ == "__main__":
    unittest.main()
