#pragma once

#include "firmware/base/bytes.h"
#include "hsm/keyring.h"
#include "hsm/sign.h"

/*
 * Writes and signs a checkpoint into ${note}, once the mark in ${keyring} is raised to it: the mark
 * is durable before there is a signature that anybody could have. ERR_DENIED: it says less than a
 * checkpoint before it, nothing is signed. ERR_LIMIT: the mark could not be stored (a full disk),
 * nothing is signed, later it may be. ERR_HSM: the token failed; ERR_FULL: ${note} is too small;
 * ERR_CORRUPT.
 */
MUST_CHECK enum err high_water_sign(struct keyring *keyring, struct sign_es256 *audit,
                                    const struct hsm_checkpoint *checkpoint, struct buffer *note);
