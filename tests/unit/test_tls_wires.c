#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/pem.h"
#include "hsm/wire_tls_install.h"
#include "authd/wire/tls_chain_wire.h"
#include "provisioning/officer_pem.h"
#include "provisioning/officer_wire_tls.h"

/* Certificates for TLS between an officer's file and the signer: whole, cut short, out of range. */
#define CERTIFICATES                                                                               \
    {                                                                                              \
        {(const uint8_t *)"leaf", 4}, {                                                            \
            (const uint8_t *)"root", 4                                                             \
        }                                                                                          \
    }

static uint8_t memory[65536];

static const struct hsm_tls_request request = {.generation = 3, .names = "id.example.ma"};
static const struct hsm_tls_requested requested = {
    .receipt.sequence = 9, .generation = 3, .request = {(const uint8_t *)"csr", 3}};
static const struct hsm_tls_install install = {
    .generation = 515, .not_after_ms = 1705314030123, .count = 2, .certificates = CERTIFICATES};
static const struct hsm_tls_remove removal = {.generation = 2};
static const struct hsm_tls_shown shown = {.names = "id.example.ma",
                                           .count = 2,
                                           .keys = {{.generation = 1,
                                                     .state = KEYSTATE_ACTIVE,
                                                     .brought = true,
                                                     .not_after_ms = 1705314030123,
                                                     .count = 3,
                                                     .leaf = {(const uint8_t *)"leaf", 4},
                                                     .public_key = {(const uint8_t *)"key", 3}},
                                                    {.generation = 2,
                                                     .state = KEYSTATE_PUBLISHED,
                                                     .count = 1,
                                                     .leaf = {(const uint8_t *)"own", 3},
                                                     .public_key = {(const uint8_t *)"key", 3}}}};
static const struct officer_tls_install brought = {
    .count = 2, .certificates = CERTIFICATES, .force = "the portal moves"};
static const struct officer_tls_request wanted = {.generation = 1, .names = "192.0.2.7"};
static const struct officer_tls_requested given = {.generation = 1,
                                                   .request = {(const uint8_t *)"csr", 3}};
static const struct officer_tls_installed taken = {
    .generation = 2, .in_file = true, .end = TLS_CHAIN_AUTHORITY, .authority = "Root"};
static const struct officer_tls_shown listed = {.in_file = true,
                                                .names = "id.example.ma",
                                                .count = 1,
                                                .keys = {{.generation = 1,
                                                          .state = KEYSTATE_ACTIVE,
                                                          .brought = true,
                                                          .count = 2,
                                                          .subject = "the box",
                                                          .issuer = "CA",
                                                          .names = "id.example.ma",
                                                          .not_after_ms = 1705314030123,
                                                          .thumbprint = {1, 2}}}};
static const struct tls_chain_question chain = {
    .judged = true, .now_ms = 7, .names = "a, b", .count = 2, .certificates = CERTIFICATES};
static const struct tls_chain_read good = {.fault = TLS_CHAIN_GOOD,
                                           .public_key = {(const uint8_t *)"key", 3},
                                           .thumbprint = {3},
                                           .subject = "the box",
                                           .issuer = "CA",
                                           .names = "a, b",
                                           .not_after_ms = 1705314030123,
                                           .end = TLS_CHAIN_AUTHORITY,
                                           .authority = "Root"};
static const struct tls_chain_read without_name = {
    .fault = TLS_CHAIN_NAME, .at = 1, .missing = "b"};

/* Reads ${payload} as its kind of message, and writes what it has read behind it. */
#define ROUND(prefix, type, name, message)                                                         \
    static void put_##message(struct buffer *target) {                                             \
        prefix##_wire_put_##name(target, &(message));                                              \
    }                                                                                              \
    static enum err round_##message(struct bytes payload, struct buffer *target) {                 \
        static struct type read;                                                                   \
        ERR_TRY(prefix##_wire_get_##name(payload, &read));                                         \
        prefix##_wire_put_##name(target, &read);                                                   \
        return ERR_OK;                                                                             \
    }
ROUND(hsm, hsm_tls_request, tls_request, request)
ROUND(hsm, hsm_tls_requested, tls_requested, requested)
ROUND(hsm, hsm_tls_install, tls_install, install)
ROUND(hsm, hsm_tls_remove, tls_remove, removal)
ROUND(hsm, hsm_tls_shown, tls_shown, shown)
ROUND(officer, officer_tls_install, tls_install, brought)
ROUND(officer, officer_tls_request, tls_request, wanted)
ROUND(officer, officer_tls_requested, tls_requested, given)
ROUND(officer, officer_tls_installed, tls_installed, taken)
ROUND(officer, officer_tls_shown, tls_shown, listed)
ROUND(tls_chain, tls_chain_question, question, chain)
ROUND(tls_chain, tls_chain_read, read, good)
ROUND(tls_chain, tls_chain_read, read, without_name)

