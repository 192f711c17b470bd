#pragma once

#include "provisioning/change.h"

/*
 * OFFICER_CERTIFICATE: the box's CA issues a certificate for the key of a request. The journal has
 * it twice before anybody has the certificate: whose key is to be certified for what, before the
 * signer is asked; and the certificate's hash, before it is registered. Errors as in programmes.h;
 * a certificate that was issued and then refused never leaves this process.
 */
MUST_CHECK enum err issue_certificate(struct change *change);
