#include "provisioning/demo/demo_record.h"

#define WIDTH_LEAST    400
#define HEIGHT_LEAST   500
#define SIX_BYTES      0x60 /* a minutia, found at the end of a ridge or in its valley */
#define HEAD_2005      24   /* bytes */
#define HEAD_2011      15
#define VIEW_2005      6 /* with the length of the extended data, of which there is none */
#define VIEW_2011      39
#define MINUTIA_BYTES  6
#define UNKNOWN_VENDOR 0

struct size {
    uint16_t width, height;
};

/* A usual image, or one as large as what lies farthest out needs. */
static struct size size_of(const struct finger_template *minutiae) {
    struct size size = {WIDTH_LEAST, HEIGHT_LEAST};
    for (size_t i = 0; i < minutiae->count; i++) {
        const struct finger_minutia *minutia = &minutiae->minutiae[i];
        if (minutia->x >= size.width)
            size.width = (uint16_t)(minutia->x + 1);
        if (minutia->y >= size.height)
            size.height = (uint16_t)(minutia->y + 1);
    }
    return size;
}

static void put_size(struct buffer *record, const struct finger_template *minutiae) {
    struct size size = size_of(minutiae);
    buffer_u16(record, size.width);
    buffer_u16(record, size.height);
}

static void put_resolution(struct buffer *record, const struct finger_template *minutiae) {
    buffer_u16(record, minutiae->x_resolution);
    buffer_u16(record, minutiae->y_resolution);
}

static void put_minutiae(struct buffer *record, const struct finger_template *minutiae) {
    buffer_u8(record, minutiae->count);
    for (size_t i = 0; i < minutiae->count; i++) {
        const struct finger_minutia *minutia = &minutiae->minutiae[i];
        buffer_u16(record, (uint16_t)(minutia->kind << 14 | minutia->x));
        buffer_u16(record, minutia->y);
        buffer_u8(record, minutia->angle);
        buffer_u8(record, minutia->quality);
    }
    buffer_u16(record, 0); /* no extended data */
}

static void write_2005(const struct finger_template *minutiae, struct buffer *record) {
    buffer_raw(record, "FMR\0 20\0", 8);
    buffer_u32(record, HEAD_2005 + VIEW_2005 + MINUTIA_BYTES * (uint32_t)minutiae->count);
    buffer_u16(record, UNKNOWN_VENDOR); /* of the equipment */
    put_size(record, minutiae);
    put_resolution(record, minutiae);
    buffer_u8(record, 1); /* view */
    buffer_u8(record, 0);
    buffer_u8(record, minutiae->position);
    buffer_u8(record, 0); /* its first view, live and plain */
    buffer_u8(record, minutiae->quality);
    put_minutiae(record, minutiae);
}

static void write_2011(const struct finger_template *minutiae, struct buffer *record) {
    static const uint8_t unknown_time[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    uint32_t view_len = VIEW_2011 + MINUTIA_BYTES * (uint32_t)minutiae->count;
    buffer_raw(record, "FMR\0\60\63\60\0", 8);
    buffer_u32(record, HEAD_2011 + view_len);
    buffer_u16(record, 1); /* representation */
    buffer_u8(record, 0);  /* no certificates */
    buffer_u32(record, view_len);
    buffer_raw(record, unknown_time, sizeof unknown_time);
    buffer_u8(record, 0); /* technology */
    buffer_u32(record, UNKNOWN_VENDOR);
    buffer_u8(record, 1); /* quality */
    buffer_u8(record, minutiae->quality);
    buffer_u32(record, UNKNOWN_VENDOR);
    buffer_u8(record, minutiae->position);
    buffer_u8(record, 0); /* its first view */
    put_resolution(record, minutiae);
    buffer_u8(record, 0); /* live and plain */
    put_size(record, minutiae);
    buffer_u8(record, SIX_BYTES);
    put_minutiae(record, minutiae);
}

void demo_record_write(const struct finger_template *minutiae, enum demo_record_edition edition,
                       struct buffer *record) {
    if (edition == DEMO_RECORD_2011)
        write_2011(minutiae, record);
    else
        write_2005(minutiae, record);
}
