#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <p11-kit/pkcs11.h>

#include "firmware/base/secret.h"
#include "hsm/keyring_need.h"
#include "hsm/keyset.h"
#include "tests/unit/rollover_box.h"

/*
 * The module fails while keys roll: what is in use serves on, what failed is done again, by this
 * process or the next, and token and keyring agree in the end.
 */
#define SECOND ROLLOVER_BOX_SECOND
#define DAY    ROLLOVER_BOX_DAY

static struct rollover_box box;

static int found_box(void **state) {
    (void)state;
    rollover_box_found(&box);
    box.module = hsm_box_shim(&box.box);
    return 0;
}

static int remove_box(void **state) {
    (void)state;
    rollover_box_remove(&box);
    return 0;
}

static int begin(void **state) {
    (void)state;
    hsm_box_heal(&box.box);
    rollover_box_begin(&box);
    rollover_box_by_order(&box);
    return 0;
}

static int end(void **state) {
    (void)state;
    rollover_box_close(&box);
    return 0;
}

static void begin_again(void) {
    rollover_box_close(&box);
    (void)begin(NULL);
}

/* As a successor finds it. */
static void restart(void) {
    hsm_box_heal(&box.box);
    rollover_box_close(&box);
    rollover_box_open(&box);
}

static uint16_t in(enum hsm_purpose purpose, enum keystate state) {
    return rollover_box_in(&box, purpose, state);
}

static void order(enum hsm_purpose purpose) {
    assert_int_equal(keyring_life_roll(box.keyring, purpose), ERR_OK);
    rollover_box_pass(&box, 0);
}

/* Turns until one fails, or nothing is due any more. */
static enum err turn(void) {
    struct rollover_news news = {.action = KEYSTATE_GENERATE};
    enum err err = ERR_OK;
    while (err == ERR_OK && (news.action != KEYSTATE_WAIT || news.rewrapped))
        err = rollover_turn(box.rollover, box.now, &news);
    return err;
}

/* All keys can be loaded and used, as a signer does when it starts. */
static void assert_usable(void) {
    static struct keyset keys;
    uint8_t signature[SIGN_ES256_BYTES], memory[STATEMENT_SIGNATURE_MAX];
    struct buffer target = buffer_over(memory, sizeof memory);
    assert_int_equal(keyset_load(&keys, box.keyring, box.token), ERR_OK);
    assert_true(keys.provisioned);
    assert_int_equal(sign_es256_raw(keys.token, bytes_of_text("used"), signature), ERR_OK);
    assert_int_equal(sign_rs256_detached(keys.sign, bytes_of_text("{}"), &target), ERR_OK);
    keyset_unload(&keys);
}

static void assert_rolled(enum hsm_purpose purpose) {
    (void)rollover_box_settle(&box);
    assert_int_equal(in(purpose, KEYSTATE_PUBLISHED), 2);
    assert_int_equal(in(purpose, KEYSTATE_ACTIVE), 1);
    rollover_box_assert_agreed(&box);
    assert_usable();
    restart();
    rollover_box_assert_agreed(&box);
    assert_usable();
}

static void break_in(enum pkcs11_function function, enum pkcs11_fault_kind kind, unsigned times) {
    const struct hsm_fault fault = {
        .function = function, .kind = kind, .result = CKR_GENERAL_ERROR, .times = times};
    hsm_box_break(&box.box, &fault);
}

/* ---- making ---- */

static size_t count_objects(CK_OBJECT_CLASS class) {
    CK_SESSION_HANDLE session;
    CK_FUNCTION_LIST *module = token_raw_module(token_session(box.token), &session);
    CK_ATTRIBUTE wanted = {CKA_CLASS, &class, sizeof class};
    CK_OBJECT_HANDLE found[64];
    CK_ULONG count = 0;
    assert_int_equal(module->C_FindObjectsInit(session, &wanted, 1), CKR_OK);
    assert_int_equal(module->C_FindObjects(session, found, 64, &count), CKR_OK);
    assert_int_equal(module->C_FindObjectsFinal(session), CKR_OK);
    return count;
}

static void assert_no_half_is_left(void) {
    assert_int_equal(count_objects(CKO_PUBLIC_KEY), count_objects(CKO_PRIVATE_KEY));
}

/* SoftHSM's CKR_GENERAL_ERROR, with half of a pair that stays in the token without a name. */
static void a_generation_that_fails_a_few_times_is_done_again_at_once(void **state) {
    (void)state;
    for (unsigned times = 1; times <= 4; times++) {
        begin_again();
        order(HSM_PURPOSE_TOKEN);
        break_in(PKCS11_C_GenerateKeyPair, PKCS11_LEAVES_HALF, times);
        assert_int_equal(turn(), ERR_OK);
        assert_int_equal(hsm_box_struck(&box.box), times);
        assert_int_equal(in(HSM_PURPOSE_TOKEN, KEYSTATE_PUBLISHED), 2);
        assert_rolled(HSM_PURPOSE_TOKEN);
        assert_no_half_is_left();
    }
}

