#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "authd/store/registry_row.h"
#include "tests/unit/pepper_box.h"

/* The sweep of a roll from pepper 1 to pepper 2, and of one after it, over a registry on disk. */
#define PEOPLE      PEPPER_BOX_PEOPLE
#define ROWS_A_STEP 3

static struct pepper_box box;

enum death { ALIVE, BETWEEN_HALVES, BEFORE_COMMIT, AFTER_COMMIT, DEATHS };
static enum death death; /* how this process ends */

static void die_if(enum death now_due) {
    if (death == now_due)
        (void)raise(SIGKILL);
}

static enum registry_pepper_phase step(void) {
    static struct registry_pepper_step step;
    struct registry_pepper pepper;
    assert_int_equal(registry_pepper_collect(box.registry, ROWS_A_STEP, &step), ERR_OK);
    if (step.before.phase == REGISTRY_PEPPER_DONE || step.before.phase == REGISTRY_PEPPER_NONE)
        return step.before.phase;
    pepper_box_find_targets(&step);
    die_if(BETWEEN_HALVES);
    assert_int_equal(registry_pepper_move(box.registry, &step, &pepper), ERR_OK);
    return pepper.phase;
}

static void sweep_to_the_end(void) {
    for (size_t steps = 0; step() != REGISTRY_PEPPER_DONE; steps++)
        assert_true(steps < 10000);
}

/* ---- kill -9; first, since a child inherits no arena of secrets ---- */

enum err __real_kv_commit(struct kv_txn *txn);
enum err __wrap_kv_commit(struct kv_txn *txn);
enum err __wrap_kv_commit(struct kv_txn *txn) {
    die_if(BEFORE_COMMIT);
    enum err err = __real_kv_commit(txn);
    die_if(AFTER_COMMIT);
    return err;
}

/* A writer in a process of its own, which dies at that place of a step after so many. */
static _Noreturn void sweep_and_die(unsigned steps, enum death how) {
    pepper_box_open(&box);
    for (unsigned i = 0;; i++) {
        death = i == steps ? how : ALIVE;
        if (step() == REGISTRY_PEPPER_DONE)
            _exit(0);
    }
}

/* True when it had come to the end. */
static bool run_and_die(unsigned steps, enum death how) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        sweep_and_die(steps, how);
    return store_fixture_has_ended(child, SIGKILL);
}

static void make_and_begin(void) {
    pepper_box_open(&box);
    pepper_box_fill(&box);
    pepper_box_begin(&box, 1, 2);
    pepper_box_close(&box);
}

/* What each life leaves, seen by another process. */
static void look_at_what_is_left(void) {
    pepper_box_open(&box);
    pepper_box_assert_all_found(&box, 1, 2);
    struct pepper_count first = pepper_box_aliases_of(&box, 1),
                        second = pepper_box_aliases_of(&box, 2);
    assert_int_equal(first.vids + second.vids, PEOPLE); /* each VID once */
    assert_int_equal(pepper_box_now(&box).moved, second.vids + second.uins);
}

static void a_sweep_that_is_killed_anywhere_loses_and_repeats_nothing(void **state) {
    (void)state;
    struct store_chance chance = {20261123};
    unsigned lives = 0;
    box.directory = store_fixture_directory();
    store_fixture_in_a_child(make_and_begin);
    while (!run_and_die((unsigned)store_fixture_draw(&chance, 3),
                        (enum death)(1 + store_fixture_draw(&chance, DEATHS - 1)))) {
        store_fixture_in_a_child(look_at_what_is_left);
        assert_true(++lives < 1000);
    }
    assert_true(lives > 20);
    store_fixture_in_a_child(look_at_what_is_left);
    store_fixture_remove(&box.directory);
}

/* ---- the sweep itself ---- */

static int set_up(void **state) {
    (void)state;
    box.directory = store_fixture_directory();
    pepper_box_open(&box);
    pepper_box_fill(&box);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    pepper_box_close(&box);
    store_fixture_remove(&box.directory);
    return 0;
}

