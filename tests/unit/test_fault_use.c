#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <p11-kit/pkcs11.h>

#include "firmware/base/clock.h"
#include "firmware/base/codec.h"
#include "firmware/base/secret.h"
#include "hsm/unwrap.h"
#include "hsm/wire_tls.h"
#include "tests/lib/hsm_box.h"

/*
 * The module fails while a signer serves. No answer comes of it: the process ends, and the next one
 * answers what it is asked.
 */
#define NOTHING bytes_of(NULL, 0)
#define ISSUER  "https://id.example"

static struct hsm_box box;

enum asked { UNWRAP, STATEMENT, RESULT, CHECKPOINT, TLS_SIGN, DERIVE, ASKED };

static uint8_t payloads[ASKED][4096];
static size_t payload_lens[ASKED];

static enum err status_unwrapped(struct bytes payload) {
    struct hsm_unwrapped answer;
    assert_int_equal(hsm_wire_get_unwrapped(payload, &answer), ERR_OK);
    for (size_t i = 0; i < HSM_CONTENT_KEY_BYTES; i++)
        assert_int_equal(answer.content_key[i], answer.receipt.status == ERR_OK ? 0x41 : 0);
    return answer.receipt.status;
}

static enum err status_stated(struct bytes payload) {
    struct hsm_stated answer;
    assert_int_equal(hsm_wire_get_stated(payload, &answer), ERR_OK);
    return answer.receipt.status;
}

static enum err status_result(struct bytes payload) {
    struct hsm_result_signed answer;
    assert_int_equal(hsm_wire_get_result_signed(payload, &answer), ERR_OK);
    return answer.receipt.status;
}

static enum err status_checkpointed(struct bytes payload) {
    struct hsm_checkpointed answer;
    assert_int_equal(hsm_wire_get_checkpointed(payload, &answer), ERR_OK);
    return answer.receipt.status;
}

static enum err status_tls_signed(struct bytes payload) {
    struct hsm_tls_signed answer;
    assert_int_equal(hsm_wire_get_tls_signed(payload, &answer), ERR_OK);
    return answer.receipt.status;
}

static enum err status_derived(struct bytes payload) {
    struct hsm_derived answer;
    assert_int_equal(hsm_wire_get_derived(payload, &answer), ERR_OK);
    return answer.receipt.status;
}

static const struct question {
    uint16_t verb;
    const char *role;
    enum pkcs11_function init, use;
    enum err (*status)(struct bytes payload);
} questions[ASKED] = {
    [UNWRAP] = {HSM_UNWRAP, "core", PKCS11_C_DecryptInit, PKCS11_C_Decrypt, status_unwrapped},
    [STATEMENT] = {HSM_STATEMENT, "core", PKCS11_C_SignInit, PKCS11_C_Sign, status_stated},
    [RESULT] = {HSM_RESULT, "core", PKCS11_C_SignInit, PKCS11_C_Sign, status_result},
    [CHECKPOINT] = {HSM_CHECKPOINT, "core", PKCS11_C_SignInit, PKCS11_C_Sign, status_checkpointed},
    [TLS_SIGN] = {HSM_TLS_SIGN, "edge", PKCS11_C_SignInit, PKCS11_C_Sign, status_tls_signed},
    [DERIVE] = {HSM_DERIVE, "core", PKCS11_C_DeriveKey, PKCS11_C_DeriveKey, status_derived},
};

static bool is_able(enum asked asked) {
    return asked != DERIVE || hsm_box_has(CKM_ECDH1_DERIVE);
}

/* Edge's is not the first, which begins with a silence. */
static void start(const char *role, const struct hsm_signer *heir_of, struct hsm_signer *signer) {
    const struct hsm_signer_plan plan = {.index = strcmp(role, "edge") == 0,
                                         .role = role,
                                         .fault = "",
                                         .settings = "issuer = " ISSUER "\n",
                                         .heir_of = heir_of};
    hsm_signer_serve(&box, &plan, signer);
}

