"""What programmes register for the JOSE profile, on the shipped programs: certificates that openssl and the demonstration
made, read by unseal, judged by provd, shown by officer.

usage: test_provisioning_jose.py FOLDER_OF_PROGRAMS [unittest arguments]
"""
import json
import pathlib
import re
import subprocess
import sys
import unittest

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from jwcrypto import jwk

from provisioning_rig import Box, Data

PURPOSES = ("tls", "signature", "encryption")
binaries = data = None


class Registered(unittest.TestCase):
    """One box for all tests, each with partners of its own."""

    @classmethod
    def setUpClass(cls):
        cls.box = Box(binaries, data)
        cls.addClassCleanup(cls.box.remove)
        cls.box.start()
        for words in (["key", "initialise"], ["programmes", "import", data.programmes]):
            answer = cls.box.officer(*words)
            assert answer.returncode == 0, answer.stderr
        cls.imported = cls.jose_count()

    @classmethod
    def jose_count(cls):
        return int(re.search(r"JOSE profile: (\d+)", cls.box.officer("status").stdout).group(1))

    def done(self, *words, **more):
        answer = self.box.officer(*words, **more)
        self.assertEqual((answer.returncode, answer.stderr), (0, ""), answer.stdout)
        return answer.stdout

    def refused(self, pattern, *words, **more):
        before = self.box.status()["commit"]
        answer = self.box.officer(*words, **more)
        self.assertEqual(answer.returncode, 1, answer.stderr)
        self.assertRegex(answer.stderr, pattern)
        self.assertEqual(self.box.status()["commit"], before)

    def partner(self, name):
        """A partner without a JOSE identity."""
        certificate = data.programmes.parent / "partners" / "daam.pem"
        self.done("partner", "add", f"id={name}", f"name={name}", f"certificate={certificate}")
        return name

    def certificate(self, name, algorithm="EC", options=("-pkeyopt", "ec_paramgen_curve:P-256"), key=None, dates=()):
        """A self-signed one; ${key}: of an earlier one's key."""
        path = self.box.folder / "files" / f"{name}.pem"
        own_key = path.with_suffix(".key")
        if key is None:
            subprocess.run(["openssl", "genpkey", "-algorithm", algorithm, *options, "-out", own_key], check=True,
                           stderr=subprocess.DEVNULL)
        else:
            own_key.write_bytes((self.box.folder / "files" / f"{key}.key").read_bytes())
        request = path.with_suffix(".csr")
        subprocess.run(["openssl", "req", "-new", "-key", own_key, "-subj", f"/CN={name}", "-out", request], check=True)
        here = path.parent
        (here / "index").write_text("")
        (here / "ca.conf").write_text("[ca]\ndefault_ca = d\n[d]\ndatabase = %s/index\nnew_certs_dir = %s\nrand_serial = y\n"
                                      "default_md = sha256\npolicy = p\nunique_subject = no\n[p]\ncommonName = supplied\n"
                                      % (here, here))
        subprocess.run(["openssl", "ca", "-batch", "-config", here / "ca.conf", "-selfsign", "-keyfile", own_key, "-in",
                        request, "-notext", "-out", path, *(dates or ("-days", "30"))], check=True,
                       stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        path.chmod(0o644)
        return path

    def three(self, name):
        return {purpose: self.certificate(f"{name}-{purpose}") for purpose in PURPOSES}

    @staticmethod
    def words(name, files):
        return ["partner", "jose", f"id={name}", *(f"{purpose}={path}" for purpose, path in files.items())]

    def test_the_demonstrations_programmes_are_registered_by_the_import(self):
        entries = json.loads(data.programmes.read_text())["partners"]
        self.assertEqual(self.imported, len(entries))
        for entry in entries:
            shown = self.done("partner", "jose-show", f"id={entry['id']}")
            for purpose in PURPOSES:
                pem = (data.programmes.parent / entry["jose"][purpose]).read_bytes()
                self.check(shown, purpose, pem)

    def check(self, shown, purpose, pem):
        """By jwcrypto and cryptography: names and dates."""
        certificate = x509.load_pem_x509_certificate(pem)
        name = (certificate.fingerprint(hashes.SHA256()).hex() if purpose == "tls"
                else jwk.JWK.from_pem(pem).thumbprint())
        line = next(line for line in shown.splitlines() if line.lower().startswith(purpose))
        self.assertIn(name, line)
        self.assertIn(certificate.not_valid_after.strftime("%Y-%m-%dT%H:%M:%S.000Z"), line)

    def test_an_identity_is_registered_replaced_and_removed(self):
        name = self.partner("replacing")
        self.refused("JOSE-identity is not registered", "partner", "jose-show", f"id={name}")
        files = self.three(name)
        before = self.jose_count()
        said = self.done(*self.words(name, files))
        self.assertRegex(said, "may use the JOSE profile")
        for purpose in PURPOSES:
            self.check(said, purpose, files[purpose].read_bytes())
        self.assertEqual(self.jose_count(), before + 1)
        files["signature"] = self.certificate(f"{name}-newer")
        self.done(*self.words(name, files))
        shown = self.done("partner", "jose-show", f"id={name}")
        self.check(shown, "signature", files["signature"].read_bytes())
        self.check(shown, "tls", files["tls"].read_bytes())
        self.assertEqual(self.jose_count(), before + 1)
        self.assertRegex(self.done("partner", "jose-remove", f"id={name}"), "no longer")
        self.assertEqual(self.jose_count(), before)
        self.refused("JOSE-identity is not registered", "partner", "jose-remove", f"id={name}")

    def test_only_p256_is_taken(self):
        name = self.partner("curious")
        files = self.three(name)
        for algorithm, options, known_as in (("RSA", ("-pkeyopt", "rsa_keygen_bits:2048"), "RSA-2048"),
                                             ("EC", ("-pkeyopt", "ec_paramgen_curve:P-384"), "secp384r1"),
                                             ("EC", ("-pkeyopt", "ec_paramgen_curve:secp256k1"), "secp256k1"),
                                             ("ED25519", (), "")):
            for purpose in PURPOSES:
                with self.subTest(algorithm=known_as, purpose=purpose):
                    other = self.certificate("other", algorithm, options)
                    self.refused(f"P-256 alone.*{purpose}:{known_as}", *self.words(name, {**files, purpose: other}))
        self.assertNotIn("JOSE", self.box.officer("partner", "jose-show", f"id={name}").stdout)

    def test_a_certificate_outside_its_dates_is_refused(self):
        name = self.partner("late")
        files = self.three(name)
        for dates in (("-startdate", "20200101000000Z", "-enddate", "20210101000000Z"),
                      ("-startdate", "20490101000000Z", "-enddate", "20491231000000Z")):
            for purpose in PURPOSES:
                with self.subTest(purpose=purpose, dates=dates):
                    other = self.certificate("other", dates=dates)
                    self.refused(rf"not valid today.*\({purpose}\)", *self.words(name, {**files, purpose: other}))

    def test_each_purpose_has_a_key_that_nobody_else_has(self):
        name, other = self.partner("own"), self.partner("borrowing")
        files, others = self.three(name), self.three(other)
        again = self.certificate("again", key=f"{name}-signature")
        self.refused("same key .signature/encryption.", *self.words(name, {**files, "encryption": again}))
        self.refused("same key .tls/signature.", *self.words(name, {**files, "tls": again}))
        self.done(*self.words(name, files))
        self.refused("another programme has this key already .encryption:own.",
                     *self.words(other, {**others, "encryption": again}))
        self.refused("another programme has this key already .tls:own.", *self.words(other, {**others, "tls": files["tls"]}))
        self.done(*self.words(other, others))
        self.done(*self.words(name, files))  # its own are not another's

    def test_what_is_no_certificate_is_refused_by_its_purpose(self):
        name = self.partner("nonsense")
        files = self.three(name)
        for content in ("nonsense", (self.box.folder / "files" / f"{name}-tls.key").read_text()):
            self.refused(r"cannot be read.*\(signature\)",
                         *self.words(name, {**files, "signature": self.box.file("x.pem", content)}))
        self.refused("partner is not registered", *self.words("nobody", files))
        answer = self.box.officer(*self.words(name, files)[:-1])
        self.assertEqual(answer.returncode, 2)
        self.assertIn("encryption= is missing", answer.stderr)
        answer = self.box.officer(*self.words(name, {**files, "tls": "/nowhere.pem"}))
        self.assertEqual(answer.returncode, 2)
        self.assertIn("/nowhere.pem", answer.stderr)

    def test_an_import_names_the_member_that_is_wrong(self):
        document = json.loads(data.programmes.read_text())
        for change, code, pattern in ((lambda jose: jose.pop("tls"), 2, r"partners\[0\].jose: 'tls' is missing"),
                                      (lambda jose: jose.update(more=1), 2, r"partners\[0\].jose: 'more' is not a member"),
                                      (lambda jose: jose.update(tls=jose["signature"]), 1, "same key .tls/signature.")):
            bent = json.loads(json.dumps(document))
            change(bent["partners"][0]["jose"])
            path = data.programmes.parent / "bent.json"
            path.write_text(json.dumps(bent))
            answer = self.box.officer("programmes", "import", path)
            path.unlink()
            self.assertEqual(answer.returncode, code, answer.stderr)
            self.assertRegex(answer.stderr, pattern)

    def test_a_policy_may_waive_signatures(self):
        policy = {"id": "p-jose", "name": "P", "authTokenType": "partner", "allowedAuthTypes": [{"authType": "otp"}],
                  "allowedKycAttributes": [{"attributeName": "ageOver"}, {"attributeName": "livesIn"}],
                  "unsignedRequests": True}
        self.done("policy", "add", f"file={self.box.file('p.json', policy)}")
        answer = self.box.officer("policy", "add", f"file={self.box.file('p.json', {**policy, 'unsignedRequests': 1})}")
        self.assertEqual(answer.returncode, 2)
        self.assertIn("'unsignedRequests' has the wrong type", answer.stderr)

    def test_it_is_said_in_french_too(self):
        said = self.done("partner", "jose-show", "id=daam", LANG="fr_MA.UTF-8")
        self.assertRegex(said, "clé de signature : kid [A-Za-z0-9_-]{43}, valable jusqu'au")


if __name__ == "__main__":
    binaries = pathlib.Path(sys.argv.pop(1))
    data = Data(binaries, 40)
    try:
        result = unittest.main(verbosity=2, exit=False).result
    finally:
        data.remove()
    sys.exit(not result.wasSuccessful())
