#include <string.h>

#include "firmware/base/secret.h"
#include "authd/store/alias.h"

#define FORMAT_FIRST        1 /* no pepper, no id hash; no ALIAS_UIN yet */
#define FORMAT              2
#define TYPE_IS_KNOWN(type) ((type) >= ALIAS_PERPETUAL && (type) <= ALIAS_UIN)

bool alias_is_vid(const struct alias *alias) {
    return TYPE_IS_KNOWN(alias->type) && alias->type != ALIAS_UIN;
}

void alias_wipe(struct alias *alias) {
    secret_wipe(alias, sizeof *alias);
}

static bool is_valid(const struct alias *alias) {
    return alias->pepper >= ALIAS_PEPPER_FIRST && TYPE_IS_KNOWN(alias->type) &&
           (alias->type != ALIAS_UIN || alias->has_id_hash);
}

enum err alias_encode(const struct alias *alias, struct buffer *plain) {
    if (!is_valid(alias))
        return ERR_MALFORMED;
    buffer_u8(plain, FORMAT);
    buffer_raw(plain, alias->lookup_key, sizeof alias->lookup_key);
    buffer_raw(plain, alias->alias_id, sizeof alias->alias_id);
    buffer_u8(plain, (uint8_t)alias->type);
    buffer_bool(plain, alias->revoked);
    buffer_i64(plain, alias->expires_ms);
    buffer_u32(plain, alias->uses);
    buffer_u16(plain, alias->pepper);
    buffer_bool(plain, alias->has_id_hash);
    if (alias->has_id_hash)
        buffer_raw(plain, alias->id_hash, sizeof alias->id_hash);
    return plain->err;
}

enum err alias_decode(struct bytes plain, struct alias *alias) {
    *alias = (struct alias){.pepper = ALIAS_PEPPER_FIRST};
    struct cursor cursor = cursor_over(plain);
    uint8_t format = cursor_u8(&cursor);
    cursor_copy(&cursor, alias->lookup_key, sizeof alias->lookup_key);
    cursor_copy(&cursor, alias->alias_id, sizeof alias->alias_id);
    alias->type = (enum alias_type)cursor_u8(&cursor);
    alias->revoked = cursor_bool(&cursor);
    alias->expires_ms = cursor_i64(&cursor);
    alias->uses = cursor_u32(&cursor);
    if (format == FORMAT) {
        alias->pepper = cursor_u16(&cursor);
        alias->has_id_hash = cursor_bool(&cursor);
        if (alias->has_id_hash)
            cursor_copy(&cursor, alias->id_hash, sizeof alias->id_hash);
    }
    bool format_is_known = format == FORMAT_FIRST || format == FORMAT;
    if (cursor_end(&cursor) == ERR_OK && format_is_known && is_valid(alias))
        return ERR_OK;
    *alias = (struct alias){.revoked = true};
    return ERR_CORRUPT;
}
