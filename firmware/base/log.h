#pragma once

#include <stdbool.h>

/*
 * One line an event, on descriptor 2:
 *   2026-11-21T21:30:00.123Z authd-core[1] warning record-corrupt table=identity key=6f3a…
 * generation=1
 * ${event} is a fixed word in kebab-case, ${format} gives key=value pairs. The log says exactly why
 * and never who: no identifier, name, number, code, key or token of a person. Untrusted text goes
 * through log_safe.
 */
enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

/* ${process} must outlive the log; ${index} tells one of several from the others. */
void log_open(const char *process, unsigned index, enum log_level least);
void log_event(enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Copies ${text} with everything but [A-Za-z0-9._:/-] as '?'. Returns ${target}. */
const char *log_safe(const char *text, char *target, unsigned long size);
