#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "authd/notify/local_time.h"

#define ZONES     "/usr/share/zoneinfo/"
#define PATH_SIZE 128

static const char zone_characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789_+-/";

/* The C library takes a zone without a file for UTC and says nothing. */
enum err local_time_open(const char *zone) {
    char path[PATH_SIZE];
    size_t len = strlen(zone);
    if (len == 0 || zone[0] == '/' || strspn(zone, zone_characters) != len)
        return ERR_CONFIG;
    int written = snprintf(path, sizeof path, ZONES "%s", zone);
    if (written < 0 || (size_t)written >= sizeof path || access(path, R_OK) != 0)
        return ERR_CONFIG;
    if (setenv("TZ", zone, 1) != 0)
        return ERR_SYSTEM;
    tzset();
    return ERR_OK;
}

/* localtime_r does not read the zone again. */
enum err local_time_format(int64_t wall_ms, struct local_time *local) {
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm parts;
    *local = (struct local_time){0};
    if (wall_ms < 0 || localtime_r(&seconds, &parts) == NULL || parts.tm_year >= 9999 - 1900)
        return ERR_TOO_LARGE;
    if (strftime(local->date, sizeof local->date, "%d-%m-%Y", &parts) == 0 ||
        strftime(local->time, sizeof local->time, "%H:%M", &parts) == 0)
        return ERR_TOO_LARGE;
    return ERR_OK;
}
