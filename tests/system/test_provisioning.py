"""Officers' work on the shipped programs: a new box gets its keys, people and programmes come in, and whatever is
killed in between, what officers were told is there is there.

usage: test_provisioning.py FOLDER_OF_PROGRAMS [unittest arguments]
"""
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

from provisioning_rig import NOBODY, Box, Data, finger_image, record

PEOPLE = 640
PLACES = 10  # of officers' connections, those of root included
binaries = data = None


class NewBox(unittest.TestCase):
    def setUp(self):
        self.box = Box(binaries, data)
        self.addCleanup(lambda: self.box.remove())
        self.box.start()

    def done(self, *words, **more):
        answer = self.box.officer(*words, **more)
        self.assertEqual((answer.returncode, answer.stderr), (0, ""), answer.stdout)
        return answer.stdout

    def refused(self, pattern, *words, **more):
        answer = self.box.officer(*words, **more)
        self.assertEqual(answer.returncode, 1, answer.stderr)
        self.assertRegex(answer.stderr, pattern)

    def test_before_the_keys_only_status_is_answered(self):
        status = self.box.status()
        self.assertEqual((status["state"], status["salts"], status["commit"]), ("unprovisioned", 0, 0))
        self.refused("officer key initialise", "key", "show")
        self.refused("officer key initialise", "key", "list")
        self.refused("officer key initialise", "partner", "suspend", "id=amo")
        self.assertEqual(self.box.status()["commit"], 0)

    def test_keys_are_made_once(self):
        self.assertRegex(self.done("key", "initialise"), "the token made 11 keys")
        first = self.done("key", "show")
        self.assertEqual(first.count("BEGIN CERTIFICATE"), 4)
        self.box.wait_for("state state=operational")
        self.assertRegex(self.done("key", "initialise"), "there already")
        self.assertEqual(self.done("key", "show"), first)
        status = self.box.status()
        self.assertEqual((status["salts"], status["generation"], status["commit"]), (1000, 1, 1))

    def test_keys_that_requests_are_encrypted_to_may_be_wrapped(self):
        self.done("key", "initialise")
        self.box.wait_for("state state=operational")
        self.refused("keys of IDA/SIGN never leave the token", "key", "custody", "IDA/SIGN", "wrapped")
        self.refused("ne quittent jamais le jeton", "key", "custody", "IDCS/TLS", "wrapped", LC_ALL="fr_MA.UTF-8")
        for words in (("IDA/PARTNER",), ("IDA/PARTNER", "hsm"), ("wrapped", "IDA/PARTNER"),
                      ("IDA/PARTNER", "wrapped", "token")):
            self.assertEqual(self.box.officer("key", "custody", *words).returncode, 2, words)
        self.assertIn("could be done", self.done("key", "custody", "IDA/PARTNER", "wrapped", "--dry-run"))
        self.assertNotIn("made from now on", self.done("key", "list"))
        said = self.done("key", "custody", "IDA/PARTNER", "wrapped")
        self.assertRegex(said, "keys of IDA/PARTNER.*the token does not protect it.*`officer key roll IDA/PARTNER`")
        self.done("key", "roll", "IDA/PARTNER")
        self.box.wait_for("key-step action=publish purpose=IDA/PARTNER generation=2")
        keys = self.done("key", "list")
        self.assertRegex(keys, r"IDA/PARTNER/2 +published\n    custody    wrapped under IDA/KEK/1\n")
        self.assertRegex(keys, r"IDA/PARTNER/1 +active\n    custody    token\n")
        self.assertEqual(keys.count("made from now on are wrapped under the KEK"), 1)
        self.assertIn("# IDA/PARTNER\n# custody: token\n", self.done("key", "show"))

    def initialise_and_kill(self, purpose, *victim):
        """Kills when the key of this purpose has been made; True when that was before the officer got an answer."""
        command = self.box.begin("key", "initialise")
        self.box.wait_for("key-made purpose=" + purpose)
        self.box.kill(*victim)
        command.communicate()
        self.assertIn(command.returncode, (0, 1))
        return command.returncode == 1

    def test_a_killed_initialisation_is_completed(self):
        """On a busy machine a kill may come too late to be one in the middle: then a new box is tried."""
        for victim in (("IDA/PARTNER", "hsm-signer", 0), ("IDA/IDA-FIR", "provd")):
            for _ in range(10):
                in_the_middle = self.initialise_and_kill(*victim)
                self.done("key", "initialise")
                self.assert_initialised_once()
                if in_the_middle:
                    break
                self.replace_box()
            self.assertTrue(in_the_middle, victim)
            self.replace_box()

    def assert_initialised_once(self):
        status = self.box.status()
        self.assertEqual((status["salts"], status["generation"], status["commit"]), (1000, 1, 1))
        made = [re.search(r"purpose=(\S+)", line).group(1) for line in self.box.matching("key-made")]
        self.assertEqual(len(set(made)), 11)

    def replace_box(self):
        self.box.remove()
        self.box = Box(binaries, data)
        self.box.start()

    def test_a_killed_provd_leaves_whole_batches(self):
        self.done("key", "initialise")
        command = self.box.begin("people", "import", data.people)
        command.stderr.readline()  # the first progress
        self.box.kill("provd")
        command.communicate()
        self.assertIn(command.returncode, (0, 1))
        people = self.box.status()["people"]
        self.assertTrue(people == PEOPLE or (people > 0 and people % 64 == 0), people)
        answer = self.box.officer("people", "import", data.people)
        self.assertEqual(answer.returncode, 0, answer.stderr)
        self.assertEqual(self.box.status()["people"], PEOPLE)

    def test_nobody_is_served_but_officers(self):
        if os.geteuid() != 0:
            self.skipTest("needs root, to become somebody else")
        (self.box.folder / "run").chmod(0o755)
        (self.box.folder / "run" / "officer.sock").chmod(0o666)
        (self.box.folder / "bin").chmod(0o755)
        answer = self.box.officer("status", user=4242)
        self.assertEqual(answer.returncode, 1)
        self.assertRegex(answer.stderr, "be root or a member")
        self.box.wait_for("officer-refused uid=4242")
        self.done("status", user=NOBODY)  # whoever started the box without root

    def test_provd_is_confined(self):
        pid = self.box.pid_of("provd")
        status = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
                      if ":\t" in line)
        self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))
        self.assertEqual(status["Uid"].split()[1], str(NOBODY if os.geteuid() == 0 else os.geteuid()))


