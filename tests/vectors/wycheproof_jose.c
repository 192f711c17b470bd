#include <stdlib.h>
#include <string.h>

#include "firmware/base/codec.h"
#include "authd/core/signature.h"
#include "authd/unseal/decode.h"
#include "authd/unseal/gcm.h"
#include "authd/unseal/jose_compact.h"
#include "authd/unseal/jws.h"
#include "hsm/agree.h"
#include "hsm/jwk.h"
#include "tests/vectors/wycheproof.h"
#include "tests/vectors/wycheproof_es256.h"
#include "tests/vectors/wycheproof_key.h"

/*
 * Whole JWS and JWE. Ours have header parameters that a vector's has not: they are put into its
 * header, the rest of which stays as it is to the byte, and this goes to the readers. What is
 * verified or authenticated is the vector's own header.
 */
#define TEXT_MAX 65536
#define KID      "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"

/* The key of the group, as each of the three uses has it; of another kind: none. */
static struct {
    bool has_point, has_rsa, has_request;
    uint8_t point[POINT_BYTES];
    struct partner partner; /* of the MOSIP profile */
    char x5c[8192];
    struct agree_ring *ring;
    char kid[JWK_KID_SIZE];
    const json_t *jwk;
    struct signature_cache *cache;
} key;

/* ---- the group's key ---- */

static void take_rsa(const json_t *jwk) {
    struct sample_holder holder;
    struct unseal_certificate_read read;
    EVP_PKEY *rsa = wycheproof_rsa_key(jwk);
    if (rsa == NULL)
        return;
    key.has_rsa = wycheproof_register(rsa, &holder, &read);
    if (key.has_rsa) {
        struct buffer x5c = buffer_over(key.x5c, sizeof key.x5c);
        codec_base64(&x5c, read.der);
        buffer_u8(&x5c, '\0');
        wycheproof_require(x5c.err == ERR_OK && read.public_key.len <= PARTNER_KEY_MAX, "x5c");
        key.partner.has_certificate = true;
        key.partner.public_key_len = (uint16_t)read.public_key.len;
        memcpy(key.partner.public_key, read.public_key.data, read.public_key.len);
        memcpy(key.partner.certificate_thumbprint, read.thumbprint, sizeof read.thumbprint);
    }
    sample_free(&holder);
    EVP_PKEY_free(rsa);
}

static void take_point(const json_t *jwk) {
    uint8_t x[32], y[32];
    key.has_point = wycheproof_octets(jwk, "x", x, sizeof x) &&
                    wycheproof_octets(jwk, "y", y, sizeof y) &&
                    wycheproof_register_point(x, y, key.point);
}

static void take_request_key(const json_t *jwk) {
    uint8_t scalar[32];
    struct sample_holder holder;
    const char *curve = json_string_value(json_object_get(jwk, "crv"));
    if (curve == NULL || strcmp(curve, "P-256") != 0 ||
        !wycheproof_octets(jwk, "d", scalar, sizeof scalar))
        return;
    EVP_PKEY *private = wycheproof_p256_private(bytes_of(scalar, sizeof scalar));
    sample_certify(&(struct sample_subject){.name = "request", .key = private}, NULL, &holder);
    wycheproof_require(agree_new(&key.ring) == ERR_OK &&
                           agree_add(key.ring, private, sample_der(&holder), 1) == ERR_OK &&
                           jwk_ec_kid(sample_der(&holder), key.kid) == ERR_OK,
                       "a request key");
    key.has_request = true;
    sample_free(&holder);
    EVP_PKEY_free(private);
}

static bool member_is(const json_t *object, const char *name, const char *text) {
    const char *value = json_string_value(json_object_get(object, name));
    return value != NULL && strcmp(value, text) == 0;
}

/* A key set has its only key in it. */
static const json_t *single(const json_t *jwk) {
    const json_t *set = json_object_get(jwk, "keys");
    return set == NULL ? jwk : json_array_get(set, 0);
}

static const char *begin(const json_t *group) {
    const json_t *private = json_object_get(group, "private");
    const json_t *public = json_object_get(group, "public");
    bool signs = json_object_get(json_array_get(json_object_get(group, "tests"), 0), "jws") != NULL;
    memset(&key, 0, sizeof key);
    if (json_array_size(json_object_get(private, "keys")) > 1)
        return "there is no key set: a programme has one key for a purpose";
    if (strstr(wycheproof_text(group, "comment"), "roca") != NULL)
        return "keys of programmes are not tried for ROCA: an authority of the officers vouches "
               "for them";
    private = single(private);
    public = public != NULL ? single(public) : private;
    key.jwk = public;
    wycheproof_require(signature_cache_new(&key.cache) == ERR_OK, "memory");
    take_rsa(public);
    if (signs)
        take_point(public);
    else
        take_request_key(private);
    return NULL;
}

