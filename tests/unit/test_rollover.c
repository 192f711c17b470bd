#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/secret.h"
#include "hsm/key_list.h"
#include "hsm/keyring_table.h"
#include "hsm/keyset.h"
#include "tests/unit/rollover_box.h"

#define SECOND     ROLLOVER_BOX_SECOND
#define DAY        ROLLOVER_BOX_DAY
#define MAX_AGE    DAY
#define NOTICE     (60 * SECOND) /* propagation */
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

static struct hsm_key_next next_of(enum hsm_purpose purpose) {
    struct hsm_key_next next;
    assert_int_equal(rollover_next(box.rollover, purpose, box.now, &next), ERR_OK);
    return next;
}

static void every_purpose_with_an_age_has_a_standby_and_no_other_has(void **state) {
    (void)state;
    (void)rollover_box_settle(&box);
    for (int at = 0; at < HSM_PURPOSE_COUNT; at++) {
        enum hsm_purpose purpose = (enum hsm_purpose)at;
        bool able = (hsm_box_purposes() & HSM_PURPOSE_BIT(purpose)) != 0;
        expect(purpose, rollover_box_rolls(purpose) ? 2 : 0, able ? 1 : 0, 0);
    }
    rollover_box_assert_agreed(&box);
}

/* ---- the list that officers see ---- */

/* Keys of years, in one transaction: ${count} more, retired or, each second one, destroyed. */
static void add_old_keys(enum hsm_purpose purpose, unsigned count) {
    struct keyring_row row;
    assert_int_equal(keyring_find(box.keyring, purpose, 1, &row), ERR_OK);
    KV_TXN_CLEANUP struct kv_txn txn = kv_write(box.keyring->kv);
    for (unsigned i = 0; i < count; i++) {
        enum keystate last = i % 2 == 0 ? KEYSTATE_RETIRED : KEYSTATE_DESTROYED;
        row.generation = (uint16_t)(2 + i);
        row.life = (struct keystate_key){.generation = row.generation};
        for (int state = KEYSTATE_GENERATED; state <= (int)last; state++)
            row.life.came[state] = (struct keystate_moment){true, ROLLOVER_BOX_WALL, 1};
        keyring_put_row(&txn, &row);
    }
    assert_int_equal(keyring_end(&txn), ERR_OK);
}

/* Every key of the list, in order and once; gives how many. */
static size_t list_all(const struct key_list *list, bool destroyed, size_t *pages) {
    static struct hsm_keys page;
    struct hsm_keys_question question = {.destroyed = destroyed};
    struct hsm_keys_place last = {0, UINT16_MAX};
    size_t count = 0;
    *pages = 0;
    do {
        assert_int_equal(key_list_page(list, &question, &page), ERR_OK);
        for (size_t i = 0; i < page.count; i++, count++) {
            const struct hsm_key_shown *key = &page.keys[i];
            assert_true(key->purpose > last.purpose ||
                        (key->purpose == last.purpose && key->generation < last.generation));
            assert_true(destroyed || key->state != KEYSTATE_DESTROYED);
            last = (struct hsm_keys_place){key->purpose, key->generation};
        }
        assert_int_equal(page.next[HSM_PURPOSE_SIGN].destroyed, 75);
        assert_int_equal(page.next[HSM_PURPOSE_PARTNER].destroyed, 0);
        question.from = page.rest;
        ++*pages;
    } while (page.more);
    return count;
}

static void a_list_has_every_key_however_many_there_are(void **state) {
    (void)state;
    static const enum hsm_purpose many[] = {HSM_PURPOSE_SIGN, HSM_PURPOSE_TOKEN, HSM_PURPOSE_AUDIT,
                                            HSM_PURPOSE_CA};
    static const struct usage_hold nobody;
    const struct key_list list = {box.keyring, box.rollover, &nobody};
    static struct hsm_keys page;
    const struct hsm_keys_question all = {0};
    size_t pages;
    assert_int_equal(key_list_page(&list, &all, &page), ERR_OK);
    assert_false(page.more);
    size_t few = page.count;
    for (size_t i = 0; i < sizeof many / sizeof *many; i++)
        add_old_keys(many[i], 150);
    assert_int_equal(list_all(&list, false, &pages), few + 4 * 75);
    assert_int_equal(pages, (few + 4 * 75 + HSM_KEYS_MAX - 1) / HSM_KEYS_MAX);
    assert_int_equal(list_all(&list, true, &pages), few + 4 * 150);
}

