"""The JOSE profile against a hostile programme and against kills: what comes twice, what is bent, what is meant to
crowd others out."""

import concurrent.futures
import http.client
import json
import os
import socket
import ssl
import threading
import unittest

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from jwcrypto import jwk

from jose import JoseProgramme, text
from programme import b64u, transaction, unb64u, wrong
from rough_box import RoughBox, await_

ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551  # of P-256
THREADS = 40


def setUpModule():
    global box, kit
    box = RoughBox(people=120, core__failures_an_hour=1000000)
    kit = box.kit


def tearDownModule():
    box.close()


def key():
    return {"Idempotency-Key": b64u(os.urandom(18))}


class Case(unittest.TestCase):
    def setUp(self):
        self.asker, self.person = JoseProgramme(kit.programme()), kit.person()

    def problem(self, answer, *names):
        self.assertEqual(answer.headers["content-type"], "application/problem+json", (answer.status, answer.body))
        self.assertIn(answer.json["type"].rsplit(":", 1)[1], names)

    def claims(self, answer):
        self.assertEqual(answer.status, 200, answer.body)
        return json.loads(unb64u(answer.body.decode().split(".")[1]))

    def post(self, body, headers=None, path="/v1/authentications"):
        return self.asker.other().post(path, body, headers=headers)

    def post_all(self, requests, threads=THREADS):
        """The answers to all (body, headers), sent by many threads at once."""
        with concurrent.futures.ThreadPoolExecutor(threads) as pool:
            return list(pool.map(lambda request: self.post(*request), requests))

    def restart_core(self):
        dead = box.kill_one("authd-core")
        box.await_successor("authd-core", 1, dead)
        box.await_ready(60)


class Retries(Case):
    def test_of_two_hundred_parallel_retries_one_decides(self):
        txn, code = self.asker.code_for(self.person)
        request = self.asker.request(self.person, txn, otp=code), key()
        answers = self.post_all([request] * 200)
        said = [self.claims(answer) for answer in answers if answer.status == 200]
        for answer in answers:
            if answer.status != 200:
                self.problem(answer, "in-progress")
                self.assertEqual(answer.headers["retry-after"], "1")
        self.assertEqual([one for one in said if one != said[0]], [])
        self.assertEqual(self.claims(self.post(*request)), said[0])

    def test_two_hundred_parallel_retries_of_a_wrong_code_cost_one_attempt(self):
        txn, code = self.asker.code_for(self.person)
        request = self.asker.request(self.person, txn, otp=wrong(code)), key()
        for answer in self.post_all([request] * 200):
            self.problem(answer, "not-authenticated", "in-progress")
        self.claims(self.post(self.asker.request(self.person, txn, otp=code)))

    def test_a_key_with_many_bodies_in_parallel_serves_one_of_them(self):
        txn, code = self.asker.code_for(self.person)
        ours = key()
        answers = self.post_all([(self.asker.request(self.person, txn, otp=wrong(code)), ours) for _ in range(40)])
        decided = [answer for answer in answers if answer.status == 403]
        self.assertEqual(len(decided), 1)
        for answer in answers:
            self.problem(answer, "not-authenticated", "key-reused", "in-progress")

    def test_a_body_under_many_keys_in_parallel_serves_once(self):
        txn, code = self.asker.code_for(self.person)
        body = self.asker.request(self.person, txn, otp=code)
        answers = self.post_all([(body, key()) for _ in range(40)] + [(body, None)] * 10)
        self.assertEqual([answer.status for answer in answers].count(200), 1)
        for answer in answers:
            if answer.status != 200:
                self.problem(answer, "replayed")

    def test_a_block_in_many_bodies_in_parallel_serves_once(self):
        txn, code = self.asker.code_for(self.person)
        plain = self.asker.plain(self.person, txn, otp=code)
        claims = self.asker.claims(plain, consent=True)
        answers = self.post_all([(self.asker.sign({**claims, "n": n}), key()) for n in range(40)])
        self.assertEqual([answer.status for answer in answers].count(200), 1)
        for answer in answers:
            if answer.status != 200:
                self.problem(answer, "replayed")

    def test_another_programmes_key_is_another_key(self):
        other = next(JoseProgramme(kit.programme(token=token)) for token in ("partner", "policy", "random")
                     if kit.programme(token=token).id != self.asker.id)
        ours = key()
        txn, code = self.asker.code_for(self.person)
        body = self.asker.request(self.person, txn, otp=code)
        first = self.claims(self.post(body, ours))
        self.problem(other.post("/v1/authentications", body, headers=ours), "not-recognised")
        self.problem(other.authenticate(self.person, txn, code, headers=ours), "not-authenticated")
        self.assertEqual(self.claims(self.post(body, ours)), first)

    def test_the_other_signature_of_the_same_claims_is_a_replay(self):
        """(r, n - s) verifies where (r, s) does: another body, with the same block."""
        txn, code = self.asker.code_for(self.person)
        body = self.asker.request(self.person, txn, otp=code)
        signed, signature = body.rsplit(".", 1)
        raw = unb64u(signature)
        other = raw[:32] + (ORDER - int.from_bytes(raw[32:], "big")).to_bytes(32, "big")
        ours = key()
        first = self.claims(self.post(body, ours))
        self.problem(self.post(signed + "." + b64u(other)), "replayed")
        self.problem(self.post(signed + "." + b64u(other), ours), "key-reused")
        self.assertEqual(self.claims(self.post(body, ours)), first)

    def test_a_person_is_not_flooded_with_codes(self):
        before = len(list(kit.outbox.glob("*.json")))
        answers = []
        for _ in range(12):
            answer, txn = self.asker.ask(self.person)
            answers.append(answer.body.replace(txn.encode(), b"*"))
            self.assertEqual(answer.status, 202)
        self.assertEqual(len(set(answers)), 1)
        self.asker.code_for(kit.person())  # its message comes after theirs
        self.assertEqual(len(list(kit.outbox.glob("*.json"))) - before, 5 + 1)


