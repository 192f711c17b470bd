"""Keys of every purpose roll through their lives while both profiles authenticate, by numbers of persons and by VIDs:
seconds for days, and not one failure. Each client keeps what it fetched for exactly as long as its max-age says, so
that it meets whatever a copy can miss. Meanwhile provd, signer 0 and core are killed where they have most to lose: in
the middle of what a roll of the KEK, of the pepper or of the record root stores anew. Chance finds the moments;
IDCS_SEED repeats them."""

import http.client
import json
import os
import random
import re
import threading
import time
import unittest

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives import hashes, serialization
from jwcrypto import jwk, jws

from jose import JoseProgramme
from programme import b64u, transaction, unb64u, wrong
from rough_box import PATIENCE_SECONDS, RoughBox, await_

# The pepper's sweep takes several steps, of 256 people each.
PEOPLE, DEATHS = (5000, 5) if os.environ.get("IDCS_LONG") else (900, 1)
MAX_AGE, ACTIVE, OVERLAP = 2, 7, 6
# How long nothing may move on a machine that others use too, and the box is still in time: it replaces no process that
# is silent for so long, and a key is known everywhere for longer before it counts.
HICCUP = 5
PROPAGATION = HICCUP + 1
ROLLING = ("sign", "partner", "token", "request")
# Nobody's client counts their keys, and making one is work: once is enough.
ROLLING_ONCE = ("ida_fir", "audit", "root", "ca")
LIVES = {"hsm__%s_active_days" % name: ACTIVE for name in ROLLING}
LIVES.update({"hsm__%s_active_days" % name: 3 * ACTIVE for name in ROLLING_ONCE})
LIVES.update({"hsm__%s_overlap_days" % name: OVERLAP for name in ROLLING + ROLLING_ONCE})
# These live until nothing that is stored depends on them.
LIVES.update(hsm__kek_active_days=10, hsm__pepper_active_days=12, hsm__key_destroy_days=1)
# A key of IDCS/TOKEN outlives the test: what it signs is good for longer.
WHOLE_LIVES = ("IDA/SIGN", "IDA/PARTNER", "IDA/IDA-FIR", "IDA/AUDIT", "IDCS/REQUEST", "IDA/ROOT", "IDCS/CA", "IDA/KEK",
               "IDA/PEPPER")
KEYS = 4
SEED = os.environ.get("IDCS_SEED") or str(random.randrange(10 ** 6))
PATIENCE = 5 * PATIENCE_SECONDS
LEISURE = 0.3  # between two questions of officers


def setUpModule():
    global box, kit, outbox, machine
    box = RoughBox(people=PEOPLE, hsm__published_max_age=MAX_AGE, hsm__key_day=1, hsm__key_propagation=PROPAGATION,
                   hsm__key_skew=1, authd__hang_ms=1000 * HICCUP, core__key_use_hour_ms=400, **LIVES,
                   **RoughBox.UNLIMITED)
    kit, outbox, machine = box.kit, Outbox(), Machine()
    machine.start()


def tearDownModule():
    machine.stopping.set()
    machine.join()
    print("the machine stood still %d times, which excused %s" % (len(machine.stood_still), machine.excused))
    box.close()


class Unanswered(Exception):
    """Nothing was decided. Allowed to who was on the way when core died, and to nobody else."""


class Outages:
    """When core was away."""

    def __init__(self):
        self.count, self.away = 0, False

    def __enter__(self):
        self.away = True

    def __exit__(self, *_):
        self.count += 1
        self.away = False

    def touched(self, count):
        """Whether core was away at any time since there were ${count} outages."""
        return self.away or self.count > count


outages = Outages()


