#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "firmware/base/clock.h"
#include "provisioning/programme/https_curl.h"
#include "provisioning/programme/https_pool.h"

#define EVENTS_A_TURN 64

struct slot {
    struct https_curl curl;
    struct https_answer *answer;
    void *tag;
    struct slot *next; /* of the free ones */
};

struct https_pool {
    struct https_pool_options options;
    CURLM *multi;
    int epoll_fd;
    int64_t due_ms; /* on the clock of this boot: when libcurl wants its time-outs looked at; -1 */
    unsigned room;
    struct slot *free;
    struct slot slots[];
};

/* libcurl says which sockets it waits for… */
static int on_socket(CURL *handle, curl_socket_t fd, int what, void *context, void *known) {
    struct https_pool *pool = context;
    struct epoll_event event = {.data.fd = fd};
    (void)handle;
    if (what == CURL_POLL_REMOVE) {
        (void)epoll_ctl(pool->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
        return 0;
    }
    event.events = (what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0) |
                   (what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0);
    if (epoll_ctl(pool->epoll_fd, known == NULL ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event) != 0)
        return -1;
    curl_multi_assign(pool->multi, fd, pool);
    return 0;
}

/* … and how long at most. */
static int on_timer(CURLM *multi, long wait_ms, void *context) {
    struct https_pool *pool = context;
    (void)multi;
    pool->due_ms = wait_ms < 0 ? -1 : clock_boot_ms() + wait_ms;
    return 0;
}

static enum err open_slots(struct https_pool *pool) {
    for (unsigned i = 0; i < pool->options.connections; i++) {
        struct slot *slot = &pool->slots[i];
        ERR_TRY(https_curl_open(&slot->curl, pool->options.ca_certificate));
        curl_easy_setopt(slot->curl.handle, CURLOPT_PRIVATE, slot);
        if (pool->options.timeout_seconds != 0)
            curl_easy_setopt(slot->curl.handle, CURLOPT_TIMEOUT,
                             (long)pool->options.timeout_seconds);
        slot->next = pool->free;
        pool->free = slot;
        pool->room++;
    }
    return ERR_OK;
}

enum err https_pool_open(struct https_pool **pool, const struct https_pool_options *options) {
    struct https_pool *made =
        calloc(1, sizeof(*made) + options->connections * sizeof(made->slots[0]));
    if (made == NULL)
        return ERR_SYSTEM;
    made->options = *options;
    made->due_ms = -1;
    made->multi = curl_multi_init();
    made->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (made->multi == NULL || made->epoll_fd < 0 || open_slots(made) != ERR_OK) {
        https_pool_close(made);
        return ERR_SYSTEM;
    }
    curl_multi_setopt(made->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(made->multi, CURLMOPT_SOCKETDATA, made);
    curl_multi_setopt(made->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(made->multi, CURLMOPT_TIMERDATA, made);
    curl_multi_setopt(made->multi, CURLMOPT_MAXCONNECTS,
                      (long)(options->kept != 0 ? options->kept : options->connections));
    *pool = made;
    return ERR_OK;
}

void https_pool_close(struct https_pool *pool) {
    if (pool == NULL)
        return;
    for (unsigned i = 0; i < pool->options.connections; i++) {
        struct slot *slot = &pool->slots[i];
        if (slot->curl.handle == NULL)
            continue;
        curl_multi_remove_handle(pool->multi, slot->curl.handle);
        https_curl_close(&slot->curl);
    }
    curl_multi_cleanup(pool->multi);
    if (pool->epoll_fd >= 0)
        close(pool->epoll_fd);
    free(pool);
}

unsigned https_pool_room(const struct https_pool *pool) {
    return pool->room;
}

enum err https_pool_send(struct https_pool *pool, const struct https_call *call) {
    struct slot *slot = pool->free;
    if (slot == NULL)
        return ERR_FULL;
    ERR_TRY(https_curl_begin(&slot->curl, &call->message, call->answer));
    slot->answer = call->answer;
    slot->tag = call->tag;
    if (curl_multi_add_handle(pool->multi, slot->curl.handle) != CURLM_OK)
        return ERR_SYSTEM;
    pool->free = slot->next;
    pool->room--;
    return ERR_OK;
}

int https_pool_descriptor(const struct https_pool *pool) {
    return pool->epoll_fd;
}

static void finish(struct https_pool *pool, CURL *handle, CURLcode code) {
    struct slot *slot = NULL;
    curl_easy_getinfo(handle, CURLINFO_PRIVATE, (char **)&slot);
    enum err result = https_curl_end(&slot->curl, code, slot->answer);
    curl_multi_remove_handle(pool->multi, handle);
    slot->next = pool->free;
    pool->free = slot;
    pool->room++;
    pool->options.done(pool->options.context, slot->tag, result);
}

static void reap(struct https_pool *pool) {
    int left = 0;
    for (CURLMsg *message = curl_multi_info_read(pool->multi, &left); message != NULL;
         message = curl_multi_info_read(pool->multi, &left))
        if (message->msg == CURLMSG_DONE)
            finish(pool, message->easy_handle, message->data.result);
}

static void look_at_timeouts(struct https_pool *pool) {
    int running = 0;
    if (pool->due_ms < 0 || pool->due_ms > clock_boot_ms())
        return;
    pool->due_ms = -1;
    curl_multi_socket_action(pool->multi, CURL_SOCKET_TIMEOUT, 0, &running);
}

void https_pool_turn(struct https_pool *pool, int *wait_ms) {
    struct epoll_event events[EVENTS_A_TURN];
    int running = 0;
    int count = epoll_wait(pool->epoll_fd, events, EVENTS_A_TURN, 0);
    for (int i = 0; i < count; i++) {
        int mask = (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
                   (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                   (events[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
        curl_multi_socket_action(pool->multi, events[i].data.fd, mask, &running);
        reap(pool);
    }
    look_at_timeouts(pool);
    reap(pool);
    int64_t left_ms = pool->due_ms < 0 ? -1 : pool->due_ms - clock_boot_ms();
    *wait_ms = pool->due_ms < 0 ? -1 : left_ms > 0 ? (int)left_ms : 0;
}
