#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/core_clock.h"
#include "tests/unit/lane_party.h"

/* One of many questions kills the worker that had taken them all: that one is refused, and every
 * other is answered. The test plays a worker that dies whenever it looks at person GUILTY's. */
enum { CALLERS = 5, GUILTY = 3, ALSO_GUILTY = 4, HELD_MAX = 8 };

static struct lane_box box;
static uint64_t ids[CALLERS + 1];
static struct lane_party_answer probed, held[HELD_MAX];

static int make(void **state) {
    (void)state;
    core_clock_shift_ms = 0;
    lane_fixture_make(&box, "");
    return 0;
}

static int unmake(void **state) {
    (void)state;
    lane_fixture_remove(&box);
    return 0;
}

static const char *transaction_of(unsigned caller) {
    static const char *const transactions[] = {"0000000000", "1111111111", "2222222222",
                                               "3333333333", "4444444444", "5555555555"};
    return transactions[caller];
}

static void post(unsigned caller) {
    const struct lane_post asks = {LANE_FIRST, transaction_of(caller), NULL, caller};
    ids[caller] = lane_fixture_post(&box, &asks);
}

static void post_all(void) {
    for (unsigned caller = 1; caller <= CALLERS; caller++)
        post(caller);
}

/* The worker takes the next ${count} questions. */
static void take(unsigned count) {
    for (unsigned i = 0; i < count; i++)
        lane_party_hold(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE, &held[i]);
}

/* Whose question is held at ${place}. */
static unsigned asker(unsigned place) {
    uint64_t slot = held[place].frame.id ^ box.lane->frame_ids;
    assert_true(slot < LANE_REQUESTS_MAX);
    for (unsigned caller = 1; caller <= CALLERS; caller++) {
        if (box.lane->requests[slot].edge_id == ids[caller])
            return caller;
    }
    fail();
    return 0;
}

static void answer(unsigned place) {
    lane_fixture_send(&box, PARTY_UNSEAL, &held[place].frame);
}

static void pass_probe(void) {
    lane_fixture_send(&box, PARTY_UNSEAL, &probed.frame);
}

static void expect_refused(unsigned caller) {
    struct lane_party_result result = lane_party_result(&box);
    assert_int_equal(result.id, ids[caller]);
    assert_int_equal(result.status, 503);
}

static void expect_yes(unsigned caller) {
    lane_party_play(&box, PARTY_SIGNER, HSM_LOOKUP);
    lane_party_play(&box, PARTY_SIGNER, HSM_STATEMENT);
    struct lane_party_result result = lane_party_result(&box);
    assert_int_equal(result.id, ids[caller]);
    assert_int_equal(result.status, 200);
}

/* One at a time is asked; the worker dies with the guilty ones. */
static void hold_trials(unsigned suspects) {
    for (unsigned i = 0; i < suspects; i++) {
        take(1);
        assert_true(lane_fixture_is_silent(&box, PARTY_UNSEAL));
        unsigned caller = asker(0);
        if (caller != GUILTY && caller != ALSO_GUILTY) {
            answer(0);
            expect_yes(caller);
            continue;
        }
        lane_party_succeed(&box, &probed);
        expect_refused(caller);
        pass_probe();
    }
}

static void expect_peace(void) {
    assert_true(lane_fixture_is_silent(&box, PARTY_UNSEAL));
    assert_int_equal(box.lane->free_count, LANE_REQUESTS_MAX);
    post(1);
    take(1);
    answer(0);
    expect_yes(1);
}

static void the_neighbours_of_a_poisonous_request_are_all_served(void **state) {
    (void)state;
    post_all();
    take(CALLERS);
    lane_party_succeed(&box, &probed);
    pass_probe();
    hold_trials(CALLERS);
    expect_peace();
}

/* What the dead worker had not taken is answered by its successor, and stands no trial. */
static void what_was_left_in_the_socket_is_answered_from_there(void **state) {
    (void)state;
    post_all();
    take(CALLERS);
    lane_party_succeed(&box, &probed);
    for (unsigned place = 0; place < CALLERS; place++) {
        unsigned caller = asker(place);
        if (caller == GUILTY || caller == ALSO_GUILTY)
            continue;
        answer(place);
        expect_yes(caller);
    }
    pass_probe();
    hold_trials(2);
    expect_peace();
}

/* A second poisonous request is left in the socket: it kills the successor before anybody is on
 * trial, and nobody is blamed for that. */
