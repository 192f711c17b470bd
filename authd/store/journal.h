#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "firmware/base/merkle.h"

/*
 * The one journal: preallocated segment files of records, each a leaf of an RFC 6962 tree. A writer
 * thread appends whatever has queued and makes it durable with one fdatasync; then, and only then,
 * it hands the entries back to their lanes. A torn tail is cut at start; damage before the tail is
 * ERR_CORRUPT.
 *
 * record on disk: length u32 (of the whole record) ‖ sequence u64 (from 1) ‖ wall ms i64 ‖ kind u16
 * ‖ place in its batch u16 ‖ payload ‖ check (first 8 bytes of the leaf hash over all before it).
 * The leaf of record n is number n - 1 of the tree.
 *
 * A batch is written only after the one before it is durable. So what does not read is a torn tail
 * as long as no later batch follows it; else it was once durable, and is damage. One process at a
 * time has the directory open.
 */
enum journal_kind {
    JOURNAL_REQUEST = 1,    /* an answered request and its effects */
    JOURNAL_DELIVERY = 2,   /* what became of an OTP's message, and its effects */
    JOURNAL_OFFICER = 3,    /* a change of the registry or of keys */
    JOURNAL_CHECKPOINT = 4, /* the signed note over all records before it */
    JOURNAL_EVENT = 5,      /* start, state of the box, clock step, refused outsiders (a count) */
};

#define JOURNAL_PAYLOAD_MAX 16384

struct journal;

/* One submitted record. The caller's memory until it comes back by journal_reap. */
struct journal_entry {
    enum journal_kind kind;
    struct bytes payload;
    unsigned lane;
    enum err result;            /* out: ERR_OK once durable, else ERR_UNAVAILABLE: deny */
    uint64_t sequence;          /* out */
    struct journal_entry *next; /* the journal's own */
};

struct journal_options {
    const char *directory;
    size_t segment_bytes; /* preallocated; 0 gives 64 MiB, at least 64 KiB */
    unsigned lanes;
    /* For each record that is read back at start (those of the last segment), in order; may be
     * NULL. What it returns but ERR_OK ends journal_open. */
    enum err (*replay)(void *context, uint64_t sequence, int64_t wall_ms, enum journal_kind kind,
                       struct bytes payload);
    void *context;
};
/*
 * Opens, or begins, the journal in ${directory}, which exists. ERR_CORRUPT: damage, the box is
 * failed (logged). ERR_EXISTS: another process has it. ERR_CONFIG, ERR_SYSTEM.
 */
MUST_CHECK enum err journal_open(struct journal **journal, const struct journal_options *options);

/*
 * Reads all durable records from ${first} on, checking each and the tree. Used by the ledger for
 * the tail it has not applied. ERR_NOT_FOUND: ${first} is older than the oldest segment there is.
 * ERR_CORRUPT. Any thread may call it.
 */
MUST_CHECK enum err journal_each(struct journal *journal, uint64_t first,
                                 enum err (*each)(void *context, uint64_t sequence, int64_t wall_ms,
                                                  enum journal_kind kind, struct bytes payload),
                                 void *context);

/*
 * The one listener to what has become durable (the ledger): called for each record, in order, from
 * the writing thread and before its entry goes back. Set it before journal_start.
 */
void journal_on_durable(struct journal *journal,
                        void (*durable)(void *context, uint64_t sequence, enum journal_kind kind,
                                        struct bytes payload),
                        void *context);

/* Starts the writer thread. ${settled} is called there after each batch is durable and about once a
 * second. */
MUST_CHECK enum err journal_start(struct journal *journal, void (*settled)(void *context),
                                  void *context);
/* Writes what is queued, ends the thread, closes. Close the ledger after it. */
void journal_close(struct journal *journal);

/*
 * Queues; never blocks on the disk. ERR_FULL (bounded queue), ERR_UNAVAILABLE (a write has failed:
 * until a restart nothing is taken), ERR_TOO_LARGE, ERR_MALFORMED (no such lane or kind): the
 * request is denied, and the entry is the caller's again. Thread-safe.
 */
MUST_CHECK enum err journal_submit(struct journal *journal, struct journal_entry *entry);
/*
 * A record's write or sync has failed: nobody knows what is on the disk, and nothing is taken until
 * a restart has read it. The process must end. Thread-safe.
 */
bool journal_has_failed(struct journal *journal);
/*
 * Not while it has failed, ends, or waits for room for its next segment: then entries come back
 * with ERR_UNAVAILABLE, and room is looked for with each batch and each second. Thread-safe.
 */
bool journal_is_writable(struct journal *journal);
/* For a lane's loop: readable when entries have come back; reap takes them all, oldest first. */
int journal_lane_descriptor(const struct journal *journal, unsigned lane);
struct journal_entry *journal_reap(struct journal *journal, unsigned lane);

/* Submits and waits. Before journal_start it writes from the calling thread, which must be the only
 * one then. */
MUST_CHECK enum err journal_append(struct journal *journal, enum journal_kind kind,
                                   struct bytes payload);

/* The tree over all durable records. */
void journal_tree(struct journal *journal, uint64_t *size, uint8_t root[static MERKLE_HASH_BYTES]);
/* The payload of the last checkpoint record read or written; ERR_NOT_FOUND. */
MUST_CHECK enum err journal_last_checkpoint(struct journal *journal, struct buffer *note);
