#include "authd/match/finger.h"

#include <stdbool.h>
#include <string.h>

#include "authd/match/finger_area.h"
#include "authd/match/finger_surroundings.h"

/* Squares and cross products of such lengths fit in an int. No plate is wider: 20 cm at 500 dpi. */
enum { EXTENT_MAX = 4095 };

/* Of the minutiae whose quality is below, how many sixteenths are worth counting on. */
static const struct {
    uint8_t below, weight;
} reliability[] = {{1, 12}, {10, 2}, {15, 5}, {20, 8}, {30, 10}, {55, 13}, {101, 16}};

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

/* Negative when ${one} is to be kept rather than ${other}; 0 when they are the same. */
static int by_quality(const struct finger_minutia *one, const struct finger_minutia *other) {
    int differences[] = {weight_of(other->quality) - weight_of(one->quality),
                         other->quality - one->quality,
                         one->x - other->x,
                         one->y - other->y,
                         one->angle - other->angle,
                         one->kind - other->kind};
    for (unsigned i = 0; i < sizeof differences / sizeof *differences; i++)
        if (differences[i] != 0)
            return differences[i];
    return 0;
}

/* In the order of directions; what is the same direction, by place. */
static int by_angle(const struct finger_minutia *one, const struct finger_minutia *other) {
    int differences[] = {one->angle - other->angle, one->x - other->x, one->y - other->y};
    for (unsigned i = 0; i < sizeof differences / sizeof *differences; i++)
        if (differences[i] != 0)
            return differences[i];
    return by_quality(one, other);
}

static void sort(struct finger_minutia *minutiae, unsigned count,
                 int (*order)(const struct finger_minutia *, const struct finger_minutia *)) {
    for (unsigned i = 1; i < count; i++) {
        struct finger_minutia moved = minutiae[i];
        unsigned at = i;
        for (; at > 0 && order(&moved, &minutiae[at - 1]) < 0; at--)
            minutiae[at] = minutiae[at - 1];
        minutiae[at] = moved;
    }
}

static bool is_same_place(const struct finger_minutia *one, const struct finger_minutia *other) {
    return one->x == other->x && one->y == other->y && one->angle == other->angle;
}

/* The best FINGER_MINUTIAE at 500 dpi, none twice. Returns how many. */
static unsigned choose(const struct finger_template *template, struct finger_minutia *chosen) {
    for (unsigned i = 0; i < template->count; i++) {
        chosen[i] = template->minutiae[i];
        chosen[i].x = scaled(chosen[i].x, template->x_resolution);
        chosen[i].y = scaled(chosen[i].y, template->y_resolution);
    }
    sort(chosen, template->count, by_quality);
    unsigned count = 0;
    for (unsigned i = 0; i < template->count && count < FINGER_MINUTIAE; i++) {
        bool is_new = true;
        for (unsigned j = 0; j < count && is_new; j++)
            is_new = !is_same_place(&chosen[i], &chosen[j]);
        if (is_new)
            chosen[count++] = chosen[i];
    }
    sort(chosen, count, by_angle);
    return count;
}

static void place(const struct finger_minutia *chosen, unsigned count,
                  struct finger_prepared *prepared) {
    unsigned left = UINT16_MAX, top = UINT16_MAX;
    for (unsigned i = 0; i < count; i++) {
        left = chosen[i].x < left ? chosen[i].x : left;
        top = chosen[i].y < top ? chosen[i].y : top;
    }
    for (unsigned i = 0; i < count; i++) {
        unsigned x = chosen[i].x - left, y = chosen[i].y - top;
        prepared->x[i] = (int16_t)(x < EXTENT_MAX ? x : EXTENT_MAX);
        prepared->y[i] = (int16_t) - (int)(y < EXTENT_MAX ? y : EXTENT_MAX);
        prepared->angle[i] = chosen[i].angle;
        prepared->kind[i] = chosen[i].kind;
        prepared->weight[i] = weight_of(chosen[i].quality);
    }
    prepared->count = (uint8_t)count;
    for (unsigned angle = 0, at = 0; angle <= 256; angle++) {
        while (at < count && prepared->angle[at] < angle)
            at++;
        prepared->first[angle] = (uint8_t)at;
    }
}

enum err finger_prepare(const struct finger_template *template, struct finger_prepared *prepared) {
    struct finger_minutia chosen[FINGER_TEMPLATE_MINUTIAE];
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
