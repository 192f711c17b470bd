#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "firmware/base/bytes.h"

/* What every certificate that the signer writes is made of. false: OpenSSL has failed. */

#define CERTIFICATE_PARTS_SLACK_S                                                                  \
    INT64_C(3600) /* valid so much earlier, for clocks that are slow */

/* Reads DER. NULL: it is no certificate. The caller frees it. */
X509 *certificate_parts_parse(struct bytes der);
/* 127 random bits: positive, and nobody can foresee them. */
bool certificate_parts_serial(X509 *certificate);
/* From CERTIFICATE_PARTS_SLACK_S before ${now_ms} until ${until_ms}, of the wall clock. */
bool certificate_parts_validity(X509 *certificate, int64_t now_ms, int64_t until_ms);
/* Appends a member: ${field} is "C", "O" or "CN"; ${value} in ASCII. */
bool certificate_parts_name(X509_NAME *name, const char *field, const char *value);
/* Adds ${extension}, a NID_ number, with a value in the words of x509v3_config(5). */
bool certificate_parts_extension(X509 *certificate, X509 *issuer, int extension, const char *value);
/* Adds the identifiers of its issuer's key and of its own (RFC 5280 §4.2.1.1, §4.2.1.2). */
bool certificate_parts_identifiers(X509 *certificate, X509 *issuer);
/* Appends DER. ERR_CRYPTO, ERR_FULL. */
MUST_CHECK enum err certificate_parts_put(struct buffer *target, X509 *certificate);
