#pragma once

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

#define DER_CERTIFICATE_MAX 8192

/*
 * The DER in ${encoded}, which is DER or the text of a PEM file, of which the first certificate
 * counts (RFC 7468). ERR_MALFORMED unless it is framed as a certificate to its last byte; what is
 * inside has not been read.
 */
MUST_CHECK enum err der_certificate(struct bytes encoded, struct buffer *workspace,
                                    struct bytes *der);

/* The same of a request for a certificate (PKCS#10, RFC 2986), which is framed alike. */
MUST_CHECK enum err der_request(struct bytes encoded, struct buffer *workspace, struct bytes *der);

/* What is inside the issuer's and the subject's name, as encoded. ERR_MALFORMED. */
MUST_CHECK enum err der_names(struct bytes certificate, struct bytes *issuer,
                              struct bytes *subject);
