#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/codec.h"
#include "firmware/base/utf8.h"
#include "authd/match/letters.h"
#include "authd/match/normalise.h"
#include "authd/match/normalise_table.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static struct normalise_form form, other;

static const char *normal(const char *text, const char *language, enum normalise_kind kind) {
    static char shown[NORMALISE_MAX + 1];
    assert_int_equal(normalise_text(bytes_of_text(text), language, kind, &form), ERR_OK);
    memcpy(shown, form.data, form.len);
    shown[form.len] = '\0';
    return shown;
}

struct sample {
    const char *text, *normal;
};

static void assert_samples(const struct sample *samples, size_t count, const char *language,
                           enum normalise_kind kind) {
    for (size_t i = 0; i < count; i++)
        assert_string_equal(normal(samples[i].text, language, kind), samples[i].normal);
}

static void large_letters_become_small(void **state) {
    (void)state;
    static const struct sample samples[] = {
        {"ABCXYZ", "abcxyz"},         {"ÀÉÎÕÜÞ", "àéîõüþ"}, {"×÷ß", "×÷ß"},
        {"ĀĮĶĹŇŊŶŸŹŽ", "āįķĺňŋŷÿźž"}, {"İıſ", "iıs"},       {"ŒUVRE Æ", "oeuvre ae"},
        {"ḌḤṚṢṬẒ ƐƔǦ", "ḍḥṛṣṭẓ ɛɣǧ"}, {"ⴰⵎⴰⵣⵉⵖ", "ⴰⵎⴰⵣⵉⵖ"},
    };
    assert_samples(samples, COUNT_OF(samples), "", NORMALISE_COMMON);
}

static void punctuation_and_runs_of_spaces_become_one_space(void **state) {
    (void)state;
    static const struct sample samples[] = {
        {".a,b-c*d(e)f[g]h`i'j/k\\l#m\"n", "a b c d e f g h i j k l m n"},
        {"  a \t\r\n  b  ", "a b"},
        {"a..b", "a b"},
        {"l’Atlas «Les Ormes» – n° 3…", "l atlas les ormes n 3"},
        {"a\u00a0b\u202fc\u3000d\u2003e", "a b c d e"},
        {"فاس، مكناس؛ سلا۔", "فاس مكناس سلا"},
        {"", ""},
        {" .,-", ""},
        {"a+b@c;d:e!f?g&h_i", "a+b@c;d:e!f?g&h_i"}, /* not in §8.3 */
    };
    assert_samples(samples, COUNT_OF(samples), "fra", NORMALISE_COMMON);
}

static void what_cannot_be_seen_does_not_count(void **state) {
    (void)state;
    static const struct sample samples[] = {
        {"\u200fa\u200bb\u200cc\u200dd\u202ee\u2066f\ufeffg\u00adh\u061ci", "abcdefghi"},
        {"ⵏ\u2d7fⴰ", "ⵏⴰ"},
        {"a\ufe0f", "a"},
    };
    assert_samples(samples, COUNT_OF(samples), "", NORMALISE_COMMON);
}

static void an_accent_behind_its_letter_is_on_it(void **state) {
    (void)state;
    static const struct sample samples[] = {
        {"E\u0301le\u0300ve", "élève"},
        {"FRANC\u0327OIS Noe\u0308l", "françois noël"},
        {"A\u0302ge e\u200d\u0301", "âge é"},
        {"D\u0323 Z\u0323", "ḍ ẓ"},
        {"e\u0301\u0301", "é\u0301"}, /* what does not compose stays */
        {"\u0301e", "\u0301e"},
        {"q\u0301", "q\u0301"},
    };
    assert_samples(samples, COUNT_OF(samples), "fra", NORMALISE_COMMON);
}

static void arabic_is_compared_without_vowels_and_in_one_form_of_each_letter(void **state) {
    (void)state;
    static const struct sample samples[] = {
        {"مُحَمَّدٌ", "محمد"},
        {"محـــمد", "محمد"},
        {"أحمد إدريس آدم ٱلله", "احمد ادريس ادم الله"},
        {"ا\u0654حمد", "احمد"},
        {"مؤمن عائشة", "مومن عايشه"},
        {"مصطفى فاطمة", "مصطفي فاطمه"},
        {"هٰذا", "هذا"},
        {"علی کریم", "علي كريم"},
        {"أݣادير أڭادير أكادير", "اكادير اكادير اكادير"},
        {"شيماء", "شيماء"}, /* a hamza by itself is a letter */
        {"١٢٣ ۴۵۶ 789", "123 456 789"},
    };
    assert_samples(samples, COUNT_OF(samples), "ara", NORMALISE_COMMON);
}

