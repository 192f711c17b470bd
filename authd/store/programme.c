#include <string.h>

#include "authd/match/false_match_table.h"
#include "authd/store/programme.h"

#define FORMAT 1
/* 1 has no unsigned_requests, which are not allowed then; 2 has no biometrics: all by default. */
#define POLICY_FORMAT 3

static const char *const auth_type_texts[AUTH_TYPE_COUNT] = {
    [AUTH_TYPE_OTP] = "otp",           [AUTH_TYPE_OTP_REQUEST] = "otp-request",
    [AUTH_TYPE_DEMO] = "demo",         [AUTH_TYPE_BIO_FINGER] = "bio-Finger",
    [AUTH_TYPE_BIO_IRIS] = "bio-Iris", [AUTH_TYPE_BIO_FACE] = "bio-Face",
    [AUTH_TYPE_BIO_FMR] = "bio-FMR",   [AUTH_TYPE_PIN] = "pin",
    [AUTH_TYPE_PWD] = "pwd",           [AUTH_TYPE_KBT] = "kbt",
    [AUTH_TYPE_KYC] = "kyc",
};
#define AUTH_TYPES_ALL (AUTH_TYPE_BIT(AUTH_TYPE_COUNT) - 1)

const char *auth_type_text(enum auth_type type) {
    return (size_t)type < AUTH_TYPE_COUNT ? auth_type_texts[type] : "unknown";
}

enum err auth_type_parse(const char *text, enum auth_type *type) {
    for (size_t i = 0; i < AUTH_TYPE_COUNT; i++) {
        if (strcmp(text, auth_type_texts[i]) == 0) {
            *type = (enum auth_type)i;
            return ERR_OK;
        }
    }
    *type = AUTH_TYPE_COUNT;
    return ERR_NOT_FOUND;
}

static void refuse(struct cursor *cursor) {
    if (cursor->err == ERR_OK)
        cursor->err = ERR_MALFORMED;
}

static void get_format(struct cursor *cursor) {
    if (cursor_u8(cursor) != FORMAT)
        refuse(cursor);
}

static enum programme_status get_status(struct cursor *cursor) {
    uint8_t status = cursor_u8(cursor);
    if (status < STATUS_ACTIVE || status > STATUS_DELETED)
        refuse(cursor);
    return (enum programme_status)status;
}

static uint16_t get_counted(struct cursor *cursor, uint8_t *target, size_t size) {
    struct bytes block = cursor_block(cursor, size);
    if (block.len > 0)
        memcpy(target, block.data, block.len);
    return (uint16_t)block.len;
}

/* Stored bytes that do not parse are damaged, whatever is wrong with them. */
static enum err verdict(const struct cursor *cursor, void *decoded, size_t size) {
    if (cursor_end(cursor) == ERR_OK)
        return ERR_OK;
    memset(decoded, 0, size);
    return ERR_CORRUPT;
}

enum err partner_encode(const struct partner *partner, struct buffer *plain) {
    if (partner->public_key_len > sizeof partner->public_key ||
        partner->certificate_len > sizeof partner->certificate)
        return ERR_TOO_LARGE;
    buffer_u8(plain, FORMAT);
    buffer_text(plain, partner->id);
    buffer_text(plain, partner->name);
    buffer_u8(plain, (uint8_t)partner->status);
    buffer_bool(plain, partner->has_certificate);
    buffer_raw(plain, partner->certificate_thumbprint, sizeof partner->certificate_thumbprint);
    buffer_i64(plain, partner->certificate_not_before_ms);
    buffer_i64(plain, partner->certificate_not_after_ms);
    buffer_block(plain, bytes_of(partner->public_key, partner->public_key_len));
    buffer_block(plain, bytes_of(partner->certificate, partner->certificate_len));
    return plain->err;
}

enum err partner_decode(struct bytes plain, struct partner *partner) {
    *partner = (struct partner){0};
    struct cursor cursor = cursor_over(plain);
    get_format(&cursor);
    cursor_text(&cursor, partner->id, sizeof partner->id);
    cursor_text(&cursor, partner->name, sizeof partner->name);
    partner->status = get_status(&cursor);
    partner->has_certificate = cursor_bool(&cursor);
    cursor_copy(&cursor, partner->certificate_thumbprint, sizeof partner->certificate_thumbprint);
    partner->certificate_not_before_ms = cursor_i64(&cursor);
    partner->certificate_not_after_ms = cursor_i64(&cursor);
    partner->public_key_len = get_counted(&cursor, partner->public_key, sizeof partner->public_key);
    partner->certificate_len =
        get_counted(&cursor, partner->certificate, sizeof partner->certificate);
    return verdict(&cursor, partner, sizeof *partner);
}

