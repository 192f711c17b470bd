#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/clock.h"
#include "firmware/base/serve.h"

enum { QUESTION = 2, ANSWER = 3, ONLY_OPERATIONAL = 4, FAULTY = 6, REMOVING = 8 };
enum { LOCKED = 1, OPERATIONAL = 2 };

/* A loop with one peer, whose other end the test holds. */
struct fixture {
    struct serve *serve;
    struct serve_peer *peer;
    struct pulse pulse;
    int here, there;
    uint64_t ids[4096];
    size_t id_count;
    size_t lost_count;
    enum err lost_reason;
    int descriptor_events;
    int turns;
    int turn_answer;
};

static enum err take_question(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct fixture *fixture = context;
    fixture->ids[fixture->id_count++] = frame->id;
    struct frame answer = {.type = ANSWER,
                           .generation = frame->generation,
                           .id = frame->id,
                           .payload = frame->payload};
    return serve_send(peer, &answer);
}

static enum err take_operational(void *context, struct serve_peer *peer,
                                 const struct frame *frame) {
    (void)peer;
    struct fixture *fixture = context;
    fixture->ids[fixture->id_count++] = frame->id;
    return ERR_OK;
}

static enum err take_faulty(void *context, struct serve_peer *peer, const struct frame *frame) {
    (void)context, (void)peer, (void)frame;
    return ERR_MALFORMED;
}

static enum err take_removing(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct fixture *fixture = context;
    fixture->ids[fixture->id_count++] = frame->id;
    serve_remove_peer(peer);
    serve_remove_peer(peer);
    struct frame late = {.type = ANSWER};
    assert_int_equal(serve_send(peer, &late), ERR_CLOSED);
    return ERR_OK;
}

static const struct serve_verb verbs[] = {
    {QUESTION, SERVE_ANY_STATE, take_question},
    {ONLY_OPERATIONAL, 1u << OPERATIONAL, take_operational},
    {FAULTY, SERVE_ANY_STATE, take_faulty},
    {REMOVING, SERVE_ANY_STATE, take_removing},
};

static void note_lost(void *context, struct serve_peer *peer, enum err reason) {
    (void)peer;
    struct fixture *fixture = context;
    fixture->lost_count++;
    fixture->lost_reason = reason;
}

static struct serve_peer_options options_for(struct fixture *fixture) {
    return (struct serve_peer_options){.name = "peer",
                                       .verbs = verbs,
                                       .verb_count = sizeof verbs / sizeof *verbs,
                                       .lost = note_lost,
                                       .context = fixture};
}

static int set_up(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    int ends[2];
    assert_non_null(fixture);
    assert_int_equal(frame_pair(ends, 1024 * 1024), ERR_OK);
    fixture->here = ends[0];
    fixture->there = ends[1];
    assert_int_equal(serve_open(&fixture->serve, &fixture->pulse), ERR_OK);
    struct serve_peer_options options = options_for(fixture);
    assert_int_equal(serve_add_peer(fixture->serve, fixture->here, &options, &fixture->peer),
                     ERR_OK);
    *state = fixture;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *fixture = *state;
    serve_close(fixture->serve);
    close(fixture->here);
    if (fixture->there >= 0)
        close(fixture->there);
    free(fixture);
    return 0;
}

static void turn(struct fixture *fixture) {
    assert_int_equal(serve_turn(fixture->serve, 0), ERR_OK);
}

static void ask(struct fixture *fixture, uint16_t type, uint64_t id) {
    struct frame frame = {.type = type, .id = id, .payload = bytes_of_text("text")};
    assert_int_equal(frame_send(fixture->there, &frame, 1000), ERR_OK);
}

static void expect_answer(struct fixture *fixture, uint64_t id) {
    static uint8_t memory[FRAME_MAX_BYTES];
    struct frame frame;
    assert_int_equal(frame_receive(fixture->there, memory, sizeof memory, &frame, 1000), ERR_OK);
    assert_int_equal(frame.type, ANSWER);
    assert_true(frame.id == id);
    assert_true(bytes_equal_text(frame.payload, "text"));
}

static void questions_are_answered_in_order_in_batches(void **state) {
    struct fixture *fixture = *state;
    for (uint64_t id = 0; id < 40; id++)
        ask(fixture, QUESTION, id);
    turn(fixture);
    assert_int_equal(fixture->id_count, 16); /* one batch a turn: no peer starves another */
    turn(fixture);
    turn(fixture);
    assert_int_equal(fixture->id_count, 40);
    for (uint64_t id = 0; id < 40; id++)
        expect_answer(fixture, id);
    assert_int_equal(fixture->lost_count, 0);
    assert_int_equal(serve_peer_fd(fixture->peer), fixture->here);
}

