#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/x509v3.h>

#include "hsm/certificate.h"
#include "hsm/keyring_chain.h"
#include "hsm/tls_request.h"
#include "hsm/wire_tls_install.h"
#include "tests/lib/hsm_box.h"
#include "tests/unit/tls_authority.h"

/* Requests for certificates: signed by the key in the token, for the names of the box. */
#define NOTHING bytes_of(NULL, 0)

static struct hsm_box box;
static struct hsm_signer signer;
static struct tls_authority authority;

static const struct hsm_signer_plan plan = {.settings = "tls-names = id.example.ma, 192.0.2.7\n"};

static int start(void **state) {
    (void)state;
    hsm_box_make(&box);
    tls_authority_make(&authority);
    hsm_signer_make_keys(&box, &plan);
    hsm_signer_start(&box, &plan, &signer);
    assert_true(hsm_signer_greet(&signer).provisioned);
    return 0;
}

static int stop(void **state) {
    (void)state;
    hsm_signer_stop(&signer);
    tls_authority_free(&authority);
    hsm_box_remove(&box);
    return 0;
}

static struct hsm_tls_requested request(uint16_t generation, const char *names) {
    static struct hsm_tls_requested answer;
    static struct hsm_tls_request question;
    uint8_t memory[2048];
    struct buffer target = buffer_over(memory, sizeof memory);
    memset(&question, 0, sizeof question);
    question.generation = generation;
    memcpy(question.names, names, strlen(names) + 1);
    hsm_wire_put_tls_request(&target, &question);
    struct bytes payload =
        hsm_signer_ask(&signer, signer.provd, HSM_TLS_REQUEST, bytes_of(memory, target.len));
    assert_int_equal(hsm_wire_get_tls_requested(payload, &answer), ERR_OK);
    return answer;
}

static X509_REQ *parse(struct bytes der) {
    const unsigned char *at = der.data;
    X509_REQ *parsed = d2i_X509_REQ(NULL, &at, (long)der.len);
    assert_non_null(parsed);
    assert_ptr_equal(at, der.data + der.len);
    return parsed;
}

/* The certificate that the box shows of itself. */
static X509 *own_certificate(void) {
    static struct hsm_tls_shown shown;
    struct bytes payload = hsm_signer_ask(&signer, signer.provd, HSM_TLS_SHOW, NOTHING);
    assert_int_equal(hsm_wire_get_tls_shown(payload, &shown), ERR_OK);
    assert_int_equal(shown.receipt.status, ERR_OK);
    assert_string_equal(shown.names, "id.example.ma, 192.0.2.7");
    assert_int_equal(shown.count, 1);
    assert_false(shown.keys[0].brought);
    assert_int_equal(shown.keys[0].state, KEYSTATE_ACTIVE);
    const unsigned char *at = shown.keys[0].leaf.data;
    X509 *parsed = d2i_X509(NULL, &at, (long)shown.keys[0].leaf.len);
    assert_non_null(parsed);
    return parsed;
}

static void it_verifies_by_the_key_that_handshakes_use(void **state) {
    (void)state;
    struct hsm_tls_requested made = request(0, "");
    assert_int_equal(made.receipt.status, ERR_OK);
    assert_int_equal(made.generation, 1);
    X509_REQ *asked = parse(made.request);
    X509 *own = own_certificate();
    assert_int_equal(X509_REQ_verify(asked, X509_get0_pubkey(own)), 1);
    assert_int_equal(EVP_PKEY_eq(X509_REQ_get0_pubkey(asked), X509_get0_pubkey(own)), 1);
    X509_REQ_free(asked);
    X509_free(own);
}

static void assert_names(struct bytes request_der, const char *host, const char *address) {
    struct bytes leaf = tls_authority_answer(&authority, request_der);
    const unsigned char *at = leaf.data;
    X509 *made = d2i_X509(NULL, &at, (long)leaf.len);
    assert_non_null(made);
    assert_int_equal(X509_check_host(made, host, 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL), 1);
    assert_int_equal(X509_check_ip_asc(made, address, 0), 1);
    assert_int_equal(X509_check_host(made, "elsewhere.example", 0, 0, NULL), 0);
    X509_free(made);
}

static void it_asks_for_the_names_of_the_box_or_for_those_given(void **state) {
    (void)state;
    char subject[128];
    assert_names(request(0, "").request, "id.example.ma", "192.0.2.7");
    struct hsm_tls_requested made = request(1, "2001:db8::9, auth.example.ma");
    assert_names(made.request, "auth.example.ma", "2001:db8::9");
    X509_REQ *asked = parse(request(1, "2001:db8::9, auth.example.ma").request);
    assert_true(X509_NAME_get_text_by_NID(X509_REQ_get_subject_name(asked), NID_commonName, subject,
                                          sizeof subject) > 0);
    assert_string_equal(subject, "auth.example.ma");
    X509_REQ_free(asked);
}

static void a_name_too_long_for_a_common_name_is_a_name_all_the_same(void **state) {
    (void)state;
    char name[128] = "";
    for (int i = 0; i < 6; i++)
        strcat(name, "abcdefghijk.");
    strcat(name, "ma");
    X509_REQ *asked = parse(request(0, name).request);
    assert_int_equal(X509_NAME_entry_count(X509_REQ_get_subject_name(asked)), 0);
    X509_REQ_free(asked);
    strcat(name, ",192.0.2.7");
    struct hsm_tls_requested made = request(0, name);
    *strchr(name, ',') = '\0';
    assert_names(made.request, name, "192.0.2.7");
}

static void odd_names_and_keys_that_are_not_there_are_refused(void **state) {
    (void)state;
    static const char *const odd[] = {"a b", "a,,b", "dirName:x", "a_b", ","};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        assert_int_equal(request(0, odd[i]).receipt.status, ERR_DENIED);
    assert_int_equal(request(2, "").receipt.status, ERR_NOT_FOUND);
    assert_int_equal(request(UINT16_MAX, "").receipt.status, ERR_NOT_FOUND);
    assert_int_equal(request(1, "").receipt.status, ERR_OK);
}

static void a_box_without_names_asks_for_some(void **state) {
    (void)state;
    hsm_signer_stop(&signer);
    hsm_signer_start(&box, &(struct hsm_signer_plan){0}, &signer);
    (void)hsm_signer_greet(&signer);
    assert_int_equal(request(0, "").receipt.status, ERR_DENIED);
    assert_int_equal(request(0, "id.example.ma").receipt.status, ERR_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_verifies_by_the_key_that_handshakes_use),
        cmocka_unit_test(it_asks_for_the_names_of_the_box_or_for_those_given),
        cmocka_unit_test(a_name_too_long_for_a_common_name_is_a_name_all_the_same),
        cmocka_unit_test(odd_names_and_keys_that_are_not_there_are_refused),
        cmocka_unit_test(a_box_without_names_asks_for_some),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
