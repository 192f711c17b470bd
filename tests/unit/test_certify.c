#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sodium.h>

#include "firmware/base/clock.h"
#include "hsm/certificate.h"
#include "hsm/certify.h"

/*
 * Certificates of programmes and devices, as OpenSSL's verifier sees them, and what no certificate
 * is made of. OpenSSL's own keys stand in for the token's.
 */
#define NOW_MS INT64_C(1800000000000)

static EVP_PKEY *root_key, *authority_key, *rsa, *ec;
static uint8_t root_memory[2048], authority_memory[2048], certificate_memory[4096];
static struct bytes root, authority;

static struct bytes issue_own(enum hsm_purpose purpose, EVP_PKEY *subject, struct bytes issuer,
                              uint8_t *memory) {
    const struct certificate_plan plan = {.purpose = purpose,
                                          .generation = 1,
                                          .generated_ms = NOW_MS - 10 * CLOCK_DAY_MS,
                                          .subject = subject,
                                          .issuer_key = root_key,
                                          .issuer = issuer};
    struct buffer der = buffer_over(memory, 2048);
    assert_int_equal(certificate_issue(&plan, &der), ERR_OK);
    return bytes_of(memory, der.len);
}

static int make_keys(void **state) {
    (void)state;
    root_key = EVP_RSA_gen(2048);
    rsa = EVP_RSA_gen(2048);
    authority_key = EVP_EC_gen("P-256");
    ec = EVP_EC_gen("P-256");
    if (sodium_init() < 0 || root_key == NULL || rsa == NULL || authority_key == NULL || ec == NULL)
        return -1;
    root = issue_own(HSM_PURPOSE_ROOT, root_key, bytes_of(NULL, 0), root_memory);
    authority = issue_own(HSM_PURPOSE_CA, authority_key, root, authority_memory);
    return 0;
}

static int free_keys(void **state) {
    (void)state;
    EVP_PKEY *const keys[] = {root_key, authority_key, rsa, ec};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        EVP_PKEY_free(keys[i]);
    return 0;
}

static X509 *parse(struct bytes der) {
    const unsigned char *at = der.data;
    X509 *certificate = d2i_X509(NULL, &at, (long)der.len);
    assert_non_null(certificate);
    assert_ptr_equal(at, der.data + der.len);
    return certificate;
}

static void take_number(EVP_PKEY *key, const char *name, uint8_t *target, int len) {
    BIGNUM *number = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(key, name, &number), 1);
    assert_int_equal(BN_bn2binpad(number, target, len), len);
    BN_free(number);
}

static struct hsm_certify question_of(enum hsm_certify_kind kind) {
    struct hsm_certify question = {
        .kind = kind, .days = 365, .common_name = "amo-tadamon", .organisation = "AMO Tadamon"};
    if (hsm_certify_is_rsa(kind)) {
        question.modulus_len = 256;
        question.exponent = HSM_CERTIFY_EXPONENT;
        take_number(rsa, OSSL_PKEY_PARAM_RSA_N, question.modulus, 256);
    } else {
        take_number(ec, OSSL_PKEY_PARAM_EC_PUB_X, question.x, 32);
        take_number(ec, OSSL_PKEY_PARAM_EC_PUB_Y, question.y, 32);
    }
    return question;
}

static enum err issue(const struct hsm_certify *question, struct bytes *certificate) {
    const struct certify_authority issuer = {authority_key, authority};
    struct buffer der = buffer_over(certificate_memory, sizeof certificate_memory);
    enum err err = certify_issue(&issuer, question, NOW_MS, &der);
    *certificate = bytes_of(certificate_memory, der.len);
    if (err != ERR_OK)
        assert_int_equal(der.len, 0);
    return err;
}

static X509 *issued(const struct hsm_certify *question) {
    struct bytes der;
    assert_int_equal(issue(question, &der), ERR_OK);
    return parse(der);
}

