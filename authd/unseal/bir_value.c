#include "authd/unseal/bir_value.h"

#include <string.h>

#include "firmware/base/clock.h"

#define TEXT_MAX      256
#define SECONDS_CHARS 19 /* "2024-01-15T10:20:30" */
#define FRACTION_MAX  9

static bool is_digit(uint8_t character) {
    return character >= '0' && character <= '9';
}

static bool is_hex(uint8_t character) {
    return is_digit(character) || (character >= 'a' && character <= 'f') ||
           (character >= 'A' && character <= 'F');
}

bool bir_value_text(struct bytes text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < 0x20 || text.data[i] == 0x7f)
            return false;
    return text.len > 0 && text.len <= TEXT_MAX;
}

bool bir_value_empty(struct bytes text) {
    return text.len == 0;
}

bool bir_value_small(struct bytes text, uint8_t most, uint8_t *value) {
    unsigned number = 0;
    *value = 0;
    if (text.len == 0 || text.len > 3 || (text.len > 1 && text.data[0] == '0'))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.data[i]))
            return false;
        number = number * 10 + (text.data[i] - '0');
    }
    if (number > most)
        return false;
    *value = (uint8_t)number;
    return true;
}

bool bir_value_number(struct bytes text) {
    uint8_t value;
    return bir_value_small(text, UINT8_MAX, &value);
}

bool bir_value_false(struct bytes text) {
    return bytes_equal_text(text, "false");
}

/* "", "Z", "+hh:mm" or "-hh:mm". */
static bool is_zone(struct bytes text) {
    if (text.len == 0 || bytes_equal_text(text, "Z"))
        return true;
    return text.len == 6 && (text.data[0] == '+' || text.data[0] == '-') && text.data[3] == ':';
}

bool bir_value_time(struct bytes text) {
    char plain[CLOCK_TEXT_SIZE] = {0};
    int64_t wall_ms;
    size_t at = SECONDS_CHARS, digits = 0;
    if (text.len < SECONDS_CHARS)
        return false;
    if (at < text.len && text.data[at] == '.') {
        for (at++; at < text.len && is_digit(text.data[at]); at++)
            digits++;
        if (digits == 0 || digits > FRACTION_MAX)
            return false;
    }
    struct bytes zone = bytes_of(text.data + at, text.len - at);
    if (!is_zone(zone))
        return false;
    memcpy(plain, text.data, SECONDS_CHARS);
    memcpy(plain + SECONDS_CHARS, ".000", 4);
    memcpy(plain + SECONDS_CHARS + 4, zone.len == 6 ? zone.data : (const uint8_t *)"Z",
           zone.len == 6 ? zone.len : 1);
    return clock_parse_millis(bytes_of_text(plain), &wall_ms) == ERR_OK;
}

bool bir_value_identifier(struct bytes text) {
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    if (text.len != sizeof form - 1)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (form[i] == 'x' ? !is_hex(text.data[i]) : text.data[i] != '-')
            return false;
    return true;
}

bool bir_value_base64(struct bytes text) {
    size_t len = text.len;
    if (len % 4 != 0)
        return false;
    for (size_t padding = 0; padding < 2 && len > 0 && text.data[len - 1] == '='; padding++)
        len--;
    for (size_t i = 0; i < len; i++) {
        uint8_t character = text.data[i];
        bool is_letter =
            (character >= 'A' && character <= 'Z') || (character >= 'a' && character <= 'z');
        if (!is_letter && !is_digit(character) && character != '+' && character != '/')
            return false;
    }
    return true;
}

static bool is_one_of(struct bytes text, const char *const *words) {
    while (*words != NULL && !bytes_equal_text(text, *words))
        words++;
    return *words != NULL;
}

bool bir_value_level(struct bytes text) {
    static const char *const levels[] = {"Raw", "Intermediate", "Processed", NULL};
    return is_one_of(text, levels);
}

bool bir_value_purpose(struct bytes text) {
    static const char *const purposes[] = {"Verify",         "Identify", "Enroll", "EnrollVerify",
                                           "EnrollIdentify", "Audit",    NULL};
    return is_one_of(text, purposes);
}
