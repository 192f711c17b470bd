#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "provisioning/programme/https.h"

enum { BODY_MAX = 1 << 20 };

struct https {
    CURL *curl;
};

enum err https_open(struct https **https, const char *ca_certificate) {
    struct https *made = calloc(1, sizeof(*made));
    if (made == NULL)
        return ERR_FULL;
    made->curl = curl_easy_init();
    if (made->curl == NULL) {
        free(made);
        return ERR_SYSTEM;
    }
    curl_easy_setopt(made->curl, CURLOPT_CAINFO, ca_certificate);
    curl_easy_setopt(made->curl, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(made->curl, CURLOPT_TIMEOUT, 30L);
    curl_easy_setopt(made->curl, CURLOPT_NOSIGNAL, 1L);
    *https = made;
    return ERR_OK;
}

void https_close(struct https *https) {
    if (https == NULL)
        return;
    curl_easy_cleanup(https->curl);
    free(https);
}

static size_t on_body(char *data, size_t size, size_t count, void *context) {
    struct https_answer *answer = context;
    size_t len = size * count;
    if (answer->body_len + len >= BODY_MAX)
        return 0;
    char *grown = realloc(answer->body, answer->body_len + len + 1);
    if (grown == NULL)
        return 0;
    memcpy(grown + answer->body_len, data, len);
    answer->body = grown;
    answer->body_len += len;
    grown[answer->body_len] = '\0';
    return len;
}

static size_t on_header(char *data, size_t size, size_t count, void *context) {
    static const char name[] = "response-signature:";
    struct https_answer *answer = context;
    size_t len = size * count, head = sizeof(name) - 1;
    if (len > head && strncasecmp(data, name, head) == 0) {
        while (head < len && data[head] == ' ')
            head++;
        size_t end = len;
        while (end > head && (data[end - 1] == '\r' || data[end - 1] == '\n'))
            end--;
        snprintf(answer->signature, sizeof(answer->signature), "%.*s", (int)(end - head),
                 data + head);
    }
    return len;
}

static struct curl_slist *headers_of(const char *signature) {
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    headers = curl_slist_append(headers, "Authorization: Authorization");
    char *line = NULL;
    if (signature != NULL && asprintf(&line, "signature: %s", signature) >= 0)
        headers = curl_slist_append(headers, line);
    free(line);
    return headers;
}

enum err https_send(struct https *https, const char *url, const char *body, const char *signature,
                    struct https_answer *answer) {
    *answer = (struct https_answer){0};
    struct curl_slist *headers = headers_of(signature);
    curl_easy_setopt(https->curl, CURLOPT_URL, url);
    curl_easy_setopt(https->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(https->curl, body != NULL ? CURLOPT_POST : CURLOPT_HTTPGET, 1L);
    if (body != NULL)
        curl_easy_setopt(https->curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(https->curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(https->curl, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(https->curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(https->curl, CURLOPT_HEADERDATA, answer);
    CURLcode code = curl_easy_perform(https->curl);
    curl_slist_free_all(headers);
    curl_easy_setopt(https->curl, CURLOPT_HTTPHEADER, NULL);
    if (code != CURLE_OK) {
        fprintf(stderr, "no answer: %s\n", curl_easy_strerror(code));
        return ERR_UNAVAILABLE;
    }
    curl_easy_getinfo(https->curl, CURLINFO_RESPONSE_CODE, &answer->status);
    return ERR_OK;
}

void https_answer_free(struct https_answer *answer) {
    free(answer->body);
    *answer = (struct https_answer){0};
}
