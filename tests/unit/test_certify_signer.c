#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "firmware/base/clock.h"
#include "firmware/base/secret.h"
#include "hsm/generate.h"
#include "hsm/keyring_life.h"
#include "hsm/wire_certify.h"
#include "tests/lib/hsm_box.h"
#include "tests/unit/rollover_box.h"

/*
 * A running signer that is asked for certificates, and what it has promised by then; a CA whose key
 * rolls. The first test finds a box of before there was a CA and leaves it with one.
 */
#define NOTHING bytes_of(NULL, 0)
#define DAY     ROLLOVER_BOX_DAY
#define TO_ACTIVE                                                                                  \
    (DAY + 60 * ROLLOVER_BOX_SECOND) /* a max-age, and what processes need to know                 \
                                      */

static struct hsm_box box;
static EVP_PKEY *key;

/* All keys but that of the CA. */
static void make_older_keys(void) {
    struct keyring *keyring;
    struct token *token;
    const struct token_options options = hsm_box_options(NULL);
    const struct generate_plan plan = {.purposes =
                                           hsm_box_purposes() & ~HSM_PURPOSE_BIT(HSM_PURPOSE_CA)};
    enum generate_outcome outcome = GENERATE_INTENDED;
    SECRET(pin);
    assert_int_equal(keyring_open(&keyring, box.keyring_directory, true), ERR_OK);
    assert_int_equal(secret_copy(&pin, bytes_of_text(HSM_BOX_PIN)), ERR_OK);
    assert_int_equal(token_open(&token, &options, &pin), ERR_OK);
    while (outcome != GENERATE_COMPLETE)
        assert_int_equal(generate_step(keyring, token, &plan, clock_wall_ms(), &outcome), ERR_OK);
    token_close(token);
    keyring_close(keyring);
    hsm_box_give_away(&box);
}

static int make_box(void **state) {
    (void)state;
    if (secret_arena_open(65536) != ERR_OK)
        return -1;
    key = EVP_EC_gen("P-256");
    hsm_box_make(&box);
    make_older_keys();
    return key != NULL ? 0 : -1;
}

static int remove_box(void **state) {
    (void)state;
    EVP_PKEY_free(key);
    hsm_box_remove(&box);
    return 0;
}

static void take_number(const char *name, uint8_t target[static 32]) {
    BIGNUM *number = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(key, name, &number), 1);
    assert_int_equal(BN_bn2binpad(number, target, 32), 32);
    BN_free(number);
}

static struct hsm_certify question_of(uint16_t days) {
    struct hsm_certify question = {
        .kind = HSM_CERTIFY_TLS, .days = days, .common_name = "amo-tadamon"};
    take_number(OSSL_PKEY_PARAM_EC_PUB_X, question.x);
    take_number(OSSL_PKEY_PARAM_EC_PUB_Y, question.y);
    return question;
}

static struct bytes encode(const struct hsm_certify *question) {
    static uint8_t memory[2048];
    struct buffer target = buffer_over(memory, sizeof memory);
    struct bytes payload;
    hsm_wire_put_certify(&target, question);
    assert_int_equal(buffer_end(&target, &payload), ERR_OK);
    return payload;
}

static struct hsm_certified ask(struct hsm_signer *signer, const struct hsm_certify *question) {
    struct hsm_certified answer;
    struct bytes payload = hsm_signer_ask(signer, signer->provd, HSM_CERTIFY, encode(question));
    assert_int_equal(hsm_wire_get_certified(payload, &answer), ERR_OK);
    return answer;
}

static enum err status_of(struct hsm_signer *signer, const struct hsm_certify *question) {
    return ask(signer, question).receipt.status;
}

static void start(const char *settings, struct hsm_signer *signer) {
    const struct hsm_signer_plan plan = {.settings = settings};
    hsm_signer_serve(&box, &plan, signer);
}

