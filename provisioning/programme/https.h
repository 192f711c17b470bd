#pragma once

#include <stddef.h>

#include "firmware/base/err.h"

/* HTTPS to the appliance, its certificate verified against the kit's CA. One connection, kept. */
struct https;
struct https_answer {
    long status;
    char *body; /* terminated */
    size_t body_len;
    char signature[16384]; /* header response-signature; "" when none */
};

/* What is sent. All of it must last until the call is over. */
struct https_message {
    const char *url;
    const char *body;      /* NULL: GET */
    const char *media;     /* NULL: application/json */
    const char *signature; /* header `signature`; NULL: none */
    /* paths of a client certificate and its key, PEM; NULL: none */
    const char *certificate, *key;
};

MUST_CHECK enum err https_open(struct https **https, const char *ca_certificate);
void https_close(struct https *https);
/* ERR_UNAVAILABLE: no answer (said on stderr). The answer is freed by https_answer_free. */
MUST_CHECK enum err https_send(struct https *https, const struct https_message *message,
                               struct https_answer *answer);
void https_answer_free(struct https_answer *answer);