static void everybody_is_found_under_the_new_pepper_alone(void **state) {
    (void)state;
    assert_int_equal(step(), REGISTRY_PEPPER_NONE);
    pepper_box_begin(&box, 1, 2);
    assert_int_equal(pepper_box_now(&box).rows, 2 * PEOPLE);
    sweep_to_the_end();
    struct registry_pepper pepper = pepper_box_now(&box);
    assert_true(registry_pepper_is_settled(&pepper));
    assert_int_equal(pepper.moved, 2 * PEOPLE);
    assert_int_equal(pepper.uins, PEOPLE);
    pepper_box_assert_all_found(&box, 2, 2);
    assert_int_equal(pepper_box_aliases_of(&box, 1).vids + pepper_box_aliases_of(&box, 1).uins, 0);
    const struct registry_address vid = pepper_box_address('v', 7, 1),
                                  uin = pepper_box_address('u', 7, 1);
    struct alias alias;
    assert_int_equal(registry_alias(box.registry, vid.lookup_key, &alias), ERR_NOT_FOUND);
    IDENTITY_CLEANUP struct identity *identity = NULL; /* she keeps her row and its key */
    assert_int_equal(registry_identity(box.registry, uin.lookup_key, &identity), ERR_OK);
}

static void a_step_is_small_and_all_are_found_after_each(void **state) {
    (void)state;
    pepper_box_begin(&box, 1, 2);
    for (unsigned i = 1; i <= 2 * PEOPLE / ROWS_A_STEP; i++) {
        enum registry_pepper_phase phase = step();
        assert_int_equal(pepper_box_now(&box).moved, i * ROWS_A_STEP);
        pepper_box_assert_all_found(&box, 1, 2);
        if (phase != REGISTRY_PEPPER_SWEEPING)
            assert_int_equal(i, 2 * PEOPLE / ROWS_A_STEP);
    }
}

/* As provd imports: a known person keeps her key, what was under the older pepper goes. */
static void import_again(struct registry_batch *batch, unsigned number, uint16_t from,
                         uint16_t to) {
    const struct registry_address old_vid = pepper_box_address('v', number, from),
                                  vid = pepper_box_address('v', number, to),
                                  uin = pepper_box_address('u', number, to),
                                  person = pepper_box_address('u', number, 1);
    struct alias alias = pepper_box_vid_of(number, person.lookup_key),
                 own = {.type = ALIAS_UIN, .pepper = to, .has_id_hash = true};
    char text[IDENTITY_UIN_SIZE];
    alias.pepper = to;
    pepper_box_text_of('u', number, text);
    pepper_box_hash_of(text, own.id_hash);
    memcpy(own.lookup_key, person.lookup_key, sizeof own.lookup_key);
    registry_remove_alias(batch, old_vid.lookup_key);
    registry_put_alias(batch, vid.lookup_key, &alias);
    registry_put_alias(batch, uin.lookup_key, &own);
}

static void what_is_imported_meanwhile_is_of_the_new_pepper_and_stays(void **state) {
    (void)state;
    pepper_box_begin(&box, 1, 2);
    for (unsigned i = 0; i < 7; i++)
        (void)step();
    uint64_t moved = pepper_box_now(&box).moved, by_sweep = pepper_box_aliases_of(&box, 2).uins;
    struct registry_batch batch = registry_begin(box.registry);
    for (unsigned i = 0; i < PEOPLE; i += 2) /* some before the place, some behind it */
        import_again(&batch, i, 1, 2);
    pepper_box_put_person(&batch, PEOPLE, 2); /* and somebody new */
    pepper_box_commit(&batch);
    struct pepper_count already = pepper_box_aliases_of(&box, 2);
    assert_true(already.uins < by_sweep + PEOPLE / 2); /* some had been swept */
    sweep_to_the_end();
    struct registry_pepper pepper = pepper_box_now(&box);
    assert_true(registry_pepper_is_settled(&pepper));
    assert_int_equal(pepper.moved - moved, (PEOPLE - already.uins) + (PEOPLE + 1 - already.vids));
    assert_int_equal(pepper.uins, PEOPLE); /* who is new needs none */
    pepper_box_assert_all_found(&box, 2, 2);
    pepper_box_assert_found(&box, PEOPLE, 2, 2, 2);
}

