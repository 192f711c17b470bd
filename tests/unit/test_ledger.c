#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clock.h"
#include "tests/unit/ledger_fixture.h"

/* What each op means, on one ledger and without a journal thread. */
static struct ledger_box box;

#define ROWS_MAX 64

static int set_up(void **state) {
    (void)state;
    ledger_fixture_make(&box, ROWS_MAX);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    ledger_fixture_remove(&box);
    return 0;
}

static struct ledger_op op(enum ledger_op_kind kind, const char *name) {
    return ledger_fixture_op(&box, kind, name);
}

static struct ledger_op op_with(enum ledger_op_kind kind, const char *name, const char *value) {
    struct ledger_op made = op(kind, name);
    made.value = bytes_of_text(value);
    return made;
}

static uint8_t effects_memory[8192];
static size_t effects_len, failed_op;

static enum ledger_result claim_all(struct ledger_op *ops, size_t count) {
    struct buffer effects = buffer_over(effects_memory, sizeof effects_memory);
    enum ledger_result result =
        ledger_claim(box.ledger, ops, count, INT64_MAX, &failed_op, &effects);
    effects_len = effects.len;
    return result;
}

static enum ledger_result claim_one(struct ledger_op made) {
    return claim_all(&made, 1);
}

static void assert_count(const char *name, uint32_t expected) {
    assert_int_equal(ledger_fixture_count(&box, name), expected);
}

static void assert_absent(const char *name) {
    assert_int_equal(ledger_fixture_count(&box, name), -1);
}

static void a_claim_is_won_once(void **state) {
    (void)state;
    assert_int_equal(claim_one(op(LEDGER_CLAIM, "a")), LEDGER_WON);
    assert_true(effects_len > 0);
    assert_int_equal(claim_one(op(LEDGER_CLAIM, "a")), LEDGER_TAKEN);
    assert_int_equal(effects_len, 0);
    assert_int_equal(claim_one(op(LEDGER_CLAIM, "b")), LEDGER_WON);
    assert_int_equal(claim_one(op(LEDGER_CLEAR, "a")), LEDGER_WON);
    assert_int_equal(claim_one(op(LEDGER_CLAIM, "a")), LEDGER_WON);
}

static void a_counter_stops_at_its_limit(void **state) {
    (void)state;
    for (uint32_t i = 1; i <= 3; i++) {
        struct ledger_op bump = op(LEDGER_BUMP, "a");
        assert_int_equal(claim_all(&bump, 1), LEDGER_WON);
        assert_int_equal(bump.count, i);
    }
    struct ledger_op bump = op(LEDGER_BUMP, "a");
    assert_int_equal(claim_all(&bump, 1), LEDGER_LIMIT);
    assert_int_equal(bump.count, 0);
    assert_count("a", 3);
    bump.limit = 2; /* a setting that was lowered */
    assert_int_equal(claim_all(&bump, 1), LEDGER_LIMIT);
    bump.limit = 4;
    assert_int_equal(claim_all(&bump, 1), LEDGER_WON);
}

static void a_limit_of_none_allows_none(void **state) {
    (void)state;
    struct ledger_op bump = op(LEDGER_BUMP, "a");
    bump.limit = 0;
    assert_int_equal(claim_all(&bump, 1), LEDGER_LIMIT);
    assert_absent("a");
}

static void a_bump_is_given_back(void **state) {
    (void)state;
    assert_int_equal(claim_one(op(LEDGER_LOWER, "a")), LEDGER_WON);
    assert_absent("a");
    for (int i = 0; i < 3; i++)
        assert_int_equal(claim_one(op(LEDGER_BUMP, "a")), LEDGER_WON);
    assert_int_equal(claim_one(op(LEDGER_LOWER, "a")), LEDGER_WON);
    assert_count("a", 2);
    for (int i = 0; i < 5; i++)
        assert_int_equal(claim_one(op(LEDGER_LOWER, "a")), LEDGER_WON);
    assert_count("a", 0);
    assert_int_equal(claim_one(op(LEDGER_BUMP, "a")), LEDGER_WON);
    assert_int_equal(claim_one(op(LEDGER_CLEAR, "a")), LEDGER_WON);
    assert_absent("a");
    assert_int_equal(claim_one(op(LEDGER_CLEAR, "a")), LEDGER_WON);
    assert_int_equal(effects_len, 0); /* nothing has changed */
}

