"""All refusals about a person, and all answers to a request for a code, leave with one distribution of time
(docs/protocol.md §8). Times are only compared with each other, within one run of requests in random order; and the same
comparison must find the answers that do not wait for their time."""

import collections
import json
import os
import re
import subprocess
import unittest

from box import BUILD
from jose import JoseProgramme
from programme import transaction, wrong
from rough_box import RoughBox
from test_vids import check_digit

LONG = os.environ.get("IDCS_LONG") == "yes"
SAMPLES, IN_FLIGHT = (100000, 192) if LONG else (3000, 64)
FAST = 700           # samples that suffice to find answers that do not wait
FINGERS = FAST       # of fingerprints, which take people: five failures each, then they must wait
TRIED = 2 * FINGERS // 5 + 1
ATTEMPTS = 100       # wrong codes in a row, the most the setting takes
REFUSED, ACCEPTED = 403, 202


def setUpModule():
    global box, kit
    # Each ordinary person bears ATTEMPTS - 1 guesses, and a difference is looked for twice.
    box = RoughBox(people=50 + 2 * SAMPLES // (ATTEMPTS - 10) + TRIED, core__otp_attempts=ATTEMPTS,
                   core__otp_day_attempts=1000, core__otp_person_attempts=1000, core__otp_person_share=1000,
                   core__otp_lifetime_seconds=600, core__failures_an_hour=10 ** 9, core__codes_an_hour=10 ** 9,
                   core__ledger_rows=3 * 10 ** 6, **RoughBox.UNLIMITED)
    kit = box.kit


def tearDownModule():
    box.close()


class OneDistribution(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.asker = JoseProgramme(kit.programme())
        numbers = {person["individualId"] for person in kit.document["people"]}
        cls.nobody = [{"individualId": number, "individualIdType": "UIN"} for number in
                      (digits + check_digit(digits) for digits in (str(234567000 + n) for n in range(40)))
                      if number not in numbers]
        cls.frozen = cls.freeze(kit.person())
        cls.unasked = [kit.person() for _ in range(10)]
        everybody = json.loads((box.state / ("officer/demo/people-%d.json" % box.people)).read_text())
        used = {kit.document["people"][index]["individualId"] for index in kit.taken}
        others = [{"individualId": person["uin"], "individualIdType": "UIN"} for person in everybody
                  if person["note"] == "ordinary" and person["uin"] not in used]
        others, cls.tried = others[:-TRIED], others[-TRIED:]  # the latter by fingers
        cls.asked = [(person, transaction()) for person in others]

    @classmethod
    def freeze(cls, person):
        txn, code = cls.asker.code_for(person)
        for _ in range(ATTEMPTS):
            cls.asker.post("/v1/authentications", cls.asker.request(person, txn, otp=wrong(code)), fresh=False)
        answer = cls.asker.post("/v1/authentications", cls.asker.request(person, txn, otp=code), fresh=False)
        assert answer.status == REFUSED, answer.body
        return person, txn

    @staticmethod
    def ask(person, txn=None, **factors):
        return {"individualId": person["individualId"], "individualIdType": person["individualIdType"],
                "txn": txn or transaction(), **({"factors": factors} if factors else {})}

    def guesses(self):
        """The programme never knows these codes, and guesses them in 100,000 tries with a chance of one in ten."""
        everybody = {"unknown": [(person, None) for person in self.nobody], "wrong code": self.asked,
                     "no code asked for": [(person, None) for person in self.unasked], "frozen": [self.frozen],
                     **{note: [(kit.person(note), None)] for note in ("deactivated", "locked otp-phone", "hotlisted")}}
        return [{"name": name, "group": "guess", "call": "authentications", "status": REFUSED,
                 "asks": [self.ask(*one, otp="000000") for one in people]} for name, people in everybody.items()]

    def requests_for_codes(self):
        everybody = {"known": self.asked, "unknown": [(person, None) for person in self.nobody],
                     **{note: [(kit.person(note), None)] for note in ("deactivated", "no phone")}}
        return [{"name": "code for " + name, "group": "code", "call": "otp", "status": ACCEPTED,
                 "asks": [self.ask(*one) for one in people]} for name, people in everybody.items()]

    def fingers(self):
        """Somebody's finger, for one who has others, has none, may not, is not; and for one who must wait."""
        holder, waits = kit.person(), kit.person()
        everybody = {"wrong finger": self.tried, "unknown": self.nobody, "must wait": [waits],
                     **{note: [kit.person(note)] for note in ("no biometrics", "locked bio-Finger", "deactivated")}}
        return [{"name": name, "group": "finger", "call": "authentications", "status": REFUSED,
                 "asks": [{**self.ask(person), "holder": holder["individualId"]} for person in people]}
                for name, people in everybody.items()]

    @staticmethod
    def compare(asker, classes, samples):
        """jose-timing's exit status, and what it says."""
        plan = box.folder / "plan.json"
        plan.write_text(json.dumps({"programme": asker.id, "classes": classes}))
        done = subprocess.run([str(BUILD / "bin/jose-timing"), "--kit", str(kit.folder / "kit.json"), "--plan",
                               str(plan), "--samples", str(samples), "--concurrency", str(IN_FLIGHT)], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        print(done.stdout)
        return done.returncode, done.stdout

    def test_nobody_can_tell_the_reasons_apart(self):
        """Codes are asked for again all along, and so those who guess find one."""
        before = len(box.log())
        status, said = self.compare(self.asker, self.guesses() + self.requests_for_codes(), SAMPLES)
        self.assertEqual(status, 0, said)
        reasons = collections.Counter(re.findall(r" reason=([a-z-]+)$", box.log()[before:], re.M))
        for reason in ("person-unknown", "otp-wrong", "otp-of-no-such-transaction", "otp-frozen", "person-deactivated",
                       "factor-locked", "person-hotlisted", "no-phone"):
            self.assertGreater(reasons[reason], SAMPLES * 0.9, reasons)

    def test_nobody_can_tell_why_a_finger_was_refused(self):
        asker = JoseProgramme(kit.partner("amo-tadamon"))
        before = len(box.log())
        status, said = self.compare(asker, self.fingers(), FINGERS)
        self.assertEqual(status, 0, said)
        reasons = collections.Counter(re.findall(r" reason=([a-z-]+)$", box.log()[before:], re.M))
        for reason in ("finger-does-not-match", "biometric-must-wait", "person-unknown", "factor-locked",
                       "person-deactivated"):
            self.assertGreater(reasons[reason], FINGERS * 0.9, reasons)
        self.assertGreater(reasons["finger-not-enrolled"], 0, reasons)

    def test_the_comparison_finds_answers_that_do_not_wait(self):
        """Of two refusals that say nothing of a person, the one before the block is opened is quicker."""
        wait = self.guesses()[:2]
        late = {**wait[0], "name": "malformed at once", "status": 400,
                "asks": [{**self.ask(self.nobody[0], otp="000000"), "txn": "short"}]}
        status, said = self.compare(self.asker, [wait[0], late], FAST)
        self.assertEqual(status, 1, said)


if __name__ == "__main__":
    unittest.main()
