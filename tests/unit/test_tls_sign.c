#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sodium.h>

#include "hsm/certificate.h"
#include "hsm/quiet.h"
#include "hsm/tls_sign.h"
#include "hsm/unwrap.h"
#include "tests/lib/hsm_box.h"

#define NOTHING bytes_of(NULL, 0)

/* OpenSSL's own keys stand in for the token's, but for the last tests, which ask a signer. */
static EVP_PKEY *rsa, *ec;
static uint8_t root_der[2048], ec_der[2048], rsa_der[2048];
static struct bytes root, ec_certificate, rsa_certificate;
static struct tls_ring *ring;

static struct bytes issue(enum hsm_purpose purpose, EVP_PKEY *subject, uint8_t *memory) {
    const struct certificate_plan plan = {
        .purpose = purpose,
        .generation = 1,
        .generated_ms = INT64_C(1705314030123),
        .subject = subject,
        .issuer_key = rsa,
        .issuer = root,
        .names = purpose == HSM_PURPOSE_TLS ? "id.example.ma" : NULL,
    };
    struct buffer der = buffer_over(memory, 2048);
    assert_int_equal(certificate_issue(&plan, &der), ERR_OK);
    return bytes_of(memory, der.len);
}

static int make_keys(void **state) {
    (void)state;
    rsa = EVP_RSA_gen(2048);
    ec = EVP_EC_gen("P-256");
    if (sodium_init() < 0 || rsa == NULL || ec == NULL)
        return -1;
    root = issue(HSM_PURPOSE_ROOT, rsa, root_der);
    ec_certificate = issue(HSM_PURPOSE_TLS, ec, ec_der);
    rsa_certificate = issue(HSM_PURPOSE_TLS, rsa, rsa_der);
    assert_int_equal(tls_ring_new(&ring), ERR_OK);
    assert_int_equal(tls_ring_add(ring, ec, ec_certificate), ERR_OK);
    assert_int_equal(tls_ring_add(ring, rsa, rsa_certificate), ERR_OK);
    return 0;
}

static int free_keys(void **state) {
    (void)state;
    tls_ring_free(ring);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(ec);
    return 0;
}

static struct hsm_tls_sign question_to(struct bytes certificate, enum hsm_tls_scheme scheme) {
    struct hsm_tls_sign question = {.scheme = scheme};
    const unsigned char *at = certificate.data;
    unsigned char *der = NULL;
    X509 *parsed = d2i_X509(NULL, &at, (long)certificate.len);
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(parsed), &der);
    (void)crypto_hash_sha256(question.key_id, der, (size_t)len);
    OPENSSL_free(der);
    X509_free(parsed);
    memset(question.hash, 0x5a, hsm_tls_hash_bytes(scheme));
    return question;
}

static bool verifies(EVP_PKEY *key, const struct hsm_tls_sign *question, struct bytes signature) {
    bool pss =
        question->scheme == HSM_TLS_RSA_PSS_SHA256 || question->scheme == HSM_TLS_RSA_PSS_SHA384;
    size_t len = hsm_tls_hash_bytes(question->scheme);
    EVP_PKEY_CTX *operation = EVP_PKEY_CTX_new(key, NULL);
    assert_int_equal(EVP_PKEY_verify_init(operation), 1);
    if (key == rsa) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(operation, pss ? RSA_PKCS1_PSS_PADDING
                                                                     : RSA_PKCS1_PADDING),
                         1);
        assert_int_equal(
            EVP_PKEY_CTX_set_signature_md(operation, len == 32 ? EVP_sha256() : EVP_sha384()), 1);
    }
    if (pss) /* RFC 8446 §4.2.3: as long as the hash */
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(operation, RSA_PSS_SALTLEN_DIGEST), 1);
    bool good = EVP_PKEY_verify(operation, signature.data, signature.len, question->hash, len) == 1;
    EVP_PKEY_CTX_free(operation);
    return good;
}

