#pragma once

#include <stdint.h>

#include "firmware/base/err.h"

/*
 * The pseudonymous tokens of MOSIP (§5.5): 36 decimal digits. Every hash is doubled, its hex is
 * upper case, and the number is the big integer of the hex text's own characters.
 */
#define TOKEN_SIZE 37

/*
 * T(subject, audience) with the two national salts: the identity token is T(UIN, verification
 * partner), the authToken T(identity token, partner id or policy id). ERR_CRYPTO.
 */
MUST_CHECK enum err token_derive(const char *subject, const char *audience, const char *uin_salt,
                                 const char *partner_salt, char token[static TOKEN_SIZE]);

#define TOKEN_SEED_BYTES 32
/* The token that belongs to a random number. */
MUST_CHECK enum err token_of_seed(const uint8_t seed[static TOKEN_SEED_BYTES],
                                  char token[static TOKEN_SIZE]);
/* A token nobody can derive again, for policies of type `random`. */
MUST_CHECK enum err token_random(char token[static TOKEN_SIZE]);
