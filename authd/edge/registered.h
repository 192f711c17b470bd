#pragma once

#include <stddef.h>
#include <stdint.h>

#include "authd/wire/edge_wire.h"

/* The certificates that may be shown at the JOSE address, as core told one lane. At first none. */
struct registered {
    struct edge_client clients[EDGE_CLIENTS_MAX]; /* by thumbprint */
    size_t count;
};

/* Takes the list of a message of core. On error (edge_wire_get_clients) there is none. */
MUST_CHECK enum err registered_replace(struct registered *registered, struct bytes payload);

/* ERR_NOT_FOUND: not in the list. ERR_EXPIRED: outside its dates at ${wall_ms}. */
MUST_CHECK enum err registered_check(const struct registered *registered,
                                     const uint8_t thumbprint[static EDGE_THUMBPRINT_BYTES],
                                     int64_t wall_ms);
