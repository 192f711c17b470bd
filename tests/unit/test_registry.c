#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "tests/unit/registry_fixture.h"

static struct registry_box box;

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

static uint64_t commit(struct registry_batch *batch) {
    uint64_t sequence;
    assert_int_equal(registry_commit(batch, &sequence), ERR_OK);
    return sequence;
}

struct lookup {
    uint8_t key[IDENTITY_LOOKUP_BYTES];
};
static struct lookup person(uint8_t number) {
    return (struct lookup){{number, 0x5a, 0x11, 0x22}};
}

static void put_person(uint8_t number, const char *phone, const char *name) {
    struct identity identity = {.uin = "5938714605", .birth_year = 1980};
    (void)snprintf(identity.phone, sizeof identity.phone, "%s", phone);
    identity.attribute_count = 1;
    identity.attributes[0] = (struct identity_attribute){.name = bytes_of_text("fullName"),
                                                         .value = bytes_of_text(name)};
    struct registry_batch batch = registry_begin(box.registry);
    registry_put_identity(&batch, person(number).key, &identity);
    (void)commit(&batch);
}

static size_t count_by_phone(const char *phone, struct lookup *first) {
    uint8_t found[8][IDENTITY_LOOKUP_BYTES];
    size_t count;
    enum err err = registry_by_phone(box.registry, phone, found, 8, &count);
    assert_int_equal(err, count > 0 ? ERR_OK : ERR_NOT_FOUND);
    if (count > 0 && first != NULL)
        memcpy(first->key, found[0], sizeof first->key);
    return count;
}

static size_t count_by_name(const char *name, int16_t year) {
    uint8_t found[8][IDENTITY_LOOKUP_BYTES];
    size_t count;
    const struct registry_name wanted = {.full_name = bytes_of_text(name), .birth_year = year};
    enum err err = registry_by_name(box.registry, &wanted, found, 8, &count);
    assert_int_equal(err, count > 0 ? ERR_OK : ERR_NOT_FOUND);
    return count;
}

static void a_person_is_found_by_lookup_key_alone(void **state) {
    (void)state;
    put_person(1, "+212612345678", "Fatima El Idrissi");
    IDENTITY_CLEANUP struct identity *found = NULL;
    IDENTITY_CLEANUP struct identity *none = NULL;
    assert_int_equal(registry_identity(box.registry, person(1).key, &found), ERR_OK);
    assert_string_equal(found->uin, "5938714605");
    assert_int_equal(registry_identity(box.registry, person(2).key, &none), ERR_NOT_FOUND);
    assert_null(none);
}

static void a_vid_leads_to_its_person(void **state) {
    (void)state;
    struct alias alias = {.type = ALIAS_PERPETUAL, .pepper = 1, .uses = 3}, found;
    memcpy(alias.lookup_key, person(1).key, sizeof alias.lookup_key);
    struct registry_batch batch = registry_begin(box.registry);
    registry_put_alias(&batch, person(9).key, &alias);
    (void)commit(&batch);
    assert_int_equal(registry_alias(box.registry, person(9).key, &found), ERR_OK);
    assert_memory_equal(found.lookup_key, person(1).key, sizeof found.lookup_key);
    assert_false(found.revoked);
    assert_int_equal(registry_alias(box.registry, person(8).key, &found), ERR_NOT_FOUND);
    assert_true(found.revoked);
}

static void put_programme(void) {
    struct partner partner = {.id = "daam", .status = STATUS_ACTIVE};
    struct api_key api_key = {.partner_id = "daam", .policy_id = "p", .status = STATUS_ACTIVE};
    struct policy policy = {.id = "p", .status = STATUS_ACTIVE, .token_type = AUTH_TOKEN_RANDOM};
    struct misp misp = {.id = "m", .status = STATUS_ACTIVE};
    struct national national = {.uin_salt = "u", .partner_salt = "s", .token_partner = "t"};
    struct registry_batch batch = registry_begin(box.registry);
    registry_put_partner(&batch, &partner);
    registry_put_api_key(&batch, "key-1", &api_key);
    registry_put_policy(&batch, &policy);
    registry_put_misp(&batch, "licence", &misp);
    registry_put_national(&batch, &national);
    registry_put_salt(&batch, 971, "s0meSa1t");
    (void)commit(&batch);
}

static void a_programme_is_found_by_its_names(void **state) {
    (void)state;
    put_programme();
    struct partner partner;
    struct api_key api_key;
    struct policy policy;
    struct misp misp;
    struct national national;
    char salt[SALT_SIZE];
    assert_int_equal(registry_partner(box.registry, "daam", &partner), ERR_OK);
    assert_string_equal(partner.id, "daam");
    assert_int_equal(registry_api_key(box.registry, "daam", "key-1", &api_key), ERR_OK);
    assert_string_equal(api_key.policy_id, "p");
    assert_int_equal(registry_policy(box.registry, "p", &policy), ERR_OK);
    assert_int_equal(registry_misp(box.registry, "licence", &misp), ERR_OK);
    assert_int_equal(registry_national(box.registry, &national), ERR_OK);
    assert_string_equal(national.partner_salt, "s");
    assert_int_equal(registry_salt(box.registry, 971, salt), ERR_OK);
    assert_string_equal(salt, "s0meSa1t");
}

