#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clock.h"
#include "firmware/base/kv.h"
#include "tests/unit/ledger_fixture.h"

/* Lifetimes, restarts, reboots and steps of the wall clock. Both clocks are the test's. */
static struct ledger_box box;
static int64_t boot_ms, wall_ms;

int64_t __wrap_clock_boot_ms(void);
int64_t __wrap_clock_wall_ms(void);

int64_t __wrap_clock_boot_ms(void) {
    return boot_ms;
}

int64_t __wrap_clock_wall_ms(void) {
    return wall_ms;
}

static void pass(int64_t ms) {
    boot_ms += ms;
    wall_ms += ms;
}

static int set_up(void **state) {
    (void)state;
    boot_ms = 1000000;
    wall_ms = INT64_C(1795290000000);
    ledger_fixture_make(&box, 64);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    ledger_fixture_remove(&box);
    return 0;
}

static void restart(void) {
    ledger_fixture_close(&box);
    ledger_fixture_open(&box);
}

static void reboot(int64_t off_ms) {
    ledger_fixture_close(&box);
    box.boot_id[0]++;
    boot_ms = 5000;
    wall_ms += off_ms;
    ledger_fixture_open(&box);
}

static struct ledger_op op(enum ledger_op_kind kind, const char *name, uint32_t flags) {
    struct ledger_op made = ledger_fixture_op(&box, kind, name);
    made.flags = flags;
    return made;
}

static enum ledger_result claim(struct ledger_op made) {
    return ledger_fixture_claim(&box, &made, 1);
}

static void a_row_ends_with_its_lifetime(void **state) {
    (void)state;
    assert_int_equal(claim(op(LEDGER_CLAIM, "a", LEDGER_BOOT_BOUND)), LEDGER_WON);
    pass(59999);
    assert_int_equal(claim(op(LEDGER_CLAIM, "a", LEDGER_BOOT_BOUND)), LEDGER_TAKEN);
    pass(1);
    assert_int_equal(ledger_fixture_count(&box, "a"), -1);
    assert_int_equal(claim(op(LEDGER_CLAIM, "a", LEDGER_BOOT_BOUND)), LEDGER_WON);
}

static void an_expired_value_is_not_taken(void **state) {
    (void)state;
    struct ledger_op put = op(LEDGER_PUT, "a", LEDGER_BOOT_BOUND), take = op(LEDGER_TAKE, "a", 0);
    put.value = take.value = bytes_of_text("otp");
    assert_int_equal(claim(put), LEDGER_WON);
    pass(60000);
    assert_int_equal(claim(take), LEDGER_TAKEN);
}

static void the_first_bump_starts_the_window(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(claim(op(LEDGER_BUMP, "a", 0)), LEDGER_WON);
        pass(10000);
    }
    assert_int_equal(claim(op(LEDGER_BUMP, "a", 0)), LEDGER_LIMIT);
    pass(29999);
    assert_int_equal(claim(op(LEDGER_BUMP, "a", 0)), LEDGER_LIMIT);
    pass(1);
    assert_int_equal(claim(op(LEDGER_BUMP, "a", 0)), LEDGER_WON);
    assert_int_equal(ledger_fixture_count(&box, "a"), 1);
}

static void the_bump_that_reaches_the_limit_freezes(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(claim(op(LEDGER_BUMP, "a", LEDGER_EXTEND)), LEDGER_WON);
        pass(20000);
    }
    pass(39999); /* a minute after the third but for a millisecond */
    assert_int_equal(claim(op(LEDGER_BUMP, "a", LEDGER_EXTEND)), LEDGER_LIMIT);
    pass(1);
    assert_int_equal(claim(op(LEDGER_BUMP, "a", LEDGER_EXTEND)), LEDGER_WON);
}

static void a_step_of_the_wall_clock_does_not_unfreeze(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(claim(op(LEDGER_BUMP, "a", LEDGER_EXTEND)), LEDGER_WON);
    wall_ms += INT64_C(86400000) * 365;
    assert_int_equal(claim(op(LEDGER_BUMP, "a", LEDGER_EXTEND)), LEDGER_LIMIT);
    restart();
    assert_int_equal(claim(op(LEDGER_BUMP, "a", LEDGER_EXTEND)), LEDGER_LIMIT);
    boot_ms += 60000;
    assert_int_equal(claim(op(LEDGER_BUMP, "a", LEDGER_EXTEND)), LEDGER_WON);
}

