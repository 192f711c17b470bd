#include "authd/unseal/biometrics.h"

#include <string.h>

#include "firmware/base/codec.h"
#include "authd/unseal/decode.h"
#include "authd/unseal/digest.h"
#include "authd/unseal/gcm.h"
#include "authd/unseal/jws.h"
#include "authd/unseal/member.h"
#include "authd/wire/biometric_name.h"
#include "authd/wire/biometric_time.h"

/* An object whose members are being read. */
struct object {
    const struct json *json;
    const struct json_node *node;
    struct buffer *workspace;
};

static const struct json_node *member_of(const struct object *object, const char *name) {
    return json_member(object->json, object->node, name);
}

static void read_text(const struct object *object, const char *name, size_t size,
                      struct text_field *field) {
    const struct json_node *value = member_of(object, name);
    *field = (struct text_field){.presence = FIELD_ABSENT};
    if (value != NULL)
        member_text(object->json, value, size, field);
}

static void read_base64(const struct object *object, const char *name, size_t min,
                        struct blob_field *field) {
    const struct json_node *value = member_of(object, name);
    *field = (struct blob_field){.presence = FIELD_ABSENT};
    if (value != NULL)
        member_base64(object->json, value, min, object->workspace, field);
}

static void read_time(const struct object *object, const char *name, struct biometric_time *time) {
    read_text(object, name, UNSEAL_TIME_SIZE, &time->text);
    biometric_time_parse(time);
}

/* ---- a JWS and the object in it ---- */

/* header "." payload "." signature. */
static bool split(struct bytes text, struct bytes *header, struct bytes *payload,
                  struct bytes *signature) {
    const uint8_t *first = text.len > 0 ? memchr(text.data, '.', text.len) : NULL;
    const uint8_t *last = text.len > 0 ? memrchr(text.data, '.', text.len) : NULL;
    if (first == last)
        return false;
    const uint8_t *end = text.data + text.len;
    *header = bytes_of(text.data, (size_t)(first - text.data));
    *payload = bytes_of(first + 1, (size_t)(last - first - 1));
    *signature = bytes_of(last + 1, (size_t)(end - last - 1));
    return payload->len > 0 && memchr(payload->data, '.', payload->len) == NULL;
}

/* Header and signature are read as those of a request are, which is without its payload. */
static enum err read_frame(struct bytes text, struct buffer *workspace,
                           struct biometric_signed *jws, struct bytes *payload) {
    struct bytes header, signature;
    struct jws detached;
    if (!split(text, &header, payload, &signature))
        return ERR_MALFORMED;
    size_t start = workspace->len;
    buffer_raw(workspace, header.data, header.len);
    buffer_raw(workspace, "..", 2);
    buffer_raw(workspace, signature.data, signature.len);
    if (workspace->err != ERR_OK)
        return workspace->err;
    jws_read(bytes_of(workspace->data + start, workspace->len - start), workspace, &detached);
    jws->shape = detached.shape;
    if (detached.shape != JWS_READ)
        return ERR_MALFORMED;
    jws->signature = detached.signature;
    jws->certificate = detached.certificate;
    jws->text = bytes_of(text.data, header.len + 1 + payload->len);
    return decode_base64url(*payload, workspace, payload);
}

/* The member ${name} as a JWS, and its payload as ${inner}, whose JSON is the caller's ${parsed}.
 */
static void read_signed(const struct object *object, const char *name, struct biometric_signed *jws,
                        struct json *parsed, struct object *inner) {
    struct bytes characters, payload;
    const struct json_node *value = member_of(object, name);
    *jws = (struct biometric_signed){.presence = FIELD_ABSENT};
    if (value == NULL)
        return;
    jws->presence = value->kind == JSON_KIND_STRING ? FIELD_PRESENT
                    : value->kind == JSON_KIND_NULL ? FIELD_NULL
                                                    : FIELD_WRONG_TYPE;
    if (jws->presence != FIELD_PRESENT)
        return;
    jws->shape = JWS_MALFORMED;
    if (decode_string(object->json, value, object->workspace, &characters) != ERR_OK ||
        read_frame(characters, object->workspace, jws, &payload) != ERR_OK)
        return;
    jws->is_json = json_parse(payload, BIOMETRICS_NODES_MAX, parsed) == ERR_OK;
    if (jws->is_json)
        *inner = (struct object){parsed, json_root(parsed), object->workspace};
}

/* ---- a segment ---- */

/* Of two names for one member the first counts, unless it is not there. */
static void read_alias(const struct object *object, const char *name, const char *alias,
                       struct text_field *field) {
    read_text(object, member_of(object, name) != NULL ? name : alias, BIOMETRIC_NAME_SIZE, field);
}

