#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/sha.h>

#include "authd/unseal/certificate.h"
#include "authd/unseal/decode.h"
#include "authd/unseal/tls_chain.h"
#include "tests/unit/unsealed_sample.h"

/* Chains for TLS as an officer brings them: what a client would refuse is refused first. */
#define NAMES "DNS:id.example.ma,DNS:*.apis.example.ma,IP:192.0.2.7,IP:2001:db8::1"
#define DAY   SAMPLE_DAY_MS

static struct sample_holder root, upper, middle, leaf;
static EVP_PKEY *key, *authority_key;
static uint8_t memory[DECODE_WORKSPACE_BYTES];
static struct tls_chain_question question;
static struct tls_chain_read answer;

static struct sample_subject leaf_subject(void) {
    return (struct sample_subject){.name = "the box",
                                   .key = key,
                                   .names = NAMES,
                                   .constraints = "critical,CA:FALSE",
                                   .usage = "critical,digitalSignature",
                                   .extended = "serverAuth"};
}

static int make(void **state) {
    (void)state;
    key = EVP_EC_gen("P-256");
    authority_key = EVP_EC_gen("P-384");
    if (key == NULL || authority_key == NULL || certificate_open() != ERR_OK)
        return -1;
    const struct sample_subject authorities[] = {
        {.name = "Root", .bits = 2048, .is_authority = true},
        {.name = "Upper",
         .key = authority_key,
         .is_authority = true,
         .not_after_ms = SAMPLE_NOW_MS + 90 * DAY},
        {.name = "Middle", .bits = 2048, .constraints = "critical,CA:TRUE,pathlen:0"},
    };
    sample_certify(&authorities[0], NULL, &root);
    sample_certify(&authorities[1], &root, &upper);
    sample_certify(&authorities[2], &upper, &middle);
    const struct sample_subject subject = leaf_subject();
    sample_certify(&subject, &middle, &leaf);
    return 0;
}

static int clean(void **state) {
    (void)state;
    sample_free(&root);
    sample_free(&upper);
    sample_free(&middle);
    sample_free(&leaf);
    EVP_PKEY_free(key);
    EVP_PKEY_free(authority_key);
    certificate_close();
    return 0;
}

static enum tls_chain_fault ask(void) {
    struct buffer workspace = buffer_over(memory, sizeof memory);
    memset(&answer, 0x55, sizeof answer);
    tls_chain_read(&question, &workspace, &answer);
    return answer.fault;
}

/* The chain of these, NULL at the end, judged for ${names}. */
static enum tls_chain_fault judge(const char *names, const struct sample_holder *const *chain) {
    question = (struct tls_chain_question){.judged = true, .now_ms = SAMPLE_NOW_MS};
    memcpy(question.names, names, strlen(names) + 1);
    for (size_t i = 0; chain[i] != NULL; i++)
        question.certificates[question.count++] = sample_der(chain[i]);
    return ask();
}
#define CHAIN(...) ((const struct sample_holder *const[]){__VA_ARGS__, NULL})

static enum tls_chain_fault judge_leaf(const struct sample_subject *subject) {
    struct sample_holder made;
    sample_certify(subject, &middle, &made);
    enum tls_chain_fault fault = judge("id.example.ma", CHAIN(&made, &middle, &upper));
    sample_free(&made);
    return fault;
}

static void a_whole_chain_is_good_with_and_without_its_root(void **state) {
    (void)state;
    uint8_t thumbprint[32];
    assert_int_equal(judge("id.example.ma, 192.0.2.7", CHAIN(&leaf, &middle, &upper, &root)),
                     TLS_CHAIN_GOOD);
    assert_int_equal(judge("id.example.ma", CHAIN(&leaf, &middle, &upper)), TLS_CHAIN_GOOD);
    assert_int_equal(judge("", CHAIN(&leaf, &middle)), TLS_CHAIN_GOOD);
    assert_int_equal(judge("id.example.ma", CHAIN(&leaf)), TLS_CHAIN_GOOD);
    SHA256(leaf.der, leaf.der_len, thumbprint);
    assert_memory_equal(answer.thumbprint, thumbprint, sizeof thumbprint);
    assert_string_equal(answer.subject, "the box");
    assert_string_equal(answer.issuer, "Middle");
    assert_string_equal(answer.names, "id.example.ma, *.apis.example.ma, 192.0.2.7, 2001:db8::1");
    unsigned char *encoded = NULL;
    int len = i2d_PUBKEY(key, &encoded);
    assert_true(bytes_equal(answer.public_key, bytes_of(encoded, (size_t)len)));
    OPENSSL_free(encoded);
}

