#include "firmware/base/clock.h"
#include "hsm/rollover_policy.h"

bool rollover_policy_rolls(enum hsm_purpose purpose) {
    static const bool rolls[HSM_PURPOSE_COUNT] = {
        [HSM_PURPOSE_ROOT] = true,    [HSM_PURPOSE_SIGN] = true,  [HSM_PURPOSE_PARTNER] = true,
        [HSM_PURPOSE_IDA_FIR] = true, [HSM_PURPOSE_AUDIT] = true, [HSM_PURPOSE_TOKEN] = true,
        [HSM_PURPOSE_REQUEST] = true, [HSM_PURPOSE_TLS] = true,   [HSM_PURPOSE_KEK] = true,
        [HSM_PURPOSE_PEPPER] = true,  [HSM_PURPOSE_CA] = true,
    };
    return (unsigned)purpose < HSM_PURPOSE_COUNT && rolls[purpose];
}

/* A result is valid for as long as it says, whatever the settings are. */
static int64_t least_overlap_ms(enum hsm_purpose purpose) {
    return purpose == HSM_PURPOSE_TOKEN ? RESULT_LIFETIME_MAX_SECONDS * CLOCK_SECOND_MS : 0;
}

void rollover_policy_make(const struct rollover_settings *settings,
                          struct rollover_policy *policy) {
    int64_t day_ms = settings->day_seconds * CLOCK_SECOND_MS;
    *policy = (struct rollover_policy){.promises.max_age_seconds = settings->max_age_seconds};
    for (int purpose = 0; purpose < HSM_PURPOSE_COUNT; purpose++) {
        int64_t overlap_ms = settings->of[purpose].overlap_days * day_ms;
        int64_t least_ms = least_overlap_ms((enum hsm_purpose)purpose);
        policy->promises.lived_ms[purpose] = overlap_ms > least_ms ? overlap_ms : least_ms;
        policy->of[purpose] = (struct keystate_policy){
            .active_ms = settings->of[purpose].active_days * day_ms,
            .destroy_ms = settings->destroy_days * day_ms,
            .jump_ms = settings->jump_days * day_ms,
            .propagation_ms = settings->propagation_seconds * CLOCK_SECOND_MS,
            .skew_ms = settings->skew_seconds * CLOCK_SECOND_MS,
        };
    }
}
