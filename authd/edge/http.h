#pragma once

#include "authd/edge/clients.h"
#include "authd/edge/connections.h"
#include "authd/edge/settings.h"
#include "authd/edge/tally.h"
#include "authd/edge/tls.h"
#include "firmware/base/serve.h"

/*
 * libmicrohttpd at one address, inside the loop of a lane: it frames TLS and HTTP, this judges the
 * head, gathers the body and keeps the phase of each connection. Nothing here is called from two
 * threads.
 */
struct http;

struct http_options {
    enum edge_profile profile;
    const struct settings *settings;
    const struct tls *tls;
    struct clients *clients;             /* shared by the lanes */
    struct connections *connections;     /* the lane's */
    const struct registered *registered; /* the lane's; the JOSE profile's clients */
    struct chains *chains;               /* the lane's */
    struct tally *tally;
    int listener; /* taken over, also on error */
    /* Sends the request to core. ERR_FULL: its queue is full. */
    enum err (*forward)(void *context, const struct connection *connection);
    void *context;
};

/* ${options} and what it names must outlive it. ERR_SYSTEM. */
MUST_CHECK enum err http_open(struct http **http, const struct http_options *options);
/* No request may wait for core any more. */
void http_close(struct http *http);

/* Lets ${serve} take a turn when there is something to do. */
MUST_CHECK enum err http_join(struct http *http, struct serve *serve);
/* Does what there is to do; returns in how many ms it wants to be called again, or -1. */
int http_turn(struct http *http);

/*
 * Answers a request that waits for core: with core's answer, or with a bare ${status}. Outside
 * http_turn, and before the next one.
 */
void http_answer(struct connection *connection, const struct edge_answer *answer);
void http_refuse(struct connection *connection, unsigned status);

/* Core has sent another list of clients: cuts the connections of those who are not in it. One that
 * waits for core gets its answer, as the last. */
void http_cut_strangers(struct connections *connections);