static void without_a_policy_and_an_order_nothing_happens(void **state) {
    (void)state;
    for (int purpose = 0; purpose < HSM_PURPOSE_COUNT; purpose++)
        box.policy.of[purpose].active_ms = 0;
    assert_int_equal(rollover_box_settle(&box), 0);
    for (int i = 0; i < 5; i++) {
        rollover_box_pass(&box, 150 * DAY);
        assert_int_equal(rollover_box_settle(&box), 0);
    }
    expect(HSM_PURPOSE_SIGN, 0, 1, 0);
}

static void an_ordered_roll_makes_one_successor_and_then_rests(void **state) {
    (void)state;
    struct hsm_key_next next;
    for (int purpose = 0; purpose < HSM_PURPOSE_COUNT; purpose++)
        box.policy.of[purpose].active_ms = 0;
    assert_int_equal(keyring_life_roll(box.keyring, HSM_PURPOSE_PARTNER), ERR_OK);
    (void)rollover_box_settle(&box);
    expect(HSM_PURPOSE_PARTNER, 2, 1, 0);
    expect(HSM_PURPOSE_SIGN, 0, 1, 0);
    rollover_box_pass(&box, MAX_AGE + NOTICE);
    (void)rollover_box_settle(&box);
    expect(HSM_PURPOSE_PARTNER, 0, 2, 1);
    assert_int_equal(rollover_next(box.rollover, HSM_PURPOSE_PARTNER, box.now, &next), ERR_OK);
    assert_int_equal(next.awaited, KEYSTATE_RETIRE);
    assert_int_equal(next.generation, 1);
    assert_false(next.wanted);
    rollover_box_pass(&box, 100 * DAY);
    assert_int_equal(rollover_box_settle(&box), 1);
    expect(HSM_PURPOSE_PARTNER, 0, 2, 0);
    assert_int_equal(in(HSM_PURPOSE_PARTNER, KEYSTATE_RETIRED), 1);
}

/* The promise: a day of max-age and a minute for the processes, by the run clock alone. */
static void no_key_is_active_before_every_good_copy_shows_it(void **state) {
    (void)state;
    (void)rollover_box_settle(&box);
    for (int at = 0; at < HSM_PURPOSE_COUNT; at++)
        if (rollover_box_rolls((enum hsm_purpose)at))
            assert_int_equal(keyring_life_roll(box.keyring, (enum hsm_purpose)at), ERR_OK);
    box.now.wall_ms += 150 * DAY; /* the wall clock alone helps nobody */
    rollover_box_pass(&box, MAX_AGE + NOTICE - 1);
    assert_int_equal(rollover_box_settle(&box), 0);
    expect(HSM_PURPOSE_TOKEN, 2, 1, 0);
    rollover_box_pass(&box, 1);
    (void)rollover_box_settle(&box);
    for (int at = 0; at < HSM_PURPOSE_COUNT; at++)
        if (rollover_box_rolls((enum hsm_purpose)at))
            expect((enum hsm_purpose)at, 3, 2, 1);
}

static void a_whole_life_ends_with_the_key_out_of_the_token(void **state) {
    (void)state;
    (void)rollover_box_settle(&box);
    rollover_box_pass(&box, 100 * DAY);
    (void)rollover_box_settle(&box);
    expect(HSM_PURPOSE_SIGN, 3, 2, 1);
    rollover_box_pass(&box, 10 * DAY + MAX_AGE + NOTICE + 60 * SECOND);
    (void)rollover_box_settle(&box);
    assert_int_equal(in(HSM_PURPOSE_SIGN, KEYSTATE_RETIRED), 1);
    rollover_box_pass(&box, 6 * DAY);
    assert_int_equal(rollover_box_settle(&box), 0); /* officers have not agreed */
    assert_int_equal(keyring_life_mark(box.keyring, HSM_PURPOSE_SIGN, 1, KEYRING_GRANTED), ERR_OK);
    rollover_box_pass(&box, 0);
    assert_int_equal(rollover_box_settle(&box), 1);
    assert_int_equal(in(HSM_PURPOSE_SIGN, KEYSTATE_DESTROYED), 1);
    rollover_box_assert_agreed(&box);
}

