#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

#include "authd/unseal/certificate.h"
#include "authd/unseal/decode.h"
#include "authd/unseal/der.h"
#include "tests/unit/unsealed_sample.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define BODY            "{\"id\": \"mosip.identity.auth\"}"

/* Keys take long to make: all certificates share these few. */
static struct sample_holder root, middle, signer, stranger;
static EVP_PKEY *weak_key, *curve_key;

static uint8_t memory[DECODE_WORKSPACE_BYTES];
static struct buffer workspace;
static struct unseal_certificate question;
static struct unseal_certificate_read answer;

static void ask(struct bytes encoded, const struct sample_holder *anchor) {
    workspace = buffer_over(memory, sizeof memory);
    question = (struct unseal_certificate){.encoded = encoded, .now_ms = SAMPLE_NOW_MS};
    if (anchor != NULL)
        question.anchors[question.anchor_count++] = sample_der(anchor);
    memset(&answer, 0x55, sizeof answer);
    certificate_read(&question, &workspace, &answer);
    if (answer.status != ERR_OK)
        assert_true(answer.der.len == 0 && answer.public_key.len == 0 && !answer.is_authority);
}

static void a_programme_s_certificate_is_read_with_its_path(void **state) {
    (void)state;
    uint8_t thumbprint[32];
    ask(sample_der(&signer), &root);
    assert_int_equal(answer.status, ERR_OK);
    assert_true(bytes_equal(answer.der, sample_der(&signer)));
    SHA256(signer.der, signer.der_len, thumbprint);
    assert_memory_equal(answer.thumbprint, thumbprint, sizeof thumbprint);
    assert_string_equal(answer.subject, "tayssir");
    assert_false(answer.is_authority);
    assert_true(answer.not_before_ms < SAMPLE_NOW_MS && answer.not_after_ms > SAMPLE_NOW_MS);
    assert_int_equal(answer.not_after_ms - answer.not_before_ms, 2 * 365 * SAMPLE_DAY_MS);

    unsigned char *encoded = NULL;
    int len = i2d_PUBKEY(signer.key, &encoded);
    assert_true(bytes_equal(answer.public_key, bytes_of(encoded, (size_t)len)));
    OPENSSL_free(encoded);
}

static void an_authority_is_read_without_a_path(void **state) {
    (void)state;
    ask(sample_der(&root), NULL);
    assert_int_equal(answer.status, ERR_OK);
    assert_true(answer.is_authority);
    assert_string_equal(answer.subject, "AUTH root");
    ask(sample_der(&signer), NULL);
    assert_int_equal(answer.status, ERR_OK);
    assert_false(answer.is_authority);
}

static void pem_reads_as_the_same_certificate(void **state) {
    (void)state;
    static char pem[SAMPLE_TEXT_SIZE], text[SAMPLE_TEXT_SIZE];
    sample_pem(&signer, pem);
    ask(bytes_of_text(pem), &root);
    assert_int_equal(answer.status, ERR_OK);
    assert_true(bytes_equal(answer.der, sample_der(&signer)));
    sample_format(text, "subject=CN = tayssir\n%s%s", pem, pem);
    ask(bytes_of_text(text), &root);
    assert_int_equal(answer.status, ERR_OK);
    assert_true(bytes_equal(answer.der, sample_der(&signer)));
}

static void broken_pem_is_malformed(void **state) {
    (void)state;
    static char pem[SAMPLE_TEXT_SIZE], text[SAMPLE_TEXT_SIZE];
    sample_pem(&signer, pem);
    for (size_t len = 0; len < strlen(pem) - 1; len += 13) {
        ask(bytes_of(pem, len), NULL);
        assert_int_equal(answer.status, ERR_MALFORMED);
    }
    static const char *const texts[] = {
        "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
        "-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\n",
        "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n",
        "tayssir",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        ask(bytes_of_text(texts[i]), NULL);
        assert_int_equal(answer.status, ERR_MALFORMED);
    }
    memcpy(text, pem, strlen(pem) + 1);
    *strchr(text + 40, '\n') = ' ';
    ask(bytes_of_text(text), NULL);
    assert_int_equal(answer.status, ERR_MALFORMED);
}

