"""Fingers and irises on a whole box, in both profiles: who is let in, and every refusal that biometrics can reach, with
its codes and its layer."""

import datetime
import os
import re
import unittest

from cryptography import x509

from biometrics import Authority, Capture, Device, face_vector, finger, image_record, iris, jws, record, two_views
from biometrics import request as certificate_request
from jose import JoseProgramme
from programme import b64u, now, transaction, unb64u, wrong
from rough_box import PATIENCE_SECONDS, RoughBox, await_

RIGHT, LEFT = "Right IndexFinger", "Left IndexFinger"


def setUpModule():
    global box, kit, device, camera, stranger
    box = RoughBox(people=190, **RoughBox.UNLIMITED)
    kit = box.kit
    device, camera = Device(kit), Device(kit, "Iris")
    stranger = Authority("Nobody's devices").signer()


def tearDownModule():
    box.close()


def someone(part=RIGHT):
    """An ordinary person who has this part enrolled."""
    while True:
        person = kit.person()
        if part in person["biometrics"]:
            return person


class Case(unittest.TestCase):
    def setUp(self):
        self.programme = kit.partner("amo-tadamon")
        self.person = someone()

    def send(self, elements, txn, person=None, programme=None, function="auth", **inner):
        programme = programme or self.programme
        document = programme.auth_document(person or self.person, txn, {"biometrics": elements, **inner})
        document["id"] = "mosip.identity." + function
        answer = programme.send(function, document)
        self.assertEqual(answer.status, 200)
        kit.verify(answer)
        return answer

    def ask(self, *captures, by=None, person=None, programme=None, **inner):
        """One request with these captures, all by one device."""
        txn = transaction()
        return self.send((by or device).take(txn, *captures), txn, person, programme, **inner)

    def yes(self, answer):
        self.assertEqual(answer.codes, [], answer.body)
        self.assertTrue(answer.response["authStatus"])
        self.assertTrue(answer.response["authToken"])

    def no(self, answer, *codes, detail=None):
        self.assertEqual(answer.codes, list(codes), answer.body)
        self.assertEqual(answer.response, {"authStatus": False, "authToken": None})
        if detail is not None:
            self.assertIn(detail, answer.json["errors"][-1]["errorMessage"])
        return answer.json["errors"][-1].get("actionMessage")


class Matches(Case):
    def test_a_finger_of_either_record_format_and_the_enrolled_one_itself(self):
        for part, number in ((RIGHT, 1), (LEFT, 1), (RIGHT, 2), (RIGHT, 0)):
            with self.subTest(part=part, number=number):
                self.yes(self.ask(finger(kit, self.person, part, number)))

    def test_two_fingers_together(self):
        self.yes(self.ask(finger(kit, self.person, RIGHT), finger(kit, self.person, LEFT)))

    def test_a_finger_announced_as_fmr(self):
        self.yes(self.ask(Capture(record(kit, self.person), "FMR", RIGHT)))

    def test_an_iris_and_both(self):
        person = someone("Left")
        self.yes(self.ask(iris(kit, person), by=camera, person=person))
        self.yes(self.ask(iris(kit, person), iris(kit, person, "Right"), by=camera, person=person))

    def test_who_is_asked_about_by_a_vid(self):
        person = kit.person("perpetual VID")
        self.yes(self.ask(finger(kit, person), person=person))

    def test_a_device_without_a_chip_signs_both_with_one_key_and_one_with_a_chip_with_two(self):
        for entry in kit.document["devices"]:
            other = Device(kit)
            other.entry = entry
            other.signer = other.load("p12")
            other.chip = other.load("ftm_p12") if "ftm_p12" in entry else other.signer
            self.yes(self.ask(finger(kit, self.person), by=other))
            other.chip = other.signer
            self.yes(self.ask(finger(kit, self.person), by=other))

    def test_a_finger_with_a_code_and_both_must_be_right(self):
        for right in (True, False):
            txn, code = self.programme.code_for(self.person)
            part = RIGHT if right else LEFT
            capture = Capture(record(kit, self.person, part), part=RIGHT)
            answer = self.send(device.take(txn, capture), txn, otp=code)
            if right:
                self.yes(answer)
            else:
                self.no(answer, "IDA-BIA-001")

    def test_a_finger_and_an_iris_and_both_must_match(self):
        person, other = someone("Left"), someone("Left")
        for one, two, right in ((person, person, True), (person, other, False), (other, person, False)):
            with self.subTest(right=right):
                self.answer_of_two(person, one, two, right)

    def answer_of_two(self, person, one, two, right):
        txn = transaction()
        elements = device.take(txn, finger(kit, one), Capture(record(kit, two, "Left"), "Iris", "Left"))
        answer = self.send(elements, txn, person)
        self.yes(answer) if right else self.no(answer, "IDA-BIA-001")

    def test_ekyc_by_a_finger_gives_the_attributes(self):
        answer = self.ask(finger(kit, self.person), function="kyc")
        self.assertEqual(answer.codes, [], answer.body)
        self.assertTrue(answer.response["kycStatus"])
        self.assertIn("name_eng" if any(n["language"] == "eng" for n in self.person["demographics"]["name"])
                      else "name_fra", self.programme.open_kyc(answer.response))
        wrong = self.ask(finger(kit, someone()), function="kyc")
        self.assertEqual(wrong.codes, ["IDA-BIA-001"])
        self.assertFalse(wrong.response["kycStatus"])


