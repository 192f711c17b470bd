#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "authd/notify/gateway/report.h"

static enum err parse(const char *line, struct report *report) {
    return report_parse(bytes_of_text(line), report);
}

static void a_report_is_an_id_and_a_kind(void **state) {
    (void)state;
    static const struct {
        const char *line;
        enum report_kind kind;
    } cases[] = {{"GET /report/0123456789abcdef/1 HTTP/1.1", REPORT_DELIVERED},
                 {"GET /report/0123456789ABCDEF/2 HTTP/1.0", REPORT_FAILED},
                 {"GET /report/0123456789abcdef/16 HTTP/1.1", REPORT_REJECTED}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct report report;
        assert_int_equal(parse(cases[i].line, &report), ERR_OK);
        assert_int_equal(report.id, 0x0123456789abcdef);
        assert_int_equal(report.kind, cases[i].kind);
    }
}

static void anything_else_is_refused(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "",
        "GET",
        "GET /report/0123456789abcdef/1 HTTP/1.1 ",
        "GET /report/0123456789abcdef/1 HTTP/1.2",
        "GET /report/0123456789abcdef/1 HTTP/2.0",
        "GET /report/0123456789abcdef/ HTTP/1.1",
        "GET /report/0123456789abcdef/0 HTTP/1.1",
        "GET /report/0123456789abcdef/3 HTTP/1.1",
        "GET /report/0123456789abcdef/161 HTTP/1.1",
        "GET /report/0123456789abcdef/-1 HTTP/1.1",
        "GET /report/0123456789abcde/1 HTTP/1.1",
        "GET /report/0123456789abcdeg/1 HTTP/1.1",
        "GET /report/0123456789abcdef/1?a=b HTTP/1.1",
        "POST /report/0123456789abcdef/1 HTTP/1.1",
        "get /report/0123456789abcdef/1 HTTP/1.1",
        " GET /report/0123456789abcdef/1 HTTP/1.1",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct report report;
        assert_int_not_equal(parse(wrong[i], &report), ERR_OK);
        assert_int_equal(report.id, 0);
    }
}

static void every_cut_and_every_changed_byte_is_judged(void **state) {
    (void)state;
    static const char whole[] = "GET /report/0123456789abcdef/1 HTTP/1.1";
    char line[sizeof whole];
    struct report report;
    for (size_t len = 0; len < sizeof whole - 1; len++)
        assert_int_not_equal(report_parse(bytes_of(whole, len), &report), ERR_OK);
    for (size_t at = 0; at < sizeof whole - 1; at++)
        for (unsigned value = 0; value < 256; value++) {
            memcpy(line, whole, sizeof line);
            line[at] = (char)value;
            enum err err = report_parse(bytes_of(line, sizeof line - 1), &report);
            assert_true(err == ERR_OK || err == ERR_MALFORMED || err == ERR_TRUNCATED);
        }
    static char long_line[REPORT_LINE_MAX + 1];
    assert_int_equal(report_parse(bytes_of(long_line, sizeof long_line), &report), ERR_TOO_LARGE);
}

static void what_a_path_says_is_read_back(void **state) {
    (void)state;
    char path[REPORT_PATH_SIZE], line[REPORT_LINE_MAX];
    struct report report;
    report_path(0xfedcba9876543210, path);
    assert_string_equal(path, "/report/fedcba9876543210/%d");
    path[strlen(path) - 2] = '\0';
    (void)snprintf(line, sizeof line, "GET %s2 HTTP/1.1", path);
    assert_int_equal(parse(line, &report), ERR_OK);
    assert_int_equal(report.id, 0xfedcba9876543210);
}

static void a_report_is_taken_once(void **state) {
    (void)state;
    struct report_table *table;
    struct report_subject subject;
    assert_int_equal(report_table_open(&table, 8), ERR_OK);
    uint64_t id = report_table_add(table, 2, 1234);
    assert_int_equal(report_table_take(table, id + 8, &subject), ERR_NOT_FOUND);
    assert_int_equal(report_table_take(table, id, &subject), ERR_OK);
    assert_int_equal(subject.gateway, 2);
    assert_int_equal(subject.sent_ms, 1234);
    assert_int_equal(report_table_take(table, id, &subject), ERR_NOT_FOUND);
    assert_int_equal(report_table_take(table, 0, &subject), ERR_NOT_FOUND);
    report_table_close(table);
}

static void newer_messages_take_the_place_of_the_oldest(void **state) {
    (void)state;
    struct report_table *table;
    struct report_subject subject;
    uint64_t ids[20];
    assert_int_equal(report_table_open(&table, 8), ERR_OK);
    for (size_t i = 0; i < 20; i++)
        ids[i] = report_table_add(table, 1, (int64_t)i);
    for (size_t i = 0; i < 20; i++) {
        assert_int_equal(report_table_take(table, ids[i], &subject),
                         i < 12 ? ERR_NOT_FOUND : ERR_OK);
        if (i >= 12)
            assert_int_equal(subject.sent_ms, i);
    }
    report_table_close(table);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_is_an_id_and_a_kind),
        cmocka_unit_test(anything_else_is_refused),
        cmocka_unit_test(every_cut_and_every_changed_byte_is_judged),
        cmocka_unit_test(what_a_path_says_is_read_back),
        cmocka_unit_test(a_report_is_taken_once),
        cmocka_unit_test(newer_messages_take_the_place_of_the_oldest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
