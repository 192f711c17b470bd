#pragma once

/*
 * The one status type. Every function that can fail returns it and every caller must check it. A
 * predicate returns it too and answers through an out-parameter, so a fault is never read as "yes".
 */
enum err {
    ERR_OK = 0,
    ERR_TRUNCATED,   /* input ended early */
    ERR_TOO_LARGE,   /* a size is over its limit */
    ERR_MALFORMED,   /* input breaks its grammar */
    ERR_NOT_FOUND,   /* no such row, key or peer */
    ERR_EXISTS,      /* it is there already */
    ERR_DENIED,      /* policy or state forbids it */
    ERR_LIMIT,       /* a counter has reached its limit */
    ERR_EXPIRED,     /* too late */
    ERR_CORRUPT,     /* stored bytes fail their authentication */
    ERR_CRYPTO,      /* a cryptographic operation failed or did not verify */
    ERR_HSM,         /* the PKCS#11 module failed: the signer must end */
    ERR_PIN,         /* the token refused the PIN: never retry */
    ERR_FULL,        /* no room in a bounded queue, table or buffer */
    ERR_AGAIN,       /* nothing to do now */
    ERR_CLOSED,      /* the peer is gone */
    ERR_TIMEOUT,     /* the deadline has passed */
    ERR_UNAVAILABLE, /* cannot be decided now: deny */
    ERR_CONFIG,      /* a setting is wrong */
    ERR_SYSTEM,      /* a system call failed, see errno */
};

#define MUST_CHECK __attribute__((warn_unused_result))

/* Returns a short lower-case word for the log, such as "truncated". Never NULL. */
const char *err_text(enum err err);

/* Returns from the calling function when ${expression} is not ERR_OK. */
#define ERR_TRY(expression)                                                                        \
    do {                                                                                           \
        enum err err_try_ = (expression);                                                          \
        if (err_try_ != ERR_OK)                                                                    \
            return err_try_;                                                                       \
    } while (0)
