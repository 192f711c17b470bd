#include <limits.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "authd/edge/connections.h"
#include "firmware/base/secret.h"

#define SLOT_BITS 16

enum err connections_open(struct connections *connections, size_t count, uint64_t epoch,
                          const int64_t limit_ms[static PHASES]) {
    *connections = (struct connections){.count = count, .epoch = epoch};
    if (count > CONNECTIONS_MAX)
        return ERR_TOO_LARGE;
    ERR_TRY(deadlines_open(&connections->deadlines, count));
    connections->slots = calloc(count, sizeof *connections->slots);
    if (connections->slots == NULL) {
        deadlines_close(&connections->deadlines);
        return ERR_SYSTEM;
    }
    for (size_t i = 0; i < PHASES; i++)
        connections->limit_ms[i] = limit_ms[i];
    for (size_t i = count; i-- > 0;) {
        struct connection *connection = &connections->slots[i];
        connection->slot = i;
        connection->fd = -1;
        connection->phase = PHASE_CUT;
        connection->next_free = connections->free;
        connections->free = connection;
    }
    return ERR_OK;
}

void connections_close(struct connections *connections) {
    for (size_t i = 0; connections->slots != NULL && i < connections->count; i++)
        free(connections->slots[i].request.body);
    free(connections->slots);
    deadlines_close(&connections->deadlines);
    *connections = (struct connections){0};
}

enum err connections_take(struct connections *connections, int64_t now_ms,
                          struct connection **connection) {
    struct connection *taken = connections->free;
    if (taken == NULL)
        return ERR_FULL;
    connections->free = taken->next_free;
    connections->used++;
    taken->next_free = NULL;
    taken->accepted_ms = now_ms;
    taken->requests = 0;
    taken->mutual = (struct mutual){0};
    connections_enter(connections, taken, PHASE_HANDSHAKE, now_ms);
    *connection = taken;
    return ERR_OK;
}

void connections_release(struct connections *connections, struct connection *connection) {
    connections_next_request(connection);
    connections_enter(connections, connection, PHASE_CUT, 0);
    connection->fd = -1;
    connection->http = NULL;
    connection->arrivals = NULL;
    connection->next_free = connections->free;
    connections->free = connection;
    connections->used--;
}

void connections_enter(struct connections *connections, struct connection *connection,
                       enum connection_phase phase, int64_t since_ms) {
    connection->phase = phase;
    if (phase == PHASE_CUT)
        deadlines_remove(&connections->deadlines, &connection->deadline);
    else
        deadlines_set(&connections->deadlines, &connection->deadline,
                      since_ms + connections->limit_ms[phase]);
}

void connections_next_request(struct connection *connection) {
    struct connection_request *request = &connection->request;
    if (request->body != NULL)
        secret_wipe(request->body, request->body_len); /* an OTP request names a person in clear */
    free(request->body);
    request->body = NULL;
    request->body_len = request->body_size = 0;
    request->head = (struct head){0};
    request->verdict = (struct head_verdict){0};
    request->begun = request->waiting = false;
    request->dropped = 0;
    request->received_ms = 0;
    request->answer = NULL;
    request->answer_status = 0;
    connection->generation++;
}

uint64_t connections_frame_id(const struct connections *connections,
                              const struct connection *connection) {
    return connections->epoch << SLOT_BITS | connection->slot;
}

struct connection *connections_find(const struct connections *connections, uint64_t frame_id,
                                    uint32_t generation) {
    size_t slot = frame_id & (CONNECTIONS_MAX - 1);
    if (slot >= connections->count)
        return NULL;
    struct connection *connection = &connections->slots[slot];
    bool this_one = connections_frame_id(connections, connection) == frame_id &&
                    connection->generation == generation;
    return this_one && connection->request.waiting ? connection : NULL;
}

static bool waits_for_client(const struct connection *connection) {
    return connection->phase == PHASE_HANDSHAKE || connection->phase == PHASE_HEAD ||
           connection->phase == PHASE_IDLE;
}

struct connection *connections_longest_waiting(const struct connections *connections,
                                               uint64_t client) {
    struct connection *longest = NULL;
    int64_t longest_since_ms = INT64_MAX;
    for (size_t i = 0; i < connections->count; i++) {
        struct connection *connection = &connections->slots[i];
        if (connection->client != client || !waits_for_client(connection))
            continue;
        int64_t since_ms = connection->deadline.at_ms - connections->limit_ms[connection->phase];
        if (since_ms >= longest_since_ms)
            continue;
        longest = connection;
        longest_since_ms = since_ms;
    }
    return longest;
}

struct connection *connections_expired(const struct connections *connections, int64_t now_ms) {
    struct deadline *first = deadlines_first(&connections->deadlines);
    if (first == NULL || first->at_ms > now_ms)
        return NULL;
    return (struct connection *)(void *)first;
}

int connections_wait_ms(const struct connections *connections, int64_t now_ms) {
    const struct deadline *first = deadlines_first(&connections->deadlines);
    if (first == NULL)
        return -1;
    if (first->at_ms <= now_ms)
        return 0;
    return first->at_ms - now_ms > INT_MAX ? INT_MAX : (int)(first->at_ms - now_ms);
}

/* Part of an answer waits in the kernel for a client that doesn't read it. */
static bool has_unread(int fd) {
    struct tcp_info info = {0};
    socklen_t len = sizeof info;
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0 || info.tcpi_unacked > 0 ||
           info.tcpi_notsent_bytes > 0;
}

void connections_shut_down(int fd) {
    struct linger none = {.l_onoff = 1, .l_linger = 0};
    if (has_unread(fd))
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    (void)shutdown(fd, SHUT_RDWR);
}

void connections_cut(struct connections *connections, struct connection *connection) {
    connections_enter(connections, connection, PHASE_CUT, 0);
    connections_shut_down(connection->fd);
}
