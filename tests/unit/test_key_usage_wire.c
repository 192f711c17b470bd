#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hsm/wire.h"
#include "authd/store/key_usage_wire.h"
#include "provisioning/officer_wire_usage.h"

static uint8_t memory[KEY_USAGE_WIRE_MAX];
static struct officer_usage written, read;

static void fill(size_t programmes, size_t terminals) {
    memset(&written, 0, sizeof written);
    struct key_usage_report *report = &written.report;
    report->since_wall_ms = 1800000000000;
    report->covers_day = report->held = true;
    report->per_mille = 1;
    report->holding = 7;
    report->uncounted = 8;
    report->programmes_left_out = 9;
    report->terminals_left_out = 10;
    report->programme_count = programmes;
    report->terminal_count = terminals;
    for (size_t i = 0; i < programmes; i++) {
        struct key_usage_programme *programme = &report->programmes[i];
        memset(programme->programme, 'p', sizeof programme->programme - 1);
        programme->terminals = (uint32_t)i;
        programme->uses[KEY_USAGE_MONTH] = i + 3;
        programme->all[KEY_USAGE_DAY] = i + 4;
        programme->is_silent = i % 2 == 0;
        programme->share = 3100;
        programme->holds = i % 3 == 0;
    }
    for (size_t i = 0; i < terminals; i++) {
        struct key_usage_terminal *terminal = &report->terminals[i];
        memset(terminal->programme, 'p', sizeof terminal->programme - 1);
        memset(terminal->name, 't', sizeof terminal->name - 1);
        memset(terminal->terminal, (int)i, sizeof terminal->terminal);
        terminal->is_other = i % 2 == 0;
        terminal->uses[KEY_USAGE_HOUR] = i;
    }
}

static struct bytes write(void) {
    struct buffer target = buffer_over(memory, sizeof memory);
    struct bytes view;
    officer_wire_usage_put(&target, &written);
    assert_int_equal(buffer_end(&target, &view), ERR_OK);
    return view;
}

static void the_largest_report_fits_and_arrives_as_it_was(void **state) {
    (void)state;
    fill(KEY_USAGE_PROGRAMMES_MAX, KEY_USAGE_TERMINALS_MAX);
    assert_int_equal(officer_wire_usage_get(write(), &read), ERR_OK);
    assert_memory_equal(&read, &written, sizeof read);
}

static void a_refusal_has_no_report(void **state) {
    (void)state;
    fill(1, 1);
    written.outcome =
        (struct officer_outcome){.status = ERR_UNAVAILABLE, .reason = OFFICER_REASON_CORE};
    assert_int_equal(officer_wire_usage_get(write(), &read), ERR_OK);
    assert_int_equal(read.outcome.reason, OFFICER_REASON_CORE);
    assert_true(read.report.held && read.report.programme_count == 0);
}

static void what_is_cut_off_or_too_long_is_refused_and_says_held(void **state) {
    (void)state;
    enum err status;
    fill(2, 2);
    struct buffer target = buffer_over(memory, sizeof memory);
    key_usage_wire_put_report(&target, ERR_OK, &written.report);
    for (size_t len = 0; len < target.len; len++) {
        assert_int_not_equal(
            key_usage_wire_get_report(bytes_of(memory, len), &status, &read.report), ERR_OK);
        assert_true(status != ERR_OK && read.report.held && read.report.programme_count == 0);
    }
    assert_int_not_equal(
        key_usage_wire_get_report(bytes_of(memory, target.len + 1), &status, &read.report), ERR_OK);
    assert_int_equal(key_usage_wire_get_report(bytes_of(memory, target.len), &status, &read.report),
                     ERR_OK);
}

static void names_with_control_characters_are_refused(void **state) {
    (void)state;
    enum err status;
    fill(1, 0);
    written.report.programmes[0].programme[3] = '\033';
    struct buffer target = buffer_over(memory, sizeof memory);
    key_usage_wire_put_report(&target, ERR_OK, &written.report);
    assert_int_not_equal(
        key_usage_wire_get_report(bytes_of(memory, target.len), &status, &read.report), ERR_OK);
}

static void counts_over_the_bound_are_refused(void **state) {
    (void)state;
    enum err status;
    fill(0, 0);
    written.report.programme_count = KEY_USAGE_PROGRAMMES_MAX;
    struct buffer target = buffer_over(memory, sizeof memory);
    key_usage_wire_put_report(&target, ERR_OK, &written.report);
    memory[1 + 8 + 1 + 4 + 1 + 4 + 8 + 4 + 4]++; /* the upper byte of the count */
    assert_int_equal(key_usage_wire_get_report(bytes_of(memory, target.len), &status, &read.report),
                     ERR_TOO_LARGE);
    assert_true(read.report.held);
}

static void questions_name_a_purpose_and_a_generation(void **state) {
    (void)state;
    struct key_usage_key key = {HSM_PURPOSE_REQUEST, 513}, got;
    struct officer_usage_question question = {.purpose = "IDA/PARTNER", .generation = 2}, asked;
    struct buffer target = buffer_over(memory, sizeof memory);
    key_usage_wire_put_question(&target, &key);
    assert_int_equal(key_usage_wire_get_question(bytes_of(memory, target.len), &got), ERR_OK);
    assert_true(got.purpose == key.purpose && got.generation == key.generation);
    memory[0] = HSM_PURPOSE_COUNT;
    assert_int_not_equal(key_usage_wire_get_question(bytes_of(memory, target.len), &got), ERR_OK);
    target = buffer_over(memory, sizeof memory);
    officer_wire_usage_put_question(&target, &question);
    assert_int_equal(officer_wire_usage_get_question(bytes_of(memory, target.len), &asked), ERR_OK);
    assert_memory_equal(&asked, &question, sizeof asked);
    question.generation = 0;
    target = buffer_over(memory, sizeof memory);
    officer_wire_usage_put_question(&target, &question);
    assert_int_not_equal(officer_wire_usage_get_question(bytes_of(memory, target.len), &asked),
                         ERR_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_largest_report_fits_and_arrives_as_it_was),
        cmocka_unit_test(a_refusal_has_no_report),
        cmocka_unit_test(what_is_cut_off_or_too_long_is_refused_and_says_held),
        cmocka_unit_test(names_with_control_characters_are_refused),
        cmocka_unit_test(counts_over_the_bound_are_refused),
        cmocka_unit_test(questions_name_a_purpose_and_a_generation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
