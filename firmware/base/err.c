#include "firmware/base/err.h"

#include <stddef.h>

static const char *const texts[] = {
    [ERR_OK] = "ok",
    [ERR_TRUNCATED] = "truncated",
    [ERR_TOO_LARGE] = "too-large",
    [ERR_MALFORMED] = "malformed",
    [ERR_NOT_FOUND] = "not-found",
    [ERR_EXISTS] = "exists",
    [ERR_DENIED] = "denied",
    [ERR_LIMIT] = "limit",
    [ERR_EXPIRED] = "expired",
    [ERR_CORRUPT] = "corrupt",
    [ERR_CRYPTO] = "crypto",
    [ERR_HSM] = "hsm",
    [ERR_PIN] = "pin",
    [ERR_FULL] = "full",
    [ERR_AGAIN] = "again",
    [ERR_CLOSED] = "closed",
    [ERR_TIMEOUT] = "timeout",
    [ERR_UNAVAILABLE] = "unavailable",
    [ERR_CONFIG] = "config",
    [ERR_SYSTEM] = "system",
};

const char *err_text(enum err err) {
    size_t index = (size_t)err;
    if (index >= sizeof texts / sizeof texts[0] || texts[index] == NULL)
        return "unknown";
    return texts[index];
}
