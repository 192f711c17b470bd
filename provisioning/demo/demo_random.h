#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Chance that can be repeated: the same seed gives the same numbers. For synthetic data alone,
 * never for a key, a password or a code.
 */
struct demo_random {
    uint8_t seed[32];
    uint64_t block;
    uint32_t words[16];
    size_t used;
};

void demo_random_open(struct demo_random *random, const char *seed);
/* A number from 0 to ${bound} - 1, each as likely. */
uint32_t demo_random_below(struct demo_random *random, uint32_t bound);