static void an_english_address_follows_the_published_sample(void **state) {
    (void)state;
    static const struct sample samples[] = {
        {"C/O Ali, S/O Omar, D/O Said, W/O Idir, H/O Anir", "ali omar said idir anir"},
        {"Mr. Ali Mrs. Amina Dr. Said Drs. X", "ali amina said x"},
        {"No. 12 no.13", "12 13"},
        {"Apartment 4, Main Street Cross Road", "apt 4 mn st crs rd"},
        {"Opposite the Market", "opp the mkt"},
        {"1st 2nd 3rd 4th 10th 21ST", "1 2 3 4 10 21"},
        {"Roadside Streets Maintenance", "roadside streets maintenance"}, /* whole words only */
        {"mr no dr", "mr no dr"},                                         /* the dot counts */
        {"st 1sts th", "st 1sts th"},
    };
    assert_samples(samples, COUNT_OF(samples), "eng", NORMALISE_ADDRESS);
}

static void a_french_address_has_its_short_forms(void **state) {
    (void)state;
    static const struct sample samples[] = {
        {"12, Avenue Hassan II", "12 av hassan ii"},
        {"12 av. Hassan II", "12 av hassan ii"},
        {"Boulevard boul. bd bd. blvd", "bd bd bd bd bd"},
        {"Rue r. RUE", "r r r"},
        {"N°12 n° 13 N.14 no. 15 num 16 Numéro 17 № 18 nº19", "12 13 14 15 16 17 18 19"},
        {"Immeuble A, imm. B", "imm a imm b"},
        {"Appartement 3 appt 3 Appt. 3 app 3", "apt 3 apt 3 apt 3 apt 3"},
        {"2ème étage, 2e etage, 1er ét.", "2 et 2 et 1 et"},
        {"Résidence Al Amal lotissement Nour", "res al amal lot nour"},
        {"B.P. 15 BP 15", "bp 15 bp 15"},
        {"ruelle avenues 1ers", "ruelle avenues 1ers"},
        {"n 12", "n 12"},
    };
    assert_samples(samples, COUNT_OF(samples), "fra", NORMALISE_ADDRESS);
}

static void arabic_and_amazigh_addresses_lose_the_word_number(void **state) {
    (void)state;
    static const struct sample arabic[] = {
        {"رقم ١٢ شارع البحر", "12 ش البحر"},
        {"ش. البحر رقم 12", "ش البحر 12"},
        {"زنقة الزيتون", "ز الزيتون"},
        {"شوارع", "شوارع"},
    };
    static const struct sample amazigh[] = {{"ⵓⵟⵟⵓⵏ 12 ⴰⵣⵏⵉⵇ", "12 ⴰⵣⵏⵉⵇ"}};
    assert_samples(arabic, COUNT_OF(arabic), "ara", NORMALISE_ADDRESS);
    assert_samples(amazigh, COUNT_OF(amazigh), "zgh", NORMALISE_ADDRESS);
}

static void a_name_loses_its_titles(void **state) {
    (void)state;
    static const struct {
        const char *language, *text, *normal;
    } samples[] = {
        {"eng", "Mr. Omar Tazi", "omar tazi"},
        {"eng", "Prof Dr Mrs Amina Miss", "amina"},
        {"eng", "Drissi Misso", "drissi misso"},
        {"fra", "M. Omar, Mme Amina", "omar amina"},
        {"fra", "M Omar", "m omar"}, /* an initial */
        {"fra", "Mademoiselle Aïcha", "aïcha"},
        {"ara", "السيّدة فاطمة", "فاطمه"},
        {"ara", "الدكتور أحمد، د. أحمد", "احمد احمد"},
        {"zgh", "ⵎⴰⵙⵙⴰ ⴼⴰⵟⵉⵎⴰ", "ⴼⴰⵟⵉⵎⴰ"},
        {"", "Mr. Omar", "mr omar"},
        {"deu", "Mme Omar", "mme omar"},
        {"fra", "Mme", ""},
    };
    for (size_t i = 0; i < COUNT_OF(samples); i++)
        assert_string_equal(normal(samples[i].text, samples[i].language, NORMALISE_NAME),
                            samples[i].normal);
    /* A row is of its kind and language alone. */
    assert_string_equal(normal("Mme Amina rue", "fra", NORMALISE_COMMON), "mme amina rue");
    assert_string_equal(normal("Mme Amina rue", "fra", NORMALISE_ADDRESS), "mme amina r");
    assert_string_equal(normal("street", "fra", NORMALISE_ADDRESS), "street");
}

static bool same_words(const char *left, const char *right) {
    assert_int_equal(normalise_text(bytes_of_text(left), "fra", NORMALISE_NAME, &form), ERR_OK);
    assert_int_equal(normalise_text(bytes_of_text(right), "fra", NORMALISE_NAME, &other), ERR_OK);
    bool same = normalise_same_words(&form, &other);
    assert_int_equal(same, normalise_same_words(&other, &form));
    return same;
}

