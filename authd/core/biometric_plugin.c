#include <stdio.h>
#include <string.h>

#include "authd/core/biometric_plugin.h"

#include "firmware/base/log.h"
#include "authd/core/biometric_exchange.h"
#include "authd/core/biometric_match.h"
#include "authd/core/biometric_score.h"
#include "authd/core/biometric_workspace.h"
#include "authd/core/flow.h"
#include "authd/wire/biometric_name.h"

/* Each score is found again by the place of its pair. */
_Static_assert((int)PLUGIN_PRESENTED_MAX >= (int)POLICY_BOUND_FINGERS_MOST &&
                   (int)PLUGIN_ENROLLED_MAX >= (int)ENROLLED_MAX,
               "a question has room for all that is presented and enrolled");

uint8_t biometric_plugin_modalities(const struct lane *lane) {
    return lane->plugin.modalities;
}

bool biometric_plugin_is_wanted(const struct request *request) {
    return request->biometric != NULL && request->biometric->to_compare != 0;
}

/* Not compared, for a reason that is not the person's: no try is counted. */
static void fail(struct lane *lane, struct request *request, const char *why) {
    log_event(LOG_ERROR, "images-not-compared", "lane=%u why=%s", lane->index, why);
    if (request_is_jose(request)) {
        flow_deny(lane, request);
        return;
    }
    request_refuse(request, MOSIP_BIA_017, "plug-in", "images-not-compared");
    flow_conclude(lane, request);
}

/* ---- the question ---- */

static enum biometric_modality next_modality(const struct biometric_exchange *exchange) {
    enum biometric_modality modality = BIOMETRIC_FINGER;
    while ((exchange->to_compare & BIOMETRIC_BIT(modality)) == 0 && modality < BIOMETRIC_FACE)
        modality++;
    return modality;
}

static bool is_image_of(const struct sample *sample, enum biometric_modality modality) {
    return sample->kind == SAMPLE_IMAGE && biometric_name_modality(sample->capture) == modality;
}

/* Everything is in the workspace. */
static void fill(const struct lane *lane, const struct biometric_exchange *exchange,
                 struct plugin_compare *question) {
    const struct biometric_workspace *workspace = exchange->workspace;
    enum biometric_modality modality = next_modality(exchange);
    const struct biometric_plugin_pairs pairs = {.plugin = lane->plugin.name, .modality = modality};
    question->presented_count = question->enrolled_count = 0;
    for (size_t i = 0; i < workspace->samples.count; i++) {
        const struct sample *sample = &workspace->samples.samples[i];
        if (is_image_of(sample, modality) && question->presented_count < PLUGIN_PRESENTED_MAX)
            question->presented[question->presented_count++] =
                (struct plugin_record){.modality = modality,
                                       .position = sample->position,
                                       .format = sample->format,
                                       .data = sample->data};
    }
    for (size_t i = 0; i < workspace->enrolled.count; i++) {
        const struct enrolled_part *part = &workspace->enrolled.parts[i];
        if (biometric_score_is_pair(&pairs, part) && question->enrolled_count < PLUGIN_ENROLLED_MAX)
            question->enrolled[question->enrolled_count++] = (struct plugin_record){
                .modality = modality, .position = part->position, .data = part->data};
    }
}

/* ERR_NOT_FOUND: nothing of the modality is enrolled that this plug-in could read. */
static enum err ask(struct lane *lane, struct request *request) {
    struct biometric_exchange *exchange = request->biometric;
    struct plugin_compare question;
    struct buffer payload = buffer_over(lane->scratch, FRAME_PAYLOAD_MAX);
    enum err result = biometric_match_open(lane->core, request);
    if (result == ERR_OK)
        fill(lane, exchange, &question);
    if (result == ERR_OK && (question.presented_count == 0 || question.enrolled_count == 0))
        result = ERR_NOT_FOUND;
    if (result == ERR_OK) {
        plugin_wire_put_compare(&payload, &question);
        result = lane_ask(lane, request, lane->plugin.peer, PLUGIN_COMPARE, &payload);
        secret_wipe(lane->scratch, payload.len);
    }
    biometric_workspace_wipe(exchange->workspace);
    return result;
}

/* ---- whose turn it is ---- */

static struct request *next_in_line(struct lane *lane) {
    struct request *next = NULL;
    for (size_t i = 0; i < LANE_REQUESTS_MAX; i++) {
        struct request *request = &lane->requests[i];
        if (request->step == STEP_COMPARE &&
            (next == NULL || request->biometric->compare_ticket < next->biometric->compare_ticket))
            next = request;
    }
    return next;
}

/* The modality is done; a request whose last one it was goes on. */
static void finish_modality(struct lane *lane, struct request *request) {
    struct biometric_exchange *exchange = request->biometric;
    exchange->to_compare &= (uint8_t)~BIOMETRIC_BIT(next_modality(exchange));
    if (exchange->to_compare == 0)
        flow_resume(lane, request);
}

static void serve_line(struct lane *lane) {
    struct lane_plugin *plugin = &lane->plugin;
    while (plugin->peer != NULL && plugin->ready && !plugin->asking) {
        struct request *request = next_in_line(lane);
        if (request == NULL)
            return;
        enum err result = ask(lane, request);
        if (result == ERR_NOT_FOUND) {
            log_event(LOG_INFO, "images-compared-with-nothing", "lane=%u why=no-template-of-%s",
                      lane->index, plugin->name);
            finish_modality(lane, request);
        } else if (result != ERR_OK) {
            fail(lane, request, err_text(result));
        } else {
            plugin->asking = true;
            plugin->asked_boot_ms = clock_boot_ms();
            plugin->slot = request->index;
            plugin->generation = request->generation;
        }
    }
}

