#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/secret.h"
#include "provisioning/officer_link.h"

/* What officers name on the command line: files, dates, states. Each says what is wrong itself. */

/* The whole of file ${path} ("-": standard input) into ${memory}. Empty, or larger than ${size},
 * is refused. */
MUST_CHECK_RESULT enum result officer_input_read(const char *path, uint8_t *memory, size_t size,
                                                 struct bytes *content);
/* The same into new secret ${memory}, of which ${line} is a view without the end of the line. */
MUST_CHECK_RESULT enum result officer_input_read_line(const char *path, size_t size,
                                                      struct secret *memory, struct bytes *line);
/* A key: one line, into secret memory. */
MUST_CHECK_RESULT enum result officer_input_read_key(const char *path, struct secret *key);
/* "2027-12-31" (its beginning, UTC) or "2027-12-31T23:59:59.000Z". ${name} is for the complaint. */
MUST_CHECK_RESULT enum result officer_input_time(const char *name, const char *text,
                                                 int64_t *wall_ms);
/* "active", "suspended" or "deleted"; NULL is active. */
MUST_CHECK_RESULT enum result officer_input_status(const char *name, const char *text,
                                                   enum programme_status *status);
/* Copies an argument into a field of fixed size. */
MUST_CHECK_RESULT enum result officer_input_text(const char *name, const char *text, char *target,
                                                 size_t size);
/* Why something is done in spite of a rule: for the journal, so it has to say something. NULL: "".
 */
MUST_CHECK_RESULT enum result officer_input_reason(const char *name, const char *text, char *target,
                                                   size_t size);
