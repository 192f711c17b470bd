#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authd/edge/connections.h"

#define COUNT 3
#define EPOCH UINT64_C(0xabcdef0123456789)

static const int64_t limit_ms[PHASES] = {
    [PHASE_HANDSHAKE] = 10, [PHASE_HEAD] = 20, [PHASE_REQUEST] = 30,
    [PHASE_ANSWER] = 40,    [PHASE_IDLE] = 50,
};

static int open_table(void **state) {
    static struct connections connections;
    *state = &connections;
    return connections_open(&connections, COUNT, EPOCH, limit_ms) == ERR_OK ? 0 : -1;
}

static int close_table(void **state) {
    connections_close(*state);
    return 0;
}

static struct connection *take(struct connections *connections, int64_t now_ms) {
    struct connection *connection = NULL;
    assert_int_equal(connections_take(connections, now_ms, &connection), ERR_OK);
    return connection;
}

static void there_are_as_many_as_asked_for(void **state) {
    struct connections *connections = *state;
    struct connection *taken[COUNT], *more = NULL;
    for (size_t i = 0; i < COUNT; i++)
        taken[i] = take(connections, 0);
    assert_int_equal(connections_take(connections, 0, &more), ERR_FULL);
    connections_release(connections, taken[1]);
    assert_ptr_equal(take(connections, 0), taken[1]);
}

static void more_than_a_frame_id_can_name_are_refused(void **state) {
    (void)state;
    struct connections connections;
    assert_int_equal(connections_open(&connections, CONNECTIONS_MAX + 1, EPOCH, limit_ms),
                     ERR_TOO_LARGE);
}

static void each_phase_has_its_deadline(void **state) {
    struct connections *connections = *state;
    struct connection *connection = take(connections, 1000);
    for (enum connection_phase phase = PHASE_HANDSHAKE; phase < PHASE_CUT; phase++) {
        connections_enter(connections, connection, phase, 1000);
        assert_null(connections_expired(connections, 1000 + limit_ms[phase] - 1));
        assert_int_equal(connections_wait_ms(connections, 1001), limit_ms[phase] - 1);
        assert_ptr_equal(connections_expired(connections, 1000 + limit_ms[phase]), connection);
        assert_int_equal(connections_wait_ms(connections, 5000), 0);
    }
}

static void one_that_was_cut_or_released_never_expires(void **state) {
    struct connections *connections = *state;
    struct connection *cut = take(connections, 0);
    struct connection *released = take(connections, 0);
    connections_enter(connections, cut, PHASE_CUT, 0);
    connections_release(connections, released);
    assert_null(connections_expired(connections, INT64_MAX));
    assert_int_equal(connections_wait_ms(connections, 0), -1);
}

static void the_longest_waiting_of_a_client_has_no_request_under_way(void **state) {
    struct connections *connections = *state;
    struct connection *busy = take(connections, 0), *idle = take(connections, 0),
                      *others = take(connections, 0);
    busy->client = idle->client = 7;
    others->client = 8;
    connections_enter(connections, busy, PHASE_REQUEST, 1);
    connections_enter(connections, idle, PHASE_IDLE, 100);
    assert_ptr_equal(connections_longest_waiting(connections, 7), idle);
    connections_enter(connections, busy, PHASE_HEAD, 101);
    assert_ptr_equal(connections_longest_waiting(connections, 7), idle); /* not: whose limit ends */
    connections_enter(connections, idle, PHASE_CUT, 0);
    assert_ptr_equal(connections_longest_waiting(connections, 7), busy);
    assert_null(connections_longest_waiting(connections, 9));
}

static void only_the_answer_waited_for_finds_its_connection(void **state) {
    struct connections *connections = *state;
    struct connection *connection = take(connections, 0);
    uint64_t id = connections_frame_id(connections, connection);
    uint32_t generation = connection->generation;
    assert_null(connections_find(connections, id, generation)); /* nothing was asked */
    connection->request.waiting = true;
    assert_ptr_equal(connections_find(connections, id, generation), connection);
    assert_null(connections_find(connections, id, generation + 1));
    assert_null(connections_find(connections, id + 1, generation));
    assert_null(connections_find(connections, id + COUNT, generation));
    assert_null(connections_find(connections, id ^ (UINT64_C(1) << 63), generation));
}

