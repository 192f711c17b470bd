#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/core_clock.h"
#include "tests/unit/lane_party.h"

/* Peers that die, are silent or break the protocol: the request they had goes elsewhere, or is
 * refused by its deadline, and the others go on. */
#define TXN       "1234567890"
#define OTHER_TXN "0987654321"

static const struct lane_post asks = {LANE_FIRST, TXN, NULL, 1},
                              other = {LANE_SECOND, OTHER_TXN, NULL, 2};
static struct lane_box box;
static struct lane_party_answer late, answer;

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

static void finish_from_lookup(const char *text) {
    lane_party_play(&box, PARTY_SIGNER, HSM_LOOKUP);
    lane_party_play(&box, PARTY_SIGNER, HSM_STATEMENT);
    assert_string_equal(lane_party_result(&box).text, text);
}

static void expect_refused(uint64_t id) {
    struct lane_party_result result = lane_party_result(&box);
    assert_int_equal(result.id, id);
    assert_int_equal(result.status, 503);
    assert_string_equal(result.text, "");
}

/* The successor has answered what was left in the socket: those it left out are tried. */
static void kill_worker(void) {
    static struct lane_party_answer probed;
    lane_party_succeed(&box, &probed);
    lane_fixture_send(&box, PARTY_UNSEAL, &probed.frame);
}

static void what_a_dead_worker_had_is_asked_of_its_successor(void **state) {
    (void)state;
    (void)lane_fixture_post(&box, &asks);
    lane_party_hold(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE, &late);
    kill_worker();
    lane_party_hold(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE, &answer);
    lane_fixture_send(&box, PARTY_UNSEAL, &late.frame); /* what the dead one left in the socket */
    assert_true(lane_fixture_is_silent(&box, PARTY_SIGNER));
    lane_fixture_send(&box, PARTY_UNSEAL, &answer.frame);
    finish_from_lookup(TXN " yes");
}

/* In whatever stage: what stays is a plain refusal, which edge understands, and a free slot. */
static void a_request_that_kills_a_worker_alone_is_refused(void **state) {
    (void)state;
    const struct lane_post guesses = {LANE_FIRST, TXN, "123456", 1};
    uint64_t id = lane_fixture_post(&box, &asks);
    for (unsigned death = 0; death < 2; death++) {
        (void)lane_fixture_receive(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE);
        kill_worker();
    }
    expect_refused(id);
    id = lane_fixture_post(&box, &guesses);
    lane_party_play(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE);
    lane_party_play(&box, PARTY_SIGNER, HSM_UNWRAP);
    for (unsigned death = 0; death < 2; death++) {
        (void)lane_fixture_receive(&box, PARTY_UNSEAL, UNSEAL_PAYLOAD);
        kill_worker();
    }
    expect_refused(id);
    assert_true(lane_fixture_is_silent(&box, PARTY_UNSEAL));
    assert_int_equal(box.lane->free_count, LANE_REQUESTS_MAX);
}

/* It is refused the moment its second worker dies: its caller waits for no successor. */
static void the_guilty_one_is_refused_at_once(void **state) {
    (void)state;
    uint64_t id = lane_fixture_post(&box, &asks);
    (void)lane_fixture_receive(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE);
    kill_worker();
    (void)lane_fixture_receive(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE);
    lane_fixture_peer_down(&box, PARTY_UNSEAL);
    expect_refused(id);
}

static void a_worker_that_dies_takes_nobody_along_who_is_elsewhere(void **state) {
    (void)state;
    (void)lane_fixture_post(&box, &other);
    lane_party_play(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE);
    lane_party_hold(&box, PARTY_SIGNER, HSM_LOOKUP, &answer);
    uint64_t id = lane_fixture_post(&box, &asks);
    for (unsigned death = 0; death < 2; death++) {
        (void)lane_fixture_receive(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE);
        kill_worker();
    }
    expect_refused(id);
    lane_fixture_send(&box, PARTY_SIGNER, &answer.frame);
    lane_party_play(&box, PARTY_SIGNER, HSM_STATEMENT);
    assert_string_equal(lane_party_result(&box).text, OTHER_TXN " yes");
}

static void what_a_dead_signer_had_is_asked_of_the_other(void **state) {
    (void)state;
    (void)lane_fixture_post(&box, &asks);
    lane_party_play(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE);
    lane_party_hold(&box, PARTY_SIGNER, HSM_LOOKUP, &late);
    lane_fixture_peer_down(&box, PARTY_SIGNER);
    lane_party_play(&box, PARTY_OTHER_SIGNER, HSM_LOOKUP);
    lane_party_hold(&box, PARTY_OTHER_SIGNER, HSM_STATEMENT, &answer);
    lane_fixture_send(&box, PARTY_SIGNER, &late.frame);
    lane_fixture_send(&box, PARTY_OTHER_SIGNER, &answer.frame);
    assert_string_equal(lane_party_result(&box).text, TXN " yes");
}

