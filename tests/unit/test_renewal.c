#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <p11-kit/pkcs11.h>

#include "firmware/base/codec.h"
#include "hsm/keyring_life.h"
#include "hsm/wire_keys.h"
#include "hsm/wire_tls.h"
#include "tests/lib/hsm_box.h"

/* A running signer whose keys change under it: it tells its peers, and has lost nothing. */
#define PATIENCE_MS 60000
#define NOTHING     bytes_of(NULL, 0)

static struct hsm_box box;
static struct hsm_signer signer;
static uint64_t sequence; /* of the last HELLO at core */

static const struct hsm_signer_plan hurried = {
    .settings = "issuer = https://id.example\npublished-max-age = 0\nkey-propagation = 3\n"
                "key-skew = 0\nkey-day = 1\nrequest-overlap-days = 1\n",
};

static int make_box(void **state) {
    (void)state;
    hsm_box_make(&box);
    /* With these settings from the beginning: what was once promised counts for ever. */
    hsm_signer_make_keys(&box, &hurried);
    return 0;
}

static int remove_box(void **state) {
    (void)state;
    hsm_box_remove(&box);
    return 0;
}

static int start(void **state) {
    (void)state;
    hsm_signer_start(&box, &hurried, &signer);
    sequence = hsm_signer_greet(&signer).keyring_sequence;
    assert_true(sequence > 0);
    return 0;
}

static int stop(void **state) {
    (void)state;
    hsm_signer_stop(&signer);
    return 0;
}

/* The next frame of ${type}; a HELLO may come at any time, and must be of a newer keyring. */
static struct bytes receive(int fd, uint16_t type) {
    static uint8_t memory[FRAME_MAX_BYTES];
    struct frame frame = {0};
    struct hsm_hello hello;
    do {
        assert_int_equal(frame_receive(fd, memory, sizeof memory, &frame, PATIENCE_MS), ERR_OK);
        if (frame.type == HSM_HELLO && fd == signer.core) {
            assert_int_equal(hsm_wire_get_hello(frame.payload, &hello), ERR_OK);
            assert_true(hello.provisioned && hello.keyring_sequence > sequence);
            sequence = hello.keyring_sequence;
        }
    } while (frame.type != type);
    return frame.payload;
}

static struct bytes ask(int fd, uint16_t type, struct bytes payload) {
    hsm_signer_send(&signer, fd, type, payload);
    return receive(fd, (uint16_t)(type + 1));
}

static struct hsm_publication publication(void) {
    struct hsm_publication answer;
    struct bytes payload = ask(signer.core, HSM_PUBLISHED, NOTHING);
    assert_int_equal(hsm_wire_get_publication(payload, &answer), ERR_OK);
    assert_int_equal(answer.receipt.status, ERR_OK);
    return answer;
}

static enum err give(const struct hsm_key_order *question) {
    uint8_t memory[16];
    struct hsm_key_ordered answer;
    struct buffer target = buffer_over(memory, sizeof memory);
    hsm_wire_put_key_order(&target, question);
    struct bytes payload = ask(signer.provd, HSM_KEY_ORDER, bytes_of(memory, target.len));
    assert_int_equal(hsm_wire_get_key_ordered(payload, &answer), ERR_OK);
    return answer.receipt.status;
}

static enum err order(enum hsm_order kind, enum hsm_purpose purpose, uint16_t generation) {
    const struct hsm_key_order question = {
        .order = kind, .purpose = purpose, .generation = generation};
    return give(&question);
}

static const struct hsm_keys *keys(void) {
    static struct hsm_keys told;
    struct bytes payload = ask(signer.provd, HSM_KEYS, hsm_signer_all_keys());
    assert_int_equal(hsm_wire_get_keys(payload, &told), ERR_OK);
    assert_int_equal(told.receipt.status, ERR_OK);
    assert_false(told.more);
    return &told;
}

