#include "hsm/wire_usage.h"

void wire_usage_put(struct buffer *target, const struct wire_usage *used) {
    buffer_bool(target, used->all);
    buffer_u8(target, (uint8_t)used->count);
    for (size_t i = 0; i < used->count; i++) {
        buffer_u8(target, (uint8_t)used->keys[i].purpose);
        buffer_u16(target, used->keys[i].generation);
    }
}

static enum err read(struct bytes payload, struct wire_usage *used) {
    struct cursor cursor = cursor_over(payload);
    used->all = cursor_bool(&cursor);
    used->count = cursor_u8(&cursor);
    if (used->count > WIRE_USAGE_KEYS_MAX)
        return ERR_TOO_LARGE;
    for (size_t i = 0; i < used->count; i++) {
        uint8_t purpose = cursor_u8(&cursor);
        used->keys[i].generation = cursor_u16(&cursor);
        if (purpose >= HSM_PURPOSE_COUNT)
            return ERR_MALFORMED;
        used->keys[i].purpose = (enum hsm_purpose)purpose;
    }
    return cursor_end(&cursor);
}

enum err wire_usage_get(struct bytes payload, struct wire_usage *used) {
    *used = (struct wire_usage){0};
    enum err err = read(payload, used);
    if (err != ERR_OK)
        *used = (struct wire_usage){.all = true};
    return err;
}
