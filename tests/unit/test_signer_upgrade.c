#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clock.h"
#include "firmware/base/secret.h"
#include "hsm/generate.h"
#include "tests/lib/hsm_box.h"

/*
 * A box of before the JOSE profile: its keyring and token have the seven older keys. The newer
 * signer serves with them, and makes the others when it is asked to.
 */
#define NOTHING         bytes_of(NULL, 0)
#define OLDER           HSM_PURPOSE_FIRST_OPTIONAL
#define MISSING         (hsm_box_purpose_count() - HSM_PURPOSE_FIRST_OPTIONAL)
#define SHIM_DEATH      99
#define REQUEST_IS_ABLE ((hsm_box_purposes() & HSM_PURPOSE_BIT(HSM_PURPOSE_REQUEST)) != 0)

static struct hsm_box box;
static const struct hsm_signer_plan first = {.settings = "issuer = https://id.example\n"};

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

/* Makes the first ${count} keys, as an older signer has done. */
static void make_keys(unsigned count) {
    struct keyring *keyring;
    struct token *token;
    const struct token_options options = hsm_box_options(NULL);
    const struct generate_plan plan = {.purposes = hsm_box_purposes()};
    SECRET(pin);
    hsm_box_renew(&box);
    assert_int_equal(keyring_open(&keyring, box.keyring_directory, true), ERR_OK);
    assert_int_equal(secret_copy(&pin, bytes_of_text(HSM_BOX_PIN)), ERR_OK);
    assert_int_equal(token_open(&token, &options, &pin), ERR_OK);
    for (unsigned made = 0; made < count;) {
        enum generate_outcome outcome;
        assert_int_equal(generate_step(keyring, token, &plan, clock_wall_ms(), &outcome), ERR_OK);
        made += outcome == GENERATE_MADE;
    }
    token_close(token);
    keyring_close(keyring);
    hsm_box_give_away(&box);
}

static int make_older_box(void **state) {
    (void)state;
    make_keys(OLDER);
    return 0;
}

static enum err ask_result(struct hsm_signer *signer) {
    static uint8_t memory[4096];
    struct hsm_result_signed answer;
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
    struct buffer target = buffer_over(memory, sizeof memory);
    hsm_wire_put_result(&target, &result);
    struct bytes payload =
        hsm_signer_ask(signer, signer->core, HSM_RESULT, hsm_signer_payload(&target));
    assert_int_equal(hsm_wire_get_result_signed(payload, &answer), ERR_OK);
    return answer.receipt.status;
}

/* With a point that is none: ERR_CRYPTO when there is a key of this kid, else ERR_NOT_FOUND. */
static enum err ask_derive(struct hsm_signer *signer, const uint8_t *kid) {
    static uint8_t memory[512];
    struct hsm_derive question = {.party_u = NOTHING};
    struct hsm_derived answer;
    struct buffer target = buffer_over(memory, sizeof memory);
    if (kid != NULL)
        memcpy(question.kid, kid, sizeof question.kid);
    hsm_wire_put_derive(&target, &question);
    struct bytes payload =
        hsm_signer_ask(signer, signer->core, HSM_DERIVE, hsm_signer_payload(&target));
    assert_int_equal(hsm_wire_get_derived(payload, &answer), ERR_OK);
    return answer.receipt.status;
}

static enum err ask_root(struct hsm_signer *signer) {
    struct hsm_root_made made;
    struct bytes payload = hsm_signer_ask(signer, signer->provd, HSM_NEW_ROOT, NOTHING);
    assert_int_equal(hsm_wire_get_root_made(payload, &made), ERR_OK);
    return made.receipt.status;
}

static struct hsm_publication ask_publication(struct hsm_signer *signer) {
    struct hsm_publication answer;
    struct bytes payload = hsm_signer_ask(signer, signer->core, HSM_PUBLISHED, NOTHING);
    assert_int_equal(hsm_wire_get_publication(payload, &answer), ERR_OK);
    assert_int_equal(answer.receipt.status, ERR_OK);
    return answer;
}

static struct hsm_generated generate(struct hsm_signer *signer) {
    struct hsm_generated answer;
    struct bytes payload = hsm_signer_ask(signer, signer->provd, HSM_GENERATE, NOTHING);
    assert_int_equal(hsm_wire_get_generated(payload, &answer), ERR_OK);
    return answer;
}

static void generate_and_end(struct hsm_signer *signer, size_t made) {
    struct hsm_generated answer = generate(signer);
    assert_int_equal(answer.receipt.status, ERR_OK);
    assert_int_equal(answer.made, made);
    assert_int_equal(hsm_signer_wait(signer), BOOT_EXIT_RECYCLE);
    hsm_signer_stop(signer);
}

static void assert_complete(void) {
    struct hsm_signer signer;
    hsm_signer_serve(&box, &first, &signer);
    assert_int_equal(ask_result(&signer), ERR_OK);
    assert_int_equal(strlen(ask_publication(&signer).request_kid), REQUEST_IS_ABLE ? 43 : 0);
    assert_int_equal(generate(&signer).receipt.status, ERR_EXISTS);
    hsm_signer_stop(&signer);
}

