#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include "firmware/base/codec.h"
#include "authd/unseal/decode.h"
#include "authd/unseal/gcm.h"
#include "authd/unseal/jose_request.h"
#include "authd/unseal/jose_sealed.h"
#include "authd/wire/notify_wire.h"
#include "tests/unit/jose_sample.h"
#include "tests/unit/lane_jose.h"

enum { TEXT_SIZE = 8192, POINT_BYTES = 65, YEAR_S = 31536000 };

static const char *const programmes[] = {LANE_FIRST, LANE_SECOND};
static EVP_PKEY *signature_keys[2], *encryption_keys[2], *stranger;
static uint8_t derived[32] = {[0 ... 31] = LANE_CONTENT_KEY_BYTE};

const struct policy lane_jose_policy = {
    .id = "policy",
    .status = STATUS_ACTIVE,
    .allowed = AUTH_TYPE_BIT(AUTH_TYPE_OTP) | AUTH_TYPE_BIT(AUTH_TYPE_OTP_REQUEST) |
               AUTH_TYPE_BIT(AUTH_TYPE_DEMO) | AUTH_TYPE_BIT(AUTH_TYPE_KYC),
    .token_type = AUTH_TOKEN_RANDOM,
    .attribute_count = 4,
    .attributes = {
        {"phoneNumber", false}, {"emailId", true}, {"ageOver", false}, {"livesIn", false}}};

static void register_key(EVP_PKEY *pair, struct jose_client_key *key) {
    size_t len = 0;
    assert_int_equal(EVP_PKEY_get_octet_string_param(pair, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY,
                                                     key->point, sizeof key->point, &len),
                     1);
    assert_int_equal(len, POINT_BYTES);
    jose_client_kid(key->point, key->kid);
    key->not_after_ms = INT64_MAX;
}

static void put_client(struct registry_batch *batch, size_t index) {
    struct jose_client client = {.tls_thumbprint = {(uint8_t)(index + 1)},
                                 .tls_not_after_ms = INT64_MAX};
    snprintf(client.partner_id, sizeof client.partner_id, "%s", programmes[index]);
    register_key(signature_keys[index], &client.signature);
    register_key(encryption_keys[index], &client.encryption);
    registry_put_jose_client(batch, &client);
}

void lane_jose_end_keys(struct lane_box *box, int64_t tls_ago_ms, int64_t signature_ago_ms) {
    struct registry_batch batch = registry_begin(box->core->registry);
    struct jose_client client;
    uint64_t sequence;
    assert_int_equal(registry_jose_client(box->core->registry, LANE_FIRST, &client), ERR_OK);
    client.tls_not_after_ms = tls_ago_ms != 0 ? clock_wall_ms() - tls_ago_ms : INT64_MAX;
    client.signature.not_after_ms =
        signature_ago_ms != 0 ? clock_wall_ms() - signature_ago_ms : INT64_MAX;
    registry_put_jose_client(&batch, &client);
    assert_int_equal(registry_commit(&batch, &sequence), ERR_OK);
}

static void make_keys(void) {
    for (size_t i = 0; i < 2 && stranger == NULL; i++) {
        signature_keys[i] = EVP_EC_gen("P-256");
        encryption_keys[i] = EVP_EC_gen("P-256");
        assert_non_null(signature_keys[i]);
        assert_non_null(encryption_keys[i]);
    }
    if (stranger == NULL)
        stranger = EVP_EC_gen("P-256");
}

void lane_jose_put_policy(struct lane_box *box, const struct policy *policy) {
    struct registry_batch batch = registry_begin(box->core->registry);
    uint64_t sequence;
    registry_put_policy(&batch, policy);
    assert_int_equal(registry_commit(&batch, &sequence), ERR_OK);
}

