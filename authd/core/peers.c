#include <stdio.h>
#include <string.h>

#include "authd/core/peers.h"

#include "firmware/base/log.h"
#include "authd/core/biometric_flow.h"
#include "authd/core/biometric_plugin.h"
#include "authd/core/clients.h"
#include "authd/core/deliver.h"
#include "authd/core/flow.h"
#include "authd/core/jose_flow.h"
#include "authd/core/opening.h"
#include "authd/core/questions.h"
#include "authd/wire/notify_wire.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Every request of the lane may have an eKYC answer waiting to go the same way. */
#define QUEUE_BYTES ((size_t)LANE_REQUESTS_MAX * (STATEMENT_BODY_MAX + EDGE_SIGNATURE_MAX))

/* The request an answer belongs to, if it still waits for exactly this answer. */
static struct request *asker_of(struct lane *lane, const struct frame *frame, enum step step) {
    uint64_t slot = frame->id ^ lane->frame_ids;
    if (slot >= LANE_REQUESTS_MAX)
        return NULL;
    struct request *request = &lane->requests[slot];
    if (questions_is_for_unseal(step))
        lane->unseal_silent = 0;
    return request->step == step && request->generation == frame->generation ? request : NULL;
}

/* An answer that is malformed drops the peer; the request is asked again when its successor is
 * there. */
#define ANSWER_HANDLER(name, step_value, handler)                                                  \
    static enum err name(void *context, struct serve_peer *peer, const struct frame *frame) {      \
        struct lane *lane = context;                                                               \
        struct request *request = asker_of(lane, frame, step_value);                               \
        (void)peer;                                                                                \
        if (request != NULL)                                                                       \
            ERR_TRY(handler(lane, request, frame->payload));                                       \
        if (questions_is_for_unseal(step_value))                                                   \
            suspects_on_answer(lane, frame);                                                       \
        return ERR_OK;                                                                             \
    }
ANSWER_HANDLER(on_envelope, STEP_ENVELOPE, flow_on_envelope)
ANSWER_HANDLER(on_judged, STEP_FOREIGN, flow_on_judged)
ANSWER_HANDLER(on_payload, STEP_PAYLOAD, flow_on_payload)
ANSWER_HANDLER(on_looked_up, STEP_LOOKUP, flow_on_looked_up)
ANSWER_HANDLER(on_stated, STEP_STATEMENT, flow_on_stated)
ANSWER_HANDLER(on_jose_request, STEP_JOSE_REQUEST, jose_flow_on_request)
ANSWER_HANDLER(on_derived, STEP_JOSE_DERIVE, jose_flow_on_derived)
ANSWER_HANDLER(on_jose_sealed, STEP_JOSE_SEALED, jose_flow_on_sealed)
ANSWER_HANDLER(on_result, STEP_JOSE_RESULT, jose_flow_on_result)
ANSWER_HANDLER(on_samples, STEP_SAMPLES, biometric_flow_on_samples)

/* The request's key, or one of its segments'. */
static enum err on_unwrapped(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct lane *lane = context;
    struct request *of_request = asker_of(lane, frame, STEP_UNWRAP);
    struct request *of_segment = asker_of(lane, frame, STEP_SEGMENT_KEY);
    (void)peer;
    if (of_request != NULL)
        return flow_on_unwrapped(lane, of_request, frame->payload);
    return of_segment != NULL ? biometric_flow_on_key(lane, of_segment, frame->payload) : ERR_OK;
}

static enum err on_plugin_hello(void *context, struct serve_peer *peer, const struct frame *frame) {
    (void)peer;
    return biometric_plugin_on_hello(context, frame->payload);
}

static enum err on_compared(void *context, struct serve_peer *peer, const struct frame *frame) {
    (void)peer;
    return biometric_plugin_on_compared(context, frame);
}

static struct lane_signer *signer_of(struct lane *lane, const struct serve_peer *peer) {
    for (unsigned i = 0; i < lane->core->signer_count; i++) {
        if (lane->signers[i].peer == peer)
            return &lane->signers[i];
    }
    return NULL;
}

/* What waits for this signer, or for any, is asked again. */
static void ask_signers_again(struct lane *lane, unsigned index) {
    for (size_t i = 0; i < LANE_REQUESTS_MAX; i++) {
        struct request *request = &lane->requests[i];
        if (questions_is_for_signer(request->step) &&
            (request->signer == index || request->signer == LANE_NO_SIGNER))
            flow_ask_again(lane, request);
    }
}