class Kills(Case):
    def test_what_was_served_is_a_replay_after_a_restart(self):
        txn, code = self.asker.code_for(self.person)
        plain = self.asker.plain(self.person, txn, otp=code)
        claims = self.asker.claims(plain, consent=True)
        body = self.asker.sign(claims)
        self.claims(self.post(body))
        self.restart_core()
        self.problem(self.post(body), "replayed")
        self.problem(self.post(body, key()), "replayed")
        self.problem(self.post(self.asker.sign({**claims, "n": 1})), "replayed")

    def storm(self, request, done):
        """The answers of one who tries until all are ${done}, whatever the box does meanwhile."""
        answers, twin = [], self.asker.other()
        while not done.is_set():
            try:
                answers.append(twin.post("/v1/authentications", request[0], headers=request[1], fresh=False))
            except (OSError, http.client.HTTPException):  # cut off; the next try connects anew
                twin = self.asker.other()
        if twin.connection is not None:
            twin.connection.close()
        return answers

    def last(self, request):
        """The answer once the box serves again."""
        box.await_ready(60)
        return await_(lambda: next((answer for answer in [self.post(*request)] if answer.status == 200), None))

    def test_through_kills_a_key_has_one_answer(self):
        for victim in ("authd-core", "authd-unseal", "hsm-signer", "authd-core"):
            with self.subTest(victim=victim):
                person = kit.person()
                txn, code = self.asker.code_for(person)
                request = self.asker.request(person, txn, otp=code), key()
                done = threading.Event()
                with concurrent.futures.ThreadPoolExecutor(8) as pool:
                    storms = [pool.submit(self.storm, request, done) for _ in range(8)]
                    count, dead = len(box.processes()[victim]), box.kill_one(victim)
                    try:
                        box.await_successor(victim, count, dead)
                        last = self.last(request)
                    finally:
                        done.set()
                    answers = [answer for storm in storms for answer in storm.result()] + [last]
                said = [self.claims(answer) for answer in answers if answer.status == 200]
                self.assertGreater(len(said), 0)
                self.assertEqual([one for one in said if one != said[0]], [])
                for answer in answers:
                    if answer.status == 409:
                        self.problem(answer, "in-progress")
                    elif answer.status != 200:  # from edge itself, when there is nobody behind it, without a body
                        self.assertEqual(answer.status, 503)
                self.problem(self.asker.authenticate(person, txn, code), "not-authenticated")