static void without_signers_a_request_waits_for_a_hello(void **state) {
    (void)state;
    lane_fixture_peer_down(&box, PARTY_SIGNER);
    lane_fixture_peer_down(&box, PARTY_OTHER_SIGNER);
    (void)lane_fixture_post(&box, &asks);
    lane_party_play(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE);
    assert_true(lane_fixture_is_silent(&box, PARTY_SIGNER));
    assert_int_equal(lane_fixture_waiting(&box, STEP_LOOKUP), 1);
    lane_fixture_hello(&box, PARTY_SIGNER, 9);
    finish_from_lookup(TXN " yes");
}

static void a_silent_signers_question_is_asked_of_the_other(void **state) {
    (void)state;
    (void)lane_fixture_post(&box, &asks);
    lane_party_play(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE);
    lane_party_hold(&box, PARTY_SIGNER, HSM_LOOKUP, &late);
    core_clock_shift_ms += box.core->settings.question_retry_ms + 1;
    lane_party_hold(&box, PARTY_OTHER_SIGNER, HSM_LOOKUP, &answer);
    lane_fixture_send(&box, PARTY_SIGNER, &late.frame);
    lane_fixture_turn(&box);
    assert_int_equal(lane_fixture_waiting(&box, STEP_LOOKUP), 1);
    lane_fixture_send(&box, PARTY_OTHER_SIGNER, &answer.frame);
    lane_party_play(&box, PARTY_SIGNER, HSM_STATEMENT);
    assert_string_equal(lane_party_result(&box).text, TXN " yes");
}

/* Lane 0 tells of deaths by its own road: the successor's hello can be there first. */
static void a_death_told_late_does_not_silence_the_successor(void **state) {
    (void)state;
    lane_fixture_peer_down(&box, PARTY_OTHER_SIGNER);
    lane_fixture_hello(&box, PARTY_SIGNER, 9);
    lane_fixture_turn(&box);
    lane_fixture_peer_down(&box, PARTY_SIGNER); /* of the one before the hello */
    (void)lane_fixture_post(&box, &asks);
    lane_party_play(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE);
    lane_fixture_turn(&box);
    lane_fixture_peer_up(&box, PARTY_SIGNER);
    finish_from_lookup(TXN " yes");
}

static void an_unprovisioned_signer_is_never_asked(void **state) {
    (void)state;
    uint8_t memory[64];
    struct buffer payload = buffer_over(memory, sizeof memory);
    const struct hsm_hello hello = {.signer_index = 1, .process_id = {9}, .provisioned = false};
    struct frame frame = {.type = HSM_HELLO};
    hsm_wire_put_hello(&payload, &hello);
    assert_int_equal(buffer_end(&payload, &frame.payload), ERR_OK);
    lane_fixture_send(&box, PARTY_SIGNER, &frame);
    lane_fixture_turn(&box);
    lane_fixture_peer_up(&box, PARTY_SIGNER);
    (void)lane_fixture_post(&box, &asks);
    lane_party_play(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE);
    lane_party_play(&box, PARTY_OTHER_SIGNER, HSM_LOOKUP);
    assert_true(lane_fixture_is_silent(&box, PARTY_SIGNER));
}

static void a_worker_that_breaks_the_protocol_is_replaced_and_asked_again(void **state) {
    (void)state;
    (void)lane_fixture_post(&box, &asks);
    lane_party_hold(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE, &answer);
    answer.frame.payload.len--;
    lane_fixture_send(&box, PARTY_UNSEAL, &answer.frame);
    assert_true(lane_fixture_was_reported(&box, PARTY_UNSEAL));
    assert_null(box.lane->unseal);
    answer.frame.payload.len++;
    lane_fixture_send(&box, PARTY_UNSEAL, &answer.frame); /* nothing it says counts any more */
    kill_worker();
    assert_true(lane_fixture_is_silent(&box, PARTY_SIGNER));
    lane_party_play(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE);
    finish_from_lookup(TXN " yes");
}

static void a_peer_that_says_what_is_not_its_to_say_is_replaced(void **state) {
    (void)state;
    const struct frame hello = {.type = HSM_HELLO};
    lane_fixture_send(&box, PARTY_UNSEAL, &hello);
    assert_true(lane_fixture_was_reported(&box, PARTY_UNSEAL));
    const struct frame stated = {.type = HSM_STATED};
    lane_fixture_send(&box, PARTY_NOTIFIER, &stated);
    assert_true(lane_fixture_was_reported(&box, PARTY_NOTIFIER));
}

