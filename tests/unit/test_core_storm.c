#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authd/wire/notify_wire.h"
#include "tests/unit/core_clock.h"
#include "tests/unit/lane_party.h"

/*
 * Signers die, fall silent and answer late, in every order that chance finds: a code that was sent
 * is good, once, and nobody is told otherwise than that nothing was decided.
 */
enum { STEPS = 1000, SEEDS = 6, HELD_MAX = 12 };

/* A person at a programme, who asks for one code after the other and presents each once. */
static struct asker {
    enum { IDLE, ASKS, ASKED, PRESENTS } stage;
    const char *programme;
    unsigned person;
    uint64_t edge_id;
    char transaction[11], code[8];
    unsigned served;
} askers[LANE_PEOPLE];

/* Answers that are on their way for longer than others. */
static struct held {
    bool used;
    enum lane_party party;
    struct lane_party_answer answer;
} held[HELD_MAX];

static struct lane_box box;
static unsigned chance, transactions;
static uint8_t processes;

static unsigned draw(unsigned below) {
    return (unsigned)rand_r(&chance) % below;
}

static int make(void **state) {
    (void)state;
    core_clock_shift_ms = 0;
    lane_fixture_make(&box, "otp-requests = 100000\notp-person-requests = 100000\n");
    memset(held, 0, sizeof held);
    processes = 10;
    for (unsigned i = 0; i < LANE_PEOPLE; i++)
        askers[i] =
            (struct asker){.programme = i % 2 == 0 ? LANE_FIRST : LANE_SECOND, .person = i / 2 + 1};
    return 0;
}

static int unmake(void **state) {
    (void)state;
    lane_fixture_remove(&box);
    return 0;
}

static void post(struct asker *asker) {
    bool presents = asker->stage == ASKED && asker->code[0] != '\0';
    if (asker->stage != IDLE && !presents)
        return;
    if (!presents)
        snprintf(asker->transaction, sizeof asker->transaction, "%010u", ++transactions);
    const struct lane_post what = {asker->programme, asker->transaction,
                                   presents ? asker->code : NULL, asker->person};
    core_clock_shift_ms++; /* no two bodies are the same */
    asker->stage = presents ? PRESENTS : ASKS;
    asker->edge_id = lane_fixture_post(&box, &what);
}

static void take_result(void) {
    struct lane_party_result result = lane_party_result(&box);
    char yes[sizeof result.text];
    struct asker *asker = askers;
    while (asker < askers + LANE_PEOPLE && asker->edge_id != result.id)
        asker++;
    assert_true(asker < askers + LANE_PEOPLE);
    asker->edge_id = 0;
    snprintf(yes, sizeof yes, "%s yes", asker->transaction);
    if (result.status == 200)
        assert_string_equal(result.text, yes);
    else
        assert_int_equal(result.status, 503);
    asker->served += result.status == 200 && asker->stage == PRESENTS;
    asker->stage = result.status == 200 && asker->stage == ASKS ? ASKED : IDLE;
    if (asker->stage == IDLE)
        asker->code[0] = '\0';
}

/* The message is for whoever asked in this transaction last, and comes once. */
static void take_code(const struct frame *frame, struct lane_party_answer *answer) {
    struct notify_otp message;
    assert_int_equal(notify_wire_get_otp(frame->payload, &message), ERR_OK);
    for (struct asker *asker = askers; asker < askers + LANE_PEOPLE; asker++) {
        if (strcmp(asker->transaction, message.transaction) != 0)
            continue;
        assert_string_equal(asker->code, "");
        if (asker->stage != IDLE)
            memcpy(asker->code, message.otp, sizeof asker->code);
    }
    lane_party_notify(frame, true, answer);
}

static void answer_to(enum lane_party party, const struct frame *frame,
                      struct lane_party_answer *answer) {
    if (party == PARTY_NOTIFIER)
        take_code(frame, answer);
    else if (party == PARTY_UNSEAL)
        lane_party_unseal(frame, answer);
    else
        lane_party_sign(frame, answer);
}

