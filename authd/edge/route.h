#pragma once

#include <stdbool.h>

#include "authd/wire/edge_wire.h"

/*
 * What edge lets through. Everything else is 404 here and costs nothing behind it. Paths are
 * compared as they stand on the request line: a percent-encoded form of a known path is unknown.
 */
struct route {
    enum edge_profile profiles; /* at whose addresses, or-ed */
    const char *path;
    bool prefix; /* everything below ${path}, which ends with a slash; else exactly ${path} */
    enum edge_method method;
    bool own; /* edge answers by itself: the process is alive */
};

/* NULL: 404. */
const struct route *route_find(enum edge_profile profile, struct bytes path);
/* The one method of ${route}, as on the request line and in Allow. */
const char *route_method(const struct route *route);
