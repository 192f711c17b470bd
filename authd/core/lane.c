#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "authd/core/lane.h"

#include "firmware/base/log.h"
#include "authd/core/biometric_plugin.h"
#include "authd/core/biometric_workspace.h"
#include "authd/core/clients.h"
#include "authd/core/deliver.h"
#include "authd/core/due.h"
#include "authd/core/flow.h"
#include "authd/core/key_use.h"
#include "authd/core/opening.h"
#include "authd/core/peers.h"
#include "authd/core/public.h"
#include "authd/core/questions.h"

enum { TICK_MS = 50, LANE_HANG_MS = 5000, UNSEAL_SILENT_MAX = 3, NOT_SERVING_RETRY_MS = 1000 };
/* Less than authd waits before it stops the notifier too. */
enum { STOPPING_MS = 1000 };

void lane_release(struct lane *lane, struct request *request) {
    key_use_count(lane->core, request);
    request_release(request);
    lane->free_slots[lane->free_count++] = request->index;
}

static void send_answer(struct lane *lane, uint64_t id, uint32_t generation,
                        const struct edge_answer *answer) {
    struct buffer payload = buffer_over(lane->scratch, FRAME_PAYLOAD_MAX);
    struct frame frame = {.type = EDGE_ANSWER, .id = id, .generation = generation};
    edge_wire_put_answer(&payload, answer);
    enum err result = lane->edge != NULL ? buffer_end(&payload, &frame.payload) : ERR_CLOSED;
    if (result == ERR_OK)
        result = serve_send(lane->edge, &frame);
    if (result != ERR_OK)
        log_event(LOG_WARNING, "answer-not-sent", "why=%s", err_text(result));
}

void lane_send(struct lane *lane, const struct request *request) {
    send_answer(lane, request->edge_id, request->edge_generation, &request->edge_answer);
}

void lane_answer(struct lane *lane, struct request *request) {
    lane_send(lane, request);
    lane_release(lane, request);
}

void lane_answer_bare(struct lane *lane, struct request *request, uint16_t status) {
    if (request->otp.data != NULL)
        deliver_abandon(lane, request);
    request->edge_answer = (struct edge_answer){.status = status, .content = EDGE_NO_CONTENT};
    lane_answer(lane, request);
}

enum err lane_ask(struct lane *lane, struct request *request, struct serve_peer *peer,
                  uint16_t type, const struct buffer *payload) {
    struct frame frame = {
        .type = type, .id = lane->frame_ids | request->index, .generation = ++request->generation};
    ERR_TRY(buffer_end(payload, &frame.payload));
    return serve_send(peer, &frame);
}

unsigned lane_choose_signer(const struct lane *lane, const struct request *request) {
    unsigned count = lane->core->signer_count, last = request->signer;
    for (unsigned i = 0; i < count; i++) {
        unsigned signer = (lane->index + i) % count;
        if (lane->signers[signer].ready && lane->signers[signer].peer != NULL &&
            (signer != last || count == 1))
            return signer;
    }
    return last < count && lane->signers[last].ready ? last : LANE_NO_SIGNER;
}

bool lane_take_unverified(struct lane *lane) {
    double rate = (double)lane->core->settings.unverified_answers_a_second / lane->core->lane_count;
    double most = rate < 1 ? 1 : rate;
    int64_t now_ms = clock_boot_ms();
    lane->unverified_tokens += rate * (double)(now_ms - lane->unverified_filled_ms) / 1000;
    if (lane->unverified_tokens > most)
        lane->unverified_tokens = most;
    lane->unverified_filled_ms = now_ms;
    if (lane->unverified_tokens < 1)
        return false;
    lane->unverified_tokens -= 1;
    return true;
}

/* Copies what edge sent, so that the views outlive the frame. */
static enum err keep_request(struct request *request, struct bytes payload) {
    request->raw = malloc(payload.len);
    if (request->raw == NULL)
        return ERR_FULL;
    request->raw_len = payload.len;
    memcpy(request->raw, payload.data, payload.len);
    return edge_wire_get_request(bytes_of(request->raw, payload.len), &request->edge);
}

