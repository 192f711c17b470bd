#include <string.h>

#include <sodium.h>

#include "provisioning/demo/demo_random.h"

#define WORDS (sizeof((struct demo_random *)0)->words / sizeof(uint32_t))

_Static_assert(randombytes_SEEDBYTES == sizeof((struct demo_random *)0)->seed, "libsodium's seed");

void demo_random_open(struct demo_random *random, const char *seed) {
    *random = (struct demo_random){.used = WORDS};
    (void)crypto_generichash(random->seed, sizeof random->seed, (const uint8_t *)seed, strlen(seed),
                             NULL, 0);
}

static uint32_t next_word(struct demo_random *random) {
    if (random->used == WORDS) {
        uint8_t block_seed[sizeof random->seed];
        (void)crypto_generichash(block_seed, sizeof block_seed, (const uint8_t *)&random->block,
                                 sizeof random->block, random->seed, sizeof random->seed);
        randombytes_buf_deterministic(random->words, sizeof random->words, block_seed);
        random->block++;
        random->used = 0;
    }
    return random->words[random->used++];
}

uint32_t demo_random_below(struct demo_random *random, uint32_t bound) {
    uint32_t uneven = UINT32_MAX - UINT32_MAX % bound; /* words from here on would favour some */
    uint32_t word = next_word(random);
    while (word >= uneven)
        word = next_word(random);
    return word % bound;
}
