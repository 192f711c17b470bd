#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/* What the registry knows of programmes (§6.1). Plain structs; encode and decode are in
 * programme.c. */
#define PROGRAMME_ID_SIZE   64
#define PROGRAMME_NAME_SIZE 96
#define SALT_SIZE           48

enum programme_status { STATUS_ACTIVE = 1, STATUS_SUSPENDED = 2, STATUS_DELETED = 3 };

#define PARTNER_KEY_MAX 600
struct partner {
    char id[PROGRAMME_ID_SIZE];
    char name[PROGRAMME_NAME_SIZE];
    enum programme_status status;
    bool has_certificate;
    uint8_t certificate_thumbprint[32];
    int64_t certificate_not_before_ms, certificate_not_after_ms;
    uint16_t public_key_len;
    uint8_t public_key[PARTNER_KEY_MAX]; /* SubjectPublicKeyInfo, DER */
    uint16_t certificate_len;
    uint8_t certificate[2048]; /* DER, for eKYC encryption */
};

struct api_key {
    char partner_id[PROGRAMME_ID_SIZE];
    char policy_id[PROGRAMME_ID_SIZE];
    enum programme_status status;
    int64_t commences_ms, expires_ms; /* 0: no bound */
};

/* authType values of §6.1. */
enum auth_type {
    AUTH_TYPE_OTP = 0,
    AUTH_TYPE_OTP_REQUEST,
    AUTH_TYPE_DEMO,
    AUTH_TYPE_BIO_FINGER,
    AUTH_TYPE_BIO_IRIS,
    AUTH_TYPE_BIO_FACE,
    AUTH_TYPE_BIO_FMR,
    AUTH_TYPE_PIN,
    AUTH_TYPE_PWD,
    AUTH_TYPE_KBT,
    AUTH_TYPE_KYC,
    AUTH_TYPE_COUNT
};
#define AUTH_TYPE_BIT(type) (1u << (type))
/* "otp", "otp-request", "bio-Finger"… as MOSIP's country switches and messages spell them. */
const char *auth_type_text(enum auth_type type);
MUST_CHECK enum err auth_type_parse(const char *text, enum auth_type *type);

enum auth_token_type { AUTH_TOKEN_RANDOM = 1, AUTH_TOKEN_PARTNER, AUTH_TOKEN_POLICY };

/*
 * What a policy demands of biometrics. Its thresholds are false match rates of one comparison, in
 * parts of FALSE_MATCH_CERTAIN (false_match_table.h); 0: the box's default for the modality. A
 * policy whose arithmetic (false_match.h) exceeds ${ceiling} is refused when officers set it, and
 * again when core loads it.
 */
enum policy_biometric { POLICY_FINGER, POLICY_IRIS, POLICY_FACE, POLICY_BIOMETRICS };
struct policy_biometrics {
    uint64_t rate[POLICY_BIOMETRICS];     /* of one comparison */
    uint8_t presented[POLICY_BIOMETRICS]; /* the most a request may present; 0: the default */
    uint64_t ceiling;   /* of a transaction, all tries included; 0: the box's default */
    bool names_factors; /* actionMessage may name the finger or the factor to try next */
    bool any_position;  /* a finger or eye of UNKNOWN position is compared with all enrolled */
};

#define POLICY_ATTRIBUTES_MAX 32
struct policy_attribute {
    char name[32];
    bool masked;
};
struct policy {
    char id[PROGRAMME_ID_SIZE];
    char name[PROGRAMME_NAME_SIZE];
    enum programme_status status;
    int64_t commences_ms, expires_ms;
    uint32_t allowed, mandatory; /* AUTH_TYPE_BITs */
    enum auth_token_type token_type;
    bool uniform;              /* hide unknown from wrong */
    bool unsigned_requests;    /* JOSE profile: claims need no signature (docs/protocol.md §3) */
    bool tells_person;         /* the person gets a message of each authentication */
    uint32_t failures_an_hour; /* the programme's failure budget; 0: the box's default */
    struct policy_biometrics biometrics;
    size_t attribute_count;
    struct policy_attribute attributes[POLICY_ATTRIBUTES_MAX];
    size_t language_count;
    char languages[8][4];
};

struct misp {
    char id[PROGRAMME_ID_SIZE];
    enum programme_status status;
    int64_t commences_ms, expires_ms;
};

/* National settings (§5.4, §5.5). */
struct national {
    char uin_salt[SALT_SIZE]; /* of the token derivation */
    char partner_salt[SALT_SIZE];
    char token_partner[PROGRAMME_ID_SIZE]; /* online verification partner of the identity token */
};

struct hotlist_entry {
    bool blocked;
    int64_t expires_ms; /* blocked until then; 0: for good */
};

MUST_CHECK enum err partner_encode(const struct partner *partner, struct buffer *plain);
MUST_CHECK enum err partner_decode(struct bytes plain, struct partner *partner);
MUST_CHECK enum err api_key_encode(const struct api_key *api_key, struct buffer *plain);
MUST_CHECK enum err api_key_decode(struct bytes plain, struct api_key *api_key);
MUST_CHECK enum err policy_encode(const struct policy *policy, struct buffer *plain);
MUST_CHECK enum err policy_decode(struct bytes plain, struct policy *policy);
MUST_CHECK enum err misp_encode(const struct misp *misp, struct buffer *plain);
MUST_CHECK enum err misp_decode(struct bytes plain, struct misp *misp);
MUST_CHECK enum err national_encode(const struct national *national, struct buffer *plain);
MUST_CHECK enum err national_decode(struct bytes plain, struct national *national);
MUST_CHECK enum err hotlist_entry_encode(const struct hotlist_entry *entry, struct buffer *plain);
MUST_CHECK enum err hotlist_entry_decode(struct bytes plain, struct hotlist_entry *entry);