static void der_is_read_to_its_last_byte(void **state) {
    (void)state;
    uint8_t der[SAMPLE_CHUNK_SIZE + 1] = {0};
    memcpy(der, signer.der, signer.der_len);
    for (size_t len = 0; len < signer.der_len; len++) {
        ask(bytes_of(der, len), NULL);
        assert_int_equal(answer.status, ERR_MALFORMED);
    }
    ask(bytes_of(der, signer.der_len + 1), NULL);
    assert_int_equal(answer.status, ERR_MALFORMED);
}

static void a_changed_certificate_has_no_path(void **state) {
    (void)state;
    uint8_t der[SAMPLE_CHUNK_SIZE];
    for (size_t at = 0; at < signer.der_len; at += 3) {
        memcpy(der, signer.der, signer.der_len);
        der[at] ^= 0x10;
        ask(bytes_of(der, signer.der_len), &root);
        assert_int_not_equal(answer.status, ERR_OK);
    }
}

static void a_path_ends_in_an_anchor_or_there_is_none(void **state) {
    (void)state;
    ask(sample_der(&stranger), &root);
    assert_int_equal(answer.status, ERR_CRYPTO);
    ask(sample_der(&signer), &stranger);
    assert_int_equal(answer.status, ERR_CRYPTO);
    ask(sample_der(&stranger), &stranger);
    assert_int_equal(answer.status, ERR_OK);
}

static void an_intermediate_is_an_anchor_or_the_next_step(void **state) {
    (void)state;
    struct sample_holder leaf;
    sample_certify(&(struct sample_subject){.name = "daam", .key = signer.key}, &middle, &leaf);
    ask(sample_der(&leaf), &middle);
    assert_int_equal(answer.status, ERR_OK);
    ask(sample_der(&leaf), &root);
    assert_int_equal(answer.status, ERR_CRYPTO);
    question.anchors[question.anchor_count++] = sample_der(&middle);
    certificate_read(&question, &workspace, &answer);
    assert_int_equal(answer.status, ERR_OK);
    sample_free(&leaf);
}

static void who_is_no_authority_certifies_nobody(void **state) {
    (void)state;
    struct sample_holder leaf;
    sample_certify(&(struct sample_subject){.name = "under", .key = signer.key}, &signer, &leaf);
    ask(sample_der(&leaf), &root);
    question.anchors[question.anchor_count++] = sample_der(&signer);
    certificate_read(&question, &workspace, &answer);
    assert_int_equal(answer.status, ERR_CRYPTO);
    sample_free(&leaf);
}

static void out_of_time_is_expired(void **state) {
    (void)state;
    struct sample_subject subjects[] = {
        {.name = "old",
         .key = signer.key,
         .not_before_ms = SAMPLE_NOW_MS - 9 * SAMPLE_DAY_MS,
         .not_after_ms = SAMPLE_NOW_MS - SAMPLE_DAY_MS},
        {.name = "early", .key = signer.key, .not_before_ms = SAMPLE_NOW_MS + SAMPLE_DAY_MS},
    };
    struct sample_holder leaf;
    for (size_t i = 0; i < COUNT_OF(subjects); i++) {
        sample_certify(&subjects[i], &root, &leaf);
        ask(sample_der(&leaf), &root);
        assert_int_equal(answer.status, ERR_EXPIRED);
        ask(sample_der(&leaf), NULL);
        assert_int_equal(answer.status, ERR_EXPIRED);
        sample_free(&leaf);
    }
}

static void under_an_expired_anchor_nothing_is_trusted(void **state) {
    (void)state;
    struct sample_holder old_root, leaf;
    sample_certify(&(struct sample_subject){.name = "old root",
                                            .key = root.key,
                                            .is_authority = true,
                                            .not_after_ms = SAMPLE_NOW_MS - SAMPLE_DAY_MS},
                   NULL, &old_root);
    sample_certify(&(struct sample_subject){.name = "leaf", .key = signer.key}, &old_root, &leaf);
    ask(sample_der(&leaf), &old_root);
    assert_int_equal(answer.status, ERR_EXPIRED);
    sample_free(&leaf);
    sample_free(&old_root);
}

