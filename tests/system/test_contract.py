"""The contract table of MOSIP's own API tests (§7.1), row by row, but for biometrics and the internal endpoint."""

import unittest

from box import Box
from programme import now, transaction, wrong

MOVED = {"dob": lambda text: "%04d%s" % (int(text[:4]) + 1, text[4:])}


def setUpModule():
    global box, kit
    box = Box(people=120)
    kit = box.kit


def tearDownModule():
    box.close()


def other(value):
    """Another value of the same form."""
    if isinstance(value, list):
        return [{"language": entry["language"], "value": "Quelqu'un d'autre"} for entry in value]
    return ("" if "@" not in value else "x") + value[:-1] + str((ord(value[-1]) + 1) % 10)


class Contract(unittest.TestCase):
    def setUp(self):
        self.programme = kit.programme(has=("otp", "otp-request", "demo"))

    def check(self, answer, *codes):
        kit.verify(answer)
        self.assertEqual((answer.status, answer.codes), (200, list(codes)), answer.body)
        if "authStatus" in (answer.response or {}):
            self.assertEqual(answer.response["authStatus"], not codes)

    def auth(self, person, inner=None, **changes):
        document = self.programme.auth_document(person, transaction(), inner or {"otp": "123456"})
        document.update(changes)
        for name in [name for name, value in changes.items() if value is KeyError]:
            del document[name]
        return self.programme.send("auth", document)

    def declare(self, person, **demographics):
        return self.auth(person, {"demographics": demographics})

    def test_bad_signature_or_the_key_of_nobody(self):
        person, stranger = kit.person(), kit.programme(token="random")
        for function in ("otp", "auth"):
            document = getattr(self.programme, function + "_document")
            document = document(person, transaction()) if function == "otp" else document(person, transaction(), {})
            signature = self.programme.sign(b"another body")
            self.check(self.programme.send(function, document, headers={"Signature": signature}),
                       "IDA-MLC-007", "IDA-MPA-001")
            twin = self.programme.other(key=stranger.key)
            self.check(twin.send(function, document), "IDA-MLC-007", "IDA-MPA-001")

    def test_revoked_vid_and_deactivated_uin(self):
        for note, kind in (("revoked VID", "VID"), ("deactivated", "UIN")):
            person = kit.person(note)
            for answer in (self.auth(person), self.programme.ask(person)):
                self.check(answer, "IDA-MLC-018")
                self.assertEqual(answer.json["errors"][0]["errorMessage"], kind + " not available in database")

    def test_checksums(self):
        self.check(self.auth(kit.person(), individualId="5938714606"), "IDA-MLC-002")
        self.check(self.auth(kit.person(), individualId="4926371850146398", individualIdType="VID"), "IDA-MLC-004")

    def test_identifier_and_its_type(self):
        for value in ("", " ", None, KeyError):
            self.check(self.auth(kit.person(), individualId=value), "IDA-MLC-006")
        self.check(self.auth(kit.person(), individualIdType=""), "IDA-MLC-006")
        self.check(self.auth(kit.person(), individualIdType="IDCS"), "IDA-MLC-009")

    def test_transaction(self):
        for value in ("", " ", None, KeyError):
            self.check(self.auth(kit.person(), transactionID=value), "IDA-MLC-006")
        for value in ("123456789", "12345678901", "12345 7890", "123456789\u0660"):
            self.check(self.auth(kit.person(), transactionID=value), "IDA-MLC-009")

    def test_bad_date_of_birth_and_age(self):
        person = kit.person()
        for dob in ("1990-01-01", "1990/13/01", "01/01/1990", "1990"):
            self.check(self.declare(person, dob=dob), "IDA-MLC-009")
        for age in ("old", "-3", "3.5"):
            self.check(self.declare(person, age=age), "IDA-MLC-009")

    def test_each_declared_member_wrong_alone(self):
        """Name, gender, e-mail and phone, and all others there are, each beside its right value."""
        names = set(kit.person()["demographics"])
        self.assertLessEqual({"name", "gender", "emailId", "phoneNumber", "dob"}, names)
        for name in sorted(names):
            person = kit.person()
            value = person["demographics"][name]
            with self.subTest(name):
                self.check(self.declare(person, **{name: value}))
                answer = self.declare(person, **{name: MOVED.get(name, other)(value)})
                self.assertEqual(set(answer.codes), {"IDA-DEA-001"}, answer.body)
                self.assertIs(answer.response["authStatus"], False)

    def test_locked_factors(self):
        locked = kit.person("locked demo")
        self.check(self.declare(locked, dob=locked["demographics"]["dob"]), "IDA-MLC-019")
        self.check(self.programme.ask(kit.person("locked otp-phone")), "IDA-MLC-019")
        self.check(self.auth(kit.person("locked otp-phone")), "IDA-MLC-019")

    def test_infant_with_a_code(self):
        infant = kit.person("infant")
        self.check(self.auth(infant), "IDA-MLC-011")
        self.check(self.declare(infant, dob=infant["demographics"]["dob"]))

    def test_stale_time(self):
        self.check(self.auth(kit.person(), requestTime=now(-3600)), "IDA-MLC-001")

    def test_wrong_code_beside_the_right_one(self):
        person = kit.person()
        txn, code = self.programme.code_for(person)
        self.check(self.programme.authenticate(person, txn, wrong(code)), "IDA-OTA-004")
        self.check(self.programme.authenticate(person, txn, code))

    def test_no_factor(self):
        self.check(self.auth(kit.person(), {"otp": "", "demographics": {}, "biometrics": []}), "IDA-MLC-008")


if __name__ == "__main__":
    unittest.main()
