"""What officers change for the JOSE profile takes effect on the running box, and stays."""

import json
import ssl
import subprocess
import unittest

from jwcrypto import jwk

from jose import JoseProgramme
from rough_box import RoughBox, await_


def setUpModule():
    global box
    box = RoughBox(people=60, **RoughBox.UNLIMITED)


def tearDownModule():
    box.close()


class Changes(unittest.TestCase):
    def setUp(self):
        self.kit, self.entry = box.kit, next(e for e in box.kit.partners() if e["id"] == "asd")
        self.mosip = self.kit.partner("asd")
        self.asker = JoseProgramme(self.mosip)
        self.asker.jwks()
        self.person = self.kit.person()
        self.demo = box.state / "officer/demo"

    def done(self, *words):
        answer = box.officer(*map(str, words))
        self.assertEqual((answer.returncode, answer.stderr), (0, ""), answer.stdout)

    def register(self, folder, name="asd"):
        self.done("partner", "jose", "id=asd", *(f"{purpose}={folder / f'{name}.{purpose}.pem'}"
                                                 for purpose in ("tls", "signature", "encryption")))

    def original(self):
        self.register(self.demo / "partners")
        await_(lambda: self.gets_through(self.asker))

    def newcomer(self):
        """The same programme with keys of its own making, all three self-signed."""
        folder = box.folder / "new"
        folder.mkdir(exist_ok=True)
        for purpose in ("tls", "signature", "encryption"):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                            "-subj", "/CN=anything", "-days", "30", "-keyout", folder / f"new.{purpose}.key", "-out",
                            folder / f"new.{purpose}.pem"], check=True, stderr=subprocess.DEVNULL)
        tls = ssl.create_default_context(cafile=str(self.kit.path("ca_certificate")))
        tls.load_cert_chain(folder / "new.tls.pem", folder / "new.tls.key")
        return folder, self.asker.other(tls=tls, **{name: jwk.JWK.from_pem((folder / f"new.{name}.key").read_bytes())
                                                    for name in ("signature", "encryption")})

    def status(self, asker):
        """Of a request, or None where the handshake is refused; on a connection of its own."""
        try:
            return asker.ask(self.person)[0].status
        except OSError:
            asker.connection.close()
            return None

    def gets_through(self, asker):
        """Each lane of the box has its own list: several connections meet them all."""
        return all(self.status(asker) is not None for _ in range(8))

    def is_shut_out(self, asker):
        return all(self.status(asker) is None for _ in range(8))

    def authenticates(self, asker):
        txn, code = asker.code_for(self.person)
        answer = asker.authenticate(self.person, txn, code)
        self.assertEqual(answer.status, 200, answer.body)
        asker.verify(answer.body.decode())

    def test_new_certificates_serve_and_the_old_no_longer(self):
        folder, newcomer = self.newcomer()
        self.addCleanup(self.original)
        self.assertTrue(self.is_shut_out(newcomer))
        self.authenticates(self.asker)
        self.register(folder, "new")
        await_(lambda: self.gets_through(newcomer))
        await_(lambda: self.is_shut_out(self.asker))
        self.authenticates(newcomer)
        crossed = newcomer.other(signature=self.asker.signature)  # a key that was, over TLS that is
        self.assertEqual(self.status(crossed), 401)
        box.kill_authd()
        box.launch()
        box.await_ready(60)
        self.authenticates(newcomer)
        self.assertTrue(self.is_shut_out(self.asker))

    def issue(self, folder, purpose, *words):
        """A key of its own making, and what the box's CA has certified of it: (officer's words, its certificate)."""
        request = folder / f"ca.{purpose}.csr"
        subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-subj", "/CN=whatever I like", "-keyout", folder / f"ca.{purpose}.key", "-out", request],
                       check=True, stderr=subprocess.DEVNULL)
        answer = box.officer("certificate", "issue", "id=asd", f"csr={request}", f"use={purpose}", *words)
        self.assertEqual(answer.returncode, 0, answer.stderr)
        (folder / f"ca.{purpose}.pem").write_text(answer.stdout)
        return answer.stderr, answer.stdout

    def test_keys_that_the_box_s_ca_certifies_serve(self):
        folder = box.folder / "ca"
        folder.mkdir(exist_ok=True)
        self.addCleanup(self.original)
        for purpose in ("tls", "signature", "encryption"):
            said, pem = self.issue(folder, purpose, "days=20", "replace=yes")
            self.assertIn("registered with programme asd", said)
            self.assertIn("the one registered before is refused from now on", said)
            self.assertEqual(pem.count("BEGIN CERTIFICATE"), 2)
            shown = subprocess.run(["openssl", "x509", "-noout", "-subject", "-issuer", "-checkend", str(19 * 86400)],
                                   input=pem, capture_output=True, text=True).stdout
            self.assertIn("CN = asd", shown)  # and nothing of what the request says
            self.assertNotIn("whatever", shown)
            self.assertIn("IDCS-CA 1", shown)
            self.assertIn("will not expire", shown)
        tls = ssl.create_default_context(cafile=str(self.kit.path("ca_certificate")))
        tls.load_cert_chain(folder / "ca.tls.pem", folder / "ca.tls.key")
        newcomer = self.asker.other(tls=tls, **{name: jwk.JWK.from_pem((folder / f"ca.{name}.key").read_bytes())
                                                for name in ("signature", "encryption")})
        await_(lambda: self.gets_through(newcomer))
        await_(lambda: self.is_shut_out(self.asker))
        self.authenticates(newcomer)

    def test_who_loses_the_jose_profile_keeps_the_other(self):
        self.addCleanup(self.original)
        kept = self.asker.other()
        kept.post("/v1/otp", b"{}", fresh=False)  # and the connection stays open
        self.done("partner", "jose-remove", "id=asd")
        await_(lambda: self.is_shut_out(self.asker))
        with self.assertRaises(OSError):
            kept.post("/v1/otp", b"{}", fresh=False)
        kept.connection.close()
        txn, code = self.mosip.code_for(self.person)
        self.assertIs(self.mosip.authenticate(self.person, txn, code).response["authStatus"], True)

    def test_the_policy_decides_whether_claims_need_a_signature(self):
        policies = json.loads((self.demo / "programmes.json").read_text())["policies"]
        policy = next(p for p in policies if p["id"] == self.entry["policy_id"])
        path = box.folder / "policy.json"

        def unsigned():
            claims = self.asker.claims(self.asker.plain(self.person, "txn-%08d" % len(seen)), channels=["phone"])
            seen.append(self.asker.post("/v1/otp", json.dumps(claims), media="application/json").status)
            return seen[-1]

        def decide(answer):
            path.write_text(json.dumps({**policy, "unsignedRequests": answer}))
            self.done("policy", "add", f"file={path}")

        seen = []
        self.addCleanup(decide, False)
        self.assertEqual(unsigned(), 401)
        decide(True)
        await_(lambda: unsigned() == 202)
        self.authenticates(self.asker)  # signatures are still good
        decide(False)
        await_(lambda: unsigned() == 401)


if __name__ == "__main__":
    unittest.main()
