#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <p11-kit/pkcs11.h>

#include "firmware/base/clock.h"
#include "firmware/base/codec.h"
#include "firmware/base/secret.h"
#include "hsm/jwk.h"
#include "tests/lib/hsm_box.h"
#include "tests/unit/agree_sender.h"

#define NOTHING bytes_of(NULL, 0)
#define ISSUER  "https://id.example"

/* A box with all keys; each test starts its own signer in it. */
static struct hsm_box box;
static const struct hsm_signer_plan with_issuer = {.settings = "issuer = " ISSUER "\n"};

/* What the box publishes: all that a client has. */
static struct {
    json_t *jwks;
    char request_kid[JWK_KID_SIZE];
    uint8_t certificate_memory[2048]; /* of the request key */
    struct bytes certificate;
} published;

static json_t *find_key(const char *member, const char *value) {
    size_t index;
    json_t *key;
    json_array_foreach(json_object_get(published.jwks, "keys"), index, key) {
        const char *found = json_string_value(json_object_get(key, member));
        if (found != NULL && strcmp(found, value) == 0)
            return key;
    }
    return NULL;
}

static const char *member(json_t *key, const char *name) {
    return json_string_value(json_object_get(key, name));
}

static void take_publication(struct hsm_signer *signer) {
    struct hsm_publication answer;
    struct bytes payload = hsm_signer_ask(signer, signer->core, HSM_PUBLISHED, NOTHING);
    assert_int_equal(hsm_wire_get_publication(payload, &answer), ERR_OK);
    strcpy(published.request_kid, answer.request_kid);
    published.jwks =
        json_loadb((const char *)answer.jwks.data, answer.jwks.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(published.jwks);
    if (!hsm_box_has(CKM_ECDH1_DERIVE))
        return;
    json_t *key = find_key("kid", published.request_kid);
    const char *x5c = json_string_value(json_array_get(json_object_get(key, "x5c"), 0));
    size_t len;
    assert_int_equal(codec_base64_decode(bytes_of_text(x5c), CODEC_STRICT,
                                         published.certificate_memory,
                                         sizeof published.certificate_memory, &len),
                     ERR_OK);
    published.certificate = bytes_of(published.certificate_memory, len);
}

static int make_box(void **state) {
    (void)state;
    struct hsm_signer signer;
    hsm_box_make(&box);
    if (secret_arena_open(65536) != ERR_OK)
        return -1;
    hsm_signer_provision(&box, &signer);
    take_publication(&signer);
    hsm_signer_stop(&signer);
    return 0;
}

static int remove_box(void **state) {
    (void)state;
    json_decref(published.jwks);
    hsm_box_remove(&box);
    return 0;
}

static struct hsm_derive new_question(uint8_t expected[static HSM_CONTENT_KEY_BYTES]) {
    struct hsm_derive question = {.party_u = bytes_of_text("Alice")};
    size_t len;
    uint8_t kid[CODEC_BASE64_BYTES(JWK_KID_SIZE)];
    assert_int_equal(codec_base64_decode(bytes_of_text(published.request_kid), CODEC_STRICT, kid,
                                         sizeof kid, &len),
                     ERR_OK);
    memcpy(question.kid, kid, sizeof question.kid);
    agree_sender_ask(published.certificate, &question, expected);
    return question;
}

static struct bytes derive_payload(const struct hsm_derive *question) {
    static uint8_t memory[512];
    struct buffer target = buffer_over(memory, sizeof memory);
    hsm_wire_put_derive(&target, question);
    return hsm_signer_payload(&target);
}

static struct hsm_derived ask_derive(struct hsm_signer *signer, const struct hsm_derive *question) {
    struct hsm_derived answer;
    struct bytes payload =
        hsm_signer_ask(signer, signer->core, HSM_DERIVE, derive_payload(question));
    assert_int_equal(hsm_wire_get_derived(payload, &answer), ERR_OK);
    return answer;
}

static struct result new_result(void) {
    int64_t now_s = clock_wall_ms() / 1000;
    return (struct result){
        .kind = RESULT_AUTHENTICATION,
        .audience = "cnss",
        .subject = "262857117820347028021645134813734032",
        .transaction = "txn-0001",
        .issued_s = now_s,
        .auth_time_s = now_s,
        .lifetime_seconds = 300,
        .amr = RESULT_AMR_OTP,
    };
}

static struct bytes result_payload(const struct result *result) {
    static uint8_t memory[RESULT_JWT_MAX];
    struct buffer target = buffer_over(memory, sizeof memory);
    hsm_wire_put_result(&target, result);
    return hsm_signer_payload(&target);
}

static struct hsm_result_signed ask_result(struct hsm_signer *signer, const struct result *result) {
    struct hsm_result_signed answer;
    struct bytes payload = hsm_signer_ask(signer, signer->core, HSM_RESULT, result_payload(result));
    assert_int_equal(hsm_wire_get_result_signed(payload, &answer), ERR_OK);
    return answer;
}

static void both_keys_are_published_each_for_its_use(void **state) {
    (void)state;
    HSM_BOX_NEEDS(CKM_ECDH1_DERIVE);
    uint8_t thumbprint[JWK_THUMBPRINT_BYTES];
    json_t *request = find_key("alg", "ECDH-ES");
    assert_string_equal(member(request, "kid"), published.request_kid);
    assert_string_equal(member(request, "use"), "enc");
    assert_string_equal(member(request, "kty"), "EC");
    assert_string_equal(member(request, "crv"), "P-256");
    assert_int_equal(strlen(published.request_kid), 43);
    assert_int_equal(jwk_ec_thumbprint(published.certificate, thumbprint), ERR_OK);
    size_t signing = 0, index;
    json_t *key;
    json_array_foreach(json_object_get(published.jwks, "keys"), index, key) {
        signing += strcmp(member(key, "alg"), "ES256") == 0;
        assert_string_equal(member(key, "use"), key == request ? "enc" : "sig");
    }
    assert_int_equal(signing, 2); /* checkpoints and results */
}

static void a_sender_and_the_signer_derive_the_same_content_key(void **state) {
    (void)state;
    HSM_BOX_NEEDS(CKM_ECDH1_DERIVE);
    struct hsm_signer signer;
    uint64_t sequence = 0;
    hsm_signer_serve(&box, &with_issuer, &signer);
    for (int i = 0; i < 3; i++) {
        uint8_t expected[HSM_CONTENT_KEY_BYTES];
        struct hsm_derive question = new_question(expected);
        struct hsm_derived answer = ask_derive(&signer, &question);
        assert_int_equal(answer.receipt.status, ERR_OK);
        assert_memory_equal(answer.content_key, expected, sizeof expected);
        assert_true(i == 0 || answer.receipt.sequence == sequence + 1);
        sequence = answer.receipt.sequence;
    }
    hsm_signer_stop(&signer);
}

static void what_cannot_be_derived_is_a_normal_answer(void **state) {
    (void)state;
    HSM_BOX_NEEDS(CKM_ECDH1_DERIVE);
    struct hsm_signer signer;
    uint8_t expected[HSM_CONTENT_KEY_BYTES];
    const uint8_t zeroes[HSM_CONTENT_KEY_BYTES] = {0};
    hsm_signer_serve(&box, &with_issuer, &signer);
    struct hsm_derive good = new_question(expected), question = good;
    question.y[31] ^= 1;
    struct hsm_derived answer = ask_derive(&signer, &question);
    assert_int_equal(answer.receipt.status, ERR_CRYPTO);
    assert_memory_equal(answer.content_key, zeroes, sizeof zeroes);
    memset(question.x, 0, sizeof question.x);
    memset(question.y, 0, sizeof question.y);
    assert_int_equal(ask_derive(&signer, &question).receipt.status, ERR_CRYPTO);
    question = good;
    question.kid[0] ^= 1;
    assert_int_equal(ask_derive(&signer, &question).receipt.status, ERR_NOT_FOUND);
    answer = ask_derive(&signer, &good);
    assert_int_equal(answer.receipt.status, ERR_OK);
    assert_true(answer.receipt.sequence == 1); /* the others did not reach the token */
    hsm_signer_stop(&signer);
}

/* The public key of a JWK, from x and y alone. */
static EVP_PKEY *key_of_jwk(json_t *jwk) {
    static const char *const names[] = {"x", "y"};
    uint8_t point[65 + 3] = {4};
    size_t len;
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *making = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(codec_base64_decode(bytes_of_text(member(jwk, names[i])), CODEC_STRICT,
                                             point + 1 + 32 * i, 35, &len),
                         ERR_OK);
        assert_int_equal(len, 32);
    }
    OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
    OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, 65);
    OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(builder);
    assert_int_equal(EVP_PKEY_fromdata_init(making), 1);
    assert_int_equal(EVP_PKEY_fromdata(making, &key, EVP_PKEY_PUBLIC_KEY, parameters), 1);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_CTX_free(making);
    return key;
}