/* Whom clients must have is not for the box to know: it says where the chain ends. */
static void the_end_of_a_chain_is_told(void **state) {
    (void)state;
    struct sample_holder alone;
    struct sample_subject subject = leaf_subject();
    assert_int_equal(judge("", CHAIN(&leaf, &middle, &upper, &root)), TLS_CHAIN_GOOD);
    assert_int_equal(answer.end, TLS_CHAIN_ROOT);
    assert_int_equal(judge("", CHAIN(&leaf, &middle)), TLS_CHAIN_GOOD);
    assert_int_equal(answer.end, TLS_CHAIN_AUTHORITY);
    assert_string_equal(answer.authority, "Upper");
    assert_int_equal(judge("", CHAIN(&leaf)), TLS_CHAIN_GOOD);
    assert_int_equal(answer.end, TLS_CHAIN_LEAF_ALONE);
    assert_string_equal(answer.authority, "Middle");
    sample_certify(&subject, NULL, &alone);
    assert_int_equal(judge("", CHAIN(&alone)), TLS_CHAIN_GOOD);
    assert_int_equal(answer.end, TLS_CHAIN_ROOT);
    sample_free(&alone);
}

/* By its names alone a certificate that another one has signed looks like its own issuer. */
static void a_namesake_s_signature_makes_no_root(void **state) {
    (void)state;
    struct sample_holder signer, twin, made;
    const struct sample_subject namesake = {.name = "Twin", .bits = 2048, .is_authority = true};
    const struct sample_subject subject = leaf_subject();
    sample_certify(&namesake, NULL, &signer);
    sample_certify(&namesake, &signer, &twin);
    sample_certify(&subject, &twin, &made);
    assert_int_equal(judge("", CHAIN(&made, &twin)), TLS_CHAIN_GOOD);
    assert_int_equal(answer.end, TLS_CHAIN_AUTHORITY);
    assert_string_equal(answer.authority, "Twin");
    sample_free(&signer);
    sample_free(&twin);
    sample_free(&made);
}

/* What nobody has judged is no good chain. */
static void an_answer_that_was_not_given_is_a_refusal(void **state) {
    (void)state;
    const struct tls_chain_read nothing = {0};
    assert_int_not_equal(nothing.fault, TLS_CHAIN_GOOD);
    assert_int_equal(nothing.fault, TLS_CHAIN_UNREADABLE);
    assert_int_equal(nothing.end, TLS_CHAIN_LEAF_ALONE);
}

static void the_first_to_run_out_is_told(void **state) {
    (void)state;
    assert_int_equal(judge("", CHAIN(&leaf, &middle)), TLS_CHAIN_GOOD);
    assert_true(answer.not_after_ms > SAMPLE_NOW_MS + 300 * DAY);
    assert_int_equal(judge("", CHAIN(&leaf, &middle, &upper)), TLS_CHAIN_GOOD);
    assert_int_equal(answer.not_after_ms / 1000, (SAMPLE_NOW_MS + 90 * DAY) / 1000);
}

static void each_is_issued_by_the_next(void **state) {
    (void)state;
    assert_int_equal(judge("", CHAIN(&leaf, &upper, &middle)), TLS_CHAIN_ISSUER);
    assert_int_equal(answer.at, 2);
    assert_int_equal(judge("", CHAIN(&leaf, &middle, &root)), TLS_CHAIN_ISSUER);
    assert_int_equal(answer.at, 3);
    assert_int_equal(judge("", CHAIN(&leaf, &leaf)), TLS_CHAIN_ISSUER);
    assert_int_equal(judge("", CHAIN(&leaf, &middle, &middle)), TLS_CHAIN_ISSUER);
    assert_int_equal(judge("", CHAIN(&leaf, &root, &upper, &middle)), TLS_CHAIN_ISSUER);
    assert_int_equal(judge("", CHAIN(&middle, &leaf)), TLS_CHAIN_SERVER);
}