class Mismatches(Case):
    def test_another_finger_and_another_persons_finger(self):
        other = someone()
        for held in (record(kit, self.person, LEFT), record(kit, other), record(kit, other, LEFT)):
            self.no(self.ask(Capture(held, part=RIGHT)), "IDA-BIA-001", detail="inger")

    def test_another_iris_and_the_other_eye(self):
        person, other = someone("Left"), someone("Left")
        for held in (record(kit, other, "Left"), record(kit, person, "Right")):
            self.no(self.ask(Capture(held, "Iris", "Left"), by=camera, person=person), "IDA-BIA-001", detail="ris")

    def test_a_finger_that_is_said_to_be_an_iris(self):
        person = someone("Left")
        self.no(self.ask(Capture(record(kit, person), "Iris", "Left"), by=camera, person=person), "IDA-BIA-001")

    def test_who_has_none_enrolled_and_a_part_that_is_not(self):
        nobody, person = kit.person("no biometrics"), self.person
        while "Left" in person["biometrics"]:
            person = someone()
        self.no(self.ask(finger(kit, person), person=nobody), "IDA-BIA-006")
        self.no(self.ask(iris(kit, someone("Left")), by=camera, person=person), "IDA-BIA-006")

    def test_the_advice_names_a_factor_where_the_policy_lets_it_and_nowhere_else(self):
        wrong = Capture(record(kit, someone()), part=RIGHT)
        self.assertEqual(self.no(self.ask(wrong), "IDA-BIA-001"), "Please try with the left index finger")
        answer = self.ask(wrong, programme=kit.partner("daam"), person=someone())
        self.assertNotIn("index", self.no(answer, "IDA-BIA-001"))


    def test_a_finger_of_unknown_position_is_compared_with_none(self):
        self.no(self.ask(Capture(record(kit, self.person), part="UNKNOWN")), "IDA-BIA-001")


