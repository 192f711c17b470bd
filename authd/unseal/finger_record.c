#include "authd/unseal/finger_record.h"

#include <string.h>

#include "authd/unseal/finger_record_2011.h"
#include "authd/unseal/finger_view.h"

#define MAGIC_BYTES            8 /* kind and version, four characters each with their zero */
#define LENGTH_AT              8
#define ANSI_SHORT_BYTES       26
#define ANSI_SHORT_MAX         65535
#define ANSI_2009_HEADER       21
#define ANSI_2009_VIEW_HEAD    17
#define CERTIFICATION_RESERVED 0x7000
#define QUALITY_MAX            100
#define ANGLES_ISO             256
#define ANGLES_ANSI            180

/* ---- which format ---- */

static uint32_t number_at(struct bytes record, size_t at, size_t len) {
    struct cursor cursor = cursor_over(record);
    (void)cursor_take(&cursor, at);
    return len == 2 ? cursor_u16(&cursor) : cursor_u32(&cursor);
}

static enum biometric_reason recognise_first(struct bytes record, enum biometric_format *format) {
    uint32_t in_four = number_at(record, LENGTH_AT, 4), in_two = number_at(record, LENGTH_AT, 2);
    bool is_short = record.len >= ANSI_SHORT_BYTES && in_two == record.len;
    bool is_long = record.len > ANSI_SHORT_MAX && in_two == 0 &&
                   number_at(record, LENGTH_AT + 2, 4) == record.len;
    if (in_four == record.len)
        *format = BIOMETRIC_ISO_19794_2_2005;
    else if (is_short || is_long)
        *format = BIOMETRIC_ANSI_378_2004;
    else
        return BIOMETRIC_WRONG_LENGTH;
    return BIOMETRIC_READ;
}

/* Header, then for each view its head with the count at its end, minutiae and extended data. */
static bool is_ansi_2009(struct bytes record) {
    struct cursor cursor = cursor_over(record);
    (void)cursor_take(&cursor, ANSI_2009_HEADER - 2);
    uint8_t views = cursor_u8(&cursor);
    (void)cursor_u8(&cursor);
    for (size_t i = 0; i < views && cursor.err == ERR_OK; i++) {
        (void)cursor_take(&cursor, ANSI_2009_VIEW_HEAD - 1);
        uint8_t count = cursor_u8(&cursor);
        (void)cursor_take(&cursor, count * 6u);
        uint16_t extended = cursor_u16(&cursor);
        (void)cursor_take(&cursor, extended);
    }
    return cursor_end(&cursor) == ERR_OK && number_at(record, LENGTH_AT, 4) == record.len;
}

static enum biometric_reason recognise_second(struct bytes record, enum biometric_format *format) {
    if (finger_record_2011_is_framed(record))
        *format = BIOMETRIC_ISO_19794_2_2011;
    else if (is_ansi_2009(record))
        *format = BIOMETRIC_ANSI_378_2009;
    else
        return BIOMETRIC_WRONG_LENGTH;
    return BIOMETRIC_READ;
}

static enum biometric_reason recognise_amended(struct bytes record, enum biometric_format *format) {
    (void)record;
    *format = BIOMETRIC_ANSI_378_2009;
    return BIOMETRIC_READ;
}

static const struct {
    char kind[4], version[4];
    enum biometric_reason (*recognise)(struct bytes record, enum biometric_format *format);
} magics[] = {
    {"FMR", " 20", recognise_first},
    {"FMR", "030", recognise_second},
    {"FMR", "035", recognise_amended},
};

/* ISO/IEC 7816-11: a biometric data template, alone or in a biometric information template. */
static bool is_card(struct bytes record) {
    return record.len >= 2 && record.data[0] == 0x7f &&
           (record.data[1] == 0x2e || record.data[1] == 0x60);
}

static enum biometric_reason recognise(struct bytes record, enum biometric_format *format) {
    if (is_card(record)) {
        *format = BIOMETRIC_ISO_19794_2_CARD;
        return BIOMETRIC_READ;
    }
    for (size_t i = 0; record.len >= MAGIC_BYTES && i < sizeof magics / sizeof *magics; i++)
        if (memcmp(record.data, magics[i].kind, sizeof magics[i].kind) == 0 &&
            memcmp(record.data + sizeof magics[i].kind, magics[i].version,
                   sizeof magics[i].version) == 0)
            return magics[i].recognise(record, format);
    return BIOMETRIC_UNRECOGNISED;
}

/* ---- ISO 2005 and ANSI 2004: one header, and views that share its image ---- */

struct shared_image {
    struct finger_view_layout layout;
    uint16_t x_resolution, y_resolution;
    uint8_t views;
};