#define MESSAGE(name)                                                                              \
    { put_##name, round_##name }
static const struct {
    void (*put)(struct buffer *target);
    enum err (*round)(struct bytes payload, struct buffer *target);
} messages[] = {
    MESSAGE(request), MESSAGE(requested),    MESSAGE(install), MESSAGE(removal), MESSAGE(shown),
    MESSAGE(brought), MESSAGE(wanted),       MESSAGE(given),   MESSAGE(listed),  MESSAGE(chain),
    MESSAGE(good),    MESSAGE(without_name), MESSAGE(taken),
};
#define MESSAGES (sizeof messages / sizeof *messages)

static void every_message_comes_back_as_it_was_written(void **state) {
    (void)state;
    uint8_t again[4096];
    for (size_t i = 0; i < MESSAGES; i++) {
        struct buffer first = buffer_over(memory, sizeof memory);
        struct buffer second = buffer_over(again, sizeof again);
        struct bytes written, rewritten;
        messages[i].put(&first);
        assert_int_equal(buffer_end(&first, &written), ERR_OK);
        assert_int_equal(messages[i].round(written, &second), ERR_OK);
        assert_int_equal(buffer_end(&second, &rewritten), ERR_OK);
        assert_true(bytes_equal(written, rewritten));
    }
}

/* Each length in memory of its own, where AddressSanitizer sees a byte too far. */
static void every_message_cut_short_or_drawn_out_is_refused(void **state) {
    (void)state;
    uint8_t again[4096];
    for (size_t i = 0; i < MESSAGES; i++) {
        struct buffer first = buffer_over(memory, sizeof memory);
        messages[i].put(&first);
        memory[first.len] = 0;
        for (size_t len = 0; len <= first.len + 1; len++) {
            struct buffer second = buffer_over(again, sizeof again);
            uint8_t *cut = malloc(len > 0 ? len : 1);
            assert_non_null(cut);
            memcpy(cut, memory, len);
            enum err err = messages[i].round(bytes_of(cut, len), &second);
            assert_int_equal(err == ERR_OK, len == first.len);
            free(cut);
        }
    }
}

/* Writes ${message} and expects that nobody reads it. */
#define REFUSED(prefix, type, name, message)                                                       \
    do {                                                                                           \
        static struct type read;                                                                   \
        struct buffer target = buffer_over(memory, sizeof memory);                                 \
        prefix##_wire_put_##name(&target, &(message));                                             \
        assert_int_equal(target.err, ERR_OK);                                                      \
        assert_int_not_equal(prefix##_wire_get_##name(bytes_of(memory, target.len), &read),        \
                             ERR_OK);                                                              \
    } while (0)

static void a_chain_has_one_to_four_certificates_none_empty_or_too_large(void **state) {
    (void)state;
    static const uint8_t large[HSM_TLS_CERTIFICATE_MAX + 1] = {0x30};
    struct hsm_tls_install to_signer = install;
    struct officer_tls_install to_provd = brought;
    struct tls_chain_question to_unseal = chain;
    to_signer.count = to_provd.count = to_unseal.count = 0;
    REFUSED(hsm, hsm_tls_install, tls_install, to_signer);
    REFUSED(officer, officer_tls_install, tls_install, to_provd);
    REFUSED(tls_chain, tls_chain_question, question, to_unseal);
    to_signer.count = to_provd.count = to_unseal.count = 2;
    to_signer.certificates[1] = to_provd.certificates[1] = to_unseal.certificates[1] =
        bytes_of(large, sizeof large);
    REFUSED(hsm, hsm_tls_install, tls_install, to_signer);
    REFUSED(officer, officer_tls_install, tls_install, to_provd);
    REFUSED(tls_chain, tls_chain_question, question, to_unseal);
    to_signer.certificates[1] = to_provd.certificates[1] = bytes_of(large, 0);
    REFUSED(hsm, hsm_tls_install, tls_install, to_signer);
    REFUSED(officer, officer_tls_install, tls_install, to_provd);
    struct buffer target = buffer_over(memory, sizeof memory);
    struct hsm_tls_install read;
    hsm_wire_put_tls_install(&target, &install);
    memory[10] = HSM_TLS_CERTIFICATES + 1; /* the count, behind generation and time */
    assert_int_equal(hsm_wire_get_tls_install(bytes_of(memory, target.len), &read), ERR_MALFORMED);
}

static void what_cannot_be_is_refused(void **state) {
    (void)state;
    struct hsm_tls_install nobody = install, before = install;
    nobody.generation = 0;
    before.not_after_ms = -1;
    REFUSED(hsm, hsm_tls_install, tls_install, nobody);
    REFUSED(hsm, hsm_tls_install, tls_install, before);
    const struct hsm_tls_remove none = {0};
    const struct officer_tls_remove nothing = {0};
    REFUSED(hsm, hsm_tls_remove, tls_remove, none);
    REFUSED(officer, officer_tls_remove, tls_remove, nothing);
    struct tls_chain_read odd = without_name;
    odd.missing[0] = '\0';
    REFUSED(tls_chain, tls_chain_read, read, odd);
    odd = without_name;
    odd.at = 0;
    REFUSED(tls_chain, tls_chain_read, read, odd);
    struct officer_tls_request commanding = wanted;
    commanding.names[0] = '\033';
    REFUSED(officer, officer_tls_request, tls_request, commanding);
}

static void a_refusal_carries_nothing_else(void **state) {
    (void)state;
    struct hsm_tls_requested refused = requested;
    struct officer_tls_requested told = given;
    struct buffer target = buffer_over(memory, sizeof memory);
    refused.receipt.status = ERR_NOT_FOUND;
    hsm_wire_put_tls_requested(&target, &refused);
    assert_int_equal(target.len, 11); /* the receipt */
    assert_int_equal(hsm_wire_get_tls_requested(bytes_of(memory, target.len), &refused), ERR_OK);
    assert_true(refused.receipt.status == ERR_NOT_FOUND && refused.request.len == 0);
    target = buffer_over(memory, sizeof memory);
    told.outcome.status = ERR_DENIED;
    officer_wire_put_tls_requested(&target, &told);
    assert_int_equal(officer_wire_get_tls_requested(bytes_of(memory, target.len), &told), ERR_OK);
    assert_true(told.outcome.status == ERR_DENIED && told.request.len == 0);
}

/* ---- PEM ---- */

static enum err read_pem(const char *text, size_t most, size_t each, size_t *count) {
    static uint8_t der[256];
    static struct bytes certificates[4];
    const struct officer_pem_limits limits = {most, each};
    struct buffer target = buffer_over(der, sizeof der);
    return officer_pem_read(bytes_of_text(text), &limits, &target, certificates, count);
}

#define BLOCK(base64) "-----BEGIN CERTIFICATE-----\n" base64 "\n-----END CERTIFICATE-----\n"

static void a_file_gives_its_certificates_and_nothing_else(void **state) {
    (void)state;
    size_t count;
    assert_int_equal(
        read_pem("subject=L\n" BLOCK("bGVh\r\nZg==") "\n" BLOCK("cm9vdA=="), 4, 64, &count),
        ERR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(read_pem(BLOCK("bGVhZg=="), 4, 4, &count), ERR_OK);
    assert_int_equal(read_pem(BLOCK("bGVhZg=="), 4, 3, &count), ERR_TOO_LARGE);
    assert_int_equal(read_pem(BLOCK("bGVhZg==") BLOCK("bGVhZg=="), 1, 64, &count), ERR_FULL);
    assert_int_equal(read_pem("-----BEGIN PRIVATE KEY-----\nbGVhZg==\n-----END PRIVATE KEY-----\n",
                              4, 64, &count),
                     ERR_NOT_FOUND);
    static const char *const broken[] = {BLOCK(""), BLOCK("b"), BLOCK("b!=="), BLOCK("bGVh Zg=="),
                                         "-----BEGIN CERTIFICATE-----\nbGVhZg==\n"};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        assert_int_equal(read_pem(broken[i], 4, 64, &count), ERR_MALFORMED);
}

static void what_is_written_has_lines_of_64(void **state) {
    (void)state;
    uint8_t der[97];
    memset(der, 0, sizeof der);
    struct buffer target = buffer_over(memory, sizeof memory);
    pem_put(&target, "CERTIFICATE REQUEST", bytes_of(der, sizeof der));
    assert_int_equal(target.err, ERR_OK);
    memory[target.len] = 0;
    char line[65];
    memset(line, 'A', 64);
    line[64] = '\0';
    char expected[512];
    (void)snprintf(expected, sizeof expected,
                   "-----BEGIN CERTIFICATE REQUEST-----\n%s\n%s\nAA==\n"
                   "-----END CERTIFICATE REQUEST-----\n",
                   line, line);
    assert_string_equal((const char *)memory, expected);
    target = buffer_over(memory, 100);
    pem_put(&target, "X", bytes_of(der, sizeof der));
    assert_int_equal(target.err, ERR_FULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_comes_back_as_it_was_written),
        cmocka_unit_test(every_message_cut_short_or_drawn_out_is_refused),
        cmocka_unit_test(a_chain_has_one_to_four_certificates_none_empty_or_too_large),
        cmocka_unit_test(what_cannot_be_is_refused),
        cmocka_unit_test(a_refusal_carries_nothing_else),
        cmocka_unit_test(a_file_gives_its_certificates_and_nothing_else),
        cmocka_unit_test(what_is_written_has_lines_of_64),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