static void end(void) {
    agree_free(key.ring);
    signature_cache_free(key.cache);
    key.ring = NULL;
    key.cache = NULL;
}

/* ---- its header, with what ours has besides ---- */

static void rename_member(char *text, const char *name) {
    char *at = strstr(text, name);
    while (at != NULL) {
        at[2] = '_';
        at = strstr(at, name);
    }
}

/* ${compact} with ${added} put into its header, and "kid" and "typ" of its own renamed. As it is
 * when its header is no base64url of an object. */
static struct bytes with_header(struct bytes compact, const char *added) {
    char text[TEXT_MAX];
    size_t len = 0;
    size_t size = compact.len + CODEC_BASE64_CHARS(strlen(added) + 8);
    struct buffer target = buffer_over(wycheproof_memory(size), size);
    const uint8_t *dot = compact.len > 0 ? memchr(compact.data, '.', compact.len) : NULL;
    size_t header_len = dot != NULL ? (size_t)(dot - compact.data) : compact.len;
    if (codec_base64_decode(bytes_of(compact.data, header_len), CODEC_STRICT, (uint8_t *)text,
                            sizeof text - 1, &len) != ERR_OK ||
        len == 0 || text[0] != '{')
        return compact;
    text[len] = '\0';
    rename_member(text, "\"kid\"");
    rename_member(text, "\"typ\"");
    char whole[2 * TEXT_MAX];
    int whole_len = snprintf(whole, sizeof whole, "{%s,%s", added, text + 1);
    codec_base64url(&target, bytes_of(whole, (size_t)whole_len));
    buffer_raw(&target, compact.data + header_len, compact.len - header_len);
    wycheproof_require(target.err == ERR_OK, "a header is too long");
    return bytes_of(target.data, target.len);
}

static struct bytes part_of(struct bytes compact, size_t index) {
    const uint8_t *at = compact.data, *end = compact.data + compact.len, *dot;
    for (size_t i = 0; at < end && (dot = memchr(at, '.', (size_t)(end - at))) != NULL; i++) {
        if (i == index)
            return bytes_of(at, (size_t)(dot - at));
        at = dot + 1;
    }
    return bytes_of(at, (size_t)(end - at));
}

/* ---- JWS ---- */

/* Our request: ES256 over the body as it came. */
static bool accepts_es256(struct bytes compact) {
    static uint8_t memory[DECODE_WORKSPACE_BYTES];
    struct buffer workspace = buffer_over(memory, sizeof memory);
    struct jose_jws jws;
    struct bytes changed = with_header(compact, "\"kid\":\"" KID "\",\"typ\":\"idcs-request+jws\"");
    if (!key.has_point || jose_compact_jws(changed, &workspace, &jws) != ERR_OK)
        return false;
    size_t signed_len = jws.signed_len - (changed.len - compact.len);
    return wycheproof_es256_verify(key.point, bytes_of(compact.data, signed_len), jws.signature);
}

/* MOSIP's: RS256, detached. The payload is the body that it is the base64url of. */
static bool accepts_rs256(struct bytes compact) {
    static uint8_t memory[DECODE_WORKSPACE_BYTES];
    char added[16384];
    struct buffer workspace = buffer_over(memory, sizeof memory);
    struct jws jws;
    struct bytes header = part_of(compact, 0), payload = part_of(compact, 1);
    bool valid = false;
    (void)snprintf(added, sizeof added, "\"x5c\":[\"%s\"]", key.x5c);
    struct bytes changed = part_of(with_header(compact, added), 0);
    struct buffer detached =
        buffer_over(wycheproof_memory(changed.len + compact.len), changed.len + compact.len);
    size_t before = header.len + 1 + payload.len + 1;
    if (!key.has_rsa || compact.len < before)
        return false;
    buffer_raw(&detached, changed.data, changed.len);
    buffer_raw(&detached, "..", 2);
    buffer_raw(&detached, compact.data + before, compact.len - before);
    jws_read(bytes_of(detached.data, detached.len), &workspace, &jws);
    struct signature_parts parts = {.protected_header = header, .signature = jws.signature};
    if (jws.shape != JWS_READ || decode_base64url(payload, &workspace, &parts.body) != ERR_OK)
        return false;
    wycheproof_require(signature_verify(key.cache, &key.partner, &parts, &valid) == ERR_OK,
                       "a registered key is none");
    return valid;
}

