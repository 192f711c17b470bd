#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "authd/notify/sms_segment.h"
#include "firmware/base/utf8.h"

/* The tables of 3GPP TS 23.038 §6.2.1 in the order of their codes, without the escape at 0x1b. */
static const char default_alphabet[] =
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
static const char extension_table[] = "\f^{}\\[~]|€";

enum { LAST_CHARACTER = 0x10ffff };
static uint8_t expected[LAST_CHARACTER + 1];

static size_t expect(const char *characters, uint8_t septets) {
    struct bytes rest = bytes_of_text(characters);
    uint32_t character;
    size_t count = 0;
    while (utf8_take(&rest, &character) == ERR_OK) {
        expected[character] = septets;
        count++;
    }
    assert_int_equal(rest.len, 0);
    return count;
}

static void the_gsm7_alphabet_is_exact(void **state) {
    (void)state;
    assert_int_equal(expect(default_alphabet, 1), 127);
    assert_int_equal(expect(extension_table, 2), 10);
    for (uint32_t character = 0; character <= LAST_CHARACTER; character++)
        assert_int_equal(sms_segment_septets(character), expected[character]);
}

static struct sms_segment measure(const char *text) {
    struct sms_segment segment;
    assert_int_equal(sms_segment_measure(bytes_of_text(text), &segment), ERR_OK);
    return segment;
}

static void a_text_within_the_alphabet_is_counted_in_septets(void **state) {
    (void)state;
    struct sms_segment segment = measure("Déjà 5 € {a}");
    assert_int_equal(segment.alphabet, SMS_GSM7);
    assert_int_equal(segment.units, 12 + 3); /* €, { and } count twice */
}

static void one_foreign_character_makes_the_whole_text_ucs2(void **state) {
    (void)state;
    struct sms_segment segment = measure("Reçu [1]");
    assert_int_equal(segment.alphabet, SMS_UCS2);
    assert_int_equal(segment.units, 8);
}

static void arabic_and_tifinagh_take_one_unit_a_character(void **state) {
    (void)state;
    assert_int_equal(measure("رمز").units, 3);
    assert_int_equal(measure("ⵜⴰⵏⴳⴰⵍⵜ").units, 7);
    assert_int_equal(measure("ⵜ").alphabet, SMS_UCS2);
}

static void a_character_outside_the_basic_plane_takes_two_units(void **state) {
    (void)state;
    assert_int_equal(measure("a😀").units, 3);
}

static void an_empty_text_takes_nothing(void **state) {
    (void)state;
    assert_int_equal(measure("").units, 0);
    assert_int_equal(sms_segment_check(bytes_of(NULL, 0)), ERR_OK);
}

static enum err check_run(const char *character, size_t count) {
    char text[1024];
    struct buffer buffer = buffer_over(text, sizeof text);
    struct bytes written;
    for (size_t i = 0; i < count; i++)
        buffer_raw(&buffer, character, strlen(character));
    assert_int_equal(buffer_end(&buffer, &written), ERR_OK);
    return sms_segment_check(written);
}

static void one_unit_over_a_segment_is_refused(void **state) {
    (void)state;
    assert_int_equal(check_run("a", 160), ERR_OK);
    assert_int_equal(check_run("a", 161), ERR_TOO_LARGE);
    assert_int_equal(check_run("€", 80), ERR_OK);
    assert_int_equal(check_run("€", 81), ERR_TOO_LARGE);
    assert_int_equal(check_run("ⵜ", 70), ERR_OK);
    assert_int_equal(check_run("ⵜ", 71), ERR_TOO_LARGE);
    assert_int_equal(check_run("😀", 35), ERR_OK);
    assert_int_equal(check_run("😀", 36), ERR_TOO_LARGE);
}

static void broken_utf8_is_refused(void **state) {
    (void)state;
    static const char *const broken[] = {
        "\x80",
        "a\xc3",
        "\xc0\x80",
        "\xe0\x80\x80",
        "\xed\xa0\x80",
        "\xf4\x90\x80\x80",
        "\xf8\x88\x80\x80\x80",
        "\xc3(",
        "\xff",
    };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct sms_segment segment;
        assert_int_equal(sms_segment_measure(bytes_of_text(broken[i]), &segment), ERR_MALFORMED);
        assert_int_equal(sms_segment_check(bytes_of_text(broken[i])), ERR_MALFORMED);
    }
}

static void every_character_survives_writing_and_reading(void **state) {
    (void)state;
    for (uint32_t character = 0; character <= LAST_CHARACTER; character++) {
        uint8_t memory[4];
        struct buffer buffer = buffer_over(memory, sizeof memory);
        struct bytes rest;
        uint32_t again;
        utf8_put(&buffer, character);
        assert_int_equal(buffer_end(&buffer, &rest), ERR_OK);
        enum err err = utf8_take(&rest, &again);
        if (character >= 0xd800 && character <= 0xdfff) {
            assert_int_equal(err, ERR_MALFORMED);
            continue;
        }
        assert_int_equal(err, ERR_OK);
        assert_int_equal(again, character);
        assert_int_equal(rest.len, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_gsm7_alphabet_is_exact),
        cmocka_unit_test(a_text_within_the_alphabet_is_counted_in_septets),
        cmocka_unit_test(one_foreign_character_makes_the_whole_text_ucs2),
        cmocka_unit_test(arabic_and_tifinagh_take_one_unit_a_character),
        cmocka_unit_test(a_character_outside_the_basic_plane_takes_two_units),
        cmocka_unit_test(an_empty_text_takes_nothing),
        cmocka_unit_test(one_unit_over_a_segment_is_refused),
        cmocka_unit_test(broken_utf8_is_refused),
        cmocka_unit_test(every_character_survives_writing_and_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
