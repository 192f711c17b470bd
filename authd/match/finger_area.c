#include "authd/match/finger_area.h"

#include <math.h>
#include <string.h>

#include "authd/match/finger_angle.h"
#include "authd/match/finger_parameters.h"

/* Corners counter-clockwise, by index into the minutiae. */
struct hull {
    unsigned count;
    uint8_t corner[2 * FINGER_MINUTIAE + 2];
};

/* a x + b y + c: the distance from an edge, positive inside. */
struct edge {
    float a, b, c;
};

static int cross(const struct finger_prepared *prepared, unsigned from, unsigned over,
                 unsigned to) {
    return (prepared->x[over] - prepared->x[from]) * (prepared->y[to] - prepared->y[from]) -
           (prepared->y[over] - prepared->y[from]) * (prepared->x[to] - prepared->x[from]);
}

static void sort_by_place(const struct finger_prepared *prepared, uint8_t *order) {
    for (unsigned i = 0; i < prepared->count; i++) {
        unsigned at = i;
        for (; at > 0; at--) {
            unsigned before = order[at - 1];
            if (prepared->x[before] < prepared->x[i] ||
                (prepared->x[before] == prepared->x[i] && prepared->y[before] <= prepared->y[i]))
                break;
            order[at] = order[at - 1];
        }
        order[at] = (uint8_t)i;
    }
}

/* Adds ${corner}, after taking back what it makes a dent of; ${kept} corners stay. */
static void extend(const struct finger_prepared *prepared, struct hull *hull, unsigned kept,
                   uint8_t corner) {
    while (hull->count >= kept + 2 && cross(prepared, hull->corner[hull->count - 2],
                                            hull->corner[hull->count - 1], corner) <= 0)
        hull->count--;
    hull->corner[hull->count++] = corner;
}

/* Andrew's monotone chain. */
static void find_hull(const struct finger_prepared *prepared, struct hull *hull) {
    uint8_t order[FINGER_MINUTIAE];
    sort_by_place(prepared, order);
    hull->count = 0;
    for (unsigned i = 0; i < prepared->count; i++)
        extend(prepared, hull, 0, order[i]);
    unsigned lower = hull->count - 1;
    for (unsigned i = prepared->count - 1; i-- > 0;)
        extend(prepared, hull, lower, order[i]);
    explicit_bzero(order, sizeof order);
}

static unsigned find_edges(const struct finger_prepared *prepared, const struct hull *hull,
                           struct edge *edges) {
    unsigned count = 0;
    for (unsigned i = 0; i + 1 < hull->count; i++) {
        unsigned from = hull->corner[i], to = hull->corner[i + 1];
        float x = (float)(prepared->x[to] - prepared->x[from]);
        float y = (float)(prepared->y[to] - prepared->y[from]);
        float length = sqrtf(x * x + y * y);
        if (length == 0)
            continue;
        struct edge edge = {.a = -y / length, .b = x / length};
        edge.c = -(edge.a * prepared->x[from] + edge.b * prepared->y[from]);
        edges[count++] = edge;
    }
    return count;
}

/* The squares of a row whose centres are from ${left} to ${right}. */
static uint64_t squares(float left, float right) {
    const float size = 1 << FINGER_AREA_SHIFT;
    float from = left / size + (FINGER_AREA_BORDER + 0.5f);
    float to = right / size + (FINGER_AREA_BORDER + 0.5f);
    if (from >= 64 || to < 1)
        return 0;
    unsigned first = from < 0 ? 0 : (unsigned)from, end = to >= 64 ? 64 : (unsigned)to;
    if (first >= end)
        return 0;
    uint64_t before_end = end == 64 ? UINT64_MAX : (UINT64_C(1) << end) - 1;
    return before_end & (UINT64_MAX << first);
}

static uint64_t row_of(const struct edge *edges, unsigned count, float y) {
    float left = -1e6f, right = 1e6f;
    for (unsigned i = 0; i < count; i++) {
        float rest = edges[i].b * y + edges[i].c + HULL_MARGIN;
        if (edges[i].a > 1e-6f)
            left = finger_larger(left, -rest / edges[i].a);
        else if (edges[i].a < -1e-6f)
            right = finger_smaller(right, -rest / edges[i].a);
        else if (rest < 0)
            return 0;
    }
    return squares(left, right);
}

void finger_area_fill(struct finger_prepared *prepared) {
    struct hull hull;
    struct edge edges[2 * FINGER_MINUTIAE + 2];
    memset(prepared->area, 0, sizeof prepared->area);
    if (prepared->count == 0)
        return;
    find_hull(prepared, &hull);
    unsigned count = find_edges(prepared, &hull, edges);
    const int size = 1 << FINGER_AREA_SHIFT;
    for (int row = 0; row < FINGER_AREA_ROWS && count > 0; row++) {
        float middle = ((float)(FINGER_AREA_BORDER - row) - 0.5f) * (float)size;
        prepared->area[row] = row_of(edges, count, middle);
    }
    explicit_bzero(&hull, sizeof hull);
    explicit_bzero(edges, sizeof edges);
}
