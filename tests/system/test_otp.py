"""OTP from request to answer on the shipped programs: the successes, and beside each the denials around it."""

import concurrent.futures
import time
import unittest

from box import Box
from programme import now, transaction, wrong

PERSON_TOKEN = 36


def setUpModule():
    global box, kit
    box = Box(people=200)
    kit = box.kit


def tearDownModule():
    box.close()


class AskForCode(unittest.TestCase):
    def test_a_code_is_sent_and_the_destination_masked(self):
        person, programme, txn = kit.person(), kit.programme(), transaction()
        answer = programme.ask(person, txn, channels=("phone", "email"))
        kit.verify(answer)
        document = answer.json
        self.assertEqual([document["id"], document["transactionID"], document["errors"]],
                         ["mosip.identity.otp", txn, None])
        phone = person["phone"]
        hidden = len(phone) // 2 + 1
        self.assertEqual(document["response"]["maskedMobile"], "X" * hidden + phone[hidden:])
        self.assertEqual(len(document["response"]["maskedEmail"]), len(person["email"]))
        kit.code(txn)
        messages = kit.messages(txn)
        while len(messages) < 2:
            messages = kit.messages(txn)
        self.assertEqual({m["channel"] for m in messages}, {"phone", "email"})
        for message in messages:
            self.assertEqual(set(message), {"channel", "to", "language", "text", "otp", "transactionID", "sentAt"})
            self.assertRegex(message["otp"], r"^[0-9]{6}$")
            self.assertIn(message["otp"], message["text"])
            self.assertEqual(message["language"], person["language"])

    def test_channels_are_checked(self):
        programme = kit.programme()
        for channels, codes in [((), ["IDA-OTA-008"]), (("pigeon",), ["IDA-MLC-009"])]:
            answer = programme.ask(kit.person(), channels=channels)
            self.assertEqual(answer.codes, codes)
            self.assertNotIn("response", {k: v for k, v in answer.json.items() if v is not None})
            kit.verify(answer)

    def test_a_person_without_a_phone_gets_none(self):
        self.assertEqual(kit.programme().ask(kit.person("no phone")).codes, ["IDA-OTA-002"])

    def test_a_locked_channel_is_refused(self):
        person = kit.person("locked otp-phone")
        self.assertEqual(kit.programme().ask(person).codes, ["IDA-MLC-019"])

    def test_a_policy_without_otp_request_may_not_ask(self):
        programme = kit.programme(has=(), lacks=("otp-request",))
        self.assertEqual(programme.ask(kit.person()).codes, ["IDA-MLC-007", "IDA-MPA-005"])

    def test_too_many_requests_are_refused_and_others_not(self):
        person, programme = kit.person(), kit.programme()
        codes = [programme.ask(person).codes for _ in range(6)]
        self.assertEqual(codes, [[]] * 5 + [["IDA-OTA-001"]])
        self.assertEqual(programme.ask(kit.person()).codes, [])


