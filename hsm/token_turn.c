#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "firmware/base/clock.h"
#include "firmware/base/log.h"
#include "hsm/token_turn.h"

#define FILE_NAME "token.turn"
#define SLICE_MS  5 /* between two tries */

enum err token_turn_open(struct token_turn *turn, const char *directory) {
    char path[PATH_MAX];
    turn->fd = -1;
    int len = snprintf(path, sizeof path, "%s/" FILE_NAME, directory);
    if (len < 0 || (size_t)len >= sizeof path)
        return ERR_SYSTEM;
    turn->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    return turn->fd >= 0 ? ERR_OK : ERR_SYSTEM;
}

void token_turn_close(struct token_turn *turn) {
    if (turn->fd >= 0)
        (void)close(turn->fd);
    turn->fd = -1;
}

static int set(const struct token_turn *turn, short type) {
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET};
    return fcntl(turn->fd, F_OFD_SETLK, &lock);
}

enum err token_turn_begin(struct token_turn *turn, enum token_turn_kind kind, int64_t patience_ms) {
    int64_t end_ms = clock_boot_ms() + patience_ms;
    if (turn->fd < 0)
        return ERR_OK;
    while (set(turn, kind == TOKEN_TURN_MAKE ? F_WRLCK : F_RDLCK) != 0) {
        if (clock_boot_ms() >= end_ms)
            return ERR_AGAIN;
        (void)poll(NULL, 0, SLICE_MS);
    }
    return ERR_OK;
}

void token_turn_end(struct token_turn *turn) {
    if (turn->fd >= 0 && set(turn, F_UNLCK) != 0)
        log_event(LOG_ERROR, "token-turn-not-ended", "file=" FILE_NAME);
}
