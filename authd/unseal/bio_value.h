#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "firmware/base/secret.h"

/*
 * bioValue of a capture device (§3.3): AES-256-GCM whose IV and associated data are the last 12 and
 * 16 bytes of timestamp XOR transactionId, the shorter of the two with zero bytes in front.
 * gcm_open comes first.
 */
#define BIO_VALUE_IV_BYTES         12
#define BIO_VALUE_ADDITIONAL_BYTES 16
#define BIO_VALUE_KEY_BYTES        32

/* What a device says beside the value, as its JSON has it. */
struct bio_value {
    const char *timestamp, *transaction_id;
    struct bytes sealed; /* ciphertext ‖ tag */
};

/* ${additional}, whose last bytes are the IV. ERR_MALFORMED: both texts are shorter than it. */
MUST_CHECK enum err bio_value_derive(const char *timestamp, const char *transaction_id,
                                     uint8_t additional[static BIO_VALUE_ADDITIONAL_BYTES]);

/* *opened says whether the tag verified; ${block}, which must hold nothing before, is a new secret
 * then. What is wrong with the value only leaves it closed; ERR_FULL and ERR_CRYPTO are this
 * process's. */
MUST_CHECK enum err bio_value_open(const struct bio_value *value,
                                   const uint8_t key[static BIO_VALUE_KEY_BYTES],
                                   struct secret *block, bool *opened);