static void read_device(const struct object *data, struct biometric_device *device) {
    struct json json;
    struct object object = {0};
    read_signed(data, "digitalId", &device->jws, &json, &object);
    if (!device->jws.is_json)
        return;
    read_text(&object, "serialNo", BIOMETRIC_NAME_SIZE, &device->serial_number);
    read_text(&object, "make", BIOMETRIC_NAME_SIZE, &device->make);
    read_text(&object, "model", BIOMETRIC_NAME_SIZE, &device->model);
    read_text(&object, "type", BIOMETRIC_NAME_SIZE, &device->type);
    read_text(&object, "deviceSubType", BIOMETRIC_NAME_SIZE, &device->sub_type);
    read_alias(&object, "deviceProvider", "dp", &device->provider);
    read_alias(&object, "deviceProviderId", "dpId", &device->provider_id);
    read_time(&object, "dateTime", &device->time);
}

static void read_data(const struct object *element, struct biometric_segment *segment) {
    struct json json;
    struct object object = {0};
    read_signed(element, "data", &segment->data, &json, &object);
    if (!segment->data.is_json)
        return;
    read_device(&object, &segment->device);
    read_text(&object, "deviceCode", BIOMETRIC_NAME_SIZE, &segment->device_code);
    read_text(&object, "deviceServiceVersion", BIOMETRIC_NAME_SIZE, &segment->service_version);
    read_text(&object, "transactionId", UNSEAL_TRANSACTION_SIZE, &segment->transaction_id);
    read_text(&object, "purpose", UNSEAL_TYPE_SIZE, &segment->purpose);
    read_text(&object, "env", UNSEAL_ENV_SIZE, &segment->env);
    read_text(&object, "domainUri", UNSEAL_DOMAIN_SIZE, &segment->domain_uri);
    read_text(&object, "version", UNSEAL_VERSION_SIZE, &segment->version);
    read_time(&object, "timestamp", &segment->time);
    read_text(&object, "bioType", UNSEAL_TYPE_SIZE, &segment->capture_text);
    read_text(&object, "bioSubType", UNSEAL_ID_SIZE, &segment->part_text);
    biometric_name_classify(segment);
    read_base64(&object, "bioValue", GCM_TAG_BYTES + 1, &segment->bio_value);
}

/* A link of the hash chain (§3.4): compared as text, so that only its one form counts. */
static void read_hash(const struct object *element, struct biometric_segment *segment) {
    struct text_field text;
    uint8_t hash[DIGEST_BYTES];
    struct buffer *workspace = element->workspace;
    read_text(element, "hash", DIGEST_HEX_CHARS + 1, &text);
    segment->hash = (struct blob_field){.presence = text.presence};
    if (text.presence != FIELD_PRESENT)
        return;
    segment->hash.malformed =
        strpbrk(text.text, "abcdef") != NULL ||
        codec_hex_decode(bytes_of_text(text.text), hash, sizeof hash) != ERR_OK ||
        workspace->size - workspace->len < sizeof hash;
    if (segment->hash.malformed)
        return;
    buffer_raw(workspace, hash, sizeof hash);
    segment->hash.data = bytes_of(workspace->data + workspace->len - sizeof hash, sizeof hash);
}

static void read_segment(const struct object *element, struct biometric_segment *segment) {
    const struct json_node *thumbprint = member_of(element, "thumbprint");
    read_text(element, "specVersion", UNSEAL_VERSION_SIZE, &segment->spec_version);
    read_hash(element, segment);
    read_base64(element, "sessionKey", BIOMETRIC_KEY_BYTES, &segment->session_key);
    if (segment->session_key.data.len != 0 &&
        segment->session_key.data.len != BIOMETRIC_KEY_BYTES &&
        segment->session_key.data.len != BIOMETRIC_KEY_MAX)
        segment->session_key = (struct blob_field){.presence = FIELD_PRESENT, .malformed = true};
    if (thumbprint != NULL)
        member_thumbprint(element->json, thumbprint, element->workspace, &segment->thumbprint);
    read_data(element, segment);
}

void biometrics_read(const struct json *json, const struct json_node *value,
                     struct buffer *workspace, struct biometric_segments *segments) {
    struct json_child child = {0};
    memset(segments, 0, sizeof *segments);
    segments->malformed = value->kind != JSON_KIND_ARRAY;
    while (!segments->malformed && json_next(json, value, &child)) {
        struct object element = {json, child.value, workspace};
        if (child.value->kind != JSON_KIND_OBJECT)
            segments->malformed = true;
        else if (segments->count == BIOMETRIC_SEGMENTS_MAX)
            segments->too_many = true;
        else
            read_segment(&element, &segments->segments[segments->count++]);
    }
    if (segments->malformed)
        *segments = (struct biometric_segments){.malformed = true};
}
