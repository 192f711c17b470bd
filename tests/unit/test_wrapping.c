#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/secret.h"
#include "hsm/keyring_custody.h"
#include "hsm/keyring_need.h"
#include "hsm/keyring_wrap.h"
#include "hsm/keyset.h"
#include "hsm/locked_memory.h"
#include "hsm/wrapping.h"
#include "tests/unit/rollover_box.h"

/*
 * Rolls of the two keys that stores depend on, on a real token, with clocks of the test's own. The
 * test is the store: it has a record root that the KEK wraps, and knows a person by her lookup key.
 */
#define SECOND     ROLLOVER_BOX_SECOND
#define DAY        ROLLOVER_BOX_DAY
#define NOTICE     (60 * SECOND)  /* propagation */
#define TO_ACTIVE  (DAY + NOTICE) /* a max-age, and that */
#define TO_RETIRED (20 * DAY)     /* more than overlap, max-age, propagation and skew */
#define TO_DESTROY (6 * DAY)
#define SHIM_DEATH 99

static struct rollover_box box;
static const uint8_t id_hash[HSM_ID_HASH_BYTES] = {1, 7, 0, 5};

static struct store {
    uint8_t root[HSM_ROOT_BYTES];
    uint8_t wrapped[HSM_WRAPPED_BYTES]; /* the root */
    uint16_t pepper;                    /* she is found under the lookup key of this generation */
    uint8_t person[HSM_LOOKUP_KEY_BYTES];
} first, store;

static struct keyset *load_keys(void) {
    static struct keyset keys;
    assert_int_equal(keyset_load(&keys, box.keyring, box.token), ERR_OK);
    assert_true(keys.provisioned);
    return &keys;
}

static struct bytes kek_of(const struct keyset *keys) {
    return bytes_of(keys->kek_certificate, keys->kek_certificate_len);
}

static struct hsm_lookup_keys look_up(const struct keyset *keys) {
    struct hsm_lookup_keys found;
    assert_int_equal(lookup_keys(&keys->peppers, id_hash, &found), ERR_OK);
    return found;
}

/* What the store has before any roll. */
static void fill_store(void) {
    SECRET(root);
    struct keyset *keys = load_keys();
    struct hsm_lookup_keys found = look_up(keys);
    assert_int_equal(found.count, 1);
    first.pepper = found.of[0].generation;
    memcpy(first.person, found.of[0].key, sizeof first.person);
    assert_int_equal(secret_random(&root, HSM_ROOT_BYTES), ERR_OK);
    memcpy(first.root, root.data, sizeof first.root);
    assert_int_equal(unwrap_seal(kek_of(keys), UNWRAP_LABEL_ROOT, &root, first.wrapped), ERR_OK);
    keyset_unload(keys);
}

/* The signers' keys still serve the store: she is found, and the root opens to what it was. */
static void assert_served(void) {
    SECRET(root);
    uint64_t uses = 0;
    bool is_found = false;
    struct keyset *keys = load_keys();
    struct hsm_lookup_keys found = look_up(keys);
    for (size_t i = 0; i < found.count; i++)
        is_found |= found.of[i].generation == store.pepper &&
                    memcmp(found.of[i].key, store.person, sizeof store.person) == 0;
    assert_true(is_found);
    assert_int_equal(unwrap_open(keys->root, NULL, store.wrapped, &root, &uses), ERR_OK);
    assert_memory_equal(root.data, store.root, sizeof store.root);
    keyset_unload(keys);
}

/* What provd does once it hears of a younger KEK or pepper. */
static void move_store(void) {
    uint64_t uses = 0;
    struct keyset *keys = load_keys();
    struct hsm_lookup_keys found = look_up(keys);
    assert_int_equal(
        wrapping_again(keys->root, UNWRAP_LABEL_ROOT, kek_of(keys), store.wrapped, &uses), ERR_OK);
    store.pepper = found.of[0].generation;
    memcpy(store.person, found.of[0].key, sizeof store.person);
    keyset_unload(keys);
}

static enum err tell_need(uint16_t kek_from, uint16_t pepper_from) {
    const struct hsm_need need = {kek_from, pepper_from};
    return keyring_need_tell(box.keyring, &need);
}

