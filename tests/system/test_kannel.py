"""authd-notify against two Kannel gateways of Debian's packages, whose SMSC is kannel-extras' fakesmsc, and against
mail servers of the test's own."""

import email
import email.policy
import re
import socket
import subprocess
import sys
import time
import unittest

from kannel_rig import WAIT, Gateway, MailServer, Notify, free_ports, own_folder, wait_until

ARABIC = "رمزكم لدى Tayssir: %s، صالح 3 دقائق. لا تعطوه لأحد عبر الهاتف."
FRENCH = "Votre code Tayssir est %s, valable 3 minutes. Ne le donnez à personne par téléphone, ni à un agent."
TIFINAGH = "ⵜⴰⵏⴳⴰⵍⵜ ⵏ Tayssir: %s (3 ⵜⵓⵙⴷⵉⴷⵉⵏ). ⴰⴷ ⵓⵔ ⵜⵜ ⵜⴰⴽⴽⴰⵎ ⵙ ⵓⵜⵉⵍⵉⴼⵓⵏ."
ENGLISH = "Your Tayssir code is %s, valid for 3 minutes. Do not give it to anyone by phone, not even to an agent."
codes = ("%06d" % n for n in range(100000, 999999))


def setUpModule():
    global first, second
    first, second = Gateway(), Gateway()


def tearDownModule():
    first.close()
    second.close()


def both(code):
    return first.texts(code) + second.texts(code)


