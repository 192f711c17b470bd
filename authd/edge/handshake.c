#include <errno.h>
#include <microhttpd.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "authd/edge/handshake.h"

#define EVENTS 64

enum err handshakes_open(struct handshakes *handshakes, const struct handshakes_options *options) {
    TAILQ_INIT(&handshakes->stalled);
    TAILQ_INIT(&handshakes->held);
    handshakes->options = *options;
    handshakes->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    return handshakes->epoll_fd >= 0 ? ERR_OK : ERR_SYSTEM;
}

void handshakes_close(struct handshakes *handshakes) {
    if (handshakes->epoll_fd >= 0)
        (void)close(handshakes->epoll_fd);
    handshakes->epoll_fd = -1;
}

static ssize_t note(struct handshake *handshake, ssize_t result, uint32_t awaited) {
    if (result >= 0 || errno != EAGAIN || !handshake->open)
        return result;
    handshake->awaited = awaited;
    if (!handshake->stalled)
        TAILQ_INSERT_TAIL(&handshake->all->stalled, handshake, next);
    handshake->stalled = true;
    return result;
}

static bool may_begin(const struct handshakes *handshakes) {
    const struct handshakes_options *options = &handshakes->options;
    return options->may_begin == NULL || options->may_begin(options->context);
}

/* Only one whose client has spoken: others wait for that first. */
static bool has_to_wait(const struct handshake *handshake) {
    uint8_t first;
    return !handshake->begun && handshake->open && !may_begin(handshake->all) &&
           recv(handshake->fd, &first, sizeof first, MSG_PEEK) > 0;
}

static ssize_t hold(struct handshake *handshake) {
    const struct handshakes_options *options = &handshake->all->options;
    if (!handshake->was_held && options->on_hold != NULL)
        options->on_hold(options->context);
    handshake->held = handshake->was_held = true;
    errno = EAGAIN;
    return note(handshake, -1, EPOLLRDHUP);
}

static ssize_t pull(gnutls_transport_ptr_t context, void *data, size_t len) {
    struct handshake *handshake = context;
    if (handshake->gone) {
        errno = ECONNRESET;
        return -1;
    }
    if (has_to_wait(handshake))
        return hold(handshake);
    return note(handshake, recv(handshake->fd, data, len, 0), EPOLLIN);
}

static ssize_t push(gnutls_transport_ptr_t context, const giovec_t *parts, int count) {
    struct handshake *handshake = context;
    struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)parts,
                             .msg_iovlen = (size_t)count};
    return note(handshake, sendmsg(handshake->fd, &message, MSG_NOSIGNAL), EPOLLOUT);
}

void handshake_begin(struct handshakes *handshakes, struct handshake *handshake,
                     gnutls_session_t session, struct MHD_Connection *http, int fd) {
    *handshake = (struct handshake){.fd = fd, .http = http, .all = handshakes, .open = true};
    gnutls_transport_set_ptr(session, handshake);
    gnutls_transport_set_pull_function(session, pull);
    gnutls_transport_set_vec_push_function(session, push);
}

enum err handshake_linger(struct handshake *handshake) {
    uint8_t dropped[4096];
    (void)shutdown(handshake->fd, SHUT_WR);
    while (handshake->lingered <= HANDSHAKE_LINGER_MAX) {
        ssize_t count = pull(handshake, dropped, sizeof dropped);
        if (count <= 0)
            return count < 0 && errno == EAGAIN ? ERR_AGAIN : ERR_CLOSED;
        handshake->lingered += (size_t)count;
    }
    return ERR_LIMIT;
}

static void leave_lists(struct handshake *handshake) {
    if (handshake->stalled)
        TAILQ_REMOVE(&handshake->all->stalled, handshake, next);
    else if (handshake->held && handshake->parked)
        TAILQ_REMOVE(&handshake->all->held, handshake, next);
    handshake->stalled = handshake->held = false;
}

void handshake_end(struct handshake *handshake) {
    leave_lists(handshake);
    handshake->open = false;
}

void handshake_wake(struct handshake *handshake) {
    if (!handshake->parked)
        return;
    leave_lists(handshake);
    handshake->parked = false;
    (void)epoll_ctl(handshake->all->epoll_fd, EPOLL_CTL_DEL, handshake->fd, NULL);
    MHD_resume_connection(handshake->http);
}

/* One that can't be watched stays with libmicrohttpd, which is right if not cheap. */
static void park(struct handshake *handshake) {
    struct epoll_event event = {.events = handshake->awaited, .data.ptr = handshake};
    if (epoll_ctl(handshake->all->epoll_fd, EPOLL_CTL_ADD, handshake->fd, &event) != 0) {
        handshake->held = false;
        return;
    }
    MHD_suspend_connection(handshake->http);
    handshake->parked = true;
    if (handshake->held)
        TAILQ_INSERT_TAIL(&handshake->all->held, handshake, next);
}

void handshakes_park(struct handshakes *handshakes) {
    struct handshake *handshake;
    while ((handshake = TAILQ_FIRST(&handshakes->stalled)) != NULL) {
        TAILQ_REMOVE(&handshakes->stalled, handshake, next);
        handshake->stalled = false;
        park(handshake);
    }
}

void handshakes_wake(struct handshakes *handshakes) {
    struct epoll_event events[EVENTS];
    int count = epoll_wait(handshakes->epoll_fd, events, EVENTS, 0);
    for (int i = 0; i < count; i++) {
        struct handshake *handshake = events[i].data.ptr;
        handshake->gone = handshake->held;
        handshake_wake(handshake);
    }
}

void handshakes_release(struct handshakes *handshakes) {
    struct handshake *handshake;
    if (TAILQ_EMPTY(&handshakes->held) || !may_begin(handshakes))
        return;
    for (int i = 0; i < HANDSHAKES_A_TURN && (handshake = TAILQ_FIRST(&handshakes->held)) != NULL;
         i++)
        handshake_wake(handshake);
}
