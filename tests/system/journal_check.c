#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clock.h"
#include "authd/core/evidence.h"
#include "authd/core/otp_rows.h"
#include "authd/store/journal.h"
#include "authd/store/ledger_effects.h"
#include "authd/store/ledger_file.h"

/*
 * Compares the evidence of a stopped box with its one-time state. The state is rebuilt from the
 * effects in the journal alone and must be what LMDB has; every record that says "yes" must have
 * used up exactly one code, and no code may have been used up by two of them. Prints a line for
 * each request's record; ends with 1 after saying what disagrees.
 */
#define SEGMENT_BYTES_LEAST ((size_t)64 << 10)

/* One row's version, as a record or the file has it. */
struct version {
    struct ledger_row row;
    uint8_t boot_id[CLOCK_BOOT_ID_BYTES];
    uint64_t sequence; /* of the record; 0: from the file */
};

struct versions {
    struct version *items;
    size_t count, room;
};

struct answer {
    bool verdict;
    unsigned codes_used;
};

static struct {
    struct versions journal, file;
    struct answer *answers; /* by the record's sequence */
    size_t answer_room;
    uint64_t sequence; /* of the record being read */
    uint64_t last_sequence, highest_lsn;
    struct versions used; /* codes that a "yes" has used up, as they were before */
    unsigned problems;
} check;

__attribute__((format(printf, 1, 2))) static void complain(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    check.problems++;
}

static enum err push(struct versions *versions, const struct version *version) {
    if (versions->count == versions->room) {
        versions->room = versions->room == 0 ? 1024 : versions->room * 2;
        versions->items = reallocarray(versions->items, versions->room, sizeof versions->items[0]);
        if (versions->items == NULL)
            return ERR_SYSTEM;
    }
    versions->items[versions->count++] = *version;
    return ERR_OK;
}

static enum err take_version(struct versions *versions, const uint8_t *boot_id,
                             const struct ledger_row *row) {
    struct version version = {.row = *row, .sequence = check.sequence};
    memcpy(version.boot_id, boot_id, sizeof version.boot_id);
    return push(versions, &version);
}

static enum err take_effect(void *context, const uint8_t *boot_id, const struct ledger_row *row) {
    (void)context;
    if (row->lsn > check.highest_lsn)
        check.highest_lsn = row->lsn;
    return take_version(&check.journal, boot_id, row);
}

static enum err take_file_row(void *context, const uint8_t *boot_id, const struct ledger_row *row) {
    (void)context;
    check.sequence = 0;
    return take_version(&check.file, boot_id, row);
}

static enum err take_answer(bool verdict) {
    if (check.sequence >= check.answer_room) {
        size_t room = (size_t)check.sequence * 2 + 1024;
        check.answers = reallocarray(check.answers, room, sizeof check.answers[0]);
        if (check.answers == NULL)
            return ERR_SYSTEM;
        memset(check.answers + check.answer_room, 0,
               (room - check.answer_room) * sizeof check.answers[0]);
        check.answer_room = room;
    }
    check.answers[check.sequence].verdict = verdict;
    return ERR_OK;
}

static void print_request(const struct evidence *evidence) {
    printf("%" PRIu64 " %u %d ", check.sequence, evidence->function, evidence->verdict);
    for (size_t i = 0; i < sizeof evidence->answer_hash; i++)
        printf("%02x", evidence->answer_hash[i]);
    printf(" %s %s %s\n", evidence->transaction[0] != '\0' ? evidence->transaction : "-",
           evidence->error_code[0] != '\0' ? evidence->error_code : "-",
           evidence->reason[0] != '\0' ? evidence->reason : "-");
}

static enum err take_record(void *context, uint64_t sequence, int64_t wall_ms,
                            enum journal_kind kind, struct bytes payload) {
    struct bytes effects;
    struct evidence evidence = {0};
    (void)context;
    (void)wall_ms;
    check.sequence = check.last_sequence = sequence;
    ERR_TRY(ledger_effects_of(kind, payload, &effects));
    ERR_TRY(ledger_effects_each(effects, take_effect, NULL));
    if (kind == JOURNAL_REQUEST) {
        size_t len = payload.len - effects.len - sizeof(uint32_t);
        ERR_TRY(evidence_get(bytes_of(payload.data, len), &evidence));
        print_request(&evidence);
    }
    return take_answer(evidence.verdict);
}

static int compare_versions(const void *left, const void *right) {
    const struct version *a = left, *b = right;
    int order = memcmp(a->row.key, b->row.key, sizeof a->row.key);
    if (order != 0)
        return order;
    return a->row.lsn < b->row.lsn ? -1 : a->row.lsn > b->row.lsn;
}

static int compare_codes(const void *left, const void *right) {
    const struct version *a = left, *b = right;
    return memcmp(a->row.value, b->row.value, OTP_MAC_BYTES);
}

static void sort(struct versions *versions, int (*compare)(const void *, const void *)) {
    if (versions->count > 0)
        qsort(versions->items, versions->count, sizeof versions->items[0], compare);
}

