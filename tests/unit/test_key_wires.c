#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hsm/wire_certify.h"
#include "hsm/wire_keys.h"
#include "hsm/wire_tls.h"
#include "hsm/wire_tls_install.h"
#include "hsm/wire_usage.h"
#include "hsm/wire_wrap.h"
#include "provisioning/officer_wire_keys.h"

/* The messages about the life of keys: whole, cut short, and out of range. */
static uint8_t memory[262144];
static struct hsm_keys told, read_told;
static struct officer_keys shown, read_shown;

static const struct hsm_key_order order = {
    .order = HSM_ORDER_REVOKE, .purpose = HSM_PURPOSE_TOKEN, .generation = 515, .dry_run = true};
static const struct officer_key_order asked = {
    .order = OFFICER_ORDER_KEEP, .purpose = "IDA/PARTNER", .generation = 3, .dry_run = true};

/* Two keys with every field set, and as many purposes as there are. */
static int fill(void **state) {
    (void)state;
    told = (struct hsm_keys){.count = 2};
    shown = (struct officer_keys){.count = 2, .next_count = HSM_PURPOSE_COUNT};
    for (int i = 0; i < 2; i++) {
        told.keys[i] = (struct hsm_key_shown){.purpose = HSM_PURPOSE_AUDIT,
                                              .generation = (uint16_t)(7 + i),
                                              .state = i == 0 ? KEYSTATE_ACTIVE : KEYSTATE_REVOKED,
                                              .held = i == 0,
                                              .granted = i != 0,
                                              .in_use = i == 1,
                                              .kid = "a kid",
                                              .wrapped_by = (uint16_t)(i * 515),
                                              .has_certificate = true,
                                              .thumbprint = {1, 2, 3}};
        told.keys[i].came[KEYSTATE_RETIRING].is_set = true;
        told.keys[i].came[KEYSTATE_RETIRING].wall_ms = INT64_C(1705314030123);
        shown.keys[i] = (struct officer_key){.purpose = "IDA/AUDIT",
                                             .generation = told.keys[i].generation,
                                             .state = told.keys[i].state,
                                             .held = told.keys[i].held,
                                             .granted = told.keys[i].granted,
                                             .in_use = told.keys[i].in_use,
                                             .kid = "a kid",
                                             .wrapped_by = told.keys[i].wrapped_by,
                                             .has_certificate = true,
                                             .thumbprint = {1, 2, 3}};
    }
    told.next[HSM_PURPOSE_SIGN] = (struct hsm_key_next){.rolls = true,
                                                        .wanted = true,
                                                        .wraps = true,
                                                        .action = KEYSTATE_ASK_CLOCK,
                                                        .awaited = KEYSTATE_RETIRE,
                                                        .generation = 9,
                                                        .wait_ms = INT64_MAX,
                                                        .destroyed = 771};
    for (size_t i = 0; i < HSM_PURPOSE_COUNT; i++)
        (void)snprintf(shown.next[i].purpose, sizeof shown.next[i].purpose, "P/%zu", i);
    shown.next[1].wraps = true;
    shown.next[1].destroyed = 772;
    return 0;
}

static void put_told(struct buffer *target) {
    hsm_wire_put_keys(target, &told);
}

static enum err get_told(struct bytes payload) {
    ERR_TRY(hsm_wire_get_keys(payload, &read_told));
    assert_memory_equal(&read_told.keys, &told.keys, sizeof told.keys);
    assert_memory_equal(&read_told.next, &told.next, sizeof told.next);
    return ERR_OK;
}

static void put_question(struct buffer *target) {
    const struct hsm_keys_question question = {.from = {HSM_PURPOSE_CA, 515}, .destroyed = true};
    hsm_wire_put_keys_question(target, &question);
}

static enum err get_question(struct bytes payload) {
    struct hsm_keys_question read;
    ERR_TRY(hsm_wire_get_keys_question(payload, &read));
    assert_true(read.from.purpose == HSM_PURPOSE_CA && read.from.generation == 515 &&
                read.destroyed);
    return ERR_OK;
}

static void put_order(struct buffer *target) {
    hsm_wire_put_key_order(target, &order);
}

static enum err get_order(struct bytes payload) {
    struct hsm_key_order read;
    ERR_TRY(hsm_wire_get_key_order(payload, &read));
    assert_true(read.order == order.order && read.purpose == order.purpose &&
                read.generation == order.generation && read.dry_run);
    return ERR_OK;
}

static void put_ordered(struct buffer *target) {
    const struct hsm_key_ordered answer = {
        .receipt.status = ERR_LIMIT, .state = KEYSTATE_ACTIVE, .needed = true};
    hsm_wire_put_key_ordered(target, &answer);
}

