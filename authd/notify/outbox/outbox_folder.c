#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "authd/notify/outbox/outbox_folder.h"
#include "firmware/base/clock.h"
#include "firmware/base/codec.h"
#include "firmware/base/scope.h"

#define TEMPORARY     ".message"
#define NAME_SIZE     40
#define NUMBER_DIGITS 20

/* The parts of a message's name. */
struct entry {
    uint64_t number;
    uint32_t random;
};

struct outbox_folder {
    int fd;
    size_t keep_files;
    uint64_t last_number;
    size_t oldest, count; /* in ${entries}, a ring */
    struct entry entries[];
};

static void entry_name(const struct entry *entry, char name[static NAME_SIZE]) {
    (void)snprintf(name, NAME_SIZE, "%020" PRIu64 "-%08" PRIx32 ".json", entry->number,
                   entry->random);
}

/* Is it a name that entry_name has written? */
static bool entry_from_name(const char *name, struct entry *entry) {
    char digits[NUMBER_DIGITS + 1], again[NAME_SIZE];
    int64_t number = 0;
    uint8_t random[sizeof entry->random];
    if (strlen(name) < NUMBER_DIGITS + 1 + 2 * sizeof random ||
        bytes_to_text(bytes_of(name, NUMBER_DIGITS), digits, sizeof digits) != ERR_OK ||
        codec_integer(digits, 0, INT64_MAX, &number) != ERR_OK ||
        codec_hex_decode(bytes_of(name + NUMBER_DIGITS + 1, 2 * sizeof random), random,
                         sizeof random) != ERR_OK)
        return false;
    struct cursor cursor = cursor_over(bytes_of(random, sizeof random));
    entry->number = (uint64_t)number;
    entry->random = cursor_u32(&cursor);
    entry_name(entry, again);
    return strcmp(name, again) == 0;
}

static int compare_entries(const void *left, const void *right) {
    const struct entry *a = left, *b = right;
    if (a->number != b->number)
        return a->number < b->number ? -1 : 1;
    return a->random < b->random ? -1 : a->random > b->random;
}

static enum err remove_name(const struct outbox_folder *folder, const char *name) {
    if (unlinkat(folder->fd, name, 0) != 0 && errno != ENOENT)
        return ERR_SYSTEM;
    return ERR_OK;
}

static enum err remove_oldest(struct outbox_folder *folder) {
    char name[NAME_SIZE];
    entry_name(&folder->entries[folder->oldest], name);
    ERR_TRY(remove_name(folder, name));
    folder->oldest = (folder->oldest + 1) % folder->keep_files;
    folder->count--;
    return ERR_OK;
}

/* So that one more can be remembered. */
static enum err make_room(struct outbox_folder *folder) {
    return folder->count == folder->keep_files ? remove_oldest(folder) : ERR_OK;
}

static void remember(struct outbox_folder *folder, const struct entry *entry) {
    folder->entries[(folder->oldest + folder->count) % folder->keep_files] = *entry;
    folder->count++;
    folder->last_number = entry->number;
}

/* The messages that a scan found. */
struct found {
    struct entry *entries;
    size_t count, room;
};

static void found_free(struct found *found) {
    free(found->entries);
}

static enum err found_add(struct found *found, const struct entry *entry) {
    if (found->count == found->room) {
        size_t room = found->room == 0 ? 256 : found->room * 2;
        struct entry *entries = reallocarray(found->entries, room, sizeof *entries);
        if (entries == NULL)
            return ERR_SYSTEM;
        found->entries = entries;
        found->room = room;
    }
    found->entries[found->count++] = *entry;
    return ERR_OK;
}

static enum err take_name(struct outbox_folder *folder, const char *name, struct found *found) {
    struct entry entry;
    if (strcmp(name, TEMPORARY) == 0)
        return remove_name(folder, name);
    return entry_from_name(name, &entry) ? found_add(found, &entry) : ERR_OK;
}

