#include <stddef.h>
#include <string.h>

#include "authd/unseal/decode.h"
#include "authd/unseal/jose_compact.h"
#include "authd/unseal/jose_member.h"
#include "authd/unseal/jose_request.h"
#include "authd/unseal/json.h"
#include "authd/wire/field.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define FIELD(member)                                                                              \
    offsetof(struct jose_request, member), sizeof((struct jose_request *)0)->member

static const struct {
    const char *path;
    enum envelope_function function;
} functions[] = {
    {"/v1/otp", FUNCTION_OTP},
    {"/v1/authentications", FUNCTION_AUTH},
    {"/v1/attributes", FUNCTION_KYC},
};

static const struct {
    const char *name;
    size_t offset, size;
} text_claims[] = {
    {"iss", FIELD(issuer)},
    {"aud", FIELD(audience)},
    {"txn", FIELD(transaction)},
    {"api_key", FIELD(api_key)},
};

/* The claims, while they are read. */
struct claims {
    const struct json *json;
    struct buffer *workspace;
    struct jose_request *request;
};

static const struct json_node *claim(const struct claims *claims, const char *name) {
    return json_member(claims->json, json_root(claims->json), name);
}

static enum err read_texts(const struct claims *claims) {
    for (size_t i = 0; i < COUNT_OF(text_claims); i++) {
        char *text = (char *)claims->request + text_claims[i].offset;
        ERR_TRY(jose_member_text(claims->json, claim(claims, text_claims[i].name), text,
                                 text_claims[i].size));
    }
    return jose_wire_is_transaction(claims->request->transaction) ? ERR_OK : ERR_MALFORMED;
}

static enum err read_consent(const struct claims *claims) {
    const struct json_node *value = claim(claims, "consent");
    claims->request->consent = value != NULL && value->kind == JSON_KIND_TRUE;
    return claims->request->consent ? ERR_OK : ERR_MALFORMED;
}

/* At least one, and none twice. */
static enum err read_channels(const struct claims *claims) {
    const struct json_node *list = claim(claims, "channels");
    struct jose_request *request = claims->request;
    struct json_child child = {0};
    if (list == NULL || list->kind != JSON_KIND_ARRAY)
        return ERR_MALFORMED;
    while (json_next(claims->json, list, &child)) {
        bool phone = json_is_text(claims->json, child.value, "phone");
        bool email = json_is_text(claims->json, child.value, "email");
        if ((!phone && !email) || (phone && request->channel_phone) ||
            (email && request->channel_email))
            return ERR_MALFORMED;
        request->channel_phone |= phone;
        request->channel_email |= email;
    }
    return request->channel_phone || request->channel_email ? ERR_OK : ERR_MALFORMED;
}

/* A visible name, into ${text} of JOSE_ATTRIBUTE_SIZE. */
static enum err read_name(const struct claims *claims, const struct json_node *value, char *text) {
    ERR_TRY(jose_member_text(claims->json, value, text, JOSE_ATTRIBUTE_SIZE));
    return field_is_visible(text) ? ERR_OK : ERR_MALFORMED;
}

static enum err add_attribute(const struct claims *claims, const struct json_node *value) {
    struct jose_request *request = claims->request;
    if (request->attribute_count == JOSE_ATTRIBUTES_MAX)
        return ERR_MALFORMED;
    char *name = request->attributes[request->attribute_count];
    ERR_TRY(read_name(claims, value, name));
    for (size_t i = 0; i < request->attribute_count; i++)
        if (strcmp(request->attributes[i], name) == 0)
            return ERR_MALFORMED;
    request->attribute_count++;
    return ERR_OK;
}

static enum err read_attribute_names(const struct claims *claims) {
    const struct json_node *list = claim(claims, "attributes");
    struct json_child child = {0};
    if (list == NULL)
        return ERR_OK;
    if (list->kind != JSON_KIND_ARRAY)
        return ERR_MALFORMED;
    while (json_next(claims->json, list, &child))
        ERR_TRY(add_attribute(claims, child.value));
    return ERR_OK;
}

