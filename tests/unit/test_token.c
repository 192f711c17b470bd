#include <dlfcn.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <p11-kit/pkcs11.h>

#include "hsm/ability.h"
#include "hsm/pin.h"
#include "hsm/rate.h"
#include "hsm/softhsm.h"
#include "hsm/token.h"
#include "tests/lib/hsm_box.h"

static struct hsm_box box;
static struct token *token;

static struct token_options options;

static enum err open_with(const struct token_options *wanted, const char *text,
                          struct token **opened) {
    SECRET(pin);
    assert_int_equal(secret_copy(&pin, bytes_of_text(text)), ERR_OK);
    return token_open(opened, wanted, &pin);
}

static int open_box(void **state) {
    (void)state;
    hsm_box_make(&box);
    options = hsm_box_options(NULL);
    if (secret_arena_open(65536) != ERR_OK)
        return -1;
    return open_with(&options, HSM_BOX_PIN, &token) == ERR_OK ? 0 : -1;
}

static int close_box(void **state) {
    (void)state;
    token_close(token);
    hsm_box_remove(&box);
    return 0;
}

/* A process of its own could do no better: handles are given afresh. */
static int reopen(void **state) {
    (void)state;
    token_close(token);
    return open_with(&options, HSM_BOX_PIN, &token) == ERR_OK ? 0 : -1;
}

static struct token_raw *raw(void) {
    return token_session(token);
}

static void make_id(uint8_t id[static TOKEN_RAW_ID_BYTES], uint8_t first) {
    memset(id, 0x11, TOKEN_RAW_ID_BYTES);
    id[0] = first;
}

static size_t count_keys(void) {
    size_t count;
    assert_int_equal(token_raw_count(raw(), &count), ERR_OK);
    return count;
}

/* Each kind is for one use: a check for any other refuses it. */
static void keys_are_made_as_their_purpose_wants_them(void **state) {
    (void)state;
    static const enum token_raw_kind kinds[] = {TOKEN_RAW_RSA_SIGN, TOKEN_RAW_RSA_DECRYPT,
                                                TOKEN_RAW_P256_SIGN, TOKEN_RAW_P256_DERIVE};
    uint8_t count = hsm_box_has(CKM_ECDH1_DERIVE) ? 4 : 3;
    for (uint8_t i = 0; i < count; i++) {
        uint8_t id[TOKEN_RAW_ID_BYTES];
        make_id(id, i);
        assert_int_equal(token_raw_generate(raw(), kinds[i], id, "idcs test"), ERR_OK);
        for (int other = 0; other < 4; other++) {
            bool both_sign = i % 2 == 0 && other % 2 == 0;
            bool joint = options.joint_uses && other < 3; /* all sign and decrypt */
            enum err expected = other == i || both_sign || joint ? ERR_OK : ERR_DENIED;
            assert_int_equal(token_raw_check(raw(), kinds[other], id), expected);
        }
    }
    assert_int_equal(count_keys(), count);
}

static void a_new_key_is_found_by_its_id(void **state) {
    (void)state;
    uint8_t id[TOKEN_RAW_ID_BYTES];
    EVP_PKEY *key;
    make_id(id, 2);
    assert_int_equal(token_key(token, id, &key), ERR_OK);
    assert_int_equal(EVP_PKEY_get_base_id(key), EVP_PKEY_EC);
    EVP_PKEY_free(key);
    make_id(id, 99);
    assert_int_equal(token_key(token, id, &key), ERR_NOT_FOUND);
    assert_null(key);
}

static void two_keys_of_one_id_are_none(void **state) {
    (void)state;
    uint8_t id[TOKEN_RAW_ID_BYTES];
    make_id(id, 50);
    for (int i = 0; i < 2; i++)
        assert_int_equal(token_raw_generate(raw(), TOKEN_RAW_P256_SIGN, id, "double"), ERR_OK);
    assert_int_equal(token_raw_check(raw(), TOKEN_RAW_P256_SIGN, id), ERR_NOT_FOUND);
    assert_int_equal(token_raw_destroy(raw(), id), ERR_OK);
}

