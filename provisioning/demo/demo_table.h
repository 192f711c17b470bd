#pragma once

#include <stddef.h>

/*
 * Names and places that synthetic people are made of, in the four languages. No list here is of
 * real persons: given and family names are common ones, put together by chance.
 */
enum demo_language { DEMO_ARA, DEMO_FRA, DEMO_ENG, DEMO_ZGH, DEMO_LANGUAGES };
extern const char *const demo_table_codes[DEMO_LANGUAGES]; /* "ara", "fra", "eng", "zgh" */

struct demo_words {
    const char *in[DEMO_LANGUAGES];
};

struct demo_place {
    struct demo_words city, province, region;
    const char *postal_code;
};

enum demo_gender { DEMO_FEMALE, DEMO_MALE, DEMO_GENDERS };
extern const struct demo_words demo_table_genders[DEMO_GENDERS];

/* How the parts of an address read: "#" stands for a number. */
extern const struct demo_words demo_table_floor;

struct demo_list {
    const struct demo_words *words;
    size_t count;
};
extern const struct demo_list demo_table_given[DEMO_GENDERS], demo_table_family, demo_table_streets,
    demo_table_quarters;

extern const struct demo_place demo_table_places[];
extern const size_t demo_table_place_count;
