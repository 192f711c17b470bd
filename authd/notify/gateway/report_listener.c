#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "authd/notify/gateway/report_listener.h"
#include "firmware/base/clock.h"
#include "firmware/base/codec.h"
#include "firmware/base/log.h"

#define CONNECTIONS_MAX 16
#define HEAD_MAX        4096
#define PATIENCE_MS     5000
#define BACKLOG         64
#define ADDRESS_SIZE    64

struct connection {
    int fd; /* negative: free */
    int64_t ends_ms;
    size_t len;
    uint8_t head[HEAD_MAX];
};

struct report_listener {
    struct serve *serve;
    int fd;
    struct report_listener_options options;
    struct connection connections[CONNECTIONS_MAX];
};

struct socket_address {
    union {
        struct sockaddr any;
        struct sockaddr_in ipv4;
        struct sockaddr_in6 ipv6;
    } value;
    socklen_t len;
};

static bool is_loopback(const struct socket_address *address) {
    if (address->value.any.sa_family == AF_INET)
        return ntohl(address->value.ipv4.sin_addr.s_addr) >> 24 == 127;
    return IN6_IS_ADDR_LOOPBACK(&address->value.ipv6.sin6_addr);
}

static enum err parse_address(const char *text, struct socket_address *address) {
    char host[ADDRESS_SIZE];
    int64_t port;
    const char *colon = strrchr(text, ':');
    size_t len = colon != NULL ? (size_t)(colon - text) : 0;
    if (len == 0 || len >= sizeof host || codec_integer(colon + 1, 1, 65535, &port) != ERR_OK)
        return ERR_CONFIG;
    memcpy(host, text, len);
    host[len] = '\0';
    *address = (struct socket_address){0};
    if (inet_pton(AF_INET, host, &address->value.ipv4.sin_addr) == 1) {
        address->value.ipv4.sin_family = AF_INET;
        address->value.ipv4.sin_port = htons((uint16_t)port);
        address->len = sizeof address->value.ipv4;
    } else if (strcmp(host, "[::1]") == 0) {
        address->value.ipv6.sin6_family = AF_INET6;
        address->value.ipv6.sin6_addr = in6addr_loopback;
        address->value.ipv6.sin6_port = htons((uint16_t)port);
        address->len = sizeof address->value.ipv6;
    } else {
        return ERR_CONFIG;
    }
    return is_loopback(address) ? ERR_OK : ERR_CONFIG;
}

static enum err bind_listener(struct report_listener *listener,
                              const struct socket_address *address) {
    int on = 1;
    listener->fd =
        socket(address->value.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener->fd < 0 ||
        setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(listener->fd, &address->value.any, address->len) != 0 ||
        listen(listener->fd, BACKLOG) != 0)
        return ERR_SYSTEM;
    return ERR_OK;
}

static void end_connection(struct report_listener *listener, struct connection *connection) {
    serve_remove_descriptor(listener->serve, connection->fd);
    (void)close(connection->fd);
    connection->fd = -1;
}

static struct connection *find_connection(struct report_listener *listener, int fd) {
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (listener->connections[i].fd == fd)
            return &listener->connections[i];
    }
    return NULL;
}

/* Takes the report of a whole head. */
static void answer(struct report_listener *listener, const struct connection *connection,
                   size_t line_len) {
    static const char taken[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    static const char refused[] =
        "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    struct report report;
    enum err err = report_parse(bytes_of(connection->head, line_len), &report);
    const char *text = err == ERR_OK ? taken : refused;
    /* A gateway that does not read it will ask again, or not. */
    (void)send(connection->fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (err == ERR_OK)
        listener->options.take(listener->options.context, &report);
    else
        log_event(LOG_WARNING, "report-refused", "reason=%s", err_text(err));
}

static void connection_ready(void *context, int fd) {
    struct report_listener *listener = context;
    struct connection *connection = find_connection(listener, fd);
    if (connection == NULL)
        return;
    ssize_t got = recv(fd, connection->head + connection->len, HEAD_MAX - connection->len, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got > 0)
        connection->len += (size_t)got;
    const uint8_t *line_end = memmem(connection->head, connection->len, "\r\n", 2);
    if (memmem(connection->head, connection->len, "\r\n\r\n", 4) != NULL)
        answer(listener, connection, (size_t)(line_end - connection->head));
    else if (got > 0 && connection->len < HEAD_MAX)
        return;
    end_connection(listener, connection);
}

static void listener_ready(void *context, int fd) {
    struct report_listener *listener = context;
    struct connection *free_one = find_connection(listener, -1);
    int accepted = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (accepted < 0)
        return;
    if (free_one == NULL ||
        serve_add_descriptor(listener->serve, accepted, connection_ready, listener) != ERR_OK) {
        (void)close(accepted); /* the gateway tries again later */
        return;
    }
    free_one->fd = accepted;
    free_one->len = 0;
    free_one->ends_ms = clock_boot_ms() + PATIENCE_MS;
}

enum err report_listener_open(struct report_listener **listener, const char *address,
                              struct serve *serve, const struct report_listener_options *options) {
    struct socket_address parsed;
    *listener = NULL;
    ERR_TRY(parse_address(address, &parsed));
    struct report_listener *made = calloc(1, sizeof *made);
    if (made == NULL)
        return ERR_SYSTEM;
    made->serve = serve;
    made->options = *options;
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        made->connections[i].fd = -1;
    enum err err = bind_listener(made, &parsed);
    if (err == ERR_OK)
        err = serve_add_descriptor(serve, made->fd, listener_ready, made);
    if (err == ERR_OK)
        *listener = made;
    else
        report_listener_close(made);
    return err;
}

void report_listener_close(struct report_listener *listener) {
    if (listener == NULL)
        return;
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (listener->connections[i].fd >= 0)
            end_connection(listener, &listener->connections[i]);
    }
    if (listener->fd >= 0) {
        serve_remove_descriptor(listener->serve, listener->fd);
        (void)close(listener->fd);
    }
    free(listener);
}

int report_listener_turn(struct report_listener *listener) {
    int64_t now_ms = clock_boot_ms();
    int64_t next_ms = -1;
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        struct connection *connection = &listener->connections[i];
        if (connection->fd < 0)
            continue;
        int64_t left_ms = connection->ends_ms - now_ms;
        if (left_ms <= 0)
            end_connection(listener, connection);
        else if (next_ms < 0 || left_ms < next_ms)
            next_ms = left_ms;
    }
    return (int)next_ms;
}
