#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "firmware/base/frame.h"

/*
 * The event loop of every process: epoll, frames received by recvmmsg and sent by sendmmsg once a turn. One
 * loop a thread; nothing here is shared between threads. The loop touches its pulse at least four times a
 * second, so that authd can tell a process that hangs.
 */
struct serve;
struct serve_peer;

/* A page shared with authd: the loop writes, authd reads. */
struct pulse {
    _Atomic int64_t beat_ms; /* CLOCK_BOOTTIME of the last turn of the loop */
};

/*
 * A dispatch table: which message may come from a peer, and in which states of the box. A message that is not
 * in the table, or not in this state, is fatal for the peer: the handler table is the permission.
 */
struct serve_verb {
    uint16_t type;
    uint32_t states; /* bit mask of (1u << state); all ones: always */
    /* Anything but ERR_OK drops the peer: it broke the protocol. */
    enum err (*handle)(void *context, struct serve_peer *peer, const struct frame *frame);
};

#define SERVE_ANY_STATE 0xffffffffu

/* ${pulse} may be NULL. */
MUST_CHECK enum err serve_open(struct serve **serve, struct pulse *pulse);
void serve_close(struct serve *serve);

/*
 * Adds a frame socket. ${verbs} must outlive it. ${lost} (may be NULL) is called once when the peer closed or
 * broke the protocol, before it is removed.
 */
struct serve_peer_options {
    const char *name;
    const struct serve_verb *verbs;
    size_t verb_count;
    void (*lost)(void *context, struct serve_peer *peer, enum err reason);
    void *context;
    size_t queue_bytes; /* bound of what waits to be sent; 0 gives 4 MiB */
};
MUST_CHECK enum err serve_add_peer(struct serve *serve, int fd,
                                   const struct serve_peer_options *options,
                                   struct serve_peer **peer);
void serve_remove_peer(struct serve_peer *peer);
int serve_peer_fd(const struct serve_peer *peer);

/* Queues a frame; it leaves at the end of this turn. ERR_FULL: the bound is reached, nothing was queued. */
MUST_CHECK enum err serve_send(struct serve_peer *peer, const struct frame *frame);

/* Any other descriptor: ${ready} is called when it is readable (listeners, eventfds, MHD's epoll). */
MUST_CHECK enum err serve_add_descriptor(struct serve *serve, int fd,
                                         void (*ready)(void *context, int fd), void *context);
void serve_remove_descriptor(struct serve *serve, int fd);

/* Called once each turn, after the events; returns in how many ms it wants to be called again (or -1). */
void serve_on_turn(struct serve *serve, int (*turn)(void *context), void *context);

void serve_set_state(struct serve *serve, unsigned state); /* for the states of the dispatch tables */
MUST_CHECK enum err serve_run(struct serve *serve);        /* until serve_stop */
void serve_stop(struct serve *serve);
/* One turn that waits at most ${timeout_ms}; for tests and for loops inside another. */
MUST_CHECK enum err serve_turn(struct serve *serve, int timeout_ms);
