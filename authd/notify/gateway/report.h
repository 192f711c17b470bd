#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/*
 * Delivery reports. A gateway tells of a message by fetching the URL that came with it: a path with
 * an id that only this process and that gateway know, and the kind of report. The id stands for
 * nobody: it is random, and known to the table only until the final report or until as many newer
 * messages have been sent.
 */
#define REPORT_LINE_MAX  128
#define REPORT_PATH_SIZE 40

enum report_kind { REPORT_DELIVERED = 1, REPORT_FAILED = 2, REPORT_REJECTED = 16 };

struct report {
    uint64_t id;
    enum report_kind kind;
};

/* Writes "/report/ID/%d": what the gateway puts for %d is the kind. */
void report_path(uint64_t id, char path[static REPORT_PATH_SIZE]);

/*
 * Reads the first line of a gateway's request, without CR LF: "GET /report/ID/KIND HTTP/1.1" and
 * nothing else. ERR_MALFORMED, ERR_TRUNCATED, ERR_TOO_LARGE.
 */
MUST_CHECK enum err report_parse(struct bytes line, struct report *report);

/* The messages that reports are awaited for. */
struct report_table;
MUST_CHECK enum err report_table_open(struct report_table **table, size_t count);
void report_table_close(struct report_table *table); /* NULL is allowed */

/* The id for a message that now goes to ${gateway}. */
uint64_t report_table_add(struct report_table *table, unsigned gateway, int64_t now_ms);

struct report_subject {
    unsigned gateway;
    int64_t sent_ms;
};
/* What ${id} stands for; it is forgotten. ERR_NOT_FOUND. */
MUST_CHECK enum err report_table_take(struct report_table *table, uint64_t id,
                                      struct report_subject *subject);
