#pragma once

#include "firmware/base/err.h"
#include "authd/core/core.h"
#include "authd/core/request.h"
#include "authd/wire/sample_wire.h"

/*
 * What a device captured serves one request, of whatever programme and about whomever: neither
 * profile binds it to a person, and whoever handled it in clear could seal it anew. A body that is
 * served again because nothing was decided may present it again.
 */

/* Claims all of ${samples}, for as long as they could be presented, or refuses: one was presented
 * before, or comes twice. ERR_UNAVAILABLE. */
MUST_CHECK enum err biometric_once_claim(struct core *core, struct request *request,
                                         const struct samples *samples);
