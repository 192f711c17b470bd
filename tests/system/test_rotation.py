"""Keys roll through their lives while both profiles authenticate: seconds for days, and not one failure. Each client
keeps what it fetched for exactly as long as its max-age says, so that it meets whatever a copy can miss."""

import json
import re
import threading
import time
import unittest

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives import hashes, serialization
from jwcrypto import jwk, jws

from jose import JoseProgramme
from programme import b64u, transaction, unb64u
from rough_box import PATIENCE_SECONDS, RoughBox, await_

MAX_AGE, ACTIVE, OVERLAP = 2, 7, 6
ROLLING = ("sign", "partner", "ida-fir", "audit", "token", "request", "root")
LIVES = {"hsm__%s_active_days" % name: ACTIVE for name in ROLLING}
LIVES.update({"hsm__%s_overlap_days" % name: OVERLAP for name in ROLLING})
KEYS = 4
STRAGGLERS_KEY = "IDA/PARTNER/1"


def setUpModule():
    global box, kit
    box = RoughBox(people=60, hsm__published_max_age=MAX_AGE, hsm__key_day=1, hsm__key_propagation=3, hsm__key_skew=1,
                   core__key_use_hour_ms=200, **LIVES, **RoughBox.UNLIMITED)
    kit = box.kit


def tearDownModule():
    box.close()


class Copy:
    """A document that a client keeps by its max-age."""

    def __init__(self, path):
        self.path, self.until, self.body = path, 0.0, None

    def get(self):
        if time.monotonic() >= self.until:
            asked = time.monotonic()
            answer = kit.get(self.path)
            assert answer.status == 200, answer.status
            age = re.fullmatch(r"max-age=(\d+)", answer.headers["cache-control"])
            self.until, self.body = asked + int(age[1]), answer.body
        return self.body


class Client(threading.Thread):
    """Authenticates until told to stop; the first failure ends it."""

    def __init__(self, person):
        super().__init__()
        self.person, self.stopping, self.failure = person, threading.Event(), None
        self.jwks, self.times, self.signed_by, self.encrypted_to = Copy("/.well-known/jwks.json"), 0, set(), set()

    def run(self):
        try:
            while not self.stopping.is_set():
                self.once()
                self.times += 1
        except Exception as failure:  # told to the test by name
            self.failure = "%s: %r" % (type(self).__name__, failure)

    def has_seen(self):
        """Enough keys for whole lives to have passed."""
        return min(len(self.signed_by), len(self.encrypted_to)) >= KEYS

    def key(self, kid):
        """From the copy as it is: one that is still good must know every kid."""
        keys = {key["kid"]: key for key in json.loads(self.jwks.get())["keys"]}
        assert kid in keys, "a good copy does not know " + kid
        self.signed_by.add(kid)
        return keys[kid]


class Mosip(Client):
    def __init__(self, person, certificate_seconds=0):
        super().__init__(person)
        self.programme = kit.programme()
        self.own_kit = self.programme.kit = self.twin(kit)
        self.certificate, self.certificate_seconds = Copy("/mosip-certs/ida-partner.cer"), certificate_seconds
        self.kept_until = 0.0

    @staticmethod
    def twin(kit):
        twin = object.__new__(type(kit))
        twin.__dict__.update(kit.__dict__)
        return twin

    def renew_certificate(self):
        """Some keep a certificate longer than they were told."""
        if time.monotonic() < self.kept_until:
            return
        self.own_kit.encryption = x509.load_pem_x509_certificate(self.certificate.get())
        self.kept_until = time.monotonic() + self.certificate_seconds
        self.encrypted_to.add(self.own_kit.encryption.fingerprint(hashes.SHA256()))

    def verify(self, answer):
        head, _, tail = answer.headers["response-signature"].split(".")
        key = self.key(json.loads(unb64u(head))["kid"])
        public = rsa.RSAPublicNumbers(int.from_bytes(unb64u(key["e"]), "big"),
                                      int.from_bytes(unb64u(key["n"]), "big")).public_key()
        public.verify(unb64u(tail), (head + "." + b64u(answer.body)).encode(), padding.PKCS1v15(), hashes.SHA256())

    def once(self):
        txn = transaction()
        self.jwks.get()
        answer = self.programme.ask(self.person, txn)
        self.verify(answer)
        assert answer.json["errors"] is None, answer.body
        code = kit.code(txn)
        self.renew_certificate()
        answer = self.programme.authenticate(self.person, txn, code)
        self.verify(answer)
        assert answer.response["authStatus"] is True, answer.body