static void expect_lost(struct fixture *fixture, enum err reason) {
    turn(fixture);
    assert_int_equal(fixture->lost_count, 1);
    assert_int_equal(fixture->lost_reason, reason);
    turn(fixture);
    assert_int_equal(fixture->lost_count, 1);
}

static void an_unknown_message_is_fatal_for_the_peer(void **state) {
    struct fixture *fixture = *state;
    ask(fixture, QUESTION, 1);
    ask(fixture, ANSWER, 2);
    ask(fixture, QUESTION, 3);
    expect_lost(fixture, ERR_DENIED);
    assert_int_equal(fixture->id_count, 1); /* nothing after the breach is listened to */
}

static void the_state_of_the_box_decides_what_is_allowed(void **state) {
    struct fixture *fixture = *state;
    serve_set_state(fixture->serve, OPERATIONAL);
    ask(fixture, ONLY_OPERATIONAL, 1);
    turn(fixture);
    assert_int_equal(fixture->id_count, 1);
    serve_set_state(fixture->serve, LOCKED);
    ask(fixture, ONLY_OPERATIONAL, 2);
    expect_lost(fixture, ERR_DENIED);
    assert_int_equal(fixture->id_count, 1);
}

static void a_handler_that_fails_drops_the_peer(void **state) {
    struct fixture *fixture = *state;
    ask(fixture, FAULTY, 1);
    expect_lost(fixture, ERR_MALFORMED);
}

static void send_raw(struct fixture *fixture, const void *data, size_t len) {
    assert_int_equal(send(fixture->there, data, len, 0), (ssize_t)len);
}

static void a_short_packet_drops_the_peer(void **state) {
    struct fixture *fixture = *state;
    send_raw(fixture, "short", 5);
    expect_lost(fixture, ERR_TRUNCATED);
}

static void an_oversized_packet_drops_the_peer(void **state) {
    struct fixture *fixture = *state;
    static const uint8_t large[FRAME_MAX_BYTES + 1];
    send_raw(fixture, large, sizeof large);
    expect_lost(fixture, ERR_TOO_LARGE);
}

static void a_closed_socket_is_lost_after_its_last_frames(void **state) {
    struct fixture *fixture = *state;
    ask(fixture, ONLY_OPERATIONAL, 5);
    serve_set_state(fixture->serve, OPERATIONAL);
    close(fixture->there);
    fixture->there = -1;
    expect_lost(fixture, ERR_CLOSED);
    assert_int_equal(fixture->id_count, 1);
}

static void sending_to_a_closed_socket_loses_the_peer_once(void **state) {
    struct fixture *fixture = *state;
    struct frame frame = {.type = ANSWER};
    assert_int_equal(serve_send(fixture->peer, &frame), ERR_OK);
    close(fixture->there);
    fixture->there = -1;
    expect_lost(fixture, ERR_CLOSED);
}

static void a_handler_may_remove_its_peer(void **state) {
    struct fixture *fixture = *state;
    ask(fixture, REMOVING, 1);
    ask(fixture, QUESTION, 2);
    turn(fixture);
    turn(fixture);
    assert_int_equal(fixture->id_count, 1);
    assert_int_equal(fixture->lost_count, 0);

    struct serve_peer_options options = options_for(fixture);
    assert_int_equal(serve_add_peer(fixture->serve, fixture->here, &options, &fixture->peer),
                     ERR_OK);
    ask(fixture, QUESTION, 3);
    turn(fixture);
    expect_answer(fixture, 3);
}

