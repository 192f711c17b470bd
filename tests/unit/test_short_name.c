#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "authd/notify/short_name.h"
#include "firmware/base/codec.h"

static void assert_clean(const char *name, const char *clean) {
    struct short_name result;
    assert_int_equal(short_name_from(name, &result), ERR_OK);
    assert_string_equal(result.text, clean);
}

static void white_space_becomes_one_space(void **state) {
    (void)state;
    assert_clean("  Aide\tsociale \n directe\xc2\xa0 ", "Aide sociale directe");
}

static void hidden_characters_are_dropped(void **state) {
    (void)state;
    assert_clean("\xe2\x80\xae"
                 "Daam\x01\xe2\x80\x8f",
                 "Daam");
    assert_clean("دعم", "دعم");
}

static void a_name_without_visible_characters_is_refused(void **state) {
    (void)state;
    struct short_name name;
    assert_int_equal(short_name_from("", &name), ERR_MALFORMED);
    assert_int_equal(short_name_from(" \xe2\x80\x8e\t", &name), ERR_MALFORMED);
}

static void a_name_that_is_not_utf8_is_refused(void **state) {
    (void)state;
    struct short_name name;
    assert_int_equal(short_name_from("Daam\xc3", &name), ERR_MALFORMED);
}

static void a_name_over_the_limit_is_refused(void **state) {
    (void)state;
    struct short_name name;
    char text[SHORT_NAME_SIZE + 1] = {0};
    memset(text, 'a', SHORT_NAME_SIZE - 1);
    assert_int_equal(short_name_from(text, &name), ERR_OK);
    memset(text, 'a', SHORT_NAME_SIZE);
    assert_int_equal(short_name_from(text, &name), ERR_TOO_LARGE);
}

static void letters_fold_to_the_nearest_of_the_alphabet(void **state) {
    (void)state;
    static const char *const pairs[][2] = {
        {"Même reçu", "Meme recu"},
        {"Œuvre « Côte »", "OEuvre \" Cote \""},
        {"Taẓwelt n uɣerbaz", "Tazwelt n ugerbaz"},
        {"L’État", "L'État"},
        {"Bénéficiaire à côté", "Bénéficiaire à coté"},
        {"ČÇç", "CÇc"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct short_name name;
        bool whole;
        assert_int_equal(short_name_from(pairs[i][0], &name), ERR_OK);
        short_name_fold(&name, &whole);
        assert_true(whole);
        assert_string_equal(name.text, pairs[i][1]);
    }
}

static void a_name_in_another_script_does_not_fold(void **state) {
    (void)state;
    struct short_name name;
    bool whole = true;
    assert_int_equal(short_name_from("دعم ê", &name), ERR_OK);
    short_name_fold(&name, &whole);
    assert_false(whole);
    assert_string_equal(name.text, "دعم ê");
}

static void assert_cut(const char *name, const char *cut) {
    struct short_name result;
    assert_int_equal(short_name_from(name, &result), ERR_OK);
    assert_int_equal(short_name_cut(&result), ERR_OK);
    assert_string_equal(result.text, cut);
}

static void a_cut_drops_one_character_and_ends_with_a_full_stop(void **state) {
    (void)state;
    assert_cut("Tayssir", "Tayssi.");
    assert_cut("Tayssi.", "Tayss.");
    assert_cut("دعم", "دع.");
    assert_cut("ⵜⴰⵢ", "ⵜⴰ.");
    assert_cut("Aide d", "Aide.");
    assert_cut("AMO-T", "AMO.");
}

static void a_cut_takes_a_character_with_all_its_marks(void **state) {
    (void)state;
    assert_cut("دَعّم", "دَعّ.");
    assert_cut("دَعّ", "دَ.");
    assert_cut("cafe\xcc\x81", "caf."); /* e and a combining acute */
    assert_cut("ⵜⴰ\xe2\xb5\xbf", "ⵜ."); /* with the Tifinagh consonant joiner */
}

static void cutting_ends_and_every_step_is_utf8(void **state) {
    (void)state;
    static const char *const names[] = {"AMO-TADAMON (CNSS) - régime",
                                        "الدعمُ الاجتماعيُّ المباشر",
                                        "ⴰⵎⵡⴰⵙ ⴰⵏⴰⵎⵓⵏ",
                                        "😀😀 x",
                                        "....",
                                        "- - é"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct short_name name;
        size_t len = SIZE_MAX;
        assert_int_equal(short_name_from(names[i], &name), ERR_OK);
        while (short_name_cut(&name) == ERR_OK) {
            assert_true(strlen(name.text) < len || len == SIZE_MAX);
            len = strlen(name.text);
            assert_true(len > 1);
            assert_int_equal(codec_utf8_check(bytes_of_text(name.text)), ERR_OK);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(white_space_becomes_one_space),
        cmocka_unit_test(hidden_characters_are_dropped),
        cmocka_unit_test(a_name_without_visible_characters_is_refused),
        cmocka_unit_test(a_name_that_is_not_utf8_is_refused),
        cmocka_unit_test(a_name_over_the_limit_is_refused),
        cmocka_unit_test(letters_fold_to_the_nearest_of_the_alphabet),
        cmocka_unit_test(a_name_in_another_script_does_not_fold),
        cmocka_unit_test(a_cut_drops_one_character_and_ends_with_a_full_stop),
        cmocka_unit_test(a_cut_takes_a_character_with_all_its_marks),
        cmocka_unit_test(cutting_ends_and_every_step_is_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
