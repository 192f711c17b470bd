#include "authd/unseal/finger_view.h"

#define QUALITY_MAX        100
#define QUALITY_UNREPORTED 254 /* and 255: could not be told */
#define KIND_RESERVED      3
#define BLOCK_HEAD_BYTES   4
#define BLOCK_TYPE_LAST    3 /* ridge counts, cores and deltas, zonal quality */
#define BLOCK_TYPE_VENDOR  0x0100

static bool is_between(uint16_t value, uint16_t least, uint16_t most) {
    return value >= least && value <= most;
}

enum biometric_reason finger_view_image(const struct finger_view_layout *layout,
                                        const struct finger_template *minutiae) {
    if (!is_between(layout->width, 1, FINGER_COORDINATE_MAX) ||
        !is_between(layout->height, 1, FINGER_COORDINATE_MAX))
        return BIOMETRIC_BAD_SIZE;
    if (!is_between(minutiae->x_resolution, FINGER_RESOLUTION_MIN, FINGER_RESOLUTION_MAX) ||
        !is_between(minutiae->y_resolution, FINGER_RESOLUTION_MIN, FINGER_RESOLUTION_MAX))
        return BIOMETRIC_BAD_RESOLUTION;
    return BIOMETRIC_READ;
}

enum biometric_reason finger_view_number(struct finger_view_numbers *numbers, uint8_t position,
                                         uint8_t number) {
    if (position >= BIOMETRIC_POSITIONS || number != numbers->next[position])
        return BIOMETRIC_BAD_VIEW;
    numbers->next[position]++;
    return BIOMETRIC_READ;
}

static bool read_quality(struct cursor *cursor, const struct finger_view_layout *layout,
                         struct finger_minutia *minutia) {
    uint8_t quality = cursor_u8(cursor);
    if (layout->has_no_quality && quality >= QUALITY_UNREPORTED)
        quality = 0;
    minutia->quality = quality;
    return quality <= QUALITY_MAX;
}

/* Two bits and fourteen: kind and x, nothing and y. */
static bool read_minutia(struct cursor *cursor, const struct finger_view_layout *layout,
                         struct finger_minutia *minutia) {
    uint16_t x = cursor_u16(cursor), y = cursor_u16(cursor);
    uint8_t angle = cursor_u8(cursor);
    minutia->kind = (uint8_t)(x >> 14);
    minutia->x = x & FINGER_COORDINATE_MAX;
    minutia->y = y & FINGER_COORDINATE_MAX;
    minutia->angle = (uint8_t)((angle * 512u + layout->angles) / (2u * layout->angles));
    bool has_good_quality = !layout->has_quality || read_quality(cursor, layout, minutia);
    return minutia->kind != KIND_RESERVED && y >> 14 == 0 && minutia->x < layout->width &&
           minutia->y < layout->height && angle < layout->angles && has_good_quality;
}

static bool is_block_type(uint16_t type) {
    return (type >= 1 && type <= BLOCK_TYPE_LAST) || type >= BLOCK_TYPE_VENDOR;
}

static bool blocks_fill(struct bytes area, bool with_head) {
    struct cursor cursor = cursor_over(area);
    while (cursor.err == ERR_OK && cursor.left > 0) {
        uint16_t type = cursor_u16(&cursor), len = cursor_u16(&cursor);
        size_t counted = with_head ? BLOCK_HEAD_BYTES : 0;
        if (!is_block_type(type) || len < counted)
            return false;
        (void)cursor_take(&cursor, len - counted);
    }
    return cursor.err == ERR_OK;
}

static enum biometric_reason pass_extension(struct cursor *cursor, enum finger_view_blocks blocks) {
    uint16_t len = cursor_u16(cursor);
    struct bytes area = cursor_take(cursor, len);
    if (cursor->err != ERR_OK)
        return BIOMETRIC_TRUNCATED;
    bool fits = blocks_fill(area, true) ||
                (blocks == FINGER_VIEW_BLOCKS_EITHER && blocks_fill(area, false));
    return fits ? BIOMETRIC_READ : BIOMETRIC_BAD_EXTENSION;
}

enum biometric_reason finger_view_minutiae(struct cursor *cursor,
                                           const struct finger_view_layout *layout, uint8_t count,
                                           struct finger_template *minutiae) {
    size_t minutia_bytes = layout->has_quality ? 6 : 5;
    if (cursor->err != ERR_OK || cursor->left < count * minutia_bytes)
        return BIOMETRIC_TRUNCATED;
    if (count < BIOMETRIC_MINUTIAE_MIN)
        return BIOMETRIC_TOO_FEW_MINUTIAE;
    minutiae->count = count;
    for (size_t i = 0; i < count; i++)
        if (!read_minutia(cursor, layout, &minutiae->minutiae[i]))
            return BIOMETRIC_BAD_MINUTIA;
    return pass_extension(cursor, layout->blocks);
}
