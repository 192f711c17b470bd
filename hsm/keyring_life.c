#include <string.h>

#include "firmware/base/clock.h"
#include "hsm/keyring_chain.h"
#include "hsm/keyring_issuer.h"
#include "hsm/keyring_life.h"
#include "hsm/keyring_need.h"
#include "hsm/keyring_table.h"

/* What boxes told their clients before promises were stored. */
#define UNRECORDED_MAX_AGE_SECONDS 300

static struct bytes clock_name(void) {
    return bytes_of_text("clock");
}

static struct bytes max_age_name(void) {
    return bytes_of_text("max-age");
}

static int64_t longer(int64_t left, int64_t right) {
    return left > right ? left : right;
}

/* ${count} numbers under ${name}; all 0 when there are none yet. */
static enum err get_numbers(struct kv_txn *txn, struct bytes name, int64_t *numbers, size_t count) {
    struct bytes value;
    memset(numbers, 0, count * sizeof *numbers);
    enum err err = kv_get(txn, KEYRING_FACTS, name, &value);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    ERR_TRY(err);
    struct cursor cursor = cursor_over(value);
    for (size_t i = 0; i < count; i++)
        numbers[i] = cursor_i64(&cursor);
    return cursor_end(&cursor) == ERR_OK ? ERR_OK : ERR_CORRUPT;
}

static void put_numbers(struct kv_txn *txn, struct bytes name, const int64_t *numbers,
                        size_t count) {
    uint8_t value[8 * 4];
    struct buffer target = buffer_over(value, sizeof value);
    for (size_t i = 0; i < count; i++)
        buffer_i64(&target, numbers[i]);
    kv_put(txn, KEYRING_FACTS, name, bytes_of(value, target.len));
}

static enum err get_clock(struct kv_txn *txn, struct keyring_clock *clock) {
    int64_t numbers[3];
    ERR_TRY(get_numbers(txn, clock_name(), numbers, 3));
    *clock = (struct keyring_clock){numbers[0], numbers[1], numbers[2]};
    return ERR_OK;
}

static void put_clock(struct kv_txn *txn, const struct keyring_clock *clock) {
    const int64_t numbers[] = {clock->seen_wall_ms, clock->confirmed_wall_ms, clock->run_ms};
    put_numbers(txn, clock_name(), numbers, 3);
}

/* The clocks of a moment that is recorded; the stored ones never go back. */
static enum err advance_clock(struct kv_txn *txn, const struct keystate_moment *moment) {
    struct keyring_clock clock;
    ERR_TRY(get_clock(txn, &clock));
    clock.seen_wall_ms = longer(clock.seen_wall_ms, moment->wall_ms);
    clock.run_ms = longer(clock.run_ms, moment->run_ms);
    put_clock(txn, &clock);
    return ERR_OK;
}

static enum err take_key(void *context, struct bytes key, struct bytes value) {
    struct keyring_life *life = context;
    struct keyring_row row;
    ERR_TRY(keyring_row_decode(key, value, &row));
    if (!row.committed || keyring_row_state(&row) == KEYSTATE_DESTROYED)
        return ERR_OK;
    if (life->facts.key_count == KEYRING_LIFE_KEYS_MAX)
        return ERR_FULL;
    life->keys[life->facts.key_count++] = row.life;
    return ERR_OK;
}

/* The rows come newest first, the rules want them ascending. */
static void turn_round(struct keyring_life *life) {
    for (size_t i = 0, j = life->facts.key_count; i + 1 < j; i++) {
        struct keystate_key key = life->keys[i];
        life->keys[i] = life->keys[--j];
        life->keys[j] = key;
    }
}

/* A JWKS holds eight. A lookup is made under every pepper in use, by the rows' own and the next. */
size_t keyring_life_in_use_max(enum hsm_purpose purpose) {
    if (purpose == HSM_PURPOSE_PEPPER)
        return HSM_PEPPERS_MAX;
    return purpose == HSM_PURPOSE_KEK ? 3 : 8;
}

struct keyring_life_count keyring_life_count(const struct keystate_facts *facts) {
    struct keyring_life_count count = {0};
    for (size_t i = 0; i < facts->key_count; i++) {
        enum keystate state;
        if (keystate_of(&facts->keys[i], &state) != ERR_OK)
            continue;
        count.in_use += (keystate_uses(state) & (KEYSTATE_SHOWN | KEYSTATE_OPENS)) != 0;
        count.has_active |= state == KEYSTATE_ACTIVE;
        count.has_standby |= state == KEYSTATE_GENERATED || state == KEYSTATE_PUBLISHED;
    }
    return count;
}

