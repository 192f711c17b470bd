#include <fcntl.h>
#include <limits.h>
#include <linux/tcp.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "authd/edge/answer.h"
#include "authd/edge/body.h"
#include "authd/edge/http.h"
#include "firmware/base/clock.h"
#include "firmware/base/log.h"

struct http {
    const struct http_options *options;
    struct MHD_Daemon *daemon;
    /* A connection that clients has admitted but libmicrohttpd has not made yet. */
    bool admitted;
    uint64_t admitted_client;
    struct handshakes handshakes;
};

static void enter(struct http *http, struct connection *connection, enum connection_phase phase) {
    connections_enter(http->options->connections, connection, phase, clock_boot_ms());
}

static struct connection *connection_of(struct MHD_Connection *mhd) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info != NULL ? info->socket_context : NULL;
}

/* Connections: accepted, made, secured, closed. */

static void withdraw_admission(struct http *http) {
    if (http->admitted)
        clients_release(http->options->clients, http->admitted_client);
    http->admitted = false;
}

/* All connections are taken: one that the greediest client leaves waiting goes. */
static enum err make_place(struct http *http, uint64_t client) {
    uint64_t crowd;
    ERR_TRY(clients_crowd(http->options->clients, client, &crowd));
    struct connection *waiting = connections_longest_waiting(http->options->connections, crowd);
    if (waiting == NULL)
        return ERR_NOT_FOUND;
    clients_release(http->options->clients, crowd);
    waiting->counted = false;
    http_cut(http, waiting);
    tally_add(http->options->tally, TALLY_CUT_CROWD);
    return clients_admit(http->options->clients, client);
}

static enum MHD_Result on_accept(void *context, const struct sockaddr *address, socklen_t len) {
    struct http *http = context;
    withdraw_admission(http); /* libmicrohttpd had no memory for the one before */
    http->admitted_client = clients_identify(address, len);
    http->admitted = clients_admit(http->options->clients, http->admitted_client) == ERR_OK ||
                     make_place(http, http->admitted_client) == ERR_OK;
    tally_add(http->options->tally, http->admitted ? TALLY_ACCEPTED : TALLY_OVER_LIMIT);
    return http->admitted ? MHD_YES : MHD_NO;
}

/*
 * The client can't hold the handshake up any more: what is left of the time is for the head. The
 * acknowledgement goes out now, since a client that waits for it to send its request (Nagle) would
 * lose the 40 ms by which the kernel delays it.
 */
static int on_finished(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
                       const gnutls_datum_t *message) {
    (void)type, (void)when, (void)message;
    struct connection *connection = connection_of(gnutls_session_get_ptr(session));
    if (incoming == 0 || connection == NULL || connection->phase != PHASE_HANDSHAKE)
        return 0;
    struct http *http = connection->owner;
    int now = 1;
    (void)setsockopt(connection->fd, IPPROTO_TCP, TCP_QUICKACK, &now, sizeof now);
    handshake_end(&connection->handshake);
    connections_enter(http->options->connections, connection, PHASE_HEAD, connection->accepted_ms);
    return 0;
}

static enum err prepare_session(struct http *http, struct MHD_Connection *mhd,
                                struct connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    if (info == NULL || info->tls_session == NULL)
        return ERR_CRYPTO;
    handshake_begin(&http->handshakes, &connection->handshake, info->tls_session, mhd,
                    connection->fd);
    gnutls_handshake_set_hook_function(info->tls_session, GNUTLS_HANDSHAKE_FINISHED,
                                       GNUTLS_HOOK_POST, on_finished);
    return tls_enable_tickets(http->options->tls, info->tls_session);
}

static void on_start(struct http *http, struct MHD_Connection *mhd, void **socket_context) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct connection *connection = NULL;
    *socket_context = NULL;
    if (connections_take(http->options->connections, clock_boot_ms(), &connection) != ERR_OK) {
        connections_shut_down(info->connect_fd);
        return;
    }
    http->admitted = false;
    connection->client = http->admitted_client;
    connection->counted = true;
    connection->fd = info->connect_fd;
    connection->http = mhd;
    connection->owner = http;
    *socket_context = connection;
    if (prepare_session(http, mhd, connection) != ERR_OK)
        http_cut(http, connection);
}

static void on_connection(void *context, struct MHD_Connection *mhd, void **socket_context,
                          enum MHD_ConnectionNotificationCode code) {
    struct http *http = context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        on_start(http, mhd, socket_context);
        return;
    }
    struct connection *connection = *socket_context;
    if (connection == NULL)
        return;
    handshake_end(&connection->handshake);
    if (connection->counted)
        clients_release(http->options->clients, connection->client);
    connections_release(http->options->connections, connection);
    *socket_context = NULL;
}

/* Requests: line, head, body, answer, end. */

