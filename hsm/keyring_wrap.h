#pragma once

#include "hsm/keyring.h"

/*
 * Rows whose wrapped bytes another KEK than the active one opens: peppers, and keys in their row's
 * own custody, in whatever state they are until they are destroyed. The writer's alone.
 */

/*
 * The first such row that comes after ${after} (NULL: of all). ERR_NOT_FOUND: there is none; or no
 * KEK is active. ERR_CORRUPT.
 */
MUST_CHECK enum err keyring_wrap_next(struct keyring *keyring, const struct keyring_row *after,
                                      struct keyring_row *row);
/*
 * Stores ${wrapped}, which the active KEK of generation ${by} opens, in the row that was read as
 * ${row}. ERR_DENIED: this KEK is not active now, or the row is not as it was read.
 */
MUST_CHECK enum err keyring_wrap_store(struct keyring *keyring, const struct keyring_row *row,
                                       const uint8_t wrapped[static HSM_WRAPPED_BYTES],
                                       uint16_t by);
