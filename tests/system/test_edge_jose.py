"""The JOSE address: whom edge shakes hands with, what it hands on, and that nobody else gets a byte of HTTP."""

import select
import socket
import ssl
import time

from edge_mutual import HOUR_MS, OTP, Programme, Records, context_of, now_ms
from edge_rig import AUTH, WAIT, Client, Edge, EdgeCase, head, run_tests

KEY = "0123456789abc-_Z"
JSON, NO_CONTENT, JWT, PROBLEM = 1, 4, 5, 6
HELLO = bytes.fromhex("1603010200010001fc0303")  # a record of 512 bytes begins
ALERT_REQUIRED = "CERTIFICATE_REQUIRED"
ALERT_UNKNOWN = "CERTIFICATE_UNKNOWN"


def post(path=OTP, body=b"a.b.c", media="application/jose", *headers):
    lines = [("Content-Length", len(body)), *headers]
    if media is not None:
        lines.append(("Content-Type", media))
    return head(path, *lines, json=False).encode() + body


class JoseCase(EdgeCase):
    settings = {"jose": True}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.programme = Programme(cls.edge.folder, "registered")
        cls.other = Programme(cls.edge.folder, "other", subject="other", serial=2)

    def setUp(self):
        super().setUp()
        self.edge.tell("answer 0 0 0")
        self.register(self.programme.listed(), self.other.listed())

    def register(self, *clients, lane=""):
        self.edge.tell(f"clients {lane} " + " ".join(clients))
        self.settle()

    def settle(self):
        """What core said before has been heard: an answer of core's comes behind it."""
        with self.edge.connect() as client:
            self.assertEqual(client.get("/health/ready").status, 200)
        self.edge.request()

    def connect(self, programme, **options):
        return self.edge.connect(context_of(self.edge, programme), port=self.edge.jose_port, **options)

    def asks(self, client, request=None):
        client.send(request or post())
        return client.answer()

    def is_served(self, programme, **options):
        with self.connect(programme, **options) as client:
            self.assertEqual(self.asks(client).status, 200)
        self.assertEqual(self.edge.request()[6:9], ["jose", "jose", programme.thumbprint])

    def gets_nothing(self, context, alert=None, session=None):
        """No handshake, or an alert after it; no HTTP, and core hears nothing."""
        seen = b""
        reason = ""
        try:
            with self.edge.connect(context, session, port=self.edge.jose_port) as client:
                client.send(post())
                while piece := client.socket.recv(4096):
                    seen += piece
        except (ssl.SSLError, ConnectionError) as error:
            reason = str(error)
        self.assertEqual(seen, b"")
        if alert is not None:
            self.assertIn(alert, reason.upper().replace(" ", "_"))
        self.assertTrue(self.edge.nothing_asked())