void lane_jose_make(struct lane_box *box, const char *settings) {
    char text[1024];
    uint64_t sequence;
    snprintf(text, sizeof text, "issuer = %s\nrefusal-ms = %d\n%s", LANE_ISSUER, LANE_REFUSAL_MS,
             settings);
    make_keys();
    assert_int_equal(gcm_open(), ERR_OK);
    lane_fixture_make(box, text);
    struct registry_batch batch = registry_begin(box->core->registry);
    for (size_t i = 0; i < 2; i++)
        put_client(&batch, i);
    assert_int_equal(registry_commit(&batch, &sequence), ERR_OK);
    lane_jose_put_policy(box, &lane_jose_policy);
}

/* r ‖ s */
static void sign(EVP_PKEY *key, struct bytes text, uint8_t signature[static JOSE_SIGNATURE_BYTES]) {
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    uint8_t der[128];
    size_t len = sizeof der;
    assert_int_equal(EVP_DigestSignInit(digest, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_equal(EVP_DigestSign(digest, der, &len, text.data, text.len), 1);
    EVP_MD_CTX_free(digest);
    const unsigned char *at = der;
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)len);
    assert_non_null(pair);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature, 32), 32);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature + 32, 32), 32);
    ECDSA_SIG_free(pair);
}

static void put_text(struct buffer *target, const char *text) {
    codec_base64url(target, bytes_of_text(text));
}

static void identifier_of(const struct lane_jose_post *post,
                          char text[static IDENTIFIER_UIN_DIGITS + 1]) {
    lane_fixture_identifier(post->person != 0 ? post->person : 77777777, text);
    if (post->number != NULL)
        snprintf(text, IDENTIFIER_UIN_DIGITS + 1, "%s", post->number);
}

static const char *or_else(const char *text, const char *other) {
    return text != NULL ? text : other;
}

static const char *or_nothing(const char *text) {
    return or_else(text, "");
}

/* The plaintext, encrypted with the key that is derived for everybody. */
static void write_sealed(const struct lane_jose_post *post, const char *nonce, int64_t now_s,
                         struct buffer *sealed) {
    static const uint8_t iv[JOSE_IV_BYTES] = {1};
    char plain[TEXT_SIZE], identifier[IDENTIFIER_UIN_DIGITS + 1], code[32] = "";
    uint8_t ciphertext[TEXT_SIZE], tag[JOSE_TAG_BYTES];
    identifier_of(post, identifier);
    if (post->code != NULL)
        snprintf(code, sizeof code, ",\"otp\":\"%s\"", post->code);
    int len = snprintf(
        plain, sizeof plain,
        "{\"aud\":\"%s\",\"iss\":\"%s\",\"txn\":\"%s\",\"iat\":%lld,\"nonce\":\"%s\","
        "\"device\":\"counter 4\",\"individualId\":\"%s\","
        "\"individualIdType\":\"UIN\"%s%s}",
        or_else(post->block.audience, LANE_ISSUER), or_else(post->block.issuer, post->programme),
        or_else(post->block.transaction, post->transaction), (long long)(now_s - post->block.age_s),
        nonce, identifier, code, or_nothing(post->sealed));
    put_text(sealed, jose_sample_object(jose_sample_jwe_header, NULL, NULL));
    const struct jose_sample_sealing sealing = {.key = derived,
                                                .iv = iv,
                                                .additional = bytes_of(sealed->data, sealed->len),
                                                .plaintext = bytes_of(plain, (size_t)len)};
    jose_sample_seal(&sealing, ciphertext, tag);
    buffer_raw(sealed, "..", 2);
    codec_base64url(sealed, bytes_of(iv, sizeof iv));
    buffer_raw(sealed, ".", 1);
    codec_base64url(sealed, bytes_of(ciphertext, (size_t)len));
    buffer_raw(sealed, ".", 1);
    codec_base64url(sealed, bytes_of(tag, sizeof tag));
    buffer_u8(sealed, 0);
    assert_int_equal(sealed->err, ERR_OK);
}

