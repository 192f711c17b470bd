#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "authd/edge/deadlines.h"
#include "authd/edge/handshake.h"
#include "authd/edge/head.h"
#include "authd/edge/mutual.h"
#include "authd/wire/edge_wire.h"

/*
 * The connections of one lane and how long each may stay in its phase. libmicrohttpd's own timeout
 * counts inactivity only, so that one byte now and then would hold a socket for ever; the deadlines
 * here are absolute.
 */
struct arrivals;
struct chain;
struct MHD_Connection;
struct MHD_Response;

enum connection_phase {
    PHASE_HANDSHAKE, /* from accept: the TLS handshake */
    PHASE_HEAD,      /* from accept or from the request line: the head of a request */
    PHASE_REQUEST,   /* from the complete head: its body, and core's answer */
    PHASE_ANSWER,    /* from the queued answer: the client reads it */
    PHASE_IDLE,      /* from the end of an answer: the next request line */
    PHASE_CUT,       /* shut down; libmicrohttpd is about to close it */
    PHASES,
};

/* One at a time on a connection: HTTP/1.1 answers in order. */
struct connection_request {
    char path[EDGE_PATH_MAX + 1];
    struct head head; /* its views end with the request */
    bool begun;       /* the head has been judged */
    bool waiting;     /* core has it */
    struct head_verdict verdict;
    uint8_t *body; /* owned */
    size_t body_len, body_size;
    uint64_t dropped;            /* bytes read of a body that is refused */
    int64_t received_ms;         /* CLOCK_BOOTTIME when the head was complete */
    struct MHD_Response *answer; /* owned; NULL until there is one */
    unsigned answer_status;
};

struct connection {
    struct deadline deadline; /* first: a deadline of the heap is its connection */
    size_t slot;
    uint32_t generation; /* counts requests in this slot, over all its connections */
    enum connection_phase phase;
    int64_t accepted_ms;
    uint64_t requests;
    int fd; /* libmicrohttpd's; -1 when there is none */
    struct handshake handshake;
    struct MHD_Connection *http;
    struct connection *next_free;
    uint64_t client;
    bool counted;              /* among its client's connections: not since it had to make place */
    struct arrivals *arrivals; /* whose it is */
    struct mutual mutual;      /* JOSE: who the client is */
    struct chain *chain;       /* what its handshake shows, held; NULL: the key is in a file */
    struct connection_request request;
};

struct connections {
    struct connection *slots;
    size_t count;
    size_t used;
    uint64_t epoch;
    int64_t limit_ms[PHASES]; /* PHASE_CUT has none */
    struct connection *free;
    struct deadlines deadlines;
};

#define CONNECTIONS_MAX 65536u /* a slot is 16 bits of a frame's id */

/*
 * ${epoch} is chance: it fills the other 48 bits of each frame's id, so that what core still sends
 * to an edge that died finds no request of its successor. ERR_SYSTEM, ERR_TOO_LARGE.
 */
MUST_CHECK enum err connections_open(struct connections *connections, size_t count, uint64_t epoch,
                                     const int64_t limit_ms[static PHASES]);
void connections_close(struct connections *connections);

/* A slot for a connection accepted at ${now_ms}, in PHASE_HANDSHAKE. ERR_FULL. */
MUST_CHECK enum err connections_take(struct connections *connections, int64_t now_ms,
                                     struct connection **connection);
void connections_release(struct connections *connections, struct connection *connection);

/* ${since_ms}: where the phase's limit counts from. */
void connections_enter(struct connections *connections, struct connection *connection,
                       enum connection_phase phase, int64_t since_ms);

/* Makes place for the next request of ${connection}; frees what the last one owned except its
 * answer, which must be gone. */
void connections_next_request(struct connection *connection);

/* The id of the frame that carries the request, beside its generation. */
uint64_t connections_frame_id(const struct connections *connections,
                              const struct connection *connection);
/* The connection that waits for this very answer. NULL: the answer is late, drop it. */
struct connection *connections_find(const struct connections *connections, uint64_t frame_id,
                                    uint32_t generation);

/*
 * The connection of ${client} that has waited longest for it: to shake hands, to send a head, or
 * between requests. NULL: each has a request under way.
 */
struct connection *connections_longest_waiting(const struct connections *connections,
                                               uint64_t client);

/* One whose deadline has passed, NULL when there is none. The caller puts it into another phase. */
struct connection *connections_expired(const struct connections *connections, int64_t now_ms);
/* Milliseconds until the next deadline, 0 when it has passed, -1 without any. */
int connections_wait_ms(const struct connections *connections, int64_t now_ms);

/* Shuts the socket of ${connection} down; libmicrohttpd notices and closes it. */
void connections_cut(struct connections *connections, struct connection *connection);
/*
 * Ends both directions of a client's socket. With a reset when it has not read an answer, since
 * what stays in the kernel would stay there for minutes.
 */
void connections_shut_down(int fd);
