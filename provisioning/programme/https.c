#include <stdlib.h>

#include "provisioning/programme/https_curl.h"

struct https {
    struct https_curl curl;
};

enum err https_open(struct https **https, const char *ca_certificate) {
    struct https *made = calloc(1, sizeof(*made));
    if (made == NULL)
        return ERR_FULL;
    enum err result = https_curl_open(&made->curl, ca_certificate);
    if (result != ERR_OK) {
        free(made);
        return result;
    }
    *https = made;
    return ERR_OK;
}

void https_close(struct https *https) {
    if (https == NULL)
        return;
    https_curl_close(&https->curl);
    free(https);
}

enum err https_send(struct https *https, const struct https_message *message,
                    struct https_answer *answer) {
    ERR_TRY(https_curl_begin(&https->curl, message, answer));
    return https_curl_end(&https->curl, curl_easy_perform(https->curl.handle), answer);
}

void https_answer_free(struct https_answer *answer) {
    free(answer->body);
    answer->body = NULL;
    answer->body_len = 0;
}
