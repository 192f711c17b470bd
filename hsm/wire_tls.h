#pragma once

#include "hsm/wire.h"

/*
 * What edge may ask a signer, and nothing else: the certificates to show in TLS handshakes, and the
 * signatures that prove their key (RFC 8446 §4.4.3, RFC 5246 §7.4.3). GnuTLS hands over a hash, not
 * what was hashed, so the signer can't tell a handshake from something else: the key's own purpose
 * is the protection. Reader and writer of each message in one file.
 */
enum hsm_tls_verb {
    HSM_TLS_CHAIN = 160, /* no payload; asked after each HSM_HELLO */
    HSM_TLS_CHAIN_IS = 161,
    HSM_TLS_SIGN = 162,
    HSM_TLS_SIGNED = 163,
    HSM_TLS_SILENCE = 174, /* signer → edge, unasked: it is going to be silent, or is so no more */
    HSM_TLS_SILENCE_HEARD = 175, /* with its id, behind the last question asked before */
};

#define HSM_TLS_KEY_ID_BYTES    32
#define HSM_TLS_CERTIFICATES    4    /* of a chain, without the root */
#define HSM_TLS_CERTIFICATE_MAX 4096 /* bytes of each */
#define HSM_TLS_HASH_MAX        48
#define HSM_TLS_SIGNATURE_MAX   512

struct hsm_tls_chain {
    struct hsm_receipt receipt; /* ERR_NOT_FOUND: the box has no TLS key */
    uint64_t sequence;          /* of the keyring: of two chains the larger one is newer */
    uint8_t key_id[HSM_TLS_KEY_ID_BYTES]; /* SHA-256 of the leaf's SubjectPublicKeyInfo */
    size_t count;                         /* from 1; the leaf first */
    struct bytes certificates[HSM_TLS_CERTIFICATES]; /* DER; views of the frame */
};

/* What a signature is made by. P-256 signs SHA-256 alone. */
enum hsm_tls_scheme {
    HSM_TLS_ECDSA_SHA256 = 1,
    HSM_TLS_RSA_PSS_SHA256,
    HSM_TLS_RSA_PSS_SHA384,
    HSM_TLS_RSA_PKCS1_SHA256, /* TLS 1.2 */
    HSM_TLS_RSA_PKCS1_SHA384,
    HSM_TLS_SCHEMES
};
/* Bytes of the hash that ${scheme} signs; 0 for what is no scheme. */
size_t hsm_tls_hash_bytes(enum hsm_tls_scheme scheme);

struct hsm_tls_sign {
    uint8_t key_id[HSM_TLS_KEY_ID_BYTES];
    enum hsm_tls_scheme scheme;
    uint8_t hash[HSM_TLS_HASH_MAX]; /* hsm_tls_hash_bytes of them */
};
struct hsm_tls_signed {
    struct hsm_receipt receipt; /* ERR_NOT_FOUND: no such key here. ERR_DENIED: the key has another
                                   scheme. ERR_LIMIT */
    struct bytes signature;     /* as it stands in the handshake; a view of the frame */
};

/*
 * How long a signer may be silent at most, in ms from now; 0: it answers again. It makes or loads
 * keys once all edges have heard it, so that no question waits for it meanwhile. HSM_HELLO ends it
 * too.
 */
#define HSM_TLS_SILENCE_MAX_MS 180000
void hsm_wire_put_tls_silence(struct buffer *target, uint32_t ms);
MUST_CHECK enum err hsm_wire_get_tls_silence(struct bytes payload, uint32_t *ms);

void hsm_wire_put_tls_chain(struct buffer *target, const struct hsm_tls_chain *answer);
MUST_CHECK enum err hsm_wire_get_tls_chain(struct bytes payload, struct hsm_tls_chain *answer);
/* ERR_MALFORMED: no scheme, or a hash of another length than its own. */
void hsm_wire_put_tls_sign(struct buffer *target, const struct hsm_tls_sign *question);
MUST_CHECK enum err hsm_wire_get_tls_sign(struct bytes payload, struct hsm_tls_sign *question);
void hsm_wire_put_tls_signed(struct buffer *target, const struct hsm_tls_signed *answer);
MUST_CHECK enum err hsm_wire_get_tls_signed(struct bytes payload, struct hsm_tls_signed *answer);
