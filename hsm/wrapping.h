#pragma once

#include "hsm/keyring.h"
#include "hsm/token.h"

/*
 * The second half of a roll of the KEK, in signer 0: what an older KEK has wrapped in the keyring
 * is wrapped by the active one, a row a step. A row is stored only when what is new opens with the
 * active KEK alone and gives the same; each step is one transaction, so that a process that is
 * killed anywhere goes on with the next row. Until the last one the older KEK is needed
 * (hsm/keyring_need.h). The record roots are provd's (hsm/wire_wrap.h).
 */
struct wrapping {
    struct keyring *keyring; /* its writer's */
    struct token *token;
    bool is_after;            /* the rows up to ${after} were tried in vain */
    struct keyring_row after; /* its purpose and generation alone */
    size_t failed;            /* rows of this round that no KEK opens */
    bool told;                /* they are in the log */
};

struct wrapping wrapping_of(struct keyring *keyring, struct token *token);

/* Of a step. */
enum wrapping_outcome {
    WRAPPING_OVER,   /* nothing is left, or nothing that opens: the next step begins again */
    WRAPPING_DONE,   /* a row was wrapped anew */
    WRAPPING_PASSED, /* a row that no KEK opens was left as it is */
};

/*
 * ERR_HSM, ERR_NOT_FOUND: the token failed, or does not have a KEK of the keyring; ERR_SYSTEM: not
 * stored; ERR_CORRUPT.
 */
MUST_CHECK enum err wrapping_step(struct wrapping *wrapping, enum wrapping_outcome *outcome);

/*
 * Wraps what ${ring}, of ${label}, opens for the KEK of ${certificate}, one of the ring's, and
 * opens it again with that KEK alone. ${uses} grows by the operations of the token. ERR_CRYPTO: no
 * key of the ring opens it, or the KEK does not open what was wrapped for it. ERR_HSM.
 */
struct unwrap_ring;
MUST_CHECK enum err wrapping_again(struct unwrap_ring *ring, const char *label,
                                   struct bytes certificate,
                                   uint8_t wrapped[static HSM_WRAPPED_BYTES], uint64_t *uses);
