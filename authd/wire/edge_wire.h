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
    EDGE_CLIENTS = 204, /* core → edge, unasked: whom to shake hands with at the JOSE address */
};

enum edge_method { EDGE_GET = 1, EDGE_POST = 2 };

/* Which address it came in at; each has its own paths. */
enum edge_profile { EDGE_PROFILE_MOSIP = 1, EDGE_PROFILE_JOSE = 2 };
/* The media type of the body, parameters left aside. */
enum edge_media { EDGE_MEDIA_NONE = 0, EDGE_MEDIA_OTHER, EDGE_MEDIA_JSON, EDGE_MEDIA_JOSE };
#define EDGE_IDEMPOTENCY_KEY_MAX 64 /* from 16: edge_wire_is_idempotency_key */
#define EDGE_THUMBPRINT_BYTES    32

struct edge_request {
    enum edge_method method;
    struct bytes path; /* as on the request line, still percent-encoded, without the query */
    /* MOSIP: header `signature`, any case of its name; twice: edge has refused */
    bool has_signature;
    struct bytes signature;
    bool has_authorization; /* MOSIP: header `Authorization` */
    struct bytes authorization;
    enum edge_profile profile;
    enum edge_media media;
    /* JOSE: SHA-256 of the client certificate whose key the handshake proved; else zeroes */
    uint8_t client_thumbprint[EDGE_THUMBPRINT_BYTES];
    /* JOSE: header `Idempotency-Key`; one that is none, or twice: edge has refused */
    bool has_idempotency_key;
    struct bytes idempotency_key;
    struct bytes body;        /* raw */
    int64_t received_boot_ms; /* CLOCK_BOOTTIME when the headers were complete: the deadline counts
                                 from here */
};

enum edge_content {
    EDGE_JSON = 1,
    EDGE_PEM,
    EDGE_JWKS,
    EDGE_NO_CONTENT,
    EDGE_JWT,    /* application/jwt */
    EDGE_PROBLEM /* application/problem+json */
};

struct edge_answer {
    uint16_t status; /* HTTP: 200 to 202, 400 to 499, 503 */
    enum edge_content content;
    uint32_t max_age_seconds;     /* 0: no-store */
    uint32_t retry_after_seconds; /* 0: no such header */
    struct bytes signature;       /* header `response-signature`; empty: none */
    struct bytes body;
};

/*
 * The certificates that programmes have registered for TLS, in any order. Replaces the list before:
 * whoever is not in it is not answered any more. Until the first one nobody is.
 */
#define EDGE_CLIENTS_MAX 2048
struct edge_client {
    uint8_t thumbprint[EDGE_THUMBPRINT_BYTES];
    int64_t not_before_ms, not_after_ms;
};

/* 16 to EDGE_IDEMPOTENCY_KEY_MAX of A–Z a–z 0–9 - _ */
bool edge_wire_is_idempotency_key(struct bytes text);

void edge_wire_put_clients(struct buffer *target, const struct edge_client *clients, size_t count);
/* ${clients} has room for EDGE_CLIENTS_MAX; on error *count is 0. */
MUST_CHECK enum err edge_wire_get_clients(struct bytes payload, struct edge_client *clients,
                                          size_t *count);
void edge_wire_put_request(struct buffer *target, const struct edge_request *request);
MUST_CHECK enum err edge_wire_get_request(struct bytes payload, struct edge_request *request);
void edge_wire_put_answer(struct buffer *target, const struct edge_answer *answer);
MUST_CHECK enum err edge_wire_get_answer(struct bytes payload, struct edge_answer *answer);
