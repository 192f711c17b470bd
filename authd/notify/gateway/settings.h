#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "authd/notify/gateway/ceiling.h"
#include "authd/notify/gateway/endpoint.h"
#include "authd/notify/gateway/health.h"
#include "authd/notify/text.h"
#include "firmware/base/conf.h"

#define SETTINGS_GATEWAYS 2

/* Section [notify] of authd-notify. */
struct settings_gateway {
    char url[ENDPOINT_URL_SIZE];
    char user_file[ENDPOINT_PATH_SIZE], password_file[ENDPOINT_PATH_SIZE];
};

struct settings {
    struct settings_gateway gateways[SETTINGS_GATEWAYS];
    char sender[32];
    struct settings_gateway smtp;
    char smtp_from[128];
    bool smtp_starttls;
    char ca_file[ENDPOINT_PATH_SIZE];
    char report_listen[64];
    char report_url[128];
    char default_language[4];
    char time_zone[64];
    int64_t connect_timeout_ms, answer_timeout_ms, in_flight;
    int64_t failures, slow_ms, rest_seconds, longest_rest_seconds;
    struct ceiling_rate address, programme;
};

extern const struct conf_key settings_keys[];
extern const size_t settings_key_count;

/* What the table cannot say. ERR_CONFIG; ${problem} is one line that says what to do. */
MUST_CHECK enum err settings_check(const struct settings *settings, struct conf_problem *problem);

/* Parts of the settings in the form their users take. */
struct health_policy settings_health(const struct settings *settings);
enum text_language settings_language(const struct settings *settings);