static void a_weak_key_or_signature_is_denied(void **state) {
    (void)state;
    struct sample_holder leaf;
    sample_certify(&(struct sample_subject){.name = "weak", .key = weak_key}, &root, &leaf);
    ask(sample_der(&leaf), &root);
    assert_int_equal(answer.status, ERR_DENIED);
    ask(sample_der(&leaf), NULL);
    assert_int_equal(answer.status, ERR_DENIED);
    sample_free(&leaf);
    sample_certify(&(struct sample_subject){.name = "sha1", .key = signer.key, .digest = "SHA1"},
                   &root, &leaf);
    ask(sample_der(&leaf), &root);
    assert_int_equal(answer.status, ERR_CRYPTO);
    sample_free(&leaf);
}

static EVP_PKEY *rsa_of_exponent(unsigned long exponent) {
    EVP_PKEY *key = NULL;
    BIGNUM *e = BN_new();
    assert_int_equal(BN_set_word(e, exponent), 1);
    EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    assert_true(
        EVP_PKEY_keygen_init(maker) == 1 && EVP_PKEY_CTX_set_rsa_keygen_bits(maker, 2048) == 1 &&
        EVP_PKEY_CTX_set1_rsa_keygen_pubexp(maker, e) == 1 && EVP_PKEY_generate(maker, &key) == 1);
    EVP_PKEY_CTX_free(maker);
    BN_free(e);
    return key;
}

static void an_rsa_key_of_a_small_exponent_is_denied(void **state) {
    (void)state;
    static const unsigned long exponents[] = {3, 65535, 65537, 65539};
    struct sample_holder leaf;
    for (size_t i = 0; i < COUNT_OF(exponents); i++) {
        EVP_PKEY *key = rsa_of_exponent(exponents[i]);
        sample_certify(&(struct sample_subject){.name = "leaf", .key = key}, &root, &leaf);
        ask(sample_der(&leaf), &root);
        assert_int_equal(answer.status, exponents[i] < 65537 ? ERR_DENIED : ERR_OK);
        sample_free(&leaf);
        EVP_PKEY_free(key);
    }
}

static void a_weak_authority_vouches_for_nobody(void **state) {
    (void)state;
    struct sample_holder weak_root, leaf;
    sample_certify(
        &(struct sample_subject){.name = "weak root", .key = weak_key, .is_authority = true}, NULL,
        &weak_root);
    sample_certify(&(struct sample_subject){.name = "leaf", .key = signer.key}, &weak_root, &leaf);
    ask(sample_der(&leaf), &weak_root);
    assert_int_equal(answer.status, ERR_CRYPTO);
    sample_free(&leaf);
    sample_free(&weak_root);
}

static void a_curve_is_for_authorities_not_for_programmes(void **state) {
    (void)state;
    struct sample_holder curve_root, leaf;
    sample_certify(
        &(struct sample_subject){.name = "curve root", .key = curve_key, .is_authority = true},
        NULL, &curve_root);
    ask(sample_der(&curve_root), NULL);
    assert_int_equal(answer.status, ERR_OK);
    sample_certify(&(struct sample_subject){.name = "leaf", .key = signer.key}, &curve_root, &leaf);
    ask(sample_der(&leaf), &curve_root);
    assert_int_equal(answer.status, ERR_OK);
    sample_free(&leaf);
    sample_certify(&(struct sample_subject){.name = "curve leaf", .key = curve_key}, &root, &leaf);
    ask(sample_der(&leaf), &root);
    assert_int_equal(answer.status, ERR_DENIED);
    assert_string_equal(answer.key_name, "P-256");
    sample_free(&leaf);
    sample_free(&curve_root);
}

