#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/conf.h"

struct settings {
    char name[8];
    int64_t port;
    bool open;
    char folder[32];
};

static const struct conf_key keys[] = {
    {"name", CONF_TEXT, offsetof(struct settings, name), 8, 0, 0, NULL, "what it is called"},
    {"port", CONF_NUMBER, offsetof(struct settings, port), 0, 1, 65535, "8443", "where it listens"},
    {"open", CONF_SWITCH, offsetof(struct settings, open), 0, 0, 0, "no", "whether it is open"},
    {"folder", CONF_TEXT, offsetof(struct settings, folder), 32, 0, 0, "/var/lib",
     "where it keeps"},
};
#define KEY_COUNT (sizeof keys / sizeof keys[0])

static enum err parse(const char *text, struct settings *settings, struct conf_problem *problem) {
    memset(settings, 0, sizeof *settings);
    return conf_parse(bytes_of_text(text), keys, KEY_COUNT, settings, problem);
}

static void assert_problem(const char *text, const char *advice) {
    struct settings settings;
    struct conf_problem problem = {""};
    if (parse(text, &settings, &problem) != ERR_CONFIG)
        fail_msg("accepted: %s", text);
    if (strstr(problem.text, advice) == NULL)
        fail_msg("'%s' does not say '%s'", problem.text, advice);
}

static void given_values_replace_the_initial_ones(void **state) {
    (void)state;
    struct settings settings;
    struct conf_problem problem;
    assert_int_equal(
        parse("# a comment\n\nname = idcs\n  ; another\nopen=yes\nport : 443 ; the usual\r\n",
              &settings, &problem),
        ERR_OK);
    assert_string_equal(settings.name, "idcs");
    assert_int_equal(settings.port, 443);
    assert_true(settings.open);
    assert_string_equal(settings.folder, "/var/lib");
    assert_string_equal(problem.text, "");
}

static void an_empty_text_gives_the_initial_values(void **state) {
    (void)state;
    struct settings settings = {0};
    struct conf_problem problem;
    assert_int_equal(conf_parse(bytes_of(NULL, 0), keys + 1, KEY_COUNT - 1, &settings, &problem),
                     ERR_OK);
    assert_int_equal(settings.port, 8443);
    assert_false(settings.open);
}

static void a_missing_setting_is_named(void **state) {
    (void)state;
    assert_problem("", "add the line 'name = …' (what it is called)");
}

static void an_unknown_name_is_refused(void **state) {
    (void)state;
    assert_problem("name = a\ncolour = red\n", "colour is not a setting here");
    assert_problem("name = a\nName = b\n", "Name is not a setting here");
    assert_problem("name = a\n= b\n", "not a setting here");
}

static void a_double_name_is_refused(void **state) {
    (void)state;
    assert_problem("name = a\nport = 1\nport = 1\n", "port is set twice");
}

static void the_first_problem_is_the_one_that_is_told(void **state) {
    (void)state;
    assert_problem("colour = red\nport = none\n", "colour");
}

static void a_number_is_in_its_range_and_whole(void **state) {
    (void)state;
    const char *const refused[] = {"0",  "65536", "-1", "1.5",
                                   "1k", "0x10",  "",   "9999999999999999999"};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        char text[64];
        (void)snprintf(text, sizeof text, "name = a\nport = %s\n", refused[i]);
        assert_problem(text, "give a whole number from 1 to 65535");
    }
    struct settings settings;
    struct conf_problem problem;
    assert_int_equal(parse("name = a\nport = 65535\n", &settings, &problem), ERR_OK);
}

static void a_switch_is_yes_or_no(void **state) {
    (void)state;
    assert_problem("name = a\nopen = true\n", "write yes or no");
    assert_problem("name = a\nopen = YES\n", "write yes or no");
    assert_problem("name = a\nopen =\n", "write yes or no");
}

static void a_text_fits_its_array(void **state) {
    (void)state;
    struct settings settings;
    struct conf_problem problem;
    assert_int_equal(parse("name = 1234567\n", &settings, &problem), ERR_OK);
    assert_problem("name = 12345678\n", "shorten the value to 7 characters");
}

static void a_line_that_is_no_setting_is_refused_by_its_number(void **state) {
    (void)state;
    assert_problem("name = a\n\nport\n", "line 3: write it as 'name = value'");
}

