#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clock.h"
#include "provisioning/officer_text.h"
#include "provisioning/officer_text_refusal.h"
#include "provisioning/officer_text_subjects.h"

static const struct officer_text_pair *(*const subjects[])(enum officer_text) = {
    officer_text_command_pair,     officer_text_key_pair,      officer_text_root_pair,
    officer_text_tls_pair,         officer_text_registry_pair, officer_text_status_pair,
    officer_text_certificate_pair,
};
static bool french;

void officer_text_choose_language(void) {
    static const char *const variables[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const char *value = getenv(variables[i]);
        if (value == NULL || value[0] == '\0')
            continue;
        french = strncmp(value, "fr", 2) == 0;
        return;
    }
}

/* Text of files and arguments goes to a terminal: no control characters. */
static void print_safely(FILE *stream, const char *value) {
    for (; value != NULL && *value != '\0'; value++)
        (void)fputc((unsigned char)*value < 0x20 || *value == 0x7f ? '?' : *value, stream);
}

static const char *text_of(const struct officer_text_pair *pair) {
    return french ? pair->french : pair->english;
}

static void print_filled(FILE *stream, const char *at, const char *first, const char *second) {
    for (; *at != '\0'; at++) {
        if (at[0] == '%' && (at[1] == '1' || at[1] == '2'))
            print_safely(stream, *++at == '1' ? first : second);
        else
            (void)fputc(*at, stream);
    }
}

static void print_pair(FILE *stream, const struct officer_text_pair *pair, const char *first,
                       const char *second) {
    print_filled(stream, text_of(pair), first, second);
    (void)fputc('\n', stream);
}

static const struct officer_text_pair *pair_of(enum officer_text text) {
    const struct officer_text_pair *pair = NULL;
    for (size_t i = 0; pair == NULL && i < sizeof subjects / sizeof *subjects; i++)
        pair = subjects[i](text);
    return pair;
}

void officer_text_print(FILE *stream, enum officer_text text, const char *first,
                        const char *second) {
    print_pair(stream, pair_of(text), first, second);
}

const char *officer_text_plain(enum officer_text text) {
    return text_of(pair_of(text));
}

void officer_text_span(int64_t ms, char text[static OFFICER_TEXT_SPAN_SIZE]) {
    const struct {
        int64_t ms;
        const char *name;
    } units[] = {{CLOCK_DAY_MS, french ? "j" : "d"},
                 {CLOCK_HOUR_MS, "h"},
                 {CLOCK_MINUTE_MS, "min"},
                 {1000, "s"}};
    size_t at = 0;
    while (at < 2 && ms < units[at].ms)
        at++;
    (void)snprintf(text, OFFICER_TEXT_SPAN_SIZE, "%lld %s %lld %s", (long long)(ms / units[at].ms),
                   units[at].name, (long long)(ms % units[at].ms / units[at + 1].ms),
                   units[at + 1].name);
}

void officer_text_complain(enum officer_text text, const char *first, const char *second) {
    (void)fputs(french ? "officer : " : "officer: ", stderr);
    print_pair(stderr, pair_of(text), first, second);
}

void officer_text_refusal(const struct officer_outcome *outcome, const char *where) {
    char count[16];
    (void)snprintf(count, sizeof count, "%u", outcome->count);
    (void)fputs(french ? "officer : " : "officer: ", stderr);
    if (where != NULL) {
        print_safely(stderr, where);
        (void)fputs(french ? " : " : ": ", stderr);
    }
    const char *text = text_of(officer_text_refusal_pair(outcome->reason));
    print_filled(stderr, text, outcome->detail, count);
    if (outcome->detail[0] != '\0' && strstr(text, "%1") == NULL)
        print_filled(stderr, " (%1)", outcome->detail, NULL);
    (void)fputc('\n', stderr);
}
