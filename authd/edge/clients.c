#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "authd/edge/clients.h"

struct count {
    uint64_t client;
    size_t connections;
};

/*
 * A dense array: with as many clients as connections are allowed a look-up reads some kilobytes,
 * little beside the TLS handshake that follows.
 */
struct clients {
    pthread_mutex_t lock;
    size_t all, each;
    size_t connections;
    size_t count;
    struct count counts[];
};

/* IPv6 networks that can reach us begin with other than 64 zero bits, so the two don't meet. */
uint64_t clients_identify(const struct sockaddr *address, socklen_t len) {
    struct sockaddr_in four;
    struct sockaddr_in6 six;
    uint64_t client = 0;
    if (address->sa_family == AF_INET && len >= sizeof four) {
        memcpy(&four, address, sizeof four);
        return ntohl(four.sin_addr.s_addr);
    }
    if (address->sa_family != AF_INET6 || len < sizeof six)
        return UINT64_MAX;
    memcpy(&six, address, sizeof six);
    size_t first = IN6_IS_ADDR_V4MAPPED(&six.sin6_addr) ? 12 : 0;
    size_t end = first == 12 ? 16 : 8;
    for (size_t i = first; i < end; i++)
        client = client << 8 | six.sin6_addr.s6_addr[i];
    return client;
}

enum err clients_open(struct clients **clients, size_t all, size_t each) {
    struct clients *made = calloc(1, sizeof *made + all * sizeof *made->counts);
    if (made == NULL)
        return ERR_SYSTEM;
    if (pthread_mutex_init(&made->lock, NULL) != 0) {
        free(made);
        return ERR_SYSTEM;
    }
    made->all = all;
    made->each = each;
    *clients = made;
    return ERR_OK;
}

void clients_close(struct clients *clients) {
    if (clients == NULL)
        return;
    (void)pthread_mutex_destroy(&clients->lock);
    free(clients);
}

static struct count *find(struct clients *clients, uint64_t client) {
    for (size_t i = 0; i < clients->count; i++)
        if (clients->counts[i].client == client)
            return &clients->counts[i];
    return NULL;
}

static enum err admit(struct clients *clients, uint64_t client) {
    if (clients->connections >= clients->all)
        return ERR_LIMIT;
    struct count *count = find(clients, client);
    if (count != NULL && count->connections >= clients->each)
        return ERR_LIMIT;
    if (count == NULL) {
        count = &clients->counts[clients->count++];
        *count = (struct count){.client = client};
    }
    count->connections++;
    clients->connections++;
    return ERR_OK;
}

static void release(struct clients *clients, uint64_t client) {
    struct count *count = find(clients, client);
    if (count == NULL)
        return;
    clients->connections--;
    if (--count->connections == 0)
        *count = clients->counts[--clients->count];
}

enum err clients_admit(struct clients *clients, uint64_t client) {
    (void)pthread_mutex_lock(&clients->lock);
    enum err err = admit(clients, client);
    (void)pthread_mutex_unlock(&clients->lock);
    return err;
}

void clients_release(struct clients *clients, uint64_t client) {
    (void)pthread_mutex_lock(&clients->lock);
    release(clients, client);
    (void)pthread_mutex_unlock(&clients->lock);
}

enum err clients_crowd(struct clients *clients, uint64_t client, uint64_t *crowd) {
    enum err err = ERR_NOT_FOUND;
    (void)pthread_mutex_lock(&clients->lock);
    const struct count *own = find(clients, client);
    size_t most = own != NULL ? own->connections + 1 : 1;
    for (size_t i = 0; i < clients->count && clients->connections >= clients->all; i++) {
        if (clients->counts[i].connections <= most)
            continue;
        most = clients->counts[i].connections;
        *crowd = clients->counts[i].client;
        err = ERR_OK;
    }
    (void)pthread_mutex_unlock(&clients->lock);
    return err;
}
