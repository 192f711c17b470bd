#include <string.h>

#include "firmware/base/secret.h"
#include "authd/match/contact.h"
#include "authd/match/letters.h"

#define WRITTEN_MAX     128 /* bytes a number is written in, with all that stands between digits */
#define DIGITS_MAX      15  /* E.164 §6.2.1 */
#define DIGITS_MIN      8
#define COUNTRY         "212"
#define COUNTRY_DIGITS  3
#define NATIONAL_DIGITS 9

struct number {
    bool international; /* the country's code is in front */
    size_t count;
    char digits[WRITTEN_MAX + 1];
};

static bool is_digit(uint8_t letter) {
    return letter >= '0' && letter <= '9';
}

static bool is_passed_over(uint8_t letter) {
    return letter != 0 && strchr(" .-()/", letter) != NULL;
}

static enum err collect_digits(struct bytes written, struct number *number) {
    size_t at = 0;
    while (at < written.len && written.data[at] == ' ')
        at++;
    number->international = at < written.len && written.data[at] == '+';
    for (at += number->international; at < written.len; at++) {
        if (is_digit(written.data[at]))
            number->digits[number->count++] = (char)written.data[at];
        else if (!is_passed_over(written.data[at]))
            return ERR_MALFORMED;
    }
    number->digits[number->count] = '\0';
    return ERR_OK;
}

static void drop_digits(struct number *number, size_t at, size_t count) {
    memmove(number->digits + at, number->digits + at + count, number->count - at - count + 1);
    number->count -= count;
}

static bool has_prefix(const struct number *number, const char *prefix, size_t count) {
    return number->count == count && strncmp(number->digits, prefix, strlen(prefix)) == 0;
}

/* Leaves the digits with the country's in front. */
static void make_international(struct number *number) {
    if (!number->international && strncmp(number->digits, "00", 2) == 0) {
        drop_digits(number, 0, 2);
        number->international = true;
    } else if (has_prefix(number, COUNTRY, COUNTRY_DIGITS + NATIONAL_DIGITS)) {
        number->international = true;
    } else if (!number->international && has_prefix(number, "0", 1 + NATIONAL_DIGITS)) {
        memmove(number->digits + COUNTRY_DIGITS, number->digits + 1, NATIONAL_DIGITS + 1);
        memcpy(number->digits, COUNTRY, COUNTRY_DIGITS);
        number->count = COUNTRY_DIGITS + NATIONAL_DIGITS;
        number->international = true;
    }
    if (number->international && has_prefix(number, COUNTRY "0", 13))
        drop_digits(number, COUNTRY_DIGITS, 1);
}

static bool is_number(const struct number *number) {
    bool moroccan = strncmp(number->digits, COUNTRY, COUNTRY_DIGITS) == 0;
    char first = number->digits[moroccan ? COUNTRY_DIGITS : 0];
    if (moroccan && (number->count != COUNTRY_DIGITS + NATIONAL_DIGITS || first < '5'))
        return false;
    return number->international && first != '0' && number->count >= DIGITS_MIN &&
           number->count <= DIGITS_MAX;
}

static void forget(struct number *number) {
    secret_wipe(number, sizeof *number);
}

enum err contact_phone(struct bytes text, char phone[static CONTACT_PHONE_SIZE]) {
    __attribute__((cleanup(forget))) struct number number = {.count = 0};
    uint8_t memory[WRITTEN_MAX];
    struct buffer written = buffer_over(memory, sizeof memory);
    phone[0] = '\0';
    enum err err = text.len > sizeof memory ? ERR_MALFORMED : letters_fold(text, &written);
    if (err == ERR_OK)
        err = collect_digits(bytes_of(memory, written.len), &number);
    secret_wipe(memory, sizeof memory);
    ERR_TRY(err);
    make_international(&number);
    if (!is_number(&number))
        return ERR_MALFORMED;
    phone[0] = '+';
    memcpy(phone + 1, number.digits, number.count + 1);
    return ERR_OK;
}

static struct bytes trim(struct bytes text) {
    while (text.len > 0 && text.data[0] == ' ')
        text = bytes_of(text.data + 1, text.len - 1);
    while (text.len > 0 && text.data[text.len - 1] == ' ')
        text.len--;
    return text;
}

static uint8_t small(uint8_t letter) {
    return letter >= 'A' && letter <= 'Z' ? (uint8_t)(letter - 'A' + 'a') : letter;
}

bool contact_same_email(struct bytes left, struct bytes right) {
    left = trim(left);
    right = trim(right);
    if (left.len == 0 || left.len != right.len)
        return false;
    const uint8_t *at = memrchr(left.data, '@', left.len);
    if (at == NULL)
        return false;
    size_t local = (size_t)(at - left.data);
    bool same = memcmp(left.data, right.data, local) == 0;
    for (size_t i = local; i < left.len; i++)
        same = same && small(left.data[i]) == small(right.data[i]);
    return same;
}
