#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "authd/core/clients.h"
#include "authd/core/due.h"
#include "tests/unit/core_clock.h"
#include "tests/unit/lane_jose.h"

/* Answers that wait for their time, and the list of clients that edge is told. */
#define MS        INT64_C(1000000) /* in ns */
#define PERIOD_NS (LANE_REFUSAL_MS * MS)

static struct lane_box box;

static int make(void **state) {
    (void)state;
    lane_jose_make(&box, "");
    return 0;
}

static int unmake(void **state) {
    (void)state;
    lane_fixture_remove(&box);
    return 0;
}

/* A request that core took so long ago. */
static struct request *taken(uint64_t id, int64_t ago_ns) {
    struct lane *lane = box.lane;
    struct request *request = &lane->requests[lane->free_slots[--lane->free_count]];
    request->edge.profile = EDGE_PROFILE_JOSE;
    request->edge_id = id;
    request->received_boot_ns = clock_boot_ns() - ago_ns;
    problem_answer(PROBLEM_NOT_AUTHENTICATED, 0, &request->edge_answer);
    return request;
}

static void the_time_is_the_next_multiple_however_long_the_work_took(void **state) {
    (void)state;
    static const int64_t work_ns[] = {0, PERIOD_NS / 3, PERIOD_NS * 3 / 2, PERIOD_NS * 10};
    for (size_t i = 0; i < sizeof work_ns / sizeof *work_ns; i++) {
        struct request *request = taken(i, work_ns[i]);
        due_wait(box.lane, request);
        int64_t waited_ns = request->due_boot_ns - request->received_boot_ns;
        assert_true(waited_ns % PERIOD_NS == 0);
        assert_true(waited_ns > work_ns[i]);
    }
    for (size_t i = 0; i < sizeof work_ns / sizeof *work_ns; i++)
        assert_string_equal(lane_jose_answer(&box).problem, "not-authenticated");
}

static void answers_leave_in_the_order_of_their_times_and_not_before(void **state) {
    (void)state;
    /* Of one moment and a long period, so that a pause of this process changes nothing. */
    const int64_t period_ns = 60 * INT64_C(1000000000), now_ns = clock_boot_ns();
    static const int64_t left_ns[] = {1500 * MS, 2000 * MS, 1000 * MS, 1750 * MS};
    static const uint64_t order[] = {2, 0, 3, 1};
    int64_t due_ns[4];
    box.core->settings.refusal_ms = period_ns / MS;
    for (size_t i = 0; i < 4; i++) {
        struct request *request = taken(i, 0);
        request->received_boot_ns = now_ns - period_ns + left_ns[i];
        due_wait(box.lane, request);
        due_ns[i] = request->due_boot_ns;
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(lane_jose_answer(&box).id, order[i]);
        assert_true(clock_boot_ns() >= due_ns[order[i]]);
    }
}

/* The messages that an answer has behind it share no moment with anybody's answer. */
static void what_follows_an_answer_comes_half_a_period_later(void **state) {
    (void)state;
    const int64_t period_ns = 60 * INT64_C(1000000000);
    box.core->settings.refusal_ms = period_ns / 1000000;
    struct request *request = taken(0, period_ns - PERIOD_NS);
    request->compared = true;
    due_wait(box.lane, request);
    int64_t due_ns = request->due_boot_ns;
    assert_string_equal(lane_jose_answer(&box).problem, "not-authenticated");
    assert_int_equal(request->step, STEP_DUE);
    assert_true(request->is_answered);
    assert_true(request->due_boot_ns == due_ns + period_ns / 2);
}

/* What waits is no request that has passed its deadline. */
static void what_waits_for_its_time_is_not_given_up(void **state) {
    (void)state;
    struct request *request = taken(0, 0);
    request->deadline_boot_ms = 1;
    due_wait(box.lane, request);
    assert_int_equal(serve_turn(box.lane->serve, 0), ERR_OK);
    assert_int_equal(request->step, STEP_DUE);
    assert_string_equal(lane_jose_answer(&box).problem, "not-authenticated");
}

static struct edge_client clients[EDGE_CLIENTS_MAX];

static size_t told(void) {
    size_t count = 0;
    struct frame frame = lane_fixture_receive(&box, PARTY_EDGE, EDGE_CLIENTS);
    assert_int_equal(edge_wire_get_clients(frame.payload, clients, &count), ERR_OK);
    return count;
}

static void edge_is_told_who_is_registered_when_the_list_is_another(void **state) {
    (void)state;
    assert_true(lane_fixture_is_silent(&box, PARTY_EDGE));
    clients_changed(box.core);
    assert_int_equal(told(), 2);
    assert_int_equal(clients[0].thumbprint[0] + clients[1].thumbprint[0], 1 + 2);
    assert_true(clients[0].not_after_ms == INT64_MAX);
    struct registry_batch batch = registry_begin(box.core->registry);
    uint64_t sequence;
    registry_remove_jose_client(&batch, LANE_FIRST);
    assert_int_equal(registry_commit(&batch, &sequence), ERR_OK);
    assert_true(lane_fixture_is_silent(&box, PARTY_EDGE));
    clients_changed(box.core);
    assert_int_equal(told(), 1);
    assert_int_equal(clients[0].thumbprint[0], 2);
}

static void a_new_edge_is_told_again(void **state) {
    (void)state;
    clients_changed(box.core);
    assert_int_equal(told(), 2);
    lane_fixture_peer_down(&box, PARTY_EDGE);
    assert_true(lane_fixture_is_silent(&box, PARTY_EDGE));
    lane_fixture_peer_up(&box, PARTY_EDGE);
    assert_int_equal(told(), 2);
}

static void what_could_not_be_told_is_told_a_second_later(void **state) {
    (void)state;
    static struct secret hoard[4096];
    size_t count = 0;
    for (size_t size = (size_t)1 << 20; size >= 16; size /= 2)
        while (count < sizeof hoard / sizeof *hoard && secret_new(&hoard[count], size) == ERR_OK)
            count++;
    clients_changed(box.core); /* no row can be opened now */
    assert_true(lane_fixture_is_silent(&box, PARTY_EDGE));
    while (count > 0)
        secret_free(&hoard[--count]);
    assert_true(lane_fixture_is_silent(&box, PARTY_EDGE));
    core_clock_shift_ms += 1000;
    assert_int_equal(told(), 2);
    assert_true(lane_fixture_is_silent(&box, PARTY_EDGE));
}

static void nobody_is_told_in_a_box_that_is_not_open_or_has_no_such_profile(void **state) {
    (void)state;
    atomic_store(&box.core->opened, false);
    clients_changed(box.core);
    assert_true(lane_fixture_is_silent(&box, PARTY_EDGE));
    atomic_store(&box.core->opened, true);
    box.core->settings.issuer[0] = '\0';
    assert_true(lane_fixture_is_silent(&box, PARTY_EDGE));
}

#define DUE_TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void) {
    store_fixture_secrets();
    const struct CMUnitTest tests[] = {
        DUE_TEST(the_time_is_the_next_multiple_however_long_the_work_took),
        DUE_TEST(answers_leave_in_the_order_of_their_times_and_not_before),
        DUE_TEST(what_follows_an_answer_comes_half_a_period_later),
        DUE_TEST(what_waits_for_its_time_is_not_given_up),
        DUE_TEST(edge_is_told_who_is_registered_when_the_list_is_another),
        DUE_TEST(a_new_edge_is_told_again),
        DUE_TEST(what_could_not_be_told_is_told_a_second_later),
        DUE_TEST(nobody_is_told_in_a_box_that_is_not_open_or_has_no_such_profile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
