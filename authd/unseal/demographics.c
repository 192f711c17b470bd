#include <string.h>

#include "authd/unseal/demographics.h"
#include "authd/unseal/member.h"
#include "authd/wire/field.h"

struct reading {
    const struct json *json;
    struct buffer *workspace;
    struct payload *answer;
};

/* The characters of a string, in the workspace. */
static bool read_value(struct reading *reading, const struct json_node *value,
                       struct bytes *characters) {
    struct buffer *workspace = reading->workspace;
    size_t room = workspace->size - workspace->len;
    if (value == NULL || value->kind != JSON_KIND_STRING)
        return false;
    struct buffer target = buffer_over(workspace->data + workspace->len,
                                       room < PAYLOAD_VALUE_MAX ? room : PAYLOAD_VALUE_MAX);
    json_append(reading->json, value, &target);
    workspace->len += target.len; /* what did not fit whole is wiped too */
    *characters = bytes_of(target.data, target.len);
    return target.err == ERR_OK;
}

static bool add(struct reading *reading, const struct payload_demographic *demographic) {
    struct payload *answer = reading->answer;
    if (answer->demographic_count == PAYLOAD_DEMOGRAPHICS_MAX)
        return false;
    answer->demographics[answer->demographic_count++] = *demographic;
    return true;
}

static bool read_language(struct reading *reading, const struct json_node *object,
                          struct payload_demographic *demographic) {
    struct text_field language = {.presence = FIELD_ABSENT};
    const struct json_node *value = json_member(reading->json, object, "language");
    if (value != NULL)
        member_text(reading->json, value, sizeof demographic->language, &language);
    demographic->language_presence = language.presence;
    memcpy(demographic->language, language.text, sizeof demographic->language);
    return language.presence != FIELD_WRONG_TYPE;
}

/* Each element is a {language, value}; what else it has is passed over. */
static bool read_list(struct reading *reading, const struct json_node *list,
                      struct payload_demographic *demographic) {
    struct json_child element = {0};
    while (json_next(reading->json, list, &element)) {
        if (element.value->kind != JSON_KIND_OBJECT ||
            !read_language(reading, element.value, demographic) ||
            !read_value(reading, json_member(reading->json, element.value, "value"),
                        &demographic->value) ||
            !add(reading, demographic))
            return false;
    }
    return true;
}

static bool read_member(struct reading *reading, const struct json_child *member) {
    struct payload_demographic demographic = {.language_presence = FIELD_ABSENT};
    if (json_to_text(reading->json, member->name, demographic.name, sizeof demographic.name) !=
            ERR_OK ||
        !field_is_visible(demographic.name))
        return false;
    if (member->value->kind == JSON_KIND_ARRAY)
        return read_list(reading, member->value, &demographic);
    return read_value(reading, member->value, &demographic.value) && add(reading, &demographic);
}

static bool read_members(struct reading *reading, const struct json_node *value) {
    struct json_child member = {0};
    while (json_next(reading->json, value, &member)) {
        bool passed_over = json_is_text(reading->json, member.name, "metadata") ||
                           member_is_empty(reading->json, member.value);
        if (!passed_over && !read_member(reading, &member))
            return false;
    }
    return true;
}

void demographics_read(const struct json *json, const struct json_node *value,
                       struct buffer *workspace, struct payload *answer) {
    struct reading reading = {.json = json, .workspace = workspace, .answer = answer};
    if (member_is_empty(json, value))
        return;
    answer->demographics_malformed =
        value->kind != JSON_KIND_OBJECT || !read_members(&reading, value);
    if (answer->demographics_malformed)
        answer->demographic_count = 0;
    answer->has_demographics = answer->demographics_malformed || answer->demographic_count > 0;
}