static void a_death_before_the_probes_answer_blames_nobody(void **state) {
    (void)state;
    post_all();
    take(CALLERS);
    lane_party_succeed(&box, &probed);
    struct lane_party_answer stale = probed;
    stale.frame.payload.data = stale.memory;
    lane_party_succeed(&box, &probed);
    lane_fixture_send(&box, PARTY_UNSEAL, &stale.frame); /* proves nothing any more */
    assert_true(lane_fixture_is_silent(&box, PARTY_EDGE));
    assert_true(lane_fixture_is_silent(&box, PARTY_UNSEAL));
    pass_probe();
    hold_trials(CALLERS);
    expect_peace();
}

/* Who comes meanwhile waits: it would not be alone with the worker. */
static void newcomers_wait_for_the_last_trial(void **state) {
    (void)state;
    post(GUILTY);
    post(1);
    take(2);
    lane_party_succeed(&box, &probed);
    post(2);
    assert_true(lane_fixture_is_silent(&box, PARTY_UNSEAL));
    pass_probe();
    post(5);
    hold_trials(2);
    take(2); /* both at once again */
    for (unsigned place = 0; place < 2; place++) {
        unsigned caller = asker(place);
        answer(place);
        expect_yes(caller);
    }
    expect_peace();
}

/* The worker may still be busy with it: the next one is asked when that is certain. */
static void after_a_trial_that_passed_its_deadline_the_road_is_probed_anew(void **state) {
    (void)state;
    post(1);
    take(1);
    lane_party_succeed(&box, &probed);
    pass_probe();
    take(1);
    core_clock_shift_ms += box.core->settings.deadline_ms + 1;
    expect_refused(1);
    post(2);
    lane_party_hold(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE, &probed);
    assert_true(lane_fixture_is_silent(&box, PARTY_UNSEAL));
    pass_probe();
    take(1);
    assert_int_equal(asker(0), 2);
    answer(0);
    expect_yes(2);
}

/* A successor that authd never saw ready takes the probe along: the one after it gets another. */
static void every_successor_is_probed(void **state) {
    (void)state;
    post(1);
    take(1);
    lane_party_succeed(&box, &probed);
    lane_fixture_peer_up(&box, PARTY_UNSEAL);
    lane_party_hold(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE, &probed);
    pass_probe();
    take(1);
    assert_int_equal(asker(0), 1);
    answer(0);
    expect_yes(1);
}

/* Of a worker that recycles nobody hears but that its successor is up. */
static void a_successor_without_a_death_changes_nothing(void **state) {
    (void)state;
    post(1);
    take(1);
    lane_fixture_peer_up(&box, PARTY_UNSEAL);
    assert_true(lane_fixture_is_silent(&box, PARTY_UNSEAL));
    answer(0);
    expect_yes(1);
}

/* An answer that is none convicts as a death does. */
static void who_makes_a_worker_break_the_protocol_alone_is_refused(void **state) {
    (void)state;
    post(GUILTY);
    post(1);
    take(2);
    lane_party_succeed(&box, &probed);
    pass_probe();
    for (unsigned trial = 0; trial < 2; trial++) {
        take(1);
        unsigned caller = asker(0);
        if (caller == GUILTY) {
            held[0].frame.payload.len--;
            answer(0);
            expect_refused(GUILTY);
            assert_true(lane_fixture_was_reported(&box, PARTY_UNSEAL));
            lane_party_succeed(&box, &probed);
            pass_probe();
        } else {
            answer(0);
            expect_yes(caller);
        }
    }
    expect_peace();
}

#define SUSPECTS_TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void) {
    const struct CMUnitTest tests[] = {
        SUSPECTS_TEST(the_neighbours_of_a_poisonous_request_are_all_served),
        SUSPECTS_TEST(what_was_left_in_the_socket_is_answered_from_there),
        SUSPECTS_TEST(a_death_before_the_probes_answer_blames_nobody),
        SUSPECTS_TEST(newcomers_wait_for_the_last_trial),
        SUSPECTS_TEST(after_a_trial_that_passed_its_deadline_the_road_is_probed_anew),
        SUSPECTS_TEST(every_successor_is_probed),
        SUSPECTS_TEST(a_successor_without_a_death_changes_nothing),
        SUSPECTS_TEST(who_makes_a_worker_break_the_protocol_alone_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
