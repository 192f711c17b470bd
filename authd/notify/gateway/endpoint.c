#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <curl/curl.h>

#include "authd/notify/gateway/endpoint.h"
#include "firmware/base/scope.h"

#define CREDENTIAL_MAX 128
#define HOST_SIZE      256
#define RESOLVE_SIZE   1024
#define ADDRESSES_MAX  8

__attribute__((format(printf, 3, 4))) static enum err
refuse(struct endpoint_problem *problem, enum err err, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(problem->text, sizeof problem->text, format, arguments);
    va_end(arguments);
    return err;
}

struct parsed_url {
    char scheme[16], host[HOST_SIZE], port[8];
    bool has_user, has_query;
};

static bool copy_part(CURLU *url, CURLUPart part, char *target, size_t size) {
    char *text = NULL;
    if (curl_url_get(url, part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK)
        return false;
    bool fits = bytes_to_text(bytes_of_text(text), target, size) == ERR_OK;
    curl_free(text);
    return fits;
}

static bool has_part(CURLU *url, CURLUPart part) {
    char *text = NULL;
    bool has = curl_url_get(url, part, &text, 0) == CURLUE_OK;
    curl_free(text);
    return has;
}

static void release_url(CURLU **url) {
    curl_url_cleanup(*url);
}

static bool parse_url(const char *text, struct parsed_url *parsed) {
    __attribute__((cleanup(release_url))) CURLU *url = curl_url();
    if (url == NULL || curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK)
        return false;
    parsed->has_user = has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD);
    parsed->has_query = has_part(url, CURLUPART_QUERY) || has_part(url, CURLUPART_FRAGMENT);
    return copy_part(url, CURLUPART_SCHEME, parsed->scheme, sizeof parsed->scheme) &&
           copy_part(url, CURLUPART_HOST, parsed->host, sizeof parsed->host) &&
           copy_part(url, CURLUPART_PORT, parsed->port, sizeof parsed->port);
}

static bool is_scheme(enum endpoint_kind kind, const char *scheme) {
    static const char *const schemes[][2] = {
        [ENDPOINT_GATEWAY] = {"http", "https"}, [ENDPOINT_MAIL] = {"smtp", "smtps"}};
    return strcmp(scheme, schemes[kind][0]) == 0 || strcmp(scheme, schemes[kind][1]) == 0;
}

/* Into ${url} of ENDPOINT_URL_SIZE, whole and in its parts. */
static enum err take_url(const struct endpoint_setting *setting, char *url,
                         struct parsed_url *parsed, struct endpoint_problem *problem) {
    const char *example = setting->kind == ENDPOINT_GATEWAY
                              ? "http://127.0.0.1:13013/cgi-bin/sendsms"
                              : "smtp://mail.example.org:587";
    if (!parse_url(setting->url, parsed) || !is_scheme(setting->kind, parsed->scheme) ||
        bytes_to_text(bytes_of_text(setting->url), url, ENDPOINT_URL_SIZE) != ERR_OK)
        return refuse(problem, ERR_CONFIG, "%s is no URL for this: write one as %s", setting->url,
                      example);
    if (parsed->has_user || parsed->has_query)
        return refuse(problem, ERR_CONFIG,
                      "the URL may hold no user and no query, which logs keep: put the credentials "
                      "into files and write it as %s",
                      example);
    return ERR_OK;
}

/* "host:port:address,address": libcurl then asks nobody. */
static enum err look_up(struct endpoint *endpoint, const struct parsed_url *parsed,
                        struct endpoint_problem *problem) {
    char host[HOST_SIZE], entry[RESOLVE_SIZE];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    size_t len = strlen(parsed->host);
    bool literal = parsed->host[0] == '[' && len > 2;
    (void)snprintf(host, sizeof host, "%.*s", (int)(literal ? len - 2 : len),
                   parsed->host + (literal ? 1 : 0));
    int result = getaddrinfo(host, parsed->port, &hints, &found);
    if (result != 0)
        return refuse(problem, ERR_UNAVAILABLE, "%s has no address now: %s", host,
                      gai_strerror(result));
    int used = snprintf(entry, sizeof entry, "%s:%s:", host, parsed->port);
    int count = 0;
    for (struct addrinfo *at = found; at != NULL && count < ADDRESSES_MAX; at = at->ai_next) {
        char address[NI_MAXHOST];
        if (getnameinfo(at->ai_addr, at->ai_addrlen, address, sizeof address, NULL, 0,
                        NI_NUMERICHOST) != 0 ||
            (size_t)used + strlen(address) + 4 > sizeof entry)
            continue;
        used += snprintf(entry + used, sizeof entry - (size_t)used, "%s%s", count++ > 0 ? "," : "",
                         address);
    }
    freeaddrinfo(found);
    endpoint->resolve = count > 0 && !literal ? curl_slist_append(NULL, entry) : NULL;
    return count > 0 && (literal || endpoint->resolve != NULL)
               ? ERR_OK
               : refuse(problem, ERR_UNAVAILABLE, "%s has no address now", host);
}

static bool is_credential(struct bytes text) {
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] <= 0x20 || text.data[i] > 0x7e)
            return false;
    }
    return text.len > 0 && text.len <= CREDENTIAL_MAX;
}

static enum err read_credential(const char *path, struct secret *credential,
                                struct endpoint_problem *problem) {
    SECRET(memory);
    struct stat status;
    SCOPE_DESCRIPTOR fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0)
        return refuse(problem, ERR_CONFIG,
                      "%s: %s: write the credential there and give the file "
                      "to this user",
                      path, strerror(errno));
    if ((status.st_mode & 077) != 0)
        return refuse(problem, ERR_CONFIG, "%s: others may read it: chmod 0400 %s", path, path);
    ERR_TRY(secret_new(&memory, CREDENTIAL_MAX + 2));
    ssize_t got = read(fd, memory.data, memory.len);
    struct bytes line = bytes_of(memory.data, got > 0 ? (size_t)got : 0);
    if (line.len > 0 && line.data[line.len - 1] == '\n')
        line.len--;
    if (!is_credential(line))
        return refuse(problem, ERR_CONFIG, "%s: write one line of 1 to %d visible ASCII characters",
                      path, CREDENTIAL_MAX);
    return secret_copy(credential, line);
}

static enum err read_credentials(struct endpoint *endpoint, const struct endpoint_setting *setting,
                                 struct endpoint_problem *problem) {
    bool has_user = setting->user_file[0] != '\0', has_password = setting->password_file[0] != '\0';
    if (has_user != has_password || (setting->kind == ENDPOINT_GATEWAY && !has_user))
        return refuse(problem, ERR_CONFIG, "%s needs a user-file and a password-file",
                      setting->url);
    if (!has_user)
        return ERR_OK;
    ERR_TRY(read_credential(setting->user_file, &endpoint->user, problem));
    return read_credential(setting->password_file, &endpoint->password, problem);
}

enum err endpoint_open(struct endpoint *endpoint, const struct endpoint_setting *setting,
                       struct endpoint_problem *problem) {
    struct parsed_url parsed = {.has_user = false};
    *endpoint = (struct endpoint){.kind = setting->kind, .number = setting->number};
    *problem = (struct endpoint_problem){0};
    ERR_TRY(take_url(setting, endpoint->url, &parsed, problem));
    ERR_TRY(read_credentials(endpoint, setting, problem));
    return look_up(endpoint, &parsed, problem);
}

void endpoint_close(struct endpoint *endpoint) {
    curl_slist_free_all(endpoint->resolve);
    secret_free(&endpoint->user);
    secret_free(&endpoint->password);
    *endpoint = (struct endpoint){0};
}
