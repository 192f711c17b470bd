#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "authd/core/attributes.h"

#include "firmware/base/codec.h"
#include "authd/core/person.h"

enum { VALUE_MAX = 1024 };

static const struct {
    const char *answer, *stored;
} mapping[] = {
    {"name", "fullName"},
    {"dob", "dateOfBirth"},
    {"gender", "gender"},
    {"phoneNumber", "phone"},
    {"emailId", "email"},
    {"addressLine1", "addressLine1"},
    {"addressLine2", "addressLine2"},
    {"addressLine3", "addressLine3"},
    {"location1", "city"},
    {"location2", "region"},
    {"location3", "province"},
    {"location4", "zone"},
    {"postalCode", "postalCode"},
    {"residenceStatus", "residenceStatus"},
    {"preferredLanguage", "preferredLang"},
};

const char *attributes_answer_name(const char *name) {
    for (size_t i = 0; i < sizeof(mapping) / sizeof(mapping[0]); i++) {
        if (strcmp(mapping[i].stored, name) == 0)
            return mapping[i].answer;
    }
    return name;
}

const char *attributes_stored_name(const char *name) {
    for (size_t i = 0; i < sizeof(mapping) / sizeof(mapping[0]); i++) {
        if (strcmp(mapping[i].answer, name) == 0)
            return mapping[i].stored;
    }
    return name;
}

/* The policy's languages if the box has any of them, else all of the box. */
static bool is_wanted_language(const struct core *core, const struct policy *policy,
                               const char *language) {
    bool any = false, listed = false;
    for (size_t i = 0; i < policy->language_count; i++) {
        any = any || settings_list_has(core->settings.languages, policy->languages[i]);
        listed = listed || strcmp(policy->languages[i], language) == 0;
    }
    return settings_list_has(core->settings.languages, language) && (!any || listed);
}

/* Masked as in the answer to an OTP request; a value that is too long for that is left out. */
static void give(const struct policy_attribute *attribute, const char *language, struct bytes value,
                 const struct attributes_reader *reader) {
    char plain[VALUE_MAX], masked[VALUE_MAX];
    if (value.len == 0)
        return;
    if (!attribute->masked) {
        reader->each(reader->context, language, value);
        return;
    }
    if (bytes_to_text(value, plain, sizeof(plain)) != ERR_OK)
        return;
    if (strcmp(attributes_answer_name(attribute->name), "emailId") == 0)
        person_mask_email(plain, masked, sizeof(masked));
    else
        person_mask_phone(plain, masked, sizeof(masked));
    if (codec_utf8_check(bytes_of_text(masked)) == ERR_OK)
        reader->each(reader->context, language, bytes_of_text(masked));
    secret_wipe(plain, sizeof(plain));
}

static bool has_birth_date(const struct identity *identity) {
    return identity->birth_year != 0 && identity->birth_month != 0 && identity->birth_day != 0;
}

void attributes_each(const struct core *core, const struct request *request,
                     const struct policy_attribute *attribute,
                     const struct attributes_reader *reader) {
    const struct identity *identity = request->identity;
    const char *stored = attributes_stored_name(attribute->name);
    char date[32];
    snprintf(date, sizeof(date), "%04d/%02u/%02u", identity->birth_year, identity->birth_month,
             identity->birth_day);
    if (strcmp(stored, "phone") == 0)
        give(attribute, "", bytes_of_text(identity->phone), reader);
    else if (strcmp(stored, "email") == 0)
        give(attribute, "", bytes_of_text(identity->email), reader);
    else if (strcmp(stored, "preferredLang") == 0)
        give(attribute, "", bytes_of_text(identity->language), reader);
    else if (strcmp(stored, "dateOfBirth") == 0 && has_birth_date(identity))
        give(attribute, "", bytes_of_text(date), reader);
    for (size_t i = 0; i < identity->attribute_count; i++) {
        const struct identity_attribute *held = &identity->attributes[i];
        bool wanted =
            held->language[0] == '\0' || is_wanted_language(core, &request->policy, held->language);
        if (wanted && bytes_equal_text(held->name, stored))
            give(attribute, held->language, held->value, reader);
    }
}

bool attributes_is_photo(const struct policy_attribute *attribute) {
    return strcasecmp(attribute->name, "photo") == 0 || strcasecmp(attribute->name, "face") == 0;
}

const struct policy_attribute *attributes_photo(const struct policy *policy) {
    for (size_t i = 0; i < policy->attribute_count; i++)
        if (attributes_is_photo(&policy->attributes[i]) && !policy->attributes[i].masked)
            return &policy->attributes[i];
    return NULL;
}

enum err attributes_read_photo(const struct core *core, const struct request *request,
                               struct secret *photo) {
    if (attributes_photo(&request->policy) == NULL)
        return ERR_OK;
    enum err result = registry_photo(core->registry, request->person_key, photo);
    return result == ERR_NOT_FOUND ? ERR_OK : result;
}