static void destroying_leaves_nothing_of_that_id_and_all_of_the_others(void **state) {
    (void)state;
    uint8_t id[TOKEN_RAW_ID_BYTES];
    size_t before = count_keys();
    EVP_PKEY *key;
    make_id(id, 0);
    assert_int_equal(token_raw_destroy(raw(), id), ERR_OK);
    assert_int_equal(token_raw_check(raw(), TOKEN_RAW_RSA_SIGN, id), ERR_NOT_FOUND);
    assert_int_equal(token_key(token, id, &key), ERR_HSM);
    assert_null(key);
    assert_int_equal(token_raw_destroy(raw(), id), ERR_OK);
    assert_int_equal(count_keys(), before - 1);
}

static void a_key_made_again_under_its_id_is_the_one_found(void **state) {
    (void)state;
    uint8_t id[TOKEN_RAW_ID_BYTES];
    EVP_PKEY *old, *made;
    make_id(id, 60);
    assert_int_equal(token_raw_generate(raw(), TOKEN_RAW_P256_SIGN, id, "first"), ERR_OK);
    assert_int_equal(token_key(token, id, &old), ERR_OK);
    assert_int_equal(token_raw_destroy(raw(), id), ERR_OK);
    assert_int_equal(token_raw_generate(raw(), TOKEN_RAW_P256_SIGN, id, "second"), ERR_OK);
    assert_int_equal(token_key(token, id, &made), ERR_OK);
    bool same = EVP_PKEY_eq(old, made) == 1;
    assert_true(!same || !hsm_box_is_softhsm());
    if (same) /* what comes of it, the trial of a new key finds */
        print_message("the second key has the handle of the first, for which libp11 takes it\n");
    EVP_PKEY_free(old);
    EVP_PKEY_free(made);
}

static void make_p256(uint8_t first) {
    uint8_t id[TOKEN_RAW_ID_BYTES];
    make_id(id, first);
    assert_int_equal(token_raw_generate(raw(), TOKEN_RAW_P256_SIGN, id, "idcs test"), ERR_OK);
}

static enum err destroy(uint8_t first) {
    uint8_t id[TOKEN_RAW_ID_BYTES];
    make_id(id, first);
    return token_raw_destroy(raw(), id);
}

static enum err check(uint8_t first) {
    uint8_t id[TOKEN_RAW_ID_BYTES];
    make_id(id, first);
    return token_raw_check(raw(), TOKEN_RAW_P256_SIGN, id);
}

/*
 * tpm2-pkcs11 gives out handles that are taken, once its oldest keys have been destroyed. What is
 * made then may be of no use to this process, but destroying it again touches no other key.
 */
static void what_is_made_after_a_destruction_endangers_no_other_key(void **state) {
    token_close(token);
    hsm_box_renew(&box);
    assert_int_equal(open_with(&options, HSM_BOX_PIN, &token), ERR_OK);
    for (uint8_t i = 0; i < 4; i++)
        make_p256(i);
    assert_int_equal(destroy(0), ERR_OK);
    assert_int_equal(destroy(1), ERR_OK);
    for (uint8_t i = 10; i < 13; i++) {
        make_p256(i);
        enum err seen = check(i), destroyed = destroy(i);
        assert_true(seen == ERR_OK || (seen == ERR_HSM && !hsm_box_is_softhsm()));
        assert_int_equal(destroyed, seen);
    }
    assert_int_equal(reopen(state), 0);
    for (uint8_t i = 0; i < 4; i++)
        assert_int_equal(check(i), i < 2 ? ERR_NOT_FOUND : ERR_OK);
    for (uint8_t i = 10; i < 13; i++) {
        assert_true(check(i) == ERR_OK || check(i) == ERR_NOT_FOUND);
        assert_int_equal(destroy(i), ERR_OK);
        assert_int_equal(reopen(state), 0);
    }
    assert_int_equal(count_keys(), 2);
}

/* PKCS#11 itself, for what our own code never does. */
static CK_FUNCTION_LIST *open_module(CK_SESSION_HANDLE *session) {
    CK_FUNCTION_LIST *module;
    CK_C_GetFunctionList get_function_list;
    CK_SLOT_ID slots[4];
    CK_ULONG slot_count = 4;
    CK_FLAGS flags = CKF_SERIAL_SESSION | CKF_RW_SESSION;
    *(void **)&get_function_list =
        dlsym(dlopen(hsm_box_module(), RTLD_NOW | RTLD_NOLOAD), "C_GetFunctionList");
    assert_int_equal(get_function_list(&module), CKR_OK);
    assert_int_equal(module->C_GetSlotList(CK_TRUE, slots, &slot_count), CKR_OK);
    assert_int_equal(module->C_OpenSession(slots[0], flags, NULL, NULL, session), CKR_OK);
    return module;
}