class Handshakes(JoseCase):
    def test_a_registered_programme_is_served_and_named(self):
        self.is_served(self.programme)
        self.is_served(self.other)

    def test_each_connection_has_its_own_name(self):
        with self.connect(self.programme) as one, self.connect(self.other) as two:
            for client, programme in ((one, self.programme), (two, self.other)) * 3:
                self.assertEqual(self.asks(client).status, 200)
                self.assertEqual(self.edge.request()[8], programme.thumbprint)

    def test_no_certificate(self):
        self.gets_nothing(context_of(self.edge, None), ALERT_REQUIRED)

    def test_a_strangers_certificate(self):
        self.gets_nothing(context_of(self.edge, Programme(self.edge.folder, "stranger", "stranger", 3)), ALERT_UNKNOWN)

    def test_the_same_name_and_serial_with_another_key(self):
        self.gets_nothing(context_of(self.edge, Programme(self.edge.folder, "copy")), ALERT_UNKNOWN)

    def test_the_same_key_with_another_certificate(self):
        again = Programme(self.edge.folder, "again", key=self.programme.key)
        self.assertNotEqual(again.thumbprint, self.programme.thumbprint)
        self.gets_nothing(context_of(self.edge, again), ALERT_UNKNOWN)

    def test_a_registered_certificate_behind_a_strangers(self):
        stranger = Programme(self.edge.folder, "first", "first", 4)
        with open(stranger.certificate, "a") as chain, open(self.programme.certificate) as registered:
            chain.write(registered.read())
        self.gets_nothing(context_of(self.edge, stranger), ALERT_UNKNOWN)

    def test_a_registered_certificate_without_its_key(self):
        thief = Programme(self.edge.folder, "thief", "thief", 5)
        self.register(thief.listed())
        self.is_served(thief)
        self.gets_nothing(context_of(self.edge, thief.without_its_key(self.edge.folder)))

    def test_outside_its_dates(self):
        for since, until in ((-HOUR_MS, -1000), (HOUR_MS, 2 * HOUR_MS)):
            self.register(self.programme.listed(since, until))
            self.gets_nothing(context_of(self.edge, self.programme), ALERT_UNKNOWN)
        self.register(self.programme.listed())
        self.is_served(self.programme)

    def test_tls_1_2(self):
        self.gets_nothing(context_of(self.edge, self.programme, ssl.TLSVersion.TLSv1_2))

    def test_plain_http(self):
        with socket.create_connection(("127.0.0.1", self.edge.jose_port), timeout=WAIT) as plain:
            plain.sendall(post())
            try:
                self.assertNotIn(b"HTTP", plain.recv(4096))
            except ConnectionError:
                pass
        self.assertTrue(self.edge.nothing_asked())

    def test_a_chain_is_not_looked_at_but_may_not_be_long(self):
        chain = Programme(self.edge.folder, "chain", "chain", 6)
        self.register(chain.listed())
        self.is_served(chain.chained(self.edge.folder, 8))
        self.gets_nothing(context_of(self.edge, chain.chained(self.edge.folder, 9)), ALERT_UNKNOWN)
        self.gets_nothing(context_of(self.edge, chain.chained(self.edge.folder, 60)))

    def test_a_handshake_may_take_32_kib_whoever_it_is(self):
        for size, served in ((24000, True), (32768, False)):
            large = Programme(self.edge.folder, f"large-{size}", "large", 7, comment="x" * size)
            self.register(large.listed())
            if served:
                self.is_served(large)
            else:
                self.gets_nothing(context_of(self.edge, large))

    def test_nobody_without_a_list(self):
        edge = Edge(jose=True)
        try:
            with edge.connect() as client:
                self.assertEqual(client.get("/health/alive").status, 200)
            with self.assertRaisesRegex((ssl.SSLError, ConnectionError), ALERT_UNKNOWN):
                with edge.connect(context_of(edge, self.programme), port=edge.jose_port) as client:
                    client.send(post())
                    client.socket.recv(1)
        finally:
            edge.close()

    def test_an_empty_list_is_nobody(self):
        self.register()
        self.gets_nothing(context_of(self.edge, self.programme), ALERT_UNKNOWN)

    def test_a_refused_client_may_talk_on_and_still_reads_its_alert(self):
        context = context_of(self.edge, None)
        with self.edge.connect(context, port=self.edge.jose_port) as client:
            for _ in range(8):
                client.send(post(body=b"x" * 4000))
            with self.assertRaisesRegex(ssl.SSLError, ALERT_REQUIRED):
                client.socket.recv(1)