/* What ISO has not: the length in its two forms, and the maker of what wrote the record. */
static bool read_ansi_product(struct cursor *cursor) {
    if (cursor_u16(cursor) == 0)
        (void)cursor_u32(cursor);
    uint16_t owner = cursor_u16(cursor);
    (void)cursor_u16(cursor); /* which product of the owner's */
    return owner != 0;
}

static enum biometric_reason read_header(struct cursor *cursor, bool is_ansi,
                                         struct shared_image *image) {
    struct finger_template resolution = {0};
    (void)cursor_take(cursor, MAGIC_BYTES);
    bool has_owner = true;
    if (is_ansi)
        has_owner = read_ansi_product(cursor);
    else
        (void)cursor_u32(cursor); /* the length, by which the format was recognised */
    uint16_t equipment = cursor_u16(cursor);
    image->layout = (struct finger_view_layout){
        .angles = is_ansi ? ANGLES_ANSI : ANGLES_ISO,
        .has_quality = true,
        .blocks = is_ansi ? FINGER_VIEW_BLOCKS_WITH_HEAD : FINGER_VIEW_BLOCKS_EITHER,
    };
    image->layout.width = cursor_u16(cursor);
    image->layout.height = cursor_u16(cursor);
    image->x_resolution = resolution.x_resolution = cursor_u16(cursor);
    image->y_resolution = resolution.y_resolution = cursor_u16(cursor);
    image->views = cursor_u8(cursor);
    uint8_t reserved = cursor_u8(cursor);
    if (cursor->err != ERR_OK)
        return BIOMETRIC_TRUNCATED;
    if (!has_owner || (equipment & CERTIFICATION_RESERVED) != 0 || reserved != 0)
        return BIOMETRIC_BAD_HEADER;
    return finger_view_image(&image->layout, &resolution);
}

/* What these formats know of the impressions that there are. */
static bool is_impression(uint8_t code) {
    return code <= 3 || code == 8;
}

static enum biometric_reason read_view(struct cursor *cursor, const struct shared_image *image,
                                       struct finger_view_numbers *numbers,
                                       struct biometric_finger *finger) {
    struct finger_template *minutiae = &finger->minutiae;
    minutiae->x_resolution = image->x_resolution;
    minutiae->y_resolution = image->y_resolution;
    minutiae->position = cursor_u8(cursor);
    uint8_t view = cursor_u8(cursor);
    minutiae->quality = cursor_u8(cursor);
    uint8_t count = cursor_u8(cursor);
    if (cursor->err != ERR_OK)
        return BIOMETRIC_TRUNCATED;
    finger->impression = view & 0x0f;
    if (!is_impression(finger->impression))
        return BIOMETRIC_BAD_VIEW;
    BIOMETRIC_TRY(finger_view_number(numbers, minutiae->position, view >> 4));
    if (minutiae->quality > QUALITY_MAX)
        return BIOMETRIC_BAD_QUALITY;
    return finger_view_minutiae(cursor, &image->layout, count, minutiae);
}

static enum biometric_reason read_shared(struct bytes record, bool is_ansi,
                                         struct biometric_record *read) {
    struct cursor cursor = cursor_over(record);
    struct shared_image image;
    struct finger_view_numbers numbers = {0};
    BIOMETRIC_TRY(read_header(&cursor, is_ansi, &image));
    if (image.views == 0)
        return BIOMETRIC_NO_VIEW;
    if (image.views > BIOMETRIC_FINGERS_MAX)
        return BIOMETRIC_TOO_MANY_VIEWS;
    for (size_t i = 0; i < image.views; i++)
        BIOMETRIC_TRY(read_view(&cursor, &image, &numbers, &read->fingers[i]));
    read->finger_count = image.views;
    return cursor_end(&cursor) == ERR_OK ? BIOMETRIC_READ : BIOMETRIC_WRONG_LENGTH;
}

static enum biometric_reason read_recognised(struct bytes record, enum biometric_format expected,
                                             struct biometric_record *read) {
    if (expected != BIOMETRIC_FORMAT_UNKNOWN && expected != read->format)
        return BIOMETRIC_UNEXPECTED;
    if (!biometric_wire_is_accepted(read->format))
        return BIOMETRIC_NOT_ACCEPTED;
    if (read->format == BIOMETRIC_ISO_19794_2_2011)
        return finger_record_2011_read(record, read);
    return read_shared(record, read->format == BIOMETRIC_ANSI_378_2004, read);
}

void finger_record_read(struct bytes record, enum biometric_format expected,
                        struct biometric_record *read) {
    enum biometric_format format = BIOMETRIC_FORMAT_UNKNOWN;
    memset(read, 0, sizeof *read);
    enum biometric_reason reason = recognise(record, &format);
    read->format = format;
    if (reason == BIOMETRIC_READ)
        reason = read_recognised(record, expected, read);
    if (reason != BIOMETRIC_READ)
        explicit_bzero(read, sizeof *read);
    read->format = format;
    read->reason = reason;
}