/* A row that is at its new key already is younger than the one that would come there. */
static void the_younger_of_two_rows_stays(void **state) {
    (void)state;
    const struct registry_address person = pepper_box_address('u', 3, 1),
                                  vid = pepper_box_address('v', 3, 2);
    struct alias younger = pepper_box_vid_of(3, person.lookup_key), found;
    struct registry_batch batch = registry_begin(box.registry);
    younger.pepper = 2;
    younger.revoked = true;
    registry_put_alias(&batch, vid.lookup_key, &younger);
    pepper_box_commit(&batch);
    pepper_box_begin(&box, 1, 2);
    sweep_to_the_end();
    assert_int_equal(registry_alias(box.registry, vid.lookup_key, &found), ERR_OK);
    assert_true(found.revoked);
    assert_int_equal(pepper_box_aliases_of(&box, 1).vids, 0);
    assert_int_equal(pepper_box_aliases_of(&box, 2).vids, PEOPLE);
}

static void a_second_roll_takes_the_first_ones_aliases_along(void **state) {
    (void)state;
    pepper_box_begin(&box, 1, 2);
    sweep_to_the_end();
    struct registry_batch batch = registry_begin(box.registry);
    pepper_box_put_person(&batch, PEOPLE, 2);
    pepper_box_commit(&batch);
    pepper_box_begin(&box, 2, 3);
    assert_int_equal(pepper_box_now(&box).from, 2);
    for (unsigned i = 0; i < 25; i++) {
        (void)step();
        pepper_box_assert_all_found(&box, 2, 3);
    }
    sweep_to_the_end();
    struct registry_pepper pepper = pepper_box_now(&box);
    assert_true(registry_pepper_is_settled(&pepper));
    pepper_box_assert_all_found(&box, 3, 3);
    pepper_box_assert_found(&box, PEOPLE, 2, 3, 3);
    assert_int_equal(pepper_box_aliases_of(&box, 2).vids + pepper_box_aliases_of(&box, 2).uins, 0);
    assert_int_equal(pepper_box_aliases_of(&box, 3).uins, PEOPLE + 1);
    assert_int_equal(pepper_box_aliases_of(&box, 3).vids, PEOPLE + 1);
}

/* A younger pepper before the sweep is over: nothing may be taken for done. */
static void a_roll_that_is_overtaken_begins_again(void **state) {
    (void)state;
    pepper_box_begin(&box, 1, 2);
    for (unsigned i = 0; i < 15; i++)
        (void)step();
    pepper_box_begin(&box, 2, 3);
    assert_int_equal(pepper_box_now(&box).from, 1);
    sweep_to_the_end();
    struct registry_pepper pepper = pepper_box_now(&box);
    assert_true(registry_pepper_is_settled(&pepper));
    pepper_box_assert_all_found(&box, 3, 3);
    assert_int_equal(pepper_box_aliases_of(&box, 3).uins + pepper_box_aliases_of(&box, 3).vids,
                     2 * PEOPLE);
}

/* ---- what cannot be moved ---- */

/* As rows were before they said their pepper. */
static void put_first_format(unsigned number) {
    const struct registry_address person = pepper_box_address('u', number, 1),
                                  vid = pepper_box_address('v', number, 1);
    uint8_t memory[64];
    struct buffer plain = buffer_over(memory, sizeof memory);
    const uint8_t alias_id[16] = {(uint8_t)number};
    buffer_u8(&plain, 1);
    buffer_raw(&plain, person.lookup_key, sizeof person.lookup_key);
    buffer_raw(&plain, alias_id, sizeof alias_id);
    buffer_u8(&plain, ALIAS_PERPETUAL);
    buffer_bool(&plain, false);
    buffer_i64(&plain, 0);
    buffer_u32(&plain, number);
    assert_int_equal(plain.err, ERR_OK);
    struct registry_batch batch = registry_begin(box.registry);
    registry_row_put(&batch, REGISTRY_ALIASES, bytes_of(vid.lookup_key, sizeof vid.lookup_key),
                     bytes_of(plain.data, plain.len), NULL);
    pepper_box_commit(&batch);
}