class Machine(threading.Thread):
    """When the machine or its disk stood still for longer than the box is made for here: what fails then, or while
    the box comes round, tells nothing of it."""
    COMES_ROUND = 15

    def __init__(self):
        super().__init__()
        self.stopping, self.went = threading.Event(), time.monotonic()
        self.stood_still, self.excused = [], []

    def run(self):
        with open(box.folder / "still", "wb", buffering=0) as file:
            while not self.stopping.wait(0.1):
                file.write(b".")
                os.fdatasync(file.fileno())
                self.note(time.monotonic())
                self.went = time.monotonic()

    def note(self, now):
        if now - self.went > HICCUP - 1:
            self.stood_still.append((self.went, now))

    def touched(self, since):
        """Whether it stood still at any time since then, or shortly before, or does."""
        self.note(time.monotonic())
        return any(until + self.COMES_ROUND > since for _, until in self.stood_still)


class Outbox:
    """The codes by their transactions. Each message is read once: clients that read all again and again would take
    the time of everybody."""

    def __init__(self):
        self.lock, self.seen, self.codes = threading.Lock(), set(), {}

    def code(self, txn):
        with self.lock:
            for name in set(os.listdir(kit.outbox)) - self.seen:
                if name.endswith(".json"):
                    message = json.loads((kit.outbox / name).read_text())
                    self.codes[message["transactionID"]] = message["otp"]
                    self.seen.add(name)
            return self.codes.get(txn)


class Copy:
    """A document that a client keeps by its max-age."""

    def __init__(self, path):
        self.path, self.until, self.body = path, 0.0, None

    def get(self):
        if time.monotonic() >= self.until:
            asked = time.monotonic()
            answer = kit.get(self.path)
            if answer.status == 503:
                raise Unanswered(self.path)
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
                self.once_or_unanswered()
        except Exception as failure:  # told to the test by name
            self.failure = "%s by %s: %r" % (type(self).__name__, self.person["individualIdType"], failure)

    def once_or_unanswered(self):
        self.began, self.outages_before = time.monotonic(), outages.count
        try:
            self.once()
            self.times += 1
        except Exception as failure:
            unanswered = isinstance(failure, (Unanswered, OSError, http.client.HTTPException))
            if not (unanswered and self.was_out()):
                if not machine.touched(self.began):
                    raise
                machine.excused.append(repr(failure))
            self.stopping.wait(0.02)  # not a busy loop while core is away

    def was_out(self):
        """Whether core was away in this round."""
        return outages.touched(self.outages_before)

    def code(self, txn):
        """A core that dies may leave a code unsent for good."""
        sent = time.monotonic()

        def look():
            gone = self.was_out() and time.monotonic() - sent > HICCUP
            return outbox.code(txn) or (gone and "gone")
        code = await_(look, pause=0.02)
        if code == "gone":
            raise Unanswered("no code")
        return code

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
    def __init__(self, person, certificate_seconds=0, token=None):
        super().__init__(person)
        self.programme = kit.programme(token=token)
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
        if answer.status == 503:
            raise Unanswered(answer.body)
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
        code = self.code(txn)
        self.renew_certificate()
        answer = self.programme.authenticate(self.person, txn, code)
        self.verify(answer)
        if answer.codes == ["IDA-OTA-012"]:
            raise Unanswered("void")  # its core died before it heard that the code had arrived
        assert answer.response["authStatus"] is True, answer.body


class Straggler(Mosip):
    """Never fetches a certificate again."""

    def __init__(self, person):
        super().__init__(person, certificate_seconds=10 ** 6)


class Jose(Client):
    def __init__(self, person, token=None):
        super().__init__(person)
        self.asker = JoseProgramme(kit.programme(token=token))
        self.configuration = Copy("/.well-known/idcs-configuration")

    def renew_keys(self):
        """What names a key first: a copy of the keys that is good then knows it."""
        self.asker.request_kid = json.loads(self.configuration.get())["request_encryption_kid"]
        self.asker.keys = json.loads(self.jwks.get())
        self.encrypted_to.add(self.asker.request_kid)

    def once(self):
        txn = transaction()
        self.renew_keys()
        answer, _ = self.asker.ask(self.person, txn)
        self.expect(answer, 202)
        code = self.code(txn)
        self.renew_keys()
        answer = self.asker.authenticate(self.person, txn, code)
        self.expect(answer, 200)
        token = jws.JWS()
        token.allowed_algs = ["ES256"]
        token.deserialize(answer.body.decode())
        token.verify(jwk.JWK(**self.key(token.jose_header["kid"])))

    @staticmethod
    def expect(answer, status):
        if answer.status in (401, 503):  # a void code is refused as any other
            raise Unanswered(answer.status, answer.body)
        assert answer.status == status, (answer.status, answer.body)


