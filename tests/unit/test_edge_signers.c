#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "authd/edge/signers.h"
#include "firmware/base/clock.h"
#include "firmware/base/frame.h"

/* Two signers, played by the test over real sockets; what a signer does with questions is set. */
#define COUNT    2
#define PATIENCE 60000
#define BRIEFLY  300
#define END      1 /* edge never sends it: ends the thread that plays */

enum manner { SIGNS, REFUSES, SAYS_NOTHING, ANSWERS_THE_ONE_BEFORE, IS_REPLACED, ANNOUNCES };

struct played {
    int fd;
    _Atomic enum manner manner;
    atomic_uint asked, heard;
    uint64_t before;
    pthread_t thread;
};

static struct played played[COUNT];
static int edge_ends[COUNT];
static struct signers *signers;
static unsigned told[COUNT], gone[COUNT];

static void tell(void *context, size_t signer, const struct hsm_tls_chain *chain) {
    (void)context;
    told[signer] += chain != NULL;
    gone[signer] += chain == NULL;
}

static void answer(struct played *signer, uint64_t id, enum err status) {
    static const uint8_t bytes[] = {0x30, 0x02, 0x05, 0x00};
    uint8_t memory[64];
    struct buffer target = buffer_over(memory, sizeof memory);
    struct frame frame = {.type = HSM_TLS_SIGNED, .id = id};
    const struct hsm_tls_signed made = {.receipt.status = status,
                                        .signature = bytes_of(bytes, sizeof bytes)};
    hsm_wire_put_tls_signed(&target, &made);
    frame.payload = bytes_of(memory, target.len);
    (void)!frame_send(signer->fd, &frame, PATIENCE);
}

static void say(struct played *signer, uint16_t type, struct bytes payload) {
    const struct frame frame = {.type = type, .id = 9, .payload = payload};
    assert_int_equal(frame_send(signer->fd, &frame, PATIENCE), ERR_OK);
}

static void say_silence(struct played *signer, uint32_t ms) {
    uint8_t memory[8];
    struct buffer target = buffer_over(memory, sizeof memory);
    hsm_wire_put_tls_silence(&target, ms);
    say(signer, HSM_TLS_SILENCE, bytes_of(memory, target.len));
}

/* What it was asked dies with it; its successor says HELLO before authd says that it serves. */
static void be_replaced(struct played *signer) {
    signers_note(signers, (size_t)(signer - played), false);
    signer->manner = SIGNS;
    say(signer, HSM_HELLO, bytes_of(NULL, 0));
    signers_note(signers, (size_t)(signer - played), true);
}

static void take(struct played *signer, const struct frame *frame) {
    struct hsm_tls_sign question;
    signer->heard += frame->type == HSM_TLS_SILENCE_HEARD && frame->id == 9;
    if (frame->type != HSM_TLS_SIGN || hsm_wire_get_tls_sign(frame->payload, &question) != ERR_OK)
        return;
    signer->asked++;
    if (signer->manner == ANNOUNCES)
        say_silence(signer, PATIENCE);
    if (signer->manner == SIGNS || signer->manner == ANNOUNCES)
        answer(signer, frame->id, ERR_OK);
    if (signer->manner == REFUSES)
        answer(signer, frame->id, ERR_LIMIT);
    if (signer->manner == IS_REPLACED)
        be_replaced(signer);
    if (signer->manner == ANSWERS_THE_ONE_BEFORE)
        answer(signer, signer->before, ERR_OK);
    signer->before = frame->id;
}

static void *play(void *context) {
    struct played *signer = context;
    uint8_t memory[512];
    struct frame frame;
    while (frame_receive(signer->fd, memory, sizeof memory, &frame, -1) == ERR_OK &&
           frame.type != END)
        take(signer, &frame);
    return NULL;
}

