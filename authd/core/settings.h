#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/conf.h"
#include "firmware/base/err.h"

/* Section [core] of the configuration, and what it means once read. Numbers are named with their
 * unit. */
struct settings {
    char registry_directory[256], ledger_directory[256], journal_directory[256];
    int64_t deadline_ms, question_retry_ms;
    int64_t request_age_seconds, request_future_seconds;
    char domain_uris[512], environments[256], identifier_types[64];
    char uin_rules[256], vid_rules[256], auth_types_allowed[256], otp_channels[64];
    char languages[64];
    int64_t otp_lifetime_seconds, otp_attempts, otp_freeze_minutes;
    int64_t otp_person_attempts, otp_person_share, otp_day_attempts;
    int64_t otp_requests, otp_person_requests, otp_request_window_seconds, codes_an_hour;
    int64_t demo_attempts, demo_freeze_minutes, demo_day_attempts;
    int64_t bio_attempts, bio_wait_seconds;
    int64_t failures_an_hour;
    int64_t child_age_years;
    bool child_otp_denied, child_bio_denied;
    char face_model[256];
    int64_t plugin_deadline_ms;
    int64_t unverified_answers_a_second;
    char issuer[256];     /* of the JOSE profile; "": there is none */
    char public_url[256]; /* where anybody gets the published keys; "": ${issuer} */
    int64_t refusal_ms;
    int64_t ledger_rows, journal_segment_mebibytes, checkpoint_seconds;
    int64_t retire_use_per_mille, key_use_hour_ms, key_use_rows;

    /* derived */
    uint32_t uin_rule_set, vid_rule_set; /* enum identifier_rule */
    uint32_t auth_type_set;              /* AUTH_TYPE_BITs the country allows */
    bool allow_uin, allow_vid, channel_phone, channel_email;
};

extern const struct conf_key settings_keys[];
extern const size_t settings_key_count;

/* Reads and derives. ERR_CONFIG with ${problem}. */
MUST_CHECK enum err settings_read(struct bytes text, struct settings *settings,
                                  struct conf_problem *problem);

/* Whether ${list} (separated by commas or spaces) names ${word}; ASCII case does not count. */
bool settings_list_has(const char *list, const char *word);
