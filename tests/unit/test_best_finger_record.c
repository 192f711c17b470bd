#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "authd/core/best_finger_record.h"

enum {
    RIGHT_THUMB = 1,
    RIGHT_INDEX,
    RIGHT_MIDDLE,
    RIGHT_RING,
    RIGHT_LITTLE,
    LEFT_THUMB,
    LEFT_INDEX,
    LEFT_MIDDLE,
    LEFT_RING,
    LEFT_LITTLE,
};
#define ALL  0x7feu
#define WEEK (7 * 24 * 3600 * INT64_C(1000))
#define NOW  (2900 * WEEK)

static void see(struct best_finger_record *record, uint8_t position, bool matched, unsigned times,
                int64_t wall_ms) {
    struct best_finger_seen seen = {.position = position, .matched = matched};
    for (unsigned i = 0; i < times; i++)
        best_finger_record_add(record, &seen, 1, wall_ms);
}

static void fingers_without_a_record_come_as_they_usually_do(void **state) {
    (void)state;
    static const uint8_t order[] = {RIGHT_INDEX,  LEFT_INDEX,  RIGHT_THUMB, LEFT_THUMB,
                                    RIGHT_MIDDLE, LEFT_MIDDLE, RIGHT_RING,  LEFT_RING,
                                    RIGHT_LITTLE, LEFT_LITTLE};
    const struct best_finger_record nothing = {0};
    uint32_t candidates = ALL;
    for (size_t i = 0; i < sizeof order; i++) {
        assert_int_equal(best_finger_record_choose(&nothing, candidates, NOW), order[i]);
        candidates &= ~(1u << order[i]);
    }
    assert_int_equal(best_finger_record_choose(&nothing, candidates, NOW), 0);
}

static void only_candidates_are_chosen(void **state) {
    (void)state;
    struct best_finger_record record = {0};
    see(&record, RIGHT_INDEX, true, 10, NOW);
    for (uint32_t candidates = 0; candidates <= ALL; candidates += 2) {
        uint8_t chosen = best_finger_record_choose(&record, candidates, NOW);
        assert_int_equal(chosen != 0, candidates != 0);
        assert_true(chosen == 0 || (candidates & 1u << chosen) != 0);
    }
    assert_int_equal(best_finger_record_choose(&record, ~ALL, NOW), 0);
}

static void what_matched_is_chosen_before_what_usually_does(void **state) {
    (void)state;
    struct best_finger_record record = {0};
    see(&record, LEFT_LITTLE, true, 3, NOW);
    assert_int_equal(best_finger_record_choose(&record, ALL, NOW), LEFT_LITTLE);
}

static void what_failed_is_chosen_last(void **state) {
    (void)state;
    struct best_finger_record record = {0};
    see(&record, RIGHT_INDEX, false, 3, NOW);
    assert_int_equal(best_finger_record_choose(&record, ALL, NOW), LEFT_INDEX);
    see(&record, LEFT_INDEX, false, 3, NOW);
    assert_int_equal(best_finger_record_choose(&record, ALL, NOW), RIGHT_THUMB);
}

static void a_finger_that_always_fails_is_not_chosen_at_all(void **state) {
    (void)state;
    struct best_finger_record record = {0};
    see(&record, RIGHT_INDEX, false, 100, NOW);
    assert_int_equal(best_finger_record_choose(&record, 1u << RIGHT_INDEX, NOW), 0);
    see(&record, RIGHT_INDEX, true, 4, NOW);
    assert_int_equal(best_finger_record_choose(&record, 1u << RIGHT_INDEX, NOW), RIGHT_INDEX);
}

static void late_tries_say_more_than_early_ones(void **state) {
    (void)state;
    struct best_finger_record record = {0};
    see(&record, RIGHT_INDEX, true, 20, NOW);
    see(&record, RIGHT_INDEX, false, 8, NOW);
    see(&record, RIGHT_RING, false, 20, NOW);
    see(&record, RIGHT_RING, true, 8, NOW);
    assert_int_equal(best_finger_record_choose(&record, 1u << RIGHT_INDEX | 1u << RIGHT_RING, NOW),
                     RIGHT_RING);
}

/* After a cut has healed, a year later, the finger is as any other. */
static void time_forgets(void **state) {
    (void)state;
    struct best_finger_record record = {0};
    see(&record, RIGHT_INDEX, false, 100, NOW);
    assert_int_equal(best_finger_record_choose(&record, ALL, NOW + 4 * WEEK), LEFT_INDEX);
    assert_int_equal(best_finger_record_choose(&record, ALL, NOW + 56 * WEEK), RIGHT_INDEX);
}

static void a_quarter_of_a_year_halves_a_weight(void **state) {
    (void)state;
    struct best_finger_record record = {0};
    see(&record, RIGHT_INDEX, true, 100, NOW);
    unsigned before = record.tries[RIGHT_INDEX];
    best_finger_record_add(&record, NULL, 0, NOW + 13 * WEEK);
    assert_in_range(record.tries[RIGHT_INDEX], before * 45 / 100, before * 52 / 100);
}

static void it_does_not_matter_how_often_a_record_is_brought_up_to_date(void **state) {
    (void)state;
    struct best_finger_record one = {0}, other;
    for (uint8_t position = 1; position < BEST_FINGER_POSITIONS; position++)
        see(&one, position, position % 3 != 0, position, NOW);
    other = one;
    best_finger_record_add(&one, NULL, 0, NOW + 40 * WEEK);
    for (int64_t week = 1; week <= 40; week++)
        best_finger_record_add(&other, NULL, 0, NOW + week * WEEK);
    assert_memory_equal(&one, &other, sizeof one);
}

