#pragma once

#include "firmware/base/err.h"
#include "authd/wire/unseal_wire.h"
#include "provisioning/change.h"

/*
 * Operations on programmes. ERR_OK: done. An error with an outcome set: refused, nothing has
 * changed. An error without: the question breaks the protocol, and the officer's connection ends.
 */
MUST_CHECK enum err programmes_trust_add(struct change *change);
MUST_CHECK enum err programmes_partner_add(struct change *change);
MUST_CHECK enum err programmes_partner_status(struct change *change);
MUST_CHECK enum err programmes_policy_add(struct change *change);
MUST_CHECK enum err programmes_api_key_add(struct change *change);
MUST_CHECK enum err programmes_misp_add(struct change *change);

/* A certificate that was read, into the row of the programme whose it is. Refuses a larger one than
 * rows have room for. */
MUST_CHECK enum err programmes_fill_certificate(struct change *change,
                                                const struct unseal_certificate_read *read,
                                                struct partner *partner);