class Resumption(JoseCase):
    def test_no_ticket_is_given(self):
        context = context_of(self.edge, self.programme)
        with self.edge.connect(context, port=self.edge.jose_port) as client:
            self.assertEqual(self.asks(client).status, 200)
            session = client.socket.session
        self.edge.request()
        self.assertFalse(session.has_ticket)
        with self.edge.connect(context, session, port=self.edge.jose_port) as client:
            self.assertFalse(client.socket.session_reused)

    def ticket(self, context):
        """One of the other address: the same process, the same ticket key."""
        with self.edge.connect(context) as client:
            self.assertEqual(client.get("/health/alive").status, 200)
            session = client.socket.session
        self.assertTrue(session.has_ticket)
        with self.edge.connect(context, session) as client:
            self.assertTrue(client.socket.session_reused)
        return session

    def test_a_ticket_of_the_other_address_opens_nothing(self):
        context = context_of(self.edge, None)
        self.gets_nothing(context, ALERT_REQUIRED, self.ticket(context))

    def test_a_ticket_beside_a_certificate_is_not_used(self):
        context = context_of(self.edge, self.programme)
        session = self.ticket(context)
        with self.edge.connect(context, session, port=self.edge.jose_port) as client:
            self.assertFalse(client.socket.session_reused)
            self.assertEqual(self.asks(client).status, 200)
        self.assertEqual(self.edge.request()[8], self.programme.thumbprint)


class AfterTheHandshake(JoseCase):
    """Handshake messages by hand, in valid records: TLS 1.3 has no renegotiation."""

    def test_the_records_made_by_hand_are_right(self):
        records = Records(self.edge, self.programme)
        records.send(post(), 23)
        self.assertEqual(records.client.answer().status, 200)
        self.assertEqual(self.edge.request()[8], self.programme.thumbprint)
        records.client.socket.close()

    def test_another_handshake_message_ends_the_connection(self):
        hello = b"\3\3" + bytes(32) + b"\0" + b"\0\2\x13\1" + b"\1\0" + b"\0\0"
        empty_certificate = b"\0" + b"\0\0\0"
        for message, content in ((1, hello), (2, b""), (4, bytes(20)), (11, empty_certificate), (13, b"\0\0\0"),
                                 (15, bytes(8)), (20, bytes(32)), (0, b""), (254, bytes(32))):
            with self.subTest(message=message):
                records = Records(self.edge, self.programme)
                records.handshake(message, content)
                records.send(post(), 23)
                self.assertIsNone(records.client.answer())
                records.client.socket.close()
                self.assertTrue(self.edge.nothing_asked())

    def test_a_new_key_is_not_a_new_client(self):
        records = Records(self.edge, self.programme)
        for _ in range(3):
            records.update_key()
            records.wait_until_read()
            records.send(post(), 23)
            self.assertEqual(records.client.answer().status, 200)
            self.assertEqual(self.edge.request()[8], self.programme.thumbprint)
        records.client.socket.close()

    def test_a_client_that_offers_to_authenticate_later_must_do_it_now(self):
        context = context_of(self.edge, None)
        context.post_handshake_auth = True
        self.gets_nothing(context, ALERT_REQUIRED)


