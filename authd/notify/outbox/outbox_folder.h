#pragma once

#include <stddef.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/*
 * The folder of messages. A file appears under its name whole or not at all, even when the process
 * or the machine dies in between; names are unique and sort by time of writing, across restarts and
 * steps of the clock too: a number that only rises (microseconds since 1970 or more), a random
 * part, ".json". Files of other names are left alone.
 */
#define OUTBOX_FILES_MAX 1000000

struct outbox_folder;

/*
 * Makes ${path} when it is not there (mode 0750), becomes its only writer, removes what an earlier
 * process left unfinished and all but the newest ${keep_files} messages. Before confinement.
 * ERR_EXISTS: another process writes there. ERR_SYSTEM, see errno.
 */
MUST_CHECK enum err outbox_folder_open(struct outbox_folder **folder, const char *path,
                                       size_t keep_files);
void outbox_folder_close(struct outbox_folder *folder); /* NULL is allowed */

/*
 * Writes one message (mode 0640) and removes the oldest when there are more than ${keep_files}.
 * Durable when it gives ERR_OK; after ERR_SYSTEM there is no such file.
 */
MUST_CHECK enum err outbox_folder_write(struct outbox_folder *folder, struct bytes content);
