#include "authd/match/finger_surroundings.h"

#include <math.h>
#include <string.h>

#include "authd/match/finger_angle.h"
#include "authd/match/finger_area.h"
#include "authd/match/finger_parameters.h"

/* Absent neighbours are here: further from any place within RADIUS than tolerance ever is. */
enum { NOWHERE = 127, CELLS = 6 };

/* The neighbours of a minutia: the nearest, in the order of the template. */
struct nearest {
    unsigned count;
    uint8_t minutia[FINGER_NEIGHBOURS + 1];
    float x[FINGER_NEIGHBOURS + 1], y[FINGER_NEIGHBOURS + 1]; /* from the minutia */
    float reach;                                              /* squared: all within were taken */
};

/* Of minutiae whose next is nearer, pixels: how many sixteenths of what their quality promises. */
static const struct {
    int below, weight;
} crowding[] = {{4, 3}, {8, 8}, {12, 11}, {16, 13}, {20, 14}, {2 * RADIUS, 16}};

/* Of two that are close, one is often not there. */
static uint8_t crowded(uint8_t weight, const struct nearest *nearest) {
    float closest = RADIUS * RADIUS;
    for (unsigned i = 0; i < nearest->count; i++) {
        float x = nearest->x[i], y = nearest->y[i];
        closest = finger_smaller(closest, x * x + y * y);
    }
    unsigned i = 0;
    while (closest >= (float)(crowding[i].below * crowding[i].below))
        i++;
    int left = (weight * crowding[i].weight + 8) / 16;
    return (uint8_t)(left > 0 ? left : 1);
}

static unsigned count_within(const float *distance, unsigned count, float limit) {
    unsigned within = 0;
    for (unsigned i = 0; i < count; i++)
        within += distance[i] <= limit;
    return within;
}

/*
 * The largest squared distance, a whole number, within which there are no more minutiae than fit.
 * A search by halves, for counting is cheap and sorting is not.
 */
static float find_reach(const float *distance, unsigned count) {
    int fits = -1, too_far = RADIUS * RADIUS + 1;
    if (count_within(distance, count, RADIUS * RADIUS) <= FINGER_NEIGHBOURS)
        return RADIUS * RADIUS;
    while (too_far - fits > 1) {
        int middle = (fits + too_far) / 2;
        if (count_within(distance, count, (float)middle) <= FINGER_NEIGHBOURS)
            fits = middle;
        else
            too_far = middle;
    }
    return (float)fits;
}

static void find_nearest(const struct finger_prepared *prepared, unsigned middle,
                         struct nearest *nearest) {
    float distance[FINGER_MINUTIAE];
    const float x = prepared->x[middle], y = prepared->y[middle];
    for (unsigned i = 0; i < prepared->count; i++) {
        float dx = prepared->x[i] - x, dy = prepared->y[i] - y;
        distance[i] = dx * dx + dy * dy;
    }
    distance[middle] = 2 * RADIUS * RADIUS;
    nearest->reach = find_reach(distance, prepared->count);
    memset(nearest->x, 0, sizeof nearest->x);
    memset(nearest->y, 0, sizeof nearest->y);
    nearest->count = 0;
    for (unsigned i = 0; i < prepared->count; i++) { /* without a branch that nothing predicts */
        nearest->x[nearest->count] = prepared->x[i] - x;
        nearest->y[nearest->count] = prepared->y[i] - y;
        nearest->minutia[nearest->count] = (uint8_t)i;
        nearest->count += distance[i] <= nearest->reach;
    }
    for (unsigned i = nearest->count; i < FINGER_NEIGHBOURS; i++)
        nearest->x[i] = nearest->y[i] = 0;
}

static unsigned cell_of(int8_t along, int8_t across) {
    unsigned column = (unsigned)(along + RADIUS) * CELLS / (2 * RADIUS + 1);
    unsigned row = (unsigned)(across + RADIUS) * CELLS / (2 * RADIUS + 1);
    return row * CELLS + column;
}

