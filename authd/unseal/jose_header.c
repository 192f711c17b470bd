#include "authd/unseal/jose_header.h"

#include "authd/unseal/decode.h"
#include "authd/unseal/jose_member.h"
#include "authd/unseal/json.h"

#define HEADER_NODES_MAX 64
#define REQUEST_TYPE     "idcs-request+jws"
#define COUNT_OF(array)  (sizeof(array) / sizeof *(array))

static bool member_is(const struct json *json, const struct json_node *object, const char *name,
                      const char *text) {
    const struct json_node *value = json_member(json, object, name);
    return value != NULL && json_is_text(json, value, text);
}

/* A header of one algorithm. */
static enum err parse(struct bytes encoded, const char *algorithm, struct buffer *workspace,
                      struct json *json) {
    static const char *const refused[] = {"crit", "b64", "zip"};
    struct bytes text;
    if (encoded.len > JOSE_PROTECTED_MAX)
        return ERR_MALFORMED;
    ERR_TRY(decode_base64url(encoded, workspace, &text));
    if (json_parse(text, HEADER_NODES_MAX, json) != ERR_OK)
        return ERR_MALFORMED;
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        if (json_member(json, json_root(json), refused[i]) != NULL)
            return ERR_MALFORMED;
    return member_is(json, json_root(json), "alg", algorithm) ? ERR_OK : ERR_MALFORMED;
}

enum err jose_header_jws(struct bytes encoded, struct buffer *workspace,
                         uint8_t kid[static JOSE_KID_BYTES]) {
    struct json json;
    ERR_TRY(parse(encoded, "ES256", workspace, &json));
    const struct json_node *root = json_root(&json);
    if (!member_is(&json, root, "typ", REQUEST_TYPE))
        return ERR_MALFORMED;
    return jose_member_octets(&json, json_member(&json, root, "kid"), kid, JOSE_KID_BYTES);
}

/* A JWK of the sender's for this message alone. Whoever sends its private part with it has made a
 * mistake that must not pass unnoticed. */
static enum err read_ephemeral_key(const struct json *json, struct jose_block *block) {
    const struct json_node *key = json_member(json, json_root(json), "epk");
    if (key == NULL || key->kind != JSON_KIND_OBJECT || !member_is(json, key, "kty", "EC") ||
        !member_is(json, key, "crv", "P-256") || json_member(json, key, "d") != NULL)
        return ERR_MALFORMED;
    ERR_TRY(jose_member_octets(json, json_member(json, key, "x"), block->x, sizeof block->x));
    return jose_member_octets(json, json_member(json, key, "y"), block->y, sizeof block->y);
}

static enum err read_party(const struct json *json, const char *name, struct buffer *workspace,
                           struct bytes *party) {
    const struct json_node *value = json_member(json, json_root(json), name);
    *party = bytes_of(NULL, 0);
    if (value == NULL)
        return ERR_OK;
    ERR_TRY(jose_member_base64url(json, value, workspace, party));
    return party->len <= JOSE_PARTY_MAX ? ERR_OK : ERR_MALFORMED;
}

enum err jose_header_jwe(struct bytes encoded, struct buffer *workspace, struct jose_block *block) {
    struct json json;
    ERR_TRY(parse(encoded, "ECDH-ES", workspace, &json));
    const struct json_node *root = json_root(&json);
    if (!member_is(&json, root, "enc", "A256GCM"))
        return ERR_MALFORMED;
    ERR_TRY(
        jose_member_octets(&json, json_member(&json, root, "kid"), block->kid, sizeof block->kid));
    ERR_TRY(read_ephemeral_key(&json, block));
    ERR_TRY(read_party(&json, "apu", workspace, &block->party_u));
    return read_party(&json, "apv", workspace, &block->party_v);
}