static void each_scheme_signs_with_its_kind_of_key_and_no_other(void **state) {
    (void)state;
    for (unsigned scheme = 1; scheme < HSM_TLS_SCHEMES; scheme++) {
        bool elliptic = scheme == HSM_TLS_ECDSA_SHA256;
        uint8_t memory[HSM_TLS_SIGNATURE_MAX];
        uint64_t uses = 0;
        struct buffer signature = buffer_over(memory, sizeof memory);
        struct hsm_tls_sign question =
            question_to(elliptic ? ec_certificate : rsa_certificate, (enum hsm_tls_scheme)scheme);
        assert_int_equal(tls_ring_sign(ring, &question, &signature, &uses), ERR_OK);
        assert_int_equal(uses, 1);
        assert_true(verifies(elliptic ? ec : rsa, &question, bytes_of(memory, signature.len)));
        question.hash[0] ^= 1;
        assert_false(verifies(elliptic ? ec : rsa, &question, bytes_of(memory, signature.len)));
        question =
            question_to(elliptic ? rsa_certificate : ec_certificate, (enum hsm_tls_scheme)scheme);
        assert_int_equal(tls_ring_sign(ring, &question, &signature, &uses), ERR_DENIED);
        question.key_id[31] ^= 1;
        assert_int_equal(tls_ring_sign(ring, &question, &signature, &uses), ERR_NOT_FOUND);
        assert_int_equal(uses, 1);
    }
}

static void the_first_key_is_that_of_new_handshakes(void **state) {
    (void)state;
    struct tls_ring *empty;
    struct hsm_tls_chain chain = {0};
    assert_int_equal(tls_ring_chain(ring, &chain), ERR_OK);
    assert_int_equal(chain.count, 1);
    assert_true(bytes_equal(chain.certificates[0], ec_certificate));
    struct hsm_tls_sign question = question_to(ec_certificate, HSM_TLS_ECDSA_SHA256);
    assert_memory_equal(chain.key_id, question.key_id, sizeof chain.key_id);
    assert_int_equal(tls_ring_new(&empty), ERR_OK);
    assert_int_equal(tls_ring_chain(empty, &chain), ERR_NOT_FOUND);
    tls_ring_free(empty);
}

static void keys_of_other_kinds_and_too_many_are_refused(void **state) {
    (void)state;
    struct tls_ring *full;
    EVP_PKEY *curve = EVP_EC_gen("P-384"), *large = EVP_RSA_gen(3072), *edwards;
    edwards = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    assert_int_equal(tls_ring_new(&full), ERR_OK);
    assert_int_equal(tls_ring_add(full, curve, ec_certificate), ERR_CRYPTO);
    assert_int_equal(tls_ring_add(full, large, rsa_certificate), ERR_CRYPTO);
    assert_int_equal(tls_ring_add(full, edwards, ec_certificate), ERR_CRYPTO);
    assert_int_equal(tls_ring_add(full, ec, bytes_of_text("no certificate")), ERR_CRYPTO);
    for (int i = 0; i < TLS_RING_KEYS; i++)
        assert_int_equal(tls_ring_add(full, ec, ec_certificate), ERR_OK);
    assert_int_equal(tls_ring_add(full, ec, ec_certificate), ERR_FULL);
    tls_ring_free(full);
    EVP_PKEY_free(curve);
    EVP_PKEY_free(large);
    EVP_PKEY_free(edwards);
}

/* On the wire. */

static struct bytes put(const struct hsm_tls_sign *question) {
    static uint8_t memory[256];
    struct buffer target = buffer_over(memory, sizeof memory);
    hsm_wire_put_tls_sign(&target, question);
    assert_int_equal(target.err, ERR_OK);
    return bytes_of(memory, target.len);
}