static int found_box(void **state) {
    (void)state;
    rollover_box_found(&box);
    rollover_box_begin(&box);
    fill_store();
    rollover_box_close(&box);
    return 0;
}

static int remove_box(void **state) {
    (void)state;
    rollover_box_remove(&box);
    return 0;
}

static int begin(void **state) {
    (void)state;
    store = first;
    rollover_box_begin(&box);
    rollover_box_by_order(&box);
    return 0;
}

static int end(void **state) {
    (void)state;
    rollover_box_close(&box);
    return 0;
}

static uint16_t in(enum hsm_purpose purpose, enum keystate state) {
    return rollover_box_in(&box, purpose, state);
}

static void expect(enum hsm_purpose purpose, uint16_t published, uint16_t active,
                   uint16_t retiring) {
    assert_int_equal(in(purpose, KEYSTATE_PUBLISHED), published);
    assert_int_equal(in(purpose, KEYSTATE_ACTIVE), active);
    assert_int_equal(in(purpose, KEYSTATE_RETIRING), retiring);
}

static struct keyring_row row_of(enum hsm_purpose purpose, uint16_t generation) {
    struct keyring_row row;
    assert_int_equal(keyring_find(box.keyring, purpose, generation, &row), ERR_OK);
    return row;
}

/* From the order until the next key is active and what is wrapped in the keyring is wrapped by it.
 */
static void roll(enum hsm_purpose purpose) {
    assert_int_equal(keyring_life_roll(box.keyring, purpose), ERR_OK);
    (void)rollover_box_settle_after(&box, 0);
    (void)rollover_box_settle_after(&box, TO_ACTIVE);
}

/* ---- whole rolls ---- */

static void the_kek_rolls_and_everything_it_wrapped_opens(void **state) {
    (void)state;
    assert_int_equal(keyring_life_roll(box.keyring, HSM_PURPOSE_KEK), ERR_OK);
    (void)rollover_box_settle_after(&box, 0);
    expect(HSM_PURPOSE_KEK, 2, 1, 0);
    assert_served();
    assert_int_equal(rollover_box_settle_after(&box, TO_ACTIVE - 1), 0);
    assert_int_equal(row_of(HSM_PURPOSE_PEPPER, 1).wrapped_by, 1);
    /* It becomes active, and the pepper is wrapped anew. */
    assert_int_equal(rollover_box_settle_after(&box, 1), 2);
    expect(HSM_PURPOSE_KEK, 0, 2, 1);
    assert_int_equal(row_of(HSM_PURPOSE_PEPPER, 1).wrapped_by, 2);
    assert_served();
    rollover_box_assert_agreed(&box);
}

/* Where so many keys roll that each turn has a step. */
static void a_row_is_wrapped_anew_before_more_steps_are_done(void **state) {
    (void)state;
    struct rollover_news news;
    assert_int_equal(keyring_life_roll(box.keyring, HSM_PURPOSE_KEK), ERR_OK);
    (void)rollover_box_settle_after(&box, 0);
    assert_int_equal(keyring_life_roll(box.keyring, HSM_PURPOSE_TOKEN), ERR_OK);
    rollover_box_pass(&box, TO_ACTIVE);
    assert_int_equal(rollover_turn(box.rollover, box.now, &news), ERR_OK);
    assert_int_equal(news.action, KEYSTATE_ACTIVATE);
    assert_int_equal(news.purpose, HSM_PURPOSE_KEK);
    box.now.run_ms++;
    assert_int_equal(rollover_turn(box.rollover, box.now, &news), ERR_OK);
    assert_true(news.rewrapped);
    assert_int_equal(row_of(HSM_PURPOSE_PEPPER, 1).wrapped_by, 2);
    assert_int_equal(rollover_box_settle(&box), 3); /* the token's key: intent, pair, shown */
    assert_served();
}

