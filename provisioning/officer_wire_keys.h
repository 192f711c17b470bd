#pragma once

#include "hsm/keystate.h"
#include "provisioning/officer_wire.h"

/* The life of keys, between officers and provd. */
#define OFFICER_PURPOSE_SIZE   16 /* "IDA/PARTNER" */
#define OFFICER_KEYS_MAX       64 /* of one answer */
#define OFFICER_PURPOSES_MAX   16
#define OFFICER_THUMBPRINT_MAX 32
#define OFFICER_FORCE_SIZE     49 /* a reason, for the journal */

/*
 * A place in the list of all keys, as the answer before gave it; {0} is its beginning. Keys stand
 * in the order of the purposes, those of one purpose newest first.
 */
struct officer_keys_place {
    uint8_t purpose; /* its index */
    uint16_t generation;
};
struct officer_keys_question {
    struct officer_keys_place from;
    bool destroyed; /* those that are destroyed too */
};

struct officer_key {
    char purpose[OFFICER_PURPOSE_SIZE];
    uint16_t generation;
    enum keystate state;
    bool held, granted;
    bool in_use; /* it is retiring, and does not retire while programmes encrypt to it, or, of a KEK
                    or pepper, while what is stored depends on it */
    char kid[44];        /* as in the JWKS; "": it is not in one */
    uint16_t wrapped_by; /* the generation of the KEK it is wrapped under; 0: it is in the token */
    bool has_certificate;
    uint8_t thumbprint[OFFICER_THUMBPRINT_MAX]; /* SHA-256 of the DER certificate */
    struct {
        bool is_set;
        int64_t wall_ms;
    } came[KEYSTATE_COUNT]; /* into each state */
};

/* What comes next for the keys of a purpose. */
struct officer_key_next {
    char purpose[OFFICER_PURPOSE_SIZE];
    bool rolls;   /* its keys can have successors */
    bool wanted;  /* officers have asked for the next one */
    bool unready; /* the standby waits for a certificate that officers bring */
    bool full;    /* it is wanted and not made: too many older ones are in use */
    bool orphan;  /* likewise: what certifies or wraps it has no active key */
    bool wraps;   /* officers chose that the next ones are wrapped under the KEK */
    enum keystate_action action, awaited;
    uint16_t generation;
    int64_t wait_ms;
    uint16_t destroyed; /* how many of its keys are */
};

struct officer_keys {
    struct officer_outcome outcome;
    size_t count, next_count;
    struct officer_key keys[OFFICER_KEYS_MAX];
    bool more;                      /* the list goes on */
    struct officer_keys_place rest; /* there; its purpose is one of ${next} */
    struct officer_key_next next[OFFICER_PURPOSES_MAX];
};

enum officer_order {
    OFFICER_ORDER_ROLL = 1,
    OFFICER_ORDER_KEEP,
    OFFICER_ORDER_RETIRE,
    OFFICER_ORDER_DESTROY,
    OFFICER_ORDER_REVOKE,
    OFFICER_ORDER_REVOKE_AT_ONCE,
    OFFICER_ORDER_CONFIRM_CLOCK,
    OFFICER_ORDER_WRAP,
    OFFICER_ORDER_KEEP_IN_TOKEN,
    OFFICER_ORDER_COUNT
};

/* OFFICER_KEY_ORDER's question, answered with an outcome. */
struct officer_key_order {
    enum officer_order order;
    char purpose[OFFICER_PURPOSE_SIZE]; /* "": CONFIRM_CLOCK */
    uint16_t generation;                /* 0: ROLL, CONFIRM_CLOCK, WRAP, KEEP_IN_TOKEN */
    bool dry_run;
    char force[OFFICER_FORCE_SIZE]; /* RETIRE: why it may though it is used; "": it may not */
};

void officer_wire_put_key_order(struct buffer *target, const struct officer_key_order *question);
MUST_CHECK enum err officer_wire_get_key_order(struct bytes payload,
                                               struct officer_key_order *question);
void officer_wire_put_keys_question(struct buffer *target,
                                    const struct officer_keys_question *question);
MUST_CHECK enum err officer_wire_get_keys_question(struct bytes payload,
                                                   struct officer_keys_question *question);
void officer_wire_put_keys(struct buffer *target, const struct officer_keys *answer);
MUST_CHECK enum err officer_wire_get_keys(struct bytes payload, struct officer_keys *answer);
