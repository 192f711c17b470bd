#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/clock.h"
#include "authd/store/registry_roll.h"
#include "tests/unit/store_fixture.h"

/* The sweep of a roll from root 1 to root 2, over a registry on disk. */
#define PEOPLE      90
#define ROWS_A_STEP 3
#define SEALED_ROWS (PEOPLE * 4 + 6) /* that are sealed again: all but those of the indexes */

struct box {
    struct store_directory directory;
    struct record_keys *keys;
    struct registry *registry;
};
static struct box box;

static void open_box(uint16_t generations) {
    box.keys = store_fixture_keys(generations);
    assert_int_equal(registry_open(&box.registry, box.directory.path, true, box.keys), ERR_OK);
}

static void close_box(void) {
    registry_close(box.registry);
    record_keys_free(box.keys);
}

/* ---- what is in it ---- */

static void lookup_key(unsigned number, uint8_t key[static IDENTITY_LOOKUP_BYTES]) {
    memset(key, 0, IDENTITY_LOOKUP_BYTES);
    key[0] = (uint8_t)(number * 37); /* not in the order they came */
    key[1] = (uint8_t)number;
}

static void phone_of(unsigned number, char phone[static 20]) {
    (void)snprintf(phone, 20, "+2126%08u", number);
}

static void put_person(struct registry_batch *batch, unsigned number) {
    static const uint8_t image[] = {0xff, 0xd8, 0xff, 0xe0, 1, 2, 3};
    struct identity identity = {.uin = "5938714605", .birth_year = 1980, .attribute_count = 1};
    struct alias alias = {.type = ALIAS_PERPETUAL, .pepper = 1, .uses = number};
    uint8_t key[IDENTITY_LOOKUP_BYTES], vid[IDENTITY_LOOKUP_BYTES];
    char phone[20];
    phone_of(number, phone);
    (void)snprintf(identity.phone, sizeof identity.phone, "%s", phone);
    identity.attributes[0] = (struct identity_attribute){.name = bytes_of_text("fullName"),
                                                         .value = bytes_of_text("Fatima")};
    lookup_key(number, key);
    lookup_key(number + 1000, vid);
    memcpy(alias.lookup_key, key, sizeof alias.lookup_key);
    registry_put_identity(batch, key, &identity);
    registry_put_photo(batch, key, bytes_of(image, sizeof image));
    registry_put_biometrics(batch, key, bytes_of_text("what is enrolled"));
    registry_put_alias(batch, vid, &alias);
}

static void commit(struct registry_batch *batch) {
    uint64_t sequence;
    assert_int_equal(registry_commit(batch, &sequence), ERR_OK);
}

static void fill(void) {
    const struct partner partner = {.id = "daam", .status = STATUS_ACTIVE};
    const struct api_key api_key = {.partner_id = "daam", .policy_id = "p"};
    const struct hotlist_entry entry = {.blocked = true};
    const struct national national = {.uin_salt = "u", .partner_salt = "s", .token_partner = "t"};
    const uint8_t thumbprint[32] = {7};
    struct registry_batch batch = registry_begin(box.registry);
    for (unsigned i = 0; i < PEOPLE; i++)
        put_person(&batch, i);
    registry_put_partner(&batch, &partner);
    registry_put_api_key(&batch, "key-1", &api_key);
    registry_put_national(&batch, &national);
    registry_put_salt(&batch, 971, "s0meSa1t");
    registry_put_hotlisted(&batch, HOTLIST_PARTNER, bytes_of_text("daam"), &entry);
    registry_put_anchor(&batch, "AUTH", thumbprint, bytes_of_text("der of a root"));
    registry_put_root(&batch, 1, bytes_of_text("the first, wrapped"));
    registry_roll_offer(&batch, 1, 2, bytes_of_text("the second, wrapped"));
    commit(&batch);
}

static void begin_sweep(void) {
    struct registry_batch batch = registry_begin(box.registry);
    registry_roll_begin(&batch);
    commit(&batch);
}