static void a_vid_without_an_id_hash_is_left_until_it_is_imported_again(void **state) {
    (void)state;
    put_first_format(3);
    put_first_format(4);
    pepper_box_begin(&box, 1, 2);
    sweep_to_the_end();
    struct registry_pepper pepper = pepper_box_now(&box);
    assert_int_equal(pepper.phase, REGISTRY_PEPPER_DONE);
    assert_false(registry_pepper_is_settled(&pepper));
    assert_int_equal(pepper.left, 2);
    assert_int_equal(pepper.left_vids, 2);
    pepper_box_assert_all_found(&box, 1, 2); /* as long as the older pepper is there */

    struct registry_batch batch = registry_begin(box.registry);
    import_again(&batch, 3, 1, 2);
    pepper_box_commit(&batch);
    pepper_box_begin(&box, 1, 2);
    sweep_to_the_end();
    assert_int_equal(pepper_box_now(&box).left, 1);
    batch = registry_begin(box.registry);
    import_again(&batch, 4, 1, 2);
    pepper_box_commit(&batch);
    pepper_box_begin(&box, 1, 2);
    sweep_to_the_end();
    pepper = pepper_box_now(&box);
    assert_true(registry_pepper_is_settled(&pepper));
    pepper_box_assert_all_found(&box, 2, 2);
}

/* In the row's sealed bytes, where ${at} is counted from its end when it is below 0. */
static void flip(enum registry_table table, struct bytes key, int at, uint8_t bits) {
    struct bytes value;
    uint8_t memory[4096];
    struct kv_txn txn = kv_write(registry_kv(box.registry));
    assert_int_equal(kv_get(&txn, table, key, &value), ERR_OK);
    memcpy(memory, value.data, value.len);
    memory[at < 0 ? (int)value.len + at : at] ^= bits;
    kv_put(&txn, table, key, bytes_of(memory, value.len));
    assert_int_equal(kv_commit(&txn), ERR_OK);
}

static void damage(enum registry_table table, const struct registry_address *at) {
    flip(table, bytes_of(at->lookup_key, sizeof at->lookup_key), -1, 1);
}

static void damaged_rows_are_left_and_counted_until_they_are_replaced(void **state) {
    (void)state;
    const struct registry_address person = pepper_box_address('u', 5, 1),
                                  vid = pepper_box_address('v', 6, 1);
    damage(REGISTRY_IDENTITIES, &person);
    damage(REGISTRY_ALIASES, &vid);
    pepper_box_begin(&box, 1, 2);
    sweep_to_the_end();
    assert_int_equal(pepper_box_now(&box).left, 2);
    assert_int_equal(pepper_box_now(&box).left_vids, 0);
    assert_int_equal(pepper_box_aliases_of(&box, 1).damaged, 1);

    struct registry_batch batch = registry_begin(box.registry);
    pepper_box_put_person(&batch, 5, 1);
    import_again(&batch, 5, 1, 2);
    import_again(&batch, 6, 1, 2);
    pepper_box_commit(&batch);
    pepper_box_begin(&box, 1, 2);
    sweep_to_the_end();
    struct registry_pepper pepper = pepper_box_now(&box);
    assert_true(registry_pepper_is_settled(&pepper));
    pepper_box_assert_all_found(&box, 2, 2);
}

/* Her own row still tells her number. */
static void a_damaged_alias_of_a_person_is_written_again(void **state) {
    (void)state;
    const struct registry_address moved = pepper_box_address('u', 5, 2);
    uint8_t person_key[IDENTITY_LOOKUP_BYTES];
    pepper_box_begin(&box, 1, 2);
    sweep_to_the_end();
    damage(REGISTRY_ALIASES, &moved);
    assert_int_equal(registry_find_person(box.registry, &moved, 1, person_key), ERR_CORRUPT);
    pepper_box_begin(&box, 2, 2);
    sweep_to_the_end();
    struct registry_pepper pepper = pepper_box_now(&box);
    assert_true(registry_pepper_is_settled(&pepper));
    pepper_box_assert_all_found(&box, 2, 2);
}

