#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/kv.h"
#include "hsm/wire.h"
#include "authd/store/key_usage_file.h"
#include "authd/store/key_usage_report.h"
#include "tests/unit/store_fixture.h"

#define HOUR      INT64_C(3600000)
#define DAY       (24 * HOUR)
#define SINCE     INT64_C(1800000000000)
#define PER_MILLE 1
#define TABLE     0

static struct key_usage_report report; /* large */

static struct key_usage *open_usage(size_t rows_max, int64_t boot_ms) {
    const struct key_usage_options options = {
        .rows_max = rows_max, .hour_ms = HOUR, .boot_ms = boot_ms, .since_wall_ms = SINCE};
    struct key_usage *usage;
    assert_int_equal(key_usage_open(&usage, &options), ERR_OK);
    return usage;
}

static void count(struct key_usage *usage, const char *programme, uint16_t generation,
                  unsigned terminal, int64_t boot_ms) {
    uint8_t hash[KEY_USAGE_TERMINAL_BYTES] = {(uint8_t)(terminal >> 8), (uint8_t)terminal};
    char name[16];
    (void)snprintf(name, sizeof name, "T-%u", terminal);
    const struct key_usage_use use = {.purpose = HSM_PURPOSE_PARTNER,
                                      .generation = generation,
                                      .programme = programme,
                                      .terminal = terminal > 0 ? hash : NULL,
                                      .terminal_name = terminal > 0 ? name : ""};
    key_usage_count(usage, &use, boot_ms);
}

static void count_many(struct key_usage *usage, const char *programme, uint16_t generation,
                       unsigned times, int64_t boot_ms) {
    for (unsigned i = 0; i < times; i++)
        count(usage, programme, generation, 0, boot_ms);
}

static void make(struct key_usage *usage, uint16_t generation, int64_t boot_ms) {
    const struct key_usage_key key = {HSM_PURPOSE_PARTNER, generation};
    key_usage_report_make(usage, &key, PER_MILLE, boot_ms, &report);
}

static const struct key_usage_programme *find(const char *programme) {
    for (size_t i = 0; i < report.programme_count; i++)
        if (strcmp(report.programmes[i].programme, programme) == 0)
            return &report.programmes[i];
    return NULL;
}

static void expect(const char *programme, uint64_t hour, uint64_t day, uint64_t month) {
    const struct key_usage_programme *found = find(programme);
    assert_non_null(found);
    assert_int_equal(found->uses[KEY_USAGE_HOUR], hour);
    assert_int_equal(found->uses[KEY_USAGE_DAY], day);
    assert_int_equal(found->uses[KEY_USAGE_MONTH], month);
}

static bool is_held(struct key_usage *usage, uint32_t per_mille, uint16_t generation,
                    int64_t boot_ms) {
    struct key_usage_held held;
    bool found = false;
    key_usage_report_held(usage, per_mille, boot_ms, &held);
    for (size_t i = 0; i < held.count; i++)
        found |=
            held.keys[i].purpose == HSM_PURPOSE_PARTNER && held.keys[i].generation == generation;
    return held.all || found;
}

/* ---- time ---- */

static void uses_leave_the_hour_the_day_and_the_month_in_turn(void **state) {
    (void)state;
    struct key_usage *usage = open_usage(100, 5000);
    count_many(usage, "cdg", 1, 3, 5000);
    make(usage, 1, 5000);
    expect("cdg", 3, 3, 3);
    make(usage, 1, 5000 + 2 * HOUR);
    expect("cdg", 0, 3, 3);
    make(usage, 1, 5000 + DAY);
    expect("cdg", 0, 3, 3);
    make(usage, 1, 5000 + DAY + HOUR);
    expect("cdg", 0, 0, 3);
    make(usage, 1, 5000 + 30 * DAY);
    expect("cdg", 0, 0, 3);
    make(usage, 1, 5000 + 31 * DAY);
    assert_null(find("cdg"));
    key_usage_close(usage);
}

