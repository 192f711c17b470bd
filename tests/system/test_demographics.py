"""Demographic authentication on the shipped programs: what is declared against what is stored."""

import unittest

from box import Box
from programme import transaction


def setUpModule():
    global box, kit
    box = Box(people=120)
    kit = box.kit


def tearDownModule():
    box.close()


def year(dob, change):
    return "%04d%s" % (int(dob[:4]) + change, dob[4:])


class Demographics(unittest.TestCase):
    def setUp(self):
        self.programme = kit.programme(has=("otp", "otp-request", "demo"))
        self.person = kit.person()
        self.known = self.person["demographics"]

    def declare(self, demographics, **inner):
        document = self.programme.auth_document(self.person, transaction(), {"demographics": demographics, **inner})
        answer = self.programme.send("auth", document)
        kit.verify(answer)
        return answer

    def no(self, answer, *codes):
        self.assertEqual(answer.codes, list(codes), answer.body)
        self.assertEqual(answer.response, {"authStatus": False, "authToken": None})

    def yes(self, answer):
        self.assertEqual(answer.codes, [], answer.body)
        self.assertIs(answer.response["authStatus"], True)

    def test_all_that_is_stored_matches_in_every_language(self):
        self.yes(self.declare(self.known))

    def test_each_member_alone(self):
        for name, value in self.known.items():
            with self.subTest(name):
                self.yes(self.declare({name: value}))

    def test_order_case_and_punctuation_of_a_name_do_not_matter(self):
        for entry in self.known["name"]:
            words = entry["value"].upper().split()
            self.yes(self.declare({"name": [{"language": entry["language"], "value": ", ".join(reversed(words))}]}))

    def test_one_wrong_member_is_a_no_that_names_it(self):
        answer = self.declare({"dob": year(self.known["dob"], 1), "phoneNumber": self.known["phoneNumber"]})
        self.no(answer, "IDA-DEA-001")
        self.assertIn("dob", answer.json["errors"][0]["errorMessage"])
        self.assertNotIn(self.known["dob"], answer.body.decode())
        answer = self.declare({"name": [{"language": "fra", "value": "Somebody Else"}]})
        self.no(answer, "IDA-DEA-001")
        self.assertIn("fra", answer.json["errors"][0]["errorMessage"])

    def test_age_is_a_lower_bound(self):
        self.yes(self.declare({"age": "1"}))
        self.no(self.declare({"age": "150"}), "IDA-DEA-001")

    def test_malformed_members(self):
        for demographics, code in [({"dob": "1990-01-01"}, "IDA-MLC-009"), ({"age": "old"}, "IDA-MLC-009"),
                                   ({"age": "0"}, "IDA-MLC-009"),
                                   ({"name": [{"value": "x"}]}, "IDA-MLC-006"),
                                   ({"name": [{"language": "deu", "value": "x"}]}, "IDA-DEA-002"),
                                   ({"name": [{"language": "fra", "value": "x"}, {"language": "fra", "value": "y"}]},
                                    "IDA-MLC-009"),
                                   ({"fullAddress": [{"language": "fra", "value": "x"}], "postalCode": "10000"},
                                    "IDA-MLC-013"),
                                   ({"favouriteColour": "blue"}, "IDA-DEA-003")]:
            with self.subTest(demographics):
                self.no(self.declare(demographics), code)

    def test_both_factors_must_match(self):
        txn, code = self.programme.code_for(self.person)
        document = self.programme.auth_document(self.person, txn, {
            "otp": code, "demographics": {"dob": self.known["dob"]}})
        self.yes(self.programme.send("auth", document))
        txn, code = self.programme.code_for(self.person)
        document = self.programme.auth_document(self.person, txn, {
            "otp": code, "demographics": {"dob": year(self.known["dob"], -1)}})
        self.no(self.programme.send("auth", document), "IDA-DEA-001")

    def test_guessing_meets_a_limit_and_others_are_not_affected(self):
        for _ in range(5):
            self.no(self.declare({"dob": year(self.known["dob"], 7)}), "IDA-DEA-001")
        self.no(self.declare({"dob": self.known["dob"]}), "IDA-MLC-019")
        self.person = kit.person()
        self.yes(self.declare({"dob": self.person["demographics"]["dob"]}))

    def test_an_age_cannot_be_bisected(self):
        answers, low, high = 0, 1, 120
        while low < high:
            middle = (low + high + 1) // 2
            answer = self.declare({"age": str(middle)})
            if answer.codes == ["IDA-MLC-019"]:
                break
            answers += 1
            low, high = (middle, high) if answer.response["authStatus"] else (low, middle - 1)
        self.assertLessEqual(answers, 5)
        self.assertLess(low, high)

    def test_a_programme_has_a_failure_budget(self):
        poor = Box(people=60, core__failures_an_hour=4)
        try:
            programme = poor.kit.programme(has=("otp", "otp-request", "demo"))
            codes = []
            for _ in range(6):
                person = poor.kit.person()
                document = programme.auth_document(person, transaction(), {"demographics": {"dob": "1901/01/01"}})
                codes += programme.send("auth", document).codes
            self.assertEqual(codes, ["IDA-DEA-001"] * 4 + ["IDA-MLC-007"] * 2)
        finally:
            poor.close()

    def test_unknown_numbers_meet_the_budget_too(self):
        poor = Box(people=40, core__failures_an_hour=3)
        try:
            programme = poor.kit.programme(has=("otp", "otp-request", "demo"))
            stranger = {"individualId": "5938714605", "individualIdType": "UIN"}
            codes = [programme.ask(stranger).codes for _ in range(5)]
            self.assertEqual(codes, [["IDA-MLC-018"]] * 3 + [["IDA-MLC-007"]] * 2)
            self.assertEqual(programme.ask(poor.kit.person()).codes, [])
        finally:
            poor.close()

    def test_a_locked_factor_and_a_policy_without_it(self):
        self.person = kit.person("locked demo")
        self.no(self.declare({"dob": self.person["demographics"]["dob"]}), "IDA-MLC-019")
        self.programme, self.person = kit.programme(lacks=("demo",)), kit.person()
        self.no(self.declare({"dob": self.person["demographics"]["dob"]}), "IDA-MLC-007", "IDA-MPA-006")

    def test_an_infant_may_be_declared(self):
        self.person = kit.person("infant")
        self.yes(self.declare({"dob": self.person["demographics"]["dob"]}))


if __name__ == "__main__":
    unittest.main()