/* It made the pair, and said that it has not. */
static void a_pair_made_and_called_a_failure_is_not_left_beside_the_next(void **state) {
    (void)state;
    order(HSM_PURPOSE_TOKEN);
    break_in(PKCS11_C_GenerateKeyPair, PKCS11_DOES, 1);
    assert_int_equal(turn(), ERR_OK);
    assert_int_equal(hsm_box_struck(&box.box), 1);
    assert_rolled(HSM_PURPOSE_TOKEN);
}

/* It makes no other key, does not end at once, and then ends for a successor that can. */
static void a_token_that_makes_no_key_costs_no_key_in_use(void **state) {
    (void)state;
    order(HSM_PURPOSE_TOKEN);
    break_in(PKCS11_C_GenerateKeyPair, PKCS11_RETURNS, 0);
    assert_int_equal(turn(), ERR_OK);
    unsigned struck = hsm_box_struck(&box.box);
    assert_true(struck > 0);
    assert_usable();
    rollover_box_pass(&box, SECOND);
    assert_int_equal(turn(), ERR_OK);
    assert_int_equal(hsm_box_struck(&box.box), struck);
    rollover_box_pass(&box, 60 * SECOND);
    assert_int_equal(turn(), ERR_HSM);
    restart();
    assert_rolled(HSM_PURPOSE_TOKEN);
}

/*
 * A pair that the process which made it does not find: only another can, and can remove it. Two of
 * one id would be neither.
 */
static void a_pair_that_is_not_found_is_not_made_twice(void **state) {
    (void)state;
    order(HSM_PURPOSE_TOKEN);
    break_in(PKCS11_C_GenerateKeyPair, PKCS11_HIDES, 1);
    assert_int_equal(turn(), ERR_OK);
    assert_int_equal(hsm_box_struck(&box.box), 1);
    rollover_box_pass(&box, 60 * SECOND);
    assert_int_equal(turn(), ERR_HSM);
    restart();
    assert_rolled(HSM_PURPOSE_TOKEN);
}

/* A key that signs wrong does not pass its trial, and no certificate of a wrong signature stays. */
static void a_key_that_signs_wrong_is_not_taken(void **state) {
    (void)state;
    for (unsigned skip = 0; skip < 2; skip++) { /* the certificate's signature, the trial's */
        const struct hsm_fault fault = {
            .function = PKCS11_C_Sign, .kind = PKCS11_FLIPS, .skip = skip, .times = 1};
        begin_again();
        order(HSM_PURPOSE_TOKEN);
        hsm_box_break(&box.box, &fault);
        (void)turn();
        assert_int_equal(hsm_box_struck(&box.box), 1);
        rollover_box_pass(&box, 60 * SECOND);
        (void)turn();
        restart();
        assert_rolled(HSM_PURPOSE_TOKEN);
    }
}

/* ---- destroying ---- */

/* Until generation 1 is due to be destroyed, as officers have agreed. */
static void retire_first(void) {
    order(HSM_PURPOSE_TOKEN);
    (void)rollover_box_settle(&box);
    rollover_box_pass(&box, 2 * DAY);
    (void)rollover_box_settle(&box);
    rollover_box_pass(&box, 30 * DAY);
    (void)rollover_box_settle(&box);
    assert_int_equal(in(HSM_PURPOSE_TOKEN, KEYSTATE_RETIRED), 1);
    assert_int_equal(keyring_life_mark(box.keyring, HSM_PURPOSE_TOKEN, 1, KEYRING_GRANTED), ERR_OK);
    rollover_box_pass(&box, 6 * DAY);
}

static void assert_destroyed(void) {
    (void)rollover_box_settle(&box);
    assert_int_equal(in(HSM_PURPOSE_TOKEN, KEYSTATE_DESTROYED), 1);
    assert_int_equal(in(HSM_PURPOSE_TOKEN, KEYSTATE_ACTIVE), 2);
    rollover_box_assert_agreed(&box);
    assert_usable();
}

/* It says so, but the object stays, or it says that it could not; done or not. */
static void a_key_is_destroyed_only_when_it_is_gone(void **state) {
    (void)state;
    static const enum pkcs11_fault_kind kinds[] = {PKCS11_LIES, PKCS11_RETURNS, PKCS11_DOES};
    retire_first();
    rollover_box_close(&box);
    rollover_box_keep(&box, "retired");
    rollover_box_open(&box);
    for (size_t i = 0; i < 3; i++) {
        rollover_box_pass(&box, 0);
        break_in(PKCS11_C_DestroyObject, kinds[i], 0);
        assert_int_equal(turn(), ERR_HSM);
        assert_true(hsm_box_struck(&box.box) > 0);
        assert_int_equal(in(HSM_PURPOSE_TOKEN, KEYSTATE_DESTROYED), 0);
        restart();
        assert_destroyed();
        rollover_box_close(&box);
        rollover_box_take_back(&box, "retired");
        rollover_box_open(&box);
    }
}