/* The roots are the registry's: nobody but provd knows of them. */
static void the_older_kek_stays_until_the_registry_needs_it_no_more(void **state) {
    (void)state;
    static const uint8_t old_id[TOKEN_RAW_ID_BYTES];
    struct keyring_row old = row_of(HSM_PURPOSE_KEK, 1);
    bool holds = false;
    assert_memory_not_equal(old.id, old_id, sizeof old_id);
    roll(HSM_PURPOSE_KEK);
    assert_int_equal(rollover_box_settle_after(&box, 150 * DAY), 0);
    expect(HSM_PURPOSE_KEK, 0, 2, 1);
    assert_served();
    move_store();
    assert_int_equal(tell_need(2, 0), ERR_OK);
    assert_int_equal(rollover_box_settle_after(&box, 0), 1);
    assert_int_equal(in(HSM_PURPOSE_KEK, KEYSTATE_RETIRED), 1);
    assert_served();
    assert_int_equal(rollover_box_settle_after(&box, TO_DESTROY), 0); /* officers have not agreed */
    assert_int_equal(keyring_life_mark(box.keyring, HSM_PURPOSE_KEK, 1, KEYRING_GRANTED), ERR_OK);
    assert_int_equal(rollover_box_settle_after(&box, 0), 1);
    assert_int_equal(in(HSM_PURPOSE_KEK, KEYSTATE_DESTROYED), 1);
    assert_int_equal(token_raw_holds(token_session(box.token), old.id, &holds), ERR_OK);
    assert_false(holds);
    rollover_box_assert_agreed(&box);
    assert_served();
    roll(HSM_PURPOSE_KEK); /* and so on */
    expect(HSM_PURPOSE_KEK, 0, 3, 2);
    assert_int_equal(row_of(HSM_PURPOSE_PEPPER, 1).wrapped_by, 3);
    assert_served();
}

static void the_pepper_rolls_and_she_is_found_under_both(void **state) {
    (void)state;
    assert_int_equal(keyring_life_roll(box.keyring, HSM_PURPOSE_PEPPER), ERR_OK);
    (void)rollover_box_settle_after(&box, 0);
    expect(HSM_PURPOSE_PEPPER, 2, 1, 0);
    assert_served(); /* by the active one and the standby */
    (void)rollover_box_settle_after(&box, TO_ACTIVE);
    expect(HSM_PURPOSE_PEPPER, 0, 2, 1);
    assert_served();
    assert_int_equal(rollover_box_settle_after(&box, 150 * DAY), 0);
    expect(HSM_PURPOSE_PEPPER, 0, 2, 1);
    move_store();
    assert_int_equal(store.pepper, 2);
    assert_memory_not_equal(store.person, first.person, sizeof first.person);
    assert_int_equal(tell_need(0, 2), ERR_OK);
    assert_int_equal(rollover_box_settle_after(&box, 0), 1);
    assert_int_equal(in(HSM_PURPOSE_PEPPER, KEYSTATE_RETIRED), 1);
    assert_served();
}

/* What was a secret is not in the row any more. */
static void a_destroyed_pepper_is_gone_from_its_row(void **state) {
    (void)state;
    static const uint8_t nothing[HSM_WRAPPED_BYTES];
    roll(HSM_PURPOSE_PEPPER);
    assert_int_equal(tell_need(0, 2), ERR_OK);
    (void)rollover_box_settle_after(&box, TO_RETIRED);
    assert_true(row_of(HSM_PURPOSE_PEPPER, 1).has_wrapped);
    assert_int_equal(keyring_life_mark(box.keyring, HSM_PURPOSE_PEPPER, 1, KEYRING_GRANTED),
                     ERR_OK);
    (void)rollover_box_settle_after(&box, TO_DESTROY);
    struct keyring_row row = row_of(HSM_PURPOSE_PEPPER, 1);
    assert_int_equal(keyring_row_state(&row), KEYSTATE_DESTROYED);
    assert_false(row.has_wrapped);
    assert_int_equal(row.wrapped_by, 0);
    assert_memory_equal(row.wrapped, nothing, sizeof nothing);
}

