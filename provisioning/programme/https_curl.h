#pragma once

#include <curl/curl.h>

#include "provisioning/programme/https.h"

/* What one call and many calls at once have in common: a libcurl handle and what it sends. For
 * https.c and https_pool.c alone. */
struct https_curl {
    CURL *handle;
    struct curl_slist *headers;
};

MUST_CHECK enum err https_curl_open(struct https_curl *curl, const char *ca_certificate);
void https_curl_close(struct https_curl *curl);
/* Before a call. */
MUST_CHECK enum err https_curl_begin(struct https_curl *curl, const struct https_message *message,
                                     struct https_answer *answer);
/* After it: the status into ${answer}. ERR_UNAVAILABLE (said on stderr): ${code} is no success. */
MUST_CHECK enum err https_curl_end(struct https_curl *curl, CURLcode code,
                                   struct https_answer *answer);