static void answer_at_once(struct lane *lane, const struct frame *frame,
                           const struct edge_request *edge) {
    uint8_t memory[PUBLIC_BODY_MAX];
    struct buffer body = buffer_over(memory, sizeof(memory));
    struct edge_answer answer = {.status = 503, .content = EDGE_NO_CONTENT};
    if (edge->profile == EDGE_PROFILE_JOSE)
        problem_answer(PROBLEM_UNAVAILABLE, NOT_SERVING_RETRY_MS, &answer);
    if (edge->method == EDGE_GET)
        public_answer(lane->core, edge->path, &body, &answer);
    send_answer(lane, frame->id, frame->generation, &answer);
}

/* Refusals wait for their time, and a programme that repeats them would sit in every slot. */
static bool has_its_share(const struct lane *lane, const struct edge_request *edge) {
    size_t own = 0;
    if (edge->profile != EDGE_PROFILE_JOSE ||
        LANE_REQUESTS_MAX - lane->free_count < LANE_REQUESTS_A_CLIENT)
        return false;
    for (size_t i = 0; i < LANE_REQUESTS_MAX; i++)
        own += memcmp(lane->requests[i].edge.client_thumbprint, edge->client_thumbprint,
                      sizeof(edge->client_thumbprint)) == 0;
    return own >= LANE_REQUESTS_A_CLIENT;
}

enum err lane_on_request(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct lane *lane = context;
    struct edge_request edge;
    (void)peer;
    ERR_TRY(edge_wire_get_request(frame->payload, &edge));
    bool serving = atomic_load(&lane->core->opened) &&
                   atomic_load(&lane->core->state) == BOX_OPERATIONAL && lane->free_count > 0;
    if (edge.method == EDGE_GET || !serving || has_its_share(lane, &edge)) {
        answer_at_once(lane, frame, &edge);
        return ERR_OK;
    }
    struct request *request = &lane->requests[lane->free_slots[--lane->free_count]];
    request->edge_id = frame->id;
    request->edge_generation = frame->generation;
    request->signer = LANE_NO_SIGNER;
    if (keep_request(request, frame->payload) != ERR_OK)
        lane_answer_bare(lane, request, 503);
    else
        flow_begin(lane, request);
    return ERR_OK;
}

void lane_stop(struct lane *lane) {
    if (lane->stop_boot_ms == 0)
        lane->stop_boot_ms = clock_boot_ms() + STOPPING_MS;
}

static bool has_ended(const struct lane *lane, int64_t now_ms) {
    return lane->stop_boot_ms != 0 && (lane->delivery_count == 0 || now_ms >= lane->stop_boot_ms);
}

static void on_event(struct lane *lane, const struct lane_event *event) {
    if (event->kind == LANE_STOP)
        lane_stop(lane);
    else if (event->kind == LANE_PEER_DOWN)
        peers_down(lane, event->role, event->index);
    else if (event->kind == LANE_PEER_UP)
        peers_up(lane, event->role, event->index);
    else if (boot_report_peer(lane->serve, event->role, event->index) != ERR_OK)
        log_event(LOG_ERROR, "peer-not-reported", "role=%s index=%u", event->role, event->index);
}

static void on_events(void *context, int fd) {
    struct lane *lane = context;
    struct lane_event events[LANE_EVENTS_MAX];
    uint64_t count;
    if (read(fd, &count, sizeof(count)) < 0)
        return;
    pthread_mutex_lock(&lane->event_lock);
    size_t event_count = lane->event_count;
    memcpy(events, lane->events, event_count * sizeof(events[0]));
    lane->event_count = 0;
    pthread_mutex_unlock(&lane->event_lock);
    for (size_t i = 0; i < event_count; i++) {
        on_event(lane, &events[i]);
    }
}

