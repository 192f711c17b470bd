#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/hsm_message.h"

static uint8_t memory[2 * RESULT_JWT_MAX];

static void make_derive(struct hsm_derive *question) {
    *question =
        (struct hsm_derive){.party_u = bytes_of_text("Alice"), .party_v = bytes_of_text("Bob")};
    hsm_message_fill(question->kid, sizeof question->kid);
    hsm_message_fill(question->x, sizeof question->x);
    hsm_message_fill(question->y, sizeof question->y);
    question->y[0] = 0xee;
}

static void write_derive(struct buffer *target) {
    struct hsm_derive question;
    make_derive(&question);
    hsm_wire_put_derive(target, &question);
}

static enum err read_derive(struct bytes payload) {
    struct hsm_derive question, expected;
    ERR_TRY(hsm_wire_get_derive(payload, &question));
    make_derive(&expected);
    assert_memory_equal(question.kid, expected.kid, sizeof expected.kid);
    assert_memory_equal(question.x, expected.x, sizeof expected.x);
    assert_memory_equal(question.y, expected.y, sizeof expected.y);
    assert_true(bytes_equal(question.party_u, expected.party_u));
    assert_true(bytes_equal(question.party_v, expected.party_v));
    return ERR_OK;
}

static void write_derived(struct buffer *target) {
    struct hsm_derived answer = {.receipt = HSM_MESSAGE_RECEIPT};
    hsm_message_fill(answer.content_key, sizeof answer.content_key);
    answer.generation = 258;
    hsm_wire_put_derived(target, &answer);
}

static enum err read_derived(struct bytes payload) {
    struct hsm_derived answer;
    uint8_t expected[HSM_CONTENT_KEY_BYTES];
    ERR_TRY(hsm_wire_get_derived(payload, &answer));
    hsm_message_fill(expected, sizeof expected);
    hsm_message_check_receipt(&answer.receipt);
    assert_memory_equal(answer.content_key, expected, sizeof expected);
    assert_int_equal(answer.generation, 258);
    return ERR_OK;
}

static void make_result(struct result *result) {
    *result = (struct result){
        .kind = RESULT_ATTRIBUTES,
        .audience = "cnss",
        .subject = "262857117820347028021645134813734032",
        .transaction = "txn-0001",
        .issued_s = INT64_C(0x0102030405060708),
        .auth_time_s = -2,
        .lifetime_seconds = 300,
        .amr = RESULT_AMR_OTP | RESULT_AMR_FACE,
        .attribute_count = 4,
        .attributes = {{.name = "name#ara",
                        .kind = RESULT_VALUE_TEXT,
                        .value = bytes_of_text("\xd9\x81\xd8\xa7\xd8\xb7\xd9\x85\xd8\xa9")},
                       {.name = "age_over_18", .kind = RESULT_VALUE_TRUE},
                       {.name = "lives_in", .kind = RESULT_VALUE_FALSE},
                       {.name = "photo",
                        .kind = RESULT_VALUE_BYTES,
                        .value = bytes_of_text("\xff\xd8\xff")}},
    };
    hsm_message_fill(result->jti, sizeof result->jti);
}

static void write_result(struct buffer *target) {
    struct result result;
    make_result(&result);
    hsm_wire_put_result(target, &result);
}

static enum err read_result(struct bytes payload) {
    struct result question, expected;
    ERR_TRY(hsm_wire_get_result(payload, &question));
    make_result(&expected);
    assert_int_equal(question.kind, expected.kind);
    assert_string_equal(question.audience, expected.audience);
    assert_string_equal(question.subject, expected.subject);
    assert_string_equal(question.transaction, expected.transaction);
    assert_memory_equal(question.jti, expected.jti, sizeof expected.jti);
    assert_true(question.issued_s == expected.issued_s);
    assert_true(question.auth_time_s == expected.auth_time_s);
    assert_int_equal(question.lifetime_seconds, expected.lifetime_seconds);
    assert_int_equal(question.amr, expected.amr);
    assert_int_equal(question.attribute_count, expected.attribute_count);
    for (size_t i = 0; i < expected.attribute_count; i++) {
        assert_string_equal(question.attributes[i].name, expected.attributes[i].name);
        assert_int_equal(question.attributes[i].kind, expected.attributes[i].kind);
        assert_true(bytes_equal(question.attributes[i].value, expected.attributes[i].value));
    }
    return ERR_OK;
}

static void write_result_signed(struct buffer *target) {
    struct hsm_result_signed answer = {.receipt = HSM_MESSAGE_RECEIPT,
                                       .jwt = bytes_of_text("a.b.c")};
    hsm_wire_put_result_signed(target, &answer);
}

