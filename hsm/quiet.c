#include "hsm/quiet.h"

#include "firmware/base/log.h"
#include "hsm/wire_tls.h"

enum err quiet_add(struct quiet *quiet, struct serve_peer *edge) {
    if (quiet->count == BOOT_LISTENERS_MAX)
        return ERR_FULL;
    quiet->edges[quiet->count++] = edge;
    return ERR_OK;
}

/* One that can't be told is waited for as one that does not hear. */
static void tell_all(struct quiet *quiet, uint32_t ms) {
    uint8_t memory[8];
    struct buffer target = buffer_over(memory, sizeof memory);
    struct frame frame = {.type = HSM_TLS_SILENCE, .id = quiet->id};
    hsm_wire_put_tls_silence(&target, ms);
    frame.payload = bytes_of(memory, target.len);
    for (size_t i = 0; i < quiet->count; i++) {
        enum err err = serve_send(quiet->edges[i], &frame);
        quiet->heard[i] = false;
        if (err != ERR_OK)
            log_event(LOG_WARNING, "silence-not-told", "edge=%zu reason=%s", i, err_text(err));
    }
}

static bool all_have_heard(const struct quiet *quiet) {
    for (size_t i = 0; i < quiet->count; i++)
        if (!quiet->heard[i])
            return false;
    return true;
}

bool quiet_reached(struct quiet *quiet, uint32_t ms, int64_t now_ms) {
    if (quiet->count == 0)
        return true;
    if (quiet->since_ms == 0) {
        quiet->since_ms = now_ms;
        quiet->id++;
        quiet->reached = false;
        tell_all(quiet, ms);
        return false;
    }
    if (quiet->reached)
        return true;
    quiet->reached = all_have_heard(quiet) || now_ms - quiet->since_ms >= QUIET_HEAR_MS;
    return false;
}

void quiet_end(struct quiet *quiet) {
    if (quiet->since_ms == 0)
        return;
    quiet->since_ms = 0;
    tell_all(quiet, 0);
}

enum err quiet_hear(struct quiet *quiet, const struct serve_peer *edge, const struct frame *frame) {
    if (frame->payload.len != 0)
        return ERR_MALFORMED;
    for (size_t i = 0; i < quiet->count; i++)
        if (quiet->edges[i] == edge && frame->id == quiet->id)
            quiet->heard[i] = true;
    return ERR_OK;
}
