#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/codec.h"

#define TEXT_SIZE 512

static void encode(void (*encoder)(struct buffer *, struct bytes), struct bytes view,
                   char text[static TEXT_SIZE]) {
    struct buffer buffer = buffer_over(text, TEXT_SIZE - 1);
    encoder(&buffer, view);
    struct bytes written;
    assert_int_equal(buffer_end(&buffer, &written), ERR_OK);
    text[written.len] = '\0';
}

/* Decodes into exactly as many bytes as are expected. */
static void assert_decodes(const char *text, enum codec_base64_flags flags, const char *expected) {
    uint8_t decoded[TEXT_SIZE];
    size_t len = SIZE_MAX;
    assert_int_equal(
        codec_base64_decode(bytes_of_text(text), flags, decoded, strlen(expected), &len), ERR_OK);
    assert_true(bytes_equal_text(bytes_of(decoded, len), expected));
}

static void assert_refused(struct bytes text, enum codec_base64_flags flags) {
    uint8_t decoded[TEXT_SIZE];
    size_t len = SIZE_MAX;
    assert_int_equal(codec_base64_decode(text, flags, decoded, sizeof decoded, &len),
                     ERR_MALFORMED);
    assert_int_equal(len, 0);
}

/* The test vectors of RFC 4648 §10. */
static const struct {
    const char *plain, *base64, *base16;
} rfc4648[] = {
    {"", "", ""},
    {"f", "Zg==", "66"},
    {"fo", "Zm8=", "666F"},
    {"foo", "Zm9v", "666F6F"},
    {"foob", "Zm9vYg==", "666F6F62"},
    {"fooba", "Zm9vYmE=", "666F6F6261"},
    {"foobar", "Zm9vYmFy", "666F6F626172"},
};

static void the_vectors_of_rfc_4648_hold_both_ways(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rfc4648 / sizeof rfc4648[0]; i++) {
        char text[TEXT_SIZE];
        struct bytes plain = bytes_of_text(rfc4648[i].plain);
        encode(codec_base64, plain, text);
        assert_string_equal(text, rfc4648[i].base64);
        assert_decodes(text, CODEC_STRICT, rfc4648[i].plain);

        encode(codec_base64url, plain, text);
        assert_int_equal(strlen(text), strcspn(rfc4648[i].base64, "="));
        assert_int_equal(strncmp(text, rfc4648[i].base64, strlen(text)), 0);
        assert_decodes(text, CODEC_STRICT, rfc4648[i].plain);

        uint8_t decoded[16];
        encode(codec_hex_upper, plain, text);
        assert_string_equal(text, rfc4648[i].base16);
        assert_int_equal(codec_hex_decode(bytes_of_text(text), decoded, plain.len), ERR_OK);
        assert_true(bytes_equal(bytes_of(decoded, plain.len), plain));
    }
}

static void the_two_alphabets_differ_in_their_last_characters(void **state) {
    (void)state;
    const uint8_t last[] = {0xfb, 0xef, 0xbe,
                            0xff, 0xff, 0xff}; /* digits 62 and 63, four of each */
    char text[TEXT_SIZE];
    encode(codec_base64, bytes_of(last, sizeof last), text);
    assert_string_equal(text, "++++////");
    encode(codec_base64url, bytes_of(last, sizeof last), text);
    assert_string_equal(text, "----____");
}

/* Every length, with the buffer exactly as long as the text and as the bytes. */
static void every_length_comes_back_in_each_form(void **state) {
    (void)state;
    unsigned seed = 7;
    for (size_t len = 0; len <= 300; len++) {
        uint8_t plain[300], decoded[300], text[404];
        for (size_t i = 0; i < len; i++)
            plain[i] = (uint8_t)rand_r(&seed);
        for (int form = 0; form < 2; form++) {
            size_t chars = form == 0 ? CODEC_BASE64_CHARS(len) : (len + 2) / 3 * 4;
            memset(text, 0xaa, sizeof text);
            struct buffer buffer = buffer_over(text, chars);
            (form == 0 ? codec_base64url : codec_base64)(&buffer, bytes_of(plain, len));
            struct bytes written;
            assert_int_equal(buffer_end(&buffer, &written), ERR_OK);
            assert_int_equal(written.len, chars);
            assert_int_equal(text[chars], 0xaa);
            assert_true(CODEC_BASE64_BYTES(chars) >= len);
            size_t decoded_len;
            assert_int_equal(codec_base64_decode(written, CODEC_STRICT, decoded, len, &decoded_len),
                             ERR_OK);
            assert_true(bytes_equal(bytes_of(decoded, decoded_len), bytes_of(plain, len)));
        }
    }
}

static void an_encoder_without_room_writes_nothing(void **state) {
    (void)state;
    uint8_t memory[16];
    memset(memory, 0xaa, sizeof memory);
    void (*const encoders[])(struct buffer *, struct bytes) = {codec_base64, codec_base64url,
                                                               codec_hex_upper};
    for (size_t i = 0; i < 3; i++) {
        struct buffer buffer = buffer_over(memory, 5);
        encoders[i](&buffer, bytes_of("abcd", 4));
        struct bytes written;
        assert_int_equal(buffer_end(&buffer, &written), ERR_FULL);
        assert_int_equal(memory[0], 0xaa);
    }
}

