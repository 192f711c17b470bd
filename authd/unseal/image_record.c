#include "authd/unseal/image_record.h"

#include <stdbool.h>
#include <string.h>

#define MAGIC_BYTES 8 /* kind and version, four characters each with their zero */

/* Where a format has what in its header; 0 where it has no such field. */
struct layout {
    char kind[4], version[4];
    enum biometric_format format;
    uint8_t header_bytes;
    uint8_t length_bytes; /* of the record's length, behind the magic */
    uint8_t count_at, count_bytes;
    uint8_t flag_at;         /* certification: 0 or 1 */
    uint8_t header_len_at;   /* of the header's own length, two bytes */
    uint8_t image_bytes_min; /* of an image's part, which begins with its length in four bytes */
};

static const struct layout layouts[] = {
    {"FIR", "010", BIOMETRIC_ISO_19794_4_2005, 32, 6, 18, 1, 0, 0, 14},
    {"FIR", "020", BIOMETRIC_ISO_19794_4_2011, 16, 4, 12, 2, 14, 0, 41},
    {"FAC", "010", BIOMETRIC_ISO_19794_5_2005, 14, 4, 12, 2, 0, 0, 32},
    {"FAC", "030", BIOMETRIC_ISO_19794_5_2011, 17, 4, 12, 2, 14, 0, 51},
    {"IIR", "010", BIOMETRIC_ISO_19794_6_2005, 45, 4, 14, 1, 0, 15, 0},
    {"IIR", "020", BIOMETRIC_ISO_19794_6_2011, 16, 4, 12, 2, 14, 0, 52},
};

static uint64_t number_at(struct bytes record, size_t at, size_t len) {
    struct cursor cursor = cursor_over(record);
    (void)cursor_take(&cursor, at);
    uint64_t number = 0;
    for (size_t i = 0; i < len; i++)
        number = number << 8 | cursor_u8(&cursor);
    return number;
}

static bool images_fill(struct bytes contents, uint16_t count, uint8_t image_bytes_min) {
    struct cursor cursor = cursor_over(contents);
    for (size_t i = 0; i < count && cursor.err == ERR_OK; i++) {
        uint32_t len = cursor_u32(&cursor);
        if (len < image_bytes_min)
            return false;
        (void)cursor_take(&cursor, len - sizeof len);
    }
    return cursor_end(&cursor) == ERR_OK;
}

static enum biometric_reason read_header(struct bytes record, const struct layout *layout,
                                         struct image_record *image) {
    if (record.len < layout->header_bytes)
        return BIOMETRIC_TRUNCATED;
    if (number_at(record, MAGIC_BYTES, layout->length_bytes) != record.len)
        return BIOMETRIC_WRONG_LENGTH;
    if (layout->flag_at != 0 && number_at(record, layout->flag_at, 1) > 1)
        return BIOMETRIC_BAD_HEADER;
    if (layout->header_len_at != 0 &&
        number_at(record, layout->header_len_at, 2) != layout->header_bytes)
        return BIOMETRIC_BAD_HEADER;
    image->count = (uint16_t)number_at(record, layout->count_at, layout->count_bytes);
    if (image->count == 0)
        return BIOMETRIC_NO_VIEW;
    image->contents =
        bytes_of(record.data + layout->header_bytes, record.len - layout->header_bytes);
    if (layout->image_bytes_min != 0 &&
        !images_fill(image->contents, image->count, layout->image_bytes_min))
        return BIOMETRIC_WRONG_LENGTH;
    return BIOMETRIC_READ;
}

static bool has_magic(struct bytes record, const struct layout *layout) {
    return record.len >= MAGIC_BYTES &&
           memcmp(record.data, layout->kind, sizeof layout->kind) == 0 &&
           memcmp(record.data + sizeof layout->kind, layout->version, sizeof layout->version) == 0;
}

enum biometric_reason image_record_read(struct bytes record, struct image_record *image) {
    *image = (struct image_record){.format = BIOMETRIC_FORMAT_UNKNOWN};
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        const struct layout *layout = &layouts[i];
        if (!has_magic(record, layout))
            continue;
        enum biometric_reason reason = read_header(record, layout, image);
        if (reason != BIOMETRIC_READ)
            *image = (struct image_record){0};
        image->format = layout->format;
        return reason;
    }
    return BIOMETRIC_UNRECOGNISED;
}
