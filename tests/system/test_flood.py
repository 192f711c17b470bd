"""A flood of requests that nobody vouches for: it is answered within its ceiling, and costs the others nothing."""

import datetime
import json
import multiprocessing
import os
import time
import unittest

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from load import Load
from programme import b64u, transaction
from rough_box import RoughBox


def flood(kit, kind, seconds, counts):
    """One connection that sends requests nobody vouches for, as fast as they are answered: ${counts} gets how many
    were refused with a signature, and how many barely."""
    programme = kit.programme()
    document = programme.auth_document(kit.person(), transaction(), {"otp": "123456"})
    body = json.dumps(document).encode()
    headers = {"Authorization": "Authorization", "Content-Type": "application/json"}
    if kind == "garbage":
        headers["Signature"] = b64u(b'{"alg":"RS256"}') + ".." + b64u(os.urandom(256))
    elif kind == "spoiled":
        headers["Signature"] = programme.sign(body + b" ")
    elif kind == "stranger":
        headers["Signature"] = programme.other(**stranger()).sign(body)
    until = time.monotonic() + seconds
    signed = bare = 0
    connection = kit.connect()
    while time.monotonic() < until:
        connection.request("POST", programme.path("auth"), body=body, headers=headers)
        response = connection.getresponse()
        told = response.read()
        assert response.status in (200, 503) and b"true" not in told, told
        if response.status == 200:
            assert response.headers["response-signature"], told
            signed += 1
        else:
            assert told == b"" and response.headers["response-signature"] is None, told
            bare += 1
    connection.close()
    counts.put((signed, bare))


def stranger():
    """Key and certificate of somebody who made them for themselves."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stranger")])
    today = datetime.datetime.utcnow()
    certificate = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
                   .serial_number(1).not_valid_before(today).not_valid_after(today + datetime.timedelta(days=1))
                   .sign(key, hashes.SHA256()))
    return {"key": key, "certificate": certificate}


class Flood(unittest.TestCase):
    """Requests that nobody vouches for do not take the signers from those that a programme has signed."""
    SECONDS, CEILING = 4, 20

    @classmethod
    def setUpClass(cls):
        cls.box = RoughBox(core__unverified_answers_a_second=cls.CEILING, **RoughBox.UNLIMITED)

    @classmethod
    def tearDownClass(cls):
        cls.box.close()

    def run_flood(self, *kinds):
        counts = multiprocessing.Queue()
        floods = [multiprocessing.Process(target=flood, args=(self.box.kit, kind, self.SECONDS, counts), daemon=True)
                  for kind in kinds]
        for process in floods:  # before there are threads
            process.start()
        with Load(self.box.kit, threads=2) as load:
            accepted = 0
            while any(process.is_alive() for process in floods):
                load.await_more(1)
                accepted += 1
            for process in floods:
                process.join()
                self.assertEqual(process.exitcode, 0)
        totals = [counts.get() for _ in floods]
        signed, bare = sum(t[0] for t in totals), sum(t[1] for t in totals)
        self.assertGreater(accepted, 5)
        self.assertLessEqual(signed, self.CEILING * (self.SECONDS + 3))  # a bucket a lane, and the start
        self.assertGreater(signed, 0)
        self.assertGreater(bare, signed)

    def test_of_all_kinds(self):
        self.run_flood("garbage", "stranger", "none", "spoiled")

    def test_of_strangers(self):
        self.run_flood(*["stranger"] * 4)

    def test_of_garbage(self):
        self.run_flood(*["garbage"] * 4)


if __name__ == "__main__":
    unittest.main()
