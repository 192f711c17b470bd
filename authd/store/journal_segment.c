#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "firmware/base/scope.h"
#include "authd/store/journal_segment.h"

#define FORMAT      1
#define CHECK_BYTES crypto_hash_sha256_BYTES
#define NAME_DIGITS 20
#define NAME_END    ".journal"
#define NAME_SIZE   64
#define UNFINISHED  "unfinished"
#define FILE_MODE   0640

static const uint8_t magic[8] = {'I', 'D', 'C', 'S', 'J', 'R', 'N', 'L'};

void journal_segment_close(struct journal_segment *segment) {
    if (segment->fd >= 0)
        (void)close(segment->fd);
    segment->fd = -1;
}

static void segment_name(uint64_t first, char name[static NAME_SIZE]) {
    (void)snprintf(name, NAME_SIZE, "%0*" PRIu64 NAME_END, NAME_DIGITS, first);
}

static enum err write_header(const struct journal_segment *segment, uint8_t *block) {
    struct buffer header = buffer_over(block, JOURNAL_SEGMENT_HEADER_BYTES);
    size_t peaks = (size_t)__builtin_popcountll(segment->tree.size);
    buffer_raw(&header, magic, sizeof magic);
    buffer_u16(&header, FORMAT);
    buffer_u64(&header, segment->first);
    buffer_u64(&header, segment->last_checkpoint);
    buffer_u64(&header, segment->tree.size);
    buffer_raw(&header, segment->tree.peaks, peaks * MERKLE_HASH_BYTES);
    crypto_hash_sha256(block + JOURNAL_SEGMENT_HEADER_BYTES - CHECK_BYTES, block,
                       JOURNAL_SEGMENT_HEADER_BYTES - CHECK_BYTES);
    return header.err;
}

static enum err read_header(const uint8_t *block, struct journal_segment *segment) {
    uint8_t check[CHECK_BYTES];
    crypto_hash_sha256(check, block, JOURNAL_SEGMENT_HEADER_BYTES - CHECK_BYTES);
    if (memcmp(check, block + JOURNAL_SEGMENT_HEADER_BYTES - CHECK_BYTES, CHECK_BYTES) != 0)
        return ERR_CORRUPT;
    struct cursor header = cursor_over(bytes_of(block, JOURNAL_SEGMENT_HEADER_BYTES));
    struct bytes begins = cursor_take(&header, sizeof magic);
    uint16_t format = cursor_u16(&header);
    segment->first = cursor_u64(&header);
    segment->last_checkpoint = cursor_u64(&header);
    segment->tree.size = cursor_u64(&header);
    size_t peaks = (size_t)__builtin_popcountll(segment->tree.size);
    cursor_copy(&header, segment->tree.peaks, peaks * MERKLE_HASH_BYTES);
    bool ours = bytes_equal(begins, bytes_of(magic, sizeof magic)) && format == FORMAT;
    return ours && header.err == ERR_OK && segment->tree.size + 1 == segment->first ? ERR_OK
                                                                                    : ERR_CORRUPT;
}

/* Room for the whole file is taken now: a full disk is met here, not in the middle of a batch. */
static enum err fill_file(const struct journal_segment *segment) {
    uint8_t block[JOURNAL_SEGMENT_HEADER_BYTES] = {0};
    ERR_TRY(write_header(segment, block));
    if (fallocate(segment->fd, 0, 0, (off_t)segment->bytes) != 0)
        return ERR_SYSTEM;
    if (pwrite(segment->fd, block, sizeof block, 0) != (ssize_t)sizeof block)
        return ERR_SYSTEM;
    return fsync(segment->fd) == 0 ? ERR_OK : ERR_SYSTEM;
}

static enum err name_file(int directory, const struct journal_segment *segment) {
    char name[NAME_SIZE];
    segment_name(segment->first, name);
    if (faccessat(directory, name, F_OK, 0) == 0)
        return ERR_EXISTS;
    if (renameat(directory, UNFINISHED, directory, name) != 0)
        return ERR_AGAIN;
    return fsync(directory) == 0 ? ERR_OK : ERR_SYSTEM;
}

enum err journal_segment_create(int directory, struct journal_segment *segment) {
    segment->fd = openat(directory, UNFINISHED, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
                         FILE_MODE);
    if (segment->fd < 0)
        return ERR_AGAIN;
    enum err err = fill_file(segment) == ERR_OK ? ERR_OK : ERR_AGAIN;
    if (err == ERR_OK)
        err = name_file(directory, segment);
    if (err != ERR_OK)
        journal_segment_close(segment);
    return err;
}