static void a_key_that_is_kept_does_not_retire(void **state) {
    (void)state;
    (void)rollover_box_settle(&box);
    rollover_box_pass(&box, 100 * DAY);
    (void)rollover_box_settle(&box);
    assert_int_equal(keyring_life_mark(box.keyring, HSM_PURPOSE_PARTNER, 1, KEYRING_HELD), ERR_OK);
    rollover_box_pass(&box, 50 * DAY);
    (void)rollover_box_settle(&box);
    expect(HSM_PURPOSE_PARTNER, 3, 2, 1);
    assert_int_equal(in(HSM_PURPOSE_SIGN, KEYSTATE_RETIRED), 1);
    assert_int_equal(keyring_life_mark(box.keyring, HSM_PURPOSE_PARTNER, 1, KEYRING_RELEASED),
                     ERR_OK);
    rollover_box_pass(&box, 0);
    (void)rollover_box_settle(&box);
    assert_int_equal(in(HSM_PURPOSE_PARTNER, KEYSTATE_RETIRED), 1);
}

static void a_clock_that_jumps_rolls_nothing_until_officers_confirm_it(void **state) {
    (void)state;
    struct hsm_key_next next;
    (void)rollover_box_settle(&box);
    rollover_box_pass(&box, 2 * DAY);
    (void)rollover_box_settle(&box);
    box.now.wall_ms += 4000 * DAY;
    rollover_box_pass(&box, SECOND);
    assert_int_equal(rollover_box_settle(&box), 0);
    expect(HSM_PURPOSE_SIGN, 2, 1, 0);
    assert_int_equal(rollover_next(box.rollover, HSM_PURPOSE_SIGN, box.now, &next), ERR_OK);
    assert_int_equal(next.action, KEYSTATE_ASK_CLOCK);
    assert_int_equal(keyring_life_confirm_clock(box.keyring, box.now.wall_ms), ERR_OK);
    rollover_box_pass(&box, SECOND);
    (void)rollover_box_settle(&box);
    expect(HSM_PURPOSE_SIGN, 3, 2, 1);
}

static void a_clock_set_back_makes_nothing_active_again(void **state) {
    (void)state;
    (void)rollover_box_settle(&box);
    rollover_box_pass(&box, 100 * DAY);
    (void)rollover_box_settle(&box);
    box.now.wall_ms = ROLLOVER_BOX_WALL;
    rollover_box_close(&box);
    rollover_box_open(&box);
    assert_int_equal(rollover_box_settle(&box), 0);
    expect(HSM_PURPOSE_SIGN, 3, 2, 1);
}

static void a_longer_max_age_of_before_still_counts(void **state) {
    (void)state;
    (void)rollover_box_settle(&box);
    box.policy.promises.max_age_seconds = 60;
    rollover_box_close(&box);
    rollover_box_open(&box);
    int64_t max_age = 0;
    assert_int_equal(keyring_life_max_age(box.keyring, &max_age), ERR_OK);
    assert_int_equal(max_age, 60);
    assert_int_equal(keyring_life_roll(box.keyring, HSM_PURPOSE_SIGN), ERR_OK);
    rollover_box_pass(&box, MAX_AGE + NOTICE - 1);
    assert_int_equal(rollover_box_settle(&box), 0);
    expect(HSM_PURPOSE_SIGN, 2, 1, 0);
}

/* So many fit into what is published; the others of the box go on. */
static void a_purpose_full_of_kept_keys_makes_no_more(void **state) {
    (void)state;
    for (uint16_t generation = 1; generation < 20; generation++) {
        enum err kept = keyring_life_mark(box.keyring, HSM_PURPOSE_TOKEN, generation, KEYRING_HELD);
        assert_true(kept == ERR_OK || kept == ERR_NOT_FOUND);
        box.policy.of[HSM_PURPOSE_SIGN].active_ms = box.policy.of[HSM_PURPOSE_PARTNER].active_ms =
            0;
        (void)rollover_box_settle(&box);
        rollover_box_pass(&box, 150 * DAY);
    }
    assert_int_equal(in(HSM_PURPOSE_TOKEN, KEYSTATE_ACTIVE), 8);
    assert_int_equal(in(HSM_PURPOSE_TOKEN, KEYSTATE_PUBLISHED), 0);
    assert_true(next_of(HSM_PURPOSE_TOKEN).full);
    assert_false(next_of(HSM_PURPOSE_AUDIT).full);
    assert_true(in(HSM_PURPOSE_AUDIT, KEYSTATE_ACTIVE) > 15);
    assert_int_equal(keyring_life_mark(box.keyring, HSM_PURPOSE_TOKEN, 3, KEYRING_RELEASED),
                     ERR_OK);
    (void)rollover_box_settle(&box);
    assert_int_equal(in(HSM_PURPOSE_TOKEN, KEYSTATE_PUBLISHED), 9);
}