/* What SoftHSM leaves of a generation that failed: a key object without id and label. */
static void make_nameless(void) {
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE object;
    CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
    CK_KEY_TYPE type = CKK_RSA;
    CK_BBOOL yes = CK_TRUE;
    uint8_t modulus[256] = {0x80, [255] = 1}, exponent[] = {1, 0, 1};
    CK_ATTRIBUTE template[] = {
        {CKA_CLASS, &class, sizeof class},  {CKA_KEY_TYPE, &type, sizeof type},
        {CKA_TOKEN, &yes, sizeof yes},      {CKA_MODULUS, modulus, sizeof modulus},
        {CKA_PUBLIC_EXPONENT, exponent, 3},
    };
    CK_FUNCTION_LIST *module = open_module(&session);
    assert_int_equal(module->C_CreateObject(session, template, 5, &object), CKR_OK);
    assert_int_equal(module->C_CloseSession(session), CKR_OK);
}

/* A P-256 pair that may be used in two ways. */
static void make_of_two_uses(uint8_t *id, CK_ATTRIBUTE_TYPE one, CK_ATTRIBUTE_TYPE other) {
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE made[2];
    CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    CK_BYTE curve[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    CK_MECHANISM mechanism = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
    CK_ATTRIBUTE public_key[] = {{CKA_TOKEN, &yes, sizeof yes},
                                 {CKA_ID, id, TOKEN_RAW_ID_BYTES},
                                 {CKA_EC_PARAMS, curve, sizeof curve}};
    CK_ATTRIBUTE private_key[] = {
        {CKA_TOKEN, &yes, sizeof yes},     {CKA_PRIVATE, &yes, sizeof yes},
        {CKA_SENSITIVE, &yes, sizeof yes}, {CKA_EXTRACTABLE, &no, sizeof no},
        {CKA_SIGN, &no, sizeof no},        {CKA_DECRYPT, &no, sizeof no},
        {CKA_UNWRAP, &no, sizeof no},      {CKA_DERIVE, &no, sizeof no},
        {CKA_ID, id, TOKEN_RAW_ID_BYTES},
    };
    for (size_t i = 4; i < 8; i++)
        if (private_key[i].type == one || private_key[i].type == other)
            private_key[i].pValue = &yes;
    CK_FUNCTION_LIST *module = open_module(&session);
    assert_int_equal(module->C_GenerateKeyPair(session, &mechanism, public_key, 3, private_key, 9,
                                               &made[0], &made[1]),
                     CKR_OK);
    assert_int_equal(module->C_CloseSession(session), CKR_OK);
}

static void a_key_that_may_do_more_than_its_purpose_is_refused(void **state) {
    (void)state;
    static const struct {
        CK_ATTRIBUTE_TYPE one, other;
        enum token_raw_kind kind;
        enum err expected;
    } cases[] = {
        {CKA_SIGN, CKA_SIGN, TOKEN_RAW_P256_SIGN, ERR_OK},
        {CKA_SIGN, CKA_DERIVE, TOKEN_RAW_P256_SIGN, ERR_DENIED},
        {CKA_SIGN, CKA_DECRYPT, TOKEN_RAW_P256_SIGN, ERR_DENIED},
        {CKA_SIGN, CKA_UNWRAP, TOKEN_RAW_P256_SIGN, ERR_DENIED},
        {CKA_DERIVE, CKA_DERIVE, TOKEN_RAW_P256_DERIVE, ERR_OK},
        {CKA_DERIVE, CKA_SIGN, TOKEN_RAW_P256_DERIVE, ERR_DENIED},
    };
    HSM_BOX_NEEDS(CKM_ECDH1_DERIVE);
    for (uint8_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t id[TOKEN_RAW_ID_BYTES];
        make_id(id, (uint8_t)(70 + i));
        make_of_two_uses(id, cases[i].one, cases[i].other);
        assert_int_equal(token_raw_check(raw(), cases[i].kind, id), cases[i].expected);
        assert_int_equal(token_raw_destroy(raw(), id), ERR_OK);
    }
}

static void nameless_leftovers_are_swept_and_nothing_else(void **state) {
    (void)state;
    size_t before = count_keys(), swept;
    assert_int_equal(token_raw_sweep(raw(), &swept), ERR_OK);
    assert_int_equal(swept, 0);
    make_nameless();
    make_nameless();
    assert_int_equal(token_raw_sweep(raw(), &swept), ERR_OK);
    assert_int_equal(swept, 2);
    assert_int_equal(token_raw_sweep(raw(), &swept), ERR_OK);
    assert_int_equal(swept, 0);
    assert_int_equal(count_keys(), before);
}

/* What another module lacks is skipped in these tests: on SoftHSM nothing may be. */
static void a_module_is_able_to_what_it_says_it_has(void **state) {
    (void)state;
    uint32_t able;
    assert_int_equal(ability_probe(raw(), 0, &able), ERR_OK);
    assert_int_equal(able, hsm_box_purposes());
    if (hsm_box_is_softhsm())
        assert_int_equal(able, HSM_PURPOSE_BIT(HSM_PURPOSE_COUNT) - 1);
}

static void the_token_is_found_by_label_and_serial(void **state) {
    (void)state;
    struct token *second;
    struct token_options wanted = options;
    assert_int_equal(strlen(token_serial(token)), 16);
    wanted.label = "another";
    assert_int_equal(open_with(&wanted, HSM_BOX_PIN, &second), ERR_NOT_FOUND);
    assert_null(second);
    wanted = options;
    wanted.serial = "ffffffffffffffff";
    assert_int_equal(open_with(&wanted, HSM_BOX_PIN, &second), ERR_NOT_FOUND);
    wanted.module = "/nonexistent/module.so";
    assert_int_equal(open_with(&wanted, HSM_BOX_PIN, &second), ERR_HSM);
}

static void write_pin_file(const char *text, size_t len, mode_t mode) {
    (void)unlink(box.pin_file);
    int fd = open(box.pin_file, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), len);
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);
}

