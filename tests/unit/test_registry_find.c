#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/registry_fixture.h"

static struct registry_box box;

/* The key of person or VID ${number} under pepper ${generation}. */
static struct registry_address address(unsigned number, uint16_t generation) {
    return (struct registry_address){.lookup_key = {(uint8_t)number, (uint8_t)generation}};
}

static void put_identity(const struct registry_address *at) {
    const struct identity identity = {.uin = "5938714605"};
    uint64_t sequence;
    struct registry_batch batch = registry_begin(box.registry);
    registry_put_identity(&batch, at->lookup_key, &identity);
    assert_int_equal(registry_commit(&batch, &sequence), ERR_OK);
}

static void put_alias(const struct registry_address *at, enum alias_type type,
                      const struct registry_address *person) {
    struct alias alias = {.type = type, .pepper = at->lookup_key[1], .has_id_hash = true};
    uint64_t sequence;
    memcpy(alias.lookup_key, person->lookup_key, sizeof alias.lookup_key);
    struct registry_batch batch = registry_begin(box.registry);
    registry_put_alias(&batch, at->lookup_key, &alias);
    assert_int_equal(registry_commit(&batch, &sequence), ERR_OK);
}

/* Damages the last row of ${table}. */
static void damage(enum registry_table table, const struct registry_address *at) {
    static struct registry_row_image row;
    registry_fixture_take_row(&box, table, &row);
    row.value[row.len - 1] ^= 1;
    registry_fixture_set_row(&box, table, at->lookup_key, &row);
}

static enum err find_person(const struct registry_address *addresses, size_t count,
                            const struct registry_address *expected) {
    uint8_t key[IDENTITY_LOOKUP_BYTES];
    static const uint8_t nobody[IDENTITY_LOOKUP_BYTES];
    memset(key, 0xff, sizeof key);
    enum err err = registry_find_person(box.registry, addresses, count, key);
    assert_memory_equal(key, err == ERR_OK ? expected->lookup_key : nobody, sizeof key);
    return err;
}

static enum err find_vid(const struct registry_address *addresses, size_t count) {
    struct alias alias;
    enum err err = registry_find_alias(box.registry, addresses, count, &alias);
    assert_int_equal(alias.revoked, err != ERR_OK);
    return err;
}

static void a_person_is_found_under_either_pepper(void **state) {
    (void)state;
    const struct registry_address first = address(1, 1), second = address(2, 2);
    put_identity(&first);
    put_identity(&second);
    const struct registry_address of_first[] = {address(1, 2), address(1, 1)};
    const struct registry_address of_second[] = {address(2, 2), address(2, 1)};
    const struct registry_address nobody[] = {address(3, 2), address(3, 1)};
    assert_int_equal(find_person(of_first, 2, &first), ERR_OK);
    assert_int_equal(find_person(of_second, 2, &second), ERR_OK);
    assert_int_equal(find_person(nobody, 2, NULL), ERR_NOT_FOUND);
    assert_int_equal(find_person(of_first, 1, NULL), ERR_NOT_FOUND);
    assert_int_equal(find_person(NULL, 0, NULL), ERR_NOT_FOUND);
}

static void a_person_keeps_her_key_when_the_pepper_has_gone(void **state) {
    (void)state;
    const struct registry_address row = address(1, 1), moved = address(1, 3);
    const struct registry_address asked[] = {address(1, 4), moved};
    put_identity(&row);
    assert_int_equal(find_person(asked, 2, NULL), ERR_NOT_FOUND);
    put_alias(&moved, ALIAS_UIN, &row);
    assert_int_equal(find_person(asked, 2, &row), ERR_OK);
    assert_int_equal(find_vid(asked, 2), ERR_NOT_FOUND); /* her number is no VID */
}

static void a_vid_is_found_under_either_pepper_and_is_no_person(void **state) {
    (void)state;
    const struct registry_address person = address(1, 1), vid = address(9, 1);
    const struct registry_address asked[] = {address(9, 2), address(9, 1)};
    const struct registry_address other[] = {address(8, 2), address(8, 1)};
    put_identity(&person);
    put_alias(&vid, ALIAS_PERPETUAL, &person);
    assert_int_equal(find_vid(asked, 2), ERR_OK);
    assert_int_equal(find_vid(asked, 1), ERR_NOT_FOUND);
    assert_int_equal(find_vid(other, 2), ERR_NOT_FOUND);
    assert_int_equal(find_person(asked, 2, NULL), ERR_NOT_FOUND);
}

/* Else a damaged row would make somebody else of her, or nobody. */
static void a_damaged_row_is_neither_found_nor_absent(void **state) {
    (void)state;
    const struct registry_address row = address(1, 1), moved = address(1, 2);
    const struct registry_address asked[] = {moved, row};
    put_identity(&row);
    put_alias(&moved, ALIAS_UIN, &row);
    damage(REGISTRY_ALIASES, &moved);
    assert_int_equal(find_person(asked, 2, NULL), ERR_CORRUPT);
    assert_int_equal(find_vid(asked, 2), ERR_CORRUPT);
}

static void hotlist(struct bytes id, bool blocked, int64_t until_ms) {
    const struct hotlist_entry entry = {.blocked = blocked, .expires_ms = until_ms};
    uint64_t sequence;
    struct registry_batch batch = registry_begin(box.registry);
    registry_put_hotlisted(&batch, HOTLIST_PERSON, id, &entry);
    assert_int_equal(registry_commit(&batch, &sequence), ERR_OK);
}

static void any_of_a_persons_names_blocks_her(void **state) {
    (void)state;
    const struct bytes ids[] = {bytes_of_text("person"), bytes_of_text("alias"),
                                bytes_of_text("key")};
    bool blocked = true;
    assert_int_equal(registry_person_hotlisted(box.registry, ids, 3, 5, &blocked), ERR_OK);
    assert_false(blocked);
    hotlist(ids[0], false, 0);
    hotlist(ids[2], true, 6);
    assert_int_equal(registry_person_hotlisted(box.registry, ids, 3, 5, &blocked), ERR_OK);
    assert_true(blocked);
    assert_int_equal(registry_person_hotlisted(box.registry, ids, 3, 6, &blocked), ERR_OK);
    assert_false(blocked);
    assert_int_equal(registry_person_hotlisted(box.registry, ids, 2, 5, &blocked), ERR_OK);
    assert_false(blocked);
}

static int set_up(void **state) {
    (void)state;
    registry_fixture_make(&box);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    registry_fixture_remove(&box);
    return 0;
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_person_is_found_under_either_pepper),
        TEST(a_person_keeps_her_key_when_the_pepper_has_gone),
        TEST(a_vid_is_found_under_either_pepper_and_is_no_person),
        TEST(a_damaged_row_is_neither_found_nor_absent),
        TEST(any_of_a_persons_names_blocks_her),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