/* The generation of the key of ${purpose} in ${state}; 0: none. */
static uint16_t in(enum hsm_purpose purpose, enum keystate state) {
    const struct hsm_keys *told = keys();
    for (size_t i = 0; i < told->count; i++)
        if (told->keys[i].purpose == purpose && told->keys[i].state == state)
            return told->keys[i].generation;
    return 0;
}

/* With a point that is none: ERR_CRYPTO when there is a key of this kid, else ERR_NOT_FOUND. */
static enum err derive(const char *kid) {
    uint8_t memory[512];
    size_t len;
    struct hsm_derive question = {.party_u = NOTHING};
    struct hsm_derived answer;
    struct buffer target = buffer_over(memory, sizeof memory);
    assert_int_equal(codec_base64_decode(bytes_of_text(kid), CODEC_STRICT, question.kid,
                                         sizeof question.kid, &len),
                     ERR_OK);
    hsm_wire_put_derive(&target, &question);
    struct bytes payload = ask(signer.core, HSM_DERIVE, bytes_of(memory, target.len));
    assert_int_equal(hsm_wire_get_derived(payload, &answer), ERR_OK);
    return answer.receipt.status;
}

static bool shows(const struct hsm_publication *shown, const char *kid) {
    return memmem(shown->jwks.data, shown->jwks.len, kid, strlen(kid)) != NULL;
}

/* Waits for HELLOs until requests are encrypted to another key than ${kid}, which it then is. */
static struct hsm_publication await_other_key(char kid[static 44]) {
    struct hsm_publication shown = publication();
    while (strcmp(shown.request_kid, kid) == 0) {
        (void)receive(signer.core, HSM_HELLO);
        shown = publication();
        assert_true(shows(&shown, kid));
        assert_true(shown.sequence == sequence);
    }
    memcpy(kid, shown.request_kid, sizeof shown.request_kid);
    return shown;
}

static void a_roll_shows_the_next_key_then_uses_it_and_opens_with_both(void **state) {
    (void)state;
    char first[44], kid[44];
    HSM_BOX_NEEDS(CKM_ECDH1_DERIVE);
    memcpy(first, publication().request_kid, sizeof first);
    memcpy(kid, first, sizeof kid);
    assert_int_equal(derive(first), ERR_CRYPTO);
    assert_int_equal(order(HSM_ORDER_ROLL, HSM_PURPOSE_REQUEST, 0), ERR_OK);
    assert_int_equal(order(HSM_ORDER_KEEP, HSM_PURPOSE_REQUEST, 1), ERR_OK);
    struct hsm_publication shown = await_other_key(kid);
    assert_true(shows(&shown, first) && shows(&shown, kid));
    assert_int_equal(derive(first), ERR_CRYPTO);
    assert_int_equal(derive(kid), ERR_CRYPTO);
    assert_int_equal(in(HSM_PURPOSE_REQUEST, KEYSTATE_ACTIVE), 2);
    assert_int_equal(in(HSM_PURPOSE_REQUEST, KEYSTATE_RETIRING), 1);
    assert_int_equal(in(HSM_PURPOSE_TOKEN, KEYSTATE_ACTIVE), 1);

    assert_int_equal(order(HSM_ORDER_REVOKE, HSM_PURPOSE_REQUEST, 1), ERR_OK);
    (void)receive(signer.core, HSM_HELLO);
    shown = publication();
    assert_false(shows(&shown, first));
    assert_int_equal(derive(first), ERR_NOT_FOUND);
    assert_int_equal(derive(kid), ERR_CRYPTO);
}