/* One part of a JWT, decoded. */
static json_t *decode_part(struct bytes part) {
    static uint8_t json[RESULT_CLAIMS_MAX];
    size_t len;
    assert_int_equal(codec_base64_decode(part, CODEC_STRICT, json, sizeof json, &len), ERR_OK);
    json_t *parsed = json_loadb((const char *)json, len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(parsed);
    return parsed;
}

static bool verifies(EVP_PKEY *key, struct bytes input, struct bytes signature) {
    uint8_t raw[68], der[80], *at = der;
    size_t len;
    ECDSA_SIG *parts = ECDSA_SIG_new();
    EVP_MD_CTX *verifying = EVP_MD_CTX_new();
    assert_int_equal(codec_base64_decode(signature, CODEC_STRICT, raw, sizeof raw, &len), ERR_OK);
    assert_int_equal(len, 64);
    assert_int_equal(ECDSA_SIG_set0(parts, BN_bin2bn(raw, 32, NULL), BN_bin2bn(raw + 32, 32, NULL)),
                     1);
    size_t der_len = (size_t)i2d_ECDSA_SIG(parts, &at);
    assert_int_equal(EVP_DigestVerifyInit(verifying, NULL, EVP_sha256(), NULL, key), 1);
    bool valid = EVP_DigestVerify(verifying, der, der_len, input.data, input.len) == 1;
    EVP_MD_CTX_free(verifying);
    ECDSA_SIG_free(parts);
    return valid;
}

/* Verifies as a programme does, with the JWKS alone; gives the claims. */
static json_t *open_jwt(struct bytes jwt, const char *type) {
    const uint8_t *first = memchr(jwt.data, '.', jwt.len), *last = memrchr(jwt.data, '.', jwt.len);
    assert_true(first != NULL && first < last);
    size_t input_len = (size_t)(last - jwt.data);
    json_t *header = decode_part(bytes_of(jwt.data, (size_t)(first - jwt.data)));
    assert_int_equal(json_object_size(header), 3);
    assert_string_equal(member(header, "alg"), "ES256");
    assert_string_equal(member(header, "typ"), type);
    EVP_PKEY *key = key_of_jwk(find_key("kid", member(header, "kid")));
    assert_true(
        verifies(key, bytes_of(jwt.data, input_len), bytes_of(last + 1, jwt.len - input_len - 1)));
    EVP_PKEY_free(key);
    json_decref(header);
    return decode_part(bytes_of(first + 1, (size_t)(last - first - 1)));
}

static void a_result_is_written_and_signed_with_the_token_key(void **state) {
    (void)state;
    struct hsm_signer signer;
    struct result result = new_result();
    hsm_signer_serve(&box, &with_issuer, &signer);
    struct hsm_result_signed answer = ask_result(&signer, &result);
    assert_int_equal(answer.receipt.status, ERR_OK);
    json_t *claims = open_jwt(answer.jwt, "idcs-result+jwt");
    assert_string_equal(member(claims, "iss"), ISSUER);
    assert_string_equal(member(claims, "aud"), "cnss");
    assert_true(json_integer_value(json_object_get(claims, "exp")) == result.issued_s + 300);
    assert_null(json_object_get(claims, "attributes"));
    json_decref(claims);
    hsm_signer_stop(&signer);
}

static void attributes_with_the_largest_photo_are_signed(void **state) {
    (void)state;
    static const uint8_t photo[RESULT_VALUE_MAX];
    struct hsm_signer signer;
    static struct result result;
    result = new_result();
    result.kind = RESULT_ATTRIBUTES;
    result.attribute_count = 2;
    strcpy(result.attributes[0].name, "age_over_18");
    result.attributes[0].kind = RESULT_VALUE_TRUE;
    strcpy(result.attributes[1].name, "photo");
    result.attributes[1].kind = RESULT_VALUE_BYTES;
    result.attributes[1].value = bytes_of(photo, sizeof photo);
    hsm_signer_serve(&box, &with_issuer, &signer);
    struct hsm_result_signed answer = ask_result(&signer, &result);
    assert_int_equal(answer.receipt.status, ERR_OK);
    json_t *claims = open_jwt(answer.jwt, "idcs-attributes+jwt");
    json_t *attributes = json_object_get(claims, "attributes");
    assert_true(json_is_true(json_object_get(attributes, "age_over_18")));
    assert_int_equal(json_string_length(json_object_get(attributes, "photo")),
                     sizeof photo / 3 * 4);
    json_decref(claims);
    strcpy(result.attributes[0].name, "photo#2"); /* more than one JWT holds: refused, not cut */
    result.attributes[0].kind = RESULT_VALUE_BYTES;
    result.attributes[0].value = bytes_of(photo, sizeof photo - 8192);
    assert_int_equal(ask_result(&signer, &result).receipt.status, ERR_DENIED);
    hsm_signer_stop(&signer);
}

static void a_result_that_does_not_hold_together_is_not_signed(void **state) {
    (void)state;
    struct hsm_signer signer;
    hsm_signer_serve(&box, &with_issuer, &signer);
    struct result result = new_result();
    result.amr = 0;
    struct hsm_result_signed answer = ask_result(&signer, &result);
    assert_int_equal(answer.receipt.status, ERR_DENIED);
    assert_int_equal(answer.jwt.len, 0);
    result = new_result();
    result.issued_s += 3600; /* by the signer's own clock */
    answer = ask_result(&signer, &result);
    assert_int_equal(answer.receipt.status, ERR_DENIED);
    assert_true(answer.receipt.sequence == 0); /* the key was not used */
    hsm_signer_stop(&signer);
}

static void without_an_issuer_no_result_is_signed(void **state) {
    (void)state;
    HSM_BOX_NEEDS(CKM_ECDH1_DERIVE);
    struct hsm_signer signer;
    const struct hsm_signer_plan plan = {0};
    struct result result = new_result();
    uint8_t expected[HSM_CONTENT_KEY_BYTES];
    hsm_signer_serve(&box, &plan, &signer);
    assert_int_equal(ask_result(&signer, &result).receipt.status, ERR_DENIED);
    struct hsm_derive question = new_question(expected);
    assert_int_equal(ask_derive(&signer, &question).receipt.status, ERR_OK);
    hsm_signer_stop(&signer);
}

static void a_closed_box_neither_derives_nor_says_yes(void **state) {
    (void)state;
    HSM_BOX_NEEDS(CKM_ECDH1_DERIVE);
    static const struct {
        enum box_state state;
        enum err expected;
    } states[] = {
        {BOX_OPERATIONAL, ERR_OK}, {BOX_MAINTENANCE, ERR_DENIED}, {BOX_DEGRADED, ERR_OK},
        {BOX_FAILED, ERR_DENIED},  {BOX_OPERATIONAL, ERR_OK},
    };
    struct hsm_signer signer;
    uint8_t expected[HSM_CONTENT_KEY_BYTES];
    struct hsm_derive question = new_question(expected);
    struct result result = new_result();
    hsm_signer_serve(&box, &with_issuer, &signer);
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        hsm_signer_set_state(&signer, states[i].state);
        /* The control socket and the core's are two: ask until the news has been read. */
        while (ask_derive(&signer, &question).receipt.status != states[i].expected)
            ;
        assert_int_equal(ask_result(&signer, &result).receipt.status, states[i].expected);
    }
    hsm_signer_stop(&signer);
}

