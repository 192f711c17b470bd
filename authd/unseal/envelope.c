#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "firmware/base/clock.h"
#include "firmware/base/codec.h"
#include "authd/unseal/digest.h"
#include "authd/unseal/envelope.h"
#include "authd/unseal/json.h"
#include "authd/unseal/jws.h"
#include "authd/unseal/member.h"

#define PATH_PREFIX         "/idauthentication/v1/"
#define SEALED_MIN          32 /* tag and IV around nothing */
#define SESSION_KEY_BYTES   256
#define SESSION_KEY_MAX     (DIGEST_BYTES + SESSION_KEY_BYTES) /* with the thumbprint in front */
#define PATH_SEGMENTS       3
#define COUNT_OF(array)     (sizeof(array) / sizeof *(array))
#define FIELD(member, size) offsetof(struct envelope, member), size

static const struct {
    const char *segment;
    enum envelope_function function;
} functions[] = {{"auth", FUNCTION_AUTH}, {"otp", FUNCTION_OTP}, {"kyc", FUNCTION_KYC}};

static const struct text_member {
    const char *name;
    size_t offset, size;
} text_members[] = {
    {"id", FIELD(id, UNSEAL_ID_SIZE)},
    {"version", FIELD(version, UNSEAL_VERSION_SIZE)},
    {"individualId", FIELD(individual_id, UNSEAL_INDIVIDUAL_SIZE)},
    {"individualIdType", FIELD(individual_id_type, UNSEAL_TYPE_SIZE)},
    {"transactionID", FIELD(transaction_id, UNSEAL_TRANSACTION_SIZE)},
    {"requestTime", FIELD(request_time, UNSEAL_TIME_SIZE)},
    {"domainUri", FIELD(domain_uri, UNSEAL_DOMAIN_SIZE)},
    {"env", FIELD(env, UNSEAL_ENV_SIZE)},
};

/* Cuts what comes before the next slash off ${rest}; all of it when there is none. */
static struct bytes take_segment(struct bytes *rest) {
    const uint8_t *slash = rest->len > 0 ? memchr(rest->data, '/', rest->len) : NULL;
    size_t len = slash != NULL ? (size_t)(slash - rest->data) : rest->len;
    size_t taken = slash != NULL ? len + 1 : len;
    struct bytes segment = bytes_of(rest->data, len);
    *rest = bytes_of(rest->data + taken, rest->len - taken);
    return segment;
}

/* RFC 3986 §2.1. ERR_MALFORMED, or ERR_FULL when it is too long for ${target}. */
static enum err percent_decode(struct bytes segment, struct buffer *target) {
    for (size_t i = 0; i < segment.len; i++) {
        uint8_t byte = segment.data[i];
        if (byte == '%') {
            if (segment.len - i < 3 ||
                codec_hex_decode(bytes_of(segment.data + i + 1, 2), &byte, 1) != ERR_OK)
                return ERR_MALFORMED;
            i += 2;
        }
        buffer_u8(target, byte);
    }
    return target->err;
}

static bool is_line(struct bytes text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < 0x20 || text.data[i] == 0x7f)
            return false;
    return codec_utf8_check(text) == ERR_OK;
}

static enum err read_segment(struct bytes segment, char *text, size_t size) {
    uint8_t decoded[EDGE_PATH_MAX];
    struct buffer target = buffer_over(decoded, sizeof decoded);
    struct bytes line;
    text[0] = '\0';
    ERR_TRY(percent_decode(segment, &target));
    ERR_TRY(buffer_end(&target, &line));
    if (is_line(line) && bytes_to_text(line, text, size) != ERR_OK)
        text[0] = '\0';
    return ERR_OK;
}

static enum envelope_function find_function(struct bytes segment) {
    for (size_t i = 0; i < COUNT_OF(functions); i++)
        if (bytes_equal_text(segment, functions[i].segment))
            return functions[i].function;
    return FUNCTION_NONE;
}

static enum err read_path(struct bytes path, struct envelope *envelope) {
    char *const names[PATH_SEGMENTS] = {envelope->misp_license_key, envelope->partner_id,
                                        envelope->api_key};
    size_t prefix = strlen(PATH_PREFIX), present = 0;
    if (path.len < prefix || !bytes_equal_text(bytes_of(path.data, prefix), PATH_PREFIX))
        return ERR_NOT_FOUND;
    struct bytes rest = bytes_of(path.data + prefix, path.len - prefix);
    envelope->function = find_function(take_segment(&rest));
    for (size_t i = 0; i < PATH_SEGMENTS; i++) {
        struct bytes segment = take_segment(&rest);
        ERR_TRY(read_segment(segment, names[i], UNSEAL_SEGMENT_SIZE));
        present += segment.len > 0;
    }
    envelope->path_complete = present == PATH_SEGMENTS;
    /* Not even a slash may follow. */
    bool ends = rest.data == path.data + path.len && path.data[path.len - 1] != '/';
    return envelope->function != FUNCTION_NONE && (ends || !envelope->path_complete)
               ? ERR_OK
               : ERR_NOT_FOUND;
}

static void forget_path(struct envelope *envelope) {
    envelope->function = FUNCTION_NONE;
    envelope->path_complete = false;
    envelope->misp_license_key[0] = '\0';
    envelope->partner_id[0] = '\0';
    envelope->api_key[0] = '\0';
}