static void assert_person(unsigned number) {
    IDENTITY_CLEANUP struct identity *identity = NULL;
    SECRET(photo);
    SECRET(enrolled);
    uint8_t key[IDENTITY_LOOKUP_BYTES], vid[IDENTITY_LOOKUP_BYTES];
    uint8_t found[4][IDENTITY_LOOKUP_BYTES];
    struct alias alias;
    char phone[20];
    size_t count;
    lookup_key(number, key);
    lookup_key(number + 1000, vid);
    phone_of(number, phone);
    assert_int_equal(registry_identity(box.registry, key, &identity), ERR_OK);
    assert_string_equal(identity->phone, phone);
    assert_int_equal(registry_photo(box.registry, key, &photo), ERR_OK);
    assert_int_equal(registry_biometrics(box.registry, key, &enrolled), ERR_OK);
    assert_int_equal(registry_alias(box.registry, vid, &alias), ERR_OK);
    assert_int_equal(alias.uses, number);
    assert_int_equal(registry_by_phone(box.registry, phone, found, 4, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_memory_equal(found[0], key, sizeof key);
}

static void assert_all_there(void) {
    struct partner partner;
    char salt[SALT_SIZE];
    bool blocked = false;
    for (unsigned i = 0; i < PEOPLE; i++)
        assert_person(i);
    assert_int_equal(registry_partner(box.registry, "daam", &partner), ERR_OK);
    assert_int_equal(registry_salt(box.registry, 971, salt), ERR_OK);
    assert_string_equal(salt, "s0meSa1t");
    assert_int_equal(
        registry_hotlisted(box.registry, HOTLIST_PARTNER, bytes_of_text("daam"), 0, &blocked),
        ERR_OK);
    assert_true(blocked);
}

/* ---- how far it is ---- */

static struct registry_roll roll_now(void) {
    struct registry_roll roll;
    assert_int_equal(registry_roll_get(box.registry, &roll), ERR_OK);
    return roll;
}

struct count {
    uint16_t generation;
    uint64_t rows;
};

static enum err count_row(void *context, struct bytes key, struct bytes sealed) {
    struct count *count = context;
    (void)key;
    count->rows += record_generation(sealed) == count->generation;
    return ERR_OK;
}

static uint64_t rows_of(uint16_t generation, bool indexes) {
    struct count count = {.generation = generation};
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(registry_kv(box.registry));
    for (unsigned table = REGISTRY_IDENTITIES; table < REGISTRY_TABLE_COUNT; table++) {
        bool is_index = table == REGISTRY_BY_PHONE || table == REGISTRY_BY_NAME;
        if (is_index == indexes)
            assert_int_equal(kv_each(&txn, table, bytes_of(NULL, 0), count_row, &count), ERR_OK);
    }
    return count.rows;
}

static enum registry_roll_phase step(void) {
    struct registry_roll roll;
    assert_int_equal(registry_roll_step(box.registry, ROWS_A_STEP, &roll), ERR_OK);
    return roll.phase;
}

static void sweep_to_the_end(void) {
    for (size_t steps = 0; step() != REGISTRY_ROLL_DONE; steps++)
        assert_true(steps < 10000);
}

/* ---- kill -9; first, since a child inherits no arena of secrets ---- */

/* The signal that nobody handles ends this process in so many microseconds, as kill -9 would. */
static void die_in(uint64_t microseconds) {
    const struct itimerval then = {.it_value = {.tv_sec = (time_t)(microseconds / 1000000),
                                                .tv_usec = (suseconds_t)(microseconds % 1000000)}};
    assert_int_equal(setitimer(ITIMER_REAL, &then, NULL), 0);
}

/* A writer of the registry in a process of its own. After so many steps it dies within the next
 * two, wherever that is. */
static _Noreturn void sweep_and_die(unsigned steps, uint64_t draw) {
    open_box(2);
    for (unsigned i = 0;; i++) {
        int64_t began_ns = clock_boot_ns();
        if (step() == REGISTRY_ROLL_DONE)
            _exit(0);
        uint64_t microseconds = (uint64_t)(clock_boot_ns() - began_ns) / 1000 + 1;
        if (i == steps)
            die_in(1 + draw % (2 * microseconds));
    }
}

/* True when it had come to the end. */
static bool run_and_die(unsigned steps, uint64_t draw) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        sweep_and_die(steps, draw);
    return store_fixture_has_ended(child, SIGALRM);
}

/* What each life leaves, seen by another process. */
static _Noreturn void look_at_what_is_left(void) {
    open_box(2);
    struct registry_roll roll = roll_now();
    assert_int_equal(roll.resealed, rows_of(2, false)); /* nothing lost, nothing done twice */
    assert_int_equal(rows_of(1, false) + rows_of(2, false), SEALED_ROWS);
    assert_all_there();
    _exit(0);
}

static void make_and_begin(void) {
    open_box(1);
    fill();
    store_fixture_add_generation(box.keys, 2);
    begin_sweep();
    close_box();
}

static void a_sweep_that_is_killed_anywhere_loses_and_repeats_nothing(void **state) {
    (void)state;
    struct store_chance chance = {20261122};
    unsigned lives = 0;
    box.directory = store_fixture_directory();
    store_fixture_in_a_child(make_and_begin);
    while (!run_and_die((unsigned)store_fixture_draw(&chance, 3),
                        store_fixture_draw(&chance, UINT32_MAX))) {
        store_fixture_in_a_child(look_at_what_is_left);
        assert_true(++lives < 1000);
    }
    assert_true(lives > 10);
    store_fixture_in_a_child(look_at_what_is_left);
    store_fixture_remove(&box.directory);
}

/* ---- the sweep itself ---- */

static int set_up(void **state) {
    (void)state;
    box.directory = store_fixture_directory();
    open_box(1);
    fill();
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    close_box();
    store_fixture_remove(&box.directory);
    return 0;
}

static void open_second_and_begin(void) {
    store_fixture_add_generation(box.keys, 2);
    begin_sweep();
}

static void nothing_is_sealed_before_every_process_can_open_it(void **state) {
    (void)state;
    struct registry_roll roll = roll_now();
    assert_int_equal(roll.phase, REGISTRY_ROLL_OFFERED);
    assert_int_equal(step(), REGISTRY_ROLL_OFFERED);
    assert_int_equal(rows_of(1, false), SEALED_ROWS);
    begin_sweep(); /* without the root in this process */
    assert_int_equal(registry_roll_step(box.registry, ROWS_A_STEP, &roll), ERR_NOT_FOUND);
    assert_int_equal(rows_of(1, false), SEALED_ROWS);
}

static void all_rows_are_sealed_again_and_read_without_the_old_root(void **state) {
    (void)state;
    open_second_and_begin();
    assert_int_equal(roll_now().rows, SEALED_ROWS + 2 * PEOPLE);
    sweep_to_the_end();
    struct registry_roll roll = roll_now();
    assert_int_equal(roll.resealed, SEALED_ROWS);
    assert_int_equal(roll.left, 0);
    assert_int_equal(rows_of(1, false) + rows_of(1, true), 0);
    assert_int_equal(rows_of(2, true), 2 * PEOPLE);
    registry_close(box.registry);
    record_keys_free(box.keys);
    assert_int_equal(record_keys_new(&box.keys), ERR_OK);
    store_fixture_add_generation(box.keys, 2);
    assert_int_equal(registry_open(&box.registry, box.directory.path, true, box.keys), ERR_OK);
    assert_all_there();
}

static void a_step_is_small_and_the_place_moves_with_it(void **state) {
    (void)state;
    open_second_and_begin();
    for (unsigned i = 1; i <= PEOPLE / ROWS_A_STEP; i++) {
        assert_int_equal(step(), REGISTRY_ROLL_SWEEPING);
        assert_int_equal(rows_of(2, false), i * ROWS_A_STEP);
        assert_int_equal(roll_now().seen, i * ROWS_A_STEP);
        assert_all_there();
    }
}

static void what_is_imported_meanwhile_is_of_the_new_root_and_not_sealed_twice(void **state) {
    (void)state;
    open_second_and_begin();
    for (unsigned i = 0; i < 10; i++)
        (void)step();
    struct registry_batch batch = registry_begin(box.registry);
    for (unsigned i = 0; i < PEOPLE; i += 2)
        put_person(&batch, i);
    put_person(&batch, PEOPLE);
    commit(&batch);
    uint64_t already = rows_of(2, false);
    struct registry_roll before = roll_now();
    sweep_to_the_end();
    struct registry_roll roll = roll_now();
    assert_int_equal(roll.resealed - before.resealed, SEALED_ROWS + 4 - already);
    assert_int_equal(roll.left, 0);
    assert_int_equal(rows_of(1, false) + rows_of(1, true), 0);
    assert_all_there();
    assert_person(PEOPLE);
}

/* ---- damage ---- */

struct kept {
    uint8_t key[64], value[8192];
    size_t key_len, value_len;
};

static enum err keep_row(void *context, struct bytes key, struct bytes value) {
    struct kept *kept = context;
    memcpy(kept->key, key.data, kept->key_len = key.len);
    memcpy(kept->value, value.data, kept->value_len = value.len);
    return ERR_FULL; /* the first one */
}

static void damage_first(unsigned table, struct kept *kept) {
    struct kv_txn txn = kv_write(registry_kv(box.registry));
    assert_int_equal(kv_each(&txn, table, bytes_of(NULL, 0), keep_row, kept), ERR_FULL);
    kept->value[kept->value_len - 1] ^= 1;
    kv_put(&txn, table, bytes_of(kept->key, kept->key_len), bytes_of(kept->value, kept->value_len));
    assert_int_equal(kv_commit(&txn), ERR_OK);
}

static void assert_untouched(unsigned table, const struct kept *kept) {
    struct bytes value;
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(registry_kv(box.registry));
    assert_int_equal(kv_get(&txn, table, bytes_of(kept->key, kept->key_len), &value), ERR_OK);
    assert_true(bytes_equal(value, bytes_of(kept->value, kept->value_len)));
}

static void a_damaged_row_is_left_and_counted_until_it_is_replaced(void **state) {
    (void)state;
    static struct kept person, photo;
    damage_first(REGISTRY_IDENTITIES, &person);
    damage_first(REGISTRY_PHOTOS, &photo);
    open_second_and_begin();
    sweep_to_the_end();
    assert_int_equal(roll_now().left, 2 + 2); /* and what the person is found by */
    assert_untouched(REGISTRY_IDENTITIES, &person);
    assert_untouched(REGISTRY_PHOTOS, &photo);

    struct registry_batch batch = registry_begin(box.registry);
    for (unsigned i = 0; i < PEOPLE; i++)
        put_person(&batch, i);
    commit(&batch);
    begin_sweep();
    sweep_to_the_end();
    assert_int_equal(roll_now().left, 0);
    assert_int_equal(rows_of(1, true), 0); /* whom nobody took along is gone */
    assert_all_there();
}

static void a_place_that_is_no_place_is_refused(void **state) {
    (void)state;
    struct registry_roll roll;
    static const uint8_t stored[] = {REGISTRY_ROLL_SWEEPING, 0, 1};
    struct kv_txn txn = kv_write(registry_kv(box.registry));
    kv_put(&txn, REGISTRY_META, bytes_of_text("roll"), bytes_of(stored, sizeof stored));
    assert_int_equal(kv_commit(&txn), ERR_OK);
    assert_int_equal(registry_roll_get(box.registry, &roll), ERR_CORRUPT);
    assert_int_equal(registry_roll_step(box.registry, ROWS_A_STEP, &roll), ERR_CORRUPT);
    assert_int_equal(rows_of(1, false), SEALED_ROWS);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sweep_that_is_killed_anywhere_loses_and_repeats_nothing),
        TEST(nothing_is_sealed_before_every_process_can_open_it),
        TEST(all_rows_are_sealed_again_and_read_without_the_old_root),
        TEST(a_step_is_small_and_the_place_moves_with_it),
        TEST(what_is_imported_meanwhile_is_of_the_new_root_and_not_sealed_twice),
        TEST(a_damaged_row_is_left_and_counted_until_it_is_replaced),
        TEST(a_place_that_is_no_place_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
