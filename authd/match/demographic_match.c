#include <string.h>

#include "firmware/base/secret.h"
#include "authd/match/birth.h"
#include "authd/match/contact.h"
#include "authd/match/demographic.h"
#include "authd/match/demographic_member.h"
#include "authd/match/demographic_verdict.h"
#include "authd/match/normalise.h"

enum finding { DIFFERS = 0, NOT_STORED, MATCHES };

struct comparison {
    const struct payload_demographic *sent;
    struct demographic_member member;
    const struct identity *identity;
    struct birth_day today;
};

/* How the kinds that are text are normalised, and whether the order of words counts. */
static const struct {
    enum normalise_kind kind;
    bool (*same)(const struct normalise_form *left, const struct normalise_form *right);
} texts[DEMOGRAPHIC_KINDS] = {
    [DEMOGRAPHIC_TEXT] = {NORMALISE_COMMON, normalise_same_text},
    [DEMOGRAPHIC_NAME] = {NORMALISE_NAME, normalise_same_words},
    [DEMOGRAPHIC_ADDRESS] = {NORMALISE_ADDRESS, normalise_same_words},
    [DEMOGRAPHIC_FULL_ADDRESS] = {NORMALISE_ADDRESS, normalise_same_words},
};

#define NORMAL_FORM __attribute__((cleanup(normalise_forget))) struct normalise_form

static bool is_same_text(const struct comparison *comparison, const char *language,
                         struct bytes value) {
    NORMAL_FORM sent = {.len = 0};
    NORMAL_FORM stored = {.len = 0};
    enum normalise_kind kind = texts[comparison->member.kind].kind;
    return normalise_text(comparison->sent->value, language, kind, &sent) == ERR_OK &&
           normalise_text(value, language, kind, &stored) == ERR_OK &&
           texts[comparison->member.kind].same(&sent, &stored);
}

/* One of the values stored for the member must be the one that was sent. */
static enum finding compare_stored(const struct comparison *comparison) {
    const char *language = demographic_member_language(comparison->sent);
    enum finding finding = NOT_STORED;
    for (size_t i = 0; i < comparison->identity->attribute_count; i++) {
        const struct identity_attribute *stored = &comparison->identity->attributes[i];
        bool of_language = language[0] == '\0' || stored->language[0] == '\0' ||
                           strcmp(stored->language, language) == 0;
        if (!of_language || !bytes_equal_text(stored->name, comparison->member.stored))
            continue;
        finding = DIFFERS;
        if (is_same_text(comparison, language[0] == '\0' ? stored->language : language,
                         stored->value))
            return MATCHES;
    }
    return finding;
}

/* The part in this language, else the one that counts for all. */
static const struct identity_attribute *find_part(const struct identity *identity, const char *name,
                                                  const char *language) {
    const struct identity_attribute *found = NULL;
    for (size_t i = 0; i < identity->attribute_count; i++) {
        const struct identity_attribute *stored = &identity->attributes[i];
        if (!bytes_equal_text(stored->name, name))
            continue;
        if (strcmp(stored->language, language) == 0)
            return stored;
        if (found == NULL && stored->language[0] == '\0')
            found = stored;
    }
    return found;
}

/* Joins the parts there are. ${in_language}: at least one of them is in this language. */
static void join_address(const struct identity *identity, const char *language,
                         struct buffer *address, bool *in_language) {
    *in_language = false;
    for (size_t i = 0; i < DEMOGRAPHIC_ADDRESS_PARTS; i++) {
        const struct identity_attribute *part =
            find_part(identity, demographic_member_address_parts[i], language);
        if (part == NULL)
            continue;
        if (address->len > 0)
            buffer_u8(address, ',');
        buffer_raw(address, part->value.data, part->value.len);
        *in_language = *in_language || part->language[0] != '\0';
    }
}

static enum finding compare_full_address(const struct comparison *comparison) {
    const char *language = demographic_member_language(comparison->sent);
    uint8_t memory[NORMALISE_MAX];
    struct buffer address = buffer_over(memory, sizeof memory);
    bool in_language;
    join_address(comparison->identity, language, &address, &in_language);
    enum finding finding = in_language ? DIFFERS : NOT_STORED;
    if (in_language && address.err == ERR_OK &&
        is_same_text(comparison, language, bytes_of(memory, address.len)))
        finding = MATCHES;
    secret_wipe(memory, sizeof memory);
    return finding;
}