class Roots(Case):
    """All rows are sealed again under new record roots while the box works: what core keeps itself is none of them."""

    def roll(self, generation, kills=0):
        """Rolls to this generation; ${kills} provds die on the way."""
        done = box.officer("root", "roll")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        await_(lambda: " root-sweep-begun from=%d to=%d" % (generation - 1, generation) in box.log())
        for _ in range(kills):
            dead = box.kill_one("provd")
            box.await_successor("provd", 1, dead)
            self.yes(self.ask(finger(kit, self.person)))
        await_(lambda: re.search(r" root-sweep-done to=%d resealed=\d+ left=0$" % generation, box.log(), re.M))
        self.assertRegex(box.officer("status").stdout, "record roots: %d → %d, complete" % (generation - 1, generation))

    def still_the_same(self):
        """The person is known, her fingers too; who was frozen is; what was answered is not answered again."""
        self.assertEqual(self.ask(finger(kit, self.person)).response["authToken"], self.token)
        self.no(self.programme.authenticate(self.frozen, self.txn, self.code), "IDA-OTA-013")
        self.no(self.programme.send("auth", self.answered), "IDA-MLC-007")
        self.no(self.ask(Capture(record(kit, self.frozen), part=RIGHT)), "IDA-BIA-001")  # notes it, and looks for advice
        self.assertNotRegex(box.log(), "best-finger-(unreadable|not-noted)|record-generation-not-open")

    def test_rows_and_what_core_remembers_outlive_their_roots(self):
        self.frozen = someone()
        self.token = self.ask(finger(kit, self.person)).response["authToken"]
        self.txn, self.code = self.programme.code_for(self.frozen)
        for _ in range(5):
            self.programme.authenticate(self.frozen, self.txn, wrong(self.code))
        txn = transaction()
        self.answered = self.programme.auth_document(
            self.person, txn, {"biometrics": device.take(txn, finger(kit, self.person))})
        self.yes(self.programme.send("auth", self.answered))
        self.roll(2, kills=3)
        self.still_the_same()
        noted = someone()  # whose fingers are noted under no root that is newer than what is removed
        self.yes(self.ask(finger(kit, noted), person=noted))
        self.roll(3)
        self.still_the_same()
        for old in 1, 2:
            self.assertEqual(box.officer("root", "remove", "generation=%d" % old).returncode, 0)
        dead = box.kill_one("authd-core")
        box.await_successor("authd-core", 1, dead)
        box.await_ready(PATIENCE_SECONDS)
        self.yes(self.ask(finger(kit, noted), person=noted))
        self.still_the_same()


