"""People whom an officer blocks: for good, until a date, or no longer."""

import datetime
import json
import unittest

from box import Box
from programme import transaction


def instant(**offset):
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**offset)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def day(offset):
    return instant(days=offset)[:10]


def setUpModule():
    global box, kit
    box = Box(people=60)
    kit = box.kit


def tearDownModule():
    box.close()


class Hotlist(unittest.TestCase):
    def put(self, person, **members):
        """The person as the register has them, with what an officer writes into the file."""
        every = json.loads((box.state / ("officer/demo/people-%d.json" % box.people)).read_text())
        found = next(p for p in every if p["uin"] == person["individualId"])
        path = box.folder / "import.json"
        path.write_text(json.dumps([{**found, **members}]))
        return box.officer("people", "import", str(path))

    def block(self, person, **members):
        done = self.put(person, **members)
        self.assertEqual(done.returncode, 0, done.stderr)

    def assert_blocked(self, person):
        programme = kit.programme()
        self.assertEqual(programme.ask(person).codes, ["IDA-MLC-022"])
        answer = programme.authenticate(person, transaction(), "123456")
        self.assertEqual(answer.codes, ["IDA-MLC-022"])
        self.assertIs(answer.response["authStatus"], False)

    def assert_let_in(self, person):
        programme = kit.programme()
        txn, code = programme.code_for(person)
        answer = programme.authenticate(person, txn, code)
        kit.verify(answer)
        self.assertIs(answer.response["authStatus"], True)

    def test_until_a_date_that_comes(self):
        for date in (day(1), day(3000), instant(hours=1)):
            person = kit.person()
            self.block(person, hotlisted=date)
            self.assert_blocked(person)

    def test_from_the_date_on_nobody_is_blocked(self):
        for date in (day(0), day(-1), instant(minutes=-1), "1970-01-02"):
            person = kit.person()
            self.block(person, hotlisted=date)
            self.assert_let_in(person)

    def test_the_last_file_counts(self):
        person = kit.person()
        for hotlisted, blocked in ((day(1), True), (day(-1), False), (True, True), (day(-1), False), (day(9), True),
                                   (False, False), (True, True), (None, False)):
            with self.subTest(hotlisted):
                self.block(person, hotlisted=hotlisted)
                (self.assert_blocked if blocked else self.assert_let_in)(person)

    def test_what_is_no_date_is_refused_and_blocks_nobody(self):
        person = kit.person()
        for wrong in ("2027-02-29", "2027-13-01", "31/12/2027", "2027-12-31 ", "2027-1-1", "tomorrow", "", "true",
                      "2027-12-31T24:00:00.000Z"):
            with self.subTest(wrong):
                done = self.put(person, hotlisted=wrong)
                self.assertEqual(done.returncode, 2, done.stdout)
                self.assertIn("people[0]: hotlisted: '%s' is no date: write 2027-12-31" % wrong, done.stderr)
        for wrong in (1, 1.5, [], {}, "1970-01-01", "1969-12-31"):
            with self.subTest(wrong):
                done = self.put(person, hotlisted=wrong)
                self.assertEqual(done.returncode, 2, done.stdout)
                self.assertIn("people[0]: 'hotlisted' is true, false or the date", done.stderr)
        self.assert_let_in(person)


if __name__ == "__main__":
    unittest.main()