static void ask_for_p256(EVP_PKEY *key, const struct sample_holder *anchor) {
    struct sample_holder leaf;
    sample_certify(&(struct sample_subject){.name = "jose", .key = key}, &root, &leaf);
    workspace = buffer_over(memory, sizeof memory);
    question = (struct unseal_certificate){
        .encoded = sample_der(&leaf), .key = CERTIFICATE_KEY_P256, .now_ms = SAMPLE_NOW_MS};
    if (anchor != NULL)
        question.anchors[question.anchor_count++] = sample_der(anchor);
    certificate_read(&question, &workspace, &answer);
    sample_free(&leaf);
}

static void a_programme_of_the_jose_profile_has_a_key_on_p256(void **state) {
    (void)state;
    uint8_t point[65];
    size_t len = 0;
    assert_int_equal(EVP_PKEY_get_octet_string_param(curve_key, "pub", point, sizeof point, &len),
                     1);
    const struct sample_holder *anchors[] = {&root, NULL};
    for (size_t i = 0; i < COUNT_OF(anchors); i++) {
        ask_for_p256(curve_key, anchors[i]);
        assert_int_equal(answer.status, ERR_OK);
        assert_string_equal(answer.key_name, "P-256");
        assert_int_equal(answer.public_key.len, 91);
        assert_memory_equal(answer.public_key.data + 26, point, sizeof point);
    }
    ask_for_p256(curve_key, &stranger);
    assert_int_equal(answer.status, ERR_CRYPTO);
    assert_string_equal(answer.key_name, "");
}

/* The curve's parameters spelt out, or the point compressed. */
static EVP_PKEY *encoded_otherwise(const char *parameter, const char *value) {
    EVP_PKEY *key = EVP_EC_gen("P-256");
    assert_non_null(key);
    assert_int_equal(EVP_PKEY_set_utf8_string_param(key, parameter, value), 1);
    return key;
}

static void any_other_key_is_refused_by_its_name(void **state) {
    (void)state;
    const struct {
        EVP_PKEY *key;
        const char *name;
    } others[] = {
        {EVP_EC_gen("P-384"), "secp384r1"},
        {EVP_EC_gen("P-521"), "secp521r1"},
        {EVP_EC_gen("secp256k1"), "secp256k1"},
        {EVP_EC_gen("brainpoolP256r1"), "brainpoolP256r1"},
        {EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048), "RSA-2048"},
        {encoded_otherwise("encoding", "explicit"), "prime256v1"},
        {encoded_otherwise("point-format", "compressed"), "prime256v1"},
    };
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        assert_non_null(others[i].key);
        ask_for_p256(others[i].key, i % 2 == 0 ? &root : NULL);
        assert_int_equal(answer.status, ERR_DENIED);
        assert_string_equal(answer.key_name, others[i].name);
        assert_int_equal(answer.public_key.len, 0);
        EVP_PKEY_free(others[i].key);
    }
}

static void a_point_that_is_not_on_the_curve_is_no_key(void **state) {
    (void)state;
    struct sample_holder leaf;
    uint8_t point[65], *at;
    size_t len = 0;
    assert_int_equal(EVP_PKEY_get_octet_string_param(curve_key, "pub", point, sizeof point, &len),
                     1);
    sample_certify(&(struct sample_subject){.name = "jose", .key = curve_key}, NULL, &leaf);
    at = memmem(leaf.der, leaf.der_len, point, sizeof point);
    assert_non_null(at);
    at[64] ^= 1;
    workspace = buffer_over(memory, sizeof memory);
    question = (struct unseal_certificate){
        .encoded = sample_der(&leaf), .key = CERTIFICATE_KEY_P256, .now_ms = SAMPLE_NOW_MS};
    certificate_read(&question, &workspace, &answer);
    assert_int_equal(answer.status, ERR_MALFORMED);
    sample_free(&leaf);
}