class Devices(Case):
    def test_a_strangers_certificate_is_refused_before_anything_is_opened(self):
        for bent, member in ((dict(signer=stranger), "data"), (dict(chip=stranger), "data/digitalId")):
            answer = self.ask(finger(kit, self.person, **bent))
            self.no(answer, "IDA-MLC-007", "IDA-MPA-001", detail="request/biometrics/0/" + member)

    def test_each_trust_domain_is_for_its_own_signature(self):
        authority = Authority("Devices alone")
        done = box.officer("trust", "add", "domain=DEVICE",
                           "file=%s" % authority.write(box.folder / "device-alone.pem"))
        self.assertEqual(done.returncode, 0, done.stderr)
        ours = authority.signer()
        self.yes(self.ask(finger(kit, self.person, signer=ours)))
        self.no(self.ask(finger(kit, self.person, chip=ours)), "IDA-MLC-007", "IDA-MPA-001")
        chip_alone = camera.chip  # of the kit's FTM authority
        self.no(self.ask(finger(kit, self.person, signer=chip_alone)), "IDA-MLC-007", "IDA-MPA-001")
        expired = authority.signer(days=(-20, -10))
        self.no(self.ask(finger(kit, self.person, signer=expired)), "IDA-MLC-007", "IDA-MPA-001")

    def test_a_device_but_no_programme_is_trusted_that_the_boxs_ca_has_certified_until_its_key_is_revoked(self):
        key, path = certificate_request(box.folder / "scanner.csr")
        done = box.officer("certificate", "issue-device", "name=Scanner 0042", "csr=%s" % path, "days=30")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("authority of domain DEVICE", done.stderr)
        certified = key, x509.load_pem_x509_certificate(done.stdout.encode())
        self.assertEqual(certified[1].subject.rfc4514_string(), "CN=Scanner 0042,C=MA")
        self.yes(self.ask(finger(kit, self.person, signer=certified)))
        self.no(self.ask(finger(kit, self.person, chip=certified)), "IDA-MLC-007", "IDA-MPA-001")
        done = box.officer("certificate", "issue", "id=scans", "name=Scans", "csr=%s" % path, "days=30")
        self.assertEqual(done.returncode, 0, done.stderr)
        programme = key, x509.load_pem_x509_certificate(done.stdout.encode())
        self.no(self.ask(finger(kit, self.person, signer=programme)), "IDA-MLC-007", "IDA-MPA-001")
        done = box.officer("key", "revoke", "IDCS/CA/1", "at-once=yes")
        self.assertEqual(done.returncode, 0, done.stderr)
        refused = lambda: self.ask(finger(kit, self.person, signer=certified)).codes != []
        await_(refused)
        self.no(self.ask(finger(kit, self.person, signer=certified)), "IDA-MLC-007", "IDA-MPA-001")
        self.assertIn("anchor-ended domain=DEVICE purpose=IDCS/CA generation=1 state=revoked", box.log())

    def test_what_was_signed_cannot_be_changed(self):
        def change(element):
            head, payload, tail = element["data"].split(".")
            text = unb64u(payload).replace(b'"qualityScore": 80.5', b'"qualityScore": 99.5')
            element["data"] = ".".join((head, b64u(text), tail))

        def other_header(element):
            payload, tail = element["data"].split(".")[1:]
            element["data"] = ".".join((jws({}, stranger).split(".")[0], payload, tail))

        for spoil in (change, other_header):
            self.no(self.ask(finger(kit, self.person, spoil=spoil)), "IDA-MLC-007", "IDA-MPA-001")

    def test_a_device_of_another_kind(self):
        answer = self.ask(finger(kit, self.person, digital_id={"type": "Iris"}))
        self.no(answer, "IDA-MLC-007", "IDA-DPM-004")

    def test_a_device_on_the_hotlist(self):
        identity = dict(device.entry["digital_id"], serialNo="F-STOLEN")
        name = identity["serialNo"] + identity["make"] + identity["model"]
        stolen = lambda: self.ask(finger(kit, self.person, digital_id={"serialNo": "F-STOLEN"}))
        self.yes(stolen())
        done = box.officer("hotlist", "add", "kind=device", "id=" + name)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.no(stolen(), "IDA-MLC-022")
        self.yes(self.ask(finger(kit, self.person)))


class Sealing(Case):
    def test_the_hash_chain(self):
        two = lambda **bent: (finger(kit, self.person, RIGHT), finger(kit, self.person, LEFT, **bent))
        lower = lambda element: element.update(hash=element["hash"].lower())
        for captures in ([finger(kit, self.person, element={"hash": "0" * 64})],
                         [finger(kit, self.person, spoil=lower)],
                         two(element={"hash": device.take("0" * 10, *two())[0]["hash"]})):
            self.no(self.ask(*captures), "IDA-MLC-007", "IDA-BIA-014")

    def test_segments_cannot_change_places_or_be_left_out(self):
        for choose in (lambda elements: elements[::-1], lambda elements: elements[1:]):
            txn = transaction()
            elements = device.take(txn, finger(kit, self.person, RIGHT), finger(kit, self.person, LEFT))
            self.no(self.send(choose(elements), txn), "IDA-MLC-007", "IDA-BIA-014")

    def test_what_does_not_open(self):
        for bent in (dict(data={"bioValue": b64u(os.urandom(400))}), dict(sealed_at=now(-5)),
                     dict(element={"sessionKey": b64u(os.urandom(256))}), dict(element={"sessionKey": "x"}),
                     dict(element={"thumbprint": b64u(os.urandom(32))}), dict(data={"bioValue": b64u(b"short")})):
            with self.subTest(bent):
                self.no(self.ask(finger(kit, self.person, **bent)), "IDA-MLC-007", "IDA-MPA-003")

    def test_a_capture_serves_one_transaction(self):
        old = transaction()
        elements = device.take(old, finger(kit, self.person))
        self.no(self.send(elements, transaction()), "IDA-MLC-009",
                detail="request/biometrics/0/data/transactionId")
        self.yes(self.send(elements, old))

    def test_a_request_is_served_once(self):
        txn = transaction()
        document = self.programme.auth_document(self.person, txn,
                                                {"biometrics": device.take(txn, finger(kit, self.person))})
        self.yes(self.programme.send("auth", document))
        self.assertEqual(self.programme.send("auth", document).codes[0], "IDA-MLC-007")