class ShortMessages(unittest.TestCase):
    def start(self, *gateways, **settings):
        notify = Notify(gateways or (first, second), **settings)
        self.addCleanup(self.end, notify)
        return notify

    def end(self, notify):
        self.assertEqual(notify.close(), 0)

    def test_each_language_arrives_intact_in_its_alphabet(self):
        notify = self.start()
        for language, kind, text in (("fra", "text", FRENCH), ("eng", "text", ENGLISH), ("ara", "ucs-2", ARABIC),
                                     ("zgh", "ucs-2", TIFINAGH)):
            code = next(codes)
            self.assertTrue(notify.deliver(code, language=language))
            self.assertEqual(first.await_text(code), ("IDCS", "+212612345678", kind, text % code))
            self.assertEqual(len(both(code)), 1)

    def test_letters_of_the_extension_table_and_beyond_the_first_plane_arrive(self):
        notify = self.start()
        code = next(codes)
        self.assertTrue(notify.deliver(code, programme="Prêt [€] {A}"))
        self.assertIn("Pret [€] {A}", first.await_text(code)[3])
        code = next(codes)
        self.assertTrue(notify.deliver(code, programme="😀 دعم", language="ara"))
        self.assertIn("😀 دعم", first.await_text(code)[3])

    def test_a_delivery_report_comes(self):
        port, = free_ports(1)
        notify = self.start(dlr_listen="127.0.0.1:%d" % port)
        self.assertTrue(notify.deliver(next(codes)))
        notify.await_log("delivery-report number=1 kind=delivered after-ms=[0-9]+")
        self.assertNotIn("report-of-nothing", notify.log())

    def test_what_is_no_report_is_refused_and_harms_nothing(self):
        port, = free_ports(1)
        notify = self.start(dlr_listen="127.0.0.1:%d" % port)
        for request in (b"GET / HTTP/1.1\r\n\r\n", b"\xff\x00\r\n\r\n", b"GET /report/0123456789abcdef/1 HTTP/1.1 \r\n\r\n",
                        b"POST /report/0123456789abcdef/1 HTTP/1.1\r\n\r\n", b"A" * 200 + b"\r\n\r\n",
                        b"GET /report/0123456789abcdef/3 HTTP/1.1\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", port), WAIT) as connection:
                connection.sendall(request)
                self.assertTrue(connection.recv(4096).startswith(b"HTTP/1.1 400 "), request)
        with socket.create_connection(("127.0.0.1", port), WAIT) as connection:
            connection.sendall(b"A" * 4096)
            self.assertEqual(connection.recv(4096), b"")  # too long, and closed
        with socket.create_connection(("127.0.0.1", port), WAIT) as connection:
            connection.sendall(b"GET /report/0123456789abcdef/1 HTTP/1.1\r\n\r\n")
            self.assertTrue(connection.recv(4096).startswith(b"HTTP/1.1 200 "))
        notify.await_log("delivery-report-of-nothing")
        idle = [socket.create_connection(("127.0.0.1", port), WAIT) for _ in range(30)]
        self.assertTrue(notify.deliver(next(codes)))
        for connection in idle:
            connection.settimeout(WAIT)
            self.assertEqual(connection.recv(1), b"")  # none stays open for long
            connection.close()

    def test_a_gateway_that_is_gone_is_passed_over_until_it_is_back(self):
        notify = self.start(rest_seconds=1, failures=3)
        first.kill()
        try:
            for _ in range(5):
                code = next(codes)
                self.assertTrue(notify.deliver(code))
                second.await_text(code)
                self.assertEqual(len(both(code)), 1)
            self.assertEqual(notify.log().count("attempt-failed channel=phone number=1 outcome=not-sent"), 3)
            notify.await_log("gateway-rests channel=phone number=1 for-ms=1000")
            notify.await_log("gateway-still-silent channel=phone number=1")
        finally:
            first.start()
        notify.await_log("gateway-answers-again channel=phone number=1")
        code = next(codes)
        self.assertTrue(notify.deliver(code))
        first.await_text(code)
        self.assertEqual(second.texts(code), [])

    def test_a_gateway_that_refuses_us_is_passed_over(self):
        class Stranger:
            url, USER, PASSWORD = first.url, first.USER, "another"
        notify = self.start(Stranger, second)
        code = next(codes)
        self.assertTrue(notify.deliver(code))
        second.await_text(code)
        self.assertEqual(first.texts(code), [])
        self.assertIn("outcome=refused status=403", notify.log())

    def test_a_gateway_that_hangs_delays_nobody_for_long_and_nothing_is_sent_twice(self):
        notify = self.start(slow_ms=200, answer_timeout_ms=2000)
        first.pause()
        try:
            lost = next(codes)
            asked = notify.send(lost)
            # As soon as the answer is late, and long before it is given up, the other gateway is taken.
            began, code = time.monotonic(), None
            while code is None or not second.texts(code):
                code = next(codes)
                notify.send(code)
                self.assertLess(time.monotonic() - began, 1.5)
                time.sleep(0.1)
            for _ in range(5):
                code = next(codes)
                start = time.monotonic()
                self.assertTrue(notify.deliver(code))
                self.assertLess(time.monotonic() - start, 1)
                second.await_text(code)
            self.assertFalse(notify.answer(asked))
            self.assertIn("outcome=unknown status=0", notify.log())
        finally:
            first.resume()
        notify.await_log("message-given-up channel=phone why=unknown")
        # The gateway does what it was asked; the other was never asked for the same.
        code = next(codes)
        wait_until(lambda: "delivered" if notify.deliver(next(codes)) else None, "nothing is delivered again")
        for text in [lost] + re.findall(r"Votre code Tayssir est (\d+)", "\n".join(m[3] for m in second.messages())):
            self.assertLessEqual(len(both(text)), 1)
        self.assertEqual(second.texts(lost), [])

    def test_with_no_gateway_left_a_code_is_given_up_at_once(self):
        dead, = free_ports(1)

        class Nobody:
            url, USER, PASSWORD = "http://127.0.0.1:%d/cgi-bin/sendsms" % dead, "a", "b"
        notify = self.start(Nobody, failures=1, rest_seconds=60)
        self.assertFalse(notify.deliver(next(codes)))
        self.assertFalse(notify.deliver(next(codes)))
        self.assertIn("message-given-up channel=phone why=unavailable", notify.log())

    def test_a_number_and_a_programme_get_so_many_and_no_more(self):
        notify = self.start(address_burst=3, address_per_hour=1, programme_burst=5, programme_per_hour=1)
        sent = [next(codes) for _ in range(5)]
        self.assertEqual([notify.deliver(code) for code in sent], [True, True, True, False, False])
        self.assertIn("message-given-up channel=phone why=limit", notify.log())
        self.assertEqual([both(code) for code in sent[3:]], [[], []])
        self.assertTrue(notify.deliver(next(codes), phone="+212612345679"))
        self.assertTrue(notify.deliver(next(codes), phone="+212612345679"))
        self.assertFalse(notify.deliver(next(codes), phone="+212612345680"))  # the programme's are used up
        self.assertTrue(notify.deliver(next(codes), phone="+212612345680", programme="Daam"))
        notify.event(True)  # has a ceiling of its own
        wait_until(lambda: both("a été confirmée"), "no event")

    def test_a_number_that_is_none_is_given_up(self):
        notify = self.start()
        for number in ("06-12", "+2126123456789012", "0612345678,0612345679", "1234"):
            code = next(codes)
            self.assertFalse(notify.deliver(code, phone=number))
            self.assertEqual(both(code), [])

    def test_a_code_that_has_expired_is_not_sent(self):
        notify = self.start()
        code = next(codes)
        self.assertFalse(notify.deliver(code, left_ms=14000))
        self.assertEqual(both(code), [])

    def test_people_are_told_of_an_authentication(self):
        notify = self.start()
        notify.event(True, programme="Essai un")
        notify.event(False, programme="Essai deux", language="ara")
        self.assertEqual(first.await_text("Essai un")[3],
                         "Votre identité (XXXXXX1234) a été confirmée pour Essai un le 17-01-2025 à 23:20. "
                         "Si ce n'était pas vous, signalez-le.")
        self.assertEqual(first.await_text("Essai deux")[3],
                         "فشلت محاولة التعرف عليكم لدى Essai deux يوم 17-01-2025 على 23:20.")
        self.assertEqual(notify.answers, {})

    def test_neither_codes_nor_credentials_are_in_any_log(self):
        notify = self.start()
        sent = [next(codes) for _ in range(5)]
        for code in sent:
            self.assertTrue(notify.deliver(code, phone="+212699887766"))
            first.await_text(code)
        logs = "".join((first.folder / name).read_text() for name in ("smsbox.log", "bearerbox.log"))
        access = (first.folder / "bearerbox-access.log").read_text()
        self.assertGreaterEqual(access.count("[SMSC:FAKE]"), 5)
        for secret in [*sent, first.PASSWORD, first.USER, "699887766"]:
            self.assertNotIn(secret, logs + access + notify.log())

    def test_the_process_is_confined(self):
        notify = self.start()
        status = open("/proc/%d/status" % notify.pid).read()
        self.assertIn("\nNoNewPrivs:\t1\n", status)
        self.assertIn("\nSeccomp:\t2\n", status)
        self.assertIn("\nThreads:\t1\n", status)

    def test_many_at_once_all_arrive_once(self):
        notify = self.start()
        sent = [next(codes) for _ in range(200)]
        numbers = [notify.send(code, phone="+2126%08d" % i) for i, code in enumerate(sent)]
        self.assertEqual([notify.answer(number) for number in numbers], [True] * len(sent))
        for code in sent:
            first.await_text(code)
            self.assertEqual(len(both(code)), 1)