/* The request line, before libmicrohttpd decodes it in place. What is returned becomes con_cls. */
static void *on_request_line(void *context, const char *target, struct MHD_Connection *mhd) {
    struct http *http = context;
    struct connection *connection = connection_of(mhd);
    if (connection == NULL)
        return NULL;
    struct connection_request *request = &connection->request;
    head_target(&request->head, bytes_of_text(target != NULL ? target : ""));
    if (request->head.path.len > 0)
        memcpy(request->path, request->head.path.data, request->head.path.len);
    request->head.path.data = (const uint8_t *)request->path;
    if (connection->phase == PHASE_IDLE)
        enter(http, connection, PHASE_HEAD);
    return connection;
}

static enum MHD_Result add_header(void *context, enum MHD_ValueKind kind, const char *name,
                                  size_t name_len, const char *value, size_t value_len) {
    (void)kind;
    head_add(context, bytes_of(name, name_len), bytes_of(value, value_len));
    return MHD_YES;
}

static bool is_last(const struct http *http, const struct connection *connection) {
    uint64_t most = (uint64_t)http->options->settings->requests_a_connection;
    return most > 0 && connection->requests >= most;
}

static enum MHD_Result queue(struct http *http, struct connection *connection) {
    struct connection_request *request = &connection->request;
    if (request->answer == NULL)
        return MHD_NO;
    enter(http, connection, PHASE_ANSWER);
    enum MHD_Result result =
        MHD_queue_response(connection->http, request->answer_status, request->answer);
    MHD_destroy_response(request->answer);
    request->answer = NULL;
    return result;
}

static enum MHD_Result refuse(struct http *http, struct connection *connection) {
    const struct head_verdict *verdict = &connection->request.verdict;
    bool last = verdict->hang_up || is_last(http, connection);
    tally_add(http->options->tally, TALLY_REFUSED);
    connection->request.answer_status = verdict->status;
    connection->request.answer = answer_refuse(verdict->status, verdict->route, last);
    return queue(http, connection);
}

static enum MHD_Result on_head(struct http *http, struct connection *connection, const char *method,
                               const char *version) {
    struct connection_request *request = &connection->request;
    struct head *head = &request->head;
    request->begun = true;
    request->received_ms = clock_boot_ms();
    connection->requests++;
    enter(http, connection, PHASE_REQUEST);
    head->method = bytes_of_text(method);
    head->version = bytes_of_text(version);
    (void)MHD_get_connection_values_n(connection->http, MHD_HEADER_KIND, add_header, head);
    request->verdict = head_judge(head, (uint64_t)http->options->settings->body_bytes);
    return request->verdict.hang_up ? refuse(http, connection) : MHD_YES;
}

static enum MHD_Result on_body(struct http *http, struct connection *connection,
                               struct bytes piece) {
    size_t most = (size_t)http->options->settings->body_bytes;
    if (body_gather(&connection->request, piece, most) == ERR_OK)
        return MHD_YES;
    tally_add(http->options->tally, TALLY_OVERSIZED);
    return MHD_NO;
}

/* What is forwarded leaves when this turn ends: the answer can't come before the suspension. */
static enum MHD_Result ask_core(struct http *http, struct connection *connection) {
    struct connection_request *request = &connection->request;
    if (http->options->forward(http->options->context, connection) != ERR_OK) {
        tally_add(http->options->tally, TALLY_CORE_FULL);
        request->answer_status = MHD_HTTP_SERVICE_UNAVAILABLE;
        request->answer = answer_refuse(request->answer_status, NULL, is_last(http, connection));
        return queue(http, connection);
    }
    tally_add(http->options->tally, TALLY_FORWARDED);
    request->waiting = true;
    MHD_suspend_connection(connection->http);
    return MHD_YES;
}

/* The request is complete; called again when it was suspended and has its answer. */
static enum MHD_Result on_complete(struct http *http, struct connection *connection) {
    struct connection_request *request = &connection->request;
    if (request->answer_status != 0)
        return queue(http, connection);
    if (request->verdict.status != 0)
        return refuse(http, connection);
    if (!request->verdict.route->own)
        return ask_core(http, connection);
    request->answer_status = MHD_HTTP_OK;
    request->answer = answer_alive(is_last(http, connection));
    return queue(http, connection);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *mhd, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_len, void **request_context) {
    (void)mhd, (void)url;
    struct http *http = context;
    struct connection *connection = *request_context;
    if (connection == NULL)
        return MHD_NO;
    if (!connection->request.begun)
        return on_head(http, connection, method, version);
    if (*upload_len == 0)
        return on_complete(http, connection);
    enum MHD_Result result = on_body(http, connection, bytes_of(upload, *upload_len));
    *upload_len = 0;
    return result;
}

static void on_end(void *context, struct MHD_Connection *mhd, void **request_context,
                   enum MHD_RequestTerminationCode code) {
    (void)mhd, (void)code;
    struct http *http = context;
    struct connection *connection = *request_context;
    if (connection == NULL)
        return;
    if (connection->request.answer != NULL)
        MHD_destroy_response(connection->request.answer);
    connections_next_request(connection);
    if (connection->phase != PHASE_CUT)
        enter(http, connection, PHASE_IDLE);
    *request_context = NULL;
}

