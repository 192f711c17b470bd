#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "authd/notify/sms_segment.h"
#include "authd/notify/text.h"
#include "authd/notify/text_table.h"

/* Each value at its shortest and longest, and names of each script from a letter to the longest. */
static const char *const otps[] = {"0", "012345", "999999", "9999999"};
static const char *const names[] = {
    "A",
    "ASD",
    "AMO-TADAMON",
    "Prestation sociale numéro 1",
    "Assurance maladie obligatoire « Tadamon » — Œuvres",
    "[{~|^€[{~|^€[{~|^€[{~|^€[{~|^€[{~|^€[{~|^€",
    "الدعم الاجتماعي المباشر",
    "الدعم الاجتماعي المباشر للأسر",
    "دَعْمٌ مُبَاشِرٌ لِلْأُسَرِ",
    "ⴰⵎⵡⴰⵙ ⴰⵏⴰⵎⵓⵏ ⵓⵙⵔⵉⴷ",
    "Daam دعم ⴰⵎⵡⴰⵙ",
    "😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "êêêêêêêêêêêêêêêêêêêêêêêêêêêêêêê",
    "ببببببببببببببببببببببببببببببب",
};
#define COUNT(list) (sizeof(list) / sizeof *(list))

struct rendered {
    char text[TEXT_MAIL_BYTES_MAX];
};

static enum err render(enum text_language language, const char *programme, const char *otp,
                       unsigned minutes, struct rendered *rendered) {
    struct text_values values = {.programme = programme, .otp = otp, .minutes = minutes};
    struct buffer buffer = buffer_over(rendered->text, sizeof rendered->text - 1);
    memset(rendered, 0, sizeof *rendered);
    return text_render(TEXT_OTP, language, &values, &buffer);
}

static const char *rendered_text(enum text_language language, const char *programme,
                                 unsigned minutes) {
    static struct rendered rendered;
    assert_int_equal(render(language, programme, "123456", minutes, &rendered), ERR_OK);
    return rendered.text;
}

static void assert_one_segment(const char *text, const char *otp) {
    assert_int_equal(sms_segment_check(bytes_of_text(text)), ERR_OK);
    assert_non_null(strstr(text, otp));
    assert_null(strstr(text, "{otp}"));
    assert_null(strchr(text, '#'));
}

static void assert_fits(enum text_language language, const char *name, const char *otp,
                        unsigned minutes) {
    struct rendered rendered;
    assert_int_equal(render(language, name, otp, minutes, &rendered), ERR_OK);
    assert_one_segment(rendered.text, otp);
}

static void every_text_is_one_segment(void **state) {
    (void)state;
    /* of one, two and three digits, and of every plural */
    static const unsigned minutes[] = {1, 2, 3, 9, 10, 11, 99, 100, 101, 102, 103, 111, 999};
    for (unsigned language = 0; language < TEXT_LANGUAGES; language++)
        for (size_t name = 0; name < COUNT(names); name++)
            for (size_t otp = 0; otp < COUNT(otps); otp++)
                for (size_t i = 0; i < COUNT(minutes); i++)
                    assert_fits((enum text_language)language, names[name], otps[otp], minutes[i]);
}

static void every_validity_fits(void **state) {
    (void)state;
    for (unsigned language = 0; language < TEXT_LANGUAGES; language++)
        for (unsigned minutes = 1; minutes <= TEXT_MINUTES_MAX; minutes++)
            assert_fits((enum text_language)language, "AMO-TADAMON", "123456", minutes);
}

/* However long the other values are, a name of this many characters of any script is kept whole. */
static void there_is_always_room_to_recognise_a_name(void **state) {
    (void)state;
    static const char *const twelve[] = {"AMO-TADAMONE", "الدعم المباش", "ⴰⵎⵡⴰⵙ ⴰⵏⴰⵎⵓⵏ"};
    for (unsigned language = 0; language < TEXT_LANGUAGES; language++)
        for (size_t i = 0; i < COUNT(twelve); i++) {
            struct rendered rendered;
            assert_int_equal(render((enum text_language)language, twelve[i], "999999",
                                    TEXT_MINUTES_MAX, &rendered),
                             ERR_OK);
            assert_non_null(strstr(rendered.text, twelve[i]));
        }
}

