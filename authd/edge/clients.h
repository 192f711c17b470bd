#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "firmware/base/err.h"

/* How many connections there are, in all and from each client; shared by all lanes, thread-safe. */
struct clients;

/*
 * Who counts as one client: an IPv4 address (also inside IPv6), or an IPv6 network of 64 bits,
 * since one machine may use all of its network's addresses.
 */
uint64_t clients_identify(const struct sockaddr *address, socklen_t len);

/* ERR_SYSTEM. */
MUST_CHECK enum err clients_open(struct clients **clients, size_t all, size_t each);
void clients_close(struct clients *clients);

/* Counts a connection. ERR_LIMIT: one of the limits is reached, nothing was counted. */
MUST_CHECK enum err clients_admit(struct clients *clients, uint64_t client);
/* Takes back one that was admitted. */
void clients_release(struct clients *clients, uint64_t client);
/*
 * Who has to give one up for ${client} when all are taken: whoever has most, if that is more than
 * ${client} has with another. Otherwise few clients could keep all others out. ERR_NOT_FOUND:
 * nobody.
 */
MUST_CHECK enum err clients_crowd(struct clients *clients, uint64_t client, uint64_t *crowd);
