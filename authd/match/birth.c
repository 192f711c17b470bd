#include <stdint.h>
#include <string.h>

#include "authd/match/birth.h"
#include "authd/match/letters.h"

#define DAY_PATTERN "0000/00/00"
#define DAY_CHARS   (sizeof DAY_PATTERN - 1)
#define AGE_CHARS   9
#define WRITTEN_MAX 64
#define LAST_MONTH  12
#define LAST_DAY    31
#define NOT_KNOWN   (-1)

struct digits {
    size_t len;
    uint8_t data[WRITTEN_MAX];
};

static enum err fold(struct bytes text, struct digits *digits) {
    struct buffer folded = buffer_over(digits->data, sizeof digits->data);
    if (text.len > sizeof digits->data || letters_fold(text, &folded) != ERR_OK)
        return ERR_MALFORMED;
    digits->len = folded.len;
    return ERR_OK;
}

static bool is_digit(uint8_t letter) {
    return letter >= '0' && letter <= '9';
}

static int number_at(const struct digits *digits, size_t at, size_t count) {
    int number = 0;
    for (size_t i = 0; i < count; i++)
        number = number * 10 + (digits->data[at + i] - '0');
    return number;
}

static int days_of(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

enum err birth_parse_day(struct bytes text, struct birth_day *day) {
    struct digits digits;
    *day = (struct birth_day){0};
    ERR_TRY(fold(text, &digits));
    if (digits.len != DAY_CHARS)
        return ERR_MALFORMED;
    for (size_t i = 0; i < DAY_CHARS; i++)
        if (DAY_PATTERN[i] == '0' ? !is_digit(digits.data[i])
                                  : digits.data[i] != (uint8_t)DAY_PATTERN[i])
            return ERR_MALFORMED;
    struct birth_day read = {number_at(&digits, 0, 4), number_at(&digits, 5, 2),
                             number_at(&digits, 8, 2)};
    if (read.year == 0 || read.month < 1 || read.month > LAST_MONTH || read.day < 1 ||
        read.day > days_of(read.year, read.month))
        return ERR_MALFORMED;
    *day = read;
    return ERR_OK;
}

enum err birth_parse_age(struct bytes text, int *age) {
    struct digits digits;
    *age = 0;
    ERR_TRY(fold(text, &digits));
    if (digits.len == 0 || digits.len > AGE_CHARS)
        return ERR_MALFORMED;
    for (size_t i = 0; i < digits.len; i++)
        if (!is_digit(digits.data[i]))
            return ERR_MALFORMED;
    *age = number_at(&digits, 0, digits.len);
    return *age > 0 ? ERR_OK : ERR_MALFORMED;
}

bool birth_is_day(const struct identity *identity, struct birth_day day) {
    return identity->birth_year > 0 && identity->birth_month > 0 && identity->birth_day > 0 &&
           identity->birth_year == day.year && identity->birth_month == day.month &&
           identity->birth_day == day.day;
}

int birth_age(const struct identity *identity, struct birth_day today) {
    if (identity->birth_year <= 0)
        return NOT_KNOWN;
    int month = identity->birth_month != 0 ? identity->birth_month : LAST_MONTH;
    int day = identity->birth_day != 0 ? identity->birth_day : LAST_DAY;
    bool had_birthday = today.month > month || (today.month == month && today.day >= day);
    return today.year - identity->birth_year - (had_birthday ? 0 : 1);
}
