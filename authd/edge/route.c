#include <stddef.h>
#include <string.h>

#include "authd/edge/route.h"

#define MOSIP EDGE_PROFILE_MOSIP
#define JOSE  EDGE_PROFILE_JOSE
#define BOTH  (EDGE_PROFILE_MOSIP | EDGE_PROFILE_JOSE)

static const struct route routes[] = {
    {MOSIP, "/idauthentication/v1/auth/", true, EDGE_POST, false},
    {MOSIP, "/idauthentication/v1/otp/", true, EDGE_POST, false},
    {MOSIP, "/idauthentication/v1/kyc/", true, EDGE_POST, false},
    {JOSE, "/v1/authentications", false, EDGE_POST, false},
    {JOSE, "/v1/otp", false, EDGE_POST, false},
    {JOSE, "/v1/attributes", false, EDGE_POST, false},
    {BOTH, "/health/alive", false, EDGE_GET, true},
    {BOTH, "/health/ready", false, EDGE_GET, false},
    {BOTH, "/health/state", false, EDGE_GET, false},
    {BOTH, "/.well-known/jwks.json", false, EDGE_GET, false},
    {BOTH, "/.well-known/idcs-configuration", false, EDGE_GET, false},
    {MOSIP, "/mosip-certs/ida-partner.cer", false, EDGE_GET, false},
    {MOSIP, "/mosip-certs/ida-fir.cer", false, EDGE_GET, false},
};

static bool route_matches(const struct route *route, enum edge_profile profile, struct bytes path) {
    size_t len = strlen(route->path);
    bool long_enough = route->prefix ? path.len > len : path.len == len;
    return (route->profiles & profile) != 0 && long_enough &&
           memcmp(path.data, route->path, len) == 0;
}

const struct route *route_find(enum edge_profile profile, struct bytes path) {
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        if (route_matches(&routes[i], profile, path))
            return &routes[i];
    return NULL;
}

const char *route_method(const struct route *route) {
    return route->method == EDGE_POST ? "POST" : "GET";
}
