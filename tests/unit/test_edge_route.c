#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authd/edge/route.h"

static const struct route *find(const char *path) {
    return route_find(bytes_of_text(path));
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
        cmocka_unit_test(anything_else_is_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
