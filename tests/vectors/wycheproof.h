#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"

/*
 * One vector at a time, given to functions of this program. The answer to "did they accept it?" is
 * compared with the vector's result.
 */
struct verdict {
    bool accepted; /* verified, or opened to just the plaintext that it has */
    /* Not NULL: a rule of ours, looked up in the vector alone, by which this is refused however
     * valid it is. It then must be. */
    const char *rule;
    const char *skipped; /* not NULL: why it was not tried */
};

/* A file is run group by group. What ${begin} makes of a group, ${judge} uses and ${end} frees; one
 * group is under way at a time. */
struct wycheproof_runner {
    /* Gives why the group is skipped, or NULL. */
    const char *(*begin)(const json_t *group);
    struct verdict (*judge)(const json_t *group, const json_t *test);
    void (*end)(void);
};

extern const struct wycheproof_runner wycheproof_aes_gcm, wycheproof_xchacha, wycheproof_ecdh_der,
    wycheproof_ecdh_jwk, wycheproof_oaep, wycheproof_es256, wycheproof_jose;

/* The bytes of a member in hex, in memory that is good until the next group. Ends the program when
 * there is no such member. */
struct bytes wycheproof_hex(const json_t *object, const char *name);
const char *wycheproof_text(const json_t *object, const char *name);
/* Appends nothing: the bytes of a member in base64url, which may have lost leading zeroes, at the
 * end of ${octets}. False when it is not there or longer. */
bool wycheproof_octets(const json_t *object, const char *name, uint8_t *octets, size_t len);
/* Memory that is good until the next group. */
uint8_t *wycheproof_memory(size_t size);
/* Ends the program unless ${rule} holds: a vector or a helper is not what it must be. */
void wycheproof_require(bool rule, const char *what);
