#pragma once

#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "authd/store/programme.h"

/*
 * What a programme has registered for the JOSE profile (docs/protocol.md §2): three P-256 keys,
 * each out of a certificate and for one purpose. Its name, status and policies are those of struct
 * partner.
 */
#define JOSE_CLIENT_KID_BYTES   32
#define JOSE_CLIENT_POINT_BYTES 65 /* 0x04 ‖ x ‖ y, checked to be on the curve at registration */

struct jose_client_key {
    uint8_t kid[JOSE_CLIENT_KID_BYTES]; /* RFC 7638 */
    uint8_t point[JOSE_CLIENT_POINT_BYTES];
    int64_t not_before_ms, not_after_ms;
};

struct jose_client {
    char partner_id[PROGRAMME_ID_SIZE];
    uint8_t tls_thumbprint[32];             /* SHA-256 of the certificate's DER */
    uint8_t tls_kid[JOSE_CLIENT_KID_BYTES]; /* of its key; zeroes: not known, the row is older */
    int64_t tls_not_before_ms, tls_not_after_ms;
    struct jose_client_key signature, encryption;
};

/* The kid of a key. */
void jose_client_kid(const uint8_t point[static JOSE_CLIENT_POINT_BYTES],
                     uint8_t kid[static JOSE_CLIENT_KID_BYTES]);

/*
 * ERR_MALFORMED, and ERR_CORRUPT of stored bytes, for a client that none can be: without an id,
 * with a kid that is not its point's, one key for two purposes, or an end before the beginning.
 */
MUST_CHECK enum err jose_client_encode(const struct jose_client *client, struct buffer *plain);
MUST_CHECK enum err jose_client_decode(struct bytes plain, struct jose_client *client);
