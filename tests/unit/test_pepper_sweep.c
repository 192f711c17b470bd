#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "authd/store/registry_pepper.h"
#include "authd/store/registry_row.h"
#include "tests/unit/store_fixture.h"

/* The sweep of a roll from pepper 1 to pepper 2, and of one after it, over a registry on disk. */
#define PEOPLE      60
#define ROWS_A_STEP 3

struct box {
    struct store_directory directory;
    struct record_keys *keys;
    struct registry *registry;
};
static struct box box;

static void open_box(void) {
    box.keys = store_fixture_keys(1);
    assert_int_equal(registry_open(&box.registry, box.directory.path, true, box.keys), ERR_OK);
}

static void close_box(void) {
    registry_close(box.registry);
    record_keys_free(box.keys);
}

/* ---- what is in it ---- */

static void text_of(char kind, unsigned number, char text[static IDENTITY_UIN_SIZE]) {
    (void)snprintf(text, IDENTITY_UIN_SIZE, "%c%09u", kind == 'u' ? '2' : '3', number % 1000);
}

static void hash_of(const char *text, uint8_t hash[static 32]) {
    (void)crypto_generichash(hash, 32, (const uint8_t *)text, strlen(text), NULL, 0);
}

/* As a signer makes it with the pepper of this generation. */
static void key_of_hash(const uint8_t hash[static 32], uint16_t pepper,
                        uint8_t key[static IDENTITY_LOOKUP_BYTES]) {
    uint8_t secret[16] = {(uint8_t)pepper, 42};
    (void)crypto_generichash(key, IDENTITY_LOOKUP_BYTES, hash, 32, secret, sizeof secret);
}

static struct registry_address address(char kind, unsigned number, uint16_t pepper) {
    struct registry_address address;
    char text[IDENTITY_UIN_SIZE];
    uint8_t hash[32];
    text_of(kind, number, text);
    hash_of(text, hash);
    key_of_hash(hash, pepper, address.lookup_key);
    return address;
}

static struct alias vid_of(unsigned number, const uint8_t *person_key) {
    struct alias alias = {.type = ALIAS_PERPETUAL, .uses = number, .has_id_hash = true};
    char text[IDENTITY_UIN_SIZE];
    text_of('v', number, text);
    hash_of(text, alias.id_hash);
    alias.alias_id[0] = (uint8_t)number;
    memcpy(alias.lookup_key, person_key, sizeof alias.lookup_key);
    return alias;
}

/* Somebody new, with a VID, under this pepper. */
static void put_person(struct registry_batch *batch, unsigned number, uint16_t pepper) {
    struct identity identity = {.birth_year = 1980};
    struct registry_address uin = address('u', number, pepper), vid = address('v', number, pepper);
    struct alias alias = vid_of(number, uin.lookup_key);
    text_of('u', number, identity.uin);
    alias.pepper = pepper;
    registry_put_identity(batch, uin.lookup_key, &identity);
    registry_put_alias(batch, vid.lookup_key, &alias);
}

static void commit(struct registry_batch *batch) {
    uint64_t sequence;
    assert_int_equal(registry_commit(batch, &sequence), ERR_OK);
}

static void fill(void) {
    struct registry_batch batch = registry_begin(box.registry);
    for (unsigned i = 0; i < PEOPLE; i++)
        put_person(&batch, i, 1);
    commit(&batch);
}

static void begin(uint16_t oldest, uint16_t to) {
    struct registry_batch batch = registry_begin(box.registry);
    registry_pepper_begin(&batch, oldest, to);
    commit(&batch);
}

/* By a question whose answer has these peppers' keys. ${pepper}: of the person's own row. */
static void assert_found(unsigned number, uint16_t pepper, uint16_t from, uint16_t to) {
    const struct registry_address expected = address('u', number, pepper);
    const struct registry_address uins[] = {address('u', number, to), address('u', number, from)};
    const struct registry_address vids[] = {address('v', number, to), address('v', number, from)};
    uint8_t person_key[IDENTITY_LOOKUP_BYTES];
    struct alias alias;
    IDENTITY_CLEANUP struct identity *identity = NULL;
    assert_int_equal(registry_find_person(box.registry, uins, 2, person_key), ERR_OK);
    assert_memory_equal(person_key, expected.lookup_key, sizeof person_key);
    assert_int_equal(registry_identity(box.registry, person_key, &identity), ERR_OK);
    assert_int_equal(registry_find_alias(box.registry, vids, 2, &alias), ERR_OK);
    assert_int_equal(alias.uses, number);
    assert_memory_equal(alias.lookup_key, expected.lookup_key, sizeof alias.lookup_key);
}

