#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sodium.h>

#include "firmware/base/codec.h"
#include "hsm/certificate.h"
#include "hsm/checkpoint.h"
#include "hsm/sign.h"

#define GENERATED INT64_C(1705314030123) /* 2024-01-15 */
#define KID       "VMpdNZlKzR4N8N-UABaxU_3X4tAok5eY8thPSP3TfZA"

/* Keys of OpenSSL's own stand in for the token's here; the token's are in test_unwrap and
 * test_signer. */
static EVP_PKEY *rsa, *ec;
static uint8_t root_der[2048], sign_der[2048], audit_der[2048];
static struct bytes root, sign_certificate, audit_certificate;

static struct bytes issue(enum hsm_purpose purpose, EVP_PKEY *subject, uint8_t *memory) {
    struct certificate_plan plan = {
        .purpose = purpose,
        .generation = 1,
        .generated_ms = GENERATED,
        .subject = subject,
        .issuer_key = rsa,
        .issuer = root,
    };
    struct buffer der = buffer_over(memory, 2048);
    assert_int_equal(certificate_issue(&plan, &der), ERR_OK);
    return bytes_of(memory, der.len);
}

static int make_keys(void **state) {
    (void)state;
    if (sodium_init() < 0)
        return -1;
    rsa = EVP_RSA_gen(2048);
    ec = EVP_EC_gen("P-256");
    if (rsa == NULL || ec == NULL)
        return -1;
    root = issue(HSM_PURPOSE_ROOT, rsa, root_der);
    sign_certificate = issue(HSM_PURPOSE_SIGN, rsa, sign_der);
    audit_certificate = issue(HSM_PURPOSE_AUDIT, ec, audit_der);
    return 0;
}

static int free_keys(void **state) {
    (void)state;
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(ec);
    return 0;
}

static X509 *parse(struct bytes der) {
    const unsigned char *at = der.data;
    X509 *parsed = d2i_X509(NULL, &at, (long)der.len);
    assert_non_null(parsed);
    assert_ptr_equal(at, der.data + der.len);
    return parsed;
}

static void the_kid_follows_mosips_rule(void **state) {
    (void)state;
    char kid[JWK_KID_SIZE];
    assert_int_equal(jwk_mosip_kid("IDA_SIGN", GENERATED, 1, kid), ERR_OK);
    assert_string_equal(kid, "VMpdNZlKzR4N8N-UABaxU_3X4tAok5eY8thPSP3TfZA");
    /* The day is that of UTC. */
    assert_int_equal(jwk_mosip_kid("IDA_SIGN", INT64_C(1705276800000) - 1, 1, kid), ERR_OK);
    assert_string_not_equal(kid, "VMpdNZlKzR4N8N-UABaxU_3X4tAok5eY8thPSP3TfZA");
}

static void two_keys_of_one_day_have_kids_of_their_own(void **state) {
    (void)state;
    char kids[3][JWK_KID_SIZE];
    for (uint16_t i = 0; i < 3; i++)
        assert_int_equal(jwk_mosip_kid("IDA_SIGN", GENERATED, (uint16_t)(i + 1), kids[i]), ERR_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(strlen(kids[i]), 43);
        assert_string_not_equal(kids[i], kids[(i + 1) % 3]);
    }
}

static json_t *decode_header(struct bytes encoded) {
    static uint8_t json[4096];
    size_t len;
    assert_int_equal(codec_base64_decode(encoded, CODEC_STRICT, json, sizeof json, &len), ERR_OK);
    json_t *header = json_loadb((const char *)json, len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(header);
    return header;
}

/* Verifies a detached JWS as a client would: the key comes from ${certificate}. */
static bool verifies(struct bytes certificate, struct bytes header, struct bytes payload,
                     struct bytes signature) {
    static uint8_t input[65536];
    uint8_t raw[512];
    size_t raw_len;
    struct buffer target = buffer_over(input, sizeof input);
    buffer_raw(&target, header.data, header.len);
    buffer_raw(&target, ".", 1);
    codec_base64url(&target, payload);
    assert_int_equal(target.err, ERR_OK);
    assert_int_equal(codec_base64_decode(signature, CODEC_STRICT, raw, sizeof raw, &raw_len),
                     ERR_OK);
    X509 *parsed = parse(certificate);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_int_equal(
        EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, X509_get0_pubkey(parsed)), 1);
    bool valid = EVP_DigestVerify(context, raw, raw_len, input, target.len) == 1;
    EVP_MD_CTX_free(context);
    X509_free(parsed);
    return valid;
}