static void only_the_exact_value_is_taken_and_once(void **state) {
    (void)state;
    assert_int_equal(claim_one(op_with(LEDGER_TAKE, "otp", "mac")), LEDGER_TAKEN);
    assert_int_equal(claim_one(op_with(LEDGER_TAKE, "otp", "")), LEDGER_TAKEN);
    assert_int_equal(claim_one(op_with(LEDGER_PUT, "otp", "mac")), LEDGER_WON);
    assert_int_equal(claim_one(op_with(LEDGER_TAKE, "otp", "mab")), LEDGER_TAKEN);
    assert_int_equal(claim_one(op_with(LEDGER_TAKE, "otp", "ma")), LEDGER_TAKEN);
    assert_int_equal(claim_one(op_with(LEDGER_TAKE, "otp", "macc")), LEDGER_TAKEN);
    struct ledger_op longer = op(LEDGER_TAKE, "otp");
    longer.value = bytes_of("mac\0", 4);
    assert_int_equal(claim_one(longer), LEDGER_TAKEN);
    assert_int_equal(claim_one(op_with(LEDGER_TAKE, "otp", "mac")), LEDGER_WON);
    assert_int_equal(claim_one(op_with(LEDGER_TAKE, "otp", "mac")), LEDGER_TAKEN);
}

static void a_new_value_replaces_the_old(void **state) {
    (void)state;
    uint8_t value[LEDGER_VALUE_MAX];
    size_t len;
    uint32_t count;
    int64_t remaining_ms;
    struct ledger_op last = op_with(LEDGER_PUT, "otp", "b");
    assert_int_equal(claim_one(op_with(LEDGER_PUT, "otp", "a longer one")), LEDGER_WON);
    assert_int_equal(claim_one(last), LEDGER_WON);
    assert_int_equal(ledger_read(box.ledger, last.key, value, &len, &count, &remaining_ms), ERR_OK);
    assert_int_equal(len, 1);
    assert_int_equal(value[0], 'b');
    assert_int_equal(value[1], 0);
    assert_in_range(remaining_ms, 1, 60000);
    assert_int_equal(claim_one(op_with(LEDGER_TAKE, "otp", "a longer one")), LEDGER_TAKEN);
    assert_int_equal(claim_one(op_with(LEDGER_TAKE, "otp", "b")), LEDGER_WON);
}

static void all_ops_or_none(void **state) {
    (void)state;
    assert_int_equal(claim_one(op(LEDGER_CLAIM, "taken")), LEDGER_WON);
    struct ledger_op ops[] = {op(LEDGER_BUMP, "count"), op_with(LEDGER_PUT, "value", "x"),
                              op(LEDGER_CLAIM, "taken"), op(LEDGER_CLAIM, "free")};
    assert_int_equal(claim_all(ops, 4), LEDGER_TAKEN);
    assert_int_equal(failed_op, 2);
    assert_int_equal(effects_len, 0);
    assert_absent("count");
    assert_absent("value");
    assert_absent("free");
    ops[2] = op(LEDGER_CLAIM, "other");
    assert_int_equal(claim_all(ops, 4), LEDGER_WON);
    assert_count("count", 1);
}

static void ops_on_one_row_see_each_other(void **state) {
    (void)state;
    struct ledger_op ops[] = {op(LEDGER_BUMP, "a"), op(LEDGER_BUMP, "a"), op(LEDGER_LOWER, "a"),
                              op(LEDGER_BUMP, "a"), op(LEDGER_BUMP, "a")};
    assert_int_equal(claim_all(ops, 5), LEDGER_WON);
    assert_int_equal(ops[1].count, 2);
    assert_int_equal(ops[3].count, 2);
    assert_count("a", 3);
    assert_int_equal(claim_all(ops, 5), LEDGER_LIMIT);
    assert_count("a", 3);
    struct ledger_op twice[] = {op(LEDGER_CLAIM, "b"), op(LEDGER_CLAIM, "b")};
    assert_int_equal(claim_all(twice, 2), LEDGER_TAKEN);
    assert_int_equal(failed_op, 1);
    assert_absent("b");
    struct ledger_op put_and_take[] = {op_with(LEDGER_PUT, "c", "v"),
                                       op_with(LEDGER_TAKE, "c", "v")};
    assert_int_equal(claim_all(put_and_take, 2), LEDGER_WON);
    assert_absent("c");
}

