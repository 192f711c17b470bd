#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "provisioning/officer_wire_trust.h"
#include "tests/unit/provd_box.h"

#define KEY "a-key-of-the-test-0123456789"

static struct officer_outcome add_trust(struct provd_box *box, const char *domain,
                                        const char *certificate) {
    uint8_t memory[4096];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct officer_trust question = {.certificate = bytes_of_text(certificate)};
    (void)strcpy(question.domain, domain);
    officer_wire_put_trust(&buffer, &question);
    return provd_box_change(box, OFFICER_TRUST_ADD, &buffer);
}

static struct officer_outcome add_partner(struct provd_box *box, const char *id,
                                          const char *certificate) {
    uint8_t memory[4096];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct officer_partner question = {
        .name = "AMO Tadamon", .status = STATUS_ACTIVE, .certificate = bytes_of_text(certificate)};
    (void)strcpy(question.id, id);
    officer_wire_put_partner(&buffer, &question);
    return provd_box_change(box, OFFICER_PARTNER_ADD, &buffer);
}

static struct officer_outcome set_status(struct provd_box *box, const char *id,
                                         enum programme_status status) {
    uint8_t memory[256];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct officer_partner_status question = {.status = status};
    (void)strcpy(question.id, id);
    officer_wire_put_partner_status(&buffer, &question);
    return provd_box_change(box, OFFICER_PARTNER_STATUS, &buffer);
}

static struct policy a_policy(void) {
    return (struct policy){.id = "amo-otp",
                           .name = "OTP alone",
                           .status = STATUS_ACTIVE,
                           .allowed = AUTH_TYPE_BIT(AUTH_TYPE_OTP),
                           .token_type = AUTH_TOKEN_PARTNER,
                           .attribute_count = 1,
                           .attributes = {{"fullName", false}},
                           .language_count = 1,
                           .languages = {"ara"}};
}

static struct officer_outcome add_policy(struct provd_box *box, const struct policy *policy) {
    uint8_t memory[4096];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    officer_wire_put_policy(&buffer, policy);
    return provd_box_change(box, OFFICER_POLICY_ADD, &buffer);
}

static struct officer_outcome add_api_key(struct provd_box *box, const char *key) {
    uint8_t memory[512];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct officer_api_key question = {
        .row = {.partner_id = "amo", .policy_id = "amo-otp", .status = STATUS_ACTIVE},
        .key = bytes_of_text(key)};
    officer_wire_put_api_key(&buffer, &question);
    return provd_box_change(box, OFFICER_API_KEY_ADD, &buffer);
}

static struct officer_outcome add_misp(struct provd_box *box, int64_t commences_ms,
                                       int64_t expires_ms) {
    uint8_t memory[512];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct officer_misp question = {.row = {.id = "national-misp",
                                            .status = STATUS_ACTIVE,
                                            .commences_ms = commences_ms,
                                            .expires_ms = expires_ms},
                                    .licence_key = bytes_of_text(KEY)};
    officer_wire_put_misp(&buffer, &question);
    return provd_box_change(box, OFFICER_MISP_ADD, &buffer);
}

/* A box with an authority, a partner and a policy. */
static struct provd_box *furnished(void **state) {
    struct provd_box *box = *state;
    struct policy policy = a_policy();
    provd_box_initialise(box);
    box->certificate_is_authority = true;
    provd_box_assert_done(add_trust(box, "AUTH", "authority"));
    provd_box_assert_done(add_partner(box, "amo", "certificate"));
    provd_box_assert_done(add_policy(box, &policy));
    return box;
}

static void an_authority_is_kept_in_its_domain_alone(void **state) {
    struct provd_box *box = *state;
    uint8_t memory[256];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct bytes anchors[2];
    size_t count;
    provd_box_initialise(box);
    box->certificate_is_authority = true;
    provd_box_assert_done(add_trust(box, "AUTH", "authority"));
    assert_int_equal(registry_anchors(box->provd.registry, "AUTH", &buffer, anchors, 2, &count),
                     ERR_OK);
    assert_int_equal(count, 1);
    assert_true(bytes_equal_text(anchors[0], "authority"));
    assert_int_equal(registry_anchors(box->provd.registry, "DEVICE", &buffer, anchors, 2, &count),
                     ERR_OK);
    assert_int_equal(count, 0);
}