static void results_are_under_the_ceiling_of_statements(void **state) {
    (void)state;
    struct hsm_signer signer;
    const struct hsm_signer_plan plan = {.settings =
                                             "issuer = " ISSUER "\nstatements-a-second = 2\n"};
    struct result result = new_result();
    unsigned signed_results = 0;
    hsm_signer_serve(&box, &plan, &signer);
    int64_t begun_ms = clock_boot_ms();
    for (int i = 0; i < 20; i++) {
        enum err status = ask_result(&signer, &result).receipt.status;
        signed_results += status == ERR_OK;
        assert_true(status == ERR_OK || status == ERR_LIMIT);
    }
    int64_t seconds = (clock_boot_ms() - begun_ms) / 1000 + 1;
    assert_in_range(signed_results, 2, 2 + 2 * seconds);
    hsm_signer_stop(&signer);
}

static void provd_may_ask_for_neither(void **state) {
    (void)state;
    HSM_BOX_NEEDS(CKM_ECDH1_DERIVE);
    uint8_t expected[HSM_CONTENT_KEY_BYTES];
    struct hsm_derive question = new_question(expected);
    struct result result = new_result();
    for (int i = 0; i < 2; i++) {
        struct hsm_signer signer;
        hsm_signer_serve(&box, &with_issuer, &signer);
        if (i == 0)
            hsm_signer_send(&signer, signer.provd, HSM_DERIVE, derive_payload(&question));
        else
            hsm_signer_send(&signer, signer.provd, HSM_RESULT, result_payload(&result));
        assert_int_equal(hsm_signer_wait(&signer), BOOT_EXIT_FAILURE);
        hsm_signer_stop(&signer);
    }
}

