#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "authd/match/finger.h"

/* What is known of biometric records, and the part of a message that minutiae are. */
#define BIOMETRIC_FINGERS_MAX   10
#define BIOMETRIC_MINUTIAE_MIN  4 /* fewer do not tell one finger from another */
#define BIOMETRIC_POSITIONS     11
#define BIOMETRIC_CONTAINER_MAX 8216 /* the larger of iris_code.h and face_vector.h */
/* What the minutiae of a finger take in a message at most. */
#define BIOMETRIC_MINUTIAE_BYTES (7u + FINGER_TEMPLATE_MINUTIAE * 7u)

enum biometric_modality {
    BIOMETRIC_FINGER = 0,
    BIOMETRIC_IRIS,
    BIOMETRIC_FACE,
};

enum biometric_format {
    BIOMETRIC_FORMAT_UNKNOWN = 0, /* none of these; of what is expected: any */
    /* finger minutiae */
    BIOMETRIC_ISO_19794_2_2005,
    BIOMETRIC_ISO_19794_2_2011,
    BIOMETRIC_ANSI_378_2004,
    BIOMETRIC_ANSI_378_2009,    /* and its amendment 1: refused */
    BIOMETRIC_ISO_19794_2_CARD, /* the forms for chip cards: refused, they lack what a record has */
    /* images: there is no extractor in this process */
    BIOMETRIC_ISO_19794_4_2005,
    BIOMETRIC_ISO_19794_4_2011,
    BIOMETRIC_ISO_19794_5_2005,
    BIOMETRIC_ISO_19794_5_2011,
    BIOMETRIC_ISO_19794_6_2005,
    BIOMETRIC_ISO_19794_6_2011,
    /* containers of ours (iris_code.h, face_vector.h): accepted */
    BIOMETRIC_IDCS_IRIS_CODE,
    BIOMETRIC_IDCS_FACE_VECTOR,
    BIOMETRIC_FORMATS
};

/* Why a record gives nothing to compare. The first rule that it breaks counts. */
enum biometric_reason {
    BIOMETRIC_READ = 0,
    BIOMETRIC_UNRECOGNISED,     /* in no format that this process knows by name */
    BIOMETRIC_OTHER_MODALITY,   /* of a finger where an iris was announced */
    BIOMETRIC_OTHER_POSITION,   /* of another finger or eye than was announced */
    BIOMETRIC_UNEXPECTED,       /* in another format than announced */
    BIOMETRIC_NOT_ACCEPTED,     /* in a format that is known and refused */
    BIOMETRIC_NO_EXTRACTOR,     /* a well-formed image */
    BIOMETRIC_WRONG_LENGTH,     /* it says another length than it has, or its parts do */
    BIOMETRIC_TRUNCATED,        /* it counts more than it holds */
    BIOMETRIC_BAD_HEADER,       /* reserved bits, no maker, no such flag */
    BIOMETRIC_BAD_SIZE,         /* width or height of the image */
    BIOMETRIC_BAD_RESOLUTION,   /* below 250 or far above 1000 dpi */
    BIOMETRIC_NO_VIEW,          /* of no finger, of no image */
    BIOMETRIC_TOO_MANY_VIEWS,   /* more than BIOMETRIC_FINGERS_MAX */
    BIOMETRIC_BAD_VIEW,         /* no such finger or impression, or not numbered in order */
    BIOMETRIC_BAD_QUALITY,      /* of the finger */
    BIOMETRIC_BAD_TIME,         /* of the capture */
    BIOMETRIC_TOO_FEW_MINUTIAE, /* fewer than BIOMETRIC_MINUTIAE_MIN */
    BIOMETRIC_BAD_MINUTIA,   /* outside the image, reserved bits, no such kind, angle or quality */
    BIOMETRIC_BAD_EXTENSION, /* blocks that do not fill their area, or of no such type */
    BIOMETRIC_REASONS
};

/* Returns from the calling function with what is not BIOMETRIC_READ. */
#define BIOMETRIC_TRY(expression)                                                                  \
    do {                                                                                           \
        enum biometric_reason biometric_reason_ = (expression);                                    \
        if (biometric_reason_ != BIOMETRIC_READ)                                                   \
            return biometric_reason_;                                                              \
    } while (0)

struct biometric_finger {
    uint8_t impression; /* ISO/IEC 19794-2:2011, table 9; see biometric_wire_is_impression */
    struct finger_template
        minutiae; /* at least BIOMETRIC_MINUTIAE_MIN, at the image's resolution */
};

struct biometric_record {
    enum biometric_format format;
    enum biometric_reason reason;
    /* Of BIOMETRIC_READ one of the two, as its format says, else neither. The reader wipes them. */
    size_t finger_count;
    struct biometric_finger fingers[BIOMETRIC_FINGERS_MAX];
    size_t container_len;
    uint8_t container[BIOMETRIC_CONTAINER_MAX]; /* as iris_code.h or face_vector.h writes it */
};

/* Names for the log and for answers: "iso-19794-2-2005"; "bad-minutia". Never NULL. */
const char *biometric_wire_format_name(enum biometric_format format);
const char *biometric_wire_reason_text(enum biometric_reason reason);

/* Whose body it is of; ${format} is not BIOMETRIC_FORMAT_UNKNOWN. */
enum biometric_modality biometric_wire_modality(enum biometric_format format);
/* Whether records in it are read: the three formats of minutiae that are not refused, and ours. */
bool biometric_wire_is_accepted(enum biometric_format format);

/* 0 live plain, 1 live rolled, 2 and 3 the same from paper, 4 to 7 latent, 8 swipe, 9 rolled
 * vertically, 24 without contact, 28 other, 29 unknown. */
bool biometric_wire_is_impression(uint8_t code);

/* Of one finger, at least BIOMETRIC_MINUTIAE_MIN: a part of a message. The reader is sticky, as
 * those of field.h; what it has read of a message that is refused is the caller's to wipe. */
void biometric_wire_put_minutiae(struct buffer *target, const struct finger_template *minutiae);
void biometric_wire_get_minutiae(struct cursor *cursor, struct finger_template *minutiae);
