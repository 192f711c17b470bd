#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firmware/base/clock.h"
#include "firmware/base/secret.h"
#include "firmware/base/serve.h"
#include "firmware/base/serve_queue.h"

#define BATCH                16
#define EVENTS_A_TURN        64
#define BEAT_INTERVAL_MS     200
#define QUEUE_BYTES_DEFAULT  (4u * 1024u * 1024u)
#define RECEIVE_MEMORY_BYTES ((size_t)BATCH * FRAME_MAX_BYTES)

/*
 * What epoll watches: a peer, or another descriptor. A removed one stays in memory until the turn
 * ends, since events of the same turn may still point at it.
 */
struct source {
    TAILQ_ENTRY(source) next;
    struct serve *serve;
    struct serve_peer *peer; /* NULL: a descriptor */
    int fd;
    bool removed;
    void (*ready)(void *context, int fd);
    void *context;
};

struct serve_peer {
    struct source source;
    struct serve_peer_options options;
    struct serve_queue queue;
    bool blocked; /* the socket is full: epoll tells when it has room */
    bool waiting; /* in serve->senders */
    TAILQ_ENTRY(serve_peer) next_sender;
};

struct serve {
    int epoll_fd;
    struct pulse *pulse;
    unsigned state;
    bool stopped;
    int (*turn)(void *context);
    void *turn_context;
    int turn_in_ms;
    TAILQ_HEAD(, source) sources;
    TAILQ_HEAD(, source) removed;
    TAILQ_HEAD(, serve_peer) senders; /* those with frames and a socket that takes them */
    uint8_t *received; /* BATCH packets of FRAME_MAX_BYTES, touched only as far as used */
    struct mmsghdr messages[BATCH];
    struct iovec parts[BATCH];
};

static void prepare_batch(struct serve *serve) {
    for (size_t i = 0; i < BATCH; i++) {
        serve->parts[i] = (struct iovec){.iov_base = serve->received + i * FRAME_MAX_BYTES,
                                         .iov_len = FRAME_MAX_BYTES};
        serve->messages[i].msg_hdr.msg_iov = &serve->parts[i];
        serve->messages[i].msg_hdr.msg_iovlen = 1;
    }
}