static enum err get_ordered(struct bytes payload) {
    struct hsm_key_ordered read;
    ERR_TRY(hsm_wire_get_key_ordered(payload, &read));
    assert_int_equal(read.receipt.status, ERR_LIMIT);
    assert_int_equal(read.state, KEYSTATE_ACTIVE);
    assert_true(read.needed);
    return ERR_OK;
}

static void put_shown(struct buffer *target) {
    officer_wire_put_keys(target, &shown);
}

static enum err get_shown(struct bytes payload) {
    ERR_TRY(officer_wire_get_keys(payload, &read_shown));
    assert_int_equal(read_shown.outcome.status, ERR_OK);
    assert_int_equal(read_shown.next_count, HSM_PURPOSE_COUNT);
    assert_memory_equal(&read_shown.keys, &shown.keys, sizeof shown.keys);
    assert_string_equal(read_shown.next[1].purpose, "P/1");
    assert_true(read_shown.next[1].wraps && !read_shown.next[0].wraps);
    assert_int_equal(read_shown.next[1].destroyed, 772);
    return ERR_OK;
}

static void put_from(struct buffer *target) {
    const struct officer_keys_question question = {.from = {7, 515}, .destroyed = true};
    officer_wire_put_keys_question(target, &question);
}

static enum err get_from(struct bytes payload) {
    struct officer_keys_question read;
    ERR_TRY(officer_wire_get_keys_question(payload, &read));
    assert_true(read.from.purpose == 7 && read.from.generation == 515 && read.destroyed);
    return ERR_OK;
}

static void put_asked(struct buffer *target) {
    officer_wire_put_key_order(target, &asked);
}

static enum err get_asked(struct bytes payload) {
    struct officer_key_order read;
    ERR_TRY(officer_wire_get_key_order(payload, &read));
    assert_true(read.order == asked.order && read.generation == 3 && read.dry_run);
    assert_string_equal(read.purpose, "IDA/PARTNER");
    return ERR_OK;
}

static const struct hsm_standing standing = {
    .receipt = {.signer_index = 1, .sequence = 77}, .kek = {3, 1}, .pepper = {515, 514}};
static const struct hsm_need need = {.kek_from = 2, .pepper_from = 515};

static void put_standing(struct buffer *target) {
    hsm_wire_put_standing(target, &standing);
}

static enum err get_standing(struct bytes payload) {
    struct hsm_standing read;
    ERR_TRY(hsm_wire_get_standing(payload, &read));
    assert_int_equal(read.receipt.status, ERR_OK);
    assert_int_equal(read.receipt.sequence, 77);
    assert_true(read.kek.active == 3 && read.kek.oldest == 1);
    assert_true(read.pepper.active == 515 && read.pepper.oldest == 514);
    return ERR_OK;
}

static void put_rewrap(struct buffer *target) {
    const struct hsm_rewrap_root question = {.wrapped = {1, 2, 3}};
    hsm_wire_put_rewrap_root(target, &question);
}

static enum err get_rewrap(struct bytes payload) {
    static const uint8_t wrapped[HSM_WRAPPED_BYTES] = {1, 2, 3};
    struct hsm_rewrap_root read;
    ERR_TRY(hsm_wire_get_rewrap_root(payload, &read));
    assert_memory_equal(read.wrapped, wrapped, sizeof wrapped);
    return ERR_OK;
}

static void put_rewrapped(struct buffer *target) {
    const struct hsm_root_rewrapped answer = {.wrapped = {9, 8, 7}, .kek_generation = 770};
    hsm_wire_put_root_rewrapped(target, &answer);
}

static enum err get_rewrapped(struct bytes payload) {
    static const uint8_t wrapped[HSM_WRAPPED_BYTES] = {9, 8, 7};
    struct hsm_root_rewrapped read;
    ERR_TRY(hsm_wire_get_root_rewrapped(payload, &read));
    assert_memory_equal(read.wrapped, wrapped, sizeof wrapped);
    assert_int_equal(read.kek_generation, 770);
    return ERR_OK;
}

static void put_need(struct buffer *target) {
    hsm_wire_put_need(target, &need);
}

static enum err get_need(struct bytes payload) {
    struct hsm_need read;
    ERR_TRY(hsm_wire_get_need(payload, &read));
    assert_true(read.kek_from == 2 && read.pepper_from == 515);
    return ERR_OK;
}

static void put_needed(struct buffer *target) {
    const struct hsm_needed answer = {.receipt.status = ERR_DENIED};
    hsm_wire_put_needed(target, &answer);
}

