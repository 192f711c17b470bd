#pragma once

#include "provisioning/programme/https.h"

/*
 * Many calls at once over connections that are kept, in the caller's own event loop. For one
 * thread. Each call in flight has a connection of its own.
 */
struct https_pool;

struct https_pool_options {
    const char *ca_certificate; /* path */
    unsigned connections;       /* most calls at once */
    unsigned kept; /* connections kept open for later; 0: as many. Each client certificate has its
                      own */
    unsigned timeout_seconds; /* of a call; 0: the usual 30 */
    /* A call is over. ${result}: ERR_OK (any HTTP status), ERR_UNAVAILABLE (no answer; said on
     * stderr). ${tag} is the caller's. It may send the next call from here. */
    void (*done)(void *context, void *tag, enum err result);
    void *context;
};

/* Copies ${options}. ERR_SYSTEM. */
MUST_CHECK enum err https_pool_open(struct https_pool **pool,
                                    const struct https_pool_options *options);
/* Ends calls in flight without a word. */
void https_pool_close(struct https_pool *pool);

/* How many more calls it takes now. */
unsigned https_pool_room(const struct https_pool *pool);

struct https_call {
    struct https_message message;
    struct https_answer *answer; /* the caller frees it by https_answer_free */
    void *tag;
};
/* ERR_FULL: every connection is in use. ERR_SYSTEM: nothing was sent. */
MUST_CHECK enum err https_pool_send(struct https_pool *pool, const struct https_call *call);

/* Readable when there is something to do. */
int https_pool_descriptor(const struct https_pool *pool);
/* Does what there is to do, without waiting; also to be called after ${wait_ms} (-1: no need). */
void https_pool_turn(struct https_pool *pool, int *wait_ms);
