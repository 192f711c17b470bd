"""The key of TLS in the token, on a whole box that renews it every few seconds: who connects meets a certificate of the
box's CA, whatever is being renewed or killed meanwhile."""

import os
import signal
import ssl
import subprocess
import threading
import time
import unittest

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from box import Box

WAIT = 120  # seconds
DAYS = {"hsm__key_day": 1, "hsm__key_propagation": 3, "hsm__key_skew": 0, "hsm__published_max_age": 0,
        "hsm__clock_jump_days": 36500, "hsm__tls_active_days": 4, "hsm__tls_overlap_days": 2}


def setUpModule():
    global box
    box = Box(people=40, words=("--tls-key", "token"), **DAYS)


def tearDownModule():
    box.close()


def openssl(port, *words):
    return subprocess.run(["openssl", "s_client", "-connect", "127.0.0.1:%d" % port, "-CAfile",
                           str(box.kit.path("ca_certificate")), "-verify_ip", "127.0.0.1", "-verify_return_error", *words],
                          input="", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)


class Clients:
    """Threads that connect, ask and hang up, over and over; each handshake is a full one."""

    def __init__(self, count=2):
        self.leaves, self.asked, self.failures, self.ends = [], 0, [], threading.Event()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(count)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ends.set()
        for thread in self.threads:
            thread.join()

    def run(self):
        while not self.ends.is_set():
            try:
                self.ask()
            except OSError as error:
                self.failures.append(repr(error))

    def ask(self):
        connection = box.kit.connect()
        try:
            connection.request("GET", "/health/alive")
            leaf = connection.sock.getpeercert(binary_form=True)
            assert connection.getresponse().status == 200
        finally:
            connection.close()
        with self.lock:
            self.asked += 1
            if leaf not in self.leaves:
                self.leaves.append(leaf)

    def until(self, holds):
        end = time.monotonic() + WAIT
        while not holds():
            if time.monotonic() > end:
                raise TimeoutError("%d asked, %d certificates, %s\n%s"
                                   % (self.asked, len(self.leaves), self.failures[-3:], box.log()[-4000:]))
            time.sleep(0.02)

    def keys(self):
        return [x509.load_der_x509_certificate(leaf).public_key() for leaf in self.leaves]

    def more(self, count):
        begun = self.asked
        self.until(lambda: self.asked >= begun + count)


class TlsKeyInTheToken(unittest.TestCase):
    def test_1_both_addresses_show_a_certificate_of_the_box(self):
        for port in (box.port, box.jose_port):
            shown = openssl(port, "-tls1_3")
            self.assertIn("Verify return code: 0 (ok)", shown.stdout)
            self.assertIn("O = IDCS, CN = IDCS-TLS", shown.stdout)
        shown = openssl(box.port, "-tls1_2")
        self.assertEqual(shown.returncode, 0, shown.stdout)
        self.assertNotEqual(openssl(box.port, "-verify_hostname", "elsewhere.example").returncode, 0)

    def test_2_it_is_in_no_file_of_edge(self):
        self.assertEqual(os.listdir(box.state / "tls"), [])
        self.assertNotIn("tls-certificate", (box.state / "idcs.conf").read_text())

    def test_3_a_renewal_loses_no_request_and_no_connection(self):
        before = box.processes()["authd-edge"]
        kept = box.kit.connect(timeout=WAIT)
        kept.connect()
        with Clients() as clients:
            while len(clients.leaves) < 3:
                kept.request("GET", "/health/alive")
                self.assertEqual(kept.getresponse().read() is not None, True)
                self.assertLess(len(clients.failures), 1, clients.failures)
                time.sleep(0.2)
            clients.more(20)
        self.assertEqual(clients.failures, [])
        self.assertEqual(box.processes()["authd-edge"], before)
        kept.request("GET", "/health/alive")
        self.assertEqual(kept.getresponse().status, 200)
        kept.close()

    def test_4_the_death_of_a_signer_fails_no_handshake(self):
        with Clients() as clients:
            for pid in box.processes()["hsm-signer"]:
                told = box.log().count(" serving provisioned=yes")
                clients.more(50)
                os.kill(pid, signal.SIGKILL)
                clients.until(lambda before=told: box.log().count(" serving provisioned=yes") > before)
            clients.more(50)
        self.assertEqual(clients.failures, [])

    def test_5_when_all_signers_or_edge_died_handshakes_come_back_with_them(self):
        for process in ("hsm-signer", "authd-edge"):
            box.kill(process)
            box.await_ready(WAIT)
            with Clients() as clients:
                clients.more(20)
            self.assertEqual(clients.failures, [])

    def test_6_signers_that_hang_hold_no_lane(self):
        stopped = box.processes()["hsm-signer"]
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            begun = time.monotonic()
            with self.assertRaises((ssl.SSLError, OSError)):
                box.kit.get("/health/alive")
            self.assertLess(time.monotonic() - begun, WAIT)
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)
        box.await_ready(WAIT)

    def test_7_the_next_key_can_be_rsa(self):
        box.settings["hsm.tls-key-type"] = "rsa"
        box.stop()
        box.start()
        with Clients() as clients:
            clients.until(lambda: any(isinstance(key, rsa.RSAPublicKey) for key in clients.keys()))
            self.assertTrue(all(isinstance(key, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey)) for key in clients.keys()))
        for words in (("-tls1_3",), ("-tls1_2", "-sigalgs", "RSA+SHA256"), ("-tls1_2", "-sigalgs", "RSA+SHA384"),
                      ("-tls1_2", "-sigalgs", "RSA-PSS+SHA256"), ("-tls1_3", "-sigalgs", "RSA-PSS+SHA384")):
            shown = openssl(box.port, *words)
            self.assertEqual(shown.returncode, 0, (words, shown.stdout[-600:]))
        self.assertEqual(clients.failures, [])


if __name__ == "__main__":
    unittest.main()