static void describe(const struct finger_prepared *prepared, unsigned middle,
                     const struct nearest *nearest, struct finger_surroundings *around) {
    const float cosine = finger_cos(prepared->angle[middle]);
    const float sine = finger_sin(prepared->angle[middle]);
    for (unsigned i = 0; i < FINGER_NEIGHBOURS; i++) {
        float x = nearest->x[i], y = nearest->y[i];
        around->along[i] = (int8_t)finger_rounded(x * cosine + y * sine);
        around->across[i] = (int8_t)finger_rounded(y * cosine - x * sine);
        around->tolerance[i] = (uint8_t)(int)(TOLERANCE + TOLERANCE_RISE * sqrtf(x * x + y * y));
    }
    for (unsigned i = 0; i < nearest->count; i++) {
        unsigned neighbour = nearest->minutia[i];
        around->turn[i] = (int8_t)finger_turn(prepared->angle[middle], prepared->angle[neighbour]);
        around->weight[i] = prepared->weight[neighbour];
        unsigned cell = cell_of(around->along[i], around->across[i]);
        around->cell_byte[i] = (uint8_t)(cell / 8);
        around->cell_bit[i] = (uint8_t)(1u << cell % 8);
    }
    for (unsigned i = nearest->count; i < FINGER_NEIGHBOURS; i++) {
        around->along[i] = around->across[i] = NOWHERE;
        around->turn[i] = 0;
        around->tolerance[i] = around->weight[i] = around->cell_byte[i] = around->cell_bit[i] = 0;
    }
}

/* Where the middles of the cells lie, around a minutia that points right. */
struct cells {
    float along[CELLS * CELLS], across[CELLS * CELLS];
    float distance[CELLS * CELLS]; /* squared */
};

static void place_cells(struct cells *cells) {
    const float size = (2 * RADIUS + 1) / (float)CELLS;
    for (unsigned cell = 0; cell < CELLS * CELLS; cell++) {
        unsigned column = cell % CELLS, row = cell / CELLS;
        float along = ((float)column + 0.5f) * size - RADIUS;
        float across = ((float)row + 0.5f) * size - RADIUS;
        cells->along[cell] = along;
        cells->across[cell] = across;
        cells->distance[cell] = along * along + across * across;
    }
}

/* Cells that lie in the visible area and no further out than ${reach}, squared. */
static uint64_t visible_cells(const struct finger_prepared *prepared, unsigned middle,
                              const struct cells *cells, float reach) {
    const float cosine = finger_cos(prepared->angle[middle]);
    const float sine = finger_sin(prepared->angle[middle]);
    const float middle_x = prepared->x[middle], middle_y = prepared->y[middle];
    int x[CELLS * CELLS], y[CELLS * CELLS];
    for (unsigned cell = 0; cell < CELLS * CELLS; cell++) {
        float along = cells->along[cell], across = cells->across[cell];
        x[cell] = (int)(middle_x + along * cosine - across * sine);
        y[cell] = (int)(middle_y + along * sine + across * cosine);
    }
    uint64_t visible = 0;
    for (unsigned cell = 0; cell < CELLS * CELLS; cell++)
        visible |= (uint64_t)((cells->distance[cell] <= reach) &
                              finger_area_holds(prepared, x[cell], y[cell]))
                   << cell;
    return visible;
}

void finger_surroundings_fill(struct finger_prepared *prepared) {
    struct nearest nearest[FINGER_MINUTIAE];
    struct cells cells;
    place_cells(&cells);
    for (unsigned i = 0; i < prepared->count; i++) {
        find_nearest(prepared, i, &nearest[i]);
        prepared->weight[i] = crowded(prepared->weight[i], &nearest[i]);
    }
    for (unsigned i = 0; i < prepared->count; i++) {
        describe(prepared, i, &nearest[i], &prepared->around[i]);
        prepared->around[i].visible = visible_cells(prepared, i, &cells, nearest[i].reach);
    }
    explicit_bzero(nearest, sizeof nearest);
}
