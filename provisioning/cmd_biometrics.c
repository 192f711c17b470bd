#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/codec.h"
#include "authd/match/false_match_table.h"
#include "provisioning/cmd.h"
#include "provisioning/officer_json.h"

/* ---- records of a person ---- */

#define PLACE_SIZE (OFFICER_JSON_PLACE_SIZE + 16)

/* What the records of a struct officer_person point into, and one of them before it is added. */
static uint8_t records_memory[OFFICER_RECORD_BYTES], record_memory[OFFICER_RECORD_BYTES];

struct reading {
    const char *where;
    struct buffer records;
    size_t count;
};

static enum result complain_limit(const struct reading *reading, enum officer_text text,
                                  unsigned most) {
    char limit[16];
    (void)snprintf(limit, sizeof limit, "%u", most);
    officer_text_complain(text, reading->where, limit);
    return RESULT_USAGE;
}

/* ${part} is "" of a document; ${name} is the member's in complaints. */
static enum result add_record(struct reading *reading, const json_t *value, const char *part,
                              const char *name) {
    struct officer_record record = {0};
    const char *text = json_string_value(value);
    size_t len = 0;
    enum err err = text == NULL ? ERR_MALFORMED : ERR_OK;
    if (err == ERR_OK)
        err = codec_base64_decode(bytes_of(text, json_string_length(value)), CODEC_SKIP_NEWLINES,
                                  record_memory, sizeof record_memory, &len);
    if (err == ERR_FULL)
        return complain_limit(reading, TEXT_RECORDS_TOO_LARGE, OFFICER_RECORD_BYTES);
    if (err != ERR_OK || len == 0) {
        officer_text_complain(TEXT_RECORD_NOT_BASE64, reading->where, name);
        return RESULT_USAGE;
    }
    if (reading->count++ == OFFICER_RECORDS_MAX)
        return complain_limit(reading, TEXT_RECORDS_MANY, OFFICER_RECORDS_MAX);
    (void)snprintf(record.part, sizeof record.part, "%s", part);
    record.data = bytes_of(record_memory, len);
    officer_wire_put_record(&reading->records, &record);
    if (reading->records.err != ERR_OK)
        return complain_limit(reading, TEXT_RECORDS_TOO_LARGE, OFFICER_RECORD_BYTES);
    return RESULT_DONE;
}

static enum result add_part(struct reading *reading, const char *part, const json_t *list) {
    enum biometric_modality modality;
    uint8_t position;
    if (officer_wire_part(part, &modality, &position) != ERR_OK) {
        officer_text_complain(TEXT_PART_UNKNOWN, reading->where, part);
        return RESULT_USAGE;
    }
    if (!json_is_array(list)) {
        officer_text_complain(TEXT_RECORD_NOT_BASE64, reading->where, part);
        return RESULT_USAGE;
    }
    for (size_t i = 0; i < json_array_size(list); i++)
        RESULT_TRY(add_record(reading, json_array_get(list, i), part, part));
    return RESULT_DONE;
}

static enum result add_parts(struct reading *reading, const json_t *parts) {
    /* Jansson's iterators take what they do not change as not const. */
    json_t *iterated = (json_t *)(uintptr_t)parts;
    if (!json_is_object(parts))
        return officer_json_refuse(reading->where, "biometrics");
    for (void *at = json_object_iter(iterated); at != NULL;
         at = json_object_iter_next(iterated, at))
        RESULT_TRY(add_part(reading, json_object_iter_key(at), json_object_iter_value(at)));
    return RESULT_DONE;
}

enum result cmd_biometrics_records(const json_t *person, const char *where, struct bytes *records) {
    struct reading reading = {.where = where,
                              .records = buffer_over(records_memory, sizeof records_memory)};
    const json_t *parts = json_object_get(person, "biometrics");
    const json_t *document = json_object_get(person, "cbeff");
    if (parts != NULL && !json_is_null(parts))
        RESULT_TRY(add_parts(&reading, parts));
    if (document != NULL && !json_is_null(document))
        RESULT_TRY(add_record(&reading, document, "", "cbeff"));
    *records = bytes_of(reading.records.data, reading.records.len);
    return RESULT_DONE;
}

