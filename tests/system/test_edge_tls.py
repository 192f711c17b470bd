"""TLS 1.3 and 1.2, tickets, and what is refused before HTTP."""

import socket
import ssl
import subprocess

from edge_rig import WAIT, EdgeCase, run, run_tests


class Tls(EdgeCase):
    def test_both_versions_serve(self):
        for version, name in ((ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")):
            with self.edge.connect(self.edge.context(version)) as client:
                self.assertEqual(client.socket.version(), name)
                self.assertEqual(client.get("/health/alive").status, 200)

    def handshake(self, version):
        return subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.edge.port}", version, "-cipher",
                               "DEFAULT:@SECLEVEL=0"], input=b"", capture_output=True, timeout=WAIT)

    def test_older_versions_are_refused(self):
        self.assertEqual(self.handshake("-tls1_2").returncode, 0)
        for version in ("-tls1_1", "-tls1"):
            result = self.handshake(version)
            self.assertNotEqual(result.returncode, 0)
            self.assertIn(b"CONNECTED", result.stdout)

    def test_old_suites_are_refused(self):
        for suites in ("AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA256"):
            context = self.edge.context(ssl.TLSVersion.TLSv1_2)
            context.set_ciphers(suites)
            with self.subTest(suites=suites), self.assertRaises((ssl.SSLError, ConnectionError)):
                self.edge.connect(context)

    def test_the_servers_order_of_suites_decides(self):
        result = run("openssl", "s_client", "-connect", f"127.0.0.1:{self.edge.port}", "-ciphersuites",
                     "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256", input=b"")
        self.assertIn(b"Cipher is TLS_AES_128_GCM_SHA256", result.stdout)

    def resumes(self, version, connections=8):
        context = self.edge.context(version)
        with self.edge.connect(context) as client:
            client.get("/health/alive")  # TLS 1.3 sends its tickets after the handshake
            self.assertFalse(client.socket.session_reused)
            session = client.socket.session
        self.assertTrue(session.has_ticket)
        for _ in range(connections):
            with self.edge.connect(context, session) as client:
                self.assertTrue(client.socket.session_reused)
                self.assertEqual(client.get("/health/alive").status, 200)

    def test_a_ticket_resumes_a_session_of_tls_1_2(self):
        self.resumes(ssl.TLSVersion.TLSv1_2)

    def test_a_ticket_resumes_a_session_of_tls_1_3(self):
        self.resumes(ssl.TLSVersion.TLSv1_3)

    def test_plain_http_gets_nothing(self):
        with socket.create_connection(("127.0.0.1", self.edge.port), timeout=WAIT) as plain:
            plain.sendall(b"GET /health/alive HTTP/1.1\r\nHost: x\r\n\r\n")
            try:
                self.assertNotIn(b"HTTP", plain.recv(4096))
            except ConnectionError:
                pass


class TlsOfTwoLanes(Tls):
    """A ticket of one lane must be good in the other."""

    settings = {"lanes": 2, "key": ("rsa", "2048")}

    def test_old_suites_are_refused(self):
        context = self.edge.context(ssl.TLSVersion.TLSv1_2)
        context.set_ciphers("AES256-GCM-SHA384:DHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA")
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            self.edge.connect(context)

    def test_both_lanes_get_requests(self):
        lanes = set()
        for _ in range(200):
            with self.edge.connect() as client:
                self.assertEqual(client.post().status, 200)
            lanes.add(self.edge.request()[0])
            if lanes == {"0", "1"}:
                return
        self.fail(f"only lanes {lanes} in 200 connections")


if __name__ == "__main__":
    run_tests()
