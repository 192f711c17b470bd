#pragma once

#include "authd/core/biometric_exchange.h"
#include "tests/unit/core_fixture.h"

/* Biometrics as unseal says them of a well-behaved capture device, for the tests of core. */

struct capture_part {
    const char *type, *part; /* "Finger", "Left Thumb"; part NULL: none */
};

/* One segment a part, captured at ${now_ms} for ${transaction}; views are of static memory. */
void biometric_fixture_segments(struct biometric_segments *segments,
                                const struct capture_part *parts, size_t count, int64_t now_ms,
                                const char *transaction);
/* A text, read as the wire's reader would. */
void biometric_fixture_name(struct biometric_segment *segment, const char *type, const char *part);
void biometric_fixture_time(struct biometric_time *time, int64_t wall_ms);

/* What unseal then finds: everything trusted, opened and chained, nothing read yet. */
void biometric_fixture_samples(const struct biometric_segments *segments, struct samples *samples);
/* Reads a finger's minutiae into the sample. */
void biometric_fixture_finger(struct sample *sample, unsigned finger, unsigned impression);