static void the_queue_is_bounded_and_keeps_its_order(void **state) {
    struct fixture *fixture = *state;
    static const uint8_t filler[1000];
    struct serve_peer_options options = options_for(fixture);
    options.queue_bytes = 50 * (sizeof filler + FRAME_HEADER_BYTES);
    serve_remove_peer(fixture->peer);
    turn(fixture);
    assert_int_equal(serve_add_peer(fixture->serve, fixture->here, &options, &fixture->peer),
                     ERR_OK);

    /* Nobody reads at the other end: first the socket fills, then the queue. */
    struct frame frame = {.type = ANSWER, .payload = bytes_of(filler, sizeof filler)};
    uint64_t accepted = 0;
    for (int turns = 0; turns < 1000; turns++) {
        while (serve_send(fixture->peer, &frame) == ERR_OK)
            frame.id = ++accepted;
        uint64_t before = accepted;
        turn(fixture);
        if (serve_send(fixture->peer, &frame) == ERR_OK)
            frame.id = ++accepted;
        if (before == accepted)
            break;
    }
    assert_int_equal(serve_send(fixture->peer, &frame), ERR_FULL);
    assert_true(accepted > 50);
    assert_int_equal(fixture->lost_count, 0);

    static uint8_t memory[FRAME_MAX_BYTES];
    for (uint64_t id = 0; id < accepted; id++) {
        struct frame read;
        while (frame_receive(fixture->there, memory, sizeof memory, &read, 0) == ERR_TIMEOUT)
            turn(fixture);
        assert_true(read.id == id);
    }
    assert_int_equal(serve_send(fixture->peer, &frame), ERR_OK);
}

static void a_payload_that_is_too_large_is_not_queued(void **state) {
    struct fixture *fixture = *state;
    static const uint8_t large[FRAME_PAYLOAD_MAX + 1];
    struct frame frame = {.type = ANSWER, .payload = bytes_of(large, sizeof large)};
    assert_int_equal(serve_send(fixture->peer, &frame), ERR_TOO_LARGE);
}

/* The other end lives in a process that is killed and replaced; the test holds both ends, as authd
 * does. */
static pid_t start_answerer(struct fixture *fixture) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child != 0)
        return child;
    static uint8_t memory[FRAME_MAX_BYTES];
    struct frame frame;
    while (frame_receive(fixture->there, memory, sizeof memory, &frame, 10000) == ERR_OK) {
        frame.type = ONLY_OPERATIONAL;
        if (frame_send(fixture->there, &frame, 1000) != ERR_OK)
            _exit(1);
    }
    _exit(0);
}

static void end_answerer(pid_t child) {
    int status;
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
}

static void tell(struct fixture *fixture, uint64_t id) {
    struct frame frame = {.type = QUESTION, .id = id};
    assert_int_equal(serve_send(fixture->peer, &frame), ERR_OK);
}

static void expect_ids(struct fixture *fixture, size_t count) {
    int64_t deadline = clock_boot_ms() + 10000;
    while (fixture->id_count < count && clock_boot_ms() < deadline)
        assert_int_equal(serve_turn(fixture->serve, 100), ERR_OK);
    assert_int_equal(fixture->id_count, count);
}

static void frames_for_a_dead_process_reach_its_successor(void **state) {
    struct fixture *fixture = *state;
    serve_set_state(fixture->serve, OPERATIONAL);
    pid_t child = start_answerer(fixture);
    tell(fixture, 0);
    expect_ids(fixture, 1);
    end_answerer(child);
    for (uint64_t id = 1; id <= 5; id++)
        tell(fixture, id);
    turn(fixture);
    assert_int_equal(fixture->lost_count, 0);
    child = start_answerer(fixture);
    expect_ids(fixture, 6);
    for (uint64_t id = 0; id <= 5; id++)
        assert_true(fixture->ids[id] == id);
    end_answerer(child);
}

static void take_event(void *context, int fd) {
    struct fixture *fixture = context;
    uint64_t value;
    assert_int_equal(read(fd, &value, sizeof value), sizeof value);
    fixture->descriptor_events++;
    serve_remove_descriptor(fixture->serve, fd);
}

static void another_descriptor_is_watched_until_removed(void **state) {
    struct fixture *fixture = *state;
    int event = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
    assert_int_equal(serve_add_descriptor(fixture->serve, event, take_event, fixture), ERR_OK);
    assert_int_equal(serve_add_descriptor(fixture->serve, event, take_event, fixture), ERR_EXISTS);
    assert_int_equal(serve_add_descriptor(fixture->serve, -1, take_event, fixture), ERR_SYSTEM);
    turn(fixture);
    uint64_t one = 1;
    assert_int_equal(write(event, &one, sizeof one), sizeof one);
    turn(fixture);
    assert_int_equal(fixture->descriptor_events, 1);
    close(event);
}

static int count_turn(void *context) {
    struct fixture *fixture = context;
    fixture->turns++;
    return fixture->turn_answer;
}

