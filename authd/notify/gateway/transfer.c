#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <unistd.h>

#include <curl/curl.h>

#include "authd/notify/gateway/transfer.h"
#include "firmware/base/clock.h"

#define EVENTS_A_TURN 64
#define ANSWER_MAX    16384 /* bytes of an answer's body, which nobody reads */

struct transfer {
    LIST_ENTRY(transfer) next;
    struct transfers *transfers;
    struct transfer_request request;
    CURL *easy;
    struct curl_slist *list; /* HTTP headers, or the recipient */
    struct bytes unread;     /* of the mail */
    size_t answer_len;
    bool body_read;
};

struct transfers {
    struct serve *serve;
    struct transfer_options options;
    CURLM *multi;
    int epoll_fd; /* libcurl's sockets, for the loop one descriptor: it waits for reading alone */
    int64_t timer_ms; /* when libcurl wants to be called; -1: not */
    LIST_HEAD(, transfer) under_way;
};

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *socket) {
    const struct transfers *transfers = context;
    struct epoll_event event = {.data.fd = fd};
    (void)easy;
    (void)socket;
    if (what == CURL_POLL_REMOVE) {
        (void)epoll_ctl(transfers->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
        return 0;
    }
    event.events = (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
    if (epoll_ctl(transfers->epoll_fd, EPOLL_CTL_MOD, fd, &event) == 0 ||
        epoll_ctl(transfers->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0)
        return 0;
    return -1;
}

static int set_timer(CURLM *multi, long timeout_ms, void *context) {
    struct transfers *transfers = context;
    (void)multi;
    transfers->timer_ms = timeout_ms < 0 ? -1 : clock_boot_ms() + timeout_ms;
    return 0;
}

static void release(struct transfer *transfer) {
    if (transfer->easy != NULL) {
        (void)curl_multi_remove_handle(transfer->transfers->multi, transfer->easy);
        curl_easy_cleanup(transfer->easy);
    }
    curl_slist_free_all(transfer->list);
    LIST_REMOVE(transfer, next);
    free(transfer);
}

static void finish(struct transfer *transfer, CURLcode code) {
    long status = 0, request_bytes = 0;
    bool mail = transfer->request.endpoint->kind == ENDPOINT_MAIL;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &request_bytes);
    const struct attempt_facts facts = {
        .mail = mail,
        .finished = code == CURLE_OK,
        .wrote = mail ? transfer->body_read : request_bytes > 0,
        .status = status,
    };
    struct transfer_request request = transfer->request;
    release(transfer);
    request.done(request.context, &facts);
}

static void finish_all(struct transfers *transfers) {
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(transfers->multi, &left)) != NULL) {
        struct transfer *transfer = NULL;
        CURLcode code = message->data.result;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        finish(transfer, code);
    }
}

static void act(struct transfers *transfers, curl_socket_t fd, int events) {
    int running;
    (void)curl_multi_socket_action(transfers->multi, fd, events, &running);
}

static void sockets_ready(void *context, int fd) {
    struct transfers *transfers = context;
    struct epoll_event events[EVENTS_A_TURN];
    int count = epoll_wait(fd, events, EVENTS_A_TURN, 0);
    for (int i = 0; i < count; i++) {
        uint32_t ready = events[i].events;
        act(transfers, events[i].data.fd,
            (ready & EPOLLIN ? CURL_CSELECT_IN : 0) | (ready & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                (ready & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0));
    }
    finish_all(transfers);
}

enum err transfer_open(struct transfers **transfers, struct serve *serve,
                       const struct transfer_options *options) {
    *transfers = NULL;
    struct transfers *made = calloc(1, sizeof *made);
    if (made == NULL)
        return ERR_SYSTEM;
    made->serve = serve;
    made->options = *options;
    made->timer_ms = -1;
    made->multi = curl_multi_init();
    made->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (made->multi == NULL || made->epoll_fd < 0 ||
        curl_multi_setopt(made->multi, CURLMOPT_SOCKETFUNCTION, watch_socket) != CURLM_OK ||
        curl_multi_setopt(made->multi, CURLMOPT_SOCKETDATA, made) != CURLM_OK ||
        curl_multi_setopt(made->multi, CURLMOPT_TIMERFUNCTION, set_timer) != CURLM_OK ||
        curl_multi_setopt(made->multi, CURLMOPT_TIMERDATA, made) != CURLM_OK ||
        serve_add_descriptor(serve, made->epoll_fd, sockets_ready, made) != ERR_OK) {
        transfer_close(made);
        return ERR_SYSTEM;
    }
    *transfers = made;
    return ERR_OK;
}

void transfer_close(struct transfers *transfers) {
    if (transfers == NULL)
        return;
    while (!LIST_EMPTY(&transfers->under_way))
        release(LIST_FIRST(&transfers->under_way));
    if (transfers->multi != NULL)
        (void)curl_multi_cleanup(transfers->multi);
    if (transfers->epoll_fd >= 0) {
        serve_remove_descriptor(transfers->serve, transfers->epoll_fd);
        (void)close(transfers->epoll_fd);
    }
    free(transfers);
}

static size_t discard(char *data, size_t size, size_t count, void *context) {
    struct transfer *transfer = context;
    (void)data;
    transfer->answer_len += size * count;
    return transfer->answer_len <= ANSWER_MAX ? size * count : 0;
}

static size_t read_mail(char *target, size_t size, size_t count, void *context) {
    struct transfer *transfer = context;
    size_t room = size * count;
    size_t len = transfer->unread.len < room ? transfer->unread.len : room;
    transfer->body_read = true;
    if (len > 0)
        memcpy(target, transfer->unread.data, len);
    transfer->unread = bytes_of(transfer->unread.data + len, transfer->unread.len - len);
    return len;
}

/* Options of libcurl, set in a row; the first failure stays. */
#define SET(option, value)                                                                         \
    do {                                                                                           \
        if (code == CURLE_OK)                                                                      \
            code = curl_easy_setopt(easy, option, value);                                          \
    } while (0)

static CURLcode set_common(const struct transfers *transfers, struct transfer *transfer) {
    CURL *easy = transfer->easy;
    CURLcode code = CURLE_OK;
    struct curl_blob authorities = {.data = (void *)(uintptr_t)transfers->options.authorities.data,
                                    .len = transfers->options.authorities.len,
                                    .flags = CURL_BLOB_NOCOPY};
    SET(CURLOPT_PRIVATE, transfer);
    SET(CURLOPT_URL, transfer->request.endpoint->url);
    SET(CURLOPT_RESOLVE, transfer->request.endpoint->resolve);
    SET(CURLOPT_FRESH_CONNECT, 1L);
    SET(CURLOPT_FORBID_REUSE, 1L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)transfers->options.connect_timeout_ms);
    SET(CURLOPT_TIMEOUT_MS, (long)transfer->request.timeout_ms);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_PROTOCOLS_STR, "http,https,smtp,smtps");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_WRITEFUNCTION, discard);
    SET(CURLOPT_WRITEDATA, transfer);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_CAINFO, NULL);
    SET(CURLOPT_CAPATH, NULL);
    SET(CURLOPT_CAINFO_BLOB, &authorities);
    return code;
}