class Authenticate(unittest.TestCase):
    def yes(self, programme, person):
        txn, code = programme.code_for(person)
        answer = programme.authenticate(person, txn, code)
        kit.verify(answer)
        self.assertEqual(answer.json["errors"], None)
        self.assertIs(answer.response["authStatus"], True)
        self.assertRegex(answer.response["authToken"], r"^[0-9]{36}$")
        return answer.response["authToken"]

    def no(self, answer, *codes):
        kit.verify(answer)
        self.assertEqual(answer.codes, list(codes))
        self.assertEqual(answer.response, {"authStatus": False, "authToken": None})

    def test_the_right_code_once(self):
        person, programme = kit.person(), kit.programme()
        txn, code = programme.code_for(person)
        self.assertIs(programme.authenticate(person, txn, code).response["authStatus"], True)
        self.no(programme.authenticate(person, txn, code), "IDA-OTA-012")

    def test_tokens_by_their_type(self):
        person = kit.person()
        by_partner = kit.programme(token="partner")
        self.assertEqual(self.yes(by_partner, person), self.yes(by_partner, person))
        by_policy = kit.programme(token="policy")
        token = self.yes(by_policy, person)
        self.assertEqual(token, self.yes(by_policy, person))
        self.assertNotEqual(token, self.yes(by_partner, person))
        by_chance = kit.programme(token="random")
        self.assertNotEqual(self.yes(by_chance, person), self.yes(by_chance, person))

    def test_vid_and_uin_of_a_person_give_one_kind_of_token(self):
        self.yes(kit.programme(token="partner"), kit.person("perpetual VID"))

    def test_a_one_time_vid_works_once(self):
        person, programme = kit.person("one-time VID"), kit.programme()
        self.yes(programme, person)
        self.assertEqual(programme.ask(person).codes, ["IDA-MLC-018"])

    def test_the_type_of_the_identifier_may_be_left_out(self):
        person, programme = kit.person(), kit.programme()
        txn, code = programme.code_for(person)
        document = programme.auth_document(person, txn, {"otp": code})
        del document["individualIdType"]
        self.assertIs(programme.send("auth", document).response["authStatus"], True)

    def test_the_fifth_wrong_code_freezes_and_a_new_code_does_not_help(self):
        person, programme = kit.person(), kit.programme()
        txn, code = programme.code_for(person)
        for _ in range(4):
            self.no(programme.authenticate(person, txn, wrong(code)), "IDA-OTA-004")
            txn, code = programme.code_for(person) if _ == 2 else (txn, code)
        self.no(programme.authenticate(person, txn, wrong(code)), "IDA-OTA-013")
        self.no(programme.authenticate(person, txn, code), "IDA-OTA-013")
        self.assertEqual(programme.ask(person).codes, ["IDA-OTA-013"])

    def test_a_freeze_at_one_programme_is_not_one_at_another(self):
        person, rogue, other = kit.person(), kit.programme(token="partner"), kit.programme(token="policy")
        txn, code = rogue.code_for(person)
        for _ in range(6):
            rogue.authenticate(person, txn, wrong(code))
        self.yes(other, person)

    def test_success_forgets_the_wrong_ones(self):
        person, programme = kit.person(), kit.programme()
        for _ in range(2):
            txn, code = programme.code_for(person)
            for _ in range(4):
                self.no(programme.authenticate(person, txn, wrong(code)), "IDA-OTA-004")
            self.assertIs(programme.authenticate(person, txn, code).response["authStatus"], True)

    def test_a_code_is_bound_to_person_programme_and_transaction(self):
        programme, other = kit.programme(token="partner"), kit.programme(token="policy")
        person, stranger = kit.person(), kit.person()
        txn, code = programme.code_for(person)
        self.no(programme.authenticate(person, transaction(), code), "IDA-OTA-005")
        self.no(programme.authenticate(stranger, txn, code), "IDA-OTA-005")
        self.no(other.authenticate(person, txn, code), "IDA-OTA-011")
        self.assertIs(programme.authenticate(person, txn, code).response["authStatus"], True)

    def test_another_programme_cannot_spoil_a_transaction(self):
        programme, other = kit.programme(token="partner"), kit.programme(token="policy")
        person = kit.person()
        txn, code = programme.code_for(person)
        self.assertEqual(other.ask(person, txn).codes, [])
        self.assertIs(programme.authenticate(person, txn, code).response["authStatus"], True)

    def test_parallel_guesses_never_exceed_the_limit(self):
        person, programme = kit.person(), kit.programme()
        txn, code = programme.code_for(person)
        bodies = [programme.auth_document(person, txn, {"otp": wrong(code)}) for _ in range(24)]
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            codes = [a.codes for a in pool.map(lambda d: programme.send("auth", d), bodies)]
        self.assertEqual(codes.count(["IDA-OTA-004"]), 4)
        self.assertEqual(codes.count(["IDA-OTA-013"]), 20)

    def test_a_right_code_raced_is_accepted_once(self):
        for _ in range(5):
            person, programme = kit.person(), kit.programme()
            txn, code = programme.code_for(person)
            bodies = [programme.auth_document(person, txn, {"otp": code}) for _ in range(8)]
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                answers = list(pool.map(lambda d: programme.send("auth", d), bodies))
            self.assertEqual([a.response["authStatus"] for a in answers].count(True), 1)

    def test_the_same_request_twice_is_answered_once(self):
        person, programme = kit.person(), kit.programme()
        txn, code = programme.code_for(person)
        document = programme.auth_document(person, txn, {"otp": wrong(code)})
        self.no(programme.send("auth", document), "IDA-OTA-004")
        self.no(programme.send("auth", document), "IDA-MLC-007")
        otp = programme.otp_document(person, transaction())
        self.assertEqual(programme.send("otp", otp).codes, [])
        self.assertEqual(programme.send("otp", otp).codes, ["IDA-MLC-007"])

    def test_the_person_is_told_when_the_policy_wants_it_and_not_else(self):
        person, telling, silent = kit.person(), kit.partner("asd"), kit.partner("tayssir")
        self.yes(silent, person)
        txn, code = telling.code_for(person)
        self.no(telling.authenticate(person, txn, wrong(code)), "IDA-OTA-004")
        self.assertIs(telling.authenticate(person, txn, code).response["authStatus"], True)
        told = kit.told(person, 4)  # by phone and by mail, of the wrong one and of the right one
        self.assertEqual({m["channel"] for m in told}, {"phone", "email"})
        self.assertEqual({m["language"] for m in told}, {person["language"]})
        self.assertEqual(len({m["text"] for m in told if m["channel"] == "phone"}), 2)
        for message in told:
            self.assertNotIn(person["individualId"], message["text"])

    def test_sdk_habits_are_accepted(self):
        """x5c as base64 of the PEM text broken into lines, spaces after separators, padded base64url."""
        import base64
        from cryptography.hazmat.primitives.serialization import Encoding
        person, programme = kit.person(), kit.programme()
        txn, code = programme.code_for(person)
        import json
        body = json.dumps(programme.auth_document(person, txn, {"otp": code})).encode()
        pem = base64.encodebytes(programme.certificate.public_bytes(Encoding.PEM)).decode()
        header = programme.sign(body, {"alg": "RS256", "x5c": [pem]})
        self.assertIs(programme.send("auth", body, {"Signature": header}).response["authStatus"], True)


class Expiry(unittest.TestCase):
    def test_a_late_code_is_burnt(self):
        late = Box(people=40, core__otp_lifetime_seconds=20)  # one with under 15 s left is not sent
        try:
            person, programme = late.kit.person(), late.kit.programme()
            asked = time.monotonic()
            txn, code = programme.code_for(person)
            time.sleep(asked + 20.2 - time.monotonic())  # the lifetime itself is what is tested
            answer = programme.authenticate(person, txn, code)
            self.assertEqual(answer.codes, ["IDA-OTA-003"])
            self.assertEqual(programme.authenticate(person, txn, code).codes, ["IDA-OTA-012"])
        finally:
            late.close()


if __name__ == "__main__":
    unittest.main()
