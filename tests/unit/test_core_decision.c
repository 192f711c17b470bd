#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "authd/core/decision.h"
#include "tests/unit/core_fixture.h"

/* What a yes takes: every factor that is present was compared and matched. */
#define PROGRAMME   "programme"
#define TRANSACTION "1234567890"
enum { PERSON = 1 };

static struct core_box box;

static int make(void **state) {
    (void)state;
    core_fixture_make(&box, "");
    return 0;
}

static int unmake(void **state) {
    (void)state;
    core_fixture_remove(&box);
    return 0;
}

/* The decision about somebody who presents the right code and says that there is ${besides}. */
static enum err decide(uint32_t besides, bool *verdict) {
    struct core_code code = core_fixture_ask(&box, PROGRAMME, PERSON, TRANSACTION);
    struct request *request = core_fixture_about(PROGRAMME, PERSON, TRANSACTION);
    assert_string_equal(code.codes, "");
    request->envelope.function = FUNCTION_AUTH;
    request->policy.token_type = AUTH_TOKEN_RANDOM;
    request->factors = AUTH_TYPE_BIT(AUTH_TYPE_OTP) | besides;
    memcpy(request->payload.otp, code.text, sizeof code.text);
    enum err result = decision_make(&box.core, request, true);
    *verdict = request->statement.verdict;
    core_fixture_free(request);
    return result;
}

static void a_right_code_alone_is_a_yes(void **state) {
    (void)state;
    bool verdict = false;
    assert_int_equal(decide(0, &verdict), ERR_OK);
    assert_true(verdict);
}

/* Checks before refuse these; if one of them fails to, the decision does. */
static void a_factor_that_nobody_verifies_is_not_a_yes(void **state) {
    (void)state;
    static const enum auth_type unverified[] = {AUTH_TYPE_PIN, AUTH_TYPE_PWD, AUTH_TYPE_KBT};
    for (size_t i = 0; i < sizeof unverified / sizeof *unverified; i++) {
        bool verdict = true;
        unmake(NULL);
        make(NULL);
        assert_int_equal(decide(AUTH_TYPE_BIT(unverified[i]), &verdict), ERR_DENIED);
        assert_false(verdict);
    }
}

static void a_biometric_factor_without_samples_is_not_a_yes(void **state) {
    (void)state;
    static const enum auth_type biometric[] = {AUTH_TYPE_BIO_FINGER, AUTH_TYPE_BIO_FMR,
                                               AUTH_TYPE_BIO_IRIS, AUTH_TYPE_BIO_FACE};
    for (size_t i = 0; i < sizeof biometric / sizeof *biometric; i++) {
        bool verdict = true;
        unmake(NULL);
        make(NULL);
        assert_int_equal(decide(AUTH_TYPE_BIT(biometric[i]), &verdict), ERR_DENIED);
        assert_false(verdict);
    }
}

static void no_factor_is_not_a_yes(void **state) {
    (void)state;
    struct request *request = core_fixture_about(PROGRAMME, PERSON, TRANSACTION);
    request->envelope.function = FUNCTION_AUTH;
    request->policy.token_type = AUTH_TOKEN_RANDOM;
    assert_int_equal(decision_make(&box.core, request, true), ERR_DENIED);
    assert_false(request->statement.verdict);
    core_fixture_free(request);
}

static void what_was_refused_before_stays_refused(void **state) {
    (void)state;
    struct request *request = core_fixture_about(PROGRAMME, PERSON, TRANSACTION);
    request->envelope.function = FUNCTION_AUTH;
    request_refuse(request, MOSIP_MLC_018, "UIN", "unknown");
    assert_int_equal(decision_make(&box.core, request, true), ERR_OK);
    assert_false(request->statement.verdict);
    core_fixture_free(request);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)
    const struct CMUnitTest tests[] = {
        TEST(a_right_code_alone_is_a_yes),
        TEST(a_factor_that_nobody_verifies_is_not_a_yes),
        TEST(a_biometric_factor_without_samples_is_not_a_yes),
        TEST(no_factor_is_not_a_yes),
        TEST(what_was_refused_before_stays_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