/* Whoever chose it, and when: the transaction that records a step asks once more. */
static void a_step_that_is_not_due_is_not_recorded(void **state) {
    (void)state;
    static const struct keystate_step early[] = {
        {.action = KEYSTATE_ACTIVATE, .generation = 2},
        {.action = KEYSTATE_RETIRE, .generation = 1},
        {.action = KEYSTATE_DESTROY, .generation = 1},
        {.action = KEYSTATE_PUBLISH, .generation = 2}, /* twice */
        {.action = KEYSTATE_REVOKE, .generation = 9},
        {.action = KEYSTATE_GENERATE},
    };
    const struct keystate_policy *policy = &box.policy.of[HSM_PURPOSE_TOKEN];
    struct keyring_row row;
    (void)rollover_box_settle(&box);
    for (size_t i = 0; i < sizeof early / sizeof *early; i++)
        assert_int_equal(
            keyring_life_step(box.keyring, HSM_PURPOSE_TOKEN, policy, box.now, &early[i]),
            ERR_DENIED);
    assert_int_equal(keyring_intend(box.keyring, HSM_PURPOSE_TOKEN, 1, &row), ERR_OK);
    assert_int_equal(keyring_life_commit(box.keyring, policy, box.now, &row), ERR_DENIED);
    expect(HSM_PURPOSE_TOKEN, 2, 1, 0);
}

/* Keys that only failed generations or other hands can have left. */
static void orphans_of_the_token_are_removed_and_strangers_left_alone(void **state) {
    (void)state;
    struct token_raw *raw = token_session(box.token);
    struct keyring_row intent;
    static const uint8_t stranger[TOKEN_RAW_ID_BYTES] = {7};
    bool holds;
    assert_int_equal(keyring_intend(box.keyring, HSM_PURPOSE_TOKEN, 1, &intent), ERR_OK);
    assert_int_equal(token_raw_generate(raw, TOKEN_RAW_P256_SIGN, intent.id, "orphan"), ERR_OK);
    assert_int_equal(token_raw_generate(raw, TOKEN_RAW_P256_SIGN, stranger, "stranger"), ERR_OK);
    rollover_box_close(&box);
    rollover_box_open(&box);
    assert_int_equal(token_raw_holds(token_session(box.token), intent.id, &holds), ERR_OK);
    assert_false(holds);
    assert_int_equal(token_raw_holds(token_session(box.token), stranger, &holds), ERR_OK);
    assert_true(holds);
    assert_int_equal(token_raw_destroy(token_session(box.token), stranger), ERR_OK);
    (void)rollover_box_settle(&box);
    expect(HSM_PURPOSE_TOKEN, 2, 1, 0);
    rollover_box_assert_agreed(&box);
}

/* ---- what cannot be made now ---- */

static void revoke_at_once(enum hsm_purpose purpose) {
    const struct keystate_step step = {.action = KEYSTATE_REVOKE, .generation = 1};
    assert_int_equal(
        keyring_life_step(box.keyring, purpose, &box.policy.of[purpose], box.now, &step), ERR_OK);
}