static void what_is_not_registered_is_not_found_and_harmless(void **state) {
    (void)state;
    put_programme();
    struct partner partner = {.status = STATUS_ACTIVE};
    struct api_key api_key = {.status = STATUS_ACTIVE};
    struct policy policy = {.allowed = 1};
    struct misp misp = {.status = STATUS_ACTIVE};
    char salt[SALT_SIZE] = "x";
    assert_int_equal(registry_partner(box.registry, "Daam", &partner), ERR_NOT_FOUND);
    assert_int_equal(partner.status, 0);
    assert_int_equal(registry_api_key(box.registry, "asd", "key-1", &api_key), ERR_NOT_FOUND);
    assert_int_equal(registry_api_key(box.registry, "daamkey-", "1", &api_key), ERR_NOT_FOUND);
    assert_int_equal(api_key.status, 0);
    assert_int_equal(registry_policy(box.registry, "", &policy), ERR_NOT_FOUND);
    assert_int_equal(policy.allowed, 0);
    assert_int_equal(registry_misp(box.registry, "licenc", &misp), ERR_NOT_FOUND);
    assert_int_equal(misp.status, 0);
    assert_int_equal(registry_salt(box.registry, 970, salt), ERR_NOT_FOUND);
    assert_int_equal(registry_salt(box.registry, 65536 + 971, salt), ERR_NOT_FOUND);
    assert_string_equal(salt, "");
}

static bool is_blocked(enum hotlist_kind kind, const char *id, int64_t now_ms) {
    bool blocked = false;
    assert_int_equal(registry_hotlisted(box.registry, kind, bytes_of_text(id), now_ms, &blocked),
                     ERR_OK);
    return blocked;
}

static void the_hotlist_blocks_until_its_expiry(void **state) {
    (void)state;
    const struct hotlist_entry for_good = {.blocked = true};
    const struct hotlist_entry until = {.blocked = true, .expires_ms = 1000};
    const struct hotlist_entry lifted = {.blocked = false};
    struct registry_batch batch = registry_begin(box.registry);
    registry_put_hotlisted(&batch, HOTLIST_PARTNER, bytes_of_text("a"), &for_good);
    registry_put_hotlisted(&batch, HOTLIST_PARTNER, bytes_of_text("b"), &until);
    registry_put_hotlisted(&batch, HOTLIST_PARTNER, bytes_of_text("c"), &lifted);
    (void)commit(&batch);
    assert_true(is_blocked(HOTLIST_PARTNER, "a", INT64_MAX));
    assert_false(is_blocked(HOTLIST_DEVICE, "a", 0));
    assert_true(is_blocked(HOTLIST_PARTNER, "b", 999));
    assert_false(is_blocked(HOTLIST_PARTNER, "b", 1000));
    assert_false(is_blocked(HOTLIST_PARTNER, "c", 0));
    assert_false(is_blocked(HOTLIST_PARTNER, "d", 0));
}

static void anchors_are_of_their_domain_and_never_left_out(void **state) {
    (void)state;
    uint8_t memory[256];
    struct buffer copied = buffer_over(memory, sizeof memory);
    struct bytes anchors[4];
    size_t count;
    struct registry_batch batch = registry_begin(box.registry);
    for (uint8_t i = 0; i < 3; i++) {
        const uint8_t thumbprint[32] = {i};
        registry_put_anchor(&batch, "AUTH", thumbprint, bytes_of_text("der of a root"));
        registry_put_anchor(&batch, "AUTHORITY", thumbprint, bytes_of_text("another"));
    }
    (void)commit(&batch);
    assert_int_equal(registry_anchors(box.registry, "AUTH", &copied, anchors, 4, &count), ERR_OK);
    assert_int_equal(count, 3);
    assert_true(bytes_equal_text(anchors[2], "der of a root"));
    assert_int_equal(registry_anchors(box.registry, "AUTH", &copied, anchors, 2, &count), ERR_FULL);
    assert_int_equal(count, 0);
    assert_int_equal(registry_anchors(box.registry, "AUT", &copied, anchors, 4, &count), ERR_OK);
    assert_int_equal(count, 0);
}

static enum err collect_root(void *context, uint16_t generation, struct bytes wrapped) {
    uint32_t *sum = context;
    *sum = *sum * 1000 + generation + (uint32_t)wrapped.len;
    return ERR_OK;
}

