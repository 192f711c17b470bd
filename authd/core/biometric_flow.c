#include <string.h>

#include "authd/core/biometric_flow.h"

#include "firmware/base/log.h"
#include "authd/core/biometric_exchange.h"
#include "authd/core/biometric_filter.h"
#include "authd/core/biometric_plugin.h"
#include "authd/core/biometric_workspace.h"
#include "authd/core/flow.h"

enum { ANCHOR_MEMORY = 32 * 1024 };

static void give_up(struct lane *lane, struct request *request, const char *stage, enum err why) {
    log_event(LOG_ERROR, "request-unavailable", "stage=%s why=%s", stage, err_text(why));
    flow_deny(lane, request);
}

enum err biometric_flow_take(struct lane *lane, struct request *request,
                             const struct payload *payload) {
    return biometric_exchange_begin(request, payload, lane->biometrics);
}

void biometric_flow_begin(struct lane *lane, struct request *request) {
    biometric_filter_segments(request);
    if (request_refused(request))
        flow_conclude(lane, request);
    else
        flow_ask(lane, request, STEP_SEGMENT_KEY);
}

static enum err keep_key(struct biometric_exchange *exchange, const struct hsm_unwrapped *answer) {
    size_t at = exchange->key_count * SAMPLE_KEY_BYTES;
    if (at + SAMPLE_KEY_BYTES > exchange->keys.len)
        return ERR_FULL;
    memcpy(exchange->keys.data + at, answer->content_key, SAMPLE_KEY_BYTES);
    exchange->generations[exchange->key_count] = answer->generation;
    exchange->key_count++;
    return ERR_OK;
}

enum err biometric_flow_on_key(struct lane *lane, struct request *request, struct bytes payload) {
    struct biometric_exchange *exchange = request->biometric;
    struct hsm_unwrapped answer;
    ERR_TRY(hsm_wire_get_unwrapped(payload, &answer));
    enum err status = answer.receipt.status;
    if (status == ERR_OK)
        status = keep_key(exchange, &answer);
    secret_wipe(&answer, sizeof(answer));
    if (status == ERR_CRYPTO || status == ERR_NOT_FOUND) {
        request_refuse_filter(request, MOSIP_MPA_003, "", "biometric-key-not-unwrapped");
        flow_conclude(lane, request);
    } else if (status != ERR_OK) {
        give_up(lane, request, "segment-key", status);
    } else {
        bool is_last = exchange->key_count == exchange->segments.count;
        flow_ask(lane, request, is_last ? STEP_SAMPLES : STEP_SEGMENT_KEY);
    }
    return ERR_OK;
}

enum err biometric_flow_ask_samples(const struct core *core, const struct request *request,
                                    struct buffer *payload) {
    const struct biometric_exchange *exchange = request->biometric;
    uint8_t device_memory[ANCHOR_MEMORY], ftm_memory[ANCHOR_MEMORY];
    struct buffer device = buffer_over(device_memory, sizeof(device_memory));
    struct buffer ftm = buffer_over(ftm_memory, sizeof(ftm_memory));
    struct samples_question question = {.text = exchange->text,
                                        .now_ms = request->received_wall_ms,
                                        .key_count = exchange->key_count};
    ERR_TRY(registry_anchors(core->registry, "DEVICE", &device, question.device_anchors,
                             SAMPLE_ANCHORS_MAX, &question.device_anchor_count));
    ERR_TRY(registry_anchors(core->registry, "FTM", &ftm, question.ftm_anchors, SAMPLE_ANCHORS_MAX,
                             &question.ftm_anchor_count));
    memcpy(question.keys, exchange->keys.data, exchange->key_count * SAMPLE_KEY_BYTES);
    sample_wire_put_question(payload, &question);
    secret_wipe(&question, sizeof(question));
    return ERR_OK;
}

enum err biometric_flow_on_samples(struct lane *lane, struct request *request,
                                   struct bytes payload) {
    struct biometric_exchange *exchange = request->biometric;
    struct samples *samples = &lane->biometrics->samples;
    enum err result = sample_wire_get_samples(payload, samples);
    if (result == ERR_OK)
        biometric_filter_samples(request, samples);
    biometric_workspace_wipe(lane->biometrics);
    ERR_TRY(result);
    exchange->comparable = biometric_plugin_modalities(lane);
    result = biometric_exchange_keep(exchange, payload);
    if (result != ERR_OK)
        give_up(lane, request, "samples", result);
    else if (request_refused(request))
        flow_conclude(lane, request);
    else
        flow_after_samples(lane, request);
    return ERR_OK;
}
