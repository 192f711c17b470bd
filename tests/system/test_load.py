"""The load generator against a whole box: every answer right, its figures whole and in keeping with each other; and a
run with wrong answers is not called good."""

import json
import os
import subprocess
import unittest

from box import BUILD, Box

RAISED = {"core__otp_requests": 1000000, "core__otp_person_requests": 1000000}
PROCESSES = {"authd", "authd-edge", "authd-core", "authd-unseal", "hsm-signer", "authd-outbox"}


def load(box, *words):
    figures = box.folder / "load.json"
    figures.unlink(missing_ok=True)
    done = subprocess.run([str(BUILD / "bin/idcs-load"), "--kit", str(box.kit_folder / "kit.json"), *words,
                           "--json", str(figures)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=200)
    return done, json.loads(figures.read_text()) if figures.exists() else None


class AmpleLimits(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.box = Box(people=60, **RAISED)

    @classmethod
    def tearDownClass(cls):
        cls.box.close()

    def run_well(self, *words):
        done, figures = load(self.box, *words)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIs(figures["good"], True)
        self.assertEqual(figures["wrong"], {})
        self.assertGreater(figures["served"], 0)
        self.assertGreater(figures["signatures_verified"], 0)
        return done, figures

    def test_a_closed_loop_gives_all_figures(self):
        done, figures = self.run_well("--mix", "otp", "--seconds", "3", "--concurrency", "8")
        self.assertGreater(figures["throughput"], 0)
        self.assertTrue(0 < figures["p50_us"] <= figures["p99_us"] <= figures["p999_us"])
        self.assertEqual(set(figures["calls"]), {"otp-request", "auth-otp"})
        self.assertGreaterEqual(figures["answers"], 2 * figures["served"])
        self.assertLessEqual(figures["in_flight"], 8)
        cpu = dict(figures["cpu_us"])
        everything = cpu.pop("all")
        self.assertEqual(PROCESSES - set(cpu), set())
        self.assertAlmostEqual(sum(cpu.values()), everything, delta=everything / 1000)
        self.assertGreater(cpu["hsm-signer"], cpu["authd"])
        self.assertGreater(figures["floor_us"], 0)
        self.assertAlmostEqual(figures["floor_ratio"], everything / figures["floor_us"], delta=0.001)
        self.assertLess(figures["floor_ratio_without_outbox"], figures["floor_ratio"])
        parts = figures["floor_parts_us"]
        for name in ("token_decrypt", "token_sign", "unpad", "durable_write"):
            self.assertGreater(parts[name], 0, name)
        for name in ("verify", "open", "microhttpd", "all"):
            self.assertGreater(parts["auth-otp"][name], 0, name)
        self.assertGreater(parts["auth-otp"]["all"], parts["otp-request"]["all"])
        self.assertIn("floor", done.stdout)

    def test_both_profiles_are_spoken_in_every_mix(self):
        for profile in ("mosip", "jose"):
            _, figures = self.run_well("--profile", profile, "--mix", "otp=2,demo=1,ekyc=1,finger=2", "--seconds", "3",
                                       "--concurrency", "8")
            self.assertEqual(figures["profile"], profile)
            self.assertEqual(set(figures["calls"]), {"otp-request", "auth-otp", "auth-demo", "kyc-otp", "auth-finger"})
            for name in ("token_decrypt", "token_sign", "unpad", "durable_write"):
                self.assertGreater(figures["floor_parts_us"][name], 0, name)
            for name in ("token_decrypt", "unpad", "capture", "match"):
                self.assertGreater(figures["floor_parts_us"]["finger"][name], 0, name)

    def test_an_open_loop_keeps_to_its_rate(self):
        _, figures = self.run_well("--mix", "otp", "--seconds", "4", "--rate", "12")
        self.assertTrue(6 < figures["throughput"] < 18, figures["throughput"])  # four sigma of 48 arrivals

    def test_codes_alone_are_a_mix(self):
        _, figures = self.run_well("--mix", "otp-request", "--seconds", "1", "--concurrency", "4")
        self.assertEqual(set(figures["calls"]), {"otp-request"})

    @unittest.skipIf(os.cpu_count() < 2, "wants two processors")
    def test_server_and_generator_can_be_kept_apart_for_a_run(self):
        before = {pid: os.sched_getaffinity(pid) for pids in self.box.processes().values() for pid in pids}
        cores = sorted(os.sched_getaffinity(0))
        self.run_well("--seconds", "1", "--concurrency", "4", "--cores", "%d:%d" % (cores[0], cores[1]),
                      "--pid", str(self.box.state / "run/authd.pid"))
        after = {pid: os.sched_getaffinity(pid) for pids in self.box.processes().values() for pid in pids}
        self.assertEqual({pid: cores for pid, cores in before.items() if pid in after},
                         {pid: cores for pid, cores in after.items() if pid in before})


class UsualLimits(unittest.TestCase):
    def test_a_run_with_refusals_is_not_good_and_says_what_to_do(self):
        box = Box(people=40)
        try:
            done, figures = load(box, "--seconds", "60", "--concurrency", "4")
        finally:
            box.close()
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("NOT A GOOD RUN", done.stdout)
        self.assertIn("--set core.otp-requests=", done.stdout)
        self.assertIs(figures["good"], False)
        self.assertGreater(figures["wrong"]["IDA-OTA-001"], 0)


class CommandLine(unittest.TestCase):
    def run_words(self, *words):
        return subprocess.run([str(BUILD / "bin/idcs-load"), *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, timeout=60)

    def test_wrong_words_are_refused_with_usage(self):
        for words in ((), ("--kit", "k", "--mix", "bio"), ("--kit", "k", "--rate", "5", "--concurrency", "5"),
                      ("--kit", "k", "--cores", "0:0"), ("--kit", "k", "--seconds", "0"), ("--kit", "k", "more"),
                      ("--kit", "k", "--profile", "oidc"), ("--kit", "k", "--concurrency", "0")):
            done = self.run_words(*words)
            self.assertEqual(done.returncode, 2, words)
            self.assertIn("usage: idcs-load", done.stderr)

    def test_help_has_an_example(self):
        done = self.run_words("--help")
        self.assertEqual(done.returncode, 0)
        self.assertIn("example: idcs-load", done.stdout)

    def test_a_kit_that_is_not_there_is_named(self):
        done = self.run_words("--kit", "/nonexistent/kit.json")
        self.assertEqual(done.returncode, 1)
        self.assertIn("/nonexistent/kit.json", done.stderr)


if __name__ == "__main__":
    unittest.main()
