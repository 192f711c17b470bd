#include "tests/bench/match_eval_file.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum {
    RECORD_HEADER = 24,
    VIEW_HEADER = 4,
    MINUTIA = 6,
    EXTENSION_LENGTH = 2,
    RECORD_MAX = 65535,
};

static unsigned be16(const uint8_t *bytes) {
    return (unsigned)bytes[0] << 8 | bytes[1];
}

static enum err read_header(const uint8_t *record, size_t length,
                            struct finger_template *template) {
    if (length < RECORD_HEADER + VIEW_HEADER + EXTENSION_LENGTH)
        return ERR_TRUNCATED;
    if (memcmp(record, "FMR\0 20\0", 8) != 0)
        return ERR_MALFORMED;
    if (be16(record + 8) != 0 || be16(record + 10) != length)
        return ERR_MALFORMED;
    if ((record[12] & 0x70) != 0 || record[22] != 1 || record[23] != 0)
        return ERR_MALFORMED;
    template->x_resolution = (uint16_t)be16(record + 18);
    template->y_resolution = (uint16_t)be16(record + 20);
    return ERR_OK;
}

static enum err read_minutia(const uint8_t *bytes, struct finger_minutia *minutia) {
    minutia->kind = bytes[0] >> 6;
    minutia->x = be16(bytes) & 0x3fff;
    minutia->y = be16(bytes + 2) & 0x3fff;
    minutia->angle = bytes[4];
    minutia->quality = bytes[5];
    bool is_valid = minutia->kind != 3 && bytes[2] >> 6 == 0 && minutia->quality <= 100;
    return is_valid ? ERR_OK : ERR_MALFORMED;
}

static enum err read_view(const uint8_t *view, size_t length, struct finger_template *template) {
    template->position = view[0];
    template->quality = view[2];
    template->count = view[3];
    if (template->position > 10 || template->quality > 100)
        return ERR_MALFORMED;
    size_t minutiae = VIEW_HEADER + (size_t) template->count * MINUTIA;
    if (length < minutiae + EXTENSION_LENGTH)
        return ERR_TRUNCATED;
    if (length != minutiae + EXTENSION_LENGTH + be16(view + minutiae))
        return ERR_MALFORMED;
    for (unsigned i = 0; i < template->count; i++)
        ERR_TRY(read_minutia(view + VIEW_HEADER + (size_t)i * MINUTIA, &template->minutiae[i]));
    return ERR_OK;
}

enum err match_eval_file_read(const char *path, struct finger_template *template) {
    uint8_t record[RECORD_MAX + 1];
    memset(template, 0, sizeof *template);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return ERR_SYSTEM;
    size_t length = fread(record, 1, sizeof record, file);
    bool failed = ferror(file) != 0;
    fclose(file);
    if (failed)
        return ERR_SYSTEM;
    if (length > RECORD_MAX)
        return ERR_TOO_LARGE;
    ERR_TRY(read_header(record, length, template));
    return read_view(record + RECORD_HEADER, length - RECORD_HEADER, template);
}
