#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authd/core/biometric_exchange.h"
#include "authd/core/key_use.h"
#include "authd/store/key_usage_wire.h"
#include "tests/unit/core_fixture.h"

static struct core_box box;
static struct key_usage_report report;

static int make_box(void **state) {
    (void)state;
    core_fixture_make(&box, "retire-use-per-mille = 20\n");
    assert_int_equal(key_use_open(&box.core), ERR_OK);
    return 0;
}

static int remove_box(void **state) {
    (void)state;
    key_use_close(&box.core);
    core_fixture_remove(&box);
    return 0;
}

/* Asked as provd does. */
static void ask(enum hsm_purpose purpose, uint16_t generation) {
    static uint8_t memory[KEY_USAGE_WIRE_MAX];
    const struct key_usage_key key = {(uint8_t)purpose, generation};
    uint8_t question[8];
    struct buffer asked = buffer_over(question, sizeof question);
    struct buffer answer = buffer_over(memory, sizeof memory);
    enum err status;
    key_usage_wire_put_question(&asked, &key);
    assert_int_equal(key_use_answer(&box.core, bytes_of(question, asked.len), &answer), ERR_OK);
    assert_int_equal(key_usage_wire_get_report(bytes_of(memory, answer.len), &status, &report),
                     ERR_OK);
    assert_int_equal(status, ERR_OK);
}

static uint64_t uses(enum hsm_purpose purpose, uint16_t generation) {
    ask(purpose, generation);
    return report.programme_count > 0 ? report.programmes[0].uses[KEY_USAGE_HOUR] : 0;
}

static struct request *opened(enum hsm_purpose purpose, uint16_t generation) {
    struct request *request = core_fixture_about("cnss", 1, "t");
    request->standing = STANDING_PROGRAMME;
    request->has_partner = true;
    request->opened_purpose = purpose;
    request->opened_generation = generation;
    return request;
}

static void count(enum hsm_purpose purpose, uint16_t generation, const char *device) {
    struct request *request = opened(purpose, generation);
    (void)snprintf(request->jose.device, sizeof request->jose.device, "%s", device);
    key_use_count(&box.core, request);
    core_fixture_free(request);
}

static void a_request_counts_for_the_key_that_opened_it(void **state) {
    (void)state;
    count(HSM_PURPOSE_PARTNER, 2, "");
    count(HSM_PURPOSE_PARTNER, 2, "");
    count(HSM_PURPOSE_PARTNER, 3, "");
    assert_int_equal(uses(HSM_PURPOSE_PARTNER, 2), 2);
    assert_string_equal(report.programmes[0].programme, "cnss");
    assert_int_equal(report.programmes[0].all[KEY_USAGE_DAY], 3);
    assert_int_equal(report.terminal_count, 0);
    assert_int_equal(report.per_mille, 20);
    assert_int_equal(uses(HSM_PURPOSE_PARTNER, 3), 1);
    assert_int_equal(uses(HSM_PURPOSE_REQUEST, 2), 0);
}

static void who_is_no_programme_and_what_nothing_opened_count_for_nobody(void **state) {
    (void)state;
    struct request *request = opened(HSM_PURPOSE_PARTNER, 2);
    request->standing = STANDING_FOREIGN;
    key_use_count(&box.core, request);
    request->standing = STANDING_PROGRAMME;
    request->opened_generation = 0;
    key_use_count(&box.core, request);
    core_fixture_free(request);
    assert_int_equal(uses(HSM_PURPOSE_PARTNER, 2), 0);
    assert_int_equal(report.programme_count, 0);
}

static void a_device_is_shown_only_by_what_can_be_no_person(void **state) {
    (void)state;
    static const struct {
        const char *device;
        bool is_shown;
    } devices[] = {{"counter-7", true},      {"POS:0012/A.3", true}, {"0612345678", false},
                   {"clerk@cnss.ma", false}, {"Fatima Z.", false},   {"7000000012-a", false}};
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++)
        count(HSM_PURPOSE_REQUEST, 1, devices[i].device);
    assert_int_equal(uses(HSM_PURPOSE_REQUEST, 1), 6);
    assert_int_equal(report.programmes[0].terminals, 6);
    assert_int_equal(report.terminal_count, 6);
    for (size_t i = 0; i < report.terminal_count; i++)
        assert_string_equal(report.terminals[i].name, devices[i].is_shown ? devices[i].device : "");
}

static void each_segment_counts_for_its_key_and_its_device(void **state) {
    (void)state;
    struct request *request = opened(HSM_PURPOSE_PARTNER, 4);
    struct biometric_exchange *exchange = calloc(1, sizeof *exchange);
    assert_non_null(exchange);
    exchange->key_count = exchange->segments.count = 2;
    for (size_t i = 0; i < 2; i++) {
        struct biometric_device *device = &exchange->segments.segments[i].device;
        exchange->generations[i] = (uint16_t)(6 + i);
        core_fixture_text(&device->make, "M");
        core_fixture_text(&device->serial_number, i == 0 ? "S-1" : "S-2");
    }
    request->biometric = exchange;
    key_use_count(&box.core, request);
    request->biometric = NULL;
    free(exchange);
    core_fixture_free(request);
    assert_int_equal(uses(HSM_PURPOSE_IDA_FIR, 6), 1);
    assert_string_equal(report.terminals[0].name, "S-1");
    assert_int_equal(uses(HSM_PURPOSE_IDA_FIR, 7), 1);
    assert_string_equal(report.terminals[0].name, "S-2");
    assert_int_equal(uses(HSM_PURPOSE_PARTNER, 4), 1);
    assert_string_equal(report.terminals[0].name, "S-1");
}

static void what_was_counted_is_there_after_a_restart(void **state) {
    (void)state;
    count(HSM_PURPOSE_PARTNER, 2, "");
    key_use_close(&box.core);
    core_fixture_restart(&box);
    assert_int_equal(key_use_open(&box.core), ERR_OK);
    assert_int_equal(uses(HSM_PURPOSE_PARTNER, 2), 1);
}

static void a_question_of_no_key_is_malformed_and_a_failed_box_tells_nothing(void **state) {
    (void)state;
    uint8_t memory[64];
    struct buffer answer = buffer_over(memory, sizeof memory);
    const uint8_t question[] = {HSM_PURPOSE_PARTNER, 0, 1};
    enum err status;
    assert_int_not_equal(key_use_answer(&box.core, bytes_of(question, 2), &answer), ERR_OK);
    key_use_close(&box.core);
    assert_int_equal(key_use_answer(&box.core, bytes_of(question, 3), &answer), ERR_OK);
    assert_int_equal(key_usage_wire_get_report(bytes_of(memory, answer.len), &status, &report),
                     ERR_OK);
    assert_true(status == ERR_UNAVAILABLE && report.held);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_box, remove_box)
    const struct CMUnitTest tests[] = {
        TEST(a_request_counts_for_the_key_that_opened_it),
        TEST(who_is_no_programme_and_what_nothing_opened_count_for_nobody),
        TEST(a_device_is_shown_only_by_what_can_be_no_person),
        TEST(each_segment_counts_for_its_key_and_its_device),
        TEST(what_was_counted_is_there_after_a_restart),
        TEST(a_question_of_no_key_is_malformed_and_a_failed_box_tells_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
