#include <fcntl.h>
#include <limits.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "authd/edge/answer.h"
#include "authd/edge/arrivals.h"
#include "authd/edge/body.h"
#include "authd/edge/http.h"
#include "firmware/base/clock.h"
#include "firmware/base/log.h"

struct http {
    const struct http_options *options;
    struct MHD_Daemon *daemon;
    struct arrivals arrivals;
};

static const struct http_options *options_of(const struct connection *connection) {
    return connection->arrivals->options;
}

static void enter(struct connection *connection, enum connection_phase phase) {
    connections_enter(options_of(connection)->connections, connection, phase, clock_boot_ms());
}

static void count(const struct connection *connection, enum tally_kind kind) {
    tally_add(options_of(connection)->tally, kind);
}

/* At the JOSE address: is its client still one that may be answered? */
static bool is_welcome(const struct connection *connection) {
    const struct http_options *options = options_of(connection);
    const struct mutual *mutual = &connection->mutual;
    if (options->profile == EDGE_PROFILE_MOSIP)
        return true;
    return mutual->proven &&
           registered_check(options->registered, mutual->thumbprint, clock_wall_ms()) == ERR_OK;
}

/* Requests: line, head, body, answer, end. */

/* The request line, before libmicrohttpd decodes it in place. What is returned becomes con_cls. */
static void *on_request_line(void *context, const char *target, struct MHD_Connection *mhd) {
    (void)context;
    struct connection *connection = arrivals_connection(mhd);
    if (connection == NULL)
        return NULL;
    struct connection_request *request = &connection->request;
    head_begin(&request->head, options_of(connection)->profile,
               bytes_of_text(target != NULL ? target : ""));
    if (request->head.path.len > 0)
        memcpy(request->path, request->head.path.data, request->head.path.len);
    request->head.path.data = (const uint8_t *)request->path;
    if (connection->phase == PHASE_IDLE)
        enter(connection, PHASE_HEAD);
    return connection;
}

static enum MHD_Result add_header(void *context, enum MHD_ValueKind kind, const char *name,
                                  size_t name_len, const char *value, size_t value_len) {
    (void)kind;
    head_add(context, bytes_of(name, name_len), bytes_of(value, value_len));
    return MHD_YES;
}

static bool is_last(const struct connection *connection) {
    uint64_t most = (uint64_t)options_of(connection)->settings->requests_a_connection;
    return (most > 0 && connection->requests >= most) || !is_welcome(connection);
}

static enum MHD_Result queue(struct connection *connection) {
    struct connection_request *request = &connection->request;
    if (request->answer == NULL)
        return MHD_NO;
    enter(connection, PHASE_ANSWER);
    enum MHD_Result result =
        MHD_queue_response(connection->http, request->answer_status, request->answer);
    MHD_destroy_response(request->answer);
    request->answer = NULL;
    return result;
}

static enum MHD_Result refuse(struct connection *connection) {
    const struct head_verdict *verdict = &connection->request.verdict;
    bool last = verdict->hang_up || is_last(connection);
    count(connection, TALLY_REFUSED);
    connection->request.answer_status = verdict->status;
    connection->request.answer = answer_refuse(verdict->status, verdict->route, last);
    return queue(connection);
}

static enum MHD_Result on_head(struct connection *connection, const char *method,
                               const char *version) {
    struct connection_request *request = &connection->request;
    struct head *head = &request->head;
    request->begun = true;
    request->received_ms = clock_boot_ms();
    connection->requests++;
    enter(connection, PHASE_REQUEST);
    head->method = bytes_of_text(method);
    head->version = bytes_of_text(version);
    (void)MHD_get_connection_values_n(connection->http, MHD_HEADER_KIND, add_header, head);
    request->verdict = head_judge(head, (uint64_t)options_of(connection)->settings->body_bytes);
    return request->verdict.hang_up ? refuse(connection) : MHD_YES;
}

static enum MHD_Result on_body(struct connection *connection, struct bytes piece) {
    size_t most = (size_t)options_of(connection)->settings->body_bytes;
    if (body_gather(&connection->request, piece, most) == ERR_OK)
        return MHD_YES;
    count(connection, TALLY_OVERSIZED);
    return MHD_NO;
}

/* What is forwarded leaves when this turn ends: the answer can't come before the suspension. */
static enum MHD_Result ask_core(struct connection *connection) {
    struct connection_request *request = &connection->request;
    const struct http_options *options = options_of(connection);
    if (options->forward(options->context, connection) != ERR_OK) {
        count(connection, TALLY_CORE_FULL);
        request->answer_status = MHD_HTTP_SERVICE_UNAVAILABLE;
        request->answer = answer_refuse(request->answer_status, NULL, is_last(connection));
        return queue(connection);
    }
    count(connection, TALLY_FORWARDED);
    request->waiting = true;
    MHD_suspend_connection(connection->http);
    return MHD_YES;
}