static void a_name_is_shown_in_printable_characters(void **state) {
    (void)state;
    struct sample_holder leaf;
    sample_certify(&(struct sample_subject){.name = "a\x1b[2J\xc3\xa9", .key = signer.key}, &root,
                   &leaf);
    ask(sample_der(&leaf), &root);
    assert_int_equal(answer.status, ERR_OK);
    assert_string_equal(answer.subject, "a?[2J??");
    sample_free(&leaf);
}

static bool judge(const char *header, const char *body, const struct sample_holder *anchor) {
    struct unseal_foreign foreign = {.signature_header = bytes_of_text(header),
                                     .body = bytes_of_text(body),
                                     .now_ms = SAMPLE_NOW_MS};
    struct unseal_foreign_judged judged = {.trusted = true};
    if (anchor != NULL)
        foreign.anchors[foreign.anchor_count++] = sample_der(anchor);
    workspace = buffer_over(memory, sizeof memory);
    certificate_judge(&foreign, &workspace, &judged);
    return judged.trusted;
}

/* ${holder}'s certificate in the header, signed with ${key}. */
static const char *sign(const struct sample_holder *holder, EVP_PKEY *key, const char *body) {
    static char json[SAMPLE_TEXT_SIZE], header[SAMPLE_TEXT_SIZE];
    sample_jws_header(holder, json);
    sample_jws(json, key, bytes_of_text(body), header);
    return header;
}

static void a_foreign_signer_under_an_anchor_is_trusted(void **state) {
    (void)state;
    assert_true(judge(sign(&signer, signer.key, BODY), BODY, &root));
    assert_true(judge(sign(&signer, signer.key, ""), "", &root));
}

static void a_body_of_any_length_is_verified_whole(void **state) {
    (void)state;
    static const size_t lengths[] = {1, 2, 3, 3071, 3072, 3073, 6144, 40000};
    static char body[40001];
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        memset(body, 'x', lengths[i]);
        body[lengths[i]] = '\0';
        const char *header = sign(&signer, signer.key, body);
        assert_true(judge(header, body, &root));
        body[lengths[i] - 1] = 'y';
        assert_false(judge(header, body, &root));
    }
}

static void a_foreign_signature_holds_for_its_own_body_only(void **state) {
    (void)state;
    const char *header = sign(&signer, signer.key, BODY);
    assert_false(judge(header, BODY " ", &root));
    assert_false(judge(header, "", &root));
    assert_false(judge(header, "{\"id\":\"mosip.identity.auth\"}", &root));
}

static void a_foreign_certificate_with_another_s_signature_is_not_trusted(void **state) {
    (void)state;
    assert_false(judge(sign(&signer, stranger.key, BODY), BODY, &root));
    assert_false(judge(sign(&stranger, stranger.key, BODY), BODY, &root));
    assert_true(judge(sign(&stranger, stranger.key, BODY), BODY, &stranger));
    assert_false(judge(sign(&signer, signer.key, BODY), BODY, NULL));
}

static void a_foreign_signer_out_of_time_or_weak_is_not_trusted(void **state) {
    (void)state;
    struct sample_holder leaf;
    sample_certify(&(struct sample_subject){.name = "old",
                                            .key = signer.key,
                                            .not_after_ms = SAMPLE_NOW_MS - SAMPLE_DAY_MS},
                   &root, &leaf);
    assert_false(judge(sign(&leaf, leaf.key, BODY), BODY, &root));
    sample_free(&leaf);
    sample_certify(&(struct sample_subject){.name = "weak", .key = weak_key}, &root, &leaf);
    assert_false(judge(sign(&leaf, leaf.key, BODY), BODY, &root));
    sample_free(&leaf);
    sample_certify(&(struct sample_subject){.name = "curve", .key = curve_key}, &root, &leaf);
    assert_false(judge(sign(&leaf, leaf.key, BODY), BODY, &root));
    sample_free(&leaf);
}

static void a_broken_foreign_header_is_not_trusted(void **state) {
    (void)state;
    static const char *const headers[] = {"", "..", "e30..AAAA", "x"};
    for (size_t i = 0; i < COUNT_OF(headers); i++)
        assert_false(judge(headers[i], BODY, &root));
}

