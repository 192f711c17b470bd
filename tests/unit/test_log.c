#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/log.h"

#define TEXT_SIZE 8192

/* Standard error as a pipe whose other end is read after each event. */
struct capture {
    int saved;
    int read_end;
};

static void capture_begin(struct capture *capture) {
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    capture->saved = dup(STDERR_FILENO);
    assert_true(capture->saved >= 0);
    assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    assert_int_equal(close(ends[1]), 0);
    capture->read_end = ends[0];
}

static void capture_end(struct capture *capture, char text[static TEXT_SIZE]) {
    assert_int_equal(dup2(capture->saved, STDERR_FILENO), STDERR_FILENO);
    (void)close(capture->saved);
    ssize_t got = read(capture->read_end, text, TEXT_SIZE - 1);
    text[got > 0 ? got : 0] = '\0';
    (void)close(capture->read_end);
}

static void assert_matches(const char *text, const char *pattern) {
    regex_t expression;
    assert_int_equal(regcomp(&expression, pattern, REG_EXTENDED | REG_NOSUB), 0);
    int result = regexec(&expression, text, 0, NULL, 0);
    regfree(&expression);
    if (result != 0)
        fail_msg("'%s' does not match '%s'", text, pattern);
}

#define TIME "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z"

static void an_event_is_one_line_in_the_documented_form(void **state) {
    (void)state;
    struct capture capture;
    char text[TEXT_SIZE];
    log_open("authd-core", 1, LOG_INFO);
    capture_begin(&capture);
    log_event(LOG_WARNING, "record-corrupt", "table=%s generation=%d", "identity", 1);
    log_event(LOG_INFO, "ready", "%s", "");
    log_event(LOG_ERROR, "ended", "reason=%s", "closed");
    capture_end(&capture, text);
    assert_matches(
        text,
        "^" TIME " authd-core\\[1\\] warning record-corrupt table=identity generation=1\n" TIME
        " authd-core\\[1\\] info ready\n" TIME " authd-core\\[1\\] error ended reason=closed\n$");
}

static void an_event_below_the_level_is_not_written(void **state) {
    (void)state;
    struct capture capture;
    char text[TEXT_SIZE];
    log_open("test", 0, LOG_WARNING);
    capture_begin(&capture);
    log_event(LOG_DEBUG, "unseen", "a=%d", 1);
    log_event(LOG_INFO, "unseen", "a=%d", 1);
    log_event(LOG_WARNING, "seen", "a=%d", 1);
    capture_end(&capture, text);
    assert_null(strstr(text, "unseen"));
    assert_non_null(strstr(text, " seen a=1\n"));
}

static void text_with_line_ends_forges_no_second_line(void **state) {
    (void)state;
    struct capture capture;
    char text[TEXT_SIZE];
    log_open("test", 0, LOG_INFO);
    capture_begin(&capture);
    log_event(LOG_INFO, "named", "name=%s", "a\nb\r\033[31m\x7f");
    capture_end(&capture, text);
    assert_non_null(strstr(text, "name=a?b??[31m?\n"));
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

static void a_long_line_is_cut_and_still_ends(void **state) {
    (void)state;
    struct capture capture;
    char text[TEXT_SIZE], longest[4000];
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    log_open("test", 0, LOG_INFO);
    capture_begin(&capture);
    log_event(LOG_INFO, "long", "value=%s", longest);
    log_event(LOG_INFO, longest, "value=%s", longest);
    capture_end(&capture, text);
    char *first_end = strchr(text, '\n');
    assert_non_null(first_end);
    assert_int_equal(first_end - text + 1, 1023);
    assert_int_equal(strlen(first_end + 1), 1023);
    assert_ptr_equal(strchr(first_end + 1, '\n'), text + strlen(text) - 1);
}

static void errno_survives_even_when_nobody_reads(void **state) {
    (void)state;
    int saved = dup(STDERR_FILENO);
    assert_true(saved >= 0);
    log_open("test", 0, LOG_INFO);
    (void)close(STDERR_FILENO);
    errno = ENOSPC;
    log_event(LOG_ERROR, "lost", "a=%d", 1);
    int after = errno;
    assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
    (void)close(saved);
    assert_int_equal(after, ENOSPC);
}

static void untrusted_text_is_made_safe_and_cut(void **state) {
    (void)state;
    char target[24];
    assert_string_equal(log_safe("abc.XYZ_0:/-9", target, sizeof target), "abc.XYZ_0:/-9");
    assert_string_equal(log_safe("a b=c\n\"\xc3\xa9", target, sizeof target), "a?b?c????");
    assert_string_equal(log_safe("abcdef", target, 4), "abc");
    assert_string_equal(log_safe("", target, sizeof target), "");
    assert_string_equal(log_safe("abc", NULL, 0), "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_one_line_in_the_documented_form),
        cmocka_unit_test(an_event_below_the_level_is_not_written),
        cmocka_unit_test(text_with_line_ends_forges_no_second_line),
        cmocka_unit_test(a_long_line_is_cut_and_still_ends),
        cmocka_unit_test(errno_survives_even_when_nobody_reads),
        cmocka_unit_test(untrusted_text_is_made_safe_and_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