/* One that was retired could be asked for again until it is destroyed. */
static void a_retired_pepper_is_wrapped_anew_too(void **state) {
    (void)state;
    roll(HSM_PURPOSE_PEPPER);
    assert_int_equal(tell_need(0, 2), ERR_OK);
    (void)rollover_box_settle_after(&box, TO_RETIRED);
    assert_int_equal(in(HSM_PURPOSE_PEPPER, KEYSTATE_RETIRED), 1);
    roll(HSM_PURPOSE_KEK);
    assert_int_equal(row_of(HSM_PURPOSE_PEPPER, 1).wrapped_by, 2);
    assert_int_equal(row_of(HSM_PURPOSE_PEPPER, 2).wrapped_by, 2);
    assert_int_equal(tell_need(2, 0), ERR_OK);
    (void)rollover_box_settle_after(&box, TO_RETIRED);
    assert_int_equal(in(HSM_PURPOSE_KEK, KEYSTATE_RETIRED), 1);
}

/* ${sealed} for the key of ${row}, opened by the signers' keys. */
static void assert_opens(const struct keyring_row *row, const uint8_t *sealed) {
    SECRET(opened);
    uint64_t uses = 0;
    struct keyset *keys = load_keys();
    assert_int_equal(unwrap_open(keys->partner, NULL, sealed, &opened, &uses), ERR_OK);
    assert_int_equal(unwrap_opened_by(keys->partner), row->generation);
    keyset_unload(keys);
}

/* The secret that seals it is wrapped anew; the key stays as it is. */
static void a_key_in_its_rows_custody_outlives_the_kek(void **state) {
    (void)state;
    SECRET(content);
    uint8_t sealed[HSM_WRAPPED_BYTES];
    assert_int_equal(keyring_custody_set(box.keyring, HSM_PURPOSE_PARTNER, KEYRING_CUSTODY_WRAPPED),
                     ERR_OK);
    roll(HSM_PURPOSE_PARTNER);
    struct keyring_row before = row_of(HSM_PURPOSE_PARTNER, 2), after;
    assert_int_equal(keyring_row_custody(&before), KEYRING_CUSTODY_WRAPPED);
    assert_int_equal(before.wrapped_by, 1);
    assert_int_equal(secret_random(&content, HSM_CONTENT_KEY_BYTES), ERR_OK);
    assert_int_equal(
        unwrap_seal(keyring_row_certificate(&before), UNWRAP_LABEL_REQUEST, &content, sealed),
        ERR_OK);
    assert_opens(&before, sealed);
    roll(HSM_PURPOSE_KEK);
    after = row_of(HSM_PURPOSE_PARTNER, 2);
    assert_int_equal(after.wrapped_by, 2);
    assert_memory_not_equal(after.wrapped, before.wrapped, sizeof after.wrapped);
    assert_memory_equal(after.sealed, before.sealed, sizeof after.sealed);
    move_store();
    assert_int_equal(tell_need(2, 0), ERR_OK);
    (void)rollover_box_settle_after(&box, TO_RETIRED);
    assert_int_equal(in(HSM_PURPOSE_KEK, KEYSTATE_RETIRED), 1);
    assert_opens(&after, sealed);
    rollover_box_assert_agreed(&box);
}

/* Three of the KEK, two of the pepper, whatever officers ask for. */
static void no_more_are_made_than_may_be_in_use(void **state) {
    (void)state;
    for (int rolls = 0; rolls < 4; rolls++) {
        roll(HSM_PURPOSE_KEK);
        roll(HSM_PURPOSE_PEPPER);
    }
    expect(HSM_PURPOSE_KEK, 0, 3, 2);
    expect(HSM_PURPOSE_PEPPER, 0, 2, 1);
    struct keyring_row row;
    assert_int_equal(keyring_intend(box.keyring, HSM_PURPOSE_PEPPER, 1, &row), ERR_OK);
    assert_int_equal(generate_make(box.keyring, box.token, &box.generate, 1, &row), ERR_OK);
    assert_int_equal(
        keyring_life_commit(box.keyring, &box.policy.of[HSM_PURPOSE_PEPPER], box.now, &row),
        ERR_DENIED);
    assert_served();
    move_store();
    assert_int_equal(tell_need(3, 2), ERR_OK);
    (void)rollover_box_settle_after(&box, TO_RETIRED);
    (void)rollover_box_settle_after(&box, TO_ACTIVE); /* what was ordered */
    expect(HSM_PURPOSE_KEK, 0, 4, 3);
    expect(HSM_PURPOSE_PEPPER, 0, 3, 2);
    assert_served();
}

/* ---- what is needed ---- */

