#include "firmware/base/utf8.h"

/* By the number of bytes: the marks of the first byte and the least character of that length. */
static const struct form {
    uint8_t mask, mark;
    uint32_t least;
} forms[] = {{0x80, 0x00, 0x0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
enum { FORM_COUNT = sizeof forms / sizeof *forms };

static bool is_character(uint32_t value) {
    return value <= 0x10ffff && (value < 0xd800 || value > 0xdfff);
}

enum err utf8_take(struct bytes *text, uint32_t *character) {
    *character = 0;
    if (text->len == 0)
        return ERR_NOT_FOUND;
    size_t form = 0;
    while (form < FORM_COUNT && (text->data[0] & forms[form].mask) != forms[form].mark)
        form++;
    if (form == FORM_COUNT || text->len <= form)
        return ERR_MALFORMED;
    uint32_t value = text->data[0] & (uint8_t)~forms[form].mask;
    for (size_t i = 1; i <= form; i++) {
        if ((text->data[i] & 0xc0) != 0x80)
            return ERR_MALFORMED;
        value = value << 6 | (text->data[i] & 0x3f);
    }
    if (value < forms[form].least || !is_character(value))
        return ERR_MALFORMED;
    *character = value;
    *text = bytes_of(text->data + form + 1, text->len - form - 1);
    return ERR_OK;
}

void utf8_put(struct buffer *target, uint32_t character) {
    size_t form = 0;
    while (form + 1 < FORM_COUNT && character >= forms[form + 1].least)
        form++;
    buffer_u8(target, (uint8_t)(forms[form].mark | character >> 6 * form));
    for (size_t left = form; left > 0; left--)
        buffer_u8(target, (uint8_t)(0x80 | (character >> 6 * (left - 1) & 0x3f)));
}
