#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "authd/core/programme_check.h"
#include "tests/unit/core_fixture.h"

#define NOW_MS 1700000000000

static struct request *right_request(void) {
    struct request *request = core_fixture_request();
    request->standing = STANDING_PROGRAMME;
    request->has_partner = request->has_api_key = request->has_policy = request->has_misp = true;
    request->partner.status = request->api_key.status = STATUS_ACTIVE;
    request->policy.status = request->misp.status = STATUS_ACTIVE;
    request->partner.has_certificate = true;
    request->envelope.function = FUNCTION_AUTH;
    request->factors = AUTH_TYPE_BIT(AUTH_TYPE_OTP);
    request->policy.allowed = AUTH_TYPE_BIT(AUTH_TYPE_OTP) | AUTH_TYPE_BIT(AUTH_TYPE_OTP_REQUEST);
    return request;
}

static void no_partner(struct request *request) {
    request->has_partner = false;
}
static void no_api_key(struct request *request) {
    request->has_api_key = false;
}
static void partner_deleted(struct request *request) {
    request->partner.status = STATUS_DELETED;
}
static void partner_suspended(struct request *request) {
    request->partner.status = STATUS_SUSPENDED;
}
static void partner_of_no_status(struct request *request) {
    request->partner.status = (enum programme_status)0;
}
static void no_policy(struct request *request) {
    request->has_policy = false;
}
static void policy_deleted(struct request *request) {
    request->policy.status = STATUS_DELETED;
}
static void policy_suspended(struct request *request) {
    request->policy.status = STATUS_SUSPENDED;
}
static void policy_early(struct request *request) {
    request->policy.commences_ms = NOW_MS + 1;
}
static void policy_late(struct request *request) {
    request->policy.expires_ms = NOW_MS - 1;
}
static void api_key_deleted(struct request *request) {
    request->api_key.status = STATUS_DELETED;
}
static void api_key_suspended(struct request *request) {
    request->api_key.status = STATUS_SUSPENDED;
}
static void api_key_early(struct request *request) {
    request->api_key.commences_ms = NOW_MS + 1;
}
static void api_key_late(struct request *request) {
    request->api_key.expires_ms = NOW_MS - 1;
}
static void no_certificate(struct request *request) {
    request->partner.has_certificate = false;
}
static void another_certificate(struct request *request) {
    request->standing = STANDING_FOREIGN;
}
static void no_misp(struct request *request) {
    request->has_misp = false;
}
static void misp_deleted(struct request *request) {
    request->misp.status = STATUS_DELETED;
}
static void misp_blocked(struct request *request) {
    request->misp.status = STATUS_SUSPENDED;
}
static void misp_early(struct request *request) {
    request->misp.commences_ms = NOW_MS + 1;
}
static void misp_late(struct request *request) {
    request->misp.expires_ms = NOW_MS - 1;
}

/* In the order in which they are judged. */
static const struct {
    void (*bend)(struct request *);
    const char *codes;
} rows[] = {
    {no_partner, "IDA-MLC-007 IDA-MPA-009"},
    {no_api_key, "IDA-MLC-007 IDA-MPA-009"},
    {partner_deleted, "IDA-MLC-007 IDA-MPA-009"},
    {partner_suspended, "IDA-MLC-007 IDA-MPA-012"},
    {partner_of_no_status, "IDA-MLC-007 IDA-MPA-012"},
    {no_policy, "IDA-MLC-007 IDA-MPA-018"},
    {policy_deleted, "IDA-MLC-007 IDA-MPA-018"},
    {policy_suspended, "IDA-MLC-007 IDA-MPA-019"},
    {policy_early, "IDA-MLC-007 IDA-MPA-019"},
    {policy_late, "IDA-MLC-007 IDA-MPA-019"},
    {api_key_deleted, "IDA-MLC-007 IDA-MPA-009"},
    {api_key_suspended, "IDA-MLC-007 IDA-MPA-012"},
    {api_key_early, "IDA-MLC-007 IDA-MPA-039"},
    {api_key_late, "IDA-MLC-007 IDA-MPA-039"},
    {no_certificate, "IDA-MLC-007 IDA-MPA-020"},
    {another_certificate, "IDA-MLC-007 IDA-MPA-021"},
    {no_misp, "IDA-MLC-007 IDA-MPA-007"},
    {misp_deleted, "IDA-MLC-007 IDA-MPA-007"},
    {misp_blocked, "IDA-MLC-007 IDA-MPA-017"},
    {misp_early, "IDA-MLC-007 IDA-MPA-007"},
    {misp_late, "IDA-MLC-007 IDA-MPA-008"},
};
enum { ROWS = sizeof rows / sizeof *rows };