/* The party's next question, if there is one: answered now, or ${later}. */
static bool play(enum lane_party party, bool later) {
    static uint8_t packet[FRAME_MAX_BYTES];
    static struct lane_party_answer now;
    struct frame frame;
    struct held *place = held;
    while (later && place < held + HELD_MAX && place->used)
        place++;
    bool keeps = later && place < held + HELD_MAX;
    if (frame_receive(box.test_ends[party], packet, sizeof packet, &frame, 0) != ERR_OK)
        return false;
    answer_to(party, &frame, keeps ? &place->answer : &now);
    if (!keeps) {
        lane_fixture_send(&box, party, &now.frame);
        return true;
    }
    place->used = true;
    place->party = party;
    return true;
}

static void release(struct held *late) {
    if (!late->used)
        return;
    late->used = false;
    lane_fixture_send(&box, late->party, &late->answer.frame);
}

/* What it had not answered goes with it, or was sent before; its successor finds what nobody read.
 */
static void die(enum lane_party signer) {
    for (struct held *late = held; late < held + HELD_MAX; late++) {
        if (late->used && late->party == signer && draw(2) == 0)
            late->used = false;
    }
    if (draw(4) > 0) /* else the death is told late */
        lane_fixture_peer_down(&box, signer);
    lane_fixture_hello(&box, signer, ++processes);
}

/* With what the journal's thread does. */
static void turn(void) {
    lane_fixture_turn(&box);
    while (lane_fixture_waiting(&box, STEP_RECORD) > 0)
        assert_int_equal(serve_turn(box.lane->serve, 10), ERR_OK);
}

/* Everybody but the signers does what there is to do at once. */
static void step(void) {
    enum lane_party signer = draw(2) == 0 ? PARTY_SIGNER : PARTY_OTHER_SIGNER;
    unsigned what = draw(100);
    if (what < 24)
        post(&askers[draw(LANE_PEOPLE)]);
    else if (what < 80)
        (void)play(signer, draw(4) == 0);
    else if (what < 92)
        release(&held[draw(HELD_MAX)]);
    else if (what < 96)
        die(signer);
    else
        core_clock_shift_ms += 1001; /* who has not answered by now: another is asked */
    do
        turn();
    while (play(PARTY_UNSEAL, false) || play(PARTY_NOTIFIER, draw(2) == 0));
    while (!lane_fixture_is_silent(&box, PARTY_EDGE))
        take_result();
}

static bool anybody_waits(void) {
    for (size_t i = 0; i < LANE_PEOPLE; i++) {
        if (askers[i].stage == ASKS || askers[i].stage == PRESENTS ||
            (askers[i].stage == ASKED && askers[i].code[0] == '\0'))
            return true;
    }
    return false;
}

/* All that is asked is answered, and all codes that were sent are presented. */
static void come_to_rest(void) {
    for (size_t i = 0; i < HELD_MAX; i++)
        release(&held[i]);
    int64_t until_ms = clock_boot_ms() + LANE_PATIENCE_MS;
    while (anybody_waits() && clock_boot_ms() < until_ms) {
        turn();
        for (enum lane_party party = PARTY_UNSEAL; party <= PARTY_OTHER_SIGNER; party++)
            (void)play(party, false);
        while (!lane_fixture_is_silent(&box, PARTY_EDGE))
            take_result();
    }
    assert_false(anybody_waits());
}

static void a_code_that_was_sent_is_good_whatever_signers_do(void **state) {
    (void)state;
    unsigned served = 0;
    for (unsigned seed = 1; seed <= SEEDS; seed++) {
        chance = seed;
        for (unsigned i = 0; i < STEPS; i++)
            step();
        come_to_rest();
        for (size_t i = 0; i < LANE_PEOPLE; i++)
            post(&askers[i]);
        come_to_rest();
    }
    for (size_t i = 0; i < LANE_PEOPLE; i++) {
        assert_true(askers[i].served > 0);
        served += askers[i].served;
    }
    print_message("%u codes were good\n", served);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_code_that_was_sent_is_good_whatever_signers_do, make,
                                        unmake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
