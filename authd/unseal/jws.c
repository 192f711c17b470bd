#include <string.h>

#include "authd/unseal/decode.h"
#include "authd/unseal/der.h"
#include "authd/unseal/jws.h"

#define JWS_NODES_MAX       64
#define JWS_SIGNATURE_MAX   512 /* RSA of at most 4096 bits */
#define JWS_PROTECTED_CHARS 12288

/* protected ".." signature: base64url, unlike the members of a body, where MOSIP is lenient. */
static bool split(struct bytes header, struct bytes *protected_header, struct bytes *signature) {
    const uint8_t *dots = header.len > 0 ? memmem(header.data, header.len, "..", 2) : NULL;
    if (dots == NULL)
        return false;
    size_t before = (size_t)(dots - header.data);
    *protected_header = bytes_of(header.data, before);
    *signature = bytes_of(dots + 2, header.len - before - 2);
    return before > 0 && before <= JWS_PROTECTED_CHARS;
}

/* The first certificate's characters; NULL when there is none. */
static const struct json_node *first_certificate(const struct json *json) {
    struct json_child child = {0};
    const struct json_node *x5c = json_member(json, json_root(json), "x5c");
    if (x5c == NULL || x5c->kind == JSON_KIND_NULL)
        return NULL;
    if (x5c->kind != JSON_KIND_ARRAY)
        return x5c;
    return json_next(json, x5c, &child) ? child.value : NULL;
}

static enum err read_certificate(const struct json *json, const struct json_node *node,
                                 struct buffer *workspace, struct bytes *certificate) {
    struct bytes characters, encoded;
    if (node->kind != JSON_KIND_STRING)
        return ERR_MALFORMED;
    ERR_TRY(decode_string(json, node, workspace, &characters));
    ERR_TRY(decode_base64(characters, CODEC_SKIP_NEWLINES, workspace, &encoded));
    return der_certificate(encoded, workspace, certificate);
}

static enum jws_shape read_header(const struct json *json, struct buffer *workspace,
                                  struct bytes *certificate) {
    const struct json_node *algorithm = json_member(json, json_root(json), "alg");
    if (algorithm == NULL || !json_is_text(json, algorithm, "RS256") ||
        json_member(json, json_root(json), "crit") != NULL)
        return JWS_MALFORMED;
    const struct json_node *x5c = first_certificate(json);
    if (x5c == NULL)
        return JWS_NO_CERTIFICATE;
    bool readable = read_certificate(json, x5c, workspace, certificate) == ERR_OK;
    return readable ? JWS_READ : JWS_BAD_CERTIFICATE;
}

void jws_read(struct bytes header, struct buffer *workspace, struct jws *jws) {
    struct bytes protected_header, signature, text, certificate;
    struct json json;
    *jws = (struct jws){.shape = JWS_MALFORMED};
    if (!split(header, &protected_header, &signature) ||
        decode_base64url(signature, workspace, &signature) != ERR_OK || signature.len == 0 ||
        signature.len > JWS_SIGNATURE_MAX ||
        decode_base64url(protected_header, workspace, &text) != ERR_OK ||
        json_parse(text, JWS_NODES_MAX, &json) != ERR_OK)
        return;
    jws->shape = read_header(&json, workspace, &certificate);
    if (jws->shape == JWS_READ)
        *jws = (struct jws){.shape = JWS_READ,
                            .protected_header = protected_header,
                            .signature = signature,
                            .certificate = certificate};
}