static void an_active_key_is_revoked_only_once_its_successor_can_take_over(void **state) {
    (void)state;
    char kid[44], before[44];
    HSM_BOX_NEEDS(CKM_ECDH1_DERIVE);
    memcpy(kid, publication().request_kid, sizeof kid);
    memcpy(before, kid, sizeof before);
    uint16_t active = in(HSM_PURPOSE_REQUEST, KEYSTATE_ACTIVE);
    assert_int_equal(order(HSM_ORDER_REVOKE, HSM_PURPOSE_REQUEST, active), ERR_LIMIT);
    assert_int_equal(in(HSM_PURPOSE_REQUEST, KEYSTATE_ACTIVE), active);
    (void)await_other_key(kid);
    assert_int_equal(order(HSM_ORDER_REVOKE, HSM_PURPOSE_REQUEST, active), ERR_OK);
    (void)receive(signer.core, HSM_HELLO);
    assert_int_equal(derive(before), ERR_NOT_FOUND);
    assert_string_equal(publication().request_kid, kid);

    active = in(HSM_PURPOSE_REQUEST, KEYSTATE_ACTIVE);
    assert_int_equal(order(HSM_ORDER_REVOKE_AT_ONCE, HSM_PURPOSE_REQUEST, active), ERR_OK);
    (void)receive(signer.core, HSM_HELLO);
    assert_int_equal(derive(kid), ERR_NOT_FOUND);
    memcpy(before, kid, sizeof before);
    while (publication().request_kid[0] == '\0')
        (void)receive(signer.core, HSM_HELLO);
    assert_string_not_equal(publication().request_kid, before);
}

static void orders_that_make_no_sense_change_nothing(void **state) {
    (void)state;
    static const struct {
        enum hsm_order order;
        enum hsm_purpose purpose;
        uint16_t generation;
        enum err expected;
    } orders[] = {
        {HSM_ORDER_REVOKE, HSM_PURPOSE_KEK, 1, ERR_DENIED},
        {HSM_ORDER_REVOKE, HSM_PURPOSE_PEPPER, 1, ERR_DENIED},
        {HSM_ORDER_REVOKE_AT_ONCE, HSM_PURPOSE_KEK, 1, ERR_DENIED},
        {HSM_ORDER_REVOKE_AT_ONCE, HSM_PURPOSE_PEPPER, 1, ERR_DENIED},
        {HSM_ORDER_REVOKE, HSM_PURPOSE_SIGN, 9, ERR_NOT_FOUND},
        {HSM_ORDER_DESTROY, HSM_PURPOSE_SIGN, 1, ERR_DENIED},
        {HSM_ORDER_DESTROY, HSM_PURPOSE_SIGN, 9, ERR_NOT_FOUND},
    };
    uint64_t before = publication().sequence;
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
        assert_int_equal(order(orders[i].order, orders[i].purpose, orders[i].generation),
                         orders[i].expected);
    assert_true(publication().sequence == before);
}

/* Of a key that is over nothing is to be had any more but its destruction. */
static void a_revoked_key_takes_no_order_but_one(void **state) {
    (void)state;
    static const enum hsm_order refused[] = {HSM_ORDER_KEEP, HSM_ORDER_RETIRE,
                                             HSM_ORDER_RETIRE_IN_USE, HSM_ORDER_REVOKE,
                                             HSM_ORDER_REVOKE_AT_ONCE};
    HSM_BOX_NEEDS(CKM_ECDH1_DERIVE);
    uint16_t revoked = in(HSM_PURPOSE_REQUEST, KEYSTATE_REVOKED);
    assert_int_not_equal(revoked, 0); /* by the tests before */
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_int_equal(order(refused[i], HSM_PURPOSE_REQUEST, revoked), ERR_DENIED);
    assert_int_equal(in(HSM_PURPOSE_REQUEST, KEYSTATE_REVOKED), revoked);
}

static void assert_as_before(const struct hsm_keys *before) {
    const struct hsm_keys *now = keys();
    assert_int_equal(now->count, before->count);
    for (size_t i = 0; i < now->count; i++) {
        assert_int_equal(now->keys[i].state, before->keys[i].state);
        assert_int_equal(now->keys[i].held, before->keys[i].held);
        assert_int_equal(now->keys[i].granted, before->keys[i].granted);
    }
    for (size_t i = 0; i < HSM_PURPOSE_COUNT; i++) {
        assert_int_equal(now->next[i].wanted, before->next[i].wanted);
        assert_int_equal(now->next[i].awaited, before->next[i].awaited);
    }
}