static void the_turn_sets_when_it_is_called_again(void **state) {
    struct fixture *fixture = *state;
    fixture->turn_answer = 20;
    serve_on_turn(fixture->serve, count_turn, fixture);
    assert_int_equal(serve_turn(fixture->serve, -1), ERR_OK); /* the first one at once */
    int64_t start = clock_boot_ms();
    assert_int_equal(serve_turn(fixture->serve, -1), ERR_OK);
    assert_in_range(clock_boot_ms() - start, 19, 199);
    assert_int_equal(fixture->turns, 2);
}

static int stop_after_three(void *context) {
    struct fixture *fixture = context;
    if (++fixture->turns == 3)
        serve_stop(fixture->serve);
    return 0;
}

static void the_loop_runs_until_it_is_stopped(void **state) {
    struct fixture *fixture = *state;
    serve_on_turn(fixture->serve, stop_after_three, fixture);
    assert_int_equal(serve_run(fixture->serve), ERR_OK);
    assert_int_equal(fixture->turns, 3);
    assert_int_equal(serve_run(fixture->serve), ERR_OK); /* a stop is not forgotten */
    assert_int_equal(fixture->turns, 3);
}

static void an_idle_loop_touches_its_pulse(void **state) {
    struct fixture *fixture = *state;
    int64_t last = clock_boot_ms();
    for (int i = 0; i < 3; i++) {
        assert_int_equal(serve_turn(fixture->serve, -1), ERR_OK);
        int64_t beat = atomic_load(&fixture->pulse.beat_ms);
        assert_in_range(beat - last, 0, 250);
        last = beat;
    }
}

static void an_announced_silence_ends_with_the_next_turn(void **state) {
    struct fixture *fixture = *state;
    int64_t now = clock_boot_ms();
    serve_announce_silence(fixture->serve, 60000);
    assert_in_range(atomic_load(&fixture->pulse.silent_until_ms) - now, 60000, 61000);
    turn(fixture);
    assert_true(atomic_load(&fixture->pulse.silent_until_ms) == 0);
}

/* What a frame carried must not lie about in memory that is used again. */
static const uint8_t *seen_payload;
static enum err remember_place(void *context, struct serve_peer *peer, const struct frame *frame) {
    (void)context, (void)peer;
    assert_true(bytes_equal_text(frame->payload, "text"));
    seen_payload = frame->payload.data;
    return ERR_OK;
}

static void a_received_frame_is_wiped_after_its_handler(void **state) {
    struct fixture *fixture = *state;
    static const struct serve_verb remembering[] = {{QUESTION, SERVE_ANY_STATE, remember_place}};
    int ends[2];
    assert_int_equal(frame_pair(ends, 65536), ERR_OK);
    struct serve_peer_options options = {.verbs = remembering, .verb_count = 1};
    assert_int_equal(serve_add_peer(fixture->serve, ends[0], &options, NULL), ERR_OK);
    struct frame frame = {.type = QUESTION, .payload = bytes_of_text("text")};
    assert_int_equal(frame_send(ends[1], &frame, 0), ERR_OK);
    turn(fixture);
    static const uint8_t zeroes[4];
    assert_memory_equal(seen_payload, zeroes, sizeof zeroes);
    close(ends[0]);
    close(ends[1]);
}

#define SERVE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        SERVE_TEST(questions_are_answered_in_order_in_batches),
        SERVE_TEST(an_unknown_message_is_fatal_for_the_peer),
        SERVE_TEST(the_state_of_the_box_decides_what_is_allowed),
        SERVE_TEST(a_handler_that_fails_drops_the_peer),
        SERVE_TEST(a_short_packet_drops_the_peer),
        SERVE_TEST(an_oversized_packet_drops_the_peer),
        SERVE_TEST(a_closed_socket_is_lost_after_its_last_frames),
        SERVE_TEST(sending_to_a_closed_socket_loses_the_peer_once),
        SERVE_TEST(a_handler_may_remove_its_peer),
        SERVE_TEST(the_queue_is_bounded_and_keeps_its_order),
        SERVE_TEST(a_payload_that_is_too_large_is_not_queued),
        SERVE_TEST(frames_for_a_dead_process_reach_its_successor),
        SERVE_TEST(another_descriptor_is_watched_until_removed),
        SERVE_TEST(the_turn_sets_when_it_is_called_again),
        SERVE_TEST(the_loop_runs_until_it_is_stopped),
        SERVE_TEST(an_idle_loop_touches_its_pulse),
        SERVE_TEST(an_announced_silence_ends_with_the_next_turn),
        SERVE_TEST(a_received_frame_is_wiped_after_its_handler),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
