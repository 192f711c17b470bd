"""A constant load of people who authenticate by OTP, and an account of everything the box answered."""

import collections
import hashlib
import http.client
import itertools
import json
import random
import threading
import time

from programme import Kit, transaction
from rough_box import PATIENCE_SECONDS

DEADLINE_SECONDS = 10  # core's deadline of 8 s, and the way there and back

# What a box answers, to a right code, that it cannot serve now: nobody was let in.
Unanswered = collections.namedtuple("Unanswered", "what")


class Outbox:
    """The codes in the outbox, each file read once."""

    def __init__(self, kit):
        self.folder, self.lock = kit.outbox, threading.Lock()
        self.seen, self.codes = set(), {}

    def find(self, transaction_id):
        with self.lock:
            for name in set(entry.name for entry in self.folder.glob("*.json")) - self.seen:
                try:
                    message = json.loads((self.folder / name).read_text())
                except FileNotFoundError:
                    continue
                self.seen.add(name)
                self.codes[message["transactionID"]] = message["otp"]
            return self.codes.get(transaction_id)

    def wait(self, transaction_id, seconds):
        until = time.monotonic() + seconds
        code = self.find(transaction_id)
        while code is None and time.monotonic() < until:
            time.sleep(0.005)
            code = self.find(transaction_id)
        return code


class KnownKeys:
    """Verifies answers with the keys that were published when it was made: the box may be away now."""

    def __init__(self, kit):
        self.keys = kit.get("/.well-known/jwks.json")

    def get(self, path):
        return self.keys

    verify = Kit.verify


class Load:
    """Threads that ask for a code, authenticate with it, and try it a second time. What may go wrong is up to the
    test: ${strict} allows nothing, else the box may be unavailable for a while. Never allowed: a code that is accepted
    twice, a "yes" that does not verify."""

    def __init__(self, kit, threads=4, strict=True):
        self.strict, self.outbox, self.keys = strict, Outbox(kit), KnownKeys(kit)
        self.stop, self.changed = threading.Event(), threading.Condition()
        self.accepted = self.unanswered = 0
        self.problems, self.slowest = [], 0.0
        self.answers = []  # (SHA-256 of the body in hex, verdict or None)
        self.used = {}     # transaction: (programme, person, code) of each "yes"
        programmes = [kit.programme(token=token) for token in ("partner", "policy", "random")]
        people = [p for p in kit.document["people"] if p["note"] == "ordinary"]
        people = people[len(people) // 2:]  # the first ones are those of kit.person()
        random.shuffle(people)
        self.threads = [threading.Thread(target=self.run, args=(programmes[i % 3], people[i::threads]), daemon=True)
                        for i in range(threads)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, kind, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join(3 * DEADLINE_SECONDS)
        if kind is None:
            self.check()

    def check(self):
        if self.problems:
            raise AssertionError("%d of %d: %s" % (len(self.problems), self.accepted, self.problems[:5]))
        if self.strict and self.slowest > DEADLINE_SECONDS:
            raise AssertionError("an answer took %.1f s" % self.slowest)

    def await_more(self, count, seconds=PATIENCE_SECONDS):
        """Until ${count} more have been accepted: the box serves."""
        with self.changed:
            wanted = self.accepted + count
            if not self.changed.wait_for(lambda: self.accepted >= wanted or self.problems, seconds):
                raise TimeoutError("nobody gets in")
        self.check()

    def run(self, programme, people):
        for person in itertools.cycle(people):
            if self.stop.is_set():
                return
            try:
                self.one(programme, person)
            except Exception as problem:  # whatever it is, it fails the test
                self.say("%s: %r" % (type(problem).__name__, problem))

    def say(self, problem):
        with self.changed:
            self.problems.append(problem)
            self.changed.notify_all()

    def lose(self, stage, what):
        if self.strict:
            self.say("%s: %s" % (stage, what))
        with self.changed:
            self.unanswered += 1
        self.stop.wait(0.02)  # not a busy loop while the box is away

    def send(self, programme, function, document):
        """The answer, or why there is none."""
        began = time.monotonic()
        try:
            answer = programme.send(function, document)
        except (OSError, http.client.HTTPException) as problem:
            return Unanswered(repr(problem))
        finally:
            self.slowest = max(self.slowest, time.monotonic() - began)
        if answer.status != 200:
            if answer.headers["response-signature"] is not None or answer.body:
                self.say("status %d says something: %s" % (answer.status, answer.body))
            return Unanswered("status %d" % answer.status)
        verdict = (answer.response or {}).get("authStatus")
        with self.changed:
            self.answers.append((hashlib.sha256(answer.body).hexdigest(), verdict))
        return answer

    def one(self, programme, person):
        transaction_id = transaction()
        asked = self.send(programme, "otp", programme.otp_document(person, transaction_id))
        if isinstance(asked, Unanswered):
            return self.lose("otp", asked.what)
        self.is_own(asked, transaction_id)
        if asked.codes:
            return self.lose("otp", asked.codes)
        code = self.outbox.wait(transaction_id, DEADLINE_SECONDS if self.strict else 1)
        if code is None:
            return self.lose("outbox", "no code")
        answer = self.send(programme, "auth", programme.auth_document(person, transaction_id, {"otp": code}))
        if isinstance(answer, Unanswered):
            return self.lose("auth", answer.what)
        self.is_own(answer, transaction_id)
        if answer.response["authStatus"] is not True or answer.codes:
            return self.lose("auth", answer.codes)
        self.accept(programme, person, transaction_id, code, answer)

    def is_own(self, answer, transaction_id):
        """Sockets outlive processes: what a dead one was asked must never be answered to another request."""
        if answer.json["transactionID"] != transaction_id:
            self.say("the answer of another request: %s" % answer.body)

    def accept(self, programme, person, transaction_id, code, answer):
        self.keys.verify(answer)
        with self.changed:
            self.used[transaction_id] = programme, person, code
            self.accepted += 1
            self.changed.notify_all()
        self.deny(programme, person, transaction_id, code)

    def deny(self, programme, person, transaction_id, code):
        again = self.send(programme, "auth", programme.auth_document(person, transaction_id, {"otp": code}))
        if isinstance(again, Unanswered):
            self.lose("again", again.what)
        elif again.response["authStatus"] is not False or again.codes[-1] not in ("IDA-OTA-012", "IDA-OTA-010"):
            self.say("a used code: %s" % again.body)
