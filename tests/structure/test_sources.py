"""How the sources are cut: who includes whom, how large files and functions are, which words do not belong."""

import re
import subprocess
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
BOOT_ORDER = ("firmware", "hsm", "authd", "provisioning", "tests")
FILE_LINES, TEST_FILE_LINES, FUNCTION_LINES, PARAMETERS = 400, 700, 60, 5
# A callback has the parameters its library gives it; the others each name six things that have no name together.
MORE_PARAMETERS = {
    "authd/edge/http.c": ("on_request", "add_header"),
    "authd/edge/arrivals.c": ("arrivals_show_chain",),
    "authd/edge/chain.c": ("on_hash",),
    "tests/bench/echo_server.c": ("on_request",),
    "tests/fault/pkcs11_shim.c": ("generate", "derive"),
    "authd/store/ledger.c": ("ledger_read",),
    "authd/store/ledger_claim.c": ("ledger_claim",),
    "authd/store/record.c": ("record_seal", "record_open"),
    "authd/store/registry_read.c": ("registry_anchors",),
    "firmware/base/merkle.c": ("merkle_verify",),
}

# Folders whose sources may include no header of these libraries; and headers that only these places may include.
FORBIDDEN_HEADERS = {
    "authd/core/": ("jansson.h", "jsmn.h", "libp11.h", "p11-kit/", "microhttpd.h", "gnutls/", "curl/"),
    "authd/edge/": ("jansson.h", "jsmn.h", "libp11.h", "p11-kit/", "lmdb.h", "curl/"),
    "authd/unseal/": ("libp11.h", "p11-kit/", "lmdb.h", "microhttpd.h", "gnutls/", "curl/", "sys/socket.h"),
    "authd/plugin/": ("jansson.h", "jsmn.h", "libp11.h", "p11-kit/", "lmdb.h", "microhttpd.h", "gnutls/", "curl/", "openssl/",
                      "sys/socket.h"),
    "authd/match/": ("stdio.h", "stdlib.h", "unistd.h", "fcntl.h", "time.h", "sys/", "pthread.h"),
    "authd/supervise/": ("jansson.h", "jsmn.h", "libp11.h", "p11-kit/", "lmdb.h", "microhttpd.h", "gnutls/", "openssl/"),
}
ONLY_HERE = {
    "libp11.h": ("hsm/token.c",),
    "microhttpd.h": ("authd/edge/",),
    "gnutls/": ("authd/edge/",),
    "lmdb.h": ("firmware/base/kv.c",),
    "seccomp.h": ("firmware/base/confine_syscalls.c",),
    "p11-kit/": ("hsm/",),
    "dlfcn.h": ("authd/plugin/library.c", "hsm/"),
}
# Not in any text of the product. Split, so that this list is not itself a finding.
WORDS = ("TO" + "DO", "FIX" + "ME", "X" * 3, "HA" + "CK", "st" + "ub", "st" + "ubs")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def tracked(*patterns):
    names = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns],
                           cwd=TOP, check=True, stdout=subprocess.PIPE).stdout.decode().split("\0")
    return sorted(name for name in names if name and (TOP / name).is_file())


def sources():
    return tracked("*.c", "*.h")


def text_of(name):
    return (TOP / name).read_text()


def functions(text):
    """(name, first line, lines, parameters) of each definition. The sources are in one format: a definition starts
    in the first column, its body ends with a lone brace there."""
    lines = text.split("\n")
    start, table = None, 0
    for number, line in enumerate(lines):
        if start is None and re.match(r"[A-Za-z_]", line) and "(" in line and not line.startswith("#define"):
            head, at = line, number
            while not head.rstrip().endswith(("{", ";")) and at + 1 < len(lines) and lines[at + 1].startswith((" ", "\t")):
                at += 1
                head += " " + lines[at].strip()
            match = re.match(r"[^=;]*?(\w+)\((.*)\)\s*{$", head.rstrip())
            if match:
                start, table, name, arguments = number, 0, match[1], match[2]
                in_table = False
        elif start is not None and line == "}":
            yield name, start + 1, number - start + 1 - table, count_parameters(arguments)
            start = None
        elif start is not None:
            in_table = in_table or bool(re.match(r"    .*\] = \{$", line))
            table += in_table
            in_table = in_table and line != "    };"


def count_parameters(text):
    depth, count = 0, 0 if text.strip() in ("", "void") else 1
    for character in text:
        depth += character in "([" and 1 or (character in ")]" and -1 or 0)
        count += character == "," and depth == 0
    return count


class Includes(unittest.TestCase):
    def test_folders_include_only_what_boots_before_them(self):
        for name in sources():
            folder = name.split("/")[0]
            for kind, header in INCLUDE.findall(text_of(name)):
                if kind == "<":
                    continue
                with self.subTest(file=name, header=header):
                    self.assertTrue((TOP / header).is_file(), "write the path from the root of the repository")
                    self.assertLessEqual(BOOT_ORDER.index(header.split("/")[0]), BOOT_ORDER.index(folder))

    def test_libraries_stay_where_they_belong(self):
        for name in sources():
            if name.startswith("tests/"):
                continue
            for _, header in INCLUDE.findall(text_of(name)):
                with self.subTest(file=name, header=header):
                    for folder, headers in FORBIDDEN_HEADERS.items():
                        self.assertFalse(name.startswith(folder) and header.startswith(headers))
                    for start, places in ONLY_HERE.items():
                        self.assertTrue(not header.startswith(start) or name.startswith(places))

    def test_headers_are_read_once(self):
        for name in tracked("*.h"):
            with self.subTest(file=name):
                self.assertTrue(text_of(name).startswith("#pragma once\n"))


class Sizes(unittest.TestCase):
    def test_the_counter_counts(self):
        text = ("static int one(void) {\n    return 1;\n}\n\n"
                "enum err two(const struct a *a, void (*done)(int, int),\n             uint8_t key[static 32]) {\n}\n"
                "void three(void) {\n    static const int t[] = {\n        1,\n    };\n}\n"
                "int declared(int, int);\n#define MACRO(a) {\nstatic const struct t table[] = {\n    {f(1)},\n};\n")
        self.assertEqual(list(functions(text)), [("one", 1, 3, 0), ("two", 5, 3, 3), ("three", 8, 2, 0)])

    def test_a_file_has_one_subject(self):
        for name in sources():
            with self.subTest(file=name):
                limit = TEST_FILE_LINES if name.startswith("tests/") else FILE_LINES
                self.assertLessEqual(len(text_of(name).splitlines()), limit)

    def test_a_function_has_one_thought(self):
        found = 0
        for name in sources():
            for function, line, lines, parameters in functions(text_of(name)):
                found += 1
                with self.subTest(at="%s:%d" % (name, line), function=function):
                    self.assertLessEqual(lines, FUNCTION_LINES)
                    if function not in MORE_PARAMETERS.get(name, ()):
                        self.assertLessEqual(parameters, PARAMETERS)
        self.assertGreater(found, 500)


class Words(unittest.TestCase):
    def test_nothing_is_left_for_later(self):
        pattern = re.compile(r"\b(%s)\b" % "|".join(WORDS))
        for name in tracked():
            data = (TOP / name).read_bytes()
            if b"\0" in data or name.startswith("tests/fuzz/corpus/"):
                continue
            for number, line in enumerate(data.decode(errors="replace").splitlines(), 1):
                with self.subTest(at="%s:%d" % (name, number)):
                    self.assertIsNone(pattern.search(line), line.strip())


if __name__ == "__main__":
    unittest.main()
