#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#include "authd/edge/arrivals.h"
#include "authd/edge/chains.h"
#include "authd/edge/http.h"
#include "authd/edge/lane.h"
#include "firmware/base/boot.h"
#include "firmware/base/clock.h"
#include "firmware/base/log.h"

#define UNAVAILABLE 503
#define CUT_AT_ONCE 64 /* connections that were cut and are not closed yet, beyond the limit */

enum notice { NOTICE_CORE_DOWN = 1, NOTICE_STOP = 2, NOTICE_SIGNER = 4 };

struct lane {
    struct lane_options options;
    struct serve *serve;
    struct serve_peer *core;
    struct connections connections;
    struct registered registered;
    struct chains *chains;
    struct address {
        struct http_options options;
        struct http *http;
    } addresses[2];
    size_t address_count;
    struct tally tally;
    uint8_t *payload; /* FRAME_PAYLOAD_MAX, for the request being written */
    enum err end;     /* why the loop stopped */
    pthread_t thread;
    bool started;
    int bell; /* eventfd: there are notices */
    _Atomic unsigned notices;
};

/* Requests to core, answers from it. */

static enum err forward(void *context, const struct connection *connection) {
    struct lane *lane = context;
    const struct connection_request *request = &connection->request;
    struct edge_request message = {
        .profile = request->head.profile,
        .media = request->verdict.media,
        .has_idempotency_key = request->head.seen[HEAD_IDEMPOTENCY_KEY],
        .idempotency_key = request->head.value[HEAD_IDEMPOTENCY_KEY],
        .method = request->verdict.route->method,
        .path = request->head.path,
        .has_signature = request->head.seen[HEAD_SIGNATURE],
        .signature = request->head.value[HEAD_SIGNATURE],
        .has_authorization = request->head.seen[HEAD_AUTHORIZATION],
        .authorization = request->head.value[HEAD_AUTHORIZATION],
        .body = bytes_of(request->body, request->body_len),
        .received_boot_ms = request->received_ms,
    };
    struct buffer buffer = buffer_over(lane->payload, FRAME_PAYLOAD_MAX);
    struct frame frame = {
        .type = EDGE_REQUEST,
        .id = connections_frame_id(&lane->connections, connection),
        .generation = connection->generation,
    };
    memcpy(message.client_thumbprint, connection->mutual.thumbprint,
           sizeof message.client_thumbprint);
    edge_wire_put_request(&buffer, &message);
    ERR_TRY(buffer_end(&buffer, &frame.payload));
    return serve_send(lane->core, &frame);
}

static enum err take_answer(void *context, struct serve_peer *peer, const struct frame *frame) {
    (void)peer;
    struct lane *lane = context;
    struct edge_answer answer;
    ERR_TRY(edge_wire_get_answer(frame->payload, &answer));
    struct connection *connection =
        connections_find(&lane->connections, frame->id, frame->generation);
    if (connection != NULL)
        http_answer(connection, &answer);
    else
        tally_add(&lane->tally, TALLY_LATE);
    return ERR_OK;
}

static enum err take_clients(void *context, struct serve_peer *peer, const struct frame *frame) {
    (void)peer;
    struct lane *lane = context;
    ERR_TRY(registered_replace(&lane->registered, frame->payload));
    http_cut_strangers(&lane->connections);
    return ERR_OK;
}

static void core_lost(void *context, struct serve_peer *peer, enum err reason) {
    (void)peer;
    struct lane *lane = context;
    log_event(LOG_ERROR, "core-lost", "lane=%u reason=%s", lane->options.index, err_text(reason));
    lane->end = reason;
    serve_stop(lane->serve);
}

static void refuse_waiting(struct lane *lane) {
    for (size_t i = 0; i < lane->connections.count; i++) {
        struct connection *connection = &lane->connections.slots[i];
        if (!connection->request.waiting)
            continue;
        tally_add(&lane->tally, TALLY_CORE_DOWN);
        http_refuse(connection, UNAVAILABLE);
    }
}

/* Deadlines. */