static void assert_all_found(uint16_t from, uint16_t to) {
    for (unsigned i = 0; i < PEOPLE; i++)
        assert_found(i, 1, from, to);
}

/* ---- how far it is ---- */

static struct registry_pepper now(void) {
    struct registry_pepper pepper;
    assert_int_equal(registry_pepper_get(box.registry, &pepper), ERR_OK);
    return pepper;
}

struct count {
    uint16_t pepper;
    uint64_t vids, uins, damaged;
};

static enum err count_row(void *context, struct bytes key, struct bytes sealed) {
    struct count *count = context;
    struct alias alias;
    REGISTRY_ROW(row);
    enum err err = registry_row_open(box.registry, REGISTRY_ALIASES, key, sealed, &row);
    if (err == ERR_OK)
        err = alias_decode(secret_view(&row.plain), &alias);
    if (err != ERR_OK) {
        count->damaged++;
        return ERR_OK;
    }
    count->vids += alias.pepper == count->pepper && alias_is_vid(&alias);
    count->uins += alias.pepper == count->pepper && !alias_is_vid(&alias);
    return ERR_OK;
}

static struct count aliases_of(uint16_t pepper) {
    struct count count = {.pepper = pepper};
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(registry_kv(box.registry));
    assert_int_equal(kv_each(&txn, REGISTRY_ALIASES, bytes_of(NULL, 0), count_row, &count), ERR_OK);
    return count;
}

enum death { ALIVE, BETWEEN_HALVES, BEFORE_COMMIT, AFTER_COMMIT, DEATHS };
static enum death death; /* how this process ends */

static void die_if(enum death now_due) {
    if (death == now_due)
        (void)raise(SIGKILL);
}

/* What provd does between the two halves. */
static void find_targets(struct registry_pepper_step *step) {
    for (size_t i = 0; i < step->count; i++) {
        struct registry_pepper_row *row = &step->rows[i];
        if (row->uin[0] != '\0')
            hash_of(row->uin, row->id_hash);
        key_of_hash(row->id_hash, step->before.to, row->target);
        row->has_target = true;
    }
}

static enum registry_pepper_phase step(void) {
    static struct registry_pepper_step step;
    struct registry_pepper pepper;
    assert_int_equal(registry_pepper_collect(box.registry, ROWS_A_STEP, &step), ERR_OK);
    if (step.before.phase == REGISTRY_PEPPER_DONE || step.before.phase == REGISTRY_PEPPER_NONE)
        return step.before.phase;
    find_targets(&step);
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
    open_box();
    for (unsigned i = 0;; i++) {
        death = i == steps ? how : ALIVE;
        if (step() == REGISTRY_PEPPER_DONE)
            _exit(0);
    }
}

/* True when it had come to the end. */
static bool run_and_die(unsigned steps, enum death how) {
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        sweep_and_die(steps, how);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status))
        assert_int_equal(WEXITSTATUS(status), 0);
    else
        assert_int_equal(WTERMSIG(status), SIGKILL);
    return WIFEXITED(status);
}

