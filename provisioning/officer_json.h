#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "provisioning/officer_link.h"

/*
 * Files of officers: strict JSON. A double member, an unknown one, a missing one or one of the
 * wrong type refuses the file, with a complaint that names it. null is the same as absent where a
 * member need not be there.
 */
MUST_CHECK_RESULT enum result officer_json_load(const char *path, json_t **root);
void officer_json_free(json_t **root);
#define JSON_CLEANUP __attribute__((cleanup(officer_json_free)))

enum officer_json_kind {
    OFFICER_JSON_TEXT,    /* char[size] */
    OFFICER_JSON_BOOLEAN, /* bool */
    OFFICER_JSON_COUNT,   /* uint32_t */
    OFFICER_JSON_TIME,    /* int64_t, wall ms; as officer_input_time reads it */
    OFFICER_JSON_STATUS,  /* enum programme_status */
    OFFICER_JSON_ARRAY,   /* json_t *, borrowed from the root; NULL when absent */
    OFFICER_JSON_OBJECT,  /* the same */
    OFFICER_JSON_IGNORED, /* allowed, not used */
};

struct officer_json_member {
    const char *name;
    enum officer_json_kind kind;
    bool required;
    void *target; /* keeps its value when the member is absent */
    size_t size;  /* TEXT */
};

/* ${where} names the object in complaints: "people.json: people[12]". */
MUST_CHECK_RESULT enum result officer_json_read(const json_t *object, const char *where,
                                                const struct officer_json_member *members,
                                                size_t member_count);
/* The same, with the size of a table. */
#define OFFICER_JSON_READ(object, where, members)                                                  \
    officer_json_read(object, where, members, sizeof(members) / sizeof(members)[0])

/* A value that the tables cannot judge: complains that ${member} of ${where} is not allowed. */
MUST_CHECK_RESULT enum result officer_json_refuse(const char *where, const char *member);
/* The text of an element of an array; NULL and a complaint when it is none. */
MUST_CHECK_RESULT enum result officer_json_text(const json_t *value, const char *where,
                                                const char *member, const char **text);
/* "FILE: LIST[INDEX]". */
#define OFFICER_JSON_PLACE_SIZE 512
void officer_json_place(char place[static OFFICER_JSON_PLACE_SIZE], const char *where,
                        const char *list, size_t index);
