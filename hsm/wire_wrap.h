#pragma once

#include "hsm/wire.h"

/*
 * What provd asks signer 0 about the two keys that stores depend on, the KEK and the pepper, and
 * tells it of what they depend on.
 */
enum hsm_wrap_verb {
    HSM_STANDING = 124, /* no payload */
    HSM_STANDING_IS = 125,
    HSM_REWRAP_ROOT = 126, /* a record root under any KEK that opens: under the active one */
    HSM_ROOT_REWRAPPED = 127,
    HSM_NEED = 128, /* on which generations the registry still depends */
    HSM_NEEDED = 129,
};

/* Generations of the keys of one purpose. */
struct hsm_generations {
    uint16_t active;
    uint16_t oldest; /* that is still in use: it opens, or lookup keys are made with it */
};
struct hsm_standing {
    struct hsm_receipt receipt;
    struct hsm_generations kek, pepper;
};

struct hsm_rewrap_root {
    uint8_t wrapped[HSM_WRAPPED_BYTES];
};
/* ${receipt.status}: ERR_CRYPTO: no KEK that is in use opens it; ERR_LIMIT: a KEK has just become
 * active, ask again. */
struct hsm_root_rewrapped {
    struct hsm_receipt receipt;
    uint8_t wrapped[HSM_WRAPPED_BYTES];
    uint16_t kek_generation; /* that opens the new ${wrapped}: the active one */
};

/*
 * The registry depends on these generations and later ones, and on none before. They only ever
 * rise.
 */
struct hsm_need {
    uint16_t kek_from, pepper_from; /* 0: nothing is said of this purpose; not both */
};
/* ${receipt.status}: ERR_DENIED: less than was told before, or later than the active key: neither
 * is taken; ERR_LIMIT: it could not be stored, say it again. */
struct hsm_needed {
    struct hsm_receipt receipt;
};

void hsm_wire_put_standing(struct buffer *target, const struct hsm_standing *answer);
MUST_CHECK enum err hsm_wire_get_standing(struct bytes payload, struct hsm_standing *answer);
void hsm_wire_put_rewrap_root(struct buffer *target, const struct hsm_rewrap_root *question);
MUST_CHECK enum err hsm_wire_get_rewrap_root(struct bytes payload,
                                             struct hsm_rewrap_root *question);
void hsm_wire_put_root_rewrapped(struct buffer *target, const struct hsm_root_rewrapped *answer);
MUST_CHECK enum err hsm_wire_get_root_rewrapped(struct bytes payload,
                                                struct hsm_root_rewrapped *answer);
void hsm_wire_put_need(struct buffer *target, const struct hsm_need *question);
MUST_CHECK enum err hsm_wire_get_need(struct bytes payload, struct hsm_need *question);
void hsm_wire_put_needed(struct buffer *target, const struct hsm_needed *answer);
MUST_CHECK enum err hsm_wire_get_needed(struct bytes payload, struct hsm_needed *answer);
