#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authd/wire/plugin_wire.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define IMAGE           "FIR of a finger"
#define TEMPLATE        "a vendor's own"

static uint8_t memory[FRAME_PAYLOAD_MAX];
static struct buffer target;

static struct bytes written(void) {
    struct bytes view;
    assert_int_equal(buffer_end(&target, &view), ERR_OK);
    return view;
}

static void begin(void) {
    memset(memory, 0x55, sizeof memory);
    target = buffer_over(memory, sizeof memory);
}

static struct plugin_record image(uint8_t position) {
    return (struct plugin_record){.modality = BIOMETRIC_FINGER,
                                  .position = position,
                                  .format = BIOMETRIC_ISO_19794_4_2005,
                                  .data = bytes_of_text(IMAGE)};
}

static struct plugin_record template(uint8_t position) {
    return (struct plugin_record){.modality = BIOMETRIC_FINGER,
                                  .position = position,
                                  .format = BIOMETRIC_FORMAT_UNKNOWN,
                                  .data = bytes_of_text(TEMPLATE)};
}

static void assert_record(const struct plugin_record *got, const struct plugin_record *sent) {
    assert_int_equal(got->modality, sent->modality);
    assert_int_equal(got->position, sent->position);
    assert_int_equal(got->format, sent->format);
    assert_true(bytes_equal(got->data, sent->data));
}

static enum err send_hello(const struct plugin_hello *sent, struct plugin_hello *got) {
    begin();
    plugin_wire_put_hello(&target, sent);
    return plugin_wire_get_hello(written(), got);
}

static void a_plugin_says_what_it_is(void **state) {
    (void)state;
    struct plugin_hello got, sent = {.name = "acme-3.1", .modalities = {true, false, true}};
    assert_int_equal(send_hello(&sent, &got), ERR_OK);
    assert_string_equal(got.name, "acme-3.1");
    assert_memory_equal(got.modalities, sent.modalities, sizeof sent.modalities);
}

static void a_plugin_without_a_name_or_a_use_is_none(void **state) {
    (void)state;
    static const struct plugin_hello bad[] = {
        {.name = "", .modalities = {true}},
        {.name = "acme 3.1", .modalities = {true}},
        {.name = "acme\n", .modalities = {true}},
        {.name = "\xc3\xa9", .modalities = {true}},
        {.name = "acme-3.1"},
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct plugin_hello got;
        assert_int_equal(send_hello(&bad[i], &got), ERR_MALFORMED);
        assert_string_equal(got.name, "");
        assert_false(got.modalities[0] || got.modalities[1] || got.modalities[2]);
    }
}

static enum err send_extract(struct plugin_record record, struct plugin_extract *got) {
    struct plugin_extract sent = {.record = record};
    begin();
    plugin_wire_put_extract(&target, &sent);
    return plugin_wire_get_extract(written(), got);
}

static void an_image_is_sent_for_extraction(void **state) {
    (void)state;
    static const struct plugin_record good[] = {
        {BIOMETRIC_FINGER, 10, BIOMETRIC_ISO_19794_4_2005, {(const uint8_t *)"F", 1}},
        {BIOMETRIC_FINGER, 0, BIOMETRIC_ISO_19794_4_2011, {(const uint8_t *)"F", 1}},
        {BIOMETRIC_IRIS, 2, BIOMETRIC_ISO_19794_6_2005, {(const uint8_t *)"I", 1}},
        {BIOMETRIC_IRIS, 1, BIOMETRIC_ISO_19794_6_2011, {(const uint8_t *)"I", 1}},
        {BIOMETRIC_FACE, 0, BIOMETRIC_ISO_19794_5_2005, {(const uint8_t *)"A", 1}},
        {BIOMETRIC_FACE, 0, BIOMETRIC_ISO_19794_5_2011, {(const uint8_t *)"A", 1}},
    };
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        struct plugin_extract got;
        assert_int_equal(send_extract(good[i], &got), ERR_OK);
        assert_record(&got.record, &good[i]);
    }
}

static void what_is_no_image_of_its_modality_is_refused(void **state) {
    (void)state;
    static const struct plugin_record bad[] = {
        {BIOMETRIC_IRIS, 1, BIOMETRIC_ISO_19794_4_2005, {(const uint8_t *)"F", 1}},
        {BIOMETRIC_FINGER, 11, BIOMETRIC_ISO_19794_4_2005, {(const uint8_t *)"F", 1}},
        {BIOMETRIC_IRIS, 3, BIOMETRIC_ISO_19794_6_2005, {(const uint8_t *)"I", 1}},
        {BIOMETRIC_FACE, 1, BIOMETRIC_ISO_19794_5_2005, {(const uint8_t *)"A", 1}},
        {BIOMETRIC_FINGER, 1, BIOMETRIC_ISO_19794_2_2005, {(const uint8_t *)"M", 1}},
        {BIOMETRIC_FINGER, 1, BIOMETRIC_FORMAT_UNKNOWN, {(const uint8_t *)"T", 1}},
        {BIOMETRIC_IRIS, 1, BIOMETRIC_IDCS_IRIS_CODE, {(const uint8_t *)"C", 1}},
        {BIOMETRIC_FINGER, 1, BIOMETRIC_ISO_19794_4_2005, {NULL, 0}},
        {(enum biometric_modality)3, 0, BIOMETRIC_ISO_19794_4_2005, {(const uint8_t *)"F", 1}},
        {BIOMETRIC_FINGER, 1, BIOMETRIC_FORMATS, {(const uint8_t *)"F", 1}},
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct plugin_extract got;
        assert_int_equal(send_extract(bad[i], &got), ERR_MALFORMED);
        assert_null(got.record.data.data);
    }
}

