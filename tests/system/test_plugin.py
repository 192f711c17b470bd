"""A vendor's matcher on a whole box: images are enrolled and compared, and whatever the vendor's library does, other
factors are served. The libraries are those of tests/fault."""

import base64
import json
import re
import struct
import threading
import time
import unittest

from biometrics import Capture, Device, record
from plugin_box import PluginBox
from programme import transaction

RIGHT = "Right IndexFinger"
DEADLINE_MS = 1000


def setUpModule():
    global box, kit, device
    # One lane, so that its plug-in is the first and provd's the second.
    box = PluginBox(people=60, deadline_ms=DEADLINE_MS, authd__lanes=1, **PluginBox.UNLIMITED)
    kit = box.kit
    device = Device(kit)


def tearDownModule():
    box.close()


def image_of(minutiae_record):
    """A record of minutiae (ISO/IEC 19794-2:2005) as an image of tests/lib/finger_image.h."""
    assert minutiae_record[:8] == b"FMR\0 20\0"
    position, _, quality, count = minutiae_record[24:28]
    view = b""
    for at in range(28, 28 + 6 * count, 6):
        x, y, angle, worth = struct.unpack_from(">HHBB", minutiae_record, at)
        view += struct.pack(">HHBBB", x & 0x3fff, y & 0x3fff, angle, x >> 14, worth)
    return fir(view, position, quality, *minutiae_record[18:20])


def fir(data, position=2, quality=80, *resolution):
    """ISO/IEC 19794-4:2005, one view with ${data} in the place of pixels."""
    per_cm = bytes(resolution or (0, 197))
    view = struct.pack(">IBBBBBHHB", 14 + len(data), position, 1, 1, quality, 0, 500, 500, 0) + data
    head = b"FIR\0" + b"010\0" + (32 + len(view)).to_bytes(6, "big") + struct.pack(">HHBB", 0, 31, 1, 2)
    return head + 4 * per_cm + struct.pack(">BBH", 8, 0, 0) + view


def enrol(person, *records):
    """The person as the register has them, but with these records alone."""
    every = json.loads((box.state / ("officer/demo/people-%d.json" % box.people)).read_text())
    found = next(p for p in every if p["uin"] == person["individualId"])
    path = box.folder / "import.json"
    biometrics = {RIGHT: [base64.b64encode(r).decode() for r in records]}
    path.write_text(json.dumps([{**found, "biometrics": biometrics}]))
    return box.officer("people", "import", str(path))


class Plugin(unittest.TestCase):
    """In the order of their names: each configures the box as it needs it."""

    def setUp(self):
        self.programme = kit.partner("amo-tadamon")
        self.people = [self.someone(), self.someone()]

    @staticmethod
    def someone():
        while True:
            person = kit.person()
            if RIGHT in person["biometrics"]:
                return person

    def enrol(self, person, *records):
        done = enrol(person, *records)
        self.assertEqual(done.returncode, 0, done.stderr)

    def present(self, person, data):
        txn = transaction()
        elements = device.take(txn, Capture(data, part=RIGHT))
        answer = self.programme.send("auth", self.programme.auth_document(person, txn, {"biometrics": elements}))
        kit.verify(answer)
        return answer

    def yes(self, answer):
        self.assertEqual(answer.codes, [], answer.body)
        self.assertIs(answer.response["authStatus"], True)

    def no(self, answer, code):
        self.assertEqual(answer.codes, [code], answer.body)
        self.assertIs(answer.response["authStatus"], False)

    def let_in_by_code(self):
        person = kit.person()
        programme = kit.programme()
        self.yes(programme.authenticate(person, *programme.code_for(person)))

    def test_1_images_are_enrolled_and_compared(self):
        one, other = self.people
        for person in self.people:
            self.enrol(person, image_of(record(kit, person, number=0)))
        self.yes(self.present(one, image_of(record(kit, one, number=1))))
        self.no(self.present(one, image_of(record(kit, other, number=1))), "IDA-BIA-001")
        self.yes(self.present(other, image_of(record(kit, other, number=1))))

    def test_2_an_image_that_gives_no_template(self):
        done = enrol(self.people[0], fir(b"no minutia", quality=80))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("sample-1.0", done.stderr)
        person = self.people[1]
        self.enrol(person, image_of(record(kit, person, number=0)))
        self.no(self.present(person, fir(b"no minutia")), "IDA-BIA-001")

    def test_3_templates_of_another_matcher_are_not_compared(self):
        person = self.people[0]
        image = image_of(record(kit, person, number=0))
        self.enrol(person, image)
        self.yes(self.present(person, image))
        box.use("plugin_hostile", "crash-in-compare")
        self.assertIs(self.present(person, image).response["authStatus"], False)

    def test_4_a_crash_is_that_requests_alone(self):
        person, mark = self.people[0], len(box.log())
        self.enrol(person, fir(b"a finger"))
        for _ in range(3):
            self.no(self.present(person, fir(b"ATTACK")), "IDA-BIA-017")
            self.yes(self.present(person, fir(b"a finger")))
        self.assertEqual(len(re.findall("process-ended process=authd-plugin index=0", box.log_since(mark))), 3)
        self.assertEqual(self.others_that_ended(mark), [])

    def test_5_a_hang_delays_images_alone(self):
        box.use("plugin_hostile", "spin-in-compare")
        person, mark, answers = self.people[0], len(box.log()), []
        self.enrol(person, fir(b"a finger"))
        asking = threading.Thread(target=lambda: answers.append(self.present(person, fir(b"ATTACK"))))
        asking.start()
        self.let_in_by_code()
        asking.join(60)
        self.no(answers[0], "IDA-BIA-017")
        self.yes(self.present(person, fir(b"a finger")))
        self.assertIn("process-killed process=authd-plugin index=0", box.log_since(mark))
        self.assertEqual(self.others_that_ended(mark), [])

    def test_6_one_that_never_starts_leaves_a_box_without_images(self):
        person, mark = self.people[0], len(box.log())
        box.use("plugin_other_version")
        self.let_in_by_code()
        self.yes(self.present(person, record(kit, person)))
        self.no(self.present(person, fir(b"a finger")), "IDA-BIA-011")
        until = time.monotonic() + 60
        while box.log_since(mark).count("process-ended process=authd-plugin index=0 ") < 4:
            self.assertLess(time.monotonic(), until)
            time.sleep(0.02)
        self.assertIn("made for version 2", box.log_since(mark))
        self.let_in_by_code()

    @staticmethod
    def others_that_ended(mark):
        ends = re.findall(r"process-ended process=(\S+)", box.log_since(mark))
        return [name for name in ends if name != "authd-plugin"]


if __name__ == "__main__":
    unittest.main()