static void say_chain(struct played *signer, enum err status) {
    uint8_t memory[256];
    struct buffer target = buffer_over(memory, sizeof memory);
    const struct hsm_tls_chain chain = {
        .receipt.status = status,
        .sequence = 7,
        .count = 1,
        .certificates = {bytes_of_text("a certificate, to which nobody looks here")},
    };
    hsm_wire_put_tls_chain(&target, &chain);
    say(signer, HSM_TLS_CHAIN_IS, bytes_of(memory, target.len));
}

static void make(bool ask) {
    struct signers_options options = {.count = COUNT, .ask = ask, .tell = tell};
    for (size_t i = 0; i < COUNT; i++) {
        int ends[2];
        assert_int_equal(frame_pair(ends, 1 << 16), ERR_OK);
        played[i] = (struct played){.fd = ends[0]};
        options.fds[i] = edge_ends[i] = ends[1];
        told[i] = gone[i] = 0;
    }
    assert_int_equal(signers_open(&signers, &options), ERR_OK);
}

static int open_signers(void **state) {
    (void)state;
    make(true);
    for (size_t i = 0; i < COUNT; i++) {
        say_chain(&played[i], ERR_OK);
        assert_int_equal(signers_read(signers, edge_ends[i]), ERR_OK);
        assert_int_equal(told[i], 1);
        assert_int_equal(pthread_create(&played[i].thread, NULL, play, &played[i]), 0);
    }
    return 0;
}

static int close_signers(void **state) {
    (void)state;
    const struct frame end = {.type = END};
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(frame_send(edge_ends[i], &end, PATIENCE), ERR_OK);
        if (played[i].thread != 0)
            assert_int_equal(pthread_join(played[i].thread, NULL), 0);
        (void)close(played[i].fd);
        (void)close(edge_ends[i]);
    }
    signers_close(signers);
    return 0;
}

static enum err sign_within(int64_t ms) {
    const struct hsm_tls_sign question = {.scheme = HSM_TLS_ECDSA_SHA256};
    uint8_t memory[HSM_TLS_SIGNATURE_MAX];
    struct buffer signature = buffer_over(memory, sizeof memory);
    enum err err = signers_sign(signers, &question, clock_boot_ms() + ms, &signature);
    assert_int_equal(signature.len, err == ERR_OK ? 4 : 0);
    return err;
}

static enum err sign(void) {
    return sign_within(PATIENCE);
}

/* Edge takes what ${signer} has just said. */
static void hear(size_t signer) {
    assert_int_equal(signers_read(signers, edge_ends[signer]), ERR_OK);
}

static void await(atomic_uint *count, unsigned least) {
    int64_t end_ms = clock_boot_ms() + PATIENCE;
    while (*count < least && clock_boot_ms() < end_ms)
        (void)sched_yield();
    assert_in_range(*count, least, UINT32_MAX);
}

static void both_take_turns(void **state) {
    (void)state;
    for (int i = 0; i < 6; i++)
        assert_int_equal(sign(), ERR_OK);
    assert_int_equal(played[0].asked, 3);
    assert_int_equal(played[1].asked, 3);
}

static void a_refusal_is_no_signature_and_the_other_is_asked(void **state) {
    (void)state;
    played[0].manner = REFUSES;
    assert_int_equal(sign(), ERR_OK);
    assert_int_equal(played[0].asked, 1);
    played[1].manner = REFUSES;
    assert_int_equal(sign(), ERR_UNAVAILABLE);
}

static void a_silent_one_is_passed_by_and_then_left_alone(void **state) {
    (void)state;
    played[0].manner = SAYS_NOTHING;
    for (int i = 0; i < 8; i++)
        assert_int_equal(sign(), ERR_OK);
    assert_in_range(played[0].asked, 1, 2);
}