/* What OpenSSL says of the path up to the root, at ${wall_ms}, strictly by RFC 5280. */
static int judge(X509 *certificate, int purpose, int64_t wall_ms) {
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *path = X509_STORE_CTX_new();
    STACK_OF(X509) *between = sk_X509_new_null();
    X509 *top = parse(root), *middle = parse(authority);
    assert_int_equal(X509_STORE_add_cert(store, top), 1);
    assert_true(sk_X509_push(between, middle) > 0);
    assert_int_equal(X509_STORE_CTX_init(path, store, certificate, between), 1);
    X509_VERIFY_PARAM *rules = X509_STORE_CTX_get0_param(path);
    X509_VERIFY_PARAM_set_time(rules, (time_t)(wall_ms / 1000));
    X509_VERIFY_PARAM_set_auth_level(rules, 2);
    assert_int_equal(X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_X509_STRICT), 1);
    if (purpose != 0)
        assert_int_equal(X509_VERIFY_PARAM_set_purpose(rules, purpose), 1);
    int verdict = X509_verify_cert(path) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(path);
    sk_X509_free(between);
    X509_STORE_CTX_free(path);
    X509_STORE_free(store);
    X509_free(top);
    X509_free(middle);
    return verdict;
}

static const struct {
    enum hsm_certify_kind kind;
    uint32_t key_usage, extended; /* UINT32_MAX: without that extension */
    bool is_client;               /* of TLS */
} kinds[] = {
    {HSM_CERTIFY_PARTNER, KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT, XKU_SMIME, false},
    {HSM_CERTIFY_TLS, KU_DIGITAL_SIGNATURE, XKU_SSL_CLIENT, true},
    {HSM_CERTIFY_SIGNATURE, KU_DIGITAL_SIGNATURE, 0, false},
    {HSM_CERTIFY_ENCRYPTION, KU_KEY_AGREEMENT, UINT32_MAX, true},
    {HSM_CERTIFY_DEVICE, KU_DIGITAL_SIGNATURE, 0, false},
};

static void every_kind_verifies_up_to_the_root_with_its_uses_and_no_others(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const struct hsm_certify question = question_of(kinds[i].kind);
        X509 *certificate = issued(&question);
        assert_int_equal(judge(certificate, 0, NOW_MS), X509_V_OK);
        assert_int_equal(judge(certificate, X509_PURPOSE_SSL_CLIENT, NOW_MS) == X509_V_OK,
                         kinds[i].is_client);
        assert_int_equal(X509_get_key_usage(certificate), kinds[i].key_usage);
        assert_int_equal(X509_get_extended_key_usage(certificate), kinds[i].extended);
        assert_int_equal(X509_get_extension_flags(certificate) & (EXFLAG_BCONS | EXFLAG_CA),
                         EXFLAG_BCONS);
        X509_free(certificate);
    }
}

static void its_subject_and_key_are_those_of_the_question(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct hsm_certify question = question_of(kinds[i].kind);
        char name[128];
        X509 *certificate = issued(&question);
        (void)X509_NAME_oneline(X509_get_subject_name(certificate), name, sizeof name);
        assert_string_equal(name, "/C=MA/O=AMO Tadamon/CN=amo-tadamon");
        EVP_PKEY *key = hsm_certify_is_rsa(kinds[i].kind) ? rsa : ec;
        assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(certificate), key), 1);
        X509_free(certificate);
        question.organisation[0] = '\0';
        certificate = issued(&question);
        (void)X509_NAME_oneline(X509_get_subject_name(certificate), name, sizeof name);
        assert_string_equal(name, "/C=MA/CN=amo-tadamon");
        X509_free(certificate);
    }
}

static void it_names_its_issuer_s_key_and_its_own(void **state) {
    (void)state;
    const struct hsm_certify question = question_of(HSM_CERTIFY_TLS);
    X509 *certificate = issued(&question), *issuer = parse(authority);
    const ASN1_OCTET_STRING *above = X509_get0_authority_key_id(certificate);
    assert_non_null(above);
    assert_non_null(X509_get0_subject_key_id(certificate));
    assert_int_equal(ASN1_OCTET_STRING_cmp(above, X509_get0_subject_key_id(issuer)), 0);
    assert_int_equal(
        X509_NAME_cmp(X509_get_issuer_name(certificate), X509_get_subject_name(issuer)), 0);
    assert_int_equal(X509_get_version(certificate), X509_VERSION_3);
    X509_free(certificate);
    X509_free(issuer);
}

static void serial_numbers_are_random_and_long(void **state) {
    (void)state;
    const struct hsm_certify question = question_of(HSM_CERTIFY_TLS);
    X509 *one = issued(&question), *other = issued(&question);
    assert_int_not_equal(ASN1_INTEGER_cmp(X509_get_serialNumber(one), X509_get_serialNumber(other)),
                         0);
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get_serialNumber(one), NULL);
    assert_int_equal(BN_num_bits(number), 127);
    assert_false(BN_is_negative(number));
    BN_free(number);
    X509_free(one);
    X509_free(other);
}

