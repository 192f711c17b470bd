#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "provisioning/programme/https_curl.h"

#define BODY_MAX        (1 << 20)
#define TIMEOUT_SECONDS 30L

enum err https_curl_open(struct https_curl *curl, const char *ca_certificate) {
    *curl = (struct https_curl){.handle = curl_easy_init()};
    if (curl->handle == NULL)
        return ERR_SYSTEM;
    curl_easy_setopt(curl->handle, CURLOPT_CAINFO, ca_certificate);
    curl_easy_setopt(curl->handle, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(curl->handle, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl->handle, CURLOPT_TIMEOUT, TIMEOUT_SECONDS);
    curl_easy_setopt(curl->handle, CURLOPT_NOSIGNAL, 1L);
    return ERR_OK;
}

void https_curl_close(struct https_curl *curl) {
    curl_easy_cleanup(curl->handle);
    curl_slist_free_all(curl->headers);
    *curl = (struct https_curl){0};
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

static struct curl_slist *append_header(struct curl_slist *headers, const char *name,
                                        const char *value) {
    char *line = NULL;
    if (asprintf(&line, "%s: %s", name, value) >= 0)
        headers = curl_slist_append(headers, line);
    free(line);
    return headers;
}

static struct curl_slist *headers_of(const struct https_message *message) {
    struct curl_slist *headers = append_header(
        NULL, "Content-Type", message->media != NULL ? message->media : "application/json");
    if (message->media == NULL)
        headers = append_header(headers, "Authorization", "Authorization");
    if (message->signature != NULL)
        headers = append_header(headers, "signature", message->signature);
    return headers;
}

enum err https_curl_begin(struct https_curl *curl, const struct https_message *message,
                          struct https_answer *answer) {
    answer->status = 0;
    answer->body = NULL;
    answer->body_len = 0;
    answer->signature[0] = '\0';
    curl->headers = headers_of(message);
    if (curl->headers == NULL)
        return ERR_FULL;
    curl_easy_setopt(curl->handle, CURLOPT_URL, message->url);
    curl_easy_setopt(curl->handle, CURLOPT_HTTPHEADER, curl->headers);
    curl_easy_setopt(curl->handle, CURLOPT_SSLCERT, message->certificate);
    curl_easy_setopt(curl->handle, CURLOPT_SSLKEY, message->key);
    curl_easy_setopt(curl->handle, message->body != NULL ? CURLOPT_POST : CURLOPT_HTTPGET, 1L);
    if (message->body != NULL)
        curl_easy_setopt(curl->handle, CURLOPT_POSTFIELDS, message->body);
    curl_easy_setopt(curl->handle, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl->handle, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(curl->handle, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl->handle, CURLOPT_HEADERDATA, answer);
    return ERR_OK;
}

enum err https_curl_end(struct https_curl *curl, CURLcode code, struct https_answer *answer) {
    curl_easy_setopt(curl->handle, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(curl->headers);
    curl->headers = NULL;
    if (code != CURLE_OK) {
        fprintf(stderr, "no answer: %s\n", curl_easy_strerror(code));
        return ERR_UNAVAILABLE;
    }
    curl_easy_getinfo(curl->handle, CURLINFO_RESPONSE_CODE, &answer->status);
    return ERR_OK;
}
