#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/*
 * Identifiers a person presents: the UIN (in Morocco the IDCS, ten digits) and the VID (sixteen).
 * Both end in a Verhoeff check digit and obey the rules of MOSIP's generator. Whether the national
 * register keeps every rule is not public, so each can be switched off.
 */
#define IDENTIFIER_UIN_DIGITS 10
#define IDENTIFIER_VID_DIGITS 16
#define IDENTIFIER_HASH_BYTES 32
#define IDENTIFIER_MODULI     1000

enum identifier_type { IDENTIFIER_UIN = 1, IDENTIFIER_VID = 2 };

enum identifier_rule {
    IDENTIFIER_CHECKSUM = 1u << 0,       /* Verhoeff over all digits */
    IDENTIFIER_FIRST_DIGIT = 1u << 1,    /* not 0 or 1 */
    IDENTIFIER_SEQUENCE = 1u << 2,       /* no ascending or descending run of three */
    IDENTIFIER_REPEATED_DIGIT = 1u << 3, /* no digit twice adjacent or one apart */
    IDENTIFIER_REPEATED_BLOCK = 1u << 4, /* no block of two digits twice */
    IDENTIFIER_EVEN_DIGITS = 1u << 5,    /* no three of 2, 4, 6, 8 in a row */
    IDENTIFIER_MIRRORED_HALVES =
        1u << 6, /* first five digits are not the last five, nor their reverse */
    IDENTIFIER_RESTRICTED_NUMBER = 1u << 7, /* does not contain 786 or 666 */
    IDENTIFIER_CYCLIC_NUMBER = 1u << 8,     /* does not contain a cyclic number such as 142857 */
};
#define IDENTIFIER_ALL_RULES 0x1ffu

/* Names of the rules for settings: "checksum", "first-digit"… ERR_NOT_FOUND. */
MUST_CHECK enum err identifier_rule_parse(const char *name, enum identifier_rule *rule);
const char *identifier_rule_text(enum identifier_rule rule);

/* ${broken} is the set of rules of ${rules} that ${text} breaks; ERR_MALFORMED: not that many
 * digits. */
MUST_CHECK enum err identifier_check(const char *text, enum identifier_type type, uint32_t rules,
                                     uint32_t *broken);

/* The Verhoeff check digit for the ${digit_count} digits of ${digits}. ERR_MALFORMED: not all
 * digits. */
MUST_CHECK enum err identifier_check_digit(const char *digits, size_t digit_count,
                                           char *check_digit);

/* Which salt an identifier takes (§5.4): 0..999. */
unsigned identifier_salt_modulo(const char *identifier);
/* SHA-256(identifier ‖ salt): the id hash of §5.4 before its hex. ERR_CRYPTO. */
MUST_CHECK enum err identifier_hash(const char *identifier, const char *salt,
                                    uint8_t hash[static IDENTIFIER_HASH_BYTES]);