static json_t *header_of(struct bytes compact) {
    uint8_t text[TEXT_MAX];
    size_t len = 0;
    if (codec_base64_decode(part_of(compact, 0), CODEC_STRICT, text, sizeof text, &len) != ERR_OK)
        return NULL;
    return json_loadb((const char *)text, len, 0, NULL);
}

static bool says_otherwise(const char *name, const char *expected) {
    return json_object_get(key.jwk, name) != NULL && !member_is(key.jwk, name, expected);
}

/* Whether the JWK says of itself that it is no key for this algorithm. */
static bool is_misdescribed(const char *algorithm) {
    bool is_ec = strcmp(algorithm, "ES256") == 0;
    const json_t *uses = json_object_get(key.jwk, "key_ops"), *use;
    bool verifies = uses == NULL;
    size_t index;
    json_array_foreach(uses, index, use) verifies |= strcmp(json_string_value(use), "verify") == 0;
    return !verifies || says_otherwise("use", "sig") || says_otherwise("alg", algorithm) ||
           says_otherwise("kty", is_ec ? "EC" : "RSA") || (is_ec && says_otherwise("crv", "P-256"));
}

static struct verdict judge_jws(struct bytes compact) {
    struct verdict verdict = {.accepted = accepts_es256(compact) || accepts_rs256(compact)};
    json_t *header = header_of(compact);
    bool is_es256 = member_is(header, "alg", "ES256"), is_rs256 = member_is(header, "alg", "RS256");
    if (!is_es256 && !is_rs256)
        verdict.rule = "signatures are ES256, and RS256 in the MOSIP profile";
    else if (is_misdescribed(is_es256 ? "ES256" : "RS256"))
        verdict.skipped =
            "a key comes as a certificate for one purpose: what a JWK says of itself is not read";
    json_decref(header);
    return verdict;
}

/* ---- JWE ---- */

static bool opens(const struct jose_block *block, struct bytes protected_header,
                  struct bytes expected) {
    struct hsm_derive question = {.party_u = block->party_u, .party_v = block->party_v};
    const struct gcm_sealed sealed = {.iv = bytes_of(block->iv, sizeof block->iv),
                                      .additional = protected_header,
                                      .ciphertext = block->ciphertext,
                                      .tag = block->tag};
    uint64_t uses = 0;
    bool opened = false;
    SECRET(content_key);
    SECRET(plaintext);
    memcpy(question.kid, block->kid, sizeof question.kid);
    memcpy(question.x, block->x, sizeof question.x);
    memcpy(question.y, block->y, sizeof question.y);
    if (agree_derive(key.ring, &question, &content_key, &uses) != ERR_OK ||
        gcm_set_key(content_key.data, sealed.iv.len) != ERR_OK)
        return false;
    wycheproof_require(gcm_decrypt(&sealed, &plaintext, &opened) == ERR_OK, "gcm");
    gcm_forget_key();
    return opened && bytes_equal(secret_view(&plaintext), expected);
}

static struct verdict judge_jwe(const json_t *test, struct bytes compact) {
    static uint8_t memory[DECODE_WORKSPACE_BYTES];
    struct buffer workspace = buffer_over(memory, sizeof memory);
    struct verdict verdict = {0};
    struct jose_block block;
    char added[128];
    (void)snprintf(added, sizeof added, "\"kid\":\"%s\"", key.has_request ? key.kid : KID);
    bool read = jose_compact_jwe(with_header(compact, added), &workspace, &block) == ERR_OK;
    const json_t *expected = json_object_get(test, "pt");
    verdict.accepted = read && (!key.has_request || expected == NULL ||
                                opens(&block, part_of(compact, 0), wycheproof_hex(test, "pt")));
    json_t *header = header_of(compact);
    if (!member_is(header, "alg", "ECDH-ES") || !member_is(header, "enc", "A256GCM"))
        verdict.rule = "sealed blocks are ECDH-ES with A256GCM";
    json_decref(header);
    return verdict;
}

static struct verdict judge(const json_t *group, const json_t *test) {
    (void)group;
    const json_t *jws = json_object_get(test, "jws"), *jwe = json_object_get(test, "jwe");
    const json_t *message = jws != NULL ? jws : jwe;
    /* The JSON serialisation stays JSON. */
    char *dumped = json_is_string(message) ? NULL : json_dumps(message, JSON_COMPACT);
    struct bytes compact = bytes_of_text(dumped != NULL ? dumped : json_string_value(message));
    wycheproof_require(compact.len < TEXT_MAX, "a vector is too long");
    struct verdict verdict = jws != NULL ? judge_jws(compact) : judge_jwe(test, compact);
    free(dumped);
    return verdict;
}

const struct wycheproof_runner wycheproof_jose = {begin, judge, end};
