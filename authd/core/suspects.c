#include "authd/core/suspects.h"

#include "firmware/base/log.h"
#include "authd/core/flow.h"
#include "authd/core/lane.h"
#include "authd/core/questions.h"

/* No slot has this number. */
enum { PROBE_SLOT = LANE_REQUESTS_MAX };

static bool waits_for_unseal(const struct request *request) {
    return questions_is_for_unseal(request->step);
}

/* The smallest question there is: a request for nothing. Whatever was asked before it is answered
 * before it. */
static void send_probe(struct lane *lane) {
    const struct edge_request nothing = {.method = EDGE_POST};
    struct buffer payload = buffer_over(lane->scratch, FRAME_PAYLOAD_MAX);
    struct frame frame = {.type = UNSEAL_ENVELOPE,
                          .id = lane->frame_ids | PROBE_SLOT,
                          .generation = lane->suspects.probe};
    lane->suspects.stage = SUSPECTS_AWAIT_PROBE;
    unseal_wire_put_envelope_question(&payload, &nothing);
    enum err result = buffer_end(&payload, &frame.payload);
    if (result == ERR_OK)
        result = lane->unseal != NULL ? serve_send(lane->unseal, &frame) : ERR_CLOSED;
    if (result != ERR_OK) /* those who wait for it pass their deadline, and it is replaced */
        log_event(LOG_ERROR, "probe-not-sent", "lane=%u why=%s", lane->index, err_text(result));
}

static struct request *next_suspect(struct lane *lane) {
    for (size_t i = 0; i < LANE_REQUESTS_MAX; i++) {
        struct request *request = &lane->requests[i];
        if (request->is_suspect && waits_for_unseal(request))
            return request;
    }
    return NULL;
}

/* All have been tried: who waited meanwhile is asked. */
static void end_trials(struct lane *lane) {
    lane->suspects.stage = SUSPECTS_NONE;
    for (size_t i = 0; i < LANE_REQUESTS_MAX; i++) {
        if (waits_for_unseal(&lane->requests[i]))
            flow_ask_again(lane, &lane->requests[i]);
    }
}

static void try_next(struct lane *lane) {
    struct suspects *suspects = &lane->suspects;
    struct request *request = next_suspect(lane);
    if (request == NULL) {
        end_trials(lane);
        return;
    }
    suspects->stage = SUSPECTS_ON_TRIAL;
    suspects->tried = request->index;
    flow_ask_again(lane, request);
    suspects->trial = request->generation;
    request->is_suspect = false; /* what it asks after this waits as everybody's does */
}

static bool is_on_trial(const struct lane *lane) {
    const struct request *request = &lane->requests[lane->suspects.tried];
    return lane->suspects.stage == SUSPECTS_ON_TRIAL && waits_for_unseal(request) &&
           request->generation == lane->suspects.trial;
}

void suspects_on_death(struct lane *lane) {
    struct suspects *suspects = &lane->suspects;
    bool was_trusted = suspects->stage == SUSPECTS_NONE, is_guilty = is_on_trial(lane);
    struct request *tried = &lane->requests[suspects->tried];
    suspects->stage = SUSPECTS_AWAIT_SUCCESSOR;
    suspects->probe++;
    for (size_t i = 0; i < LANE_REQUESTS_MAX && was_trusted; i++)
        lane->requests[i].is_suspect = waits_for_unseal(&lane->requests[i]);
    if (!is_guilty)
        return;
    log_event(LOG_ERROR, "request-kills-unseal", "step=%d", tried->step);
    flow_deny(lane, tried);
}

/* Once more if it awaits the probe already: a worker may have died with it before it was ready. */
void suspects_on_successor(struct lane *lane) {
    if (lane->suspects.stage == SUSPECTS_AWAIT_SUCCESSOR ||
        lane->suspects.stage == SUSPECTS_AWAIT_PROBE)
        send_probe(lane);
}

void suspects_on_answer(struct lane *lane, const struct frame *answer) {
    const struct suspects *suspects = &lane->suspects;
    bool is_probe = suspects->stage == SUSPECTS_AWAIT_PROBE &&
                    answer->id == (lane->frame_ids | PROBE_SLOT) &&
                    answer->generation == suspects->probe;
    bool is_trial = suspects->stage == SUSPECTS_ON_TRIAL &&
                    answer->id == (lane->frame_ids | suspects->tried) &&
                    answer->generation == suspects->trial;
    if (is_probe || is_trial)
        try_next(lane);
}

void suspects_turn(struct lane *lane) {
    if (lane->suspects.stage == SUSPECTS_ON_TRIAL && !is_on_trial(lane))
        send_probe(lane);
}

bool suspects_may_ask(const struct lane *lane, const struct request *request) {
    const struct suspects *suspects = &lane->suspects;
    if (suspects->stage == SUSPECTS_ON_TRIAL)
        return request->is_suspect && request->index == suspects->tried;
    return suspects->stage == SUSPECTS_NONE;
}