static void a_wall_clock_set_back_does_not_unfreeze(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(claim(op(LEDGER_BUMP, "a", LEDGER_EXTEND)), LEDGER_WON);
    wall_ms -= 3600000;
    assert_int_equal(claim(op(LEDGER_BUMP, "a", LEDGER_EXTEND)), LEDGER_LIMIT);
    pass(60000);
    assert_int_equal(claim(op(LEDGER_BUMP, "a", LEDGER_EXTEND)), LEDGER_LIMIT);
    pass(3600000);
    assert_int_equal(claim(op(LEDGER_BUMP, "a", LEDGER_EXTEND)), LEDGER_WON);
}

static void a_boot_bound_row_ignores_the_wall_clock(void **state) {
    (void)state;
    assert_int_equal(claim(op(LEDGER_CLAIM, "a", LEDGER_BOOT_BOUND)), LEDGER_WON);
    wall_ms += INT64_C(86400000);
    assert_int_equal(ledger_fixture_count(&box, "a"), 0);
    wall_ms -= INT64_C(86400000) * 2;
    boot_ms += 60000;
    assert_int_equal(ledger_fixture_count(&box, "a"), -1);
}

static void a_restart_keeps_all_rows(void **state) {
    (void)state;
    assert_int_equal(claim(op(LEDGER_BUMP, "bound", LEDGER_BOOT_BOUND)), LEDGER_WON);
    assert_int_equal(claim(op(LEDGER_BUMP, "free", 0)), LEDGER_WON);
    assert_int_equal(claim(op(LEDGER_CLEAR, "gone", 0)), LEDGER_WON);
    for (int i = 0; i < 3; i++) {
        pass(10000);
        restart();
        assert_int_equal(ledger_fixture_count(&box, "bound"), 1);
        assert_int_equal(ledger_fixture_count(&box, "free"), 1);
        assert_int_equal(ledger_fixture_count(&box, "gone"), -1);
    }
    pass(30000);
    assert_int_equal(ledger_fixture_count(&box, "bound"), -1);
    assert_int_equal(ledger_fixture_count(&box, "free"), -1);
}

static void a_reboot_voids_what_was_bound_to_the_boot(void **state) {
    (void)state;
    assert_int_equal(claim(op(LEDGER_BUMP, "bound", LEDGER_BOOT_BOUND)), LEDGER_WON);
    assert_int_equal(claim(op(LEDGER_BUMP, "free", 0)), LEDGER_WON);
    reboot(20000);
    assert_int_equal(ledger_fixture_count(&box, "bound"), -1);
    assert_int_equal(ledger_fixture_count(&box, "free"), 1);
    /* What is left runs on this boot's clock too. */
    wall_ms += 1000000;
    boot_ms += 39999;
    assert_int_equal(ledger_fixture_count(&box, "free"), 1);
    boot_ms += 1;
    assert_int_equal(ledger_fixture_count(&box, "free"), -1);
}

static void what_ended_while_the_box_was_off_is_gone(void **state) {
    (void)state;
    assert_int_equal(claim(op(LEDGER_BUMP, "free", 0)), LEDGER_WON);
    reboot(60000);
    assert_int_equal(ledger_fixture_count(&box, "free"), -1);
}

static void a_clock_without_battery_keeps_rows_no_longer_than_they_lived(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(claim(op(LEDGER_BUMP, "a", LEDGER_EXTEND)), LEDGER_WON);
    int64_t right_ms = wall_ms;
    reboot(-right_ms); /* 1970 */
    assert_int_equal(claim(op(LEDGER_BUMP, "a", LEDGER_EXTEND)), LEDGER_LIMIT);
    pass(30000);
    wall_ms = right_ms + 40000; /* then the time service answers */
    assert_int_equal(claim(op(LEDGER_BUMP, "a", LEDGER_EXTEND)), LEDGER_LIMIT);
    pass(30000);
    assert_int_equal(claim(op(LEDGER_BUMP, "a", LEDGER_EXTEND)), LEDGER_WON);
}

static void a_step_of_the_clock_after_a_reboot_and_a_restart_does_not_unfreeze(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(claim(op(LEDGER_BUMP, "a", LEDGER_EXTEND)), LEDGER_WON);
    reboot(1000);
    wall_ms += 3600000;
    restart();
    assert_int_equal(claim(op(LEDGER_BUMP, "a", LEDGER_EXTEND)), LEDGER_LIMIT);
    boot_ms += 59000;
    assert_int_equal(claim(op(LEDGER_BUMP, "a", LEDGER_EXTEND)), LEDGER_WON);
}

static enum err count_row(void *context, struct bytes key, struct bytes value) {
    (void)key;
    (void)value;
    ++*(size_t *)context;
    return ERR_OK;
}

