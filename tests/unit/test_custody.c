#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <p11-kit/pkcs11.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <sodium.h>

#include "firmware/base/clock.h"
#include "hsm/agree.h"
#include "hsm/certificate.h"
#include "hsm/custody.h"
#include "hsm/jwk.h"
#include "hsm/locked_memory.h"
#include "hsm/trial.h"
#include "tests/unit/agree_sender.h"
#include "tests/unit/custody_box.h"
#include "tests/unit/memory_search.h"

#define FEW_BYTES       "524288"
#define HEAP_BYTES      "4194304"
#define UNLOCKED_REFUSE 40 /* exit code of the process whose memory can't be locked */
#define STACK_BYTES     (1024u * 1024u)
#define BENCH_MS        3000

static const enum hsm_purpose purposes[] = {HSM_PURPOSE_PARTNER, HSM_PURPOSE_IDA_FIR,
                                            HSM_PURPOSE_REQUEST};
#define PURPOSE_COUNT (sizeof purposes / sizeof *purposes)

static struct custody_box box;
static struct keyring_row rows[PURPOSE_COUNT];

static int open_box(void **state) {
    (void)state;
    if (secret_arena_open(65536) != ERR_OK)
        return -1;
    custody_box_make(&box);
    for (size_t i = 0; i < PURPOSE_COUNT; i++)
        custody_box_row(&box, purposes[i], &rows[i]);
    return 0;
}

static int close_box(void **state) {
    (void)state;
    custody_box_remove(&box);
    return 0;
}

static enum err open_under(uint16_t kek, const struct keyring_row *row) {
    EVP_PKEY *key = NULL;
    struct unwrap_ring *keks = custody_box_ring(&box, kek);
    enum err err = custody_open(keks, row, &key);
    assert_true((err == ERR_OK) == (key != NULL));
    EVP_PKEY_free(key);
    unwrap_free(keks);
    return err;
}

static enum err try_it(const struct keyring_row *row) {
    EVP_PKEY *key = custody_box_open(&box, row);
    struct bytes certificate = keyring_row_certificate(row);
    enum err err = certificate_fits(certificate, key);
    if (err == ERR_OK)
        err = row->purpose == HSM_PURPOSE_REQUEST ? trial_deriving(key, certificate)
                                                  : trial_decrypting(key, certificate);
    EVP_PKEY_free(key);
    return err;
}

static void a_wrapped_key_opens_and_works_and_nothing_of_it_is_in_the_token(void **state) {
    (void)state;
    size_t before, after;
    assert_int_equal(token_raw_count(token_session(box.token), &before), ERR_OK);
    for (size_t i = 0; i < PURPOSE_COUNT; i++) {
        struct keyring_row row;
        bool is_there;
        custody_box_row(&box, purposes[i], &row);
        assert_int_equal(keyring_row_custody(&row), KEYRING_CUSTODY_WRAPPED);
        assert_int_equal(row.wrapped_by, 1);
        assert_int_equal(try_it(&row), ERR_OK);
        assert_int_equal(token_raw_holds(token_session(box.token), row.id, &is_there), ERR_OK);
        assert_false(is_there);
    }
    assert_int_equal(token_raw_count(token_session(box.token), &after), ERR_OK);
    assert_int_equal(after, before);
}

static void each_key_is_another_one(void **state) {
    (void)state;
    struct keyring_row row;
    custody_box_row(&box, HSM_PURPOSE_REQUEST, &row);
    EVP_PKEY *key = custody_box_open(&box, &row);
    assert_int_equal(certificate_fits(keyring_row_certificate(&rows[2]), key), ERR_CRYPTO);
    EVP_PKEY_free(key);
}

static void damaged_bytes_do_not_open(void **state) {
    (void)state;
    for (size_t i = 0; i < PURPOSE_COUNT; i++) {
        for (size_t at = 0; at < rows[i].sealed_len; at += 1 + at % 97) {
            struct keyring_row damaged = rows[i];
            damaged.sealed[at] ^= 1;
            assert_int_equal(open_under(1, &damaged), ERR_CRYPTO);
        }
        for (size_t at = 0; at < sizeof rows[i].wrapped; at += 51) {
            struct keyring_row damaged = rows[i];
            damaged.wrapped[at] ^= 1;
            assert_int_equal(open_under(1, &damaged), ERR_CRYPTO);
        }
        struct keyring_row damaged = rows[i];
        damaged.sealed[damaged.sealed_len - 1] ^= 0x80;
        assert_int_equal(open_under(1, &damaged), ERR_CRYPTO);
        assert_int_equal(open_under(1, &rows[i]), ERR_OK);
    }
}

