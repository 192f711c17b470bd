#pragma once

#include "authd/core/lane.h"

/*
 * The steps that biometrics add to the way of a request, the same in both profiles: after what was
 * sealed has been opened, the key of each segment, then its sample. It goes on, or is refused, in
 * flow.h.
 */

/* Takes over what unseal said of the payload's biometrics. ERR_MALFORMED: it broke the protocol. */
MUST_CHECK enum err biometric_flow_take(struct lane *lane, struct request *request,
                                        const struct payload *payload);
/* Asks for the first key, or refuses. */
void biometric_flow_begin(struct lane *lane, struct request *request);

/* Answers. ERR_MALFORMED drops the peer. */
MUST_CHECK enum err biometric_flow_on_key(struct lane *lane, struct request *request,
                                          struct bytes payload);
MUST_CHECK enum err biometric_flow_on_samples(struct lane *lane, struct request *request,
                                              struct bytes payload);

/* The question of STEP_SAMPLES. */
MUST_CHECK enum err biometric_flow_ask_samples(const struct core *core,
                                               const struct request *request,
                                               struct buffer *payload);
