#include <stdio.h>
#include <string.h>

#include "authd/core/jose_attributes.h"

#include "firmware/base/codec.h"
#include "authd/core/attributes.h"
#include "authd/core/demo.h"
#include "authd/match/birth.h"
#include "authd/match/demographic.h"
#include "authd/match/demographic_member.h"

enum { TEXT_MAX = 16 * 1024, AGE_MAX = 120 };

#define AGE_OVER "age_over_"
#define LIVES_IN "lives_in"

enum property { PROPERTY_NONE = 0, PROPERTY_FALSE, PROPERTY_TRUE };

static const struct policy_attribute *allowed(const struct policy *policy, const char *stored) {
    for (size_t i = 0; i < policy->attribute_count; i++) {
        if (strcmp(attributes_stored_name(policy->attributes[i].name), stored) == 0)
            return &policy->attributes[i];
    }
    return NULL;
}

static bool is_age_over(const char *name) {
    return strncmp(name, AGE_OVER, sizeof(AGE_OVER) - 1) == 0;
}

/* N of age_over_N, in its shortest form; 0: none. */
static int64_t age_asked(const char *name) {
    const char *digits = name + sizeof(AGE_OVER) - 1;
    int64_t age = 0;
    bool is_shortest = digits[0] >= '1' && digits[0] <= '9';
    return is_shortest && codec_integer(digits, 1, AGE_MAX, &age) == ERR_OK ? age : 0;
}

static enum property age_over(const struct request *request, const char *name) {
    struct birth_day today;
    int64_t asked = age_asked(name);
    clock_date(request->received_wall_ms, &today.year, &today.month, &today.day);
    int age = birth_age(request->identity, today);
    if (asked == 0 || age < 0 || allowed(&request->policy, "ageOver") == NULL)
        return PROPERTY_NONE;
    return age >= asked ? PROPERTY_TRUE : PROPERTY_FALSE;
}

/* As a declared part of an address is compared (§8). */
static enum property lives_in(const struct request *request) {
    const struct jose_request *asked = &request->jose.request;
    struct payload payload = {.has_demographics = true, .demographic_count = 1};
    struct payload_demographic *part = &payload.demographics[0];
    struct demographic_verdict verdict;
    /* By its stored name a place is the same in any language; a line of an address is none. */
    const char *name = attributes_stored_name(asked->lives_in_part);
    const struct demographic_member member = demographic_member_of(name);
    if (asked->lives_in_part[0] == '\0' || allowed(&request->policy, "livesIn") == NULL ||
        !member.address_part || member.languages == DEMOGRAPHIC_BY_LANGUAGE)
        return PROPERTY_NONE;
    snprintf(part->name, sizeof(part->name), "%s", name);
    part->value = bytes_of_text(asked->lives_in_value);
    demographic_match(&payload, request->identity, (struct birth_day){0}, &verdict);
    if (verdict.passed)
        return PROPERTY_TRUE;
    bool differs = verdict.problem_count > 0 && verdict.problems[0].error == MOSIP_DEA_001;
    return differs ? PROPERTY_FALSE : PROPERTY_NONE;
}

/* Calls ${each} with what is asked and can be answered, always in the same order. */
static enum err each_property(const struct request *request,
                              enum err (*each)(void *context, const char *name, bool value),
                              void *context) {
    const struct jose_request *asked = &request->jose.request;
    for (size_t i = 0; i < asked->attribute_count; i++) {
        enum property property = is_age_over(asked->attributes[i])
                                     ? age_over(request, asked->attributes[i])
                                     : PROPERTY_NONE;
        if (property != PROPERTY_NONE)
            ERR_TRY(each(context, asked->attributes[i], property == PROPERTY_TRUE));
    }
    enum property property = lives_in(request);
    return property != PROPERTY_NONE ? each(context, LIVES_IN, property == PROPERTY_TRUE) : ERR_OK;
}

struct counting {
    struct core *core;
    struct request *request;
    bool stopped;
};

static enum err count_one(void *context, const char *name, bool value) {
    struct counting *counting = context;
    struct jose_outcome *outcome = &counting->request->jose.outcome;
    bool may = false;
    (void)name;
    (void)value;
    if (counting->stopped || outcome->properties == JOSE_PROPERTIES_MAX)
        return ERR_OK;
    ERR_TRY(demo_count_property(counting->core, counting->request, &may));
    counting->stopped = !may;
    outcome->properties += may;
    return ERR_OK;
}

