#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ini.h>

#include "firmware/base/codec.h"
#include "firmware/base/conf.h"
#include "firmware/base/scope.h"

#define TEXT_MAX       65536
#define LINE_BYTES_MAX 190 /* inih cuts a line at its 200th character and says nothing */
#define KEYS_MAX       64  /* the given ones are bits of a uint64_t */
#define BLANKS         " \t\r"

static void __attribute__((format(printf, 2, 3)))
complain(struct conf_problem *problem, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(problem->text, sizeof problem->text, format, arguments);
    va_end(arguments);
    /* It goes to a terminal or a log, and may quote the file. */
    for (char *at = problem->text; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = '?';
}

static enum err set_number(const struct conf_key *key, const char *value, void *target,
                           struct conf_problem *problem) {
    int64_t number;
    if (codec_integer(value, key->min, key->max, &number) != ERR_OK) {
        complain(problem, "%s = %.40s: give a whole number from %lld to %lld", key->name, value,
                 (long long)key->min, (long long)key->max);
        return ERR_CONFIG;
    }
    memcpy(target, &number, sizeof number);
    return ERR_OK;
}

static enum err set_switch(const struct conf_key *key, const char *value, void *target,
                           struct conf_problem *problem) {
    bool on = strcmp(value, "yes") == 0;
    if (!on && strcmp(value, "no") != 0) {
        complain(problem, "%s = %.40s: write yes or no", key->name, value);
        return ERR_CONFIG;
    }
    memcpy(target, &on, sizeof on);
    return ERR_OK;
}

static enum err set_text(const struct conf_key *key, const char *value, void *target,
                         struct conf_problem *problem) {
    if (bytes_to_text(bytes_of_text(value), target, key->size) != ERR_OK) {
        complain(problem, "%s: shorten the value to %zu characters", key->name, key->size - 1);
        return ERR_CONFIG;
    }
    return ERR_OK;
}

static enum err set(const struct conf_key *key, const char *value, void *settings,
                    struct conf_problem *problem) {
    static enum err (*const setters[])(const struct conf_key *, const char *, void *,
                                       struct conf_problem *) = {
        [CONF_TEXT] = set_text,
        [CONF_NUMBER] = set_number,
        [CONF_SWITCH] = set_switch,
    };
    return setters[key->type](key, value, (uint8_t *)settings + key->offset, problem);
}

struct parse {
    const struct conf_key *keys;
    size_t key_count;
    void *settings;
    struct conf_problem *problem;
    uint64_t given;
    enum err err;
};

static enum err parse_setting(struct parse *parse, const char *name, const char *value) {
    for (size_t i = 0; i < parse->key_count; i++) {
        if (strcmp(parse->keys[i].name, name) != 0)
            continue;
        if ((parse->given & UINT64_C(1) << i) != 0) {
            complain(parse->problem, "%s is set twice: remove one of the two lines", name);
            return ERR_CONFIG;
        }
        parse->given |= UINT64_C(1) << i;
        return set(&parse->keys[i], value, parse->settings, parse->problem);
    }
    complain(parse->problem, "%.60s is not a setting here: correct the name or remove the line",
             name);
    return ERR_CONFIG;
}

/* inih goes on after an error; the first one is kept. */
static int on_setting(void *context, const char *section, const char *name, const char *value) {
    struct parse *parse = context;
    (void)section; /* check_lines has refused headers */
    if (parse->err == ERR_OK)
        parse->err = parse_setting(parse, name, value);
    return parse->err == ERR_OK;
}

/* Takes the next line off ${text}, without its line end. */
static struct bytes take_line(struct bytes *text) {
    const uint8_t *end = memchr(text->data, '\n', text->len);
    struct bytes line = bytes_of(text->data, end == NULL ? text->len : (size_t)(end - text->data));
    size_t taken = end == NULL ? line.len : line.len + 1;
    *text = bytes_of(text->data + taken, text->len - taken);
    return line;
}

static struct bytes trim(struct bytes line) {
    while (line.len > 0 && strchr(BLANKS, line.data[0]) != NULL)
        line = bytes_of(line.data + 1, line.len - 1);
    while (line.len > 0 && strchr(BLANKS, line.data[line.len - 1]) != NULL)
        line.len--;
    return line;
}

static bool is_comment(struct bytes trimmed) {
    return trimmed.len == 0 || trimmed.data[0] == '#' || trimmed.data[0] == ';';
}

/* Refuses what inih would take in another sense than the one who wrote it: long lines, continued
 * values. */
static enum err check_lines(struct bytes text, struct conf_problem *problem) {
    if (text.len > TEXT_MAX) {
        complain(problem, "the text is too long: shorten it to %d bytes", TEXT_MAX);
        return ERR_CONFIG;
    }
    if (text.len > 0 && memchr(text.data, 0, text.len) != NULL) {
        complain(problem, "the text has a zero byte: save the file as plain UTF-8 text");
        return ERR_CONFIG;
    }
    for (int number = 1; text.len > 0; number++) {
        struct bytes line = take_line(&text);
        struct bytes trimmed = trim(line);
        const char *advice = NULL;
        if (line.len > LINE_BYTES_MAX)
            advice = "shorten it to 190 characters";
        else if (!is_comment(trimmed) && trimmed.data != line.data)
            advice = "remove the blanks at its beginning";
        if (advice != NULL) {
            complain(problem, "line %d: %s", number, advice);
            return ERR_CONFIG;
        }
    }
    return ERR_OK;
}

static enum err refuse_headers(struct bytes text, struct conf_problem *problem) {
    while (text.len > 0) {
        struct bytes line = take_line(&text);
        if (line.len == 0 || line.data[0] != '[')
            continue;
        complain(problem, "%.*s: remove the section header, these are the settings of one process",
                 (int)trim(line).len, (const char *)line.data);
        return ERR_CONFIG;
    }
    return ERR_OK;
}

static enum err set_initial_values(const struct parse *parse) {
    for (size_t i = 0; i < parse->key_count; i++)
        if (parse->keys[i].initial != NULL)
            ERR_TRY(set(&parse->keys[i], parse->keys[i].initial, parse->settings, parse->problem));
    return ERR_OK;
}

static enum err require_all(const struct parse *parse) {
    for (size_t i = 0; i < parse->key_count; i++) {
        const struct conf_key *key = &parse->keys[i];
        if (key->initial != NULL || (parse->given & UINT64_C(1) << i) != 0)
            continue;
        complain(parse->problem, "%s is missing: add the line '%s = …' (%s)", key->name, key->name,
                 key->meaning);
        return ERR_CONFIG;
    }
    return ERR_OK;
}

enum err conf_parse(struct bytes text, const struct conf_key *keys, size_t key_count,
                    void *settings, struct conf_problem *problem) {
    problem->text[0] = '\0';
    struct parse parse = {keys, key_count, settings, problem, 0, ERR_OK};
    if (key_count > KEYS_MAX) {
        complain(problem, "a table of settings has more than %d rows: split it", KEYS_MAX);
        return ERR_CONFIG;
    }
    ERR_TRY(check_lines(text, problem));
    ERR_TRY(refuse_headers(text, problem));
    ERR_TRY(set_initial_values(&parse));
    SCOPE_MEMORY char *copy = strndup(text.len > 0 ? (const char *)text.data : "", text.len);
    if (copy == NULL) {
        complain(problem, "out of memory while reading the settings: start again");
        return ERR_CONFIG;
    }
    int line = ini_parse_string(copy, on_setting, &parse);
    ERR_TRY(parse.err);
    if (line != 0) {
        complain(problem, "line %d: write it as 'name = value'", line);
        return ERR_CONFIG;
    }
    return require_all(&parse);
}

/* The name in "[name]"; ERR_NOT_FOUND when the line is no header. */
static enum err header_name(struct bytes line, struct bytes *name) {
    *name = bytes_of(NULL, 0);
    if (line.len == 0 || line.data[0] != '[')
        return ERR_NOT_FOUND;
    line = trim(line);
    if (line.len < 3 || line.data[line.len - 1] != ']')
        return ERR_MALFORMED;
    *name = bytes_of(line.data + 1, line.len - 2);
    return ERR_OK;
}

static int known_index(const char *const *known, struct bytes name) {
    for (int i = 0; known[i] != NULL; i++)
        if (bytes_equal_text(name, known[i]))
            return i;
    return -1;
}

/* Enters a section: it must be known and new. */
static enum err enter_section(const char *const *known, struct bytes name, uint64_t *seen,
                              struct conf_problem *problem) {
    int index = known_index(known, name);
    int shown = name.len > 60 ? 60 : (int)name.len;
    const char *text = (const char *)name.data;
    if (index < 0 || index >= KEYS_MAX) {
        complain(problem, "[%.*s] is not a known section: correct its name or remove it", shown,
                 text);
        return ERR_CONFIG;
    }
    if ((*seen & UINT64_C(1) << index) != 0) {
        complain(problem, "[%.*s] appears twice: join the two", shown, text);
        return ERR_CONFIG;
    }
    *seen |= UINT64_C(1) << index;
    return ERR_OK;
}

enum err conf_section(struct bytes file, const char *const *known, const char *section,
                      struct buffer *target, struct conf_problem *problem) {
    problem->text[0] = '\0';
    ERR_TRY(check_lines(file, problem));
    uint64_t seen = 0;
    bool inside = false;
    for (int number = 1; file.len > 0; number++) {
        struct bytes name, line = take_line(&file);
        enum err err = header_name(line, &name);
        if (err == ERR_MALFORMED) {
            complain(problem, "line %d: write the section header as [name]", number);
            return ERR_CONFIG;
        }
        if (err == ERR_OK) {
            ERR_TRY(enter_section(known, name, &seen, problem));
            inside = bytes_equal_text(name, section);
        } else if (seen == 0 && !is_comment(trim(line))) {
            complain(problem, "line %d: put it below a section header", number);
            return ERR_CONFIG;
        } else if (inside) {
            buffer_raw(target, line.data, line.len);
            buffer_u8(target, '\n');
        }
    }
    if (target->err != ERR_OK) {
        complain(problem, "[%s] is too long: shorten it to %zu bytes", section, target->size);
        return ERR_CONFIG;
    }
    return ERR_OK;
}
