#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "firmware/base/log.h"
#include "firmware/base/scope.h"
#include "authd/store/journal_state.h"
#include "authd/store/journal_tail.h"

#define SEGMENT_BYTES_DEFAULT ((size_t)64 << 20)
#define SEGMENT_BYTES_LEAST   ((size_t)64 << 10)
#define LANES_MAX             64

static void release(struct journal *journal) {
    journal_segment_close(&journal->segment);
    for (unsigned i = 0; journal->lanes != NULL && i < journal->lane_count; i++)
        if (journal->lanes[i].wake >= 0)
            (void)close(journal->lanes[i].wake);
    if (journal->lock_file >= 0)
        (void)close(journal->lock_file);
    if (journal->directory >= 0)
        (void)close(journal->directory);
    (void)pthread_mutex_destroy(&journal->lock);
    (void)pthread_cond_destroy(&journal->work);
    (void)pthread_cond_destroy(&journal->appended);
    free(journal->lanes);
    free(journal->batch);
    free(journal->leaves);
    free(journal);
}

static void release_unfinished(struct journal **journal) {
    if (*journal != NULL)
        release(*journal);
}

void journal_state_checkpoint(struct journal *journal, uint64_t sequence, struct bytes payload) {
    journal->last_checkpoint = sequence;
    journal->checkpoint_len = payload.len;
    if (payload.len > 0)
        memcpy(journal->checkpoint, payload.data, payload.len);
}

static enum err prepare_threads(struct journal *journal) {
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0 ||
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) != 0 ||
        pthread_mutex_init(&journal->lock, NULL) != 0 ||
        pthread_cond_init(&journal->work, &attributes) != 0 ||
        pthread_cond_init(&journal->appended, NULL) != 0)
        return ERR_SYSTEM;
    (void)pthread_condattr_destroy(&attributes);
    return ERR_OK;
}

