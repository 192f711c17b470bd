#pragma once

#include <stdint.h>

/* How near the end of a TLS certificate is: 30, 7 and 1 days before it officers are warned. */
enum tls_expiry {
    TLS_EXPIRY_FAR,
    TLS_EXPIRY_MONTH, /* 30 days or less */
    TLS_EXPIRY_WEEK,  /* 7 days or less */
    TLS_EXPIRY_DAY,   /* a day or less */
    TLS_EXPIRY_OVER,
};
enum tls_expiry tls_expiry_of(int64_t not_after_ms, int64_t now_ms);
/* Whole days that are left, and the whole hours besides; 0 and 0: less than an hour, or none. */
int64_t tls_expiry_days(int64_t not_after_ms, int64_t now_ms);
int64_t tls_expiry_hours(int64_t not_after_ms, int64_t now_ms);
