#pragma once

#include "authd/edge/connections.h"

/*
 * Gathers a piece of the body of ${request}, of at most ${most} bytes in all. A body that gets too
 * long (413) or finds no memory (503) makes the request refused: the rest is dropped, as is that of
 * a request refused before. ERR_LIMIT: more than HEAD_DRAIN_MAX bytes were dropped, hang up.
 */
MUST_CHECK enum err body_gather(struct connection_request *request, struct bytes piece,
                                size_t most);