class Mail(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = own_folder()
        cls.certificate = (cls.folder / "certificate.pem", cls.folder / "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-nodes", "-subj", "/CN=mail", "-days", "2", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-keyout", cls.certificate[1], "-out", cls.certificate[0],
                        "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)

    def server(self, **options):
        server = MailServer(**options)
        self.addCleanup(server.close)
        return server

    def start(self, server, gateways=(), **settings):
        settings = {"smtp_starttls": "no", **settings}
        notify = Notify(gateways, smtp_url=server.url, smtp_from="idcs@example.ma", **settings)
        self.addCleanup(self.end, notify)
        return notify

    def end(self, notify):
        self.assertEqual(notify.close(), 0)

    def test_a_code_by_mail(self):
        server = self.server()
        notify = self.start(server)
        for language, subject, word in (("ara", "رمزكم لدى Tayssir", "هذا الرمز صالح 3 دقائق"),
                                        ("fra", "Votre code pour Tayssir", "Il est valable 3 minutes"),
                                        ("zgh", "ⵜⴰⵏⴳⴰⵍⵜ ⵏ Tayssir", "3 ⵜⵓⵙⴷⵉⴷⵉⵏ"),
                                        ("eng", "Your code for Tayssir", "It is valid for 3 minutes")):
            code = next(codes)
            self.assertTrue(notify.deliver(code, phone="-", email="amina@example.org", language=language))
            mail = server.await_mail()
            self.assertTrue(mail["from"].startswith("FROM:<idcs@example.ma>"))
            self.assertEqual(mail["to"], "TO:<amina@example.org>")
            self.assertNotIn(code.encode(), mail["data"])  # it is in base64
            message = email.message_from_bytes(mail["data"], policy=email.policy.default)
            self.assertEqual(message.defects, [])
            self.assertEqual((message["From"], message["To"]), ("idcs@example.ma", "amina@example.org"))
            self.assertEqual(message["Subject"], subject)
            self.assertEqual(message["Auto-Submitted"], "auto-generated")
            self.assertRegex(message["Message-ID"], r"^<[0-9a-f]{16}@example\.ma>$")
            self.assertLess(abs(message["Date"].datetime.timestamp() - time.time()), 60)
            self.assertEqual(message.get_content_type(), "text/plain")
            self.assertIn(code, message.get_content())
            self.assertIn(word, message.get_content())

    def test_a_long_name_in_a_subject_is_folded_and_whole(self):
        server = self.server()
        notify = self.start(server)
        name = "دعم مباشر للأسر في العالم القروي"
        self.assertTrue(notify.deliver(next(codes), phone="-", email="a@b.org", language="ara", programme=name))
        data = server.await_mail()["data"]
        self.assertTrue(all(len(line) <= 76 + 9 for line in data.split(b"\r\n")))
        message = email.message_from_bytes(data, policy=email.policy.default)
        self.assertEqual(message["Subject"], "رمزكم لدى " + name)

    def test_tls_and_our_name_there(self):
        server = self.server(certificate=self.certificate, credentials=("idcs", "s3cret"))
        secrets = {}
        for name, value in (("user", "idcs"), ("password", "s3cret")):
            path = self.folder / name
            path.write_text(value)
            path.chmod(0o400)
            secrets["smtp_%s_file" % name] = path
            subprocess.run(["chown", "nobody", path], check=False, capture_output=True)
        notify = self.start(server, smtp_starttls="yes", ca_file=self.certificate[0], **secrets)
        self.assertTrue(notify.deliver(next(codes), phone="-", email="a@b.org"))
        mail = server.await_mail()
        self.assertTrue(mail["tls"])
        self.assertEqual(mail["auth"], ("idcs", "s3cret"))

    def test_a_server_without_tls_or_that_nobody_vouches_for_gets_nothing(self):
        plain = self.server()
        self.assertFalse(self.start(plain, smtp_starttls="yes").deliver(next(codes), phone="-", email="a@b.org"))
        unknown = self.server(certificate=self.certificate)
        self.assertFalse(self.start(unknown, smtp_starttls="yes").deliver(next(codes), phone="-", email="a@b.org"))
        self.assertEqual(plain.mails + unknown.mails, [])

    def test_a_refused_recipient_is_told_to_core(self):
        server = self.server(refuses=("RCPT",))
        notify = self.start(server)
        self.assertFalse(notify.deliver(next(codes), phone="-", email="a@b.org"))
        self.assertIn("outcome=refused status=550", notify.log())

    def test_an_address_that_could_change_the_message_is_given_up(self):
        server = self.server()
        notify = self.start(server)
        for address in ("a@b@c.org", "a>@b.org", "a@b.org,c@d.org", '"a"@b.org', "é@b.org", "a@", "@b.org"):
            self.assertFalse(notify.deliver(next(codes), phone="-", email=address))
        self.assertEqual(server.mails, [])

    def test_a_mail_server_that_hangs_holds_no_short_message(self):
        server = self.server(silent=True)
        notify = self.start(server, gateways=(first,), answer_timeout_ms=2000)
        numbers = []
        for i in range(20):
            code = next(codes)
            start = time.monotonic()
            self.assertTrue(notify.deliver(code, phone="+2126000000%02d" % i, email="a%d@b.org" % i))
            self.assertLess(time.monotonic() - start, 1)
            numbers.append(code)
        for code in numbers:
            first.await_text(code)
        notify.await_log("gateway-rests channel=email")

    def test_an_event_by_mail(self):
        server = self.server()
        notify = self.start(server)
        notify.event(False, phone="-", email="a@b.org", language="eng", programme="Daam")
        message = email.message_from_bytes(server.await_mail()["data"], policy=email.policy.default)
        self.assertEqual(message["Subject"], "An attempt to identify you at Daam failed")
        self.assertIn("(XXXXXX1234) at Daam on 17-01-2025 at 23:20", message.get_content())


class Settings(unittest.TestCase):
    def refused(self, word, status=78, gateways=None, mode=0o400, **settings):
        notify = Notify((first,) if gateways is None else gateways, start=False, mode=mode, **settings)
        log = notify.log
        self.assertEqual(notify.expect("ended"), [str(status)])
        self.assertIn(word, log())
        notify.process.stdin.close()
        notify.process.stdout.close()
        notify.process.wait()

    def test_wrong_settings_are_refused_for_good(self):
        self.refused("nothing to send by", gateways=())
        self.refused("chmod 0400", mode=0o444)
        self.refused("hold no user", gateway_1_url="http://user:secret@127.0.0.1/cgi-bin/sendsms")
        self.refused("hold no user", gateway_1_url="http://127.0.0.1/cgi-bin/sendsms?password=x")
        self.refused("is no URL", gateway_1_url="file:///etc/passwd")
        self.refused("needs a user-file", gateway_2_url="http://127.0.0.1/cgi-bin/sendsms")
        self.refused("loopback address", dlr_listen="0.0.0.0:13099")
        self.refused("smtp-from", smtp_url="smtp://127.0.0.1")
        self.refused("needs TLS", smtp_url="smtp://127.0.0.1", smtp_from="a@b.org", smtp_user_file="/a",
                     smtp_password_file="/b", smtp_starttls="no")
        self.refused("time-zone", time_zone="Africa/Atlantis")
        self.refused("outbox-directory", outbox_directory="/tmp")

    def test_a_host_without_an_address_is_tried_again_later(self):
        self.refused("has no address now", status=70, gateway_1_url="http://no-such-host.invalid/cgi-bin/sendsms")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