static void only_a_hash_of_its_schemes_length_is_a_question(void **state) {
    (void)state;
    for (unsigned scheme = 0; scheme < 256; scheme++) {
        for (size_t len = 0; len <= HSM_TLS_HASH_MAX + 1; len++) {
            uint8_t memory[256], hash[HSM_TLS_HASH_MAX + 1] = {0};
            struct hsm_tls_sign question;
            struct buffer target = buffer_over(memory, sizeof memory);
            buffer_raw(&target, hash, HSM_TLS_KEY_ID_BYTES);
            buffer_u8(&target, (uint8_t)scheme);
            buffer_block(&target, bytes_of(hash, len));
            bool good = len > 0 && len == hsm_tls_hash_bytes((enum hsm_tls_scheme)scheme);
            assert_int_equal(
                hsm_wire_get_tls_sign(bytes_of(memory, target.len), &question) == ERR_OK, good);
        }
    }
}

static void cut_and_long_messages_are_refused(void **state) {
    (void)state;
    const struct hsm_tls_chain chain = {
        .sequence = 9,
        .count = 2,
        .certificates = {bytes_of_text("leaf"), bytes_of_text("issuer")},
    };
    const struct hsm_tls_signed signature = {.signature = bytes_of_text("signature")};
    struct hsm_tls_sign question = question_to(ec_certificate, HSM_TLS_ECDSA_SHA256);
    uint8_t memory[3][256];
    struct buffer targets[3];
    for (size_t i = 0; i < 3; i++)
        targets[i] = buffer_over(memory[i], sizeof memory[i]);
    hsm_wire_put_tls_chain(&targets[0], &chain);
    hsm_wire_put_tls_signed(&targets[1], &signature);
    hsm_wire_put_tls_sign(&targets[2], &question);
    for (size_t i = 0; i < 3; i++) {
        for (size_t len = 0; len <= targets[i].len + 1; len++) {
            struct bytes payload = bytes_of(memory[i], len);
            struct hsm_tls_chain read_chain;
            struct hsm_tls_signed read_signature;
            struct hsm_tls_sign read_question;
            enum err err = i == 0   ? hsm_wire_get_tls_chain(payload, &read_chain)
                           : i == 1 ? hsm_wire_get_tls_signed(payload, &read_signature)
                                    : hsm_wire_get_tls_sign(payload, &read_question);
            assert_int_equal(err == ERR_OK, len == targets[i].len);
        }
    }
}

/* A signer, with edge in core's place; not the first, which begins with a silence. */

static struct hsm_box box;
static const struct hsm_signer_plan by_edge = {
    .index = 1, .role = "edge", .settings = "handshakes-a-second = 5\n"};

static int make_box(void **state) {
    struct hsm_signer signer;
    hsm_box_make(&box);
    if (secret_arena_open(65536) != ERR_OK)
        return -1;
    hsm_signer_provision(&box, &signer);
    hsm_signer_stop(&signer);
    return make_keys(state);
}

static int remove_box(void **state) {
    hsm_box_remove(&box);
    return free_keys(state);
}

static void edge_gets_the_chain_and_so_many_signatures_a_second(void **state) {
    (void)state;
    struct hsm_signer signer;
    struct hsm_tls_chain chain;
    struct hsm_tls_signed answer;
    uint8_t der[2048];
    hsm_signer_serve(&box, &by_edge, &signer);
    struct bytes payload = hsm_signer_ask(&signer, signer.core, HSM_TLS_CHAIN, NOTHING);
    assert_int_equal(hsm_wire_get_tls_chain(payload, &chain), ERR_OK);
    assert_int_equal(chain.receipt.status, ERR_OK);
    struct bytes leaf = chain.certificates[0];
    memcpy(der, leaf.data, leaf.len);
    const unsigned char *at = der;
    X509 *certificate = d2i_X509(NULL, &at, (long)leaf.len);
    struct hsm_tls_sign question = question_to(bytes_of(der, leaf.len), HSM_TLS_ECDSA_SHA256);
    assert_memory_equal(question.key_id, chain.key_id, sizeof chain.key_id);
    for (int i = 0; i < 5; i++) {
        payload = hsm_signer_ask(&signer, signer.core, HSM_TLS_SIGN, put(&question));
        assert_int_equal(hsm_wire_get_tls_signed(payload, &answer), ERR_OK);
        assert_int_equal(answer.receipt.status, ERR_OK);
        assert_true(verifies(X509_get0_pubkey(certificate), &question, answer.signature));
    }
    bool limited = false;
    for (int i = 0; i < 1000 && !limited; i++) {
        payload = hsm_signer_ask(&signer, signer.core, HSM_TLS_SIGN, put(&question));
        assert_int_equal(hsm_wire_get_tls_signed(payload, &answer), ERR_OK);
        limited = answer.receipt.status == ERR_LIMIT;
    }
    assert_true(limited);
    X509_free(certificate);
    hsm_signer_stop(&signer);
}