/* Until it is verified that everybody is found, the older pepper is needed. */
static void a_person_who_lost_her_alias_is_counted(void **state) {
    (void)state;
    const struct registry_address moved = pepper_box_address('u', 5, 2);
    pepper_box_begin(&box, 1, 2);
    while (step() == REGISTRY_PEPPER_SWEEPING)
        continue;
    assert_int_equal(pepper_box_now(&box).phase, REGISTRY_PEPPER_VERIFYING);
    struct registry_batch batch = registry_begin(box.registry);
    registry_remove_alias(&batch, moved.lookup_key);
    pepper_box_commit(&batch);
    sweep_to_the_end();
    assert_int_equal(pepper_box_now(&box).left, 1);
}

static void put_alias(const struct registry_address *at, const struct alias *alias) {
    struct registry_batch batch = registry_begin(box.registry);
    registry_put_alias(&batch, at->lookup_key, alias);
    pepper_box_commit(&batch);
}

/* Or it is no number at all: she would not be found once the older pepper is gone. */
static void a_number_that_leads_to_somebody_else_is_counted(void **state) {
    (void)state;
    const struct registry_address person = pepper_box_address('u', 5, 1),
                                  other = pepper_box_address('u', 6, 1),
                                  target = pepper_box_address('u', 5, 2);
    struct alias alias = {.type = ALIAS_UIN, .pepper = 2, .has_id_hash = true};
    memcpy(alias.lookup_key, other.lookup_key, sizeof alias.lookup_key);
    put_alias(&target, &alias);
    pepper_box_begin(&box, 1, 2);
    sweep_to_the_end();
    assert_int_equal(pepper_box_now(&box).left, 1);
    alias.type = ALIAS_PERPETUAL;
    memcpy(alias.lookup_key, person.lookup_key, sizeof alias.lookup_key);
    put_alias(&target, &alias);
    pepper_box_begin(&box, 1, 2);
    sweep_to_the_end();
    assert_int_equal(pepper_box_now(&box).left, 1);
}

/* It may be the younger one, of a root that this process has not open. */
static void a_row_that_cannot_be_opened_is_not_written_over(void **state) {
    (void)state;
    const struct registry_address person = pepper_box_address('u', 3, 1),
                                  target = pepper_box_address('v', 3, 2);
    struct alias younger = pepper_box_vid_of(3, person.lookup_key), found;
    younger.pepper = 2;
    younger.revoked = true;
    put_alias(&target, &younger);
    struct bytes key = bytes_of(target.lookup_key, sizeof target.lookup_key);
    flip(REGISTRY_ALIASES, key, 2, 8); /* its generation */
    pepper_box_begin(&box, 1, 2);
    sweep_to_the_end();
    assert_int_equal(pepper_box_now(&box).left, 2); /* both */
    assert_int_equal(pepper_box_aliases_of(&box, 1).vids, 1);
    flip(REGISTRY_ALIASES, key, 2, 8);
    pepper_box_begin(&box, 1, 2);
    sweep_to_the_end();
    assert_int_equal(pepper_box_now(&box).left, 0);
    assert_int_equal(registry_alias(box.registry, target.lookup_key, &found), ERR_OK);
    assert_true(found.revoked);
}

static void rows_that_no_key_is_given_for_are_left(void **state) {
    (void)state;
    static struct registry_pepper_step collected;
    struct registry_pepper pepper;
    pepper_box_begin(&box, 1, 2);
    do {
        assert_int_equal(registry_pepper_collect(box.registry, ROWS_A_STEP, &collected), ERR_OK);
        for (size_t i = 0; i < collected.count; i++)
            memset(collected.rows[i].target, 0, sizeof collected.rows[i].target);
        assert_int_equal(registry_pepper_move(box.registry, &collected, &pepper), ERR_OK);
    } while (pepper.phase != REGISTRY_PEPPER_DONE);
    assert_int_equal(pepper.moved, 0);
    assert_int_equal(pepper.left, 2 * PEOPLE);
    pepper_box_assert_all_found(&box, 1, 1);
}

/* ---- the hotlist ---- */

static struct bytes view(const struct registry_address *address) {
    return bytes_of(address->lookup_key, sizeof address->lookup_key);
}

static void hotlist(struct bytes id, bool blocked) {
    const struct hotlist_entry entry = {.blocked = blocked};
    struct registry_batch batch = registry_begin(box.registry);
    registry_put_hotlisted(&batch, HOTLIST_PERSON, id, &entry);
    pepper_box_commit(&batch);
}