/* Splits header ".." signature. */
static void split(struct bytes jws, struct bytes *header, struct bytes *signature) {
    const uint8_t *dots = memmem(jws.data, jws.len, "..", 2);
    assert_non_null(dots);
    *header = bytes_of(jws.data, (size_t)(dots - jws.data));
    *signature = bytes_of(dots + 2, jws.len - header->len - 2);
    assert_null(memchr(signature->data, '.', signature->len));
}

static struct sign_rs256 *new_rs256(void) {
    struct sign_rs256 *signing;
    assert_int_equal(sign_rs256_new(&signing, rsa, sign_certificate, KID), ERR_OK);
    return signing;
}

static void a_detached_jws_verifies_over_exactly_its_payload(void **state) {
    (void)state;
    struct sign_rs256 *signing = new_rs256();
    static const char *const bodies[] = {"{}", "{\"a\":1}", ""};
    for (size_t i = 0; i < 3; i++) {
        uint8_t memory[STATEMENT_SIGNATURE_MAX];
        struct buffer target = buffer_over(memory, sizeof memory);
        struct bytes header, signature;
        assert_int_equal(sign_rs256_detached(signing, bytes_of_text(bodies[i]), &target), ERR_OK);
        split(bytes_of(memory, target.len), &header, &signature);
        assert_true(verifies(sign_certificate, header, bytes_of_text(bodies[i]), signature));
        assert_false(verifies(sign_certificate, header, bytes_of_text("{\"a\":2}"), signature));
    }
    sign_rs256_free(signing);
}

static void the_header_names_the_key_in_every_way_a_client_may_want(void **state) {
    (void)state;
    struct sign_rs256 *signing = new_rs256();
    uint8_t memory[STATEMENT_SIGNATURE_MAX], der[2048], digest[32];
    char thumbprint[JWK_KID_SIZE];
    struct buffer target = buffer_over(memory, sizeof memory);
    struct bytes encoded, signature;
    size_t der_len;
    assert_int_equal(sign_rs256_detached(signing, bytes_of_text("{}"), &target), ERR_OK);
    split(bytes_of(memory, target.len), &encoded, &signature);
    json_t *header = decode_header(encoded);
    assert_int_equal(json_object_size(header), 4);
    assert_string_equal(json_string_value(json_object_get(header, "alg")), "RS256");
    assert_string_equal(json_string_value(json_object_get(header, "kid")),
                        "VMpdNZlKzR4N8N-UABaxU_3X4tAok5eY8thPSP3TfZA");
    json_t *chain = json_object_get(header, "x5c");
    assert_int_equal(json_array_size(chain), 1);
    const char *base64 = json_string_value(json_array_get(chain, 0));
    assert_int_equal(EVP_DecodeBlock(der, (const unsigned char *)base64, (int)strlen(base64)) % 3,
                     0); /* standard alphabet, padded */
    assert_int_equal(
        codec_base64_decode(bytes_of_text(base64), CODEC_STRICT, der, sizeof der, &der_len),
        ERR_OK);
    assert_true(bytes_equal(bytes_of(der, der_len), sign_certificate));
    (void)crypto_hash_sha256(digest, der, der_len);
    struct buffer text = buffer_over(thumbprint, sizeof thumbprint);
    codec_base64url(&text, bytes_of(digest, 32));
    thumbprint[text.len] = '\0';
    assert_string_equal(json_string_value(json_object_get(header, "x5t#S256")), thumbprint);
    json_decref(header);
    sign_rs256_free(signing);
}

static void a_payload_over_the_limit_is_not_signed(void **state) {
    (void)state;
    static uint8_t payload[STATEMENT_BODY_MAX + 1];
    uint8_t memory[STATEMENT_SIGNATURE_MAX];
    struct sign_rs256 *signing = new_rs256();
    struct buffer target = buffer_over(memory, sizeof memory);
    assert_int_equal(sign_rs256_detached(signing, bytes_of(payload, sizeof payload), &target),
                     ERR_FULL);
    assert_int_equal(target.len, 0);
    assert_int_equal(sign_rs256_detached(signing, bytes_of(payload, STATEMENT_BODY_MAX), &target),
                     ERR_OK);
    sign_rs256_free(signing);
}