static void the_pin_is_the_first_line_of_its_file(void **state) {
    (void)state;
    static const char *const texts[] = {"271828", "271828\n", "271828\nmore\n"};
    for (size_t i = 0; i < 3; i++) {
        SECRET(pin);
        write_pin_file(texts[i], strlen(texts[i]), 0600);
        assert_int_equal(pin_read(box.pin_file, &pin), ERR_OK);
        assert_true(bytes_equal_text(secret_view(&pin), "271828"));
    }
}

static void a_pin_that_others_may_read_is_refused(void **state) {
    (void)state;
    static const mode_t modes[] = {0640, 0604, 0620, 0601, 0666};
    SECRET(pin);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        write_pin_file("271828", 6, modes[i]);
        assert_int_equal(pin_read(box.pin_file, &pin), ERR_CONFIG);
        assert_null(pin.data);
    }
}

static void a_pin_file_that_is_no_plain_file_is_refused(void **state) {
    (void)state;
    SECRET(pin);
    char link[160];
    write_pin_file("271828", 6, 0600);
    (void)snprintf(link, sizeof link, "%s/link", box.directory);
    assert_int_equal(symlink(box.pin_file, link), 0);
    assert_int_equal(pin_read(link, &pin), ERR_CONFIG);
    assert_int_equal(unlink(link), 0);
    assert_int_equal(mkfifo(link, 0600), 0);
    assert_int_equal(pin_read(link, &pin), ERR_CONFIG);
    assert_int_equal(unlink(link), 0);
    assert_int_equal(pin_read(box.directory, &pin), ERR_CONFIG);
    assert_int_equal(pin_read("/nonexistent/pin", &pin), ERR_NOT_FOUND);
}

static void a_pin_of_odd_length_or_with_a_zero_is_refused(void **state) {
    (void)state;
    SECRET(pin);
    char text[300];
    memset(text, '1', sizeof text);
    static const size_t lengths[] = {0, 3, 256, 257, 300};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        write_pin_file(text, lengths[i], 0600);
        assert_int_equal(pin_read(box.pin_file, &pin), ERR_CONFIG);
    }
    write_pin_file("12\0"
                   "45",
                   5, 0600);
    assert_int_equal(pin_read(box.pin_file, &pin), ERR_CONFIG);
    write_pin_file(text, PIN_BYTES_MAX, 0600);
    assert_int_equal(pin_read(box.pin_file, &pin), ERR_OK);
}