static void names_are_the_same_with_the_same_words_as_often(void **state) {
    (void)state;
    assert_true(same_words("Fatima El Alaoui", "ALAOUI el  fatima"));
    assert_true(same_words("Ali Ali Omar", "Ali Omar Ali"));
    assert_false(same_words("Ali Ali Omar", "Ali Omar Omar"));
    assert_false(same_words("Ali Omar", "Ali Omar Ali"));
    assert_false(same_words("Ali Omar", "Ali"));
    assert_false(same_words("Ali Omar", "Ali Omarr"));
    assert_false(same_words("Ali Omar", "AliOmar"));
    assert_false(same_words("ab c", "a bc"));
    assert_false(same_words("Aicha", "Aïcha"));
}

static void nothing_is_not_the_same_as_nothing(void **state) {
    (void)state;
    assert_false(same_words("", ""));
    assert_false(same_words("Mme", "M."));
    assert_false(same_words(" . ", "-"));
    assert_false(normalise_same_text(&form, &other));
}

static void the_order_of_words_counts_in_a_text(void **state) {
    (void)state;
    (void)same_words("a b", "b a");
    assert_false(normalise_same_text(&form, &other));
    (void)same_words("A, b", "a B");
    assert_true(normalise_same_text(&form, &other));
}

static void what_is_no_utf8_or_too_long_has_no_normal_form(void **state) {
    (void)state;
    static const char *const broken[] = {"a\xff",
                                         "\xc3(",
                                         "\xed\xa0\x80",
                                         "\xc0\xaf",
                                         "\xf4\x90\x80\x80",
                                         "\xe2\x80",
                                         "\xf8\x88\x80\x80\x80"};
    static char text[NORMALISE_MAX + 1];
    for (size_t i = 0; i < COUNT_OF(broken); i++) {
        form.len = 1;
        assert_int_equal(normalise_text(bytes_of_text(broken[i]), "fra", NORMALISE_NAME, &form),
                         ERR_MALFORMED);
        assert_int_equal(form.len, 0);
    }
    memset(text, 'a', sizeof text);
    assert_int_equal(normalise_text(bytes_of(text, NORMALISE_MAX), "fra", NORMALISE_NAME, &form),
                     ERR_OK);
    assert_int_equal(form.len, NORMALISE_MAX);
    assert_int_equal(
        normalise_text(bytes_of(text, NORMALISE_MAX + 1), "fra", NORMALISE_NAME, &form),
        ERR_TOO_LARGE);
    assert_int_equal(form.len, 0);
    assert_int_equal(normalise_text(bytes_of(NULL, 0), "fra", NORMALISE_NAME, &form), ERR_OK);
    assert_int_equal(form.len, 0);
    assert_string_equal(normal("a", "fra", NORMALISE_NAME), "a");
    assert_int_equal(normalise_text(bytes_of("a\0b", 3), "fra", NORMALISE_NAME, &form), ERR_OK);
    assert_int_equal(form.len, 2); /* a zero cannot be seen either */
}

/* Each character there is: folded once is folded for ever, is no longer, and is UTF-8. */
static void folding_a_letter_again_changes_nothing(void **state) {
    (void)state;
    for (uint32_t letter = 0; letter <= 0x10ffff; letter++) {
        uint8_t written[4], once[4], twice[4];
        struct buffer text = buffer_over(written, sizeof written);
        if (letter >= 0xd800 && letter <= 0xdfff)
            continue;
        utf8_put(&text, letter);
        struct buffer first = buffer_over(once, sizeof once);
        struct buffer second = buffer_over(twice, sizeof twice);
        assert_int_equal(letters_fold(bytes_of(written, text.len), &first), ERR_OK);
        assert_int_equal(letters_fold(bytes_of(once, first.len), &second), ERR_OK);
        assert_true(first.len <= text.len);
        assert_int_equal(codec_utf8_check(bytes_of(once, first.len)), ERR_OK);
        assert_true(bytes_equal(bytes_of(once, first.len), bytes_of(twice, second.len)));
    }
}

static void every_row_is_in_the_form_it_is_compared_in(void **state) {
    (void)state;
    for (size_t i = 0; i < normalise_table_count; i++) {
        const struct normalise_row *row = &normalise_table[i];
        uint8_t folded[64];
        struct buffer target = buffer_over(folded, sizeof folded);
        assert_int_equal(letters_fold(bytes_of_text(row->pattern), &target), ERR_OK);
        assert_true(bytes_equal_text(bytes_of(folded, target.len), row->pattern));
        assert_true(strlen(row->replacement) <= strlen(row->pattern));
        assert_true(row->kind != NORMALISE_COMMON && strlen(row->language) == 3);
        if (row->replacement[0] != '#')
            assert_string_equal(normal(row->replacement, row->language, row->kind),
                                row->replacement);
        for (size_t j = 0; j < i; j++) /* a row that another one hides is never taken */
            assert_false(row->kind == normalise_table[j].kind &&
                         strcmp(row->language, normalise_table[j].language) == 0 &&
                         strcmp(row->pattern, normalise_table[j].pattern) == 0);
    }
}