static void what_rows_depend_on_is_not_revoked_retired_or_destroyed(void **state) {
    (void)state;
    static const enum hsm_purpose purposes[] = {HSM_PURPOSE_KEK, HSM_PURPOSE_PEPPER};
    roll(HSM_PURPOSE_KEK);
    roll(HSM_PURPOSE_PEPPER);
    rollover_box_pass(&box, 150 * DAY);
    for (size_t i = 0; i < 2; i++)
        for (uint16_t generation = 1; generation <= 2; generation++)
            for (int action = KEYSTATE_RETIRE; action <= KEYSTATE_REVOKE; action++) {
                const struct keystate_step step = {.action = (enum keystate_action)action,
                                                   .generation = generation};
                assert_int_equal(
                    keyring_life_mark(box.keyring, purposes[i], generation, KEYRING_GRANTED),
                    ERR_OK);
                assert_int_equal(keyring_life_step(box.keyring, purposes[i],
                                                   &box.policy.of[purposes[i]], box.now, &step),
                                 ERR_DENIED);
            }
    move_store();
    assert_int_equal(tell_need(2, 2), ERR_OK);
    for (size_t i = 0; i < 2; i++) { /* the older may go now, the active not */
        struct keystate_step step = {.action = KEYSTATE_REVOKE, .generation = 2};
        const struct keystate_policy *policy = &box.policy.of[purposes[i]];
        assert_int_equal(keyring_life_step(box.keyring, purposes[i], policy, box.now, &step),
                         ERR_DENIED);
        step.generation = 1;
        assert_int_equal(keyring_life_step(box.keyring, purposes[i], policy, box.now, &step),
                         ERR_OK);
    }
    assert_served();
}

/* Nothing depends on it yet. */
static void a_standby_may_be_revoked_and_another_is_made(void **state) {
    (void)state;
    const struct keystate_step step = {.action = KEYSTATE_REVOKE, .generation = 2};
    assert_int_equal(keyring_life_roll(box.keyring, HSM_PURPOSE_PEPPER), ERR_OK);
    (void)rollover_box_settle_after(&box, 0);
    assert_int_equal(keyring_life_step(box.keyring, HSM_PURPOSE_PEPPER,
                                       &box.policy.of[HSM_PURPOSE_PEPPER], box.now, &step),
                     ERR_OK);
    (void)rollover_box_settle_after(&box, 0);
    expect(HSM_PURPOSE_PEPPER, 3, 1, 0);
    assert_served();
}

static void a_need_only_rises_and_never_above_the_active_key(void **state) {
    (void)state;
    uint16_t told;
    assert_int_equal(tell_need(2, 0), ERR_DENIED);
    assert_int_equal(tell_need(0, 2), ERR_DENIED);
    assert_int_equal(tell_need(1, 2), ERR_DENIED); /* neither is taken */
    assert_int_equal(keyring_need_told(box.keyring, HSM_PURPOSE_KEK, &told), ERR_OK);
    assert_int_equal(told, 0);
    roll(HSM_PURPOSE_KEK);
    assert_int_equal(tell_need(3, 1), ERR_DENIED);
    assert_int_equal(tell_need(2, 1), ERR_OK);
    assert_int_equal(tell_need(2, 1), ERR_OK);
    assert_int_equal(tell_need(1, 0), ERR_DENIED);
    assert_int_equal(tell_need(1, 1), ERR_DENIED);
    assert_int_equal(keyring_need_told(box.keyring, HSM_PURPOSE_KEK, &told), ERR_OK);
    assert_int_equal(told, 2);
}

/* Whoever has read the row or the KEK before it changed is too late. */
static void a_row_is_wrapped_only_as_it_was_read_and_by_the_active_kek(void **state) {
    (void)state;
    uint8_t wrapped[HSM_WRAPPED_BYTES];
    struct keyring_row before = row_of(HSM_PURPOSE_PEPPER, 1);
    roll(HSM_PURPOSE_KEK);
    struct keyring_row row = row_of(HSM_PURPOSE_PEPPER, 1);
    memcpy(wrapped, before.wrapped, sizeof wrapped);
    assert_memory_not_equal(row.wrapped, before.wrapped, sizeof row.wrapped);
    assert_int_equal(keyring_wrap_store(box.keyring, &row, wrapped, 1), ERR_DENIED);
    assert_int_equal(keyring_wrap_store(box.keyring, &before, wrapped, 2), ERR_DENIED);
    assert_int_equal(keyring_wrap_store(box.keyring, &row, wrapped, 3), ERR_NOT_FOUND);
}