/* softhsm/SoftHSMv2#903: its process does not see it any more, and a later one does. */
static void a_destroyed_key_that_comes_back_is_removed_by_the_next_start(void **state) {
    (void)state;
    bool holds;
    struct keyring_row row;
    retire_first();
    break_in(PKCS11_C_DestroyObject, PKCS11_HIDES, 0);
    assert_int_equal(turn(), ERR_OK);
    assert_int_equal(hsm_box_struck(&box.box), 2);
    assert_int_equal(in(HSM_PURPOSE_TOKEN, KEYSTATE_DESTROYED), 1);
    assert_int_equal(keyring_find(box.keyring, HSM_PURPOSE_TOKEN, 1, &row), ERR_OK);
    restart();
    assert_int_equal(token_raw_holds(token_session(box.token), row.id, &holds), ERR_OK);
    assert_false(holds);
    assert_destroyed();
}

/* ---- a roll of the KEK ---- */

static uint16_t wrapped_by(void) {
    struct keyring_row row;
    assert_int_equal(keyring_find(box.keyring, HSM_PURPOSE_PEPPER, 1, &row), ERR_OK);
    return row.wrapped_by;
}

static struct hsm_lookup_keys look_up(void) {
    static struct keyset keys;
    static const uint8_t id_hash[HSM_ID_HASH_BYTES] = {1, 7, 0, 5};
    struct hsm_lookup_keys found;
    assert_int_equal(keyset_load(&keys, box.keyring, box.token), ERR_OK);
    assert_int_equal(lookup_keys(&keys.peppers, id_hash, &found), ERR_OK);
    keyset_unload(&keys);
    return found;
}

/* An opening that fails ends the process, one that is wrong is not stored; the pepper stays. */
static void a_module_that_fails_while_a_row_is_wrapped_anew_loses_nothing(void **state) {
    (void)state;
    static const struct {
        enum pkcs11_function function;
        enum pkcs11_fault_kind kind;
        unsigned skip;
        enum err later;
    } faults[] = {
        {PKCS11_C_Decrypt, PKCS11_RETURNS, 0, ERR_HSM},
        {PKCS11_C_Decrypt, PKCS11_RETURNS, 1, ERR_HSM},
        {PKCS11_C_DecryptInit, PKCS11_LOSES, 0, ERR_HSM},
        {PKCS11_C_Decrypt, PKCS11_FLIPS, 0, ERR_OK},
        {PKCS11_C_Decrypt, PKCS11_FLIPS, 1, ERR_OK},
    };
    struct hsm_lookup_keys before = look_up();
    order(HSM_PURPOSE_KEK);
    (void)rollover_box_settle(&box);
    rollover_box_close(&box);
    rollover_box_keep(&box, "standby");
    rollover_box_open(&box);
    rollover_box_pass(&box, 2 * DAY);
    struct keystate_now then = box.now;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        const struct hsm_fault fault = {.function = faults[i].function,
                                        .kind = faults[i].kind,
                                        .skip = faults[i].skip,
                                        .result = CKR_DEVICE_ERROR,
                                        .times = 1};
        hsm_box_break(&box.box, &fault);
        assert_int_equal(turn(), ERR_OK);
        assert_int_equal(hsm_box_struck(&box.box), 1);
        rollover_box_pass(&box, 60 * SECOND);
        assert_int_equal(turn(), faults[i].later);
        restart();
        rollover_box_pass(&box, 60 * SECOND);
        (void)rollover_box_settle(&box);
        assert_int_equal(in(HSM_PURPOSE_KEK, KEYSTATE_ACTIVE), 2);
        assert_int_equal(wrapped_by(), 2);
        struct hsm_lookup_keys after = look_up();
        assert_memory_equal(&before, &after, sizeof before);
        rollover_box_close(&box);
        rollover_box_take_back(&box, "standby");
        box.now = then;
        rollover_box_open(&box);
        rollover_box_pass(&box, 0);
    }
}

int main(void) {
    if (secret_arena_open(65536) != ERR_OK)
        return 1;
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
        TEST(a_generation_that_fails_a_few_times_is_done_again_at_once),
        TEST(a_pair_made_and_called_a_failure_is_not_left_beside_the_next),
        TEST(a_token_that_makes_no_key_costs_no_key_in_use),
        TEST(a_pair_that_is_not_found_is_not_made_twice),
        TEST(a_key_that_signs_wrong_is_not_taken),
        TEST(a_key_is_destroyed_only_when_it_is_gone),
        TEST(a_destroyed_key_that_comes_back_is_removed_by_the_next_start),
        TEST(a_module_that_fails_while_a_row_is_wrapped_anew_loses_nothing),
    };
    return cmocka_run_group_tests(tests, found_box, remove_box);
}
