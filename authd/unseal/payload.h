#pragma once

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "authd/unseal/json.h"
#include "authd/wire/unseal_wire.h"

/* Objects, arrays, values and names that a decrypted request may have in all. */
#define PAYLOAD_NODES_MAX 512
/* The secret arena that opening the largest request needs. */
#define PAYLOAD_ARENA_BYTES (384u * 1024u)

/* Fetches the algorithms: before confinement. One thread. ERR_CRYPTO. */
MUST_CHECK enum err payload_open(void);
void payload_close(void);

/*
 * UNSEAL_PAYLOAD: opens requestHMAC and request (§2.2, 2.4: AES-256-GCM, ciphertext ‖ tag ‖ 16-byte
 * IV, no associated data), compares the hash in constant time and only then reads the JSON. What is
 * wrong with the request is said in ${answer}; ERR_FULL and ERR_CRYPTO are faults of this process.
 * Key and plaintext are only ever in the secret arena and in OpenSSL's cipher context, and are
 * wiped from both before this returns; only demographic values and the text of biometrics stay, in
 * ${workspace}.
 */
MUST_CHECK enum err payload_unseal(const struct unseal_payload *question, struct buffer *workspace,
                                   struct payload *answer);

/*
 * Reads the decrypted request (§1.6) into ${answer}, from is_json on. A factor is absent when it is
 * missing, null, "", [] or {}; demographics are also absent when each of their members is. A factor
 * of a wrong type is present: an otp then has otp_well_formed false, demographics and biometrics
 * are malformed, and of the others nothing more is said yet.
 *
 * Of demographics, `metadata` is passed over and any other member is taken in either form, a text
 * or a list of {language, value}: what it means is not known here. One that is neither, or breaks a
 * bound of struct payload_demographic, makes all of them malformed. The values are copied to
 * ${workspace}, which must be new and have DECODE_WORKSPACE_BYTES.
 *
 * Of biometrics, the member's text is copied there as it is, and with it goes what its segments say
 * of themselves. Without a text they are malformed: no list, or with an element that is no object.
 */
void payload_read(struct bytes plaintext, struct buffer *workspace, struct payload *answer);
/* Of that the factors alone, from has_otp on: what both profiles seal alike. */
void payload_read_factors(const struct json *json, struct buffer *workspace,
                          struct payload *answer);
