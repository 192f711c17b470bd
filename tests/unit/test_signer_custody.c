#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>
#include <p11-kit/pkcs11.h>
#include <sodium.h>

#include "firmware/base/codec.h"
#include "firmware/base/secret.h"
#include "hsm/jwk.h"
#include "hsm/unwrap.h"
#include "hsm/wire_keys.h"
#include "tests/lib/hsm_box.h"
#include "tests/unit/agree_sender.h"

/* Running signers whose keys are wrapped: officers choose it, and clients do not notice. */
#define NOTHING         bytes_of(NULL, 0)
#define LEAST_LOCKED_KB 256
#define TOO_FEW_BYTES   (1024u * 1024u)

static struct hsm_box box;
static struct hsm_signer signer;

/* Seconds for days; a superseded key still opens for a thousand of them. */
static const struct hsm_signer_plan hurried = {
    .settings = "issuer = https://id.example\npublished-max-age = 0\nkey-propagation = 3\n"
                "key-skew = 0\nkey-day = 1\nrequest-overlap-days = 1000\n"
                "partner-overlap-days = 1000\nida-fir-overlap-days = 1000\n",
};

static enum err order(enum hsm_order kind, enum hsm_purpose purpose, bool dry_run) {
    const struct hsm_key_order question = {.order = kind, .purpose = purpose, .dry_run = dry_run};
    return hsm_signer_order(&signer, &question).receipt.status;
}

static const struct hsm_keys *keys(void) {
    static struct hsm_keys told;
    struct bytes payload =
        hsm_signer_ask_past_hello(&signer, signer.provd, HSM_KEYS, hsm_signer_all_keys());
    assert_int_equal(hsm_wire_get_keys(payload, &told), ERR_OK);
    assert_int_equal(told.receipt.status, ERR_OK);
    return &told;
}

static struct hsm_key_shown active(enum hsm_purpose purpose) {
    const struct hsm_keys *told = keys();
    for (size_t i = 0; i < told->count; i++)
        if (told->keys[i].purpose == purpose && told->keys[i].state == KEYSTATE_ACTIVE)
            return told->keys[i];
    fail();
    return (struct hsm_key_shown){0};
}

/* ---- what a client has ---- */

struct published {
    uint8_t partner_memory[2048], request_memory[2048];
    struct bytes partner, request; /* certificates; empty: none */
};

static struct bytes der_of(struct bytes base64, uint8_t memory[static 2048]) {
    size_t len;
    assert_int_equal(codec_base64_decode(base64, CODEC_SKIP_NEWLINES, memory, 2048, &len), ERR_OK);
    return bytes_of(memory, len);
}

static struct bytes from_pem(struct bytes pem, uint8_t memory[static 2048]) {
    static const char begin[] = "-----BEGIN CERTIFICATE-----\n", end[] = "-----END";
    const uint8_t *from = (const uint8_t *)memmem(pem.data, pem.len, begin, strlen(begin));
    assert_non_null(from);
    from += strlen(begin);
    const uint8_t *until =
        (const uint8_t *)memmem(from, (size_t)(pem.data + pem.len - from), end, strlen(end));
    assert_non_null(until);
    return der_of(bytes_of(from, (size_t)(until - from)), memory);
}

static struct bytes from_jwks(struct bytes jwks, const char *kid, uint8_t memory[static 2048]) {
    struct bytes found = NOTHING;
    size_t index;
    json_t *key, *set = json_loadb((const char *)jwks.data, jwks.len, 0, NULL);
    assert_non_null(set);
    json_array_foreach(json_object_get(set, "keys"), index, key) {
        const char *x5c = json_string_value(json_array_get(json_object_get(key, "x5c"), 0));
        if (strcmp(json_string_value(json_object_get(key, "kid")), kid) == 0)
            found = der_of(bytes_of_text(x5c), memory);
    }
    json_decref(set);
    return found;
}

static void fetch(struct published *published) {
    struct hsm_publication answer;
    struct bytes payload = hsm_signer_ask_past_hello(&signer, signer.core, HSM_PUBLISHED, NOTHING);
    assert_int_equal(hsm_wire_get_publication(payload, &answer), ERR_OK);
    assert_int_equal(answer.receipt.status, ERR_OK);
    published->partner = from_pem(answer.partner_pem, published->partner_memory);
    published->request = from_jwks(answer.jwks, answer.request_kid, published->request_memory);
}

/* The generation of the key of PARTNER that opens what is encrypted to ${certificate}. */
static uint16_t unwrap(struct hsm_signer *whom, struct bytes certificate) {
    uint8_t memory[1024];
    struct hsm_unwrap question = {.has_thumbprint = true, .purpose = HSM_PURPOSE_PARTNER};
    struct hsm_unwrapped answer;
    struct buffer target = buffer_over(memory, sizeof memory);
    SECRET(content);
    (void)crypto_hash_sha256(question.thumbprint, certificate.data, certificate.len);
    assert_int_equal(secret_random(&content, UNWRAP_SECRET_BYTES), ERR_OK);
    assert_int_equal(unwrap_seal(certificate, UNWRAP_LABEL_REQUEST, &content, question.wrapped),
                     ERR_OK);
    hsm_wire_put_unwrap(&target, &question);
    struct bytes payload =
        hsm_signer_ask_past_hello(whom, whom->core, HSM_UNWRAP, bytes_of(memory, target.len));
    assert_int_equal(hsm_wire_get_unwrapped(payload, &answer), ERR_OK);
    assert_int_equal(answer.receipt.status, ERR_OK);
    assert_memory_equal(answer.content_key, content.data, content.len);
    return answer.generation;
}

