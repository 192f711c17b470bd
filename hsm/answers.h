#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/boot.h"
#include "firmware/base/serve.h"
#include "hsm/generate.h"
#include "hsm/keyset.h"
#include "hsm/quiet.h"
#include "hsm/rate.h"
#include "hsm/rollover.h"
#include "hsm/tls_expiry.h"
#include "hsm/usage_hold.h"
#include "hsm/wire.h"

/*
 * The signer at work: one handler a question, and the tables that say which peer may ask what. A
 * question that breaks its grammar, or is not in the peer's table, loses the peer. A module that
 * fails stops the loop without an answer: ${failure} says why, the process ends, and the question
 * is asked again elsewhere.
 */
struct answers {
    struct serve *serve;
    struct keyring *keyring;
    struct token *token;
    struct keyset *keys;       /* on the heap: replaced when the keyring changes */
    struct rollover *rollover; /* of signer 0; NULL at the others */
    struct usage_hold usage;   /* likewise */
    struct serve_peer *const *peers;
    size_t peer_count;
    struct quiet quiet; /* the peers that are edges, before a silence */
    const char *issuer; /* "": no results are signed */
    uint16_t signer_index;
    uint8_t process_id[HSM_PROCESS_ID_BYTES];
    enum box_state state;     /* as authd told it */
    enum tls_expiry tls_told; /* the last warning about the certificate of handshakes */
    uint64_t sequence;        /* uses of a key since the start */
    struct rate lookups;      /* ceilings of our own, from here on */
    struct rate statements;
    struct rate handshakes;
    struct rate certificates; /* its second is a minute */
    enum err failure;         /* ERR_OK while all is well */
    bool recycle;             /* the first keys are there: end, and be started again */
    bool rests;               /* no step of a key's life was due, at least once since the start */
    int64_t watched_ms;       /* when the keyring was last looked at, boot clock */
    struct {
        struct generate_plan plan;
        bool wanted;              /* somebody asked for the first keys, and waits */
        struct serve_peer *asker; /* who did, with the frame's generation and id */
        uint32_t generation;
        uint64_t id;
        size_t made; /* how many keys so far */
    } generate;
};

/*
 * The dispatch table for peers of ${role} at signer ${signer_index}. ERR_NOT_FOUND: this role may
 * not talk to a signer.
 *
 *   core   UNWRAP LOOKUP STATEMENT CHECKPOINT HIGH_WATER OPEN_ROOT PUBLISHED DERIVE RESULT, and
 *          USAGE_TOLD at signer 0
 *   provd  LOOKUP OPEN_ROOT NEW_ROOT PUBLISHED TLS_SHOW, and GENERATE, KEYS, KEY_ORDER, STANDING,
 *          REWRAP_ROOT, NEED, TLS_REQUEST, TLS_INSTALL, TLS_REMOVE and CERTIFY at signer 0
 *   edge   TLS_CHAIN TLS_SIGN TLS_SILENCE_HEARD
 *
 * Every state of the box lets a message in, as the news of a state may arrive after the first
 * question asked in it. What is closed is answered by ERR_DENIED: UNWRAP, DERIVE and RESULT while
 * the box is failed or under maintenance (a statement may also say no, a result can't), LOOKUP
 * and CERTIFY while it is failed. Without a key that the box cannot do without, everything is
 * answered by ERR_NOT_FOUND but GENERATE, KEYS, KEY_ORDER, PUBLISHED and edge's questions, as are
 * DERIVE and RESULT on a box that has no keys for them yet, and CHECKPOINT and HIGH_WATER at any
 * signer but the first. A checkpoint of less than one before it is ERR_DENIED, and so is a result
 * without an issuer.
 */
MUST_CHECK enum err answers_verbs(const char *role, uint16_t signer_index,
                                  const struct serve_verb **verbs, size_t *count);

/* Tells ${peer} that this signer serves, whether it has keys, and of which keyring. An error is
 * that of serve_send. */
MUST_CHECK enum err answers_hello(struct answers *answers, struct serve_peer *peer);

/*
 * What is to be done between messages: one step of a generation that is under way, and what
 * hsm/renewal.h says. Gives the time until the next call in ms; -1: the loop is to stop.
 */
int answers_turn(void *context);
