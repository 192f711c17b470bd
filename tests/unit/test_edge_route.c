#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authd/edge/route.h"

static const struct route *find(const char *path) {
    return route_find(EDGE_PROFILE_MOSIP, bytes_of_text(path));
}

static const struct route *find_jose(const char *path) {
    return route_find(EDGE_PROFILE_JOSE, bytes_of_text(path));
}

static void what_programmes_send_goes_to_core_by_post(void **state) {
    (void)state;
    static const char *const paths[] = {
        "/idauthentication/v1/auth/licence/partner/key",
        "/idauthentication/v1/otp/licence/partner/key",
        "/idauthentication/v1/kyc/licence/partner/key",
        "/idauthentication/v1/auth/x", /* too few segments: core's answer, not ours */
        "/idauthentication/v1/auth/../../health/state",
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        const struct route *route = find(paths[i]);
        assert_non_null(route);
        assert_int_equal(route->method, EDGE_POST);
        assert_false(route->own);
        assert_string_equal(route_method(route), "POST");
    }
}

static void documents_come_from_core_by_get(void **state) {
    (void)state;
    static const char *const paths[] = {
        "/health/ready",
        "/health/state",
        "/.well-known/jwks.json",
        "/.well-known/idcs-configuration",
        "/mosip-certs/ida-partner.cer",
        "/mosip-certs/ida-fir.cer",
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        const struct route *route = find(paths[i]);
        assert_non_null(route);
        assert_int_equal(route->method, EDGE_GET);
        assert_false(route->own);
        assert_string_equal(route_method(route), "GET");
    }
}

static void only_alive_is_edges_own(void **state) {
    (void)state;
    assert_non_null(find("/health/alive"));
    assert_true(find("/health/alive")->own);
    assert_true(find_jose("/health/alive")->own);
}

static void each_address_has_the_calls_of_its_profile(void **state) {
    (void)state;
    static const char *const jose[] = {"/v1/otp", "/v1/authentications", "/v1/attributes"};
    static const char *const mosip[] = {"/idauthentication/v1/auth/licence/partner/key",
                                        "/idauthentication/v1/otp/licence/partner/key",
                                        "/idauthentication/v1/kyc/licence/partner/key",
                                        "/mosip-certs/ida-partner.cer", "/mosip-certs/ida-fir.cer"};
    for (size_t i = 0; i < sizeof jose / sizeof *jose; i++) {
        assert_null(find(jose[i]));
        const struct route *route = find_jose(jose[i]);
        assert_non_null(route);
        assert_int_equal(route->method, EDGE_POST);
        assert_false(route->own);
    }
    for (size_t i = 0; i < sizeof mosip / sizeof *mosip; i++)
        assert_null(find_jose(mosip[i]));
}

static void both_addresses_have_health_and_discovery(void **state) {
    (void)state;
    static const char *const paths[] = {"/health/alive", "/health/ready", "/health/state",
                                        "/.well-known/jwks.json",
                                        "/.well-known/idcs-configuration"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        assert_non_null(find(paths[i]));
        assert_ptr_equal(find(paths[i]), find_jose(paths[i]));
        assert_int_equal(find(paths[i])->method, EDGE_GET);
        assert_null(route_find(0, bytes_of_text(paths[i])));
    }
}

static void calls_of_the_jose_profile_have_no_other_spelling(void **state) {
    (void)state;
    static const char *const paths[] = {"/v1/otp/", "/v1/otp/x", "/v1/Otp",  "/v1/authentication",
                                        "/v1/",     "/v2/otp",   "/v1/%6ftp"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        assert_null(find_jose(paths[i]));
}

static void anything_else_is_unknown(void **state) {
    (void)state;
    static const char *const paths[] = {
        "",
        "/",
        "/health",
        "/health/",
        "/health/alive/",
        "/health/alivex",
        "/HEALTH/alive",
        "/health/%61live",
        "/idauthentication/v1/auth",
        "/idauthentication/v1/auth/",
        "/idauthentication/v1/auths/x",
        "/idauthentication/v1/kyc-auth/delegated/a/b/c",
        "/idauthentication/v1/internal/auth",
        "/idauthentication/v2/auth/x",
        "//idauthentication/v1/auth/x",
        "idauthentication/v1/auth/x",
        "/mosip-certs/ida-partner.cer.bak",
        "/.well-known/jwks.jso",
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        assert_null(find(paths[i]));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_programmes_send_goes_to_core_by_post),
        cmocka_unit_test(documents_come_from_core_by_get),
        cmocka_unit_test(only_alive_is_edges_own),
        cmocka_unit_test(each_address_has_the_calls_of_its_profile),
        cmocka_unit_test(both_addresses_have_health_and_discovery),
        cmocka_unit_test(calls_of_the_jose_profile_have_no_other_spelling),
        cmocka_unit_test(anything_else_is_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