static void when_all_are_silent_no_handshake_is_to_begin_until_one_speaks(void **state) {
    (void)state;
    assert_true(signers_ready(signers));
    played[0].manner = played[1].manner = SAYS_NOTHING;
    assert_int_equal(sign_within(BRIEFLY), ERR_UNAVAILABLE);
    assert_false(signers_ready(signers));
    assert_false(signers_announced(signers));
    assert_int_equal(played[0].asked, 1);
    assert_int_equal(played[1].asked, 1);
    say_chain(&played[1], ERR_OK);
    hear(1);
    assert_true(signers_ready(signers));
}

static void a_dead_one_is_not_asked_until_it_serves(void **state) {
    (void)state;
    signers_note(signers, 0, false);
    for (int i = 0; i < 4; i++)
        assert_int_equal(sign(), ERR_OK);
    assert_int_equal(played[0].asked, 0);
    assert_true(signers_ready(signers));
    signers_note(signers, 0, true);
    for (int i = 0; i < 2; i++)
        assert_int_equal(sign(), ERR_OK);
    assert_int_equal(played[0].asked, 1);
    signers_note(signers, 0, false);
    signers_note(signers, 1, false);
    signers_note(signers, 99, false); /* nobody */
    assert_false(signers_ready(signers));
    assert_int_equal(sign_within(BRIEFLY), ERR_UNAVAILABLE);
}

static void what_the_only_one_took_to_its_death_its_successor_signs(void **state) {
    (void)state;
    say_chain(&played[1], ERR_NOT_FOUND);
    hear(1);
    played[0].manner = IS_REPLACED;
    assert_int_equal(sign(), ERR_OK);
    assert_int_equal(played[0].asked, 2);
    assert_int_equal(played[1].asked, 0);
}

static void one_that_announces_silence_is_told_that_it_was_heard_and_not_asked(void **state) {
    (void)state;
    say_silence(&played[0], PATIENCE);
    hear(0);
    await(&played[0].heard, 1);
    for (int i = 0; i < 4; i++)
        assert_int_equal(sign(), ERR_OK);
    assert_int_equal(played[0].asked, 0);
    assert_true(signers_ready(signers));
    say_silence(&played[0], 0);
    hear(0);
    assert_int_equal(sign(), ERR_OK);
    assert_int_equal(sign(), ERR_OK);
    assert_int_equal(played[0].asked, 1);
    assert_int_equal(played[0].heard, 1);
}

static void when_all_have_announced_silence_handshakes_wait_for_its_end(void **state) {
    (void)state;
    static const bool by_hello[] = {false, true};
    for (size_t i = 0; i < 2; i++) {
        for (size_t signer = 0; signer < COUNT; signer++) {
            say_silence(&played[signer], PATIENCE);
            hear(signer);
        }
        assert_false(signers_ready(signers));
        assert_true(signers_announced(signers));
        if (by_hello[i])
            say(&played[1], HSM_HELLO, bytes_of(NULL, 0));
        else
            say_silence(&played[1], 0);
        hear(1);
        assert_true(signers_ready(signers));
        assert_int_equal(sign(), ERR_OK);
    }
    assert_int_equal(played[0].asked, 0);
    signers_note(signers, 1, false); /* what a dead one announced is over with it */
    say_silence(&played[0], 0);
    hear(0);
    assert_false(signers_announced(signers));
}

static void what_was_asked_before_an_announcement_is_answered(void **state) {
    (void)state;
    say_chain(&played[1], ERR_NOT_FOUND);
    hear(1);
    played[0].manner = ANNOUNCES;
    assert_int_equal(sign(), ERR_OK);
    assert_int_equal(played[0].asked, 1);
    assert_false(signers_ready(signers));
}

static void those_without_a_key_are_not_waited_for(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        say_chain(&played[i], ERR_NOT_FOUND);
        hear(i);
    }
    assert_true(signers_ready(signers));
    assert_int_equal(sign(), ERR_UNAVAILABLE);
}

static void an_answer_to_an_earlier_question_signs_nothing(void **state) {
    (void)state;
    played[0].manner = played[1].manner = ANSWERS_THE_ONE_BEFORE;
    assert_int_equal(sign_within(BRIEFLY), ERR_UNAVAILABLE);
}

