#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "authd/edge/arrivals.h"
#include "firmware/base/clock.h"

static bool may_begin(void *context) {
    const struct arrivals *arrivals = context;
    return chains_ready(arrivals->options->chains);
}

static void on_hold(void *context) {
    const struct arrivals *arrivals = context;
    tally_add(arrivals->options->tally, TALLY_HELD);
}

enum err arrivals_open(struct arrivals *arrivals, const struct http_options *options) {
    const struct handshakes_options handshakes = {
        .may_begin = may_begin, .on_hold = on_hold, .context = arrivals};
    *arrivals = (struct arrivals){.options = options};
    return handshakes_open(&arrivals->handshakes, &handshakes);
}

static void withdraw_admission(struct arrivals *arrivals) {
    if (arrivals->admitted)
        clients_release(arrivals->options->clients, arrivals->admitted_client);
    arrivals->admitted = false;
}

void arrivals_close(struct arrivals *arrivals) {
    withdraw_admission(arrivals);
    handshakes_close(&arrivals->handshakes);
}

void arrivals_settle(struct arrivals *arrivals) {
    withdraw_admission(arrivals);
    handshakes_park(&arrivals->handshakes);
}

struct connection *arrivals_connection(struct MHD_Connection *http) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(http, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info != NULL ? info->socket_context : NULL;
}

/* Accepted. */

/* All connections are taken: one that the greediest client leaves waiting goes. */
static enum err make_place(const struct http_options *options, uint64_t client) {
    uint64_t crowd;
    ERR_TRY(clients_crowd(options->clients, client, &crowd));
    struct connection *waiting = connections_longest_waiting(options->connections, crowd);
    if (waiting == NULL)
        return ERR_NOT_FOUND;
    clients_release(options->clients, crowd);
    waiting->counted = false;
    connections_cut(options->connections, waiting);
    tally_add(options->tally, TALLY_CUT_CROWD);
    return clients_admit(options->clients, client);
}

enum MHD_Result arrivals_accept(void *context, const struct sockaddr *address, socklen_t len) {
    struct arrivals *arrivals = context;
    const struct http_options *options = arrivals->options;
    withdraw_admission(arrivals); /* libmicrohttpd had no memory for the one before */
    arrivals->admitted_client = clients_identify(address, len);
    arrivals->admitted = clients_admit(options->clients, arrivals->admitted_client) == ERR_OK ||
                         make_place(options, arrivals->admitted_client) == ERR_OK;
    tally_add(options->tally, arrivals->admitted ? TALLY_ACCEPTED : TALLY_OVER_LIMIT);
    return arrivals->admitted ? MHD_YES : MHD_NO;
}

/* Secured. */

/* The time in which nobody could sign was not the client's: its own begins now. */
static void begin_again(struct connection *connection) {
    connection->handshake.begun = true;
    if (!connection->handshake.was_held)
        return;
    connection->handshake.was_held = false;
    connection->accepted_ms = clock_boot_ms();
    connections_enter(connection->arrivals->options->connections, connection, PHASE_HANDSHAKE,
                      connection->accepted_ms);
}

/*
 * The connection holds what it shows until it closes: GnuTLS keeps what it is given, and a renewal
 * meanwhile must not take it away.
 */
int arrivals_show_chain(gnutls_session_t session, const gnutls_datum_t *authorities,
                        int authority_count, const gnutls_pk_algorithm_t *algorithms,
                        int algorithm_count, gnutls_pcert_st **certificates, unsigned *count,
                        gnutls_privkey_t *key) {
    (void)authorities, (void)authority_count, (void)algorithms, (void)algorithm_count;
    struct connection *connection = arrivals_connection(gnutls_session_get_ptr(session));
    if (connection == NULL)
        return -1;
    const struct http_options *options = connection->arrivals->options;
    struct chain *current = chains_current(options->chains);
    if (connection->chain == NULL && current == NULL) {
        tally_add(options->tally, TALLY_NO_CHAIN);
        return -1;
    }
    if (connection->chain == NULL)
        connection->chain = chain_hold(current);
    begin_again(connection);
    chains_allow(options->chains, connection->deadline.at_ms);
    chain_show(connection->chain, certificates, count, key);
    return 0;
}

/*
 * The client can't hold the handshake up any more: what is left of the time is for the head. The
 * acknowledgement goes out now, since a client that waits for it to send its request (Nagle) would
 * lose the 40 ms by which the kernel delays it.
 */
