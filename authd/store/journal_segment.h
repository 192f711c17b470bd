#pragma once

#include "authd/store/journal_record.h"

/*
 * One segment file, "%020llu.journal" after its first sequence: a header block, then records, then
 * zeroes up to its preallocated size. The header holds the tree over all records before the
 * segment, so that a start reads the last segment alone. A file gets its name once its header is
 * durable: there is no segment without a whole header.
 */
#define JOURNAL_SEGMENT_HEADER_BYTES 4096

struct journal_segment {
    int fd; /* -1: closed */
    uint64_t first;
    uint64_t bytes;           /* of the file */
    uint64_t last_checkpoint; /* sequence of the last checkpoint before the segment; 0: none */
    struct merkle tree;       /* over all records before the segment */
};
#define JOURNAL_SEGMENT(name)                                                                      \
    __attribute__((cleanup(journal_segment_close))) struct journal_segment name = {.fd = -1}
void journal_segment_close(struct journal_segment *segment);

/*
 * Makes the file of ${segment} (all but fd filled in) and opens it. ERR_AGAIN: there was no room
 * for it, or another fault; no file has the name, and it may be tried again. ERR_SYSTEM: nobody
 * knows whether it has its name on the disk. ERR_EXISTS.
 */
MUST_CHECK enum err journal_segment_create(int directory, struct journal_segment *segment);
/* ERR_CORRUPT when the header does not check, or is another segment's. */
MUST_CHECK enum err journal_segment_open(int directory, uint64_t first, bool writable,
                                         struct journal_segment *segment);

/* The first sequences of all segments, rising; the caller frees. */
MUST_CHECK enum err journal_segment_list(int directory, uint64_t **firsts, size_t *count);

/* Reads records one after the other and grows the tree with them. The window is the caller's. */
#define JOURNAL_WINDOW_BYTES (256u * 1024u)
struct journal_reader {
    const struct journal_segment *segment;
    struct merkle tree; /* over all records up to the last one read */
    uint64_t offset;    /* of the next record */
    uint16_t next_place;
    uint8_t *window;
    uint64_t window_offset;
    size_t window_len;
};
void journal_segment_rewind(struct journal_reader *reader, const struct journal_segment *segment,
                            uint8_t *window);
/*
 * The next record; its payload is a view of the window. ERR_NOT_FOUND: nothing is written here.
 * ERR_CORRUPT: what is written is no record, or not the next one. ERR_SYSTEM. On an error the
 * reader stays where it is.
 */
MUST_CHECK enum err journal_segment_next(struct journal_reader *reader,
                                         struct journal_record *record);
/* The bytes at ${offset}, at least ${least} of them unless the file ends before. */
MUST_CHECK enum err journal_segment_window(struct journal_reader *reader, uint64_t offset,
                                           size_t least, struct bytes *view);
