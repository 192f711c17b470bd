#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/codec.h"
#include "authd/unseal/bio_value.h"
#include "authd/unseal/gcm.h"

#define TIME        "2024-01-15T10:20:30.123Z"
#define TRANSACTION "1234567890"
#define SEALED      "SkAoAWxnosgzNn1yNdJUIAUXUacym3rt5g"

static uint8_t sealed_memory[64], key[BIO_VALUE_KEY_BYTES];
static struct bio_value value;

static int open_cipher(void **state) {
    (void)state;
    size_t len = 0;
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)i;
    if (secret_arena_open(65536) != ERR_OK || gcm_open() != ERR_OK ||
        codec_base64_decode(bytes_of_text(SEALED), CODEC_STRICT, sealed_memory,
                            sizeof sealed_memory, &len) != ERR_OK)
        return -1;
    value = (struct bio_value){TIME, TRANSACTION, bytes_of(sealed_memory, len)};
    return 0;
}

static int close_cipher(void **state) {
    (void)state;
    gcm_close();
    return 0;
}

static bool opens(const struct bio_value *tried) {
    SECRET(block);
    bool opened = true;
    assert_int_equal(bio_value_open(tried, key, &block, &opened), ERR_OK);
    assert_int_equal(block.data != NULL, opened);
    return opened && bytes_equal_text(secret_view(&block), "hello-bdb");
}

static void the_worked_vector_opens(void **state) {
    (void)state;
    static const uint8_t expected[] = {0x31, 0x35, 0x54, 0x31, 0x30, 0x3a, 0x03, 0x02,
                                       0x09, 0x07, 0x05, 0x18, 0x06, 0x0a, 0x0a, 0x6a};
    uint8_t additional[BIO_VALUE_ADDITIONAL_BYTES];
    assert_int_equal(bio_value_derive(TIME, TRANSACTION, additional), ERR_OK);
    assert_memory_equal(additional, expected, sizeof expected);
    assert_true(opens(&value));
}

static void the_longer_text_may_be_either(void **state) {
    (void)state;
    uint8_t one[BIO_VALUE_ADDITIONAL_BYTES], other[BIO_VALUE_ADDITIONAL_BYTES];
    assert_int_equal(bio_value_derive(TIME, TRANSACTION, one), ERR_OK);
    assert_int_equal(bio_value_derive(TRANSACTION, TIME, other), ERR_OK);
    assert_memory_equal(one, other, sizeof one);
    assert_int_equal(bio_value_derive("", "0123456789abcdef", one), ERR_OK);
    assert_memory_equal(one, "0123456789abcdef", sizeof one);
    assert_int_equal(bio_value_derive("0123456789abcde", "", one), ERR_MALFORMED);
    assert_int_equal(bio_value_derive("", "", one), ERR_MALFORMED);
}

static void another_time_or_transaction_does_not_open(void **state) {
    (void)state;
    struct bio_value other = value;
    other.timestamp = "2024-01-15T10:20:30.124Z";
    assert_false(opens(&other));
    other.timestamp = "";
    assert_false(opens(&other));
    other = value;
    other.transaction_id = "1234567891";
    assert_false(opens(&other));
    assert_true(opens(&value));
}

static void a_changed_byte_or_key_does_not_open(void **state) {
    (void)state;
    for (size_t i = 0; i < value.sealed.len; i++) {
        sealed_memory[i] ^= 1;
        assert_false(opens(&value));
        sealed_memory[i] ^= 1;
    }
    key[0] ^= 1;
    assert_false(opens(&value));
    key[0] ^= 1;
    for (size_t len = 0; len < value.sealed.len; len++) {
        struct bio_value shorter = value;
        shorter.sealed.len = len;
        assert_false(opens(&shorter));
    }
    assert_true(opens(&value));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worked_vector_opens),
        cmocka_unit_test(the_longer_text_may_be_either),
        cmocka_unit_test(another_time_or_transaction_does_not_open),
        cmocka_unit_test(a_changed_byte_or_key_does_not_open),
    };
    return cmocka_run_group_tests(tests, open_cipher, close_cipher);
}