static void an_older_box_goes_on_serving_without_the_profile(void **state) {
    (void)state;
    struct hsm_signer signer;
    hsm_signer_serve(&box, &first, &signer);
    assert_int_equal(ask_root(&signer), ERR_OK);
    assert_int_equal(ask_result(&signer), ERR_NOT_FOUND);
    assert_int_equal(ask_derive(&signer, NULL), ERR_NOT_FOUND);
    struct hsm_publication publication = ask_publication(&signer);
    assert_string_equal(publication.request_kid, "");
    assert_true(publication.partner_pem.len > 0);
    assert_null(memmem(publication.jwks.data, publication.jwks.len, "ECDH-ES", 7));
    hsm_signer_stop(&signer);
}

/* Only what is missing, and the older keys are those of before. */
static void asked_to_it_makes_those_that_are_missing(void **state) {
    (void)state;
    struct hsm_signer signer;
    static char before[4096], after[4096];
    hsm_signer_serve(&box, &first, &signer);
    assert_int_equal(bytes_to_text(ask_publication(&signer).partner_pem, before, sizeof before),
                     ERR_OK);
    generate_and_end(&signer, MISSING);
    assert_complete();
    hsm_signer_serve(&box, &first, &signer);
    assert_int_equal(bytes_to_text(ask_publication(&signer).partner_pem, after, sizeof after),
                     ERR_OK);
    assert_string_equal(before, after);
    hsm_signer_stop(&signer);
}

/* A signer that serves meanwhile is started anew once, when all is done. */
static void the_other_signers_load_them_when_all_are_made(void **state) {
    (void)state;
    struct hsm_signer one, two;
    const struct hsm_signer_plan second = {.index = 1, .settings = first.settings};
    hsm_signer_serve(&box, &first, &one);
    hsm_signer_serve(&box, &second, &two);
    generate_and_end(&one, MISSING);
    assert_int_equal(hsm_signer_wait(&two), BOOT_EXIT_RECYCLE);
    hsm_signer_stop(&two);
    hsm_signer_serve(&box, &second, &two);
    assert_int_equal(ask_result(&two), ERR_OK);
    hsm_signer_stop(&two);
}

/* An intent, or one key of the two, is no reason to start anew: the signer looks once a second. */
static void a_generation_under_way_ends_no_signer(void **state) {
    (void)state;
    struct hsm_signer two;
    struct keyring *keyring;
    struct keyring_row row;
    const struct hsm_signer_plan second = {.index = 1, .settings = first.settings};
    hsm_signer_serve(&box, &second, &two);
    assert_int_equal(keyring_open(&keyring, box.keyring_directory, true), ERR_OK);
    assert_int_equal(keyring_intend(keyring, HSM_PURPOSE_TOKEN, 1, &row), ERR_OK);
    keyring_close(keyring);
    for (int64_t end_ms = clock_boot_ms() + 2500; clock_boot_ms() < end_ms;)
        assert_int_equal(ask_root(&two), ERR_OK);
    hsm_signer_stop(&two);
}

static void stopped_between_two_it_serves_with_one_and_makes_the_others(void **state) {
    (void)state;
    struct hsm_signer signer;
    make_keys(OLDER + 1);
    hsm_signer_serve(&box, &first, &signer);
    assert_int_equal(ask_result(&signer), ERR_OK);
    assert_int_equal(ask_derive(&signer, NULL), ERR_NOT_FOUND);
    assert_string_equal(ask_publication(&signer).request_kid, "");
    generate_and_end(&signer, MISSING - 1);
    assert_complete();
}

/* The first call opens the pepper; then three for each of TOKEN and REQUEST, and one that ends a
 * session. (Where there is no REQUEST they are those of TLS, and none ends a session.) */
static void killed_at_any_call_of_the_module_it_serves_and_completes(void **state) {
    (void)state;
    for (unsigned call = 2; call <= 8; call += hsm_box_is_softhsm() ? 1 : 5) {
        struct hsm_signer signer;
        char fault[32];
        (void)snprintf(fault, sizeof fault, "%u:after", call);
        const struct hsm_signer_plan plan = {.fault = fault};
        make_keys(OLDER);
        hsm_signer_serve(&box, &plan, &signer);
        hsm_signer_send(&signer, signer.provd, HSM_GENERATE, NOTHING);
        assert_int_equal(hsm_signer_wait(&signer), SHIM_DEATH);
        hsm_signer_stop(&signer);
        hsm_signer_serve(&box, &first, &signer);
        assert_int_equal(ask_root(&signer), ERR_OK);
        generate_and_end(&signer, call <= 4 ? MISSING : MISSING - 1);
        assert_complete();
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, make_older_box)
        TEST(an_older_box_goes_on_serving_without_the_profile),
        TEST(asked_to_it_makes_those_that_are_missing),
        TEST(the_other_signers_load_them_when_all_are_made),
        TEST(a_generation_under_way_ends_no_signer),
        cmocka_unit_test(stopped_between_two_it_serves_with_one_and_makes_the_others),
        cmocka_unit_test(killed_at_any_call_of_the_module_it_serves_and_completes),
    };
    return cmocka_run_group_tests(tests, make_box, remove_box);
}