static void it_is_valid_for_its_days_and_no_longer(void **state) {
    (void)state;
    struct hsm_certify question = question_of(HSM_CERTIFY_DEVICE);
    question.days = 30;
    X509 *certificate = issued(&question);
    assert_int_equal(judge(certificate, 0, NOW_MS - 1800000), X509_V_OK); /* a slow clock */
    assert_int_equal(judge(certificate, 0, NOW_MS - 2 * 3600000), X509_V_ERR_CERT_NOT_YET_VALID);
    assert_int_equal(judge(certificate, 0, NOW_MS + 30 * CLOCK_DAY_MS - 1000), X509_V_OK);
    assert_int_equal(judge(certificate, 0, NOW_MS + 30 * CLOCK_DAY_MS + 1000),
                     X509_V_ERR_CERT_HAS_EXPIRED);
    X509_free(certificate);
}

static void nothing_outlives_the_authority(void **state) {
    (void)state;
    struct bytes der;
    struct hsm_certify question = question_of(HSM_CERTIFY_TLS);
    const struct certify_authority issuer = {authority_key, authority};
    const int64_t end_ms = NOW_MS - 10 * CLOCK_DAY_MS - 3600000 + 3650 * CLOCK_DAY_MS;
    struct buffer target = buffer_over(certificate_memory, sizeof certificate_memory);
    question.days = 1095;
    assert_int_equal(issue(&question, &der), ERR_OK);
    assert_int_equal(certify_check(authority, &question, end_ms - 1095 * CLOCK_DAY_MS), ERR_OK);
    assert_int_equal(certify_check(authority, &question, end_ms - 1094 * CLOCK_DAY_MS), ERR_DENIED);
    assert_int_equal(certify_issue(&issuer, &question, end_ms - 1095 * CLOCK_DAY_MS, &target),
                     ERR_OK);
    target.len = 0;
    assert_int_equal(certify_issue(&issuer, &question, end_ms - 1094 * CLOCK_DAY_MS, &target),
                     ERR_DENIED);
    assert_int_equal(target.len, 0);
}

static void days_out_of_range_are_denied(void **state) {
    (void)state;
    struct bytes der;
    static const uint16_t days[] = {0, 1096, 3650, 65535};
    for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
        struct hsm_certify question = question_of(HSM_CERTIFY_TLS);
        question.days = days[i];
        assert_int_equal(certify_check(authority, &question, NOW_MS), ERR_DENIED);
        assert_int_equal(issue(&question, &der), ERR_DENIED);
    }
}

static void odd_names_are_denied(void **state) {
    (void)state;
    static const char *const names[] = {"",     " a",   "a ",          "a/CN=root", "a=b",
                                        "a\nb", "a\"b", "caf\xc3\xa9", "a;b",       "a<b",
                                        "a\\b", "a*b",  "a#b",         "a@b",       "a%b"};
    struct bytes der;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct hsm_certify question = question_of(HSM_CERTIFY_DEVICE);
        (void)snprintf(question.common_name, sizeof question.common_name, "%s", names[i]);
        assert_int_equal(issue(&question, &der), ERR_DENIED);
        question = question_of(HSM_CERTIFY_DEVICE);
        (void)snprintf(question.organisation, sizeof question.organisation, "%s", names[i]);
        assert_int_equal(issue(&question, &der), i == 0 ? ERR_OK : ERR_DENIED);
    }
}

static void names_of_sixty_four_characters_are_the_longest(void **state) {
    (void)state;
    struct hsm_certify question = question_of(HSM_CERTIFY_DEVICE);
    memset(question.common_name, 'a', 64);
    memset(question.organisation, 'z', 64);
    X509 *certificate = issued(&question);
    assert_int_equal(judge(certificate, 0, NOW_MS), X509_V_OK);
    X509_free(certificate);
    assert_true(hsm_certify_name("Scanner (0042), d'El Jadida + ~x_y.z-1"));
}

static void points_that_are_not_on_the_curve_are_refused(void **state) {
    (void)state;
    struct bytes der;
    for (int i = 0; i < 4; i++) {
        struct hsm_certify question = question_of(HSM_CERTIFY_SIGNATURE);
        if (i == 0)
            question.y[31] ^= 1;
        else if (i == 1)
            memset(question.x, 0, sizeof question.x);
        else if (i == 2)
            memset(question.x, 0xff, sizeof question.x); /* above the prime */
        else
            question =
                (struct hsm_certify){.kind = HSM_CERTIFY_TLS, .days = 1, .common_name = "nobody"};
        assert_int_equal(issue(&question, &der), ERR_CRYPTO);
    }
}

