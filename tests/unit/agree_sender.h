#pragma once

#include "hsm/wire.h"

/*
 * The other side of a key agreement: somebody who encrypts to a request key of the box, as its
 * certificate gives it. Fills x and y of ${question} from a fresh ephemeral key, and ${expected}
 * with the content key that they derive for its parties.
 */
void agree_sender_ask(struct bytes certificate, struct hsm_derive *question,
                      uint8_t expected[static HSM_CONTENT_KEY_BYTES]);