enum err serve_open(struct serve **serve, struct pulse *pulse) {
    struct serve *made = calloc(1, sizeof *made);
    if (made == NULL)
        return ERR_SYSTEM;
    TAILQ_INIT(&made->sources);
    TAILQ_INIT(&made->removed);
    TAILQ_INIT(&made->senders);
    made->pulse = pulse;
    made->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    made->received = mmap(NULL, RECEIVE_MEMORY_BYTES, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (made->received == MAP_FAILED)
        made->received = NULL;
    /* Frames carry decrypted payloads: they do not belong in a core dump. */
    if (made->epoll_fd < 0 || made->received == NULL ||
        madvise(made->received, RECEIVE_MEMORY_BYTES, MADV_DONTDUMP) != 0) {
        serve_close(made);
        return ERR_SYSTEM;
    }
    prepare_batch(made);
    *serve = made;
    return ERR_OK;
}

static void source_free(struct source *source) {
    struct serve_peer *peer = source->peer;
    if (peer == NULL) {
        free(source);
        return;
    }
    serve_queue_close(&peer->queue);
    free(peer);
}

static void free_removed(struct serve *serve) {
    while (!TAILQ_EMPTY(&serve->removed)) {
        struct source *source = TAILQ_FIRST(&serve->removed);
        TAILQ_REMOVE(&serve->removed, source, next);
        source_free(source);
    }
}

static void source_remove(struct source *source) {
    struct serve *serve = source->serve;
    if (source->removed)
        return;
    source->removed = true;
    (void)epoll_ctl(serve->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
    TAILQ_REMOVE(&serve->sources, source, next);
    TAILQ_INSERT_TAIL(&serve->removed, source, next);
}

void serve_close(struct serve *serve) {
    if (serve == NULL)
        return;
    while (!TAILQ_EMPTY(&serve->sources))
        source_remove(TAILQ_FIRST(&serve->sources));
    free_removed(serve);
    if (serve->epoll_fd >= 0)
        (void)close(serve->epoll_fd);
    if (serve->received != NULL)
        (void)munmap(serve->received, RECEIVE_MEMORY_BYTES);
    free(serve);
}

static enum err source_add(struct serve *serve, struct source *source, int fd) {
    source->serve = serve;
    source->fd = fd;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = source};
    if (epoll_ctl(serve->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
        return errno == EEXIST ? ERR_EXISTS : ERR_SYSTEM;
    TAILQ_INSERT_TAIL(&serve->sources, source, next);
    return ERR_OK;
}

enum err serve_add_peer(struct serve *serve, int fd, const struct serve_peer_options *options,
                        struct serve_peer **peer) {
    struct serve_peer *made = calloc(1, sizeof *made);
    if (made == NULL)
        return ERR_SYSTEM;
    made->options = *options;
    serve_queue_open(&made->queue,
                     options->queue_bytes != 0 ? options->queue_bytes : QUEUE_BYTES_DEFAULT);
    made->source.peer = made;
    enum err err = source_add(serve, &made->source, fd);
    if (err != ERR_OK) {
        free(made);
        return err;
    }
    if (peer != NULL)
        *peer = made;
    return ERR_OK;
}

static void sender_add(struct serve_peer *peer) {
    if (peer->waiting || peer->blocked)
        return;
    peer->waiting = true;
    TAILQ_INSERT_TAIL(&peer->source.serve->senders, peer, next_sender);
}

static void sender_remove(struct serve_peer *peer) {
    if (!peer->waiting)
        return;
    peer->waiting = false;
    TAILQ_REMOVE(&peer->source.serve->senders, peer, next_sender);
}

void serve_remove_peer(struct serve_peer *peer) {
    sender_remove(peer);
    source_remove(&peer->source);
}

int serve_peer_fd(const struct serve_peer *peer) {
    return peer->source.fd;
}

static void peer_lost(struct serve_peer *peer, enum err reason) {
    if (peer->source.removed)
        return;
    if (peer->options.lost != NULL)
        peer->options.lost(peer->options.context, peer, reason);
    serve_remove_peer(peer);
}

enum err serve_send(struct serve_peer *peer, const struct frame *frame) {
    if (peer->source.removed)
        return ERR_CLOSED;
    ERR_TRY(serve_queue_add(&peer->queue, frame));
    sender_add(peer);
    return ERR_OK;
}

static enum err watch_for_room(struct serve_peer *peer, bool watch) {
    struct epoll_event event = {.events = watch ? EPOLLIN | EPOLLOUT : EPOLLIN,
                                .data.ptr = &peer->source};
    peer->blocked = watch;
    if (epoll_ctl(peer->source.serve->epoll_fd, EPOLL_CTL_MOD, peer->source.fd, &event) != 0)
        return ERR_SYSTEM;
    return ERR_OK;
}

static void flush_peer(struct serve_peer *peer) {
    sender_remove(peer);
    enum err err = serve_queue_send(&peer->queue, peer->source.fd);
    if (err == ERR_AGAIN)
        err = watch_for_room(peer, true);
    if (err != ERR_OK)
        peer_lost(peer, err);
}

static void flush_senders(struct serve *serve) {
    while (!TAILQ_EMPTY(&serve->senders))
        flush_peer(TAILQ_FIRST(&serve->senders));
}

static enum err dispatch(struct serve_peer *peer, const struct frame *frame) {
    uint32_t state = 1u << peer->source.serve->state;
    for (size_t i = 0; i < peer->options.verb_count; i++) {
        const struct serve_verb *verb = &peer->options.verbs[i];
        if (verb->type != frame->type)
            continue;
        if ((verb->states & state) == 0)
            return ERR_DENIED;
        return verb->handle(peer->options.context, peer, frame);
    }
    return ERR_DENIED;
}

static enum err take_packet(struct serve_peer *peer, const struct mmsghdr *message) {
    if (message->msg_len == 0)
        return ERR_CLOSED;
    if ((message->msg_hdr.msg_flags & MSG_TRUNC) != 0)
        return ERR_TOO_LARGE;
    const struct iovec *part = message->msg_hdr.msg_iov;
    struct frame frame;
    ERR_TRY(frame_decode(bytes_of(part->iov_base, message->msg_len), &frame));
    return dispatch(peer, &frame);
}

/* One batch a turn, so that no peer starves another; epoll is level-triggered and tells of the
 * rest. */
static void receive(struct serve_peer *peer) {
    struct serve *serve = peer->source.serve;
    int count = recvmmsg(peer->source.fd, serve->messages, BATCH, MSG_DONTWAIT, NULL);
    if (count < 0) {
        if (errno != EAGAIN && errno != EINTR)
            peer_lost(peer, ERR_CLOSED);
        return;
    }
    for (int i = 0; i < count; i++) {
        if (!peer->source.removed) {
            enum err err = take_packet(peer, &serve->messages[i]);
            if (err != ERR_OK)
                peer_lost(peer, err);
        }
        secret_wipe(serve->parts[i].iov_base, serve->messages[i].msg_len);
    }
}

enum err serve_add_descriptor(struct serve *serve, int fd, void (*ready)(void *context, int fd),
                              void *context) {
    struct source *source = calloc(1, sizeof *source);
    if (source == NULL)
        return ERR_SYSTEM;
    source->ready = ready;
    source->context = context;
    enum err err = source_add(serve, source, fd);
    if (err != ERR_OK)
        free(source);
    return err;
}

void serve_remove_descriptor(struct serve *serve, int fd) {
    struct source *source;
    TAILQ_FOREACH(source, &serve->sources, next) {
        if (source->peer == NULL && source->fd == fd) {
            source_remove(source);
            return;
        }
    }
}

void serve_on_turn(struct serve *serve, int (*turn)(void *context), void *context) {
    serve->turn = turn;
    serve->turn_context = context;
    serve->turn_in_ms = turn != NULL ? 0 : -1;
}

void serve_set_state(struct serve *serve, unsigned state) {
    serve->state = state;
}

static void handle_event(const struct epoll_event *event) {
    struct source *source = event->data.ptr;
    if (source->removed)
        return;
    if (source->peer == NULL) {
        source->ready(source->context, source->fd);
        return;
    }
    struct serve_peer *peer = source->peer;
    if ((event->events & EPOLLOUT) != 0 && peer->blocked) {
        enum err err = watch_for_room(peer, false);
        if (err != ERR_OK)
            peer_lost(peer, err);
        else
            sender_add(peer);
    }
    if (!source->removed && (event->events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
        receive(peer);
}

static int shorter_wait(int left_ms, int right_ms) {
    if (left_ms < 0)
        return right_ms;
    return right_ms < 0 || left_ms < right_ms ? left_ms : right_ms;
}

static void beat(struct serve *serve) {
    if (serve->pulse == NULL)
        return;
    atomic_store_explicit(&serve->pulse->beat_ms, clock_boot_ms(), memory_order_relaxed);
    atomic_store_explicit(&serve->pulse->silent_until_ms, 0, memory_order_relaxed);
}

void serve_announce_silence(struct serve *serve, int64_t ms) {
    if (serve->pulse != NULL)
        atomic_store(&serve->pulse->silent_until_ms, clock_boot_ms() + ms);
}

enum err serve_turn(struct serve *serve, int timeout_ms) {
    struct epoll_event events[EVENTS_A_TURN];
    flush_senders(serve); /* what was queued between turns */
    int wait_ms = shorter_wait(BEAT_INTERVAL_MS, timeout_ms);
    if (serve->turn != NULL)
        wait_ms = shorter_wait(wait_ms, serve->turn_in_ms);
    beat(serve);
    int count = epoll_wait(serve->epoll_fd, events, EVENTS_A_TURN, wait_ms);
    if (count < 0 && errno != EINTR)
        return ERR_SYSTEM;
    for (int i = 0; i < count; i++)
        handle_event(&events[i]);
    if (serve->turn != NULL)
        serve->turn_in_ms = serve->turn(serve->turn_context);
    flush_senders(serve);
    free_removed(serve);
    return ERR_OK;
}

enum err serve_run(struct serve *serve) {
    while (!serve->stopped)
        ERR_TRY(serve_turn(serve, -1));
    return ERR_OK;
}

void serve_stop(struct serve *serve) {
    serve->stopped = true;
}
