"""Core dies, stops reading, or breaks the protocol; edge ends."""

import select
import shutil
import socket
import ssl
import subprocess
import time
import unittest

from edge_rig import AUTH, EDGE, WAIT, Edge, EdgeCase, head, run_tests


class Core(EdgeCase):
    """Core dies, stops reading, or breaks the protocol."""

    settings = {"queue_bytes": 262144}

    def test_requests_that_died_with_core_are_a_bare_503_at_once(self):
        self.edge.tell("hold")
        clients = [self.edge.connect() for _ in range(10)]
        for client in clients:
            client.send(head(AUTH, ("Content-Length", 2)), "{}")
        for _ in clients:
            self.edge.request()
        begun = time.monotonic()
        self.edge.tell("down")
        for client in clients:
            answer = client.answer()
            self.assertEqual((answer.status, answer.body), (503, b""))
        self.assertLess(time.monotonic() - begun, 9)
        self.edge.tell("echo")
        self.edge.tell("release")
        for client in clients:
            self.assertEqual(client.post(body=b"again").body, b"again")
            self.edge.request()
            client.socket.close()

    def test_requests_sent_while_core_is_dead_are_answered_by_its_successor(self):
        self.edge.tell("hold")
        with self.edge.connect() as client:
            client.send(head(AUTH, ("Content-Length", 6)), "before")
            self.edge.request()
            self.edge.tell("deaf")
            self.edge.tell("down")
            self.assertEqual(client.answer().status, 503)  # edge knows
            client.send(head(AUTH, ("Content-Length", 5)), "after")
            self.assertTrue(self.edge.nothing_asked())
            self.edge.tell("echo")
            self.assertEqual(client.answer().body, b"after")
            self.edge.request()
            self.edge.tell("release")

    def test_a_full_queue_is_a_bare_503_at_once(self):
        body = b"x" * 60000
        self.edge.tell("deaf")
        clients = {}
        answered = []
        while not answered and len(clients) < 200:
            # With TLS 1.2 nothing but an answer comes after the handshake.
            client = self.edge.connect(self.edge.context(ssl.TLSVersion.TLSv1_2))
            clients[client.socket] = client
            client.send(head(AUTH, ("Content-Length", len(body))), body)
            answered, _, _ = select.select(list(clients), [], [], 0)
        answered = answered or select.select(list(clients), [], [], 5)[0]
        self.assertTrue(answered, "never full")
        refused = clients.pop(answered[0])
        answer = refused.answer()
        self.assertEqual((answer.status, answer.body), (503, b""))
        self.edge.tell("echo")
        self.assertIn(200, [client.answer().status for client in clients.values()])
        for client in [refused, *clients.values()]:
            client.socket.close()


class Ends(unittest.TestCase):
    def ends(self, edge, *expected):
        line = edge.lines.get(timeout=WAIT)
        self.assertEqual(line, list(expected), edge.log())
        log = edge.log()
        edge.process.wait(timeout=WAIT)
        edge.process.stdin.close()
        edge.process.stdout.close()
        shutil.rmtree(edge.folder)
        return log

    def test_stop_answers_what_waits_and_ends_cleanly(self):
        edge = Edge(lanes=2)
        edge.tell("hold")
        with edge.connect() as client:
            client.send(head(AUTH, ("Content-Length", 2)), "{}")
            edge.request()
            self.assertEqual(edge.stop(), ["exited", "0"])
            answer = client.answer()
            self.assertEqual(answer and answer.status, 503)
            self.assertTrue(client.is_closed())
        self.assertIn("lane-tally", edge.log())
        edge.process.stdin.close()
        edge.process.stdout.close()
        shutil.rmtree(edge.folder)

    def test_stop_does_not_wait_for_clients_that_are_silent(self):
        edge = Edge()
        with edge.connect() as idle, socket.create_connection(("127.0.0.1", edge.port), timeout=WAIT) as half:
            half.sendall(bytes.fromhex("1603010200010001fc0303"))
            self.assertEqual(idle.get("/health/alive").status, 200)
            self.assertEqual(edge.stop(), ["exited", "0"])
        edge.process.stdin.close()
        edge.process.stdout.close()
        shutil.rmtree(edge.folder)

    def test_a_core_that_breaks_the_protocol_ends_edge_with_failure(self):
        edge = Edge()
        edge.tell("garbage")
        log = self.ends(edge, "exited", "70")
        self.assertIn("core-lost", log)

    def test_a_key_that_others_may_read_is_refused(self):
        log = self.ends(Edge(key_mode=0o604, start=False), "exited", "78")
        self.assertIn("chmod 0640", log)

    def test_a_key_of_another_curve_is_refused(self):
        log = self.ends(Edge(key=("ec", "P-384"), start=False), "exited", "78")
        self.assertIn("P-256", log)

    def test_another_keys_certificate_is_refused(self):
        other = Edge()
        log = self.ends(Edge(start=False, tls_certificate=other.certificate), "exited", "78")
        self.assertIn("tls-certificate", log)
        other.close()

    def test_a_missing_key_is_refused(self):
        log = self.ends(Edge(start=False, tls_key="/nonexistent"), "exited", "78")
        self.assertIn("tls-key: cannot read /nonexistent", log)

    def test_an_unknown_setting_is_refused(self):
        log = self.ends(Edge(start=False, body_byte=3), "exited", "78")
        self.assertIn("body-byte", log)

    def test_more_connections_than_descriptors_are_refused(self):
        edge = Edge(start=False, limit_descriptors=1000)
        log = self.ends(edge, "exited", "78")
        self.assertIn("too-few-descriptors needed=2304 limit=1000", log)

    def test_check_judges_settings_without_starting(self):
        good = subprocess.run([EDGE, "--check"], input=b"tls-key = /k\ntls-certificate = /c\n", capture_output=True,
                              timeout=WAIT)
        self.assertEqual(good.returncode, 0, good.stderr)
        bad = subprocess.run([EDGE, "--check"], input=b"tls-keys = /k\n", capture_output=True, timeout=WAIT)
        self.assertEqual(bad.returncode, 78)
        self.assertIn(b"tls-keys", bad.stderr)


if __name__ == "__main__":
    run_tests()
