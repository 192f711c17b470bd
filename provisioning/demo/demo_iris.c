#include "provisioning/demo/demo_iris.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    RINGS = IRIS_CODE_RINGS_MAX,
    COLUMNS = IRIS_CODE_COLUMNS_MAX,
    TAPS = 129,
    PATCHES = 4,
};

const struct demo_iris_shape demo_iris_small = {.rings = 8, .planes = 2, .columns = 128};
const struct demo_iris_shape demo_iris_large = {.rings = 16, .planes = 2, .columns = 256};

/* A wave as long as this share of the circle, and how far texture reaches from ring to ring. */
static const double wave_length = 1.0 / 21, wave_width = 0.42, radial_reach = 0.14;
static const double circle = 6.283185307179586;

uint64_t demo_iris_random(uint64_t *state) {
    uint64_t value = *state += UINT64_C(0x9e3779b97f4a7c15);
    value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
    return value ^ value >> 31;
}

/* Nearly normal, of variance 1: the sum of twelve even ones. */
static float normal(uint64_t *state) {
    int32_t sum = 0;
    for (unsigned i = 0; i < 3; i++)
        for (uint64_t bits = demo_iris_random(state), k = 0; k < 4; k++)
            sum += (int32_t)(bits >> 16 * k & 65535) - 32768;
    return (float)sum / 65536;
}

/* Texture, one ring hanging together with the next. */
static void draw_texture(const struct demo_iris_shape *shape, uint64_t seed, float amplitude,
                         float texture[RINGS][COLUMNS]) {
    uint64_t state = seed;
    double reach = exp(-1 / (radial_reach * shape->rings));
    float rest = (float)sqrt(1 - reach * reach);
    float before[COLUMNS];
    for (unsigned ring = 0; ring < shape->rings; ring++)
        for (unsigned column = 0; column < shape->columns; column++) {
            float fresh = normal(&state);
            before[column] = ring == 0 ? fresh : (float)reach * before[column] + rest * fresh;
            texture[ring][column] += amplitude * before[column];
        }
}

/* One phase of a wave under a bell. */
static unsigned make_wave(const struct demo_iris_shape *shape, unsigned plane, float *wave) {
    unsigned octave = plane / 2; /* of two planes each, the wave's phases */
    double length = wave_length * shape->columns * pow(1.7, octave);
    double width = wave_width * length, sum = 0;
    int half = (int)(2.5 * width) < TAPS / 2 ? (int)(2.5 * width) : TAPS / 2;
    for (int i = -half; i <= half; i++) {
        double bell = exp(-i * i / (2 * width * width)), angle = circle * i / length;
        wave[i + half] = (float)(bell * (plane % 2 == 0 ? cos(angle) : sin(angle)));
        sum += wave[i + half];
    }
    for (int i = -half; i <= half; i++) /* no answer to even brightness */
        wave[i + half] -= (float)(sum / (2 * half + 1));
    return (unsigned)half;
}

static void put_bit(uint8_t *bits, unsigned at, bool value) {
    bits[at / 8] |= (uint8_t)(value << (7 - at % 8));
}

static void filter(const struct demo_iris *sample, unsigned plane, float texture[RINGS][COLUMNS],
                   const uint8_t *mask, uint8_t *bits) {
    const struct demo_iris_shape *shape = &sample->shape;
    float wave[TAPS] = {0}, round[COLUMNS + TAPS] = {0};
    unsigned half = make_wave(shape, plane, wave), columns = shape->columns;
    unsigned turn = (unsigned)(sample->turn + (int)columns);
    for (unsigned ring = 0; ring < shape->rings; ring++) {
        for (unsigned i = 0; i < columns + 2 * half; i++)
            round[i] = texture[ring][(i + 2 * columns - half - turn % columns) % columns];
        for (unsigned column = 0; column < columns; column++) {
            float answer = 0;
            for (unsigned i = 0; i <= 2 * half; i++)
                answer += wave[i] * round[column + i];
            unsigned at = (plane * shape->rings + ring) * columns + column;
            put_bit(bits, at, answer > 0 && (mask[at / 8] >> (7 - at % 8) & 1) != 0);
        }
    }
}

/* Two lids, over the outer rings more than over the inner ones, and some glare. */
static void hide(const struct demo_iris *sample, uint64_t *state, uint8_t *mask) {
    const struct demo_iris_shape *shape = &sample->shape;
    double reach[2], middle[2];
    unsigned glare[PATCHES];
    for (unsigned lid = 0; lid < 2; lid++) {
        reach[lid] = (0.14 + 0.04 * normal(state)) * sample->lids / 100;
        middle[lid] =
            0.25 + 0.5 * lid + 0.02 * normal(state) + (double)sample->turn / shape->columns;
    }
    for (unsigned i = 0; i < PATCHES; i++)
        glare[i] = (unsigned)(demo_iris_random(state) % (shape->rings * shape->columns));
    for (unsigned at = 0; at < (unsigned)shape->rings * shape->columns; at++) {
        unsigned ring = at / shape->columns + 1;
        double outward = (double)ring / shape->rings;
        double angle = (double)(at % shape->columns) / shape->columns;
        bool hidden = false;
        for (unsigned lid = 0; lid < 2; lid++)
            hidden |= fabs(remainder(angle - middle[lid], 1)) < reach[lid] * outward;
        for (unsigned i = 0; i < PATCHES; i++)
            hidden |= sample->lids > 0 && at - glare[i] < shape->columns / 32u;
        for (unsigned plane = 0; plane < shape->planes; plane++)
            put_bit(mask, plane * shape->rings * shape->columns + at, !hidden);
    }
}

static uint8_t *write_head(const struct demo_iris_shape *shape, uint8_t *container) {
    static const char model[IRIS_CODE_MODEL_BYTES] = "sample waves 1";
    struct buffer head = buffer_over(container, IRIS_CODE_CONTAINER_MAX);
    buffer_raw(&head, "IRC\0\1", 5);
    buffer_u8(&head, IRIS_CODE_EYE_UNKNOWN);
    buffer_u8(&head, shape->rings);
    buffer_u8(&head, shape->planes);
    buffer_u16(&head, shape->columns);
    buffer_u16(&head, 0);
    buffer_raw(&head, model, sizeof model);
    return container + head.len;
}

void demo_iris_make(const struct demo_iris *sample, struct iris_code *code) {
    float texture[RINGS][COLUMNS] = {{0}};
    uint8_t container[IRIS_CODE_CONTAINER_MAX] = {0};
    const struct demo_iris_shape *shape = &sample->shape;
    size_t plane_bytes = (size_t)shape->rings * shape->planes * shape->columns / 8;
    uint8_t *bits = write_head(shape, container), *mask = bits + plane_bytes;
    uint64_t state = sample->eye * 1000003 + sample->capture * 7919 + 17;
    hide(sample, &state, mask);
    draw_texture(shape, sample->eye << 20, 1, texture);
    draw_texture(shape, demo_iris_random(&state), (float)sample->noise, texture);
    for (unsigned plane = 0; plane < shape->planes; plane++)
        filter(sample, plane, texture, mask, bits);
    struct bytes view = bytes_of(container, (size_t)(mask - container) + plane_bytes);
    if (iris_code_read(view, code) != ERR_OK)
        abort();
}
