#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "firmware/base/merkle.h"
#include "hsm/mosip_error.h"
#include "hsm/result.h"

/*
 * Questions to hsm-signer and its answers; reader and writer of each in one file. What the signer
 * signs it also writes, from these typed fields. Who may ask what is the dispatch table in
 * answers.c (hsm/answers.h). Numbers of messages are unique over all headers: 101 to 123 are here,
 * 124 to 129 in wire_wrap.h, 130 to 133 in wire_keys.h, 134 in wire_usage.h, 160 to 163 in
 * wire_tls.h, 164 to 171 in wire_tls_install.h, 172 and 173 in wire_certify.h.
 */
#define HSM_WRAPPED_BYTES     256 /* RSA-2048 OAEP */
#define HSM_THUMBPRINT_BYTES  32
#define HSM_CONTENT_KEY_BYTES 32
#define HSM_ID_HASH_BYTES     32
#define HSM_LOOKUP_KEY_BYTES  32
#define HSM_ROOT_BYTES        32
#define HSM_LOOKUP_BATCH_MAX  256
#define HSM_PROCESS_ID_BYTES  16

enum hsm_verb {
    HSM_HELLO = 101,  /* signer → peer, unasked, once it serves, and again when its keys have
                         changed: struct hsm_hello */
    HSM_UNWRAP = 102, /* content key and, in the same answer, the lookup keys */
    HSM_UNWRAPPED = 103,
    HSM_LOOKUP = 104, /* lookup keys alone, up to a batch */
    HSM_LOOKED_UP = 105,
    HSM_STATEMENT = 106, /* write and sign a response */
    HSM_STATED = 107,
    HSM_CHECKPOINT = 108, /* write and sign a checkpoint of the journal, with the audit key */
    HSM_CHECKPOINTED = 109,
    HSM_OPEN_ROOT = 110, /* the root of a record key generation, from its wrapped form */
    HSM_ROOT_OPENED = 111,
    HSM_PUBLISHED = 112, /* what the box publishes: JWKS and certificates */
    HSM_PUBLICATION = 113,
    HSM_GENERATE = 114, /* provd only: make all keys that the box does not have yet */
    HSM_GENERATED = 115,
    HSM_NEW_ROOT = 116, /* provd only: a fresh root, wrapped by the KEK */
    HSM_ROOT_MADE = 117,
    HSM_HIGH_WATER = 118, /* core only, signer 0 only: how far the signed checkpoints have gone */
    HSM_HIGH_WATER_IS = 119,
    HSM_DERIVE = 120, /* the content key of a JWE, ECDH-ES with A256GCM (RFC 7518 §4.6) */
    HSM_DERIVED = 121,
    HSM_RESULT = 122, /* write and sign a JWT of the JOSE profile */
    HSM_RESULT_SIGNED = 123,
};

/*
 * Every answer begins with this. ${signer_index} and ${sequence}, with the process id of the HELLO,
 * go into core's evidence.
 */
struct hsm_receipt {
    /* ERR_OK; ERR_CRYPTO: it did not unwrap; ERR_NOT_FOUND: no such key; ERR_LIMIT: too many in
     * this second; ERR_DENIED: not in this state of the box. No other one but ERR_EXISTS. */
    enum err status;
    uint16_t signer_index;
    uint64_t sequence; /* of this signer since it started, counts every use of a key */
};

struct hsm_hello {
    uint16_t signer_index;
    uint8_t process_id[HSM_PROCESS_ID_BYTES]; /* random, new at each start of the signer */
    uint64_t keyring_sequence; /* of the keys it works with; it grows with each change of them */
    bool provisioned;          /* it has the keys that a box cannot do without */
    bool complete; /* none is left to make: officers may ask for them and order, provisioned or not
                    */
};

/* Key purposes. The order is the order of generation. */
enum hsm_purpose {
    HSM_PURPOSE_ROOT,    /* IDA/ROOT: certificates of the keys below; self-signed, RSA-2048 */
    HSM_PURPOSE_SIGN,    /* IDA/SIGN: RS256 responses */
    HSM_PURPOSE_PARTNER, /* IDA/PARTNER: decrypts requests */
    HSM_PURPOSE_IDA_FIR, /* IDA/IDA-FIR: decrypts biometrics */
    HSM_PURPOSE_KEK,     /* IDA/KEK: wraps record roots, the pepper, keys outside the token */
    HSM_PURPOSE_AUDIT,   /* ES256 checkpoints of the journal */
    HSM_PURPOSE_PEPPER,  /* a secret of the lookup key, wrapped by the KEK */
    HSM_PURPOSE_TOKEN,   /* IDCS/TOKEN: ES256 results of the JOSE profile */
    HSM_PURPOSE_REQUEST, /* IDCS/REQUEST: ECDH-ES, decrypts its requests */
    HSM_PURPOSE_TLS,     /* IDCS/TLS: TLS handshakes of edge, and nothing else */
    HSM_PURPOSE_CA,      /* IDCS/CA: certificates of programmes and devices (hsm/certify.h) */
    HSM_PURPOSE_COUNT
};
/* Every box is made with the purposes before this one. An older box has no others until `key
 * initialise` is asked for again, and a box whose module lacks a mechanism never. */