/* What one does when a token is stolen. Nobody can certify the others before the root is back. */
static void keys_revoked_together_with_the_root_come_back_after_it(void **state) {
    (void)state;
    static const enum hsm_purpose revoked[] = {HSM_PURPOSE_ROOT, HSM_PURPOSE_SIGN,
                                               HSM_PURPOSE_PARTNER, HSM_PURPOSE_AUDIT,
                                               HSM_PURPOSE_TLS};
    rollover_box_by_order(&box);
    for (size_t i = 0; i < sizeof revoked / sizeof *revoked; i++)
        revoke_at_once(revoked[i]);
    (void)rollover_box_settle_after(&box, 0);
    expect(HSM_PURPOSE_ROOT, 2, 0, 0);
    expect(HSM_PURPOSE_SIGN, 0, 0, 0);
    assert_true(next_of(HSM_PURPOSE_SIGN).orphan);
    assert_false(next_of(HSM_PURPOSE_ROOT).orphan || next_of(HSM_PURPOSE_TOKEN).orphan);
    (void)rollover_box_settle_after(&box, MAX_AGE + NOTICE);
    expect(HSM_PURPOSE_ROOT, 0, 2, 0);
    expect(HSM_PURPOSE_SIGN, 2, 0, 0);
    assert_false(next_of(HSM_PURPOSE_SIGN).orphan);
    (void)rollover_box_settle_after(&box, MAX_AGE + NOTICE);
    for (size_t i = 0; i < sizeof revoked / sizeof *revoked; i++)
        expect(revoked[i], 0, 2, 0);
    rollover_box_assert_agreed(&box);
}

/* A process whose token fails, and which ends ${ms} later; the next goes on from what is stored. */
static void live(int64_t ms) {
    struct rollover_news news;
    struct keyring_clock clock;
    enum err err = rollover_turn(box.rollover, box.now, &news);
    for (unsigned turns = 0; err == ERR_OK && turns < 100; turns++) {
        if (news.action == KEYSTATE_WAIT && !news.rewrapped)
            rollover_box_pass(&box, ms);
        err = rollover_turn(box.rollover, box.now, &news);
    }
    assert_int_equal(err, ERR_HSM);
    assert_int_equal(keyring_life_clock(box.keyring, &clock), ERR_OK);
    assert_true(clock.run_ms == box.now.run_ms);
    rollover_box_close(&box);
    rollover_box_open(&box);
}

static void a_key_that_can_never_be_made_keeps_no_other_waiting(void **state) {
    (void)state;
    box.generate.tls_names = "no name, that is";
    rollover_box_by_order(&box);
    assert_int_equal(keyring_life_roll(box.keyring, HSM_PURPOSE_AUDIT), ERR_OK);
    assert_int_equal(keyring_life_roll(box.keyring, HSM_PURPOSE_TLS), ERR_OK);
    assert_int_equal(keyring_life_roll(box.keyring, HSM_PURPOSE_CA), ERR_OK);
    live(10 * SECOND); /* its shortest life */
    expect(HSM_PURPOSE_AUDIT, 2, 1, 0);
    live(10 * SECOND);
    expect(HSM_PURPOSE_CA, 2, 1, 0);
    for (int hours = 0; hours <= 25; hours += 5) /* once more: what is due is done at the start */
        live(5 * 3600 * SECOND);
    expect(HSM_PURPOSE_AUDIT, 0, 2, 1);
    expect(HSM_PURPOSE_CA, 0, 2, 1);
    expect(HSM_PURPOSE_TLS, 0, 1, 0);
    box.generate.tls_names = NULL;
}

/* As a signer does: the keys it has go on working while others are made, and after they are loaded
 * anew. */
static void keys_in_use_outlive_the_making_of_others(void **state) {
    (void)state;
    struct keyset *keys = NULL;
    uint8_t signature[SIGN_ES256_BYTES], memory[STATEMENT_SIGNATURE_MAX];
    char first[JWK_KID_SIZE];
    assert_int_equal(keyset_renew(&keys, box.keyring, box.token), ERR_OK);
    memcpy(first, sign_es256_kid(keys->token), sizeof first);
    for (int rolls = 0; rolls < 2; rolls++) {
        struct buffer target = buffer_over(memory, sizeof memory);
        (void)rollover_box_settle(&box);
        assert_int_equal(sign_es256_raw(keys->token, bytes_of_text("the first"), signature),
                         ERR_OK);
        assert_int_equal(sign_rs256_detached(keys->sign, bytes_of_text("{}"), &target), ERR_OK);
        assert_string_equal(sign_es256_kid(keys->token), first);
        rollover_box_pass(&box, 100 * DAY);
    }
    assert_int_equal(keyset_renew(&keys, box.keyring, box.token), ERR_OK);
    assert_string_not_equal(sign_es256_kid(keys->token), first);
    assert_int_equal(sign_es256_raw(keys->token, bytes_of_text("the next"), signature), ERR_OK);
    keyset_unload(keys);
    free(keys);
}

/* ---- killed anywhere ---- */

