#pragma once

#include "firmware/base/clock.h"
#include "authd/store/ledger_row.h"

/*
 * What a claim did, as its request's record carries it: boot id(16) ‖ lsn(8) ‖ count(1) ‖ for each
 * row its key(16) and what it says now. A request's claims follow one another.
 */
#define LEDGER_EFFECTS_HEADER_BYTES (CLOCK_BOOT_ID_BYTES + 8 + 1)

/* The rows carry the claim's lsn. */
void ledger_effects_put_claim(struct buffer *effects, const uint8_t *boot_id,
                              const struct ledger_row *rows, size_t count);

/* Hands each row to ${each} with the boot it is of. ERR_CORRUPT when the bytes are not effects:
 * rows before the damage have been handed over then. */
MUST_CHECK enum err ledger_effects_each(struct bytes effects,
                                        enum err (*each)(void *context, const uint8_t *boot_id,
                                                         const struct ledger_row *row),
                                        void *context);
