#include <string.h>

#include "authd/core/best_finger_record.h"

#include "firmware/base/clock.h"

#define WEEK_MS (7 * CLOCK_DAY_MS)
#define WHOLE   16 /* one try, in sixteenths */
#define HALF    8

/* A quarter of a year halves a weight: (242.7/256) to the 13th. Rounded down, so that it ends. */
#define WEEK_LEFT  243
#define WEEK_PARTS 256

static uint32_t week_of(int64_t wall_ms) {
    return wall_ms > 0 ? (uint32_t)(wall_ms / WEEK_MS) : 0;
}

static uint8_t faded(uint8_t weight, uint32_t weeks) {
    for (uint32_t i = 0; i < weeks && weight > 0; i++)
        weight = (uint8_t)(weight * WEEK_LEFT / WEEK_PARTS);
    return weight;
}

/* Brings the record to the week of ${wall_ms}. Week by week, so that it does not matter how often
 * it is looked at. */
static void age(struct best_finger_record *record, int64_t wall_ms) {
    uint32_t week = week_of(wall_ms);
    if (week <= record->week)
        return;
    for (size_t i = 0; i < BEST_FINGER_POSITIONS; i++) {
        record->tries[i] = faded(record->tries[i], week - record->week);
        record->matches[i] = faded(record->matches[i], week - record->week);
    }
    record->week = week;
}

static uint8_t after_try(uint8_t weight, uint8_t added) {
    return (uint8_t)(weight * 7 / 8 + added);
}

static bool has_match(const struct best_finger_seen *seen, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (seen[i].matched)
            return true;
    return false;
}

void best_finger_record_add(struct best_finger_record *record, const struct best_finger_seen *seen,
                            size_t count, int64_t wall_ms) {
    uint8_t weight = has_match(seen, count) ? WHOLE : HALF;
    age(record, wall_ms);
    for (size_t i = 0; i < count; i++) {
        uint8_t position = seen[i].position;
        if (position == 0 || position >= BEST_FINGER_POSITIONS)
            continue;
        record->tries[position] = after_try(record->tries[position], weight);
        record->matches[position] =
            after_try(record->matches[position], seen[i].matched ? weight : 0);
    }
}

/* What fingers do as a rule, as matches of a sixteenth try: thumb, index, middle, ring, little. */
static const uint8_t usual[] = {12, 13, 11, 10, 8};
_Static_assert(2 * sizeof(usual) + 1 == BEST_FINGER_POSITIONS, "two hands");

struct share {
    unsigned matches, tries;
};

static struct share share_of(const struct best_finger_record *record, uint8_t position) {
    return (struct share){record->matches[position] + usual[(position - 1u) % sizeof(usual)],
                          record->tries[position] + WHOLE};
}

static bool is_better(struct share one, struct share other) {
    return one.matches * other.tries > other.matches * one.tries;
}

uint8_t best_finger_record_choose(const struct best_finger_record *record, uint32_t candidates,
                                  int64_t wall_ms) {
    struct best_finger_record aged = *record;
    struct share best = {.matches = 1, .tries = 4};
    uint8_t chosen = 0;
    age(&aged, wall_ms);
    for (uint8_t position = 1; position < BEST_FINGER_POSITIONS; position++) {
        struct share share = share_of(&aged, position);
        if ((candidates & 1u << position) == 0 || !is_better(share, best))
            continue;
        best = share;
        chosen = position;
    }
    return chosen;
}

void best_finger_record_put(struct buffer *target, const struct best_finger_record *record) {
    buffer_u32(target, record->week);
    for (size_t i = 1; i < BEST_FINGER_POSITIONS; i++) {
        buffer_u8(target, record->tries[i]);
        buffer_u8(target, record->matches[i]);
    }
}

enum err best_finger_record_get(struct bytes plain, struct best_finger_record *record) {
    struct cursor cursor = cursor_over(plain);
    bool sound = true;
    *record = (struct best_finger_record){.week = cursor_u32(&cursor)};
    for (size_t i = 1; i < BEST_FINGER_POSITIONS; i++) {
        record->tries[i] = cursor_u8(&cursor);
        record->matches[i] = cursor_u8(&cursor);
        sound = sound && record->matches[i] <= record->tries[i] &&
                record->tries[i] <= BEST_FINGER_TRIES_MAX;
    }
    if (cursor_end(&cursor) == ERR_OK && sound)
        return ERR_OK;
    *record = (struct best_finger_record){0};
    return ERR_CORRUPT;
}
