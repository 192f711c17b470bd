#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "authd/match/finger.h"
#include "authd/wire/biometric_wire.h"
#include "authd/wire/biometric_wire_segment.h"

/*
 * What unseal says of the biometrics of one request, in two steps, as their keys lie between.
 *
 * 1. With the payload (UNSEAL_PAYLOAD, JOSE_SEALED): the text of the member `biometrics`, and what
 *    its segments say of themselves, of which nothing is verified. Core checks their fields and has
 *    a signer unwrap each segment's session key.
 * 2. UNSEAL_SAMPLES: the same text with those keys. Each segment's two signatures are verified up
 *    to the trust stores, bioValue is opened, the hash chain is followed, the record is read.
 *
 * Core takes nothing of step 2 for a segment that says another kind or position than in step 1.
 */
#define SAMPLE_ANCHORS_MAX 16
#define SAMPLE_KEY_BYTES   32
#define SAMPLE_HASH_BYTES  32
#define SAMPLE_RECORD_MAX  (240u * 1024u) /* a record, or a document of several, as bir.h takes */

/* ---- step 1: struct biometric_segments, as a block in the answers of both profiles ---- */
#define SAMPLE_SEGMENTS_MAX (32u * 1024u) /* of that block */

/* Texts, signatures, certificates and bio_value themselves stay behind: of a signed part only
 * presence, shape and is_json travel; for a bio_value that is well encoded stands one byte.
 * session_key, thumbprint and hash are views. Capture, part, position and times do not travel: they
 * are read again from their texts. ${segments} that are refused are malformed. The reader is
 * strict. */
void sample_wire_put_segments(struct buffer *target, const struct biometric_segments *segments);
MUST_CHECK enum err sample_wire_get_segments(struct bytes block,
                                             struct biometric_segments *segments);

/* ---- step 2 ---- */

struct samples_question {
    struct bytes text; /* of the member, as it came with the payload */
    int64_t now_ms;    /* for the dates of certificates */
    size_t key_count;  /* that of the segments */
    uint8_t keys[BIOMETRIC_SEGMENTS_MAX][SAMPLE_KEY_BYTES]; /* the reader wipes them */
    /* DER certificates of the trust domains DEVICE (who signs data) and FTM (who signs digitalId)
     */
    size_t device_anchor_count, ftm_anchor_count;
    struct bytes device_anchors[SAMPLE_ANCHORS_MAX], ftm_anchors[SAMPLE_ANCHORS_MAX];
};

enum sample_kind {
    SAMPLE_NONE = 0,
    SAMPLE_MINUTIAE,    /* of one finger */
    SAMPLE_IRIS_CODE,   /* container of iris_code.h */
    SAMPLE_FACE_VECTOR, /* container of face_vector.h */
    SAMPLE_IMAGE,       /* well-formed record of images: for a plug-in */
};

/* There is something to compare only where all four hold: else format, reason and kind are UNKNOWN,
 * UNRECOGNISED and NONE. */
struct sample {
    bool data_trusted; /* signed, by a certificate that leads to a DEVICE anchor and is in time */
    bool digital_id_trusted; /* likewise, to an FTM anchor */
    bool opened;             /* bioValue's tag verified (§3.3) */
    bool chained;            /* hash is that of this and all segments before (§3.4) */
    /* SHA-256 of what is signed in data, and so of this capture and no other; zero if there is none
     */
    uint8_t hash[SAMPLE_HASH_BYTES];
    /* the two below, again, as in step 1 */
    enum biometric_capture capture;
    uint8_t position;
    enum biometric_format format;
    enum biometric_reason reason; /* BIOMETRIC_READ: there is a sample; NO_EXTRACTOR: an image */
    enum sample_kind kind;
    struct finger_template minutiae; /* MINUTIAE; its position is the segment's */
    struct bytes data;               /* the others: a view of the frame */
};

struct samples {
    size_t count; /* that of the keys; 0: the text has not as many segments */
    struct sample samples[BIOMETRIC_SEGMENTS_MAX];
};

void sample_wire_put_question(struct buffer *target, const struct samples_question *question);
MUST_CHECK enum err sample_wire_get_question(struct bytes payload,
                                             struct samples_question *question);
void sample_wire_put_samples(struct buffer *target, const struct samples *samples);
/* The caller wipes ${samples}. */
MUST_CHECK enum err sample_wire_get_samples(struct bytes payload, struct samples *samples);

/* ---- enrolment: one record of the register, for provd ---- */

/*
 * UNSEAL_ENROLMENT: a biometric data block, or a CBEFF document (bir.h) with several, becomes what
 * is enrolled. Of a data block its modality and position are told; a document says them itself.
 */
struct enrolment_question {
    struct bytes record;
    bool is_document;
    enum biometric_modality modality; /* of a data block */
    uint8_t position; /* likewise: 1 to 10 as finger.h; 1 right, 2 left iris; 0 face */
};

#define ENROLMENT_RECORDS_MAX 32
struct enrolment_record {
    enum biometric_modality modality;
    uint8_t position;
    uint8_t quality; /* 0 to 100 */
    enum biometric_format format;
    enum biometric_reason reason;
    enum sample_kind kind;
    struct finger_template minutiae;
    struct bytes data; /* of a container or an image: a view of the frame */
};
struct enrolment {
    enum err status; /* ERR_OK; ERR_MALFORMED: no such document, ${line} says where */
    uint32_t line;
    size_t count;
    struct enrolment_record records[ENROLMENT_RECORDS_MAX];
};
void sample_wire_put_enrolment_question(struct buffer *target,
                                        const struct enrolment_question *question);
MUST_CHECK enum err sample_wire_get_enrolment_question(struct bytes payload,
                                                       struct enrolment_question *question);
void sample_wire_put_enrolment(struct buffer *target, const struct enrolment *enrolment);
MUST_CHECK enum err sample_wire_get_enrolment(struct bytes payload, struct enrolment *enrolment);