static void the_programmes_of_today_are_named_in_full(void **state) {
    (void)state;
    static const char *const programmes[] = {"AMO-TADAMON", "Tayssir", "Daam", "ASD"};
    for (unsigned language = 0; language < TEXT_LANGUAGES; language++)
        for (size_t i = 0; i < COUNT(programmes); i++)
            assert_non_null(strstr(rendered_text((enum text_language)language, programmes[i], 3),
                                   programmes[i]));
}

static void each_language_says_it_in_its_own_words(void **state) {
    (void)state;
    assert_string_equal(rendered_text(TEXT_ARA, "Daam", 3),
                        "رمزكم لدى Daam: 123456، صالح 3 دقائق. لا تعطوه لأحد عبر الهاتف.");
    assert_string_equal(rendered_text(TEXT_FRA, "Daam", 3),
                        "Votre code Daam est 123456, valable 3 minutes. Ne le donnez à personne "
                        "par téléphone, ni à un agent.");
    assert_string_equal(rendered_text(TEXT_ZGH, "Daam", 3),
                        "ⵜⴰⵏⴳⴰⵍⵜ ⵏ Daam: 123456 (3 ⵜⵓⵙⴷⵉⴷⵉⵏ). ⴰⴷ ⵓⵔ ⵜⵜ ⵜⴰⴽⴽⴰⵎ ⵙ ⵓⵜⵉⵍⵉⴼⵓⵏ.");
    assert_string_equal(rendered_text(TEXT_ENG, "Daam", 3),
                        "Your Daam code is 123456, valid for 3 minutes. Do not give it to anyone "
                        "by phone, not even to an agent.");
}

static void french_and_english_stay_in_the_cheap_alphabet(void **state) {
    (void)state;
    static const enum text_language languages[] = {TEXT_FRA, TEXT_ENG};
    for (size_t i = 0; i < COUNT(languages); i++) {
        struct sms_segment segment;
        const char *text = rendered_text(languages[i], "Prêt « Tadamon »", 3);
        assert_int_equal(sms_segment_measure(bytes_of_text(text), &segment), ERR_OK);
        assert_int_equal(segment.alphabet, SMS_GSM7);
        assert_non_null(strstr(text, "Pret \" Tadamon \""));
        text = rendered_text(languages[i], "AMO-TADAMON", 3);
        assert_int_equal(sms_segment_measure(bytes_of_text(text), &segment), ERR_OK);
        assert_int_equal(segment.alphabet, SMS_GSM7);
    }
}

static void a_name_without_room_is_cut_and_ends_with_a_full_stop(void **state) {
    (void)state;
    const char *text = rendered_text(TEXT_FRA, "الدعم الاجتماعي المباشر للأسر", 3);
    assert_non_null(strstr(text, "الدعم الاجتم"));
    assert_non_null(strstr(text, ". : 123456 (3 min)."));
    assert_null(strstr(text, "للأسر"));
}