class Lists(JoseCase):
    """Core replaces the list while clients are connected."""

    def test_who_is_not_in_the_next_list_is_hung_up_on(self):
        with self.connect(self.programme) as idle, self.connect(self.programme) as used, \
                self.connect(self.other) as stays:
            for client in (used, stays):
                self.assertEqual(self.asks(client).status, 200)
                self.edge.request()
            self.register(self.other.listed())
            for client in (idle, used):
                self.assertTrue(client.is_closed())
                self.assertEqual(client.buffered, b"")
            self.assertEqual(self.asks(stays).status, 200)
            self.assertEqual(self.edge.request()[8], self.other.thumbprint)
        self.gets_nothing(context_of(self.edge, self.programme), ALERT_UNKNOWN)

    def test_half_a_request_is_not_answered(self):
        with self.connect(self.programme) as in_head, self.connect(self.programme) as in_body:
            in_head.send(post()[:20])
            in_body.send(post()[:-1])
            self.register(self.other.listed())
            for client in (in_head, in_body):
                self.assertTrue(client.is_closed())
        self.assertTrue(self.edge.nothing_asked())

    def test_what_core_has_is_answered_and_nothing_after_it(self):
        self.edge.tell("hold")
        with self.connect(self.programme) as client:
            client.send(post(), post())
            self.assertEqual(self.edge.request()[8], self.programme.thumbprint)
            self.edge.tell("clients " + self.other.listed())
            self.edge.tell("release")
            answer = client.answer()
            self.assertEqual((answer.status, answer.body), (200, b'"held 0"'))
            self.assertEqual(answer.headers["connection"], "close")
            self.assertTrue(client.is_closed())
        self.assertTrue(self.edge.nothing_asked())

    def test_dates_end_while_connected(self):
        until = now_ms() + 5000
        self.register(f"{self.programme.thumbprint}:0:{until}")
        with self.connect(self.programme) as client:
            self.assertEqual(self.asks(client).status, 200)
            self.edge.request()
            while now_ms() <= until:
                time.sleep(0.1)
            self.assertIsNone(self.asks(client))
        self.assertTrue(self.edge.nothing_asked())

    def test_dates_of_the_next_list_count(self):
        with self.connect(self.programme) as client:
            self.assertEqual(self.asks(client).status, 200)
            self.edge.request()
            self.register(self.programme.listed(-HOUR_MS, -1))
            self.assertTrue(client.is_closed())

    def test_who_stays_in_the_list_stays_connected(self):
        with self.connect(self.programme) as client:
            for _ in range(3):
                self.register(self.programme.listed())
                self.assertEqual(self.asks(client).status, 200)
                self.edge.request()

    def test_no_list_at_all_is_the_end_of_edge(self):
        edge = Edge(jose=True)
        edge.process.stdin.write("no-list\n")
        edge.expect("done")
        self.assertEqual(edge.expect("exited"), ["70"])
        self.assertIn("core-lost", edge.log())
        edge.process.wait(timeout=WAIT)
        edge.close()


class ListsOfTwoLanes(JoseCase):
    settings = {"jose": True, "lanes": 2}

    def settle(self):
        """Both lanes have heard."""
        lanes = set()
        deadline = time.monotonic() + WAIT
        while lanes != {"0", "1"}:
            self.assertLess(time.monotonic(), deadline)
            with self.edge.connect() as client:
                self.assertEqual(client.get("/health/ready").status, 200)
            lanes.add(self.edge.request()[0])

    def test_each_lane_has_its_own(self):
        self.register()
        self.register(self.programme.listed(), lane=1)
        served = refused = 0
        deadline = time.monotonic() + WAIT
        while served == 0 or refused == 0:
            self.assertLess(time.monotonic(), deadline)
            try:
                with self.connect(self.programme) as client:
                    client.send(post())
                    client.socket.recv(1)
                self.assertEqual(self.edge.request()[0], "1")
                served += 1
            except (ssl.SSLError, ConnectionError):
                refused += 1
        self.assertTrue(self.edge.nothing_asked())


