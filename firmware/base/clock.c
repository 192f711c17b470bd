#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "firmware/base/clock.h"

#define MS_PER_SECOND       1000
#define DAYS_TO_1970        INT64_C(719162) /* from 0001-01-01, proleptic Gregorian */
#define DAYS_PER_400_YEARS  146097
#define OFFSET_HOURS_MAX    18 /* java.time.ZoneOffset, which MOSIP parses with */
#define BOOT_ID_FILE        "/proc/sys/kernel/random/boot_id"
#define BOOT_ID_TEXT_LENGTH 36

static int64_t nanoseconds(clockid_t clock) {
    struct timespec now = {0};
    (void)clock_gettime(clock, &now); /* cannot fail: both clocks exist on every Linux we run on */
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t clock_wall_ms(void) {
    return nanoseconds(CLOCK_REALTIME) / 1000000;
}

int64_t clock_boot_ms(void) {
    return nanoseconds(CLOCK_BOOTTIME) / 1000000;
}

int64_t clock_boot_ns(void) {
    return nanoseconds(CLOCK_BOOTTIME);
}

static pthread_once_t boot_id_once = PTHREAD_ONCE_INIT;
static enum err boot_id_err = ERR_SYSTEM;
static uint8_t boot_id[CLOCK_BOOT_ID_BYTES];

static void boot_id_read(void) {
    char text[BOOT_ID_TEXT_LENGTH];
    int fd = open(BOOT_ID_FILE, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t got = read(fd, text, sizeof text);
    (void)close(fd);
    size_t len = 0;
    if (got == sizeof text &&
        sodium_hex2bin(boot_id, sizeof boot_id, text, sizeof text, "-", &len, NULL) == 0 &&
        len == sizeof boot_id)
        boot_id_err = ERR_OK;
}

enum err clock_boot_id(uint8_t id[static CLOCK_BOOT_ID_BYTES]) {
    memset(id, 0, CLOCK_BOOT_ID_BYTES);
    if (pthread_once(&boot_id_once, boot_id_read) != 0 || boot_id_err != ERR_OK)
        return ERR_SYSTEM;
    memcpy(id, boot_id, CLOCK_BOOT_ID_BYTES);
    return ERR_OK;
}

/*
 * The calendar is computed here and not by timegm and gmtime_r: those read /etc/localtime at their
 * first call, which a confined process may not open, and take a lock of the whole process.
 */
static bool leap_year(int year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int month_length(int year, int month) {
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return lengths[month - 1] + (month == 2 && leap_year(year) ? 1 : 0);
}

/* Days from 0001-01-01 to the first of January of ${year}. */
static int64_t days_before_year(int year) {
    int64_t past = (int64_t)year - 1;
    return past * 365 + past / 4 - past / 100 + past / 400;
}

static int64_t days_since_1970(int year, int month, int day) {
    int64_t days = days_before_year(year) - DAYS_TO_1970 + day - 1;
    for (int before = 1; before < month; before++)
        days += month_length(year, before);
    return days;
}

/* Reads ${digits} decimal digits; a value outside its range is malformed too. */
static int take_number(struct cursor *cursor, size_t digits, int min, int max) {
    struct bytes text = cursor_take(cursor, digits);
    int value = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            cursor->err = ERR_MALFORMED;
        value = value * 10 + (text.data[i] - '0');
    }
    if (value < min || value > max)
        cursor->err = ERR_MALFORMED;
    return cursor->err == ERR_OK ? value : min;
}

static void take_mark(struct cursor *cursor, char mark) {
    if (cursor_u8(cursor) != (uint8_t)mark)
        cursor->err = ERR_MALFORMED;
}

/* Z, +hh:mm or -hh:mm, in minutes. */
static int take_offset(struct cursor *cursor) {
    uint8_t sign = cursor_u8(cursor);
    if (sign == 'Z')
        return 0;
    if (sign != '+' && sign != '-')
        cursor->err = ERR_MALFORMED;
    int hours = take_number(cursor, 2, 0, OFFSET_HOURS_MAX);
    take_mark(cursor, ':');
    int minutes = hours * 60 + take_number(cursor, 2, 0, hours == OFFSET_HOURS_MAX ? 0 : 59);
    return sign == '-' ? -minutes : minutes;
}

static int64_t take_date(struct cursor *cursor) {
    int year = take_number(cursor, 4, 1, 9999);
    take_mark(cursor, '-');
    int month = take_number(cursor, 2, 1, 12);
    take_mark(cursor, '-');
    int day = take_number(cursor, 2, 1, month_length(year, month));
    return days_since_1970(year, month, day) * CLOCK_DAY_MS;
}

static int64_t take_time(struct cursor *cursor) {
    int hour = take_number(cursor, 2, 0, 23);
    take_mark(cursor, ':');
    int minute = take_number(cursor, 2, 0, 59);
    take_mark(cursor, ':');
    int second = take_number(cursor, 2, 0, 59);
    take_mark(cursor, '.');
    int millis = take_number(cursor, 3, 0, 999);
    return ((int64_t)(hour * 60 + minute) * 60 + second) * MS_PER_SECOND + millis;
}

enum err clock_parse_millis(struct bytes text, int64_t *wall_ms) {
    *wall_ms = 0;
    struct cursor cursor = cursor_over(text);
    int64_t value = take_date(&cursor);
    take_mark(&cursor, 'T');
    value += take_time(&cursor);
    value -= (int64_t)take_offset(&cursor) * 60 * MS_PER_SECOND;
    if (cursor_end(&cursor) != ERR_OK)
        return ERR_MALFORMED;
    *wall_ms = value;
    return ERR_OK;
}

/* Splits into whole days since 1970, rounded down, and the milliseconds of that day. */
static int64_t split_days(int64_t wall_ms, int64_t *ms_of_day) {
    int64_t days = wall_ms / CLOCK_DAY_MS;
    int64_t rest = wall_ms % CLOCK_DAY_MS;
    if (rest < 0) {
        rest += CLOCK_DAY_MS;
        days--;
    }
    *ms_of_day = rest;
    return days;
}

void clock_date(int64_t wall_ms, int *year, int *month, int *day) {
    int64_t ms_of_day;
    int64_t days = split_days(wall_ms, &ms_of_day) + DAYS_TO_1970;
    /* No year from 1 to 9999 has another date; what is outside is shown as the nearest that has
     * one. */
    int64_t last = days_before_year(10000) - 1;
    days = days < 0 ? 0 : days > last ? last : days;

    int guess = (int)(days * 400 / DAYS_PER_400_YEARS) + 1;
    while (days_before_year(guess) > days)
        guess--;
    while (days_before_year(guess + 1) <= days)
        guess++;
    int rest = (int)(days - days_before_year(guess));
    *year = guess;
    *month = 1;
    while (rest >= month_length(guess, *month)) {
        rest -= month_length(guess, *month);
        *month += 1;
    }
    *day = rest + 1;
}

void clock_format_millis(int64_t wall_ms, char text[static CLOCK_TEXT_SIZE]) {
    int year, month, day;
    clock_date(wall_ms, &year, &month, &day);
    int64_t ms_of_day;
    (void)split_days(wall_ms, &ms_of_day);
    int seconds = (int)(ms_of_day / MS_PER_SECOND);
    struct buffer buffer = buffer_over(text, CLOCK_TEXT_SIZE);
    buffer_format(&buffer, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", year, month, day, seconds / 3600,
                  seconds / 60 % 60, seconds % 60, (int)(ms_of_day % MS_PER_SECOND));
}