static void a_key_of_the_wrong_kind_is_refused(void **state) {
    (void)state;
    struct sign_rs256 *rs256;
    struct sign_es256 *es256;
    EVP_PKEY *large = EVP_RSA_gen(3072);
    assert_int_equal(sign_rs256_new(&rs256, ec, audit_certificate, KID), ERR_CRYPTO);
    assert_int_equal(sign_rs256_new(&rs256, large, sign_certificate, KID), ERR_CRYPTO);
    assert_int_equal(sign_es256_new(&es256, rsa, sign_certificate), ERR_CRYPTO);
    assert_null(rs256);
    assert_null(es256);
    EVP_PKEY_free(large);
}

static const struct hsm_checkpoint sample = {
    .tree_size = 42,
    .tree_root = {0x5c, 0x83, [31] = 0xb4},
    .wall_ms = GENERATED,
    .registry_sequence = 17,
    .state_sequence = UINT64_MAX,
};

static size_t write_note(uint8_t *memory, size_t size) {
    struct sign_es256 *signing;
    uint8_t signature[SIGN_ES256_BYTES];
    struct buffer note = buffer_over(memory, size);
    assert_int_equal(sign_es256_new(&signing, ec, audit_certificate), ERR_OK);
    checkpoint_put_text(&note, &sample);
    assert_int_equal(sign_es256_raw(signing, bytes_of(memory, note.len), signature), ERR_OK);
    checkpoint_put_signature(&note, sign_es256_kid(signing), signature);
    assert_int_equal(note.err, ERR_OK);
    sign_es256_free(signing);
    return note.len;
}

static void a_checkpoint_reads_as_documented(void **state) {
    (void)state;
    uint8_t memory[CHECKPOINT_NOTE_MAX];
    static const char expected[] =
        "idcs checkpoint 1\n"
        "tree-size 42\n"
        "tree-root 5C830000000000000000000000000000000000000000000000000000000000B4\n"
        "time 2024-01-15T10:20:30.123Z\n"
        "registry-sequence 17\n"
        "state-sequence 18446744073709551615\n"
        "signature ES256 ";
    size_t len = write_note(memory, sizeof memory);
    assert_memory_equal(memory, expected, strlen(expected));
    assert_int_equal(len, strlen(expected) + 43 + 1 + 86 + 1);
    assert_int_equal(memory[len - 1], '\n');
}

static void a_checkpoint_verifies_with_the_audit_key_alone(void **state) {
    (void)state;
    uint8_t memory[CHECKPOINT_NOTE_MAX];
    char kid[JWK_KID_SIZE];
    struct checkpoint_note note;
    size_t len = write_note(memory, sizeof memory);
    EVP_PKEY *other = EVP_EC_gen("P-256");
    assert_int_equal(checkpoint_parse(bytes_of(memory, len), &note), ERR_OK);
    assert_true(note.fields.tree_size == 42 && note.fields.wall_ms == GENERATED);
    assert_true(note.fields.registry_sequence == 17 && note.fields.state_sequence == UINT64_MAX);
    assert_memory_equal(note.fields.tree_root, sample.tree_root, sizeof sample.tree_root);
    assert_int_equal(jwk_ec_kid(audit_certificate, kid), ERR_OK);
    assert_string_equal(note.kid, kid);
    assert_int_equal(checkpoint_verify(&note, ec), ERR_OK);
    assert_int_equal(checkpoint_verify(&note, other), ERR_CRYPTO);
    assert_int_equal(checkpoint_verify(&note, rsa), ERR_CRYPTO);
    EVP_PKEY_free(other);
}

/* No byte of a checkpoint can be another: it is refused as malformed or as not signed. */
static void a_checkpoint_changed_anywhere_is_refused(void **state) {
    (void)state;
    uint8_t memory[CHECKPOINT_NOTE_MAX];
    size_t len = write_note(memory, sizeof memory), kid_at = len - 1 - 86 - 1 - 43;
    for (size_t i = 0; i < len; i++) {
        struct checkpoint_note note;
        bool in_kid =
            i >= kid_at && i < kid_at + 43; /* names the key; what it signed is the text */
        memory[i] ^= 1;
        enum err err = checkpoint_parse(bytes_of(memory, len), &note);
        if (err == ERR_OK)
            err = checkpoint_verify(&note, ec);
        assert_true(in_kid || err != ERR_OK);
        memory[i] ^= 1;
    }
}

