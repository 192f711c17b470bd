#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/base/log.h"
#include "firmware/base/scope.h"
#include "hsm/pin.h"

#define PIN_BYTES_MIN 4

static enum err refuse(const char *reason) {
    log_event(LOG_ERROR, "pin-file-refused", "reason=%s", reason);
    return ERR_CONFIG;
}

static enum err check_file(int fd) {
    struct stat status;
    if (fstat(fd, &status) != 0)
        return ERR_SYSTEM;
    if (!S_ISREG(status.st_mode))
        return refuse("not-a-regular-file");
    if ((status.st_mode & 077) != 0)
        return refuse("open-to-group-or-others:make-it-mode-0600");
    if (status.st_uid != geteuid() && status.st_uid != 0)
        return refuse("owned-by-another-user");
    if (status.st_size > PIN_BYTES_MAX + 1)
        return refuse("too-long");
    return ERR_OK;
}

/* Reads until the end or until ${memory} is full. */
static enum err read_all(int fd, struct secret *memory, size_t *len) {
    *len = 0;
    while (*len < memory->len) {
        ssize_t got = read(fd, memory->data + *len, memory->len - *len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return ERR_SYSTEM;
        if (got == 0)
            break;
        *len += (size_t)got;
    }
    return ERR_OK;
}

enum err pin_read(const char *path, struct secret *pin) {
    SCOPE_DESCRIPTOR fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT ? ERR_NOT_FOUND : refuse("cannot-be-opened");
    ERR_TRY(check_file(fd));
    SECRET(content);
    ERR_TRY(secret_new(&content, PIN_BYTES_MAX + 1));
    size_t len;
    ERR_TRY(read_all(fd, &content, &len));
    const uint8_t *end = memchr(content.data, '\n', len);
    if (end != NULL)
        len = (size_t)(end - content.data);
    if (len < PIN_BYTES_MIN || len > PIN_BYTES_MAX || memchr(content.data, 0, len) != NULL)
        return refuse("length-or-zero-byte");
    return secret_copy(pin, bytes_of(content.data, len));
}