class Straggler(Mosip):
    """Never fetches a certificate again."""

    def __init__(self, person):
        super().__init__(person, certificate_seconds=10 ** 6)


class Jose(Client):
    def __init__(self, person):
        super().__init__(person)
        self.asker = JoseProgramme(kit.programme())
        self.configuration = Copy("/.well-known/idcs-configuration")

    def once(self):
        txn, self.asker.keys = transaction(), json.loads(self.jwks.get())
        self.asker.request_kid = json.loads(self.configuration.get())["request_encryption_kid"]
        self.encrypted_to.add(self.asker.request_kid)
        answer, _ = self.asker.ask(self.person, txn)
        assert answer.status == 202, (answer.status, answer.body)
        answer = self.asker.authenticate(self.person, txn, kit.code(txn))
        assert answer.status == 200, (answer.status, answer.body)
        token = jws.JWS()
        token.allowed_algs = ["ES256"]
        token.deserialize(answer.body.decode())
        token.verify(jwk.JWK(**self.key(token.jose_header["kid"])))


class Rotation(unittest.TestCase):
    def test_every_key_rolls_under_load_and_nothing_fails(self):
        straggler = Straggler(kit.person())
        clients = [Mosip(kit.person()), Mosip(kit.person(), certificate_seconds=MAX_AGE + OVERLAP - 2),
                   Jose(kit.person()), Jose(kit.person())]
        for client in clients + [straggler]:
            client.start()
        until = time.monotonic() + 2 * PATIENCE_SECONDS
        while time.monotonic() < until and all(client.failure is None for client in clients):
            clients[0].join(timeout=0.5)
            if all(client.has_seen() for client in clients):
                break
        self.assert_held_by(straggler)
        straggler.stopping.set()
        await_(lambda: STRAGGLERS_KEY in self.keys("retired") or any(client.failure for client in clients))
        for client in clients:
            client.stopping.set()
        for client in clients + [straggler]:
            client.join(timeout=60)
        self.assertEqual([client.failure for client in clients + [straggler] if client.failure], [], box.log()[-6000:])
        troubles = [line for line in box.log().split("\n") if re.search(" (warning|error) ", line)]
        for client in clients:
            with self.subTest(client=type(client).__name__, log=troubles[-20:]):
                self.assertTrue(client.has_seen(), (client.times, client.signed_by, client.encrypted_to))

    def keys(self, state):
        return re.findall(r"^(\S+/\d+) +%s" % state, box.officer("key", "list").stdout, re.M)

    def assert_held_by(self, straggler):
        """Its key would have retired long ago; officers are told who keeps it, and what would break."""
        programme = straggler.programme.id
        self.assertIn(STRAGGLERS_KEY, self.keys("retiring in-use"))
        done = box.officer("key", "retire", STRAGGLERS_KEY, "--dry-run")
        self.assertEqual(done.returncode, 1, done.stdout)
        share = float(re.search(r"without this key %s has ([\d.]+) %% of its" % programme, done.stdout)[1])
        self.assertTrue(0 < share < 100, done.stdout)
        self.assertRegex(done.stdout, r"(?m)^%s +%g %% +\d+ +\d+ +\d+" % (programme, share))
        self.assertRegex(done.stderr, r"%s [\d.]+ %%" % programme)
        self.assertEqual(box.officer("key", "retire", STRAGGLERS_KEY).returncode, 1)
        done = box.officer("key", "retire", STRAGGLERS_KEY, "--dry-run", "force=tried in a test")
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
