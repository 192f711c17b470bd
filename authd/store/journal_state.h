#pragma once

#include <pthread.h>

#include "authd/store/journal_segment.h"

/* Inside the journal: what opening, reading and writing share. */
#define JOURNAL_BATCH_RECORDS 1024 /* < 2^16: a record's place */
#define JOURNAL_BATCH_BYTES   ((size_t)1 << 20)
#define JOURNAL_QUEUE_MAX     8192

struct journal_lane {
    int wake; /* eventfd */
    struct journal_entry *first, **last;
};

struct journal {
    int directory, lock_file;
    size_t segment_bytes;

    /* The writing thread's alone. */
    struct journal_segment segment; /* the last one */
    uint64_t offset;                /* where the next record goes */
    uint8_t *batch;                 /* JOURNAL_BATCH_BYTES */
    uint8_t (*leaves)[MERKLE_HASH_BYTES];
    void (*durable)(void *context, uint64_t sequence, enum journal_kind kind, struct bytes payload);
    void *durable_context;
    void (*settled)(void *context);
    void *settled_context;
    pthread_t thread;

    pthread_mutex_t lock; /* of all below */
    pthread_cond_t work;  /* something has queued, or the end */
    pthread_cond_t appended;
    bool running, stopping, failed;
    bool segment_wanted; /* there was no room for the next one: nothing is written before it */
    struct journal_entry *first, **last;
    size_t queued;
    unsigned lane_count; /* and one more for journal_append, which waits on ${appended} */
    struct journal_lane *lanes;
    struct merkle tree; /* over all durable records */
    uint64_t last_checkpoint;
    size_t checkpoint_len;
    uint8_t checkpoint[JOURNAL_PAYLOAD_MAX];
};

/* Remembers the payload of a checkpoint record that is durable. Under ${lock}, or before threads.
 */
void journal_state_checkpoint(struct journal *journal, uint64_t sequence, struct bytes payload);
