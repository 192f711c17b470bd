#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "authd/match/false_match_table.h"
#include "authd/store/programme.h"

#define SIZE 4096

static uint8_t memory[SIZE];

static struct bytes encoded(enum err err, const struct buffer *plain) {
    assert_int_equal(err, ERR_OK);
    return bytes_of(plain->data, plain->len);
}

/* Every shorter form, and one byte more, is refused by ${decode}; the struct is left harmless. */
#define ASSERT_EXACT(decode, plain, target)                                                        \
    do {                                                                                           \
        uint8_t longer[SIZE] = {0};                                                                \
        memcpy(longer, (plain).data, (plain).len);                                                 \
        assert_int_equal(decode(bytes_of(longer, (plain).len + 1), (target)), ERR_CORRUPT);        \
        for (size_t cut = 0; cut < (plain).len; cut++)                                             \
            assert_int_equal(decode(bytes_of(longer, cut), (target)), ERR_CORRUPT);                \
        longer[0]++;                                                                               \
        assert_int_equal(decode(bytes_of(longer, (plain).len), (target)), ERR_CORRUPT);            \
    } while (0)

static void a_partner_comes_back_whole(void **state) {
    (void)state;
    struct partner partner = {.id = "amo-tadamon",
                              .name = "AMO-Tadamon — أمو تضامن",
                              .status = STATUS_SUSPENDED,
                              .has_certificate = true,
                              .certificate_not_before_ms = 5,
                              .certificate_not_after_ms = INT64_MAX,
                              .public_key_len = 294,
                              .certificate_len = 2048};
    memset(partner.public_key, 0x30, partner.public_key_len);
    memset(partner.certificate, 0x31, partner.certificate_len);
    memset(partner.certificate_thumbprint, 0x32, sizeof partner.certificate_thumbprint);
    struct partner decoded;
    struct buffer plain = buffer_over(memory, SIZE);
    struct bytes view = encoded(partner_encode(&partner, &plain), &plain);
    assert_int_equal(partner_decode(view, &decoded), ERR_OK);
    assert_memory_equal(&decoded, &partner, sizeof partner);
    ASSERT_EXACT(partner_decode, view, &decoded);
    assert_int_equal(decoded.status, 0);
    assert_false(decoded.has_certificate);
}

static void a_partner_with_an_impossible_length_is_refused(void **state) {
    (void)state;
    struct buffer plain = buffer_over(memory, SIZE);
    struct partner partner = {.status = STATUS_ACTIVE, .public_key_len = PARTNER_KEY_MAX + 1};
    assert_int_equal(partner_encode(&partner, &plain), ERR_TOO_LARGE);
    partner = (struct partner){.status = STATUS_ACTIVE, .certificate_len = 2049};
    assert_int_equal(partner_encode(&partner, &plain), ERR_TOO_LARGE);
}

static void an_api_key_comes_back_whole(void **state) {
    (void)state;
    struct api_key api_key = {.partner_id = "daam",
                              .policy_id = "policy-otp",
                              .status = STATUS_ACTIVE,
                              .commences_ms = 1,
                              .expires_ms = 2};
    struct api_key decoded;
    struct buffer plain = buffer_over(memory, SIZE);
    struct bytes view = encoded(api_key_encode(&api_key, &plain), &plain);
    assert_int_equal(api_key_decode(view, &decoded), ERR_OK);
    assert_string_equal(decoded.partner_id, api_key.partner_id);
    assert_string_equal(decoded.policy_id, api_key.policy_id);
    assert_int_equal(decoded.status, STATUS_ACTIVE);
    assert_int_equal(decoded.commences_ms, 1);
    assert_int_equal(decoded.expires_ms, 2);
    ASSERT_EXACT(api_key_decode, view, &decoded);
    assert_int_equal(decoded.status, 0);
}

