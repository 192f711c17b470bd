#pragma once

#include <stddef.h>
#include <stdint.h>

#include "authd/notify/gateway/attempt.h"
#include "authd/notify/gateway/endpoint.h"
#include "firmware/base/bytes.h"
#include "firmware/base/serve.h"

/*
 * Requests to gateways and mail servers, by libcurl inside the event loop: nothing here waits. Each
 * has a connection of its own, since libcurl sends a request again by itself when a connection it
 * used before turns out to be dead, and nothing may be sent twice. Redirects and proxies are not
 * followed; TLS servers are verified.
 */
struct transfers;

struct transfer_options {
    int64_t connect_timeout_ms;
    struct bytes authorities; /* PEM; borrowed. Empty: no TLS server is believed */
    bool starttls;            /* smtp: refuse a server without it */
};

struct transfer_request {
    const struct endpoint *endpoint;
    bool probe;                 /* asks whether it is there, and carries nothing */
    const char *const *headers; /* HTTP */
    size_t header_count;
    const char *from, *to; /* SMTP */
    struct bytes body;     /* borrowed until ${done} */
    int64_t timeout_ms;
    void (*done)(void *context, const struct attempt_facts *facts); /* may start another */
    void *context;
};

/* After curl_memory_start and before confinement. ERR_SYSTEM. */
MUST_CHECK enum err transfer_open(struct transfers **transfers, struct serve *serve,
                                  const struct transfer_options *options);
void transfer_close(
    struct transfers *transfers); /* those under way are forgotten; NULL is allowed */

/* ${done} comes later, never from within this call. After an error it never comes. */
MUST_CHECK enum err transfer_start(struct transfers *transfers,
                                   const struct transfer_request *request);

/* To be called once a turn of the loop; gives in how many ms again (-1: whenever something comes).
 */
int transfer_turn(struct transfers *transfers);
