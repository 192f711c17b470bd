#include "authd/match/finger.h"

#include <stdbool.h>
#include <string.h>

#include "authd/match/finger_area.h"
#include "authd/match/finger_surroundings.h"

/* Squares and cross products of such lengths fit in an int. No plate is wider: 20 cm at 500 dpi. */
enum { EXTENT_MAX = 4095, QUALITY_UNREPORTED = 40 };

/* Sixteenths that a template's minutiae have on average, at least. */
enum { WEIGHT_WHOLE = 16, WEIGHT_MEAN_MIN = 11 };

/* Of the minutiae whose quality is below, how many sixteenths are worth counting on. */
static const struct {
    uint8_t below, weight;
} reliability[] = {{1, 14}, {10, 2}, {15, 5}, {20, 8}, {30, 10}, {55, 13}, {101, 16}};

static uint8_t weight_of(uint8_t quality) {
    unsigned i = 0;
    while (quality >= reliability[i].below)
        i++;
    return reliability[i].weight;
}

static bool is_valid(const struct finger_template *template) {
    if (template->x_resolution < FINGER_RESOLUTION_MIN ||
        template->x_resolution > FINGER_RESOLUTION_MAX ||
        template->y_resolution < FINGER_RESOLUTION_MIN ||
        template->y_resolution > FINGER_RESOLUTION_MAX || template->quality > 100)
        return false;
    for (unsigned i = 0; i < template->count; i++) {
        const struct finger_minutia *minutia = &template->minutiae[i];
        if (minutia->x > FINGER_COORDINATE_MAX || minutia->y > FINGER_COORDINATE_MAX ||
            minutia->kind > 2 || minutia->quality > 100)
            return false;
    }
    return true;
}

static uint16_t scaled(uint16_t pixels, uint16_t resolution) {
    return (uint16_t)((2u * pixels * FINGER_RESOLUTION + resolution) / (2u * resolution));
}

/*
 * A minutia as a number that sorts by ${lead}, 0 to 255, then by place, direction and kind.
 */
static uint64_t key_of(const struct finger_minutia *minutia, unsigned lead) {
    return (uint64_t)lead << 56 | (uint64_t)minutia->x << 40 | (uint64_t)minutia->y << 24 |
           (uint64_t)minutia->angle << 16 | (uint64_t)minutia->kind << 8 | minutia->quality;
}

static struct finger_minutia minutia_of(uint64_t key) {
    return (struct finger_minutia){.x = (uint16_t)(key >> 40),
                                   .y = (uint16_t)(key >> 24),
                                   .angle = (uint8_t)(key >> 16),
                                   .kind = (uint8_t)(key >> 8),
                                   .quality = (uint8_t)key};
}

static void sort(uint64_t *keys, unsigned count) {
    for (unsigned i = 1; i < count; i++) {
        uint64_t moved = keys[i];
        unsigned at = i;
        for (; at > 0 && keys[at - 1] > moved; at--)
            keys[at] = keys[at - 1];
        keys[at] = moved;
    }
}

/* Lower for what is rather kept: the reliable, and of those the better. */
static unsigned rank_of(uint8_t quality) {
    return quality > 0 ? 100u - quality : 100u - QUALITY_UNREPORTED;
}

/* The best FINGER_MINUTIAE at 500 dpi, none twice, in the order of directions. */
static unsigned choose(const struct finger_template *template, uint64_t *keys) {
    for (unsigned i = 0; i < template->count; i++) {
        struct finger_minutia minutia = template->minutiae[i];
        minutia.x = scaled(minutia.x, template->x_resolution);
        minutia.y = scaled(minutia.y, template->y_resolution);
        keys[i] = key_of(&minutia, rank_of(minutia.quality));
    }
    sort(keys, template->count);
    unsigned count = 0;
    for (unsigned i = 0; i < template->count && count < FINGER_MINUTIAE; i++) {
        bool is_new = true;
        for (unsigned j = 0; j < count && is_new; j++)
            is_new = (keys[i] ^ keys[j]) << 8 >> 24 != 0;
        if (is_new)
            keys[count++] = keys[i];
    }
    for (unsigned i = 0; i < count; i++) {
        struct finger_minutia minutia = minutia_of(keys[i]);
        keys[i] = key_of(&minutia, minutia.angle);
    }
    sort(keys, count);
    return count;
}

/*
 * Extractors do not agree what a quality is worth. One that is strict with all of a finger's
 * minutiae still tells the better from the worse, so they are raised together.
 */
static void raise_weights(struct finger_prepared *prepared) {
    unsigned sum = 0;
    for (unsigned i = 0; i < prepared->count; i++)
        sum += prepared->weight[i];
    const unsigned least = WEIGHT_MEAN_MIN * prepared->count;
    for (unsigned i = 0; i < prepared->count && sum < least; i++) {
        unsigned raised = prepared->weight[i] * least / sum;
        prepared->weight[i] = (uint8_t)(raised < WEIGHT_WHOLE ? raised : WEIGHT_WHOLE);
    }
}

static void place(const uint64_t *chosen, unsigned count, struct finger_prepared *prepared) {
    unsigned left = UINT16_MAX, top = UINT16_MAX;
    for (unsigned i = 0; i < count; i++) {
        struct finger_minutia minutia = minutia_of(chosen[i]);
        left = minutia.x < left ? minutia.x : left;
        top = minutia.y < top ? minutia.y : top;
    }
    for (unsigned i = 0; i < count; i++) {
        struct finger_minutia minutia = minutia_of(chosen[i]);
        unsigned x = minutia.x - left, y = minutia.y - top;
        prepared->x[i] = (int16_t)(x < EXTENT_MAX ? x : EXTENT_MAX);
        prepared->y[i] = (int16_t) - (int)(y < EXTENT_MAX ? y : EXTENT_MAX);
        prepared->angle[i] = minutia.angle;
        prepared->kind[i] = minutia.kind;
        prepared->weight[i] = weight_of(minutia.quality);
    }
    prepared->count = (uint8_t)count;
    raise_weights(prepared);
    for (unsigned angle = 0, at = 0; angle <= 256; angle++) {
        while (at < count && prepared->angle[at] < angle)
            at++;
        prepared->first[angle] = (uint8_t)at;
    }
}

enum err finger_prepare(const struct finger_template *template, struct finger_prepared *prepared) {
    uint64_t chosen[FINGER_TEMPLATE_MINUTIAE];
    memset(prepared, 0, sizeof *prepared);
    if (!is_valid(template))
        return ERR_MALFORMED;
    unsigned count = choose(template, chosen);
    prepared->position = template->position;
    prepared->quality = template->quality;
    place(chosen, count, prepared);
    finger_area_fill(prepared);
    finger_surroundings_fill(prepared);
    explicit_bzero(chosen, sizeof chosen);
    return ERR_OK;
}
