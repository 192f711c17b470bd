#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "firmware/base/clock.h"
#include "firmware/base/log.h"
#include "authd/store/journal_state.h"

#define SETTLE_SECONDS 1

/* journal_append's entry, on its stack. Its lane is lane_count. */
struct waiting {
    struct journal_entry entry;
    bool done;
};

void journal_on_durable(struct journal *journal,
                        void (*durable)(void *context, uint64_t sequence, enum journal_kind kind,
                                        struct bytes payload),
                        void *context) {
    journal->durable = durable;
    journal->durable_context = context;
}

/* Only the writing thread changes it, so that thread reads it without the lock. */
static void want_segment(struct journal *journal, bool wanted) {
    if (journal->segment_wanted == wanted)
        return;
    log_event(wanted ? LOG_ERROR : LOG_INFO, wanted ? "journal-waits-for-room" : "journal-goes-on",
              "sequence=%" PRIu64 " errno=%d", journal->tree.size + 1, wanted ? errno : 0);
    (void)pthread_mutex_lock(&journal->lock);
    journal->segment_wanted = wanted;
    (void)pthread_mutex_unlock(&journal->lock);
}

/* A new segment takes over the tree, so that nothing before it is read at the next start. */
static enum err begin_segment(struct journal *journal) {
    struct journal_segment next = {.fd = -1,
                                   .first = journal->tree.size + 1,
                                   .bytes = journal->segment_bytes,
                                   .last_checkpoint = journal->last_checkpoint,
                                   .tree = journal->tree};
    enum err err = journal_segment_create(journal->directory, &next);
    if (err == ERR_OK || err == ERR_AGAIN)
        want_segment(journal, err == ERR_AGAIN);
    ERR_TRY(err);
    journal_segment_close(&journal->segment);
    journal->segment = next;
    journal->offset = JOURNAL_SEGMENT_HEADER_BYTES;
    return ERR_OK;
}

/* Encodes as many entries as fit into one write, and counts them. */
static size_t encode_batch(struct journal *journal, struct journal_entry *entries, uint64_t room,
                           struct buffer *batch) {
    int64_t wall_ms = clock_wall_ms();
    size_t count = 0;
    if (room > JOURNAL_BATCH_BYTES)
        room = JOURNAL_BATCH_BYTES;
    *batch = buffer_over(journal->batch, (size_t)room);
    for (struct journal_entry *entry = entries; entry != NULL && count < JOURNAL_BATCH_RECORDS;
         entry = entry->next) {
        if (JOURNAL_RECORD_OVERHEAD + entry->payload.len > batch->size - batch->len)
            break;
        entry->sequence = journal->tree.size + 1 + count;
        struct journal_record record = {.sequence = entry->sequence,
                                        .wall_ms = wall_ms,
                                        .kind = entry->kind,
                                        .place = (uint16_t)count,
                                        .payload = entry->payload};
        journal_record_put(batch, &record, journal->leaves[count]);
        count++;
    }
    return count;
}

static enum err write_durably(struct journal *journal, struct bytes batch) {
    for (size_t done = 0; done < batch.len;) {
        ssize_t put = pwrite(journal->segment.fd, batch.data + done, batch.len - done,
                             (off_t)(journal->offset + done));
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return ERR_SYSTEM;
        done += (size_t)put;
    }
    return fdatasync(journal->segment.fd) == 0 ? ERR_OK : ERR_SYSTEM;
}

/* Makes the first ${count} of ${entries} durable. ERR_AGAIN: no segment has room, none of them was
 * written. */
static enum err write_batch(struct journal *journal, struct journal_entry *entries, size_t *count) {
    struct buffer batch;
    struct bytes written;
    uint64_t room =
        journal->segment.bytes > journal->offset ? journal->segment.bytes - journal->offset : 0;
    *count = journal->segment_wanted ? 0 : encode_batch(journal, entries, room, &batch);
    if (*count == 0) {
        ERR_TRY(begin_segment(journal));
        *count = encode_batch(journal, entries, journal->segment.bytes - journal->offset, &batch);
    }
    ERR_TRY(buffer_end(&batch, &written));
    ERR_TRY(write_durably(journal, written));
    journal->offset += written.len;
    return ERR_OK;
}