static void memory_is_bounded(void **state) {
    (void)state;
    char name[16];
    for (int i = 0; i < ROWS_MAX; i++) {
        (void)snprintf(name, sizeof name, "%d", i);
        assert_int_equal(claim_one(op(LEDGER_CLAIM, name)), LEDGER_WON);
    }
    assert_int_equal(claim_one(op(LEDGER_CLAIM, "more")), LEDGER_UNAVAILABLE);
    assert_int_equal(effects_len, 0);
    struct ledger_op mixed[] = {op(LEDGER_BUMP, "1"), op(LEDGER_CLAIM, "more")};
    assert_int_equal(claim_all(mixed, 2), LEDGER_UNAVAILABLE);
    assert_int_equal(failed_op, 1);
    assert_count("1", 0);
    /* What is there already still works. */
    assert_int_equal(claim_one(op(LEDGER_BUMP, "1")), LEDGER_WON);
    assert_int_equal(claim_one(op(LEDGER_CLEAR, "2")), LEDGER_WON);
    assert_int_equal(claim_one(op(LEDGER_CLAIM, "2")), LEDGER_WON);
}

static void without_room_for_its_effects_a_claim_changes_nothing(void **state) {
    (void)state;
    struct ledger_op made = op(LEDGER_CLAIM, "a");
    size_t failed;
    assert_int_equal(claim_one(op(LEDGER_CLAIM, "sample")), LEDGER_WON);
    struct buffer small = buffer_over(effects_memory, effects_len - 1);
    assert_int_equal(ledger_claim(box.ledger, &made, 1, INT64_MAX, &failed, &small),
                     LEDGER_UNAVAILABLE);
    assert_int_equal(small.len, 0);
    struct buffer broken = buffer_over(effects_memory, sizeof effects_memory);
    broken.err = ERR_FULL;
    assert_int_equal(ledger_claim(box.ledger, &made, 1, INT64_MAX, &failed, &broken),
                     LEDGER_UNAVAILABLE);
    assert_absent("a");
    struct buffer exact = buffer_over(effects_memory, effects_len);
    assert_int_equal(ledger_claim(box.ledger, &made, 1, INT64_MAX, &failed, &exact), LEDGER_WON);
}

static void the_largest_claim_fits_its_promise(void **state) {
    (void)state;
    struct ledger_op ops[LEDGER_OPS_MAX];
    char name[24], value[LEDGER_VALUE_MAX];
    memset(value, 'v', sizeof value);
    for (size_t i = 0; i < LEDGER_OPS_MAX; i++) {
        (void)snprintf(name, sizeof name, "%zu", i);
        ops[i] = op(LEDGER_PUT, name);
        ops[i].value = bytes_of(value, sizeof value);
    }
    assert_int_equal(claim_all(ops, LEDGER_OPS_MAX), LEDGER_WON);
    for (size_t i = 0; i < LEDGER_OPS_MAX; i++)
        ops[i].lifetime_ms = 1; /* remembers the longer lifetime too */
    assert_int_equal(claim_all(ops, LEDGER_OPS_MAX), LEDGER_WON);
    assert_in_range(effects_len, 1, LEDGER_EFFECTS_MAX);
}

static void a_claim_that_makes_no_sense_is_refused(void **state) {
    (void)state;
    struct ledger_op ops[LEDGER_OPS_MAX + 1];
    for (size_t i = 0; i <= LEDGER_OPS_MAX; i++)
        ops[i] = op(LEDGER_BUMP, "a");
    assert_int_equal(claim_all(ops, 0), LEDGER_UNAVAILABLE);
    assert_int_equal(claim_all(ops, LEDGER_OPS_MAX + 1), LEDGER_UNAVAILABLE);
    struct ledger_op bad[5];
    for (size_t i = 0; i < 5; i++)
        bad[i] = op(LEDGER_CLAIM, "a");
    uint8_t value[LEDGER_VALUE_MAX + 1] = {0};
    bad[0].lifetime_ms = 0;
    bad[1].lifetime_ms = INT64_MAX;
    bad[2].value = bytes_of(value, sizeof value);
    bad[3].kind = (enum ledger_op_kind)(LEDGER_TAKE + 1);
    bad[4].flags = 4;
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(claim_all(&bad[i], 1), LEDGER_UNAVAILABLE);
    assert_absent("a");
}

