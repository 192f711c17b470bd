#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <p11-kit/pkcs11.h>

#include "firmware/base/clock.h"
#include "hsm/wire_keys.h"
#include "hsm/wire_tls.h"
#include "tests/lib/hsm_box.h"

/*
 * Keys roll in running signers whose module hangs or fails: signer 0, which makes and destroys
 * them, and signer 1, which loads them anew.
 */
#define PATIENCE_MS   60000
#define GENERATION_MS 120000
#define NOTHING       bytes_of(NULL, 0)
#define HURRIED                                                                                    \
    "issuer = https://id.example\npublished-max-age = 0\nkey-propagation = 3\nkey-skew = 0\n"      \
    "key-day = 1\nkey-destroy-days = 0\nclock-jump-days = 36500\n"

static struct hsm_box box;
static const struct hsm_signer_plan first = {.settings = HURRIED};
static const struct hsm_signer_plan first_by_shim = {.settings = HURRIED, .fault = ""};
static const struct hsm_signer_plan second_by_shim = {.index = 1, .settings = HURRIED, .fault = ""};

static int make_box(void **state) {
    (void)state;
    hsm_box_make(&box);
    hsm_signer_make_keys(&box, &first);
    return 0;
}

static int remove_box(void **state) {
    (void)state;
    hsm_box_remove(&box);
    return 0;
}

static int heal(void **state) {
    (void)state;
    hsm_box_heal(&box);
    return 0;
}

static struct bytes ask(struct hsm_signer *signer, uint16_t type, struct bytes payload) {
    return hsm_signer_ask_past_hello(signer, signer->provd, type, payload);
}

static struct bytes order_payload(enum hsm_order kind, uint16_t generation) {
    static uint8_t memory[16];
    const struct hsm_key_order question = {
        .order = kind, .purpose = HSM_PURPOSE_TOKEN, .generation = generation};
    struct buffer target = buffer_over(memory, sizeof memory);
    hsm_wire_put_key_order(&target, &question);
    return bytes_of(memory, target.len);
}

static void order(struct hsm_signer *signer, enum hsm_order kind, uint16_t generation) {
    struct hsm_key_ordered answer;
    struct bytes payload = ask(signer, HSM_KEY_ORDER, order_payload(kind, generation));
    assert_int_equal(hsm_wire_get_key_ordered(payload, &answer), ERR_OK);
    assert_int_equal(answer.receipt.status, ERR_OK);
}

static uint16_t in(struct hsm_signer *signer, enum keystate state) {
    static struct hsm_keys told;
    struct bytes payload = ask(signer, HSM_KEYS, hsm_signer_all_keys());
    assert_int_equal(hsm_wire_get_keys(payload, &told), ERR_OK);
    for (size_t i = 0; i < told.count; i++)
        if (told.keys[i].purpose == HSM_PURPOSE_TOKEN && told.keys[i].state == state)
            return told.keys[i].generation;
    return 0;
}

static void assert_makes_roots(struct hsm_signer *signer) {
    struct hsm_root_made made;
    assert_int_equal(hsm_wire_get_root_made(ask(signer, HSM_NEW_ROOT, NOTHING), &made), ERR_OK);
    assert_int_equal(made.receipt.status, ERR_OK);
}

static void await_state(struct hsm_signer *signer, enum keystate state, uint16_t generation) {
    int64_t end_ms = clock_boot_ms() + PATIENCE_MS;
    while (in(signer, state) != generation)
        assert_true(clock_boot_ms() < end_ms);
}

/* What it next announces to edge: that it will be silent, or that it answers again. */
static struct frame await_silence(struct hsm_signer *signer, uint32_t *ms) {
    static uint8_t memory[FRAME_MAX_BYTES];
    struct frame frame;
    do
        assert_int_equal(frame_receive(signer->core, memory, sizeof memory, &frame, PATIENCE_MS),
                         ERR_OK);
    while (frame.type == HSM_HELLO);
    assert_int_equal(frame.type, HSM_TLS_SILENCE);
    assert_int_equal(hsm_wire_get_tls_silence(frame.payload, ms), ERR_OK);
    return frame;
}

static void say_heard(const struct hsm_signer *signer, uint64_t id) {
    const struct frame frame = {.type = HSM_TLS_SILENCE_HEARD, .id = id};
    assert_int_equal(frame_send(signer->core, &frame, PATIENCE_MS), ERR_OK);
}

static void break_in(enum pkcs11_function function, enum pkcs11_fault_kind kind) {
    const struct hsm_fault fault = {
        .function = function, .kind = kind, .result = CKR_GENERAL_ERROR, .times = 1};
    hsm_box_break(&box, &fault);
}

/* It said how long it may take, so that authd waits so long and no longer; the others serve. */
static void a_generation_that_hangs_is_taken_up_by_the_successor(void **state) {
    (void)state;
    struct hsm_signer hung, other, heir;
    hsm_signer_serve(&box, &first_by_shim, &hung);
    hsm_signer_serve(&box, &second_by_shim, &other);
    break_in(PKCS11_C_GenerateKeyPair, PKCS11_HANGS);
    order(&hung, HSM_ORDER_ROLL, 0);
    hsm_box_await_strike(&box);
    int64_t announced_ms = atomic_load(&hung.pulse->silent_until_ms) - clock_boot_ms();
    assert_in_range(announced_ms, 1, GENERATION_MS);
    assert_makes_roots(&other);
    assert_int_equal(kill(hung.process, SIGKILL), 0);
    assert_int_equal(hsm_signer_wait(&hung), -SIGKILL);
    hsm_signer_stop(&hung);
    hsm_box_heal(&box);
    hsm_signer_serve(&box, &first, &heir);
    await_state(&heir, KEYSTATE_ACTIVE, 2);
    hsm_signer_stop(&heir);
    hsm_signer_stop(&other);
}

