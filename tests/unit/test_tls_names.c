#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/x509v3.h>

#include "hsm/tls_names.h"

static void hosts_and_addresses_are_names(void **state) {
    (void)state;
    static const char *const good[] = {
        "localhost", "id.example.ma",           "*.example.ma", "192.0.2.7", "2001:db8::1",
        "a, b ,c",   "xn--mgbc0a9azcg.example",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(tls_names_check(good[i]), ERR_OK);
}

static void anything_else_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",      ",",   "a,",        ",a",    "a..b",           ".a",    "a.",        "a b",
        "a_b",   "-a",  "a-",        "b.*",   "*a.b",           "a\nb",  "dirName:x", "email:copy",
        "DNS:a", "a/b", "1.2.3.4:8", "[::1]", "id.\xd8\xa7.ma", "a.*.b",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(tls_names_check(bad[i]), ERR_CONFIG);
}

static void a_name_and_a_list_have_a_length(void **state) {
    (void)state;
    char text[600] = "";
    memset(text, 'a', 63);
    assert_int_equal(tls_names_check(text), ERR_OK);
    text[63] = 'a';
    assert_int_equal(tls_names_check(text), ERR_CONFIG);
    for (size_t i = 0; i < 256; i++)
        text[i] = i % 2 == 0 ? 'a' : '.';
    text[253] = '\0';
    assert_int_equal(tls_names_check(text), ERR_OK);
    text[253] = '.';
    text[254] = 'a';
    text[255] = '\0';
    assert_int_equal(tls_names_check(text), ERR_CONFIG);
    for (size_t i = 0; i < TLS_NAMES_MAX; i++)
        memcpy(text + 2 * i, "a,", 3);
    text[2 * TLS_NAMES_MAX - 1] = '\0';
    assert_int_equal(tls_names_check(text), ERR_OK);
    memcpy(text + 2 * TLS_NAMES_MAX - 1, ",a", 3);
    assert_int_equal(tls_names_check(text), ERR_CONFIG);
}

static void a_certificate_gets_them_in_their_kinds(void **state) {
    (void)state;
    X509 *certificate = X509_new();
    assert_int_equal(tls_names_add("id.example.ma, 192.0.2.7,2001:db8::1", certificate), ERR_OK);
    assert_int_equal(X509_check_host(certificate, "id.example.ma", 0, 0, NULL), 1);
    assert_int_equal(X509_check_host(certificate, "example.ma", 0, 0, NULL), 0);
    assert_int_equal(X509_check_ip_asc(certificate, "192.0.2.7", 0), 1);
    assert_int_equal(X509_check_ip_asc(certificate, "2001:db8::1", 0), 1);
    assert_int_equal(X509_check_ip_asc(certificate, "192.0.2.8", 0), 0);
    X509_free(certificate);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_and_addresses_are_names),
        cmocka_unit_test(anything_else_is_refused),
        cmocka_unit_test(a_name_and_a_list_have_a_length),
        cmocka_unit_test(a_certificate_gets_them_in_their_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
