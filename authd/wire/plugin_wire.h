#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "firmware/base/frame.h"
#include "authd/wire/biometric_wire.h"

/*
 * core and provd ↔ authd-plugin, the process around a vendor's matcher. It has one question at a
 * time: who asks keeps the next until this one is answered, so that a crash costs one request.
 * Records and templates are opaque here.
 */
enum plugin_verb {
    /* plugin → peer, unasked, once both are up: struct plugin_hello. A second one is that of a
     * successor. */
    PLUGIN_HELLO = 601,
    PLUGIN_EXTRACT = 602, /* provd: a record of images → template and quality */
    PLUGIN_EXTRACTED = 603,
    PLUGIN_COMPARE = 604, /* core: presented records against enrolled templates → scores */
    PLUGIN_COMPARED = 605,
};

#define PLUGIN_NAME_SIZE     32 /* name and version of the vendor's matcher: "acme-3.1" */
#define PLUGIN_TEMPLATE_MAX  (16u * 1024u)
#define PLUGIN_PRESENTED_MAX 10
#define PLUGIN_ENROLLED_MAX  32

struct plugin_hello {
    char name[PLUGIN_NAME_SIZE]; /* visible ASCII; stored with every template it extracts */
    bool modalities[3];          /* by enum biometric_modality: which it can compare */
};

struct plugin_record {
    enum biometric_modality modality;
    uint8_t position;             /* as struct sample */
    enum biometric_format format; /* of an image; a template: BIOMETRIC_FORMAT_UNKNOWN */
    struct bytes data;            /* not empty; a template: at most PLUGIN_TEMPLATE_MAX */
};

struct plugin_extract {
    struct plugin_record record;
};
struct plugin_extracted {
    /* ERR_OK; ERR_DENIED: no template from this image; ERR_UNAVAILABLE: a technical failure. Of
     * both refusals quality is 0 and the template empty. */
    enum err status;
    uint8_t quality; /* 0 to 100 */
    struct bytes template;
};

struct plugin_compare {
    size_t presented_count, enrolled_count; /* at least one of each, all of one modality */
    struct plugin_record presented[PLUGIN_PRESENTED_MAX]; /* image records */
    struct plugin_record enrolled[PLUGIN_ENROLLED_MAX];   /* templates */
};
/*
 * Scores on the scale of finger.h: 1000 · −log10 of the share of comparisons of different people
 * that reach it, at most FINGER_SCORE_MAX; 0 where both positions are known and differ. The vendor
 * answers for the scale.
 */
struct plugin_compared {
    enum err status; /* ERR_OK; ERR_UNAVAILABLE: a technical failure, nothing was compared */
    size_t presented_count, enrolled_count; /* those of the question; 0 unless ERR_OK */
    uint32_t scores[PLUGIN_PRESENTED_MAX][PLUGIN_ENROLLED_MAX];
};

/* Whether a plug-in may be asked about records in it: images by ISO/IEC 19794-4, -5 and -6. */
bool plugin_wire_is_image(enum biometric_format format);

/* The readers are strict, and clear what they fill when they refuse. A question over
 * FRAME_PAYLOAD_MAX is the writer's ERR_FULL. */
void plugin_wire_put_hello(struct buffer *target, const struct plugin_hello *hello);
MUST_CHECK enum err plugin_wire_get_hello(struct bytes payload, struct plugin_hello *hello);
void plugin_wire_put_extract(struct buffer *target, const struct plugin_extract *question);
MUST_CHECK enum err plugin_wire_get_extract(struct bytes payload, struct plugin_extract *question);
void plugin_wire_put_extracted(struct buffer *target, const struct plugin_extracted *answer);
MUST_CHECK enum err plugin_wire_get_extracted(struct bytes payload,
                                              struct plugin_extracted *answer);
void plugin_wire_put_compare(struct buffer *target, const struct plugin_compare *question);
MUST_CHECK enum err plugin_wire_get_compare(struct bytes payload, struct plugin_compare *question);
void plugin_wire_put_compared(struct buffer *target, const struct plugin_compared *answer);
MUST_CHECK enum err plugin_wire_get_compared(struct bytes payload, struct plugin_compared *answer);