static bool is_blocked(struct bytes id) {
    bool blocked = true;
    assert_int_equal(registry_hotlisted(box.registry, HOTLIST_PERSON, id, 1, &blocked), ERR_OK);
    return blocked;
}

static void a_vids_entry_in_the_hotlist_moves_along(void **state) {
    (void)state;
    const struct registry_address listed = pepper_box_address('v', 3, 1),
                                  both = pepper_box_address('v', 4, 1),
                                  damaged = pepper_box_address('v', 5, 1);
    const uint8_t third[16] = {3}, fourth[16] = {4};
    hotlist(view(&listed), true);
    hotlist(view(&both), true);
    hotlist(bytes_of(fourth, 16), false); /* an entry that blocks wins */
    pepper_box_begin(&box, 1, 2);
    sweep_to_the_end();
    assert_true(is_blocked(bytes_of(third, 16)));
    assert_true(is_blocked(bytes_of(fourth, 16)));
    assert_false(is_blocked(view(&listed)));
    assert_false(is_blocked(view(&damaged)));
}

static struct registry_address hotlist_address(struct bytes id) {
    static const uint8_t kind = HOTLIST_PERSON;
    const struct bytes parts[] = {bytes_of(&kind, 1), id};
    struct registry_key hashed = registry_row_key(parts, 2);
    struct registry_address at;
    memcpy(at.lookup_key, hashed.hash, sizeof at.lookup_key);
    return at;
}

/* It cannot be said whether the VID is blocked: it stays where the damaged entry refuses it. */
static void a_vid_with_a_damaged_entry_is_left(void **state) {
    (void)state;
    const struct registry_address vid = pepper_box_address('v', 3, 1),
                                  at = hotlist_address(view(&vid));
    hotlist(view(&vid), true);
    damage(REGISTRY_HOTLIST, &at);
    pepper_box_begin(&box, 1, 2);
    sweep_to_the_end();
    assert_int_equal(pepper_box_now(&box).left, 1);
    pepper_box_assert_all_found(&box, 1, 2);
}

/* What was there may have blocked it: an older entry that does not is not put in its place. */
static void a_vid_with_a_damaged_entry_of_its_own_is_left_too(void **state) {
    (void)state;
    const uint8_t third[16] = {3};
    const struct registry_address vid = pepper_box_address('v', 3, 1),
                                  own = hotlist_address(bytes_of(third, 16));
    bool blocked = false;
    hotlist(view(&vid), false);
    hotlist(bytes_of(third, 16), true);
    damage(REGISTRY_HOTLIST, &own);
    pepper_box_begin(&box, 1, 2);
    sweep_to_the_end();
    assert_int_equal(pepper_box_now(&box).left, 1);
    assert_int_equal(
        registry_hotlisted(box.registry, HOTLIST_PERSON, bytes_of(third, 16), 1, &blocked),
        ERR_CORRUPT);
    assert_true(blocked);
}

/* ---- what is stored ---- */

static void store(struct bytes record) {
    struct kv_txn txn = kv_write(registry_kv(box.registry));
    kv_put(&txn, REGISTRY_META, bytes_of_text("pepper"), record);
    assert_int_equal(kv_commit(&txn), ERR_OK);
}

static void assert_corrupt(struct bytes record) {
    static struct registry_pepper_step collected;
    struct registry_pepper pepper;
    store(record);
    assert_int_equal(registry_pepper_get(box.registry, &pepper), ERR_CORRUPT);
    assert_int_equal(pepper.phase, REGISTRY_PEPPER_NONE);
    assert_false(registry_pepper_is_settled(&pepper));
    assert_int_equal(registry_pepper_collect(box.registry, ROWS_A_STEP, &collected), ERR_CORRUPT);
}

