#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authd/supervise/settings.h"

static struct settings settings;
static struct conf_problem problem;

static enum err parse(const char *text) {
    return settings_parse(bytes_of_text(text), &settings, &problem);
}

static void refuse(const char *text, const char *advice) {
    assert_int_equal(parse(text), ERR_CONFIG);
    if (strstr(problem.text, advice) == NULL)
        fail_msg("%s: not in: %s", advice, problem.text);
}

static bool section_is(enum family_kind kind, const char *text) {
    return bytes_equal_text(bytes_of(settings.sections[kind].text, settings.sections[kind].len),
                            text);
}

static void everything_has_a_default(void **state) {
    (void)state;
    assert_int_equal(parse(""), ERR_OK);
    assert_string_equal(settings.listen, "127.0.0.1:8443");
    assert_string_equal(settings.listen_jose, "");
    assert_in_range(settings.lanes, 1, FAMILY_LANES_MAX);
    assert_int_equal(settings.signers, settings.lanes);
    assert_string_equal(settings.users[FAMILY_HSM], "idcs-hsm");
    assert_string_equal(settings.notify_program, "authd-outbox");
    for (unsigned kind = 0; kind < FAMILY_KINDS; kind++) {
        assert_true(section_is((enum family_kind)kind, ""));
        assert_string_equal(settings.users[kind], family_facts[kind].user);
    }
}

static void each_process_gets_its_own_section_alone(void **state) {
    (void)state;
    assert_int_equal(parse("[core]\na = 1\n[authd]\nlanes = 3\n[edge]\nb = 2\nc = 3\n"), ERR_OK);
    assert_int_equal(settings.lanes, 3);
    assert_int_equal(settings.signers, 3);
    assert_true(section_is(FAMILY_CORE, "a = 1\n"));
    assert_true(section_is(FAMILY_EDGE, "b = 2\nc = 3\n"));
    assert_true(section_is(FAMILY_HSM, ""));
}

static void provd_is_told_that_the_key_of_tls_is_in_a_file(void **state) {
    (void)state;
    assert_int_equal(parse("[edge]\ntls-key = /k\n"), ERR_OK);
    assert_true(section_is(FAMILY_PROVD, "\ntls-key-in = file\n"));
    assert_int_equal(parse("[provd]\na = 1\n[edge]\ntls-key = /k\n"), ERR_OK);
    assert_true(section_is(FAMILY_PROVD, "a = 1\n\ntls-key-in = file\n"));
    assert_int_equal(parse("[provd]\na = 1\n[edge]\ntls-key =\n"), ERR_OK);
    assert_true(section_is(FAMILY_PROVD, "a = 1\n"));
}

/* A signer may work with the keys it had for as long as it may be silent, and a second. */
static void a_new_key_waits_longer_than_a_signer_may_hang(void **state) {
    (void)state;
    assert_int_equal(parse("[hsm]\nkey-propagation = 3\n"), ERR_OK);
    assert_int_equal(parse("[authd]\nhang-ms = 59000\n"), ERR_OK);
    refuse("[authd]\nhang-ms = 59001\n", "key-propagation in [hsm]: give at least 61");
    refuse("[authd]\nhang-ms = 2001\n[hsm]\nkey-propagation = 3\n", "at least 4, as hang-ms");
    assert_int_equal(parse("[authd]\nhang-ms = 600000\n[hsm]\nkey-propagation = 601\n"), ERR_OK);
    refuse("[hsm]\nkey-propagation = 2\n", "key-propagation");
}

static void the_pin_files_name_is_seen_and_left(void **state) {
    (void)state;
    assert_int_equal(parse("[hsm]\nmodule = /m.so\npin-file = /etc/pin\npin-files = x\n"), ERR_OK);
    assert_string_equal(settings.pin_file, "/etc/pin");
    assert_true(section_is(FAMILY_HSM, "module = /m.so\npin-file = /etc/pin\npin-files = x\n"));
}

static void a_doubtful_pin_file_is_refused(void **state) {
    (void)state;
    refuse("[hsm]\npin-file = a\npin-file = b\n", "twice");
    assert_int_equal(parse("[hsm]\nmodule = /m.so\npin-file=/etc/pin"), ERR_OK);
    assert_string_equal(settings.pin_file, "/etc/pin");
}