static enum err prepare_lanes(struct journal *journal, unsigned lanes) {
    journal->lanes = calloc(lanes + 1, sizeof *journal->lanes);
    if (journal->lanes == NULL)
        return ERR_SYSTEM;
    for (unsigned i = 0; i < lanes; i++) {
        struct journal_lane *lane = &journal->lanes[i];
        *lane = (struct journal_lane){.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
        lane->last = &lane->first;
        journal->lane_count = i + 1;
        if (lane->wake < 0)
            return ERR_SYSTEM;
    }
    return ERR_OK;
}

static enum err prepare(struct journal **journal, const struct journal_options *options) {
    size_t bytes = options->segment_bytes != 0 ? options->segment_bytes : SEGMENT_BYTES_DEFAULT;
    *journal = NULL;
    if (bytes < SEGMENT_BYTES_LEAST || bytes > INT64_MAX || options->lanes > LANES_MAX)
        return ERR_CONFIG;
    struct journal *made = calloc(1, sizeof *made);
    if (made == NULL)
        return ERR_SYSTEM;
    made->directory = made->lock_file = made->segment.fd = -1;
    made->segment_bytes = bytes;
    made->last = &made->first;
    made->batch = malloc(JOURNAL_BATCH_BYTES);
    made->leaves = calloc(JOURNAL_BATCH_RECORDS, sizeof *made->leaves);
    *journal = made;
    ERR_TRY(prepare_threads(made));
    if (made->batch == NULL || made->leaves == NULL)
        return ERR_SYSTEM;
    return prepare_lanes(made, options->lanes);
}

/* A second writer would destroy the journal. The lock goes with the process. */
static enum err take_directory(struct journal *journal, const char *directory) {
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    journal->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (journal->directory < 0)
        return ERR_SYSTEM;
    journal->lock_file =
        openat(journal->directory, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (journal->lock_file < 0)
        return ERR_SYSTEM;
    if (fcntl(journal->lock_file, F_OFD_SETLK, &whole) == 0)
        return ERR_OK;
    return errno == EAGAIN || errno == EACCES ? ERR_EXISTS : ERR_SYSTEM;
}

static enum err begin_first_segment(struct journal *journal) {
    journal->segment =
        (struct journal_segment){.fd = -1, .first = 1, .bytes = journal->segment_bytes};
    journal->offset = JOURNAL_SEGMENT_HEADER_BYTES;
    return journal_segment_create(journal->directory, &journal->segment) == ERR_OK ? ERR_OK
                                                                                   : ERR_SYSTEM;
}

static enum err read_back(struct journal *journal, struct journal_reader *reader,
                          const struct journal_options *options) {
    struct journal_record record;
    enum err err = journal_segment_next(reader, &record);
    for (; err == ERR_OK; err = journal_segment_next(reader, &record)) {
        if (record.kind == JOURNAL_CHECKPOINT)
            journal_state_checkpoint(journal, record.sequence, record.payload);
        if (options->replay != NULL)
            ERR_TRY(options->replay(options->context, record.sequence, record.wall_ms, record.kind,
                                    record.payload));
    }
    return journal_tail_settle(reader, err);
}

/* A crash while a tail was cut, or larger segments than before: the file gets its full size. */
static enum err grow(struct journal *journal) {
    struct journal_segment *segment = &journal->segment;
    if (segment->bytes >= journal->segment_bytes)
        return ERR_OK;
    segment->bytes = journal->segment_bytes;
    if (fallocate(segment->fd, 0, 0, (off_t)segment->bytes) != 0 || fsync(segment->fd) != 0)
        return ERR_SYSTEM;
    return ERR_OK;
}

static enum err open_last_segment(struct journal *journal, uint64_t first,
                                  const struct journal_options *options) {
    SCOPE_MEMORY uint8_t *window = malloc(JOURNAL_WINDOW_BYTES);
    struct journal_reader reader;
    if (window == NULL)
        return ERR_SYSTEM;
    ERR_TRY(journal_segment_open(journal->directory, first, true, &journal->segment));
    ERR_TRY(grow(journal));
    /* Its maker may have died before its name was durable. */
    if (fsync(journal->directory) != 0)
        return ERR_SYSTEM;
    journal_segment_rewind(&reader, &journal->segment, window);
    ERR_TRY(read_back(journal, &reader, options));
    journal->tree = reader.tree;
    journal->offset = reader.offset;
    return ERR_OK;
}

static enum err take_checkpoint(void *context, uint64_t sequence, int64_t wall_ms,
                                enum journal_kind kind, struct bytes payload) {
    (void)wall_ms;
    if (kind != JOURNAL_CHECKPOINT)
        return ERR_CORRUPT;
    journal_state_checkpoint(context, sequence, payload);
    return ERR_CLOSED; /* this one was wanted */
}

/* The last checkpoint may lie in an older segment, which the last one's header points to. */
static enum err find_checkpoint(struct journal *journal) {
    uint64_t sequence = journal->segment.last_checkpoint;
    if (journal->last_checkpoint != 0 || sequence == 0)
        return ERR_OK;
    enum err err = journal_each(journal, sequence, take_checkpoint, journal);
    if (err == ERR_NOT_FOUND)
        return ERR_OK; /* that segment is archived */
    return err == ERR_CLOSED ? ERR_OK : ERR_CORRUPT;
}

enum err journal_open(struct journal **journal, const struct journal_options *options) {
    *journal = NULL;
    __attribute__((cleanup(release_unfinished))) struct journal *made = NULL;
    SCOPE_MEMORY uint64_t *firsts = NULL;
    size_t count;
    ERR_TRY(prepare(&made, options));
    ERR_TRY(take_directory(made, options->directory));
    ERR_TRY(journal_segment_list(made->directory, &firsts, &count));
    if (count == 0) {
        ERR_TRY(begin_first_segment(made));
    } else {
        enum err err = open_last_segment(made, firsts[count - 1], options);
        if (err == ERR_CORRUPT)
            log_event(LOG_ERROR, "journal-corrupt", "segment=%" PRIu64, firsts[count - 1]);
        ERR_TRY(err);
        ERR_TRY(find_checkpoint(made));
    }
    *journal = made;
    made = NULL;
    return ERR_OK;
}

void journal_close(struct journal *journal) {
    if (journal == NULL)
        return;
    (void)pthread_mutex_lock(&journal->lock);
    bool running = journal->running;
    journal->stopping = true;
    (void)pthread_cond_signal(&journal->work);
    (void)pthread_mutex_unlock(&journal->lock);
    if (running)
        (void)pthread_join(journal->thread, NULL);
    release(journal);
}

void journal_tree(struct journal *journal, uint64_t *size, uint8_t root[static MERKLE_HASH_BYTES]) {
    (void)pthread_mutex_lock(&journal->lock);
    struct merkle tree = journal->tree;
    (void)pthread_mutex_unlock(&journal->lock);
    *size = tree.size;
    merkle_root(&tree, root);
}

enum err journal_last_checkpoint(struct journal *journal, struct buffer *note) {
    enum err err = ERR_NOT_FOUND;
    (void)pthread_mutex_lock(&journal->lock);
    if (journal->last_checkpoint != 0) {
        buffer_raw(note, journal->checkpoint, journal->checkpoint_len);
        err = note->err;
    }
    (void)pthread_mutex_unlock(&journal->lock);
    return err;
}
