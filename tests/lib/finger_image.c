#include <string.h>

#include "tests/lib/finger_image.h"

#define MAGIC                                                                                      \
    "FIR\0"                                                                                        \
    "010" /* and the final zero */
#define HEADER_BYTES  32u
#define VIEW_BYTES    14u
#define MINUTIA_BYTES 7u
#define IMAGE_SIDE    500
#define PER_CM        2
#define DEPTH         8

static void put_header(struct buffer *target, const struct finger_template *finger, uint32_t view) {
    buffer_raw(target, MAGIC, sizeof MAGIC);
    buffer_u16(target, 0); /* the length has six bytes */
    buffer_u32(target, HEADER_BYTES + view);
    buffer_u16(target, 0);  /* device */
    buffer_u16(target, 31); /* acquisition level */
    buffer_u8(target, 1);   /* views */
    buffer_u8(target, PER_CM);
    for (int i = 0; i < 4; i++)
        buffer_u16(target, finger->x_resolution);
    buffer_u8(target, DEPTH);
    buffer_u8(target, 0);  /* not compressed */
    buffer_u16(target, 0); /* reserved */
}

void finger_image_write(struct buffer *target, const struct finger_template *finger) {
    uint32_t view = VIEW_BYTES + MINUTIA_BYTES * finger->count;
    put_header(target, finger, view);
    buffer_u32(target, view);
    buffer_u8(target, finger->position);
    buffer_u8(target, 1); /* of one view */
    buffer_u8(target, 1); /* the first */
    buffer_u8(target, finger->quality);
    buffer_u8(target, 0); /* live plain */
    buffer_u16(target, IMAGE_SIDE);
    buffer_u16(target, IMAGE_SIDE);
    buffer_u8(target, 0);
    for (size_t i = 0; i < finger->count; i++) {
        const struct finger_minutia *minutia = &finger->minutiae[i];
        buffer_u16(target, minutia->x);
        buffer_u16(target, minutia->y);
        buffer_u8(target, minutia->angle);
        buffer_u8(target, minutia->kind);
        buffer_u8(target, minutia->quality);
    }
}

static void refuse_unless(struct cursor *cursor, bool rule) {
    if (!rule && cursor->err == ERR_OK)
        cursor->err = ERR_MALFORMED;
}

static void read_header(struct cursor *cursor, struct finger_template *finger) {
    struct bytes magic = cursor_take(cursor, sizeof MAGIC);
    refuse_unless(cursor, bytes_equal(magic, bytes_of(MAGIC, sizeof MAGIC)));
    (void)cursor_take(cursor, 10); /* length, device, level */
    refuse_unless(cursor, cursor_u8(cursor) == 1 && cursor_u8(cursor) == PER_CM);
    (void)cursor_take(cursor, 4); /* resolution of the scan */
    finger->x_resolution = cursor_u16(cursor);
    finger->y_resolution = cursor_u16(cursor);
    (void)cursor_take(cursor, 4);
}

static void read_view(struct cursor *cursor, struct finger_template *finger) {
    uint32_t view = cursor_u32(cursor);
    finger->position = cursor_u8(cursor);
    (void)cursor_take(cursor, 2);
    finger->quality = cursor_u8(cursor);
    (void)cursor_take(cursor, 6);
    size_t count = view < VIEW_BYTES ? SIZE_MAX : (view - VIEW_BYTES) / MINUTIA_BYTES;
    refuse_unless(cursor,
                  count <= FINGER_TEMPLATE_MINUTIAE && cursor->left == count * MINUTIA_BYTES);
    for (size_t i = 0; cursor->err == ERR_OK && i < count; i++) {
        struct finger_minutia *minutia = &finger->minutiae[finger->count++];
        minutia->x = cursor_u16(cursor);
        minutia->y = cursor_u16(cursor);
        minutia->angle = cursor_u8(cursor);
        minutia->kind = cursor_u8(cursor);
        minutia->quality = cursor_u8(cursor);
    }
}

enum err finger_image_read(struct bytes record, struct finger_template *finger) {
    struct cursor cursor = cursor_over(record);
    memset(finger, 0, sizeof *finger);
    read_header(&cursor, finger);
    read_view(&cursor, finger);
    enum err err = cursor_end(&cursor);
    if (err != ERR_OK)
        memset(finger, 0, sizeof *finger);
    return err;
}