/* Rows in LMDB, with the ledger closed. */
static size_t rows_on_file(void) {
    static const char *const tables[] = {"meta", "rows"};
    const struct kv_options options = {.path = box.state_directory.path,
                                       .map_bytes = (size_t)16 << 30,
                                       .tables = tables,
                                       .table_count = 2,
                                       .file_mode = 0600};
    struct kv *kv;
    size_t rows = 0;
    assert_int_equal(kv_open(&kv, &options), ERR_OK);
    {
        KV_TXN_CLEANUP struct kv_txn txn = kv_read(kv);
        assert_int_equal(kv_each(&txn, 1, bytes_of(NULL, 0), count_row, &rows), ERR_OK);
    }
    kv_close(kv);
    return rows;
}

static void expired_rows_leave_memory_and_file(void **state) {
    (void)state;
    char name[2] = "A";
    for (int i = 0; i < 60; i++, name[0]++)
        assert_int_equal(claim(op(LEDGER_CLAIM, name, i % 2 ? LEDGER_BOOT_BOUND : 0)), LEDGER_WON);
    assert_int_equal(ledger_settle(box.ledger), ERR_OK);
    pass(1000);
    assert_int_equal(ledger_settle(box.ledger), ERR_OK);
    ledger_fixture_close(&box);
    assert_int_equal(rows_on_file(), 60);
    ledger_fixture_open(&box);
    pass(59000);
    assert_int_equal(ledger_settle(box.ledger), ERR_OK);
    name[0] = 'A';
    for (int i = 0; i < 64; i++, name[0]++)
        assert_int_equal(claim(op(LEDGER_CLAIM, name, LEDGER_BOOT_BOUND)), LEDGER_WON);
    ledger_fixture_close(&box);
    assert_int_equal(rows_on_file(), 64);
    pass(60000);
    ledger_fixture_open(&box);
    ledger_fixture_close(&box);
    assert_int_equal(rows_on_file(), 0);
    ledger_fixture_open(&box);
}

static void settling_marks_what_is_applied_about_once_a_second(void **state) {
    (void)state;
    uint64_t applied;
    assert_int_equal(claim(op(LEDGER_CLAIM, "a", 0)), LEDGER_WON);
    assert_int_equal(ledger_settle(box.ledger), ERR_OK);
    assert_int_equal(ledger_sequence(box.ledger, &applied), ERR_OK);
    assert_int_equal(applied, 0);
    pass(1000);
    assert_int_equal(ledger_settle(box.ledger), ERR_OK);
    assert_int_equal(ledger_sequence(box.ledger, &applied), ERR_OK);
    assert_int_equal(applied, 1);
    for (int i = 0; i < 2100; i++) {
        struct ledger_op bump = op(LEDGER_BUMP, "b", 0);
        bump.limit = 5000;
        assert_int_equal(claim(bump), LEDGER_WON);
    }
    assert_int_equal(ledger_settle(box.ledger), ERR_OK);
    assert_int_equal(ledger_sequence(box.ledger, &applied), ERR_OK);
    assert_int_equal(applied, 2101);
    restart();
    assert_int_equal(ledger_fixture_count(&box, "b"), 2100); /* the last of all these */
}

static void what_is_not_durable_never_gets_on_file(void **state) {
    (void)state;
    uint8_t memory[LEDGER_EFFECTS_MAX];
    struct buffer effects = buffer_over(memory, sizeof memory);
    struct ledger_op made = op(LEDGER_CLAIM, "a", 0);
    size_t failed;
    assert_int_equal(ledger_claim(box.ledger, &made, 1, INT64_MAX, &failed, &effects), LEDGER_WON);
    pass(1000);
    assert_int_equal(ledger_settle(box.ledger), ERR_OK);
    assert_int_equal(claim(made), LEDGER_TAKEN); /* denied while this process lives */
    restart();
    assert_int_equal(ledger_fixture_count(&box, "a"), -1);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_row_ends_with_its_lifetime),
        TEST(an_expired_value_is_not_taken),
        TEST(the_first_bump_starts_the_window),
        TEST(the_bump_that_reaches_the_limit_freezes),
        TEST(a_step_of_the_wall_clock_does_not_unfreeze),
        TEST(a_wall_clock_set_back_does_not_unfreeze),
        TEST(a_boot_bound_row_ignores_the_wall_clock),
        TEST(a_restart_keeps_all_rows),
        TEST(a_reboot_voids_what_was_bound_to_the_boot),
        TEST(what_ended_while_the_box_was_off_is_gone),
        TEST(a_clock_without_battery_keeps_rows_no_longer_than_they_lived),
        TEST(a_step_of_the_clock_after_a_reboot_and_a_restart_does_not_unfreeze),
        TEST(expired_rows_leave_memory_and_file),
        TEST(settling_marks_what_is_applied_about_once_a_second),
        TEST(what_is_not_durable_never_gets_on_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