void cmd_biometrics_wipe(void) {
    secret_wipe(records_memory, sizeof records_memory);
    secret_wipe(record_memory, sizeof record_memory);
}

/* ---- thresholds of a policy ---- */

/* A number, or the same as text: "1e-4". */
static bool read_number(const json_t *value, double *number) {
    const char *text = json_string_value(value);
    char *end;
    *number = json_number_value(value);
    if (text == NULL)
        return json_is_number(value);
    *number = strtod(text, &end);
    return end != text && *end == '\0' && strspn(text, "0123456789.eE+-") == strlen(text);
}

static enum result read_probability(const json_t *object, const char *where, const char *name,
                                    uint64_t *parts) {
    const json_t *value = json_object_get(object, name);
    double number = 0;
    if (value == NULL || json_is_null(value))
        return RESULT_DONE;
    bool valid = read_number(value, &number) && number > 0 && number <= 1;
    *parts = valid ? (uint64_t)llround(number * (double)FALSE_MATCH_CERTAIN) : 0;
    if (*parts > 0)
        return RESULT_DONE;
    officer_text_complain(TEXT_BAD_PROBABILITY, where, name);
    return RESULT_USAGE;
}

static enum result read_modality(const json_t *object, const char *where, const char *name,
                                 struct policy_biometrics *biometrics,
                                 enum policy_biometric modality) {
    char place[PLACE_SIZE + 16]; /* longer than its caller's */
    uint32_t at_most = 0;
    const json_t *rate = NULL;
    const struct officer_json_member members[] = {
        {"falseMatchRate", OFFICER_JSON_IGNORED, false, &rate, 0},
        {"atMost", OFFICER_JSON_COUNT, false, &at_most, 0},
    };
    (void)snprintf(place, sizeof place, "%s.%s", where, name);
    RESULT_TRY(OFFICER_JSON_READ(object, place, members));
    if (at_most > UINT8_MAX)
        return officer_json_refuse(place, "atMost");
    biometrics->presented[modality] = (uint8_t)at_most;
    return read_probability(object, place, "falseMatchRate", &biometrics->rate[modality]);
}

enum result cmd_biometrics_policy(const json_t *object, const char *where,
                                  struct policy_biometrics *biometrics) {
    static const char *const names[POLICY_BIOMETRICS] = {
        [POLICY_FINGER] = "finger", [POLICY_IRIS] = "iris", [POLICY_FACE] = "face"};
    const json_t *uses[POLICY_BIOMETRICS] = {NULL, NULL, NULL};
    char place[PLACE_SIZE];
    const struct officer_json_member members[] = {
        {"finger", OFFICER_JSON_OBJECT, false, &uses[POLICY_FINGER], 0},
        {"iris", OFFICER_JSON_OBJECT, false, &uses[POLICY_IRIS], 0},
        {"face", OFFICER_JSON_OBJECT, false, &uses[POLICY_FACE], 0},
        {"ceiling", OFFICER_JSON_IGNORED, false, NULL, 0},
        {"namesFactors", OFFICER_JSON_BOOLEAN, false, &biometrics->names_factors, 0},
        {"anyPosition", OFFICER_JSON_BOOLEAN, false, &biometrics->any_position, 0},
    };
    (void)snprintf(place, sizeof place, "%s.biometrics", where);
    RESULT_TRY(OFFICER_JSON_READ(object, place, members));
    for (enum policy_biometric i = 0; i < POLICY_BIOMETRICS; i++)
        if (uses[i] != NULL)
            RESULT_TRY(read_modality(uses[i], place, names[i], biometrics, i));
    return read_probability(object, place, "ceiling", &biometrics->ceiling);
}
