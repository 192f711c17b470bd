"""What authd-edge lets through, what it refuses, and in which form."""

import concurrent.futures
import os
import random
import ssl

from edge_rig import AUTH, JWS, WAIT, EdgeCase, head, run_tests


class Requests(EdgeCase):
    """What is let through, what is refused, and in which form."""

    def refused(self, status, *parts, stays=False):
        """Sends parts; core must get nothing, the body must be empty."""
        with self.edge.connect() as client:
            client.send(*parts)
            answer = client.answer()
            self.assertIsNotNone(answer, "closed without an answer")
            self.assertEqual((answer.status, answer.body), (status, b""))
            self.assertEqual(answer.headers["cache-control"], "no-store")
            self.assertNotIn("content-type", answer.headers)
            self.assertTrue(self.edge.nothing_asked())
            if stays:
                self.assertEqual(client.get("/health/alive").status, 200)
            else:
                self.assertTrue(client.is_closed())
            return answer

    def test_a_request_reaches_core_as_it_is_and_the_answer_comes_back(self):
        body = b'{"request":"\xc3\xa9"}'
        with self.edge.connect() as client:
            answer = client.post(AUTH + "?a=b", body, [("SIGNATURE", JWS), ("Authorization", "Authorization")])
        self.assertEqual(self.edge.request(), ["0", "POST", AUTH, str(len(JWS)), "Authorization", str(len(body)),
                                               "mosip", "json", "00" * 32, "-"])
        self.assertEqual((answer.status, answer.body), (200, body))
        self.assertEqual(answer.headers["content-type"], "application/json; charset=UTF-8")
        self.assertEqual(answer.headers["response-signature"], JWS)
        self.assertEqual(answer.headers["cache-control"], "no-store")

    def test_no_header_names_a_program(self):
        with self.edge.connect() as client:
            answers = [client.post(), client.get("/health/alive"), client.get("/")]
        self.edge.request()
        for answer in answers:
            self.assertLessEqual(set(answer.headers), {"date", "connection", "content-length", "content-type",
                                                       "cache-control"})

    def test_alive_is_answered_without_core(self):
        with self.edge.connect() as client:
            answer = client.get("/health/alive")
        self.assertEqual((answer.status, answer.body), (200, b'{"status":"UP"}'))
        self.assertTrue(self.edge.nothing_asked())

    def test_documents_come_from_core_with_their_types_and_ages(self):
        types = {"/health/ready": "application/json; charset=UTF-8",
                 "/health/state": "application/json; charset=UTF-8",
                 "/.well-known/jwks.json": "application/jwk-set+json",
                 "/.well-known/idcs-configuration": "application/json; charset=UTF-8",
                 "/mosip-certs/ida-partner.cer": "application/pem-certificate-chain",
                 "/mosip-certs/ida-fir.cer": "application/pem-certificate-chain"}
        with self.edge.connect() as client:
            for path, content_type in types.items():
                answer = client.get(path)
                self.assertEqual(self.edge.request()[1:3], ["GET", path])
                self.assertEqual((answer.status, answer.body.decode()), (200, path))
                self.assertEqual(answer.headers["content-type"], content_type)
                self.assertEqual(answer.headers["cache-control"], "max-age=300")

    def test_one_connection_serves_many_requests(self):
        with self.edge.connect() as client:
            for i in range(50):
                self.assertEqual(client.post(body=b"%d" % i).body, b"%d" % i)
                self.edge.request()

    def test_pipelined_requests_are_answered_in_order(self):
        bodies = [b"%d" % i * (i + 1) for i in range(20)]
        with self.edge.connect() as client:
            client.send(*[part for body in bodies for part in (head(AUTH, ("Content-Length", len(body))), body)])
            self.assertEqual([client.answer().body for _ in bodies], bodies)
        for _ in bodies:
            self.edge.request()

    def test_a_chunked_body_is_put_together(self):
        with self.edge.connect() as client:
            client.send(head(AUTH, ("Transfer-Encoding", "chunked")), "3\r\nabc\r\n", "4;x=y\r\ndefg\r\n0\r\n\r\n")
            self.assertEqual(client.answer().body, b"abcdefg")
            self.assertEqual(client.get("/health/alive").status, 200)
        self.edge.request()

    def test_a_body_of_the_greatest_length_is_let_through(self):
        body = os.urandom(196608)
        with self.edge.connect() as client:
            self.assertEqual(client.post(body=body).body, body)
        self.assertEqual(self.edge.request()[5], "196608")

    def test_an_empty_body_and_an_empty_answer_pass(self):
        with self.edge.connect() as client:
            for _ in range(2):
                answer = client.post(body=b"")
                self.assertEqual((answer.status, answer.body), (200, b""))
                self.assertEqual(self.edge.request()[5], "0")

    def test_a_path_of_the_greatest_length_is_let_through(self):
        path = AUTH + "/" + "a" * (1023 - len(AUTH))
        with self.edge.connect() as client:
            self.assertEqual(client.post(path).status, 200)
        self.assertEqual(self.edge.request()[2], path)

    def test_a_signature_of_the_greatest_length_is_let_through(self):
        signature = "s" * 16384
        with self.edge.connect() as client:
            answer = client.post(headers=[("signature", signature), ("Authorization", "a" * 4096)])
        self.assertEqual(answer.headers["response-signature"], signature)
        self.assertEqual(self.edge.request()[3], "16384")

    def test_http_1_0_is_answered_and_closed(self):
        with self.edge.connect() as client:
            client.send(head(AUTH, ("Content-Length", 2), version="HTTP/1.0", host=False), "{}")
            self.assertEqual(client.answer().body, b"{}")
            self.assertTrue(client.is_closed())
        self.edge.request()

    def test_a_client_that_waits_to_continue_is_told_to(self):
        with self.edge.connect() as client:
            client.send(head(AUTH, ("Content-Length", 2), ("Expect", "100-continue")))
            while b"\r\n\r\n" not in client.buffered:
                self.assertTrue(client._more())
            self.assertTrue(client.buffered.startswith(b"HTTP/1.1 100 "))
            client.buffered = b""
            client.send("{}")
            self.assertEqual(client.answer().body, b"{}")
        self.edge.request()

    def test_a_signature_that_is_there_but_empty_is_told_from_none(self):
        with self.edge.connect() as client:
            client.post(headers=[("signature", "")])
            self.assertEqual(self.edge.request()[3], "0")
            client.post()
            self.assertEqual(self.edge.request()[3], str(2**64 - 1))

    def test_unknown_paths_are_404(self):
        for path in ("/", "/idauthentication/v1/auth/", "/idauthentication/v1/%61uth/x", "/health/alive/",
                     "/health", "//health/alive", "/IDAUTHENTICATION/v1/auth/x", "/idauthentication/v1/internal/auth"):
            with self.subTest(path=path):
                self.refused(404, head(path, ("Content-Length", 2)), "{}", stays=True)

    def test_a_wrong_method_is_405_and_told_the_right_one(self):
        for method, path, right in (("GET", AUTH, "POST"), ("PUT", AUTH, "POST"), ("OPTIONS", AUTH, "POST"),
                                    ("BREW", AUTH, "POST"), ("POST", "/health/alive", "GET"),
                                    ("DELETE", "/.well-known/jwks.json", "GET")):
            with self.subTest(method=method, path=path):
                answer = self.refused(405, head(path, method=method), stays=True)
                self.assertEqual(answer.headers["allow"], right)

    def test_anything_but_json_is_415(self):
        for content_type in ("text/plain", "application/jsonp", "application/json5", "", "application"):
            with self.subTest(content_type=content_type):
                self.refused(415, head(AUTH, ("Content-Length", 2), ("Content-Type", content_type), json=False), "{}",
                             stays=True)
        self.refused(415, head(AUTH, ("Content-Length", 2), json=False), "{}", stays=True)

    def test_json_may_have_parameters_and_any_case(self):
        with self.edge.connect() as client:
            for content_type in ("application/json;charset=UTF-8", "Application/JSON ; charset=utf-8"):
                client.send(head(AUTH, ("Content-Length", 2), ("Content-Type", content_type), json=False), "{}")
                self.assertEqual(client.answer().status, 200)
                self.edge.request()

    def test_a_declared_body_that_is_too_long_is_413(self):
        self.refused(413, head(AUTH, ("Content-Length", 196609)), b"x" * 196609, stays=True)
        self.refused(413, head(AUTH, ("Content-Length", 2**40)))
        self.refused(413, head(AUTH, ("Content-Length", 2**64 - 1)))

    def test_a_chunked_body_that_grows_too_long_is_413(self):
        self.refused(413, head(AUTH, ("Transfer-Encoding", "chunked")), "30001\r\n", b"x" * 0x30001, "\r\n0\r\n\r\n",
                     stays=True)

    def test_a_body_without_end_is_cut(self):
        with self.edge.connect() as client:
            with self.assertRaises((ssl.SSLError, ConnectionError)):
                client.send(head(AUTH, ("Transfer-Encoding", "chunked")))
                for _ in range(4096):
                    client.send("4000\r\n", b"x" * 0x4000, "\r\n")
        self.assertTrue(self.edge.nothing_asked())

    def test_headers_that_may_come_once_are_400_when_they_come_twice(self):
        for name, value in (("Signature", JWS), ("authorization", "Authorization"), ("Content-Length", "2"),
                            ("Host", "localhost"), ("Content-Type", "application/json")):
            with self.subTest(name=name):
                usual = [("signature", JWS), ("Authorization", "Authorization"), ("Content-Length", "2")]
                self.refused(400, head(AUTH, *usual, (name, value)), "{}")

    def test_bad_framing_is_400(self):
        chunked = ("Transfer-Encoding", "chunked")
        for name, text in {
            "both lengths": head(AUTH, chunked, ("Content-Length", 2)),
            "both lengths, other order": head(AUTH, ("Content-Length", 2), chunked),
            "another coding": head(AUTH, ("Transfer-Encoding", "gzip")),
            "two codings": head(AUTH, ("Transfer-Encoding", "gzip, chunked")),
            "chunked twice": head(AUTH, chunked, chunked),
            "chunked in HTTP/1.0": head(AUTH, chunked, version="HTTP/1.0"),
            "no Host": head(AUTH, host=False),
            "space before the colon": head(AUTH, ("Content-Length ", 2)),
            "name that is no token": head(AUTH, ("Sign(ature", 2)),
            "control character in a value": head(AUTH, ("signature", "a\x01b")),
            "space in the path": head(AUTH + " x"),
            "control character in the path": head(AUTH + "\x01"),
            "other characters in the path": head(AUTH + "\u00e9"),
            "no slash": head("idauthentication"),
            "another host's path": head("https://localhost/health/alive", method="GET"),
            "GET with a body": head("/health/alive", ("Content-Length", 1), method="GET"),
            "GET with chunks": head("/health/alive", chunked, method="GET"),
        }.items():
            with self.subTest(name):
                self.refused(400, text)

    def test_a_path_too_long_is_414(self):
        self.refused(414, head("/" + "a" * 1024))

    def test_a_signature_or_authorization_too_long_is_431(self):
        self.refused(431, head(AUTH, ("signature", "s" * 16385)))
        self.refused(431, head(AUTH, ("Authorization", "a" * 4097)))

    def test_a_head_too_long_is_refused_before_it_ends(self):
        for text, status in (("GET /" + "a" * 70000, 414), (head(AUTH)[:-2] + "x: " + "y" * 70000, 431),
                             (head(AUTH)[:-2] + "x: y\r\n" * 10000, 431)):
            with self.edge.connect() as client:
                try:
                    client.send(text)
                except (ssl.SSLError, ConnectionError):
                    pass
                answer = client.answer()
                self.assertIn(answer and answer.status, (status, None))
                self.assertTrue(client.is_closed())
        self.assertTrue(self.edge.nothing_asked())

    def test_what_is_no_http_is_refused(self):
        for text in ("\x16\x03\x01\r\n\r\n", "GET /health/alive HTTP/2.0\r\nHost: x\r\n\r\n", "GET\r\n\r\n",
                     "POST " + AUTH + " HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n",
                     head(AUTH, ("Content-Length", "-1")), head(AUTH, ("Content-Length", "2x")),
                     head(AUTH, ("Transfer-Encoding", "chunked")) + "zz\r\n"):
            with self.subTest(text=text), self.edge.connect() as client:
                client.send(text)
                answer = client.answer()
                self.assertTrue(answer is None or 400 <= answer.status <= 505)
                self.assertTrue(client.is_closed())
        self.assertTrue(self.edge.nothing_asked())

    def test_the_rest_of_a_refused_request_is_not_taken_for_another(self):
        inner = head("/health/state", method="GET", json=False)
        with self.edge.connect() as client:
            client.send(head(AUTH, ("Content-Length", len(inner)), ("Transfer-Encoding", "chunked")), inner)
            self.assertEqual(client.answer().status, 400)
            self.assertTrue(client.is_closed())
        self.assertTrue(self.edge.nothing_asked())


class ManyAtOnce(EdgeCase):
    """Each gets its own answer, also when others go away in the middle."""

    settings = {"lanes": 4}
    THREADS, ROUNDS = 12, 15

    def client(self, number):
        chance = random.Random(number)
        for round in range(self.ROUNDS):
            body = b"%d.%d." % (number, round) * chance.randrange(1, 3000)
            context = self.edge.context(chance.choice((ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)))
            with self.edge.connect(context) as client:
                if chance.randrange(4) == 0:
                    client.send(head(AUTH, ("Content-Length", len(body))), body[:chance.randrange(len(body) + 1)])
                    continue
                for _ in range(chance.randrange(1, 4)):
                    if client.post(body=body).body != body:
                        raise AssertionError("another's answer")

    def test_each_gets_its_own_answer(self):
        with concurrent.futures.ThreadPoolExecutor(self.THREADS) as pool:
            for done in [pool.submit(self.client, number) for number in range(self.THREADS)]:
                done.result(timeout=WAIT)


if __name__ == "__main__":
    run_tests()
