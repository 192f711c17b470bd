#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "hsm/wire.h"
#include "authd/core/request.h"

/*
 * The journal's record of one answered request: what was asked, by whom, what was answered, who
 * signed it. Without personal data: the person is a commitment. A record's payload is two blocks:
 * this, and the effects on one-time state in the ledger's format.
 */
#define EVIDENCE_PERSON_BYTES  16
#define EVIDENCE_SIGNATURE_MAX 512

struct evidence {
    enum edge_profile profile;
    uint8_t function; /* enum envelope_function */
    char partner_id[PROGRAMME_ID_SIZE], policy_id[PROGRAMME_ID_SIZE];
    char transaction[16]; /* "" unless it was well formed */
    int64_t request_time_ms;
    uint8_t person[EVIDENCE_PERSON_BYTES]; /* zeroes: nobody was found */
    uint32_t factors;
    bool verdict;
    char error_code[16]; /* the last of the answer, "" when none */
    char reason[REQUEST_REASON_SIZE];
    uint8_t body_hash[32], certificate_thumbprint[32]; /* of the request */
    struct bytes request_signature; /* raw, RS256 or ES256: the programme cannot deny it */
    uint8_t answer_hash[32];        /* of the signed answer's body */
    uint16_t signer_index;
    uint8_t signer_process[HSM_PROCESS_ID_BYTES];
    uint64_t signer_sequence;
    /* JOSE profile; the certificate is that of the connection */
    uint8_t problem;                    /* enum problem, 0: none */
    bool is_repeat;                     /* of an answer that was recorded before */
    char device[JOSE_DEVICE_SIZE];      /* of the capture */
    uint8_t kid[JOSE_CLIENT_KID_BYTES]; /* of the signature; zeroes: the request had none */
};

/* Gathers what the request leaves behind. The views point into ${request}. ERR_CRYPTO. */
MUST_CHECK enum err evidence_of(const struct request *request, struct evidence *evidence);

void evidence_put(struct buffer *target, const struct evidence *evidence);
/* Of what stands before the effects. */
MUST_CHECK enum err evidence_get(struct bytes body, struct evidence *evidence);