static void expire(struct lane *lane, struct connection *connection, int64_t now_ms) {
    static const enum tally_kind cuts[PHASES] = {
        [PHASE_HANDSHAKE] = TALLY_CUT_HANDSHAKE, [PHASE_HEAD] = TALLY_CUT_HEAD,
        [PHASE_REQUEST] = TALLY_CUT_BODY,        [PHASE_ANSWER] = TALLY_CUT_ANSWER,
        [PHASE_IDLE] = TALLY_CUT_IDLE,
    };
    if (connection->request.waiting) {
        tally_add(&lane->tally, TALLY_CORE_SILENT);
        http_refuse(connection, UNAVAILABLE);
        return;
    }
    if (arrivals_prolong(connection, now_ms) == ERR_OK)
        return;
    tally_add(&lane->tally, cuts[connection->phase]);
    connections_cut(&lane->connections, connection);
}

/* Of two waits, -1 being one without end. */
static int sooner(int left_ms, int right_ms) {
    if (left_ms < 0 || (right_ms >= 0 && right_ms < left_ms))
        return right_ms;
    return left_ms;
}

static int turn_addresses(struct lane *lane) {
    int wait_ms = -1;
    for (size_t i = 0; i < lane->address_count; i++)
        wait_ms = sooner(wait_ms, http_turn(lane->addresses[i].http));
    return wait_ms;
}

static int turn(void *context) {
    struct lane *lane = context;
    int64_t now_ms = clock_boot_ms();
    struct connection *expired;
    while ((expired = connections_expired(&lane->connections, now_ms)) != NULL)
        expire(lane, expired, now_ms);
    tally_log(&lane->tally, now_ms);
    int wait_ms = turn_addresses(lane);
    return sooner(wait_ms, connections_wait_ms(&lane->connections, clock_boot_ms()));
}

/* Notices from the process's own loop. */

static void give_notice(struct lane *lane, enum notice notice) {
    atomic_fetch_or(&lane->notices, notice);
    uint64_t one = 1;
    while (write(lane->bell, &one, sizeof one) < 0 && errno == EINTR)
        continue;
}

static void take_notices(void *context, int fd) {
    struct lane *lane = context;
    uint64_t count;
    if (read(fd, &count, sizeof count) < 0 && errno != EAGAIN)
        return;
    unsigned notices = atomic_exchange(&lane->notices, 0);
    if ((notices & (NOTICE_CORE_DOWN | NOTICE_STOP)) != 0)
        refuse_waiting(lane);
    if ((notices & NOTICE_STOP) != 0)
        serve_stop(lane->serve);
}

void lane_core_down(struct lane *lane) {
    give_notice(lane, NOTICE_CORE_DOWN);
}

void lane_note_signer(struct lane *lane, size_t signer, bool serves) {
    chains_note(lane->chains, signer, serves);
    give_notice(lane, NOTICE_SIGNER);
}

/* Start and end. */

static enum err open_connections(struct lane *lane) {
    const struct settings *settings = lane->options.settings;
    const int64_t limit_ms[PHASES] = {
        [PHASE_HANDSHAKE] = settings->handshake_seconds * 1000,
        [PHASE_HEAD] = settings->request_deadline_ms,
        [PHASE_REQUEST] = settings->request_deadline_ms,
        [PHASE_ANSWER] = settings->write_seconds * 1000,
        [PHASE_IDLE] = settings->idle_seconds * 1000,
    };
    uint64_t epoch;
    if (getrandom(&epoch, sizeof epoch, 0) != (ssize_t)sizeof epoch)
        return ERR_SYSTEM;
    return connections_open(&lane->connections, (size_t)settings->connections + CUT_AT_ONCE, epoch,
                            limit_ms);
}

static enum err open_core(struct lane *lane) {
    static const struct serve_verb verbs[] = {
        {EDGE_ANSWER, SERVE_ANY_STATE, take_answer},
        {EDGE_CLIENTS, SERVE_ANY_STATE, take_clients},
    };
    const struct serve_peer_options options = {
        .name = "core",
        .verbs = verbs,
        .verb_count = sizeof verbs / sizeof *verbs,
        .lost = core_lost,
        .context = lane,
        .queue_bytes = (size_t)lane->options.settings->queue_bytes,
    };
    return serve_add_peer(lane->serve, lane->options.core_fd, &options, &lane->core);
}