/* It stays, and the KEK that wrapped it, and the others go on. */
static void a_row_that_no_kek_opens_is_left_alone(void **state) {
    (void)state;
    enum wrapping_outcome outcome;
    struct wrapping wrapping = wrapping_of(box.keyring, box.token);
    roll(HSM_PURPOSE_PEPPER);
    assert_int_equal(tell_need(0, 2), ERR_OK);
    (void)rollover_box_settle_after(&box, TO_RETIRED);
    struct keyring_row row = row_of(HSM_PURPOSE_PEPPER, 1), spoilt;
    uint8_t wrong[HSM_WRAPPED_BYTES] = {1};
    assert_int_equal(keyring_wrap_store(box.keyring, &row, wrong, 1), ERR_OK);
    roll(HSM_PURPOSE_KEK);
    assert_int_equal(row_of(HSM_PURPOSE_PEPPER, 2).wrapped_by, 2);
    spoilt = row_of(HSM_PURPOSE_PEPPER, 1);
    assert_int_equal(spoilt.wrapped_by, 1);
    assert_memory_equal(spoilt.wrapped, wrong, sizeof wrong);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(wrapping_step(&wrapping, &outcome), ERR_OK);
        assert_int_equal(outcome, WRAPPING_PASSED);
        assert_int_equal(wrapping_step(&wrapping, &outcome), ERR_OK);
        assert_int_equal(outcome, WRAPPING_OVER);
    }
    assert_int_equal(tell_need(2, 2), ERR_OK);
    assert_int_equal(rollover_box_settle_after(&box, TO_RETIRED), 0);
    expect(HSM_PURPOSE_KEK, 0, 2, 1);
    assert_int_equal(keyring_life_mark(box.keyring, HSM_PURPOSE_PEPPER, 1, KEYRING_GRANTED),
                     ERR_OK);
    assert_int_equal(rollover_box_settle_after(&box, TO_DESTROY),
                     2); /* once it is destroyed, the KEK may retire */
    assert_int_equal(in(HSM_PURPOSE_KEK, KEYSTATE_RETIRED), 1);
}

/* ---- killed anywhere ---- */

/* The transitions of a roll; a signer is killed in each of them. */
static void order_it(enum hsm_purpose purpose) {
    assert_int_equal(keyring_life_roll(box.keyring, purpose), ERR_OK);
}

static void pass_notice(enum hsm_purpose purpose) {
    (void)purpose;
    rollover_box_pass(&box, TO_ACTIVE);
}

static void need_it_no_more(enum hsm_purpose purpose) {
    move_store();
    assert_int_equal(purpose == HSM_PURPOSE_KEK ? tell_need(2, 0) : tell_need(0, 2), ERR_OK);
    rollover_box_pass(&box, TO_RETIRED);
}

static void grant_its_end(enum hsm_purpose purpose) {
    assert_int_equal(keyring_life_mark(box.keyring, purpose, 1, KEYRING_GRANTED), ERR_OK);
    rollover_box_pass(&box, TO_DESTROY);
}

static const struct transition {
    void (*prepare)(enum hsm_purpose purpose);
    enum keystate first, second; /* the states of both keys when it is over */
    unsigned calls[2];           /* of the module, that can be died at: of the KEK, the pepper */
} transitions[] = {
    {order_it, KEYSTATE_ACTIVE, KEYSTATE_PUBLISHED, {3, 1}},
    {pass_notice, KEYSTATE_RETIRING, KEYSTATE_ACTIVE, {3, 0}},
    {need_it_no_more, KEYSTATE_RETIRED, KEYSTATE_ACTIVE, {0, 0}},
    {grant_its_end, KEYSTATE_DESTROYED, KEYSTATE_ACTIVE, {2, 0}},
};
#define TURNS 8 /* more than any transition has */

