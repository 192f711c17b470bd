#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <p11-kit/pkcs11.h>
#include <sodium.h>

#include "hsm/keyring_custody.h"
#include "hsm/keyset.h"
#include "hsm/locked_memory.h"
#include "tests/unit/agree_sender.h"
#include "tests/unit/rollover_box.h"

/*
 * Keys change their custody: on a real token, with clocks of the test's own. Whatever a client
 * encrypted to a key that is still shown or was just now is opened, wherever that key is.
 */
#define DAY        ROLLOVER_BOX_DAY
#define TO_ACTIVE  (DAY + 60 * ROLLOVER_BOX_SECOND) /* a max-age and propagation */
#define TO_RETIRED (20 * DAY)                       /* more than the overlap and all of that */
#define TO_DESTROY (6 * DAY)
#define SHIM_DEATH 99

static struct rollover_box box;

static int found_box(void **state) {
    (void)state;
    rollover_box_found(&box);
    return 0;
}

static int remove_box(void **state) {
    (void)state;
    rollover_box_remove(&box);
    return 0;
}

static int begin(void **state) {
    (void)state;
    rollover_box_begin(&box);
    rollover_box_by_order(&box);
    return 0;
}

static int end(void **state) {
    (void)state;
    rollover_box_close(&box);
    return 0;
}

static struct keyring_row row_of(enum hsm_purpose purpose, uint16_t generation) {
    struct keyring_row row;
    assert_int_equal(keyring_find(box.keyring, purpose, generation, &row), ERR_OK);
    return row;
}

static void choose(enum hsm_purpose purpose, enum keyring_custody custody) {
    enum keyring_custody chosen;
    assert_int_equal(keyring_custody_set(box.keyring, purpose, custody), ERR_OK);
    assert_int_equal(keyring_custody_get(box.keyring, purpose, &chosen), ERR_OK);
    assert_int_equal(chosen, custody);
}

/* Until the next key is active, and nothing older than ${active} - 1 is in use. */
static void roll(enum hsm_purpose purpose, uint16_t active) {
    assert_int_equal(keyring_life_roll(box.keyring, purpose), ERR_OK);
    (void)rollover_box_settle_after(&box, 0);
    (void)rollover_box_settle_after(&box, TO_ACTIVE);
    assert_int_equal(rollover_box_in(&box, purpose, KEYSTATE_ACTIVE), active);
    assert_int_equal(rollover_box_in(&box, purpose, KEYSTATE_RETIRING), active - 1);
}

static struct keyset *load_keys(void) {
    static struct keyset keys;
    assert_int_equal(keyset_load(&keys, box.keyring, box.token), ERR_OK);
    assert_true(keys.provisioned);
    return &keys;
}

/* A content key that is sealed for the certificate of ${row} comes out of ${ring} again. */
static void assert_unwraps(struct unwrap_ring *ring, const struct keyring_row *row) {
    uint8_t wrapped[HSM_WRAPPED_BYTES], thumbprint[HSM_THUMBPRINT_BYTES];
    SECRET(content);
    SECRET(opened);
    uint64_t uses = 0;
    bool same = false;
    assert_int_equal(secret_random(&content, UNWRAP_SECRET_BYTES), ERR_OK);
    assert_int_equal(
        unwrap_seal(keyring_row_certificate(row), UNWRAP_LABEL_REQUEST, &content, wrapped), ERR_OK);
    (void)crypto_hash_sha256(thumbprint, row->certificate, row->certificate_len);
    assert_int_equal(unwrap_open(ring, thumbprint, wrapped, &opened, &uses), ERR_OK);
    assert_int_equal(unwrap_opened_by(ring), row->generation);
    assert_int_equal(secret_equal(secret_view(&opened), secret_view(&content), &same), ERR_OK);
    assert_true(same);
}

static void assert_derives(struct agree_ring *ring, const struct keyring_row *row) {
    struct hsm_derive question = {.party_u = bytes_of_text("u"), .party_v = bytes_of_text("v")};
    uint8_t expected[HSM_CONTENT_KEY_BYTES];
    SECRET(content_key);
    uint64_t uses = 0;
    assert_int_equal(jwk_ec_thumbprint(keyring_row_certificate(row), question.kid), ERR_OK);
    agree_sender_ask(keyring_row_certificate(row), &question, expected);
    assert_int_equal(agree_derive(ring, &question, &content_key, &uses), ERR_OK);
    assert_memory_equal(content_key.data, expected, sizeof expected);
}

static void assert_serves(enum hsm_purpose purpose, uint16_t generation) {
    struct keyset *keys = load_keys();
    struct keyring_row row = row_of(purpose, generation);
    if (purpose == HSM_PURPOSE_REQUEST)
        assert_derives(keys->request, &row);
    else
        assert_unwraps(purpose == HSM_PURPOSE_PARTNER ? keys->partner : keys->ida_fir, &row);
    keyset_unload(keys);
}