static void a_dry_run_is_judged_and_changes_nothing(void **state) {
    (void)state;
    static struct hsm_keys before;
    HSM_BOX_NEEDS(CKM_ECDH1_DERIVE);
    const struct {
        struct hsm_key_order order;
        enum err expected;
    } tried[] = {
        {{HSM_ORDER_ROLL, HSM_PURPOSE_PARTNER, 0, true}, ERR_OK},
        {{HSM_ORDER_KEEP, HSM_PURPOSE_PARTNER, 1, true}, ERR_OK},
        {{HSM_ORDER_RETIRE, HSM_PURPOSE_PARTNER, 1, true}, ERR_OK},
        {{HSM_ORDER_REVOKE, HSM_PURPOSE_PARTNER, 1, true}, ERR_LIMIT}, /* nobody takes over */
        {{HSM_ORDER_REVOKE_AT_ONCE, HSM_PURPOSE_PARTNER, 1, true}, ERR_OK},
        {{HSM_ORDER_REVOKE_AT_ONCE, HSM_PURPOSE_KEK, 1, true}, ERR_DENIED},
        {{HSM_ORDER_DESTROY, HSM_PURPOSE_PARTNER, 1, true}, ERR_DENIED},
        {{HSM_ORDER_DESTROY, HSM_PURPOSE_REQUEST, in(HSM_PURPOSE_REQUEST, KEYSTATE_REVOKED), true},
         ERR_OK},
    };
    uint64_t published = publication().sequence;
    before = *keys();
    for (size_t i = 0; i < sizeof tried / sizeof *tried; i++) {
        assert_int_equal(give(&tried[i].order), tried[i].expected);
        assert_as_before(&before);
    }
    assert_true(publication().sequence == published);
}

static enum err checkpoint(void) {
    uint8_t memory[128];
    struct hsm_checkpointed answer;
    struct buffer target = buffer_over(memory, sizeof memory);
    const struct hsm_checkpoint question = {.tree_size = 1};
    hsm_wire_put_checkpoint(&target, &question);
    struct bytes payload = ask(signer.core, HSM_CHECKPOINT, bytes_of(memory, target.len));
    assert_int_equal(hsm_wire_get_checkpointed(payload, &answer), ERR_OK);
    return answer.receipt.status;
}

/* Each HELLO says so (above): what is served needs neither. Both come back, one after the other. */
static void without_a_root_and_an_audit_key_it_serves_on(void **state) {
    (void)state;
    uint16_t root = in(HSM_PURPOSE_ROOT, KEYSTATE_ACTIVE);
    assert_int_equal(order(HSM_ORDER_REVOKE_AT_ONCE, HSM_PURPOSE_ROOT, root), ERR_OK);
    assert_int_equal(order(HSM_ORDER_REVOKE_AT_ONCE, HSM_PURPOSE_AUDIT, 1), ERR_OK);
    (void)receive(signer.core, HSM_HELLO);
    enum err err = checkpoint();
    while (err == ERR_NOT_FOUND) {
        (void)receive(signer.core, HSM_HELLO);
        err = checkpoint();
    }
    assert_int_equal(err, ERR_OK);
    assert_true(in(HSM_PURPOSE_ROOT, KEYSTATE_ACTIVE) > root);
    assert_int_equal(in(HSM_PURPOSE_AUDIT, KEYSTATE_ACTIVE), 2);
}

static int64_t stored_run_ms(void) {
    struct keyring *keyring;
    struct keyring_clock clock;
    assert_int_equal(keyring_open(&keyring, box.keyring_directory, true), ERR_OK);
    assert_int_equal(keyring_life_clock(keyring, &clock), ERR_OK);
    keyring_close(keyring);
    hsm_box_give_away(&box);
    return clock.run_ms;
}