/* One part of the address and its value (§6). */
static enum err read_lives_in(const struct claims *claims) {
    const struct json_node *object = claim(claims, "lives_in");
    struct jose_request *request = claims->request;
    struct json_child part = {0};
    if (object == NULL)
        return ERR_OK;
    if (object->kind != JSON_KIND_OBJECT || !json_next(claims->json, object, &part))
        return ERR_MALFORMED;
    ERR_TRY(read_name(claims, part.name, request->lives_in_part));
    ERR_TRY(jose_member_text(claims->json, part.value, request->lives_in_value,
                             sizeof request->lives_in_value));
    return json_next(claims->json, object, &part) ? ERR_MALFORMED : ERR_OK;
}

static enum err read_attributes(const struct claims *claims) {
    ERR_TRY(read_consent(claims));
    ERR_TRY(read_attribute_names(claims));
    ERR_TRY(read_lives_in(claims));
    bool asks = claims->request->attribute_count > 0 || claims->request->lives_in_part[0] != '\0';
    return asks ? ERR_OK : ERR_MALFORMED;
}

static enum err (*const function_claims[])(const struct claims *claims) = {
    [FUNCTION_OTP] = read_channels,
    [FUNCTION_AUTH] = read_consent,
    [FUNCTION_KYC] = read_attributes,
};

static enum err read_sealed(const struct claims *claims) {
    const struct json_node *value = claim(claims, "sealed");
    struct bytes compact;
    if (value == NULL || value->kind != JSON_KIND_STRING)
        return ERR_MALFORMED;
    ERR_TRY(decode_string(claims->json, value, claims->workspace, &compact));
    return jose_compact_jwe(compact, claims->workspace, &claims->request->sealed);
}

static enum err read_claims(struct bytes text, struct buffer *workspace,
                            struct jose_request *request) {
    struct json json;
    const struct claims claims = {.json = &json, .workspace = workspace, .request = request};
    if (json_parse(text, JOSE_REQUEST_NODES_MAX, &json) != ERR_OK)
        return ERR_MALFORMED;
    ERR_TRY(read_texts(&claims));
    ERR_TRY(jose_member_seconds(&json, claim(&claims, "iat"), &request->issued_ms));
    ERR_TRY(jose_member_octets(&json, claim(&claims, "binding"), request->binding,
                               sizeof request->binding));
    ERR_TRY(function_claims[request->function](&claims));
    return read_sealed(&claims);
}

static enum err read_signed(struct bytes body, struct buffer *workspace,
                            struct jose_request *request) {
    struct jose_jws jws;
    ERR_TRY(jose_compact_jws(body, workspace, &jws));
    request->is_signed = true;
    memcpy(request->kid, jws.kid, sizeof request->kid);
    request->signed_len = jws.signed_len;
    memcpy(request->signature, jws.signature, sizeof request->signature);
    return read_claims(jws.payload, workspace, request);
}

static enum envelope_function find_function(struct bytes path) {
    for (size_t i = 0; i < COUNT_OF(functions); i++)
        if (bytes_equal_text(path, functions[i].path))
            return functions[i].function;
    return FUNCTION_NONE;
}

void jose_request_read(const struct edge_request *question, struct buffer *workspace,
                       struct jose_request *request) {
    enum envelope_function function = find_function(question->path);
    enum jose_shape shape = JOSE_MALFORMED;
    enum err err = ERR_MALFORMED;
    *request = (struct jose_request){.function = function};
    if (question->media != EDGE_MEDIA_JOSE && question->media != EDGE_MEDIA_JSON)
        shape = JOSE_WRONG_MEDIA;
    else if (function != FUNCTION_NONE)
        err = question->media == EDGE_MEDIA_JOSE ? read_signed(question->body, workspace, request)
                                                 : read_claims(question->body, workspace, request);
    if (err != ERR_OK)
        *request = (struct jose_request){.shape = shape, .function = function};
}