#define HSM_PURPOSE_FIRST_OPTIONAL HSM_PURPOSE_TOKEN
#define HSM_PURPOSE_BIT(purpose)   (1u << (purpose))
/* A box is provisioned, and serves, while each of these has an active key. IDA/ROOT and IDA/AUDIT
 * may be without one for a while after a revocation: certificates and checkpoints can wait. */
#define HSM_PURPOSES_SERVING                                                                       \
    (HSM_PURPOSE_BIT(HSM_PURPOSE_SIGN) | HSM_PURPOSE_BIT(HSM_PURPOSE_PARTNER) |                    \
     HSM_PURPOSE_BIT(HSM_PURPOSE_IDA_FIR) | HSM_PURPOSE_BIT(HSM_PURPOSE_KEK) |                     \
     HSM_PURPOSE_BIT(HSM_PURPOSE_PEPPER))
const char *hsm_purpose_text(enum hsm_purpose purpose); /* "IDA/PARTNER" */

struct hsm_unwrap {
    bool has_thumbprint; /* else the current and then older keys of ${purpose} are tried */
    uint8_t thumbprint[HSM_THUMBPRINT_BYTES]; /* SHA-256 of the DER certificate used */
    enum hsm_purpose purpose;                 /* PARTNER or IDA_FIR */
    uint8_t wrapped[HSM_WRAPPED_BYTES];
    bool has_id_hash;
    uint8_t id_hash[HSM_ID_HASH_BYTES]; /* MOSIP's id hash: SHA-256 of identifier and salt */
};

/*
 * What one identifier is looked up by: a key under each pepper in use, the active one's first, then
 * a retiring one's, then the standby's. A row may be under any of them. No two are of one
 * generation.
 */
#define HSM_PEPPERS_MAX 2
struct hsm_lookup_keys {
    size_t count;
    struct {
        uint16_t generation; /* of the pepper, from 1 */
        uint8_t key[HSM_LOOKUP_KEY_BYTES];
    } of[HSM_PEPPERS_MAX];
};

struct hsm_unwrapped {
    struct hsm_receipt receipt;
    uint8_t content_key[HSM_CONTENT_KEY_BYTES]; /* the reader wipes it */
    uint16_t generation;                        /* of the key that opened it */
    struct hsm_lookup_keys lookup;              /* of the id hash; none if there was none */
};

#define HSM_PARTY_MAX 64
struct hsm_derive {
    uint8_t kid[HSM_THUMBPRINT_BYTES]; /* RFC 7638 thumbprint of a REQUEST key */
    uint8_t x[32], y[32];              /* the sender's ephemeral public key, not checked yet */
    struct bytes party_u, party_v;     /* apu, apv, decoded; at most HSM_PARTY_MAX each */
};
struct hsm_derived {
    struct hsm_receipt receipt; /* ERR_NOT_FOUND: no such kid. ERR_CRYPTO: no point of P-256 */
    uint8_t content_key[HSM_CONTENT_KEY_BYTES]; /* the reader wipes it */
    uint16_t generation;                        /* of the key with this kid */
};

/* HSM_RESULT's question is struct result (hsm/result.h). */
struct hsm_result_signed {
    struct hsm_receipt receipt; /* ERR_DENIED: result_write refused it */
    struct bytes jwt;           /* compact; a view of the frame */
};

struct hsm_lookup {
    size_t count;
    uint8_t id_hash[HSM_LOOKUP_BATCH_MAX][HSM_ID_HASH_BYTES];
};
struct hsm_looked_up {
    struct hsm_receipt receipt;
    size_t count;
    struct hsm_lookup_keys lookup[HSM_LOOKUP_BATCH_MAX]; /* at least one key each */
};