static struct policy full_policy(void) {
    struct policy policy = {.id = "policy-full",
                            .name = "Everything",
                            .status = STATUS_ACTIVE,
                            .commences_ms = -1,
                            .expires_ms = 99,
                            .allowed = AUTH_TYPE_BIT(AUTH_TYPE_COUNT) - 1,
                            .mandatory = AUTH_TYPE_BIT(AUTH_TYPE_OTP),
                            .token_type = AUTH_TOKEN_POLICY,
                            .uniform = true,
                            .unsigned_requests = true,
                            .tells_person = true,
                            .failures_an_hour = 1000,
                            .biometrics = {.rate = {1, 20, FALSE_MATCH_CERTAIN},
                                           .presented = {10, 2, 1},
                                           .ceiling = 7,
                                           .names_factors = true,
                                           .any_position = true},
                            .attribute_count = POLICY_ATTRIBUTES_MAX,
                            .language_count = 8};
    for (size_t i = 0; i < POLICY_ATTRIBUTES_MAX; i++) {
        memset(policy.attributes[i].name, 'a', 1 + i % 31);
        policy.attributes[i].masked = i % 2 == 1;
    }
    for (size_t i = 0; i < 8; i++)
        memcpy(policy.languages[i], "ara", 4);
    return policy;
}

static void a_policy_comes_back_whole(void **state) {
    (void)state;
    struct policy policy = full_policy(), decoded;
    struct buffer plain = buffer_over(memory, SIZE);
    struct bytes view = encoded(policy_encode(&policy, &plain), &plain);
    assert_int_equal(policy_decode(view, &decoded), ERR_OK);
    assert_string_equal(decoded.id, policy.id);
    assert_string_equal(decoded.name, policy.name);
    assert_int_equal(decoded.allowed, policy.allowed);
    assert_int_equal(decoded.mandatory, policy.mandatory);
    assert_int_equal(decoded.token_type, policy.token_type);
    assert_true(decoded.uniform);
    assert_true(decoded.unsigned_requests);
    assert_true(decoded.tells_person);
    assert_int_equal(decoded.failures_an_hour, 1000);
    assert_memory_equal(decoded.biometrics.rate, policy.biometrics.rate,
                        sizeof decoded.biometrics.rate);
    assert_memory_equal(decoded.biometrics.presented, policy.biometrics.presented,
                        POLICY_BIOMETRICS);
    assert_int_equal(decoded.biometrics.ceiling, 7);
    assert_true(decoded.biometrics.names_factors);
    assert_true(decoded.biometrics.any_position);
    assert_int_equal(decoded.attribute_count, POLICY_ATTRIBUTES_MAX);
    for (size_t i = 0; i < POLICY_ATTRIBUTES_MAX; i++) {
        assert_string_equal(decoded.attributes[i].name, policy.attributes[i].name);
        assert_int_equal(decoded.attributes[i].masked, policy.attributes[i].masked);
    }
    assert_int_equal(decoded.language_count, 8);
    assert_memory_equal(decoded.languages, policy.languages, sizeof policy.languages);
    ASSERT_EXACT(policy_decode, view, &decoded);
    assert_int_equal(decoded.allowed, 0);
    assert_int_equal(decoded.status, 0);
}

/* What format 3 ends with. */
#define BIOMETRICS_BYTES (POLICY_BIOMETRICS * 9 + 8 + 2)

static void assert_older(struct bytes view, uint8_t format, size_t len, bool unsigned_requests) {
    const struct policy_biometrics nothing = {0};
    struct policy decoded;
    memory[0] = format;
    assert_int_equal(policy_decode(view, &decoded), ERR_CORRUPT);
    assert_int_equal(policy_decode(bytes_of(view.data, len), &decoded), ERR_OK);
    assert_int_equal(decoded.unsigned_requests, unsigned_requests);
    assert_int_equal(decoded.allowed, full_policy().allowed);
    assert_memory_equal(&decoded.biometrics, &nothing, sizeof nothing);
    memory[0] = 0;
    assert_int_equal(policy_decode(bytes_of(view.data, len), &decoded), ERR_CORRUPT);
}

/* A box of an older version is brought up to date in place: its rows end earlier. */
static void a_policy_of_an_older_format_has_what_it_lacks_by_default(void **state) {
    (void)state;
    struct policy policy = full_policy();
    struct buffer plain = buffer_over(memory, SIZE);
    struct bytes view = encoded(policy_encode(&policy, &plain), &plain);
    assert_older(view, 2, view.len - BIOMETRICS_BYTES, true);
    assert_older(view, 1, view.len - BIOMETRICS_BYTES - 1, false);
}

