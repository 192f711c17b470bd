#pragma once

#include "firmware/base/conf.h"
#include "hsm/keyring_life.h"

/*
 * How long keys live: the signer's settings, and what they are for the rules. Settings are in
 * seconds and in days; how long a day is, is one of them, so that a trial can have seconds for
 * days.
 */
struct rollover_settings {
    int64_t max_age_seconds; /* of what the box publishes */
    int64_t day_seconds;
    int64_t propagation_seconds, skew_seconds;
    int64_t jump_days, destroy_days;
    struct {
        int64_t active_days, overlap_days;
    } of[HSM_PURPOSE_COUNT];
};

struct rollover_policy {
    struct keystate_policy of[HSM_PURPOSE_COUNT];
    struct keyring_promises promises;
};

/* Whether keys of ${purpose} can have successors. */
bool rollover_policy_rolls(enum hsm_purpose purpose);
void rollover_policy_make(const struct rollover_settings *settings, struct rollover_policy *policy);

#define ROLLOVER_NUMBER(text, at, least, most, usual, words)                                       \
    { (text), CONF_NUMBER, (at), 0, (least), (most), (usual), (words) }
#define ROLLOVER_MEMBER(base, member) ((base) + offsetof(struct rollover_settings, member))
#define ROLLOVER_LIFE(base, name, purpose, overlap)                                                \
    ROLLOVER_NUMBER(name "-active-days", ROLLOVER_MEMBER(base, of[purpose].active_days), 0, 36500, \
                    "0", "days a key is active before its successor; 0: officers say when"),       \
        ROLLOVER_NUMBER(name "-overlap-days", ROLLOVER_MEMBER(base, of[purpose].overlap_days), 0,  \
                        36500, overlap,                                                            \
                        "days it is shown, or opens, once its successor is active")

/* The rows of a table of settings; ${base}: where struct rollover_settings is in it. */
#define ROLLOVER_SETTINGS(base)                                                                    \
    ROLLOVER_NUMBER("published-max-age", ROLLOVER_MEMBER(base, max_age_seconds), 0, 86400, "300",  \
                    "seconds that copies of JWKS and certificates may be kept"),                   \
        ROLLOVER_NUMBER("key-day", ROLLOVER_MEMBER(base, day_seconds), 1, 86400, "86400",          \
                        "seconds of a day in the life of keys; less is for trials"),               \
        ROLLOVER_NUMBER("key-propagation", ROLLOVER_MEMBER(base, propagation_seconds), 3, 3600,    \
                        "60", "seconds until every process knows of a new key"),                   \
        ROLLOVER_NUMBER("key-skew", ROLLOVER_MEMBER(base, skew_seconds), 0, 86400, "120",          \
                        "seconds that clocks of clients may be wrong"),                            \
        ROLLOVER_NUMBER("clock-jump-days", ROLLOVER_MEMBER(base, jump_days), 1, 36500, "30",       \
                        "days the clock may move on at once before officers are asked"),           \
        ROLLOVER_NUMBER("key-destroy-days", ROLLOVER_MEMBER(base, destroy_days), 0, 36500, "90",   \
                        "days from a key's end until it may be destroyed"),                        \
        ROLLOVER_LIFE(base, "root", HSM_PURPOSE_ROOT, "1095"),                                     \
        ROLLOVER_LIFE(base, "sign", HSM_PURPOSE_SIGN, "90"),                                       \
        ROLLOVER_LIFE(base, "partner", HSM_PURPOSE_PARTNER, "90"),                                 \
        ROLLOVER_LIFE(base, "ida-fir", HSM_PURPOSE_IDA_FIR, "90"),                                 \
        ROLLOVER_LIFE(base, "audit", HSM_PURPOSE_AUDIT, "1095"),                                   \
        ROLLOVER_LIFE(base, "token", HSM_PURPOSE_TOKEN, "1"),                                      \
        ROLLOVER_LIFE(base, "request", HSM_PURPOSE_REQUEST, "1"),                                  \
        ROLLOVER_LIFE(base, "tls", HSM_PURPOSE_TLS, "1"),                                          \
        ROLLOVER_LIFE(base, "ca", HSM_PURPOSE_CA, "1"),                                            \
        ROLLOVER_LIFE(base, "kek", HSM_PURPOSE_KEK, "0"),                                          \
        ROLLOVER_LIFE(base, "pepper", HSM_PURPOSE_PEPPER, "0")