/* In each stage that waits for somebody. */
static void a_request_past_its_deadline_is_refused_and_its_answer_dropped(void **state) {
    (void)state;
    static const struct {
        enum lane_party party;
        uint16_t type;
    } stages[] = {
        {PARTY_UNSEAL, UNSEAL_ENVELOPE}, {PARTY_SIGNER, HSM_LOOKUP}, {PARTY_SIGNER, HSM_STATEMENT}};
    for (size_t stage = 0; stage < 3; stage++) {
        uint64_t id = lane_fixture_post(&box, &asks);
        for (size_t i = 0; i < stage; i++)
            lane_party_play(&box, stages[i].party, stages[i].type);
        lane_party_hold(&box, stages[stage].party, stages[stage].type, &late);
        core_clock_shift_ms += box.core->settings.deadline_ms + 1;
        expect_refused(id);
        lane_fixture_send(&box, stages[stage].party, &late.frame);
        assert_true(lane_fixture_is_silent(&box, PARTY_EDGE));
        assert_int_equal(box.lane->free_count, LANE_REQUESTS_MAX);
    }
    assert_true(lane_fixture_is_silent(&box, PARTY_NOTIFIER));
}

static void let_one_pass_its_deadline(void) {
    uint64_t id = lane_fixture_post(&box, &asks);
    (void)lane_fixture_receive(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE);
    core_clock_shift_ms += box.core->settings.deadline_ms + 1;
    expect_refused(id);
}

/* Its pulse beats, so that authd sees nothing wrong. */
static void a_worker_that_lives_but_stays_silent_is_replaced(void **state) {
    (void)state;
    for (unsigned round = 0; round < 2; round++) { /* its successor too */
        let_one_pass_its_deadline();
        let_one_pass_its_deadline();
        assert_false(lane_fixture_was_reported(&box, PARTY_UNSEAL));
        let_one_pass_its_deadline();
        assert_true(lane_fixture_was_reported(&box, PARTY_UNSEAL));
        kill_worker();
    }
    (void)lane_fixture_post(&box, &asks);
    lane_party_play(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE);
    finish_from_lookup(TXN " yes");
}

static void one_that_answers_now_and_then_is_kept(void **state) {
    (void)state;
    for (unsigned round = 0; round < 3; round++) {
        let_one_pass_its_deadline();
        let_one_pass_its_deadline();
        (void)lane_fixture_post(&box, &asks);
        lane_party_play(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE);
        finish_from_lookup(TXN " yes");
        assert_int_equal(box.lanes[0].event_count, 0);
    }
}

/* Deadlines that pass while a signer has the request say nothing of unseal. */
static void a_signers_silence_is_not_the_workers(void **state) {
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        uint64_t id = lane_fixture_post(&box, &asks);
        lane_party_play(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE);
        (void)lane_fixture_receive(&box, PARTY_SIGNER, HSM_LOOKUP);
        core_clock_shift_ms += box.core->settings.deadline_ms + 1;
        expect_refused(id);
    }
    assert_false(lane_fixture_was_reported(&box, PARTY_UNSEAL));
}

/* As many events as fit come to the lane in their order, none is lost, and one too many ends the
 * process: a lane that missed a death would wait for ever. */
static void no_event_is_lost_in_silence(void **state) {
    (void)state;
    struct lane_event event = {.kind = LANE_PEER_DOWN, .role = "hsm", .index = 1};
    for (unsigned i = 0; i < LANE_EVENTS_MAX - 1; i++)
        lane_post(box.lane, &event);
    assert_true(box.lane->signers[1].ready);
    event.kind = LANE_PEER_UP;
    lane_post(box.lane, &event);
    lane_fixture_turn(&box);
    assert_true(box.lane->signers[1].ready); /* the last one counts */
    assert_int_equal(box.lane->event_count, 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        for (unsigned i = 0; i < LANE_EVENTS_MAX; i++)
            lane_post(box.lane, &event);
        if (box.lane->event_count == LANE_EVENTS_MAX)
            lane_post(box.lane, &event);
        _exit(BOOT_EXIT_CLEAN);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), BOOT_EXIT_FAILURE);
}

#define PEERS_TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void) {
    const struct CMUnitTest tests[] = {
        PEERS_TEST(what_a_dead_worker_had_is_asked_of_its_successor),
        PEERS_TEST(a_request_that_kills_a_worker_alone_is_refused),
        PEERS_TEST(the_guilty_one_is_refused_at_once),
        PEERS_TEST(a_worker_that_dies_takes_nobody_along_who_is_elsewhere),
        PEERS_TEST(what_a_dead_signer_had_is_asked_of_the_other),
        PEERS_TEST(without_signers_a_request_waits_for_a_hello),
        PEERS_TEST(a_silent_signers_question_is_asked_of_the_other),
        PEERS_TEST(a_death_told_late_does_not_silence_the_successor),
        PEERS_TEST(an_unprovisioned_signer_is_never_asked),
        PEERS_TEST(a_worker_that_breaks_the_protocol_is_replaced_and_asked_again),
        PEERS_TEST(a_peer_that_says_what_is_not_its_to_say_is_replaced),
        PEERS_TEST(a_request_past_its_deadline_is_refused_and_its_answer_dropped),
        PEERS_TEST(a_worker_that_lives_but_stays_silent_is_replaced),
        PEERS_TEST(one_that_answers_now_and_then_is_kept),
        PEERS_TEST(a_signers_silence_is_not_the_workers),
        PEERS_TEST(no_event_is_lost_in_silence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