static void a_policy_that_makes_no_sense_is_refused(void **state) {
    (void)state;
    struct policy bad[6], decoded;
    for (size_t i = 0; i < 6; i++)
        bad[i] = full_policy();
    bad[0].allowed |= AUTH_TYPE_BIT(AUTH_TYPE_COUNT);
    bad[1].status = 0;
    bad[2].token_type = 0;
    bad[3].token_type = AUTH_TOKEN_POLICY + 1;
    bad[4].biometrics.rate[POLICY_IRIS] = FALSE_MATCH_CERTAIN + 1;
    bad[5].biometrics.ceiling = FALSE_MATCH_CERTAIN + 1;
    for (size_t i = 0; i < 6; i++) {
        struct buffer plain = buffer_over(memory, SIZE);
        struct bytes view = encoded(policy_encode(&bad[i], &plain), &plain);
        assert_int_equal(policy_decode(view, &decoded), ERR_CORRUPT);
    }
    struct buffer plain = buffer_over(memory, SIZE);
    bad[0] = full_policy();
    bad[0].attribute_count++;
    assert_int_equal(policy_encode(&bad[0], &plain), ERR_TOO_LARGE);
}

static void a_misp_and_the_national_settings_come_back_whole(void **state) {
    (void)state;
    struct misp misp = {.id = "misp", .status = STATUS_DELETED, .commences_ms = 3}, misp_back;
    struct buffer plain = buffer_over(memory, SIZE);
    struct bytes view = encoded(misp_encode(&misp, &plain), &plain);
    assert_int_equal(misp_decode(view, &misp_back), ERR_OK);
    assert_string_equal(misp_back.id, "misp");
    assert_int_equal(misp_back.status, STATUS_DELETED);
    assert_int_equal(misp_back.commences_ms, 3);
    ASSERT_EXACT(misp_decode, view, &misp_back);

    struct national national = {"uinsalt-1", "partnersalt-2", "mpartner-default-auth"}, back;
    plain = buffer_over(memory, SIZE);
    view = encoded(national_encode(&national, &plain), &plain);
    assert_int_equal(national_decode(view, &back), ERR_OK);
    assert_string_equal(back.uin_salt, national.uin_salt);
    assert_string_equal(back.partner_salt, national.partner_salt);
    assert_string_equal(back.token_partner, national.token_partner);
    ASSERT_EXACT(national_decode, view, &back);
}

static void a_damaged_hotlist_entry_blocks(void **state) {
    (void)state;
    struct hotlist_entry entry = {.blocked = false, .expires_ms = 7}, back;
    struct buffer plain = buffer_over(memory, SIZE);
    struct bytes view = encoded(hotlist_entry_encode(&entry, &plain), &plain);
    assert_int_equal(hotlist_entry_decode(view, &back), ERR_OK);
    assert_false(back.blocked);
    assert_int_equal(back.expires_ms, 7);
    ASSERT_EXACT(hotlist_entry_decode, view, &back);
    assert_true(back.blocked);
    assert_int_equal(back.expires_ms, 0);
}

static void auth_types_have_mosips_names(void **state) {
    (void)state;
    enum auth_type type;
    for (unsigned i = 0; i < AUTH_TYPE_COUNT; i++) {
        assert_int_equal(auth_type_parse(auth_type_text((enum auth_type)i), &type), ERR_OK);
        assert_int_equal(type, i);
    }
    assert_string_equal(auth_type_text(AUTH_TYPE_OTP_REQUEST), "otp-request");
    assert_string_equal(auth_type_text(AUTH_TYPE_BIO_FINGER), "bio-Finger");
    assert_int_equal(auth_type_parse("OTP", &type), ERR_NOT_FOUND);
    assert_int_equal(auth_type_parse("", &type), ERR_NOT_FOUND);
    assert_string_equal(auth_type_text(AUTH_TYPE_COUNT), "unknown");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_partner_comes_back_whole),
        cmocka_unit_test(a_partner_with_an_impossible_length_is_refused),
        cmocka_unit_test(an_api_key_comes_back_whole),
        cmocka_unit_test(a_policy_comes_back_whole),
        cmocka_unit_test(a_policy_of_an_older_format_has_what_it_lacks_by_default),
        cmocka_unit_test(a_policy_that_makes_no_sense_is_refused),
        cmocka_unit_test(a_misp_and_the_national_settings_come_back_whole),
        cmocka_unit_test(a_damaged_hotlist_entry_blocks),
        cmocka_unit_test(auth_types_have_mosips_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