static void put_question(struct hsm_signer *signer, enum asked asked) {
    hsm_signer_send(signer, signer->core, questions[asked].verb,
                    bytes_of(payloads[asked], payload_lens[asked]));
}

static enum err receive(struct hsm_signer *signer, enum asked asked) {
    uint16_t answer = (uint16_t)(questions[asked].verb + 1);
    return questions[asked].status(hsm_signer_receive(signer, signer->core, answer));
}

static void assert_serves(enum asked asked) {
    struct hsm_signer signer;
    start(questions[asked].role, NULL, &signer);
    put_question(&signer, asked);
    assert_int_equal(receive(&signer, asked), ERR_OK);
    hsm_signer_stop(&signer);
}

static void assert_no_answer(const struct hsm_signer *signer) {
    static uint8_t memory[FRAME_MAX_BYTES];
    struct frame frame;
    assert_int_not_equal(frame_receive(signer->core, memory, sizeof memory, &frame, 0), ERR_OK);
}

/* ---- the questions ---- */

static void put_unwrap(struct buffer *target, const struct hsm_publication *published) {
    char pem[8192];
    uint8_t der[2048], *at = der;
    struct hsm_unwrap question = {.purpose = HSM_PURPOSE_PARTNER, .has_id_hash = true};
    SECRET(key);
    assert_int_equal(bytes_to_text(published->partner_pem, pem, sizeof pem), ERR_OK);
    BIO *memory = BIO_new_mem_buf(pem, -1);
    X509 *certificate = PEM_read_bio_X509(memory, NULL, NULL, NULL);
    int len = i2d_X509(certificate, &at);
    assert_in_range(len, 1, sizeof der);
    assert_int_equal(secret_new(&key, HSM_CONTENT_KEY_BYTES), ERR_OK);
    memset(key.data, 0x41, key.len);
    assert_int_equal(unwrap_seal(bytes_of(der, (size_t)len), "", &key, question.wrapped), ERR_OK);
    hsm_wire_put_unwrap(target, &question);
    X509_free(certificate);
    BIO_free(memory);
}

static void put_statement(struct buffer *target, const struct hsm_publication *published) {
    const struct statement statement = {
        .kind = STATEMENT_AUTH,
        .id = "mosip.identity.auth",
        .version = "1.0",
        .transaction = "1234567890",
        .response_time_ms = clock_wall_ms(),
        .verdict = true,
        .token = "262857117820347028021645134813734032",
    };
    (void)published;
    hsm_wire_put_statement(target, &statement);
}

static void put_result(struct buffer *target, const struct hsm_publication *published) {
    int64_t now_s = clock_wall_ms() / 1000;
    const struct result result = {
        .kind = RESULT_AUTHENTICATION,
        .audience = "cnss",
        .subject = "262857117820347028021645134813734032",
        .transaction = "txn-0001",
        .issued_s = now_s,
        .auth_time_s = now_s,
        .lifetime_seconds = 300,
        .amr = RESULT_AMR_OTP,
    };
    (void)published;
    hsm_wire_put_result(target, &result);
}

static void put_checkpoint(struct buffer *target, const struct hsm_publication *published) {
    const struct hsm_checkpoint question = {.tree_size = 5, .wall_ms = clock_wall_ms()};
    (void)published;
    hsm_wire_put_checkpoint(target, &question);
}

static void put_tls_sign(struct buffer *target, const struct hsm_publication *published) {
    struct hsm_signer signer;
    struct hsm_tls_chain chain;
    struct hsm_tls_sign question = {.scheme = HSM_TLS_ECDSA_SHA256};
    (void)published;
    start("edge", NULL, &signer);
    struct bytes payload = hsm_signer_ask(&signer, signer.core, HSM_TLS_CHAIN, NOTHING);
    assert_int_equal(hsm_wire_get_tls_chain(payload, &chain), ERR_OK);
    memcpy(question.key_id, chain.key_id, sizeof question.key_id);
    hsm_wire_put_tls_sign(target, &question);
    hsm_signer_stop(&signer);
}