static void unsound_rsa_keys_are_refused(void **state) {
    (void)state;
    static const uint32_t exponents[] = {0, 1, 2, 3, 17, 65536, 65539, 0xffffffff};
    struct bytes der;
    struct hsm_certify question;
    for (size_t i = 0; i < sizeof exponents / sizeof *exponents; i++) {
        question = question_of(HSM_CERTIFY_PARTNER);
        question.exponent = exponents[i];
        assert_int_equal(issue(&question, &der), ERR_CRYPTO);
    }
    question = question_of(HSM_CERTIFY_PARTNER);
    question.modulus[255] &= 0xfe; /* even */
    assert_int_equal(issue(&question, &der), ERR_CRYPTO);
    question = question_of(HSM_CERTIFY_PARTNER);
    question.modulus_len = 128;
    assert_int_equal(issue(&question, &der), ERR_CRYPTO);
    question = question_of(HSM_CERTIFY_DEVICE);
    question.modulus[0] &= 0x7f; /* 2047 bits */
    assert_int_equal(issue(&question, &der), ERR_CRYPTO);
    question = question_of(HSM_CERTIFY_DEVICE);
    memset(question.modulus, 0xff, 256); /* divisible by 3 */
    assert_int_equal(issue(&question, &der), ERR_CRYPTO);
}

/* A token that signs with another key than the authority's: nothing of that leaves. */
static void what_another_key_has_signed_is_no_certificate(void **state) {
    (void)state;
    const struct hsm_certify question = question_of(HSM_CERTIFY_TLS);
    const struct certify_authority issuer = {ec, authority};
    struct buffer der = buffer_over(certificate_memory, sizeof certificate_memory);
    assert_int_equal(certify_issue(&issuer, &question, NOW_MS, &der), ERR_HSM);
    assert_int_equal(der.len, 0);
}

/* ---- the authority's own certificate ---- */

static void the_authority_may_issue_leaves_and_nothing_else(void **state) {
    (void)state;
    X509 *certificate = parse(authority), *top = parse(root);
    assert_int_equal(X509_check_ca(certificate), 1);
    assert_int_equal(X509_get_pathlen(certificate), 0);
    assert_int_equal(X509_get_pathlen(top), 1);
    assert_int_equal(X509_get_key_usage(certificate), KU_KEY_CERT_SIGN);
    assert_int_equal(X509_verify(certificate, root_key), 1);
    X509_free(certificate);
    X509_free(top);
}

/* Made when the root had a year left. */
static void the_authority_ends_with_its_root(void **state) {
    (void)state;
    uint8_t memory[2048];
    const struct certificate_plan plan = {.purpose = HSM_PURPOSE_CA,
                                          .generation = 2,
                                          .generated_ms = NOW_MS + 3285 * CLOCK_DAY_MS,
                                          .subject = authority_key,
                                          .issuer_key = root_key,
                                          .issuer = root};
    struct buffer der = buffer_over(memory, sizeof memory);
    assert_int_equal(certificate_issue(&plan, &der), ERR_OK);
    X509 *certificate = parse(bytes_of(memory, der.len)), *top = parse(root);
    assert_int_equal(ASN1_TIME_compare(X509_get0_notAfter(certificate), X509_get0_notAfter(top)),
                     0);
    X509_free(certificate);
    X509_free(top);
}

/* Roots of before it were certified with a path length of 0. */
static void below_an_older_root_the_authority_signs_itself(void **state) {
    (void)state;
    uint8_t older_memory[2048], memory[2048];
    X509 *older = parse(root);
    BASIC_CONSTRAINTS *constraints = X509_get_ext_d2i(older, NID_basic_constraints, NULL, NULL);
    assert_int_equal(ASN1_INTEGER_set(constraints->pathlen, 0), 1);
    assert_int_equal(
        X509_add1_ext_i2d(older, NID_basic_constraints, constraints, 1, X509V3_ADD_REPLACE), 1);
    assert_true(X509_sign(older, root_key, EVP_sha256()) > 0);
    unsigned char *at = older_memory;
    int len = i2d_X509(older, &at);
    assert_true(len > 0 && len <= (int)sizeof older_memory);
    X509 *made = parse(
        issue_own(HSM_PURPOSE_CA, authority_key, bytes_of(older_memory, (size_t)len), memory));
    assert_int_equal(X509_verify(made, authority_key), 1);
    assert_int_equal(X509_NAME_cmp(X509_get_issuer_name(made), X509_get_subject_name(made)), 0);
    BASIC_CONSTRAINTS_free(constraints);
    X509_free(older);
    X509_free(made);
}