static int on_finished(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
                       const gnutls_datum_t *message) {
    (void)type, (void)when, (void)message;
    struct connection *connection = arrivals_connection(gnutls_session_get_ptr(session));
    if (incoming == 0 || connection == NULL || connection->phase != PHASE_HANDSHAKE)
        return 0;
    int now = 1;
    (void)setsockopt(connection->fd, IPPROTO_TCP, TCP_QUICKACK, &now, sizeof now);
    handshake_end(&connection->handshake);
    connections_enter(connection->arrivals->options->connections, connection, PHASE_HEAD,
                      connection->accepted_ms);
    return 0;
}

enum err arrivals_prolong(struct connection *connection, int64_t now_ms) {
    const struct http_options *options = connection->arrivals->options;
    bool waits = connection->phase == PHASE_HANDSHAKE && connection->handshake.held &&
                 chains_announced(options->chains);
    if (!waits || now_ms - connection->accepted_ms >= ARRIVALS_HELD_MS)
        return ERR_DENIED;
    connections_enter(options->connections, connection, PHASE_HANDSHAKE, now_ms);
    return ERR_OK;
}

static enum tally_kind tally_of(enum err reason) {
    if (reason == ERR_MALFORMED)
        return TALLY_NO_CERTIFICATE;
    return reason == ERR_EXPIRED ? TALLY_OUT_OF_DATE : TALLY_NOT_REGISTERED;
}

/*
 * JOSE: may the handshake end well? One that may not is held until the client has hung up or its
 * time is over: what it has sent meanwhile would make the kernel reset the connection, and the
 * client would lose the alert.
 */
static int on_certificate(gnutls_session_t session) {
    struct connection *connection = arrivals_connection(gnutls_session_get_ptr(session));
    if (connection == NULL)
        return GNUTLS_E_CERTIFICATE_ERROR;
    const struct http_options *options = connection->arrivals->options;
    if (!connection->mutual.refused) {
        enum err err =
            mutual_identify(session, options->registered, clock_wall_ms(), &connection->mutual);
        if (err == ERR_OK)
            return GNUTLS_E_SUCCESS;
        tally_add(options->tally, tally_of(err));
        mutual_refuse(session, err, &connection->mutual);
    }
    return handshake_linger(&connection->handshake) == ERR_AGAIN ? GNUTLS_E_AGAIN
                                                                 : GNUTLS_E_CERTIFICATE_ERROR;
}

static enum err prepare_session(struct arrivals *arrivals, struct connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection->http, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    if (info == NULL || info->tls_session == NULL)
        return ERR_CRYPTO;
    gnutls_session_t session = info->tls_session;
    handshake_begin(&arrivals->handshakes, &connection->handshake, session, connection->http,
                    connection->fd);
    gnutls_handshake_set_hook_function(session, GNUTLS_HANDSHAKE_FINISHED, GNUTLS_HOOK_POST,
                                       on_finished);
    if (arrivals->options->profile == EDGE_PROFILE_MOSIP)
        return tls_enable_tickets(arrivals->options->tls, session);
    mutual_demand(session, on_certificate);
    return ERR_OK;
}

/* Made, closed. */

static void begin(struct arrivals *arrivals, struct MHD_Connection *http, void **socket_context) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(http, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct connections *connections = arrivals->options->connections;
    struct connection *connection = NULL;
    *socket_context = NULL;
    if (connections_take(connections, clock_boot_ms(), &connection) != ERR_OK) {
        connections_shut_down(info->connect_fd);
        return;
    }
    arrivals->admitted = false;
    connection->client = arrivals->admitted_client;
    connection->counted = true;
    connection->fd = info->connect_fd;
    connection->http = http;
    connection->arrivals = arrivals;
    *socket_context = connection;
    if (prepare_session(arrivals, connection) != ERR_OK)
        connections_cut(connections, connection);
}

void arrivals_notify(void *context, struct MHD_Connection *http, void **socket_context,
                     enum MHD_ConnectionNotificationCode code) {
    struct arrivals *arrivals = context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        begin(arrivals, http, socket_context);
        return;
    }
    struct connection *connection = *socket_context;
    if (connection == NULL)
        return;
    handshake_end(&connection->handshake);
    if (connection->counted)
        clients_release(arrivals->options->clients, connection->client);
    chain_release(connection->chain);
    connection->chain = NULL;
    connections_release(arrivals->options->connections, connection);
    *socket_context = NULL;
}