/* Percent-encoding is part of the path that core gets. */
static size_t leave_encoded(void *context, struct MHD_Connection *mhd, char *text) {
    (void)context, (void)mhd;
    return strlen(text);
}

/* What the lane does to a connection, between two turns: only the next one resumes it. */

static void resume(struct http *http, struct connection *connection, unsigned status,
                   struct MHD_Response *answer) {
    connection->request.waiting = false;
    connection->request.answer_status = status;
    connection->request.answer = answer;
    enter(http, connection, PHASE_ANSWER);
    MHD_resume_connection(connection->http);
}

void http_answer(struct http *http, struct connection *connection,
                 const struct edge_answer *answer) {
    tally_add(http->options->tally, TALLY_RELAYED);
    resume(http, connection, answer->status, answer_relay(answer, is_last(http, connection)));
}

void http_refuse(struct http *http, struct connection *connection, unsigned status) {
    resume(http, connection, status, answer_refuse(status, NULL, is_last(http, connection)));
}

void http_cut(struct http *http, struct connection *connection) {
    connections_enter(http->options->connections, connection, PHASE_CUT, 0);
    connections_shut_down(connection->fd);
}

/* The daemon. */

static void on_panic(void *context, const char *file, unsigned line, const char *reason) {
    (void)context;
    char safe[128];
    log_event(LOG_ERROR, "http-panic", "at=%u in=%s", line, log_safe(file, safe, sizeof safe));
    log_event(LOG_ERROR, "http-panic", "reason=%s",
              log_safe(reason != NULL ? reason : "", safe, sizeof safe));
    abort();
}

static enum err start(struct http *http) {
    const struct http_options *options = http->options;
    const unsigned flags = MHD_USE_TLS | MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;
    http->daemon = MHD_start_daemon(
        flags, 0, on_accept, http, on_request, http, MHD_OPTION_LISTEN_SOCKET, options->listener,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, http, MHD_OPTION_NOTIFY_COMPLETED, on_end,
        http, MHD_OPTION_URI_LOG_CALLBACK, on_request_line, http, MHD_OPTION_UNESCAPE_CALLBACK,
        leave_encoded, NULL, MHD_OPTION_HTTPS_MEM_KEY, (const char *)options->tls->key.data,
        MHD_OPTION_HTTPS_MEM_CERT, (const char *)options->tls->certificate.data,
        MHD_OPTION_HTTPS_PRIORITIES, tls_priorities, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)options->settings->header_bytes, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)options->connections->count + 1, MHD_OPTION_CONNECTION_TIMEOUT, 0u,
        MHD_OPTION_END);
    return http->daemon != NULL ? ERR_OK : ERR_SYSTEM;
}

enum err http_open(struct http **http, const struct http_options *options) {
    struct http *made = calloc(1, sizeof *made);
    int status = fcntl(options->listener, F_GETFL);
    if (made == NULL || status < 0 || fcntl(options->listener, F_SETFL, status | O_NONBLOCK) != 0) {
        free(made);
        return ERR_SYSTEM;
    }
    made->options = options;
    MHD_set_panic_func(on_panic, NULL);
    enum err err = handshakes_open(&made->handshakes);
    if (err == ERR_OK)
        err = start(made);
    if (err != ERR_OK) {
        handshakes_close(&made->handshakes);
        free(made);
        return err;
    }
    *http = made;
    return ERR_OK;
}

void http_close(struct http *http) {
    if (http == NULL)
        return;
    struct connections *connections = http->options->connections;
    for (size_t i = 0; i < connections->count; i++)
        handshake_wake(&connections->slots[i].handshake);
    MHD_stop_daemon(http->daemon);
    withdraw_admission(http);
    handshakes_close(&http->handshakes);
    free(http);
}

static void handshakes_ready(void *context, int fd) {
    (void)fd;
    handshakes_wake(context);
}

/* http_turn does the work, once each turn. */
static void daemon_ready(void *context, int fd) {
    (void)context, (void)fd;
}

enum err http_join(struct http *http, struct serve *serve) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (info == NULL)
        return ERR_SYSTEM;
    ERR_TRY(serve_add_descriptor(serve, info->epoll_fd, daemon_ready, http));
    return serve_add_descriptor(serve, http->handshakes.epoll_fd, handshakes_ready,
                                &http->handshakes);
}

int http_turn(struct http *http) {
    MHD_UNSIGNED_LONG_LONG wait_ms = 0;
    (void)MHD_run(http->daemon);
    withdraw_admission(http);
    handshakes_park(&http->handshakes);
    if (MHD_get_timeout(http->daemon, &wait_ms) != MHD_YES)
        return -1;
    return wait_ms > INT_MAX ? INT_MAX : (int)wait_ms;
}
