#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "authd/wire/edge_wire.h"

/*
 * core (and provd) ↔ unseal. Unseal turns hostile bytes into these typed fields and holds nothing.
 * What it says is re-checked on receipt as though it were hostile: core verifies the signature over
 * the raw bytes itself, with the registered key, before it acts on any of it.
 */
enum unseal_verb {
    UNSEAL_ENVELOPE = 302, /* path, headers, body → struct envelope */
    UNSEAL_ENVELOPE_READ = 303,
    UNSEAL_FOREIGN =
        304, /* an unregistered signer: verify with its own certificate, to choose the refusal */
    UNSEAL_FOREIGN_JUDGED = 305,
    UNSEAL_PAYLOAD = 306, /* content key and sealed blocks → struct payload */
    UNSEAL_PAYLOAD_READ = 307,
    UNSEAL_CERTIFICATE = 308, /* provd: a partner's or CA's certificate → its typed fields */
    UNSEAL_CERTIFICATE_READ = 309,
    UNSEAL_SAMPLES =
        314, /* biometrics of a request with their keys → struct samples (sample_wire.h) */
    UNSEAL_SAMPLES_READ = 315,
    UNSEAL_ENROLMENT = 316, /* provd: a record of the register → struct enrolment (sample_wire.h) */
    UNSEAL_ENROLMENT_READ = 317,
    UNSEAL_TLS_CHAIN = 318, /* provd: certificates for TLS → struct tls_chain_read */
    UNSEAL_TLS_CHAIN_READ = 319,
    UNSEAL_PKCS10 = 320, /* provd: a request for a certificate → its key (pkcs10_wire.h) */
    UNSEAL_PKCS10_READ = 321,
};

/* How a JSON member was found. */
enum field_presence {
    FIELD_ABSENT = 0,
    FIELD_NULL,
    FIELD_WRONG_TYPE,
    FIELD_TOO_LONG, /* a text over the field's size: invalid by any rule */
    FIELD_PRESENT,  /* may be "" or blank */
};

#define UNSEAL_ID_SIZE          64
#define UNSEAL_VERSION_SIZE     16
#define UNSEAL_INDIVIDUAL_SIZE  128
#define UNSEAL_TYPE_SIZE        16
#define UNSEAL_TRANSACTION_SIZE 64
#define UNSEAL_TIME_SIZE        48
#define UNSEAL_DOMAIN_SIZE      256
#define UNSEAL_ENV_SIZE         32
#define UNSEAL_SEGMENT_SIZE     128
#define UNSEAL_CHANNELS_MAX     4

struct text_field {
    enum field_presence presence;
    char text[UNSEAL_DOMAIN_SIZE]; /* UTF-8 without zero bytes; "" unless PRESENT */
};

/* An encoded member, decoded: request, requestHMAC, requestSessionKey, thumbprint. */
struct blob_field {
    enum field_presence presence;
    bool malformed;    /* present, but not the encoding it must be */
    struct bytes data; /* a view of the frame */
};

enum envelope_function { FUNCTION_NONE = 0, FUNCTION_AUTH, FUNCTION_OTP, FUNCTION_KYC };

/* What the JWS of the signature header says of itself (§2.5). Nothing of it is trusted. */
enum jws_shape {
    JWS_ABSENT = 0,      /* no signature header */
    JWS_MALFORMED,       /* not a detached compact JWS, bad header JSON, unknown crit */
    JWS_NO_CERTIFICATE,  /* no x5c */
    JWS_BAD_CERTIFICATE, /* x5c[0] is not a certificate we can read */
    JWS_READ,
};

struct envelope {
    /* path */
    enum envelope_function function;
    bool path_complete; /* three segments followed the function name */
    char misp_license_key[UNSEAL_SEGMENT_SIZE], partner_id[UNSEAL_SEGMENT_SIZE],
        api_key[UNSEAL_SEGMENT_SIZE]; /* percent-decoded */
    /* headers */
    bool authorization_present; /* not empty */
    enum jws_shape jws;
    uint8_t certificate_thumbprint[32]; /* SHA-256 of the DER of x5c[0] */
    uint16_t jws_protected_len;         /* characters of the header part, before ".." */
    struct bytes jws_signature;         /* decoded; algorithm RS256 */
    /* body */
    bool body_is_json; /* one object, UTF-8, no duplicate member, within the depth and token limits
                        */
    struct text_field id, version, individual_id, individual_id_type, transaction_id, request_time,
        domain_uri, env;
    enum field_presence consent_presence;
    bool consent;
    bool request_time_valid;
    int64_t request_time_ms;
    struct blob_field thumbprint;            /* 32 bytes, from hex or base64url */
    struct blob_field session_key;           /* 256 bytes, or 288 with the thumbprint in front */
    struct blob_field request, request_hmac; /* ciphertext ‖ tag16 ‖ IV16 */
    /* OTP request */
    enum field_presence channels_presence;
    bool channel_phone, channel_email;
    char channel_unknown[UNSEAL_TYPE_SIZE]; /* the first name that is neither; "" when none */
};

struct unseal_foreign {
    struct bytes signature_header; /* whole */
    struct bytes body;
    int64_t now_ms;
    size_t anchor_count;
    struct bytes anchors[16]; /* DER certificates of the AUTH domain */
};
struct unseal_foreign_judged {
    bool trusted; /* the path leads to an anchor, is in time, and the signature verifies with that
                     certificate */
};

