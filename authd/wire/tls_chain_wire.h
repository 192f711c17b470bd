#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/*
 * provd → unseal: a chain of certificates for TLS that an officer brings, read and judged as a
 * client would judge it; or, to be shown, one certificate that the box has. Reader and writer in
 * one file.
 */
#define TLS_CHAIN_CERTIFICATES_MAX 4
#define TLS_CHAIN_CERTIFICATE_MAX  4096 /* bytes of each */
#define TLS_CHAIN_NAMES_SIZE       1024
#define TLS_CHAIN_NAME_SIZE        256
#define TLS_CHAIN_SUBJECT_SIZE     128

struct tls_chain_question {
    bool judged; /* else it is only read */
    int64_t now_ms;
    char names[TLS_CHAIN_NAMES_SIZE]; /* that the leaf must have, with commas between; "": none */
    size_t count;                     /* from 1; the leaf first */
    struct bytes certificates[TLS_CHAIN_CERTIFICATES_MAX]; /* DER, from outside; views */
};

/* What is wrong with a chain; that of the lowest number is told. Nothing is the last of them, so
 * that what nobody has judged is refused. */
enum tls_chain_fault {
    TLS_CHAIN_UNREADABLE,
    TLS_CHAIN_WEAK,   /* a key or signature below 112 bits, or none that can be used */
    TLS_CHAIN_TIME,   /* run out, or not valid yet */
    TLS_CHAIN_SERVER, /* the leaf is an authority's, or not for a server that signs, or asks for
                         more than this one does */
    TLS_CHAIN_ISSUER, /* this one has not issued the one before it */
    TLS_CHAIN_PATH,   /* an authority in it may not issue this leaf */
    TLS_CHAIN_NAME,   /* the leaf lacks a name */
    TLS_CHAIN_GOOD,
    TLS_CHAIN_FAULTS
};

/* Where a chain ends, from which follows what clients must have already. */
enum tls_chain_end {
    TLS_CHAIN_LEAF_ALONE, /* with a leaf that an authority has issued which is not brought along */
    TLS_CHAIN_AUTHORITY,  /* with an authority that another one has issued */
    TLS_CHAIN_ROOT,       /* with one that has signed itself */
    TLS_CHAIN_ENDS
};

struct tls_chain_read {
    enum tls_chain_fault fault;
    uint8_t at;                        /* which certificate, from 1, is at fault; 0: GOOD */
    char missing[TLS_CHAIN_NAME_SIZE]; /* NAME: which; else "" */
    /* of the leaf, when GOOD */
    struct bytes public_key; /* SubjectPublicKeyInfo, DER */
    uint8_t thumbprint[32];
    char subject[TLS_CHAIN_SUBJECT_SIZE], issuer[TLS_CHAIN_SUBJECT_SIZE]; /* printable CNs */
    char names[TLS_CHAIN_NAMES_SIZE]; /* as many as fit, with commas between */
    int64_t not_after_ms;             /* of the certificate that runs out first */
    enum tls_chain_end end;
    char authority[TLS_CHAIN_SUBJECT_SIZE]; /* who has issued the last; printable CN, may be "" */
};

void tls_chain_wire_put_question(struct buffer *target, const struct tls_chain_question *question);
MUST_CHECK enum err tls_chain_wire_get_question(struct bytes payload,
                                                struct tls_chain_question *question);
void tls_chain_wire_put_read(struct buffer *target, const struct tls_chain_read *answer);
/* An answer that is none leaves fault UNREADABLE. */
MUST_CHECK enum err tls_chain_wire_get_read(struct bytes payload, struct tls_chain_read *answer);
