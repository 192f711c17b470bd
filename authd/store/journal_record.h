#pragma once

#include "authd/store/journal.h"

/*
 * One record as it lies in a segment. Its reader and its writer. ${place} counts the records before
 * it in its batch: it tells a record that was never durable from one that was and is now damaged.
 */
#define JOURNAL_RECORD_OVERHEAD (4 + 8 + 8 + 2 + 2 + 8)
#define JOURNAL_RECORD_MAX      (JOURNAL_RECORD_OVERHEAD + JOURNAL_PAYLOAD_MAX)

struct journal_record {
    uint64_t sequence;
    int64_t wall_ms;
    enum journal_kind kind;
    uint16_t place;
    struct bytes payload;
};

/* Appends the record and gives its leaf in the tree. An error sticks to ${target}. */
void journal_record_put(struct buffer *target, const struct journal_record *record,
                        uint8_t leaf[static MERKLE_HASH_BYTES]);

/*
 * Reads the record at the start of ${window}; ${len} is what it takes there. ERR_NOT_FOUND: nothing
 * was written here (a length of zero, or no room for one). ERR_CORRUPT: these bytes are no record.
 */
MUST_CHECK enum err journal_record_get(struct bytes window, struct journal_record *record,
                                       uint8_t leaf[static MERKLE_HASH_BYTES], size_t *len);
