"""VIDs as identifiers: perpetual, temporary and one-time, counted where they are used and nowhere else."""

import concurrent.futures
import datetime
import json
import random
import unittest

from programme import transaction, wrong
from rough_box import PATIENCE_SECONDS, RoughBox

TABLE = ["0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
         "5987604321", "6598710432", "7659821043", "8765932104", "9876543210"]
SHIFTS = ["0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258"]


def check_digit(digits):
    """Verhoeff's, by his tables."""
    check = 0
    for position, digit in enumerate(reversed(digits), 1):
        check = int(TABLE[check][int(SHIFTS[position % 8][int(digit)])])
    return next(str(last) for last in range(10) if TABLE[check][last] == "0")


def fresh_vid():
    digits = random.choice("23456789") + "".join(random.choice("0123456789") for _ in range(14))
    return digits + check_digit(digits)


def day(offset):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=offset)).strftime("%Y-%m-%d")


def setUpModule():
    global box, kit
    box = RoughBox(people=120)
    kit = box.kit


def tearDownModule():
    box.close()


class Vids(unittest.TestCase):
    def register(self, *vids, person=None):
        """The person, from now on with these VIDs and no others, and themselves by each of them."""
        person = person or kit.person()
        every = json.loads((box.state / ("officer/demo/people-%d.json" % box.people)).read_text())
        found = next(p for p in every if p["uin"] == person["individualId"])
        found["vids"] = [{"vid": fresh_vid(), **vid} for vid in vids]
        path = box.folder / "import.json"
        path.write_text(json.dumps([found]))
        done = box.officer("people", "import", str(path))
        self.assertEqual(done.returncode, 0, done.stderr)
        return [person] + [dict(person, individualId=vid["vid"], individualIdType="VID") for vid in found["vids"]]

    def authenticate(self, person, programme=None, function="auth"):
        programme = programme or kit.programme(has=("otp", "otp-request", "kyc"))
        txn, code = programme.code_for(person)
        document = getattr(programme, function + "_document")(person, txn, {"otp": code})
        answer = programme.send(function, document)
        kit.verify(answer)
        return answer

    def yes(self, answer):
        self.assertEqual(answer.codes, [], answer.body)
        self.assertIs(answer.response.get("authStatus", answer.response.get("kycStatus")), True)
        return answer.response["authToken"]

    def gone(self, person, code="IDA-MLC-018"):
        programme = kit.programme()
        self.assertEqual(programme.ask(person).codes, [code])
        self.assertEqual(programme.authenticate(person, transaction(), "123456").codes, [code])

    def test_a_perpetual_one_has_no_end(self):
        _, person = self.register({"type": "Perpetual"})
        for _ in range(4):
            self.yes(self.authenticate(person))

    def test_a_temporary_one_ends_with_its_time(self):
        _, good, late = self.register({"type": "Temporary", "expires": day(2)}, {"type": "Temporary", "expires": day(-1)})
        for _ in range(2):
            self.yes(self.authenticate(good))
        self.gone(late, "IDA-MLC-023")

    def test_a_temporary_one_may_have_a_number_of_uses(self):
        _, person = self.register({"type": "Temporary", "expires": day(2), "uses": 2})
        self.yes(self.authenticate(person))
        self.yes(self.authenticate(person))
        self.gone(person)

    def test_a_typing_error_costs_nothing(self):
        _, person = self.register({"type": "OneTimeUse", "uses": 1})
        programme = kit.programme()
        txn, code = programme.code_for(person)
        for _ in range(3):
            self.assertEqual(programme.authenticate(person, txn, wrong(code)).codes, ["IDA-OTA-004"])
        self.yes(programme.authenticate(person, txn, code))
        self.gone(person)

    def test_attributes_cost_a_use_as_well(self):
        _, person = self.register({"type": "OneTimeUse", "uses": 1})
        self.yes(self.authenticate(person, function="kyc"))
        self.gone(person)

    def test_a_one_time_one_raced_is_used_once(self):
        _, person = self.register({"type": "OneTimeUse", "uses": 1})
        programme = kit.programme(has=("demo",))
        bodies = [programme.auth_document(person, transaction(), {"demographics": {"dob": person["demographics"]["dob"]}})
                  for _ in range(16)]
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            codes = [tuple(answer.codes) for answer in pool.map(lambda body: programme.send("auth", body), bodies)]
        self.assertEqual(sorted(set(codes)), [(), ("IDA-MLC-018",)], codes)
        self.assertEqual(codes.count(()), 1)

    def test_what_is_used_up_stays_so_when_core_dies(self):
        _, person = self.register({"type": "OneTimeUse", "uses": 1})
        self.yes(self.authenticate(person))
        box.await_successor("authd-core", 1, *box.kill("authd-core"))
        box.await_ready(PATIENCE_SECONDS)
        self.gone(person)

    def test_one_that_is_revoked_ends_with_the_code_it_asked_for(self):
        person, by_vid = self.register({"type": "Perpetual"})
        programme = kit.programme()
        txn, code = programme.code_for(by_vid)
        number = by_vid["individualId"]
        self.register({"vid": number, "type": "Perpetual", "revoked": True}, person=person)
        self.assertEqual(programme.authenticate(by_vid, txn, code).codes, ["IDA-MLC-018"])
        self.gone(by_vid)
        self.yes(self.authenticate(person))

    def test_an_officer_blocks_one_alone(self):
        by_uin, blocked, other = self.register({"type": "Perpetual"}, {"type": "Perpetual"})
        path = box.folder / "vid"
        path.write_text(blocked["individualId"] + "\n")

        def hotlist(*words):
            done = box.officer("hotlist", *words)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertNotIn(blocked["individualId"], done.stdout)
        hotlist("add", "kind=vid", "file=%s" % path, "until=" + day(2))
        self.gone(blocked, "IDA-MLC-022")
        self.yes(self.authenticate(by_uin))
        self.yes(self.authenticate(other))
        hotlist("remove", "kind=vid", "file=%s" % path)
        self.yes(self.authenticate(blocked))
        self.assertNotIn(blocked["individualId"], box.log())
        for words, why in ((("kind=vid", "id=4302934834290231"), "kind=vid is given by file= alone"),
                           (("kind=device", "file=%s" % path), "kind=device is given by id= alone"),
                           (("kind=vid", "file=/etc/hostname"), "no VID")):
            refused = box.officer("hotlist", "add", *words)
            self.assertEqual(refused.returncode, 2, refused.stdout)
            self.assertIn(why, refused.stderr)

    def test_a_code_is_for_the_kind_of_identifier_that_asked(self):
        by_uin, by_vid = self.register({"type": "Perpetual"})
        programme = kit.programme()
        for asks, presents in ((by_uin, by_vid), (by_vid, by_uin)):
            txn, code = programme.code_for(asks)
            self.assertEqual(programme.authenticate(presents, txn, code).codes, ["IDA-OTA-010"])
            self.yes(programme.authenticate(asks, txn, code))

    def test_a_programme_knows_the_person_by_one_token(self):
        persons = self.register({"type": "Perpetual"}, {"type": "OneTimeUse", "uses": 1})
        programme = kit.programme(token="partner")
        self.assertEqual(len({self.yes(self.authenticate(person, programme)) for person in persons}), 1)


if __name__ == "__main__":
    unittest.main()
