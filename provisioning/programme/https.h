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

MUST_CHECK enum err https_open(struct https **https, const char *ca_certificate);
void https_close(struct https *https);
/* ${body} NULL: GET. ERR_UNAVAILABLE: no answer (said on stderr). The answer is freed by
 * https_answer_free. */
MUST_CHECK enum err https_send(struct https *https, const char *url, const char *body,
                               const char *signature, struct https_answer *answer);
void https_answer_free(struct https_answer *answer);