static void a_signature_of_somebody_with_the_same_name_is_none(void **state) {
    (void)state;
    struct sample_holder other, made;
    const struct sample_subject twin = {.name = "Middle", .bits = 2048, .is_authority = true};
    const struct sample_subject subject = leaf_subject();
    sample_certify(&twin, NULL, &other);
    sample_certify(&subject, &other, &made);
    assert_int_equal(judge("", CHAIN(&made, &other)), TLS_CHAIN_GOOD);
    assert_int_equal(judge("", CHAIN(&made, &middle)), TLS_CHAIN_ISSUER);
    sample_free(&other);
    sample_free(&made);
}

static void an_authority_issues_only_what_it_may(void **state) {
    (void)state;
    struct sample_holder below, made;
    const struct sample_subject too_low = {.name = "Low", .bits = 2048, .is_authority = true};
    const struct sample_subject subject = leaf_subject();
    sample_certify(&too_low, &middle, &below); /* which has a pathlen of 0 */
    sample_certify(&subject, &below, &made);
    assert_int_equal(judge("", CHAIN(&made, &below)), TLS_CHAIN_GOOD);
    assert_int_equal(judge("", CHAIN(&made, &below, &middle)), TLS_CHAIN_PATH);
    sample_free(&made);
    sample_certify(&subject, &leaf, &made); /* by one that is none */
    assert_int_equal(judge("", CHAIN(&made, &leaf)), TLS_CHAIN_ISSUER);
    sample_free(&made);
    sample_free(&below);
}

static void what_is_out_of_date_is_refused(void **state) {
    (void)state;
    struct sample_subject subject = leaf_subject();
    subject.not_after_ms = SAMPLE_NOW_MS - DAY;
    assert_int_equal(judge_leaf(&subject), TLS_CHAIN_TIME);
    assert_int_equal(answer.at, 1);
    subject = leaf_subject();
    subject.not_before_ms = SAMPLE_NOW_MS + DAY;
    assert_int_equal(judge_leaf(&subject), TLS_CHAIN_TIME);
    assert_int_equal(judge("", CHAIN(&leaf, &middle, &upper)), TLS_CHAIN_GOOD);
    question.now_ms = SAMPLE_NOW_MS + 91 * DAY; /* the upper authority has run out */
    assert_int_equal(ask(), TLS_CHAIN_TIME);
    assert_int_equal(answer.at, 3);
}

static void a_leaf_is_for_a_server_that_signs(void **state) {
    (void)state;
    struct sample_subject subject = leaf_subject();
    subject.extended = "clientAuth";
    assert_int_equal(judge_leaf(&subject), TLS_CHAIN_SERVER);
    subject = leaf_subject();
    subject.usage = "critical,keyAgreement";
    assert_int_equal(judge_leaf(&subject), TLS_CHAIN_SERVER);
    subject = leaf_subject();
    subject.constraints = "critical,CA:TRUE";
    assert_int_equal(judge_leaf(&subject), TLS_CHAIN_SERVER);
    subject = leaf_subject();
    subject.constraints = subject.usage = subject.extended = NULL; /* for everything */
    assert_int_equal(judge_leaf(&subject), TLS_CHAIN_GOOD);
}

/* Alone, as an authority that is known to clients itself issues it. */
static enum tls_chain_fault judge_alone(const struct sample_subject *subject) {
    struct sample_holder made;
    sample_certify(subject, &middle, &made);
    enum tls_chain_fault fault = judge("id.example.ma", CHAIN(&made));
    sample_free(&made);
    return fault;
}

static void what_clients_would_refuse_of_a_lonely_leaf_is_refused(void **state) {
    (void)state;
    struct sample_subject subject = leaf_subject();
    assert_int_equal(judge_alone(&subject), TLS_CHAIN_GOOD);
    subject.comment = "not critical";
    assert_int_equal(judge_alone(&subject), TLS_CHAIN_GOOD);
    subject.comment = "critical,nobody knows this";
    assert_int_equal(judge_alone(&subject), TLS_CHAIN_SERVER);
    subject = leaf_subject();
    subject.feature = "status_request"; /* must-staple */
    assert_int_equal(judge_alone(&subject), TLS_CHAIN_SERVER);
    assert_int_equal(judge_leaf(&subject), TLS_CHAIN_SERVER);
    subject = leaf_subject();
    subject.digest = "SHA1";
    assert_int_equal(judge_alone(&subject), TLS_CHAIN_WEAK);
}