static bool same_key(const struct version *a, const struct version *b) {
    return memcmp(a->row.key, b->row.key, sizeof a->row.key) == 0;
}

static bool is_code(const struct ledger_row *row) {
    struct otp_row code;
    return row->present && otp_row_decode(bytes_of(row->value, row->value_len), &code) == ERR_OK;
}

/* A record that ends a code's row has used the code up. */
static enum err note_use(const struct version *before, const struct version *after) {
    struct answer *answer = &check.answers[after->sequence];
    if (!is_code(&before->row) || after->row.present)
        return ERR_OK;
    answer->codes_used++;
    return answer->verdict ? push(&check.used, before) : ERR_OK;
}

static enum err check_codes(void) {
    for (size_t i = 1; i < check.journal.count; i++) {
        const struct version *before = &check.journal.items[i - 1],
                             *after = &check.journal.items[i];
        if (!same_key(before, after))
            continue;
        if (before->row.lsn == after->row.lsn)
            complain("records %" PRIu64 " and %" PRIu64 " both say what lsn %" PRIu64 " did",
                     before->sequence, after->sequence, after->row.lsn);
        ERR_TRY(note_use(before, after));
    }
    for (uint64_t i = 1; i <= check.last_sequence; i++)
        if (check.answers[i].verdict && check.answers[i].codes_used != 1)
            complain("record %" PRIu64 " says yes and has used up %u codes", i,
                     check.answers[i].codes_used);
    sort(&check.used, compare_codes);
    for (size_t i = 1; i < check.used.count; i++)
        if (compare_codes(&check.used.items[i - 1], &check.used.items[i]) == 0)
            complain("a code was used up by two records that say yes");
    return ERR_OK;
}

static bool same_row(const struct version *a, const struct version *b) {
    const struct ledger_row *left = &a->row, *right = &b->row;
    return left->lsn == right->lsn && left->present == right->present &&
           left->boot_bound == right->boot_bound && left->count == right->count &&
           left->value_len == right->value_len && left->lifetime_ms == right->lifetime_ms &&
           left->expires.boot_ms == right->expires.boot_ms &&
           left->expires.wall_ms == right->expires.wall_ms &&
           left->kept.boot_ms == right->kept.boot_ms && left->kept.wall_ms == right->kept.wall_ms &&
           memcmp(left->value, right->value, sizeof left->value) == 0 &&
           memcmp(a->boot_id, b->boot_id, sizeof a->boot_id) == 0;
}

/* Both sorted by key: of the journal the last version of each key counts. */
static void check_rows(void) {
    struct ledger_time now = ledger_row_now();
    size_t at = 0, compared = 0;
    for (size_t i = 0; i < check.journal.count; i++) {
        const struct version *last = &check.journal.items[i];
        if (i + 1 < check.journal.count && same_key(last, last + 1))
            continue;
        bool on_file = at < check.file.count && same_key(last, &check.file.items[at]);
        if (on_file && !same_row(last, &check.file.items[at]))
            complain("state has another row than record %" PRIu64, last->sequence);
        else if (!on_file && !ledger_row_forgotten(&last->row, now))
            complain("state lacks a row of record %" PRIu64, last->sequence);
        at += on_file;
        compared += on_file;
    }
    if (at != check.file.count)
        complain("state has rows that no record has made");
    fprintf(stderr, "records %" PRIu64 ", rows compared %zu, codes used up %zu\n",
            check.last_sequence, compared, check.used.count);
}

static enum err read_journal(const char *directory) {
    const struct journal_options options = {.directory = directory,
                                            .segment_bytes = SEGMENT_BYTES_LEAST};
    struct journal *journal = NULL;
    ERR_TRY(journal_open(&journal, &options));
    enum err result = journal_each(journal, 1, take_record, NULL);
    journal_close(journal);
    return result;
}

static enum err read_state(const char *directory) {
    struct ledger_mark mark;
    struct kv *file = NULL;
    ERR_TRY(ledger_file_open(&file, directory));
    enum err result = ledger_file_load(file, &mark, take_file_row, NULL);
    kv_close(file);
    if (mark.applied != check.last_sequence || mark.lsn != check.highest_lsn)
        complain("state stands at record %" PRIu64 " and lsn %" PRIu64 ", the journal at %" PRIu64
                 " and %" PRIu64,
                 mark.applied, mark.lsn, check.last_sequence, check.highest_lsn);
    return result;
}

static enum err run(const char *journal, const char *state) {
    ERR_TRY(read_journal(journal));
    ERR_TRY(read_state(state));
    sort(&check.journal, compare_versions);
    sort(&check.file, compare_versions);
    ERR_TRY(check_codes());
    check_rows();
    return ERR_OK;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fputs("usage: journal_check JOURNAL-DIRECTORY STATE-DIRECTORY\n", stderr);
        return 2;
    }
    enum err result = run(argv[1], argv[2]);
    if (result != ERR_OK)
        complain("cannot compare: %s", err_text(result));
    free(check.journal.items);
    free(check.file.items);
    free(check.used.items);
    free(check.answers);
    return check.problems == 0 ? 0 : 1;
}