static void padding_is_complete_or_absent(void **state) {
    (void)state;
    assert_decodes("Zg", CODEC_STRICT, "f");
    assert_decodes("Zg==", CODEC_STRICT, "f");
    const char *const refused[] = {"Zg=",  "Zg===",    "Zm9v=", "Zm9v====", "=",
                                   "====", "Zg==Zg==", "Z=g=",  "Zm8=="};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_refused(bytes_of_text(refused[i]), CODEC_STRICT);
}

static void a_lone_character_and_trailing_bits_are_refused(void **state) {
    (void)state;
    const char *const refused[] = {"Z", "Zm9vY", "Zh", "Zh==", "Zm9", "Zm9="};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_refused(bytes_of_text(refused[i]), CODEC_STRICT);
    assert_decodes("Zm8", CODEC_STRICT, "fo");
}

static void the_alphabets_are_not_mixed(void **state) {
    (void)state;
    const char *const refused[] = {"+_8A", "-/8A", "+-AA", "/_AA"};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_refused(bytes_of_text(refused[i]), CODEC_STRICT);
}

/* All 256 bytes at each place of a group: only the alphabet of RFC 4648 passes. */
static void every_byte_outside_the_alphabet_is_refused(void **state) {
    (void)state;
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_";
    for (int flags = CODEC_STRICT; flags <= CODEC_SKIP_NEWLINES; flags++)
        for (int byte = 0; byte < 256; byte++)
            for (size_t place = 0; place < 8; place++) {
                uint8_t text[] = "AAAAAAAA", decoded[8];
                text[place] = (uint8_t)byte;
                bool allowed = byte != 0 && strchr(alphabet, byte) != NULL;
                /* Seven characters and a newline are five bytes; an A carries no trailing bits. */
                size_t len;
                enum err err =
                    codec_base64_decode(bytes_of(text, 8), (enum codec_base64_flags)flags, decoded,
                                        sizeof decoded, &len);
                if (byte == '\r' || byte == '\n')
                    allowed = flags == CODEC_SKIP_NEWLINES;
                else if (byte == '=')
                    allowed = place == 7;
                assert_int_equal(err, allowed ? ERR_OK : ERR_MALFORMED);
            }
}

static void newlines_pass_only_when_asked_for(void **state) {
    (void)state;
    const char *const wrapped[] = {"Zm9v\nYmFy", "Zm9v\r\nYmFy\r\n", "\nZm9vYmFy",
                                   "Z\nm\n9\nvYmFy"};
    for (size_t i = 0; i < sizeof wrapped / sizeof wrapped[0]; i++) {
        assert_decodes(wrapped[i], CODEC_SKIP_NEWLINES, "foobar");
        assert_refused(bytes_of_text(wrapped[i]), CODEC_STRICT);
    }
    assert_decodes("Zm9vYg=\n=\n", CODEC_SKIP_NEWLINES, "foob");
    assert_refused(bytes_of_text("Zm9v YmFy"), CODEC_SKIP_NEWLINES);
    assert_refused(bytes_of_text("Zm9v\tYmFy"), CODEC_SKIP_NEWLINES);
    assert_refused(bytes_of("Zm9v\0YmFy", 9), CODEC_SKIP_NEWLINES);
}

static void a_target_too_small_is_full_and_keeps_its_neighbours(void **state) {
    (void)state;
    uint8_t decoded[8] = "???????";
    size_t len = SIZE_MAX;
    assert_int_equal(codec_base64_decode(bytes_of_text("Zm9vYmFy"), CODEC_STRICT, decoded, 5, &len),
                     ERR_FULL);
    assert_int_equal(len, 0);
    assert_int_equal(decoded[5], '?');
}

static void hex_takes_either_case_and_its_exact_length(void **state) {
    (void)state;
    uint8_t decoded[3];
    assert_int_equal(codec_hex_decode(bytes_of_text("0aBcFf"), decoded, 3), ERR_OK);
    assert_memory_equal(decoded, "\x0a\xbc\xff", 3);
    const char *const refused[] = {"0aBcF",  "0aBc",   "0aBcFf0", "0aBcFf00",
                                   "0aBcFg", " aBcFf", "0x0aBc",  ""};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_int_equal(codec_hex_decode(bytes_of_text(refused[i]), decoded, 3), ERR_MALFORMED);
}

static void every_byte_that_is_no_hex_digit_is_refused(void **state) {
    (void)state;
    for (int byte = 0; byte < 256; byte++)
        for (size_t place = 0; place < 2; place++) {
            uint8_t text[] = "00", decoded[1] = {0xaa};
            text[place] = (uint8_t)byte;
            bool digit = byte != 0 && strchr("0123456789abcdefABCDEF", byte) != NULL;
            assert_int_equal(codec_hex_decode(bytes_of(text, 2), decoded, 1),
                             digit ? ERR_OK : ERR_MALFORMED);
            assert_true(digit || decoded[0] == 0);
        }
}

