"""eKYC: who may have which attributes, encrypted to whom."""

import unittest

from cryptography.hazmat.primitives import hashes

from box import Box
from programme import wrong


def setUpModule():
    global box, kit
    box = Box(people=60)
    kit = box.kit


def tearDownModule():
    box.close()


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