static void minutes_take_their_right_form(void **state) {
    (void)state;
    static const struct {
        enum text_language language;
        unsigned minutes;
        const char *said;
    } cases[] = {
        {TEXT_ARA, 1, " دقيقة واحدة."}, {TEXT_ARA, 2, " دقيقتين."},
        {TEXT_ARA, 3, "3 دقائق."},      {TEXT_ARA, 10, "10 دقائق."},
        {TEXT_ARA, 11, "11 دقيقة."},    {TEXT_ARA, 99, "99 دقيقة."},
        {TEXT_ARA, 100, "100 دقيقة."},  {TEXT_ARA, 103, "103 دقائق."},
        {TEXT_FRA, 1, " 1 minute."},    {TEXT_FRA, 2, " 2 minutes."},
        {TEXT_ZGH, 1, "(1 ⵜⵓⵙⴷⵉⴷⵜ)"},   {TEXT_ZGH, 5, "(5 ⵜⵓⵙⴷⵉⴷⵉⵏ)"},
        {TEXT_ENG, 1, " 1 minute."},    {TEXT_ENG, 60, " 60 minutes."},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_non_null(
            strstr(rendered_text(cases[i].language, "ASD", cases[i].minutes), cases[i].said));
}

static void a_text_warns_of_the_phone(void **state) {
    (void)state;
    static const char *const warnings[TEXT_LANGUAGES] = {[TEXT_ARA] = "الهاتف",
                                                         [TEXT_FRA] = "téléphone",
                                                         [TEXT_ZGH] = "ⵓⵜⵉⵍⵉⴼⵓⵏ",
                                                         [TEXT_ENG] = "phone"};
    for (unsigned language = 0; language < TEXT_LANGUAGES; language++)
        for (size_t name = 0; name < COUNT(names); name++) {
            const char *text = rendered_text((enum text_language)language, names[name], 3);
            bool warns = strstr(text, warnings[language]) != NULL ||
                         (language == TEXT_ARA && strstr(text, "بالهاتف") != NULL);
            assert_true(warns);
        }
}

static void languages_are_known_by_their_codes(void **state) {
    (void)state;
    for (unsigned i = 0; i < TEXT_LANGUAGES; i++) {
        enum text_language language;
        const char *code = text_language_code((enum text_language)i);
        assert_int_equal(text_language_parse(code, &language), ERR_OK);
        assert_int_equal(language, i);
    }
    enum text_language language;
    assert_int_equal(text_language_parse("ber", &language), ERR_NOT_FOUND);
    assert_int_equal(text_language_parse("", &language), ERR_NOT_FOUND);
    assert_int_equal(text_language_parse("FRA", &language), ERR_NOT_FOUND);
}

static void validity_is_said_in_whole_minutes(void **state) {
    (void)state;
    static const struct {
        int64_t left_ms;
        enum err err;
        unsigned minutes;
    } cases[] = {
        {180000, ERR_OK, 3},
        {179990, ERR_OK, 3},
        {165000, ERR_OK, 3},
        {164999, ERR_OK, 2},
        {60000, ERR_OK, 1},
        {15000, ERR_OK, 1},
        {14999, ERR_EXPIRED, 0},
        {0, ERR_EXPIRED, 0},
        {-1, ERR_EXPIRED, 0},
        {INT64_MIN, ERR_EXPIRED, 0},
        {999 * INT64_C(60000), ERR_OK, 999},
        {1000 * INT64_C(60000), ERR_TOO_LARGE, 0},
        {INT64_MAX, ERR_TOO_LARGE, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        unsigned minutes;
        assert_int_equal(text_minutes(cases[i].left_ms, &minutes), cases[i].err);
        assert_int_equal(minutes, cases[i].minutes);
    }
}

static void a_value_that_is_not_what_it_should_be_is_refused(void **state) {
    (void)state;
    struct rendered rendered;
    assert_int_equal(render(TEXT_ARA, "ASD", "", 3, &rendered), ERR_MALFORMED);
    assert_int_equal(render(TEXT_ARA, "ASD", "12345a", 3, &rendered), ERR_MALFORMED);
    assert_int_equal(render(TEXT_ARA, "ASD", "12345678", 3, &rendered), ERR_MALFORMED);
    assert_int_equal(render(TEXT_ARA, "ASD", "123456", 0, &rendered), ERR_MALFORMED);
    assert_int_equal(render(TEXT_ARA, "ASD", "123456", 1000, &rendered), ERR_MALFORMED);
    assert_int_equal(render(TEXT_ARA, "", "123456", 3, &rendered), ERR_MALFORMED);
    assert_int_equal(render(TEXT_ARA, "\xff", "123456", 3, &rendered), ERR_MALFORMED);
    assert_int_equal(render(TEXT_LANGUAGES, "ASD", "123456", 3, &rendered), ERR_MALFORMED);
    assert_string_equal(rendered.text, "");
}

static void a_failed_try_leaves_nothing_of_the_code(void **state) {
    (void)state;
    uint8_t memory[24];
    uint8_t zeroes[sizeof memory] = {0};
    for (size_t room = 1; room < sizeof memory; room++) {
        struct text_values values = {.programme = "ASD", .otp = "123456", .minutes = 3};
        struct buffer buffer = buffer_over(memory, room);
        memset(memory, 0, sizeof memory);
        assert_int_equal(text_render(TEXT_OTP, TEXT_ENG, &values, &buffer), ERR_FULL);
        assert_int_equal(buffer.len, 0);
        assert_memory_equal(memory, zeroes, sizeof memory);
    }
}

static void a_text_is_appended(void **state) {
    (void)state;
    struct text_values values = {.programme = "ASD", .otp = "123456", .minutes = 3};
    char memory[TEXT_BYTES_MAX] = {0};
    struct buffer buffer = buffer_over(memory, sizeof memory);
    buffer_raw(&buffer, "> ", 2);
    assert_int_equal(text_render(TEXT_OTP, TEXT_ENG, &values, &buffer), ERR_OK);
    assert_int_equal(strncmp(memory, "> Your ASD code", 15), 0);
    assert_int_equal(buffer.len, strlen(memory));
}

static unsigned occurrences(const char *text, const char *part) {
    unsigned count = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at += strlen(part))
        count++;
    return count;
}

/* A wording has each of ${needed}, and of the others none but ${allowed}. */
static void assert_placeholders(const char *wording, const char *needed, const char *allowed) {
    static const char *const all[] = {"{programme}", "{otp}",  "{validity}",  "{minutes}",
                                      "{date}",      "{time}", "{identifier}"};
    unsigned known = 0;
    for (size_t i = 0; i < COUNT(all); i++) {
        unsigned count = occurrences(wording, all[i]);
        known += count;
        assert_true(count <= 1);
        if (strstr(needed, all[i]) != NULL)
            assert_int_equal(count, 1);
        else if (strstr(allowed, all[i]) == NULL)
            assert_int_equal(count, 0);
    }
    assert_int_equal(occurrences(wording, "{"), known);
}

/* What a translator may get wrong. */
static void every_wording_of_every_language_has_what_it_must_say(void **state) {
    (void)state;
    static const struct {
        const char *needed, *allowed;
    } rules[TEXT_MESSAGES] = {
        [TEXT_OTP] = {"{programme}{otp}", "{validity}{minutes}"},
        [TEXT_CONFIRMED] = {"{programme}{date}{time}", "{identifier}"},
        [TEXT_FAILED] = {"{programme}{date}{time}", "{identifier}"},
        [TEXT_OTP_SUBJECT] = {"{programme}", ""},
        [TEXT_CONFIRMED_SUBJECT] = {"{programme}", ""},
        [TEXT_FAILED_SUBJECT] = {"{programme}", ""},
        [TEXT_OTP_MAIL] = {"{programme}{otp}{validity}", ""},
        [TEXT_CONFIRMED_MAIL] = {"{programme}{date}{time}{identifier}", ""},
        [TEXT_FAILED_MAIL] = {"{programme}{date}{time}{identifier}", ""},
    };
    for (unsigned message = 0; message < TEXT_MESSAGES; message++)
        for (unsigned language = 0; language < TEXT_LANGUAGES; language++) {
            const struct text_wordings *row =
                text_table_find((enum text_message)message, (enum text_language)language);
            assert_non_null(row);
            assert_non_null(row->wordings[0]);
            for (size_t i = 0; i < TEXT_WORDINGS_MAX && row->wordings[i] != NULL; i++) {
                const char *wording = row->wordings[i];
                assert_placeholders(wording, rules[message].needed, rules[message].allowed);
                if (message == TEXT_OTP)
                    assert_true((strstr(wording, "{validity}") != NULL) !=
                                (strstr(wording, "{minutes}") != NULL));
                assert_true(wording[0] != '{'); /* a word sets the direction of the line */
                /* so that no try runs out of room before a shorter one fits */
                assert_true(strlen(wording) + 64 + 32 + 32 <
                            (message < TEXT_OTP_MAIL ? TEXT_BYTES_MAX : TEXT_MAIL_BYTES_MAX));
            }
        }
    assert_null(text_table_find(TEXT_MESSAGES, TEXT_ARA));
    assert_null(text_table_find(TEXT_OTP, TEXT_LANGUAGES));
}

static enum err render_event(enum text_message message, enum text_language language,
                             const char *programme, struct rendered *rendered) {
    struct text_values values = {.programme = programme,
                                 .date = "21-11-2026",
                                 .time = "22:55",
                                 .identifier = "XXXXXXXXXXXX1234",
                                 .otp = "012345",
                                 .minutes = 3};
    struct buffer buffer = buffer_over(rendered->text, sizeof rendered->text - 1);
    memset(rendered, 0, sizeof *rendered);
    return text_render(message, language, &values, &buffer);
}

static void every_short_message_of_an_event_is_one_segment(void **state) {
    (void)state;
    static const enum text_message messages[] = {TEXT_CONFIRMED, TEXT_FAILED};
    for (size_t message = 0; message < COUNT(messages); message++)
        for (unsigned language = 0; language < TEXT_LANGUAGES; language++)
            for (size_t name = 0; name < COUNT(names); name++) {
                struct rendered rendered;
                assert_int_equal(render_event(messages[message], (enum text_language)language,
                                              names[name], &rendered),
                                 ERR_OK);
                assert_one_segment(rendered.text, "21-11-2026");
                assert_non_null(strstr(rendered.text, "22:55"));
                assert_null(strstr(rendered.text, "012345"));
            }
}

static void an_event_is_told_in_the_cheap_alphabet_where_it_can_be(void **state) {
    (void)state;
    static const enum text_message messages[] = {TEXT_CONFIRMED, TEXT_FAILED};
    for (size_t i = 0; i < COUNT(messages); i++) {
        struct rendered rendered;
        struct sms_segment segment;
        assert_int_equal(render_event(messages[i], TEXT_FRA, "AMO-TADAMON", &rendered), ERR_OK);
        assert_int_equal(sms_segment_measure(bytes_of_text(rendered.text), &segment), ERR_OK);
        assert_int_equal(segment.alphabet, SMS_GSM7);
        assert_non_null(strstr(rendered.text, "(XXXXXXXXXXXX1234)"));
        assert_int_equal(render_event(messages[i], TEXT_ENG, "AMO-TADAMON", &rendered), ERR_OK);
        assert_int_equal(sms_segment_measure(bytes_of_text(rendered.text), &segment), ERR_OK);
        assert_int_equal(segment.alphabet, SMS_GSM7);
    }
}

static void mail_keeps_the_whole_name(void **state) {
    (void)state;
    for (unsigned message = TEXT_SHORT_MESSAGES; message < TEXT_MESSAGES; message++)
        for (unsigned language = 0; language < TEXT_LANGUAGES; language++)
            for (size_t name = 0; name < COUNT(names); name++) {
                struct rendered rendered;
                assert_int_equal(render_event((enum text_message)message,
                                              (enum text_language)language, names[name], &rendered),
                                 ERR_OK);
                assert_non_null(strstr(rendered.text, names[name]));
            }
}

static void a_value_an_event_lacks_is_refused(void **state) {
    (void)state;
    static const struct text_values lacking[] = {
        {.programme = "ASD", .time = "22:55", .identifier = "X1"},
        {.programme = "ASD", .date = "21-11-2026", .identifier = "X1"},
        {.programme = "ASD", .date = "21-11-2026", .time = "22:55"},
        {.programme = "ASD", .date = "21-11-26", .time = "22:55", .identifier = "X1"},
        {.programme = "ASD", .date = "21-11-2026", .time = "22:55", .identifier = "Amina"},
        {.programme = "ASD", .date = "21-11-2026", .time = "22:55", .identifier = ""},
    };
    for (size_t i = 0; i < COUNT(lacking); i++) {
        char memory[TEXT_MAIL_BYTES_MAX];
        struct buffer buffer = buffer_over(memory, sizeof memory);
        assert_int_equal(text_render(TEXT_FAILED_MAIL, TEXT_ENG, &lacking[i], &buffer),
                         ERR_MALFORMED);
        assert_int_equal(buffer.len, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_text_is_one_segment),
        cmocka_unit_test(every_validity_fits),
        cmocka_unit_test(there_is_always_room_to_recognise_a_name),
        cmocka_unit_test(the_programmes_of_today_are_named_in_full),
        cmocka_unit_test(each_language_says_it_in_its_own_words),
        cmocka_unit_test(french_and_english_stay_in_the_cheap_alphabet),
        cmocka_unit_test(a_name_without_room_is_cut_and_ends_with_a_full_stop),
        cmocka_unit_test(minutes_take_their_right_form),
        cmocka_unit_test(a_text_warns_of_the_phone),
        cmocka_unit_test(languages_are_known_by_their_codes),
        cmocka_unit_test(validity_is_said_in_whole_minutes),
        cmocka_unit_test(a_value_that_is_not_what_it_should_be_is_refused),
        cmocka_unit_test(a_failed_try_leaves_nothing_of_the_code),
        cmocka_unit_test(a_text_is_appended),
        cmocka_unit_test(every_wording_of_every_language_has_what_it_must_say),
        cmocka_unit_test(every_short_message_of_an_event_is_one_segment),
        cmocka_unit_test(an_event_is_told_in_the_cheap_alphabet_where_it_can_be),
        cmocka_unit_test(mail_keeps_the_whole_name),
        cmocka_unit_test(a_value_an_event_lacks_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