static void expect_standing(struct request *request, const char *codes, size_t row) {
    programme_check_standing(request, NOW_MS);
    if (strcmp(core_fixture_codes(request), codes) != 0)
        fail_msg("row %zu: %s", row, core_fixture_codes(request));
    core_fixture_free(request);
}

static void a_programme_in_order_passes(void **state) {
    (void)state;
    expect_standing(right_request(), "", 0);
}

static void each_check_refuses_alone(void **state) {
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        struct request *request = right_request();
        rows[i].bend(request);
        expect_standing(request, rows[i].codes, i);
    }
}

static void the_first_that_fails_speaks(void **state) {
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        struct request *request = right_request();
        for (size_t j = ROWS; j > i; j--)
            rows[j - 1].bend(request);
        expect_standing(request, rows[i].codes, i);
    }
}

static void bounds_belong_to_the_time(void **state) {
    (void)state;
    struct request *request = right_request();
    request->api_key.commences_ms = request->api_key.expires_ms = NOW_MS;
    request->policy.commences_ms = request->policy.expires_ms = NOW_MS;
    request->misp.commences_ms = request->misp.expires_ms = NOW_MS;
    expect_standing(request, "", 0);
}

#define BIT(name) AUTH_TYPE_BIT(AUTH_TYPE_##name)

static void factors_against_the_policy(void **state) {
    (void)state;
    static const struct {
        enum envelope_function function;
        uint32_t factors, allowed, mandatory;
        const char *codes;
    } factor_rows[] = {
        {FUNCTION_AUTH, BIT(OTP), BIT(OTP), 0, ""},
        {FUNCTION_AUTH, BIT(OTP), 0, 0, "IDA-MLC-007 IDA-MPA-006"},
        {FUNCTION_AUTH, BIT(OTP) | BIT(DEMO), BIT(OTP), 0, "IDA-MLC-007 IDA-MPA-006"},
        {FUNCTION_AUTH, BIT(OTP) | BIT(DEMO), BIT(OTP) | BIT(DEMO), 0, ""},
        {FUNCTION_AUTH, BIT(OTP), BIT(OTP) | BIT(DEMO), BIT(DEMO), "IDA-MLC-007 IDA-MPA-015"},
        {FUNCTION_AUTH, BIT(OTP), BIT(OTP), BIT(OTP), ""},
        {FUNCTION_AUTH, BIT(DEMO), BIT(OTP), BIT(OTP), "IDA-MLC-007 IDA-MPA-006"},
        {FUNCTION_OTP, 0, BIT(OTP_REQUEST), 0, ""},
        {FUNCTION_OTP, 0, BIT(OTP), 0, "IDA-MLC-007 IDA-MPA-005"},
        {FUNCTION_OTP, 0, BIT(OTP_REQUEST), BIT(BIO_IRIS), ""},
        {FUNCTION_KYC, BIT(OTP), BIT(OTP), 0, "IDA-MLC-007 IDA-MPA-013"},
        {FUNCTION_KYC, BIT(OTP), BIT(OTP) | BIT(KYC), 0, ""},
        {FUNCTION_KYC, BIT(OTP), BIT(KYC), 0, "IDA-MLC-007 IDA-MPA-006"},
        {FUNCTION_AUTH, BIT(OTP), BIT(OTP), BIT(OTP_REQUEST) | BIT(KYC), ""},
    };
    for (size_t i = 0; i < sizeof factor_rows / sizeof *factor_rows; i++) {
        struct request *request = right_request();
        request->envelope.function = factor_rows[i].function;
        request->factors = factor_rows[i].factors;
        request->policy.allowed = factor_rows[i].allowed;
        request->policy.mandatory = factor_rows[i].mandatory;
        programme_check_factors(request);
        if (strcmp(core_fixture_codes(request), factor_rows[i].codes) != 0)
            fail_msg("row %zu: %s", i, core_fixture_codes(request));
        core_fixture_free(request);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_programme_in_order_passes), cmocka_unit_test(each_check_refuses_alone),
        cmocka_unit_test(the_first_that_fails_speaks), cmocka_unit_test(bounds_belong_to_the_time),
        cmocka_unit_test(factors_against_the_policy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
