#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/*
 * The plain part of XML 1.0 with namespaces, by expat: elements, attributes, text and the
 * references that need no declaration. A document type, a processing instruction, a comment, a
 * CDATA section and any encoding but UTF-8 refuse the document where they begin: nothing is
 * declared, so nothing is expanded or fetched. expat has the workspace for its memory and no more
 * of it than XML_ARENA_BYTES. One thread.
 */
#define XML_ARENA_BYTES (64u * 1024u)

struct xml_element {
    const char *name;      /* without the namespace, which is xml_events's */
    const char *attribute; /* NULL: it has none; more than one refuses the document */
    const char *value;
};

/* False refuses the document. Text comes in any number of pieces. */
struct xml_events {
    const char *name_space; /* that every element must be in */
    bool (*open)(void *state, const struct xml_element *element);
    bool (*text)(void *state, struct bytes text);
    bool (*close)(void *state);
};

/*
 * ERR_MALFORMED; ERR_TOO_LARGE (expat needs more memory); ERR_FULL (the workspace has no
 * XML_ARENA_BYTES). ${line}, from 1, is where reading ended.
 */
MUST_CHECK enum err xml_read(struct bytes text, const struct xml_events *events, void *state,
                             struct buffer *workspace, uint32_t *line);
