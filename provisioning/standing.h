#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "firmware/base/err.h"
#include "hsm/wire_wrap.h"

/*
 * What signer 0 says of the two keys that the registry depends on, the KEK and the pepper, and what
 * it was told of that.
 */
struct provd;

struct standing {
    bool is_known;
    struct hsm_generations kek, pepper; /* when it is known */
    bool was_asked;
    int64_t asked_ms;          /* of the boot clock */
    uint64_t keyring_sequence; /* that signer 0 worked with then */
    struct hsm_need told;      /* by this process */
};

/* Asks when it is time to: at first, when signer 0 works with another keyring, once a minute. */
void standing_look(struct provd *provd);
/*
 * Tells signer 0 that the registry depends on ${generation} of ${purpose} (KEK, PEPPER) and later
 * ones alone; not again what this process has told. ERR_DENIED: the keyring says otherwise.
 */
MUST_CHECK enum err standing_tell(struct provd *provd, enum hsm_purpose purpose,
                                  uint16_t generation);
