#pragma once

#include <stdint.h>

#include "firmware/base/bytes.h"
#include "authd/wire/jose_wire.h"

/* What a client of the JOSE profile sends, and what is one change away from it. Every function
 * fails the running test when it cannot. */
#define JOSE_SAMPLE_SIZE (400u * 1024u)

/* A member and its value in JSON. A list of them ends with a name of NULL. */
struct jose_sample_member {
    const char *name, *value;
};

extern const struct jose_sample_member jose_sample_jws_header[], jose_sample_jwe_header[],
    jose_sample_plaintext[];

/*
 * The JSON object of ${members}, with the member ${name} (NULL: none) replaced by ${value}, or
 * added, or left out when ${value} is NULL. Good until the next call.
 */
const char *jose_sample_object(const struct jose_sample_member *members, const char *name,
                               const char *value);

/* ${header} "." ${payload} "." 64 bytes, none of them signed. */
void jose_sample_jws(const char *header, struct bytes payload, char text[static JOSE_SAMPLE_SIZE]);
/* ${header} ".." IV "." ${ciphertext} "." tag, none of them encrypted. */
void jose_sample_jwe(const char *header, struct bytes ciphertext,
                     char text[static JOSE_SAMPLE_SIZE]);

/* A256GCM with an IV of 12 bytes: the ciphertext, as long as the plaintext, and the tag. */
struct jose_sample_sealing {
    const uint8_t *key, *iv;
    struct bytes additional, plaintext;
};
void jose_sample_seal(const struct jose_sample_sealing *sealing, uint8_t *ciphertext,
                      uint8_t tag[static JOSE_TAG_BYTES]);