/* xorshift: the same texts in every run. */
static uint32_t next_random(void) {
    static uint32_t state = 2463534242u;
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

/* Pieces that the rules are about, put together by chance. */
static struct bytes random_text(uint8_t *memory, size_t size) {
    static const char *const pieces[] = {
        " ",      ".",      ",",      "-",      "/",         "'",      "#",   "(",     "c/o",
        "no",     "n°",     "rue",    "Street", "main",      "1er",    "2nd", "3",     "ème",
        "b.p.",   "m",      "M.",     "mme",    "e",         "\u0301", "É",   "œ",     "ـ",
        "َ",       "أ",      "السيدة", "ى",      "رقم",       "شارع",   "١",   "ⵎⴰⵙⵙⴰ", "ⵏ",
        "\u200d", "\u2d7f", "\u00a0", "№",      "apartment", "ét",     "dr",  "a"};
    struct buffer text = buffer_over(memory, size);
    for (uint32_t left = next_random() % 24; left > 0; left--) {
        const char *piece = pieces[next_random() % COUNT_OF(pieces)];
        buffer_raw(&text, piece, strlen(piece));
    }
    assert_int_equal(text.err, ERR_OK);
    return bytes_of(memory, text.len);
}

static void a_normal_form_is_short_and_its_own_normal_form(void **state) {
    (void)state;
    static const char *const languages[] = {"eng", "fra", "ara", "zgh", "", "deu"};
    uint8_t memory[512];
    for (size_t i = 0; i < 60000; i++) {
        struct bytes text = random_text(memory, sizeof memory);
        const char *language = languages[i % COUNT_OF(languages)];
        enum normalise_kind kind = (enum normalise_kind)(next_random() % 3);
        assert_int_equal(normalise_text(text, language, kind, &form), ERR_OK);
        struct bytes view = bytes_of(form.data, form.len);
        assert_true(form.len <= text.len);
        assert_int_equal(codec_utf8_check(view), ERR_OK);
        assert_int_equal(normalise_text(view, language, kind, &other), ERR_OK);
        assert_true(bytes_equal(view, bytes_of(other.data, other.len)));
    }
}

static void the_order_of_words_never_matters(void **state) {
    (void)state;
    static const char *const words[] = {"Ali", "ali", "Mme", "É", "el", "رقم", "ـ", "ⵏ", "aït"};
    for (size_t i = 0; i < 20000; i++) {
        size_t count = 1 + next_random() % 8, order[8];
        char text[2][256] = {"", ""};
        for (size_t j = 0; j < count; j++)
            order[j] = next_random() % COUNT_OF(words);
        size_t turn = next_random() % count;
        for (size_t j = 0; j < count; j++) {
            strcat(strcat(text[0], words[order[j]]), " ");
            strcat(strcat(text[1], words[order[(j + turn) % count]]), ", ");
        }
        bool same = same_words(text[0], text[1]);
        assert_int_equal(same, form.len > 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(large_letters_become_small),
        cmocka_unit_test(punctuation_and_runs_of_spaces_become_one_space),
        cmocka_unit_test(what_cannot_be_seen_does_not_count),
        cmocka_unit_test(an_accent_behind_its_letter_is_on_it),
        cmocka_unit_test(arabic_is_compared_without_vowels_and_in_one_form_of_each_letter),
        cmocka_unit_test(an_english_address_follows_the_published_sample),
        cmocka_unit_test(a_french_address_has_its_short_forms),
        cmocka_unit_test(arabic_and_amazigh_addresses_lose_the_word_number),
        cmocka_unit_test(a_name_loses_its_titles),
        cmocka_unit_test(names_are_the_same_with_the_same_words_as_often),
        cmocka_unit_test(nothing_is_not_the_same_as_nothing),
        cmocka_unit_test(the_order_of_words_counts_in_a_text),
        cmocka_unit_test(what_is_no_utf8_or_too_long_has_no_normal_form),
        cmocka_unit_test(folding_a_letter_again_changes_nothing),
        cmocka_unit_test(every_row_is_in_the_form_it_is_compared_in),
        cmocka_unit_test(a_normal_form_is_short_and_its_own_normal_form),
        cmocka_unit_test(the_order_of_words_never_matters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
