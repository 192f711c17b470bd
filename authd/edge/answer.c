#include <microhttpd.h>
#include <stdio.h>
#include <string.h>

#include "authd/edge/answer.h"

static const char *const content_types[] = {
    [EDGE_JSON] = "application/json; charset=UTF-8",
    [EDGE_PEM] = "application/pem-certificate-chain", /* RFC 8555 §9.1 */
    [EDGE_JWKS] = "application/jwk-set+json",         /* RFC 7517 §8.5.2 */
    [EDGE_NO_CONTENT] = NULL,
    [EDGE_JWT] = "application/jwt",              /* RFC 7519 §10.3.1 */
    [EDGE_PROBLEM] = "application/problem+json", /* RFC 9457 §6.1 */
};

static void response_free(struct MHD_Response **response) {
    if (*response != NULL)
        MHD_destroy_response(*response);
}
#define RESPONSE __attribute__((cleanup(response_free))) struct MHD_Response *

static struct MHD_Response *take(struct MHD_Response **response) {
    struct MHD_Response *taken = *response;
    *response = NULL;
    return taken;
}

static bool add(struct MHD_Response *response, const char *name, const char *value) {
    return value == NULL || MHD_add_response_header(response, name, value) == MHD_YES;
}

static bool add_cache_control(struct MHD_Response *response, uint32_t max_age_seconds) {
    char text[32] = "no-store";
    if (max_age_seconds > 0)
        (void)snprintf(text, sizeof text, "max-age=%u", (unsigned)max_age_seconds);
    return add(response, "Cache-Control", text);
}

static bool add_retry_after(struct MHD_Response *response, uint32_t seconds) {
    char text[16];
    (void)snprintf(text, sizeof text, "%u", (unsigned)seconds);
    return seconds == 0 || add(response, "Retry-After", text);
}

static bool add_signature(struct MHD_Response *response, struct bytes signature) {
    char text[EDGE_SIGNATURE_MAX + 1];
    if (signature.len == 0)
        return true;
    return bytes_to_text(signature, text, sizeof text) == ERR_OK &&
           add(response, "response-signature", text);
}

static bool add_close(struct MHD_Response *response, bool last) {
    return add(response, "Connection", last ? "close" : NULL);
}

struct MHD_Response *answer_relay(const struct edge_answer *answer, bool last) {
    RESPONSE response = MHD_create_response_from_buffer(answer->body.len, (void *)answer->body.data,
                                                        MHD_RESPMEM_MUST_COPY);
    bool whole = response != NULL &&
                 add(response, "Content-Type", content_types[answer->content]) &&
                 add_cache_control(response, answer->max_age_seconds) &&
                 add_retry_after(response, answer->retry_after_seconds) &&
                 add_signature(response, answer->signature) && add_close(response, last);
    return whole ? take(&response) : NULL;
}

struct MHD_Response *answer_refuse(unsigned status, const struct route *route, bool last) {
    RESPONSE response = MHD_create_response_from_buffer(0, "", MHD_RESPMEM_PERSISTENT);
    bool name_method = status == MHD_HTTP_METHOD_NOT_ALLOWED && route != NULL;
    bool whole = response != NULL && add_cache_control(response, 0) &&
                 add(response, "Allow", name_method ? route_method(route) : NULL) &&
                 add_close(response, last);
    return whole ? take(&response) : NULL;
}

struct MHD_Response *answer_alive(bool last) {
    static const struct edge_answer alive = {
        .status = MHD_HTTP_OK,
        .content = EDGE_JSON,
        .body = {.data = (const uint8_t *)"{\"status\":\"UP\"}", .len = 15},
    };
    return answer_relay(&alive, last);
}