static struct officer_outcome remove_trust(struct provd_box *box, const char *domain,
                                           const char *der, bool dry_run) {
    uint8_t memory[96];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct officer_trust_remove question = {.dry_run = dry_run};
    (void)strcpy(question.domain, domain);
    (void)crypto_hash_sha256(question.thumbprint, (const uint8_t *)der, strlen(der));
    officer_wire_put_trust_remove(&buffer, &question);
    return provd_box_change(box, OFFICER_TRUST_REMOVE, &buffer);
}

static uint64_t count_anchors(struct provd_box *box) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(registry_kv(box->provd.registry));
    return kv_count(&txn, REGISTRY_TRUST);
}

static void an_authority_goes_when_officers_say_so(void **state) {
    struct provd_box *box = *state;
    provd_box_initialise(box);
    box->certificate_is_authority = true;
    provd_box_assert_done(add_trust(box, "AUTH", "authority"));
    provd_box_assert_done(add_trust(box, "AUTH", "another"));
    size_t audits = box->audit_count;
    provd_box_assert_refused(remove_trust(box, "AUTH", "a third", false),
                             OFFICER_REASON_ANCHOR_NONE);
    provd_box_assert_refused(remove_trust(box, "DEVICE", "authority", false),
                             OFFICER_REASON_ANCHOR_NONE);
    provd_box_assert_refused(remove_trust(box, "auth", "authority", false), OFFICER_REASON_VALUE);
    provd_box_assert_done(remove_trust(box, "AUTH", "authority", true));
    assert_int_equal(box->audit_count, audits);
    box->core_status = ERR_SYSTEM; /* without a journal nothing changes */
    provd_box_assert_refused(remove_trust(box, "AUTH", "authority", false), OFFICER_REASON_CORE);
    assert_int_equal(count_anchors(box), 2);
    box->core_status = ERR_OK;
    provd_box_assert_done(remove_trust(box, "AUTH", "authority", false));
    assert_int_equal(count_anchors(box), 1);
    assert_string_equal(box->audits[box->audit_count - 1].action, "trust remove");
    assert_int_equal(strncmp(box->audits[box->audit_count - 1].subject, "AUTH ", 5), 0);
    provd_box_assert_refused(remove_trust(box, "AUTH", "authority", false),
                             OFFICER_REASON_ANCHOR_NONE);
    provd_box_assert_done(remove_trust(box, "AUTH", "another", false));
}

static void what_is_no_authority_is_not_trusted(void **state) {
    struct provd_box *box = *state;
    provd_box_initialise(box);
    provd_box_assert_refused(add_trust(box, "AUTH", "leaf"),
                             OFFICER_REASON_CERTIFICATE_NOT_AUTHORITY);
    box->certificate_is_authority = true;
    provd_box_assert_refused(add_trust(box, "auth", "authority"), OFFICER_REASON_VALUE);
    provd_box_assert_refused(add_trust(box, "AUTH", ""), OFFICER_REASON_CERTIFICATE);
}

static void a_domain_holds_sixteen_authorities(void **state) {
    struct provd_box *box = *state;
    char name[16];
    provd_box_initialise(box);
    box->certificate_is_authority = true;
    for (unsigned i = 0; i < 16; i++) {
        (void)snprintf(name, sizeof name, "authority %u", i);
        provd_box_assert_done(add_trust(box, "AUTH", name));
    }
    provd_box_assert_done(add_trust(box, "AUTH", "authority 3"));
    provd_box_assert_refused(add_trust(box, "AUTH", "authority 16"), OFFICER_REASON_ANCHORS_FULL);
}

static void a_partner_is_kept_with_what_unseal_read(void **state) {
    struct provd_box *box = furnished(state);
    struct partner partner;
    assert_int_equal(box->anchors_given, 1);
    assert_int_equal(registry_partner(box->provd.registry, "amo", &partner), ERR_OK);
    assert_string_equal(partner.name, "AMO Tadamon");
    assert_true(partner.has_certificate);
    assert_memory_equal(partner.certificate, "certificate", partner.certificate_len);
    assert_memory_equal(partner.public_key, "public key", partner.public_key_len);
}