static enum err open_chains(struct lane *lane) {
    struct chains_options options = {
        .lane = lane->options.index,
        .in_token = lane->options.tls->in_token,
        .count = lane->options.signer_count,
    };
    memcpy(options.fds, lane->options.signer_fds, sizeof options.fds);
    ERR_TRY(chains_open(&lane->chains, &options));
    return chains_join(lane->chains, lane->serve);
}

static enum err open_address(struct lane *lane, enum edge_profile profile, int listener) {
    struct address *address = &lane->addresses[lane->address_count];
    address->options = (struct http_options){
        .profile = profile,
        .settings = lane->options.settings,
        .tls = lane->options.tls,
        .clients = lane->options.clients,
        .connections = &lane->connections,
        .registered = &lane->registered,
        .chains = lane->chains,
        .tally = &lane->tally,
        .listener = listener,
        .forward = forward,
        .context = lane,
    };
    ERR_TRY(http_open(&address->http, &address->options));
    lane->address_count++;
    return http_join(address->http, lane->serve);
}

static enum err open_addresses(struct lane *lane) {
    ERR_TRY(open_address(lane, EDGE_PROFILE_MOSIP, lane->options.listener));
    if (lane->options.listener_jose < 0)
        return ERR_OK;
    return open_address(lane, EDGE_PROFILE_JOSE, lane->options.listener_jose);
}

static enum err open_parts(struct lane *lane) {
    lane->payload = malloc(FRAME_PAYLOAD_MAX);
    lane->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (lane->payload == NULL || lane->bell < 0)
        return ERR_SYSTEM;
    ERR_TRY(serve_open(&lane->serve, lane->options.pulse));
    ERR_TRY(serve_add_descriptor(lane->serve, lane->bell, take_notices, lane));
    ERR_TRY(open_connections(lane));
    ERR_TRY(open_core(lane));
    ERR_TRY(open_chains(lane));
    ERR_TRY(open_addresses(lane));
    serve_on_turn(lane->serve, turn, lane);
    return ERR_OK;
}

enum err lane_open(struct lane **lane, const struct lane_options *options) {
    struct lane *made = calloc(1, sizeof *made);
    if (made == NULL)
        return ERR_SYSTEM;
    made->options = *options;
    made->tally.lane = options->index;
    made->bell = -1;
    enum err err = open_parts(made);
    if (err != ERR_OK) {
        lane_close(made);
        return err;
    }
    *lane = made;
    return ERR_OK;
}

static void *run(void *context) {
    struct lane *lane = context;
    enum err err = serve_run(lane->serve);
    if (err == ERR_OK)
        err = lane->end;
    if (err == ERR_OK) {
        (void)turn_addresses(lane); /* those who waited get their 503 */
        tally_log_rest(&lane->tally);
        return NULL;
    }
    log_event(LOG_ERROR, "lane-ended", "lane=%u reason=%s", lane->options.index, err_text(err));
    _exit(BOOT_EXIT_FAILURE);
}

enum err lane_start(struct lane *lane) {
    if (pthread_create(&lane->thread, NULL, run, lane) != 0)
        return ERR_SYSTEM;
    lane->started = true;
    return ERR_OK;
}

void lane_close(struct lane *lane) {
    if (lane == NULL)
        return;
    if (lane->started) {
        give_notice(lane, NOTICE_STOP);
        (void)pthread_join(lane->thread, NULL);
    }
    for (size_t i = 0; i < lane->address_count; i++)
        http_close(lane->addresses[i].http);
    serve_close(lane->serve);
    chains_close(lane->chains);
    connections_close(&lane->connections);
    if (lane->bell >= 0)
        (void)close(lane->bell);
    free(lane->payload);
    free(lane);
}