/* How long a key of the CA is still needed, as stored. */
static int64_t promised_ms(void) {
    static struct keyring_life life;
    const struct keystate_policy policy = {.propagation_ms = 3000};
    struct keyring *keyring;
    assert_int_equal(keyring_open(&keyring, box.keyring_directory, false), ERR_OK);
    assert_int_equal(keyring_life_read(keyring, HSM_PURPOSE_CA, &policy, &life), ERR_OK);
    keyring_close(keyring);
    return life.facts.promises.lived_ms;
}

static X509 *parse(struct bytes der) {
    const unsigned char *at = der.data;
    X509 *certificate = d2i_X509(NULL, &at, (long)der.len);
    assert_non_null(certificate);
    return certificate;
}

static void an_older_box_certifies_nobody_until_it_has_the_key(void **state) {
    (void)state;
    struct hsm_signer signer;
    struct hsm_generated made;
    const struct hsm_certify question = question_of(30);
    start(NULL, &signer);
    assert_int_equal(status_of(&signer, &question), ERR_NOT_FOUND);
    struct bytes payload = hsm_signer_ask(&signer, signer.provd, HSM_GENERATE, NOTHING);
    assert_int_equal(hsm_wire_get_generated(payload, &made), ERR_OK);
    assert_int_equal(made.made, 1);
    assert_int_equal(hsm_signer_wait(&signer), BOOT_EXIT_RECYCLE);
    hsm_signer_stop(&signer);
    start(NULL, &signer);
    assert_int_equal(status_of(&signer, &question), ERR_OK);
    hsm_signer_stop(&signer);
}

static void what_it_issues_is_signed_by_the_authority_that_comes_with_it(void **state) {
    (void)state;
    struct hsm_signer signer;
    const struct hsm_certify question = question_of(7);
    start(NULL, &signer);
    struct hsm_certified answer = ask(&signer, &question);
    assert_int_equal(answer.receipt.status, ERR_OK);
    X509 *certificate = parse(answer.certificate), *authority = parse(answer.authority);
    assert_int_equal(X509_verify(certificate, X509_get0_pubkey(authority)), 1);
    assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(certificate), key), 1);
    assert_int_equal(X509_check_ca(authority), 1);
    X509_free(certificate);
    X509_free(authority);
    hsm_signer_stop(&signer);
}

static void the_longest_life_is_a_promise_before_the_answer(void **state) {
    (void)state;
    struct hsm_signer signer;
    struct hsm_certify question = question_of(400);
    start(NULL, &signer);
    assert_true(promised_ms() < 400 * DAY);
    assert_int_equal(status_of(&signer, &question), ERR_OK);
    assert_int_equal(promised_ms(), 400 * DAY);
    question.days = 10;
    assert_int_equal(status_of(&signer, &question), ERR_OK);
    assert_int_equal(promised_ms(), 400 * DAY);
    hsm_signer_stop(&signer);
}

static void what_is_refused_promises_nothing(void **state) {
    (void)state;
    struct hsm_signer signer;
    struct hsm_certify question = question_of(1000);
    int64_t before_ms = promised_ms();
    start(NULL, &signer);
    question.common_name[0] = '/';
    assert_int_equal(status_of(&signer, &question), ERR_DENIED);
    question = question_of(1096);
    assert_int_equal(status_of(&signer, &question), ERR_DENIED);
    question = question_of(1000);
    question.y[31] ^= 1;
    assert_int_equal(status_of(&signer, &question), ERR_CRYPTO);
    assert_int_equal(promised_ms(), before_ms);
    question = question_of(1);
    assert_int_equal(status_of(&signer, &question), ERR_OK); /* and it serves on */
    hsm_signer_stop(&signer);
}

static void only_so_many_are_issued_in_a_minute(void **state) {
    (void)state;
    struct hsm_signer signer;
    const struct hsm_certify question = question_of(1);
    start("certificates-a-minute = 3\n", &signer);
    for (int i = 0; i < 3; i++)
        assert_int_equal(status_of(&signer, &question), ERR_OK);
    assert_int_equal(status_of(&signer, &question), ERR_LIMIT);
    hsm_signer_stop(&signer);
}

