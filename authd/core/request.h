#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/secret.h"
#include "hsm/wire.h"
#include "authd/core/identifier.h"
#include "authd/store/identity.h"
#include "authd/store/journal.h"
#include "authd/store/ledger.h"
#include "authd/store/programme.h"
#include "authd/wire/edge_wire.h"
#include "authd/wire/unseal_wire.h"

/* What a request waits for. Each has one outstanding question at a time. */
enum step {
    STEP_FREE = 0,
    STEP_ENVELOPE,  /* unseal reads path, headers and body */
    STEP_FOREIGN,   /* unseal judges a signature that is not the programme's registered one */
    STEP_UNWRAP,    /* a signer unwraps the content key and makes the lookup key */
    STEP_LOOKUP,    /* a signer makes the lookup key alone */
    STEP_PAYLOAD,   /* unseal opens and reads the payload */
    STEP_STATEMENT, /* a signer writes and signs the answer */
    STEP_RECORD,    /* the journal makes the record durable */
};

/* How far the caller is known. */
enum standing {
    STANDING_UNKNOWN = 0, /* no signature that anybody vouches for */
    STANDING_FOREIGN,     /* a certificate of the trust domain signed, but not the registered one */
    STANDING_PROGRAMME,   /* the registered certificate of the programme in the path signed these
                             bytes */
};

#define REQUEST_EFFECTS_MAX 4096
#define REQUEST_REASON_SIZE 48

/* One request on its way through a lane. Slots are used again; ${generation} tells late answers. */
struct request {
    enum step step;
    uint32_t index;      /* of the slot */
    uint32_t generation; /* counts every question asked from this slot */
    uint64_t edge_id;
    uint32_t edge_generation;
    int64_t received_wall_ms, deadline_boot_ms, asked_boot_ms;
    unsigned signer;        /* whom the outstanding question went to */
    unsigned unseal_deaths; /* unseal workers that died with this request */

    uint8_t *raw; /* path, headers and body as edge sent them */
    size_t raw_len;
    struct edge_request edge;
    struct envelope envelope; /* its views point into sealed */
    uint8_t *sealed;
    struct payload payload;
    struct secret content_key;

    enum standing standing;
    bool has_partner, has_api_key, has_policy, has_misp;
    struct partner partner;
    struct api_key api_key;
    struct policy policy;
    struct misp misp;

    enum identifier_type identifier_type; /* valid when identifier_ready */
    bool identifier_ready, has_lookup_key;
    uint8_t id_hash[IDENTIFIER_HASH_BYTES];
    uint8_t lookup_key[HSM_LOOKUP_KEY_BYTES]; /* of what was presented */
    uint8_t person_key[HSM_LOOKUP_KEY_BYTES]; /* of the person's UIN */
    bool has_alias;
    struct alias alias;
    struct identity *identity;
    uint32_t factors; /* AUTH_TYPE_BITs of the request */

    struct statement statement;
    char reason[REQUEST_REASON_SIZE]; /* a fixed word for the log and the journal */
    struct hsm_receipt receipt;       /* of the statement */
    uint8_t signer_process[HSM_BOOT_ID_BYTES];
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
};

/* Adds an error of the controller layer (§1.7) and remembers ${reason} if it is the first. */
void request_refuse(struct request *request, enum mosip_error error, const char *detail,
                    const char *reason);
/* An error of the filter layer: MLC-007 and the cause, instead of all errors so far. */
void request_refuse_filter(struct request *request, enum mosip_error error, const char *detail,
                           const char *reason);
static inline bool request_refused(const struct request *request) {
    return request->statement.error_count > 0;
}

/* Wipes and frees what the slot holds; the slot is free. */
void request_release(struct request *request);