static enum err on_signer_hello(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct lane *lane = context;
    struct hsm_hello hello;
    struct lane_signer *signer = signer_of(lane, peer);
    ERR_TRY(hsm_wire_get_hello(frame->payload, &hello));
    if (signer == NULL)
        return ERR_MALFORMED;
    /* The same process says it again when its keys have changed: it has what it was asked. */
    bool is_known = signer->ready &&
                    memcmp(signer->process_id, hello.process_id, sizeof(signer->process_id)) == 0;
    memcpy(signer->process_id, hello.process_id, sizeof(signer->process_id));
    signer->keyring_sequence = hello.keyring_sequence;
    signer->ready = signer->provisioned = hello.provisioned;
    signer->is_up = true;
    if (signer->ready && !is_known)
        ask_signers_again(lane, (unsigned)(signer - lane->signers));
    if (lane->index == 0)
        opening_on_signer(lane, signer);
    return ERR_OK;
}

static enum err on_notify_hello(void *context, struct serve_peer *peer, const struct frame *frame) {
    (void)peer;
    return deliver_on_hello(context, frame->payload);
}

static enum err on_delivered(void *context, struct serve_peer *peer, const struct frame *frame) {
    (void)peer;
    return deliver_on_delivered(context, frame);
}

static const struct serve_verb edge_verbs[] = {{EDGE_REQUEST, SERVE_ANY_STATE, lane_on_request}};
static const struct serve_verb unseal_verbs[] = {
    {UNSEAL_ENVELOPE_READ, SERVE_ANY_STATE, on_envelope},
    {UNSEAL_FOREIGN_JUDGED, SERVE_ANY_STATE, on_judged},
    {UNSEAL_PAYLOAD_READ, SERVE_ANY_STATE, on_payload},
    {UNSEAL_SAMPLES_READ, SERVE_ANY_STATE, on_samples},
    {JOSE_REQUEST_READ, SERVE_ANY_STATE, on_jose_request},
    {JOSE_SEALED_READ, SERVE_ANY_STATE, on_jose_sealed},
};
static const struct serve_verb signer_verbs[] = {
    {HSM_HELLO, SERVE_ANY_STATE, on_signer_hello},
    {HSM_UNWRAPPED, SERVE_ANY_STATE, on_unwrapped},
    {HSM_LOOKED_UP, SERVE_ANY_STATE, on_looked_up},
    {HSM_STATED, SERVE_ANY_STATE, on_stated},
    {HSM_DERIVED, SERVE_ANY_STATE, on_derived},
    {HSM_RESULT_SIGNED, SERVE_ANY_STATE, on_result},
    /* lane 0 alone asks these */
    {HSM_ROOT_OPENED, SERVE_ANY_STATE, opening_on_root},
    {HSM_PUBLICATION, SERVE_ANY_STATE, opening_on_publication},
    {HSM_CHECKPOINTED, SERVE_ANY_STATE, opening_on_checkpoint},
    {HSM_HIGH_WATER_IS, SERVE_ANY_STATE, opening_on_high_water},
};
static const struct serve_verb notify_verbs[] = {
    {NOTIFY_HELLO, SERVE_ANY_STATE, on_notify_hello},
    {NOTIFY_DELIVERED, SERVE_ANY_STATE, on_delivered},
};

static const struct serve_verb plugin_verbs[] = {
    {PLUGIN_HELLO, SERVE_ANY_STATE, on_plugin_hello},
    {PLUGIN_COMPARED, SERVE_ANY_STATE, on_compared},
};

void peers_down(struct lane *lane, const char *role, uint16_t index) {
    if (strcmp(role, "hsm") == 0 && index < lane->core->signer_count) {
        lane->signers[index].ready = lane->signers[index].is_up = false;
        ask_signers_again(lane, index);
    } else if (strcmp(role, "unseal") == 0 && index == lane->index) {
        suspects_on_death(lane);
    } else if (strcmp(role, "notify") == 0) {
        lane->notify_epoch = 0;
        deliver_on_death(lane);
    } else if (strcmp(role, "plugin") == 0 && index == lane->index) {
        biometric_plugin_on_down(lane);
    }
}

/* The processes a lane talks to. */
static const struct lane_link {
    const char *role;
    const struct serve_verb *verbs;
    size_t verb_count;
    bool own_lane; /* one process a lane, so that its index is the lane's */
} links[] = {
    {"edge", edge_verbs, COUNT(edge_verbs), false},
    {"unseal", unseal_verbs, COUNT(unseal_verbs), true},
    {"notify", notify_verbs, COUNT(notify_verbs), false},
    {"hsm", signer_verbs, COUNT(signer_verbs), false},
    {"plugin", plugin_verbs, COUNT(plugin_verbs), true},
};
enum { LINK_EDGE, LINK_UNSEAL, LINK_NOTIFY, LINK_HSM, LINK_PLUGIN };

static void on_lost(void *context, struct serve_peer *peer, enum err reason);

/* Sockets outlive processes: a peer that is there already stays. */
static enum err add_peer(struct lane *lane, const struct lane_link *link, uint16_t index,
                         struct serve_peer **peer) {
    if (*peer != NULL)
        return ERR_OK;
    int fd = boot_peer_fd(lane->core->boot, link->role, index, (uint16_t)lane->index);
    if (fd < 0)
        return ERR_NOT_FOUND;
    const struct serve_peer_options options = {.name = link->role,
                                               .verbs = link->verbs,
                                               .verb_count = link->verb_count,
                                               .lost = on_lost,
                                               .context = lane,
                                               .queue_bytes = QUEUE_BYTES};
    return serve_add_peer(lane->serve, fd, &options, peer);
}