static void put_derive(struct buffer *target, const struct hsm_publication *published) {
    uint8_t point[65], kid[CODEC_BASE64_BYTES(64)];
    size_t len;
    struct hsm_derive question = {.party_u = bytes_of_text("Alice")};
    EVP_PKEY *key = EVP_EC_gen("P-256");
    if (!is_able(DERIVE))
        return;
    assert_int_equal(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point,
                                                     sizeof point, &len),
                     1);
    memcpy(question.x, point + 1, sizeof question.x);
    memcpy(question.y, point + 33, sizeof question.y);
    assert_int_equal(codec_base64_decode(bytes_of_text(published->request_kid), CODEC_STRICT, kid,
                                         sizeof kid, &len),
                     ERR_OK);
    memcpy(question.kid, kid, sizeof question.kid);
    hsm_wire_put_derive(target, &question);
    EVP_PKEY_free(key);
}

static void take_publication(struct hsm_signer *signer, struct hsm_publication *published) {
    struct bytes payload = hsm_signer_ask(signer, signer->core, HSM_PUBLISHED, NOTHING);
    assert_int_equal(hsm_wire_get_publication(payload, published), ERR_OK);
}

static int make_box(void **state) {
    (void)state;
    static void (*const puts[ASKED])(struct buffer *, const struct hsm_publication *) = {
        put_unwrap, put_statement, put_result, put_checkpoint, put_tls_sign, put_derive};
    struct hsm_signer signer;
    hsm_box_make(&box);
    if (secret_arena_open(65536) != ERR_OK)
        return -1;
    hsm_signer_provision(&box, &signer);
    hsm_signer_stop(&signer);
    for (size_t i = 0; i < ASKED; i++) {
        struct hsm_publication published;
        struct buffer target = buffer_over(payloads[i], sizeof payloads[i]);
        start("core", NULL, &signer);
        take_publication(&signer, &published);
        puts[i](&target, &published);
        assert_int_equal(target.err, ERR_OK);
        payload_lens[i] = target.len;
        hsm_signer_stop(&signer);
    }
    return 0;
}

static int remove_box(void **state) {
    (void)state;
    hsm_box_remove(&box);
    return 0;
}

/* ---- the faults ---- */

static void assert_ends(enum asked asked, const struct hsm_fault *fault) {
    struct hsm_signer signer;
    start(questions[asked].role, NULL, &signer);
    hsm_box_break(&box, fault);
    put_question(&signer, asked);
    assert_int_equal(hsm_signer_wait(&signer), BOOT_EXIT_FAILURE);
    assert_int_equal(hsm_box_struck(&box), 1);
    assert_no_answer(&signer);
    hsm_box_heal(&box);
    hsm_signer_stop(&signer);
}

/* What modules answer when something is wrong with the device, the session, the login, the key, or
 * an operation that another caller has left open. */
static void no_failure_becomes_an_answer(void **state) {
    (void)state;
    static const CK_RV results[] = {
        CKR_DEVICE_ERROR,
        CKR_SESSION_HANDLE_INVALID,
        CKR_USER_NOT_LOGGED_IN,
        CKR_GENERAL_ERROR,
        CKR_DEVICE_REMOVED,
        CKR_TOKEN_NOT_PRESENT,
        CKR_SESSION_CLOSED,
        CKR_KEY_HANDLE_INVALID,
        CKR_OBJECT_HANDLE_INVALID,
        CKR_DEVICE_MEMORY,
        CKR_HOST_MEMORY,
        CKR_BUFFER_TOO_SMALL,
        CKR_FUNCTION_FAILED,
        CKR_OPERATION_ACTIVE,
        CKR_CRYPTOKI_NOT_INITIALIZED,
        CKR_OPERATION_NOT_INITIALIZED,
    };
    for (enum asked asked = 0; asked < ASKED; asked++) {
        size_t count = asked == UNWRAP || asked == STATEMENT ? sizeof results / sizeof *results : 3;
        if (!is_able(asked))
            continue;
        for (size_t i = 0; i < count; i++)
            assert_ends(asked, &(struct hsm_fault){.function = questions[asked].use,
                                                   .kind = PKCS11_RETURNS,
                                                   .result = results[i]});
        assert_ends(asked, &(struct hsm_fault){.function = questions[asked].init,
                                               .kind = PKCS11_RETURNS,
                                               .result = CKR_OPERATION_ACTIVE});
        assert_serves(asked);
    }
}

