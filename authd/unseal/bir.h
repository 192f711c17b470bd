#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "authd/unseal/xml.h"

/*
 * Biometric information records as MOSIP's registration stores a person's: the XML patron format of
 * ISO/IEC 19785-3 (CBEFF), edition 2, with MOSIP's `others`. A BIR that has no data of its own
 * holds those that have; they hold none. Every element that may stand there is known by name, has
 * its place in the order, and stands there once, so none is deeper than four below its record.
 *
 * What is asked for and not done here refuses the document: integrity, encryption, another
 * organisation's formats.
 */
#define BIR_RECORDS_MAX 32
#define BIR_BYTES_MAX   (240u * 1024u)
/* expat's memory; the data, each once decoded and while it is decoded also as text. */
#define BIR_WORKSPACE_BYTES (XML_ARENA_BYTES + 2u * BIR_BYTES_MAX)

enum bir_type {
    BIR_FINGER = 0,
    BIR_IRIS,
    BIR_FACE,
    BIR_EXCEPTION_PHOTO, /* of a person who lacks what should be captured */
    BIR_TYPES
};

/* The data block's format, of those that IBIA lists for ISO/IEC JTC 1/SC 37 (organisation 257). */
enum bir_format {
    BIR_FINGER_MINUTIAE = 2,
    BIR_FINGER_IMAGE = 7,
    BIR_FACE_IMAGE = 8,
    BIR_IRIS_IMAGE = 9,
};

struct bir_record {
    enum bir_type type;
    enum bir_format format; /* one of the type, and what the data's first bytes say too */
    uint8_t position; /* finger: 1 right thumb … 10 left little finger; iris: 1 right, 2 left */
    bool exception;   /* could not be captured */
    bool has_quality;
    uint8_t quality; /* 0 to 100 */
    struct bytes
        data; /* a view of the workspace, for biometric_record_read; of an exception empty */
};

struct bir {
    uint32_t line; /* where reading ended, from 1: for who has to mend the document */
    size_t count;  /* 0 of what is refused */
    struct bir_record records[BIR_RECORDS_MAX];
};

/*
 * ERR_MALFORMED; ERR_TOO_LARGE (over BIR_BYTES_MAX, over BIR_RECORDS_MAX, too much for expat);
 * ERR_FULL: the workspace has no BIR_WORKSPACE_BYTES.
 */
MUST_CHECK enum err bir_read(struct bytes text, struct buffer *workspace, struct bir *bir);
