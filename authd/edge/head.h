#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "authd/edge/route.h"
#include "firmware/base/bytes.h"

/*
 * The head of a request: what edge itself reads of it, and the verdict on it. Pure: bytes in, an
 * HTTP status out. Views are borrowed from the caller.
 */
enum head_name {
    HEAD_HOST,
    HEAD_CONTENT_LENGTH,
    HEAD_CONTENT_TYPE,
    HEAD_TRANSFER_ENCODING,
    HEAD_SIGNATURE,
    HEAD_AUTHORIZATION,
    HEAD_IDEMPOTENCY_KEY,
    HEAD_NAMES,
};

struct head {
    enum edge_profile profile;
    struct bytes path;     /* without the query */
    bool path_too_long;    /* longer than EDGE_PATH_MAX: ${path} is then empty */
    struct bytes method;   /* as on the request line */
    struct bytes version;  /* "HTTP/1.1" */
    bool seen[HEAD_NAMES]; /* values of headers that ${profile} does not have are not kept */
    struct bytes value[HEAD_NAMES];
    bool malformed; /* a name that is no token, a control character, a header twice */
};

/* Begins the head of a request that came in by ${profile}, with ${target} of its request line. */
void head_begin(struct head *head, enum edge_profile profile, struct bytes target);
/* Takes one header line. A second Host, Content-Length, Content-Type or Transfer-Encoding makes the
 * head malformed; so does, in the MOSIP profile, a second Signature or Authorization, and in the
 * JOSE profile a second Idempotency-Key. */
void head_add(struct head *head, struct bytes name, struct bytes value);

struct head_verdict {
    unsigned status; /* 0: let it through; else what to answer, with an empty body */
    /* The framing can't be trusted, or there is too much to read: answer at once and hang up. Else
     * the body is read and dropped first, and the connection stays. */
    bool hang_up;
    const struct route *route; /* NULL when unknown */
    uint64_t body_len;         /* declared; 0 when chunked */
    bool chunked;
    enum edge_media media;
};

/* More than this of a refused body is not read for politeness' sake. */
#define HEAD_DRAIN_MAX (1024u * 1024u)

/*
 * 400 framing (RFC 9112 §3.2, §6.3, §9.2), 414 path, 431 signature or authorization too long, 404
 * route, 405 method, 400 Idempotency-Key, 415 no JSON (MOSIP alone: in the JOSE profile core says
 * so), 413 body. ${body_max}: the most bytes of a body.
 */
struct head_verdict head_judge(const struct head *head, uint64_t body_max);
