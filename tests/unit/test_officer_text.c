#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "provisioning/officer_text.h"

static void speak(const char *language) {
    (void)setenv("LC_ALL", language, 1);
    officer_text_choose_language();
}

/* What is printed of ${text}; to be freed. */
static char *printed(enum officer_text text) {
    char *memory = NULL;
    size_t size;
    FILE *stream = open_memstream(&memory, &size);
    assert_non_null(stream);
    officer_text_print(stream, text, "<first>", "<second>");
    (void)fclose(stream);
    return memory;
}

static char *refused(const struct officer_outcome *outcome, const char *where) {
    char *memory = NULL;
    size_t size;
    FILE *kept = stderr;
    stderr = open_memstream(&memory, &size);
    assert_non_null(stderr);
    officer_text_refusal(outcome, where);
    (void)fclose(stderr);
    stderr = kept;
    return memory;
}

static void assert_same_places(const char *english, const char *french, const char *place) {
    assert_int_equal(strstr(english, place) != NULL, strstr(french, place) != NULL);
}

static void every_text_is_there_in_both_languages(void **state) {
    (void)state;
    for (unsigned text = 0; text < TEXT_COUNT; text++) {
        speak("en_GB.UTF-8");
        char *english = printed(text);
        speak("fr_MA.UTF-8");
        char *french = printed(text);
        assert_true(strlen(english) > 3);
        assert_true(strlen(french) > 3);
        assert_string_not_equal(english, french);
        assert_same_places(english, french, "<first>");
        assert_same_places(english, french, "<second>");
        free(english);
        free(french);
    }
}

static void every_refusal_is_there_in_both_languages(void **state) {
    struct officer_outcome outcome = {.status = ERR_DENIED, .count = 77, .detail = "<detail>"};
    (void)state;
    for (unsigned reason = 0; reason < OFFICER_REASON_COUNT; reason++) {
        outcome.reason = reason;
        speak("en");
        char *english = refused(&outcome, "somewhere");
        speak("fr");
        char *french = refused(&outcome, "somewhere");
        assert_string_not_equal(english, french);
        assert_non_null(strstr(english, "somewhere: "));
        assert_non_null(strstr(english, "<detail>"));
        assert_non_null(strstr(french, "<detail>"));
        assert_same_places(english, french, " (<detail>)\n"); /* without a place of its own */
        assert_same_places(english, french, "77");
        free(english);
        free(french);
    }
}

static void foreign_text_cannot_command_the_terminal(void **state) {
    struct officer_outcome outcome = {.status = ERR_DENIED, .reason = OFFICER_REASON_NO_KEYS};
    (void)state;
    speak("en");
    char *text = refused(&outcome, "a\033[2Jb\n");
    assert_non_null(strstr(text, "a?[2Jb?: "));
    free(text);
}

static void the_first_variable_that_is_set_decides(void **state) {
    (void)state;
    (void)setenv("LC_ALL", "", 1);
    (void)setenv("LC_MESSAGES", "fr_FR", 1);
    (void)setenv("LANG", "en_US", 1);
    officer_text_choose_language();
    char *french = printed(TEXT_MISP_ADDED);
    assert_non_null(strstr(french, "licence de"));
    free(french);
    (void)setenv("LC_ALL", "C", 1);
    officer_text_choose_language();
    char *english = printed(TEXT_MISP_ADDED);
    assert_non_null(strstr(english, "licence of"));
    free(english);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_text_is_there_in_both_languages),
        cmocka_unit_test(every_refusal_is_there_in_both_languages),
        cmocka_unit_test(foreign_text_cannot_command_the_terminal),
        cmocka_unit_test(the_first_variable_that_is_set_decides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
