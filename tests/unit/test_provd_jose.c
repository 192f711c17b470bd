#include <stdio.h>
#include <string.h>

#include "authd/store/jose_client.h"
#include "authd/wire/edge_wire.h"
#include "tests/unit/provd_box.h"

/* What programmes register for the JOSE profile; unseal's part is provd_box's read_elliptic. */

static void add_partner(struct provd_box *box, const char *id) {
    uint8_t memory[512];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct officer_partner question = {
        .name = "Programme", .status = STATUS_ACTIVE, .certificate = bytes_of_text("c")};
    (void)strcpy(question.id, id);
    officer_wire_put_partner(&buffer, &question);
    provd_box_assert_done(provd_box_change(box, OFFICER_PARTNER_ADD, &buffer));
}

/* A box with the programmes amo and dev. */
static struct provd_box *furnished(void **state) {
    struct provd_box *box = *state;
    uint8_t memory[512];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct officer_trust trust = {.domain = "AUTH", .certificate = bytes_of_text("authority")};
    provd_box_initialise(box);
    box->certificate_is_authority = true;
    officer_wire_put_trust(&buffer, &trust);
    provd_box_assert_done(provd_box_change(box, OFFICER_TRUST_ADD, &buffer));
    add_partner(box, "amo");
    add_partner(box, "dev");
    return box;
}

static struct officer_outcome put(struct provd_box *box, const char *id, const char *tls,
                                  const char *signature, const char *encryption) {
    uint8_t memory[1024];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct officer_jose question = {.tls = bytes_of_text(tls),
                                    .signature = bytes_of_text(signature),
                                    .encryption = bytes_of_text(encryption)};
    (void)strcpy(question.id, id);
    officer_wire_put_jose(&buffer, &question);
    return provd_box_change(box, OFFICER_PARTNER_JOSE, &buffer);
}

static struct officer_outcome ask_named(struct provd_box *box, uint16_t type, const char *id) {
    uint8_t memory[128];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct officer_jose_named question = {0};
    (void)strcpy(question.id, id);
    officer_wire_put_jose_named(&buffer, &question);
    return provd_box_change(box, type, &buffer);
}

static enum err found(struct provd_box *box, const char *id) {
    struct jose_client client;
    return registry_jose_client(box->provd.registry, id, &client);
}

static void the_three_keys_of_a_programme_are_kept(void **state) {
    struct provd_box *box = furnished(state);
    struct jose_client client;
    provd_box_assert_done(put(box, "amo", "key1", "key2", "key3"));
    assert_int_equal(box->anchors_given, 0); /* issuers don't count */
    assert_int_equal(registry_jose_client(box->provd.registry, "amo", &client), ERR_OK);
    assert_string_equal(client.partner_id, "amo");
    assert_int_equal(client.tls_not_before_ms, 1);
    assert_int_equal(client.signature.not_after_ms, INT64_C(4102444800000));
    assert_int_equal(client.encryption.point[0], 4);
    assert_memory_not_equal(client.signature.point, client.encryption.point, 65);
    assert_string_equal(box->audits[box->audit_count - 1].action, "partner jose");
    assert_string_equal(box->audits[box->audit_count - 1].subject, "amo");
    provd_box_assert_done(ask_named(box, OFFICER_PARTNER_JOSE_SHOW, "amo"));
}

static void new_certificates_take_the_place_of_the_old(void **state) {
    struct provd_box *box = furnished(state);
    struct jose_client before, after;
    provd_box_assert_done(put(box, "amo", "key1", "key2", "key3"));
    assert_int_equal(registry_jose_client(box->provd.registry, "amo", &before), ERR_OK);
    provd_box_assert_done(put(box, "amo", "key1 again", "key2 again", "key4"));
    assert_int_equal(registry_jose_client(box->provd.registry, "amo", &after), ERR_OK);
    assert_memory_not_equal(before.tls_thumbprint, after.tls_thumbprint, 32);
    assert_memory_equal(before.signature.kid, after.signature.kid, 32);
    assert_memory_not_equal(before.encryption.kid, after.encryption.kid, 32);
}

