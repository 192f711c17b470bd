#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "authd/notify/gateway/ceiling.h"
#include "firmware/base/clock.h"

#define WAYS           4 /* buckets among which a name has its place */
#define NAME_MAX_BYTES 256

/*
 * A bucket as the time at which it will be full again (the generic cell rate algorithm): a number
 * says all. A place of zeroes is free: it has been full for ever.
 */
struct bucket {
    uint64_t name;
    int64_t full_at_ms;
};

struct ceiling {
    uint8_t key[crypto_shorthash_KEYBYTES];
    size_t set_count;
    struct bucket buckets[];
};

enum err ceiling_open(struct ceiling **ceiling, size_t count) {
    *ceiling = NULL;
    if (sodium_init() < 0)
        return ERR_SYSTEM;
    size_t sets = count / WAYS + 1;
    struct ceiling *made = calloc(1, sizeof *made + sets * WAYS * sizeof *made->buckets);
    if (made == NULL)
        return ERR_SYSTEM;
    made->set_count = sets;
    randombytes_buf(made->key, sizeof made->key);
    *ceiling = made;
    return ERR_OK;
}

void ceiling_close(struct ceiling *ceiling) {
    free(ceiling);
}

static enum err hash_name(const struct ceiling *ceiling, enum ceiling_kind kind, const char *name,
                          uint64_t *hash) {
    uint8_t message[1 + NAME_MAX_BYTES];
    size_t len = strlen(name);
    if (len > NAME_MAX_BYTES)
        return ERR_TOO_LARGE;
    message[0] = (uint8_t)kind;
    memcpy(message + 1, name, len);
    _Static_assert(sizeof *hash == crypto_shorthash_BYTES, "a hash is 64 bits");
    (void)crypto_shorthash((uint8_t *)hash, message, len + 1, ceiling->key); /* gives always 0 */
    sodium_memzero(message, sizeof message);
    return ERR_OK;
}

/* The bucket of ${name}, or the one to give it. */
static struct bucket *find(struct ceiling *ceiling, uint64_t name) {
    struct bucket *set = &ceiling->buckets[name % ceiling->set_count * WAYS];
    struct bucket *oldest = set;
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].name == name)
            return &set[i];
        if (set[i].full_at_ms < oldest->full_at_ms)
            oldest = &set[i];
    }
    *oldest = (struct bucket){.name = name};
    return oldest;
}

enum err ceiling_take(struct ceiling *ceiling, enum ceiling_kind kind, const char *name,
                      const struct ceiling_rate *rate, int64_t now_ms) {
    uint64_t hash;
    if (rate->burst < 1 || rate->per_hour < 1 || rate->per_hour > CLOCK_HOUR_MS)
        return ERR_CONFIG;
    ERR_TRY(hash_name(ceiling, kind, name, &hash));
    struct bucket *bucket = find(ceiling, hash);
    int64_t interval_ms = CLOCK_HOUR_MS / rate->per_hour;
    int64_t full_at_ms = (bucket->full_at_ms > now_ms ? bucket->full_at_ms : now_ms) + interval_ms;
    if (full_at_ms - now_ms > rate->burst * interval_ms)
        return ERR_LIMIT;
    bucket->full_at_ms = full_at_ms;
    return ERR_OK;
}