enum err journal_segment_open(int directory, uint64_t first, bool writable,
                              struct journal_segment *segment) {
    JOURNAL_SEGMENT(opened);
    char name[NAME_SIZE];
    uint8_t block[JOURNAL_SEGMENT_HEADER_BYTES];
    struct stat status;
    segment_name(first, name);
    opened.fd = openat(directory, name, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW);
    if (opened.fd < 0 || fstat(opened.fd, &status) != 0)
        return ERR_SYSTEM;
    ssize_t got = pread(opened.fd, block, sizeof block, 0);
    if (got < 0)
        return ERR_SYSTEM;
    if (got != (ssize_t)sizeof block)
        return ERR_CORRUPT;
    ERR_TRY(read_header(block, &opened));
    if (opened.first != first)
        return ERR_CORRUPT;
    opened.bytes = (uint64_t)status.st_size;
    *segment = opened;
    opened.fd = -1;
    return ERR_OK;
}

static bool parse_name(const char *name, uint64_t *first) {
    size_t digits = strspn(name, "0123456789");
    if (digits != NAME_DIGITS || strcmp(name + digits, NAME_END) != 0)
        return false;
    errno = 0;
    *first = strtoull(name, NULL, 10);
    return errno == 0 && *first > 0;
}

static int compare_firsts(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

enum err journal_segment_list(int directory, uint64_t **firsts, size_t *count) {
    *firsts = NULL;
    *count = 0;
    int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    SCOPE_LISTING *listing = fd < 0 ? NULL : fdopendir(fd);
    if (listing == NULL) {
        if (fd >= 0)
            (void)close(fd);
        return ERR_SYSTEM;
    }
    SCOPE_MEMORY uint64_t *found = NULL;
    size_t found_count = 0, room = 0;
    errno = 0;
    for (struct dirent *file; (file = readdir(listing)) != NULL;) {
        uint64_t first;
        if (!parse_name(file->d_name, &first))
            continue;
        if (found_count == room) {
            room = room == 0 ? 64 : room * 2;
            uint64_t *grown = reallocarray(found, room, sizeof *grown);
            if (grown == NULL)
                return ERR_SYSTEM;
            found = grown;
        }
        found[found_count++] = first;
        errno = 0;
    }
    if (errno != 0)
        return ERR_SYSTEM;
    if (found_count > 0)
        qsort(found, found_count, sizeof *found, compare_firsts);
    *firsts = found;
    *count = found_count;
    found = NULL;
    return ERR_OK;
}

void journal_segment_rewind(struct journal_reader *reader, const struct journal_segment *segment,
                            uint8_t *window) {
    *reader = (struct journal_reader){.segment = segment,
                                      .tree = segment->tree,
                                      .offset = JOURNAL_SEGMENT_HEADER_BYTES,
                                      .window = window};
}

static enum err fill_window(struct journal_reader *reader, uint64_t offset) {
    reader->window_offset = offset;
    reader->window_len = 0;
    while (reader->window_len < JOURNAL_WINDOW_BYTES) {
        ssize_t got =
            pread(reader->segment->fd, reader->window + reader->window_len,
                  JOURNAL_WINDOW_BYTES - reader->window_len, (off_t)(offset + reader->window_len));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return ERR_SYSTEM;
        if (got == 0)
            return ERR_OK;
        reader->window_len += (size_t)got;
    }
    return ERR_OK;
}

enum err journal_segment_window(struct journal_reader *reader, uint64_t offset, size_t least,
                                struct bytes *view) {
    uint64_t end = reader->window_offset + reader->window_len;
    if (offset < reader->window_offset || offset + least > end)
        ERR_TRY(fill_window(reader, offset));
    size_t skip = (size_t)(offset - reader->window_offset);
    *view = bytes_of(reader->window + skip, reader->window_len - skip);
    return ERR_OK;
}

enum err journal_segment_next(struct journal_reader *reader, struct journal_record *record) {
    struct bytes view;
    size_t len;
    uint8_t leaf[MERKLE_HASH_BYTES];
    ERR_TRY(journal_segment_window(reader, reader->offset, JOURNAL_RECORD_MAX, &view));
    ERR_TRY(journal_record_get(view, record, leaf, &len));
    bool follows = record->sequence == reader->tree.size + 1 &&
                   (record->place == 0 || record->place == reader->next_place);
    if (!follows)
        return ERR_CORRUPT;
    ERR_TRY(merkle_append(&reader->tree, leaf));
    reader->offset += len;
    reader->next_place = (uint16_t)(record->place + 1);
    return ERR_OK;
}
