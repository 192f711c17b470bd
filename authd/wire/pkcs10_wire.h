#pragma once

#include <stddef.h>
#include <stdint.h>

#include "authd/wire/unseal_wire.h"

/*
 * A request for a certificate (PKCS#10, RFC 2986), of which the key counts alone: its names and
 * attributes are whatever its maker wrote, and are not even told.
 */
enum pkcs10_key {
    PKCS10_RSA = 1, /* 2048 to 4096 bits, with the exponent 65537 */
    PKCS10_P256,
};
#define PKCS10_ENCODED_MAX 16384
#define PKCS10_MODULUS_MAX 512
#define PKCS10_EXPONENT    65537
#define PKCS10_POINT_BYTES 32

struct unseal_pkcs10_read {
    enum err status; /* ERR_MALFORMED; ERR_CRYPTO: who made it does not have the key; ERR_DENIED: a
                        key of another kind */
    enum pkcs10_key key;
    size_t modulus_len; /* of an RSA key; its first byte is not 0 */
    uint8_t modulus[PKCS10_MODULUS_MAX];
    uint8_t x[PKCS10_POINT_BYTES], y[PKCS10_POINT_BYTES]; /* of one on P-256 */
    uint8_t key_hash[32];                /* SHA-256 of the key's numbers: to name it */
    char key_name[UNSEAL_KEY_NAME_SIZE]; /* also when it is refused for it (ERR_DENIED) */
};

/* UNSEAL_PKCS10 is the request itself, PEM or DER, up to PKCS10_ENCODED_MAX. */
void pkcs10_wire_put_question(struct buffer *target, struct bytes encoded);
MUST_CHECK enum err pkcs10_wire_get_question(struct bytes payload, struct bytes *encoded);
void pkcs10_wire_put_read(struct buffer *target, const struct unseal_pkcs10_read *answer);
MUST_CHECK enum err pkcs10_wire_get_read(struct bytes payload, struct unseal_pkcs10_read *answer);
