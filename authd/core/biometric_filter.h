#pragma once

#include "authd/core/request.h"
#include "authd/wire/sample_wire.h"

/*
 * The filter layer's checks of biometrics (§6.2, steps 10 and 11): whether a capture device of the
 * trust domain signed them, and they open. Refuses by request_refuse_filter, with the first
 * segment's first fault.
 */

/* Before any key is unwrapped: what must be there is there, and has the form it must have. */
void biometric_filter_segments(struct request *request);

/* What unseal then found. Samples that are not of the segments that were asked about are none: that
 * is logged and refused. */
void biometric_filter_samples(struct request *request, const struct samples *samples);