static void weak_keys_and_hashes_are_refused(void **state) {
    (void)state;
    struct sample_subject subject = leaf_subject();
    subject.key = NULL;
    subject.bits = 1024;
    assert_int_equal(judge_leaf(&subject), TLS_CHAIN_WEAK);
    subject = leaf_subject();
    subject.digest = "SHA1";
    assert_int_equal(judge_leaf(&subject), TLS_CHAIN_ISSUER);
}

static void every_name_of_the_box_is_there(void **state) {
    (void)state;
    static const char *const covered[] = {
        "id.example.ma", "ID.example.MA", "x.apis.example.ma",         "*.apis.example.ma",
        "192.0.2.7",     "2001:db8:0::1", " id.example.ma ,192.0.2.7 "};
    static const char *const missing[] = {"example.ma",          "the box",   "apis.example.ma",
                                          "a.b.apis.example.ma", "192.0.2.8", "2001:db8::2",
                                          "*.example.ma"};
    for (size_t i = 0; i < sizeof covered / sizeof *covered; i++)
        assert_int_equal(judge(covered[i], CHAIN(&leaf, &middle)), TLS_CHAIN_GOOD);
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++) {
        char names[256] = "id.example.ma, ";
        strcat(names, missing[i]);
        assert_int_equal(judge(names, CHAIN(&leaf, &middle)), TLS_CHAIN_NAME);
        assert_string_equal(answer.missing, missing[i]);
    }
    struct sample_subject subject = leaf_subject();
    subject.name = "id.example.ma"; /* a common name is no name of a server */
    subject.names = NULL;
    assert_int_equal(judge_leaf(&subject), TLS_CHAIN_NAME);
}

static void der_is_read_to_its_last_byte(void **state) {
    (void)state;
    uint8_t der[SAMPLE_CHUNK_SIZE + 1] = {0};
    memcpy(der, leaf.der, leaf.der_len);
    question = (struct tls_chain_question){.judged = true, .now_ms = SAMPLE_NOW_MS, .count = 2};
    for (size_t len = 0; len <= leaf.der_len + 1; len++) {
        question.certificates[0] = sample_der(&leaf);
        question.certificates[1] = bytes_of(der, len);
        if (len == leaf.der_len)
            continue;
        assert_int_equal(ask(), TLS_CHAIN_UNREADABLE);
        assert_int_equal(answer.at, 2);
    }
}

static void what_is_only_shown_is_only_read(void **state) {
    (void)state;
    struct sample_subject subject = leaf_subject();
    struct sample_holder over;
    subject.not_after_ms = SAMPLE_NOW_MS - DAY;
    subject.names = "DNS:a.example,email:nobody@example";
    sample_certify(&subject, &middle, &over);
    question = (struct tls_chain_question){.now_ms = SAMPLE_NOW_MS, .count = 1};
    question.certificates[0] = sample_der(&over);
    assert_int_equal(ask(), TLS_CHAIN_GOOD);
    assert_string_equal(answer.names, "a.example");
    assert_true(answer.not_after_ms < SAMPLE_NOW_MS);
    sample_free(&over);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_chain_is_good_with_and_without_its_root),
        cmocka_unit_test(the_end_of_a_chain_is_told),
        cmocka_unit_test(a_namesake_s_signature_makes_no_root),
        cmocka_unit_test(an_answer_that_was_not_given_is_a_refusal),
        cmocka_unit_test(the_first_to_run_out_is_told),
        cmocka_unit_test(each_is_issued_by_the_next),
        cmocka_unit_test(a_signature_of_somebody_with_the_same_name_is_none),
        cmocka_unit_test(an_authority_issues_only_what_it_may),
        cmocka_unit_test(what_is_out_of_date_is_refused),
        cmocka_unit_test(a_leaf_is_for_a_server_that_signs),
        cmocka_unit_test(what_clients_would_refuse_of_a_lonely_leaf_is_refused),
        cmocka_unit_test(weak_keys_and_hashes_are_refused),
        cmocka_unit_test(every_name_of_the_box_is_there),
        cmocka_unit_test(der_is_read_to_its_last_byte),
        cmocka_unit_test(what_is_only_shown_is_only_read),
    };
    return cmocka_run_group_tests(tests, make, clean);
}
