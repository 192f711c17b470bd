#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/*
 * The one writer of the JOSE profile's results (docs/protocol.md §5 and 6): the claims of a JWT,
 * from typed fields. The signer adds ${issuer} and the header, which are its own; exp, mfa and acr
 * follow from the fields.
 *
 * It refuses (ERR_DENIED, and ${claims} is to be thrown away):
 *   an issuer, an audience or a transaction that is empty or not printable ASCII;
 *   a subject that is not 36 digits;
 *   no amr, or one that is not known;
 *   no lifetime or one over RESULT_LIFETIME_MAX_SECONDS; a time of issue more than
 *   RESULT_SKEW_SECONDS after ${now_ms}, or more than RESULT_AGE_MAX_SECONDS before it; an
 *   auth_time after the time of issue, or more than RESULT_AGE_MAX_SECONDS before it;
 *   attributes in a RESULT_AUTHENTICATION, one that is there twice, a name that is empty or not
 *   printable ASCII, a value that is not UTF-8, a yes or no with a value besides;
 *   what is too long for ${claims}.
 */
#define RESULT_SKEW_SECONDS         60
#define RESULT_LIFETIME_MAX_SECONDS 600
#define RESULT_AGE_MAX_SECONDS      900
#define RESULT_JTI_BYTES            16
#define RESULT_ATTRIBUTES_MAX       64
#define RESULT_VALUE_MAX            (48u * 1024u)
#define RESULT_JWT_MAX              (96u * 1024u)
#define RESULT_CLAIMS_MAX           (71u * 1024u) /* what a JWT has room for */
#define RESULT_ISSUER_SIZE          256

enum result_kind { RESULT_AUTHENTICATION = 1, RESULT_ATTRIBUTES = 2 };

enum result_amr { /* RFC 8176 */
                  RESULT_AMR_OTP = 1,
                  RESULT_AMR_KBA = 2,
                  RESULT_AMR_FPT = 4,
                  RESULT_AMR_IRIS = 8,
                  RESULT_AMR_FACE = 16,
};

enum result_acr {
    RESULT_ACR_GENERATED_CODE = 1,
    RESULT_ACR_BIOMETRICS,
    RESULT_ACR_BIOMETRICS_GENERATED_CODE,
    RESULT_ACR_DECLARED,
};
/* The acr of ${amr}, bits of enum result_amr that matched; 0 for nothing. */
enum result_acr result_acr_of(uint32_t amr);

enum result_value {
    RESULT_VALUE_TEXT = 1,
    RESULT_VALUE_TRUE,
    RESULT_VALUE_FALSE,
    RESULT_VALUE_BYTES
};

struct result_attribute {
    char name[48]; /* "name#ara" */
    enum result_value kind;
    struct bytes value; /* TEXT: UTF-8; BYTES: written as base64 */
};

struct result {
    enum result_kind kind;
    char audience[64]; /* the programme's id */
    char subject[40];  /* MOSIP's authToken: 36 digits */
    char transaction[16];
    uint8_t jti[RESULT_JTI_BYTES];
    int64_t issued_s, auth_time_s; /* seconds since 1970 */
    uint32_t lifetime_seconds;
    uint32_t amr; /* enum result_amr, added up; mfa follows from it */
    size_t attribute_count;
    struct result_attribute attributes[RESULT_ATTRIBUTES_MAX]; /* views of the frame */
};

/* Appends the claims to ${claims}, as JSON. ${now_ms}: the signer's own wall clock. */
MUST_CHECK enum err result_write(const struct result *result, const char *issuer, int64_t now_ms,
                                 struct buffer *claims);

/* The typ of its header: "idcs-result+jwt" or "idcs-attributes+jwt". */
const char *result_type(enum result_kind kind);