void biometric_plugin_wait(struct lane *lane, struct request *request) {
    request->step = STEP_COMPARE;
    request->biometric->compare_boot_ms = clock_boot_ms();
    request->biometric->compare_ticket = lane->plugin.tickets++;
    serve_line(lane);
}

/* ---- the answer ---- */

/* The request that the outstanding question is of, if it still waits for it. */
static struct request *asker(struct lane *lane) {
    struct request *request = &lane->requests[lane->plugin.slot];
    bool waits = lane->plugin.asking && request->step == STEP_COMPARE &&
                 request->generation == lane->plugin.generation;
    return waits ? request : NULL;
}

/* The scores of each image, by the positions that may meet. */
static void keep_scores(struct lane *lane, struct request *request,
                        const struct plugin_compared *answer) {
    struct biometric_exchange *exchange = request->biometric;
    const struct biometric_workspace *workspace = exchange->workspace;
    struct biometric_plugin_pairs pairs = {.enrolled = &workspace->enrolled,
                                           .plugin = lane->plugin.name,
                                           .modality = next_modality(exchange),
                                           .any_position = request->policy.biometrics.any_position};
    size_t at = 0;
    for (size_t i = 0; i < workspace->samples.count && at < answer->presented_count; i++) {
        if (!is_image_of(&workspace->samples.samples[i], pairs.modality))
            continue;
        pairs.position = workspace->samples.samples[i].position;
        biometric_score_plugin(&pairs, answer->scores[at++], &exchange->plugin_scores[i]);
    }
}

static enum err take_scores(struct lane *lane, struct request *request,
                            const struct plugin_compared *answer) {
    struct plugin_compare question;
    enum err result = biometric_match_open(lane->core, request);
    if (result == ERR_OK) {
        fill(lane, request->biometric, &question);
        if (question.presented_count != answer->presented_count ||
            question.enrolled_count != answer->enrolled_count)
            result = ERR_MALFORMED;
    }
    if (result == ERR_OK)
        keep_scores(lane, request, answer);
    biometric_workspace_wipe(request->biometric->workspace);
    return result;
}

enum err biometric_plugin_on_compared(struct lane *lane, const struct frame *frame) {
    struct plugin_compared answer;
    ERR_TRY(plugin_wire_get_compared(frame->payload, &answer));
    bool is_late = !lane->plugin.asking || frame->generation != lane->plugin.generation ||
                   frame->id != (lane->frame_ids | lane->plugin.slot);
    if (is_late) /* of a predecessor's question */
        return ERR_OK;
    struct request *request = asker(lane);
    enum err result = answer.status;
    if (request != NULL && result == ERR_OK)
        result = take_scores(lane, request, &answer);
    if (result == ERR_MALFORMED) /* its request ends with it, in biometric_plugin_on_lost */
        return result;
    lane->plugin.asking = false;
    if (request != NULL && result == ERR_OK)
        finish_modality(lane, request);
    else if (request != NULL)
        fail(lane, request, "plug-in-says-so");
    serve_line(lane);
    return ERR_OK;
}

/* ---- its life ---- */

/* Whoever tells of its end first; authd's word of it may come behind its successor's HELLO. */
static void end_life(struct lane *lane) {
    struct request *request = asker(lane);
    lane->plugin.ready = lane->plugin.asking = false;
    lane->plugin.down_is_due = true;
    if (request != NULL)
        fail(lane, request, "plug-in-died");
}

enum err biometric_plugin_on_hello(struct lane *lane, struct bytes payload) {
    struct plugin_hello hello;
    ERR_TRY(plugin_wire_get_hello(payload, &hello));
    if (lane->plugin.ready) /* its predecessor's end, of which nobody has told us yet */
        end_life(lane);
    lane->plugin.modalities = 0;
    for (size_t i = 0; i < sizeof(hello.modalities) / sizeof(hello.modalities[0]); i++)
        lane->plugin.modalities |= (uint8_t)(hello.modalities[i] ? BIOMETRIC_BIT(i) : 0);
    snprintf(lane->plugin.name, sizeof(lane->plugin.name), "%s", hello.name);
    lane->plugin.ready = true;
    serve_line(lane);
    return ERR_OK;
}

void biometric_plugin_on_down(struct lane *lane) {
    bool is_known = lane->plugin.down_is_due;
    if (!is_known)
        end_life(lane);
    lane->plugin.down_is_due = false;
}

void biometric_plugin_on_lost(struct lane *lane) {
    end_life(lane);
}

/* It has had its question for too long: authd replaces it. */
static void give_up_on_it(struct lane *lane) {
    struct lane_event event = {.kind = LANE_PEER_LOST, .role = "plugin"};
    event.index = (uint16_t)lane->index;
    log_event(LOG_ERROR, "plugin-hangs", "lane=%u", lane->index);
    lane_post(&lane->core->lanes[0], &event);
    end_life(lane);
}

void biometric_plugin_turn(struct lane *lane, int64_t now_ms) {
    int64_t deadline_ms = lane->core->settings.plugin_deadline_ms;
    if (lane->plugin.asking && now_ms > lane->plugin.asked_boot_ms + deadline_ms)
        give_up_on_it(lane);
    for (size_t i = 0; i < LANE_REQUESTS_MAX; i++) {
        struct request *request = &lane->requests[i];
        if (request->step == STEP_COMPARE &&
            now_ms > request->biometric->compare_boot_ms + deadline_ms)
            fail(lane, request, "no-answer-in-time");
    }
}