static void roots_come_in_order_and_can_be_wrapped_anew(void **state) {
    (void)state;
    uint32_t sum = 0;
    struct registry_batch batch = registry_begin(box.registry);
    registry_put_root(&batch, 2, bytes_of_text("22"));
    registry_put_root(&batch, 1, bytes_of_text("1"));
    registry_put_root(&batch, 2, bytes_of_text("2222"));
    (void)commit(&batch);
    assert_int_equal(registry_each_root(box.registry, collect_root, &sum), ERR_OK);
    assert_int_equal(sum, 2 * 1000 + 6);
}

static void every_commit_counts_the_sequence(void **state) {
    (void)state;
    uint64_t sequence;
    assert_int_equal(registry_sequence(box.registry, &sequence), ERR_OK);
    assert_int_equal(sequence, 0);
    for (uint64_t i = 1; i < 4; i++) {
        struct registry_batch batch = registry_begin(box.registry);
        assert_int_equal(commit(&batch), i);
        assert_int_equal(registry_sequence(box.registry, &sequence), ERR_OK);
        assert_int_equal(sequence, i);
    }
    struct registry_batch batch = registry_begin(box.registry);
    registry_abort(&batch);
    assert_int_equal(registry_sequence(box.registry, &sequence), ERR_OK);
    assert_int_equal(sequence, 3);
}

static void one_bad_row_in_a_batch_leaves_nothing(void **state) {
    (void)state;
    uint64_t sequence;
    struct partner partner = {.id = "daam", .status = STATUS_ACTIVE};
    const struct identity bad = {.uin = "not digits"};
    struct registry_batch batch = registry_begin(box.registry);
    registry_put_partner(&batch, &partner);
    registry_put_identity(&batch, person(1).key, &bad);
    registry_put_partner(&batch, &partner);
    assert_int_equal(registry_commit(&batch, &sequence), ERR_MALFORMED);
    assert_int_equal(registry_partner(box.registry, "daam", &partner), ERR_NOT_FOUND);
    assert_int_equal(registry_sequence(box.registry, &sequence), ERR_OK);
    assert_int_equal(sequence, 0);
}

static void a_shared_phone_finds_all_and_a_changed_one_nobody(void **state) {
    (void)state;
    struct lookup found;
    put_person(1, "+212600000001", "A");
    put_person(2, "+212600000001", "B");
    assert_int_equal(count_by_phone("+212600000001", NULL), 2);
    put_person(1, "+212600000002", "A");
    assert_int_equal(count_by_phone("+212600000001", &found), 1);
    assert_memory_equal(found.key, person(2).key, sizeof found.key);
    assert_int_equal(count_by_phone("+212600000002", &found), 1);
    assert_memory_equal(found.key, person(1).key, sizeof found.key);
    assert_int_equal(count_by_phone("+212600000003", NULL), 0);
}

static void a_name_is_found_without_regard_to_case_and_spaces(void **state) {
    (void)state;
    put_person(1, "", "  Fatima  EL Idrissi ");
    assert_int_equal(count_by_name("fatima el idrissi", 1980), 1);
    assert_int_equal(count_by_name("FATIMA EL IDRISSI", 1980), 1);
    assert_int_equal(count_by_name("fatima elidrissi", 1980), 0);
    assert_int_equal(count_by_name("fatima el idrissi", 1981), 0);
    put_person(1, "", "Fatima Alami");
    assert_int_equal(count_by_name("fatima el idrissi", 1980), 0);
}

static void a_new_generation_takes_rows_and_indexes_along(void **state) {
    (void)state;
    put_person(1, "+212600000001", "A");
    put_person(2, "+212600000001", "B");
    store_fixture_add_generation(box.keys, 2);
    assert_int_equal(count_by_phone("+212600000001", NULL), 2);
    put_person(1, "+212600000001", "A");
    assert_int_equal(count_by_phone("+212600000001", NULL), 2);
    assert_int_equal(count_by_name("a", 1980), 1);
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(registry_kv(box.registry));
    assert_int_equal(kv_count(&txn, REGISTRY_BY_PHONE), 2);
    assert_int_equal(kv_count(&txn, REGISTRY_BY_NAME), 2);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_person_is_found_by_lookup_key_alone),
        TEST(a_vid_leads_to_its_person),
        TEST(a_programme_is_found_by_its_names),
        TEST(what_is_not_registered_is_not_found_and_harmless),
        TEST(the_hotlist_blocks_until_its_expiry),
        TEST(anchors_are_of_their_domain_and_never_left_out),
        TEST(roots_come_in_order_and_can_be_wrapped_anew),
        TEST(every_commit_counts_the_sequence),
        TEST(one_bad_row_in_a_batch_leaves_nothing),
        TEST(a_shared_phone_finds_all_and_a_changed_one_nobody),
        TEST(a_name_is_found_without_regard_to_case_and_spaces),
        TEST(a_new_generation_takes_rows_and_indexes_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
