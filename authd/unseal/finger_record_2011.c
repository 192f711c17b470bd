#include "authd/unseal/finger_record_2011.h"

#include "authd/unseal/finger_view.h"

#define MAGIC_BYTES              8
#define HEADER_BYTES             15
#define LENGTH_BYTES             4
#define REPRESENTATION_BYTES_MIN 34 /* without minutiae */
#define DEVICE_BYTES             5  /* technology, vendor, type */
#define QUALITY_BYTES            5  /* score, vendor, algorithm */
#define QUALITY_MAX              100
#define QUALITY_FAILED           254 /* and 255: no score */
#define CERTIFICATE_BYTES        3
#define ANGLES                   256

struct header {
    uint16_t representations;
    uint8_t has_certificates; /* a flag */
};

static struct header read_header(struct cursor *cursor) {
    (void)cursor_take(cursor, MAGIC_BYTES + LENGTH_BYTES);
    struct header header = {.representations = cursor_u16(cursor)};
    header.has_certificates = cursor_u8(cursor);
    return header;
}

/* The next representation, behind its length. */
static struct bytes next_representation(struct cursor *cursor) {
    uint32_t len = cursor_u32(cursor);
    if (len < REPRESENTATION_BYTES_MIN) {
        cursor->err = cursor->err != ERR_OK ? cursor->err : ERR_MALFORMED;
        return bytes_of(NULL, 0);
    }
    return cursor_take(cursor, len - LENGTH_BYTES);
}

bool finger_record_2011_is_framed(struct bytes record) {
    struct cursor cursor = cursor_over(record);
    (void)cursor_take(&cursor, MAGIC_BYTES);
    if (cursor_u32(&cursor) != record.len)
        return false;
    cursor = cursor_over(record);
    struct header header = read_header(&cursor);
    for (size_t i = 0; i < header.representations && cursor.err == ERR_OK; i++)
        (void)next_representation(&cursor);
    return cursor_end(&cursor) == ERR_OK;
}

/* Year to millisecond; all ones where it is not known, and then nothing finer is known either. */
static bool is_time(struct cursor *cursor) {
    static const struct {
        uint16_t least, most;
        uint8_t len;
    } parts[] = {{1, 0xfffe, 2}, {1, 12, 1}, {1, 31, 1}, {0, 23, 1},
                 {0, 59, 1},     {0, 59, 1}, {0, 999, 2}};
    bool is_known = true, is_good = true;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        uint16_t value = parts[i].len == 2 ? cursor_u16(cursor) : cursor_u8(cursor);
        bool is_unknown = value == (parts[i].len == 2 ? 0xffff : 0xff);
        is_good &= is_unknown || (is_known && value >= parts[i].least && value <= parts[i].most);
        is_known &= !is_unknown;
    }
    return is_good;
}

/* Of the scores in the quality blocks the first; 0 when there is none. */
static enum biometric_reason read_quality(struct cursor *cursor, uint8_t *quality) {
    uint8_t blocks = cursor_u8(cursor);
    bool found = false;
    *quality = 0;
    if (cursor->err != ERR_OK || cursor->left < blocks * (size_t)QUALITY_BYTES)
        return BIOMETRIC_TRUNCATED;
    for (size_t i = 0; i < blocks; i++) {
        uint8_t score = cursor_u8(cursor);
        (void)cursor_u32(cursor); /* vendor and algorithm */
        if (score > QUALITY_MAX && score < QUALITY_FAILED)
            return BIOMETRIC_BAD_QUALITY;
        if (!found && score <= QUALITY_MAX) {
            *quality = score;
            found = true;
        }
    }
    return BIOMETRIC_READ;
}

/* When and by what it was captured; the finger's quality is of that too. */
static enum biometric_reason read_capture(struct cursor *cursor, bool has_certificates,
                                          struct finger_template *minutiae) {
    if (!is_time(cursor))
        return BIOMETRIC_BAD_TIME;
    (void)cursor_take(cursor, DEVICE_BYTES);
    BIOMETRIC_TRY(read_quality(cursor, &minutiae->quality));
    if (!has_certificates)
        return BIOMETRIC_READ;
    uint8_t certificates = cursor_u8(cursor);
    (void)cursor_take(cursor, certificates * (size_t)CERTIFICATE_BYTES);
    return cursor->err == ERR_OK ? BIOMETRIC_READ : BIOMETRIC_TRUNCATED;
}

/* Bytes of a minutia, and at what end of a ridge it was put: both kinds are taken, they lie less
 * than a ridge apart. */
static bool read_minutia_form(uint8_t form, struct finger_view_layout *layout) {
    layout->angles = ANGLES;
    layout->has_quality = layout->has_no_quality = form >> 4 == 6;
    layout->blocks = FINGER_VIEW_BLOCKS_WITH_HEAD;
    return (form >> 4 == 5 || form >> 4 == 6) && (form & 0x0f) <= 1;
}

static enum biometric_reason read_representation(struct cursor *cursor, bool has_certificates,
                                                 struct finger_view_numbers *numbers,
                                                 struct biometric_finger *finger) {
    struct finger_template *minutiae = &finger->minutiae;
    struct finger_view_layout layout = {0};
    BIOMETRIC_TRY(read_capture(cursor, has_certificates, minutiae));
    minutiae->position = cursor_u8(cursor);
    uint8_t number = cursor_u8(cursor);
    minutiae->x_resolution = cursor_u16(cursor);
    minutiae->y_resolution = cursor_u16(cursor);
    finger->impression = cursor_u8(cursor);
    layout.width = cursor_u16(cursor);
    layout.height = cursor_u16(cursor);
    uint8_t form = cursor_u8(cursor), count = cursor_u8(cursor);
    if (cursor->err != ERR_OK)
        return BIOMETRIC_TRUNCATED;
    if (!biometric_wire_is_impression(finger->impression))
        return BIOMETRIC_BAD_VIEW;
    BIOMETRIC_TRY(finger_view_number(numbers, minutiae->position, number));
    BIOMETRIC_TRY(finger_view_image(&layout, minutiae));
    if (!read_minutia_form(form, &layout))
        return BIOMETRIC_BAD_HEADER;
    BIOMETRIC_TRY(finger_view_minutiae(cursor, &layout, count, minutiae));
    return cursor_end(cursor) == ERR_OK ? BIOMETRIC_READ : BIOMETRIC_WRONG_LENGTH;
}

enum biometric_reason finger_record_2011_read(struct bytes record, struct biometric_record *read) {
    struct cursor cursor = cursor_over(record);
    struct header header = read_header(&cursor);
    struct finger_view_numbers numbers = {0};
    if (header.has_certificates > 1)
        return BIOMETRIC_BAD_HEADER;
    if (header.representations == 0)
        return BIOMETRIC_NO_VIEW;
    if (header.representations > BIOMETRIC_FINGERS_MAX)
        return BIOMETRIC_TOO_MANY_VIEWS;
    for (size_t i = 0; i < header.representations; i++) {
        struct cursor part = cursor_over(next_representation(&cursor));
        BIOMETRIC_TRY(
            read_representation(&part, header.has_certificates == 1, &numbers, &read->fingers[i]));
    }
    read->finger_count = header.representations;
    return cursor_end(&cursor) == ERR_OK ? BIOMETRIC_READ : BIOMETRIC_WRONG_LENGTH;
}