static void each_hour_has_a_counter_of_its_own(void **state) {
    (void)state;
    struct key_usage *usage = open_usage(100, 0);
    for (int hour = 0; hour < 100; hour++)
        count(usage, "cnss", 1, 0, hour * HOUR);
    make(usage, 1, 99 * HOUR);
    expect("cnss", 2, 25, 100);
    make(usage, 1, 109 * HOUR);
    expect("cnss", 0, 15, 100);
    make(usage, 1, 99 * HOUR + 1000 * DAY); /* far beyond what the counters span */
    assert_int_equal(report.programme_count, 0);
    key_usage_close(usage);
}

static void a_clock_that_stands_back_loses_nothing(void **state) {
    (void)state;
    struct key_usage *usage = open_usage(100, 0);
    count_many(usage, "cnss", 1, 2, 50 * HOUR);
    count_many(usage, "cnss", 1, 2, 40 * HOUR);
    make(usage, 1, 10 * HOUR);
    expect("cnss", 4, 4, 4);
    key_usage_close(usage);
}

/* ---- shares ---- */

static void shares_are_rounded_up_and_only_none_is_zero(void **state) {
    (void)state;
    assert_int_equal(key_usage_report_share(0, 0), 0);
    assert_int_equal(key_usage_report_share(0, 1000), 0);
    assert_int_equal(key_usage_report_share(31, 1000), 3100);
    assert_int_equal(key_usage_report_share(1, 3), 33334);
    assert_int_equal(key_usage_report_share(1, UINT32_MAX), 1);
    assert_int_equal(key_usage_report_share(7, 7), 100000);
    assert_int_equal(key_usage_report_share(1, UINT64_MAX), 100000);
}

static void a_threshold_is_exceeded_by_more_than_it_says(void **state) {
    (void)state;
    assert_false(key_usage_report_exceeds(0, 0, 0));
    assert_false(key_usage_report_exceeds(0, 1000, 0));
    assert_true(key_usage_report_exceeds(1, UINT32_MAX, 0));
    assert_false(key_usage_report_exceeds(1, 1000, 1));
    assert_true(key_usage_report_exceeds(2, 1000, 1));
    assert_true(key_usage_report_exceeds(1, 999, 1));
    assert_false(key_usage_report_exceeds(1000, 1000, 1000));
    assert_true(key_usage_report_exceeds(1, UINT64_MAX, 1));
    assert_false(key_usage_report_exceeds(UINT64_MAX, UINT64_MAX, 1000));
}

static void what_would_break_is_told_per_programme_and_the_worst_comes_first(void **state) {
    (void)state;
    struct key_usage *usage = open_usage(100, 0);
    int64_t now = 40 * DAY;
    count_many(usage, "cnss", 2, 500, now);
    count_many(usage, "cdg", 2, 969, now);
    for (unsigned i = 0; i < 31; i++)
        count(usage, "cdg", 1, 1 + i % 2, now);
    make(usage, 1, now);
    assert_int_equal(report.programme_count, 2);
    assert_string_equal(report.programmes[0].programme, "cdg");
    assert_int_equal(report.programmes[0].share, 3100);
    assert_int_equal(report.programmes[0].terminals, 2);
    assert_true(report.programmes[0].holds);
    assert_int_equal(report.programmes[1].share, 0);
    assert_false(report.programmes[1].holds);
    assert_int_equal(report.programmes[1].all[KEY_USAGE_DAY], 500);
    assert_true(report.held && report.covers_day);
    assert_int_equal(report.holding, 1);
    assert_int_equal(report.terminal_count, 2);
    assert_string_equal(report.terminals[0].programme, "cdg");
    assert_string_equal(report.terminals[0].name, "T-1");
    assert_int_equal(report.terminals[0].uses[KEY_USAGE_HOUR], 16);
    assert_true(is_held(usage, PER_MILLE, 1, now));
    assert_true(is_held(usage, PER_MILLE, 2, now));
    assert_false(is_held(usage, PER_MILLE, 3, now));
    key_usage_close(usage);
}

static void another_purpose_is_another_key(void **state) {
    (void)state;
    struct key_usage *usage = open_usage(100, 0);
    const struct key_usage_use use = {
        .purpose = HSM_PURPOSE_REQUEST, .generation = 1, .programme = "cdg", .terminal_name = ""};
    key_usage_count(usage, &use, 40 * DAY);
    make(usage, 1, 40 * DAY);
    assert_int_equal(report.programme_count, 0);
    assert_false(report.held);
    key_usage_close(usage);
}

