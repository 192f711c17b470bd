#include <stdio.h>
#include <string.h>

#include "authd/notify/short_name.h"
#include "authd/notify/sms_segment.h"
#include "authd/notify/text.h"
#include "authd/notify/text_table.h"
#include "firmware/base/clock.h"
#include "firmware/base/secret.h"

#define FORGIVEN_MS (CLOCK_MINUTE_MS / 4)
#define DATE_CHARS  10
#define TIME_CHARS  5

static const char *const codes[TEXT_LANGUAGES] = {
    [TEXT_ARA] = "ara", [TEXT_FRA] = "fra", [TEXT_ZGH] = "zgh", [TEXT_ENG] = "eng"};

enum err text_language_parse(const char *code, enum text_language *language) {
    for (unsigned i = 0; i < TEXT_LANGUAGES; i++) {
        if (strcmp(codes[i], code) == 0) {
            *language = (enum text_language)i;
            return ERR_OK;
        }
    }
    return ERR_NOT_FOUND;
}

const char *text_language_code(enum text_language language) {
    return codes[language];
}

enum err text_minutes(int64_t left_ms, unsigned *minutes) {
    *minutes = 0;
    if (left_ms < FORGIVEN_MS)
        return ERR_EXPIRED;
    if (left_ms >= INT64_C(1000) * CLOCK_MINUTE_MS - FORGIVEN_MS)
        return ERR_TOO_LARGE;
    int64_t whole = (left_ms + FORGIVEN_MS) / CLOCK_MINUTE_MS;
    *minutes = whole > 0 ? (unsigned)whole : 1;
    return ERR_OK;
}

/* One try: a wording and a form of the name. */
struct attempt {
    enum text_message message;
    enum text_language language;
    const char *wording;
    const struct text_values *values;
    const struct short_name *name;
};

static void put(struct buffer *target, const char *text) {
    buffer_raw(target, text, strlen(text));
}

static void put_programme(struct buffer *target, const struct attempt *attempt) {
    put(target, attempt->name->text);
}

/* A value of ${least} to ${most} characters of ${alphabet}, else the text is refused. */
static void put_checked(struct buffer *target, const char *value, const char *alphabet,
                        size_t least, size_t most) {
    size_t len = value != NULL ? strlen(value) : 0;
    if (len >= least && len <= most && len > 0 && strspn(value, alphabet) == len)
        put(target, value);
    else
        target->err = ERR_MALFORMED;
}

static void put_otp(struct buffer *target, const struct attempt *attempt) {
    put_checked(target, attempt->values->otp, "0123456789", 1, TEXT_OTP_MAX);
}

static void put_minutes(struct buffer *target, const struct attempt *attempt) {
    unsigned minutes = attempt->values->minutes;
    if (minutes == 0 || minutes > TEXT_MINUTES_MAX)
        target->err = ERR_MALFORMED;
    buffer_format(target, "%u", minutes);
}

static void put_date(struct buffer *target, const struct attempt *attempt) {
    put_checked(target, attempt->values->date, "0123456789-", DATE_CHARS, DATE_CHARS);
}

static void put_time(struct buffer *target, const struct attempt *attempt) {
    put_checked(target, attempt->values->time, "0123456789:", TIME_CHARS, TIME_CHARS);
}

static void put_identifier(struct buffer *target, const struct attempt *attempt) {
    put_checked(target, attempt->values->identifier, "0123456789X", 1, TEXT_IDENTIFIER_MAX);
}

static void put_validity(struct buffer *target, const struct attempt *attempt) {
    const char *text = text_table_minutes(attempt->language, attempt->values->minutes);
    if (attempt->values->minutes == 0)
        target->err = ERR_MALFORMED;
    if (text[0] == '#') {
        put_minutes(target, attempt);
        text++;
    }
    put(target, text);
}

static const struct placeholder {
    const char *name;
    void (*put)(struct buffer *target, const struct attempt *attempt);
} placeholders[] = {
    {"{programme}", put_programme},  {"{otp}", put_otp},   {"{validity}", put_validity},
    {"{minutes}", put_minutes},      {"{date}", put_date}, {"{time}", put_time},
    {"{identifier}", put_identifier}};

/* The placeholder that ${text} begins with, or NULL. */
static const struct placeholder *placeholder_at(const char *text) {
    for (size_t i = 0; i < sizeof placeholders / sizeof *placeholders; i++) {
        if (strncmp(text, placeholders[i].name, strlen(placeholders[i].name)) == 0)
            return &placeholders[i];
    }
    return NULL;
}

static enum err check_size(const struct attempt *attempt, struct bytes text) {
    return attempt->message < TEXT_SHORT_MESSAGES ? sms_segment_check(text) : ERR_OK;
}

/* Appends the text if it has room; ERR_TOO_LARGE, and nothing, if not. */
static enum err try_wording(const struct attempt *attempt, struct buffer *target) {
    struct buffer trial = *target;
    for (const char *at = attempt->wording; *at != '\0';) {
        const struct placeholder *placeholder = placeholder_at(at);
        if (placeholder == NULL) {
            buffer_raw(&trial, at++, 1);
            continue;
        }
        placeholder->put(&trial, attempt);
        at += strlen(placeholder->name);
    }
    struct bytes written = bytes_of(trial.data + target->len, trial.len - target->len);
    enum err err = trial.err != ERR_OK ? trial.err : check_size(attempt, written);
    if (err == ERR_OK)
        *target = trial;
    else
        secret_wipe(trial.data + target->len, written.len);
    return err;
}

/* The whole name, else its folded form where every character has one. */
static enum err try_whole_name(struct attempt *attempt, const struct short_name *name,
                               struct buffer *target) {
    attempt->name = name;
    enum err err = try_wording(attempt, target);
    if (err != ERR_TOO_LARGE)
        return err;
    struct short_name folded = *name;
    bool whole;
    short_name_fold(&folded, &whole);
    attempt->name = &folded;
    if (whole)
        err = try_wording(attempt, target);
    attempt->name = name;
    return err;
}

/* Ends: each cut drops a character. */
static enum err try_cut_names(struct attempt *attempt, struct short_name *name,
                              struct buffer *target) {
    enum err err = ERR_TOO_LARGE;
    attempt->name = name;
    while (err == ERR_TOO_LARGE) {
        if (short_name_cut(name) != ERR_OK)
            return ERR_TOO_LARGE;
        err = try_wording(attempt, target);
    }
    return err;
}

enum err text_render(enum text_message message, enum text_language language,
                     const struct text_values *values, struct buffer *target) {
    const struct text_wordings *row = text_table_find(message, language);
    struct short_name name;
    if (row == NULL)
        return ERR_MALFORMED;
    ERR_TRY(short_name_from(values->programme, &name));
    struct attempt attempt = {.message = message, .language = language, .values = values};
    for (size_t i = 0; i < TEXT_WORDINGS_MAX && row->wordings[i] != NULL; i++) {
        attempt.wording = row->wordings[i];
        enum err err = try_whole_name(&attempt, &name, target);
        if (err != ERR_TOO_LARGE)
            return err;
    }
    return try_cut_names(&attempt, &name, target);
}