static enum err scan(struct outbox_folder *folder) {
    int fd = openat(folder->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    SCOPE_LISTING *listing = fd < 0 ? NULL : fdopendir(fd);
    __attribute__((cleanup(found_free))) struct found found = {0};
    if (listing == NULL) {
        if (fd >= 0)
            (void)close(fd);
        return ERR_SYSTEM;
    }
    const struct dirent *item;
    while (errno = 0, (item = readdir(listing)) != NULL)
        ERR_TRY(take_name(folder, item->d_name, &found));
    if (errno != 0)
        return ERR_SYSTEM;
    if (found.count > 0)
        qsort(found.entries, found.count, sizeof *found.entries, compare_entries);
    for (size_t i = 0; i < found.count; i++) {
        ERR_TRY(make_room(folder));
        remember(folder, &found.entries[i]);
    }
    return ERR_OK;
}

static enum err open_and_lock(struct outbox_folder *folder, const char *path) {
    if (mkdir(path, 0750) != 0 && errno != EEXIST)
        return ERR_SYSTEM;
    folder->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder->fd < 0)
        return ERR_SYSTEM;
    if (flock(folder->fd, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK ? ERR_EXISTS : ERR_SYSTEM;
    return ERR_OK;
}

enum err outbox_folder_open(struct outbox_folder **folder, const char *path, size_t keep_files) {
    *folder = NULL;
    if (keep_files == 0 || keep_files > OUTBOX_FILES_MAX)
        return ERR_CONFIG;
    if (sodium_init() < 0)
        return ERR_SYSTEM;
    struct outbox_folder *opened = calloc(1, sizeof *opened + keep_files * sizeof *opened->entries);
    if (opened == NULL)
        return ERR_SYSTEM;
    opened->fd = -1;
    opened->keep_files = keep_files;
    enum err err = open_and_lock(opened, path);
    if (err == ERR_OK)
        err = scan(opened);
    if (err == ERR_OK)
        *folder = opened;
    else
        outbox_folder_close(opened);
    return err;
}

void outbox_folder_close(struct outbox_folder *folder) {
    if (folder == NULL)
        return;
    if (folder->fd >= 0)
        (void)close(folder->fd);
    free(folder);
}

static enum err write_all(int fd, struct bytes content) {
    while (content.len > 0) {
        ssize_t written = write(fd, content.data, content.len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return ERR_SYSTEM;
        content = bytes_of(content.data + written, content.len - (size_t)written);
    }
    return ERR_OK;
}

static enum err write_temporary(const struct outbox_folder *folder, struct bytes content) {
    int fd =
        openat(folder->fd, TEMPORARY, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
    if (fd < 0)
        return ERR_SYSTEM;
    enum err err = write_all(fd, content);
    if (err == ERR_OK && fsync(fd) != 0)
        err = ERR_SYSTEM;
    if (close(fd) != 0)
        err = ERR_SYSTEM;
    return err;
}

static enum err publish(struct outbox_folder *folder, const struct entry *entry) {
    char name[NAME_SIZE];
    entry_name(entry, name);
    if (renameat2(folder->fd, TEMPORARY, folder->fd, name, RENAME_NOREPLACE) != 0)
        return ERR_SYSTEM;
    if (fsync(folder->fd) == 0)
        return ERR_OK;
    (void)remove_name(folder, name); /* not durable is not written */
    return ERR_SYSTEM;
}

static enum err next_entry(const struct outbox_folder *folder, struct entry *entry) {
    uint64_t now = (uint64_t)clock_wall_ms() * 1000;
    if (folder->last_number >= INT64_MAX)
        return ERR_FULL;
    entry->number = now > folder->last_number ? now : folder->last_number + 1;
    entry->random = randombytes_random();
    return ERR_OK;
}

enum err outbox_folder_write(struct outbox_folder *folder, struct bytes content) {
    struct entry entry;
    ERR_TRY(next_entry(folder, &entry));
    ERR_TRY(make_room(folder));
    enum err err = write_temporary(folder, content);
    if (err == ERR_OK)
        err = publish(folder, &entry);
    if (err != ERR_OK) {
        (void)remove_name(folder, TEMPORARY);
        return err;
    }
    remember(folder, &entry);
    return ERR_OK;
}
