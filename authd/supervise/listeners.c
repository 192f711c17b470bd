#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "authd/supervise/listeners.h"
#include "firmware/base/codec.h"

#define BACKLOG 1024

struct endpoint {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address;
    socklen_t len;
};

/* Cuts "[host]:port" or "host:port". */
static enum err cut(const char *text, char *host, size_t size, uint16_t *port) {
    const char *colon = strrchr(text, ':');
    int64_t number;
    if (colon == NULL || codec_integer(colon + 1, 0, UINT16_MAX, &number) != ERR_OK)
        return ERR_MALFORMED;
    const char *begin = text, *end = colon;
    if (*begin == '[' && end[-1] == ']') {
        begin++;
        end--;
    } else if (memchr(begin, ':', (size_t)(end - begin)) != NULL) {
        return ERR_MALFORMED;
    }
    *port = (uint16_t)number;
    return bytes_to_text(bytes_of(begin, (size_t)(end - begin)), host, size);
}

static enum err parse(const char *text, struct endpoint *endpoint) {
    char host[INET6_ADDRSTRLEN];
    uint16_t port;
    *endpoint = (struct endpoint){0};
    ERR_TRY(cut(text, host, sizeof host, &port));
    if (inet_pton(AF_INET, host, &endpoint->address.v4.sin_addr) == 1) {
        endpoint->address.v4.sin_family = AF_INET;
        endpoint->address.v4.sin_port = htons(port);
        endpoint->len = sizeof endpoint->address.v4;
        return ERR_OK;
    }
    if (inet_pton(AF_INET6, host, &endpoint->address.v6.sin6_addr) == 1) {
        endpoint->address.v6.sin6_family = AF_INET6;
        endpoint->address.v6.sin6_port = htons(port);
        endpoint->len = sizeof endpoint->address.v6;
        return ERR_OK;
    }
    return ERR_MALFORMED;
}

static enum err open_one(const struct endpoint *endpoint, int *listener) {
    int fd = socket(endpoint->address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int on = 1;
    if (fd < 0)
        return ERR_SYSTEM;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0 ||
        bind(fd, &endpoint->address.any, endpoint->len) != 0 || listen(fd, BACKLOG) != 0) {
        int saved = errno;
        (void)close(fd);
        errno = saved;
        return ERR_SYSTEM;
    }
    *listener = fd;
    return ERR_OK;
}

/*
 * The lanes share the port, and so would another box of the same user: half the clients would reach
 * a stranger. A socket that does not share finds out; it is closed again at once.
 */
static enum err probe(const struct endpoint *endpoint) {
    int fd = socket(endpoint->address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;
    if (fd < 0)
        return ERR_SYSTEM;
    bool is_free = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                   bind(fd, &endpoint->address.any, endpoint->len) == 0;
    int saved = errno;
    (void)close(fd);
    errno = saved;
    return is_free ? ERR_OK : ERR_SYSTEM;
}

static void set_port(struct endpoint *endpoint, uint16_t port) {
    if (endpoint->address.any.sa_family == AF_INET)
        endpoint->address.v4.sin_port = htons(port);
    else
        endpoint->address.v6.sin6_port = htons(port);
}

enum err listeners_open(const char *setting, const char *address, size_t count, int *listeners,
                        struct conf_problem *problem) {
    struct endpoint endpoint;
    if (parse(address, &endpoint) != ERR_OK) {
        snprintf(problem->text, sizeof problem->text,
                 "%s = %.60s: write ADDRESS:PORT with numbers, such as 127.0.0.1:8443 or "
                 "[::1]:8443",
                 setting, address);
        return ERR_CONFIG;
    }
    for (size_t i = 0; i < count; i++) {
        enum err result = i == 0 ? probe(&endpoint) : ERR_OK;
        if (result == ERR_OK)
            result = open_one(&endpoint, &listeners[i]);
        if (result != ERR_OK) {
            snprintf(problem->text, sizeof problem->text,
                     "%s = %.60s: %s: end what uses the port, or choose another", setting, address,
                     strerror(errno));
            return ERR_CONFIG;
        }
        set_port(&endpoint, listeners_port(listeners[i]));
    }
    return ERR_OK;
}

uint16_t listeners_port(int listener) {
    struct endpoint bound = {.len = sizeof bound.address};
    if (getsockname(listener, &bound.address.any, &bound.len) != 0)
        return 0;
    return ntohs(bound.address.any.sa_family == AF_INET ? bound.address.v4.sin_port
                                                        : bound.address.v6.sin6_port);
}