static void one_key_for_two_purposes_is_refused(void **state) {
    struct provd_box *box = furnished(state);
    provd_box_assert_refused(put(box, "amo", "key1", "key1 again", "key3"),
                             OFFICER_REASON_KEY_TWICE);
    provd_box_assert_refused(put(box, "amo", "key1", "key2", "key1 again"),
                             OFFICER_REASON_KEY_TWICE);
    struct officer_outcome outcome = put(box, "amo", "key1", "key2", "key2 again");
    provd_box_assert_refused(outcome, OFFICER_REASON_KEY_TWICE);
    assert_string_equal(outcome.detail, "signature/encryption");
    assert_int_equal(found(box, "amo"), ERR_NOT_FOUND);
}

static void another_programmes_key_is_refused_whatever_it_was_for(void **state) {
    struct provd_box *box = furnished(state);
    provd_box_assert_done(put(box, "amo", "key1", "key2", "key3"));
    struct officer_outcome outcome = put(box, "dev", "key1", "key5", "key6");
    provd_box_assert_refused(outcome, OFFICER_REASON_KEY_TAKEN);
    assert_string_equal(outcome.detail, "tls:amo");
    outcome = put(box, "dev", "key4", "key5", "key2 again");
    provd_box_assert_refused(outcome, OFFICER_REASON_KEY_TAKEN);
    assert_string_equal(outcome.detail, "encryption:amo");
    provd_box_assert_refused(put(box, "dev", "key3 again", "key5", "key6"),
                             OFFICER_REASON_KEY_TAKEN);
    outcome = put(box, "dev", "key1 again", "key5", "key6"); /* its key in another certificate */
    provd_box_assert_refused(outcome, OFFICER_REASON_KEY_TAKEN);
    assert_string_equal(outcome.detail, "tls:amo");
    outcome = put(box, "dev", "key4", "key5", "key1 again");
    provd_box_assert_refused(outcome, OFFICER_REASON_KEY_TAKEN);
    assert_string_equal(outcome.detail, "encryption:amo");
    assert_int_equal(found(box, "dev"), ERR_NOT_FOUND);
    provd_box_assert_done(put(box, "dev", "key4", "key5", "key6"));
}

/* A programme that edge cannot be told of is not told that it is registered. */
static void one_more_than_can_connect_is_refused(void **state) {
    struct provd_box *box = furnished(state);
    struct registry_batch batch = registry_begin(box->provd.registry);
    uint64_t sequence;
    for (unsigned i = 0; i < EDGE_CLIENTS_MAX; i++) {
        struct jose_client client = {.signature.point = {4, 1}, .encryption.point = {4, 2}};
        (void)snprintf(client.partner_id, sizeof client.partner_id, "other%u", i);
        memcpy(client.tls_thumbprint, &i, sizeof i);
        memcpy(client.signature.point + 2, &i, sizeof i);
        memcpy(client.encryption.point + 2, &i, sizeof i);
        jose_client_kid(client.signature.point, client.signature.kid);
        jose_client_kid(client.encryption.point, client.encryption.kid);
        registry_put_jose_client(&batch, &client);
    }
    assert_int_equal(registry_commit(&batch, &sequence), ERR_OK);
    provd_box_assert_refused(put(box, "amo", "key1", "key2", "key3"), OFFICER_REASON_CLIENTS_FULL);
    assert_int_equal(found(box, "amo"), ERR_NOT_FOUND);
    batch = registry_begin(box->provd.registry);
    registry_remove_jose_client(&batch, "other0");
    assert_int_equal(registry_commit(&batch, &sequence), ERR_OK);
    provd_box_assert_done(put(box, "amo", "key1", "key2", "key3"));
    provd_box_assert_done(put(box, "amo", "key1 again", "key2 again", "key4"));
}

static void a_refused_certificate_is_named_by_its_purpose(void **state) {
    struct provd_box *box = furnished(state);
    struct officer_outcome outcome = put(box, "amo", "rsa", "key2", "key3");
    provd_box_assert_refused(outcome, OFFICER_REASON_CERTIFICATE_NOT_P256);
    assert_string_equal(outcome.detail, "tls:RSA-2048");
    outcome = put(box, "amo", "key1", "old", "key3");
    provd_box_assert_refused(outcome, OFFICER_REASON_CERTIFICATE_EXPIRED);
    assert_string_equal(outcome.detail, "signature");
    outcome = put(box, "amo", "key1", "key2", "");
    provd_box_assert_refused(outcome, OFFICER_REASON_CERTIFICATE);
    assert_string_equal(outcome.detail, "encryption");
    assert_int_equal(found(box, "amo"), ERR_NOT_FOUND);
}