enum err jose_attributes_count(struct core *core, struct request *request) {
    struct counting counting = {.core = core, .request = request};
    request->jose.outcome.properties = 0;
    return each_property(request, count_one, &counting);
}

/* The list being made. */
struct filling {
    const struct request *request;
    struct result *result;
    struct buffer text;
    char name[JOSE_ATTRIBUTE_SIZE]; /* as it was asked for, without the language */
    const char *language;           /* the only one that was asked for, or "" */
    size_t told;                    /* of the properties */
    bool has_photo;                 /* under whichever of its names came first: two don't fit */
};

static bool has(const struct result *result, const char *name) {
    for (size_t i = 0; i < result->attribute_count; i++) {
        if (strcmp(result->attributes[i].name, name) == 0)
            return true;
    }
    return false;
}

/* The next attribute, unless it is there already; NULL then, or when the list is full. */
static struct result_attribute *add(struct result *result, const char *name, const char *language) {
    struct result_attribute attribute = {.kind = RESULT_VALUE_TEXT};
    int len = snprintf(attribute.name, sizeof(attribute.name), "%s%s%s", name,
                       language[0] != '\0' ? "#" : "", language);
    if (len >= (int)sizeof(attribute.name) || has(result, attribute.name) ||
        result->attribute_count == RESULT_ATTRIBUTES_MAX)
        return NULL;
    result->attributes[result->attribute_count] = attribute;
    return &result->attributes[result->attribute_count++];
}

static void add_value(void *context, const char *language, struct bytes value) {
    struct filling *filling = context;
    if (filling->language[0] != '\0' && strcmp(filling->language, language) != 0)
        return;
    struct result_attribute *attribute = add(filling->result, filling->name, language);
    if (attribute == NULL)
        return;
    size_t begun = filling->text.len;
    buffer_raw(&filling->text, value.data, value.len);
    attribute->value = bytes_of(filling->text.data + begun, filling->text.len - begun);
}

static enum err add_property(void *context, const char *name, bool value) {
    struct filling *filling = context;
    if (filling->told == filling->request->jose.outcome.properties)
        return ERR_OK;
    filling->told++;
    struct result_attribute *attribute = add(filling->result, name, "");
    if (attribute != NULL)
        attribute->kind = value ? RESULT_VALUE_TRUE : RESULT_VALUE_FALSE;
    return ERR_OK;
}

static enum err add_photo(const struct core *core, struct request *request,
                          struct filling *filling) {
    struct secret *photo = &request->jose.photo;
    if (filling->has_photo)
        return ERR_OK;
    if (photo->data == NULL)
        ERR_TRY(attributes_read_photo(core, request, photo));
    struct result_attribute *attribute =
        photo->len > 0 ? add(filling->result, filling->name, "") : NULL;
    if (attribute != NULL) {
        attribute->kind = RESULT_VALUE_BYTES;
        attribute->value = secret_view(photo);
        filling->has_photo = true;
    }
    return ERR_OK;
}

/* name or name#language */
static enum err add_asked(const struct core *core, struct request *request, const char *asked,
                          struct filling *filling) {
    const char *mark = strchr(asked, '#');
    struct policy_attribute photo = {.name = ""};
    snprintf(filling->name, sizeof(filling->name), "%.*s",
             mark != NULL ? (int)(mark - asked) : (int)strlen(asked), asked);
    snprintf(photo.name, sizeof(photo.name), "%.31s", filling->name);
    filling->language = mark != NULL ? mark + 1 : "";
    if (attributes_is_photo(&photo))
        return add_photo(core, request, filling);
    const struct policy_attribute *attribute =
        allowed(&request->policy, attributes_stored_name(filling->name));
    const struct attributes_reader reader = {add_value, filling};
    if (attribute != NULL)
        attributes_each(core, request, attribute, &reader);
    return ERR_OK;
}

enum err jose_attributes_fill(const struct core *core, struct request *request,
                              struct secret *memory, struct result *result) {
    const struct jose_request *asked = &request->jose.request;
    struct bytes written;
    ERR_TRY(secret_new(memory, TEXT_MAX));
    struct filling filling = {
        .request = request, .result = result, .text = buffer_over(memory->data, memory->len)};
    for (size_t i = 0; i < asked->attribute_count; i++) {
        if (!is_age_over(asked->attributes[i]))
            ERR_TRY(add_asked(core, request, asked->attributes[i], &filling));
    }
    ERR_TRY(each_property(request, add_property, &filling));
    return buffer_end(&filling.text, &written);
}