static enum err get_needed(struct bytes payload) {
    struct hsm_needed read;
    ERR_TRY(hsm_wire_get_needed(payload, &read));
    assert_int_equal(read.receipt.status, ERR_DENIED);
    return ERR_OK;
}

static const struct {
    void (*put)(struct buffer *target);
    enum err (*get)(struct bytes payload);
} messages[] = {
    {put_question, get_question},   {put_from, get_from},         {put_told, get_told},
    {put_order, get_order},         {put_ordered, get_ordered},   {put_shown, get_shown},
    {put_asked, get_asked},         {put_standing, get_standing}, {put_rewrap, get_rewrap},
    {put_rewrapped, get_rewrapped}, {put_need, get_need},         {put_needed, get_needed},
};
#define MESSAGE_COUNT (sizeof messages / sizeof *messages)

static struct bytes write(size_t message) {
    struct buffer target = buffer_over(memory, sizeof memory);
    struct bytes written;
    messages[message].put(&target);
    assert_int_equal(buffer_end(&target, &written), ERR_OK);
    return written;
}

static void every_message_comes_back_as_it_was_written(void **state) {
    (void)state;
    for (size_t i = 0; i < MESSAGE_COUNT; i++)
        assert_int_equal(messages[i].get(write(i)), ERR_OK);
}

static void every_message_cut_short_or_drawn_out_is_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < MESSAGE_COUNT; i++) {
        struct bytes whole = write(i);
        for (size_t len = 0; len < whole.len; len++)
            assert_int_not_equal(messages[i].get(bytes_of(whole.data, len)), ERR_OK);
        assert_int_not_equal(messages[i].get(bytes_of(whole.data, whole.len + 1)), ERR_OK);
    }
}

static void an_order_is_of_a_key_or_of_a_purpose_never_of_neither(void **state) {
    (void)state;
    static const struct hsm_key_order bad[] = {
        {.order = HSM_ORDER_ROLL, .purpose = HSM_PURPOSE_SIGN, .generation = 1},
        {.order = HSM_ORDER_WRAP, .purpose = HSM_PURPOSE_PARTNER, .generation = 1},
        {.order = HSM_ORDER_KEEP_IN_TOKEN, .purpose = HSM_PURPOSE_PARTNER, .generation = 1},
        {.order = HSM_ORDER_REVOKE, .purpose = HSM_PURPOSE_SIGN},
        {.order = HSM_ORDER_COUNT, .purpose = HSM_PURPOSE_SIGN, .generation = 1},
        {.order = HSM_ORDER_KEEP, .purpose = HSM_PURPOSE_COUNT, .generation = 1},
        {.order = 0, .purpose = HSM_PURPOSE_SIGN},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct buffer target = buffer_over(memory, sizeof memory);
        struct hsm_key_order read;
        hsm_wire_put_key_order(&target, &bad[i]);
        assert_int_not_equal(hsm_wire_get_key_order(bytes_of(memory, target.len), &read), ERR_OK);
    }
}

static void a_refusal_carries_no_keys(void **state) {
    (void)state;
    struct buffer target = buffer_over(memory, sizeof memory);
    shown.outcome =
        (struct officer_outcome){.status = ERR_UNAVAILABLE, .reason = OFFICER_REASON_SIGNER};
    officer_wire_put_keys(&target, &shown);
    assert_int_equal(officer_wire_get_keys(bytes_of(memory, target.len), &read_shown), ERR_OK);
    assert_int_equal(read_shown.outcome.status, ERR_UNAVAILABLE);
    assert_int_equal(read_shown.count + read_shown.next_count, 0);
}

/* Else whoever asks for the rest would ask for ever. */
static void only_a_full_page_has_a_rest(void **state) {
    (void)state;
    for (size_t missing = 0; missing < 2; missing++) {
        enum err expected = missing == 0 ? ERR_OK : ERR_MALFORMED;
        struct buffer target = buffer_over(memory, sizeof memory);
        told.more = shown.more = true;
        told.count = shown.count = HSM_KEYS_MAX - missing;
        told.rest = (struct hsm_keys_place){HSM_PURPOSE_CA, 3};
        shown.rest = (struct officer_keys_place){HSM_PURPOSE_CA, 3};
        hsm_wire_put_keys(&target, &told);
        assert_int_equal(hsm_wire_get_keys(bytes_of(memory, target.len), &read_told), expected);
        target = buffer_over(memory, sizeof memory);
        officer_wire_put_keys(&target, &shown);
        assert_int_equal(officer_wire_get_keys(bytes_of(memory, target.len), &read_shown),
                         expected);
        if (missing > 0)
            continue;
        assert_true(read_told.more && read_told.rest.purpose == HSM_PURPOSE_CA &&
                    read_told.rest.generation == 3);
        assert_true(read_shown.more && read_shown.rest.purpose == HSM_PURPOSE_CA &&
                    read_shown.rest.generation == 3);
    }
    struct buffer target = buffer_over(memory, sizeof memory);
    shown.count = HSM_KEYS_MAX;
    shown.rest.purpose = HSM_PURPOSE_COUNT; /* which is none of those that are told */
    officer_wire_put_keys(&target, &shown);
    assert_int_equal(officer_wire_get_keys(bytes_of(memory, target.len), &read_shown),
                     ERR_MALFORMED);
}

