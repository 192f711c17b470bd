#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/*
 * edge ↔ core. Edge hands on what it received as opaque bytes: it has checked sizes and HTTP
 * framing, nothing else. It relays the answer's bytes as they are.
 */
#define EDGE_PATH_MAX          1024
#define EDGE_SIGNATURE_MAX     16384
#define EDGE_AUTHORIZATION_MAX 4096
#define EDGE_BODY_MAX          (192u * 1024u)

enum edge_verb {
    EDGE_REQUEST = 202,
    EDGE_ANSWER = 203,
};

enum edge_method { EDGE_GET = 1, EDGE_POST = 2 };

struct edge_request {
    enum edge_method method;
    struct bytes path;  /* as on the request line, still percent-encoded, without the query */
    bool has_signature; /* header `signature`, any case of its name; twice: edge has refused */
    struct bytes signature;
    bool has_authorization; /* header `Authorization` */
    struct bytes authorization;
    struct bytes body;        /* raw */
    int64_t received_boot_ms; /* CLOCK_BOOTTIME when the headers were complete: the deadline counts
                                 from here */
};

enum edge_content { EDGE_JSON = 1, EDGE_PEM = 2, EDGE_JWKS = 3, EDGE_NO_CONTENT = 4 };

struct edge_answer {
    uint16_t status; /* HTTP: 200, 404, 405, 503 */
    enum edge_content content;
    uint32_t max_age_seconds; /* 0: no-store */
    struct bytes signature;   /* header `response-signature`; empty: none */
    struct bytes body;
};

void edge_wire_put_request(struct buffer *target, const struct edge_request *request);
MUST_CHECK enum err edge_wire_get_request(struct bytes payload, struct edge_request *request);
void edge_wire_put_answer(struct buffer *target, const struct edge_answer *answer);
MUST_CHECK enum err edge_wire_get_answer(struct bytes payload, struct edge_answer *answer);
