#include "tests/unit/key_stores.h"
#include "tests/unit/schedule_random.h"

static uint16_t oldest_in(const struct key_rows *rows) {
    uint16_t oldest = UINT16_MAX;
    for (size_t i = 0; i < KEY_STORES_ROWS; i++)
        if (rows->of[i] != 0 && rows->of[i] < oldest)
            oldest = rows->of[i];
    return oldest;
}

void key_stores_mark(const struct key_stores *stores, struct keystate_key *keys, size_t count) {
    uint16_t wrapped = oldest_in(&stores->keyring);
    uint16_t from = wrapped < stores->told ? wrapped : stores->told;
    for (size_t i = 0; i < count; i++)
        keys[i].needed = keystate_is_needed(&keys[i], from);
}

/* Into a random place, so that what was there is deleted. */
static void write_row(struct key_stores *stores, struct key_rows *rows, uint16_t generation) {
    rows->of[schedule_random_draw() % KEY_STORES_ROWS] = generation;
    stores->rows += generation != 0;
}

static void move_row(struct key_stores *stores, struct key_rows *rows, uint16_t to) {
    uint16_t oldest = oldest_in(rows);
    for (size_t i = 0; i < KEY_STORES_ROWS && oldest < to; i++)
        if (rows->of[i] == oldest) {
            rows->of[i] = to;
            stores->moved++;
            return;
        }
}

/* A roll begins only when the one before it is over. */
static void begin_to_move(struct key_stores *stores) {
    if (stores->heard > stores->to && oldest_in(&stores->registry) >= stores->to)
        stores->to = stores->heard;
}

static void say_need(struct key_stores *stores) {
    if (stores->to != 0 && oldest_in(&stores->registry) >= stores->to)
        stores->said = stores->to;
}

static bool take_need(struct key_stores *stores, uint16_t active) {
    if (active == 0 || stores->said == 0)
        return true;
    if (stores->said < stores->told || stores->said > active)
        return false;
    stores->told = stores->said;
    stores->taken++;
    if (schedule_random_chance(70))
        stores->said = 0;
    return true;
}

bool key_stores_happen(struct key_stores *stores, uint16_t active) {
    switch (schedule_random_draw() % 8) {
    case 0: /* the registry's keeper asks; what it does about the answer, it does later */
        stores->heard = active != 0 ? active : stores->heard;
        break;
    case 1:
        begin_to_move(stores);
        break;
    case 2:
        say_need(stores);
        break;
    case 3:
        return take_need(stores, active);
    case 4:
        write_row(stores, &stores->registry, schedule_random_chance(70) ? stores->to : 0);
        break;
    case 5:
        if (active != 0)
            write_row(stores, &stores->keyring, schedule_random_chance(70) ? active : 0);
        break;
    case 6:
        move_row(stores, &stores->keyring, active);
        break;
    default:
        for (int64_t i = schedule_random_between(1, KEY_STORES_ROWS); i > 0; i--)
            move_row(stores, &stores->registry, stores->to);
    }
    return true;
}

bool key_stores_settle(struct key_stores *stores, uint16_t active) {
    stores->heard = active != 0 ? active : stores->heard;
    for (int roll = 0; roll < 2; roll++) { /* the one that is under way, and the next */
        begin_to_move(stores);
        for (int row = 0; row < KEY_STORES_ROWS; row++) {
            move_row(stores, &stores->registry, stores->to);
            move_row(stores, &stores->keyring, active);
        }
    }
    if (!take_need(stores, active)) /* what was on its way comes first */
        return false;
    say_need(stores);
    return take_need(stores, active);
}
