#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

#define IDENTITY_LOOKUP_BYTES   32
#define IDENTITY_TOKEN_SIZE     37 /* 36 decimal digits */
#define IDENTITY_UIN_SIZE       11 /* the IDCS: ten digits */
#define IDENTITY_SALT_BYTES     16
#define IDENTITY_ATTRIBUTES_MAX 64
#define IDENTITY_PLAIN_MAX      4096

/* Factors a person or the agency has locked (§9.4). */
enum identity_lock {
    LOCK_OTP_PHONE = 1u << 0,
    LOCK_OTP_EMAIL = 1u << 1,
    LOCK_DEMO = 1u << 2,
    LOCK_BIO_FINGER = 1u << 3,
    LOCK_BIO_IRIS = 1u << 4,
    LOCK_BIO_FACE = 1u << 5,
};

/* One stored attribute, by MOSIP's stored name (§8.2): "fullName", "gender", "addressLine1",
 * "city"… */
struct identity_attribute {
    struct bytes name;
    char language[4]; /* "ara", "fra", "eng", "zgh"; "" when it has none */
    struct bytes value;
};

/*
 * A person, as the sealed record has it. Decoded in one piece of secret memory; free with
 * identity_free. The views in ${attributes} point into that memory.
 */
struct identity {
    char uin[IDENTITY_UIN_SIZE];
    char token[IDENTITY_TOKEN_SIZE];         /* identity token of §5.5 */
    uint8_t audit_salt[IDENTITY_SALT_BYTES]; /* erasing it erases the link from the journal to the
                                                person */
    bool deactivated;
    int64_t expires_ms; /* wall clock; 0: never */
    uint32_t locks;
    int16_t birth_year;             /* 0: not known */
    uint8_t birth_month, birth_day; /* 0: only the year is known */
    char phone[24];                 /* E.164, "+212612345678"; "" when none */
    char email[128];
    char language[4]; /* preferred */
    size_t attribute_count;
    struct identity_attribute attributes[IDENTITY_ATTRIBUTES_MAX];
};

/* ${identity} is written whole. ERR_FULL. */
MUST_CHECK enum err identity_encode(const struct identity *identity, struct buffer *plain);
/* A new struct identity in secret memory. ERR_CORRUPT when the bytes are not an identity. */
MUST_CHECK enum err identity_decode(struct bytes plain, struct identity **identity);
void identity_free(struct identity *identity); /* wipes; NULL is allowed */
void identity_cleanup(struct identity **identity);
#define IDENTITY_CLEANUP __attribute__((cleanup(identity_cleanup)))