static void an_answer_to_the_request_before_is_late(void **state) {
    struct connections *connections = *state;
    struct connection *connection = take(connections, 0);
    uint64_t id = connections_frame_id(connections, connection);
    uint32_t generation = connection->generation;
    connection->request.waiting = true;
    connections_next_request(connection);
    connection->request.waiting = true;
    assert_null(connections_find(connections, id, generation));
    assert_ptr_equal(connections_find(connections, id, connection->generation), connection);
}

static void an_answer_to_the_connection_before_is_late(void **state) {
    struct connections *connections = *state;
    struct connection *connection = take(connections, 0);
    uint32_t generation = connection->generation;
    uint64_t id = connections_frame_id(connections, connection);
    connection->request.waiting = true;
    connections_release(connections, connection);
    assert_ptr_equal(take(connections, 0), connection);
    connection->request.waiting = true;
    assert_null(connections_find(connections, id, generation));
}

static void an_answer_to_an_edge_that_died_finds_nothing(void **state) {
    struct connections *connections = *state, successor;
    struct connection *before = take(connections, 0);
    assert_int_equal(connections_open(&successor, COUNT, EPOCH + 1, limit_ms), ERR_OK);
    struct connection *now = take(&successor, 0);
    now->request.waiting = true;
    assert_int_equal(now->generation, before->generation);
    assert_null(connections_find(&successor, connections_frame_id(connections, before),
                                 before->generation));
    connections_close(&successor);
}

static void the_next_request_begins_with_nothing_of_the_last(void **state) {
    struct connections *connections = *state;
    struct connection *connection = take(connections, 0);
    struct connection_request *request = &connection->request;
    request->body = malloc(10);
    assert_non_null(request->body);
    memset(request->body, 'x', 10);
    request->body_len = request->body_size = 10;
    request->begun = request->waiting = true;
    request->verdict.status = 413;
    request->answer_status = 503;
    request->head.seen[HEAD_SIGNATURE] = true;
    connections_next_request(connection);
    assert_null(request->body);
    assert_int_equal(request->body_len, 0);
    assert_int_equal(request->body_size, 0);
    assert_false(request->begun);
    assert_false(request->waiting);
    assert_int_equal(request->verdict.status, 0);
    assert_int_equal(request->answer_status, 0);
    assert_false(request->head.seen[HEAD_SIGNATURE]);
}

static void the_next_connection_has_proved_nothing(void **state) {
    struct connections *connections = *state;
    struct connection *connection = take(connections, 0);
    connection->mutual.proven = connection->mutual.refused = true;
    memset(connection->mutual.thumbprint, 7, sizeof connection->mutual.thumbprint);
    connections_release(connections, connection);
    assert_ptr_equal(take(connections, 0), connection);
    assert_false(connection->mutual.proven || connection->mutual.refused);
    assert_int_equal(connection->mutual.thumbprint[0], 0);
}

#define WITH_TABLE(test) cmocka_unit_test_setup_teardown(test, open_table, close_table)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_TABLE(there_are_as_many_as_asked_for),
        cmocka_unit_test(more_than_a_frame_id_can_name_are_refused),
        WITH_TABLE(each_phase_has_its_deadline),
        WITH_TABLE(one_that_was_cut_or_released_never_expires),
        WITH_TABLE(the_longest_waiting_of_a_client_has_no_request_under_way),
        WITH_TABLE(only_the_answer_waited_for_finds_its_connection),
        WITH_TABLE(an_answer_to_the_request_before_is_late),
        WITH_TABLE(an_answer_to_the_connection_before_is_late),
        WITH_TABLE(an_answer_to_an_edge_that_died_finds_nothing),
        WITH_TABLE(the_next_request_begins_with_nothing_of_the_last),
        WITH_TABLE(the_next_connection_has_proved_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