static enum err send_extracted(const struct plugin_extracted *sent, struct plugin_extracted *got) {
    begin();
    plugin_wire_put_extracted(&target, sent);
    return plugin_wire_get_extracted(written(), got);
}

static void a_template_comes_back_or_a_reason(void **state) {
    (void)state;
    struct plugin_extracted got,
        sent = {.status = ERR_OK, .quality = 100, .template = bytes_of_text(TEMPLATE)};
    assert_int_equal(send_extracted(&sent, &got), ERR_OK);
    assert_int_equal(got.quality, 100);
    assert_true(bytes_equal_text(got.template, TEMPLATE));
    static const enum err refusals[] = {ERR_DENIED, ERR_UNAVAILABLE};
    for (size_t i = 0; i < COUNT_OF(refusals); i++) {
        sent = (struct plugin_extracted){.status = refusals[i]};
        assert_int_equal(send_extracted(&sent, &got), ERR_OK);
        assert_int_equal(got.status, refusals[i]);
    }
}

static void a_template_that_is_none_is_refused(void **state) {
    (void)state;
    static const uint8_t large[PLUGIN_TEMPLATE_MAX + 1];
    static const struct plugin_extracted bad[] = {
        {.status = ERR_OK, .quality = 50},
        {.status = ERR_OK, .quality = 101, .template = {large, 1}},
        {.status = ERR_DENIED, .template = {large, 1}},
        {.status = ERR_DENIED, .quality = 1},
        {.status = ERR_UNAVAILABLE, .template = {large, 1}},
        {.status = ERR_MALFORMED},
    };
    struct plugin_extracted got, sent = {.status = ERR_OK, .template = {large, sizeof large}};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_int_equal(send_extracted(&bad[i], &got), ERR_MALFORMED);
        assert_int_equal(got.status, ERR_UNAVAILABLE);
        assert_int_equal(got.template.len, 0);
    }
    assert_int_equal(send_extracted(&sent, &got), ERR_TOO_LARGE);
    sent.template.len--;
    assert_int_equal(send_extracted(&sent, &got), ERR_OK);
}

static struct plugin_compare sent_compare, got_compare;

static void fill_compare(size_t presented, size_t enrolled) {
    sent_compare = (struct plugin_compare){presented, enrolled, {{0}}, {{0}}};
    for (size_t i = 0; i < presented; i++)
        sent_compare.presented[i] = image((uint8_t)(i % 11));
    for (size_t i = 0; i < enrolled; i++)
        sent_compare.enrolled[i] = template((uint8_t)(i % 11));
}

static enum err send_compare(void) {
    begin();
    plugin_wire_put_compare(&target, &sent_compare);
    return plugin_wire_get_compare(written(), &got_compare);
}

static void the_largest_comparison_comes_through(void **state) {
    (void)state;
    fill_compare(PLUGIN_PRESENTED_MAX, PLUGIN_ENROLLED_MAX);
    assert_int_equal(send_compare(), ERR_OK);
    assert_int_equal(got_compare.presented_count, PLUGIN_PRESENTED_MAX);
    assert_int_equal(got_compare.enrolled_count, PLUGIN_ENROLLED_MAX);
    for (size_t i = 0; i < PLUGIN_PRESENTED_MAX; i++)
        assert_record(&got_compare.presented[i], &sent_compare.presented[i]);
    for (size_t i = 0; i < PLUGIN_ENROLLED_MAX; i++)
        assert_record(&got_compare.enrolled[i], &sent_compare.enrolled[i]);
}

static void assert_compare_refused(void) {
    assert_int_equal(send_compare(), ERR_MALFORMED);
    assert_int_equal(got_compare.presented_count + got_compare.enrolled_count, 0);
    assert_null(got_compare.presented[0].data.data);
}

