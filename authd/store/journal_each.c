#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/log.h"
#include "firmware/base/scope.h"
#include "authd/store/journal_state.h"

struct visit {
    struct journal *journal;
    uint64_t first, last; /* sequences wanted */
    enum err (*each)(void *context, uint64_t sequence, int64_t wall_ms, enum journal_kind kind,
                     struct bytes payload);
    void *context;
    struct merkle tree; /* over all records before the next segment */
    bool begun;
    uint8_t *window;
};

/* The tree a segment begins with must be the one that the segment before it ended with. */
static bool continues(const struct visit *visit, const struct journal_segment *segment) {
    size_t peaks = (size_t)__builtin_popcountll(segment->tree.size);
    return !visit->begun || (visit->tree.size == segment->tree.size &&
                             memcmp(visit->tree.peaks, segment->tree.peaks,
                                    peaks * sizeof segment->tree.peaks[0]) == 0);
}

static enum err visit_segment(struct visit *visit, uint64_t first) {
    JOURNAL_SEGMENT(segment);
    struct journal_reader reader;
    ERR_TRY(journal_segment_open(visit->journal->directory, first, false, &segment));
    if (!continues(visit, &segment))
        return ERR_CORRUPT;
    journal_segment_rewind(&reader, &segment, visit->window);
    /* What is beyond ${last} is being written. */
    while (reader.tree.size < visit->last) {
        struct journal_record record;
        enum err err = journal_segment_next(&reader, &record);
        if (err == ERR_NOT_FOUND)
            break;
        ERR_TRY(err);
        if (record.sequence >= visit->first)
            ERR_TRY(visit->each(visit->context, record.sequence, record.wall_ms, record.kind,
                                record.payload));
    }
    visit->tree = reader.tree;
    visit->begun = true;
    return ERR_OK;
}

static enum err visit_segments(struct visit *visit, const uint64_t *firsts, size_t count) {
    size_t at = count;
    while (at > 0 && firsts[at - 1] > visit->first)
        at--;
    if (at == 0)
        return ERR_NOT_FOUND;
    for (at--; at < count && firsts[at] <= visit->last; at++) {
        enum err err = visit_segment(visit, firsts[at]);
        if (err == ERR_CORRUPT)
            log_event(LOG_ERROR, "journal-corrupt", "segment=%" PRIu64, firsts[at]);
        ERR_TRY(err);
    }
    /* All that is durable must have been there. */
    return visit->tree.size == visit->last ? ERR_OK : ERR_CORRUPT;
}

enum err journal_each(struct journal *journal, uint64_t first,
                      enum err (*each)(void *context, uint64_t sequence, int64_t wall_ms,
                                       enum journal_kind kind, struct bytes payload),
                      void *context) {
    struct visit visit = {.journal = journal, .first = first, .each = each, .context = context};
    (void)pthread_mutex_lock(&journal->lock);
    visit.last = journal->tree.size;
    (void)pthread_mutex_unlock(&journal->lock);
    if (first > visit.last)
        return ERR_OK;
    SCOPE_MEMORY uint64_t *firsts = NULL;
    SCOPE_MEMORY uint8_t *window = malloc(JOURNAL_WINDOW_BYTES);
    size_t count;
    if (window == NULL)
        return ERR_SYSTEM;
    visit.window = window;
    ERR_TRY(journal_segment_list(journal->directory, &firsts, &count));
    return visit_segments(&visit, firsts, count);
}