static void a_checkpoint_cut_or_lengthened_is_malformed(void **state) {
    (void)state;
    uint8_t memory[CHECKPOINT_NOTE_MAX];
    struct checkpoint_note note;
    size_t len = write_note(memory, sizeof memory);
    for (size_t cut = 0; cut < len; cut++)
        assert_int_equal(checkpoint_parse(bytes_of(memory, cut), &note), ERR_MALFORMED);
    memory[len] = '\n';
    assert_int_equal(checkpoint_parse(bytes_of(memory, len + 1), &note), ERR_MALFORMED);
}

static void numbers_of_a_checkpoint_have_one_form(void **state) {
    (void)state;
    static const char *const sizes[] = {"042", "", "-1", "+1", "18446744073709551616", "4 2"};
    uint8_t memory[CHECKPOINT_NOTE_MAX], changed[CHECKPOINT_NOTE_MAX];
    static const char before[] = "idcs checkpoint 1\ntree-size ";
    size_t len = write_note(memory, sizeof memory), skip = strlen(before) + 2;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct checkpoint_note note;
        struct buffer target = buffer_over(changed, sizeof changed);
        buffer_raw(&target, before, strlen(before));
        buffer_raw(&target, sizes[i], strlen(sizes[i]));
        buffer_raw(&target, memory + skip, len - skip);
        assert_int_equal(checkpoint_parse(bytes_of(changed, target.len), &note), ERR_MALFORMED);
    }
}

static ECDSA_SIG *parse_raw(struct bytes encoded) {
    uint8_t raw[SIGN_ES256_BYTES + 8];
    size_t len;
    ECDSA_SIG *parts = ECDSA_SIG_new();
    assert_int_equal(codec_base64_decode(encoded, CODEC_STRICT, raw, sizeof raw, &len), ERR_OK);
    assert_int_equal(len, SIGN_ES256_BYTES);
    assert_int_equal(ECDSA_SIG_set0(parts, BN_bin2bn(raw, 32, NULL), BN_bin2bn(raw + 32, 32, NULL)),
                     1);
    return parts;
}

static void a_compact_jws_verifies_and_names_its_key_and_type(void **state) {
    (void)state;
    struct sign_es256 *signing;
    static uint8_t memory[1024];
    struct buffer jws = buffer_over(memory, sizeof memory);
    assert_int_equal(sign_es256_new(&signing, ec, audit_certificate), ERR_OK);
    assert_int_equal(sign_es256_compact(signing, "idcs-result+jwt", bytes_of_text("{}"), &jws),
                     ERR_OK);
    const uint8_t *first = memchr(memory, '.', jws.len), *last = first + 4;
    assert_memory_equal(first, ".e30.", 5);
    json_t *header = decode_header(bytes_of(memory, (size_t)(first - memory)));
    assert_int_equal(json_object_size(header), 3);
    assert_string_equal(json_string_value(json_object_get(header, "alg")), "ES256");
    assert_string_equal(json_string_value(json_object_get(header, "typ")), "idcs-result+jwt");
    assert_string_equal(json_string_value(json_object_get(header, "kid")), sign_es256_kid(signing));
    json_decref(header);
    size_t input_len = (size_t)(last - memory);
    ECDSA_SIG *parts = parse_raw(bytes_of(last + 1, jws.len - input_len - 1));
    uint8_t der[80], *at = der;
    size_t der_len = (size_t)i2d_ECDSA_SIG(parts, &at);
    ECDSA_SIG_free(parts);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, ec), 1);
    assert_int_equal(EVP_DigestVerify(context, der, der_len, memory, input_len), 1);
    EVP_MD_CTX_free(context);
    sign_es256_free(signing);
}