/* inih would take these lines as something else than they look. */
static void misleading_lines_are_refused(void **state) {
    (void)state;
    assert_problem("name = a\n  port = 1\n", "line 2: remove the blanks");
    assert_problem("[edge]\nname = a\n", "remove the section header");
    char text[512];
    (void)snprintf(text, sizeof text, "name = a\nfolder = %0200d\n", 0);
    assert_problem(text, "line 2: shorten it");
    struct settings settings;
    struct conf_problem problem;
    assert_int_equal(
        conf_parse(bytes_of("name = a\0b\n", 11), keys, KEY_COUNT, &settings, &problem),
        ERR_CONFIG);
    assert_non_null(strstr(problem.text, "zero byte"));
}

static void a_problem_holds_no_control_characters(void **state) {
    (void)state;
    struct settings settings;
    struct conf_problem problem;
    assert_int_equal(parse("name = a\n\033[31mx = 1\n", &settings, &problem), ERR_CONFIG);
    assert_null(strchr(problem.text, '\033'));
    assert_int_equal(problem.text[0], '?');
}

static const char *const known[] = {"authd", "edge", "core", NULL};

static enum err cut(const char *file, const char *section, char text[static 256],
                    struct conf_problem *problem) {
    struct buffer buffer = buffer_over(text, 255);
    enum err err = conf_section(bytes_of_text(file), known, section, &buffer, problem);
    text[buffer.len] = '\0';
    return err;
}

static void a_section_is_cut_out_of_the_file(void **state) {
    (void)state;
    const char *file = "# head\n[edge]\nport = 1\n\n[core] \r\n# within\nname = a\nopen = yes";
    char text[256];
    struct conf_problem problem;
    assert_int_equal(cut(file, "edge", text, &problem), ERR_OK);
    assert_string_equal(text, "port = 1\n\n");
    assert_int_equal(cut(file, "core", text, &problem), ERR_OK);
    assert_string_equal(text, "# within\nname = a\nopen = yes\n");
    assert_int_equal(cut(file, "authd", text, &problem), ERR_OK);
    assert_string_equal(text, "");

    struct settings settings;
    assert_int_equal(cut(file, "core", text, &problem), ERR_OK);
    assert_int_equal(parse(text, &settings, &problem), ERR_OK);
    assert_string_equal(settings.name, "a");
}

static void a_file_that_is_not_in_order_is_refused_for_every_section(void **state) {
    (void)state;
    static const struct {
        const char *file, *advice;
    } cases[] = {
        {"[edge]\n[colour]\n", "[colour] is not a known section"},
        {"[edge]\na = 1\n[core]\n[edge]\n", "[edge] appears twice"},
        {"name = a\n[edge]\n", "line 1: put it below a section header"},
        {"[edge\nname = a\n", "line 1: write the section header as [name]"},
        {"[]\n", "line 1: write the section header as [name]"},
        {"[edge]\n [core]\n", "line 2: remove the blanks"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[256];
        struct conf_problem problem;
        assert_int_equal(cut(cases[i].file, "authd", text, &problem), ERR_CONFIG);
        if (strstr(problem.text, cases[i].advice) == NULL)
            fail_msg("'%s' does not say '%s'", problem.text, cases[i].advice);
    }
}

static void a_section_too_long_is_refused(void **state) {
    (void)state;
    char memory[8];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct conf_problem problem;
    assert_int_equal(
        conf_section(bytes_of_text("[edge]\nname = a\n"), known, "edge", &buffer, &problem),
        ERR_CONFIG);
    assert_non_null(strstr(problem.text, "[edge] is too long"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(given_values_replace_the_initial_ones),
        cmocka_unit_test(an_empty_text_gives_the_initial_values),
        cmocka_unit_test(a_missing_setting_is_named),
        cmocka_unit_test(an_unknown_name_is_refused),
        cmocka_unit_test(a_double_name_is_refused),
        cmocka_unit_test(the_first_problem_is_the_one_that_is_told),
        cmocka_unit_test(a_number_is_in_its_range_and_whole),
        cmocka_unit_test(a_switch_is_yes_or_no),
        cmocka_unit_test(a_text_fits_its_array),
        cmocka_unit_test(a_line_that_is_no_setting_is_refused_by_its_number),
        cmocka_unit_test(misleading_lines_are_refused),
        cmocka_unit_test(a_problem_holds_no_control_characters),
        cmocka_unit_test(a_section_is_cut_out_of_the_file),
        cmocka_unit_test(a_file_that_is_not_in_order_is_refused_for_every_section),
        cmocka_unit_test(a_section_too_long_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
