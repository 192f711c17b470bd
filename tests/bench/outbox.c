#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "tests/bench/outbox.h"

#define MESSAGE_MAX 16384

struct outbox {
    int folder_fd, notify_fd;
};

enum err outbox_open(struct outbox **outbox, const char *folder) {
    struct outbox *made = calloc(1, sizeof *made);
    if (made == NULL)
        return ERR_FULL;
    made->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    made->notify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (made->folder_fd < 0 || made->notify_fd < 0 ||
        inotify_add_watch(made->notify_fd, folder, IN_MOVED_TO) < 0) {
        fprintf(stderr, "idcs-load: cannot watch the outbox %s: %s\n", folder, strerror(errno));
        outbox_close(made);
        return ERR_SYSTEM;
    }
    *outbox = made;
    return ERR_OK;
}

void outbox_close(struct outbox *outbox) {
    if (outbox == NULL)
        return;
    if (outbox->folder_fd >= 0)
        close(outbox->folder_fd);
    if (outbox->notify_fd >= 0)
        close(outbox->notify_fd);
    free(outbox);
}

int outbox_descriptor(const struct outbox *outbox) {
    return outbox->notify_fd;
}

/* NULL: it is gone, or no JSON. */
static json_t *load(const struct outbox *outbox, const char *name) {
    char text[MESSAGE_MAX];
    int fd = openat(outbox->folder_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    ssize_t len = read(fd, text, sizeof text);
    close(fd);
    return len > 0 ? json_loadb(text, (size_t)len, 0, NULL) : NULL;
}

enum err outbox_read(struct outbox *outbox,
                     void (*each)(void *context, const char *transaction_id, const char *code),
                     void *context) {
    _Alignas(struct inotify_event) char events[16384];
    ssize_t len;
    while ((len = read(outbox->notify_fd, events, sizeof events)) > 0) {
        const struct inotify_event *event;
        for (const char *at = events; at < events + len; at += sizeof *event + event->len) {
            event = (const struct inotify_event *)(const void *)at;
            if ((event->mask & IN_Q_OVERFLOW) != 0)
                return ERR_FULL;
            json_t *message = event->len > 0 ? load(outbox, event->name) : NULL;
            const char *id = json_string_value(json_object_get(message, "transactionID"));
            const char *code = json_string_value(json_object_get(message, "otp"));
            if (id != NULL && code != NULL)
                each(context, id, code);
            json_decref(message);
        }
    }
    return len < 0 && errno != EAGAIN ? ERR_SYSTEM : ERR_OK;
}
