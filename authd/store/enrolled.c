#include "authd/store/enrolled.h"

#include <string.h>

#include "authd/match/face_vector.h"
#include "authd/match/iris_code.h"

#define FORMAT      1
#define QUALITY_MAX 100
#define KIND_MAX    2
#define KIND_SHIFT  14 /* a coordinate has 14 bits: a minutia's kind goes above its x */
#define PLUGIN_MAX  (16u * 1024u)

_Static_assert(FINGER_COORDINATE_MAX < 1 << KIND_SHIFT, "a minutia's kind is above its x");

/* What a modality is known by. */
static const struct {
    uint8_t first_position, last_position;
    enum enrolled_kind kind; /* beside PLUGIN */
} modalities[] = {
    [BIOMETRIC_FINGER] = {1, 10, ENROLLED_MINUTIAE},
    [BIOMETRIC_IRIS] = {1, 2, ENROLLED_IRIS_CODE},
    [BIOMETRIC_FACE] = {0, 0, ENROLLED_FACE_VECTOR},
};

/* How long the data of a kind may be. */
static const struct {
    size_t least, most;
} lengths[] = {
    [ENROLLED_MINUTIAE] = {0, 0},
    [ENROLLED_IRIS_CODE] = {IRIS_CODE_CONTAINER_MIN, IRIS_CODE_CONTAINER_MAX},
    [ENROLLED_FACE_VECTOR] = {FACE_VECTOR_CONTAINER_MIN, FACE_VECTOR_CONTAINER_MAX},
    [ENROLLED_PLUGIN] = {1, PLUGIN_MAX},
};

/* ---- rules that both directions hold to ---- */

static bool is_resolution(uint16_t value) {
    return value >= FINGER_RESOLUTION_MIN && value <= FINGER_RESOLUTION_MAX;
}

static bool is_minutia(const struct finger_minutia *minutia) {
    return minutia->x <= FINGER_COORDINATE_MAX && minutia->y <= FINGER_COORDINATE_MAX &&
           minutia->kind <= KIND_MAX && minutia->quality <= QUALITY_MAX;
}

static bool is_template(const struct enrolled_part *part) {
    const struct finger_template *minutiae = &part->minutiae;
    if (minutiae->position != part->position || minutiae->quality > QUALITY_MAX ||
        minutiae->count < BIOMETRIC_MINUTIAE_MIN || !is_resolution(minutiae->x_resolution) ||
        !is_resolution(minutiae->y_resolution))
        return false;
    for (size_t i = 0; i < minutiae->count; i++)
        if (!is_minutia(&minutiae->minutiae[i]))
            return false;
    return true;
}

static bool is_plugin_name(const char *name) {
    size_t len = strnlen(name, ENROLLED_PLUGIN_NAME);
    for (size_t i = 0; i < len; i++)
        if (name[i] <= ' ' || name[i] > '~')
            return false;
    return len > 0 && len < ENROLLED_PLUGIN_NAME;
}

/* Whether the part is one that its modality and its kind can have. */
static bool is_part(const struct enrolled_part *part) {
    if ((size_t)part->modality >= sizeof modalities / sizeof *modalities)
        return false;
    if (part->position < modalities[part->modality].first_position ||
        part->position > modalities[part->modality].last_position ||
        (part->kind != modalities[part->modality].kind && part->kind != ENROLLED_PLUGIN))
        return false;
    if (part->kind == ENROLLED_PLUGIN ? !is_plugin_name(part->plugin) : part->plugin[0] != '\0')
        return false;
    if (part->kind == ENROLLED_MINUTIAE)
        return part->data.len == 0 && is_template(part);
    return part->data.len >= lengths[part->kind].least &&
           part->data.len <= lengths[part->kind].most;
}

/* At most ENROLLED_A_PART_MAX of one finger, eye or face: policies count on it (policy_bound.h). */
static bool are_few(const struct enrolled *enrolled) {
    for (size_t i = 0; i < enrolled->count; i++) {
        size_t alike = 0;
        for (size_t j = 0; j <= i; j++)
            alike += enrolled->parts[j].modality == enrolled->parts[i].modality &&
                     enrolled->parts[j].position == enrolled->parts[i].position;
        if (alike > ENROLLED_A_PART_MAX)
            return false;
    }
    return true;
}

/* ---- writing ---- */