class Members(Case):
    def test_what_the_filter_layer_needs(self):
        rows = [(dict(element={name: value}), name) for name in ("data", "sessionKey", "hash")
                for value in (KeyError, None)]
        rows += [(dict(data={name: KeyError}), "data/" + name)
                 for name in ("digitalId", "bioValue", "timestamp", "transactionId")]
        for bent, member in rows:
            with self.subTest(member):
                self.no(self.ask(finger(kit, self.person, **bent)), "IDA-MLC-007", "IDA-MLC-006",
                        detail="request/biometrics/0/" + member)

    def test_what_the_controller_layer_needs(self):
        rows = [(dict(data={name: ""}), "data/" + name)
                for name in ("bioType", "bioSubType", "deviceCode", "deviceServiceVersion", "purpose")]
        rows += [(dict(data={"bioSubType": KeyError}), "data/bioSubType")]
        rows += [(dict(digital_id={name: ""}), "data/digitalId/" + name)
                 for name in ("serialNo", "make", "model", "deviceSubType", "deviceProvider", "deviceProviderId")]
        for bent, member in rows:
            with self.subTest(member):
                self.no(self.ask(finger(kit, self.person, **bent)), "IDA-MLC-006",
                        detail="request/biometrics/0/" + member)

    def test_values_that_there_are_not(self):
        rows = [
            (dict(data={"bioSubType": "Third Hand"}), "IDA-MLC-009", "request/biometrics/0/data/bioSubType"),
            (dict(data={"bioType": "Voice"}), "IDA-MLC-011", "bio-Voice"),
            (dict(data={"purpose": "Registration"}), "IDA-MLC-009", "data/purpose"),
            (dict(data={"env": "Developer"}), "IDA-MLC-024", "env"),
            (dict(data={"domainUri": "https://elsewhere.example"}), "IDA-MLC-024", "domainUri"),
            (dict(data={"env": KeyError}), "IDA-MLC-009", "env"),
            (dict(time="2026-02-31T25:61:00.000Z"), "IDA-MLC-009", "data/timestamp"),
            (dict(id_time="yesterday"), "IDA-MLC-009", "data/digitalId/dateTime"),
        ]
        for bent, code, detail in rows:
            with self.subTest(bent):
                if "data" in bent and "bioType" in bent["data"]:
                    bent["digital_id"] = {"type": bent["data"]["bioType"]}
                self.no(self.ask(finger(kit, self.person, **bent)), code, detail=detail)

    def test_times_in_order_close_together_and_near_now(self):
        two = lambda first, second: (finger(kit, self.person, RIGHT, **first), finger(kit, self.person, LEFT, **second))
        self.no(self.ask(*two(dict(time=now()), dict(time=now(-2), id_time=now(1)))), "IDA-MLC-030")
        self.no(self.ask(*two(dict(time=now(-125), id_time=now(-1)), {})), "IDA-MLC-030")
        self.no(self.ask(*two(dict(id_time=now(1)), dict(id_time=now(-1)))), "IDA-MLC-031")
        self.no(self.ask(*two(dict(id_time=now(-125)), {})), "IDA-MLC-031")
        self.no(self.ask(finger(kit, self.person, time=now(-3600))), "IDA-MLC-001")
        self.no(self.ask(finger(kit, self.person, id_time=now(-3600))), "IDA-MLC-001")
        in_seconds = datetime.datetime.utcnow().strftime("%Y-%m-%dT%H:%M:%SZ")
        self.yes(self.ask(finger(kit, self.person, time=in_seconds)))

    def test_how_many(self):
        right = finger(kit, self.person, RIGHT)
        self.no(self.ask(right, right), "IDA-BIA-002")
        self.no(self.ask(right, finger(kit, self.person, LEFT), Capture(right.record, part="Left Thumb")),
                "IDA-BIA-003")
        person = someone("Left")
        self.no(self.ask(iris(kit, person), iris(kit, person), by=camera, person=person), "IDA-BIA-007")
        self.no(self.send([], transaction()), "IDA-MLC-008")
        self.no(self.send("none", transaction()), "IDA-MLC-007", "IDA-MLC-009")


