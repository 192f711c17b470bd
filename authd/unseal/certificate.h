#pragma once

#include <stdbool.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "authd/wire/unseal_wire.h"

/*
 * X.509 certificates from outside, read by OpenSSL. The way of an ordinary request does not pass
 * here: it needs only the hash of the certificate (der.h), as core knows the registered ones.
 *
 * What is required of a key: at least 112 bits of strength (NIST SP 800-57 part 1, table 2), RSA
 * not above 4096 bits and with an exponent as FIPS 186-5 wants it. A path is one of RFC 5280 at the
 * given time, from the certificate to an anchor that is its issuer (and need not be self-signed),
 * every key and signature in it of that strength. Intermediates that the other side sends are not
 * used and nothing is fetched.
 */

/* Loads OpenSSL's algorithms: before confinement. ERR_CRYPTO. */
MUST_CHECK enum err certificate_open(void);
void certificate_close(void);

/* UNSEAL_FOREIGN. Whatever is wrong makes it untrusted. */
void certificate_judge(const struct unseal_foreign *question, struct buffer *workspace,
                       struct unseal_foreign_judged *answer);

/* UNSEAL_CERTIFICATE: enum certificate_key says which keys are admitted. Views point into
 * ${workspace}. */
void certificate_read(const struct unseal_certificate *question, struct buffer *workspace,
                      struct unseal_certificate_read *answer);
