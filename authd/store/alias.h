#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "authd/store/identity.h"

/*
 * A row of REGISTRY_ALIASES: from a lookup key to the person's own. A person's row keeps for good
 * the lookup key that it got first, her *person key*; under a younger pepper her number is found by
 * an alias of it.
 */
#define ALIAS_ID_BYTES      16
#define ALIAS_ID_HASH_BYTES 32
#define ALIAS_PEPPER_FIRST  1 /* of boxes whose pepper never rolled, and of rows of format 1 */

enum alias_type {
    ALIAS_PERPETUAL = 1,
    ALIAS_TEMPORARY,
    ALIAS_ONE_TIME,
    ALIAS_UIN /* the person's own number, under a younger pepper than her row's */
};

struct alias {
    uint8_t lookup_key[IDENTITY_LOOKUP_BYTES]; /* the person key */
    uint8_t alias_id[ALIAS_ID_BYTES]; /* of a VID: random; the ledger counts its uses under it */
    enum alias_type type;
    bool revoked;
    int64_t expires_ms; /* 0: never */
    uint32_t uses;      /* transactions allowed; 0: without limit */
    uint16_t pepper;    /* the generation that made the key this row is under; from 1 */
    bool has_id_hash;   /* rows of format 1 have none: no other pepper's key can be made for them */
    uint8_t id_hash[ALIAS_ID_HASH_BYTES]; /* MOSIP's salted id hash of the VID or UIN (§5.4) */
};

/* ERR_MALFORMED: no generation, no known type, or an ALIAS_UIN without its id hash. ERR_FULL. */
MUST_CHECK enum err alias_encode(const struct alias *alias, struct buffer *plain);
/* Rows of format 1 are of pepper 1. ERR_CORRUPT. */
MUST_CHECK enum err alias_decode(struct bytes plain, struct alias *alias);
/* Whether it stands for a VID. */
bool alias_is_vid(const struct alias *alias);
/* An id hash and a person key are personal data: a copy is wiped at the end of its scope. */
void alias_wipe(struct alias *alias);
#define ALIAS_WIPED __attribute__((cleanup(alias_wipe)))
