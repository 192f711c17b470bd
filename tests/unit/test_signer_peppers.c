#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "firmware/base/secret.h"
#include "hsm/unwrap.h"
#include "hsm/wire_keys.h"
#include "hsm/wire_wrap.h"
#include "tests/lib/hsm_box.h"

/*
 * Running signers whose pepper rolls: what they answer to be looked up by, the first one, which
 * writes the keyring, and another one, which notices.
 */
#define NOTHING bytes_of(NULL, 0)
#define SIGNERS 2
#define HASHES  3
#define PEPPERS 2

/* The standby of the first box waits longer than the test takes; in the other it does not. */
#define SETTINGS "published-max-age = 0\nkey-skew = 0\nkey-day = 1\n"
static const char *const patient = SETTINGS "key-propagation = 3600\n";
static const char *const hurried = SETTINGS "key-propagation = 3\n";

static struct hsm_box box;
static struct hsm_signer signers[SIGNERS];
/* What each pepper made of each hash when it was first used. */
static struct hsm_lookup_keys known[HASHES];

static void stop(void) {
    for (size_t i = 0; i < SIGNERS; i++)
        hsm_signer_stop(&signers[i]);
}

static void start(const char *settings) {
    for (uint16_t i = 0; i < SIGNERS; i++) {
        const struct hsm_signer_plan plan = {.index = i, .settings = settings};
        hsm_signer_serve(&box, &plan, &signers[i]);
    }
}

static int make_box(void **state) {
    (void)state;
    const struct hsm_signer_plan plan = {.settings = patient};
    hsm_box_make(&box);
    hsm_signer_make_keys(&box, &plan);
    return secret_arena_open(65536) == ERR_OK ? 0 : -1;
}

static int remove_box(void **state) {
    (void)state;
    hsm_box_remove(&box);
    return 0;
}

static void order_roll(void) {
    const struct hsm_key_order question = {.order = HSM_ORDER_ROLL, .purpose = HSM_PURPOSE_PEPPER};
    assert_int_equal(hsm_signer_order(&signers[0], &question).receipt.status, ERR_OK);
}

static void tell_need(uint16_t pepper_from) {
    uint8_t memory[16];
    struct hsm_needed answer;
    const struct hsm_need question = {.pepper_from = pepper_from};
    struct buffer target = buffer_over(memory, sizeof memory);
    hsm_wire_put_need(&target, &question);
    struct bytes payload = hsm_signer_ask_past_hello(&signers[0], signers[0].provd, HSM_NEED,
                                                     bytes_of(memory, target.len));
    assert_int_equal(hsm_wire_get_needed(payload, &answer), ERR_OK);
    assert_int_equal(answer.receipt.status, ERR_OK);
}

/* ---- what signers answer ---- */

static void hash_number(size_t number, uint8_t hash[static HSM_ID_HASH_BYTES]) {
    memset(hash, (int)number + 1, HSM_ID_HASH_BYTES);
}

static const struct hsm_looked_up *look_up(struct hsm_signer *signer) {
    static struct hsm_looked_up answer;
    static uint8_t memory[1024];
    struct hsm_lookup question = {.count = HASHES};
    struct buffer target = buffer_over(memory, sizeof memory);
    for (size_t i = 0; i < HASHES; i++)
        hash_number(i, question.id_hash[i]);
    hsm_wire_put_lookup(&target, &question);
    struct bytes payload =
        hsm_signer_ask_past_hello(signer, signer->core, HSM_LOOKUP, bytes_of(memory, target.len));
    assert_int_equal(hsm_wire_get_looked_up(payload, &answer), ERR_OK);
    assert_int_equal(answer.receipt.status, ERR_OK);
    assert_int_equal(answer.count, HASHES);
    return &answer;
}

/* Whether it has these generations, in this order; 0: there is no second one. */
static bool is_of(const struct hsm_lookup_keys *keys, uint16_t first, uint16_t second) {
    return keys->count == (second == 0 ? 1 : 2) && keys->of[0].generation == first &&
           (second == 0 || keys->of[1].generation == second);
}