/* What somebody garbled is an ordinary refusal, and the signer goes on. */
static void assert_garbled_is_refused(struct bytes certificate) {
    uint8_t memory[1024];
    struct hsm_unwrap question = {.has_thumbprint = true, .purpose = HSM_PURPOSE_PARTNER};
    struct hsm_unwrapped answer;
    struct buffer target = buffer_over(memory, sizeof memory);
    (void)crypto_hash_sha256(question.thumbprint, certificate.data, certificate.len);
    randombytes_buf(question.wrapped, sizeof question.wrapped);
    question.wrapped[0] = 0;
    hsm_wire_put_unwrap(&target, &question);
    struct bytes payload =
        hsm_signer_ask_past_hello(&signer, signer.core, HSM_UNWRAP, bytes_of(memory, target.len));
    assert_int_equal(hsm_wire_get_unwrapped(payload, &answer), ERR_OK);
    assert_int_equal(answer.receipt.status, ERR_CRYPTO);
}

static uint16_t derive(struct hsm_signer *whom, struct bytes certificate) {
    uint8_t memory[512], expected[HSM_CONTENT_KEY_BYTES];
    struct hsm_derive question = {.party_u = bytes_of_text("u"), .party_v = bytes_of_text("v")};
    struct hsm_derived answer;
    struct buffer target = buffer_over(memory, sizeof memory);
    assert_int_equal(jwk_ec_thumbprint(certificate, question.kid), ERR_OK);
    agree_sender_ask(certificate, &question, expected);
    hsm_wire_put_derive(&target, &question);
    struct bytes payload =
        hsm_signer_ask_past_hello(whom, whom->core, HSM_DERIVE, bytes_of(memory, target.len));
    assert_int_equal(hsm_wire_get_derived(payload, &answer), ERR_OK);
    assert_int_equal(answer.receipt.status, ERR_OK);
    assert_memory_equal(answer.content_key, expected, sizeof expected);
    return answer.generation;
}

/* ---- a box ---- */

static int make_box(void **state) {
    (void)state;
    if (secret_arena_open(65536) != ERR_OK)
        return -1;
    hsm_box_make(&box);
    hsm_signer_make_keys(&box, &hurried);
    return 0;
}

static int remove_box(void **state) {
    (void)state;
    hsm_box_remove(&box);
    return 0;
}

static int start(void **state) {
    (void)state;
    hsm_signer_serve(&box, &hurried, &signer);
    return 0;
}

static int stop(void **state) {
    (void)state;
    hsm_signer_stop(&signer);
    return 0;
}

static rlim_t set_lockable(rlim_t bytes) {
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_MEMLOCK, &limit), 0);
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &limit), 0);
    return before;
}

/* ---- choices ---- */

static void only_keys_that_decrypt_requests_may_be_wrapped(void **state) {
    (void)state;
    for (int at = 0; at < HSM_PURPOSE_COUNT; at++) {
        enum hsm_purpose purpose = (enum hsm_purpose)at;
        bool may = purpose == HSM_PURPOSE_PARTNER || purpose == HSM_PURPOSE_IDA_FIR ||
                   purpose == HSM_PURPOSE_REQUEST;
        enum err expected = may ? ERR_OK : ERR_DENIED;
        assert_int_equal(order(HSM_ORDER_WRAP, purpose, true), expected);
        assert_int_equal(order(HSM_ORDER_KEEP_IN_TOKEN, purpose, true), expected);
        if (!may)
            assert_int_equal(order(HSM_ORDER_WRAP, purpose, false), ERR_DENIED);
        assert_false(keys()->next[purpose].wraps); /* dry, or refused */
    }
}

static void a_signer_that_cannot_lock_its_memory_takes_no_such_choice(void **state) {
    (void)state;
    rlim_t before = set_lockable(TOO_FEW_BYTES);
    (void)start(state);
    assert_int_equal(order(HSM_ORDER_WRAP, HSM_PURPOSE_PARTNER, true), ERR_LIMIT);
    assert_int_equal(order(HSM_ORDER_WRAP, HSM_PURPOSE_PARTNER, false), ERR_LIMIT);
    assert_int_equal(order(HSM_ORDER_KEEP_IN_TOKEN, HSM_PURPOSE_PARTNER, false), ERR_OK);
    assert_false(keys()->next[HSM_PURPOSE_PARTNER].wraps);
    (void)stop(state);
    (void)set_lockable(before);
}

/* ---- serving ---- */

