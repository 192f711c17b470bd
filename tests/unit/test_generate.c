#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/secret.h"
#include "hsm/keyset.h"
#include "tests/lib/hsm_box.h"

#define REQUEST_IS_ABLE ((hsm_box_purposes() & HSM_PURPOSE_BIT(HSM_PURPOSE_REQUEST)) != 0)
#define NOTHING         bytes_of(NULL, 0)
#define KEY_PAIRS       (hsm_box_purpose_count() - 1) /* all purposes but the pepper */

static struct hsm_box box;

static int make_box(void **state) {
    (void)state;
    hsm_box_make(&box);
    return secret_arena_open(65536) == ERR_OK ? 0 : -1;
}

static int remove_box(void **state) {
    (void)state;
    hsm_box_remove(&box);
    return 0;
}

static int renew_box(void **state) {
    (void)state;
    hsm_box_renew(&box);
    return 0;
}

static void start(const char *fault, struct hsm_signer *signer) {
    const struct hsm_signer_plan plan = {.fault = fault};
    hsm_signer_start(&box, &plan, signer);
    assert_false(hsm_signer_greet(signer).provisioned);
}

static struct hsm_generated generate(struct hsm_signer *signer) {
    struct hsm_generated answer;
    struct bytes payload = hsm_signer_ask(signer, signer->provd, HSM_GENERATE, NOTHING);
    assert_int_equal(hsm_wire_get_generated(payload, &answer), ERR_OK);
    return answer;
}

/*
 * The box as a signer finds it after everything: all keys of generation 1, each once, each usable,
 * and no other key in the token.
 */
static void assert_whole(void) {
    struct keyring *keyring;
    struct token *token;
    static struct keyset keys;
    const struct token_options options = hsm_box_options(NULL);
    struct keyring_row row;
    size_t count;
    SECRET(pin);
    assert_int_equal(keyring_open(&keyring, box.keyring_directory, true), ERR_OK);
    assert_int_equal(secret_copy(&pin, bytes_of_text(HSM_BOX_PIN)), ERR_OK);
    assert_int_equal(token_open(&token, &options, &pin), ERR_OK);
    assert_int_equal(keyset_load(&keys, keyring, token), ERR_OK);
    assert_true(keys.provisioned && keys.complete && keys.token != NULL);
    for (int purpose = 0; purpose < HSM_PURPOSE_COUNT; purpose++) {
        bool able = (hsm_box_purposes() & HSM_PURPOSE_BIT(purpose)) != 0;
        assert_int_equal(keyring_newest(keyring, (enum hsm_purpose)purpose, true, &row),
                         able ? ERR_OK : ERR_NOT_FOUND);
        assert_true(!able || row.generation == 1);
        assert_int_equal(keyring_newest(keyring, (enum hsm_purpose)purpose, false, &row),
                         ERR_NOT_FOUND);
    }
    assert_int_equal(token_raw_count(token_session(token), &count), ERR_OK);
    assert_int_equal(count, KEY_PAIRS);
    keyset_unload(&keys);
    token_close(token);
    keyring_close(keyring);
}

static void all_keys_are_made_at_one_request(void **state) {
    (void)state;
    struct hsm_signer signer;
    start(NULL, &signer);
    struct hsm_generated answer = generate(&signer);
    assert_int_equal(answer.receipt.status, ERR_OK);
    assert_int_equal(answer.made, hsm_box_purpose_count());
    assert_int_equal(hsm_signer_wait(&signer), BOOT_EXIT_RECYCLE);
    hsm_signer_stop(&signer);
    assert_whole();
}

static void an_unprovisioned_signer_has_nothing_to_use(void **state) {
    (void)state;
    struct hsm_signer signer;
    static uint8_t memory[4096];
    struct hsm_unwrapped unwrapped;
    struct hsm_stated stated;
    struct hsm_root_made made;
    struct hsm_publication publication;
    const struct hsm_unwrap unwrap = {.purpose = HSM_PURPOSE_PARTNER};
    const struct statement statement = {.kind = STATEMENT_KYC};
    struct buffer target = buffer_over(memory, sizeof memory);
    struct bytes payload;
    start(NULL, &signer);
    hsm_wire_put_unwrap(&target, &unwrap);
    payload = hsm_signer_ask(&signer, signer.core, HSM_UNWRAP, bytes_of(memory, target.len));
    assert_int_equal(hsm_wire_get_unwrapped(payload, &unwrapped), ERR_OK);
    assert_int_equal(unwrapped.receipt.status, ERR_NOT_FOUND);
    target = buffer_over(memory, sizeof memory);
    hsm_wire_put_statement(&target, &statement);
    payload = hsm_signer_ask(&signer, signer.core, HSM_STATEMENT, bytes_of(memory, target.len));
    assert_int_equal(hsm_wire_get_stated(payload, &stated), ERR_OK);
    assert_int_equal(stated.receipt.status, ERR_NOT_FOUND);
    payload = hsm_signer_ask(&signer, signer.provd, HSM_NEW_ROOT, NOTHING);
    assert_int_equal(hsm_wire_get_root_made(payload, &made), ERR_OK);
    assert_int_equal(made.receipt.status, ERR_NOT_FOUND);
    payload = hsm_signer_ask(&signer, signer.provd, HSM_PUBLISHED, NOTHING);
    assert_int_equal(hsm_wire_get_publication(payload, &publication), ERR_OK);
    assert_int_equal(publication.receipt.status, ERR_NOT_FOUND);
    hsm_signer_stop(&signer);
}