/* After this the records are in the tree, and whoever listens knows them. Only this thread changes
 * the tree, so it reads it without the lock. */
static enum err publish(struct journal *journal, const struct journal_entry *entries,
                        size_t count) {
    struct merkle tree = journal->tree;
    for (size_t i = 0; i < count; i++)
        ERR_TRY(merkle_append(&tree, journal->leaves[i]));
    const struct journal_entry *entry = entries;
    (void)pthread_mutex_lock(&journal->lock);
    journal->tree = tree;
    for (size_t i = 0; i < count; i++, entry = entry->next)
        if (entry->kind == JOURNAL_CHECKPOINT)
            journal_state_checkpoint(journal, entry->sequence, entry->payload);
    (void)pthread_mutex_unlock(&journal->lock);
    entry = entries;
    for (size_t i = 0; journal->durable != NULL && i < count; i++, entry = entry->next)
        journal->durable(journal->durable_context, entry->sequence, entry->kind, entry->payload);
    return ERR_OK;
}

/* Hands the first ${count} of ${entries} back and gives the rest. They are their owners' at once.
 */
static struct journal_entry *hand_back(struct journal *journal, struct journal_entry *entries,
                                       size_t count, enum err result) {
    uint64_t woken = 0; /* lanes, a bit each */
    (void)pthread_mutex_lock(&journal->lock);
    for (; entries != NULL && count > 0; count--) {
        struct journal_entry *entry = entries;
        entries = entry->next;
        entry->next = NULL;
        entry->result = result;
        if (entry->lane == journal->lane_count) {
            ((struct waiting *)entry)->done = true;
            (void)pthread_cond_broadcast(&journal->appended);
            continue;
        }
        struct journal_lane *lane = &journal->lanes[entry->lane];
        *lane->last = entry;
        lane->last = &entry->next;
        woken |= UINT64_C(1) << entry->lane;
    }
    (void)pthread_mutex_unlock(&journal->lock);
    for (unsigned i = 0; i < journal->lane_count; i++)
        if ((woken >> i & 1) != 0)
            (void)eventfd_write(journal->lanes[i].wake, 1);
    return entries;
}

/* After a failed write nobody knows what is on the disk: nothing is taken until a restart has read
 * it. */
static void fail(struct journal *journal, enum err err) {
    log_event(LOG_ERROR, "journal-failed", "sequence=%" PRIu64 " reason=%s errno=%d",
              journal->tree.size + 1, err_text(err), errno);
    (void)pthread_mutex_lock(&journal->lock);
    journal->failed = true;
    (void)pthread_mutex_unlock(&journal->lock);
}

static void write_entries(struct journal *journal, struct journal_entry *entries, bool failed) {
    enum err err = failed ? ERR_UNAVAILABLE : ERR_OK;
    while (entries != NULL && err == ERR_OK) {
        size_t count = 0;
        err = write_batch(journal, entries, &count);
        if (err == ERR_OK)
            err = publish(journal, entries, count);
        if (err == ERR_OK)
            entries = hand_back(journal, entries, count, ERR_OK);
        else if (err != ERR_AGAIN)
            fail(journal, err);
    }
    (void)hand_back(journal, entries, SIZE_MAX, ERR_UNAVAILABLE);
}

/* Nobody may be asking just because the box is not ready: so room is looked for unasked too. */
static void look_for_room(struct journal *journal, bool failed) {
    if (failed || !journal->segment_wanted)
        return;
    enum err err = begin_segment(journal);
    if (err != ERR_OK && err != ERR_AGAIN)
        fail(journal, err);
}

/* Takes all that has queued. Under the lock. */
static struct journal_entry *take_queue(struct journal *journal) {
    struct journal_entry *entries = journal->first;
    journal->first = NULL;
    journal->last = &journal->first;
    journal->queued = 0;
    return entries;
}

static void wait_for_work(struct journal *journal) {
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += SETTLE_SECONDS;
    int result = 0;
    while (journal->first == NULL && !journal->stopping && result == 0)
        result = pthread_cond_timedwait(&journal->work, &journal->lock, &until);
}