static void softhsms_token_directory_comes_from_its_configuration(void **state) {
    (void)state;
    char directory[128], kept[128] = "";
    if (getenv("SOFTHSM2_CONF") != NULL)
        strcpy(kept, getenv("SOFTHSM2_CONF"));
    assert_int_equal(softhsm_prepare(box.configuration, directory, sizeof directory), ERR_OK);
    assert_string_equal(directory, box.token_directory);
    assert_string_equal(getenv("SOFTHSM2_CONF"), box.configuration);
    assert_int_equal(softhsm_prepare(box.configuration, directory, 8), ERR_CONFIG);
    assert_int_equal(softhsm_prepare("/nonexistent", directory, sizeof directory), ERR_CONFIG);
    assert_int_equal(softhsm_prepare(box.pin_file, directory, sizeof directory), ERR_CONFIG);
    assert_int_equal(setenv("SOFTHSM2_CONF", kept, 1), 0);
}

#define SECOND_NS INT64_C(1000000000)

static void a_rate_gives_so_many_at_once_and_so_many_a_second(void **state) {
    (void)state;
    struct rate rate = rate_of(100, 0);
    for (int i = 0; i < 100; i++)
        assert_int_equal(rate_take(&rate, 1, 0), ERR_OK);
    assert_int_equal(rate_take(&rate, 1, 0), ERR_LIMIT);
    assert_int_equal(rate_take(&rate, 1, SECOND_NS / 100 - 1), ERR_LIMIT);
    assert_int_equal(rate_take(&rate, 1, SECOND_NS / 100), ERR_OK);
    assert_int_equal(rate_take(&rate, 1, SECOND_NS / 100), ERR_LIMIT);
    assert_int_equal(rate_take(&rate, 100, SECOND_NS * 1000),
                     ERR_OK); /* never more than a second's */
    assert_int_equal(rate_take(&rate, 1, SECOND_NS * 1000), ERR_LIMIT);
}

static void a_batch_over_the_rate_takes_nothing(void **state) {
    (void)state;
    struct rate rate = rate_of(100, 0);
    assert_int_equal(rate_take(&rate, 101, 0), ERR_LIMIT);
    assert_int_equal(rate_take(&rate, -1, 0), ERR_LIMIT);
    assert_int_equal(rate_take(&rate, INT64_MAX, 0), ERR_LIMIT);
    assert_int_equal(rate_take(&rate, 60, 0), ERR_OK);
    assert_int_equal(rate_take(&rate, 60, 0), ERR_LIMIT);
    assert_int_equal(rate_take(&rate, 40, 0), ERR_OK);
    assert_int_equal(rate_take(&rate, 1, -SECOND_NS), ERR_LIMIT); /* a clock that went back */
}

/* Last, as a token that has seen a wrong PIN says so for ever. */
static void a_wrong_pin_is_told_from_a_failure(void **state) {
    (void)state;
    struct token *second;
    token_close(token);
    token = NULL;
    assert_int_equal(open_with(&options, "314159", &second), ERR_PIN);
    assert_null(second);
    assert_int_equal(open_with(&options, HSM_BOX_PIN, &token), ERR_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_made_as_their_purpose_wants_them),
        cmocka_unit_test(a_key_that_may_do_more_than_its_purpose_is_refused),
        cmocka_unit_test(a_new_key_is_found_by_its_id),
        cmocka_unit_test(two_keys_of_one_id_are_none),
        cmocka_unit_test(destroying_leaves_nothing_of_that_id_and_all_of_the_others),
        cmocka_unit_test_setup(a_key_made_again_under_its_id_is_the_one_found, reopen),
        cmocka_unit_test_setup(what_is_made_after_a_destruction_endangers_no_other_key, reopen),
        cmocka_unit_test_setup(nameless_leftovers_are_swept_and_nothing_else, reopen),
        cmocka_unit_test(a_module_is_able_to_what_it_says_it_has),
        cmocka_unit_test(the_token_is_found_by_label_and_serial),
        cmocka_unit_test(the_pin_is_the_first_line_of_its_file),
        cmocka_unit_test(a_pin_that_others_may_read_is_refused),
        cmocka_unit_test(a_pin_file_that_is_no_plain_file_is_refused),
        cmocka_unit_test(a_pin_of_odd_length_or_with_a_zero_is_refused),
        cmocka_unit_test(softhsms_token_directory_comes_from_its_configuration),
        cmocka_unit_test(a_rate_gives_so_many_at_once_and_so_many_a_second),
        cmocka_unit_test(a_batch_over_the_rate_takes_nothing),
        cmocka_unit_test(a_wrong_pin_is_told_from_a_failure),
    };
    return cmocka_run_group_tests(tests, open_box, close_box);
}
