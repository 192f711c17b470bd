#pragma once

#include <stdbool.h>

/*
 * The person's telephone, in the demonstration: looks into the outbox for the code of a transaction
 * and shows the message. Delivery is not part of an answer, so it waits, for ten seconds at most.
 */
#define OUTBOX_READER_CODE_SIZE 16

bool outbox_reader_await(const char *outbox, const char *transaction_id,
                         char code[static OUTBOX_READER_CODE_SIZE]);