enum err api_key_encode(const struct api_key *api_key, struct buffer *plain) {
    buffer_u8(plain, FORMAT);
    buffer_text(plain, api_key->partner_id);
    buffer_text(plain, api_key->policy_id);
    buffer_u8(plain, (uint8_t)api_key->status);
    buffer_i64(plain, api_key->commences_ms);
    buffer_i64(plain, api_key->expires_ms);
    return plain->err;
}

enum err api_key_decode(struct bytes plain, struct api_key *api_key) {
    *api_key = (struct api_key){0};
    struct cursor cursor = cursor_over(plain);
    get_format(&cursor);
    cursor_text(&cursor, api_key->partner_id, sizeof api_key->partner_id);
    cursor_text(&cursor, api_key->policy_id, sizeof api_key->policy_id);
    api_key->status = get_status(&cursor);
    api_key->commences_ms = cursor_i64(&cursor);
    api_key->expires_ms = cursor_i64(&cursor);
    return verdict(&cursor, api_key, sizeof *api_key);
}

static void put_policy_lists(struct buffer *plain, const struct policy *policy) {
    buffer_u8(plain, (uint8_t)policy->attribute_count);
    for (size_t i = 0; i < policy->attribute_count; i++) {
        buffer_text(plain, policy->attributes[i].name);
        buffer_bool(plain, policy->attributes[i].masked);
    }
    buffer_u8(plain, (uint8_t)policy->language_count);
    for (size_t i = 0; i < policy->language_count; i++)
        buffer_text(plain, policy->languages[i]);
}

static void get_policy_lists(struct cursor *cursor, struct policy *policy) {
    policy->attribute_count = cursor_u8(cursor);
    if (policy->attribute_count > POLICY_ATTRIBUTES_MAX) {
        refuse(cursor);
        return;
    }
    for (size_t i = 0; i < policy->attribute_count; i++) {
        cursor_text(cursor, policy->attributes[i].name, sizeof policy->attributes[i].name);
        policy->attributes[i].masked = cursor_bool(cursor);
    }
    policy->language_count = cursor_u8(cursor);
    if (policy->language_count > sizeof policy->languages / sizeof policy->languages[0]) {
        refuse(cursor);
        return;
    }
    for (size_t i = 0; i < policy->language_count; i++)
        cursor_text(cursor, policy->languages[i], sizeof policy->languages[i]);
}

static void put_biometrics(struct buffer *plain, const struct policy_biometrics *biometrics) {
    for (size_t i = 0; i < POLICY_BIOMETRICS; i++) {
        buffer_u64(plain, biometrics->rate[i]);
        buffer_u8(plain, biometrics->presented[i]);
    }
    buffer_u64(plain, biometrics->ceiling);
    buffer_bool(plain, biometrics->names_factors);
    buffer_bool(plain, biometrics->any_position);
}

static uint64_t get_probability(struct cursor *cursor) {
    uint64_t value = cursor_u64(cursor);
    if (value > FALSE_MATCH_CERTAIN)
        refuse(cursor);
    return value;
}

static void get_biometrics(struct cursor *cursor, struct policy_biometrics *biometrics) {
    for (size_t i = 0; i < POLICY_BIOMETRICS; i++) {
        biometrics->rate[i] = get_probability(cursor);
        biometrics->presented[i] = cursor_u8(cursor);
    }
    biometrics->ceiling = get_probability(cursor);
    biometrics->names_factors = cursor_bool(cursor);
    biometrics->any_position = cursor_bool(cursor);
}

