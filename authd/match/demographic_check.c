#include <string.h>

#include "authd/match/birth.h"
#include "authd/match/demographic.h"
#include "authd/match/demographic_member.h"
#include "authd/match/demographic_verdict.h"

#define LANGUAGE_CODE       "LanguageCode"
#define LANGUAGE_CODE_CHARS 3

/* One value of the request, and the values before it. */
struct checked {
    const struct payload *payload;
    size_t index;
    const struct payload_demographic *sent;
    struct demographic_member member;
};

static bool is_supported(const struct demographic_rules *rules, const char *language) {
    for (size_t i = 0; i < rules->language_count; i++)
        if (strcmp(rules->languages[i], language) == 0)
            return true;
    return false;
}

/* Whether what is stored for the member had a value before that may be for the same language: by
 * whichever of its names, since each further value would be a further guess of one attempt. */
static bool is_second(const struct checked *checked) {
    const char *language = demographic_member_language(checked->sent);
    for (size_t i = 0; i < checked->index; i++) {
        const struct payload_demographic *sent = &checked->payload->demographics[i];
        const struct demographic_member member = demographic_member_of(sent->name);
        const char *other = demographic_member_language(sent);
        bool overlap = language[0] == '\0' || other[0] == '\0' || strcmp(language, other) == 0;
        if (overlap && member.kind == checked->member.kind &&
            strcmp(member.stored, checked->member.stored) == 0)
            return true;
    }
    return false;
}

/* What is no code may be anything: it is not repeated in an answer. */
static const char *language_detail(const char *language) {
    size_t len = 0;
    while ((language[len] >= 'a' && language[len] <= 'z') ||
           (language[len] >= 'A' && language[len] <= 'Z'))
        len++;
    return len == LANGUAGE_CODE_CHARS && language[len] == '\0' ? language : LANGUAGE_CODE;
}

static void check_language(const struct checked *checked, const struct demographic_rules *rules,
                           struct demographic_verdict *verdict) {
    const char *language = demographic_member_language(checked->sent);
    bool unreadable = checked->sent->language_presence == FIELD_TOO_LONG;
    bool needed = checked->member.languages == DEMOGRAPHIC_BY_LANGUAGE;
    if (unreadable)
        demographic_verdict_add(verdict, MOSIP_DEA_002, LANGUAGE_CODE);
    else if (language[0] == '\0' && needed)
        demographic_verdict_add(verdict, MOSIP_MLC_006, LANGUAGE_CODE);
    else if (language[0] != '\0' && !is_supported(rules, language))
        demographic_verdict_add(verdict, MOSIP_DEA_002, language_detail(language));
    else if (is_second(checked))
        demographic_verdict_add(verdict, MOSIP_MLC_009, LANGUAGE_CODE);
}

static bool is_one_value(const struct checked *checked) {
    const struct payload_demographic *sent = checked->sent;
    bool has_language =
        sent->language_presence == FIELD_TOO_LONG || demographic_member_language(sent)[0] != '\0';
    return !has_language && !is_second(checked);
}

static bool is_well_formed(const struct checked *checked) {
    struct birth_day day;
    int age;
    switch (checked->member.kind) {
    case DEMOGRAPHIC_BIRTH_DATE:
        return birth_parse_day(checked->sent->value, &day) == ERR_OK;
    case DEMOGRAPHIC_AGE:
        return birth_parse_age(checked->sent->value, &age) == ERR_OK;
    default:
        return true;
    }
}

static void check_value(const struct checked *checked, const struct demographic_rules *rules,
                        struct demographic_verdict *verdict) {
    bool one_value = checked->member.languages == DEMOGRAPHIC_ONE_VALUE;
    if (!one_value)
        check_language(checked, rules, verdict);
    if ((one_value && !is_one_value(checked)) || !is_well_formed(checked))
        demographic_verdict_add(verdict, MOSIP_MLC_009, checked->sent->name);
}

void demographic_check(const struct payload *payload, const struct demographic_rules *rules,
                       struct demographic_verdict *verdict) {
    bool full_address = false, address_part = false;
    *verdict = (struct demographic_verdict){.passed = false};
    if (payload->demographics_malformed)
        demographic_verdict_add(verdict, MOSIP_MLC_009, "demographics");
    for (size_t i = 0; i < payload->demographic_count; i++) {
        const struct payload_demographic *sent = &payload->demographics[i];
        struct checked checked = {payload, i, sent, demographic_member_of(sent->name)};
        check_value(&checked, rules, verdict);
        full_address = full_address || checked.member.kind == DEMOGRAPHIC_FULL_ADDRESS;
        address_part = address_part || checked.member.address_part;
    }
    if (full_address && address_part)
        demographic_verdict_add(verdict, MOSIP_MLC_013, "fullAddress");
    verdict->passed = verdict->problem_count == 0;
}
