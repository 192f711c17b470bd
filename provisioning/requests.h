#pragma once

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "firmware/base/secret.h"
#include "hsm/wire_certify.h"
#include "authd/wire/pkcs10_wire.h"
#include "provisioning/change.h"

/* Requests for certificates that officers bring: unseal reads them, the signer issues. */

/*
 * The key that ${encoded} (PKCS#10, PEM or DER) asks a certificate for, whose owner has signed it.
 * Refuses any that a certificate of ${kind} is not for.
 */
MUST_CHECK enum err requests_read(struct change *change, struct bytes encoded,
                                  enum hsm_certify_kind kind, struct unseal_pkcs10_read *read);
/*
 * Has signer 0 issue what ${question} says, once. ${certified} has views into ${answer}. Refuses
 * when there is none, or no CA, or it is not to be; a key that it does not take by ${key_name}.
 */
MUST_CHECK enum err requests_certify(struct change *change, const struct hsm_certify *question,
                                     const char *key_name, struct secret *answer,
                                     struct hsm_certified *certified);
