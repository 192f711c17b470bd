#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "provisioning/programme/kit.h"

/*
 * A capture device with MOSIP's interface (SBI), simulated: it has no sensor, what it captures are
 * files of the kit. What it gives is what a real one gives, elements of the member `biometrics` of
 * a request (reference §3), and so both profiles take it.
 */
#define DEVICE_KEY_BYTES  32
#define DEVICE_SALT_BYTES 12
#define DEVICE_AAD_BYTES  16
#define DEVICE_HASH_BYTES 32
#define DEVICE_TAG_BYTES  16

/* The kit's first device of ${type} ("Finger", "Iris"). ERR_NOT_FOUND, ERR_CRYPTO; said on stderr.
 */
struct device;
MUST_CHECK enum err device_open(struct device **device, const struct kit *kit, const char *type);
void device_close(struct device *device);

/* One capture: a finger, an eye. */
struct device_capture {
    const char *type;     /* bioType: "Finger", "FMR", "Iris" */
    const char *sub_type; /* bioSubType: "Right IndexFinger", "Left"… */
    const char *transaction_id;
    const char *domain_uri; /* whom it is for: in the JOSE profile the issuer */
    struct bytes record;
};

/*
 * Captures at this moment and appends the element to ${biometrics}. ${chain} joins the captures of
 * one request, whatever devices they come from: device_chain_start before the first. ERR_CRYPTO.
 */
MUST_CHECK enum err device_capture(const struct device *device,
                                   const struct device_capture *capture,
                                   uint8_t chain[static DEVICE_HASH_BYTES], json_t *biometrics);

/* §3.4: a hash of nothing, and with one more record. */
void device_chain_start(uint8_t chain[static DEVICE_HASH_BYTES]);
void device_chain_next(struct bytes record, uint8_t chain[static DEVICE_HASH_BYTES]);

/* §3.3: what a record is encrypted with, from the texts of its time and its transaction. */
struct device_salts {
    uint8_t salt[DEVICE_SALT_BYTES];
    uint8_t aad[DEVICE_AAD_BYTES];
};
/* ERR_TOO_LARGE: a text that is none of these. */
MUST_CHECK enum err device_salts(const char *timestamp, const char *transaction_id,
                                 struct device_salts *salts);
/* Ciphertext and tag into ${sealed}, which has DEVICE_TAG_BYTES more than ${record}. ERR_CRYPTO. */
MUST_CHECK enum err device_seal(const uint8_t key[static DEVICE_KEY_BYTES],
                                const struct device_salts *salts, struct bytes record,
                                uint8_t *sealed);