static void *write_loop(void *argument) {
    struct journal *journal = argument;
    bool stopping = false;
    while (!stopping) {
        (void)pthread_mutex_lock(&journal->lock);
        wait_for_work(journal);
        struct journal_entry *entries = take_queue(journal);
        bool failed = journal->failed;
        stopping = journal->stopping && entries == NULL;
        (void)pthread_mutex_unlock(&journal->lock);
        if (entries == NULL)
            look_for_room(journal, failed);
        write_entries(journal, entries, failed);
        if (journal->settled != NULL)
            journal->settled(journal->settled_context);
    }
    return NULL;
}

enum err journal_start(struct journal *journal, void (*settled)(void *context), void *context) {
    (void)pthread_mutex_lock(&journal->lock);
    bool running = journal->running;
    journal->running = true;
    (void)pthread_mutex_unlock(&journal->lock);
    if (running)
        return ERR_EXISTS;
    journal->settled = settled;
    journal->settled_context = context;
    if (pthread_create(&journal->thread, NULL, write_loop, journal) == 0)
        return ERR_OK;
    (void)pthread_mutex_lock(&journal->lock);
    journal->running = false;
    (void)pthread_mutex_unlock(&journal->lock);
    return ERR_SYSTEM;
}

static enum err submit(struct journal *journal, struct journal_entry *entry) {
    if (entry->payload.len > JOURNAL_PAYLOAD_MAX)
        return ERR_TOO_LARGE;
    if (entry->kind < JOURNAL_REQUEST || entry->kind > JOURNAL_EVENT)
        return ERR_MALFORMED;
    enum err err = ERR_OK;
    (void)pthread_mutex_lock(&journal->lock);
    if (journal->failed || journal->stopping) {
        err = ERR_UNAVAILABLE;
    } else if (journal->queued >= JOURNAL_QUEUE_MAX) {
        err = ERR_FULL;
    } else {
        entry->next = NULL;
        entry->result = ERR_UNAVAILABLE;
        entry->sequence = 0;
        *journal->last = entry;
        journal->last = &entry->next;
        journal->queued++;
        (void)pthread_cond_signal(&journal->work);
    }
    (void)pthread_mutex_unlock(&journal->lock);
    return err;
}

enum err journal_submit(struct journal *journal, struct journal_entry *entry) {
    return entry->lane < journal->lane_count ? submit(journal, entry) : ERR_MALFORMED;
}

enum err journal_append(struct journal *journal, enum journal_kind kind, struct bytes payload) {
    struct waiting waiting = {
        .entry = {.kind = kind, .payload = payload, .lane = journal->lane_count}};
    ERR_TRY(submit(journal, &waiting.entry));
    (void)pthread_mutex_lock(&journal->lock);
    if (!journal->running) {
        struct journal_entry *entries = take_queue(journal);
        (void)pthread_mutex_unlock(&journal->lock);
        write_entries(journal, entries, false);
        (void)pthread_mutex_lock(&journal->lock);
    }
    while (!waiting.done)
        (void)pthread_cond_wait(&journal->appended, &journal->lock);
    (void)pthread_mutex_unlock(&journal->lock);
    return waiting.entry.result;
}

bool journal_has_failed(struct journal *journal) {
    (void)pthread_mutex_lock(&journal->lock);
    bool failed = journal->failed;
    (void)pthread_mutex_unlock(&journal->lock);
    return failed;
}

bool journal_is_writable(struct journal *journal) {
    (void)pthread_mutex_lock(&journal->lock);
    bool writable = !journal->failed && !journal->stopping && !journal->segment_wanted;
    (void)pthread_mutex_unlock(&journal->lock);
    return writable;
}

int journal_lane_descriptor(const struct journal *journal, unsigned lane) {
    return lane < journal->lane_count ? journal->lanes[lane].wake : -1;
}

struct journal_entry *journal_reap(struct journal *journal, unsigned lane) {
    eventfd_t count;
    if (lane >= journal->lane_count)
        return NULL;
    /* First the wake-up, then the list: what comes in between wakes again. */
    (void)eventfd_read(journal->lanes[lane].wake, &count);
    (void)pthread_mutex_lock(&journal->lock);
    struct journal_entry *entries = journal->lanes[lane].first;
    journal->lanes[lane].first = NULL;
    journal->lanes[lane].last = &journal->lanes[lane].first;
    (void)pthread_mutex_unlock(&journal->lock);
    return entries;
}
