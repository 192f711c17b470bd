#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/demographic_sample.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static struct payload payload;
static struct identity person;

struct payload *sample_payload(void) {
    payload = (struct payload){.is_json = true};
    return &payload;
}

void sample_send(const char *name, const char *language, const char *value) {
    assert_true(payload.demographic_count < PAYLOAD_DEMOGRAPHICS_MAX);
    struct payload_demographic *sent = &payload.demographics[payload.demographic_count++];
    *sent = (struct payload_demographic){.value = bytes_of_text(value)};
    snprintf(sent->name, sizeof sent->name, "%s", name);
    sent->language_presence = language == NULL ? FIELD_ABSENT : FIELD_PRESENT;
    snprintf(sent->language, sizeof sent->language, "%s", language == NULL ? "" : language);
    payload.has_demographics = true;
}

static const struct {
    const char *name, *language, *value;
} stored[] = {
    {"fullName", "ara", "فاطمة أيت حمو"},
    {"fullName", "fra", "Fatima Aït Hammou"},
    {"fullName", "eng", "Fatima Ait Hammu"},
    {"gender", "ara", "أنثى"},
    {"gender", "fra", "Féminin"},
    {"gender", "eng", "Female"},
    {"dobType", "fra", "Déclaré"},
    {"addressLine1", "ara", "رقم 12 شارع البحر"},
    {"addressLine1", "fra", "12, avenue de la Mer"},
    {"addressLine1", "eng", "12 Sea Street"},
    {"addressLine2", "fra", "Hay Al Amal"},
    {"addressLine3", "fra", "étage 2"},
    {"city", "ara", "سلا"},
    {"city", "fra", "Salé"},
    {"city", "eng", "Sale"},
    {"region", "fra", "Rabat-Salé-Kénitra"},
    {"province", "fra", "Salé"},
    {"zone", "fra", "Nord"},
    {"postalCode", "", "11000"},
    {"residenceStatus", "fra", "Résident"},
    {"residenceStatus", "ara", "مقيم"},
    {"motherName", "fra", "Touda Rifi"},
    {"cnie", "", "AB123456"},
};

const struct identity *sample_person(void) {
    person = (struct identity){.birth_year = 1980,
                               .birth_month = 6,
                               .birth_day = 15,
                               .phone = "+212612345678",
                               .email = "fatima.1@example.org",
                               .language = "ara",
                               .attribute_count = COUNT_OF(stored)};
    for (size_t i = 0; i < COUNT_OF(stored); i++) {
        person.attributes[i] = (struct identity_attribute){.name = bytes_of_text(stored[i].name),
                                                           .value = bytes_of_text(stored[i].value)};
        snprintf(person.attributes[i].language, sizeof person.attributes[i].language, "%s",
                 stored[i].language);
    }
    return &person;
}

static const char *code_of(enum mosip_error error) {
    switch (error) {
#define CASE(name, code, message, action)                                                          \
    case MOSIP_##name:                                                                             \
        return code;
        MOSIP_ERRORS(CASE)
#undef CASE
    default:
        return "";
    }
}

const char *sample_text(const struct demographic_verdict *verdict) {
    static char text[4096];
    size_t len = 0;
    text[0] = '\0';
    assert_true(!verdict->passed || verdict->problem_count == 0);
    for (size_t i = 0; i < verdict->problem_count; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%s %s", i == 0 ? "" : ", ",
                                code_of(verdict->problems[i].error), verdict->problems[i].detail);
    if (!verdict->passed && verdict->problem_count == 0)
        return "no";
    return text;
}