static void shortened_or_lengthened_bytes_do_not_open(void **state) {
    (void)state;
    static const size_t lengths[] = {
        0, 1, 24, 39, 40, 41, KEYRING_SEALED_MAX, KEYRING_SEALED_MAX + 1};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct keyring_row damaged = rows[0];
        damaged.sealed_len = lengths[i];
        assert_int_equal(open_under(1, &damaged), ERR_CRYPTO);
    }
    struct keyring_row damaged = rows[0];
    damaged.sealed_len--;
    assert_int_equal(open_under(1, &damaged), ERR_CRYPTO);
    damaged.sealed_len += 2;
    assert_int_equal(open_under(1, &damaged), ERR_CRYPTO);
    damaged = rows[0];
    damaged.has_wrapped = false;
    assert_int_equal(open_under(1, &damaged), ERR_CRYPTO);
}

/* Whoever writes to the keyring's file cannot make one key another one's successor. */
static void a_key_moved_to_another_row_does_not_open(void **state) {
    (void)state;
    struct keyring_row moved = rows[0];
    moved.purpose = HSM_PURPOSE_IDA_FIR;
    assert_int_equal(open_under(1, &moved), ERR_CRYPTO);
    moved = rows[0];
    moved.generation++;
    assert_int_equal(open_under(1, &moved), ERR_CRYPTO);
    moved = rows[0];
    moved.id[15] ^= 1;
    assert_int_equal(open_under(1, &moved), ERR_CRYPTO);
    moved = rows[0];
    memcpy(moved.wrapped, rows[1].wrapped, sizeof moved.wrapped);
    assert_int_equal(open_under(1, &moved), ERR_CRYPTO);
}

static void another_kek_or_another_label_does_not_open_it(void **state) {
    (void)state;
    static const char *const labels[] = {UNWRAP_LABEL_REQUEST, UNWRAP_LABEL_PEPPER,
                                         UNWRAP_LABEL_ROOT};
    EVP_PKEY *key;
    assert_int_equal(open_under(2, &rows[0]), ERR_CRYPTO);
    assert_int_equal(open_under(9, &rows[0]), ERR_CRYPTO); /* no KEK at all */
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
        struct unwrap_ring *ring;
        assert_int_equal(unwrap_new(&ring, labels[i]), ERR_OK);
        assert_int_equal(
            unwrap_add(ring, box.kek_keys[0], keyring_row_certificate(&box.keks[0]), 1), ERR_OK);
        assert_int_equal(custody_open(ring, &rows[0], &key), ERR_CRYPTO);
        assert_null(key);
        unwrap_free(ring);
    }
}

static void only_keys_that_decrypt_requests_may_be_wrapped(void **state) {
    (void)state;
    EVP_PKEY *key;
    for (int purpose = 0; purpose < HSM_PURPOSE_COUNT; purpose++) {
        struct keyring_row row = rows[0];
        bool may = purpose == HSM_PURPOSE_PARTNER || purpose == HSM_PURPOSE_IDA_FIR ||
                   purpose == HSM_PURPOSE_REQUEST;
        assert_int_equal(custody_may_wrap((enum hsm_purpose)purpose), may);
        if (may)
            continue;
        struct unwrap_ring *keks = custody_box_ring(&box, 0);
        row.purpose = (enum hsm_purpose)purpose;
        assert_int_equal(custody_open(keks, &row, &key), ERR_DENIED);
        assert_null(key);
        row = (struct keyring_row){.purpose = (enum hsm_purpose)purpose, .generation = 1};
        assert_int_equal(custody_make(&box.keks[0], &row), ERR_DENIED);
        assert_false(row.has_wrapped);
        assert_int_equal(row.sealed_len, 0);
        unwrap_free(keks);
    }
}

