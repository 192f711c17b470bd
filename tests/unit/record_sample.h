#pragma once

#include "firmware/base/bytes.h"
#include "authd/wire/biometric_wire.h"

/*
 * A writer of finger minutiae records, for what the readers are tried with. Every value of a view
 * follows from its place, so that what was read can be compared with what was written.
 */
#define RECORD_SAMPLE_WIDTH   300
#define RECORD_SAMPLE_HEIGHT  400
#define RECORD_SAMPLE_QUALITY 80

struct record_sample {
    enum biometric_format format; /* one of finger minutiae, not the card's */
    uint8_t views;
    uint8_t positions[BIOMETRIC_FINGERS_MAX + 1];  /* of each view */
    uint8_t minutiae;                              /* in each view */
    bool has_certificates, has_no_minutia_quality; /* of ISO 2011 alone */
    struct bytes extension;                        /* each view's extended data area */
};

/* Two views of a right index finger and one of a left thumb, six minutiae each, no extended data.
 */
struct record_sample record_sample(enum biometric_format format);
struct bytes record_sample_write(const struct record_sample *sample, uint8_t *memory, size_t size);

/* The minutia at ${index} of any view, as the reader must give it. */
struct finger_minutia record_sample_minutia(const struct record_sample *sample, uint8_t index);

/* The length in the record's header, for one that was changed. */
void record_sample_set_length(const struct record_sample *sample, uint8_t *memory, size_t len);