/* Ends the generation that a fault has interrupted, and looks at what came of it. */
static void resume_and_check(void) {
    struct hsm_signer signer;
    const struct hsm_signer_plan plan = {0};
    hsm_signer_start(&box, &plan, &signer);
    (void)hsm_signer_greet(&signer);
    enum err status = generate(&signer).receipt.status;
    assert_true(status == ERR_OK || status == ERR_EXISTS);
    if (status == ERR_OK)
        assert_int_equal(hsm_signer_wait(&signer), BOOT_EXIT_RECYCLE);
    hsm_signer_stop(&signer);
    assert_whole();
}

/* Generates with a fault at call ${call} of the module; false when there was no such call any more.
 */
static bool generate_with_fault(unsigned call, const char *kind, int expected) {
    struct hsm_signer signer;
    char fault[32];
    (void)snprintf(fault, sizeof fault, "%u:%s", call, kind);
    hsm_box_renew(&box);
    start(fault, &signer);
    hsm_signer_send(&signer, signer.provd, HSM_GENERATE, NOTHING);
    int end = hsm_signer_wait(&signer);
    hsm_signer_stop(&signer);
    if (end == BOOT_EXIT_RECYCLE)
        return false;
    assert_int_equal(end, expected);
    return true;
}

/*
 * A pair, its certificate and its trial for each of six; the pepper is opened once; the same three
 * for TOKEN, REQUEST, where what was agreed on in a trial is also destroyed, TLS and CA.
 */
#define PEPPER_CALL  19
#define TOKEN_CALL   20
#define REQUEST_CALL 23
#define DESTROY_CALL 26
#define TLS_CALL     (REQUEST_IS_ABLE ? 27u : REQUEST_CALL)
#define CA_CALL      (TLS_CALL + 3)
#define MODULE_CALLS (TLS_CALL + 5)
#define SHIM_DEATH   99

static bool makes_pair(unsigned call) {
    return (call < PEPPER_CALL && call % 3 == 1) || call == TOKEN_CALL || call == REQUEST_CALL ||
           call == TLS_CALL || call == CA_CALL;
}

/*
 * Where faults are tried: at every call when the program is told "everywhere", else at one of the
 * CA, of a decrypting key, of the pepper and of the agreeing key.
 */
static bool everywhere;

static bool is_tried(unsigned call) {
    static const unsigned sample[] = {1, 8, PEPPER_CALL, REQUEST_CALL + 2};
    size_t count = hsm_box_is_softhsm() ? sizeof sample / sizeof *sample : 1;
    for (size_t i = 0; i < count; i++)
        if (everywhere || sample[i] == call)
            return true;
    return false;
}

static void killed_after_any_call_of_the_module_it_completes_the_next_time(void **state) {
    (void)state;
    for (unsigned call = 1; call <= MODULE_CALLS; call++) {
        if (!is_tried(call))
            continue;
        assert_true(generate_with_fault(call, "after", SHIM_DEATH));
        resume_and_check();
    }
    assert_false(generate_with_fault(MODULE_CALLS + 1, "after", SHIM_DEATH));
    assert_whole();
}

static void killed_between_intent_and_key_it_completes_the_next_time(void **state) {
    (void)state;
    for (unsigned call = 1; call <= MODULE_CALLS; call += everywhere ? 3 : MODULE_CALLS - 1) {
        assert_true(generate_with_fault(call, "before", SHIM_DEATH));
        resume_and_check();
    }
}

/*
 * A pair that is not made is tried again at once, as SoftHSM now and then fails; that libp11 could
 * not destroy the key of a session, it does not say. All else ends.
 */
