#pragma once

#include "hsm/wire.h"

/*
 * provd asks signer 0 for a certificate of a programme or a device, issued by IDCS/CA. The question
 * has typed fields alone: the signer writes the certificate that it signs (hsm/certify.h).
 */
enum hsm_certify_verb {
    HSM_CERTIFY = 172,
    HSM_CERTIFIED = 173,
};

#define HSM_CERTIFY_NAME_SIZE   65 /* 64 characters (RFC 5280, ub-common-name) */
#define HSM_CERTIFY_DAYS_MAX    1095
#define HSM_CERTIFY_MODULUS_MAX 512 /* RSA-4096 */
#define HSM_CERTIFY_EXPONENT    65537
#define HSM_CERTIFIED_DER_MAX   4096
#define HSM_CERTIFY_POINT_BYTES 32 /* of each coordinate */

/* Whose certificate, and for what. */
enum hsm_certify_kind {
    HSM_CERTIFY_PARTNER = 1, /* RSA: a programme of the MOSIP profile, signs and opens */
    HSM_CERTIFY_TLS,         /* P-256: a programme's end of TLS in the JOSE profile */
    HSM_CERTIFY_SIGNATURE,   /* P-256: signs its requests there */
    HSM_CERTIFY_ENCRYPTION,  /* P-256: attributes are encrypted to it there */
    HSM_CERTIFY_DEVICE,      /* RSA: signs what a device captures */
    HSM_CERTIFY_KINDS
};
/* A certificate of ${kind} is for an RSA key; for anything else it is for one on P-256. */
bool hsm_certify_is_rsa(enum hsm_certify_kind kind);

struct hsm_certify {
    enum hsm_certify_kind kind;
    uint16_t days;                            /* from now, 1 to HSM_CERTIFY_DAYS_MAX */
    char common_name[HSM_CERTIFY_NAME_SIZE];  /* its characters: hsm_certify_name */
    char organisation[HSM_CERTIFY_NAME_SIZE]; /* "": none */
    /* The key, not checked yet: of an RSA key modulus and exponent, else the point. */
    size_t modulus_len; /* its first byte is not 0 */
    uint8_t modulus[HSM_CERTIFY_MODULUS_MAX];
    uint32_t exponent;
    uint8_t x[HSM_CERTIFY_POINT_BYTES], y[HSM_CERTIFY_POINT_BYTES];
};
/*
 * Whether a certificate may bear this name: letters and digits of ASCII, blanks within, and
 * ' ( ) + , - . _ ~; from 1 to 64 characters.
 */
bool hsm_certify_name(const char *name);

/*
 * ${receipt.status}: ERR_NOT_FOUND: the box has no key of the CA; ERR_CRYPTO: no sound key;
 * ERR_DENIED: a name or the days, or the CA's own certificate ends before; ERR_LIMIT: too many in
 * this minute, or the promise that it makes could not be stored.
 */
struct hsm_certified {
    struct hsm_receipt receipt;
    struct bytes certificate; /* DER; views of the frame */
    struct bytes authority;   /* of the CA that issued it */
};

void hsm_wire_put_certify(struct buffer *target, const struct hsm_certify *question);
MUST_CHECK enum err hsm_wire_get_certify(struct bytes payload, struct hsm_certify *question);
void hsm_wire_put_certified(struct buffer *target, const struct hsm_certified *answer);
MUST_CHECK enum err hsm_wire_get_certified(struct bytes payload, struct hsm_certified *answer);