/* The request is complete; called again when it was suspended and has its answer. */
static enum MHD_Result on_complete(struct connection *connection) {
    struct connection_request *request = &connection->request;
    if (request->answer_status != 0)
        return queue(connection);
    if (request->verdict.status != 0)
        return refuse(connection);
    if (!request->verdict.route->own)
        return ask_core(connection);
    request->answer_status = MHD_HTTP_OK;
    request->answer = answer_alive(is_last(connection));
    return queue(connection);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *mhd, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_len, void **request_context) {
    (void)context, (void)mhd, (void)url;
    struct connection *connection = *request_context;
    if (connection == NULL)
        return MHD_NO;
    if (!connection->request.begun && !is_welcome(connection)) {
        count(connection, TALLY_CUT_STRANGER);
        return MHD_NO;
    }
    if (!connection->request.begun)
        return on_head(connection, method, version);
    if (*upload_len == 0)
        return on_complete(connection);
    enum MHD_Result result = on_body(connection, bytes_of(upload, *upload_len));
    *upload_len = 0;
    return result;
}

static void on_end(void *context, struct MHD_Connection *mhd, void **request_context,
                   enum MHD_RequestTerminationCode code) {
    (void)context, (void)mhd, (void)code;
    struct connection *connection = *request_context;
    if (connection == NULL)
        return;
    if (connection->request.answer != NULL)
        MHD_destroy_response(connection->request.answer);
    connections_next_request(connection);
    if (connection->phase != PHASE_CUT)
        enter(connection, PHASE_IDLE);
    *request_context = NULL;
}

/* Percent-encoding is part of the path that core gets. */
static size_t leave_encoded(void *context, struct MHD_Connection *mhd, char *text) {
    (void)context, (void)mhd;
    return strlen(text);
}

/* What the lane does to a connection, between two turns: only the next one resumes it. */

static void resume(struct connection *connection, unsigned status, struct MHD_Response *answer) {
    connection->request.waiting = false;
    connection->request.answer_status = status;
    connection->request.answer = answer;
    enter(connection, PHASE_ANSWER);
    MHD_resume_connection(connection->http);
}

void http_answer(struct connection *connection, const struct edge_answer *answer) {
    count(connection, TALLY_RELAYED);
    resume(connection, answer->status, answer_relay(answer, is_last(connection)));
}

void http_refuse(struct connection *connection, unsigned status) {
    resume(connection, status, answer_refuse(status, NULL, is_last(connection)));
}

void http_cut_strangers(struct connections *connections) {
    for (size_t i = 0; i < connections->count; i++) {
        struct connection *connection = &connections->slots[i];
        if (!connection->mutual.proven || connection->phase == PHASE_CUT ||
            connection->phase == PHASE_ANSWER || connection->request.waiting ||
            is_welcome(connection))
            continue;
        count(connection, TALLY_CUT_STRANGER);
        connections_cut(connections, connection);
    }
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
    const char *priorities =
        options->profile == EDGE_PROFILE_JOSE ? tls_priorities_mutual : tls_priorities;
    const struct MHD_OptionItem in_files[] = {
        {MHD_OPTION_HTTPS_MEM_KEY, 0, options->tls->key.data},
        {MHD_OPTION_HTTPS_MEM_CERT, 0, options->tls->certificate.data},
        {MHD_OPTION_END, 0, NULL},
    };
    const struct MHD_OptionItem in_token[] = {
        {MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)(uintptr_t)arrivals_show_chain},
        {MHD_OPTION_END, 0, NULL},
    };
    http->daemon = MHD_start_daemon(
        flags, 0, arrivals_accept, &http->arrivals, on_request, http, MHD_OPTION_LISTEN_SOCKET,
        options->listener, MHD_OPTION_NOTIFY_CONNECTION, arrivals_notify, &http->arrivals,
        MHD_OPTION_NOTIFY_COMPLETED, on_end, http, MHD_OPTION_URI_LOG_CALLBACK, on_request_line,
        http, MHD_OPTION_UNESCAPE_CALLBACK, leave_encoded, NULL, MHD_OPTION_ARRAY,
        options->tls->in_token ? in_token : in_files, MHD_OPTION_HTTPS_PRIORITIES, priorities,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)options->settings->header_bytes,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)options->connections->count + 1,
        MHD_OPTION_CONNECTION_TIMEOUT, 0u, MHD_OPTION_END);
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
    enum err err = arrivals_open(&made->arrivals, options);
    if (err == ERR_OK)
        err = start(made);
    if (err != ERR_OK) {
        arrivals_close(&made->arrivals);
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
    arrivals_close(&http->arrivals);
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
    return serve_add_descriptor(serve, http->arrivals.handshakes.epoll_fd, handshakes_ready,
                                &http->arrivals.handshakes);
}

int http_turn(struct http *http) {
    MHD_UNSIGNED_LONG_LONG wait_ms = 0;
    handshakes_release(&http->arrivals.handshakes);
    (void)MHD_run(http->daemon);
    arrivals_settle(&http->arrivals);
    if (MHD_get_timeout(http->daemon, &wait_ms) != MHD_YES)
        return -1;
    return wait_ms > INT_MAX ? INT_MAX : (int)wait_ms;
}