/* After the test above: generation 1 has a successor. The order is stored before it is answered. */
static void a_destruction_that_hangs_is_taken_up_by_the_successor(void **state) {
    (void)state;
    struct hsm_signer hung, heir;
    hsm_signer_serve(&box, &first_by_shim, &hung);
    order(&hung, HSM_ORDER_REVOKE, 1);
    await_state(&hung, KEYSTATE_REVOKED, 1);
    break_in(PKCS11_C_DestroyObject, PKCS11_HANGS);
    hsm_signer_send(&hung, hung.provd, HSM_KEY_ORDER, order_payload(HSM_ORDER_DESTROY, 1));
    hsm_box_await_strike(&box);
    hsm_signer_kill_when_silent(&hung);
    hsm_signer_stop(&hung);
    hsm_box_heal(&box);
    hsm_signer_serve(&box, &first, &heir);
    assert_int_equal(hsm_signer_wait(&heir), BOOT_EXIT_RECYCLE); /* as after every destruction */
    hsm_signer_stop(&heir);
    hsm_signer_serve(&box, &first, &heir);
    assert_int_equal(in(&heir, KEYSTATE_REVOKED), 0);
    assert_makes_roots(&heir);
    hsm_signer_stop(&heir);
}

/* The token hangs, so that nothing can be said after it was asked for the key. */
static void edge_learns_of_a_silence_before_it_begins(void **state) {
    (void)state;
    const struct hsm_signer_plan by_edge = {.settings = HURRIED, .fault = "", .role = "edge"};
    struct hsm_signer hung;
    uint32_t ms;
    hsm_signer_serve(&box, &by_edge, &hung);
    break_in(PKCS11_C_GenerateKeyPair, PKCS11_HANGS);
    order(&hung, HSM_ORDER_ROLL, 0);
    struct frame silence = await_silence(&hung, &ms);
    while (hsm_box_struck(&box) == 0) { /* before that it may load what the order has changed */
        if (ms > 0)
            say_heard(&hung, silence.id);
        if (ms == GENERATION_MS)
            hsm_box_await_strike(&box);
        else
            silence = await_silence(&hung, &ms);
    }
    assert_int_equal(ms, GENERATION_MS);
    assert_int_equal(kill(hung.process, SIGKILL), 0);
    assert_int_equal(hsm_signer_wait(&hung), -SIGKILL);
    hsm_signer_stop(&hung);
}

/* With nobody who hears it: it does not wait for ever. Each silence ends. */
static void a_silence_that_nobody_hears_begins_and_ends_all_the_same(void **state) {
    (void)state;
    const struct hsm_signer_plan by_edge = {.settings = HURRIED, .role = "edge"};
    struct hsm_signer heir;
    uint32_t ms;
    hsm_signer_serve(&box, &by_edge, &heir);
    do
        (void)await_silence(&heir, &ms);
    while (ms != GENERATION_MS);
    (void)await_silence(&heir, &ms);
    assert_int_equal(ms, 0);
    assert_makes_roots(&heir);
    hsm_signer_stop(&heir);
}

static void a_signer_that_hangs_while_it_loads_new_keys_is_silent(void **state) {
    (void)state;
    struct hsm_signer writer, hung, heir;
    hsm_signer_serve(&box, &first, &writer);
    hsm_signer_serve(&box, &second_by_shim, &hung);
    break_in(PKCS11_C_FindObjects, PKCS11_HANGS);
    order(&writer, HSM_ORDER_ROLL, 0);
    hsm_box_await_strike(&box);
    hsm_signer_kill_when_silent(&hung);
    hsm_signer_stop(&hung);
    hsm_signer_serve(&box, &second_by_shim, &heir);
    assert_makes_roots(&heir);
    assert_makes_roots(&writer);
    hsm_signer_stop(&heir);
    hsm_signer_stop(&writer);
}

/* A fresh process sees what this one cannot. */
static void a_signer_that_cannot_load_new_keys_starts_again(void **state) {
    (void)state;
    static const enum pkcs11_fault_kind kinds[] = {PKCS11_RETURNS, PKCS11_LOSES, PKCS11_LOGS_OUT};
    for (size_t i = 0; i < 3; i++) {
        struct hsm_signer writer, other;
        hsm_signer_serve(&box, &first, &writer);
        hsm_signer_serve(&box, &second_by_shim, &other);
        break_in(PKCS11_C_FindObjectsInit, kinds[i]);
        order(&writer, HSM_ORDER_ROLL, 0);
        assert_int_equal(hsm_signer_wait(&other), BOOT_EXIT_RECYCLE);
        assert_int_equal(hsm_box_struck(&box), 1);
        hsm_signer_stop(&other);
        hsm_signer_serve(&box, &second_by_shim, &other);
        assert_makes_roots(&other);
        hsm_signer_stop(&other);
        hsm_signer_stop(&writer);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, heal)
        TEST(a_generation_that_hangs_is_taken_up_by_the_successor),
        TEST(a_destruction_that_hangs_is_taken_up_by_the_successor),
        TEST(edge_learns_of_a_silence_before_it_begins),
        TEST(a_silence_that_nobody_hears_begins_and_ends_all_the_same),
        TEST(a_signer_that_hangs_while_it_loads_new_keys_is_silent),
        TEST(a_signer_that_cannot_load_new_keys_starts_again),
    };
    return cmocka_run_group_tests(tests, make_box, remove_box);
}