/* Waits until the key of ${generation} is the active one. */
static struct hsm_key_shown await(enum hsm_purpose purpose, uint16_t generation) {
    struct hsm_key_shown key = active(purpose);
    while (key.generation != generation) {
        (void)hsm_signer_receive(&signer, signer.core, HSM_HELLO);
        key = active(purpose);
    }
    return key;
}

static unsigned long locked_kb(pid_t process) {
    char path[64], line[256];
    unsigned long kb = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)process);
    FILE *stream = fopen(path, "re");
    assert_non_null(stream);
    while (fgets(line, sizeof line, stream) != NULL)
        if (sscanf(line, "VmLck: %lu kB", &kb) == 1)
            break;
    (void)fclose(stream);
    return kb;
}

/* Nobody but root may look into it, and no core file is written of it. */
static void assert_undumpable(pid_t process) {
    char path[64], line[256];
    struct stat status;
    bool has_no_core = false;
    (void)snprintf(path, sizeof path, "/proc/%d/environ", (int)process);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_uid, 0);
    (void)snprintf(path, sizeof path, "/proc/%d/limits", (int)process);
    FILE *stream = fopen(path, "re");
    assert_non_null(stream);
    while (fgets(line, sizeof line, stream) != NULL) {
        unsigned long soft, hard;
        if (sscanf(line, "Max core file size %lu %lu", &soft, &hard) == 2)
            has_no_core = soft == 0 && hard == 0;
    }
    (void)fclose(stream);
    assert_true(has_no_core);
}

static void wrapped_keys_serve_beside_those_of_the_token(void **state) {
    (void)state;
    static struct published first, second;
    fetch(&first);
    assert_int_equal(active(HSM_PURPOSE_PARTNER).wrapped_by, 0);
    assert_int_equal(order(HSM_ORDER_WRAP, HSM_PURPOSE_PARTNER, false), ERR_OK);
    assert_int_equal(order(HSM_ORDER_WRAP, HSM_PURPOSE_REQUEST, false), ERR_OK);
    assert_true(keys()->next[HSM_PURPOSE_PARTNER].wraps);
    assert_false(keys()->next[HSM_PURPOSE_IDA_FIR].wraps);
    assert_int_equal(active(HSM_PURPOSE_PARTNER).wrapped_by, 0);
    assert_int_equal(order(HSM_ORDER_ROLL, HSM_PURPOSE_PARTNER, false), ERR_OK);
    assert_int_equal(order(HSM_ORDER_ROLL, HSM_PURPOSE_REQUEST, false), ERR_OK);
    assert_int_equal(await(HSM_PURPOSE_PARTNER, 2).wrapped_by, 1);
    assert_int_equal(await(HSM_PURPOSE_REQUEST, 2).wrapped_by, 1);
    assert_int_equal(active(HSM_PURPOSE_PEPPER).wrapped_by, 1);
    assert_int_equal(active(HSM_PURPOSE_SIGN).wrapped_by, 0);
    fetch(&second);
    assert_garbled_is_refused(second.partner);
    assert_int_equal(unwrap(&signer, first.partner), 1);
    assert_int_equal(unwrap(&signer, second.partner), 2);
    if (hsm_box_has(CKM_ECDH1_DERIVE))
        assert_int_equal(derive(&signer, first.request), 1);
    assert_int_equal(derive(&signer, second.request), 2);
    assert_true(locked_kb(signer.process) >= LEAST_LOCKED_KB);
    assert_undumpable(signer.process);
}

static void every_signer_opens_them_and_they_outlive_a_start(void **state) {
    (void)state;
    static struct published published;
    struct hsm_signer other;
    const struct hsm_signer_plan second = {.index = 1};
    fetch(&published);
    assert_int_equal(unwrap(&signer, published.partner), 2);
    assert_int_equal(derive(&signer, published.request), 2);
    hsm_signer_start(&box, &second, &other);
    (void)hsm_signer_greet(&other);
    assert_int_equal(unwrap(&other, published.partner), 2);
    assert_int_equal(derive(&other, published.request), 2);
    hsm_signer_stop(&other);
}

static void where_memory_cannot_be_locked_no_signer_opens_them(void **state) {
    (void)state;
    rlim_t before = set_lockable(TOO_FEW_BYTES);
    struct hsm_signer refusing;
    hsm_signer_start(&box, &hurried, &refusing);
    assert_int_equal(hsm_signer_wait(&refusing), BOOT_EXIT_FAILURE);
    hsm_signer_stop(&refusing);
    (void)set_lockable(before);
}

#define SERVED(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void) {
    const struct CMUnitTest tests[] = {
        SERVED(only_keys_that_decrypt_requests_may_be_wrapped),
        cmocka_unit_test(a_signer_that_cannot_lock_its_memory_takes_no_such_choice),
        SERVED(wrapped_keys_serve_beside_those_of_the_token),
        SERVED(every_signer_opens_them_and_they_outlive_a_start),
        cmocka_unit_test(where_memory_cannot_be_locked_no_signer_opens_them),
    };
    return cmocka_run_group_tests(tests, make_box, remove_box);
}
