#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "provisioning/officer_input.h"
#include "provisioning/officer_json.h"
#include "provisioning/officer_text.h"

enum result officer_json_load(const char *path, json_t **root) {
    json_error_t error;
    char problem[JSON_ERROR_TEXT_LENGTH + 64];
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    *root = NULL;
    if (file == NULL) {
        officer_text_complain(TEXT_CANNOT_READ, path, strerror(errno));
        return RESULT_USAGE;
    }
    *root = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
    if (file != stdin)
        (void)fclose(file);
    if (*root != NULL)
        return RESULT_DONE;
    (void)snprintf(problem, sizeof problem, "line %d: %s", error.line, error.text);
    officer_text_complain(TEXT_NOT_JSON, path, problem);
    return RESULT_USAGE;
}

void officer_json_free(json_t **root) {
    json_decref(*root);
}

static enum result complain(enum officer_text text, const char *where, const char *member) {
    officer_text_complain(text, where, member);
    return RESULT_USAGE;
}

enum result officer_json_refuse(const char *where, const char *member) {
    return complain(TEXT_MEMBER_VALUE, where, member);
}

/* Text without a zero byte inside; ERR_… by way of ${text} being NULL. */
static const char *whole_text(const json_t *value) {
    const char *text = json_string_value(value);
    return text != NULL && strlen(text) == json_string_length(value) ? text : NULL;
}

enum result officer_json_text(const json_t *value, const char *where, const char *member,
                              const char **text) {
    *text = whole_text(value);
    return *text != NULL ? RESULT_DONE : complain(TEXT_MEMBER_TYPE, where, member);
}

static enum result take_text(const json_t *value, const struct officer_json_member *member,
                             const char *where) {
    const char *text;
    RESULT_TRY(officer_json_text(value, where, member->name, &text));
    if (bytes_to_text(bytes_of_text(text), member->target, member->size) != ERR_OK)
        return complain(TEXT_MEMBER_TOO_LONG, where, member->name);
    return RESULT_DONE;
}

static enum result take_boolean(const json_t *value, const struct officer_json_member *member,
                                const char *where) {
    if (!json_is_boolean(value))
        return complain(TEXT_MEMBER_TYPE, where, member->name);
    *(bool *)member->target = json_is_true(value);
    return RESULT_DONE;
}

static enum result take_count(const json_t *value, const struct officer_json_member *member,
                              const char *where) {
    json_int_t number = json_integer_value(value);
    if (!json_is_integer(value))
        return complain(TEXT_MEMBER_TYPE, where, member->name);
    if (number < 0 || number > UINT32_MAX)
        return officer_json_refuse(where, member->name);
    *(uint32_t *)member->target = (uint32_t)number;
    return RESULT_DONE;
}

static enum result take_time(const json_t *value, const struct officer_json_member *member,
                             const char *where) {
    char name[OFFICER_JSON_PLACE_SIZE];
    const char *text;
    RESULT_TRY(officer_json_text(value, where, member->name, &text));
    (void)snprintf(name, sizeof name, "%s: %s", where, member->name);
    return officer_input_time(name, text, member->target);
}

static enum result take_status(const json_t *value, const struct officer_json_member *member,
                               const char *where) {
    char name[OFFICER_JSON_PLACE_SIZE];
    const char *text;
    RESULT_TRY(officer_json_text(value, where, member->name, &text));
    (void)snprintf(name, sizeof name, "%s: %s", where, member->name);
    return officer_input_status(name, text, member->target);
}

static enum result take_array(const json_t *value, const struct officer_json_member *member,
                              const char *where) {
    if (!json_is_array(value))
        return complain(TEXT_MEMBER_TYPE, where, member->name);
    *(const json_t **)member->target = value;
    return RESULT_DONE;
}

static enum result take_object(const json_t *value, const struct officer_json_member *member,
                               const char *where) {
    if (!json_is_object(value))
        return complain(TEXT_MEMBER_TYPE, where, member->name);
    *(const json_t **)member->target = value;
    return RESULT_DONE;
}

static enum result take_nothing(const json_t *value, const struct officer_json_member *member,
                                const char *where) {
    (void)value, (void)member, (void)where;
    return RESULT_DONE;
}

static enum result (*const takers[])(const json_t *, const struct officer_json_member *,
                                     const char *) = {
    [OFFICER_JSON_TEXT] = take_text,     [OFFICER_JSON_BOOLEAN] = take_boolean,
    [OFFICER_JSON_COUNT] = take_count,   [OFFICER_JSON_TIME] = take_time,
    [OFFICER_JSON_STATUS] = take_status, [OFFICER_JSON_ARRAY] = take_array,
    [OFFICER_JSON_OBJECT] = take_object, [OFFICER_JSON_IGNORED] = take_nothing,
};

static bool is_member(const char *name, const struct officer_json_member *members,
                      size_t member_count) {
    for (size_t i = 0; i < member_count; i++)
        if (strcmp(members[i].name, name) == 0)
            return true;
    return false;
}

static enum result refuse_unknown(const json_t *object, const char *where,
                                  const struct officer_json_member *members, size_t member_count) {
    /* Jansson's iterators take what they do not change as not const. */
    json_t *iterated = (json_t *)(uintptr_t)object;
    for (void *at = json_object_iter(iterated); at != NULL;
         at = json_object_iter_next(iterated, at))
        if (!is_member(json_object_iter_key(at), members, member_count))
            return complain(TEXT_MEMBER_UNKNOWN, where, json_object_iter_key(at));
    return RESULT_DONE;
}

enum result officer_json_read(const json_t *object, const char *where,
                              const struct officer_json_member *members, size_t member_count) {
    if (!json_is_object(object))
        return complain(TEXT_MEMBER_TYPE, where, "{}");
    RESULT_TRY(refuse_unknown(object, where, members, member_count));
    for (size_t i = 0; i < member_count; i++) {
        const struct officer_json_member *member = &members[i];
        const json_t *value = json_object_get(object, member->name);
        if (value == NULL && member->required)
            return complain(TEXT_MEMBER_MISSING, where, member->name);
        if (value == NULL || (json_is_null(value) && !member->required))
            continue;
        RESULT_TRY(takers[member->kind](value, member, where));
    }
    return RESULT_DONE;
}

void officer_json_place(char place[static OFFICER_JSON_PLACE_SIZE], const char *where,
                        const char *list, size_t index) {
    (void)snprintf(place, OFFICER_JSON_PLACE_SIZE, "%s: %s[%zu]", where, list, index);
}
