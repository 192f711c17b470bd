#include "firmware/base/clock.h"
#include "hsm/tls_expiry.h"

enum tls_expiry tls_expiry_of(int64_t not_after_ms, int64_t now_ms) {
    static const struct {
        int64_t days;
        enum tls_expiry expiry;
    } limits[] = {
        {0, TLS_EXPIRY_OVER}, {1, TLS_EXPIRY_DAY}, {7, TLS_EXPIRY_WEEK}, {30, TLS_EXPIRY_MONTH}};
    for (unsigned i = 0; i < sizeof limits / sizeof *limits; i++)
        if (not_after_ms <= now_ms + limits[i].days * CLOCK_DAY_MS)
            return limits[i].expiry;
    return TLS_EXPIRY_FAR;
}

int64_t tls_expiry_days(int64_t not_after_ms, int64_t now_ms) {
    return not_after_ms > now_ms ? (not_after_ms - now_ms) / CLOCK_DAY_MS : 0;
}

int64_t tls_expiry_hours(int64_t not_after_ms, int64_t now_ms) {
    return not_after_ms > now_ms ? (not_after_ms - now_ms) % CLOCK_DAY_MS / CLOCK_HOUR_MS : 0;
}