class Records(Case):
    def test_an_image_needs_a_plug_in_which_is_not_here(self):
        self.no(self.ask(Capture(image_record())), "IDA-BIA-011", detail="image")

    def test_a_face_needs_a_model_which_is_not_here(self):
        face = Capture(face_vector(), "Face", data={"bioSubType": KeyError})
        self.no(self.ask(face), "IDA-BIA-017")

    def test_records_that_are_none(self):
        whole = record(kit, self.person)
        for held in (whole[:-1], whole + b"\0", whole[:24], b"garbage", bytes(2000), os.urandom(500)):
            self.no(self.ask(Capture(held)), "IDA-BIA-011")

    def test_two_views_in_one_record(self):
        held = two_views(record(kit, self.person), record(kit, someone()))
        self.no(self.ask(Capture(held)), "IDA-BIA-010")
        misnumbered = bytearray(held)
        misnumbered[len(record(kit, self.person)) + 1] = 0
        self.no(self.ask(Capture(bytes(misnumbered))), "IDA-BIA-011")


class Policies(Case):
    def test_a_policy_without_biometrics_and_one_without_minutiae(self):
        self.no(self.ask(finger(kit, self.person), programme=kit.partner("asd")), "IDA-MLC-007", "IDA-MPA-006",
                detail="bio-Finger")
        daam = kit.partner("daam")
        self.yes(self.ask(finger(kit, self.person), programme=daam))
        self.no(self.ask(Capture(record(kit, self.person), "FMR", RIGHT), programme=daam), "IDA-MLC-007", "IDA-MPA-006",
                detail="bio-FMR")

    def test_who_locked_their_fingers_and_a_child(self):
        locked = kit.person("locked bio-Finger")
        self.no(self.ask(finger(kit, locked), person=locked), "IDA-MLC-019", detail="bio-Finger")
        infant = kit.person("infant")
        self.no(self.ask(finger(kit, infant), person=infant), "IDA-MLC-011")


class Limits(Case):
    def test_five_failures_then_the_finger_must_wait_but_no_other_factor(self):
        person, wrong = someone("Left"), Capture(record(kit, someone()), part=RIGHT)
        for _ in range(5):
            self.no(self.ask(wrong, person=person), "IDA-BIA-001")
        right = lambda: self.ask(finger(kit, person), person=person)
        self.assertIn("iris", self.no(right(), "IDA-MLC-019", detail="bio-Finger"))
        self.yes(self.ask(iris(kit, person), by=camera, person=person))
        box.kill("authd-core")
        box.await_ready(60)
        self.no(right(), "IDA-MLC-019", detail="bio-Finger")
        other = self.ask(finger(kit, person), person=person, programme=kit.partner("daam"))
        self.no(other, "IDA-MLC-019")  # of another programme too
        self.yes(self.ask(finger(kit, self.person)))

    def test_a_match_forgets_the_failures_before_it(self):
        wrong = Capture(record(kit, someone()), part=RIGHT)
        for _ in range(2):
            for _ in range(4):
                self.no(self.ask(wrong), "IDA-BIA-001")
            self.yes(self.ask(finger(kit, self.person)))