static void a_comparison_has_both_sides_and_one_modality(void **state) {
    (void)state;
    fill_compare(0, 1);
    assert_compare_refused();
    fill_compare(1, 0);
    assert_compare_refused();
    fill_compare(2, 2);
    sent_compare.presented[1].modality = BIOMETRIC_FACE;
    sent_compare.presented[1].format = BIOMETRIC_ISO_19794_5_2011;
    sent_compare.presented[1].position = 0;
    assert_compare_refused();
    fill_compare(2, 2);
    sent_compare.enrolled[1].modality = BIOMETRIC_IRIS;
    assert_compare_refused();
}

static void images_and_templates_are_not_exchanged(void **state) {
    (void)state;
    fill_compare(1, 1);
    sent_compare.presented[0].format = BIOMETRIC_FORMAT_UNKNOWN;
    assert_compare_refused();
    fill_compare(1, 1);
    sent_compare.enrolled[0].format = BIOMETRIC_ISO_19794_4_2005;
    assert_compare_refused();
}

static void a_comparison_is_read_whole_or_not_at_all(void **state) {
    (void)state;
    fill_compare(2, 3);
    assert_int_equal(send_compare(), ERR_OK);
    struct bytes whole = written();
    for (size_t len = 0; len < whole.len; len++)
        assert_int_not_equal(plugin_wire_get_compare(bytes_of(memory, len), &got_compare), ERR_OK);
    memory[whole.len] = 0;
    assert_int_equal(plugin_wire_get_compare(bytes_of(memory, whole.len + 1), &got_compare),
                     ERR_MALFORMED);
    memory[0] = PLUGIN_PRESENTED_MAX + 1;
    assert_int_equal(plugin_wire_get_compare(whole, &got_compare), ERR_MALFORMED);
    memory[0] = 2, memory[1] = PLUGIN_ENROLLED_MAX + 1;
    assert_int_equal(plugin_wire_get_compare(whole, &got_compare), ERR_MALFORMED);
}

static struct plugin_compared sent_compared, got_compared;

static enum err send_compared(void) {
    begin();
    plugin_wire_put_compared(&target, &sent_compared);
    return plugin_wire_get_compared(written(), &got_compared);
}

static void scores_come_back_in_their_places(void **state) {
    (void)state;
    sent_compared = (struct plugin_compared){.presented_count = PLUGIN_PRESENTED_MAX,
                                             .enrolled_count = PLUGIN_ENROLLED_MAX};
    for (size_t i = 0; i < PLUGIN_PRESENTED_MAX; i++)
        for (size_t j = 0; j < PLUGIN_ENROLLED_MAX; j++)
            sent_compared.scores[i][j] = (uint32_t)(i * 1000 + j);
    sent_compared.scores[0][0] = FINGER_SCORE_MAX;
    assert_int_equal(send_compared(), ERR_OK);
    assert_memory_equal(got_compared.scores, sent_compared.scores, sizeof sent_compared.scores);
    sent_compared = (struct plugin_compared){.status = ERR_UNAVAILABLE};
    assert_int_equal(send_compared(), ERR_OK);
    assert_int_equal(got_compared.status, ERR_UNAVAILABLE);
}

static void a_score_off_the_scale_refuses_all(void **state) {
    (void)state;
    sent_compared = (struct plugin_compared){.presented_count = 1, .enrolled_count = 2};
    sent_compared.scores[0][0] = 5000;
    sent_compared.scores[0][1] = FINGER_SCORE_MAX + 1;
    assert_int_equal(send_compared(), ERR_MALFORMED);
    assert_int_equal(got_compared.status, ERR_UNAVAILABLE);
    assert_int_equal(got_compared.scores[0][0], 0);
}

static void an_answer_without_scores_says_why(void **state) {
    (void)state;
    static const struct plugin_compared bad[] = {
        {.status = ERR_OK},
        {.status = ERR_OK, .presented_count = 1},
        {.status = ERR_UNAVAILABLE, .presented_count = 1, .enrolled_count = 1},
        {.status = ERR_DENIED},
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        sent_compared = bad[i];
        assert_int_equal(send_compared(), ERR_MALFORMED);
        assert_int_equal(got_compared.status, ERR_UNAVAILABLE);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plugin_says_what_it_is),
        cmocka_unit_test(a_plugin_without_a_name_or_a_use_is_none),
        cmocka_unit_test(an_image_is_sent_for_extraction),
        cmocka_unit_test(what_is_no_image_of_its_modality_is_refused),
        cmocka_unit_test(a_template_comes_back_or_a_reason),
        cmocka_unit_test(a_template_that_is_none_is_refused),
        cmocka_unit_test(the_largest_comparison_comes_through),
        cmocka_unit_test(a_comparison_has_both_sides_and_one_modality),
        cmocka_unit_test(images_and_templates_are_not_exchanged),
        cmocka_unit_test(a_comparison_is_read_whole_or_not_at_all),
        cmocka_unit_test(scores_come_back_in_their_places),
        cmocka_unit_test(a_score_off_the_scale_refuses_all),
        cmocka_unit_test(an_answer_without_scores_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