static void read_signature(struct bytes header, struct buffer *workspace,
                           struct envelope *envelope) {
    struct jws jws;
    jws_read(header, workspace, &jws);
    if (jws.shape == JWS_READ &&
        digest_sha256(jws.certificate, envelope->certificate_thumbprint) != ERR_OK)
        jws.shape = JWS_BAD_CERTIFICATE;
    envelope->jws = jws.shape;
    if (jws.shape != JWS_READ)
        return;
    envelope->jws_protected_len = (uint16_t)jws.protected_header.len;
    envelope->jws_signature = jws.signature;
}

/* Takes one channel into ${envelope}; says how its list is to be called for it. */
static enum field_presence read_channel(const struct json *json, const struct json_node *element,
                                        struct envelope *envelope) {
    struct text_field name;
    member_text(json, element, UNSEAL_TYPE_SIZE, &name);
    if (name.presence == FIELD_TOO_LONG)
        return FIELD_TOO_LONG;
    if (name.presence != FIELD_PRESENT || name.text[0] == '\0')
        return FIELD_WRONG_TYPE;
    if (strcasecmp(name.text, "phone") == 0)
        envelope->channel_phone = true;
    else if (strcasecmp(name.text, "email") == 0)
        envelope->channel_email = true;
    else if (envelope->channel_unknown[0] == '\0')
        memcpy(envelope->channel_unknown, name.text, strlen(name.text) + 1);
    return FIELD_PRESENT;
}

static void read_channels(const struct json *json, const struct json_node *value,
                          struct envelope *envelope) {
    struct json_child child = {0};
    enum field_presence presence = value->kind == JSON_KIND_ARRAY  ? FIELD_PRESENT
                                   : value->kind == JSON_KIND_NULL ? FIELD_NULL
                                                                   : FIELD_WRONG_TYPE;
    for (size_t i = 0; presence == FIELD_PRESENT && json_next(json, value, &child); i++)
        presence =
            i < UNSEAL_CHANNELS_MAX ? read_channel(json, child.value, envelope) : FIELD_TOO_LONG;
    envelope->channels_presence = presence;
    if (presence == FIELD_PRESENT)
        return;
    envelope->channel_phone = envelope->channel_email = false;
    envelope->channel_unknown[0] = '\0';
}

static void read_consent(const struct json_node *value, struct envelope *envelope) {
    envelope->consent = value->kind == JSON_KIND_TRUE;
    envelope->consent_presence = value->kind == JSON_KIND_TRUE || value->kind == JSON_KIND_FALSE
                                     ? FIELD_PRESENT
                                 : value->kind == JSON_KIND_NULL ? FIELD_NULL
                                                                 : FIELD_WRONG_TYPE;
}

static void read_session_key(const struct json *json, const struct json_node *value,
                             struct buffer *workspace, struct blob_field *field) {
    member_base64(json, value, SESSION_KEY_BYTES, workspace, field);
    if (field->data.len != 0 && field->data.len != SESSION_KEY_BYTES &&
        field->data.len != SESSION_KEY_MAX)
        *field = (struct blob_field){.presence = FIELD_PRESENT, .malformed = true};
}

static void read_other_member(const struct json *json, const struct json_child *member,
                              struct buffer *workspace, struct envelope *envelope) {
    const struct json_node *value = member->value;
    if (json_is_text(json, member->name, "request"))
        member_base64(json, value, SEALED_MIN, workspace, &envelope->request);
    else if (json_is_text(json, member->name, "requestHMAC"))
        member_base64(json, value, SEALED_MIN, workspace, &envelope->request_hmac);
    else if (json_is_text(json, member->name, "requestSessionKey"))
        read_session_key(json, value, workspace, &envelope->session_key);
    else if (json_is_text(json, member->name, "thumbprint"))
        member_thumbprint(json, value, workspace, &envelope->thumbprint);
    else if (json_is_text(json, member->name, "consentObtained"))
        read_consent(value, envelope);
    else if (json_is_text(json, member->name, "otpChannel"))
        read_channels(json, value, envelope);
}

static bool read_text_member(const struct json *json, const struct json_child *member,
                             struct envelope *envelope) {
    for (size_t i = 0; i < COUNT_OF(text_members); i++) {
        const struct text_member *known = &text_members[i];
        if (!json_is_text(json, member->name, known->name))
            continue;
        struct text_field *field = (struct text_field *)((uint8_t *)envelope + known->offset);
        member_text(json, member->value, known->size, field);
        return true;
    }
    return false;
}

static void read_body(struct bytes body, struct buffer *workspace, struct envelope *envelope) {
    struct json json;
    struct json_child member = {0};
    if (json_parse(body, ENVELOPE_NODES_MAX, &json) != ERR_OK)
        return;
    envelope->body_is_json = true;
    while (json_next(&json, json_root(&json), &member))
        if (!read_text_member(&json, &member, envelope))
            read_other_member(&json, &member, workspace, envelope);
    struct bytes time = bytes_of_text(envelope->request_time.text);
    envelope->request_time_valid = envelope->request_time.presence == FIELD_PRESENT &&
                                   clock_parse_millis(time, &envelope->request_time_ms) == ERR_OK;
    if (!envelope->request_time_valid)
        envelope->request_time_ms = 0;
}

void envelope_read(const struct edge_request *request, struct buffer *workspace,
                   struct envelope *envelope) {
    *envelope = (struct envelope){0};
    if (read_path(request->path, envelope) != ERR_OK)
        forget_path(envelope);
    envelope->authorization_present = request->authorization.len > 0;
    if (request->has_signature)
        read_signature(request->signature, workspace, envelope);
    read_body(request->body, workspace, envelope);
}
