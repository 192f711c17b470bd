#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firmware/base/conf.h"

/* Section [edge] of the configuration. */
struct settings {
    char tls_key[256];
    char tls_certificate[256];
    int64_t body_bytes;
    int64_t header_bytes;
    int64_t connections;
    int64_t connections_a_client;
    int64_t requests_a_connection; /* 0: any number */
    int64_t handshake_seconds;
    int64_t request_deadline_ms;
    int64_t write_seconds;
    int64_t idle_seconds;
    int64_t queue_bytes;
};

extern const struct conf_key settings_keys[];
extern const size_t settings_key_count;