static void write_binding(const struct lane_jose_post *post, const char *nonce,
                          struct buffer *binding) {
    char identifier[IDENTIFIER_UIN_DIGITS + 1], text[256];
    uint8_t hash[32];
    identifier_of(post, identifier);
    int len = snprintf(text, sizeof text, "%s.UIN.%s", nonce,
                       post->bound != NULL ? post->bound : identifier);
    SHA256((const uint8_t *)text, (size_t)len, hash);
    codec_base64url(binding, bytes_of(hash, sizeof hash));
    buffer_u8(binding, 0);
}

static void write_claims(const struct lane_jose_post *post, char claims[static TEXT_SIZE]) {
    static unsigned count;
    char sealed_text[TEXT_SIZE], binding_text[64], nonce[32];
    struct buffer sealed = buffer_over(sealed_text, sizeof sealed_text);
    struct buffer binding = buffer_over(binding_text, sizeof binding_text);
    int64_t now_s = clock_wall_ms() / 1000 - post->age_s;
    snprintf(nonce, sizeof nonce, "nonce-%020u", ++count);
    const char *used = post->nonce != NULL ? post->nonce : nonce;
    write_sealed(post, used, now_s, &sealed);
    write_binding(post, used, &binding);
    int len =
        snprintf(claims, TEXT_SIZE,
                 "{\"iss\":\"%s\",\"aud\":\"%s\",\"iat\":%lld,\"txn\":\"%s\",\"api_key\":\"key\","
                 "\"binding\":\"%s\",\"sealed\":\"%s\",%s%s}",
                 post->programme, or_else(post->audience, LANE_ISSUER), (long long)now_s,
                 post->transaction, binding_text, sealed_text,
                 post->function == FUNCTION_OTP ? "\"channels\":[\"phone\"]" : "\"consent\":true",
                 or_nothing(post->claims));
    assert_in_range(len, 1, TEXT_SIZE - 1);
}

static size_t index_of(const char *programme) {
    return strcmp(programme, LANE_FIRST) == 0 ? 0 : 1;
}

static void write_jws(const struct lane_jose_post *post, const char *claims, struct buffer *body) {
    char header[256], kid[64];
    uint8_t signature[JOSE_SIGNATURE_BYTES];
    struct jose_client_key key = {.not_before_ms = 0};
    size_t programme = index_of(post->programme);
    register_key(signature_keys[programme], &key);
    struct buffer kid_text = buffer_over(kid, sizeof kid);
    codec_base64url(&kid_text, bytes_of(key.kid, sizeof key.kid));
    snprintf(header, sizeof header,
             "{\"alg\":\"ES256\",\"typ\":\"idcs-request+jws\",\"kid\":\"%.*s\"}", (int)kid_text.len,
             kid);
    put_text(body, header);
    buffer_u8(body, '.');
    put_text(body, claims);
    sign(post->is_forged ? stranger : signature_keys[programme], bytes_of(body->data, body->len),
         signature);
    buffer_u8(body, '.');
    codec_base64url(body, bytes_of(signature, sizeof signature));
}

static uint8_t posted_memory[FRAME_PAYLOAD_MAX];
static struct bytes posted;

