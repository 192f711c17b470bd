"""eKYC: who may have which attributes, encrypted to whom."""

import base64
import hashlib
import json
import subprocess
import unittest

from cryptography.hazmat.primitives import hashes

from box import BUILD, Box
from programme import wrong


def setUpModule():
    global box, kit
    box = Box(people=60)
    kit = box.kit


def tearDownModule():
    box.close()


PHOTO_MOST = 32 * 1024


def image(size):
    """No portrait, but a file that begins as a JPEG does."""
    return b"\xff\xd8\xff\xe0" + hashlib.shake_128(b"%d" % size).digest(size - 4)


class Kyc(unittest.TestCase):
    def ask(self, programme, person, code=None):
        txn, right = programme.code_for(person)
        answer = programme.send("kyc", programme.kyc_document(person, txn, {"otp": code or right}))
        kit.verify(answer)
        return answer

    def test_the_programme_and_nobody_else_reads_the_attributes_of_its_policy(self):
        person, programme = kit.person(), kit.programme(has=("otp", "otp-request", "kyc"))
        answer = self.ask(programme, person)
        self.assertEqual(answer.json["id"], "mosip.identity.kyc")
        self.assertIs(answer.response["kycStatus"], True)
        self.assertRegex(answer.response["authToken"], r"^[0-9]{36}$")
        self.assertEqual(answer.response["thumbprint"], programme.certificate.fingerprint(hashes.SHA256()).hex().upper())
        attributes = programme.open_kyc(answer.response)
        names = {entry["language"]: entry["value"] for entry in person["demographics"]["name"]}
        given = {name[5:]: value for name, value in attributes.items() if name.startswith("name_")}
        self.assertTrue(given)
        for language, value in given.items():
            self.assertEqual(names[language], value)
        self.assertEqual(attributes["dob"], person["demographics"]["dob"])
        other = next(p for p in map(kit.partner, (e["id"] for e in kit.partners())) if p.id != programme.id)
        self.assertRaises(ValueError, other.open_kyc, answer.response)

    def test_only_allowed_attributes_and_masked_ones_masked(self):
        for entry in kit.partners(status="active"):
            allowed = {a["authType"] for a in entry["allowed"]["allowedAuthTypes"]}
            mandatory = any(a.get("mandatory") for a in entry["allowed"]["allowedAuthTypes"])
            if not {"otp", "otp-request", "kyc"} <= allowed or mandatory:
                continue
            person, programme = kit.person(), kit.partner(entry["id"])
            attributes = programme.open_kyc(self.ask(programme, person).response)
            wanted = {a["attributeName"]: a.get("masked", False) for a in entry["allowed"]["allowedKycAttributes"]}
            self.assertEqual("phoneNumber" in attributes, "phone" in wanted)
            self.assertEqual("dob" in attributes, "dateOfBirth" in wanted)
            if wanted.get("phone"):
                self.assertNotEqual(attributes["phoneNumber"], person["phone"])
                self.assertEqual(attributes["phoneNumber"][-4:], person["phone"][-4:])

    def allowed(self, entry):
        return {a["attributeName"] for a in entry["allowed"]["allowedKycAttributes"]}

    def programmes(self, photo):
        """Those that may ask for attributes with a code alone, by whether they see photos."""
        for entry in kit.partners(status="active"):
            types = entry["allowed"]["allowedAuthTypes"]
            if {"otp", "otp-request", "kyc"} <= {t["authType"] for t in types} and not any(t["mandatory"] for t in types):
                if ("photo" in self.allowed(entry)) == photo:
                    yield kit.partner(entry["id"])

    def photo_of(self, person, programme):
        attributes = programme.open_kyc(self.ask(programme, person).response)
        self.assertIn("dob", attributes)
        return base64.b64decode(attributes["photo"], validate=True) if "photo" in attributes else None

    def test_the_photo_goes_to_the_programme_that_may_see_it(self):
        person, programme = kit.person(), next(self.programmes(photo=True))
        photo = self.photo_of(person, programme)
        self.assertEqual(hashlib.sha256(photo).hexdigest(), person["photo_sha256"])
        self.assertEqual((photo[:3], photo[-2:]), (b"\xff\xd8\xff", b"\xff\xd9"))

    def test_no_other_programme_sees_it(self):
        others = list(self.programmes(photo=False))
        self.assertTrue(others)
        for programme in others:
            attributes = programme.open_kyc(self.ask(programme, kit.person()).response)
            self.assertIn("dob", attributes)
            self.assertEqual({"photo", "face", "picture"} & set(attributes), set())

    def test_a_person_without_a_photo_has_the_other_attributes(self):
        person = kit.person("no photo")
        self.assertIsNone(person["photo_sha256"])
        self.assertIsNone(self.photo_of(person, next(self.programmes(photo=True))))

    def people(self, person, photo):
        """A file with the person as the register has them now, and their photo from now on."""
        every = json.loads((box.state / ("officer/demo/people-%d.json" % box.people)).read_text())
        found = next(p for p in every if p["uin"] == person["individualId"])
        found["photo"] = photo
        path = box.folder / "import.json"
        path.write_text(json.dumps([found]))
        return str(path)

    def put(self, person, photo):
        return box.officer("people", "import", self.people(person, photo and base64.b64encode(photo).decode()))

    def test_a_photo_is_replaced_and_taken_away_with_its_person(self):
        person, programme = kit.person(), next(self.programmes(photo=True))
        for photo in (image(PHOTO_MOST), image(500), None):
            done = self.put(person, photo)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(self.photo_of(person, programme), photo)

    def test_what_is_no_photo_is_refused_with_what_to_do(self):
        person, programme = kit.person(), next(self.programmes(photo=True))
        jpeg = base64.b64encode(image(1000)).decode()
        for photo, advice in ((base64.b64encode(image(PHOTO_MOST + 1)).decode(), "larger than 32768 bytes: scale it down"),
                              (base64.b64encode(image(200000)).decode(), "larger than 32768 bytes: scale it down"),
                              (base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(100)).decode(), "not a JPEG"),
                              (jpeg[:50] + "*" + jpeg[51:], "not a JPEG"), ("", "not a JPEG"), (17, "wrong type")):
            done = box.officer("people", "import", self.people(person, photo))
            self.assertEqual(done.returncode, 2, done.stdout)
            self.assertIn("people[0]", done.stderr)
            self.assertIn(advice, done.stderr)
        self.assertEqual(hashlib.sha256(self.photo_of(person, programme)).hexdigest(), person["photo_sha256"])

    def test_the_demonstration_shows_the_attributes_and_keeps_the_photo(self):
        person, path = kit.person(), box.folder / "person.jpg"
        command = [str(BUILD / "bin/idcs-programme"), "--kit", str(box.kit_folder), "--person", person["individualId"]]
        done = subprocess.run(command + ["--partner", "amo-tadamon", "--kyc", "--photo", str(path)], text=True,
                              stdout=subprocess.PIPE, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("dob: " + person["demographics"]["dob"], done.stdout)
        self.assertEqual(hashlib.sha256(path.read_bytes()).hexdigest(), person["photo_sha256"])
        done = subprocess.run(command + ["--photo", str(path)], stderr=subprocess.DEVNULL, timeout=60)
        self.assertEqual(done.returncode, 2)

    def test_neither_the_registry_nor_the_journal_nor_the_log_holds_a_photo_anybody_could_see(self):
        person, programme = kit.person(), next(self.programmes(photo=True))
        photo = image(20000)
        self.assertEqual(self.put(person, photo).returncode, 0)
        self.assertEqual(self.photo_of(person, programme), photo)
        plain, text = photo[100:132], base64.b64encode(photo[99:132])[4:-4]
        files = [path for path in box.state.rglob("*") if path.is_file() and path.stat().st_size > 0]
        self.assertTrue(any(path.name == "data.mdb" for path in files))
        for path in files:
            content = path.read_bytes()
            self.assertNotIn(plain, content, path)
            self.assertNotIn(text, content, path)

    def test_a_wrong_code_gives_no_attributes(self):
        person, programme = kit.person(), kit.programme(has=("otp", "otp-request", "kyc"))
        txn, code = programme.code_for(person)
        answer = programme.send("kyc", programme.kyc_document(person, txn, {"otp": wrong(code)}))
        kit.verify(answer)
        self.assertEqual(answer.codes, ["IDA-OTA-004"])
        self.assertEqual(answer.response, {"kycStatus": False})

    def test_a_policy_without_ekyc_is_refused(self):
        programme = kit.programme(lacks=("kyc",))
        answer = programme.send("kyc", programme.kyc_document(kit.person(), "1234567890", {"otp": "123456"}))
        self.assertEqual(answer.codes, ["IDA-MLC-007", "IDA-MPA-013"])
        self.assertEqual(answer.response, {"kycStatus": False})

    def test_an_auth_request_is_not_a_kyc_request(self):
        programme = kit.programme(has=("otp", "otp-request", "kyc"))
        answer = programme.send("kyc", programme.auth_document(kit.person(), "1234567890", {"otp": "123456"}))
        self.assertEqual(answer.codes, ["IDA-MLC-007", "IDA-MLC-009"])


if __name__ == "__main__":
    unittest.main()