class Requests(JoseCase):
    def exchange(self, request):
        with self.connect(self.programme) as client:
            client.send(request)
            return client.answer()

    def test_paths_of_the_profile_reach_core(self):
        for path in (OTP, "/v1/authentications", "/v1/attributes"):
            answer = self.exchange(post(path, b"x.y.z"))
            self.assertEqual((answer.status, answer.body), (200, b"x.y.z"))
            self.assertEqual(self.edge.request(), ["0", "POST", path, str(2 ** 64 - 1), "-", "5", "jose", "jose",
                                                   self.programme.thumbprint, "-"])
        for path in ("/.well-known/jwks.json", "/.well-known/idcs-configuration", "/health/ready", "/health/state"):
            answer = self.exchange(head(path, method="GET", json=False).encode())
            self.assertEqual((answer.status, answer.body.decode()), (200, path))
            request = self.edge.request()
            self.assertEqual(request[1:3] + request[6:8], ["GET", path, "jose", "none"])

    def test_alive_is_answered_without_core(self):
        answer = self.exchange(head("/health/alive", method="GET", json=False).encode())
        self.assertEqual((answer.status, answer.body), (200, b'{"status":"UP"}'))
        self.assertTrue(self.edge.nothing_asked())

    def test_media_and_key_are_handed_on(self):
        for media, word in (("application/jose", "jose"), ("Application/Jose;a=b", "jose"),
                            ("application/json; charset=utf-8", "json"), ("text/plain", "other"), (None, "none")):
            for key in (KEY, KEY * 4):
                self.assertEqual(self.exchange(post(OTP, b"a.b.c", media, ("idempotency-KEY", key))).status, 200)
                self.assertEqual(self.edge.request()[6:], ["jose", word, self.programme.thumbprint, key])
            self.assertEqual(self.exchange(post(OTP, b"a.b.c", media)).status, 200)
            self.assertEqual(self.edge.request()[6:], ["jose", word, self.programme.thumbprint, "-"])

    def test_headers_of_the_other_profile_are_left_out(self):
        answer = self.exchange(post(OTP, b"a.b.c", "application/jose", ("signature", "x"), ("signature", "y"),
                                    ("Authorization", "z")))
        self.assertEqual(answer.status, 200)
        self.assertEqual(self.edge.request()[3:5], [str(2 ** 64 - 1), "-"])

    def test_a_body_of_192_kib_is_let_through(self):
        self.edge.tell("body 10")
        self.assertEqual(self.exchange(post(body=b"x" * 196608)).status, 200)
        self.assertEqual(self.edge.request()[5], "196608")

    def is_refused(self, request, status):
        answer = self.exchange(request)
        self.assertEqual((answer.status, answer.body), (status, b""))
        self.assertEqual(answer.headers["cache-control"], "no-store")
        self.assertNotIn("content-type", answer.headers)
        self.assertTrue(self.edge.nothing_asked())

    def test_refusals_are_bare(self):
        for path in (AUTH, "/v1/otp/", "/v1/Otp", "/v1", "/", "/mosip-certs/ida-fir.cer"):
            self.is_refused(post(path), 404)
        self.is_refused(head(OTP, method="GET", json=False).encode(), 405)
        self.is_refused(post("/health/ready"), 405)
        self.is_refused(post(body=b"x" * 196609), 413)
        self.is_refused(post("/" + "x" * 1024), 414)
        for key in ("", "short", "0123456789abcde.", KEY * 4 + "x", f'"{KEY}"'):
            self.is_refused(post(OTP, b"a.b.c", "application/jose", ("Idempotency-Key", key)), 400)
        self.is_refused(post(OTP, b"a.b.c", "application/jose", *[("Idempotency-Key", KEY)] * 2), 400)

    def test_the_other_address_has_no_calls_of_this_profile(self):
        with self.edge.connect() as client:
            for path in (OTP, "/v1/authentications", "/v1/attributes"):
                self.assertEqual(client.post(path).status, 404)
            self.assertEqual(client.get("/.well-known/idcs-configuration").status, 200)
        self.assertEqual(self.edge.request()[6:], ["mosip", "none", "00" * 32, "-"])

    def test_the_other_address_does_not_ask_for_certificates(self):
        with self.edge.connect(context_of(self.edge, self.programme)) as client:
            self.assertEqual(client.post(body=b"{}").status, 200)
        self.assertEqual(self.edge.request()[6:9], ["mosip", "json", "00" * 32])

    def test_cores_answers_come_as_they_are(self):
        for status, content, retry, expected in (
                (200, JWT, 0, "application/jwt"), (202, JSON, 0, "application/json; charset=UTF-8"),
                (400, PROBLEM, 0, "application/problem+json"), (401, PROBLEM, 0, "application/problem+json"),
                (409, PROBLEM, 1, "application/problem+json"), (429, PROBLEM, 86400, "application/problem+json"),
                (503, PROBLEM, 5, "application/problem+json")):
            self.edge.tell(f"answer {status} {content} {retry}")
            answer = self.exchange(post(body=b"content"))
            self.edge.request()
            self.assertEqual((answer.status, answer.body), (status, b"content"))
            self.assertEqual(answer.headers["content-type"], expected)
            self.assertEqual(answer.headers.get("retry-after"), str(retry) if retry else None)
            self.assertEqual(answer.headers["cache-control"], "no-store")
            self.assertNotIn("response-signature", answer.headers)

    def test_a_dead_core_is_a_bare_503(self):
        self.edge.tell("hold")
        with self.connect(self.programme) as client:
            client.send(post())
            self.edge.request()
            self.edge.tell("down")
            answer = client.answer()
            self.assertEqual((answer.status, answer.body), (503, b""))
            self.edge.tell("release")
            self.edge.tell("echo")
            self.assertEqual(self.asks(client).status, 200)