static void one_without_a_key_is_not_asked(void **state) {
    (void)state;
    say_chain(&played[0], ERR_NOT_FOUND);
    assert_int_equal(signers_read(signers, edge_ends[0]), ERR_OK);
    assert_int_equal(gone[0], 1);
    assert_int_equal(sign(), ERR_OK);
    assert_int_equal(sign(), ERR_OK);
    assert_int_equal(played[0].asked, 0);
}

static void one_that_says_something_else_is_not_asked_any_more(void **state) {
    (void)state;
    static const struct {
        uint16_t type;
        const char *payload;
    } cases[] = {{HSM_STATED, ""},
                 {HSM_TLS_SILENCE, ""},
                 {HSM_TLS_CHAIN_IS, "no chain"},
                 {HSM_TLS_SIGN, ""},
                 {0, ""}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned asked = played[0].asked;
        say(&played[0], cases[i].type, bytes_of_text(cases[i].payload));
        assert_int_equal(signers_read(signers, edge_ends[0]), ERR_OK);
        assert_int_equal(gone[0], i + 1);
        assert_int_equal(sign(), ERR_OK);
        assert_int_equal(sign(), ERR_OK);
        assert_int_equal(played[0].asked, asked);
        say_chain(&played[0], ERR_OK);
        assert_int_equal(signers_read(signers, edge_ends[0]), ERR_OK);
    }
}

static void a_closed_socket_is_said(void **state) {
    (void)state;
    make(true);
    (void)close(played[0].fd);
    assert_int_equal(signers_read(signers, edge_ends[0]), ERR_CLOSED);
    assert_int_equal(sign_within(BRIEFLY), ERR_UNAVAILABLE);
    signers_close(signers);
    (void)close(edge_ends[0]);
    (void)close(edge_ends[1]);
    (void)close(played[1].fd);
}

static void
a_hello_is_answered_by_the_question_for_the_chain_if_the_key_is_in_the_token(void **state) {
    (void)state;
    for (int ask = 0; ask < 2; ask++) {
        uint8_t memory[64];
        struct frame frame;
        make(ask == 1);
        say(&played[1], HSM_HELLO, bytes_of(NULL, 0));
        assert_int_equal(signers_read(signers, edge_ends[1]), ERR_OK);
        assert_int_equal(frame_receive(played[1].fd, memory, sizeof memory, &frame, 0),
                         ask == 1 ? ERR_OK : ERR_TIMEOUT);
        assert_int_equal(frame.type, ask == 1 ? HSM_TLS_CHAIN : 0);
        signers_close(signers);
        for (size_t i = 0; i < COUNT; i++) {
            (void)close(edge_ends[i]);
            (void)close(played[i].fd);
        }
    }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_signers, close_signers)
    const struct CMUnitTest tests[] = {
        TEST(both_take_turns),
        TEST(a_refusal_is_no_signature_and_the_other_is_asked),
        TEST(a_silent_one_is_passed_by_and_then_left_alone),
        TEST(when_all_are_silent_no_handshake_is_to_begin_until_one_speaks),
        TEST(a_dead_one_is_not_asked_until_it_serves),
        TEST(what_the_only_one_took_to_its_death_its_successor_signs),
        TEST(one_that_announces_silence_is_told_that_it_was_heard_and_not_asked),
        TEST(when_all_have_announced_silence_handshakes_wait_for_its_end),
        TEST(what_was_asked_before_an_announcement_is_answered),
        TEST(those_without_a_key_are_not_waited_for),
        TEST(an_answer_to_an_earlier_question_signs_nothing),
        TEST(one_without_a_key_is_not_asked),
        TEST(one_that_says_something_else_is_not_asked_any_more),
        cmocka_unit_test(a_closed_socket_is_said),
        cmocka_unit_test(
            a_hello_is_answered_by_the_question_for_the_chain_if_the_key_is_in_the_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