class Furnished(unittest.TestCase):
    """One box for all tests of a class: none leaves anything behind that another would mind."""
    plugin = False

    @classmethod
    def setUpClass(cls):
        cls.box = Box(binaries, data, cls.plugin)
        cls.addClassCleanup(cls.box.remove)
        cls.box.start()
        for words in (["key", "initialise"], ["programmes", "import", data.programmes],
                      ["people", "import", data.people]):
            answer = cls.box.officer(*words)
            assert answer.returncode == 0, answer.stderr
        cls.box.wait_for("state state=operational")
        for signer in (0, 1):  # each is started again when it sees the keys
            cls.box.wait_for(f"process-ready process=hsm-signer index={signer} ", 2)

    def done(self, *words, **more):
        answer = self.box.officer(*words, **more)
        self.assertEqual(answer.returncode, 0, answer.stderr)
        return answer.stdout

    def wrong(self, pattern, *words, **more):
        """Refused before anything was sent: the registry is as it was."""
        before = self.box.status()["commit"]
        answer = self.box.officer(*words, **more)
        self.assertEqual(answer.returncode, 2, answer.stderr)
        self.assertRegex(answer.stderr, pattern)
        self.assertEqual(self.box.status()["commit"], before)

    def refused(self, pattern, *words, **more):
        before = self.box.status()["commit"]
        answer = self.box.officer(*words, **more)
        self.assertEqual(answer.returncode, 1, answer.stderr)
        self.assertRegex(answer.stderr, pattern)
        self.assertEqual(self.box.status()["commit"], before)


    def person_file(self, **members):
        """One person, with these members in the place of what the register's file has."""
        person = {k: v for k, v in data.load_people()[7].items() if k not in ("biometrics", "cbeff")}
        return self.box.file("person.json", [{**person, **members}])