/* Done, but said to have failed: what was made is not used either. */
static void what_was_done_and_called_a_failure_is_none_the_less_one(void **state) {
    (void)state;
    for (enum asked asked = 0; asked < ASKED; asked++)
        if (is_able(asked))
            assert_ends(asked, &(struct hsm_fault){.function = questions[asked].use,
                                                   .kind = PKCS11_DOES,
                                                   .result = CKR_DEVICE_ERROR});
}

static void a_reset_and_a_logout_by_others_end_the_signer(void **state) {
    (void)state;
    static const enum pkcs11_fault_kind kinds[] = {PKCS11_LOSES, PKCS11_LOGS_OUT};
    for (enum asked asked = 0; asked < ASKED; asked++) {
        for (size_t i = 0; i < 2 && is_able(asked); i++)
            assert_ends(asked,
                        &(struct hsm_fault){.function = questions[asked].init, .kind = kinds[i]});
    }
    assert_serves(UNWRAP);
    assert_serves(STATEMENT);
}

static void no_wrong_signature_leaves(void **state) {
    (void)state;
    for (enum asked asked = STATEMENT; asked <= TLS_SIGN; asked++) {
        assert_ends(asked, &(struct hsm_fault){
                               .function = PKCS11_C_Sign, .kind = PKCS11_FLIPS, .times = 1});
        assert_serves(asked);
    }
}

/* OAEP finds it; nobody can tell it from a sender's mistake. */
static void what_is_decrypted_wrong_is_no_content_key(void **state) {
    (void)state;
    struct hsm_signer signer;
    start("core", NULL, &signer);
    hsm_box_break(
        &box, &(struct hsm_fault){.function = PKCS11_C_Decrypt, .kind = PKCS11_FLIPS, .times = 1});
    put_question(&signer, UNWRAP);
    assert_int_equal(receive(&signer, UNWRAP), ERR_CRYPTO);
    assert_int_equal(hsm_box_struck(&box), 1);
    put_question(&signer, UNWRAP);
    assert_int_equal(receive(&signer, UNWRAP), ERR_OK);
    hsm_signer_stop(&signer);
}

/* Another has the same keys meanwhile, and its successor answers what is asked then. */
static void a_call_that_hangs_is_seen_and_a_successor_serves(void **state) {
    (void)state;
    static const enum asked each[] = {UNWRAP, STATEMENT, DERIVE};
    for (size_t i = 0; i < 3; i++) {
        struct hsm_signer hung, heir;
        if (!is_able(each[i]))
            continue;
        start("core", NULL, &hung);
        hsm_box_break(&box, &(struct hsm_fault){.function = questions[each[i]].use,
                                                .kind = PKCS11_HANGS,
                                                .times = 1});
        put_question(&hung, each[i]);
        hsm_box_await_strike(&box);
        put_question(&hung, STATEMENT);
        hsm_signer_kill_when_silent(&hung);
        start("core", &hung, &heir);
        assert_int_equal(receive(&heir, STATEMENT), ERR_OK);
        put_question(&heir, each[i]);
        assert_int_equal(receive(&heir, each[i]), ERR_OK);
        hsm_signer_stop(&heir);
        (void)close(hung.control);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_failure_becomes_an_answer),
        cmocka_unit_test(what_was_done_and_called_a_failure_is_none_the_less_one),
        cmocka_unit_test(a_reset_and_a_logout_by_others_end_the_signer),
        cmocka_unit_test(no_wrong_signature_leaves),
        cmocka_unit_test(what_is_decrypted_wrong_is_no_content_key),
        cmocka_unit_test(a_call_that_hangs_is_seen_and_a_successor_serves),
    };
    return cmocka_run_group_tests(tests, make_box, remove_box);
}