enum err policy_encode(const struct policy *policy, struct buffer *plain) {
    if (policy->attribute_count > POLICY_ATTRIBUTES_MAX ||
        policy->language_count > sizeof policy->languages / sizeof policy->languages[0])
        return ERR_TOO_LARGE;
    buffer_u8(plain, POLICY_FORMAT);
    buffer_text(plain, policy->id);
    buffer_text(plain, policy->name);
    buffer_u8(plain, (uint8_t)policy->status);
    buffer_i64(plain, policy->commences_ms);
    buffer_i64(plain, policy->expires_ms);
    buffer_u32(plain, policy->allowed);
    buffer_u32(plain, policy->mandatory);
    buffer_u8(plain, (uint8_t)policy->token_type);
    buffer_bool(plain, policy->uniform);
    buffer_bool(plain, policy->tells_person);
    buffer_u32(plain, policy->failures_an_hour);
    put_policy_lists(plain, policy);
    buffer_bool(plain, policy->unsigned_requests);
    put_biometrics(plain, &policy->biometrics);
    return plain->err;
}

enum err policy_decode(struct bytes plain, struct policy *policy) {
    *policy = (struct policy){0};
    struct cursor cursor = cursor_over(plain);
    uint8_t format = cursor_u8(&cursor);
    cursor_text(&cursor, policy->id, sizeof policy->id);
    cursor_text(&cursor, policy->name, sizeof policy->name);
    policy->status = get_status(&cursor);
    policy->commences_ms = cursor_i64(&cursor);
    policy->expires_ms = cursor_i64(&cursor);
    policy->allowed = cursor_u32(&cursor);
    policy->mandatory = cursor_u32(&cursor);
    uint8_t token_type = cursor_u8(&cursor);
    policy->token_type = (enum auth_token_type)token_type;
    policy->uniform = cursor_bool(&cursor);
    policy->tells_person = cursor_bool(&cursor);
    policy->failures_an_hour = cursor_u32(&cursor);
    get_policy_lists(&cursor, policy);
    policy->unsigned_requests = format >= 2 && cursor_bool(&cursor);
    if (format >= 3)
        get_biometrics(&cursor, &policy->biometrics);
    if (format < 1 || format > POLICY_FORMAT ||
        ((policy->allowed | policy->mandatory) & ~AUTH_TYPES_ALL) != 0 ||
        token_type < AUTH_TOKEN_RANDOM || token_type > AUTH_TOKEN_POLICY)
        refuse(&cursor);
    return verdict(&cursor, policy, sizeof *policy);
}

enum err misp_encode(const struct misp *misp, struct buffer *plain) {
    buffer_u8(plain, FORMAT);
    buffer_text(plain, misp->id);
    buffer_u8(plain, (uint8_t)misp->status);
    buffer_i64(plain, misp->commences_ms);
    buffer_i64(plain, misp->expires_ms);
    return plain->err;
}

enum err misp_decode(struct bytes plain, struct misp *misp) {
    *misp = (struct misp){0};
    struct cursor cursor = cursor_over(plain);
    get_format(&cursor);
    cursor_text(&cursor, misp->id, sizeof misp->id);
    misp->status = get_status(&cursor);
    misp->commences_ms = cursor_i64(&cursor);
    misp->expires_ms = cursor_i64(&cursor);
    return verdict(&cursor, misp, sizeof *misp);
}

enum err national_encode(const struct national *national, struct buffer *plain) {
    buffer_u8(plain, FORMAT);
    buffer_text(plain, national->uin_salt);
    buffer_text(plain, national->partner_salt);
    buffer_text(plain, national->token_partner);
    return plain->err;
}

enum err national_decode(struct bytes plain, struct national *national) {
    *national = (struct national){0};
    struct cursor cursor = cursor_over(plain);
    get_format(&cursor);
    cursor_text(&cursor, national->uin_salt, sizeof national->uin_salt);
    cursor_text(&cursor, national->partner_salt, sizeof national->partner_salt);
    cursor_text(&cursor, national->token_partner, sizeof national->token_partner);
    return verdict(&cursor, national, sizeof *national);
}

enum err hotlist_entry_encode(const struct hotlist_entry *entry, struct buffer *plain) {
    buffer_u8(plain, FORMAT);
    buffer_bool(plain, entry->blocked);
    buffer_i64(plain, entry->expires_ms);
    return plain->err;
}

enum err hotlist_entry_decode(struct bytes plain, struct hotlist_entry *entry) {
    *entry = (struct hotlist_entry){.blocked = true};
    struct cursor cursor = cursor_over(plain);
    get_format(&cursor);
    entry->blocked = cursor_bool(&cursor);
    entry->expires_ms = cursor_i64(&cursor);
    if (cursor_end(&cursor) == ERR_OK)
        return ERR_OK;
    *entry = (struct hotlist_entry){.blocked = true};
    return ERR_CORRUPT;
}
