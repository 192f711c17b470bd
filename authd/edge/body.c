#include <stdlib.h>
#include <string.h>

#include "authd/edge/body.h"
#include "firmware/base/secret.h"

#define FIRST_BYTES       8192
#define CONTENT_TOO_LARGE 413
#define UNAVAILABLE       503

/* Twice as much each time, the declared length at once. */
static size_t next_size(const struct connection_request *request, size_t needed, size_t most) {
    size_t size = request->body_size > 0 ? request->body_size * 2 : FIRST_BYTES;
    if (size < request->verdict.body_len)
        size = (size_t)request->verdict.body_len;
    if (size < needed)
        size = needed;
    return size < most ? size : most;
}

/* Not realloc: an OTP request names a person in clear, and is wiped where it was. */
static enum err make_room(struct connection_request *request, size_t more, size_t most) {
    if (more > most - request->body_len)
        return ERR_TOO_LARGE;
    if (more <= request->body_size - request->body_len)
        return ERR_OK;
    size_t size = next_size(request, request->body_len + more, most);
    uint8_t *body = malloc(size);
    if (body == NULL)
        return ERR_FULL;
    if (request->body != NULL) {
        memcpy(body, request->body, request->body_len);
        secret_wipe(request->body, request->body_len);
    }
    free(request->body);
    request->body = body;
    request->body_size = size;
    return ERR_OK;
}

enum err body_gather(struct connection_request *request, struct bytes piece, size_t most) {
    if (request->verdict.status == 0) {
        enum err err = make_room(request, piece.len, most);
        if (err == ERR_OK) {
            memcpy(request->body + request->body_len, piece.data, piece.len);
            request->body_len += piece.len;
            return ERR_OK;
        }
        request->verdict.status = err == ERR_TOO_LARGE ? CONTENT_TOO_LARGE : UNAVAILABLE;
    }
    request->dropped += piece.len;
    return request->dropped <= HEAD_DRAIN_MAX ? ERR_OK : ERR_LIMIT;
}