class Jose(Case):
    def setUp(self):
        super().setUp()
        self.asker = JoseProgramme(self.programme)

    def authenticate(self, *captures, by=None, person=None, **members):
        txn = transaction()
        elements = (by or device).take(txn, *captures, domain_uri=self.asker.issuer)
        return self.asker.authenticate(person or self.person, txn, biometrics=elements, **members), txn

    def problem(self, answer, status, name):
        self.assertEqual((answer.status, answer.json["type"]), (status, "urn:idcs:problem:" + name), answer.body)

    def test_a_finger_and_an_iris_authenticate(self):
        person = someone("Left")
        rows = (((finger(kit, person),), device, ["fpt"]), ((iris(kit, person),), camera, ["iris"]),
                ((finger(kit, person), finger(kit, person, LEFT)), device, ["fpt"]))
        for captures, by, amr in rows:
            answer, txn = self.authenticate(*captures, by=by, person=person)
            self.assertEqual(answer.status, 200, answer.body)
            claims = self.asker.verify(answer.body.decode())[1]
            self.assertEqual((claims["txn"], claims["amr"], claims["acr"]), (txn, amr, "idbb:acr:biometrics"))

    def test_a_finger_with_a_code(self):
        txn, code = self.asker.code_for(self.person)
        elements = device.take(txn, finger(kit, self.person), domain_uri=self.asker.issuer)
        answer = self.asker.authenticate(self.person, txn, code, biometrics=elements)
        claims = self.asker.verify(answer.body.decode())[1]
        self.assertEqual((sorted(claims["amr"]), claims["acr"]),
                         (["fpt", "mfa", "otp"], "idbb:acr:biometrics-generated-code"))

    def test_whoever_it_is_not_the_answer_is_the_same(self):
        other, nobody, locked = someone(), kit.person("no biometrics"), kit.person("locked bio-Finger")
        answers = [self.authenticate(finger(kit, other)), self.authenticate(Capture(record(kit, self.person, LEFT))),
                   self.authenticate(finger(kit, other), person=nobody),
                   self.authenticate(finger(kit, locked), person=locked),
                   self.authenticate(iris(kit, someone("Left")), by=camera, person=nobody)]
        for answer, _ in answers:
            self.problem(answer, 403, "not-authenticated")
        self.assertEqual(len({answer.body for answer, _ in answers}), 1)

    def test_what_is_no_capture_for_this_box(self):
        elsewhere = finger(kit, self.person, data={"domainUri": kit.document["domain_uri"] + "/other"})
        for captures, status, name in (
                ([finger(kit, self.person, signer=stranger)], 401, "not-recognised"),
                ([finger(kit, self.person, element={"hash": "0" * 64})], 400, "malformed"),
                ([elsewhere], 400, "malformed"),
                ([finger(kit, self.person), finger(kit, self.person)], 400, "malformed")):
            answer, _ = self.authenticate(*captures)
            self.problem(answer, status, name)

    def test_attributes_by_a_finger(self):
        txn = transaction()
        elements = device.take(txn, finger(kit, self.person), domain_uri=self.asker.issuer)
        answer = self.asker.attributes(self.person, txn, ["dob"], biometrics=elements)
        self.assertEqual(answer.status, 200, answer.body)
        claims = self.asker.verify(self.asker.open(answer.body.decode()))[1]
        self.assertEqual(claims["attributes"], {"dob": self.person["demographics"]["dob"]})


class Secrets(Case):
    def test_the_log_has_reasons_and_nothing_of_a_person(self):
        self.no(self.ask(Capture(record(kit, someone()), part=RIGHT)), "IDA-BIA-001")
        log = box.log()
        self.assertIn("BIA-001", log.replace("_", "-"))
        for person in kit.document["people"]:
            self.assertNotIn(person["individualId"], log)
        for part in (RIGHT, LEFT):
            self.assertNotIn(b64u(record(kit, self.person, part))[40:72], log)
        self.assertNotIn("IndexFinger", log)


if __name__ == "__main__":
    unittest.main()
