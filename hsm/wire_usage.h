#pragma once

#include "hsm/wire.h"

/*
 * Core tells signer 0 which keys programmes still encrypt to, more often than usage_hold.h lets it
 * be old. No answer.
 */
#define WIRE_USAGE_TOLD     134
#define WIRE_USAGE_KEYS_MAX 64

struct wire_usage {
    bool all; /* core does not know enough to name them: every key counts as used */
    size_t count;
    struct {
        enum hsm_purpose purpose;
        uint16_t generation;
    } keys[WIRE_USAGE_KEYS_MAX];
};

void wire_usage_put(struct buffer *target, const struct wire_usage *used);
/* ERR_MALFORMED, ERR_TOO_LARGE, ERR_TRUNCATED. */
MUST_CHECK enum err wire_usage_get(struct bytes payload, struct wire_usage *used);
