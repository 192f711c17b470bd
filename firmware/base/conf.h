#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/*
 * Settings of one process: `name = value` lines (inih), described by a table. An unknown name, a
 * double one or a value out of range refuses the whole text; ${problem} then says what to do, in
 * one line.
 */
enum conf_type {
    CONF_TEXT,   /* char[size] */
    CONF_NUMBER, /* int64_t between min and max */
    CONF_SWITCH, /* bool: yes or no */
};

struct conf_key {
    const char *name;
    enum conf_type type;
    size_t offset; /* into the settings struct */
    size_t size;   /* CONF_TEXT: of the array */
    int64_t min, max;
    const char *initial; /* NULL: must be given */
    const char *meaning; /* one line for --help and the man page */
};

struct conf_problem {
    char text[256];
};

/* Fills ${settings} from the initial values, then from ${text}. ERR_CONFIG. */
MUST_CHECK enum err conf_parse(struct bytes text, const struct conf_key *keys, size_t key_count,
                               void *settings, struct conf_problem *problem);

/*
 * Cuts section ${section} out of a whole configuration file: its lines, without the header.
 * Sections not in
 * ${known} (NULL-terminated) are ERR_CONFIG. An absent section is empty. The text is appended to
 * ${target}.
 */
MUST_CHECK enum err conf_section(struct bytes file, const char *const *known, const char *section,
                                 struct buffer *target, struct conf_problem *problem);