static void without_an_authority_no_partner_is_let_in(void **state) {
    struct provd_box *box = *state;
    provd_box_initialise(box);
    provd_box_assert_refused(add_partner(box, "amo", "certificate"),
                             OFFICER_REASON_CERTIFICATE_UNTRUSTED);
}

static void a_certificate_that_unseal_refuses_names_its_reason(void **state) {
    struct provd_box *box = furnished(state);
    static const struct {
        enum err status;
        enum officer_reason reason;
    } all[] = {{ERR_MALFORMED, OFFICER_REASON_CERTIFICATE},
               {ERR_EXPIRED, OFFICER_REASON_CERTIFICATE_EXPIRED},
               {ERR_CRYPTO, OFFICER_REASON_CERTIFICATE_UNTRUSTED},
               {ERR_DENIED, OFFICER_REASON_CERTIFICATE_WEAK}};
    struct partner partner;
    for (size_t i = 0; i < 4; i++) {
        box->certificate_status = all[i].status;
        provd_box_assert_refused(add_partner(box, "tayssir", "certificate"), all[i].reason);
    }
    assert_int_equal(registry_partner(box->provd.registry, "tayssir", &partner), ERR_NOT_FOUND);
}

static void a_certificate_too_large_for_a_record_is_refused(void **state) {
    struct provd_box *box = furnished(state);
    char large[2050];
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    provd_box_assert_refused(add_partner(box, "tayssir", large), OFFICER_REASON_CERTIFICATE);
}

static void a_partner_is_suspended_and_active_again(void **state) {
    struct provd_box *box = furnished(state);
    struct partner partner;
    provd_box_assert_done(set_status(box, "amo", STATUS_SUSPENDED));
    assert_int_equal(registry_partner(box->provd.registry, "amo", &partner), ERR_OK);
    assert_int_equal(partner.status, STATUS_SUSPENDED);
    assert_true(partner.has_certificate);
    provd_box_assert_done(set_status(box, "amo", STATUS_ACTIVE));
    assert_int_equal(registry_partner(box->provd.registry, "amo", &partner), ERR_OK);
    assert_int_equal(partner.status, STATUS_ACTIVE);
    provd_box_assert_refused(set_status(box, "nobody", STATUS_ACTIVE), OFFICER_REASON_UNKNOWN);
}

static void a_policy_that_contradicts_itself_is_refused(void **state) {
    struct provd_box *box = *state;
    provd_box_initialise(box);
    struct policy policy = a_policy();
    policy.mandatory = AUTH_TYPE_BIT(AUTH_TYPE_DEMO);
    provd_box_assert_refused(add_policy(box, &policy), OFFICER_REASON_VALUE);
    policy = a_policy();
    policy.allowed |= AUTH_TYPE_BIT(AUTH_TYPE_COUNT);
    provd_box_assert_refused(add_policy(box, &policy), OFFICER_REASON_VALUE);
    policy = a_policy();
    policy.commences_ms = 2000;
    policy.expires_ms = 1000;
    provd_box_assert_refused(add_policy(box, &policy), OFFICER_REASON_VALUE);
    policy = a_policy();
    (void)strcpy(policy.id, "a/b");
    provd_box_assert_refused(add_policy(box, &policy), OFFICER_REASON_VALUE);
    assert_int_equal(registry_policy(box->provd.registry, "amo-otp", &policy), ERR_NOT_FOUND);
}

static void an_api_key_needs_its_partner_and_policy(void **state) {
    struct provd_box *box = *state;
    struct policy policy = a_policy();
    provd_box_initialise(box);
    provd_box_assert_refused(add_api_key(box, KEY), OFFICER_REASON_UNKNOWN);
    box->certificate_is_authority = true;
    provd_box_assert_done(add_trust(box, "AUTH", "authority"));
    provd_box_assert_done(add_partner(box, "amo", "certificate"));
    provd_box_assert_refused(add_api_key(box, KEY), OFFICER_REASON_UNKNOWN);
    provd_box_assert_done(add_policy(box, &policy));
    provd_box_assert_done(add_api_key(box, KEY));
}

