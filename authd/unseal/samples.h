#pragma once

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "firmware/base/secret.h"
#include "authd/unseal/biometric_record.h"
#include "authd/unseal/biometrics.h"
#include "authd/unseal/device_trust.h"
#include "authd/wire/sample_wire.h"

/* What was opened of one request: all of it in the secret arena. */
struct samples_opened {
    struct samples samples;
    struct secret blocks[BIOMETRIC_SEGMENTS_MAX]; /* what the samples' data are views of */
    struct biometric_record record;               /* the one being read */
};

/* Fetches the algorithms: before confinement. One thread. ERR_CRYPTO. */
MUST_CHECK enum err samples_open(void);
void samples_close(void);

/*
 * UNSEAL_SAMPLES. ${memory}, which must hold nothing before, becomes a struct samples_opened. What
 * is wrong with a segment is said in its sample, and ERR_FULL and ERR_CRYPTO are faults of this
 * process; samples_forget follows in any case. ${workspace} must have DECODE_WORKSPACE_BYTES. The
 * keys are the caller's to wipe.
 *
 * A finger's record is of one finger. Its position is the segment's, and of a segment that says
 * UNKNOWN its own; likewise an eye.
 */
MUST_CHECK enum err samples_unseal(const struct samples_question *question,
                                   struct buffer *workspace, struct secret *memory);
const struct samples *samples_view(const struct secret *memory);
void samples_forget(struct secret *memory);