enum err peers_add(struct lane *lane) {
    ERR_TRY(add_peer(lane, &links[LINK_EDGE], 0, &lane->edge));
    ERR_TRY(add_peer(lane, &links[LINK_UNSEAL], (uint16_t)lane->index, &lane->unseal));
    ERR_TRY(add_peer(lane, &links[LINK_NOTIFY], 0, &lane->notify));
    for (unsigned i = 0; i < lane->core->signer_count; i++)
        ERR_TRY(add_peer(lane, &links[LINK_HSM], (uint16_t)i, &lane->signers[i].peer));
    enum err result =
        add_peer(lane, &links[LINK_PLUGIN], (uint16_t)lane->index, &lane->plugin.peer);
    return result == ERR_NOT_FOUND ? ERR_OK : result; /* not every box has one */
}

/* The places beside the signers'. */
enum { FIXED_PLACES = 4 };

/* The place that holds this peer, with its role and index; NULL when it is none of ours. */
static struct serve_peer **place_of(struct lane *lane, const struct serve_peer *peer,
                                    struct lane_event *event) {
    struct {
        struct serve_peer **place;
        const char *role;
        uint16_t index;
    } places[FIXED_PLACES + CORE_SIGNERS_MAX] = {
        {&lane->edge, "edge", 0},
        {&lane->unseal, "unseal", (uint16_t)lane->index},
        {&lane->notify, "notify", 0},
        {&lane->plugin.peer, "plugin", (uint16_t)lane->index}};
    for (unsigned i = 0; i < lane->core->signer_count; i++) {
        places[FIXED_PLACES + i].place = &lane->signers[i].peer;
        places[FIXED_PLACES + i].role = "hsm";
        places[FIXED_PLACES + i].index = (uint16_t)i;
    }
    for (size_t i = 0; i < FIXED_PLACES + lane->core->signer_count; i++) {
        if (*places[i].place == peer) {
            snprintf(event->role, sizeof(event->role), "%s", places[i].role);
            event->index = places[i].index;
            return places[i].place;
        }
    }
    return NULL;
}

/* A peer that broke the protocol: nothing it says counts any more until authd has replaced it. */
static void on_lost(void *context, struct serve_peer *peer, enum err reason) {
    struct lane *lane = context;
    struct lane_event event = {.kind = LANE_PEER_LOST};
    struct serve_peer **place = place_of(lane, peer, &event);
    if (place == NULL)
        return;
    *place = NULL;
    if (place == &lane->unseal)
        suspects_on_death(lane);
    if (place == &lane->plugin.peer)
        biometric_plugin_on_lost(lane);
    log_event(LOG_ERROR, "peer-broke-protocol", "role=%s index=%u lane=%u why=%s", event.role,
              event.index, lane->index, err_text(reason));
    lane_post(&lane->core->lanes[0], &event);
}

/* A death that lane 0 told late may have come after its successor's hello: that one is ready. */
static void trust_hello(struct lane *lane, uint16_t index) {
    struct lane_signer *signer = &lane->signers[index];
    signer->is_up = true;
    if (signer->ready || !signer->provisioned)
        return;
    signer->ready = true;
    ask_signers_again(lane, index);
}

void peers_up(struct lane *lane, const char *role, uint16_t index) {
    for (size_t i = 0; i < COUNT(links); i++) {
        int fd = boot_peer_fd(lane->core->boot, role, index, (uint16_t)lane->index);
        struct serve_peer **place = strcmp(role, "edge") == 0     ? &lane->edge
                                    : strcmp(role, "notify") == 0 ? &lane->notify
                                    : strcmp(role, "unseal") == 0 ? &lane->unseal
                                    : strcmp(role, "plugin") == 0 ? &lane->plugin.peer
                                                                  : &lane->signers[index].peer;
        bool ours =
            strcmp(links[i].role, role) == 0 && (!links[i].own_lane || index == lane->index);
        if (!ours || fd < 0 || *place != NULL)
            continue;
        if (place != &lane->plugin.peer) /* which left one answer at most; this may be a HELLO */
            frame_discard(fd);
        if (add_peer(lane, &links[i], index, place) != ERR_OK)
            log_event(LOG_ERROR, "peer-not-added", "role=%s index=%u", role, index);
    }
    if (strcmp(role, "unseal") == 0 && index == lane->index)
        suspects_on_successor(lane);
    if (strcmp(role, "hsm") == 0 && index < lane->core->signer_count)
        trust_hello(lane, index);
    if (strcmp(role, "edge") == 0)
        clients_forget(lane);
}