class StandIn(unittest.TestCase):
    """officer, and the test in provd's place."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="idcs-officer-")
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "officer.sock")
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.addCleanup(self.listener.close)
        self.listener.bind(self.path)
        self.listener.listen(1)

    def begin(self, language, *words):
        return subprocess.Popen([binaries / "officer", "--socket", self.path, *words], text=True,
                                env={**os.environ, "LC_ALL": language},
                                stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)

    def test_who_interrupts_an_order_is_told_that_it_was_sent(self):
        for number, language in ((signal.SIGINT, "C"), (signal.SIGTERM, "fr")):
            command = self.begin(language, "key", "roll", "IDA/SIGN")
            connection, _ = self.listener.accept()
            with connection:
                self.assertGreater(len(connection.recv(4096)), 16)
                command.send_signal(number)
                said = command.communicate()[1]
            self.assertEqual(command.returncode, -number)
            self.assertRegex(said, "had been sent" if language == "C" else "était parti")


class FurnishedBox(Furnished):
    def test_imports_can_be_repeated(self):
        before = self.box.status()
        self.assertEqual((before["people"], before["partners"], before["misps"]), (PEOPLE, 9, 1))
        self.done("people", "import", data.people)
        self.done("programmes", "import", data.programmes)
        after = self.box.status()
        for name in ("people", "vids", "partners", "policies", "keys", "misps", "anchors"):
            self.assertEqual(after[name], before[name])

    def test_a_partner_is_suspended_and_active_again(self):
        self.assertRegex(self.done("partner", "suspend", "id=daam"), "is suspended")
        self.assertRegex(self.done("partner", "activate", "id=daam"), "is active")
        self.refused("the id is not registered", "partner", "suspend", "id=nobody")

    def test_a_certificate_of_another_authority_is_refused(self):
        stranger, key = self.box.folder / "files" / "stranger.pem", self.box.folder / "files" / "stranger.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Stranger", "-days",
                        "30", "-keyout", key, "-out", stranger], check=True, stderr=subprocess.DEVNULL)
        programme = data.programmes.parent / "partners" / "daam.pem"
        elliptic = data.programmes.parent / "tls" / "server.pem"
        self.refused("no authority of domain AUTH", "partner", "add", "id=stranger", "name=Stranger",
                     f"certificate={stranger}")
        self.refused("too weak", "partner", "add", "id=stranger", "name=Stranger", f"certificate={elliptic}")
        self.refused("not a certificate of an authority", "trust", "add", "domain=AUTH", f"file={programme}")
        self.refused("cannot be read", "trust", "add", "domain=AUTH", f"file={self.box.file('x.pem', 'x')}")

    def test_a_key_comes_from_a_file_or_standard_input(self):
        key = "a-key-of-this-test-0123456789"
        arguments = ["api-key", "add", "partner=daam", "policy=policy-daam"]
        keys = self.box.status()["keys"]
        self.done(*arguments, "file=-", text=key + "\n")
        self.assertEqual(self.box.status()["keys"], keys + 1)
        self.done(*arguments, f"file={self.box.file('key', key)}", "expires=2030-01-01")
        self.assertEqual(self.box.status()["keys"], keys + 1)
        self.wrong("must hold one line", *arguments, "file=-", text="short\n")
        self.wrong("must hold one line", *arguments, "file=-", text="two keys 0123456789\nand more\n")
        self.wrong("no date", *arguments, "file=-", "expires=tomorrow", text=key)
        self.refused("the policy is not registered", "api-key", "add", "partner=daam", "policy=none", "file=-",
                     text=key)
        self.assertEqual([line for line in self.box.lines if key in line], [])

    def test_the_command_line_is_judged(self):
        self.wrong("there is no 'nonsense'", "nonsense")
        self.wrong("has no verb 'fly'", "partner", "fly")
        self.wrong("id= is missing", "partner", "suspend")
        self.wrong("GENERATION is missing", "tls", "remove")
        self.wrong(r"wrapped\|token is missing", "key", "custody", "IDA/PARTNER")
        self.wrong("not an argument here", "partner", "suspend", "id=a", "colour=red")
        self.wrong("'b' is one word too many: use officer tls install", "tls", "install", "a", "b")
        self.wrong("`officer tls remove` has no dry run", "tls", "remove", "1", "--dry-run")
        self.wrong("`officer tls remove` has no dry run", "tls", "remove", "--dry-run=yes", "1")
        self.wrong("not an argument here", "key", "roll", "IDA/SIGN", "--at-once")
        self.wrong("yes or no, not maybe", "key", "roll", "IDA/SIGN", "--dry-run=maybe")
        self.wrong("given twice", "key", "roll", "IDA/SIGN", "--dry-run", "dry-run=yes")
        self.wrong("given twice", "partner", "suspend", "id=a", "id=b")
        self.wrong("no status", "partner", "add", "id=a", "name=b", f"certificate={data.people}", "status=asleep")
        self.wrong("check the path", "people", "import", "/nowhere.json")

    def test_what_rolls_can_be_tried(self):
        before = self.done("key", "list")
        for words in (["key", "roll", "IDA/SIGN"], ["root", "roll"], ["clock", "confirm"]):
            for dry_run in ("--dry-run", "dry-run=yes", "--dry-run=yes"):
                self.assertRegex(self.done(*words, dry_run), "this could be done; nothing has changed")
        self.refused("no purpose IDA/XX", "key", "roll", "IDA/XX", "--dry-run")
        self.refused("roll of the record root", "root", "remove", "generation=9", "--dry-run")
        self.assertEqual(self.done("key", "list").count("generated"), before.count("generated"))

    def test_a_file_that_is_not_strict_json_is_refused(self):
        person = data.load_people()[0]
        for content, pattern in [
                ("[{", "not strict JSON"), ('[{"uin": "1", "uin": "2"}]', "not strict JSON: .*duplicate"),
                ("{}", r"\[\]"), ([{**person, "colour": "red"}], r"people\[0\]: 'colour' is not a member"),
                ([{k: v for k, v in person.items() if k != "uin"}], r"people\[0\]: 'uin' is missing"),
                ([person, {**person, "uin": 7}], r"people\[1\]: 'uin' has the wrong type"),
                ([{**person, "locks": ["otp-pigeon"]}], "'locks' has a value"),
                ([{**person, "dob": "1985-13-01"}], "'dob' has a value"),
                ([{**person, "expires": "someday"}], "no date"),
                ([{**person, "phone": "+" + "1" * 40}], "'phone' is too long"),
                ([{**person, "vids": [{"vid": "1" * 16, "type": "Eternal"}]}], "'type' has a value")]:
            with self.subTest(pattern=pattern):
                self.wrong(pattern, "people", "import", self.box.file("people.json", content))

    def test_a_policy_is_judged(self):
        policy = {"id": "p1", "name": "P", "authTokenType": "partner", "allowedAuthTypes": [{"authType": "otp"}],
                  "allowedKycAttributes": [{"attributeName": "fullName", "masked": True}], "kycLanguages": ["ara"]}
        self.done("policy", "add", f"file={self.box.file('p.json', policy)}")
        for change, pattern in [({"authTokenType": "secret"}, "'authTokenType' has a value"),
                                ({"allowedAuthTypes": [{"authType": "dance"}]}, "'authType' has a value"),
                                ({"allowedAuthTypes": [{"authType": "bio", "authSubType": "Toe"}]},
                                 "'authSubType' has a value"),
                                ({"kycLanguages": ["arabic"]}, "'kycLanguages' has a value"),
                                ({"failuresAnHour": -1}, "'failuresAnHour' has a value"),
                                ({"more": 1}, "'more' is not a member")]:
            with self.subTest(pattern=pattern):
                self.wrong(pattern, "policy", "add", f"file={self.box.file('p.json', {**policy, **change})}")
        backwards = {**policy, "commences": "2030-01-01", "expires": "2029-01-01"}
        self.refused("expires has a value", "policy", "add", f"file={self.box.file('p.json', backwards)}")

    def test_a_wrong_person_refuses_the_batch_and_is_named(self):
        people = data.load_people()[:3]
        people[2]["uin"] = people[2]["uin"][:9] + str((int(people[2]["uin"][9]) + 1) % 10)
        self.refused(r"people\[2\]: uin has a value", "people", "import", self.box.file("people.json", people))
        twice = [people[0], people[1], people[0]]
        self.refused(r"people\[2\]: an identifier \(uin\) comes twice", "people", "import",
                     self.box.file("people.json", twice))

    def test_biometrics_come_and_go_with_their_person(self):
        self.done("people", "import", self.person_file())
        before = self.box.status()["enrolled"]
        finger, iris = record("finger_record/iso-2005-extended"), record("iris_code/usual", 1)
        self.done("people", "import", self.person_file(biometrics={
            "Right IndexFinger": [finger, record("finger_record/ansi-2004-extended")], "Left": [iris], "Face": []}))
        self.assertEqual(self.box.status()["enrolled"], before + 1)
        self.done("people", "import", self.person_file(biometrics=None))
        self.assertEqual(self.box.status()["enrolled"], before)

    def test_a_record_that_cannot_be_enrolled_refuses_its_person(self):
        before = self.box.status()["enrolled"]
        for part, content, pattern in [
                ("Right IndexFinger", record("finger_record/ansi-2009"),
                 r"people\[0\]: format-not-accepted, Right IndexFinger\[1\]: ansi-378-2009: this box reads ISO 19794-2:2005"),
                ("Right IndexFinger", record("finger_record/iso-2005-too-few"),
                 r"Right IndexFinger\[1\]: too-few-minutiae \(iso-19794-2-2005\)"),
                ("Right IndexFinger", record("image_record/finger-2005"),
                 r"an image, Right IndexFinger\[1\]: iso-19794-4-2005, and this box has no plug-in"),
                ("Right IndexFinger", record("iris_code/usual", 1), r"Right IndexFinger\[1\]: other-modality"),
                ("Right", record("iris_code/no-model", 1), r"Right\[1\]: ")]:
            with self.subTest(pattern=pattern):
                good = record("iris_code/usual" if part == "Right" else "finger_record/ansi-2004-extended", part == "Right")
                self.refused(pattern, "people", "import", self.person_file(biometrics={part: [good, content]}))
        self.refused(r"CBEFF document .*cbeff: line \d+", "people", "import",
                     self.person_file(cbeff=record("bir/entity")))
        image = self.box.officer("people", "import", self.person_file(
            biometrics={"Face": [record("image_record/face-2005")]}), LANG="fr")
        self.assertRegex(image.stderr, "cet appareil n'a pas de module externe .plug-in.")
        self.assertEqual(self.box.status()["enrolled"], before)

    def test_a_file_with_biometrics_is_judged(self):
        finger = record("finger_record/ansi-2004-extended")
        for members, pattern in [
                ({"biometrics": [finger]}, "'biometrics' has a value"),
                ({"biometrics": {"Right Index": [finger]}}, "'Right Index' is no part of the body"),
                ({"biometrics": {"Iris": {"Left": [finger]}}}, "'Iris' is no part of the body"),
                ({"biometrics": {"Face": finger}}, "'Face' must be a list of biometric records in base64"),
                ({"biometrics": {"Face": ["not base64!"]}}, "'Face' must be a list"),
                ({"biometrics": {"Face": [""]}}, "'Face' must be a list"),
                ({"biometrics": {"Face": [7]}}, "'Face' must be a list"),
                ({"biometrics": {"Right IndexFinger": 33 * [finger]}}, "more than 32 biometric records"),
                ({"biometrics": {"Face": 4 * ["QUJD" * 20000]}}, "biometric records are larger than"),
                ({"cbeff": "QUJD" * 80000}, "biometric records are larger than"),
                ({"cbeff": {}}, "'cbeff' must be a list")]:
            with self.subTest(pattern=pattern):
                self.wrong(pattern, "people", "import", self.person_file(**members))
        self.refused(r"more than can be enrolled, Right IndexFinger\[4\]", "people", "import",
                     self.person_file(biometrics={"Right IndexFinger": 5 * [finger]}))

    def test_the_thresholds_of_a_policy_are_judged(self):
        types = [{"authType": "bio", "authSubType": part} for part in ("Finger", "Iris", "Face", "FMR")]
        policy = {"id": "p-bio", "name": "P", "authTokenType": "partner", "allowedAuthTypes": types,
                  "allowedKycAttributes": []}

        def file(**biometrics):
            return "file=" + str(self.box.file("p.json", {**policy, "biometrics": biometrics}))
        self.done("policy", "add", file())
        self.done("policy", "add", file(finger={"falseMatchRate": "1e-4", "atMost": 2}, namesFactors=True,
                                        iris={"falseMatchRate": 0.000001}, face={"atMost": 1}, ceiling="0.01"))
        self.done("policy", "add", file(anyPosition=True, ceiling=0.05))
        self.refused(r"too often: finger 0.001x2x4x5 \+ iris 0.000001x2x4x5 \+ face 0.0001x1x4x5 = 0.04204 > 0.01 ",
                     "policy", "add", file(finger={"falseMatchRate": "1e-3"}))
        french = self.box.officer("policy", "add", file(finger={"atMost": 10}), LC_ALL="fr_MA")
        self.assertRegex(french.stderr, r"laisserait passer autrui trop souvent : finger 0.0001x10x4x5 .* > 0.01 ")
        self.refused("no measurement supports .* finger: 0.0001", "policy", "add",
                     file(finger={"falseMatchRate": 0.00001}))
        self.refused("biometrics.iris.atMost has a value", "policy", "add", file(iris={"atMost": 3}))
        for biometrics, pattern in [
                ({"finger": {"falseMatchRate": "one in a thousand"}}, "'falseMatchRate' must be a probability"),
                ({"finger": {"falseMatchRate": 0}}, "'falseMatchRate' must be a probability"),
                ({"finger": {"falseMatchRate": "0x1p-4"}}, "'falseMatchRate' must be a probability"),
                ({"ceiling": 1.5}, "'ceiling' must be a probability"),
                ({"ceiling": True}, "'ceiling' must be a probability"),
                ({"finger": {"atMost": 256}}, "'atMost' has a value"),
                ({"toe": {}}, "'toe' is not a member"),
                ({"namesFactors": 1}, "'namesFactors' has the wrong type")]:
            with self.subTest(pattern=pattern):
                self.wrong(pattern, "policy", "add", file(**biometrics))

    def test_devices_are_trusted_and_blocked(self):
        anchors = self.box.status()["anchors"]
        authority, key = self.box.folder / "files" / "devices.pem", self.box.folder / "files" / "devices.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Devices", "-days",
                        "30", "-keyout", key, "-out", authority], check=True, stderr=subprocess.DEVNULL)
        for domain in ("DEVICE", "FTM"):
            self.assertRegex(self.done("trust", "add", f"domain={domain}", f"file={authority}"), domain)
        self.assertEqual(self.box.status()["anchors"], anchors + 2)
        listed = re.findall("^DEVICE +([0-9a-f]{64})  Devices ", self.done("trust", "list", "domain=DEVICE"), re.M)
        self.assertEqual(len(listed), 1)
        gone = ["trust", "remove", "domain=DEVICE", f"sha256={listed[0]}"]
        self.assertRegex(self.done(*gone, "--dry-run"), "nothing has changed")
        self.assertRegex(self.done(*gone, LANG="fr"), "n'est plus admise")
        self.assertEqual(self.box.status()["anchors"], anchors + 1)
        self.refused("no authority of that SHA-256", *gone)
        self.wrong("64 hexadecimal digits", "trust", "remove", "domain=DEVICE", "sha256=" + 31 * "ab")
        device = ["kind=device", "id=SN-0042ACMEF200"]
        self.assertRegex(self.done("hotlist", "add", *device, "until=2099-12-31"), "device SN-0042ACMEF200 is blocked")
        self.assertRegex(self.done("hotlist", "remove", *device, LANG="fr"), "n'est plus bloqué")
        self.done("hotlist", "add", "kind=device-provider", "id=ACMEacme-1")
        self.wrong("no kind: write partner, device, device-provider or vid", "hotlist", "add", "kind=person", "id=1")
        self.wrong("no date", "hotlist", "add", *device, "until=soon")
        self.wrong("not an argument here", "hotlist", "remove", *device, "until=2099-12-31")

    def test_officers_work_side_by_side(self):
        commands = [self.box.begin("people", "import", data.people) for _ in range(3)]
        results = [command.communicate() + (command.returncode,) for command in commands]
        self.assertEqual([result[2] for result in results], [0, 0, 0], results)
        self.assertEqual(self.box.status()["people"], PEOPLE)

    def test_who_finds_all_places_taken_is_told_so(self):
        idle = [socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(PLACES)]
        for connection in idle:
            connection.connect(str(self.box.folder / "run" / "officer.sock"))
        answer = self.box.officer("status")
        for connection in idle:
            connection.close()
        self.assertEqual(answer.returncode, 1)
        self.assertRegex(answer.stderr, "all places are taken, try again")
        while self.box.officer("status").returncode != 0:  # until provd has seen them go
            pass

    def test_french_is_spoken_where_it_is_asked_for(self):
        for environment in ({"LANG": "fr_MA.UTF-8"}, {"LC_ALL": "fr", "LANG": "en_US"}):
            self.assertRegex(self.done("status", **environment), "personnes : ")
        self.assertRegex(self.done("status", LC_ALL="en_GB", LANG="fr_FR"), "people: ")

    def issue(self, *words):
        request = self.box.folder / "files" / "next.csr"
        if not request.exists():
            subprocess.run(["openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=next",
                            "-keyout", "/dev/null", "-out", request], check=True, stderr=subprocess.DEVNULL)
        return "certificate", "issue", "id=amo-tadamon", f"csr={request}", *words

    def test_a_certificate_that_could_not_be_written_is_registered_and_replaced_by_word_alone(self):
        with open("/dev/full", "w") as full:
            answer = subprocess.run(self.box.officer_command(*self.issue("replace=yes")), text=True, stdout=full,
                                    stderr=subprocess.PIPE, env=self.box.environment())
        self.assertEqual(answer.returncode, 1)
        self.assertRegex(answer.stderr, "amo-tadamon: .* it IS registered: .* replace=yes")
        self.refused("amo-tadamon has a registered certificate .* add replace=yes", *self.issue())
        self.refused("add replace=yes", *self.issue("--dry-run"))
        answer = self.box.officer(*self.issue("replace=yes", "--dry-run"))
        self.assertEqual((answer.returncode, answer.stdout), (0, ""))
        self.assertRegex(answer.stderr, "nothing has changed\\nit would take the place")
        answer = self.box.officer(*self.issue("replace=yes"), LC_ALL="fr")
        self.assertEqual(answer.stdout.count("BEGIN CERTIFICATE"), 2)
        self.assertRegex(answer.stderr, "est refusé désormais")

    def test_every_command_has_help_with_an_example(self):
        text = self.done("--help")
        for noun in ("key", "trust", "partner", "policy", "api-key", "misp", "people", "programmes", "hotlist",
                     "status", "pin"):
            self.assertRegex(text, f"example: officer {noun}")
        self.assertNotIn("partner", self.done("people", "--help"))

    def test_no_line_of_the_log_names_a_person(self):
        log = "\n".join(self.box.lines)
        for person in data.load_people():
            for value in (person["uin"], person.get("phone"), person.get("email")):
                self.assertFalse(value and value in log)


class KilledBox(Furnished):
    """Its processes are killed while people come in; it has a plug-in."""
    plugin = True

    def import_while(self, kill):
        command = self.box.begin("people", "import", data.people)
        command.stderr.readline()  # the first progress
        kill()
        command.communicate()
        return command.returncode

    def test_killed_signers_lose_nothing(self):
        def kill():
            for index in (0, 1):
                self.box.kill("hsm-signer", index)
        self.assertEqual(self.import_while(kill), 0)

    def test_a_killed_core_refuses_or_waits(self):
        self.assertIn(self.import_while(lambda: self.box.kill("authd-core")), (0, 1))
        self.done("people", "import", data.people)

    def test_a_plug_in_makes_templates_of_images(self):
        self.done("people", "import", self.person_file())
        before = self.box.status()["enrolled"]
        image = finger_image(7, b"".join(bytes([0, 40 + 9 * i, 0, 200 - 7 * i, 11 * i, 1, 80]) for i in range(20)))
        self.done("people", "import", self.person_file(biometrics={"Left IndexFinger": [image]}))
        self.assertEqual(self.box.status()["enrolled"], before + 1)
        self.refused(r"plug-in makes no template .*Left IndexFinger\[1\]: sample-1.0", "people", "import",
                     self.person_file(biometrics={"Left IndexFinger": [image, finger_image(7)]}))
        self.refused(r"an image, Face\[0\]: iso-19794-5-2005, and this box has no plug-in", "people", "import",
                     self.person_file(biometrics={"Face": [record("image_record/face-2005")]}))
        self.box.kill("authd-plugin", 1)
        self.done("people", "import", self.person_file(biometrics={"Left IndexFinger": [image]}))
        self.assertEqual(self.box.status()["enrolled"], before + 1)

    def test_a_killed_unseal_worker_is_replaced(self):
        self.box.kill("authd-unseal", 1)
        self.done("programmes", "import", data.programmes)


if __name__ == "__main__":
    binaries = pathlib.Path(sys.argv.pop(1))
    data = Data(binaries, PEOPLE)
    try:
        result = unittest.main(verbosity=2, exit=False).result
    finally:
        data.remove()
    sys.exit(not result.wasSuccessful())