static void generations_that_cannot_be_are_refused(void **state) {
    (void)state;
    static const struct hsm_generations bad[] = {{0, 0}, {1, 0}, {1, 2}, {0, 1}};
    const struct hsm_need nothing = {0};
    const struct hsm_root_rewrapped by_nobody = {0};
    struct hsm_standing standing_read;
    struct hsm_need need_read;
    struct hsm_root_rewrapped rewrapped_read;
    for (size_t i = 0; i < 2 * sizeof bad / sizeof *bad; i++) {
        struct buffer target = buffer_over(memory, sizeof memory);
        struct hsm_standing told_wrong = standing;
        *(i % 2 == 0 ? &told_wrong.kek : &told_wrong.pepper) = bad[i / 2];
        hsm_wire_put_standing(&target, &told_wrong);
        assert_int_equal(hsm_wire_get_standing(bytes_of(memory, target.len), &standing_read),
                         ERR_MALFORMED);
    }
    struct buffer target = buffer_over(memory, sizeof memory);
    hsm_wire_put_need(&target, &nothing);
    assert_int_equal(hsm_wire_get_need(bytes_of(memory, target.len), &need_read), ERR_MALFORMED);
    target = buffer_over(memory, sizeof memory);
    hsm_wire_put_root_rewrapped(&target, &by_nobody);
    assert_int_equal(hsm_wire_get_root_rewrapped(bytes_of(memory, target.len), &rewrapped_read),
                     ERR_MALFORMED);
}

/* Each wire has a file of its own, and all of them one space of numbers. */
static void no_two_messages_have_the_same_number(void **state) {
    (void)state;
    static const unsigned verbs[] = {
        HSM_HELLO,        HSM_UNWRAP,        HSM_UNWRAPPED,      HSM_LOOKUP,
        HSM_LOOKED_UP,    HSM_STATEMENT,     HSM_STATED,         HSM_CHECKPOINT,
        HSM_CHECKPOINTED, HSM_OPEN_ROOT,     HSM_ROOT_OPENED,    HSM_PUBLISHED,
        HSM_PUBLICATION,  HSM_GENERATE,      HSM_GENERATED,      HSM_NEW_ROOT,
        HSM_ROOT_MADE,    HSM_HIGH_WATER,    HSM_HIGH_WATER_IS,  HSM_DERIVE,
        HSM_DERIVED,      HSM_RESULT,        HSM_RESULT_SIGNED,  HSM_KEYS,
        HSM_KEYS_ARE,     HSM_KEY_ORDER,     HSM_KEY_ORDERED,    HSM_STANDING,
        HSM_STANDING_IS,  HSM_REWRAP_ROOT,   HSM_ROOT_REWRAPPED, HSM_NEED,
        HSM_NEEDED,       WIRE_USAGE_TOLD,   HSM_TLS_CHAIN,      HSM_TLS_CHAIN_IS,
        HSM_TLS_SIGN,     HSM_TLS_SIGNED,    HSM_TLS_REQUEST,    HSM_TLS_REQUESTED,
        HSM_TLS_INSTALL,  HSM_TLS_INSTALLED, HSM_TLS_REMOVE,     HSM_TLS_REMOVED,
        HSM_TLS_SHOW,     HSM_TLS_SHOWN,     HSM_CERTIFY,        HSM_CERTIFIED,
    };
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        for (size_t j = 0; j < i; j++)
            if (verbs[i] == verbs[j])
                fail_msg("two messages have the number %u", verbs[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_message_comes_back_as_it_was_written, fill),
        cmocka_unit_test_setup(every_message_cut_short_or_drawn_out_is_refused, fill),
        cmocka_unit_test_setup(an_order_is_of_a_key_or_of_a_purpose_never_of_neither, fill),
        cmocka_unit_test_setup(a_refusal_carries_no_keys, fill),
        cmocka_unit_test_setup(only_a_full_page_has_a_rest, fill),
        cmocka_unit_test(generations_that_cannot_be_are_refused),
        cmocka_unit_test(no_two_messages_have_the_same_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
