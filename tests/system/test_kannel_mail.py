"""A whole box whose codes go by mail, or by mail and short message at once: asked for, received by a mail server of the
test's own and at the SMSC, presented."""

import email
import email.policy
import sys
import unittest

from kannel_box import ARGUMENTS, KannelBox, code_in
from kannel_rig import Gateway, MailServer, wait_until
from programme import transaction

BY_MAIL, BY_BOTH = ("email",), ("phone", "email")
SUBJECTS = {"ara": "رمزكم لدى %s", "fra": "Votre code pour %s", "zgh": "ⵜⴰⵏⴳⴰⵍⵜ ⵏ %s", "eng": "Your code for %s"}
DEADLINE_MS = 4000         # of core
MAIL_PATIENCE_MS = 60000   # of authd-notify: who waits for a silent mail server misses core's deadline by far


class Mailed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.gateway, cls.mail = Gateway(), MailServer()
        cls.box = KannelBox(cls.gateway, people=120, core__deadline_ms=DEADLINE_MS, core__otp_requests=1000,
                            notify={"smtp_url": cls.mail.url, "smtp_from": "idcs@example.ma", "smtp_starttls": "no",
                                    "answer_timeout_ms": MAIL_PATIENCE_MS, "failures": 1000})
        cls.programme = cls.box.kit.programme()

    @classmethod
    def tearDownClass(cls):
        cls.box.close()
        cls.gateway.close()
        cls.mail.close()

    def person_of(self, language):
        """The last one; kit.person() gives out the first ones."""
        return next(person for person in reversed(self.box.kit.document["people"])
                    if person["note"] == "ordinary" and person["language"] == language)

    def mails(self, person):
        """Those with a code for this person."""
        found = [email.message_from_bytes(mail["data"], policy=email.policy.default) for mail in self.mail.mails
                 if mail["to"] == "TO:<%s>" % person["email"]]
        return [message for message in found if code_in(message.get_content())]

    def await_mail(self, person):
        return wait_until(lambda: self.mails(person), "no mail\n" + self.box.log()[-2000:])[-1]

    def await_short_code(self, person):
        return wait_until(lambda: self.box.short_codes(person), "no short message\n" + self.box.log()[-2000:])[-1]

    def ask(self, person, channels, txn=None):
        """What a programme is told says nothing of who takes messages."""
        answer = self.programme.ask(person, txn, channels=channels)
        self.assertEqual((answer.status, answer.codes), (200, []))
        self.assertEqual(answer.response["maskedEmail"][-4:], person["email"][-4:])

    def assert_lets_in(self, person, txn, code):
        self.assertIs(self.programme.authenticate(person, txn, code).response["authStatus"], True)

    def refused_deliveries(self):
        return self.box.log().count("code-not-delivered")

    def test_a_code_by_mail_authenticates_in_everybodys_language(self):
        spoken = {person["language"] for person in self.box.kit.document["people"]}
        self.assertLessEqual({"ara", "fra", "zgh"}, spoken)
        for language in sorted(spoken):
            with self.subTest(language):
                person = self.person_of(language)
                txn = transaction()
                self.ask(person, BY_MAIL, txn)
                message = self.await_mail(person)
                self.assertEqual(message.defects, [])
                self.assertEqual((message["From"], message["To"]), ("idcs@example.ma", person["email"]))
                self.assertEqual(message["Subject"].partition(SUBJECTS[language] % "")[0], "")
                self.assertNotEqual(message["Subject"], (SUBJECTS[language] % "").strip())  # it names the programme
                self.assertEqual(self.box.short_codes(person), [])
                self.assert_lets_in(person, txn, code_in(message.get_content()))

    def test_a_code_by_both_is_the_same_and_authenticates_once(self):
        person, txn = self.box.kit.person(), transaction()
        self.ask(person, BY_BOTH, txn)
        code = code_in(self.await_mail(person).get_content())
        self.assertEqual(self.await_short_code(person), code)
        self.assert_lets_in(person, txn, code)
        self.assertIs(self.programme.authenticate(person, txn, code).response["authStatus"], False)

    def test_a_code_by_both_counts_when_the_phone_alone_took_it(self):
        person, txn, refused = self.box.kit.person(), transaction(), self.refused_deliveries()
        self.mail.refuses = ("RCPT",)
        try:
            self.ask(person, BY_BOTH, txn)
            wait_until(lambda: "message-given-up channel=email" in self.box.log(), "mail was not given up")
            code = self.await_short_code(person)
        finally:
            self.mail.refuses = ()
        self.assertEqual(self.mails(person), [])
        self.assert_lets_in(person, txn, code)
        self.assertEqual(self.refused_deliveries(), refused)

    def test_a_code_by_both_counts_when_mail_alone_took_it(self):
        person, txn, refused = self.box.kit.person(), transaction(), self.refused_deliveries()
        self.gateway.kill()
        try:
            self.ask(person, BY_BOTH, txn)
            code = code_in(self.await_mail(person).get_content())
        finally:
            self.gateway.start()
        self.assertEqual(self.box.short_codes(person), [])
        self.assert_lets_in(person, txn, code)
        self.assertEqual(self.refused_deliveries(), refused)

    def test_a_silent_mail_server_keeps_nobody_waiting(self):
        """It never says a word, and authd-notify would wait for one beyond core's deadline: an answer that waited for
        either would be a refusal."""
        person, txn, ignored = self.box.kit.person(), transaction(), self.mail.ignored
        self.mail.silent = True
        try:
            self.ask(person, BY_BOTH, txn)
            code = self.await_short_code(person)
            wait_until(lambda: self.mail.ignored > ignored, "nobody came to the mail server")
            self.assert_lets_in(person, txn, code)  # while the mail is still under way
            self.ask(self.box.kit.person(), BY_MAIL)
        finally:
            self.mail.silent = False
        self.assertEqual(self.mails(person), [])

    def refuse(self):
        self.mail.refuses = ("MAIL",)

    def take(self):
        self.mail.refuses = ()

    def test_a_code_that_no_mail_server_took_is_void(self):
        """The person can ask again at once: what was not delivered costs nothing."""
        for broken, mended in ((self.refuse, self.take), (self.mail.close, self.mail.start)):
            with self.subTest(broken.__name__):
                person, refused = self.box.kit.person(), self.refused_deliveries()
                broken()
                try:
                    self.ask(person, BY_MAIL)
                    wait_until(lambda: self.refused_deliveries() > refused, "core does not know")
                finally:
                    mended()
                self.assertEqual(self.mails(person), [])
                txn = transaction()
                self.ask(person, BY_MAIL, txn)
                self.assert_lets_in(person, txn, code_in(self.await_mail(person).get_content()))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + ARGUMENTS)
