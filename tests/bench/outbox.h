#pragma once

#include "firmware/base/err.h"

/* The demonstration's outbox: told by the kernel of each message as it is written. */
struct outbox;

/* Says on stderr what is wrong. */
MUST_CHECK enum err outbox_open(struct outbox **outbox, const char *folder);
void outbox_close(struct outbox *outbox);
/* Readable when there are messages. */
int outbox_descriptor(const struct outbox *outbox);
/* Calls ${each} for every new message that has a code. ERR_FULL: the kernel has lost some. */
MUST_CHECK enum err outbox_read(struct outbox *outbox,
                                void (*each)(void *context, const char *transaction_id,
                                             const char *code),
                                void *context);