static void utf8_of_every_length_is_accepted(void **state) {
    (void)state;
    const char *const accepted[] = {
        "",
        "plain",
        "\xc2\x80\xdf\xbf",                 /* U+0080 U+07FF */
        "\xe0\xa0\x80\xed\x9f\xbf",         /* U+0800 U+D7FF */
        "\xee\x80\x80\xef\xbf\xbf",         /* U+E000 U+FFFF */
        "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", /* U+10000 U+10FFFF */
        "\xd8\xb1\xd9\x85\xd8\xb2 caf\xc3\xa9 \xe2\xb5\x9c",
    };
    for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++)
        assert_int_equal(codec_utf8_check(bytes_of_text(accepted[i])), ERR_OK);
}

static void broken_utf8_is_refused(void **state) {
    (void)state;
    const char *const refused[] = {
        "\x80",             /* a continuation alone */
        "\xc0\x80",         /* overlong zero */
        "\xc1\xbf",         /* overlong, two bytes */
        "\xe0\x9f\xbf",     /* overlong, three bytes */
        "\xf0\x8f\xbf\xbf", /* overlong, four bytes */
        "\xed\xa0\x80",     /* surrogate U+D800 */
        "\xed\xbf\xbf",     /* surrogate U+DFFF */
        "\xf4\x90\x80\x80", /* U+110000 */
        "\xf5\x80\x80\x80", /* beyond */
        "\xff",
        "a\xc3",         /* ends early, two bytes */
        "a\xe2\x82",     /* ends early, three bytes */
        "a\xf0\x9f\x98", /* ends early, four bytes */
        "\xe2\x28\xa1",  /* second byte no continuation */
        "\xf0\x9f\x98\x28",
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_int_equal(codec_utf8_check(bytes_of_text(refused[i])), ERR_MALFORMED);
}

/* The encoding of RFC 3629 §3, written the other way round than the recogniser. */
static size_t utf8_encode(uint32_t point, uint8_t out[static 4]) {
    static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    if (point < 0x80) {
        out[0] = (uint8_t)point;
        return 1;
    }
    size_t len = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = len; i > 1; i--, point >>= 6)
        out[i - 1] = (uint8_t)(0x80 | (point & 0x3f));
    out[0] = (uint8_t)(leads[len] | point);
    return len;
}

static void exactly_the_scalar_values_of_unicode_are_accepted(void **state) {
    (void)state;
    for (uint32_t point = 0; point < 0x120000; point++) {
        uint8_t text[4];
        size_t len = utf8_encode(point, text);
        bool scalar = point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
        if ((codec_utf8_check(bytes_of(text, len)) == ERR_OK) != scalar)
            fail_msg("U+%04X", point);
    }
}

static void an_integer_is_taken_whole_and_within_its_range(void **state) {
    (void)state;
    int64_t value;
    assert_int_equal(codec_integer("42", 0, 100, &value), ERR_OK);
    assert_int_equal(value, 42);
    assert_int_equal(codec_integer("-9223372036854775808", INT64_MIN, INT64_MAX, &value), ERR_OK);
    assert_true(value == INT64_MIN);
    assert_int_equal(codec_integer("9223372036854775807", INT64_MIN, INT64_MAX, &value), ERR_OK);
    assert_true(value == INT64_MAX);
    assert_int_equal(codec_integer("100", 0, 100, &value), ERR_OK);
    const char *const refused[] = {"",    " 1",  "1 ",
                                   "+1",  "0x1", "1e2",
                                   "--1", "-",   "1a",
                                   "-1",  "101", "9223372036854775808",
                                   "\t1", "1\n", "99999999999999999999"};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        assert_int_equal(codec_integer(refused[i], 0, 100, &value), ERR_MALFORMED);
        assert_int_equal(value, 0);
    }
    assert_int_equal(codec_integer("9223372036854775808", INT64_MIN, INT64_MAX, &value),
                     ERR_MALFORMED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_rfc_4648_hold_both_ways),
        cmocka_unit_test(the_two_alphabets_differ_in_their_last_characters),
        cmocka_unit_test(every_length_comes_back_in_each_form),
        cmocka_unit_test(an_encoder_without_room_writes_nothing),
        cmocka_unit_test(padding_is_complete_or_absent),
        cmocka_unit_test(a_lone_character_and_trailing_bits_are_refused),
        cmocka_unit_test(the_alphabets_are_not_mixed),
        cmocka_unit_test(every_byte_outside_the_alphabet_is_refused),
        cmocka_unit_test(newlines_pass_only_when_asked_for),
        cmocka_unit_test(a_target_too_small_is_full_and_keeps_its_neighbours),
        cmocka_unit_test(hex_takes_either_case_and_its_exact_length),
        cmocka_unit_test(every_byte_that_is_no_hex_digit_is_refused),
        cmocka_unit_test(utf8_of_every_length_is_accepted),
        cmocka_unit_test(broken_utf8_is_refused),
        cmocka_unit_test(exactly_the_scalar_values_of_unicode_are_accepted),
        cmocka_unit_test(an_integer_is_taken_whole_and_within_its_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