static void who_is_not_registered_has_no_jose_identity(void **state) {
    struct provd_box *box = furnished(state);
    provd_box_assert_refused(put(box, "nobody", "key1", "key2", "key3"), OFFICER_REASON_UNKNOWN);
    provd_box_assert_refused(put(box, "a/b", "key1", "key2", "key3"), OFFICER_REASON_VALUE);
    provd_box_assert_refused(ask_named(box, OFFICER_PARTNER_JOSE_SHOW, "amo"),
                             OFFICER_REASON_UNKNOWN);
    provd_box_assert_refused(ask_named(box, OFFICER_PARTNER_JOSE_REMOVE, "amo"),
                             OFFICER_REASON_UNKNOWN);
}

static void a_removed_identity_is_gone_and_its_keys_are_free(void **state) {
    struct provd_box *box = furnished(state);
    provd_box_assert_done(put(box, "amo", "key1", "key2", "key3"));
    provd_box_assert_done(ask_named(box, OFFICER_PARTNER_JOSE_REMOVE, "amo"));
    assert_string_equal(box->audits[box->audit_count - 1].action, "partner jose-remove");
    assert_int_equal(found(box, "amo"), ERR_NOT_FOUND);
    provd_box_assert_done(put(box, "dev", "key1", "key2", "key3"));
}

static enum err keep(void *context, struct bytes key, struct bytes value) {
    uint8_t(*row)[1024] = context;
    memcpy(row[0], key.data, key.len);
    memcpy(row[1], value.data, value.len);
    row[0][1023] = (uint8_t)key.len;
    row[1][1022] = (uint8_t)(value.len >> 8);
    row[1][1023] = (uint8_t)value.len;
    return ERR_OK;
}

static void a_damaged_identity_can_be_removed(void **state) {
    struct provd_box *box = furnished(state);
    uint8_t row[2][1024];
    provd_box_assert_done(put(box, "amo", "key1", "key2", "key3"));
    struct kv_txn txn = kv_write(registry_kv(box->provd.registry));
    assert_int_equal(kv_each(&txn, REGISTRY_JOSE_CLIENTS, bytes_of(NULL, 0), keep, row), ERR_OK);
    size_t len = (size_t)row[1][1022] << 8 | row[1][1023];
    row[1][len - 1] ^= 1;
    kv_put(&txn, REGISTRY_JOSE_CLIENTS, bytes_of(row[0], row[0][1023]), bytes_of(row[1], len));
    assert_int_equal(kv_commit(&txn), ERR_OK);
    assert_int_equal(found(box, "amo"), ERR_CORRUPT);
    provd_box_assert_refused(ask_named(box, OFFICER_PARTNER_JOSE_SHOW, "amo"),
                             OFFICER_REASON_REGISTRY);
    provd_box_assert_done(ask_named(box, OFFICER_PARTNER_JOSE_REMOVE, "amo"));
    assert_int_equal(found(box, "amo"), ERR_NOT_FOUND);
}

static void what_core_does_not_record_is_not_done(void **state) {
    struct provd_box *box = furnished(state);
    provd_box_assert_done(put(box, "amo", "key1", "key2", "key3"));
    box->core_status = ERR_FULL;
    provd_box_assert_refused(put(box, "dev", "key4", "key5", "key6"), OFFICER_REASON_CORE);
    provd_box_assert_refused(ask_named(box, OFFICER_PARTNER_JOSE_REMOVE, "amo"),
                             OFFICER_REASON_CORE);
    assert_int_equal(found(box, "dev"), ERR_NOT_FOUND);
    assert_int_equal(found(box, "amo"), ERR_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, provd_box_setup, provd_box_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_three_keys_of_a_programme_are_kept),
        TEST(new_certificates_take_the_place_of_the_old),
        TEST(one_key_for_two_purposes_is_refused),
        TEST(another_programmes_key_is_refused_whatever_it_was_for),
        TEST(one_more_than_can_connect_is_refused),
        TEST(a_refused_certificate_is_named_by_its_purpose),
        TEST(who_is_not_registered_has_no_jose_identity),
        TEST(a_removed_identity_is_gone_and_its_keys_are_free),
        TEST(a_damaged_identity_can_be_removed),
        TEST(what_core_does_not_record_is_not_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
