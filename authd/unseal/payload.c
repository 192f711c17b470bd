#include <string.h>

#include "firmware/base/clock.h"
#include "firmware/base/codec.h"
#include "firmware/base/secret.h"
#include "authd/unseal/biometrics.h"
#include "authd/unseal/demographics.h"
#include "authd/unseal/digest.h"
#include "authd/unseal/gcm.h"
#include "authd/unseal/json.h"
#include "authd/unseal/member.h"
#include "authd/unseal/payload.h"
#include "authd/wire/sample_wire.h"

#define IV_BYTES       16
#define TRAILER_BYTES  (GCM_TAG_BYTES + IV_BYTES)
#define OTP_DIGITS     6
#define COUNT_OF(list) (sizeof(list) / sizeof *(list))

enum err payload_open(void) {
    ERR_TRY(gcm_open());
    return digest_open();
}

void payload_close(void) {
    gcm_close();
    digest_close();
}

/* ciphertext ‖ tag ‖ IV. ${opened} says whether the tag verified; ${plaintext} is empty when it did
 * not. */
static enum err open_sealed(struct bytes sealed, struct secret *plaintext, bool *opened) {
    *opened = false;
    if (sealed.len < TRAILER_BYTES)
        return ERR_OK;
    const uint8_t *tag = sealed.data + sealed.len - TRAILER_BYTES;
    struct gcm_sealed parts = {.iv = bytes_of(tag + GCM_TAG_BYTES, IV_BYTES),
                               .ciphertext = bytes_of(sealed.data, sealed.len - TRAILER_BYTES),
                               .tag = tag};
    return gcm_decrypt(&parts, plaintext, opened);
}

/* Whether ${hmac} is the upper-case hex SHA-256 of ${plaintext}. */
static enum err compare_hash(struct bytes plaintext, struct bytes hmac, bool *matches) {
    uint8_t hash[DIGEST_BYTES];
    char hex[DIGEST_HEX_CHARS];
    struct buffer target = buffer_over(hex, sizeof hex);
    struct bytes expected;
    *matches = false;
    ERR_TRY(digest_sha256(plaintext, hash));
    codec_hex_upper(&target, bytes_of(hash, sizeof hash));
    ERR_TRY(buffer_end(&target, &expected));
    return secret_equal(expected, hmac, matches);
}

static enum err open_both(const struct unseal_payload *question, struct buffer *workspace,
                          struct payload *answer) {
    SECRET(hmac);
    SECRET(plaintext);
    ERR_TRY(gcm_set_key(question->content_key, IV_BYTES));
    /* Of any other length it cannot be a hash: it needs no room in the arena. */
    if (question->request_hmac.len == DIGEST_HEX_CHARS + TRAILER_BYTES)
        ERR_TRY(open_sealed(question->request_hmac, &hmac, &answer->hmac_opened));
    ERR_TRY(open_sealed(question->request, &plaintext, &answer->request_opened));
    if (answer->hmac_opened && answer->request_opened)
        ERR_TRY(compare_hash(secret_view(&plaintext), secret_view(&hmac), &answer->hash_matches));
    if (answer->hash_matches)
        payload_read(secret_view(&plaintext), workspace, answer);
    return ERR_OK;
}

enum err payload_unseal(const struct unseal_payload *question, struct buffer *workspace,
                        struct payload *answer) {
    *answer = (struct payload){0};
    enum err err = open_both(question, workspace, answer);
    gcm_forget_key();
    return err;
}

static void read_otp(const struct json *json, const struct json_node *value,
                     struct payload *answer) {
    struct text_field text;
    answer->has_otp = !member_is_empty(json, value);
    member_text(json, value, sizeof answer->otp, &text);
    if (strlen(text.text) == OTP_DIGITS && strspn(text.text, "0123456789") == OTP_DIGITS) {
        answer->otp_well_formed = true;
        memcpy(answer->otp, text.text, OTP_DIGITS + 1);
    }
    secret_wipe(&text, sizeof text);
}

static void read_timestamp(const struct json *json, const struct json_node *value,
                           struct payload *answer) {
    member_text(json, value, UNSEAL_TIME_SIZE, &answer->timestamp);
    answer->timestamp_valid =
        answer->timestamp.presence == FIELD_PRESENT &&
        clock_parse_millis(bytes_of_text(answer->timestamp.text), &answer->timestamp_ms) == ERR_OK;
    if (!answer->timestamp_valid)
        answer->timestamp_ms = 0;
}

static void read_static_pin(const struct json *json, const struct json_node *value,
                            struct payload *answer) {
    answer->has_static_pin = !member_is_empty(json, value);
}

static void read_password(const struct json *json, const struct json_node *value,
                          struct payload *answer) {
    answer->has_password = !member_is_empty(json, value);
}

static void read_bound_tokens(const struct json *json, const struct json_node *value,
                              struct payload *answer) {
    answer->has_bound_tokens = !member_is_empty(json, value);
}

static const struct {
    const char *name;
    void (*read)(const struct json *json, const struct json_node *value, struct payload *answer);
} factors[] = {
    {"otp", read_otp},
    {"staticPin", read_static_pin},
    {"password", read_password},
    {"keyBindedTokens", read_bound_tokens},
};

/*
 * The text is copied, as the plaintext does not stay; and the room for what the segments say is
 * taken before they are read, so that no segment can use it up.
 */
static void read_biometrics(const struct json *json, const struct json_node *value,
                            struct buffer *workspace, struct payload *answer) {
    static struct biometric_segments segments;
    answer->has_biometrics = true;
    if (workspace->err != ERR_OK ||
        workspace->size - workspace->len < value->len + SAMPLE_SEGMENTS_MAX)
        return;
    uint8_t *text = workspace->data + workspace->len;
    buffer_raw(workspace, json->text.data + value->start, value->len);
    struct buffer block = buffer_over(workspace->data + workspace->len, SAMPLE_SEGMENTS_MAX);
    workspace->len += SAMPLE_SEGMENTS_MAX;
    biometrics_read(json, value, workspace, &segments);
    sample_wire_put_segments(&block, &segments);
    if (buffer_end(&block, &answer->biometric_segments) == ERR_OK && !segments.malformed)
        answer->biometrics_text = bytes_of(text, value->len);
    secret_wipe(&segments, sizeof segments);
}

void payload_read_factors(const struct json *json, struct buffer *workspace,
                          struct payload *answer) {
    for (size_t i = 0; i < COUNT_OF(factors); i++) {
        const struct json_node *value = json_member(json, json_root(json), factors[i].name);
        if (value != NULL)
            factors[i].read(json, value, answer);
    }
    const struct json_node *demographics = json_member(json, json_root(json), "demographics");
    if (demographics != NULL)
        demographics_read(json, demographics, workspace, answer);
    const struct json_node *biometrics = json_member(json, json_root(json), "biometrics");
    if (biometrics != NULL && !member_is_empty(json, biometrics))
        read_biometrics(json, biometrics, workspace, answer);
}

void payload_read(struct bytes plaintext, struct buffer *workspace, struct payload *answer) {
    struct json json;
    if (json_parse(plaintext, PAYLOAD_NODES_MAX, &json) != ERR_OK)
        return;
    answer->is_json = true;
    const struct json_node *timestamp = json_member(&json, json_root(&json), "timestamp");
    if (timestamp != NULL)
        read_timestamp(&json, timestamp, answer);
    payload_read_factors(&json, workspace, answer);
}