static void assert_over(enum hsm_purpose purpose, const struct transition *transition) {
    (void)rollover_box_settle(&box);
    struct keyring_row old = row_of(purpose, 1), next = row_of(purpose, 2);
    assert_int_equal(keyring_row_state(&old), transition->first);
    assert_int_equal(keyring_row_state(&next), transition->second);
    assert_int_equal(
        row_of(HSM_PURPOSE_PEPPER, 1).wrapped_by,
        in(HSM_PURPOSE_PEPPER, KEYSTATE_DESTROYED) == 1 ? 0 : in(HSM_PURPOSE_KEK, KEYSTATE_ACTIVE));
    rollover_box_assert_agreed(&box);
    assert_served();
}

/* Takes the kept files, lets a process die over them, and goes on with what it has left. */
static int die(enum hsm_purpose purpose, const struct transition *transition, const char *fault,
               unsigned turns) {
    rollover_box_close(&box);
    rollover_box_take_back(&box, "kept");
    int end = rollover_box_spawn(&box, fault, turns);
    rollover_box_open(&box);
    assert_served();
    assert_over(purpose, transition);
    return end;
}

static void kill_in(enum hsm_purpose purpose, const struct transition *transition) {
    char fault[32];
    unsigned deaths = 0, calls = transition->calls[purpose == HSM_PURPOSE_PEPPER];
    rollover_box_close(&box);
    rollover_box_keep(&box, "kept");
    rollover_box_open(&box);
    for (unsigned call = 1; call <= calls; call++)
        for (int kind = 0; kind < 2; kind++) {
            (void)snprintf(fault, sizeof fault, "%u:%s", call, kind == 0 ? "before" : "after");
            deaths += die(purpose, transition, fault, TURNS) == SHIM_DEATH;
        }
    assert_int_equal(deaths, 2 * calls);
    (void)snprintf(fault, sizeof fault, "%u:before", calls + 1);
    assert_int_equal(die(purpose, transition, fault, TURNS), 0); /* there is no other call */
    for (unsigned turns = 1; turns <= 3; turns++)
        assert_int_equal(die(purpose, transition, "0:none", turns), 0);
}

static void kill_everywhere(enum hsm_purpose purpose) {
    for (size_t i = 0; i < sizeof transitions / sizeof *transitions; i++) {
        transitions[i].prepare(purpose);
        kill_in(purpose, &transitions[i]);
    }
}

static void killed_anywhere_in_a_roll_of_the_kek_it_goes_on(void **state) {
    (void)state;
    kill_everywhere(HSM_PURPOSE_KEK);
}

static void killed_anywhere_in_a_roll_of_the_pepper_it_goes_on(void **state) {
    (void)state;
    kill_everywhere(HSM_PURPOSE_PEPPER);
}

int main(int argc, char **argv) {
    if (locked_memory_open() != ERR_OK || secret_arena_open(65536) != ERR_OK)
        return 1;
    if (rollover_box_work(argc, argv))
        return 0;
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
        TEST(the_kek_rolls_and_everything_it_wrapped_opens),
        TEST(a_row_is_wrapped_anew_before_more_steps_are_done),
        TEST(the_older_kek_stays_until_the_registry_needs_it_no_more),
        TEST(the_pepper_rolls_and_she_is_found_under_both),
        TEST(a_destroyed_pepper_is_gone_from_its_row),
        TEST(a_retired_pepper_is_wrapped_anew_too),
        TEST(a_key_in_its_rows_custody_outlives_the_kek),
        TEST(no_more_are_made_than_may_be_in_use),
        TEST(what_rows_depend_on_is_not_revoked_retired_or_destroyed),
        TEST(a_standby_may_be_revoked_and_another_is_made),
        TEST(a_need_only_rises_and_never_above_the_active_key),
        TEST(a_row_is_wrapped_only_as_it_was_read_and_by_the_active_kek),
        TEST(a_row_that_no_kek_opens_is_left_alone),
        TEST(killed_anywhere_in_a_roll_of_the_kek_it_goes_on),
        TEST(killed_anywhere_in_a_roll_of_the_pepper_it_goes_on),
    };
    return cmocka_run_group_tests(tests, found_box, remove_box);
}
