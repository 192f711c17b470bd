#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "authd/wire/edge_wire.h"
#include "authd/wire/unseal_wire.h"

/*
 * core ↔ unseal, for the JOSE profile (docs/protocol.md). As with unseal_wire.h, what unseal says
 * is re-checked as though it were hostile: core verifies the signature over the raw bytes itself,
 * and what it acts on must stand in those bytes.
 */
enum jose_verb {
    JOSE_REQUEST = 310, /* struct edge_request → struct jose_request */
    JOSE_REQUEST_READ = 311,
    JOSE_SEALED = 312, /* content key and the parts of the JWE → struct jose_sealed */
    JOSE_SEALED_READ = 313,
};

#define JOSE_KID_BYTES        32 /* RFC 7638 thumbprint, decoded */
#define JOSE_COORDINATE_BYTES 32
#define JOSE_SIGNATURE_BYTES  64
#define JOSE_BINDING_BYTES    32
#define JOSE_IV_BYTES         12
#define JOSE_TAG_BYTES        16
#define JOSE_PARTY_MAX        64           /* apu, apv */
#define JOSE_PROTECTED_MAX    2048         /* characters of a protected header */
#define JOSE_SECONDS_MAX      253402300799 /* 9999-12-31T23:59:59Z */
#define JOSE_TRANSACTION_SIZE 16
#define JOSE_NONCE_SIZE       65
#define JOSE_DEVICE_SIZE      64
#define JOSE_ATTRIBUTES_MAX   32
#define JOSE_ATTRIBUTE_SIZE   40
#define JOSE_LIVES_IN_SIZE    128

/* What is wrong with a request, as far as its bytes can say: the problem it will be refused with.
 */
enum jose_shape {
    JOSE_READ = 0,
    JOSE_MALFORMED,
    JOSE_WRONG_MEDIA, /* neither a JWS as application/jose nor JSON as application/json */
};

struct jose_block {                /* the JWE in `sealed`; views of the frame */
    struct bytes protected_header; /* its characters: the additional data (RFC 7516 §5.1) */
    uint8_t kid[JOSE_KID_BYTES];
    uint8_t x[JOSE_COORDINATE_BYTES], y[JOSE_COORDINATE_BYTES]; /* epk; not known to be on P-256 */
    struct bytes party_u, party_v;                              /* decoded */
    uint8_t iv[JOSE_IV_BYTES];
    struct bytes ciphertext;
    uint8_t tag[JOSE_TAG_BYTES];
};

/* All but shape and function is zero unless the shape is JOSE_READ, which has a function. */
struct jose_request {
    enum jose_shape shape;
    enum envelope_function function; /* by the path */
    bool is_signed;                  /* a JWS; else bare claims */
    uint8_t kid[JOSE_KID_BYTES];     /* of the JWS */
    uint32_t signed_len;             /* the body's characters before the last "." */
    uint8_t signature[JOSE_SIGNATURE_BYTES];
    /* claims; texts are complete, or the shape is JOSE_MALFORMED */
    char issuer[UNSEAL_ID_SIZE], audience[UNSEAL_DOMAIN_SIZE], api_key[UNSEAL_SEGMENT_SIZE];
    char transaction[JOSE_TRANSACTION_SIZE];
    int64_t issued_ms;
    uint8_t binding[JOSE_BINDING_BYTES];
    /* Of JOSE_READ: consent is true in all but FUNCTION_OTP, which has a channel at least;
     * FUNCTION_KYC, and no other, has an attribute or lives_in at least. */
    bool consent, channel_phone, channel_email;
    size_t attribute_count;                                    /* none twice */
    char attributes[JOSE_ATTRIBUTES_MAX][JOSE_ATTRIBUTE_SIZE]; /* visible ASCII */
    char lives_in_part[JOSE_ATTRIBUTE_SIZE];                   /* "": not asked */
    char lives_in_value[JOSE_LIVES_IN_SIZE];
    struct jose_block sealed;
};

struct jose_sealed_question {
    uint8_t content_key[32]; /* the reader wipes it */
    struct bytes protected_header;
    uint8_t iv[JOSE_IV_BYTES];
    struct bytes ciphertext;
    uint8_t tag[JOSE_TAG_BYTES];
};

/* All but ${opened} is zero unless it is well formed. */
struct jose_sealed {
    bool opened;      /* the tag verified */
    bool well_formed; /* every member of §4 is there and within its bounds */
    char audience[UNSEAL_DOMAIN_SIZE], issuer[UNSEAL_ID_SIZE];
    char transaction[JOSE_TRANSACTION_SIZE];
    int64_t captured_ms;
    char nonce[JOSE_NONCE_SIZE], device[JOSE_DEVICE_SIZE];
    char individual_id[UNSEAL_INDIVIDUAL_SIZE], individual_id_type[UNSEAL_TYPE_SIZE];
    /* The factors alone, from has_otp on. A code is six digits, or the block is not well formed;
     * as are demographics that cannot be read. */
    struct payload payload; /* the reader wipes it */
};

/* Whether ${text} is a txn or a nonce (§3, 4): so many of A–Z a–z 0–9 - _, of a txn also ".". */
bool jose_wire_is_transaction(const char *text);
bool jose_wire_is_nonce(const char *text);
/* "UIN" or "VID". */
bool jose_wire_is_identifier_type(const char *text);

/* JOSE_REQUEST: path, media type and body. */
void jose_wire_put_request_question(struct buffer *target, const struct edge_request *request);
MUST_CHECK enum err jose_wire_get_request_question(struct bytes payload,
                                                   struct edge_request *request);
void jose_wire_put_request(struct buffer *target, const struct jose_request *request);
MUST_CHECK enum err jose_wire_get_request(struct bytes payload, struct jose_request *request);
void jose_wire_put_sealed_question(struct buffer *target,
                                   const struct jose_sealed_question *question);
MUST_CHECK enum err jose_wire_get_sealed_question(struct bytes payload,
                                                  struct jose_sealed_question *question);
void jose_wire_put_sealed(struct buffer *target, const struct jose_sealed *sealed);
MUST_CHECK enum err jose_wire_get_sealed(struct bytes payload, struct jose_sealed *sealed);