/* Or signers that end early would wait for ever. */
static void however_short_its_life_was_its_clock_goes_on_in_the_next(void **state) {
    (void)state;
    int64_t before = stored_run_ms();
    for (int lives = 0; lives < 2; lives++) {
        (void)start(NULL);
        (void)stop(NULL);
        int64_t now = stored_run_ms();
        assert_true(now > before);
        before = now;
    }
}

static void only_the_first_signer_takes_orders_and_only_from_provd(void **state) {
    (void)state;
    struct hsm_signer other;
    const struct hsm_signer_plan second = {.index = 1};
    hsm_signer_start(&box, &second, &other);
    (void)hsm_signer_greet(&other);
    hsm_signer_send(&other, other.provd, HSM_KEYS, hsm_signer_all_keys());
    assert_int_equal(hsm_signer_wait(&other), BOOT_EXIT_FAILURE);
    hsm_signer_stop(&other);
    hsm_signer_start(&box, &hurried, &other);
    (void)hsm_signer_greet(&other);
    hsm_signer_send(&other, other.core, HSM_KEYS, hsm_signer_all_keys());
    assert_int_equal(hsm_signer_wait(&other), BOOT_EXIT_FAILURE);
    hsm_signer_stop(&other);
}

/* What edge is told besides, of silences, is passed over. */
static struct bytes receive_at_edge(uint16_t type) {
    static uint8_t memory[FRAME_MAX_BYTES];
    struct frame frame = {0};
    while (frame.type != type)
        assert_int_equal(frame_receive(signer.core, memory, sizeof memory, &frame, PATIENCE_MS),
                         ERR_OK);
    return frame.payload;
}

/* Of a box whose TLS key is in the token nobody could ask otherwise how it is. */
static void handshakes_go_on_while_a_key_of_answers_is_awaited(void **state) {
    (void)state;
    static const struct hsm_signer_plan slow = {.role = "edge",
                                                .settings = "key-propagation = 60\n"};
    struct hsm_hello hello = {.provisioned = true};
    struct hsm_tls_chain chain;
    hsm_signer_start(&box, &slow, &signer);
    (void)hsm_signer_greet(&signer);
    assert_int_equal(order(HSM_ORDER_REVOKE_AT_ONCE, HSM_PURPOSE_SIGN, 1), ERR_OK);
    while (hello.provisioned)
        assert_int_equal(hsm_wire_get_hello(receive_at_edge(HSM_HELLO), &hello), ERR_OK);
    assert_true(hello.complete);
    hsm_signer_send(&signer, signer.core, HSM_TLS_CHAIN, NOTHING);
    assert_int_equal(hsm_wire_get_tls_chain(receive_at_edge(HSM_TLS_CHAIN_IS), &chain), ERR_OK);
    assert_int_equal(chain.receipt.status, ERR_OK);
    assert_true(chain.count > 0);
    assert_int_equal(in(HSM_PURPOSE_SIGN, KEYSTATE_REVOKED), 1);
    hsm_signer_stop(&signer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_roll_shows_the_next_key_then_uses_it_and_opens_with_both,
                                        start, stop),
        cmocka_unit_test_setup_teardown(
            an_active_key_is_revoked_only_once_its_successor_can_take_over, start, stop),
        cmocka_unit_test_setup_teardown(orders_that_make_no_sense_change_nothing, start, stop),
        cmocka_unit_test_setup_teardown(a_revoked_key_takes_no_order_but_one, start, stop),
        cmocka_unit_test_setup_teardown(a_dry_run_is_judged_and_changes_nothing, start, stop),
        cmocka_unit_test_setup_teardown(without_a_root_and_an_audit_key_it_serves_on, start, stop),
        cmocka_unit_test(however_short_its_life_was_its_clock_goes_on_in_the_next),
        cmocka_unit_test(only_the_first_signer_takes_orders_and_only_from_provd),
        cmocka_unit_test(handshakes_go_on_while_a_key_of_answers_is_awaited),
    };
    return cmocka_run_group_tests(tests, make_box, remove_box);
}
