#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "firmware/base/clock.h"
#include "firmware/base/log.h"

#define LINE_SIZE                                                                                  \
    1024 /* below PIPE_BUF: lines of several processes on one pipe are never mixed                 \
          */

static const char *const level_texts[] = {
    [LOG_DEBUG] = "debug",
    [LOG_INFO] = "info",
    [LOG_WARNING] = "warning",
    [LOG_ERROR] = "error",
};

static const char *log_process = "-";
static unsigned log_index;
static enum log_level log_least = LOG_INFO;

void log_open(const char *process, unsigned index, enum log_level least) {
    log_process = process;
    log_index = index;
    log_least = least;
}

/* What snprintf wrote into ${room} bytes when it says ${printed}. */
static size_t printed_length(int printed, size_t room) {
    if (printed < 0)
        return 0;
    return (size_t)printed < room ? (size_t)printed : room - 1;
}

/* One event is one line, whatever its text holds. */
static void hide_control_characters(char *text, size_t len) {
    for (size_t i = 0; i < len; i++) {
        unsigned char character = (unsigned char)text[i];
        if (character < 0x20 || character == 0x7f)
            text[i] = '?';
    }
}

static void write_line(const char *line, size_t len) {
    while (write(STDERR_FILENO, line, len) < 0 && errno == EINTR)
        continue;
}

void log_event(enum log_level level, const char *event, const char *format, ...) {
    if (level < log_least || level > LOG_ERROR)
        return;
    int saved_errno = errno;
    char when[CLOCK_TEXT_SIZE];
    clock_format_millis(clock_wall_ms(), when);

    char line[LINE_SIZE];
    size_t room = sizeof line - 1; /* for the line end */
    size_t len = printed_length(snprintf(line, room, "%s %s[%u] %s %s ", when, log_process,
                                         log_index, level_texts[level], event),
                                room);
    va_list arguments;
    va_start(arguments, format);
    len += printed_length(vsnprintf(line + len, room - len, format, arguments), room - len);
    va_end(arguments);
    while (len > 0 && line[len - 1] == ' ')
        len--;
    hide_control_characters(line, len);
    line[len++] = '\n';
    write_line(line, len);
    errno = saved_errno;
}

static bool safe_character(char character) {
    return (character >= 'A' && character <= 'Z') || (character >= 'a' && character <= 'z') ||
           (character >= '0' && character <= '9') ||
           (character != '\0' && strchr("._:/-", character) != NULL);
}

const char *log_safe(const char *text, char *target, unsigned long size) {
    if (size == 0)
        return "";
    unsigned long len = 0;
    for (; text[len] != '\0' && len < size - 1; len++)
        target[len] = safe_character(text[len]) ? text[len] : '?';
    target[len] = '\0';
    return target;
}
