#include <string.h>

#include "firmware/base/codec.h"
#include "authd/core/p256.h"
#include "authd/unseal/decode.h"
#include "authd/unseal/digest.h"
#include "authd/unseal/jose_compact.h"
#include "tests/vectors/wycheproof.h"
#include "tests/vectors/wycheproof_es256.h"
#include "tests/vectors/wycheproof_key.h"

/* ES256: core's verifier; and whether a signature has its two numbers is unseal's to find out. */
static uint8_t point[POINT_BYTES];

bool wycheproof_es256_verify(const uint8_t registered[static POINT_BYTES], struct bytes text,
                             const uint8_t signature[static JOSE_SIGNATURE_BYTES]) {
    static struct p256_cache *cache; /* of the whole run, as that of a lane is */
    struct jose_client_key client_key;
    bool valid = false;
    memcpy(client_key.point, registered, POINT_BYTES);
    wycheproof_require((cache != NULL || p256_cache_new(&cache) == ERR_OK) &&
                           digest_sha256(bytes_of(registered, POINT_BYTES), client_key.kid) ==
                               ERR_OK &&
                           p256_verify(cache, &client_key, text, signature, &valid) == ERR_OK,
                       "a registered point is none");
    return valid;
}

static const char *begin(const json_t *group) {
    struct bytes encoded = wycheproof_hex(json_object_get(group, "publicKey"), "uncompressed");
    wycheproof_require(encoded.len == POINT_BYTES &&
                           wycheproof_register_point(encoded.data + 1, encoded.data + 33, point),
                       "a key of the vectors is not registered");
    return NULL;
}

/* The signature as the last part of a JWS, read by unseal. */
static bool read_signature(struct bytes signature, uint8_t octets[static JOSE_SIGNATURE_BYTES]) {
    static uint8_t memory[DECODE_WORKSPACE_BYTES];
    char text[2048];
    struct buffer compact = buffer_over(text, sizeof text);
    struct buffer workspace = buffer_over(memory, sizeof memory);
    struct jose_jws jws;
    codec_base64url(&compact,
                    bytes_of_text("{\"alg\":\"ES256\",\"typ\":\"idcs-request+jws\",\"kid\":"
                                  "\"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs\"}"));
    buffer_raw(&compact, ".e30.", 5);
    codec_base64url(&compact, signature);
    wycheproof_require(compact.err == ERR_OK, "a signature is too long");
    if (jose_compact_jws(bytes_of(compact.data, compact.len), &workspace, &jws) != ERR_OK)
        return false;
    memcpy(octets, jws.signature, JOSE_SIGNATURE_BYTES);
    return true;
}

static struct verdict judge(const json_t *group, const json_t *test) {
    (void)group;
    uint8_t signature[JOSE_SIGNATURE_BYTES];
    struct verdict verdict = {0};
    verdict.accepted = read_signature(wycheproof_hex(test, "sig"), signature) &&
                       wycheproof_es256_verify(point, wycheproof_hex(test, "msg"), signature);
    return verdict;
}

const struct wycheproof_runner wycheproof_es256 = {begin, judge, NULL};