static void assert_custody(enum hsm_purpose purpose, uint16_t generation,
                           enum keyring_custody custody) {
    struct keyring_row row = row_of(purpose, generation);
    bool is_in_token;
    assert_int_equal(keyring_row_custody(&row), custody);
    assert_int_equal(token_raw_holds(token_session(box.token), row.id, &is_in_token), ERR_OK);
    assert_int_equal(is_in_token, custody == KEYRING_CUSTODY_TOKEN);
    assert_int_equal(row.wrapped_by != 0, custody == KEYRING_CUSTODY_WRAPPED);
}

static const enum hsm_purpose purposes[] = {HSM_PURPOSE_PARTNER, HSM_PURPOSE_IDA_FIR,
                                            HSM_PURPOSE_REQUEST};
#define PURPOSE_COUNT (sizeof purposes / sizeof *purposes)

static void a_choice_is_for_keys_made_later_and_a_ring_has_both_while_they_roll(void **state) {
    (void)state;
    HSM_BOX_NEEDS(CKM_ECDH1_DERIVE);
    for (size_t i = 0; i < PURPOSE_COUNT; i++) {
        choose(purposes[i], KEYRING_CUSTODY_WRAPPED);
        (void)rollover_box_settle_after(&box, 0);
        assert_custody(purposes[i], 1, KEYRING_CUSTODY_TOKEN);
        assert_serves(purposes[i], 1);
        roll(purposes[i], 2);
        assert_custody(purposes[i], 1, KEYRING_CUSTODY_TOKEN);
        assert_custody(purposes[i], 2, KEYRING_CUSTODY_WRAPPED);
        assert_serves(purposes[i], 1);
        assert_serves(purposes[i], 2);
    }
    rollover_box_assert_agreed(&box);
    for (size_t i = 0; i < PURPOSE_COUNT; i++) { /* and the way back */
        choose(purposes[i], KEYRING_CUSTODY_TOKEN);
        roll(purposes[i], 3);
        assert_custody(purposes[i], 2, KEYRING_CUSTODY_WRAPPED);
        assert_custody(purposes[i], 3, KEYRING_CUSTODY_TOKEN);
        assert_serves(purposes[i], 2);
        assert_serves(purposes[i], 3);
    }
    rollover_box_assert_agreed(&box);
}

static void a_roll_of_the_kek_wraps_the_key_anew_and_leaves_it_sealed_as_it_is(void **state) {
    (void)state;
    choose(HSM_PURPOSE_PARTNER, KEYRING_CUSTODY_WRAPPED);
    roll(HSM_PURPOSE_PARTNER, 2);
    struct keyring_row before = row_of(HSM_PURPOSE_PARTNER, 2);
    assert_int_equal(before.wrapped_by, 1);
    roll(HSM_PURPOSE_KEK, 2);
    struct keyring_row after = row_of(HSM_PURPOSE_PARTNER, 2);
    assert_int_equal(after.wrapped_by, 2);
    assert_memory_not_equal(after.wrapped, before.wrapped, sizeof after.wrapped);
    assert_int_equal(after.sealed_len, before.sealed_len);
    assert_memory_equal(after.sealed, before.sealed, after.sealed_len);
    assert_serves(HSM_PURPOSE_PARTNER, 2);
    roll(HSM_PURPOSE_PARTNER, 3); /* and what is made from now on is under the younger KEK */
    assert_int_equal(row_of(HSM_PURPOSE_PARTNER, 3).wrapped_by, 2);
    assert_serves(HSM_PURPOSE_PARTNER, 3);
}

static void of_a_destroyed_key_nothing_is_left_in_its_row(void **state) {
    (void)state;
    HSM_BOX_NEEDS(CKM_ECDH1_DERIVE);
    static const uint8_t nothing[KEYRING_SEALED_MAX];
    choose(HSM_PURPOSE_REQUEST, KEYRING_CUSTODY_WRAPPED);
    roll(HSM_PURPOSE_REQUEST, 2);
    struct keyring_row sealed = row_of(HSM_PURPOSE_REQUEST, 2);
    roll(HSM_PURPOSE_REQUEST, 3);
    (void)rollover_box_settle_after(&box, TO_RETIRED);
    assert_int_equal(rollover_box_in(&box, HSM_PURPOSE_REQUEST, KEYSTATE_RETIRED), 2);
    assert_int_equal(keyring_life_mark(box.keyring, HSM_PURPOSE_REQUEST, 2, KEYRING_GRANTED),
                     ERR_OK);
    assert_int_equal(row_of(HSM_PURPOSE_REQUEST, 2).sealed_len, sealed.sealed_len);
    (void)rollover_box_settle_after(&box, TO_DESTROY);
    struct keyring_row row = row_of(HSM_PURPOSE_REQUEST, 2);
    assert_int_equal(keyring_row_state(&row), KEYSTATE_DESTROYED);
    assert_false(row.has_wrapped);
    assert_int_equal(row.sealed_len, 0);
    assert_memory_equal(row.wrapped, nothing, sizeof row.wrapped);
    assert_memory_equal(row.sealed, nothing, sizeof row.sealed);
    rollover_box_assert_agreed(&box);
}

