#include <stdbool.h>
#include <string.h>

#include "firmware/base/codec.h"
#include "provisioning/values.h"

#define DIGITS      "0123456789"
#define CAPITALS    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define SMALL       "abcdefghijklmnopqrstuvwxyz"
#define UNRESERVED  DIGITS CAPITALS SMALL "._~-" /* RFC 3986 §2.3 */
#define KEY_LEAST   16
#define INSTANT_MAX INT64_C(253402300799999) /* 9999-12-31 */

static enum err require(bool rule) {
    return rule ? ERR_OK : ERR_MALFORMED;
}

static bool consists_of(const char *value, const char *characters) {
    return value[0] != '\0' && value[strspn(value, characters)] == '\0';
}

enum err values_id(const char *value) {
    /* "." and ".." mean something else in a path */
    return require(consists_of(value, UNRESERVED) && strspn(value, ".") < strlen(value));
}

enum err values_key(struct bytes value) {
    bool allowed = value.len >= KEY_LEAST;
    for (size_t i = 0; i < value.len; i++)
        allowed &= value.data[i] != 0 && strchr(UNRESERVED, value.data[i]) != NULL;
    return require(allowed);
}

enum err values_name(struct bytes value) {
    bool allowed = value.len > 0;
    for (size_t i = 0; i < value.len; i++)
        allowed &= value.data[i] >= 0x20 && value.data[i] != 0x7f;
    ERR_TRY(require(allowed));
    return codec_utf8_check(value) == ERR_OK ? ERR_OK : ERR_MALFORMED;
}

enum err values_domain(const char *value) {
    return require(consists_of(value, DIGITS CAPITALS "_-"));
}

enum err values_language(const char *value) {
    return require(consists_of(value, SMALL) && strlen(value) == 3);
}

enum err values_phone(const char *value) {
    ERR_TRY(require(value[0] == '+' && value[1] != '0' && consists_of(value + 1, DIGITS)));
    size_t digits = strlen(value + 1);
    return require(digits >= 8 && digits <= 15);
}

enum err values_email(const char *value) {
    const char *at = strchr(value, '@');
    ERR_TRY(require(at != NULL && at != value && at[1] != '\0' && strchr(at + 1, '@') == NULL));
    for (const char *next = value; *next != '\0'; next++)
        ERR_TRY(require(*next > ' ' && *next <= '~'));
    return ERR_OK;
}

static unsigned days_of(int year, unsigned month) {
    static const unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

enum err values_birth_date(int year, unsigned month, unsigned day) {
    if (year == 0)
        return require(month == 0 && day == 0);
    ERR_TRY(require(year >= 1850 && year <= 2200 && month <= 12));
    if (month == 0)
        return require(day == 0);
    return require(day >= 1 && day <= days_of(year, month));
}

enum err values_instant(int64_t wall_ms) {
    return require(wall_ms >= 0 && wall_ms <= INSTANT_MAX);
}

enum err values_period(int64_t commences_ms, int64_t expires_ms) {
    ERR_TRY(values_instant(commences_ms));
    ERR_TRY(values_instant(expires_ms));
    return require(expires_ms == 0 || expires_ms > commences_ms);
}