static void a_question_that_breaks_its_grammar_ends_the_signer(void **state) {
    (void)state;
    static const uint16_t types[] = {HSM_DERIVE, HSM_RESULT};
    for (size_t i = 0; i < 2; i++) {
        struct hsm_signer signer;
        hsm_signer_serve(&box, &with_issuer, &signer);
        hsm_signer_send(&signer, signer.core, types[i], bytes_of_text("?"));
        assert_int_equal(hsm_signer_wait(&signer), BOOT_EXIT_FAILURE);
        hsm_signer_stop(&signer);
    }
}

/* A module that fails: no answer, and the process ends so that another takes its place. */
static void a_failing_module_ends_the_signer(void **state) {
    (void)state;
    HSM_BOX_NEEDS(CKM_ECDH1_DERIVE);
    static const char *const faults[] = {"2:fail", "2:lost"}; /* the first opens the pepper */
    uint8_t expected[HSM_CONTENT_KEY_BYTES];
    struct hsm_derive question = new_question(expected);
    struct result result = new_result();
    for (size_t i = 0; i < 4; i++) {
        struct hsm_signer signer;
        const struct hsm_signer_plan plan = {.fault = faults[i % 2],
                                             .settings = with_issuer.settings};
        hsm_signer_serve(&box, &plan, &signer);
        if (i < 2)
            hsm_signer_send(&signer, signer.core, HSM_DERIVE, derive_payload(&question));
        else
            hsm_signer_send(&signer, signer.core, HSM_RESULT, result_payload(&result));
        assert_int_equal(hsm_signer_wait(&signer), BOOT_EXIT_FAILURE);
        hsm_signer_stop(&signer);
    }
}