/* ---- its messages ---- */

static void a_question_is_read_whole_or_not_at_all(void **state) {
    (void)state;
    uint8_t memory[2048];
    struct hsm_certify read;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const struct hsm_certify question = question_of(kinds[i].kind);
        struct buffer target = buffer_over(memory, sizeof memory);
        hsm_wire_put_certify(&target, &question);
        assert_int_equal(hsm_wire_get_certify(bytes_of(memory, target.len), &read), ERR_OK);
        assert_memory_equal(&read, &question, sizeof read);
        for (size_t len = 0; len < target.len; len++)
            assert_int_not_equal(hsm_wire_get_certify(bytes_of(memory, len), &read), ERR_OK);
        assert_int_not_equal(hsm_wire_get_certify(bytes_of(memory, target.len + 1), &read), ERR_OK);
        memory[0] = HSM_CERTIFY_KINDS;
        assert_int_equal(hsm_wire_get_certify(bytes_of(memory, target.len), &read), ERR_MALFORMED);
    }
}

static void a_modulus_has_one_way_of_being_written(void **state) {
    (void)state;
    uint8_t memory[2048];
    struct hsm_certify question = question_of(HSM_CERTIFY_DEVICE), read;
    struct buffer target = buffer_over(memory, sizeof memory);
    question.modulus[0] = 0;
    hsm_wire_put_certify(&target, &question);
    assert_int_equal(hsm_wire_get_certify(bytes_of(memory, target.len), &read), ERR_MALFORMED);
}

static void an_answer_is_read_whole_and_a_refusal_carries_nothing(void **state) {
    (void)state;
    uint8_t memory[4096];
    struct hsm_certified answer = {.certificate = root, .authority = authority}, read;
    struct buffer target = buffer_over(memory, sizeof memory);
    hsm_wire_put_certified(&target, &answer);
    assert_int_equal(hsm_wire_get_certified(bytes_of(memory, target.len), &read), ERR_OK);
    assert_true(bytes_equal(read.certificate, root) && bytes_equal(read.authority, authority));
    for (size_t len = 0; len < target.len; len++) {
        assert_int_not_equal(hsm_wire_get_certified(bytes_of(memory, len), &read), ERR_OK);
        assert_int_equal(read.certificate.len + read.authority.len, 0);
    }
    answer.receipt.status = ERR_DENIED;
    target.len = 0;
    hsm_wire_put_certified(&target, &answer);
    assert_int_equal(hsm_wire_get_certified(bytes_of(memory, target.len), &read), ERR_OK);
    assert_int_equal(read.certificate.len, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_verifies_up_to_the_root_with_its_uses_and_no_others),
        cmocka_unit_test(its_subject_and_key_are_those_of_the_question),
        cmocka_unit_test(it_names_its_issuer_s_key_and_its_own),
        cmocka_unit_test(serial_numbers_are_random_and_long),
        cmocka_unit_test(it_is_valid_for_its_days_and_no_longer),
        cmocka_unit_test(nothing_outlives_the_authority),
        cmocka_unit_test(days_out_of_range_are_denied),
        cmocka_unit_test(odd_names_are_denied),
        cmocka_unit_test(names_of_sixty_four_characters_are_the_longest),
        cmocka_unit_test(points_that_are_not_on_the_curve_are_refused),
        cmocka_unit_test(unsound_rsa_keys_are_refused),
        cmocka_unit_test(what_another_key_has_signed_is_no_certificate),
        cmocka_unit_test(the_authority_may_issue_leaves_and_nothing_else),
        cmocka_unit_test(the_authority_ends_with_its_root),
        cmocka_unit_test(below_an_older_root_the_authority_signs_itself),
        cmocka_unit_test(a_question_is_read_whole_or_not_at_all),
        cmocka_unit_test(a_modulus_has_one_way_of_being_written),
        cmocka_unit_test(an_answer_is_read_whole_and_a_refusal_carries_nothing),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