static void a_module_that_fails_at_any_call_leaves_a_box_that_completes(void **state) {
    (void)state;
    for (unsigned call = 1; call <= MODULE_CALLS; call++) {
        if (!is_tried(call))
            continue;
        bool ended = generate_with_fault(call, "fail", BOOT_EXIT_FAILURE);
        assert_int_equal(ended, !makes_pair(call) && call != DESTROY_CALL);
        resume_and_check();
    }
}

/* Between the calls there are LMDB's commits: the killer's moments wander over all of them. */
static void killed_at_any_moment_it_completes_the_next_time(void **state) {
    (void)state;
    for (int64_t moment_ms = 0; moment_ms < 400; moment_ms += everywhere ? 17 : 150) {
        struct hsm_signer signer;
        uint8_t memory[64];
        struct frame answer;
        hsm_box_renew(&box);
        start(NULL, &signer);
        hsm_signer_send(&signer, signer.provd, HSM_GENERATE, NOTHING);
        enum err waited = frame_receive(signer.provd, memory, sizeof memory, &answer, moment_ms);
        assert_true(waited == ERR_TIMEOUT || waited == ERR_OK);
        (void)kill(signer.process, SIGKILL);
        (void)hsm_signer_wait(&signer);
        hsm_signer_stop(&signer);
        resume_and_check();
    }
}

static void the_other_signers_notice_and_load_the_keys(void **state) {
    (void)state;
    struct hsm_signer one, two;
    const struct hsm_signer_plan second = {.index = 1};
    start(NULL, &one);
    hsm_signer_start(&box, &second, &two);
    assert_false(hsm_signer_greet(&two).provisioned);
    assert_int_equal(generate(&one).receipt.status, ERR_OK);
    assert_int_equal(hsm_signer_wait(&one), BOOT_EXIT_RECYCLE);
    assert_int_equal(hsm_signer_wait(&two), BOOT_EXIT_RECYCLE);
    hsm_signer_stop(&one);
    hsm_signer_stop(&two);
    hsm_signer_start(&box, &second, &two);
    assert_true(hsm_signer_greet(&two).provisioned);
    hsm_signer_stop(&two);
}

static void a_second_signer_waits_for_the_first_to_make_the_keyring(void **state) {
    (void)state;
    struct hsm_signer signer;
    const struct hsm_signer_plan second = {.index = 1};
    hsm_signer_start(&box, &second, &signer);
    assert_int_equal(hsm_signer_wait(&signer), BOOT_EXIT_FAILURE);
    hsm_signer_stop(&signer);
}

static void a_key_missing_from_the_token_stops_the_start(void **state) {
    (void)state;
    struct keyring *keyring;
    struct token *token;
    struct keyring_row row;
    struct hsm_signer signer;
    const struct token_options options = hsm_box_options(NULL);
    const struct hsm_signer_plan plan = {0};
    hsm_signer_provision(&box, &signer);
    hsm_signer_stop(&signer);
    SECRET(pin);
    assert_int_equal(secret_copy(&pin, bytes_of_text(HSM_BOX_PIN)), ERR_OK);
    assert_int_equal(keyring_open(&keyring, box.keyring_directory, true), ERR_OK);
    assert_int_equal(token_open(&token, &options, &pin), ERR_OK);
    assert_int_equal(keyring_newest(keyring, HSM_PURPOSE_PARTNER, true, &row), ERR_OK);
    assert_int_equal(token_raw_destroy(token_session(token), row.id), ERR_OK);
    token_close(token);
    keyring_close(keyring);
    hsm_signer_start(&box, &plan, &signer);
    assert_int_equal(hsm_signer_wait(&signer), BOOT_EXIT_FAILURE);
    hsm_signer_stop(&signer);
}

int main(int argc, char **argv) {
    everywhere = argc > 1 && strcmp(argv[1], "everywhere") == 0;
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, renew_box)
        TEST(all_keys_are_made_at_one_request),
        TEST(an_unprovisioned_signer_has_nothing_to_use),
        TEST(killed_after_any_call_of_the_module_it_completes_the_next_time),
        TEST(killed_between_intent_and_key_it_completes_the_next_time),
        TEST(a_module_that_fails_at_any_call_leaves_a_box_that_completes),
        TEST(killed_at_any_moment_it_completes_the_next_time),
        TEST(the_other_signers_notice_and_load_the_keys),
        TEST(a_second_signer_waits_for_the_first_to_make_the_keyring),
        TEST(a_key_missing_from_the_token_stops_the_start),
    };
    return cmocka_run_group_tests(tests, make_box, remove_box);
}
