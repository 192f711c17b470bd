#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "firmware/base/secret.h"
#include "hsm/wire.h"
#include "authd/core/identifier.h"
#include "authd/core/problem.h"
#include "authd/store/alias.h"
#include "authd/store/identity.h"
#include "authd/store/jose_client.h"
#include "authd/store/journal.h"
#include "authd/store/ledger.h"
#include "authd/store/programme.h"
#include "authd/wire/edge_wire.h"
#include "authd/wire/jose_wire.h"
#include "authd/wire/unseal_wire.h"

/* What a request waits for. Each has one outstanding question at a time. */
enum step {
    STEP_FREE = 0,
    STEP_ENVELOPE, /* unseal reads path, headers and body */
    STEP_FOREIGN,  /* unseal judges a signature that is not the programme's registered one */
    STEP_UNWRAP,   /* a signer unwraps the content key and makes the lookup key */
    STEP_LOOKUP,   /* a signer makes the lookup key alone */
    STEP_PAYLOAD,  /* unseal opens and reads the payload */
    /* only with biometrics, in both profiles (biometric_flow.h) */
    STEP_SEGMENT_KEY, /* a signer unwraps the key of a segment, one after the other */
    STEP_SAMPLES,     /* unseal verifies, opens and reads the segments */
    STEP_COMPARE,     /* a vendor's plug-in compares images (biometric_plugin.h) */
    /* both again */
    STEP_STATEMENT, /* a signer writes and signs the answer */
    STEP_RECORD,    /* the journal makes the record durable */
    /* JOSE profile */
    STEP_JOSE_REQUEST, /* unseal reads path and body */
    STEP_JOSE_DERIVE,  /* a signer derives the content key */
    STEP_JOSE_SEALED,  /* unseal opens and reads the sealed block */
    STEP_JOSE_RESULT,  /* a signer writes and signs the JWT */
    STEP_DUE,          /* the answer waits for its time, or what follows it does */
};

/* How far the caller is known. */
enum standing {
    STANDING_UNKNOWN = 0, /* no signature that anybody vouches for */
    STANDING_FOREIGN,     /* a certificate of the trust domain signed, but not the registered one */
    STANDING_PROGRAMME,   /* the registered certificate of the programme in the path signed these
                             bytes */
};

struct biometric_exchange;

#define REQUEST_EFFECTS_MAX 6144
#define REQUEST_REASON_SIZE 48
#define REQUEST_HASH_BYTES  32

/* What a decided request of the JOSE profile says, and says again to a retry (idempotency.h). */
struct jose_outcome {
    enum problem problem; /* PROBLEM_NONE: yes, or the 202 of an OTP request */
    int64_t issued_s;     /* when it was decided */
    uint8_t amr;          /* enum result_amr, added up */
    uint8_t properties;   /* how many yes-or-no attributes were answered, of those asked for */
};

/* What only a request of the JOSE profile has. */
struct jose_exchange {
    struct jose_request request; /* the views of its sealed block point into request's ${sealed} */
    bool has_client;
    struct jose_client client;
    char device[JOSE_DEVICE_SIZE];
    struct secret photo;
    bool has_nonce;
    uint8_t nonce_row[LEDGER_KEY_BYTES]; /* where the nonce is claimed */
    bool is_claimed; /* body and key are this request's: who ends without a decision frees them */
    bool is_decided; /* ${outcome} holds, and is in the effects */
    bool is_repeat;  /* ${outcome} is that of the first */
    bool is_lost;    /* decided, but not signed in time: recorded, and answered as unavailable */
    struct jose_outcome outcome;
    char accepted[64]; /* the body of a 202 */
};

/* One request on its way through a lane. Slots are used again; ${generation} tells late answers. */
struct request {
    enum step step;
    uint32_t index;      /* of the slot */
    uint32_t generation; /* counts every question asked from this slot */
    uint64_t edge_id;
    uint32_t edge_generation;
    int64_t received_wall_ms, deadline_boot_ms, asked_boot_ms;
    int64_t received_boot_ns; /* when core took it */
    unsigned signer;          /* whom the outstanding question went to */
    bool is_suspect;          /* an unseal worker died with its question (suspects.h) */

