#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "firmware/base/frame.h"

/*
 * The event loop of every process: epoll, frames received by recvmmsg and sent by sendmmsg once a
 * turn. One loop a thread; nothing here is shared between threads. The loop touches its pulse at
 * least four times a second, so that authd can tell a process that hangs.
 */
struct serve;
struct serve_peer;

/*
 * The pulse page, shared with authd: each loop of a process writes its own slot, authd reads them
 * all. A slot that was never written is not watched; one that was must go on.
 */
#define PULSE_SLOTS 32
struct pulse {
    _Alignas(64) _Atomic int64_t beat_ms; /* CLOCK_BOOTTIME of the last turn of the loop */
    _Atomic int64_t silent_until_ms;      /* a longer call was announced: serve_announce_silence */
};

/*
 * A dispatch table: which message may come from a peer, and in which states of the box. A message
 * that is not in the table, or not in this state, is fatal for the peer: the handler table is the
 * permission.
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
 * Adds a frame socket, which stays the caller's to close. ${verbs} must outlive it. ${lost} (may be
 * NULL) is called once when the peer closed or broke the protocol, before it is removed; reasons
 * are ERR_CLOSED, ERR_DENIED (a message not in the table or not in this state), what frame_decode
 * gives, and what a handler gave. Frames are wiped when their handler has returned and when they
 * have been sent. A peer whose process died while authd keeps the socket is not lost: frames queue,
 * up to the bound, for its successor.
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
/* Its queue goes with it. ${peer} is valid until the turn ends. */
void serve_remove_peer(struct serve_peer *peer);
int serve_peer_fd(const struct serve_peer *peer);

/*
 * Queues a copy of a frame; it leaves at the end of this turn. ERR_FULL: the bound is reached,
 * nothing was queued. ERR_TOO_LARGE. ERR_CLOSED: the peer has been removed.
 */
MUST_CHECK enum err serve_send(struct serve_peer *peer, const struct frame *frame);

/*
 * Any other descriptor: ${ready} is called when it is readable (listeners, eventfds, MHD's epoll).
 */
MUST_CHECK enum err serve_add_descriptor(struct serve *serve, int fd,
                                         void (*ready)(void *context, int fd), void *context);
void serve_remove_descriptor(struct serve *serve, int fd);

/*
 * Called once each turn, after the events; returns in how many ms it wants to be called again (or
 * -1).
 */
void serve_on_turn(struct serve *serve, int (*turn)(void *context), void *context);

/* The state of the box, for the dispatch tables. */
void serve_set_state(struct serve *serve, unsigned state);
/* Until serve_stop, an earlier call of it included. */
MUST_CHECK enum err serve_run(struct serve *serve);
void serve_stop(struct serve *serve);
/*
 * Before a call that may keep the loop from turning, such as a key generation in the token: for
 * ${ms} authd does not take the process for one that hangs. It ends with the next turn; authd
 * allows three minutes.
 */
void serve_announce_silence(struct serve *serve, int64_t ms);
/* One turn that waits at most ${timeout_ms}; for tests and for loops inside another. */
MUST_CHECK enum err serve_turn(struct serve *serve, int timeout_ms);