/* ---- the two custodies give the same answers ---- */

/* Whoever asks cannot tell where the key is: one of each. */
static void both_custodies_refuse_the_same_ciphertexts(void **state) {
    (void)state;
    struct keyring_row token_row = {0};
    EVP_PKEY *keys[] = {custody_box_token_key(&box, HSM_PURPOSE_PARTNER, &token_row),
                        custody_box_open(&box, &rows[0])};
    const struct keyring_row *of[] = {&token_row, &rows[0]};
    for (size_t i = 0; i < 2; i++) {
        struct unwrap_ring *ring;
        struct bytes certificate = keyring_row_certificate(of[i]);
        uint8_t good[HSM_WRAPPED_BYTES], other[HSM_WRAPPED_BYTES], long_one[HSM_WRAPPED_BYTES],
            largest[HSM_WRAPPED_BYTES], zero[HSM_WRAPPED_BYTES] = {0};
        SECRET(content);
        SECRET(longer);
        SECRET(opened);
        uint64_t uses = 0;
        bool same = false;
        assert_int_equal(secret_random(&content, UNWRAP_SECRET_BYTES), ERR_OK);
        assert_int_equal(secret_random(&longer, UNWRAP_SECRET_BYTES + 1), ERR_OK);
        assert_int_equal(unwrap_seal(certificate, UNWRAP_LABEL_REQUEST, &content, good), ERR_OK);
        assert_int_equal(unwrap_seal(certificate, UNWRAP_LABEL_ROOT, &content, other), ERR_OK);
        assert_int_equal(unwrap_seal(certificate, UNWRAP_LABEL_REQUEST, &longer, long_one), ERR_OK);
        memset(largest, 0xff, sizeof largest);
        assert_int_equal(unwrap_new(&ring, UNWRAP_LABEL_REQUEST), ERR_OK);
        assert_int_equal(unwrap_add(ring, keys[i], certificate, 1), ERR_OK);
        const uint8_t *const refused[] = {other, long_one, zero};
        for (size_t j = 0; j < sizeof refused / sizeof *refused; j++) {
            assert_int_equal(unwrap_open(ring, NULL, refused[j], &opened, &uses), ERR_CRYPTO);
            assert_null(opened.data);
            assert_true(uses == j + 1);
        }
        assert_int_equal(unwrap_open(ring, NULL, largest, &opened, &uses), ERR_CRYPTO);
        assert_true(uses == 3); /* not a number below the modulus: it reaches no key */
        assert_int_equal(unwrap_open(ring, NULL, good, &opened, &uses), ERR_OK);
        assert_int_equal(secret_equal(secret_view(&opened), secret_view(&content), &same), ERR_OK);
        assert_true(same);
        unwrap_free(ring);
        EVP_PKEY_free(keys[i]);
    }
}

static void both_custodies_refuse_the_same_points(void **state) {
    (void)state;
    HSM_BOX_NEEDS(CKM_ECDH1_DERIVE);
    struct keyring_row token_row = {0};
    EVP_PKEY *keys[] = {custody_box_token_key(&box, HSM_PURPOSE_REQUEST, &token_row),
                        custody_box_open(&box, &rows[2])};
    const struct keyring_row *of[] = {&token_row, &rows[2]};
    for (size_t i = 0; i < 2; i++) {
        struct agree_ring *ring;
        struct bytes certificate = keyring_row_certificate(of[i]);
        struct hsm_derive question = {.party_u = bytes_of_text("u"), .party_v = bytes_of_text("v")};
        uint8_t expected[HSM_CONTENT_KEY_BYTES];
        SECRET(content_key);
        uint64_t uses = 0;
        assert_int_equal(jwk_ec_thumbprint(certificate, question.kid), ERR_OK);
        agree_sender_ask(certificate, &question, expected);
        assert_int_equal(agree_new(&ring), ERR_OK);
        assert_int_equal(agree_add(ring, keys[i], certificate, 1), ERR_OK);
        for (int j = 0; j < 3; j++) {
            struct hsm_derive bad = question;
            if (j == 0)
                bad.y[31] ^= 1; /* not on the curve */
            if (j == 1)
                memset(bad.x, 0xff, sizeof bad.x); /* not below the prime */
            if (j == 2)
                memset(bad.x, 0, sizeof bad.x), memset(bad.y, 0, sizeof bad.y);
            assert_int_equal(agree_derive(ring, &bad, &content_key, &uses), ERR_CRYPTO);
            assert_null(content_key.data);
            assert_true(uses == 0);
        }
        assert_int_equal(agree_derive(ring, &question, &content_key, &uses), ERR_OK);
        assert_memory_equal(content_key.data, expected, sizeof expected);
        assert_true(uses == 1);
        agree_free(ring);
        EVP_PKEY_free(keys[i]);
    }
}