static void who_is_silent_is_judged_by_the_last_day_on_which_it_asked(void **state) {
    (void)state;
    struct key_usage *usage = open_usage(100, 0);
    int64_t now = 40 * DAY;
    count_many(usage, "weekly", 1, 5, now);
    now += 7 * DAY;
    make(usage, 1, now);
    assert_true(find("weekly")->is_silent && find("weekly")->holds);
    assert_int_equal(find("weekly")->share, 100000);
    count_many(usage, "weekly", 2, 1, now); /* now it has shown that it has changed */
    make(usage, 1, now);
    assert_false(find("weekly")->is_silent || find("weekly")->holds);
    assert_false(is_held(usage, PER_MILLE, 1, now));
    now += 7 * DAY; /* and silence does not bring back what was before */
    make(usage, 1, now);
    assert_true(find("weekly")->is_silent);
    assert_int_equal(find("weekly")->uses[KEY_USAGE_MONTH], 5);
    assert_int_equal(find("weekly")->share, 0);
    assert_false(is_held(usage, PER_MILLE, 1, now));
    key_usage_close(usage);
}

static void before_a_day_was_counted_every_key_is_held(void **state) {
    (void)state;
    struct key_usage *usage = open_usage(100, 7 * HOUR);
    make(usage, 1, 7 * HOUR + DAY - 1);
    assert_true(report.held && !report.covers_day);
    assert_true(is_held(usage, PER_MILLE, 1, 7 * HOUR + DAY - 1));
    assert_false(is_held(usage, KEY_USAGE_PER_MILLE, 1, 7 * HOUR)); /* no threshold, no holding */
    make(usage, 1, 7 * HOUR + DAY);
    assert_false(report.held);
    assert_false(is_held(usage, PER_MILLE, 1, 7 * HOUR + DAY));
    key_usage_close(usage);
}

/* ---- bounds ---- */

static void terminals_over_the_bound_are_counted_together(void **state) {
    (void)state;
    struct key_usage *usage = open_usage(80, 0);
    for (unsigned i = 1; i <= 30; i++)
        count(usage, "many", 1, i, 40 * DAY);
    count(usage, "few", 1, 1000, 40 * DAY); /* one programme leaves the others their room */
    make(usage, 1, 40 * DAY);
    expect("many", 30, 30, 30);
    assert_int_equal(find("many")->terminals, 10);
    assert_int_equal(find("few")->terminals, 1);
    uint64_t sum = 0, other = 0;
    for (size_t i = 0; i < report.terminal_count; i++) {
        sum += report.terminals[i].uses[KEY_USAGE_DAY];
        other += report.terminals[i].is_other ? report.terminals[i].uses[KEY_USAGE_DAY] : 0;
    }
    assert_int_equal(sum, 31);
    assert_int_equal(other, 20);
    assert_int_equal(report.uncounted, 0);
    key_usage_close(usage);
}

static void programmes_over_the_bound_are_counted_together_and_hold(void **state) {
    (void)state;
    struct key_usage *usage = open_usage(40, 0);
    for (unsigned i = 0; i < 200; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "p-%03u", i);
        count(usage, name, 1, 0, 40 * DAY);
    }
    make(usage, 1, 40 * DAY);
    uint64_t sum = 0;
    for (size_t i = 0; i < report.programme_count; i++)
        sum += report.programmes[i].uses[KEY_USAGE_DAY];
    assert_int_equal(sum, 200);
    assert_non_null(find(""));
    assert_true(find("")->holds);
    assert_int_equal(report.uncounted, 0);
    key_usage_close(usage);
}

static void what_finds_no_room_at_all_is_told_and_holds_every_key(void **state) {
    (void)state;
    struct key_usage *usage = open_usage(0, 0);
    for (unsigned generation = 1; generation <= 300; generation++)
        count(usage, "any", (uint16_t)generation, 0, 40 * DAY);
    make(usage, 999, 40 * DAY);
    assert_true(report.uncounted > 0);
    assert_true(report.held);
    assert_true(is_held(usage, PER_MILLE, 999, 40 * DAY));
    key_usage_close(usage);
}