static enum err read_result_signed(struct bytes payload) {
    struct hsm_result_signed answer;
    ERR_TRY(hsm_wire_get_result_signed(payload, &answer));
    hsm_message_check_receipt(&answer.receipt);
    assert_true(bytes_equal_text(answer.jwt, "a.b.c"));
    return ERR_OK;
}

static const struct hsm_message messages[] = {HSM_MESSAGE(derive), HSM_MESSAGE(derived),
                                              HSM_MESSAGE(result), HSM_MESSAGE(result_signed)};
#define MESSAGE_COUNT (sizeof messages / sizeof *messages)

static void every_message_comes_back_as_it_was_written(void **state) {
    (void)state;
    hsm_message_come_back(messages, MESSAGE_COUNT);
}

static void every_message_cut_short_anywhere_is_refused(void **state) {
    (void)state;
    hsm_message_refuse_cut_short(messages, MESSAGE_COUNT);
}

static void every_message_with_a_byte_too_much_is_refused(void **state) {
    (void)state;
    hsm_message_refuse_a_byte_too_much(messages, MESSAGE_COUNT);
}

static void a_writer_without_room_says_so(void **state) {
    (void)state;
    hsm_message_need_room(messages, MESSAGE_COUNT);
}

/* A refusal is a receipt alone: nothing of an earlier success can travel with it. */
static void a_refusal_carries_nothing_but_the_receipt(void **state) {
    (void)state;
    static const uint8_t zeroes[HSM_CONTENT_KEY_BYTES];
    struct hsm_derived derived = {.receipt = {.status = ERR_CRYPTO}}, read;
    struct buffer target = buffer_over(memory, sizeof memory);
    hsm_message_fill(derived.content_key, sizeof derived.content_key);
    hsm_wire_put_derived(&target, &derived);
    assert_int_equal(target.len, 11);
    assert_int_equal(hsm_wire_get_derived(bytes_of(memory, target.len), &read), ERR_OK);
    assert_int_equal(read.receipt.status, ERR_CRYPTO);
    assert_memory_equal(read.content_key, zeroes, sizeof zeroes);
    struct hsm_result_signed refused = {.receipt = {.status = ERR_DENIED},
                                        .jwt = bytes_of_text("a.b.c")};
    target = buffer_over(memory, sizeof memory);
    hsm_wire_put_result_signed(&target, &refused);
    assert_int_equal(target.len, 11);
    assert_int_equal(hsm_wire_get_result_signed(bytes_of(memory, target.len), &refused), ERR_OK);
    assert_int_equal(refused.receipt.status, ERR_DENIED);
    assert_int_equal(refused.jwt.len, 0);
}

static void a_status_that_is_no_answer_is_refused(void **state) {
    (void)state;
    static const enum err no_answers[] = {ERR_HSM, ERR_PIN, ERR_SYSTEM, ERR_TRUNCATED, 99, 255};
    for (size_t i = 0; i < sizeof no_answers / sizeof *no_answers; i++) {
        struct hsm_derived answer;
        struct bytes payload = hsm_message_written(&messages[1], memory, sizeof memory);
        memory[0] = (uint8_t)no_answers[i];
        assert_int_equal(hsm_wire_get_derived(payload, &answer), ERR_MALFORMED);
        assert_int_not_equal(answer.receipt.status, ERR_OK);
    }
}

static void parties_have_their_bound(void **state) {
    (void)state;
    static const uint8_t party[HSM_PARTY_MAX + 1];
    for (size_t over = 0; over <= 2; over++) {
        struct hsm_derive question, read;
        struct buffer target = buffer_over(memory, sizeof memory);
        make_derive(&question);
        question.party_u = bytes_of(party, HSM_PARTY_MAX + (over == 1));
        question.party_v = bytes_of(party, HSM_PARTY_MAX + (over == 2));
        hsm_wire_put_derive(&target, &question);
        assert_int_equal(hsm_wire_get_derive(bytes_of(memory, target.len), &read),
                         over == 0 ? ERR_OK : ERR_TOO_LARGE);
    }
}

static enum err read_changed(void (*change)(struct result *result)) {
    static struct result result, read;
    struct buffer target = buffer_over(memory, sizeof memory);
    make_result(&result);
    change(&result);
    hsm_wire_put_result(&target, &result);
    return target.err != ERR_OK ? target.err
                                : hsm_wire_get_result(bytes_of(memory, target.len), &read);
}

static const uint8_t value[RESULT_VALUE_MAX + 1];

