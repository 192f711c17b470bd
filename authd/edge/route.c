#include <stddef.h>
#include <string.h>

#include "authd/edge/route.h"

static const struct route routes[] = {
    {"/idauthentication/v1/auth/", true, EDGE_POST, false},
    {"/idauthentication/v1/otp/", true, EDGE_POST, false},
    {"/idauthentication/v1/kyc/", true, EDGE_POST, false},
    {"/health/alive", false, EDGE_GET, true},
    {"/health/ready", false, EDGE_GET, false},
    {"/health/state", false, EDGE_GET, false},
    {"/.well-known/jwks.json", false, EDGE_GET, false},
    {"/mosip-certs/ida-partner.cer", false, EDGE_GET, false},
    {"/mosip-certs/ida-fir.cer", false, EDGE_GET, false},
};

static bool route_matches(const struct route *route, struct bytes path) {
    size_t len = strlen(route->path);
    bool long_enough = route->prefix ? path.len > len : path.len == len;
    return long_enough && memcmp(path.data, route->path, len) == 0;
}

const struct route *route_find(struct bytes path) {
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        if (route_matches(&routes[i], path))
            return &routes[i];
    return NULL;
}

const char *route_method(const struct route *route) {
    return route->method == EDGE_POST ? "POST" : "GET";
}
