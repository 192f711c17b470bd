#include <stdarg.h>
#include <stdio.h>

#include "firmware/base/log.h"

/*
 * A PKCS#11 module may log by syslog(3), as SoftHSM does. In a confined process that would open a
 * socket and be the end of it. The program exports these four names (see CMakeLists.txt), so that
 * the module finds them first and its lines go into our log. (syslog.h itself cannot be included:
 * its names of levels are those of our log.)
 */
void syslog(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));
void vsyslog(int priority, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));
void __syslog_chk(int priority, int flag, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void __vsyslog_chk(int priority, int flag, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

#define LINE_SIZE   256
#define LEVEL_MASK  0x07 /* RFC 5424: the lower three bits of a priority are its severity */
#define LEVEL_ERROR 3

void vsyslog(int priority, const char *format, va_list arguments) {
    char line[LINE_SIZE], safe[LINE_SIZE];
    (void)vsnprintf(line, sizeof line, format, arguments);
    log_event((priority & LEVEL_MASK) <= LEVEL_ERROR ? LOG_ERROR : LOG_INFO, "module-says",
              "text=%s", log_safe(line, safe, sizeof safe));
}

void __vsyslog_chk(int priority, int flag, const char *format, va_list arguments) {
    (void)flag;
    vsyslog(priority, format, arguments);
}

void syslog(int priority, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsyslog(priority, format, arguments);
    va_end(arguments);
}

void __syslog_chk(int priority, int flag, const char *format, ...) {
    (void)flag;
    va_list arguments;
    va_start(arguments, format);
    vsyslog(priority, format, arguments);
    va_end(arguments);
}