class Together(JoseCase):
    """Limits count the connections of both addresses."""

    settings = {"jose": True, "connections": 12, "connections_a_client": 4}

    def settle(self):
        deadline = time.monotonic() + WAIT
        while time.monotonic() < deadline:  # edge notices in its own time that connections have ended
            try:
                super().settle()
                return
            except (ssl.SSLError, ConnectionError, AttributeError):
                pass
        self.fail("closed connections are still counted")

    def test_a_client_has_one_limit_for_both(self):
        clients = [self.connect(self.programme), self.connect(self.programme), self.edge.connect(), self.edge.connect()]
        for client in clients:
            self.assertEqual(client.get("/health/alive").status, 200)
        for port in (self.edge.port, self.edge.jose_port):
            with self.assertRaises((ssl.SSLError, ConnectionError)):
                self.edge.connect(context_of(self.edge, self.programme), port=port)
        for client in clients:
            self.assertEqual(client.get("/health/alive").status, 200)
            client.socket.close()


class Crowd(JoseCase):
    settings = {"jose": True, "connections": 6, "connections_a_client": 6}

    def test_a_crowd_at_one_address_makes_place_at_the_other(self):
        crowd = [self.edge.connect(source="127.0.0.9") for _ in range(5)]
        for client in crowd:
            self.assertEqual(client.get("/health/alive").status, 200)
        mine = [self.connect(self.programme, source="127.0.0.2") for _ in range(2)]
        for client in mine:
            self.assertEqual(self.asks(client).status, 200)
        ended, _, _ = select.select([client.socket for client in crowd], [], [], WAIT)
        self.assertEqual(len(ended), 1)
        for client in crowd:
            if client.socket in ended:
                self.assertTrue(client.is_closed())
            else:
                self.assertEqual(client.get("/health/alive").status, 200)
        for client in mine + crowd:
            client.socket.close()


class Deadlines(JoseCase):
    settings = {"jose": True, "handshake_seconds": 1, "request_deadline_ms": 1500}

    def begin(self, first):
        plain = socket.create_connection(("127.0.0.1", self.edge.jose_port), timeout=WAIT)
        plain.sendall(first)
        return Client(plain)

    def test_a_half_handshake_is_cut(self):
        for first in (b"", HELLO):
            client = self.begin(first)
            self.assertTrue(client.is_closed())
            self.assertEqual(client.buffered, b"")
            client.socket.close()

    def test_a_refused_client_that_does_not_hang_up_is_cut(self):
        with self.edge.connect(context_of(self.edge, None), port=self.edge.jose_port) as client:
            client.drip("x" * 1000, WAIT)
        self.assertTrue(self.edge.nothing_asked())

    def test_a_head_that_drips_is_cut(self):
        with self.connect(self.programme) as client:
            client.drip(post(OTP, b"", "application/jose", ("x", "y" * 1000)).decode(), WAIT)
        self.assertTrue(self.edge.nothing_asked())


if __name__ == "__main__":
    run_tests()