/* Which body the statement has (MOSIP IDA, "Responses"). */
enum statement_kind {
    STATEMENT_AUTH = 1, /* response {authStatus, authToken} */
    STATEMENT_OTP = 2,  /* response {maskedMobile, maskedEmail}; none on error */
    STATEMENT_KYC = 3,  /* response {kycStatus, authToken, thumbprint, identity, sessionKey} */
};
#define STATEMENT_ERRORS_MAX  16
#define STATEMENT_DETAIL_SIZE 96
#define STATEMENT_TOKEN_SIZE  37 /* 36 decimal digits */

struct statement_error {
    enum mosip_error error;
    char detail[STATEMENT_DETAIL_SIZE]; /* "" where the text has no %s; printable ASCII only */
    enum mosip_action action;           /* MOSIP_ACTION_OF_ERROR: the text of the error itself */
};

struct statement {
    enum statement_kind kind;
    char id[64];          /* echoed: "mosip.identity.auth"; UTF-8, escaped by the writer */
    char version[16];     /* echoed */
    char transaction[64]; /* echoed; "" is written as null */
    int64_t response_time_ms;
    bool verdict; /* AUTH: authStatus. True only without errors and with a token */
    char token[STATEMENT_TOKEN_SIZE]; /* AUTH: authToken, "" is written as null */
    char masked_mobile[24];           /* OTP: "" is written as null */
    char masked_email[160];
    /* KYC: the attributes, encrypted to the programme's certificate; views of the frame */
    uint8_t certificate_thumbprint[HSM_THUMBPRINT_BYTES];
    struct bytes identity, session_key; /* raw; written as base64url */
    size_t error_count;
    struct statement_error errors[STATEMENT_ERRORS_MAX];
};

/* The attributes may include a photo of 32 KiB, as base64; the body has them as base64 again. */
#define STATEMENT_SESSION_KEY_MAX 512
#define STATEMENT_IDENTITY_MAX    (64u * 1024u)
#define STATEMENT_BODY_MAX        (96u * 1024u)
#define STATEMENT_SIGNATURE_MAX   4096
struct hsm_stated {
    struct hsm_receipt receipt;
    struct bytes body;      /* JSON; views of the frame */
    struct bytes signature; /* detached compact JWS: header..signature */
};

struct hsm_checkpoint {
    uint64_t tree_size;
    uint8_t tree_root[MERKLE_HASH_BYTES];
    int64_t wall_ms;
    uint64_t registry_sequence; /* commit sequences of the environments, against older files */
    uint64_t state_sequence;
};
struct hsm_checkpointed {
    struct hsm_receipt receipt;
    struct bytes note; /* the signed text: the fields, one a line, and the ES256 signature line */
};

/*
 * The largest of each that was ever in a checkpoint, kept by signer 0 apart from core's files. All
 * 0: none was signed. Files that say less are older ones.
 */
struct hsm_mark {
    uint64_t tree_size, registry_sequence, state_sequence;
};
struct hsm_high_water {
    struct hsm_receipt receipt;
    struct hsm_mark mark;
};

#define HSM_ROOT_WRAPPED_BYTES HSM_WRAPPED_BYTES
struct hsm_open_root {
    uint16_t generation;
    uint8_t wrapped[HSM_ROOT_WRAPPED_BYTES];
};
struct hsm_root_opened {
    struct hsm_receipt receipt;
    uint8_t root[HSM_ROOT_BYTES]; /* the reader wipes it */
};
struct hsm_root_made {
    struct hsm_receipt receipt;
    uint8_t wrapped[HSM_ROOT_WRAPPED_BYTES];
};

/* Of the active keys that requests are encrypted to: the generation of the KEK that each is wrapped
 * under; 0: it is in the token, or there is none. */
struct hsm_custodies {
    uint16_t partner, ida_fir, request;
};

struct hsm_publication {
    struct hsm_receipt receipt;
    struct bytes jwks;        /* JSON of the keys that sign, and of IDCS/REQUEST (RFC 7517) */
    struct bytes partner_pem; /* IDA/PARTNER certificate */
    struct bytes ida_fir_pem; /* IDA/IDA-FIR certificate */
    struct bytes sign_pem;    /* IDA/SIGN certificate */
    struct bytes root_pem;    /* IDA/ROOT certificates, each below a line of its own: # IDA/ROOT/2
                                 (published). Active first, then the others that are shown */
    struct hsm_custodies wrapped_by;
    char request_kid[44]; /* RFC 7638 thumbprint of the active IDCS/REQUEST, as base64url; "": none
                           */
    uint64_t sequence;    /* of the keyring that all this was made from */
    uint32_t max_age_seconds; /* copies may be kept so long: the keyring reckons with no more */
};