static enum finding compare_birth_date(const struct comparison *comparison) {
    struct birth_day day;
    if (comparison->identity->birth_year == 0)
        return NOT_STORED;
    bool same = birth_parse_day(comparison->sent->value, &day) == ERR_OK &&
                birth_is_day(comparison->identity, day);
    return same ? MATCHES : DIFFERS;
}

static enum finding compare_age(const struct comparison *comparison) {
    int age = birth_age(comparison->identity, comparison->today), asked;
    if (comparison->identity->birth_year == 0)
        return NOT_STORED;
    bool reached = birth_parse_age(comparison->sent->value, &asked) == ERR_OK && asked <= age;
    return reached ? MATCHES : DIFFERS;
}

static enum finding compare_phone(const struct comparison *comparison) {
    char sent[CONTACT_PHONE_SIZE], stored[CONTACT_PHONE_SIZE];
    if (comparison->identity->phone[0] == '\0')
        return NOT_STORED;
    bool same = contact_phone(comparison->sent->value, sent) == ERR_OK &&
                contact_phone(bytes_of_text(comparison->identity->phone), stored) == ERR_OK &&
                strcmp(sent, stored) == 0;
    return same ? MATCHES : DIFFERS;
}

static enum finding compare_email(const struct comparison *comparison) {
    const char *stored = comparison->identity->email;
    if (stored[0] == '\0')
        return NOT_STORED;
    return contact_same_email(comparison->sent->value, bytes_of_text(stored)) ? MATCHES : DIFFERS;
}

static enum finding compare_preferred(const struct comparison *comparison) {
    const char *stored = comparison->identity->language;
    if (stored[0] == '\0')
        return NOT_STORED;
    return bytes_equal_text(comparison->sent->value, stored) ? MATCHES : DIFFERS;
}

static enum finding (*const comparisons[DEMOGRAPHIC_KINDS])(const struct comparison *) = {
    [DEMOGRAPHIC_TEXT] = compare_stored,
    [DEMOGRAPHIC_NAME] = compare_stored,
    [DEMOGRAPHIC_ADDRESS] = compare_stored,
    [DEMOGRAPHIC_FULL_ADDRESS] = compare_full_address,
    [DEMOGRAPHIC_BIRTH_DATE] = compare_birth_date,
    [DEMOGRAPHIC_AGE] = compare_age,
    [DEMOGRAPHIC_PHONE] = compare_phone,
    [DEMOGRAPHIC_EMAIL] = compare_email,
    [DEMOGRAPHIC_PREFERRED] = compare_preferred,
};

/* Whoever did not ask demographic_check first is not told yes by a value it refuses. */
static bool has_right_language(const struct comparison *comparison) {
    const char *language = demographic_member_language(comparison->sent);
    switch (comparison->member.languages) {
    case DEMOGRAPHIC_BY_LANGUAGE:
        return language[0] != '\0';
    case DEMOGRAPHIC_ONE_VALUE:
        return language[0] == '\0' && comparison->sent->language_presence != FIELD_TOO_LONG;
    default:
        return comparison->sent->language_presence != FIELD_TOO_LONG;
    }
}

static void put_text(struct buffer *detail, const char *text) {
    buffer_raw(detail, text, strlen(text));
}

static void add_finding(const struct payload_demographic *sent, enum finding finding,
                        struct demographic_verdict *verdict) {
    char text[DEMOGRAPHIC_DETAIL_SIZE] = "";
    struct buffer detail = buffer_over(text, sizeof text - 1);
    const char *language = demographic_member_language(sent);
    put_text(&detail, sent->name);
    if (language[0] != '\0') {
        put_text(&detail, " in ");
        put_text(&detail, language);
    }
    demographic_verdict_add(verdict, finding == NOT_STORED ? MOSIP_DEA_003 : MOSIP_DEA_001, text);
}

void demographic_match(const struct payload *payload, const struct identity *identity,
                       struct birth_day today, struct demographic_verdict *verdict) {
    size_t matched = 0;
    *verdict = (struct demographic_verdict){.passed = false};
    for (size_t i = 0; i < payload->demographic_count; i++) {
        const struct payload_demographic *sent = &payload->demographics[i];
        struct comparison comparison = {sent, demographic_member_of(sent->name), identity, today};
        enum finding finding = DIFFERS;
        if (has_right_language(&comparison))
            finding = comparisons[comparison.member.kind](&comparison);
        if (finding == MATCHES)
            matched++;
        else
            add_finding(sent, finding, verdict);
    }
    verdict->passed = matched > 0 && matched == payload->demographic_count &&
                      !payload->demographics_malformed && verdict->problem_count == 0;
}