/* The row says in whose custody a key is: what somebody else wrote into it is not loaded. */
static void a_sealed_row_that_was_tampered_with_stops_the_keys_from_loading(void **state) {
    (void)state;
    struct keyset keys;
    choose(HSM_PURPOSE_PARTNER, KEYRING_CUSTODY_WRAPPED);
    assert_int_equal(keyring_life_roll(box.keyring, HSM_PURPOSE_PARTNER), ERR_OK);
    (void)rollover_box_settle_after(&box, 0);
    struct keyring_row row = row_of(HSM_PURPOSE_PARTNER, 2), intent;
    assert_int_equal(keyset_load(&keys, box.keyring, box.token), ERR_OK);
    keyset_unload(&keys);
    /* The same key, committed once more as the next one. */
    assert_int_equal(keyring_intend(box.keyring, HSM_PURPOSE_PARTNER, box.now.wall_ms, &intent),
                     ERR_OK);
    row.generation = row.life.generation = intent.generation;
    memcpy(row.id, intent.id, sizeof row.id);
    assert_int_equal(keyring_commit(box.keyring, &row), ERR_OK);
    assert_int_equal(keyset_load(&keys, box.keyring, box.token), ERR_CRYPTO);
    keyset_unload(&keys);
}

/* ---- what was begun in the other custody ---- */

static void an_attempt_of_before_the_choice_leaves_nothing_in_the_token(void **state) {
    (void)state;
    struct keyring_row intent;
    assert_int_equal(keyring_life_roll(box.keyring, HSM_PURPOSE_PARTNER), ERR_OK);
    assert_int_equal(keyring_intend(box.keyring, HSM_PURPOSE_PARTNER, box.now.wall_ms, &intent),
                     ERR_OK);
    assert_int_equal(token_raw_generate(token_session(box.token), TOKEN_RAW_RSA_DECRYPT, intent.id,
                                        "IDA/PARTNER 2"),
                     ERR_OK);
    choose(HSM_PURPOSE_PARTNER, KEYRING_CUSTODY_WRAPPED);
    (void)rollover_box_settle_after(&box, 0);
    assert_custody(HSM_PURPOSE_PARTNER, 2, KEYRING_CUSTODY_WRAPPED);
    rollover_box_assert_agreed(&box);
}

/* How a process ends that takes ${turns} turns and dies at call ${call} of the module; 0: at none.
 */
static int die_at(unsigned call, const char *kind, unsigned turns) {
    char fault[32];
    (void)snprintf(fault, sizeof fault, "%u:%s", call, kind);
    rollover_box_close(&box);
    int ending = rollover_box_spawn(&box, fault, turns);
    rollover_box_open(&box);
    rollover_box_by_order(&box);
    return ending;
}

/* The module makes no such key. It opens what was just sealed, and signs the certificate. */
static void killed_anywhere_while_a_wrapped_key_is_made_it_goes_on(void **state) {
    (void)state;
    static const char *const kinds[] = {"before", "after"};
    choose(HSM_PURPOSE_PARTNER, KEYRING_CUSTODY_WRAPPED);
    assert_int_equal(keyring_life_roll(box.keyring, HSM_PURPOSE_PARTNER), ERR_OK);
    assert_int_equal(die_at(0, "none", 1), 0); /* the intent is there */
    for (unsigned call = 1; call <= 2; call++)
        for (size_t kind = 0; kind < 2; kind++) {
            assert_int_equal(die_at(call, kinds[kind], 2), SHIM_DEATH);
            rollover_box_assert_agreed(&box);
        }
    assert_int_equal(die_at(3, "before", 1), 0); /* the key is there */
    rollover_box_assert_agreed(&box);
    (void)rollover_box_settle_after(&box, 0);
    assert_int_equal(rollover_box_in(&box, HSM_PURPOSE_PARTNER, KEYSTATE_PUBLISHED), 2);
    assert_custody(HSM_PURPOSE_PARTNER, 2, KEYRING_CUSTODY_WRAPPED);
    assert_serves(HSM_PURPOSE_PARTNER, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        TEST(a_choice_is_for_keys_made_later_and_a_ring_has_both_while_they_roll),
        TEST(a_roll_of_the_kek_wraps_the_key_anew_and_leaves_it_sealed_as_it_is),
        TEST(of_a_destroyed_key_nothing_is_left_in_its_row),
        TEST(a_sealed_row_that_was_tampered_with_stops_the_keys_from_loading),
        TEST(an_attempt_of_before_the_choice_leaves_nothing_in_the_token),
        TEST(killed_anywhere_while_a_wrapped_key_is_made_it_goes_on),
    };
    if (locked_memory_open() != ERR_OK || secret_arena_open(65536) != ERR_OK)
        return 1;
    if (rollover_box_work(argc, argv))
        return 0;
    return cmocka_run_group_tests(tests, found_box, remove_box);
}