static void a_clock_that_was_set_back_ages_nothing(void **state) {
    (void)state;
    struct best_finger_record record = {0}, before;
    see(&record, RIGHT_INDEX, true, 5, NOW);
    before = record;
    best_finger_record_add(&record, NULL, 0, NOW - 100 * WEEK);
    assert_memory_equal(&record, &before, sizeof before);
    best_finger_record_add(&record, NULL, 0, -1);
    best_finger_record_add(&record, NULL, 0, INT64_MIN);
    assert_memory_equal(&record, &before, sizeof before);
}

/* Somebody else's finger, presented for this person's, matches nothing: that is no reason to
 * believe the person's own as little as if one of theirs had matched beside it. */
static void a_request_where_nothing_matched_counts_half(void **state) {
    (void)state;
    struct best_finger_record alone = {0}, beside = {0};
    const struct best_finger_seen both[] = {{RIGHT_THUMB, false}, {RIGHT_INDEX, true}};
    best_finger_record_add(&alone, both, 1, NOW);
    best_finger_record_add(&beside, both, 2, NOW);
    assert_int_equal(alone.tries[RIGHT_THUMB] * 2, beside.tries[RIGHT_THUMB]);
    assert_int_equal(alone.matches[RIGHT_THUMB], 0);
    assert_int_equal(beside.matches[RIGHT_INDEX], beside.tries[RIGHT_INDEX]);
}

static void positions_that_no_hand_has_are_passed_over(void **state) {
    (void)state;
    struct best_finger_record record = {0};
    const struct best_finger_record nothing = {.week = NOW / WEEK};
    see(&record, 0, true, 3, NOW);
    see(&record, BEST_FINGER_POSITIONS, true, 3, NOW);
    see(&record, 255, true, 3, NOW);
    assert_memory_equal(&record, &nothing, sizeof record);
}

/* Whatever happens in whatever order, what is written is read back. */
static void every_record_is_encoded_and_read_back(void **state) {
    (void)state;
    struct best_finger_record record = {0}, read;
    uint64_t chance = 1;
    int64_t wall_ms = NOW;
    for (unsigned i = 0; i < 20000; i++) {
        uint8_t memory[BEST_FINGER_BYTES];
        struct buffer target = buffer_over(memory, sizeof memory);
        chance = chance * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        see(&record, (uint8_t)(chance >> 33) % 12, (chance >> 45) % 4 != 0, 1, wall_ms);
        wall_ms += (chance >> 50) % 64 == 0 ? WEEK * (int64_t)((chance >> 57) % 30) : 0;
        best_finger_record_put(&target, &record);
        assert_int_equal(target.err, ERR_OK);
        assert_int_equal(target.len, BEST_FINGER_BYTES);
        assert_int_equal(best_finger_record_get(bytes_of(memory, target.len), &read), ERR_OK);
        assert_memory_equal(&read, &record, sizeof read);
    }
}

static enum err read_changed(size_t at, uint8_t value, size_t len) {
    struct best_finger_record record = {0}, read;
    uint8_t memory[BEST_FINGER_BYTES + 1] = {0};
    struct buffer target = buffer_over(memory, sizeof memory);
    see(&record, RIGHT_THUMB, true, 2, NOW);
    best_finger_record_put(&target, &record);
    memory[at] = value;
    enum err err = best_finger_record_get(bytes_of(memory, len), &read);
    const struct best_finger_record nothing = {0};
    assert_true(err == ERR_OK || memcmp(&read, &nothing, sizeof read) == 0);
    return err;
}

static void what_no_writer_writes_is_corrupt(void **state) {
    (void)state;
    const size_t tries = 4, matches = 5;
    assert_int_equal(read_changed(0, 0, BEST_FINGER_BYTES), ERR_OK);
    assert_int_equal(read_changed(0, 0, BEST_FINGER_BYTES - 1), ERR_CORRUPT);
    assert_int_equal(read_changed(0, 0, BEST_FINGER_BYTES + 1), ERR_CORRUPT);
    assert_int_equal(read_changed(0, 0, 0), ERR_CORRUPT);
    assert_int_equal(read_changed(matches, 31, BEST_FINGER_BYTES), ERR_CORRUPT);
    assert_int_equal(read_changed(tries, BEST_FINGER_TRIES_MAX + 1, BEST_FINGER_BYTES),
                     ERR_CORRUPT);
    assert_int_equal(read_changed(tries, BEST_FINGER_TRIES_MAX, BEST_FINGER_BYTES), ERR_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fingers_without_a_record_come_as_they_usually_do),
        cmocka_unit_test(only_candidates_are_chosen),
        cmocka_unit_test(what_matched_is_chosen_before_what_usually_does),
        cmocka_unit_test(what_failed_is_chosen_last),
        cmocka_unit_test(a_finger_that_always_fails_is_not_chosen_at_all),
        cmocka_unit_test(late_tries_say_more_than_early_ones),
        cmocka_unit_test(time_forgets),
        cmocka_unit_test(a_quarter_of_a_year_halves_a_weight),
        cmocka_unit_test(it_does_not_matter_how_often_a_record_is_brought_up_to_date),
        cmocka_unit_test(a_clock_that_was_set_back_ages_nothing),
        cmocka_unit_test(a_request_where_nothing_matched_counts_half),
        cmocka_unit_test(positions_that_no_hand_has_are_passed_over),
        cmocka_unit_test(every_record_is_encoded_and_read_back),
        cmocka_unit_test(what_no_writer_writes_is_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
