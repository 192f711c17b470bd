#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/base/scope.h"
#include "authd/supervise/pin_marker.h"

#define NEW_NAME  PIN_MARKER_NAME ".new"
#define ANY_FILE  "any\n"
#define GOOD_HEAD "device="

static void make_line(const struct stat *status, struct pin_identity *identity) {
    snprintf(identity->line, sizeof identity->line,
             GOOD_HEAD "%ju inode=%ju size=%jd written=%jd.%09ld\n", (uintmax_t)status->st_dev,
             (uintmax_t)status->st_ino, (intmax_t)status->st_size, (intmax_t)status->st_mtim.tv_sec,
             status->st_mtim.tv_nsec);
}

void pin_marker_open(const char *path, struct pin_file *file) {
    *file = (struct pin_file){.path = path, .name = open(path, O_PATH | O_CLOEXEC)};
    if (file->name >= 0 && fstat(file->name, &file->opened) != 0) {
        (void)close(file->name);
        file->name = -1;
    }
}

/* A file that is moved away, replaced by a move, or written to has another time of change. */
static bool is_untouched(const struct pin_file *file) {
    struct stat now;
    return file->name >= 0 && fstat(file->name, &now) == 0 && now.st_nlink > 0 &&
           now.st_ctim.tv_sec == file->opened.st_ctim.tv_sec &&
           now.st_ctim.tv_nsec == file->opened.st_ctim.tv_nsec;
}

void pin_marker_identify(const struct pin_file *file, struct pin_identity *identity) {
    struct stat status;
    if (stat(file->path, &status) == 0)
        make_line(&status, identity);
    else if (errno == EACCES && is_untouched(file))
        make_line(&file->opened, identity);
    else
        snprintf(identity->line, sizeof identity->line, "%s", ANY_FILE);
}

static enum err write_new(int folder, const char *line) {
    SCOPE_DESCRIPTOR fd = openat(folder, NEW_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return ERR_SYSTEM;
    ssize_t len = (ssize_t)strlen(line);
    if (write(fd, line, (size_t)len) != len || fsync(fd) != 0)
        return ERR_SYSTEM;
    return ERR_OK;
}

enum err pin_marker_write(int folder, const struct pin_identity *before,
                          const struct pin_file *file) {
    struct pin_identity now;
    pin_marker_identify(file, &now);
    const char *line = strcmp(before->line, now.line) == 0 ? now.line : ANY_FILE;
    ERR_TRY(write_new(folder, line));
    if (renameat(folder, NEW_NAME, folder, PIN_MARKER_NAME) != 0 || fsync(folder) != 0)
        return ERR_SYSTEM;
    return ERR_OK;
}

enum err pin_marker_check(int folder, const struct pin_file *file, bool *refused) {
    char line[PIN_MARKER_SIZE];
    struct pin_identity now;
    *refused = true;
    SCOPE_DESCRIPTOR fd = openat(folder, PIN_MARKER_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT) {
        *refused = false;
        return ERR_OK;
    }
    ssize_t len = fd < 0 ? -1 : read(fd, line, sizeof line - 1);
    if (len < 0)
        return ERR_SYSTEM;
    line[len] = '\0';
    pin_marker_identify(file, &now);
    bool names_a_file = strncmp(line, GOOD_HEAD, strlen(GOOD_HEAD)) == 0 && line[len - 1] == '\n';
    bool file_is_known = strncmp(now.line, GOOD_HEAD, strlen(GOOD_HEAD)) == 0;
    if (names_a_file && file_is_known && strcmp(line, now.line) != 0)
        *refused = false;
    return ERR_OK;
}

enum err pin_marker_remove(int folder) {
    if (unlinkat(folder, PIN_MARKER_NAME, 0) != 0)
        return errno == ENOENT ? ERR_OK : ERR_SYSTEM;
    return fsync(folder) == 0 ? ERR_OK : ERR_SYSTEM;
}