class Bent(Case):
    def test_a_key_serves_its_one_purpose(self):
        plain = self.asker.plain(self.person, transaction(), otp="123456")
        token = next(k for k in self.asker.jwks()["keys"] if k["alg"] == "ES256")
        sealed = self.asker.seal(plain, key=jwk.JWK(**{k: v for k, v in token.items() if k not in ("use", "alg")}))
        self.problem(self.post(self.asker.sign(self.asker.claims(plain, consent=True, sealed=sealed))),
                     "not-sealed-for-us")
        tls_key = (kit.folder / kit.programme().entry["jose"]["tls_key"]).read_bytes()
        for other in (self.asker.encryption, jwk.JWK.from_pem(tls_key)):
            if other.get("kty") != "EC":
                continue
            plain = self.asker.plain(self.person, transaction(), otp="123456")
            self.problem(self.post(self.asker.sign(self.asker.claims(plain, consent=True), key=other)),
                         "not-recognised")

    def test_a_body_for_one_call_serves_no_other(self):
        plain = self.asker.plain(self.person, transaction())
        body = self.asker.sign(self.asker.claims(plain, channels=["phone"]))
        for path in ("/v1/authentications", "/v1/attributes"):
            self.problem(self.post(body, path=path), "malformed")
        answer = self.post(body, path="/v1/otp/")
        self.assertEqual((answer.status, answer.body), (404, b""))

    def nested(self, depth, opened, closed):
        return opened * depth + closed * depth

    def test_large_and_deep_bodies_are_refused_and_the_box_lives(self):
        room = 100 * 1024
        fillers = {"deep lists": '"x":' + self.nested(room // 2, "[", "]"),
                   "deep objects": '"x":' + self.nested(room // 6, '{"a":', "}").replace(":}", ":1}", 1),
                   "many members": ",".join('"m%d":1' % n for n in range(room // 10)),
                   "one name often": ",".join(['"x":1'] * (room // 6)),
                   "a long string": '"x":"%s"' % ("a" * room),
                   "escapes": '"x":"%s"' % ("\\u0061" * (room // 6)),
                   "a long number": '"x":' + "9" * room,
                   "many attributes": '"attributes":[%s]' % ",".join(['"a"'] * (room // 4))}
        for name, filler in fillers.items():
            with self.subTest(name):
                claims = text(self.asker.claims(self.asker.plain(self.person, transaction(), otp="123456"),
                                                consent=True))
                answer = self.post(self.sign_text(claims[:-1] + "," + filler + "}"))
                self.problem(answer, "malformed", "not-authenticated")
        box.await_ready(60)

    def sign_text(self, claims):
        token = self.asker.sign({"x": 1})
        header = token.split(".")[0]
        signed = header + "." + b64u(claims.encode())
        r, s = utils.decode_dss_signature(
            self.asker.signature.get_op_key("sign").sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return signed + "." + b64u(r.to_bytes(32, "big") + s.to_bytes(32, "big"))

    def raw(self, head, body=b""):
        """The status lines of everything that comes back for these bytes."""
        with socket.create_connection((self.asker.host, int(self.asker.port)), 60) as plain:
            with self.asker.tls.wrap_socket(plain, server_hostname=self.asker.host) as connection:
                connection.sendall(head.replace("\n", "\r\n").encode() + body)
                received = b""
                try:
                    connection.settimeout(60)
                    while True:
                        piece = connection.recv(65536)
                        if not piece:
                            break
                        received += piece
                except (ssl.SSLError, OSError):
                    pass
        return [line for line in received.split(b"\r\n") if line.startswith(b"HTTP/")]

    def test_no_request_hides_in_another(self):
        host = "Host: %s\nContent-Type: application/jose\nConnection: close\n" % self.asker.host
        hidden = b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        post = "POST /v1/authentications HTTP/1.1\n" + host
        smuggled = {
            "length and chunks": post + "Content-Length: %d\nTransfer-Encoding: chunked\n\n" % (len(hidden) + 5),
            "two lengths": post + "Content-Length: 0\nContent-Length: %d\n\n" % len(hidden),
            "a signed length": post + "Content-Length: +%d\n\n" % len(hidden),
            "a negative length": post + "Content-Length: -1\n\n",
            "no length": post + "Content-Length: \n\n",
            "an unknown coding": post + "Transfer-Encoding: chunked, identity\n\n",
            "a space before the colon": post + "Content-Length : 0\n\n",
            "two keys": post + "Idempotency-Key: %s\nIdempotency-Key: %s\nContent-Length: 0\n\n" % (
                "a" * 16, "b" * 16),
            "two media": post + "Content-Type: application/json\nContent-Length: 0\n\n",
        }
        for name, head in smuggled.items():
            with self.subTest(name):
                answers = self.raw(head, (b"0\r\n\r\n" if "chunk" in name else b"") + hidden)
                self.assertGreaterEqual(len(answers), 1)
                for line in answers:
                    self.assertRegex(line, rb"^HTTP/1.1 4", name)

    def test_keys_that_are_none(self):
        body = self.asker.request(self.person, transaction(), otp="123456")
        for value in ("short", "a" * 65, "with space in the key", "umlaut-\u00fc-in-the-key", "a" * 15 + "%", ""):
            with self.subTest(value):
                answer = self.post(body, {"Idempotency-Key": value.encode("latin-1")})
                self.assertEqual(answer.status // 100, 4, answer.body)


if __name__ == "__main__":
    unittest.main()