static void a_question_left_by_a_killed_signer_is_answered_by_its_heir(void **state) {
    (void)state;
    HSM_BOX_NEEDS(CKM_ECDH1_DERIVE);
    struct hsm_signer dead, heir;
    uint8_t expected[HSM_CONTENT_KEY_BYTES];
    struct hsm_derive question = new_question(expected);
    struct hsm_derived answer;
    hsm_signer_serve(&box, &with_issuer, &dead);
    assert_int_equal(kill(dead.process, SIGSTOP), 0);
    hsm_signer_send(&dead, dead.core, HSM_DERIVE, derive_payload(&question));
    assert_int_equal(kill(dead.process, SIGKILL), 0);
    assert_int_equal(hsm_signer_wait(&dead), -SIGKILL);
    const struct hsm_signer_plan plan = {.heir_of = &dead};
    hsm_signer_start(&box, &plan, &heir);
    assert_true(hsm_signer_greet(&heir).provisioned);
    struct bytes payload = hsm_signer_receive(&heir, heir.core, HSM_DERIVED);
    assert_int_equal(hsm_wire_get_derived(payload, &answer), ERR_OK);
    assert_memory_equal(answer.content_key, expected, sizeof expected);
    hsm_signer_stop(&heir);
    (void)close(dead.control);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_keys_are_published_each_for_its_use),
        cmocka_unit_test(a_sender_and_the_signer_derive_the_same_content_key),
        cmocka_unit_test(what_cannot_be_derived_is_a_normal_answer),
        cmocka_unit_test(a_result_is_written_and_signed_with_the_token_key),
        cmocka_unit_test(attributes_with_the_largest_photo_are_signed),
        cmocka_unit_test(a_result_that_does_not_hold_together_is_not_signed),
        cmocka_unit_test(without_an_issuer_no_result_is_signed),
        cmocka_unit_test(a_closed_box_neither_derives_nor_says_yes),
        cmocka_unit_test(results_are_under_the_ceiling_of_statements),
        cmocka_unit_test(provd_may_ask_for_neither),
        cmocka_unit_test(a_question_that_breaks_its_grammar_ends_the_signer),
        cmocka_unit_test(a_failing_module_ends_the_signer),
        cmocka_unit_test(a_question_left_by_a_killed_signer_is_answered_by_its_heir),
    };
    return cmocka_run_group_tests(tests, make_box, remove_box);
}
