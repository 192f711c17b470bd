#pragma once

#include "tests/bench/floor.h"

/* A SoftHSM token in a folder of its own with two keys, used without any layer between: RSA-2048
 * for the MOSIP profile, P-256 for JOSE; and another of RSA-2048 for the content keys of fingers.
 */
struct floor_token;
MUST_CHECK enum err floor_token_open(struct floor_token **token, const char *folder,
                                     enum profile profile, bool fingers);
void floor_token_close(struct floor_token *token);
/* Fills decrypt, sign and, with fingers, decrypt_finger. */
MUST_CHECK enum err floor_token_measure(struct floor_token *token, struct floor_parts *parts);