static void an_anchor_that_cannot_be_read_vouches_for_nobody(void **state) {
    (void)state;
    uint8_t der[SAMPLE_CHUNK_SIZE];
    memcpy(der, root.der, root.der_len);
    for (size_t cut = 1; cut < root.der_len; cut += 50) {
        ask(sample_der(&signer), NULL);
        question.anchors[question.anchor_count++] = bytes_of(der, root.der_len - cut);
        certificate_read(&question, &workspace, &answer);
        assert_int_equal(answer.status, ERR_CRYPTO);
    }
    question.anchors[question.anchor_count++] = sample_der(&root);
    certificate_read(&question, &workspace, &answer);
    assert_int_equal(answer.status, ERR_OK);
}

static int make_certificates(void **state) {
    (void)state;
    sample_certify(
        &(struct sample_subject){.name = "AUTH root", .bits = 2048, .is_authority = true}, NULL,
        &root);
    sample_certify(
        &(struct sample_subject){.name = "AUTH issuing", .bits = 2048, .is_authority = true}, &root,
        &middle);
    sample_certify(&(struct sample_subject){.name = "tayssir", .bits = 2048}, &root, &signer);
    sample_certify(
        &(struct sample_subject){.name = "AUTH root", .bits = 2048, .is_authority = true}, NULL,
        &stranger);
    weak_key = EVP_RSA_gen(1024);
    curve_key = EVP_EC_gen("P-256");
    return weak_key != NULL && curve_key != NULL && certificate_open() == ERR_OK ? 0 : -1;
}

static int free_certificates(void **state) {
    (void)state;
    sample_free(&root);
    sample_free(&middle);
    sample_free(&signer);
    sample_free(&stranger);
    EVP_PKEY_free(weak_key);
    EVP_PKEY_free(curve_key);
    certificate_close();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_programme_s_certificate_is_read_with_its_path),
        cmocka_unit_test(an_authority_is_read_without_a_path),
        cmocka_unit_test(pem_reads_as_the_same_certificate),
        cmocka_unit_test(broken_pem_is_malformed),
        cmocka_unit_test(der_is_read_to_its_last_byte),
        cmocka_unit_test(a_changed_certificate_has_no_path),
        cmocka_unit_test(a_path_ends_in_an_anchor_or_there_is_none),
        cmocka_unit_test(an_intermediate_is_an_anchor_or_the_next_step),
        cmocka_unit_test(who_is_no_authority_certifies_nobody),
        cmocka_unit_test(out_of_time_is_expired),
        cmocka_unit_test(under_an_expired_anchor_nothing_is_trusted),
        cmocka_unit_test(a_weak_key_or_signature_is_denied),
        cmocka_unit_test(an_rsa_key_of_a_small_exponent_is_denied),
        cmocka_unit_test(a_weak_authority_vouches_for_nobody),
        cmocka_unit_test(a_curve_is_for_authorities_not_for_programmes),
        cmocka_unit_test(a_programme_of_the_jose_profile_has_a_key_on_p256),
        cmocka_unit_test(any_other_key_is_refused_by_its_name),
        cmocka_unit_test(a_point_that_is_not_on_the_curve_is_no_key),
        cmocka_unit_test(a_name_is_shown_in_printable_characters),
        cmocka_unit_test(a_foreign_signer_under_an_anchor_is_trusted),
        cmocka_unit_test(a_body_of_any_length_is_verified_whole),
        cmocka_unit_test(a_foreign_signature_holds_for_its_own_body_only),
        cmocka_unit_test(a_foreign_certificate_with_another_s_signature_is_not_trusted),
        cmocka_unit_test(a_foreign_signer_out_of_time_or_weak_is_not_trusted),
        cmocka_unit_test(a_broken_foreign_header_is_not_trusted),
        cmocka_unit_test(an_anchor_that_cannot_be_read_vouches_for_nobody),
    };
    return cmocka_run_group_tests(tests, make_certificates, free_certificates);
}
