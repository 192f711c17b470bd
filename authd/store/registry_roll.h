#pragma once

#include "authd/store/registry.h"

/*
 * The roll of the record root: all rows are sealed again under a new generation while the box
 * works. What is stored says how far it is; each step is one transaction that seals a few rows and
 * moves the place on, so that whoever is killed loses and repeats nothing. Rows that are written
 * meanwhile are of the new generation already, before the place or behind it.
 */
enum registry_roll_phase {
    REGISTRY_ROLL_NONE,      /* there was never one */
    REGISTRY_ROLL_OFFERED,   /* the new root is stored; nothing is sealed under it yet */
    REGISTRY_ROLL_SWEEPING,  /* every process can open it; older rows are sealed again */
    REGISTRY_ROLL_VERIFYING, /* rows of older generations are counted once more */
    REGISTRY_ROLL_DONE,
    REGISTRY_ROLL_PHASE_COUNT
};
const char *registry_roll_phase_text(enum registry_roll_phase phase);

#define REGISTRY_ROLL_KEY_MAX 128
struct registry_roll {
    enum registry_roll_phase phase;
    uint16_t from, to;
    uint64_t rows;     /* in all sealed tables, when this phase began */
    uint64_t seen;     /* of them, in this phase */
    uint64_t resealed; /* in all */
    uint64_t left;     /* of an older generation: damaged, since nothing else is left behind */
    /* the place: all tables before this one, and this one's rows up to the key */
    uint8_t table;
    uint8_t key_len;
    uint8_t key[REGISTRY_ROLL_KEY_MAX];
};

/* Phase REGISTRY_ROLL_NONE when nothing is stored. ERR_CORRUPT. */
MUST_CHECK enum err registry_roll_get(struct registry *registry, struct registry_roll *roll);
/* Offers ${wrapped} as generation ${to}. An error sticks to the batch. */
void registry_roll_offer(struct registry_batch *batch, uint16_t from, uint16_t to,
                         struct bytes wrapped);
/*
 * Begins the sweep, or begins it again. The caller has seen that every process has the generation
 * open.
 */
void registry_roll_begin(struct registry_batch *batch);
/*
 * Seals up to ${most} rows again (while verifying: looks at more), makes that durable and gives
 * where the roll is now. Does nothing unless it is sweeping or verifying. A row that does not open
 * is logged and stays as it is.
 */
MUST_CHECK enum err registry_roll_step(struct registry *registry, size_t most,
                                       struct registry_roll *roll);
/* Takes a root out for good. An error sticks to the batch. */
void registry_remove_root(struct registry_batch *batch, uint16_t generation);