static CURLcode set_http(struct transfer *transfer) {
    CURL *easy = transfer->easy;
    CURLcode code = CURLE_OK;
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    if (transfer->request.probe)
        return code;
    for (size_t i = 0; i < transfer->request.header_count; i++) {
        struct curl_slist *longer = curl_slist_append(transfer->list, transfer->request.headers[i]);
        if (longer == NULL)
            return CURLE_OUT_OF_MEMORY;
        transfer->list = longer;
    }
    SET(CURLOPT_HTTPHEADER, transfer->list);
    SET(CURLOPT_POST, 1L);
    SET(CURLOPT_POSTFIELDSIZE, (long)transfer->request.body.len);
    SET(CURLOPT_POSTFIELDS, (const char *)transfer->request.body.data);
    return code;
}

static CURLcode set_credentials(struct transfer *transfer) {
    CURL *easy = transfer->easy;
    CURLcode code = CURLE_OK;
    const struct endpoint *endpoint = transfer->request.endpoint;
    SECRET(memory);
    if (endpoint->user.len == 0)
        return code;
    if (secret_new(&memory, endpoint->user.len + endpoint->password.len + 2) != ERR_OK)
        return CURLE_OUT_OF_MEMORY;
    char *user = (char *)memory.data, *password = user + endpoint->user.len + 1;
    memcpy(user, endpoint->user.data, endpoint->user.len);
    memcpy(password, endpoint->password.data, endpoint->password.len);
    SET(CURLOPT_USERNAME, user);
    SET(CURLOPT_PASSWORD, password);
    return code;
}

static CURLcode set_mail(const struct transfers *transfers, struct transfer *transfer) {
    CURL *easy = transfer->easy;
    CURLcode code = set_credentials(transfer);
    SET(CURLOPT_USE_SSL, (long)(transfers->options.starttls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
    if (transfer->request.probe) {
        SET(CURLOPT_CONNECT_ONLY, 1L);
        return code;
    }
    transfer->list = curl_slist_append(NULL, transfer->request.to);
    if (transfer->list == NULL)
        return CURLE_OUT_OF_MEMORY;
    transfer->unread = transfer->request.body;
    SET(CURLOPT_MAIL_FROM, transfer->request.from);
    SET(CURLOPT_MAIL_RCPT, transfer->list);
    SET(CURLOPT_UPLOAD, 1L);
    SET(CURLOPT_READFUNCTION, read_mail);
    SET(CURLOPT_READDATA, transfer);
    SET(CURLOPT_INFILESIZE, (long)transfer->request.body.len);
    return code;
}

enum err transfer_start(struct transfers *transfers, const struct transfer_request *request) {
    struct transfer *transfer = calloc(1, sizeof *transfer);
    if (transfer == NULL)
        return ERR_SYSTEM;
    transfer->transfers = transfers;
    transfer->request = *request;
    LIST_INSERT_HEAD(&transfers->under_way, transfer, next);
    transfer->easy = curl_easy_init();
    CURLcode code = CURLE_FAILED_INIT;
    if (transfer->easy != NULL)
        code = set_common(transfers, transfer);
    if (code == CURLE_OK)
        code = request->endpoint->kind == ENDPOINT_MAIL ? set_mail(transfers, transfer)
                                                        : set_http(transfer);
    if (code == CURLE_OK && curl_multi_add_handle(transfers->multi, transfer->easy) == CURLM_OK)
        return ERR_OK;
    release(transfer);
    return ERR_SYSTEM;
}

int transfer_turn(struct transfers *transfers) {
    if (transfers->timer_ms >= 0 && clock_boot_ms() >= transfers->timer_ms) {
        transfers->timer_ms = -1;
        act(transfers, CURL_SOCKET_TIMEOUT, 0);
        finish_all(transfers);
    }
    if (transfers->timer_ms < 0)
        return -1;
    int64_t left_ms = transfers->timer_ms - clock_boot_ms();
    return left_ms > 0 ? (int)left_ms : 0;
}