/* What becomes of a process that dies at call ${call} of the module, or after ${turns} turns. */
static int die_at(unsigned call, const char *kind, unsigned turns) {
    char fault[32];
    (void)snprintf(fault, sizeof fault, "%u:%s", call, kind);
    rollover_box_close(&box);
    int end = rollover_box_spawn(&box, fault, turns);
    rollover_box_open(&box);
    return end;
}

/* Every key of every purpose can be loaded and fits its certificate; nothing is made twice. */
static void assert_whole(uint16_t published, uint16_t active, uint16_t retiring) {
    static struct keyset keys;
    (void)rollover_box_settle(&box);
    for (int at = 0; at < HSM_PURPOSE_COUNT; at++)
        if (rollover_box_rolls((enum hsm_purpose)at))
            expect((enum hsm_purpose)at, published, active, retiring);
    rollover_box_assert_agreed(&box);
    assert_int_equal(keyset_load(&keys, box.keyring, box.token), ERR_OK);
    assert_true(keys.provisioned);
    keyset_unload(&keys);
}

/* Three for each of the purposes that roll: an intent, a key, and that it is published. */
#define TURNS_TO_SETTLE (ROLLOVER_BOX_ROLLING * 3 + 1)

static void killed_at_any_call_of_the_module_it_goes_on_where_it_was(void **state) {
    (void)state;
    static const char *const kinds[] = {"before", "after"};
    unsigned deaths = 0;
    for (unsigned call = 1; call <= 4; call++)
        for (size_t kind = 0; kind < 2; kind++) {
            deaths += die_at(call, kinds[kind], TURNS_TO_SETTLE) == SHIM_DEATH;
            rollover_box_assert_agreed(&box);
        }
    assert_int_equal(deaths, 8);
    assert_whole(2, 1, 0);
}

static void killed_between_any_two_turns_it_goes_on_where_it_was(void **state) {
    (void)state;
    for (unsigned turns = 1; turns < TURNS_TO_SETTLE; turns += 2) {
        assert_int_equal(die_at(0, "none", turns % 3 + 1), 0);
        rollover_box_assert_agreed(&box);
    }
    assert_whole(2, 1, 0);
    rollover_box_pass(&box, 100 * DAY);
    for (unsigned turns = 1; turns < TURNS_TO_SETTLE; turns += 2) {
        assert_int_equal(die_at(0, "none", turns % 3 + 1), 0);
        rollover_box_assert_agreed(&box);
    }
    assert_whole(3, 2, 1);
}

static void a_token_that_fails_to_make_a_key_is_asked_again_later(void **state) {
    (void)state;
    assert_int_equal(die_at(2, "fail", TURNS_TO_SETTLE), 0);
    rollover_box_pass(&box, 60 * SECOND);
    assert_whole(2, 1, 0);
}

int main(int argc, char **argv) {
    if (secret_arena_open(65536) != ERR_OK)
        return 1;
    if (rollover_box_work(argc, argv))
        return 0;
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
        TEST(a_list_has_every_key_however_many_there_are),
        TEST(every_purpose_with_an_age_has_a_standby_and_no_other_has),
        TEST(without_a_policy_and_an_order_nothing_happens),
        TEST(an_ordered_roll_makes_one_successor_and_then_rests),
        TEST(no_key_is_active_before_every_good_copy_shows_it),
        TEST(a_whole_life_ends_with_the_key_out_of_the_token),
        TEST(a_key_that_is_kept_does_not_retire),
        TEST(a_clock_that_jumps_rolls_nothing_until_officers_confirm_it),
        TEST(a_clock_set_back_makes_nothing_active_again),
        TEST(a_longer_max_age_of_before_still_counts),
        TEST(a_purpose_full_of_kept_keys_makes_no_more),
        TEST(a_step_that_is_not_due_is_not_recorded),
        TEST(orphans_of_the_token_are_removed_and_strangers_left_alone),
        TEST(keys_revoked_together_with_the_root_come_back_after_it),
        TEST(a_key_that_can_never_be_made_keeps_no_other_waiting),
        TEST(keys_in_use_outlive_the_making_of_others),
        TEST(killed_at_any_call_of_the_module_it_goes_on_where_it_was),
        TEST(killed_between_any_two_turns_it_goes_on_where_it_was),
        TEST(a_token_that_fails_to_make_a_key_is_asked_again_later),
    };
    return cmocka_run_group_tests(tests, found_box, remove_box);
}
