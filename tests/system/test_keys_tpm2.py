"""A whole box whose token is a TPM, by tpm2-pkcs11: what its module can't do is left out, all else works as on SoftHSM.
Each operation takes milliseconds, so there are few."""

import os
import subprocess
import time
import unittest

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from box import BUILD, Box
from jose import JoseProgramme
from programme import transaction
from tpm2_rig import MODULE, Tpm

PIN, LABEL = "271828", "idcs-tpm"


class TpmBox(Box):
    """The token's PIN is there before the box: idcs-token keeps it for the SoftHSM token that nobody uses here."""

    def start(self):
        folder = self.state / "hsm"
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "pin").exists():
            self.write_pin(PIN)
        super().start()

    def write_pin(self, pin):
        path = self.state / "hsm/pin"
        path.write_text(pin + "\n")
        path.chmod(0o600)


def setUpModule():
    global tpm, box
    tpm = Tpm(LABEL, PIN, "idcs-hsm")
    os.environ.update(tpm.environment)
    try:
        box = TpmBox(people=40, words=("--tls-key", "token"), authd__signers=1, hsm__module=MODULE,
                     hsm__token_label=LABEL, hsm__module_directory=tpm.store, hsm__key_uses="joint")
    except BaseException:
        tpm.close()
        raise


def tearDownModule():
    box.close()
    tpm.close()


class Tpm2(unittest.TestCase):
    def authenticates(self):
        person, programme = box.kit.person(), box.kit.programme()
        answer = programme.authenticate(person, *programme.code_for(person))
        self.assertEqual((answer.json["errors"], answer.response["authStatus"]), (None, True))
        box.kit.verify(answer)  # RS256
        return answer

    def test_1_a_person_is_authenticated(self):
        self.authenticates()
        refused = box.kit.programme().authenticate(box.kit.person(), transaction(), "123456")
        self.assertEqual(refused.response["authStatus"], False)
        box.kit.verify(refused)

    def test_2_tls_is_signed_by_the_tpm(self):
        connection = box.kit.connect()
        connection.connect()
        leaf = x509.load_der_x509_certificate(connection.sock.getpeercert(binary_form=True))
        connection.close()
        self.assertIsInstance(leaf.public_key(), ec.EllipticCurvePublicKey)
        self.assertIn("IDCS-TLS", leaf.subject.rfc4514_string())

    def test_3_what_the_module_cannot_do_is_left_out_and_said(self):
        self.assertIn("purpose-left-out purpose=IDCS/REQUEST mechanism-missing=CKM_ECDH1_DERIVE", box.log())
        keys = box.kit.get("/.well-known/jwks.json").json["keys"]
        self.assertEqual(self.request_keys(), [])
        self.assertEqual(sorted({key["alg"] for key in keys}), ["ES256", "RS256"])

    def test_4_no_private_key_rests_in_clear(self):
        listed = tpm.tool("tpm2_ptool", "listobjects", "--label=" + LABEL, "--path=%s" % tpm.store)
        self.assertEqual(listed.returncode, 0, listed.stdout)
        self.assertGreaterEqual(listed.stdout.count("CKO_PRIVATE_KEY"), 8)
        self.assertNotIn(b"PRIVATE KEY-----", (tpm.store / "tpm2_pkcs11.sqlite3").read_bytes())

    def test_5_what_the_module_cannot_do_is_done_with_a_wrapped_key(self):
        refused = box.officer("key", "custody", "IDCS/REQUEST", "token")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("the token does not make keys of this kind", refused.stderr)
        chosen = box.officer("key", "custody", "IDCS/REQUEST", "wrapped")
        self.assertEqual(chosen.returncode, 0, chosen.stderr)
        made = box.officer("key", "initialise")
        self.assertIn("the token made 1 keys", made.stdout, made.stderr)
        self.await_request_key()
        self.assertIn("# custody: wrapped under IDA/KEK/1", box.officer("key", "show").stdout)
        box.await_ready()
        asker, person = JoseProgramme(box.kit.programme()), box.kit.person()
        answer = asker.authenticate(person, *asker.code_for(person))
        self.assertEqual(answer.status, 200, answer.body)
        asker.verify(answer.body.decode())

    def request_keys(self):
        keys = box.kit.get("/.well-known/jwks.json").json.get("keys", [])
        return [key["kid"] for key in keys if key.get("use") == "enc"]

    def await_request_key(self):
        """The only signer starts afresh with it: until it serves there is no TLS either."""
        until = time.monotonic() + 60
        while True:
            try:
                if self.request_keys():
                    return
            except OSError:
                pass
            self.assertLess(time.monotonic(), until, box.log()[-3000:])
            time.sleep(0.05)

    def test_6_a_restart_loads_the_same_keys(self):
        before = box.kit.get("/.well-known/jwks.json").json
        box.stop()
        box.start()
        self.assertEqual(box.kit.get("/.well-known/jwks.json").json, before)
        self.authenticates()

    def test_7_a_wrong_pin_locks_the_box(self):
        owner = os.stat(box.state / "hsm")
        box.stop()
        box.write_pin("314159")
        os.chown(box.state / "hsm/pin", owner.st_uid, owner.st_gid)
        with open(box.state / "authd.log", "ab") as log:
            authd = subprocess.Popen([str(BUILD / "bin/authd"), "-c", str(box.state / "idcs.conf")], stdout=log,
                                     stderr=log, stdin=subprocess.DEVNULL)
        try:
            end = time.monotonic() + 60
            while "locked" not in box.officer("status").stdout:
                self.assertLess(time.monotonic(), end, box.log()[-3000:])
        finally:
            authd.terminate()
            authd.wait(timeout=60)
        self.assertRegex(box.log(), r"pkcs11-failed function=C_Login result=0xa0\b")


if __name__ == "__main__":
    unittest.main()
