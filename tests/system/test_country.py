"""A country's own choices: factors, channels, kinds of identifier and the rule for children, switched off or on."""

import unittest

from box import Box
from programme import transaction


class Country(unittest.TestCase):
    def no(self, answer, *codes):
        self.kit.verify(answer)
        self.assertEqual(answer.codes, list(codes), answer.body)

    def let_in(self, person):
        programme = self.kit.programme()
        txn, code = programme.code_for(person)
        answer = programme.authenticate(person, txn, code)
        self.assertIs(answer.response["authStatus"], True, answer.body)

    def declare(self, person):
        programme = self.kit.programme(has=("otp", "otp-request", "demo"))
        inner = {"demographics": {"dob": person["demographics"]["dob"]}}
        return programme.send("auth", programme.auth_document(person, transaction(), inner))

    @classmethod
    def setUpClass(cls):
        cls.box = Box(people=60, **cls.settings)
        cls.kit = cls.box.kit

    @classmethod
    def tearDownClass(cls):
        cls.box.close()


class CodesByPhoneForNumbersAlone(Country):
    settings = {"core__auth_types_allowed": "otp", "core__otp_channels": "phone", "core__identifier_types": "UIN",
                "core__child_otp_denied": "no"}

    def test_the_factor_that_is_left(self):
        self.let_in(self.kit.person())

    def test_declarations_are_no_factor_here(self):
        self.no(self.declare(self.kit.person()), "IDA-MLC-011")

    def test_codes_go_by_phone(self):
        programme = self.kit.programme()
        for channels in (("email",), ("phone", "email")):
            self.no(programme.ask(self.kit.person(), channels=channels), "IDA-OTA-009")
        self.assertEqual(programme.ask(self.kit.person(), channels=("phone",)).codes, [])

    def test_a_vid_identifies_nobody_here(self):
        programme, person = self.kit.programme(), self.kit.person("perpetual VID")
        self.no(programme.ask(person), "IDA-MLC-015")
        self.no(programme.authenticate(person, transaction(), "123456"), "IDA-MLC-015")
        document = programme.otp_document(person, transaction())
        del document["individualIdType"]
        self.no(programme.send("otp", document), "IDA-MLC-009")

    def test_children_have_codes_here(self):
        self.let_in(self.kit.person("infant"))


class DeclarationsByMailForVids(Country):
    settings = {"core__auth_types_allowed": "demo", "core__otp_channels": "email", "core__identifier_types": "VID"}

    def test_what_is_declared_is_the_factor(self):
        answer = self.declare(self.kit.person("perpetual VID"))
        self.assertIs(answer.response["authStatus"], True, answer.body)

    def test_codes_are_no_factor_here(self):
        person = self.kit.person("perpetual VID")
        self.no(self.kit.programme().authenticate(person, transaction(), "123456"), "IDA-MLC-011")

    def test_codes_go_by_mail(self):
        person, programme = self.kit.person("perpetual VID"), self.kit.programme()
        self.no(programme.ask(person), "IDA-OTA-009")
        txn = transaction()
        self.assertEqual(programme.ask(person, txn, channels=("email",)).codes, [])
        self.assertRegex(self.kit.code(txn), "^[0-9]{6}$")
        self.assertEqual([m["channel"] for m in self.kit.messages(txn)], ["email"])

    def test_a_number_identifies_nobody_here(self):
        self.no(self.kit.programme().ask(self.kit.person(), channels=("email",)), "IDA-MLC-015")


if __name__ == "__main__":
    unittest.main()