/* The key cannot sign at all, so that to try would give another error. */
static void a_compact_jws_without_room_is_not_begun(void **state) {
    (void)state;
    struct sign_es256 *signing;
    static uint8_t memory[1024];
    X509 *certificate = parse(audit_certificate);
    struct buffer whole = buffer_over(memory, sizeof memory);
    assert_int_equal(sign_es256_new(&signing, ec, audit_certificate), ERR_OK);
    assert_int_equal(sign_es256_compact(signing, "t", bytes_of_text("{}"), &whole), ERR_OK);
    sign_es256_free(signing);
    assert_int_equal(sign_es256_new(&signing, X509_get0_pubkey(certificate), audit_certificate),
                     ERR_OK);
    for (size_t size = 0; size <= whole.len; size++) {
        struct buffer jws = buffer_over(memory, size);
        enum err expected = size < whole.len ? ERR_FULL : ERR_HSM;
        assert_int_equal(sign_es256_compact(signing, "t", bytes_of_text("{}"), &jws), expected);
    }
    sign_es256_free(signing);
    X509_free(certificate);
}

static void certificates_chain_to_the_box_ca_and_say_what_they_are_for(void **state) {
    (void)state;
    X509 *authority = parse(root), *leaf = parse(sign_certificate);
    assert_int_equal(X509_verify(authority, X509_get0_pubkey(authority)), 1);
    assert_int_equal(X509_verify(leaf, X509_get0_pubkey(authority)), 1);
    assert_int_equal(X509_check_issued(authority, leaf), X509_V_OK);
    assert_int_equal(X509_check_ca(authority), 1);
    assert_int_equal(X509_check_ca(leaf), 0);
    assert_int_equal(X509_get_key_usage(authority), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
    assert_int_equal(X509_get_key_usage(leaf), KU_DIGITAL_SIGNATURE);
    char subject[128];
    assert_non_null(X509_NAME_oneline(X509_get_subject_name(leaf), subject, sizeof subject));
    assert_string_equal(subject, "/C=MA/O=IDCS/CN=IDA-SIGN 1");
    time_t generated = GENERATED / 1000, later = generated + 1095 * 86400;
    assert_int_equal(X509_cmp_time(X509_get0_notBefore(leaf), &generated), -1);
    assert_int_equal(X509_cmp_time(X509_get0_notAfter(leaf), &later), -1);
    X509_free(authority);
    X509_free(leaf);
}

static void a_certificate_is_only_for_a_purpose_that_has_one(void **state) {
    (void)state;
    uint8_t memory[2048];
    struct buffer der = buffer_over(memory, sizeof memory);
    struct certificate_plan plan = {
        .purpose = HSM_PURPOSE_PEPPER, .subject = rsa, .issuer_key = rsa};
    assert_int_equal(certificate_issue(&plan, &der), ERR_DENIED);
    plan.purpose = HSM_PURPOSE_COUNT;
    assert_int_equal(certificate_issue(&plan, &der), ERR_DENIED);
    plan.purpose = HSM_PURPOSE_SIGN; /* without an issuer */
    assert_int_equal(certificate_issue(&plan, &der), ERR_CRYPTO);
    assert_int_equal(certificate_fits(sign_certificate, rsa), ERR_OK);
    assert_int_equal(certificate_fits(sign_certificate, ec), ERR_CRYPTO);
    assert_int_equal(certificate_fits(bytes_of_text("no certificate"), rsa), ERR_CRYPTO);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_kid_follows_mosips_rule),
        cmocka_unit_test(two_keys_of_one_day_have_kids_of_their_own),
        cmocka_unit_test(a_detached_jws_verifies_over_exactly_its_payload),
        cmocka_unit_test(the_header_names_the_key_in_every_way_a_client_may_want),
        cmocka_unit_test(a_payload_over_the_limit_is_not_signed),
        cmocka_unit_test(a_key_of_the_wrong_kind_is_refused),
        cmocka_unit_test(a_checkpoint_reads_as_documented),
        cmocka_unit_test(a_checkpoint_verifies_with_the_audit_key_alone),
        cmocka_unit_test(a_checkpoint_changed_anywhere_is_refused),
        cmocka_unit_test(a_checkpoint_cut_or_lengthened_is_malformed),
        cmocka_unit_test(numbers_of_a_checkpoint_have_one_form),
        cmocka_unit_test(a_compact_jws_verifies_and_names_its_key_and_type),
        cmocka_unit_test(a_compact_jws_without_room_is_not_begun),
        cmocka_unit_test(certificates_chain_to_the_box_ca_and_say_what_they_are_for),
        cmocka_unit_test(a_certificate_is_only_for_a_purpose_that_has_one),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