void lane_wake(struct lane *lane) {
    uint64_t one = 1;
    if (write(lane->event_fd, &one, sizeof(one)) < 0)
        log_event(LOG_ERROR, "lane-not-woken", "lane=%u", lane->index);
}

void lane_post(struct lane *lane, const struct lane_event *event) {
    pthread_mutex_lock(&lane->event_lock);
    bool fits = lane->event_count < LANE_EVENTS_MAX;
    if (fits)
        lane->events[lane->event_count++] = *event;
    pthread_mutex_unlock(&lane->event_lock);
    if (!fits) { /* a lane that misses a death or a birth waits for ever: better start anew */
        log_event(LOG_ERROR, "lane-mailbox-full", "lane=%u", lane->index);
        _exit(BOOT_EXIT_FAILURE);
    }
    lane_wake(lane);
}

static void on_journal(void *context, int fd) {
    struct lane *lane = context;
    (void)fd;
    struct journal_entry *next;
    for (struct journal_entry *entry = journal_reap(lane->core->journal, lane->index);
         entry != NULL; entry = next) {
        next = entry->next;
        if (entry->kind == JOURNAL_REQUEST)
            flow_on_recorded(
                lane, (struct request *)((uint8_t *)entry - offsetof(struct request, entry)));
        else if (entry->kind == JOURNAL_DELIVERY)
            free(entry);
        else
            opening_on_recorded(lane, entry);
    }
}

/* authd watches the pulse of lane 0, which watches the others: a lane that hangs ends the process.
 */
static void watch_lanes(struct lane *first, int64_t now_ms) {
    const struct core *core = first->core;
    lane_watch_note(&first->watch, now_ms);
    for (unsigned i = 1; i < core->lane_count; i++) {
        int64_t beat_ms = atomic_load(&core->lanes[i].pulse.beat_ms);
        int64_t silent_ms = lane_watch_silent_ms(&first->watch, beat_ms, now_ms);
        if (silent_ms < LANE_HANG_MS)
            continue;
        log_event(LOG_ERROR, "lane-hangs", "lane=%u silent-ms=%lld", i, (long long)silent_ms);
        _exit(BOOT_EXIT_FAILURE);
    }
}

/* A worker that lives but lets requests pass their deadline is replaced, as one that breaks the
 * protocol. */
static void give_up_waiting(struct lane *lane, struct request *request) {
    bool is_silent =
        questions_is_for_unseal(request->step) && lane->suspects.stage != SUSPECTS_AWAIT_SUCCESSOR;
    if (is_silent && ++lane->unseal_silent == UNSEAL_SILENT_MAX) {
        struct lane_event event = {.kind = LANE_PEER_LOST, .role = "unseal"};
        event.index = (uint16_t)lane->index;
        log_event(LOG_ERROR, "unseal-silent", "lane=%u", lane->index);
        lane_post(&lane->core->lanes[0], &event);
        lane->unseal_silent = 0;
    }
    flow_deny(lane, request);
}

/* What is being recorded comes back by itself, as does what waits for its time. */
static bool waits_for_answer(const struct request *request) {
    return questions_is_for_unseal(request->step) || questions_is_for_signer(request->step);
}

/* Deadlines, and questions that a silent signer has not answered. */
static void sweep(struct lane *lane, int64_t now_ms) {
    int64_t retry_ms = lane->core->settings.question_retry_ms;
    lane->swept_boot_ms = now_ms;
    for (size_t i = 0; i < LANE_REQUESTS_MAX; i++) {
        struct request *request = &lane->requests[i];
        if (!waits_for_answer(request))
            continue;
        if (now_ms > request->deadline_boot_ms)
            give_up_waiting(lane, request);
        else if (questions_is_for_signer(request->step) &&
                 now_ms > request->asked_boot_ms + retry_ms)
            flow_ask_again(lane, request);
    }
    suspects_turn(lane);
    biometric_plugin_turn(lane, now_ms);
}

/* Of two waits in milliseconds, where -1 is for ever. */
static int sooner(int one, int other) {
    return other < 0 || (one >= 0 && one < other) ? one : other;
}

