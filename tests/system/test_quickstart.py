"""The two commands and the README, as a newcomer uses them."""

import json
import os
import re
import subprocess
import unittest
from pathlib import Path

from jwcrypto.jwk import JWK

from box import TOP, Box


def setUpModule():
    global box
    box = Box(people=40, is_bare=True)


def tearDownModule():
    box.close()


class Quickstart(unittest.TestCase):
    def test_it_tells_the_story_and_can_be_run_again(self):
        before = (box.state / "officer/demo/programmes.json").read_bytes()
        for _ in range(2):
            done = subprocess.run(box.command("--people", "40"), capture_output=True, text=True, timeout=300)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn("authStatus true", done.stdout)
            self.assertEqual(done.stdout.count("signature verified"), 4)
            self.assertEqual(done.stdout.count("authStatus true"), 2)  # by a code, by a finger
            self.assertEqual(re.findall("refused: (.*?) ", done.stdout), ["IDA-BIA-001"])  # another's finger
            self.assertEqual(re.findall('"(fpt|otp)"', done.stdout), ["otp", "fpt"])
            self.assertIn("a JWT, verified by the published keys alone", done.stdout)
            self.assertIn('"iss": "%s"' % box.kit.document["issuer"], done.stdout)
        self.assertEqual((box.state / "officer/demo/programmes.json").read_bytes(), before)
        officer = re.search("alias officer='sudo (.*?)'", done.stdout).group(1).split()
        self.assertIn("operational", subprocess.run(officer + ["status"], capture_output=True, text=True).stdout)
        self.assertIn("stop:     sudo provisioning/quickstart --stop --state %s\n" % box.state, done.stdout)

    def test_what_it_cannot_make_out_is_named(self):
        for words, said in ((["--kit"], "--kit needs a value"), (["--stop", "--stat", "x"], "'--stat' is no option"),
                            (["--tls-key", "hsm"], "--tls-key is file or token, not 'hsm'")):
            done = subprocess.run([TOP / "provisioning/quickstart", *words], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn("quickstart: %s\n" % said, done.stderr)

    def test_what_an_older_box_lacks_is_left_out_of_the_story(self):
        demo = box.state / "officer/demo"
        people, programmes, authority = demo / "people-40.json", demo / "programmes.json", demo / "device-ca.pem"
        kept = {path: path.read_text() for path in (people, programmes, authority)}
        persons, lists = json.loads(kept[people]), json.loads(kept[programmes])
        people.write_text(json.dumps([{k: v for k, v in person.items() if k != "biometrics"} for person in persons]))
        lists["trust"] = [anchor for anchor in lists["trust"] if anchor["domain"] == "AUTH"]
        programmes.write_text(json.dumps(lists))
        authority.unlink()
        ample = ("--set", "core.otp-requests=100", "--set", "core.otp-person-requests=100")  # codes for one person
        try:
            done = subprocess.run(box.command("--people", "40", *ample), capture_output=True, text=True, timeout=300)
        finally:
            for path, text in kept.items():
                path.write_text(text)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stdout.count("left out"), 1)
        self.assertNotIn("capture device takes", done.stdout)
        self.assertIn("== Done", done.stdout)
        box.start()

    def test_stop_stops_all_of_it_and_start_keeps_what_was_there(self):
        pids = [pid for pids in box.processes().values() for pid in pids] + [box.authd()]
        keys = {key["kid"] for key in box.kit.get("/.well-known/jwks.json").json["keys"]}
        box.stop()
        self.assertEqual([pid for pid in pids if Path("/proc/%d" % pid).exists()], [])
        box.start()
        self.assertEqual({key["kid"] for key in box.kit.get("/.well-known/jwks.json").json["keys"]}, keys)

    def test_the_call_in_the_readme_works(self):
        block = re.search(r"```sh\n(.*?)```", (TOP / "README.md").read_text(), re.S).group(1)
        done = subprocess.run(["bash", "-euc", block], cwd=box.kit_folder, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("Verified OK", done.stdout)
        self.assertIn('"errors":null', done.stdout)

    def test_the_kit_is_complete(self):
        document = box.kit.document
        self.assertEqual({"base_url", "jose_base_url", "issuer", "ca_certificate", "encryption_certificate",
                          "biometric_encryption_certificate", "misp_license_key", "domain_uri", "env", "outbox",
                          "partners", "people", "devices"} - set(document), set())
        for partner in document["partners"]:
            self.assertEqual({"id", "name", "api_key", "certificate", "p12", "p12_password", "policy_id", "status",
                              "allowed"} - set(partner), set())
            for name in ("certificate", "p12"):
                self.assertTrue((box.kit_folder / partner[name]).is_file())
            jose = partner["jose"]
            for name in ("tls_certificate", "tls_key", "signature_key", "encryption_key"):
                self.assertTrue((box.kit_folder / jose[name]).is_file())
            for name in ("signature", "encryption"):
                pem = (box.kit_folder / jose[name + "_key"]).read_bytes()
                self.assertEqual(jose[name + "_kid"], JWK.from_pem(pem).thumbprint())
        for device in document["devices"]:
            self.assertEqual({"serialNo", "make", "model", "type", "deviceSubType", "deviceProvider",
                              "deviceProviderId"} - set(device["digital_id"]), set())
            self.assertTrue(device["p12_password"])
            self.assertTrue((box.kit_folder / device["p12"]).is_file())
        for person in document["people"]:
            self.assertEqual(person["biometrics"] == {}, person["note"] == "no biometrics")
            for files in person["biometrics"].values():
                self.assertGreaterEqual(len(files), 2)
                self.assertTrue(all((box.kit_folder / name).is_file() for name in files))
        notes = [person["note"] for person in document["people"]]
        self.assertGreaterEqual(len(notes), 30)
        self.assertGreater(notes.count("ordinary"), len(notes) // 2)
        for note in ["deactivated", "revoked VID", "expired", "locked otp-phone", "locked demo", "infant", "no phone",
                     "hotlisted", "perpetual VID", "one-time VID", "no photo", "no biometrics",
                     "locked bio-Finger"]:
            self.assertEqual(notes.count(note), 1, note)

    def test_the_jose_profile_has_the_next_port_unless_one_is_given(self):
        script = (TOP / "provisioning/quickstart").read_text()
        line = next(line for line in script.splitlines() if line.startswith("listen_jose=${"))
        for listen, given, expected in (("127.0.0.1:8443", "", "127.0.0.1:8444"), ("[::1]:443", "", "[::1]:444"),
                                        ("127.0.0.1:8443", "10.0.0.1:9000", "10.0.0.1:9000")):
            done = subprocess.run(["bash", "-uc", line + "; echo $listen_jose"], capture_output=True, text=True,
                                  env={"listen": listen, "listen_jose": given})
            self.assertEqual(done.stdout.strip(), expected)

    def test_wrong_words_are_refused_with_usage(self):
        done = subprocess.run([str(TOP / "provisioning/quickstart"), "--nonsense"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("usage:", done.stderr)


if __name__ == "__main__":
    unittest.main()