static enum err read_life(struct kv_txn *txn, enum hsm_purpose purpose,
                          const struct keystate_policy *policy, struct keyring_life *life) {
    uint8_t prefix = (uint8_t)purpose, memory[KEYRING_NAME_MAX];
    struct keyring_clock clock;
    int64_t promises[2];
    uint64_t roll;
    life->facts = (struct keystate_facts){.policy = *policy, .keys = life->keys};
    ERR_TRY(kv_each(txn, KEYRING_KEYS, bytes_of(&prefix, 1), take_key, life));
    turn_round(life);
    ERR_TRY(keyring_need_mark(txn, purpose, life->keys, life->facts.key_count));
    ERR_TRY(keyring_chain_unready(txn, purpose, life->keys, life->facts.key_count,
                                  &life->facts.unready));
    ERR_TRY(keyring_issuer_missing(txn, purpose, &life->facts.orphan));
    ERR_TRY(get_numbers(txn, keyring_name_of("promises", purpose, memory), promises, 2));
    ERR_TRY(keyring_get_number(txn, keyring_name_of("roll", purpose, memory), &roll));
    ERR_TRY(get_clock(txn, &clock));
    life->facts.promises =
        (struct keystate_promises){.cached_ms = promises[0], .lived_ms = promises[1]};
    life->facts.roll = roll != 0;
    life->facts.seen_wall_ms = clock.seen_wall_ms;
    life->facts.confirmed_wall_ms = clock.confirmed_wall_ms;
    return ERR_OK;
}

enum err keyring_life_read(struct keyring *keyring, enum hsm_purpose purpose,
                           const struct keystate_policy *policy, struct keyring_life *life) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(keyring->kv);
    return read_life(&txn, purpose, policy, life);
}

bool keyring_life_needs(const struct keyring_life *life, uint16_t generation) {
    for (size_t i = 0; i < life->facts.key_count; i++)
        if (life->keys[i].generation == generation)
            return life->keys[i].needed;
    return false;
}

/* The dates of a step, into the row of its key and, when it follows one, that of the active key. */
static enum err record(struct kv_txn *txn, enum hsm_purpose purpose,
                       const struct keyring_life *life, const struct keystate_step *step,
                       struct keystate_moment moment) {
    struct keyring_row row, active;
    bool has_active = false;
    ERR_TRY(keyring_get_row(txn, purpose, step->generation, &row));
    for (size_t i = 0; i < life->facts.key_count; i++) {
        enum keystate state;
        ERR_TRY(keystate_of(&life->keys[i], &state));
        if (state != KEYSTATE_ACTIVE || life->keys[i].generation == step->generation)
            continue;
        has_active = true;
        ERR_TRY(keyring_get_row(txn, purpose, life->keys[i].generation, &active));
    }
    ERR_TRY(keystate_record(&row.life, has_active ? &active.life : NULL, step, moment));
    if (step->action == KEYSTATE_DESTROY)
        keyring_row_clear(&row);
    keyring_put_row(txn, &row);
    if (has_active)
        keyring_put_row(txn, &active);
    return ERR_OK;
}

enum err keyring_life_step(struct keyring *keyring, enum hsm_purpose purpose,
                           const struct keystate_policy *policy, struct keystate_now now,
                           const struct keystate_step *step) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_write(keyring->kv);
    static struct keyring_life life;
    uint8_t memory[KEYRING_NAME_MAX];
    if (step->action == KEYSTATE_GENERATE)
        return ERR_DENIED;
    ERR_TRY(read_life(&txn, purpose, policy, &life));
    ERR_TRY(keystate_allows(&life.facts, now, step));
    struct keystate_moment moment = keystate_moment_of(&life.facts, now);
    ERR_TRY(record(&txn, purpose, &life, step, moment));
    if (step->action == KEYSTATE_ACTIVATE)
        keyring_put_number(&txn, keyring_name_of("roll", purpose, memory), 0);
    ERR_TRY(advance_clock(&txn, &moment));
    return keyring_end(&txn);
}

enum err keyring_life_commit(struct keyring *keyring, const struct keystate_policy *policy,
                             struct keystate_now now, struct keyring_row *row) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_write(keyring->kv);
    static struct keyring_life life;
    const struct keystate_step step = {.action = KEYSTATE_GENERATE};
    struct keyring_row intent;
    ERR_TRY(read_life(&txn, row->purpose, policy, &life));
    ERR_TRY(keystate_allows(&life.facts, now, &step));
    if (keyring_life_count(&life.facts).in_use >= keyring_life_in_use_max(row->purpose))
        return ERR_DENIED;
    ERR_TRY(keyring_get_row(&txn, row->purpose, row->generation, &intent));
    if (intent.committed || memcmp(intent.id, row->id, sizeof row->id) != 0)
        return ERR_NOT_FOUND;
    struct keystate_moment moment = keystate_moment_of(&life.facts, now);
    row->committed = true;
    row->life = (struct keystate_key){.generation = row->generation};
    row->life.came[KEYSTATE_GENERATED] = moment;
    keyring_put_row(&txn, row);
    ERR_TRY(advance_clock(&txn, &moment));
    return keyring_end(&txn);
}