/* Turns come by the thousand a second; to sweep once a tick is soon enough. */
static int on_turn(void *context) {
    struct lane *lane = context;
    int64_t now_ms = clock_boot_ms();
    bool idle = lane->free_count == LANE_REQUESTS_MAX && lane->stop_boot_ms == 0;
    if (has_ended(lane, now_ms))
        serve_stop(lane->serve);
    if (!idle && now_ms - lane->swept_boot_ms >= TICK_MS)
        sweep(lane, now_ms);
    int wanted = clients_turn(lane);
    if (lane->index == 0) {
        watch_lanes(lane, now_ms);
        wanted = sooner(wanted, opening_turn(lane));
        key_use_turn(lane, now_ms);
    }
    return idle ? wanted : sooner(wanted, TICK_MS);
}

enum err lane_open(struct lane *lane, struct core *core, unsigned index, struct pulse *pulse) {
    *lane = (struct lane){.core = core, .index = index, .event_fd = -1, .due_fd = -1};
    lane->requests = calloc(LANE_REQUESTS_MAX, sizeof(*lane->requests));
    lane->scratch = malloc(FRAME_PAYLOAD_MAX);
    lane->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (lane->requests == NULL || lane->scratch == NULL || lane->event_fd < 0)
        return ERR_SYSTEM;
    for (size_t i = 0; i < LANE_DELIVERIES_MAX; i++)
        lane->deliveries[i].generation = randombytes_random();
    /* Sockets outlive processes: an answer to a predecessor's question must fit none of ours. */
    lane->frame_ids = (uint64_t)randombytes_random() << 32;
    for (uint32_t i = 0; i < LANE_REQUESTS_MAX; i++) {
        lane->requests[i].index = i;
        lane->requests[i].generation = randombytes_random();
        lane->free_slots[lane->free_count++] = LANE_REQUESTS_MAX - 1 - i;
    }
    pthread_mutex_init(&lane->event_lock, NULL);
    lane->unverified_filled_ms = clock_boot_ms();
    ERR_TRY(biometric_workspace_new(&lane->biometric_memory, &lane->biometrics));
    ERR_TRY(signature_cache_new(&lane->signatures));
    ERR_TRY(p256_cache_new(&lane->keys));
    ERR_TRY(programmes_new(&lane->programmes));
    ERR_TRY(serve_open(&lane->serve, pulse));
    ERR_TRY(peers_add(lane));
    ERR_TRY(due_open(lane));
    ERR_TRY(serve_add_descriptor(lane->serve, lane->event_fd, on_events, lane));
    if (core->journal != NULL)
        ERR_TRY(serve_add_descriptor(lane->serve, journal_lane_descriptor(core->journal, index),
                                     on_journal, lane));
    serve_on_turn(lane->serve, on_turn, lane);
    return ERR_OK;
}

static void *run(void *context) {
    struct lane *lane = context;
    enum err result = serve_run(lane->serve);
    if (result != ERR_OK) {
        log_event(LOG_ERROR, "lane-failed", "lane=%u why=%s", lane->index, err_text(result));
        _exit(BOOT_EXIT_FAILURE);
    }
    return NULL;
}

enum err lane_start(struct lane *lane) {
    return pthread_create(&lane->thread, NULL, run, lane) == 0 ? ERR_OK : ERR_SYSTEM;
}

void lane_join(struct lane *lane) {
    pthread_join(lane->thread, NULL);
}

void lane_close(struct lane *lane) {
    for (size_t i = 0; i < LANE_REQUESTS_MAX && lane->requests != NULL; i++)
        request_release(&lane->requests[i]);
    serve_close(lane->serve);
    due_close(lane);
    signature_cache_free(lane->signatures);
    p256_cache_free(lane->keys);
    programmes_free(lane->programmes);
    secret_free(&lane->biometric_memory);
    free(lane->requests);
    free(lane->scratch);
    close(lane->event_fd);
}
