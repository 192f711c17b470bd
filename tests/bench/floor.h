#pragma once

#include <openssl/evp.h>

#include "provisioning/programme/mosip_client.h"
#include "tests/bench/cores.h"
#include "tests/bench/mix.h"
#include "tests/bench/options.h"

/*
 * The floor of the design: what the unavoidable operations of a call cost in CPU time when nothing
 * is around them. The HSM's through the bare PKCS#11 module, on a token of its own; the others in
 * plain OpenSSL; one durable write; and libmicrohttpd for the same bytes over TLS. Measured in
 * processes of their own, on the appliance's cores.
 */
struct floor_parts { /* us; MOSIP, or else JOSE */
    /* PKCS#11: RSA-2048, raw and PKCS#1 v1.5, or ECDH and ECDSA on P-256 */
    double decrypt, sign;
    double unpad; /* OAEP with SHA-256, or the Concat KDF */
    double wrap;  /* attributes: a new key for the programme, AES-GCM */
    /* of a fingerprint: its content key in the token and un-padded, RSA in both profiles; the
     * device's two signatures, and opening; the comparison (floor_finger.h) */
    double decrypt_finger, unpad_finger, capture, match;
    double write;              /* pwrite and fdatasync of one record */
    double verify[CALL_KINDS]; /* RS256, or ES256, over the request */
    double open[CALL_KINDS];   /* two AES-GCM and the SHA-256 of the plaintext, or one */
    double echo[CALL_KINDS];   /* libmicrohttpd */
};
/* What the parts of one call come to. */
double floor_of_call(const struct floor_parts *parts, enum profile profile, enum call_kind call);

/* A call of each kind, as it goes over the wire. */
struct floor_sample {
    bool given;
    struct mosip_request request;
    EVP_PKEY *key;     /* the programme's; borrowed */
    size_t sealed_len; /* of the inner request, as bytes; 0: none */
    size_t answer_len, answer_signature_len;
};

struct floor_options {
    enum profile profile;
    const char *folder;       /* a temporary one, for the token and the echo's certificate */
    const char *write_folder; /* where the durable write goes: the appliance's disk */
    const struct cores *cores;
    unsigned connections;
    struct floor_sample samples[CALL_KINDS];
};

struct floor;
/* Forks: to be called before there are threads. Says on stderr what is wrong. ${options} must
 * outlive it; its answer lengths count from the next measurement on. */
MUST_CHECK enum err floor_open(struct floor **floor, const struct floor_options *options);
void floor_close(struct floor *floor);
/* About a third of a second, and a fifth for each kind of call. */
MUST_CHECK enum err floor_measure(struct floor *floor, struct floor_parts *parts);
