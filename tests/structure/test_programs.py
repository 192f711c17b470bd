"""What the built programs consist of: a link line is a list of powers, so the powers are looked up in the programs
themselves. IDCS_BUILD names the build."""

import os
import re
import subprocess
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ["IDCS_BUILD"])

# Libraries by name and by how their functions' names begin, for those that could be linked statically.
LIBRARIES = {
    "lmdb": ("liblmdb", "mdb_"),
    "libp11": ("libp11.so", "PKCS11_"),
    "microhttpd": ("libmicrohttpd", "MHD_"),
    "gnutls": ("libgnutls", "gnutls_"),
    "json": ("libjansson", "json_"),
    "curl": ("libcurl", "curl_"),
}
LACKS = {
    "authd": ("lmdb", "libp11", "microhttpd", "gnutls", "json", "curl"),
    "authd-edge": ("lmdb", "libp11", "json", "curl"),
    "authd-unseal": ("lmdb", "libp11", "microhttpd", "gnutls", "curl"),
    "authd-plugin": ("lmdb", "libp11", "microhttpd", "gnutls", "json", "curl"),
    "authd-core": ("libp11", "microhttpd", "gnutls", "json", "curl"),
    "authd-notify": ("lmdb", "libp11", "microhttpd", "json"),
    "authd-outbox": ("lmdb", "libp11", "microhttpd", "gnutls", "curl"),
    "hsm-signer": ("microhttpd", "gnutls", "curl"),
    "provd": ("libp11", "microhttpd", "gnutls", "json", "curl"),
    "officer": ("lmdb", "libp11", "microhttpd", "gnutls", "curl"),
    "idcs-token": ("lmdb", "microhttpd", "gnutls", "json", "curl"),
}
HAS = {"authd-edge": ("microhttpd",), "authd-core": ("lmdb",), "hsm-signer": ("libp11",), "authd-unseal": ("json",)}
DEMO_PROGRAMS = ("authd-outbox", "idcs-demo", "idcs-programme")
DEMO_FOLDERS = ("authd/notify/outbox", "provisioning/demo", "provisioning/programme")
SHIPPED_FOLDERS = ("firmware", "hsm", "authd", "provisioning")
# Names that a library prescribes, and tables that every program has under one name.
EXPORT_EXCEPTIONS = {"main", "settings_keys", "settings_key_count", "__lsan_is_turned_off"}
# Files that define a family of types, each with functions of its own name.
FAMILIES = {
    "firmware/base/bytes.c": ("bytes_", "cursor_", "buffer_"),
    "firmware/base/boot.c": ("boot_", "box_state_"),
    "hsm/wire.c": ("hsm_",),
    "hsm/wire_certify.c": ("hsm_wire_", "hsm_certify_"),
    "hsm/wire_jose.c": ("hsm_wire_",),
    "hsm/wire_keys.c": ("hsm_wire_",),
    "hsm/wire_lookup.c": ("hsm_wire_",),
    "hsm/wire_tls.c": ("hsm_wire_", "hsm_tls_"),
    "hsm/wire_tls_install.c": ("hsm_wire_",),
    "hsm/wire_wrap.c": ("hsm_wire_",),
    "hsm/module_log.c": ("syslog", "vsyslog", "__syslog_chk", "__vsyslog_chk"),  # in the C library's place
    "provisioning/officer.c": ("officer_", "arguments_"),
    "authd/store/programme.c": ("programme_", "partner_", "policy_", "misp_", "api_key_", "auth_type_", "national_",
                                "hotlist_entry_"),
}


def run(*words):
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout


def programs():
    """{name: folder} of the programs that are not tests."""
    found = {}
    for listing in TOP.glob("**/CMakeLists.txt"):
        if listing.relative_to(TOP).parts[0] in SHIPPED_FOLDERS:
            for name, destination in re.findall(r"idcs_program\((\S+)\s+(\S+)", listing.read_text()):
                found[name] = listing.parent
    return found


def program(name):
    return str(BUILD / "bin" / name)


def needed(name):
    return re.findall(r"NEEDED.*\[(.*)\]", run("readelf", "-d", program(name)))


