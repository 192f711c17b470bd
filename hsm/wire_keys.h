#pragma once

#include "hsm/keystate.h"
#include "hsm/wire.h"

/*
 * What officers ask signer 0 about the life of keys, through provd, and what they order. The
 * answer goes on to the officer as it is.
 */
enum hsm_keys_verb {
    HSM_KEYS = 130, /* struct hsm_keys_question */
    HSM_KEYS_ARE = 131,
    HSM_KEY_ORDER = 132,
    HSM_KEY_ORDERED = 133,
};

/*
 * A place in the list of all keys: that of ${purpose} and ${generation}, or the next older one.
 * Keys stand in the order of the purposes, those of one purpose newest first.
 */
struct hsm_keys_place {
    enum hsm_purpose purpose;
    uint16_t generation; /* 0: the newest */
};
struct hsm_keys_question {
    struct hsm_keys_place from; /* {0}: all of them */
    bool destroyed;             /* those that are destroyed too */
};

struct hsm_key_shown {
    enum hsm_purpose purpose;
    uint16_t generation;
    enum keystate state;
    bool held, granted;
    bool in_use;         /* it is retiring, and does not retire while programmes encrypt to it */
    char kid[44];        /* as in the JWKS; "": it is not in one */
    uint16_t wrapped_by; /* the generation of the KEK it is wrapped under; 0: it is in the token */
    bool has_certificate;
    uint8_t thumbprint[HSM_THUMBPRINT_BYTES]; /* SHA-256 of the DER certificate */
    struct {
        bool is_set;
        int64_t wall_ms;
    } came[KEYSTATE_COUNT]; /* into each state */
};

/* The next event of a purpose. */
struct hsm_key_next {
    bool rolls;   /* its keys can have successors */
    bool wanted;  /* officers have asked for the next one */
    bool unready; /* the standby waits for a certificate that officers bring */
    bool full;    /* it is wanted and not made: too many older ones are in use */
    bool orphan;  /* likewise: what certifies or wraps it has no active key */
    bool wraps;   /* officers chose that the next ones are wrapped under the KEK */
    enum keystate_action
        action; /* WAIT; ASK_CLOCK: officers must confirm the clock; or it is due */
    enum keystate_action awaited; /* WAIT: nothing will happen by itself */
    uint16_t generation;
    int64_t wait_ms;
    uint16_t destroyed; /* how many of its keys are */
};

#define HSM_KEYS_MAX 64 /* of one answer */
struct hsm_keys {
    struct hsm_receipt receipt;
    size_t count;
    struct hsm_key_shown keys[HSM_KEYS_MAX];
    bool more;                  /* the list goes on */
    struct hsm_keys_place rest; /* there */
    struct hsm_key_next next[HSM_PURPOSE_COUNT];
};

enum hsm_order {
    HSM_ORDER_ROLL = 1, /* the next key of the purpose, as soon as everybody can know it */
    HSM_ORDER_KEEP,     /* a key may not retire until it is let go */
    HSM_ORDER_RETIRE,   /* a key that officers kept may retire when its time has come */
    HSM_ORDER_DESTROY,  /* a retired or revoked key may be destroyed when its time has come */
    HSM_ORDER_REVOKE,   /* not shown and not used from now on; its successor takes over first */
    HSM_ORDER_REVOKE_AT_ONCE, /* the same, even when there is no successor to take over */
    HSM_ORDER_CONFIRM_CLOCK,  /* it is at least as late as the box's clock says */
    HSM_ORDER_RETIRE_IN_USE,  /* as RETIRE, and though programmes still encrypt to it */
    HSM_ORDER_WRAP,           /* keys of the purpose made from now on are wrapped under the KEK */
    HSM_ORDER_KEEP_IN_TOKEN,  /* they are made in the token, and never leave it */
    HSM_ORDER_COUNT
};

/* Whether it is about one key; else about a purpose, or (CONFIRM_CLOCK) none. */
bool hsm_wire_order_is_of_key(enum hsm_order order);

struct hsm_key_order {
    enum hsm_order order;
    enum hsm_purpose purpose;
    uint16_t generation; /* 0: the order is of no key */
    bool dry_run;        /* judged, and nothing is changed */
};
/*
 * ${receipt.status}: ERR_OK; ERR_NOT_FOUND: no such key, or no keys at all; ERR_DENIED: not in this
 * state of the key, not for this purpose, or something stored depends on the key; ERR_LIMIT: its
 * successor cannot take over yet, and has been asked for. Of WRAP it means that the signer's memory
 * is not locked, and of KEEP_IN_TOKEN that the token makes no such keys.
 */
struct hsm_key_ordered {
    struct hsm_receipt receipt;
    enum keystate state; /* of the key, before: KEYSTATE_COUNT when the order is of none */
    bool needed;         /* ERR_DENIED as something stored depends on it */
};

void hsm_wire_put_keys_question(struct buffer *target, const struct hsm_keys_question *question);
MUST_CHECK enum err hsm_wire_get_keys_question(struct bytes payload,
                                               struct hsm_keys_question *question);
void hsm_wire_put_keys(struct buffer *target, const struct hsm_keys *answer);
MUST_CHECK enum err hsm_wire_get_keys(struct bytes payload, struct hsm_keys *answer);
void hsm_wire_put_key_order(struct buffer *target, const struct hsm_key_order *question);
MUST_CHECK enum err hsm_wire_get_key_order(struct bytes payload, struct hsm_key_order *question);
void hsm_wire_put_key_ordered(struct buffer *target, const struct hsm_key_ordered *answer);
MUST_CHECK enum err hsm_wire_get_key_ordered(struct bytes payload, struct hsm_key_ordered *answer);