struct unseal_payload {
    uint8_t content_key[32]; /* the reader wipes it */
    struct bytes request, request_hmac;
};

#define PAYLOAD_DEMOGRAPHICS_MAX      64
#define PAYLOAD_DEMOGRAPHIC_NAME_SIZE 40
#define PAYLOAD_LANGUAGE_SIZE         8
#define PAYLOAD_VALUE_MAX             512

/* One value of a member of demographics: the member's own text, or one {language, value} of its
 * list. Values of one list have the same name and stand next to each other. */
struct payload_demographic {
    char name[PAYLOAD_DEMOGRAPHIC_NAME_SIZE]; /* visible ASCII, not empty */
    /* ABSENT or NULL: without a language; TOO_LONG: none that could be supported */
    enum field_presence language_presence;
    char language[PAYLOAD_LANGUAGE_SIZE]; /* UTF-8; "" unless PRESENT */
    struct bytes value;                   /* UTF-8 without zero bytes, at most PAYLOAD_VALUE_MAX */
};

/* Which factors the decrypted request carries (§1.6). Empty string, empty list and null are absent.
 */
struct payload {
    bool hmac_opened, request_opened; /* AES-GCM tags verified */
    bool hash_matches; /* requestHMAC is the upper-case hex SHA-256 of the plaintext */
    bool is_json;
    struct text_field timestamp;
    bool timestamp_valid;
    int64_t timestamp_ms;
    bool has_otp;
    bool otp_well_formed; /* six ASCII digits */
    char otp[8];          /* the reader wipes it */
    bool has_demographics, has_biometrics, has_static_pin, has_password, has_bound_tokens;
    bool demographics_malformed; /* they are there, but not readable: then the list is empty */
    size_t demographic_count;    /* else at least one of a request that has_demographics */
    struct payload_demographic demographics[PAYLOAD_DEMOGRAPHICS_MAX]; /* views of the frame */
    /* Of a request that has_biometrics: the member's own text, for UNSEAL_SAMPLES, and what its
     * segments say of themselves, for sample_wire_get_segments. Views of the frame. */
    struct bytes biometrics_text, biometric_segments;
};

/* What the key of a certificate must be. */
enum certificate_key {
    /* RSA from 2048 to 4096 bits: what signs and opens in the MOSIP profile. Without anchors, as
     * for an authority, any key of that strength. */
    CERTIFICATE_KEY_MOSIP = 0,
    CERTIFICATE_KEY_P256, /* the named curve, its point whole and on it: the JOSE profile */
};
#define UNSEAL_KEY_NAME_SIZE 32

struct unseal_certificate {
    struct bytes encoded; /* PEM or DER */
    enum certificate_key key;
    int64_t now_ms;
    size_t anchor_count; /* 0: read it without judging the path (a CA to be registered) */
    struct bytes anchors[16];
};
struct unseal_certificate_read {
    enum err status; /* ERR_MALFORMED, ERR_EXPIRED, ERR_CRYPTO (no path to an anchor), ERR_DENIED
                        (weak key, or none that was asked for) */
    struct bytes der;
    struct bytes public_key; /* SubjectPublicKeyInfo, DER; of a P-256 key 91 bytes, of which the
                                last 65 are the point */
    /* What kind of key it is, also when it is refused for it (ERR_DENIED): "RSA-2048", "P-256",
     * "secp384r1"; "": not known */
    char key_name[UNSEAL_KEY_NAME_SIZE];
    uint8_t thumbprint[32];
    int64_t not_before_ms, not_after_ms;
    bool is_authority;
    char subject[128]; /* printable common name */
};

void unseal_wire_put_envelope_question(struct buffer *target, const struct edge_request *request);
MUST_CHECK enum err unseal_wire_get_envelope_question(struct bytes payload,
                                                      struct edge_request *request);
void unseal_wire_put_envelope(struct buffer *target, const struct envelope *envelope);
MUST_CHECK enum err unseal_wire_get_envelope(struct bytes payload, struct envelope *envelope);
void unseal_wire_put_foreign(struct buffer *target, const struct unseal_foreign *question);
MUST_CHECK enum err unseal_wire_get_foreign(struct bytes payload, struct unseal_foreign *question);
void unseal_wire_put_judged(struct buffer *target, const struct unseal_foreign_judged *answer);
MUST_CHECK enum err unseal_wire_get_judged(struct bytes payload,
                                           struct unseal_foreign_judged *answer);
void unseal_wire_put_payload_question(struct buffer *target, const struct unseal_payload *question);
MUST_CHECK enum err unseal_wire_get_payload_question(struct bytes payload,
                                                     struct unseal_payload *question);
void unseal_wire_put_payload(struct buffer *target, const struct payload *answer);
MUST_CHECK enum err unseal_wire_get_payload(struct bytes payload, struct payload *answer);
void unseal_wire_put_certificate(struct buffer *target, const struct unseal_certificate *question);
MUST_CHECK enum err unseal_wire_get_certificate(struct bytes payload,
                                                struct unseal_certificate *question);
void unseal_wire_put_certificate_read(struct buffer *target,
                                      const struct unseal_certificate_read *answer);
MUST_CHECK enum err unseal_wire_get_certificate_read(struct bytes payload,
                                                     struct unseal_certificate_read *answer);
