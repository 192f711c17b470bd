#pragma once

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "firmware/base/err.h"

/*
 * TLS handshakes that wait for the client. libmicrohttpd 0.9.75 tries such a handshake again in
 * every turn and wants the next turn at once: one client that begins a handshake and falls silent
 * would keep a processor busy. So a handshake that stalls is parked: suspended in libmicrohttpd,
 * its socket watched here, and resumed when there is something to read.
 *
 * A handshake whose client has spoken, and that has not begun, is held back in the same way while
 * nobody could sign for it: GnuTLS can wait for a signature only by not returning. What it has sent
 * stays in the kernel; that it has hung up is noticed.
 */
struct MHD_Connection;

struct handshake {
    int fd; /* stays libmicrohttpd's */
    struct MHD_Connection *http;
    struct handshakes *all;
    uint32_t awaited; /* EPOLLIN or EPOLLOUT */
    bool open;        /* between handshake_begin and handshake_end */
    bool stalled;     /* in the list */
    bool parked;
    bool begun;      /* GnuTLS has chosen what to show: it is not held any more */
    bool held;       /* until somebody can sign; in that list when it is parked */
    bool was_held;   /* until the caller says otherwise */
    bool gone;       /* it was held, and its client has hung up */
    size_t lingered; /* bytes */
    TAILQ_ENTRY(handshake) next;
};

struct handshakes_options {
    /* Whether a handshake may begin now. NULL: always. */
    bool (*may_begin)(void *context);
    void (*on_hold)(void *context); /* one is held back; may be NULL */
    void *context;
};

struct handshakes {
    int epoll_fd; /* readable when handshakes_wake has something to do */
    struct handshakes_options options;
    TAILQ_HEAD(handshake_list, handshake) stalled, held;
};

/* ERR_SYSTEM. */
MUST_CHECK enum err handshakes_open(struct handshakes *handshakes,
                                    const struct handshakes_options *options);
void handshakes_close(struct handshakes *handshakes);

/* ${handshake} must outlive ${session}, which reads and writes ${fd} by it from now on. */
void handshake_begin(struct handshakes *handshakes, struct handshake *handshake,
                     gnutls_session_t session, struct MHD_Connection *http, int fd);
/* It is complete, or its connection closed. Twice is allowed. */
void handshake_end(struct handshake *handshake);
/* Resumes it if it is parked: before the daemon is stopped. */
void handshake_wake(struct handshake *handshake);

/*
 * Of a handshake that was refused: says that nothing more will be sent, and reads what the client
 * still sends, to drop it. ERR_AGAIN: it has not hung up. ERR_CLOSED: it has. ERR_LIMIT: it sends
 * more than HANDSHAKE_LINGER_MAX.
 */
#define HANDSHAKE_LINGER_MAX 65536
MUST_CHECK enum err handshake_linger(struct handshake *handshake);

/* After each turn of libmicrohttpd: parks those that stalled in it. */
void handshakes_park(struct handshakes *handshakes);
/* Resumes those whose client has spoken, or gone. */
void handshakes_wake(struct handshakes *handshakes);
/*
 * Before each turn of libmicrohttpd: resumes those that were held the longest, when they may begin.
 * No more than HANDSHAKES_A_TURN, each of which costs a signature, so that the lane does other work
 * between them.
 */
#define HANDSHAKES_A_TURN 16
void handshakes_release(struct handshakes *handshakes);