static void a_late_claim_is_refused(void **state) {
    (void)state;
    struct ledger_op made = op(LEDGER_CLAIM, "a");
    struct buffer effects = buffer_over(effects_memory, sizeof effects_memory);
    size_t failed;
    int64_t now_ms = clock_boot_ms();
    assert_int_equal(ledger_claim(box.ledger, &made, 1, now_ms, &failed, &effects),
                     LEDGER_UNAVAILABLE);
    assert_int_equal(ledger_claim(box.ledger, &made, 1, now_ms + 60000, &failed, &effects),
                     LEDGER_WON);
}

static void before_its_key_the_ledger_refuses(void **state) {
    (void)state;
    struct ledger_options options = {
        .directory = box.state_directory.path, .journal = box.journal, .rows_max = ROWS_MAX};
    ledger_close(box.ledger);
    assert_int_equal(ledger_open(&box.ledger, &options), ERR_OK);
    uint8_t value[LEDGER_VALUE_MAX];
    size_t len;
    uint32_t count;
    int64_t remaining_ms;
    const uint8_t key[LEDGER_KEY_BYTES] = {0};
    assert_int_equal(ledger_read(box.ledger, key, value, &len, &count, &remaining_ms),
                     ERR_UNAVAILABLE);
    assert_int_equal(claim_one(op(LEDGER_CLAIM, "a")), LEDGER_UNAVAILABLE);
    assert_int_equal(ledger_set_key(box.ledger, bytes_of_text("short")), ERR_MALFORMED);
    assert_int_equal(ledger_set_key(box.ledger, bytes_of_text("long enough a key")), ERR_OK);
    assert_int_equal(ledger_set_key(box.ledger, bytes_of_text("long enough a key")), ERR_EXISTS);
    assert_int_equal(claim_one(op(LEDGER_CLAIM, "a")), LEDGER_WON);
}

static void row_keys_tell_their_parts_apart(void **state) {
    (void)state;
    const struct bytes ab_c[] = {bytes_of_text("ab"), bytes_of_text("c")};
    const struct bytes a_bc[] = {bytes_of_text("a"), bytes_of_text("bc")};
    uint8_t first[LEDGER_KEY_BYTES], second[LEDGER_KEY_BYTES], again[LEDGER_KEY_BYTES];
    ledger_row_key(box.ledger, "otp", ab_c, 2, first);
    ledger_row_key(box.ledger, "otp", a_bc, 2, second);
    ledger_row_key(box.ledger, "otp", ab_c, 2, again);
    assert_memory_not_equal(first, second, sizeof first);
    assert_memory_equal(first, again, sizeof first);
    ledger_row_key(box.ledger, "fail", ab_c, 2, second);
    assert_memory_not_equal(first, second, sizeof first);
}

static void effects_are_found_at_the_end_of_a_payload(void **state) {
    (void)state;
    uint8_t memory[64];
    struct buffer payload = buffer_over(memory, sizeof memory);
    struct bytes effects;
    buffer_text(&payload, "the request");
    ledger_effects_put(&payload, bytes_of_text("effects"));
    struct bytes whole = bytes_of(memory, payload.len);
    assert_int_equal(ledger_effects_of(JOURNAL_REQUEST, whole, &effects), ERR_OK);
    assert_true(bytes_equal_text(effects, "effects"));
    assert_int_equal(ledger_effects_of(JOURNAL_EVENT, whole, &effects), ERR_OK);
    assert_int_equal(effects.len, 0);
    assert_int_equal(ledger_effects_of(JOURNAL_REQUEST, bytes_of(memory, 3), &effects),
                     ERR_CORRUPT);
    memory[payload.len - 2] = 1;
    assert_int_equal(ledger_effects_of(JOURNAL_REQUEST, whole, &effects), ERR_CORRUPT);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_claim_is_won_once),
        TEST(a_counter_stops_at_its_limit),
        TEST(a_limit_of_none_allows_none),
        TEST(a_bump_is_given_back),
        TEST(only_the_exact_value_is_taken_and_once),
        TEST(a_new_value_replaces_the_old),
        TEST(all_ops_or_none),
        TEST(ops_on_one_row_see_each_other),
        TEST(memory_is_bounded),
        TEST(without_room_for_its_effects_a_claim_changes_nothing),
        TEST(the_largest_claim_fits_its_promise),
        TEST(a_claim_that_makes_no_sense_is_refused),
        TEST(a_late_claim_is_refused),
        TEST(before_its_key_the_ledger_refuses),
        TEST(row_keys_tell_their_parts_apart),
        TEST(effects_are_found_at_the_end_of_a_payload),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
