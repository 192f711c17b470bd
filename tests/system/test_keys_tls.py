"""The key of TLS in the token, on a whole box that renews it every few seconds: who connects meets a certificate of the
box's CA, whatever is being renewed or killed meanwhile; or one of another authority, once officers have brought it."""

import datetime
import os
import re
import signal
import socket
import ssl
import subprocess
import threading
import time
import unittest

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from box import Box

WAIT = 120  # seconds
DAYS = {"hsm__key_day": 1, "hsm__key_propagation": 3, "hsm__key_skew": 0, "hsm__published_max_age": 0,
        "hsm__clock_jump_days": 36500, "edge__handshake_seconds": 60, "hsm__tls_active_days": 4, "hsm__tls_overlap_days": 2}


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


class Authority:
    """One that the box knows nothing of: a root and an intermediate."""

    def __init__(self):
        self.root_key, self.key = ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 3072)
        self.root = self.certify("Test Root", self.root_key.public_key(), None, authority=True)
        self.intermediate = self.certify("Test Intermediate", self.key.public_key(), self.root, authority=True)

    def certify(self, name, key, issuer, names=None, authority=False, days=90):
        now = datetime.datetime.now(datetime.timezone.utc)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        signer = self.root_key if issuer is None or authority else self.key
        made = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer.subject if issuer else subject)
                .public_key(key).serial_number(x509.random_serial_number())
                .not_valid_before(now - datetime.timedelta(days=2)).not_valid_after(now + datetime.timedelta(days=days))
                .add_extension(x509.BasicConstraints(authority, None), critical=True))
        if not authority:
            made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        if names is not None:
            made = made.add_extension(names, critical=False)
        return made.sign(signer, hashes.SHA256())

    def answer(self, request, **words):
        """The leaf for a request in PEM, with the names that it asks for."""
        asked = x509.load_pem_x509_csr(request.encode())
        assert asked.is_signature_valid
        names = asked.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return self.certify("the box", asked.public_key(), self.intermediate, **{"names": names, **words})

    def context(self):
        return ssl.create_default_context(cadata=pem(self.root))


def pem(*certificates):
    return "".join(each.public_bytes(serialization.Encoding.PEM).decode() for each in certificates)


def shown_leaf(context):
    """What a client that trusts ${context} alone meets in a new handshake."""
    with socket.create_connection(("127.0.0.1", box.port), timeout=WAIT) as plain:
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as secured:
            return x509.load_der_x509_certificate(secured.getpeercert(binary_form=True))