static void more_programmes_than_are_told_leave_out_the_smallest_shares(void **state) {
    (void)state;
    struct key_usage *usage = open_usage(8000, 0);
    for (unsigned i = 0; i < 600; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "p-%03u", i);
        count(usage, name, i >= 590 ? 1 : 2, 0, 40 * DAY);
    }
    make(usage, 1, 40 * DAY);
    assert_int_equal(report.programme_count, KEY_USAGE_PROGRAMMES_MAX);
    assert_int_equal(report.programmes_left_out, 600 - KEY_USAGE_PROGRAMMES_MAX);
    assert_int_equal(report.holding, 10);
    for (size_t i = 0; i < 10; i++)
        assert_true(report.programmes[i].holds);
    key_usage_close(usage);
}

/* ---- the file ---- */

static struct store_directory directory;

static struct kv *open_file(void) {
    static const char *const tables[] = {"usage"};
    const struct kv_options options = {.path = directory.path,
                                       .map_bytes = (size_t)64 << 20,
                                       .tables = tables,
                                       .table_count = 1,
                                       .file_mode = 0600};
    struct kv *file;
    assert_int_equal(kv_open(&file, &options), ERR_OK);
    return file;
}

static int make_directory(void **state) {
    (void)state;
    directory = store_fixture_directory();
    return 0;
}

static int remove_directory(void **state) {
    (void)state;
    store_fixture_remove(&directory);
    return 0;
}

static void fill(struct kv *file, int64_t boot_ms) {
    struct key_usage *usage = open_usage(4000, boot_ms);
    assert_int_equal(key_usage_file_load(usage, file, TABLE, boot_ms), ERR_OK);
    for (unsigned i = 1; i <= 450; i++) /* more than one part of a settle */
        count(usage, i % 2 == 0 ? "cnss" : "cdg", 1, i, boot_ms + 30 * HOUR);
    count_many(usage, "cnss", 2, 7, boot_ms + 30 * HOUR);
    assert_int_equal(key_usage_file_save(usage, file, TABLE, boot_ms + 30 * HOUR), ERR_OK);
    key_usage_close(usage);
}

static void a_restart_goes_on_where_the_counting_was(void **state) {
    (void)state;
    struct kv *file = open_file();
    fill(file, 1000);
    int64_t boot_ms = 500; /* of another boot, days later: that time was not counted */
    struct key_usage *usage = open_usage(4000, boot_ms);
    assert_int_equal(key_usage_file_load(usage, file, TABLE, boot_ms), ERR_OK);
    make(usage, 1, boot_ms);
    assert_true(report.covers_day);
    assert_true(report.since_wall_ms == SINCE);
    expect("cnss", 225, 225, 225);
    expect("cdg", 225, 225, 225);
    assert_int_equal(find("cnss")->all[KEY_USAGE_DAY], 232);
    assert_int_equal(find("cdg")->terminals, 225);
    make(usage, 1, boot_ms + 2 * HOUR);
    expect("cdg", 0, 225, 225);
    key_usage_close(usage);
    kv_close(file);
}

static void it_is_written_once_a_minute_and_in_parts(void **state) {
    (void)state;
    struct kv *file = open_file();
    struct key_usage *usage = open_usage(8000, 0);
    for (unsigned i = 1; i <= 900; i++)
        count(usage, "cdg", 1, i, 1000);
    assert_int_equal(key_usage_file_settle(usage, file, TABLE, 59999), ERR_OK);
    struct kv_txn txn = kv_read(file);
    assert_int_equal(kv_count(&txn, TABLE), 0);
    kv_abort(&txn);
    assert_int_equal(key_usage_file_settle(usage, file, TABLE, 60000), ERR_OK);
    txn = kv_read(file);
    assert_int_equal(kv_count(&txn, TABLE), 1 + 512);
    kv_abort(&txn);
    assert_int_equal(key_usage_file_settle(usage, file, TABLE, 60001), ERR_OK);
    txn = kv_read(file);
    assert_int_equal(kv_count(&txn, TABLE), 1 + 902);
    kv_abort(&txn);
    key_usage_close(usage);
    kv_close(file);
}

