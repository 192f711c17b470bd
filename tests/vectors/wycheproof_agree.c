#include <string.h>

#include <openssl/x509.h>

#include "firmware/base/codec.h"
#include "authd/unseal/decode.h"
#include "authd/unseal/jose_header.h"
#include "hsm/agree.h"
#include "hsm/concat_kdf.h"
#include "hsm/jwk.h"
#include "tests/vectors/wycheproof.h"
#include "tests/vectors/wycheproof_key.h"

/*
 * ECDH: hsm/agree.h, with a key of OpenSSL's in the place of the token's. It gives the content key,
 * so what is compared is the key that the expected secret would give.
 */
#define SHARED_BYTES CONCAT_KDF_SHARED_BYTES

static const char *begin(const json_t *group) {
    (void)group;
    return NULL;
}

/* Whether ${question}'s point and ${scalar} give the content key of ${shared}. */
static bool agrees(struct hsm_derive *question, struct bytes scalar, struct bytes shared) {
    uint8_t expected[HSM_CONTENT_KEY_BYTES];
    struct sample_holder holder;
    struct agree_ring *ring = NULL;
    uint64_t uses = 0;
    SECRET(content_key);
    EVP_PKEY *key = wycheproof_p256_private(scalar);
    wycheproof_require(key != NULL, "a private key");
    sample_certify(&(struct sample_subject){.name = "request", .key = key}, NULL, &holder);
    wycheproof_require(agree_new(&ring) == ERR_OK &&
                           agree_add(ring, key, sample_der(&holder), 1) == ERR_OK &&
                           jwk_ec_thumbprint(sample_der(&holder), question->kid) == ERR_OK,
                       "a request key");
    enum err err = agree_derive(ring, question, &content_key, &uses);
    wycheproof_require(err == ERR_OK || err == ERR_CRYPTO, "agree");
    wycheproof_require((uses == 0) == (err == ERR_CRYPTO), "a bad point came to the token");
    bool same = false;
    if (err == ERR_OK && shared.len == SHARED_BYTES)
        same = concat_kdf_a256gcm(shared.data, question->party_u, question->party_v, expected) ==
                   ERR_OK &&
               bytes_equal(secret_view(&content_key), bytes_of(expected, sizeof expected));
    agree_free(ring);
    sample_free(&holder);
    EVP_PKEY_free(key);
    return same;
}

/* A scalar in hex may have a zero in front, or lack some. */
static struct bytes scalar_of(struct bytes given) {
    uint8_t *scalar = wycheproof_memory(SHARED_BYTES);
    while (given.len > SHARED_BYTES && given.data[0] == 0)
        given = bytes_of(given.data + 1, given.len - 1);
    wycheproof_require(given.len <= SHARED_BYTES, "a scalar");
    memset(scalar, 0, SHARED_BYTES);
    memcpy(scalar + SHARED_BYTES - given.len, given.data, given.len);
    return bytes_of(scalar, SHARED_BYTES);
}

static struct verdict judge_der(const json_t *group, const json_t *test) {
    (void)group;
    static const uint8_t prefix[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                     0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                     0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
    struct verdict verdict = {0};
    struct hsm_derive question = {0};
    struct bytes encoded = wycheproof_hex(test, "public");
    if (encoded.len != sizeof prefix + sizeof question.x + sizeof question.y ||
        memcmp(encoded.data, prefix, sizeof prefix) != 0) {
        verdict.skipped = "a public key comes as two coordinates (webcrypto's file), never as DER";
        return verdict;
    }
    memcpy(question.x, encoded.data + sizeof prefix, sizeof question.x);
    memcpy(question.y, encoded.data + sizeof prefix + sizeof question.x, sizeof question.y);
    verdict.accepted = agrees(&question, scalar_of(wycheproof_hex(test, "private")),
                              wycheproof_hex(test, "shared"));
    return verdict;
}

/* The public key as the epk of a JWE's header, read as unseal reads it. */
static enum err read_header(const json_t *jwk, struct jose_block *block) {
    static uint8_t memory[DECODE_WORKSPACE_BYTES];
    char text[2048];
    struct buffer header = buffer_over(text, sizeof text);
    struct buffer workspace = buffer_over(memory, sizeof memory);
    char *key = json_dumps(jwk, JSON_COMPACT);
    json_t *whole =
        json_pack("{ss ss ss so}", "alg", "ECDH-ES", "enc", "A256GCM", "kid",
                  "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", "epk", json_loads(key, 0, NULL));
    char *json = json_dumps(whole, JSON_COMPACT);
    codec_base64url(&header, bytes_of_text(json));
    wycheproof_require(header.err == ERR_OK, "a header");
    enum err err = jose_header_jwe(bytes_of(header.data, header.len), &workspace, block);
    free(json);
    free(key);
    json_decref(whole);
    return err;
}

static struct verdict judge_jwk(const json_t *group, const json_t *test) {
    (void)group;
    struct verdict verdict = {0};
    struct hsm_derive question = {0};
    struct jose_block block = {0};
    uint8_t *scalar = wycheproof_memory(SHARED_BYTES);
    wycheproof_require(
        wycheproof_octets(json_object_get(test, "private"), "d", scalar, SHARED_BYTES), "a scalar");
    if (read_header(json_object_get(test, "public"), &block) != ERR_OK)
        return verdict;
    memcpy(question.x, block.x, sizeof question.x);
    memcpy(question.y, block.y, sizeof question.y);
    verdict.accepted =
        agrees(&question, bytes_of(scalar, SHARED_BYTES), wycheproof_hex(test, "shared"));
    return verdict;
}

const struct wycheproof_runner wycheproof_ecdh_der = {begin, judge_der, NULL};
const struct wycheproof_runner wycheproof_ecdh_jwk = {begin, judge_jwk, NULL};
