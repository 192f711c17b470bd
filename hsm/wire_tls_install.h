#pragma once

#include "hsm/keystate.h"
#include "hsm/wire_tls.h"

/*
 * What officers ask, through provd, of the certificates that the box shows in TLS handshakes: a
 * request for one from an authority of their choice, and to show what that authority gave. provd
 * has had every certificate read and judged before a signer sees it. Reader and writer of each
 * message in one file.
 */
enum hsm_tls_install_verb {
    HSM_TLS_REQUEST = 164, /* signer 0: a certificate request (RFC 2986), signed by the key */
    HSM_TLS_REQUESTED = 165,
    HSM_TLS_INSTALL = 166, /* signer 0: show this chain */
    HSM_TLS_INSTALLED = 167,
    HSM_TLS_REMOVE = 168, /* signer 0: show the box's own certificate again */
    HSM_TLS_REMOVED = 169,
    HSM_TLS_SHOW = 170, /* no payload */
    HSM_TLS_SHOWN = 171,
};

#define HSM_TLS_NAMES_SIZE  1024 /* as hsm/tls_names.h wants them, with the final zero */
#define HSM_TLS_REQUEST_MAX 8192
#define HSM_TLS_KEYS_MAX    4 /* that are shown, or will be */

struct hsm_tls_request {
    uint16_t generation;            /* 0: the next that needs a certificate */
    char names[HSM_TLS_NAMES_SIZE]; /* "": those of the signer's settings */
};
/* ERR_NOT_FOUND: no such key, or it is over; ERR_DENIED: odd names, or none anywhere. */
struct hsm_tls_requested {
    struct hsm_receipt receipt;
    uint16_t generation;
    struct bytes request; /* DER; a view of the frame */
};

struct hsm_tls_install {
    uint16_t generation;  /* of the key of the leaf */
    int64_t not_after_ms; /* of the certificate that runs out first */
    size_t count;         /* from 1; the leaf first, each issued by the next */
    struct bytes certificates[HSM_TLS_CERTIFICATES]; /* DER; views of the frame */
};
/* ERR_NOT_FOUND: no such key, or it is over; ERR_CRYPTO: the leaf is of another key. Nothing has
 * changed then. */
struct hsm_tls_installed {
    struct hsm_receipt receipt;
};

struct hsm_tls_remove {
    uint16_t generation;
};
/* ERR_NOT_FOUND: there is none of this generation. */
struct hsm_tls_removed {
    struct hsm_receipt receipt;
};

/* A key that handshakes show, or may come to show. */
struct hsm_tls_held {
    uint16_t generation;
    enum keystate state;
    bool brought;            /* by officers; else the certificate is the box's own */
    int64_t not_after_ms;    /* of the brought one that runs out first; else 0 */
    size_t count;            /* of its certificates */
    struct bytes leaf;       /* DER; a view of the frame */
    struct bytes public_key; /* of the key; DER, SubjectPublicKeyInfo */
};
struct hsm_tls_shown {
    struct hsm_receipt receipt;     /* ERR_NOT_FOUND: the box has no TLS key */
    char names[HSM_TLS_NAMES_SIZE]; /* of the signer's settings */
    size_t count;
    struct hsm_tls_held keys[HSM_TLS_KEYS_MAX]; /* the first is shown in new handshakes */
};

void hsm_wire_put_tls_request(struct buffer *target, const struct hsm_tls_request *question);
MUST_CHECK enum err hsm_wire_get_tls_request(struct bytes payload,
                                             struct hsm_tls_request *question);
void hsm_wire_put_tls_requested(struct buffer *target, const struct hsm_tls_requested *answer);
MUST_CHECK enum err hsm_wire_get_tls_requested(struct bytes payload,
                                               struct hsm_tls_requested *answer);
void hsm_wire_put_tls_install(struct buffer *target, const struct hsm_tls_install *question);
MUST_CHECK enum err hsm_wire_get_tls_install(struct bytes payload,
                                             struct hsm_tls_install *question);
void hsm_wire_put_tls_installed(struct buffer *target, const struct hsm_tls_installed *answer);
MUST_CHECK enum err hsm_wire_get_tls_installed(struct bytes payload,
                                               struct hsm_tls_installed *answer);
void hsm_wire_put_tls_remove(struct buffer *target, const struct hsm_tls_remove *question);
MUST_CHECK enum err hsm_wire_get_tls_remove(struct bytes payload, struct hsm_tls_remove *question);
void hsm_wire_put_tls_removed(struct buffer *target, const struct hsm_tls_removed *answer);
MUST_CHECK enum err hsm_wire_get_tls_removed(struct bytes payload, struct hsm_tls_removed *answer);
void hsm_wire_put_tls_shown(struct buffer *target, const struct hsm_tls_shown *answer);
MUST_CHECK enum err hsm_wire_get_tls_shown(struct bytes payload, struct hsm_tls_shown *answer);