/* ---- memory ---- */

static struct memory_search search_of(const struct keyring_row *row, const char *number) {
    SECRET(bytes);
    BIGNUM *value = NULL;
    EVP_PKEY *key = custody_box_open(&box, row);
    assert_int_equal(EVP_PKEY_get_bn_param(key, number, &value), 1);
    assert_int_equal(secret_new(&bytes, (size_t)BN_num_bytes(value)), ERR_OK);
    assert_int_equal(BN_bn2bin(value, bytes.data), BN_num_bytes(value));
    struct memory_search search = memory_search_of(bytes.data, bytes.len);
    BN_clear_free(value);
    EVP_PKEY_free(key);
    return search;
}

static void work(const struct keyring_row *row, EVP_PKEY *key) {
    struct bytes certificate = keyring_row_certificate(row);
    assert_int_equal(row->purpose == HSM_PURPOSE_REQUEST ? trial_deriving(key, certificate)
                                                         : trial_decrypting(key, certificate),
                     ERR_OK);
}

/*
 * Not only the number itself: OpenSSL keeps the primes once more, for Montgomery's multiplication,
 * once the key has worked.
 */
static void an_open_key_stands_in_locked_memory_only_and_is_wiped_when_it_is_freed(void **state) {
    (void)state;
    HSM_BOX_NEEDS(CKM_ECDH1_DERIVE);
#ifdef IDCS_SANITIZE
    skip(); /* the sanitizers lock nothing, and their own memory is too large to look through */
#endif
    static const struct {
        size_t row;
        const char *number;
    } numbers[] = {{0, OSSL_PKEY_PARAM_RSA_FACTOR1},
                   {0, OSSL_PKEY_PARAM_RSA_FACTOR2},
                   {0, OSSL_PKEY_PARAM_RSA_D},
                   {0, OSSL_PKEY_PARAM_RSA_EXPONENT1},
                   {2, OSSL_PKEY_PARAM_PRIV_KEY}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const struct keyring_row *row = &rows[numbers[i].row];
        struct memory_search search = search_of(row, numbers[i].number);
        struct memory_search_found found = memory_search_run(&search);
        assert_int_equal(found.count, 0);
        EVP_PKEY *key = custody_box_open(&box, row);
        work(row, key);
        found = memory_search_run(&search);
        assert_true(found.count > 0);
        assert_int_equal(found.unlocked, 0);
        EVP_PKEY_free(key);
        found = memory_search_run(&search);
        assert_int_equal(found.count, 0);
    }
}

/* Numbers that are at work pass through it. */
static void the_stack_is_locked_also_where_it_grows_to(void **state) {
    (void)state;
#ifdef IDCS_SANITIZE
    skip();
#endif
    uint8_t large[STACK_BYTES]; /* more than a process has at its start */
    randombytes_buf(large, sizeof large);
    struct memory_search search = memory_search_of(large, MEMORY_SEARCH_BYTES);
    struct memory_search_found found = memory_search_run(&search);
    assert_int_equal(found.count, 1);
    assert_int_equal(found.unlocked, 0);
}

/* In a process of its own, whose memory can't be locked but for a signer's other secrets. */
static int refuse_unlocked(const char *limit) {
    const rlim_t bytes = strtoul(limit, NULL, 10);
    const struct rlimit few = {bytes, bytes};
    struct keyring_row row = {.purpose = HSM_PURPOSE_PARTNER, .generation = 1};
    EVP_PKEY *key;
    if (geteuid() == 0 && (setgid(HSM_BOX_USER) != 0 || setuid(HSM_BOX_USER) != 0))
        return 1;
    bool refuses = setrlimit(RLIMIT_MEMLOCK, &few) == 0 && locked_memory_open() == ERR_OK &&
                   locked_memory_check() == ERR_SYSTEM && custody_make(&row, &row) == ERR_SYSTEM &&
                   row.sealed_len == 0 && custody_open(NULL, &row, &key) == ERR_SYSTEM &&
                   key == NULL && secret_arena_open(65536) == ERR_OK;
    return refuses ? UNLOCKED_REFUSE : 1;
}

