#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "firmware/base/clock.h"
#include "provisioning/officer_input.h"
#include "provisioning/officer_text.h"
#include "provisioning/values.h"

#define REASON_LEAST 8

static void close_file(int *fd) {
    if (*fd > STDERR_FILENO)
        (void)close(*fd);
}

/* Reads on until the end of the file or until ${size} bytes are there. */
static ssize_t read_whole(int fd, uint8_t *memory, size_t size) {
    size_t len = 0;
    while (len < size) {
        ssize_t got = read(fd, memory + len, size - len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        len += (size_t)got;
    }
    return (ssize_t)len;
}

enum result officer_input_read(const char *path, uint8_t *memory, size_t size,
                               struct bytes *content) {
    bool standard_input = strcmp(path, "-") == 0;
    __attribute__((cleanup(close_file))) int fd =
        standard_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    *content = bytes_of(NULL, 0);
    ssize_t len = fd < 0 ? -1 : read_whole(fd, memory, size);
    if (len < 0) {
        officer_text_complain(TEXT_CANNOT_READ, path, strerror(errno));
        return RESULT_USAGE;
    }
    if (len == 0) {
        officer_text_complain(TEXT_FILE_EMPTY, path, NULL);
        return RESULT_USAGE;
    }
    uint8_t more;
    if ((size_t)len == size && read(fd, &more, 1) != 0) {
        char limit[24];
        (void)snprintf(limit, sizeof limit, "%zu", size);
        officer_text_complain(TEXT_FILE_TOO_LARGE, path, limit);
        return RESULT_USAGE;
    }
    *content = bytes_of(memory, (size_t)len);
    return RESULT_DONE;
}

enum result officer_input_read_line(const char *path, size_t size, struct secret *memory,
                                    struct bytes *line) {
    *line = (struct bytes){0};
    if (secret_new(memory, size) != ERR_OK) {
        officer_text_complain(TEXT_NO_MEMORY, NULL, NULL);
        return RESULT_REFUSED;
    }
    RESULT_TRY(officer_input_read(path, memory->data, memory->len, line));
    while (line->len > 0 &&
           (line->data[line->len - 1] == '\n' || line->data[line->len - 1] == '\r'))
        line->len--;
    return RESULT_DONE;
}

enum result officer_input_read_key(const char *path, struct secret *key) {
    SECRET(memory);
    struct bytes content;
    RESULT_TRY(officer_input_read_line(path, OFFICER_KEY_SIZE + 2, &memory, &content));
    if (content.len >= OFFICER_KEY_SIZE || values_key(content) != ERR_OK) {
        officer_text_complain(TEXT_BAD_KEY_FILE, path, NULL);
        return RESULT_USAGE;
    }
    if (secret_copy(key, content) != ERR_OK) {
        officer_text_complain(TEXT_NO_MEMORY, NULL, NULL);
        return RESULT_REFUSED;
    }
    return RESULT_DONE;
}

enum result officer_input_time(const char *name, const char *text, int64_t *wall_ms) {
    char whole[64];
    bool date_alone = strlen(text) == strlen("2027-12-31");
    (void)snprintf(whole, sizeof whole, "%.40s%s", text, date_alone ? "T00:00:00.000Z" : "");
    if (strlen(text) <= 40 && clock_parse_millis(bytes_of_text(whole), wall_ms) == ERR_OK)
        return RESULT_DONE;
    officer_text_complain(TEXT_BAD_TIME, name, text);
    return RESULT_USAGE;
}

enum result officer_input_status(const char *name, const char *text,
                                 enum programme_status *status) {
    static const struct {
        const char *text;
        enum programme_status status;
    } all[] = {
        {"active", STATUS_ACTIVE}, {"suspended", STATUS_SUSPENDED}, {"deleted", STATUS_DELETED}};
    *status = STATUS_ACTIVE;
    if (text == NULL)
        return RESULT_DONE;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        *status = all[i].status;
        if (strcmp(text, all[i].text) == 0)
            return RESULT_DONE;
    }
    officer_text_complain(TEXT_BAD_STATUS, name, text);
    return RESULT_USAGE;
}

enum result officer_input_text(const char *name, const char *text, char *target, size_t size) {
    char limit[24];
    if (bytes_to_text(bytes_of_text(text), target, size) == ERR_OK)
        return RESULT_DONE;
    (void)snprintf(limit, sizeof limit, "%zu", size - 1);
    officer_text_complain(TEXT_TOO_LONG, name, limit);
    return RESULT_USAGE;
}

enum result officer_input_reason(const char *name, const char *text, char *target, size_t size) {
    char most[24];
    target[0] = '\0';
    if (text == NULL)
        return RESULT_DONE;
    if (strlen(text) >= REASON_LEAST && bytes_to_text(bytes_of_text(text), target, size) == ERR_OK)
        return RESULT_DONE;
    (void)snprintf(most, sizeof most, "%zu", size - 1);
    officer_text_complain(TEXT_BAD_FORCE, name, most);
    return RESULT_USAGE;
}
