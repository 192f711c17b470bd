#pragma once

#include "hsm/keystate.h"
#include "authd/wire/tls_chain_wire.h"
#include "provisioning/officer_wire.h"

/* The certificates of TLS, between officers and provd. */
#define OFFICER_TLS_NAMES_SIZE      1024
#define OFFICER_TLS_CERTIFICATES    4
#define OFFICER_TLS_CERTIFICATE_MAX 4096
#define OFFICER_TLS_REQUEST_MAX     8192
#define OFFICER_TLS_KEYS_MAX        4
#define OFFICER_TLS_SUBJECT_SIZE    128
#define OFFICER_TLS_FORCE_SIZE      49 /* a reason, for the journal */

struct officer_tls_request {
    uint16_t generation;                /* 0: of the key that needs one next */
    char names[OFFICER_TLS_NAMES_SIZE]; /* "": those of the box */
};
struct officer_tls_requested {
    struct officer_outcome outcome;
    uint16_t generation;
    struct bytes request; /* PKCS#10, DER; a view of the frame */
};

struct officer_tls_install {
    size_t count;                                        /* from 1; the leaf first */
    struct bytes certificates[OFFICER_TLS_CERTIFICATES]; /* DER; views of the frame */
    char force[OFFICER_TLS_FORCE_SIZE]; /* why names of the box may be missing; "": they may not */
};

struct officer_tls_installed {
    struct officer_outcome outcome;
    uint16_t generation;
    bool in_file;                             /* no handshake shows it: edge's key is in a file */
    enum tls_chain_end end;                   /* of what was brought */
    char authority[OFFICER_TLS_SUBJECT_SIZE]; /* who has issued the last; "": it has no such name */
};

/* Answered with an outcome. */
struct officer_tls_remove {
    uint16_t generation;
};

/* What a key shows, or will show. */
struct officer_tls_key {
    uint16_t generation;
    enum keystate state;
    bool brought;  /* by officers; else it is the box's own certificate */
    uint8_t count; /* of its certificates */
    char subject[OFFICER_TLS_SUBJECT_SIZE], issuer[OFFICER_TLS_SUBJECT_SIZE];
    char names[OFFICER_TLS_NAMES_SIZE]; /* of the certificate */
    int64_t not_after_ms;
    uint8_t thumbprint[32]; /* SHA-256 of the DER */
};
struct officer_tls_shown {
    struct officer_outcome outcome;
    bool in_file;                       /* none of the keys is shown: edge's is in a file */
    char names[OFFICER_TLS_NAMES_SIZE]; /* of the box */
    size_t count;
    struct officer_tls_key keys[OFFICER_TLS_KEYS_MAX]; /* new handshakes: the first */
};

void officer_wire_put_tls_request(struct buffer *target,
                                  const struct officer_tls_request *question);
MUST_CHECK enum err officer_wire_get_tls_request(struct bytes payload,
                                                 struct officer_tls_request *question);
void officer_wire_put_tls_requested(struct buffer *target,
                                    const struct officer_tls_requested *answer);
MUST_CHECK enum err officer_wire_get_tls_requested(struct bytes payload,
                                                   struct officer_tls_requested *answer);
void officer_wire_put_tls_install(struct buffer *target,
                                  const struct officer_tls_install *question);
MUST_CHECK enum err officer_wire_get_tls_install(struct bytes payload,
                                                 struct officer_tls_install *question);
void officer_wire_put_tls_installed(struct buffer *target,
                                    const struct officer_tls_installed *answer);
MUST_CHECK enum err officer_wire_get_tls_installed(struct bytes payload,
                                                   struct officer_tls_installed *answer);
void officer_wire_put_tls_remove(struct buffer *target, const struct officer_tls_remove *question);
MUST_CHECK enum err officer_wire_get_tls_remove(struct bytes payload,
                                                struct officer_tls_remove *question);
void officer_wire_put_tls_shown(struct buffer *target, const struct officer_tls_shown *answer);
MUST_CHECK enum err officer_wire_get_tls_shown(struct bytes payload,
                                               struct officer_tls_shown *answer);