static void ends_at(const struct hsm_signer_plan *plan, uint16_t verb, struct bytes payload) {
    struct hsm_signer signer;
    hsm_signer_serve(&box, plan, &signer);
    hsm_signer_send(&signer, signer.core, verb, payload);
    assert_int_equal(hsm_signer_wait(&signer), BOOT_EXIT_FAILURE);
    hsm_signer_stop(&signer);
}

static void edge_may_ask_nothing_else_and_nobody_else_may_ask_it(void **state) {
    (void)state;
    static const uint16_t verbs[] = {HSM_UNWRAP, HSM_STATEMENT, HSM_RESULT, HSM_PUBLISHED,
                                     HSM_GENERATE};
    const struct hsm_signer_plan by_core = {0};
    struct hsm_tls_sign question = question_to(ec_certificate, HSM_TLS_ECDSA_SHA256);
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        ends_at(&by_edge, verbs[i], NOTHING);
    ends_at(&by_edge, HSM_TLS_SIGN, bytes_of_text("no question"));
    ends_at(&by_core, HSM_TLS_SIGN, put(&question));
    ends_at(&by_core, HSM_TLS_CHAIN, NOTHING);
}

/* ---- before a silence ---- */

#define BEGAN INT64_C(5000)

struct announced {
    struct serve *serve;
    struct serve_peer *edges[2];
    int fds[4]; /* the signer's end, and edge's */
    struct quiet quiet;
};

static int begin_quiet(void **state) {
    static struct announced announced;
    static const struct serve_peer_options options = {.name = "edge"};
    announced = (struct announced){0};
    assert_int_equal(serve_open(&announced.serve, NULL), ERR_OK);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(frame_pair(&announced.fds[2 * i], 1 << 16), ERR_OK);
        assert_int_equal(
            serve_add_peer(announced.serve, announced.fds[2 * i], &options, &announced.edges[i]),
            ERR_OK);
        assert_int_equal(quiet_add(&announced.quiet, announced.edges[i]), ERR_OK);
    }
    *state = &announced;
    return 0;
}

static int end_quiet(void **state) {
    struct announced *announced = *state;
    serve_close(announced->serve);
    for (size_t i = 0; i < 4; i++)
        (void)close(announced->fds[i]);
    return 0;
}

/* What each edge was told; gives its id. */
static uint64_t assert_told(struct announced *announced, uint32_t ms) {
    uint8_t memory[64];
    uint32_t told;
    struct frame frame;
    assert_int_equal(serve_turn(announced->serve, 0), ERR_OK);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(frame_receive(announced->fds[2 * i + 1], memory, sizeof memory, &frame, 0),
                         ERR_OK);
        assert_int_equal(frame.type, HSM_TLS_SILENCE);
        assert_int_equal(hsm_wire_get_tls_silence(frame.payload, &told), ERR_OK);
        assert_int_equal(told, ms);
    }
    return frame.id;
}

