#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "provisioning/demo/demo_photo.h"

/*
 * JPEG (ITU-T T.81) at its plainest: each square of 8 × 8 pixels has one colour, so of its 64
 * coefficients only the first is not zero, and the two Huffman tables are made for that: the length
 * of the first coefficient's difference takes four bits, the end of the block one. It is quantised
 * by 8, which leaves the value itself, less 128.
 */
enum { COLUMNS = 15, ROWS = 20, SQUARE = 8, COMPONENTS = 3, LENGTH_BITS = 4 };

/* Everything before the entries of the one quantisation table: SOI, APP0, SOF0 of 160 × 120 with
 * three components, DHT of the first coefficients, DHT of the others, DQT. */
static const char head[] = "\xff\xd8"
                           "\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"
                           "\xff\xc0\0\x11\x08\0\xa0\0\x78\3\1\x11\0\2\x11\0\3\x11\0"
                           "\xff\xc4\0\x1c\0\0\0\0\x09\0\0\0\0\0\0\0\0\0\0\0\0"
                           "\0\1\2\3\4\5\6\7\x08"
                           "\xff\xc4\0\x14\x10\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                           "\0"
                           "\xff\xdb\0\x43\0";
/* Between that table and the squares: SOS. */
static const char scan[] = "\xff\xda\0\x0c\3\1\0\2\0\3\0\0\x3f\0";
static const char end[] = "\xff\xd9"; /* EOI */

struct colour {
    uint8_t red, green, blue;
};
static const struct colour clothes[] = {
    {32, 74, 135}, {115, 40, 60}, {40, 100, 80}, {90, 90, 100}, {170, 110, 40}, {95, 60, 120},
};
static const struct colour skins[] = {
    {236, 196, 164}, {206, 158, 120}, {160, 112, 80}, {110, 74, 52}};
static const struct colour hairs[] = {{30, 26, 24}, {84, 56, 36}, {120, 116, 112}, {52, 34, 44}};

#define PICK(list, byte) ((list)[(byte) % (sizeof(list) / sizeof *(list))])

static bool is_inside(int x, int y, int centre_y, int radius) {
    int dx = x - COLUMNS / 2, dy = y - centre_y;
    return dx * dx + dy * dy < radius * (radius + 1);
}

static uint8_t pale(uint8_t chance) {
    return (uint8_t)(205 + chance % 45);
}

/* Few people share a background. */
static struct colour colour_at(const uint8_t *chance, int x, int y) {
    if (is_inside(x, y, 8, 4))
        return y < 6 ? PICK(hairs, chance[0]) : PICK(skins, chance[1]);
    if (is_inside(x, y, ROWS, 7))
        return PICK(clothes, chance[2]);
    return (struct colour){pale(chance[3]), pale(chance[4]), pale(chance[5])};
}

/* JFIF's luminance and colour differences, less 128. */
static void to_components(struct colour colour, int values[static COMPONENTS]) {
    int red = colour.red, green = colour.green, blue = colour.blue;
    values[0] = (299 * red + 587 * green + 114 * blue) / 1000 - 128;
    values[1] = (-169 * red - 331 * green + 500 * blue) / 1000;
    values[2] = (500 * red - 419 * green - 81 * blue) / 1000;
}

struct bits {
    struct buffer *target;
    unsigned held, count;
};

static void put_bits(struct bits *bits, unsigned value, unsigned count) {
    while (count-- > 0) {
        bits->held = bits->held << 1 | (value >> count & 1);
        if (++bits->count < 8)
            continue;
        buffer_u8(bits->target, (uint8_t)bits->held);
        if (bits->held == 0xff) /* so that it is not taken for a marker */
            buffer_u8(bits->target, 0);
        *bits = (struct bits){.target = bits->target};
    }
}

static void put_difference(struct bits *bits, int difference) {
    unsigned length = 0;
    while (abs(difference) >> length != 0)
        length++;
    put_bits(bits, length, LENGTH_BITS);
    put_bits(bits, (unsigned)(difference < 0 ? difference + (1 << length) - 1 : difference),
             length);
    put_bits(bits, 0, 1); /* end of block */
}

static void put_squares(struct buffer *jpeg, const uint8_t *chance) {
    struct bits bits = {.target = jpeg};
    int last[COMPONENTS] = {0}, values[COMPONENTS];
    for (int i = 0; i < ROWS * COLUMNS; i++) {
        to_components(colour_at(chance, i % COLUMNS, i / COLUMNS), values);
        for (int j = 0; j < COMPONENTS; j++)
            put_difference(&bits, values[j] - last[j]);
        memcpy(last, values, sizeof last);
    }
    if (bits.count > 0)
        put_bits(&bits, 0xff, 8 - bits.count);
}

enum err demo_photo_draw(const char *uin, struct buffer *jpeg) {
    uint8_t chance[crypto_hash_sha256_BYTES];
    (void)crypto_hash_sha256(chance, (const uint8_t *)uin, strlen(uin));
    buffer_raw(jpeg, head, sizeof head - 1);
    for (int i = 0; i < SQUARE * SQUARE; i++)
        buffer_u8(jpeg, SQUARE);
    buffer_raw(jpeg, scan, sizeof scan - 1);
    put_squares(jpeg, chance);
    buffer_raw(jpeg, end, sizeof end - 1);
    return jpeg->err;
}