uint64_t lane_jose_post(struct lane_box *box, const struct lane_jose_post *post) {
    static const char *const paths[] = {[FUNCTION_AUTH] = "/v1/authentications",
                                        [FUNCTION_OTP] = "/v1/otp",
                                        [FUNCTION_KYC] = "/v1/attributes"};
    static uint8_t memory[4 * TEXT_SIZE];
    char claims[TEXT_SIZE];
    struct buffer body = buffer_over(memory, sizeof memory);
    struct buffer payload = buffer_over(posted_memory, sizeof posted_memory);
    write_claims(post, claims);
    if (post->is_bare)
        buffer_raw(&body, claims, strlen(claims));
    else
        write_jws(post, claims, &body);
    size_t connection = index_of(post->programme) ^ (size_t)post->is_elsewhere;
    const struct edge_request request = {.profile = EDGE_PROFILE_JOSE,
                                         .media = post->is_bare ? EDGE_MEDIA_JSON : EDGE_MEDIA_JOSE,
                                         .method = EDGE_POST,
                                         .path = bytes_of_text(paths[post->function]),
                                         .client_thumbprint = {(uint8_t)(connection + 1)},
                                         .has_idempotency_key = post->key != NULL,
                                         .idempotency_key = bytes_of_text(or_nothing(post->key)),
                                         .body = bytes_of(memory, body.len),
                                         .received_boot_ms = clock_boot_ms()};
    edge_wire_put_request(&payload, &request);
    assert_int_equal(buffer_end(&payload, &posted), ERR_OK);
    return lane_jose_post_again(box);
}

uint64_t lane_jose_post_again(struct lane_box *box) {
    const struct frame frame = {
        .type = EDGE_REQUEST, .id = ++box->next_edge_id, .generation = 77, .payload = posted};
    lane_fixture_send(box, PARTY_EDGE, &frame);
    return frame.id;
}

uint64_t lane_jose_post_to(struct lane_box *box, const char *path) {
    static uint8_t copy[FRAME_PAYLOAD_MAX];
    struct edge_request request;
    struct buffer payload = buffer_over(posted_memory, sizeof posted_memory);
    memcpy(copy, posted.data, posted.len);
    assert_int_equal(edge_wire_get_request(bytes_of(copy, posted.len), &request), ERR_OK);
    request.path = bytes_of_text(path);
    edge_wire_put_request(&payload, &request);
    assert_int_equal(buffer_end(&payload, &posted), ERR_OK);
    return lane_jose_post_again(box);
}

static uint8_t workspace_memory[DECODE_WORKSPACE_BYTES];

static void read_request(struct bytes question, struct buffer *payload) {
    static struct jose_request read;
    struct edge_request request;
    struct buffer workspace = buffer_over(workspace_memory, sizeof workspace_memory);
    assert_int_equal(jose_wire_get_request_question(question, &request), ERR_OK);
    jose_request_read(&request, &workspace, &read);
    jose_wire_put_request(payload, &read);
}

static void unseal(struct bytes question, struct buffer *payload) {
    static struct jose_sealed read;
    struct jose_sealed_question asked;
    struct buffer workspace = buffer_over(workspace_memory, sizeof workspace_memory);
    assert_int_equal(jose_wire_get_sealed_question(question, &asked), ERR_OK);
    assert_int_equal(jose_sealed_unseal(&asked, &workspace, &read), ERR_OK);
    jose_wire_put_sealed(payload, &read);
}

static void derive(struct bytes question, struct buffer *payload) {
    struct hsm_derive asked;
    struct hsm_derived answer = {.receipt.status = ERR_OK};
    assert_int_equal(hsm_wire_get_derive(question, &asked), ERR_OK);
    memcpy(answer.content_key, derived, sizeof derived);
    hsm_wire_put_derived(payload, &answer);
}

static struct result last_result;
static uint8_t last_memory[FRAME_PAYLOAD_MAX];

const struct result *lane_jose_result(void) {
    return &last_result;
}

/* The JWT says what was to be written, so that the test sees it leave. */
static void write_result(struct bytes question, struct buffer *payload) {
    char jwt[256];
    memcpy(last_memory, question.data, question.len);
    assert_int_equal(hsm_wire_get_result(bytes_of(last_memory, question.len), &last_result),
                     ERR_OK);
    snprintf(jwt, sizeof jwt, "%s %s %s %lld %u", last_result.transaction, last_result.audience,
             last_result.subject, (long long)last_result.issued_s, last_result.amr);
    const struct hsm_result_signed answer = {.receipt.status = ERR_OK, .jwt = bytes_of_text(jwt)};
    hsm_wire_put_result_signed(payload, &answer);
}