/* Of a sweep that has just begun; its last two bytes are the table and that there is no place. */
static void what_is_stored_and_makes_no_sense_is_refused(void **state) {
    (void)state;
    enum { PHASE = 0, FROM = 2, RECORD = 63, TABLE = RECORD - 2, PLACE = RECORD - 1 };
    static const struct {
        size_t at;
        uint8_t value;
    } odd[] = {{PHASE, REGISTRY_PEPPER_NONE},
               {PHASE, REGISTRY_PEPPER_PHASE_COUNT},
               {FROM, 0},
               {FROM, 3},
               {TABLE, REGISTRY_IDENTITIES - 1},
               {TABLE, REGISTRY_ALIASES + 1},
               {PLACE, 1},
               {PLACE, 2}};
    uint8_t record[RECORD + 1] = {0}, spoilt[RECORD];
    struct bytes value;
    pepper_box_begin(&box, 1, 2);
    struct kv_txn txn = kv_read(registry_kv(box.registry));
    assert_int_equal(kv_get(&txn, REGISTRY_META, bytes_of_text("pepper"), &value), ERR_OK);
    assert_int_equal(value.len, RECORD);
    memcpy(record, value.data, RECORD);
    kv_abort(&txn);
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        memcpy(spoilt, record, sizeof spoilt);
        spoilt[odd[i].at] = odd[i].value;
        assert_corrupt(bytes_of(spoilt, sizeof spoilt));
    }
    for (size_t len = 0; len <= RECORD + 1; len += len == RECORD - 1 ? 2 : 1)
        assert_corrupt(bytes_of(record, len));
    assert_int_equal(pepper_box_aliases_of(&box, 1).vids, PEOPLE);
    store(bytes_of(record, RECORD));
    sweep_to_the_end();
    assert_int_equal(pepper_box_now(&box).left, 0);
}

static void a_roll_goes_to_no_older_pepper(void **state) {
    (void)state;
    uint64_t sequence;
    pepper_box_begin(&box, 1, 3);
    for (unsigned i = 0; i < 2; i++) { /* neither on the way nor afterwards */
        struct registry_batch batch = registry_begin(box.registry);
        registry_pepper_begin(&batch, 1, 2);
        assert_int_equal(registry_commit(&batch, &sequence), ERR_DENIED);
        assert_int_equal(pepper_box_now(&box).to, 3);
        sweep_to_the_end();
    }
}

static void a_step_that_was_collected_before_another_is_refused(void **state) {
    (void)state;
    static struct registry_pepper_step collected;
    struct registry_pepper pepper;
    pepper_box_begin(&box, 1, 2);
    assert_int_equal(registry_pepper_collect(box.registry, ROWS_A_STEP, &collected), ERR_OK);
    pepper_box_find_targets(&collected);
    (void)step();
    assert_int_equal(registry_pepper_move(box.registry, &collected, &pepper), ERR_DENIED);
    assert_int_equal(pepper_box_now(&box).moved, ROWS_A_STEP);
    pepper_box_begin(&box, 1, 3);
    assert_int_equal(registry_pepper_move(box.registry, &collected, &pepper), ERR_DENIED);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sweep_that_is_killed_anywhere_loses_and_repeats_nothing),
        TEST(everybody_is_found_under_the_new_pepper_alone),
        TEST(a_step_is_small_and_all_are_found_after_each),
        TEST(what_is_imported_meanwhile_is_of_the_new_pepper_and_stays),
        TEST(the_younger_of_two_rows_stays),
        TEST(a_second_roll_takes_the_first_ones_aliases_along),
        TEST(a_roll_that_is_overtaken_begins_again),
        TEST(a_vid_without_an_id_hash_is_left_until_it_is_imported_again),
        TEST(damaged_rows_are_left_and_counted_until_they_are_replaced),
        TEST(a_damaged_alias_of_a_person_is_written_again),
        TEST(a_person_who_lost_her_alias_is_counted),
        TEST(a_number_that_leads_to_somebody_else_is_counted),
        TEST(a_row_that_cannot_be_opened_is_not_written_over),
        TEST(rows_that_no_key_is_given_for_are_left),
        TEST(a_vids_entry_in_the_hotlist_moves_along),
        TEST(a_vid_with_a_damaged_entry_is_left),
        TEST(a_vid_with_a_damaged_entry_of_its_own_is_left_too),
        TEST(what_is_stored_and_makes_no_sense_is_refused),
        TEST(a_roll_goes_to_no_older_pepper),
        TEST(a_step_that_was_collected_before_another_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
