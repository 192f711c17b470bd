#include <stddef.h>
#include <string.h>

#include "authd/match/demographic_member.h"

#define TEXT      DEMOGRAPHIC_TEXT, DEMOGRAPHIC_BY_LANGUAGE
#define ADDRESS   DEMOGRAPHIC_ADDRESS, DEMOGRAPHIC_BY_LANGUAGE, true
#define LOCATION  TEXT, true
#define ONE(kind) DEMOGRAPHIC_##kind, DEMOGRAPHIC_ONE_VALUE

static const struct demographic_member members[] = {
    {"name", "fullName", DEMOGRAPHIC_NAME, DEMOGRAPHIC_BY_LANGUAGE, false},
    {"dob", "dateOfBirth", ONE(BIRTH_DATE), false},
    {"age", "dateOfBirth", ONE(AGE), false},
    {"dobType", "dobType", TEXT, false},
    {"gender", "gender", TEXT, false},
    {"phoneNumber", "phone", ONE(PHONE), false},
    {"emailId", "email", ONE(EMAIL), false},
    {"addressLine1", "addressLine1", ADDRESS},
    {"addressLine2", "addressLine2", ADDRESS},
    {"addressLine3", "addressLine3", ADDRESS},
    {"location1", "city", LOCATION},
    {"location2", "region", LOCATION},
    {"location3", "province", LOCATION},
    {"location4", "zone", LOCATION},
    {"postalCode", "postalCode", ONE(TEXT), true},
    {"fullAddress", "", DEMOGRAPHIC_FULL_ADDRESS, DEMOGRAPHIC_BY_LANGUAGE, false},
    {"residenceStatus", "residenceStatus", DEMOGRAPHIC_TEXT, DEMOGRAPHIC_EITHER, false},
    {"preferredLanguage", "preferredLang", ONE(PREFERRED), false},
};

const char *const demographic_member_address_parts[DEMOGRAPHIC_ADDRESS_PARTS] = {
    "addressLine1", "addressLine2", "addressLine3", "city", "region", "province", "postalCode",
};

struct demographic_member demographic_member_of(const char *name) {
    struct demographic_member dynamic = {name, name, DEMOGRAPHIC_TEXT, DEMOGRAPHIC_EITHER, false};
    const size_t count = sizeof members / sizeof *members;
    for (size_t i = 0; i < count; i++)
        if (strcmp(members[i].name, name) == 0)
            return members[i];
    for (size_t i = 0; i < count; i++) {
        if (strcmp(members[i].stored, name) != 0)
            continue;
        dynamic = members[i];
        dynamic.name = name;
        if (dynamic.languages == DEMOGRAPHIC_BY_LANGUAGE)
            dynamic.languages = DEMOGRAPHIC_EITHER;
        return dynamic;
    }
    return dynamic;
}

const char *demographic_member_language(const struct payload_demographic *sent) {
    return sent->language_presence == FIELD_PRESENT ? sent->language : "";
}