struct hsm_generated {
    /* ERR_EXISTS: all keys are there, nothing changed; ERR_LIMIT: they are being made already;
     * ERR_DENIED: this module cannot make what a box needs, the signer's log says why. */
    struct hsm_receipt receipt;
    size_t made; /* how many keys */
};

/*
 * Writers append to ${target}, and errors stick there. Readers recognise the whole payload or
 * refuse: ERR_TRUNCATED, ERR_TOO_LARGE, ERR_MALFORMED.
 */
void hsm_wire_put_hello(struct buffer *target, const struct hsm_hello *hello);
MUST_CHECK enum err hsm_wire_get_hello(struct bytes payload, struct hsm_hello *hello);
void hsm_wire_put_unwrap(struct buffer *target, const struct hsm_unwrap *question);
MUST_CHECK enum err hsm_wire_get_unwrap(struct bytes payload, struct hsm_unwrap *question);
void hsm_wire_put_unwrapped(struct buffer *target, const struct hsm_unwrapped *answer);
MUST_CHECK enum err hsm_wire_get_unwrapped(struct bytes payload, struct hsm_unwrapped *answer);
void hsm_wire_put_derive(struct buffer *target, const struct hsm_derive *question);
MUST_CHECK enum err hsm_wire_get_derive(struct bytes payload, struct hsm_derive *question);
void hsm_wire_put_derived(struct buffer *target, const struct hsm_derived *answer);
MUST_CHECK enum err hsm_wire_get_derived(struct bytes payload, struct hsm_derived *answer);
void hsm_wire_put_result(struct buffer *target, const struct result *question);
MUST_CHECK enum err hsm_wire_get_result(struct bytes payload, struct result *question);
void hsm_wire_put_result_signed(struct buffer *target, const struct hsm_result_signed *answer);
MUST_CHECK enum err hsm_wire_get_result_signed(struct bytes payload,
                                               struct hsm_result_signed *answer);
void hsm_wire_put_lookup(struct buffer *target, const struct hsm_lookup *question);
MUST_CHECK enum err hsm_wire_get_lookup(struct bytes payload, struct hsm_lookup *question);
void hsm_wire_put_looked_up(struct buffer *target, const struct hsm_looked_up *answer);
MUST_CHECK enum err hsm_wire_get_looked_up(struct bytes payload, struct hsm_looked_up *answer);
void hsm_wire_put_statement(struct buffer *target, const struct statement *question);
MUST_CHECK enum err hsm_wire_get_statement(struct bytes payload, struct statement *question);
void hsm_wire_put_stated(struct buffer *target, const struct hsm_stated *answer);
MUST_CHECK enum err hsm_wire_get_stated(struct bytes payload, struct hsm_stated *answer);
void hsm_wire_put_checkpoint(struct buffer *target, const struct hsm_checkpoint *question);
MUST_CHECK enum err hsm_wire_get_checkpoint(struct bytes payload, struct hsm_checkpoint *question);
void hsm_wire_put_checkpointed(struct buffer *target, const struct hsm_checkpointed *answer);
MUST_CHECK enum err hsm_wire_get_checkpointed(struct bytes payload,
                                              struct hsm_checkpointed *answer);
void hsm_wire_put_high_water(struct buffer *target, const struct hsm_high_water *answer);
MUST_CHECK enum err hsm_wire_get_high_water(struct bytes payload, struct hsm_high_water *answer);
void hsm_wire_put_open_root(struct buffer *target, const struct hsm_open_root *question);
MUST_CHECK enum err hsm_wire_get_open_root(struct bytes payload, struct hsm_open_root *question);
void hsm_wire_put_root_opened(struct buffer *target, const struct hsm_root_opened *answer);
MUST_CHECK enum err hsm_wire_get_root_opened(struct bytes payload, struct hsm_root_opened *answer);
void hsm_wire_put_root_made(struct buffer *target, const struct hsm_root_made *answer);
MUST_CHECK enum err hsm_wire_get_root_made(struct bytes payload, struct hsm_root_made *answer);
void hsm_wire_put_publication(struct buffer *target, const struct hsm_publication *answer);
MUST_CHECK enum err hsm_wire_get_publication(struct bytes payload, struct hsm_publication *answer);
void hsm_wire_put_generated(struct buffer *target, const struct hsm_generated *answer);
MUST_CHECK enum err hsm_wire_get_generated(struct bytes payload, struct hsm_generated *answer);