def until(holds):
    """Tries ${holds} until it gives something true."""
    end = time.monotonic() + WAIT
    while True:
        found = holds()
        if found:
            return found
        if time.monotonic() > end:
            raise TimeoutError(box.log()[-4000:])
        time.sleep(0.05)


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

    def test_6_signers_that_hang_are_replaced_and_their_successors_sign_what_waited(self):
        before = box.processes()["authd-edge"]
        stopped = box.processes()["hsm-signer"]
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        with Clients(4) as clients:
            clients.more(50)
        self.assertEqual(clients.failures, [])
        self.assertEqual(box.processes()["authd-edge"], before)
        until(lambda: not set(stopped) & set(box.processes()["hsm-signer"]))
        box.await_ready(WAIT)

    def test_7_the_next_key_can_be_rsa_and_the_only_signer_makes_keys_while_handshakes_wait(self):
        box.settings["hsm.tls-key-type"], box.settings["authd.signers"] = "rsa", "1"
        box.stop()
        box.start()
        begun = len(box.log())
        self.assertEqual(len(box.processes()["hsm-signer"]), 1)
        with Clients() as clients:
            clients.until(lambda: any(isinstance(key, rsa.RSAPublicKey) for key in clients.keys()))
            self.assertTrue(all(isinstance(key, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey)) for key in clients.keys()))
            purposes = ("IDA/SIGN", "IDA/PARTNER", "IDA/IDA-FIR", "IDCS/CA", "IDA/KEK", "IDA/ROOT")
            for purpose in purposes:
                self.assertEqual(box.officer("key", "roll", purpose).returncode, 0)
            for purpose in purposes:
                clients.until(lambda of=purpose: "key-made purpose=%s generation=2" % of in box.log()[begun:])
            clients.until(lambda: self.roots() == ["2 (active)", "1 (retiring)"])
            shown = len(clients.leaves)  # clients trust the older root alone
            clients.until(lambda: len(clients.leaves) >= shown + 2)
            told = box.log().count(" serving provisioned=yes")
            os.kill(box.processes()["hsm-signer"][0], signal.SIGKILL)
            clients.until(lambda: box.log().count(" serving provisioned=yes") > told)
            clients.more(50)
        self.assertNotIn("handshake-not-signed", box.log()[begun:])
        for words in (("-tls1_3",), ("-tls1_2", "-sigalgs", "RSA+SHA256"), ("-tls1_2", "-sigalgs", "RSA+SHA384"),
                      ("-tls1_2", "-sigalgs", "RSA-PSS+SHA256"), ("-tls1_3", "-sigalgs", "RSA-PSS+SHA384")):
            shown = openssl(box.port, *words)
            self.assertEqual(shown.returncode, 0, (words, shown.stdout[-600:]))
        self.assertEqual(clients.failures, [])

    @staticmethod
    def roots():
        """As they are handed out."""
        shown = box.officer("key", "show").stdout
        roots = re.findall(r"^# IDA/ROOT/(.*)\n(-----BEGIN[^#]*-----END CERTIFICATE-----)\n", shown, re.MULTILINE)
        assert all(x509.load_pem_x509_certificate(text.encode()) for _, text in roots)
        return [name for name, _ in roots]

    # Certificates that officers bring; from here on keys roll when officers say so.

    def install(self, *certificates, words=()):
        path = box.state / "chain.pem"
        path.write_text(pem(*certificates))
        return box.officer("tls", "install", *words, str(path))

    def request(self, *words):
        asked = box.officer("tls", "request", *words)
        self.assertEqual(asked.returncode, 0, asked.stderr)
        return asked.stdout

    def active(self):
        return int(re.search(r"IDCS/TLS/(\d+) +\(?active", box.officer("key", "list").stdout)[1])

    def test_8_a_brought_chain_is_shown_in_new_handshakes_and_old_connections_go_on(self):
        box.settings["hsm.tls-key-type"], box.settings["hsm.tls-active-days"] = "p256", "0"
        box.settings["authd.signers"] = "2"
        box.stop()
        box.start()
        type(self).authority = authority = Authority()
        kept = box.kit.connect(timeout=WAIT)
        kept.connect()
        active = self.active()
        leaf = authority.answer(self.request("generation=%d" % active))
        with self.assertRaises(ssl.SSLCertVerificationError):
            shown_leaf(authority.context())
        for chain, words in (((leaf, authority.root), "has not issued"), ((authority.intermediate, leaf), "not for a server"),
                             ((authority.certify("x", authority.key.public_key(), authority.intermediate,
                                                 names=x509.SubjectAlternativeName([x509.DNSName("a.example")])),
                               authority.intermediate), "lacks 127.0.0.1"),
                             ((authority.answer(self.request(), days=-1), authority.intermediate), "expired|#1"),
                             ((leaf, authority.intermediate, authority.root, authority.root, authority.root), "more than 4")):
            refused = self.install(*chain)
            self.assertNotEqual(refused.returncode, 0)
            self.assertRegex(refused.stderr, words)
        foreign = authority.certify("x", authority.key.public_key(), authority.intermediate,
                                    names=x509.SubjectAlternativeName([x509.DNSName("a.example")]))
        refused = self.install(foreign, authority.intermediate, words=("force-names=its key is tried first",))
        self.assertRegex(refused.stderr, "not of a TLS key of this box")

        alone = self.install(leaf)
        self.assertEqual(alone.returncode, 0, alone.stderr)
        self.assertIn("warning: it stands alone, and clients that do not have 'Test Intermediate'", alone.stdout)
        done = self.install(leaf, authority.intermediate)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("clients need 'Test Root'", done.stdout)
        self.assertNotIn("warning", done.stdout)
        box.kill("hsm-signer")  # between the store and the reload, or soon after
        self.assertEqual(until(lambda: self.met(authority)), leaf)
        kept.request("GET", "/health/alive")
        self.assertEqual(kept.getresponse().status, 200)
        kept.close()
        shown = box.officer("tls", "show").stdout
        self.assertRegex(shown, r"IDCS/TLS/%d \(active\): certificate brought by officers" % active)
        self.assertIn("issuer     Test Intermediate", shown)
        self.assertRegex(box.officer("status").stdout, "TLS key in the token: IDCS/TLS/%d, certificate brought" % active)

    @staticmethod
    def met(authority):
        """The leaf, or None while nothing that this authority vouches for is shown."""
        try:
            return shown_leaf(authority.context())
        except (ssl.SSLError, OSError):
            return None

    def test_9_a_standby_waits_for_a_chain_too_and_then_takes_over(self):
        before = self.active()
        self.assertEqual(box.officer("key", "roll", "IDCS/TLS").returncode, 0)
        until(lambda: "becomes active once it has a certificate" in box.officer("key", "list").stdout)
        until(lambda: "tls-certificate-awaited" in box.log())
        leaf = self.authority.answer(self.request())
        self.assertEqual(self.active(), before)
        done = self.install(leaf, self.authority.intermediate, self.authority.root)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(done.stdout.splitlines()), 1, done.stdout)
        clients = Clients()
        clients.ask = lambda: self.count(clients)
        with clients:
            until(lambda: self.met(self.authority) == leaf)
            clients.more(20)
        self.assertEqual(clients.failures, [])
        self.assertEqual(clients.leaves[-1], leaf)
        self.assertEqual(self.active(), before + 1)

        ending = self.authority.answer(self.request("generation=%d" % (before + 1)), days=6)
        self.assertEqual(self.install(ending, self.authority.intermediate).returncode, 0)
        until(lambda: "tls-certificate-ends days=5" in box.log())
        self.assertRegex(box.officer("status").stdout, r"warning: it runs out in 5 d 2\d h")

        self.assertEqual(box.officer("tls", "remove", str(before + 1)).returncode, 0)
        until(lambda: openssl(box.port, "-tls1_3").returncode == 0)
        self.assertNotEqual(box.officer("tls", "remove", str(before + 1)).returncode, 0)

    def count(self, clients):
        """One more client that trusts the other authority alone."""
        leaf = shown_leaf(self.authority.context())
        with clients.lock:
            clients.asked += 1
            if leaf not in clients.leaves:
                clients.leaves.append(leaf)


if __name__ == "__main__":
    unittest.main()
