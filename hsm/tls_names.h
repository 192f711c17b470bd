#pragma once

#include <openssl/x509.h>

#include "firmware/base/err.h"

/*
 * The names under which clients reach the box, as its TLS certificate has them (RFC 5280 §4.2.1.6):
 * "id.example.ma, 192.0.2.7" gives a dNSName and an iPAddress. A host name has letters, digits,
 * hyphens and dots; its first label may be an asterisk.
 */
#define TLS_NAMES_MAX 16

/* Whether ${names} can be used. ERR_CONFIG: an empty or odd name, or too many. ERR_CRYPTO. */
MUST_CHECK enum err tls_names_check(const char *names);
/* Adds them as subjectAltName. ERR_CONFIG; ERR_CRYPTO. */
MUST_CHECK enum err tls_names_add(const char *names, X509 *certificate);
/* The same for a certificate request (RFC 2986), and the first host name as its subject's CN. */
MUST_CHECK enum err tls_names_request(const char *names, X509_REQ *request);
