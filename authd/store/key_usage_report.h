#pragma once

#include "authd/store/key_usage.h"

/* Who would be refused if a key retired now. */
#define KEY_USAGE_PROGRAMMES_MAX 512
#define KEY_USAGE_TERMINALS_MAX  256

struct key_usage_programme {
    char programme[PROGRAMME_ID_SIZE]; /* "": all that are over the table's bound */
    uint32_t terminals; /* that used this key in the last 30 days and are told apart */
    uint64_t uses[KEY_USAGE_PERIODS]; /* of this key */
    uint64_t all[KEY_USAGE_PERIODS];  /* of all keys of this purpose */
    bool is_silent; /* it asked nothing in the last day: judged by the last one on which it did */
    uint32_t share; /* of what it is judged by, in thousandths of a per cent, rounded up */
    bool holds;     /* ${share} is above the threshold */
};

struct key_usage_terminal {
    char programme[PROGRAMME_ID_SIZE];
    bool is_other;                              /* those over the table's bound, together */
    uint8_t terminal[KEY_USAGE_TERMINAL_BYTES]; /* of a terminal that is told apart */
    char name[KEY_USAGE_NAME_SIZE];
    uint64_t uses[KEY_USAGE_PERIODS];
};

struct key_usage_report {
    int64_t since_wall_ms; /* when the counting began */
    bool covers_day;       /* it has gone on for a day at least: before that every key is held */
    uint32_t per_mille;    /* the threshold: 1000 never holds */
    bool held;             /* by a programme, also one that is left out, or for want of a day */
    uint32_t holding;      /* how many programmes hold it */
    uint64_t uncounted;    /* uses that found no room at all */
    uint32_t programmes_left_out, terminals_left_out;
    size_t programme_count, terminal_count;
    struct key_usage_programme programmes[KEY_USAGE_PROGRAMMES_MAX]; /* the largest share first */
    struct key_usage_terminal terminals[KEY_USAGE_TERMINALS_MAX];    /* in the table's order */
};

struct key_usage_key {
    uint8_t purpose; /* enum hsm_purpose */
    uint16_t generation;
};

/*
 * Of every programme that sent anything to a key of this purpose in the last 30 days. Thread-safe;
 * ${report} is the caller's, large.
 */
void key_usage_report_make(struct key_usage *usage, const struct key_usage_key *key,
                           uint32_t per_mille, int64_t boot_ms, struct key_usage_report *report);

/* The arithmetic: more than ${per_mille} thousandths of ${all} are ${uses}. None of none is not. */
bool key_usage_report_exceeds(uint64_t uses, uint64_t all, uint32_t per_mille);
/* Thousandths of a per cent, rounded up: only none at all is 0. */
uint32_t key_usage_report_share(uint64_t uses, uint64_t all);

#define KEY_USAGE_HELD_MAX 64
struct key_usage_held {
    bool all; /* not a day has been counted, or there are more than fit: every key is held */
    size_t count;
    struct key_usage_key keys[KEY_USAGE_HELD_MAX];
};
/* The keys that must not retire, for whoever retires them. Thread-safe. */
void key_usage_report_held(struct key_usage *usage, uint32_t per_mille, int64_t boot_ms,
                           struct key_usage_held *held);