static void in_a_child(void (*run)(void)) {
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        run();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void make_and_begin(void) {
    open_box();
    fill();
    begin(1, 2);
    close_box();
}

/* What each life leaves, seen by another process. */
static void look_at_what_is_left(void) {
    open_box();
    assert_all_found(1, 2);
    struct count first = aliases_of(1), second = aliases_of(2);
    assert_int_equal(first.vids + second.vids, PEOPLE); /* each VID once */
    assert_int_equal(now().moved, second.vids + second.uins);
}

static void a_sweep_that_is_killed_anywhere_loses_and_repeats_nothing(void **state) {
    (void)state;
    struct store_chance chance = {20261123};
    unsigned lives = 0;
    box.directory = store_fixture_directory();
    in_a_child(make_and_begin);
    while (!run_and_die((unsigned)store_fixture_draw(&chance, 3),
                        (enum death)(1 + store_fixture_draw(&chance, DEATHS - 1)))) {
        in_a_child(look_at_what_is_left);
        assert_true(++lives < 1000);
    }
    assert_true(lives > 20);
    in_a_child(look_at_what_is_left);
    store_fixture_remove(&box.directory);
}

/* ---- the sweep itself ---- */

static int set_up(void **state) {
    (void)state;
    box.directory = store_fixture_directory();
    open_box();
    fill();
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    close_box();
    store_fixture_remove(&box.directory);
    return 0;
}

static void everybody_is_found_under_the_new_pepper_alone(void **state) {
    (void)state;
    assert_int_equal(step(), REGISTRY_PEPPER_NONE);
    begin(1, 2);
    assert_int_equal(now().rows, 2 * PEOPLE);
    sweep_to_the_end();
    struct registry_pepper pepper = now();
    assert_true(registry_pepper_is_settled(&pepper));
    assert_int_equal(pepper.moved, 2 * PEOPLE);
    assert_int_equal(pepper.uins, PEOPLE);
    assert_all_found(2, 2);
    assert_int_equal(aliases_of(1).vids + aliases_of(1).uins, 0);
    const struct registry_address vid = address('v', 7, 1), uin = address('u', 7, 1);
    struct alias alias;
    assert_int_equal(registry_alias(box.registry, vid.lookup_key, &alias), ERR_NOT_FOUND);
    IDENTITY_CLEANUP struct identity *identity = NULL; /* she keeps her row and its key */
    assert_int_equal(registry_identity(box.registry, uin.lookup_key, &identity), ERR_OK);
}

static void a_step_is_small_and_all_are_found_after_each(void **state) {
    (void)state;
    begin(1, 2);
    for (unsigned i = 1; i <= 2 * PEOPLE / ROWS_A_STEP; i++) {
        enum registry_pepper_phase phase = step();
        assert_int_equal(now().moved, i * ROWS_A_STEP);
        assert_all_found(1, 2);
        if (phase != REGISTRY_PEPPER_SWEEPING)
            assert_int_equal(i, 2 * PEOPLE / ROWS_A_STEP);
    }
}

/* As provd imports: a known person keeps her key, what was under the older pepper goes. */
static void import_again(struct registry_batch *batch, unsigned number, uint16_t from,
                         uint16_t to) {
    const struct registry_address old_vid = address('v', number, from),
                                  vid = address('v', number, to), uin = address('u', number, to),
                                  person = address('u', number, 1);
    struct alias alias = vid_of(number, person.lookup_key),
                 own = {.type = ALIAS_UIN, .pepper = to, .has_id_hash = true};
    char text[IDENTITY_UIN_SIZE];
    alias.pepper = to;
    text_of('u', number, text);
    hash_of(text, own.id_hash);
    memcpy(own.lookup_key, person.lookup_key, sizeof own.lookup_key);
    registry_remove_alias(batch, old_vid.lookup_key);
    registry_put_alias(batch, vid.lookup_key, &alias);
    registry_put_alias(batch, uin.lookup_key, &own);
}

static void what_is_imported_meanwhile_is_of_the_new_pepper_and_stays(void **state) {
    (void)state;
    begin(1, 2);
    for (unsigned i = 0; i < 7; i++)
        (void)step();
    uint64_t moved = now().moved, by_sweep = aliases_of(2).uins;
    struct registry_batch batch = registry_begin(box.registry);
    for (unsigned i = 0; i < PEOPLE; i += 2) /* some before the place, some behind it */
        import_again(&batch, i, 1, 2);
    put_person(&batch, PEOPLE, 2); /* and somebody new */
    commit(&batch);
    struct count already = aliases_of(2);
    assert_true(already.uins < by_sweep + PEOPLE / 2); /* some had been swept */
    sweep_to_the_end();
    struct registry_pepper pepper = now();
    assert_true(registry_pepper_is_settled(&pepper));
    assert_int_equal(pepper.moved - moved, (PEOPLE - already.uins) + (PEOPLE + 1 - already.vids));
    assert_int_equal(pepper.uins, PEOPLE); /* who is new needs none */
    assert_all_found(2, 2);
    assert_found(PEOPLE, 2, 2, 2);
}

/* A row that is at its new key already is younger than the one that would come there. */
static void the_younger_of_two_rows_stays(void **state) {
    (void)state;
    const struct registry_address person = address('u', 3, 1), vid = address('v', 3, 2);
    struct alias younger = vid_of(3, person.lookup_key), found;
    struct registry_batch batch = registry_begin(box.registry);
    younger.pepper = 2;
    younger.revoked = true;
    registry_put_alias(&batch, vid.lookup_key, &younger);
    commit(&batch);
    begin(1, 2);
    sweep_to_the_end();
    assert_int_equal(registry_alias(box.registry, vid.lookup_key, &found), ERR_OK);
    assert_true(found.revoked);
    assert_int_equal(aliases_of(1).vids, 0);
    assert_int_equal(aliases_of(2).vids, PEOPLE);
}

static void a_second_roll_takes_the_first_ones_aliases_along(void **state) {
    (void)state;
    begin(1, 2);
    sweep_to_the_end();
    struct registry_batch batch = registry_begin(box.registry);
    put_person(&batch, PEOPLE, 2);
    commit(&batch);
    begin(2, 3);
    assert_int_equal(now().from, 2);
    for (unsigned i = 0; i < 25; i++) {
        (void)step();
        assert_all_found(2, 3);
    }
    sweep_to_the_end();
    struct registry_pepper pepper = now();
    assert_true(registry_pepper_is_settled(&pepper));
    assert_all_found(3, 3);
    assert_found(PEOPLE, 2, 3, 3);
    assert_int_equal(aliases_of(2).vids + aliases_of(2).uins, 0);
    assert_int_equal(aliases_of(3).uins, PEOPLE + 1);
    assert_int_equal(aliases_of(3).vids, PEOPLE + 1);
}

/* A younger pepper before the sweep is over: nothing may be taken for done. */
static void a_roll_that_is_overtaken_begins_again(void **state) {
    (void)state;
    begin(1, 2);
    for (unsigned i = 0; i < 15; i++)
        (void)step();
    begin(2, 3);
    assert_int_equal(now().from, 1);
    sweep_to_the_end();
    struct registry_pepper pepper = now();
    assert_true(registry_pepper_is_settled(&pepper));
    assert_all_found(3, 3);
    assert_int_equal(aliases_of(3).uins + aliases_of(3).vids, 2 * PEOPLE);
}

/* ---- what cannot be moved ---- */

/* As rows were before they said their pepper. */
static void put_first_format(unsigned number) {
    const struct registry_address person = address('u', number, 1), vid = address('v', number, 1);
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
    commit(&batch);
}

static void a_vid_without_an_id_hash_is_left_until_it_is_imported_again(void **state) {
    (void)state;
    put_first_format(3);
    put_first_format(4);
    begin(1, 2);
    sweep_to_the_end();
    struct registry_pepper pepper = now();
    assert_int_equal(pepper.phase, REGISTRY_PEPPER_DONE);
    assert_false(registry_pepper_is_settled(&pepper));
    assert_int_equal(pepper.left, 2);
    assert_int_equal(pepper.left_vids, 2);
    assert_all_found(1, 2); /* as long as the older pepper is there */

    struct registry_batch batch = registry_begin(box.registry);
    import_again(&batch, 3, 1, 2);
    commit(&batch);
    begin(1, 2);
    sweep_to_the_end();
    assert_int_equal(now().left, 1);
    batch = registry_begin(box.registry);
    import_again(&batch, 4, 1, 2);
    commit(&batch);
    begin(1, 2);
    sweep_to_the_end();
    pepper = now();
    assert_true(registry_pepper_is_settled(&pepper));
    assert_all_found(2, 2);
}

static void damage(enum registry_table table, const struct registry_address *at) {
    struct bytes key = bytes_of(at->lookup_key, sizeof at->lookup_key), value;
    uint8_t memory[4096];
    struct kv_txn txn = kv_write(registry_kv(box.registry));
    assert_int_equal(kv_get(&txn, table, key, &value), ERR_OK);
    memcpy(memory, value.data, value.len);
    memory[value.len - 1] ^= 1;
    kv_put(&txn, table, key, bytes_of(memory, value.len));
    assert_int_equal(kv_commit(&txn), ERR_OK);
}

static void damaged_rows_are_left_and_counted_until_they_are_replaced(void **state) {
    (void)state;
    const struct registry_address person = address('u', 5, 1), vid = address('v', 6, 1);
    damage(REGISTRY_IDENTITIES, &person);
    damage(REGISTRY_ALIASES, &vid);
    begin(1, 2);
    sweep_to_the_end();
    assert_int_equal(now().left, 2);
    assert_int_equal(now().left_vids, 0);
    assert_int_equal(aliases_of(1).damaged, 1);

    struct registry_batch batch = registry_begin(box.registry);
    put_person(&batch, 5, 1);
    import_again(&batch, 5, 1, 2);
    import_again(&batch, 6, 1, 2);
    commit(&batch);
    begin(1, 2);
    sweep_to_the_end();
    struct registry_pepper pepper = now();
    assert_true(registry_pepper_is_settled(&pepper));
    assert_all_found(2, 2);
}

/* Her own row still tells her number. */
static void a_damaged_alias_of_a_person_is_written_again(void **state) {
    (void)state;
    const struct registry_address moved = address('u', 5, 2);
    uint8_t person_key[IDENTITY_LOOKUP_BYTES];
    begin(1, 2);
    sweep_to_the_end();
    damage(REGISTRY_ALIASES, &moved);
    assert_int_equal(registry_find_person(box.registry, &moved, 1, person_key), ERR_CORRUPT);
    begin(2, 2);
    sweep_to_the_end();
    struct registry_pepper pepper = now();
    assert_true(registry_pepper_is_settled(&pepper));
    assert_all_found(2, 2);
}

/* Until it is verified that everybody is found, the older pepper is needed. */
static void a_person_who_lost_her_alias_is_counted(void **state) {
    (void)state;
    const struct registry_address moved = address('u', 5, 2);
    begin(1, 2);
    while (step() == REGISTRY_PEPPER_SWEEPING)
        continue;
    assert_int_equal(now().phase, REGISTRY_PEPPER_VERIFYING);
    struct registry_batch batch = registry_begin(box.registry);
    registry_remove_alias(&batch, moved.lookup_key);
    commit(&batch);
    sweep_to_the_end();
    assert_int_equal(now().left, 1);
}

static void rows_that_no_key_is_given_for_are_left(void **state) {
    (void)state;
    static struct registry_pepper_step collected;
    struct registry_pepper pepper;
    begin(1, 2);
    do {
        assert_int_equal(registry_pepper_collect(box.registry, ROWS_A_STEP, &collected), ERR_OK);
        for (size_t i = 0; i < collected.count; i++)
            memset(collected.rows[i].target, 0, sizeof collected.rows[i].target);
        assert_int_equal(registry_pepper_move(box.registry, &collected, &pepper), ERR_OK);
    } while (pepper.phase != REGISTRY_PEPPER_DONE);
    assert_int_equal(pepper.moved, 0);
    assert_int_equal(pepper.left, 2 * PEOPLE);
    assert_all_found(1, 1);
}

/* ---- the hotlist ---- */

static struct bytes view(const struct registry_address *address) {
    return bytes_of(address->lookup_key, sizeof address->lookup_key);
}

static void hotlist(struct bytes id, bool blocked) {
    const struct hotlist_entry entry = {.blocked = blocked};
    struct registry_batch batch = registry_begin(box.registry);
    registry_put_hotlisted(&batch, HOTLIST_PERSON, id, &entry);
    commit(&batch);
}

static bool is_blocked(struct bytes id) {
    bool blocked = true;
    assert_int_equal(registry_hotlisted(box.registry, HOTLIST_PERSON, id, 1, &blocked), ERR_OK);
    return blocked;
}

static void a_vids_entry_in_the_hotlist_moves_along(void **state) {
    (void)state;
    const struct registry_address listed = address('v', 3, 1), both = address('v', 4, 1),
                                  damaged = address('v', 5, 1);
    const uint8_t third[16] = {3}, fourth[16] = {4};
    hotlist(view(&listed), true);
    hotlist(view(&both), true);
    hotlist(bytes_of(fourth, 16), false); /* an entry that blocks wins */
    begin(1, 2);
    sweep_to_the_end();
    assert_true(is_blocked(bytes_of(third, 16)));
    assert_true(is_blocked(bytes_of(fourth, 16)));
    assert_false(is_blocked(view(&listed)));
    assert_false(is_blocked(view(&damaged)));
}

/* It cannot be said whether the VID is blocked: it stays where the damaged entry refuses it. */
static void a_vid_with_a_damaged_entry_is_left(void **state) {
    (void)state;
    static const uint8_t kind = HOTLIST_PERSON;
    const struct registry_address vid = address('v', 3, 1);
    const struct bytes parts[] = {bytes_of(&kind, 1), view(&vid)};
    struct registry_key hashed = registry_row_key(parts, 2);
    struct registry_address at;
    memcpy(at.lookup_key, hashed.hash, sizeof at.lookup_key);
    hotlist(view(&vid), true);
    damage(REGISTRY_HOTLIST, &at);
    begin(1, 2);
    sweep_to_the_end();
    assert_int_equal(now().left, 1);
    assert_all_found(1, 2);
}

/* ---- what is stored ---- */

static void what_is_stored_and_makes_no_sense_is_refused(void **state) {
    (void)state;
    static struct registry_pepper_step collected;
    struct registry_pepper pepper;
    static const uint8_t stored[] = {REGISTRY_PEPPER_SWEEPING, 0, 1};
    struct kv_txn txn = kv_write(registry_kv(box.registry));
    kv_put(&txn, REGISTRY_META, bytes_of_text("pepper"), bytes_of(stored, sizeof stored));
    assert_int_equal(kv_commit(&txn), ERR_OK);
    assert_int_equal(registry_pepper_get(box.registry, &pepper), ERR_CORRUPT);
    assert_false(registry_pepper_is_settled(&pepper));
    assert_int_equal(registry_pepper_collect(box.registry, ROWS_A_STEP, &collected), ERR_CORRUPT);
    assert_int_equal(aliases_of(1).vids, PEOPLE);
}

static void a_roll_goes_to_no_older_pepper(void **state) {
    (void)state;
    uint64_t sequence;
    begin(1, 3);
    for (unsigned i = 0; i < 2; i++) { /* neither on the way nor afterwards */
        struct registry_batch batch = registry_begin(box.registry);
        registry_pepper_begin(&batch, 1, 2);
        assert_int_equal(registry_commit(&batch, &sequence), ERR_DENIED);
        assert_int_equal(now().to, 3);
        sweep_to_the_end();
    }
}

static void a_step_that_was_collected_before_another_is_refused(void **state) {
    (void)state;
    static struct registry_pepper_step collected;
    struct registry_pepper pepper;
    begin(1, 2);
    assert_int_equal(registry_pepper_collect(box.registry, ROWS_A_STEP, &collected), ERR_OK);
    find_targets(&collected);
    (void)step();
    assert_int_equal(registry_pepper_move(box.registry, &collected, &pepper), ERR_DENIED);
    assert_int_equal(now().moved, ROWS_A_STEP);
    begin(1, 3);
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
        TEST(rows_that_no_key_is_given_for_are_left),
        TEST(a_vids_entry_in_the_hotlist_moves_along),
        TEST(a_vid_with_a_damaged_entry_is_left),
        TEST(what_is_stored_and_makes_no_sense_is_refused),
        TEST(a_roll_goes_to_no_older_pepper),
        TEST(a_step_that_was_collected_before_another_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
