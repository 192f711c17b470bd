"""No byte now and then may hold a socket, and nobody waits for core for ever."""

import select
import socket
import time

from edge_rig import AUTH, WAIT, Client, EdgeCase, head, run_tests


class Deadlines(EdgeCase):
    """No byte now and then may hold a socket."""

    settings = {"request_deadline_ms": 1500, "handshake_seconds": 1, "idle_seconds": 1, "write_seconds": 1}
    PATIENCE = 20

    def cut_after(self, taken, least):
        self.assertGreaterEqual(taken, least - 0.05)
        self.assertLess(taken, self.PATIENCE)

    def test_a_head_that_drips_is_cut(self):
        with self.edge.connect() as client:
            self.cut_after(client.drip(head(AUTH, ("x", "y" * 1000)), self.PATIENCE), 1.0)
        self.assertTrue(self.edge.nothing_asked())

    def test_the_second_head_that_drips_is_cut(self):
        with self.edge.connect() as client:
            client.get("/health/alive")
            client.send(f"POST {AUTH} HTTP/1.1\r\n")
            self.cut_after(client.drip("x: " + "y" * 1000, self.PATIENCE), 1.0)

    def test_the_second_request_line_that_drips_is_cut(self):
        with self.edge.connect() as client:
            client.get("/health/alive")
            self.cut_after(client.drip("GET /" + "y" * 1000, self.PATIENCE), 1.0)

    def test_a_body_that_drips_is_cut(self):
        with self.edge.connect() as client:
            client.send(head(AUTH, ("Content-Length", 100000)))
            self.cut_after(client.drip("x" * 1000, self.PATIENCE), 1.5)
        self.assertTrue(self.edge.nothing_asked())

    def test_a_refused_body_that_drips_is_cut(self):
        with self.edge.connect() as client:
            client.send(head("/nowhere", ("Content-Length", 100000)))
            self.cut_after(client.drip("x" * 1000, self.PATIENCE), 1.5)

    def test_chunks_that_drip_are_cut(self):
        with self.edge.connect() as client:
            client.send(head(AUTH, ("Transfer-Encoding", "chunked")))
            self.cut_after(client.drip("1\r\nx\r\n" * 1000, self.PATIENCE), 1.5)

    def drips_handshake(self, first):
        with socket.create_connection(("127.0.0.1", self.edge.port), timeout=WAIT) as plain:
            begun = time.monotonic()
            plain.sendall(first)
            client = Client(plain)
            client.drip("\x00" * 1000, self.PATIENCE)
            self.cut_after(time.monotonic() - begun, 1.0)

    def test_a_handshake_that_drips_is_cut(self):
        # A record of 512 bytes that holds the beginning of a client hello.
        self.drips_handshake(bytes.fromhex("1603010200010001fc0303"))

    def test_a_connection_that_says_nothing_is_cut(self):
        with socket.create_connection(("127.0.0.1", self.edge.port), timeout=self.PATIENCE) as plain:
            begun = time.monotonic()
            self.assertTrue(Client(plain).is_closed())
            self.cut_after(time.monotonic() - begun, 1.0)

    def test_an_idle_connection_is_closed(self):
        with self.edge.connect() as client:
            client.get("/health/alive")
            begun = time.monotonic()
            self.assertTrue(client.is_closed())
            self.cut_after(time.monotonic() - begun, 1.0)

    def test_a_client_that_does_not_read_is_cut(self):
        self.edge.tell("body 190000")
        with self.edge.connect(receive_buffer=4096) as client:
            sender = client.socket.fileno()
            client.send(head(AUTH, ("Content-Length", 2)), "{}")
            self.edge.request()
            hung_up = select.poll()
            hung_up.register(sender, select.POLLHUP | select.POLLERR)
            begun = time.monotonic()
            self.assertTrue(hung_up.poll(self.PATIENCE * 1000), "still open")
            self.cut_after(time.monotonic() - begun, 1.0)

    def test_a_silent_core_is_a_bare_503_and_its_late_answer_is_dropped(self):
        self.edge.tell("hold")
        with self.edge.connect() as client:
            begun = time.monotonic()
            answer = client.post(body=b"first")
            self.cut_after(time.monotonic() - begun, 1.5)
            self.assertEqual((answer.status, answer.body), (503, b""))
            self.edge.request()
            self.edge.tell("echo")
            self.edge.tell("release")
            self.assertEqual(client.post(body=b"second").body, b"second")
            self.edge.request()

    def test_a_late_answer_is_not_taken_for_that_of_the_next_request(self):
        self.edge.tell("hold")
        with self.edge.connect() as client:
            self.assertEqual(client.post(body=b"first").status, 503)
            self.edge.request()
            client.send(head(AUTH, ("Content-Length", 6)), "second")
            self.edge.request()
            self.edge.tell("release")  # answers both: only the second is waited for
            self.assertEqual(client.answer().body, b'"held 1"')
            self.edge.tell("echo")
            self.assertEqual(client.post(body=b"third").body, b"third")
            self.edge.request()


if __name__ == "__main__":
    run_tests()