static void the_pin_in_another_section_is_not_authds(void **state) {
    (void)state;
    assert_int_equal(parse("[core]\npin-file = /etc/pin\n"), ERR_OK);
    assert_string_equal(settings.pin_file, "");
}

static void a_plugin_is_there_if_its_library_is_named(void **state) {
    (void)state;
    assert_int_equal(parse("[plugin]\nmemory-mib = 64\n"), ERR_OK);
    assert_false(settings_has(&settings, FAMILY_PLUGIN));
    assert_true(settings_has(&settings, FAMILY_UNSEAL));
    assert_int_equal(settings.plugin_deadline_ms, 2000);
    assert_int_equal(parse("[plugin]\nlibrary = /m.so\ndeadline-ms = 700\n"), ERR_OK);
    assert_true(settings_has(&settings, FAMILY_PLUGIN));
    assert_int_equal(settings.plugin_deadline_ms, 700);
    assert_true(section_is(FAMILY_PLUGIN, "library = /m.so\ndeadline-ms = 700\n"));
    refuse("[plugin]\nlibrary = /m.so\nlibrary = /n.so\n", "twice");
    refuse("[plugin]\nlibrary = /m.so\ndeadline-ms = 10\n", "deadline-ms");
}

static void nonsense_is_refused_with_advice(void **state) {
    (void)state;
    refuse("[authd]\nlanes = 17\n", "lanes");
    refuse("[authd]\nlanes = -1\n", "lanes");
    refuse("[authd]\nsigners = many\n", "signers");
    refuse("[authd]\ncolour = red\n", "colour");
    refuse("[police]\n", "police");
    refuse("lanes = 2\n", "section");
    refuse("[authd]\nnotify-program = ../outbox\n", "without a folder");
    refuse("[authd]\nnotify-program = \n", "without a folder");
    refuse("[authd]\nnotify-program = a-name-that-is-far-too-long\n", "without a folder");
    refuse("[authd]\nstate-directory = var\n", "whole path");
    refuse("[authd]\nrun-directory =\n", "whole path");
}

static void a_section_that_does_not_fit_is_refused(void **state) {
    (void)state;
    char text[BOOT_SETTINGS_MAX * 2] = "[core]\n";
    size_t len = strlen(text);
    while (len < BOOT_SETTINGS_MAX + 100)
        len += (size_t)snprintf(text + len, sizeof text - len, "# a comment of some length\n");
    refuse(text, "too long");
}

static void a_missing_file_is_named(void **state) {
    (void)state;
    assert_int_equal(settings_load("/nonexistent/authd.conf", &settings, &problem), ERR_CONFIG);
    assert_non_null(strstr(problem.text, "/nonexistent/authd.conf"));
}

static void a_file_is_read(void **state) {
    (void)state;
    char path[] = "/tmp/idcs-conf-XXXXXX";
    FILE *file = fdopen(mkstemp(path), "w");
    assert_non_null(file);
    fputs("[authd]\nlisten = [::1]:1\nlisten-jose = [::1]:2\n", file);
    fclose(file);
    assert_int_equal(settings_load(path, &settings, &problem), ERR_OK);
    assert_string_equal(settings.listen, "[::1]:1");
    assert_string_equal(settings.listen_jose, "[::1]:2");
    remove(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_has_a_default),
        cmocka_unit_test(each_process_gets_its_own_section_alone),
        cmocka_unit_test(provd_is_told_that_the_key_of_tls_is_in_a_file),
        cmocka_unit_test(a_new_key_waits_longer_than_a_signer_may_hang),
        cmocka_unit_test(the_pin_files_name_is_seen_and_left),
        cmocka_unit_test(a_doubtful_pin_file_is_refused),
        cmocka_unit_test(the_pin_in_another_section_is_not_authds),
        cmocka_unit_test(a_plugin_is_there_if_its_library_is_named),
        cmocka_unit_test(nonsense_is_refused_with_advice),
        cmocka_unit_test(a_section_that_does_not_fit_is_refused),
        cmocka_unit_test(a_missing_file_is_named),
        cmocka_unit_test(a_file_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
