#pragma once

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#include "authd/edge/chains.h"
#include "authd/edge/handshake.h"
#include "authd/edge/http.h"

/*
 * The connections of one listener: accepted, made, secured, closed. The first two functions are
 * libmicrohttpd's callbacks, with the arrivals as ${context}.
 */
struct arrivals {
    const struct http_options *options;
    /* A connection that clients has admitted but libmicrohttpd has not made yet. */
    bool admitted;
    uint64_t admitted_client;
    struct handshakes handshakes;
};

enum MHD_Result arrivals_accept(void *context, const struct sockaddr *address, socklen_t len);
void arrivals_notify(void *context, struct MHD_Connection *http, void **socket_context,
                     enum MHD_ConnectionNotificationCode code);

/* For GnuTLS, when the key is in the token: what a handshake shows, and the key that proves it. */
int arrivals_show_chain(gnutls_session_t session, const gnutls_datum_t *authorities,
                        int authority_count, const gnutls_pk_algorithm_t *algorithms,
                        int algorithm_count, gnutls_pcert_st **certificates, unsigned *count,
                        gnutls_privkey_t *key);

/* ERR_SYSTEM. ${options} must outlive it. */
MUST_CHECK enum err arrivals_open(struct arrivals *arrivals, const struct http_options *options);
void arrivals_close(struct arrivals *arrivals);

/* After each turn of libmicrohttpd. */
void arrivals_settle(struct arrivals *arrivals);

/*
 * The deadline of ${connection} has passed. One that was held back as the signers had announced to
 * be silent gets as much time again, ARRIVALS_HELD_MS in all. ERR_DENIED: its time is over.
 */
#define ARRIVALS_HELD_MS 60000
MUST_CHECK enum err arrivals_prolong(struct connection *connection, int64_t now_ms);

/* NULL when it has found no place. */
struct connection *arrivals_connection(struct MHD_Connection *http);
