#include "authd/match/finger_surroundings.h"

#include <math.h>
#include <string.h>

#include "authd/match/finger_angle.h"
#include "authd/match/finger_area.h"
#include "authd/match/finger_parameters.h"

/* Absent neighbours are here: further from any place within RADIUS than tolerance ever is. */
enum { NOWHERE = 127, CELLS = 8 };

/* The neighbours of a minutia, nearest first. */
struct nearest {
    unsigned count;
    uint8_t minutia[FINGER_NEIGHBOURS];
    int distance[FINGER_NEIGHBOURS]; /* squared */
};

static void find_nearest(const struct finger_prepared *prepared, unsigned middle,
                         struct nearest *nearest) {
    nearest->count = 0;
    for (unsigned i = 0; i < prepared->count; i++) {
        int x = prepared->x[i] - prepared->x[middle], y = prepared->y[i] - prepared->y[middle];
        int distance = x * x + y * y;
        if (distance > RADIUS * RADIUS || i == middle)
            continue;
        if (nearest->count == FINGER_NEIGHBOURS &&
            distance >= nearest->distance[FINGER_NEIGHBOURS - 1])
            continue;
        unsigned at = nearest->count < FINGER_NEIGHBOURS ? nearest->count++ : FINGER_NEIGHBOURS - 1;
        for (; at > 0 && nearest->distance[at - 1] > distance; at--) {
            nearest->distance[at] = nearest->distance[at - 1];
            nearest->minutia[at] = nearest->minutia[at - 1];
        }
        nearest->distance[at] = distance;
        nearest->minutia[at] = (uint8_t)i;
    }
}

static unsigned cell_of(int8_t along, int8_t across) {
    unsigned column = (unsigned)(along + RADIUS) * CELLS / (2 * RADIUS + 1);
    unsigned row = (unsigned)(across + RADIUS) * CELLS / (2 * RADIUS + 1);
    return row * CELLS + column;
}

static void describe(const struct finger_prepared *prepared, unsigned middle,
                     const struct nearest *nearest, struct finger_surroundings *around) {
    float cosine = finger_cos(prepared->angle[middle]), sine = finger_sin(prepared->angle[middle]);
    memset(around, 0, sizeof *around);
    memset(around->along, NOWHERE, sizeof around->along);
    memset(around->across, NOWHERE, sizeof around->across);
    around->count = nearest->count;
    for (unsigned i = 0; i < nearest->count; i++) {
        unsigned neighbour = nearest->minutia[i];
        float x = (float)(prepared->x[neighbour] - prepared->x[middle]);
        float y = (float)(prepared->y[neighbour] - prepared->y[middle]);
        around->along[i] = (int8_t)finger_rounded(x * cosine + y * sine);
        around->across[i] = (int8_t)finger_rounded(y * cosine - x * sine);
        around->turn[i] = (int8_t)finger_turn(prepared->angle[middle], prepared->angle[neighbour]);
        around->tolerance[i] =
            (uint8_t)(TOLERANCE + TOLERANCE_RISE * sqrtf((float)nearest->distance[i]));
        around->weight[i] = prepared->weight[neighbour];
        unsigned cell = cell_of(around->along[i], around->across[i]);
        around->cell_byte[i] = (uint8_t)(cell / 8);
        around->cell_bit[i] = (uint8_t)(1u << cell % 8);
    }
}

/* Cells that lie in the visible area and no further out than the neighbours that were kept. */
static uint64_t visible_cells(const struct finger_prepared *prepared, unsigned middle, int reach) {
    float cosine = finger_cos(prepared->angle[middle]), sine = finger_sin(prepared->angle[middle]);
    const float size = (2 * RADIUS + 1) / (float)CELLS;
    uint64_t visible = 0;
    for (unsigned cell = 0; cell < CELLS * CELLS; cell++) {
        float along = ((float)(cell % CELLS) + 0.5f) * size - RADIUS;
        float across = ((float)(cell / CELLS) + 0.5f) * size - RADIUS;
        if (along * along + across * across > (float)reach)
            continue;
        int x = (int)(prepared->x[middle] + along * cosine - across * sine);
        int y = (int)(prepared->y[middle] + along * sine + across * cosine);
        if (finger_area_holds(prepared, x, y))
            visible |= UINT64_C(1) << cell;
    }
    return visible;
}

void finger_surroundings_fill(struct finger_prepared *prepared) {
    struct nearest nearest;
    for (unsigned i = 0; i < prepared->count; i++) {
        find_nearest(prepared, i, &nearest);
        describe(prepared, i, &nearest, &prepared->around[i]);
        int reach = nearest.count < FINGER_NEIGHBOURS ? RADIUS * RADIUS
                                                      : nearest.distance[FINGER_NEIGHBOURS - 1];
        prepared->around[i].visible = visible_cells(prepared, i, reach);
    }
    explicit_bzero(&nearest, sizeof nearest);
}