class Rotation(unittest.TestCase):
    def setUp(self):
        self.chance, self.clients = random.Random(SEED), []

    def test_every_key_rolls_under_load_and_nothing_fails(self):
        first = [self.keys("active", purpose)[0] for purpose in ("IDA/KEK", "IDA/PEPPER")]
        self.counts = {name: len(pids) for name, pids in box.processes().items()}
        frozen, straggler = self.freeze(), Straggler(kit.person())
        for order in (("key", "custody", "IDA/PARTNER", "wrapped"), ("root", "roll")):
            done = box.officer(*order)
            self.assertEqual(done.returncode, 0, done.stderr)
        vid = kit.person("perpetual VID")
        clients = [Mosip(kit.person()), Mosip(kit.person(), certificate_seconds=MAX_AGE + OVERLAP - 2),
                   Jose(kit.person()), Jose(kit.person()), Mosip(vid, token="partner"), Jose(vid, token="random")]
        self.clients = clients + [straggler]
        for client in self.clients:
            client.start()
        try:
            for _ in range(DEATHS):
                self.kill_where_it_hurts()
            self.await_(lambda: all(client.has_seen() for client in clients))
            held = self.key_of(straggler)
            self.await_more(1)  # it is of the last day, which is short here
            self.assert_held_by(straggler, held)
            straggler.stopping.set()
            self.await_(lambda: held in self.keys("retired"), LEISURE)
            for name in first:
                self.destroy(name)
            self.await_(lambda: "record roots: 1 → 2, complete" in box.officer("status").stdout, LEISURE)
            for purpose in WHOLE_LIVES:
                self.await_event("action=retire purpose=%s generation=" % purpose)
            self.await_more(3)
        finally:
            for client in self.clients:
                client.stopping.set()
            for client in self.clients:
                client.join(timeout=60)
        self.assert_nothing_failed()
        self.assert_all_was_seen()
        self.assert_none_went_too_soon()
        self.assertEqual(self.programme.ask(frozen).codes, ["IDA-OTA-013"])

    def freeze(self):
        """Somebody with all attempts used up, which no roll gives back."""
        person, self.programme = kit.person(), kit.programme()
        txn, code = self.programme.code_for(person)
        for _ in range(5):
            self.assertIs(self.programme.authenticate(person, txn, wrong(code)).response["authStatus"], False)
        return person

    # What the box does meanwhile, and what is done to it.

    def assert_nothing_failed(self):
        failures = [client.failure for client in self.clients if client.failure]
        self.assertEqual(failures, [], "IDCS_SEED=%s, stood still: %s\n%s" % (SEED, machine.stood_still,
                                                                             box.log()[-9000:]))

    def await_(self, what, pause=0.03):
        """Until it is so; a failure of a client ends the wait and the test."""
        found = await_(lambda: any(client.failure for client in self.clients) or what(), PATIENCE, pause)
        self.assert_nothing_failed()
        return found

    def await_event(self, text, mark=0):
        self.await_(lambda: re.search(text, box.log()[mark:], re.M))

    def await_next(self, text):
        self.await_event(text, len(box.log()))

    def await_more(self, rounds):
        wanted = [(client, client.times + rounds) for client in self.clients if not client.stopping.is_set()]
        self.await_(lambda: all(client.times >= times for client, times in wanted))

    def pause(self, seconds):
        """A random moment, which the clients' failures need not wait for."""
        self.clients[0].join(timeout=self.chance.uniform(0, seconds))

    def first_of(self, name):
        """The first process of this name, when all are there and it is ready: some start afresh by themselves."""
        pid = int(re.findall(r" process-ready process=%s index=0 pid=(\d+)$" % name, box.log(), re.M)[-1])
        pids = box.processes().get(name, [])
        return pid if len(pids) == self.counts[name] and pid in pids else None

    def kill(self, name):
        pid = self.await_(lambda: self.first_of(name))
        os.kill(pid, 9)
        box.await_successor(name, self.counts[name], pid)

    def kill_core(self):
        with outages:
            self.kill("authd-core")
            box.await_ready(PATIENCE_SECONDS)

    def kill_where_it_hurts(self):
        """Rows are wrapped by the next KEK, or go under the next pepper: a second, or two, of each."""
        self.await_next("action=activate purpose=IDA/KEK ")
        self.pause(0.2)
        self.kill("hsm-signer")
        self.await_next("pepper-sweep-begun")
        for victim in self.chance.sample(["provd", "provd", "hsm-signer"], 3):
            self.pause(0.7)
            self.kill(victim)
        self.pause(0.7)
        self.kill_core()
        self.await_next("action=activate purpose=IDA/KEK ")
        self.pause(0.2)
        self.kill("provd")

    def destroy(self, name):
        self.await_(lambda: name in self.keys("retired"), LEISURE)
        done = box.officer("key", "destroy", name)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.await_event("action=destroy purpose=%s generation=%s$" % tuple(name.rsplit("/", 1)))

    def assert_all_was_seen(self):
        troubles = [line for line in box.log().split("\n") if re.search(" (warning|error) ", line)]
        for client in self.clients[:-1]:
            with self.subTest(client=type(client).__name__, log=troubles[-20:]):
                self.assertTrue(client.has_seen(), (client.times, client.signed_by, client.encrypted_to))
        self.assertRegex(box.officer("key", "list").stdout, r"(?s)IDA/PARTNER/\d+ +active.{0,40}wrapped under IDA/KEK")

    def assert_none_went_too_soon(self):
        """No KEK and no pepper retires before signer 0 was told that the registry needs later ones alone."""
        log = box.log()
        for purpose, told in (("IDA/KEK", "kek-from"), ("IDA/PEPPER", "pepper-from")):
            for retired in re.finditer(r"action=retire purpose=%s generation=(\d+)$" % purpose, log, re.M):
                needs = re.findall(r" registry-needs .*%s=(\d+).* result=ok$" % told, log[:retired.start()], re.M)
                self.assertGreater(max(map(int, needs), default=0), int(retired[1]), purpose)

    def keys(self, state, purpose="\\S+"):
        return re.findall(r"^(%s/\d+) +%s" % (purpose, state), box.officer("key", "list").stdout, re.M)

    def key_of(self, client):
        """The name of the key that it encrypts to."""
        thumbprint = client.own_kit.encryption.fingerprint(hashes.SHA256()).hex()
        keys = re.split(r"^(?=\S)", box.officer("key", "list").stdout, flags=re.M)
        return next(key.split()[0] for key in keys if thumbprint in key)

    def assert_held_by(self, straggler, key):
        """It would have retired long ago; officers are told who keeps it, and what would break."""
        programme = straggler.programme.id
        self.assertIn(key, self.keys("retiring in-use"))
        done = box.officer("key", "retire", key, "--dry-run")
        self.assertEqual(done.returncode, 1, done.stdout)
        share = float(re.search(r"without this key %s has ([\d.]+) %% of its" % programme, done.stdout)[1])
        self.assertTrue(0 < share < 100, done.stdout)
        self.assertRegex(done.stdout, r"(?m)^%s +%g %% +\d+ +\d+ +\d+" % (programme, share))
        self.assertRegex(done.stderr, r"%s [\d.]+ %%" % programme)
        self.assertEqual(box.officer("key", "retire", key).returncode, 1)
        done = box.officer("key", "retire", key, "--dry-run", "force=tried in a test")
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