    uint8_t *raw; /* path, headers and body as edge sent them */
    size_t raw_len;
    struct edge_request edge;
    struct envelope envelope; /* its views point into sealed */
    uint8_t *sealed;
    struct payload payload;
    struct secret content_key;
    struct secret declared; /* the values of the payload's demographics, once they were kept */
    struct biometric_exchange *biometric; /* NULL: no biometrics */
    /* the key of the box that opened it (key_use.h); generation 0: none has */
    enum hsm_purpose opened_purpose;
    uint16_t opened_generation;

    enum standing standing;
    bool has_partner, has_api_key, has_policy, has_misp;
    struct partner partner;
    struct api_key api_key;
    struct policy policy;
    struct misp misp;

    enum identifier_type identifier_type; /* valid when identifier_ready */
    bool identifier_ready, has_id_hash;
    uint8_t id_hash[IDENTIFIER_HASH_BYTES];
    struct hsm_lookup_keys lookup;            /* of what was presented */
    uint8_t person_key[HSM_LOOKUP_KEY_BYTES]; /* the person's name here, which no roll changes */
    bool has_alias;
    struct alias alias;
    struct identity *identity;
    uint32_t factors;                      /* AUTH_TYPE_BITs of the request */
    uint8_t body_hash[REQUEST_HASH_BYTES]; /* SHA-256 of the body as received */
    bool budget_spent;                     /* a failure was counted against the programme */

    struct statement statement;
    enum problem problem;             /* a refusal that is the JOSE profile's own */
    bool about_person;                /* from here on a refusal would tell of the person */
    int64_t retry_after_ms;           /* of PROBLEM_TOO_MANY */
    char reason[REQUEST_REASON_SIZE]; /* a fixed word for the log and the journal */
    struct hsm_receipt receipt;       /* of the statement */
    uint8_t signer_process[HSM_PROCESS_ID_BYTES];
    uint8_t effects_memory[REQUEST_EFFECTS_MAX];
    struct buffer effects;
    uint8_t *attributes; /* eKYC: encrypted attributes and their session key */
    uint8_t *record;     /* payload of the journal record while it is being written */
    struct journal_entry entry;
    uint8_t *answer; /* body and signature of the answer */
    struct edge_answer edge_answer;

    struct secret otp;                   /* a code to be sent once the record is durable */
    uint8_t otp_value[LEDGER_VALUE_MAX]; /* its row, as it was stored */
    size_t otp_value_len;
    bool send_phone, send_email;
    bool compared; /* a factor was compared with the person's: they may be told */

    struct jose_exchange jose;
    int64_t due_boot_ns;
    bool is_answered; /* what follows the answer is due */
    TAILQ_ENTRY(request) next_due;
};

/* Adds an error of the controller layer (§1.7) and remembers ${reason} if it is the first. */
void request_refuse(struct request *request, enum mosip_error error, const char *detail,
                    const char *reason);
/* An error of the filter layer: MLC-007 and the cause, instead of all errors so far. */
void request_refuse_filter(struct request *request, enum mosip_error error, const char *detail,
                           const char *reason);
/* A refusal of the JOSE profile that MOSIP has no error for. The first one stays. */
void request_refuse_jose(struct request *request, enum problem problem, const char *reason);
static inline bool request_refused(const struct request *request) {
    return request->statement.error_count > 0 || request->problem != PROBLEM_NONE;
}
static inline bool request_is_jose(const struct request *request) {
    return request->edge.profile == EDGE_PROFILE_JOSE;
}

/* Moves the values of what the payload declares into memory of the request, for a frame ends with
 * its handler. ERR_FULL. */
MUST_CHECK enum err request_keep_declared(struct request *request);

/* Wipes and frees what the slot holds; the slot is free. */
void request_release(struct request *request);
