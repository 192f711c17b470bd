#include <string.h>

#include "authd/store/photo.h"

/* How the files begin: JPEG's SOI and the next marker; the signature box of JP2 (ISO/IEC 15444-1,
 * I.5.1); SOC and SIZ of a codestream (A.4.1). */
static const struct {
    size_t len;
    uint8_t bytes[12];
} beginnings[] = {
    {3, {0xff, 0xd8, 0xff}},
    {12, {0x00, 0x00, 0x00, 0x0c, 0x6a, 0x50, 0x20, 0x20, 0x0d, 0x0a, 0x87, 0x0a}},
    {4, {0xff, 0x4f, 0xff, 0x51}},
};

enum err photo_check(struct bytes image) {
    if (image.len > PHOTO_BYTES_MAX)
        return ERR_TOO_LARGE;
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
        if (image.len > beginnings[i].len &&
            memcmp(image.data, beginnings[i].bytes, beginnings[i].len) == 0)
            return ERR_OK;
    return ERR_MALFORMED;
}