def symbols(path, *options):
    """Names in a program or object file; what sanitizers and coverage add is no one's."""
    lines = run("nm", "--format=posix", *options, str(path)).splitlines()
    names = (line.split()[0].split("@")[0] for line in lines if line and not line.endswith(":"))
    return {n for n in names if not n.startswith(("__asan_", "__odr_asan", "__gcov", "__tsan", "__ubsan", "__llvm", "__sanitizer"))}


def objects(*folders):
    """(source, object file) of what was built of these folders."""
    for path in sorted(BUILD.glob("**/*.c.o")):
        match = re.search(r"^(.*?)/?CMakeFiles/[^/]+\.dir/(.*\.c)\.o$", str(path.relative_to(BUILD)))
        source = "/".join(part for part in (match[1], match[2]) if part)
        if source.startswith(tuple(folder + "/" for folder in folders)) and (TOP / source).is_file():
            yield source, path


def library_of(name, found_libraries, found_symbols):
    file_name, prefix = LIBRARIES[name]
    return any(n.startswith(file_name) for n in found_libraries) or any(s.startswith(prefix) for s in found_symbols)


class Powers(unittest.TestCase):
    def test_every_program_is_judged(self):
        self.assertEqual(set(programs()) - set(LACKS) - set(DEMO_PROGRAMS), set())

    def test_programs_lack_what_they_must_not_be_able_to_do(self):
        for name, lacking in LACKS.items():
            libraries, names = needed(name), symbols(program(name))
            for library in lacking:
                with self.subTest(program=name, library=library):
                    self.assertFalse(library_of(library, libraries, names))

    def test_the_lookup_finds_what_is_there(self):
        for name, having in HAS.items():
            for library in having:
                with self.subTest(program=name, library=library):
                    self.assertTrue(library_of(library, needed(name), symbols(program(name))))

    def test_release_programs_carry_nothing_of_the_demo(self):
        demo = set()
        for source, path in objects(*DEMO_FOLDERS):
            demo |= symbols(path, "--defined-only", "--extern-only")
        demo -= EXPORT_EXCEPTIONS
        self.assertGreater(len(demo), 20)
        for name in programs():
            if name not in DEMO_PROGRAMS:
                with self.subTest(program=name):
                    self.assertEqual(symbols(program(name), "--defined-only") & demo, set())


class Exports(unittest.TestCase):
    @staticmethod
    def subjects(stem):
        """What registry_read.c may call its functions: registry_read_*, and registry_*, whose header it serves."""
        words = stem.split("_")
        return tuple("_".join(words[:count]) + end for count in range(1, len(words) + 1) for end in ("_", "s_"))

    def test_a_file_exports_only_its_own_name(self):
        seen = 0
        for source, path in objects(*SHIPPED_FOLDERS):
            stem = Path(source).stem
            seen += 1
            for name in symbols(path, "--defined-only", "--extern-only") - EXPORT_EXCEPTIONS:
                with self.subTest(source=source, name=name):
                    self.assertTrue(name == stem or
                                    name.startswith(FAMILIES.get(source, self.subjects(stem))))
        self.assertGreater(seen, 100)


class Manners(unittest.TestCase):
    def test_a_man_page_lies_beside_each_program(self):
        for name, folder in programs().items():
            with self.subTest(program=name):
                pages = [folder / ("%s.%d" % (name, section)) for section in (1, 8)]
                pages = [page for page in pages if page.is_file()]
                self.assertEqual(len(pages), 1)
                text = pages[0].read_text()
                for section in ("NAME", "SYNOPSIS", "DESCRIPTION", "EXAMPLES"):
                    self.assertIn("\n.Sh %s\n" % section, text)
                linted = subprocess.run(["mandoc", "-Tlint", "-Wwarning", str(pages[0])], stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)
                self.assertEqual(linted.stdout, "")

    def test_help_shows_an_example(self):
        for name in programs():
            with self.subTest(program=name):
                done = subprocess.run([program(name), "--help"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True, timeout=10)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertRegex(done.stdout.lower(), r"\bexamples?:")
                self.assertIn(name, done.stdout)


if __name__ == "__main__":
    unittest.main()