static void an_api_key_is_found_by_partner_and_key_alone(void **state) {
    struct provd_box *box = furnished(state);
    struct api_key row;
    provd_box_assert_done(add_api_key(box, KEY));
    assert_int_equal(registry_api_key(box->provd.registry, "amo", KEY, &row), ERR_OK);
    assert_string_equal(row.policy_id, "amo-otp");
    assert_int_equal(registry_api_key(box->provd.registry, "tayssir", KEY, &row), ERR_NOT_FOUND);
    assert_int_equal(registry_api_key(box->provd.registry, "amo", KEY "x", &row), ERR_NOT_FOUND);
}

static void a_short_or_strange_key_is_refused(void **state) {
    struct provd_box *box = furnished(state);
    provd_box_assert_refused(add_api_key(box, "short"), OFFICER_REASON_VALUE);
    provd_box_assert_refused(add_api_key(box, "a key with blanks in it"), OFFICER_REASON_VALUE);
}

static void no_key_is_in_the_journal(void **state) {
    struct provd_box *box = furnished(state);
    provd_box_assert_done(add_api_key(box, KEY));
    provd_box_assert_done(add_misp(box, 0, 0));
    for (size_t i = 0; i < box->audit_count; i++)
        assert_null(strstr(box->audits[i].subject, KEY));
    assert_string_equal(box->audits[box->audit_count - 1].subject, "national-misp");
}

static void a_licence_must_end_after_it_begins(void **state) {
    struct provd_box *box = furnished(state);
    struct misp row;
    provd_box_assert_refused(add_misp(box, 5000, 5000), OFFICER_REASON_VALUE);
    provd_box_assert_refused(add_misp(box, 0, -1), OFFICER_REASON_VALUE);
    assert_int_equal(registry_misp(box->provd.registry, KEY, &row), ERR_NOT_FOUND);
    provd_box_assert_done(add_misp(box, 4000, 5000));
    assert_int_equal(registry_misp(box->provd.registry, KEY, &row), ERR_OK);
    assert_int_equal(row.expires_ms, 5000);
}

static void what_core_does_not_record_is_not_done(void **state) {
    struct provd_box *box = furnished(state);
    struct partner partner;
    uint64_t before, after;
    assert_int_equal(registry_sequence(box->provd.registry, &before), ERR_OK);
    box->core_status = ERR_FULL;
    provd_box_assert_refused(set_status(box, "amo", STATUS_SUSPENDED), OFFICER_REASON_CORE);
    assert_int_equal(registry_sequence(box->provd.registry, &after), ERR_OK);
    assert_int_equal(before, after);
    assert_int_equal(registry_partner(box->provd.registry, "amo", &partner), ERR_OK);
    assert_int_equal(partner.status, STATUS_ACTIVE);
}

static void the_record_is_durable_before_the_commit(void **state) {
    struct provd_box *box = furnished(state);
    uint64_t before;
    assert_int_equal(registry_sequence(box->provd.registry, &before), ERR_OK);
    provd_box_assert_done(set_status(box, "amo", STATUS_SUSPENDED));
    assert_int_equal(box->sequence_at_audit, before);
    assert_int_equal(box->changed_sequence, before + 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, provd_box_setup, provd_box_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_authority_is_kept_in_its_domain_alone),
        TEST(an_authority_goes_when_officers_say_so),
        TEST(what_is_no_authority_is_not_trusted),
        TEST(a_domain_holds_sixteen_authorities),
        TEST(a_partner_is_kept_with_what_unseal_read),
        TEST(without_an_authority_no_partner_is_let_in),
        TEST(a_certificate_that_unseal_refuses_names_its_reason),
        TEST(a_certificate_too_large_for_a_record_is_refused),
        TEST(a_partner_is_suspended_and_active_again),
        TEST(a_policy_that_contradicts_itself_is_refused),
        TEST(an_api_key_needs_its_partner_and_policy),
        TEST(an_api_key_is_found_by_partner_and_key_alone),
        TEST(a_short_or_strange_key_is_refused),
        TEST(no_key_is_in_the_journal),
        TEST(a_licence_must_end_after_it_begins),
        TEST(what_core_does_not_record_is_not_done),
        TEST(the_record_is_durable_before_the_commit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
