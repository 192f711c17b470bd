#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "firmware/base/secret.h"
#include "authd/match/finger.h"
#include "authd/wire/biometric_wire.h"

/*
 * A person's enrolled biometrics, as the sealed row of REGISTRY_BIOMETRICS has them: templates, no
 * images. Apart from the identity, so that nothing but a biometric factor opens them. Prepared
 * forms are not stored: they are ten times as large and made in 23 us (docs/matching.md).
 */
#define ENROLLED_MAX         32 /* impressions, eyes and faces of a person in all */
#define ENROLLED_A_PART_MAX  4  /* impressions of one finger, codes of one eye */
#define ENROLLED_PLAIN_MAX   (128u * 1024u)
#define ENROLLED_PLUGIN_NAME 32

enum enrolled_kind {
    ENROLLED_MINUTIAE = 1,
    ENROLLED_IRIS_CODE,   /* container of iris_code.h */
    ENROLLED_FACE_VECTOR, /* container of face_vector.h */
    ENROLLED_PLUGIN,      /* what a vendor's plug-in extracted; only that plug-in reads it */
};

struct enrolled_part {
    enum biometric_modality modality;
    /* finger: 1 right thumb … 10 left little finger; iris: 1 right, 2 left; face: 0 */
    uint8_t position;
    enum enrolled_kind kind;
    struct finger_template minutiae;   /* MINUTIAE; its position and quality with it */
    char plugin[ENROLLED_PLUGIN_NAME]; /* PLUGIN: name and version it was extracted by; else "" */
    struct bytes data;                 /* the others: a view of the memory it was decoded from */
};

struct enrolled {
    size_t count;
    struct enrolled_part parts[ENROLLED_MAX];
};

/*
 * ERR_MALFORMED: nothing, or over a bound above (one finger, one eye or the face has at most
 * ENROLLED_A_PART_MAX), a position or a kind that the modality does not have, a template out of its
 * range, with fewer than BIOMETRIC_MINUTIAE_MIN minutiae or of another position than its part, a
 * plug-in's name that is not visible ASCII; ERR_FULL.
 */
MUST_CHECK enum err enrolled_encode(const struct enrolled *enrolled, struct buffer *plain);
/* ERR_CORRUPT: not what enrolled_encode writes. The views point into ${plain}. */
MUST_CHECK enum err enrolled_decode(struct bytes plain, struct enrolled *enrolled);