static void memory_that_cannot_be_locked_is_refused(void **state) {
    (void)state;
    static const char *const limits[] = {FEW_BYTES, HEAP_BYTES};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        int status;
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            execl("/proc/self/exe", "test_custody", "unlocked", limits[i], (char *)NULL);
            _exit(98);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), UNLOCKED_REFUSE);
    }
}

/* ---- how fast ---- */

static double rate_of(EVP_PKEY *key, const struct keyring_row *row) {
    struct unwrap_ring *ring;
    uint8_t wrapped[HSM_WRAPPED_BYTES];
    SECRET(content);
    uint64_t uses = 0;
    assert_int_equal(secret_random(&content, UNWRAP_SECRET_BYTES), ERR_OK);
    assert_int_equal(
        unwrap_seal(keyring_row_certificate(row), UNWRAP_LABEL_REQUEST, &content, wrapped), ERR_OK);
    assert_int_equal(unwrap_new(&ring, UNWRAP_LABEL_REQUEST), ERR_OK);
    assert_int_equal(unwrap_add(ring, key, keyring_row_certificate(row), 1), ERR_OK);
    int64_t began = clock_boot_ms(), spent = 0;
    for (; spent < BENCH_MS; spent = clock_boot_ms() - began) {
        SECRET(opened);
        assert_int_equal(unwrap_open(ring, NULL, wrapped, &opened, &uses), ERR_OK);
    }
    unwrap_free(ring);
    return (double)uses * 1000 / (double)spent;
}

/* Both in turn, so that what else the machine does weighs on both. */
static void bench(void **state) {
    (void)state;
    struct keyring_row token_row = {0};
    EVP_PKEY *in_token = custody_box_token_key(&box, HSM_PURPOSE_PARTNER, &token_row);
    EVP_PKEY *wrapped = custody_box_open(&box, &rows[0]);
    for (int round = 0; round < 3; round++) {
        double token_rate = rate_of(in_token, &token_row),
               wrapped_rate = rate_of(wrapped, &rows[0]);
        printf("unwraps a second: token %.0f, wrapped %.0f, ratio %.2f\n", token_rate, wrapped_rate,
               wrapped_rate / token_rate);
    }
    EVP_PKEY_free(in_token);
    EVP_PKEY_free(wrapped);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrapped_key_opens_and_works_and_nothing_of_it_is_in_the_token),
        cmocka_unit_test(each_key_is_another_one),
        cmocka_unit_test(damaged_bytes_do_not_open),
        cmocka_unit_test(shortened_or_lengthened_bytes_do_not_open),
        cmocka_unit_test(a_key_moved_to_another_row_does_not_open),
        cmocka_unit_test(another_kek_or_another_label_does_not_open_it),
        cmocka_unit_test(only_keys_that_decrypt_requests_may_be_wrapped),
        cmocka_unit_test(both_custodies_refuse_the_same_ciphertexts),
        cmocka_unit_test(both_custodies_refuse_the_same_points),
        cmocka_unit_test(an_open_key_stands_in_locked_memory_only_and_is_wiped_when_it_is_freed),
        cmocka_unit_test(the_stack_is_locked_also_where_it_grows_to),
        cmocka_unit_test(memory_that_cannot_be_locked_is_refused),
    };
    const struct CMUnitTest benches[] = {cmocka_unit_test(bench)};
    if (argc == 3 && strcmp(argv[1], "unlocked") == 0)
        return refuse_unlocked(argv[2]);
    if (locked_memory_open() != ERR_OK)
        return 1;
    return argc == 2 && strcmp(argv[1], "bench") == 0
               ? cmocka_run_group_tests(benches, open_box, close_box)
               : cmocka_run_group_tests(tests, open_box, close_box);
}