enum err keyring_life_roll(struct keyring *keyring, enum hsm_purpose purpose) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_write(keyring->kv);
    uint8_t memory[KEYRING_NAME_MAX];
    keyring_put_number(&txn, keyring_name_of("roll", purpose, memory), 1);
    return kv_commit(&txn);
}

enum err keyring_life_mark(struct keyring *keyring, enum hsm_purpose purpose, uint16_t generation,
                           enum keyring_mark mark) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_write(keyring->kv);
    struct keyring_row row;
    ERR_TRY(keyring_get_row(&txn, purpose, generation, &row));
    if (!row.committed)
        return ERR_NOT_FOUND;
    if (mark == KEYRING_GRANTED) {
        row.life.granted = true;
    } else {
        row.life.held = mark == KEYRING_HELD;
        row.life.released = mark == KEYRING_RELEASED_IN_USE;
    }
    keyring_put_row(&txn, &row);
    return kv_commit(&txn);
}

/* Whether there is any key: a box that has some and no max-age was told nothing of promises. */
static enum err has_keys(struct kv_txn *txn, bool *any) {
    *any = kv_count(txn, KEYRING_KEYS) > 0;
    return txn->err;
}

/* ${raised}: something was written. */
static enum err raise_promises(struct kv_txn *txn, const struct keyring_promises *promises,
                               int64_t cached_ms, bool *raised) {
    uint8_t memory[KEYRING_NAME_MAX];
    for (int purpose = 0; purpose < HSM_PURPOSE_COUNT; purpose++) {
        struct bytes name = keyring_name_of("promises", (enum hsm_purpose)purpose, memory);
        int64_t numbers[2];
        ERR_TRY(get_numbers(txn, name, numbers, 2));
        if (numbers[0] >= cached_ms && numbers[1] >= promises->lived_ms[purpose])
            continue;
        *raised = true;
        numbers[0] = longer(numbers[0], cached_ms);
        numbers[1] = longer(numbers[1], promises->lived_ms[purpose]);
        put_numbers(txn, name, numbers, 2);
    }
    return ERR_OK;
}

enum err keyring_life_promise(struct keyring *keyring, const struct keyring_promises *promises) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_write(keyring->kv);
    int64_t cached_ms = promises->max_age_seconds * CLOCK_SECOND_MS;
    struct bytes before;
    bool any;
    ERR_TRY(has_keys(&txn, &any));
    enum err told = kv_get(&txn, KEYRING_FACTS, max_age_name(), &before);
    if (told != ERR_OK && told != ERR_NOT_FOUND)
        return told;
    if (told == ERR_NOT_FOUND && any)
        cached_ms = longer(cached_ms, UNRECORDED_MAX_AGE_SECONDS * CLOCK_SECOND_MS);
    uint64_t last;
    ERR_TRY(keyring_get_number(&txn, max_age_name(), &last));
    bool raised = false;
    ERR_TRY(raise_promises(&txn, promises, cached_ms, &raised));
    bool is_news = told == ERR_NOT_FOUND || last != (uint64_t)promises->max_age_seconds;
    if (!is_news && !raised) /* nothing to store, even on a full disk */
        return ERR_OK;
    keyring_put_number(&txn, max_age_name(), (uint64_t)promises->max_age_seconds);
    return is_news ? keyring_end(&txn) : kv_commit(&txn);
}

enum err keyring_life_max_age(struct keyring *keyring, int64_t *seconds) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(keyring->kv);
    uint64_t stored;
    ERR_TRY(keyring_get_number(&txn, max_age_name(), &stored));
    *seconds = (int64_t)stored;
    return stored <= INT32_MAX ? ERR_OK : ERR_CORRUPT;
}

enum err keyring_life_clock(struct keyring *keyring, struct keyring_clock *clock) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(keyring->kv);
    return get_clock(&txn, clock);
}

enum err keyring_life_keep_clock(struct keyring *keyring, int64_t jump_ms,
                                 struct keystate_now now) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_write(keyring->kv);
    struct keyring_clock clock;
    ERR_TRY(get_clock(&txn, &clock));
    struct keystate_facts facts = {.policy.jump_ms = jump_ms,
                                   .seen_wall_ms = clock.seen_wall_ms,
                                   .confirmed_wall_ms = clock.confirmed_wall_ms};
    struct keystate_moment moment = keystate_moment_of(&facts, now);
    ERR_TRY(advance_clock(&txn, &moment));
    return kv_commit(&txn);
}

enum err keyring_life_confirm_clock(struct keyring *keyring, int64_t wall_ms) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_write(keyring->kv);
    struct keyring_clock clock;
    ERR_TRY(get_clock(&txn, &clock));
    clock.confirmed_wall_ms = longer(clock.confirmed_wall_ms, wall_ms);
    clock.seen_wall_ms = longer(clock.seen_wall_ms, wall_ms); /* it goes on from there */
    put_clock(&txn, &clock);
    return kv_commit(&txn);
}
