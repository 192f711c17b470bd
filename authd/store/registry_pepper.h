#pragma once

#include "authd/store/registry.h"

/*
 * The roll of the pepper: rows that are found by an identifier go under the lookup key that the
 * younger pepper makes of it, while the box works. The keys are made by a signer, so a step comes
 * in two halves: the rows are collected, the caller has their keys made, and one transaction moves
 * them and the place. Whoever is killed loses and repeats nothing.
 *
 *   a VID, or a person's own number under an earlier pepper: moves to its new key
 *   a person whose row is not under her new key: keeps it, and gets an alias of her number there
 *
 * What is imported meanwhile goes under the new pepper at once. Afterwards all rows are looked at
 * once more, and what is not under the new pepper is counted.
 */
enum registry_pepper_phase {
    REGISTRY_PEPPER_NONE, /* there was never a roll: all rows are of the first one */
    REGISTRY_PEPPER_SWEEPING,
    REGISTRY_PEPPER_VERIFYING,
    REGISTRY_PEPPER_DONE,
    REGISTRY_PEPPER_PHASE_COUNT
};
const char *registry_pepper_phase_text(enum registry_pepper_phase phase);

struct registry_pepper {
    enum registry_pepper_phase phase;
    uint16_t from, to;  /* the oldest that rows may still be under; the one they go under */
    uint64_t rows;      /* of people and aliases, when this phase began */
    uint64_t seen;      /* of them, in this phase */
    uint64_t moved;     /* in all */
    uint64_t left;      /* not under ${to}: VIDs without an id hash, and damage */
    uint64_t left_vids; /* of them, VIDs without an id hash: they have to be imported again */
    uint64_t uins;      /* aliases that are of people's own numbers, as far as they were counted */
    uint64_t sequence;  /* of the registry, when it was done */
    /* the place: this table's rows up to the key, and all before it in the order of the sweep */
    uint8_t table;
    bool has_key;
    uint8_t key[IDENTITY_LOOKUP_BYTES];
};

/* Phase REGISTRY_PEPPER_NONE when nothing is stored. ERR_CORRUPT. */
MUST_CHECK enum err registry_pepper_get(struct registry *registry, struct registry_pepper *pepper);
/* True when no row is under an older pepper than ${to}. */
bool registry_pepper_is_settled(const struct registry_pepper *pepper);
/*
 * Begins the sweep to ${to}, or begins it again. ${oldest} is the oldest pepper that is in use, and
 * only counts while nothing is stored. ERR_DENIED, which sticks: ${to} is older than what rows are
 * under.
 */
void registry_pepper_begin(struct registry_batch *batch, uint16_t oldest, uint16_t to);

#define REGISTRY_PEPPER_ROWS_MAX 256
struct registry_pepper_row {
    uint8_t key[IDENTITY_LOOKUP_BYTES];    /* that it is under */
    char uin[IDENTITY_UIN_SIZE];           /* a person's; "" of an alias, which has its id hash */
    uint8_t id_hash[ALIAS_ID_HASH_BYTES];  /* a person's: from the caller */
    uint8_t target[IDENTITY_LOOKUP_BYTES]; /* the lookup key under ${to}: from the caller */
    bool has_target; /* false: none can be made, and the row stays where it is */
};
/* In secret memory: it has identifiers. */
struct registry_pepper_step {
    struct registry_pepper before, after; /* where the roll is, and will be */
    size_t count;
    struct registry_pepper_row rows[REGISTRY_PEPPER_ROWS_MAX];
};
/*
 * The next rows for which a key is needed, up to ${most}; none when it is not under way. What does
 * not open is logged, and left where it is.
 */
MUST_CHECK enum err registry_pepper_collect(struct registry *registry, size_t most,
                                            struct registry_pepper_step *step);
/*
 * Moves them, makes that durable and gives where the roll is now. ERR_DENIED: the roll is not where
 * ${step} was collected; nothing has changed.
 */
MUST_CHECK enum err registry_pepper_move(struct registry *registry,
                                         const struct registry_pepper_step *step,
                                         struct registry_pepper *pepper);
/*
 * An entry of the hotlist that was made under a VID's lookup key goes under its alias id, unless
 * what is there blocks already. ERR_CORRUPT, ERR_UNAVAILABLE: it cannot be read, and stays.
 */
MUST_CHECK enum err
registry_pepper_move_hotlisted(struct registry_batch *batch,
                               const uint8_t lookup_key[static IDENTITY_LOOKUP_BYTES],
                               const struct alias *alias);