static void hear(struct announced *announced, size_t edge, uint64_t id) {
    const struct frame frame = {.type = HSM_TLS_SILENCE_HEARD, .id = id};
    assert_int_equal(quiet_hear(&announced->quiet, announced->edges[edge], &frame), ERR_OK);
}

static void silence_begins_in_the_turn_after_all_edges_have_heard(void **state) {
    struct announced *announced = *state;
    struct quiet *quiet = &announced->quiet;
    assert_false(quiet_reached(quiet, 77, BEGAN));
    uint64_t first = assert_told(announced, 77);
    hear(announced, 0, first);
    assert_false(quiet_reached(quiet, 77, BEGAN));
    hear(announced, 1, first);
    assert_false(quiet_reached(quiet, 77, BEGAN));
    assert_true(quiet_reached(quiet, 77, BEGAN));
    quiet_end(quiet);
    assert_int_equal(assert_told(announced, 0), first);
    quiet_end(quiet); /* says nothing more */

    assert_false(quiet_reached(quiet, 78, BEGAN));
    hear(announced, 0, first); /* late, of the one before */
    hear(announced, 1, assert_told(announced, 78));
    assert_false(quiet_reached(quiet, 78, BEGAN));
    assert_false(quiet_reached(quiet, 78, BEGAN));
}

static void an_edge_that_does_not_hear_is_waited_for_a_second(void **state) {
    struct announced *announced = *state;
    assert_false(quiet_reached(&announced->quiet, 77, BEGAN));
    hear(announced, 0, assert_told(announced, 77));
    assert_false(quiet_reached(&announced->quiet, 77, BEGAN + QUIET_HEAR_MS - 1));
    assert_false(quiet_reached(&announced->quiet, 77, BEGAN + QUIET_HEAR_MS - 1));
    assert_false(quiet_reached(&announced->quiet, 77, BEGAN + QUIET_HEAR_MS));
    assert_true(quiet_reached(&announced->quiet, 77, BEGAN + QUIET_HEAR_MS));
}

static void a_silence_of_more_than_three_minutes_is_malformed(void **state) {
    (void)state;
    static const uint8_t cases[][5] = {{0, 2, 0xbf, 0x20}, {0, 2, 0xbf, 0x21}};
    uint32_t ms;
    assert_int_equal(hsm_wire_get_tls_silence(bytes_of(cases[0], 4), &ms), ERR_OK);
    assert_int_equal(ms, HSM_TLS_SILENCE_MAX_MS);
    assert_int_equal(hsm_wire_get_tls_silence(bytes_of(cases[1], 4), &ms), ERR_MALFORMED);
    assert_int_not_equal(hsm_wire_get_tls_silence(bytes_of(cases[0], 3), &ms), ERR_OK);
    assert_int_not_equal(hsm_wire_get_tls_silence(bytes_of(cases[0], 5), &ms), ERR_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_scheme_signs_with_its_kind_of_key_and_no_other),
        cmocka_unit_test(the_first_key_is_that_of_new_handshakes),
        cmocka_unit_test(keys_of_other_kinds_and_too_many_are_refused),
        cmocka_unit_test(only_a_hash_of_its_schemes_length_is_a_question),
        cmocka_unit_test(cut_and_long_messages_are_refused),
        cmocka_unit_test(edge_gets_the_chain_and_so_many_signatures_a_second),
        cmocka_unit_test_setup_teardown(silence_begins_in_the_turn_after_all_edges_have_heard,
                                        begin_quiet, end_quiet),
        cmocka_unit_test_setup_teardown(an_edge_that_does_not_hear_is_waited_for_a_second,
                                        begin_quiet, end_quiet),
        cmocka_unit_test(a_silence_of_more_than_three_minutes_is_malformed),
        cmocka_unit_test(edge_may_ask_nothing_else_and_nobody_else_may_ask_it),
    };
    return cmocka_run_group_tests(tests, make_box, remove_box);
}
