#pragma once

#include <stddef.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/* Fields of a certificate, as they go to other processes. */

/* The first common name, in ASCII: it is printed on officers' terminals. "": it has none. */
void certificate_field_name(const X509_NAME *name, char *text, size_t size);
/* ERR_MALFORMED: no time. */
MUST_CHECK enum err certificate_field_time(const ASN1_TIME *time, int64_t *wall_ms);
/* The SubjectPublicKeyInfo, DER, appended to ${workspace}. ERR_MALFORMED, ERR_FULL. */
MUST_CHECK enum err certificate_field_key(const X509 *certificate, struct buffer *workspace,
                                          struct bytes *public_key);
