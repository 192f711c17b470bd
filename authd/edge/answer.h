#pragma once

#include <stdbool.h>

#include "authd/edge/route.h"
#include "authd/wire/edge_wire.h"

/*
 * Answers as libmicrohttpd wants them. Nothing in them names a program. ${last} adds "Connection:
 * close". NULL: no memory.
 */
struct MHD_Response;

/* Core's, as it is. */
struct MHD_Response *answer_relay(const struct edge_answer *answer, bool last);
/* A refusal: no body. ${route} (may be NULL) names the method in Allow when ${status} is 405. */
struct MHD_Response *answer_refuse(unsigned status, const struct route *route, bool last);
/* GET /health/alive */
struct MHD_Response *answer_alive(bool last);