static void set_nothing(struct result *result) {
    (void)result;
}
static void set_no_kind(struct result *result) {
    result->kind = 0;
}
static void set_unknown_kind(struct result *result) {
    result->kind = 3;
}
static void set_no_value(struct result *result) {
    result->attributes[0].kind = 0;
}
static void set_unknown_value(struct result *result) {
    result->attributes[3].kind = 5;
}
static void set_longest_value(struct result *result) {
    result->attributes[3].value = bytes_of(value, RESULT_VALUE_MAX);
}
static void set_value_over(struct result *result) {
    result->attributes[3].value = bytes_of(value, RESULT_VALUE_MAX + 1);
}
static void set_all_attributes(struct result *result) {
    for (size_t i = 4; i < RESULT_ATTRIBUTES_MAX; i++)
        result->attributes[i].kind = RESULT_VALUE_TRUE;
    result->attribute_count = RESULT_ATTRIBUTES_MAX;
}
static void set_too_many_attributes(struct result *result) {
    result->attribute_count = RESULT_ATTRIBUTES_MAX + 1;
}

static void a_result_with_a_value_out_of_range_is_refused(void **state) {
    (void)state;
    assert_int_equal(read_changed(set_nothing), ERR_OK);
    assert_int_equal(read_changed(set_no_kind), ERR_MALFORMED);
    assert_int_equal(read_changed(set_unknown_kind), ERR_MALFORMED);
    assert_int_equal(read_changed(set_no_value), ERR_MALFORMED);
    assert_int_equal(read_changed(set_unknown_value), ERR_MALFORMED);
    assert_int_equal(read_changed(set_longest_value), ERR_OK);
    assert_int_equal(read_changed(set_value_over), ERR_TOO_LARGE);
    assert_int_equal(read_changed(set_all_attributes), ERR_OK);
    assert_int_equal(read_changed(set_too_many_attributes), ERR_TOO_LARGE);
}

/* The writer could not be made to say it; another process could. */
static void a_count_over_the_bound_is_refused(void **state) {
    (void)state;
    static struct result read;
    struct result result;
    struct buffer target = buffer_over(memory, sizeof memory);
    make_result(&result);
    result.attribute_count = 0;
    hsm_wire_put_result(&target, &result);
    memory[target.len - 1] = RESULT_ATTRIBUTES_MAX + 1;
    assert_int_equal(hsm_wire_get_result(bytes_of(memory, target.len), &read), ERR_TOO_LARGE);
    assert_int_equal(read.attribute_count, 0);
}

static void a_text_too_long_for_its_field_is_refused(void **state) {
    (void)state;
    static struct result read;
    char longest[sizeof read.audience + 1];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    for (size_t len = sizeof longest - 2; len < sizeof longest; len++) {
        struct buffer target = buffer_over(memory, sizeof memory);
        buffer_u8(&target, RESULT_AUTHENTICATION);
        buffer_block(&target, bytes_of(longest, len));
        enum err expected = len < sizeof read.audience ? ERR_TRUNCATED : ERR_TOO_LARGE;
        assert_int_equal(hsm_wire_get_result(bytes_of(memory, target.len), &read), expected);
    }
}

static enum err read_jwt(size_t len) {
    static const uint8_t jwt[RESULT_JWT_MAX + 1];
    struct hsm_result_signed sent = {.jwt = bytes_of(jwt, len)}, read;
    struct buffer target = buffer_over(memory, sizeof memory);
    hsm_wire_put_result_signed(&target, &sent);
    assert_int_equal(target.err, ERR_OK);
    return hsm_wire_get_result_signed(bytes_of(memory, target.len), &read);
}

static void a_jwt_has_its_bound(void **state) {
    (void)state;
    assert_int_equal(read_jwt(RESULT_JWT_MAX), ERR_OK);
    assert_int_equal(read_jwt(RESULT_JWT_MAX + 1), ERR_TOO_LARGE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_comes_back_as_it_was_written),
        cmocka_unit_test(every_message_cut_short_anywhere_is_refused),
        cmocka_unit_test(every_message_with_a_byte_too_much_is_refused),
        cmocka_unit_test(a_writer_without_room_says_so),
        cmocka_unit_test(a_refusal_carries_nothing_but_the_receipt),
        cmocka_unit_test(a_status_that_is_no_answer_is_refused),
        cmocka_unit_test(parties_have_their_bound),
        cmocka_unit_test(a_result_with_a_value_out_of_range_is_refused),
        cmocka_unit_test(a_count_over_the_bound_is_refused),
        cmocka_unit_test(a_text_too_long_for_its_field_is_refused),
        cmocka_unit_test(a_jwt_has_its_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