/* A pepper makes the same key of a hash for ever, at whichever signer, and no other one's. */
static void assert_known(size_t number, const struct hsm_lookup_keys *keys) {
    for (size_t i = 0; i < keys->count; i++) {
        size_t place = keys->of[i].generation - 1u;
        assert_true(place < PEPPERS);
        if (known[number].of[place].generation == 0)
            known[number].of[place] = keys->of[i];
        assert_memory_equal(known[number].of[place].key, keys->of[i].key, HSM_LOOKUP_KEY_BYTES);
    }
    if (keys->count == 2)
        assert_memory_not_equal(keys->of[0].key, keys->of[1].key, HSM_LOOKUP_KEY_BYTES);
}

/* With the content key comes what the lookup alone gives. */
static void assert_unwraps_with(struct hsm_signer *signer, const struct hsm_lookup_keys *keys) {
    static uint8_t memory[1024], der[2048];
    struct hsm_publication shown;
    struct hsm_unwrap question = {.purpose = HSM_PURPOSE_PARTNER, .has_id_hash = true};
    struct hsm_unwrapped answer;
    struct buffer target = buffer_over(memory, sizeof memory);
    uint8_t *end = der;
    SECRET(content);
    struct bytes payload = hsm_signer_ask_past_hello(signer, signer->core, HSM_PUBLISHED, NOTHING);
    assert_int_equal(hsm_wire_get_publication(payload, &shown), ERR_OK);
    BIO *pem = BIO_new_mem_buf(shown.partner_pem.data, (int)shown.partner_pem.len);
    X509 *certificate = PEM_read_bio_X509(pem, NULL, NULL, NULL);
    assert_non_null(certificate);
    assert_true(i2d_X509(certificate, NULL) <= (int)sizeof der && i2d_X509(certificate, &end) > 0);
    X509_free(certificate);
    BIO_free(pem);
    assert_int_equal(secret_random(&content, UNWRAP_SECRET_BYTES), ERR_OK);
    assert_int_equal(unwrap_seal(bytes_of(der, (size_t)(end - der)), UNWRAP_LABEL_REQUEST, &content,
                                 question.wrapped),
                     ERR_OK);
    hash_number(0, question.id_hash);
    hsm_wire_put_unwrap(&target, &question);
    payload =
        hsm_signer_ask_past_hello(signer, signer->core, HSM_UNWRAP, bytes_of(memory, target.len));
    assert_int_equal(hsm_wire_get_unwrapped(payload, &answer), ERR_OK);
    assert_int_equal(answer.receipt.status, ERR_OK);
    assert_memory_equal(answer.content_key, content.data, content.len);
    assert_memory_equal(&answer.lookup, keys, sizeof *keys);
}

/* Waits, by their HELLOs, until all of them answer by these. */
static void await(uint16_t first, uint16_t second) {
    for (size_t i = 0; i < SIGNERS; i++) {
        const struct hsm_looked_up *answer = look_up(&signers[i]);
        while (!is_of(&answer->lookup[0], first, second)) {
            (void)hsm_signer_receive(&signers[i], signers[i].core, HSM_HELLO);
            answer = look_up(&signers[i]);
        }
        for (size_t number = 0; number < HASHES; number++) {
            assert_true(is_of(&answer->lookup[number], first, second));
            assert_known(number, &answer->lookup[number]);
        }
        assert_unwraps_with(&signers[i], &answer->lookup[0]);
    }
}

static void the_active_peppers_key_is_first_and_the_standbys_is_there(void **state) {
    (void)state;
    start(patient);
    await(1, 0);
    order_roll();
    await(1, 2); /* nobody uses it yet, and everybody knows it */
    stop();
    start(hurried);
    await(2, 1);
    tell_need(2);
    await(2, 0);
    stop();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_active_peppers_key_is_first_and_the_standbys_is_there),
    };
    return cmocka_run_group_tests(tests, make_box, remove_box);
}