static void put_template(struct buffer *plain, const struct finger_template *minutiae) {
    buffer_u8(plain, minutiae->quality);
    buffer_u16(plain, minutiae->x_resolution);
    buffer_u16(plain, minutiae->y_resolution);
    buffer_u8(plain, minutiae->count);
    for (size_t i = 0; i < minutiae->count; i++) {
        const struct finger_minutia *minutia = &minutiae->minutiae[i];
        buffer_u16(plain, (uint16_t)(minutia->kind << KIND_SHIFT | minutia->x));
        buffer_u16(plain, minutia->y);
        buffer_u8(plain, minutia->angle);
        buffer_u8(plain, minutia->quality);
    }
}

static void put_part(struct buffer *plain, const struct enrolled_part *part) {
    buffer_u8(plain, (uint8_t)part->modality);
    buffer_u8(plain, part->position);
    buffer_u8(plain, (uint8_t)part->kind);
    if (part->kind == ENROLLED_MINUTIAE) {
        put_template(plain, &part->minutiae);
        return;
    }
    if (part->kind == ENROLLED_PLUGIN)
        buffer_text(plain, part->plugin);
    buffer_block(plain, part->data);
}

enum err enrolled_encode(const struct enrolled *enrolled, struct buffer *plain) {
    size_t start = plain->len;
    if (enrolled->count == 0 || enrolled->count > ENROLLED_MAX)
        return ERR_MALFORMED;
    for (size_t i = 0; i < enrolled->count; i++)
        if (!is_part(&enrolled->parts[i]))
            return ERR_MALFORMED;
    if (!are_few(enrolled))
        return ERR_MALFORMED;
    buffer_u8(plain, FORMAT);
    buffer_u8(plain, (uint8_t)enrolled->count);
    for (size_t i = 0; i < enrolled->count; i++)
        put_part(plain, &enrolled->parts[i]);
    if (plain->err == ERR_OK && plain->len - start > ENROLLED_PLAIN_MAX)
        plain->err = ERR_FULL;
    return plain->err;
}

/* ---- reading ---- */

static void get_template(struct cursor *cursor, struct finger_template *minutiae) {
    minutiae->quality = cursor_u8(cursor);
    minutiae->x_resolution = cursor_u16(cursor);
    minutiae->y_resolution = cursor_u16(cursor);
    minutiae->count = cursor_u8(cursor);
    for (size_t i = 0; i < minutiae->count; i++) {
        struct finger_minutia *minutia = &minutiae->minutiae[i];
        uint16_t kind_and_x = cursor_u16(cursor);
        minutia->kind = (uint8_t)(kind_and_x >> KIND_SHIFT);
        minutia->x = kind_and_x & FINGER_COORDINATE_MAX;
        minutia->y = cursor_u16(cursor);
        minutia->angle = cursor_u8(cursor);
        minutia->quality = cursor_u8(cursor);
    }
}

static void get_part(struct cursor *cursor, struct enrolled_part *part) {
    part->modality = (enum biometric_modality)cursor_u8(cursor);
    part->position = cursor_u8(cursor);
    part->kind = (enum enrolled_kind)cursor_u8(cursor);
    if (part->kind == ENROLLED_MINUTIAE) {
        part->minutiae.position = part->position;
        get_template(cursor, &part->minutiae);
        return;
    }
    if (part->kind == ENROLLED_PLUGIN)
        cursor_text(cursor, part->plugin, sizeof part->plugin);
    part->data = cursor_block(cursor, PLUGIN_MAX);
}

static enum err decode_into(struct bytes plain, struct enrolled *enrolled) {
    struct cursor cursor = cursor_over(plain);
    uint8_t format = cursor_u8(&cursor);
    enrolled->count = cursor_u8(&cursor);
    if (plain.len > ENROLLED_PLAIN_MAX || format != FORMAT || enrolled->count == 0 ||
        enrolled->count > ENROLLED_MAX)
        return ERR_CORRUPT;
    for (size_t i = 0; i < enrolled->count && cursor.err == ERR_OK; i++) {
        get_part(&cursor, &enrolled->parts[i]);
        if (!is_part(&enrolled->parts[i]))
            return ERR_CORRUPT;
    }
    return cursor_end(&cursor) == ERR_OK && are_few(enrolled) ? ERR_OK : ERR_CORRUPT;
}

enum err enrolled_decode(struct bytes plain, struct enrolled *enrolled) {
    memset(enrolled, 0, sizeof *enrolled);
    enum err err = decode_into(plain, enrolled);
    if (err != ERR_OK)
        secret_wipe(enrolled, sizeof *enrolled);
    return err;
}