static void a_box_that_failed_issues_none(void **state) {
    (void)state;
    struct hsm_signer signer;
    const struct hsm_certify question = question_of(1);
    start("certificates-a-minute = 1000000\n", &signer);
    hsm_signer_set_state(&signer, BOX_FAILED);
    enum err status = ERR_OK; /* the state comes by another socket */
    for (int64_t end_ms = clock_boot_ms() + 60000; status == ERR_OK && clock_boot_ms() < end_ms;)
        status = status_of(&signer, &question);
    assert_int_equal(status, ERR_DENIED);
    hsm_signer_stop(&signer);
}

static void nobody_but_provd_asks_and_no_signer_but_the_first_answers(void **state) {
    (void)state;
    struct hsm_signer signer;
    const struct hsm_certify question = question_of(1);
    start(NULL, &signer);
    hsm_signer_send(&signer, signer.core, HSM_CERTIFY, encode(&question));
    assert_int_equal(hsm_signer_wait(&signer), BOOT_EXIT_FAILURE);
    hsm_signer_stop(&signer);
    const struct hsm_signer_plan second = {.index = 1};
    hsm_signer_start(&box, &second, &signer);
    assert_true(hsm_signer_greet(&signer).provisioned);
    hsm_signer_send(&signer, signer.provd, HSM_CERTIFY, encode(&question));
    assert_int_equal(hsm_signer_wait(&signer), BOOT_EXIT_FAILURE);
    hsm_signer_stop(&signer);
}

/* ---- a key that rolls ---- */

/* Its successor is active; it stays retiring, so an anchor, until the last certificate is over. */
static void a_rolled_authority_retires_when_its_last_certificate_is_over(void **state) {
    (void)state;
    static struct rollover_box rolling;
    struct keyring_promises promises = {.max_age_seconds = 86400,
                                        .lived_ms[HSM_PURPOSE_CA] = 1095 * DAY};
    rollover_box_found(&rolling);
    rollover_box_begin(&rolling);
    assert_int_equal(keyring_life_promise(rolling.keyring, &promises), ERR_OK);
    assert_int_equal(keyring_life_roll(rolling.keyring, HSM_PURPOSE_CA), ERR_OK);
    (void)rollover_box_settle(&rolling);
    rollover_box_pass(&rolling, TO_ACTIVE);
    (void)rollover_box_settle(&rolling);
    assert_int_equal(rollover_box_in(&rolling, HSM_PURPOSE_CA, KEYSTATE_ACTIVE), 2);
    assert_int_equal(rollover_box_in(&rolling, HSM_PURPOSE_CA, KEYSTATE_RETIRING), 1);
    rollover_box_pass(&rolling, 1095 * DAY);
    (void)rollover_box_settle(&rolling);
    assert_int_equal(rollover_box_in(&rolling, HSM_PURPOSE_CA, KEYSTATE_RETIRING), 1);
    rollover_box_pass(&rolling, 2 * DAY);
    (void)rollover_box_settle(&rolling);
    assert_int_equal(rollover_box_in(&rolling, HSM_PURPOSE_CA, KEYSTATE_RETIRED), 1);
    rollover_box_close(&rolling);
    rollover_box_remove(&rolling);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_older_box_certifies_nobody_until_it_has_the_key),
        cmocka_unit_test(what_it_issues_is_signed_by_the_authority_that_comes_with_it),
        cmocka_unit_test(the_longest_life_is_a_promise_before_the_answer),
        cmocka_unit_test(what_is_refused_promises_nothing),
        cmocka_unit_test(only_so_many_are_issued_in_a_minute),
        cmocka_unit_test(a_box_that_failed_issues_none),
        cmocka_unit_test(nobody_but_provd_asks_and_no_signer_but_the_first_answers),
        cmocka_unit_test(a_rolled_authority_retires_when_its_last_certificate_is_over),
    };
    return cmocka_run_group_tests(tests, make_box, remove_box);
}