static void what_counted_nothing_for_a_month_leaves_memory_and_file(void **state) {
    (void)state;
    struct kv *file = open_file();
    fill(file, 0);
    struct key_usage *usage = open_usage(4000, 0);
    assert_int_equal(key_usage_file_load(usage, file, TABLE, 0), ERR_OK);
    count_many(usage, "cnss", 2, 1, 20 * DAY);
    assert_int_equal(key_usage_file_save(usage, file, TABLE, 40 * DAY), ERR_OK);
    struct kv_txn txn = kv_read(file);
    assert_int_equal(kv_count(&txn, TABLE), 1 + 2); /* the mark, and cnss with all and with 2 */
    kv_abort(&txn);
    make(usage, 2, 40 * DAY);
    expect("cnss", 0, 0, 1);
    key_usage_close(usage);
    kv_close(file);
}

struct damage {
    uint8_t key[128], value[512];
    struct bytes key_view, value_view;
};

static enum err take_first(void *context, struct bytes key, struct bytes value) {
    struct damage *damage = context;
    memcpy(damage->key, key.data, key.len);
    memcpy(damage->value, value.data, value.len);
    damage->key_view = bytes_of(damage->key, key.len);
    damage->value_view = bytes_of(damage->value, value.len);
    return ERR_FULL;
}

static void damage_begins_the_counting_anew_which_holds_for_a_day(void **state) {
    (void)state;
    struct kv *file = open_file();
    static struct damage damage;
    fill(file, 0);
    struct kv_txn txn = kv_write(file);
    assert_int_equal(kv_each(&txn, TABLE, bytes_of(NULL, 0), take_first, &damage), ERR_FULL);
    damage.value[20] ^= 1;
    kv_put(&txn, TABLE, damage.key_view, damage.value_view);
    assert_int_equal(kv_commit(&txn), ERR_OK);
    struct key_usage *usage = open_usage(4000, 0);
    assert_int_equal(key_usage_file_load(usage, file, TABLE, 0), ERR_OK);
    make(usage, 1, 0);
    assert_int_equal(report.programme_count, 0);
    assert_true(report.held && !report.covers_day);
    txn = kv_read(file);
    assert_int_equal(kv_count(&txn, TABLE), 0);
    kv_abort(&txn);
    key_usage_close(usage);
    kv_close(file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uses_leave_the_hour_the_day_and_the_month_in_turn),
        cmocka_unit_test(each_hour_has_a_counter_of_its_own),
        cmocka_unit_test(a_clock_that_stands_back_loses_nothing),
        cmocka_unit_test(shares_are_rounded_up_and_only_none_is_zero),
        cmocka_unit_test(a_threshold_is_exceeded_by_more_than_it_says),
        cmocka_unit_test(what_would_break_is_told_per_programme_and_the_worst_comes_first),
        cmocka_unit_test(another_purpose_is_another_key),
        cmocka_unit_test(who_is_silent_is_judged_by_the_last_day_on_which_it_asked),
        cmocka_unit_test(before_a_day_was_counted_every_key_is_held),
        cmocka_unit_test(terminals_over_the_bound_are_counted_together),
        cmocka_unit_test(programmes_over_the_bound_are_counted_together_and_hold),
        cmocka_unit_test(what_finds_no_room_at_all_is_told_and_holds_every_key),
        cmocka_unit_test(more_programmes_than_are_told_leave_out_the_smallest_shares),
        cmocka_unit_test_setup_teardown(a_restart_goes_on_where_the_counting_was, make_directory,
                                        remove_directory),
        cmocka_unit_test_setup_teardown(it_is_written_once_a_minute_and_in_parts, make_directory,
                                        remove_directory),
        cmocka_unit_test_setup_teardown(what_counted_nothing_for_a_month_leaves_memory_and_file,
                                        make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(damage_begins_the_counting_anew_which_holds_for_a_day,
                                        make_directory, remove_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
