#include "hsm/usage_hold.h"

void usage_hold_take(struct usage_hold *hold, const struct wire_usage *used, int64_t run_ms) {
    *hold = (struct usage_hold){.is_told = true, .told_run_ms = run_ms, .used = *used};
}

bool usage_hold_concerns(enum hsm_purpose purpose) {
    return purpose == HSM_PURPOSE_PARTNER || purpose == HSM_PURPOSE_IDA_FIR ||
           purpose == HSM_PURPOSE_REQUEST;
}

static bool is_used(const struct wire_usage *used, enum hsm_purpose purpose, uint16_t generation) {
    for (size_t i = 0; i < used->count; i++)
        if (used->keys[i].purpose == purpose && used->keys[i].generation == generation)
            return true;
    return used->all;
}

void usage_hold_mark(const struct usage_hold *hold, enum hsm_purpose purpose, int64_t run_ms,
                     struct keystate_key *keys, size_t count) {
    bool is_fresh = hold->is_told && run_ms >= hold->told_run_ms &&
                    run_ms - hold->told_run_ms <= USAGE_HOLD_FRESH_MS;
    if (!usage_hold_concerns(purpose))
        return;
    for (size_t i = 0; i < count; i++)
        if (!keys[i].released && (!is_fresh || is_used(&hold->used, purpose, keys[i].generation)))
            keys[i].held = true;
}