void lane_jose_hold(struct lane_box *box, enum lane_party party, uint16_t type,
                    struct lane_party_answer *answer) {
    struct frame question = lane_fixture_receive(box, party, type);
    static const struct {
        uint16_t type;
        void (*answer)(struct bytes question, struct buffer *payload);
    } parts[] = {{JOSE_REQUEST, read_request},
                 {JOSE_SEALED, unseal},
                 {HSM_DERIVE, derive},
                 {HSM_RESULT, write_result}};
    struct buffer payload = buffer_over(answer->memory, sizeof answer->memory);
    answer->frame =
        (struct frame){.type = type + 1, .id = question.id, .generation = question.generation};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i].type == type)
            parts[i].answer(question.payload, &payload);
    assert_int_equal(buffer_end(&payload, &answer->frame.payload), ERR_OK);
}

void lane_jose_play(struct lane_box *box, enum lane_party party, uint16_t type) {
    static struct lane_party_answer answer;
    if (type == HSM_LOOKUP) {
        lane_party_play(box, party, type);
        return;
    }
    lane_jose_hold(box, party, type, &answer);
    lane_fixture_send(box, party, &answer.frame);
}

void lane_jose_play_lookup(struct lane_box *box) {
    lane_jose_play(box, PARTY_UNSEAL, JOSE_REQUEST);
    lane_jose_play(box, PARTY_SIGNER, HSM_DERIVE);
    lane_jose_play(box, PARTY_UNSEAL, JOSE_SEALED);
    lane_jose_play(box, PARTY_SIGNER, HSM_LOOKUP);
}

struct lane_jose_answer lane_jose_answer(struct lane_box *box) {
    static const char type[] = "\"type\":\"urn:idcs:problem:";
    struct lane_jose_answer result = {.problem = ""};
    struct edge_answer answer;
    struct frame frame = lane_fixture_receive(box, PARTY_EDGE, EDGE_ANSWER);
    assert_int_equal(edge_wire_get_answer(frame.payload, &answer), ERR_OK);
    result.id = frame.id;
    result.status = answer.status;
    result.retry_after_seconds = answer.retry_after_seconds;
    assert_true(answer.body.len < sizeof result.body);
    if (answer.body.len > 0)
        memcpy(result.body, answer.body.data, answer.body.len);
    const char *found = strstr(result.body, type);
    assert_int_equal(found != NULL, answer.content == EDGE_PROBLEM);
    if (found != NULL)
        snprintf(result.problem, sizeof result.problem, "%.*s",
                 (int)strcspn(found + sizeof type - 1, "\""), found + sizeof type - 1);
    return result;
}

struct lane_jose_answer lane_jose_try(struct lane_box *box, const struct lane_jose_post *post,
                                      bool is_yes) {
    uint64_t id = lane_jose_post(box, post);
    lane_jose_play_lookup(box);
    if (is_yes)
        lane_jose_play(box, PARTY_SIGNER, HSM_RESULT);
    struct lane_jose_answer answer = lane_jose_answer(box);
    assert_int_equal(answer.id, id);
    return answer;
}

struct lane_jose_code lane_jose_ask(struct lane_box *box, const struct lane_jose_post *post) {
    static struct lane_party_answer delivered;
    struct lane_jose_code code = {.answer = lane_jose_try(box, post, false)};
    struct notify_otp message;
    struct frame question = lane_fixture_receive(box, PARTY_NOTIFIER, NOTIFY_OTP);
    assert_int_equal(notify_wire_get_otp(question.payload, &message), ERR_OK);
    memcpy(code.code, message.otp, sizeof message.otp);
    lane_party_notify(&question, true, &delivered);
    lane_fixture_send(box, PARTY_NOTIFIER, &delivered.frame);
    lane_fixture_turn(box);
    return code;
}
