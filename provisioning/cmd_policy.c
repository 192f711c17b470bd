#include <stdio.h>
#include <string.h>

#include "provisioning/cmd.h"
#include "provisioning/officer_json.h"

/* MOSIP's policy JSON: {authTokenType, allowedAuthTypes[], allowedKycAttributes[], kycLanguages[]},
 * with what the portal keeps beside it. */

static enum result read_token_type(const char *text, const char *where,
                                   enum auth_token_type *type) {
    static const struct {
        const char *text;
        enum auth_token_type type;
    } all[] = {{"random", AUTH_TOKEN_RANDOM},
               {"partner", AUTH_TOKEN_PARTNER},
               {"policy", AUTH_TOKEN_POLICY}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        *type = all[i].type;
        if (strcmp(text, all[i].text) == 0)
            return RESULT_DONE;
    }
    return officer_json_refuse(where, "authTokenType");
}

static enum result read_auth_type(const json_t *element, const char *where, struct policy *policy) {
    char type_text[16] = "", sub_type[16] = "", whole[40];
    bool mandatory = false;
    enum auth_type type;
    const struct officer_json_member members[] = {
        {"authType", OFFICER_JSON_TEXT, true, type_text, sizeof type_text},
        {"authSubType", OFFICER_JSON_TEXT, false, sub_type, sizeof sub_type},
        {"mandatory", OFFICER_JSON_BOOLEAN, false, &mandatory, 0},
    };
    RESULT_TRY(OFFICER_JSON_READ(element, where, members));
    (void)snprintf(whole, sizeof whole, "%s%s%s", type_text, sub_type[0] != '\0' ? "-" : "",
                   sub_type);
    if (auth_type_parse(whole, &type) != ERR_OK)
        return officer_json_refuse(where, sub_type[0] != '\0' ? "authSubType" : "authType");
    policy->allowed |= AUTH_TYPE_BIT(type);
    if (mandatory)
        policy->mandatory |= AUTH_TYPE_BIT(type);
    return RESULT_DONE;
}

static enum result read_attribute(const json_t *element, const char *where, struct policy *policy) {
    if (policy->attribute_count == POLICY_ATTRIBUTES_MAX)
        return officer_json_refuse(where, "allowedKycAttributes");
    struct policy_attribute *attribute = &policy->attributes[policy->attribute_count++];
    const struct officer_json_member members[] = {
        {"attributeName", OFFICER_JSON_TEXT, true, attribute->name, sizeof attribute->name},
        {"masked", OFFICER_JSON_BOOLEAN, false, &attribute->masked, 0},
    };
    return OFFICER_JSON_READ(element, where, members);
}

static enum result read_language(const json_t *element, const char *where, struct policy *policy) {
    const char *text;
    const size_t most = sizeof policy->languages / sizeof *policy->languages;
    RESULT_TRY(officer_json_text(element, where, "kycLanguages", &text));
    if (policy->language_count == most || strlen(text) != 3)
        return officer_json_refuse(where, "kycLanguages");
    memcpy(policy->languages[policy->language_count++], text, strlen(text) + 1);
    return RESULT_DONE;
}

static enum result read_list(const json_t *list, const char *where, const char *name,
                             enum result (*read)(const json_t *, const char *, struct policy *),
                             struct policy *policy) {
    char place[OFFICER_JSON_PLACE_SIZE];
    for (size_t i = 0; i < json_array_size(list); i++) {
        officer_json_place(place, where, name, i);
        RESULT_TRY(read(json_array_get(list, i), place, policy));
    }
    return RESULT_DONE;
}

static enum result read_policy(const json_t *object, const char *where, struct policy *policy) {
    char token_type[16] = "";
    const json_t *types = NULL, *attributes = NULL, *languages = NULL, *biometrics = NULL;
    const struct officer_json_member members[] = {
        {"id", OFFICER_JSON_TEXT, true, policy->id, sizeof policy->id},
        {"name", OFFICER_JSON_TEXT, true, policy->name, sizeof policy->name},
        {"status", OFFICER_JSON_STATUS, false, &policy->status, 0},
        {"commences", OFFICER_JSON_TIME, false, &policy->commences_ms, 0},
        {"expires", OFFICER_JSON_TIME, false, &policy->expires_ms, 0},
        {"uniform", OFFICER_JSON_BOOLEAN, false, &policy->uniform, 0},
        {"unsignedRequests", OFFICER_JSON_BOOLEAN, false, &policy->unsigned_requests, 0},
        {"tellsPerson", OFFICER_JSON_BOOLEAN, false, &policy->tells_person, 0},
        {"failuresAnHour", OFFICER_JSON_COUNT, false, &policy->failures_an_hour, 0},
        {"authTokenType", OFFICER_JSON_TEXT, true, token_type, sizeof token_type},
        {"allowedAuthTypes", OFFICER_JSON_ARRAY, true, &types, 0},
        {"allowedKycAttributes", OFFICER_JSON_ARRAY, true, &attributes, 0},
        {"kycLanguages", OFFICER_JSON_ARRAY, false, &languages, 0},
        {"biometrics", OFFICER_JSON_OBJECT, false, &biometrics, 0},
    };
    *policy = (struct policy){.status = STATUS_ACTIVE};
    RESULT_TRY(OFFICER_JSON_READ(object, where, members));
    RESULT_TRY(read_token_type(token_type, where, &policy->token_type));
    RESULT_TRY(read_list(types, where, "allowedAuthTypes", read_auth_type, policy));
    RESULT_TRY(read_list(attributes, where, "allowedKycAttributes", read_attribute, policy));
    if (biometrics != NULL)
        RESULT_TRY(cmd_biometrics_policy(biometrics, where, &policy->biometrics));
    return read_list(languages, where, "kycLanguages", read_language, policy);
}

enum result cmd_policy_send(struct officer_link *link, const json_t *policy_json, const char *where,
                            char id[PROGRAMME_ID_SIZE]) {
    static uint8_t memory[4096];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct policy policy;
    RESULT_TRY(read_policy(policy_json, where, &policy));
    memcpy(id, policy.id, sizeof policy.id);
    officer_wire_put_policy(&buffer, &policy);
    return officer_link_change(link, OFFICER_POLICY_ADD, &buffer, policy.id, NULL);
}

static enum result add(struct officer_link *link, const struct arguments *arguments) {
    const char *path = arguments_get(arguments, "file");
    char id[PROGRAMME_ID_SIZE];
    JSON_CLEANUP json_t *root = NULL;
    RESULT_TRY(officer_json_load(path, &root));
    RESULT_TRY(cmd_policy_send(link, root, path, id));
    officer_text_print(stdout, TEXT_POLICY_ADDED, id, NULL);
    return RESULT_DONE;
}

const struct command cmd_policy_add = {
    .noun = "policy",
    .verb = "add",
    .about = TEXT_ABOUT_POLICY_ADD,
    .example = "officer policy add file=policy.json",
    .arguments = {{"file", "FILE", false}},
    .run = add,
};
