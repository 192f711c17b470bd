#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "firmware/base/log.h"
#include "authd/store/journal_tail.h"

/* No segment holds more records: a sequence further ahead is chance. */
#define SEQUENCES_AHEAD UINT64_C(0x100000000)
#define PREFIX_BYTES    (4 + 8) /* length and sequence */

_Static_assert(JOURNAL_RECORD_MAX < 1 << 16, "a length has at least two zero bytes");

/* Skips to the first byte that is not zero. False when there is none. */
static enum err find_rest(struct journal_reader *reader, uint64_t *offset, bool *found) {
    struct bytes view;
    *found = false;
    for (;;) {
        ERR_TRY(journal_segment_window(reader, *offset, 1, &view));
        if (view.len == 0)
            return ERR_OK;
        for (size_t i = 0; i < view.len; i++) {
            if (view.data[i] != 0) {
                *offset += i;
                *found = true;
                return ERR_OK;
            }
        }
        *offset += view.len;
    }
}

/* Cheap to tell for almost any place that is no record: this is asked of every byte of a tail. */
static bool may_be_later_record(struct bytes view, uint64_t missing) {
    struct cursor cursor = cursor_over(view);
    uint32_t length = cursor_u32(&cursor);
    uint64_t sequence = cursor_u64(&cursor);
    return cursor.err == ERR_OK && length >= JOURNAL_RECORD_OVERHEAD &&
           length <= JOURNAL_RECORD_MAX && sequence > missing &&
           sequence - missing < SEQUENCES_AHEAD;
}

/* Whether a record of a batch later than that of record ${missing} begins at ${offset}. */
static enum err is_of_later_batch(struct journal_reader *reader, uint64_t offset, uint64_t missing,
                                  bool *later) {
    struct bytes view;
    struct journal_record record;
    uint8_t leaf[MERKLE_HASH_BYTES];
    size_t len;
    *later = false;
    ERR_TRY(journal_segment_window(reader, offset, PREFIX_BYTES, &view));
    if (!may_be_later_record(view, missing))
        return ERR_OK;
    ERR_TRY(journal_segment_window(reader, offset, JOURNAL_RECORD_MAX, &view));
    *later = journal_record_get(view, &record, leaf, &len) == ERR_OK &&
             record.sequence - record.place > missing;
    return ERR_OK;
}

static enum err find_later_batch(struct journal_reader *reader, uint64_t missing, bool *found) {
    *found = false;
    for (uint64_t offset = reader->offset;; offset++) {
        bool rest;
        ERR_TRY(find_rest(reader, &offset, &rest));
        if (!rest)
            return ERR_OK;
        /* A length begins with two or three zero bytes, which find_rest has passed over. */
        for (uint64_t zeroes = 2; zeroes <= 3; zeroes++) {
            if (offset < reader->offset + zeroes)
                continue;
            ERR_TRY(is_of_later_batch(reader, offset - zeroes, missing, found));
            if (*found)
                return ERR_OK;
        }
    }
}

/* Shrinking and growing again leaves zeroes, whatever was written there. */
static enum err cut(const struct journal_segment *segment, uint64_t offset) {
    if (ftruncate(segment->fd, (off_t)offset) != 0 ||
        fallocate(segment->fd, 0, 0, (off_t)segment->bytes) != 0 || fsync(segment->fd) != 0)
        return ERR_SYSTEM;
    return ERR_OK;
}

enum err journal_tail_settle(struct journal_reader *reader, enum err stopped) {
    const uint64_t end = reader->offset, missing = reader->tree.size + 1;
    if (stopped != ERR_NOT_FOUND && stopped != ERR_CORRUPT)
        return stopped;
    uint64_t offset = end;
    bool rest, later;
    ERR_TRY(find_rest(reader, &offset, &rest));
    if (!rest)
        return ERR_OK;
    ERR_TRY(find_later_batch(reader, missing, &later));
    if (later) {
        log_event(LOG_ERROR, "journal-damaged",
                  "segment=%" PRIu64 " sequence=%" PRIu64 " offset=%" PRIu64,
                  reader->segment->first, missing, end);
        return ERR_CORRUPT;
    }
    log_event(LOG_WARNING, "journal-tail-cut",
              "segment=%" PRIu64 " sequence=%" PRIu64 " offset=%" PRIu64, reader->segment->first,
              missing, end);
    return cut(reader->segment, end);
}
