#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firmware/base/clock.h"
#include "firmware/base/frame.h"

/* On the wire: u16 type, u16 reserved (zero), u32 generation, u64 id, payload to the packet's end.
 */

enum err frame_encode(const struct frame *frame, struct buffer *packet) {
    if (frame->payload.len > FRAME_PAYLOAD_MAX)
        return ERR_TOO_LARGE;
    buffer_u16(packet, frame->type);
    buffer_u16(packet, 0);
    buffer_u32(packet, frame->generation);
    buffer_u64(packet, frame->id);
    buffer_raw(packet, frame->payload.data, frame->payload.len);
    return packet->err;
}

enum err frame_decode(struct bytes packet, struct frame *frame) {
    *frame = (struct frame){0};
    if (packet.len > FRAME_MAX_BYTES)
        return ERR_TOO_LARGE;
    struct cursor cursor = cursor_over(packet);
    struct frame read = {0};
    read.type = cursor_u16(&cursor);
    uint16_t reserved = cursor_u16(&cursor);
    read.generation = cursor_u32(&cursor);
    read.id = cursor_u64(&cursor);
    read.payload = cursor_take(&cursor, cursor.left);
    ERR_TRY(cursor_end(&cursor));
    if (reserved != 0)
        return ERR_MALFORMED;
    *frame = read;
    return ERR_OK;
}

/* Root may go beyond net.core.wmem_max; anyone else gets as much as that allows. */
static enum err make_room(int fd, int bytes) {
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes) == 0)
        return ERR_OK;
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes) == 0)
        return ERR_OK;
    return ERR_SYSTEM;
}

enum err frame_pair(int ends[static 2], size_t bytes) {
    if (bytes > INT32_MAX)
        return ERR_TOO_LARGE;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
        return ERR_SYSTEM;
    for (int end = 0; end < 2; end++) {
        if (make_room(ends[end], (int)bytes) != ERR_OK) {
            (void)close(ends[0]);
            (void)close(ends[1]);
            return ERR_SYSTEM;
        }
    }
    return ERR_OK;
}

/* ${deadline} on the boot clock; negative: for ever. */
static enum err wait_for(int fd, short events, int64_t deadline) {
    for (;;) {
        int64_t left = -1;
        if (deadline >= 0) {
            left = deadline - clock_boot_ms();
            if (left < 0)
                return ERR_TIMEOUT;
        }
        struct pollfd poller = {.fd = fd, .events = events};
        int ready = poll(&poller, 1, left > INT32_MAX ? INT32_MAX : (int)left);
        if (ready > 0)
            return ERR_OK;
        if (ready == 0 && left >= 0 && left <= INT32_MAX)
            return ERR_TIMEOUT;
        if (ready < 0 && errno != EINTR)
            return ERR_SYSTEM;
    }
}

static int64_t deadline_after(int64_t timeout_ms) {
    if (timeout_ms < 0)
        return -1;
    int64_t now = clock_boot_ms();
    return timeout_ms > INT64_MAX - now ? INT64_MAX : now + timeout_ms;
}

static enum err error_of_socket(void) {
    if (errno == EPIPE || errno == ECONNRESET || errno == ECONNREFUSED || errno == ENOTCONN)
        return ERR_CLOSED;
    return errno == EMSGSIZE ? ERR_TOO_LARGE : ERR_SYSTEM;
}

enum err frame_send(int fd, const struct frame *frame, int64_t timeout_ms) {
    uint8_t header[FRAME_HEADER_BYTES];
    struct buffer head = buffer_over(header, sizeof header);
    struct frame empty = *frame;
    empty.payload.len = 0;
    if (frame->payload.len > FRAME_PAYLOAD_MAX)
        return ERR_TOO_LARGE;
    ERR_TRY(frame_encode(&empty, &head));
    struct iovec parts[2] = {
        {.iov_base = header, .iov_len = sizeof header},
        {.iov_base = (void *)(uintptr_t)frame->payload.data, .iov_len = frame->payload.len},
    };
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = frame->payload.len > 0 ? 2 : 1};
    int64_t deadline = deadline_after(timeout_ms);
    for (;;) {
        if (sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
            return ERR_OK;
        if (errno != EAGAIN && errno != EINTR)
            return error_of_socket();
        ERR_TRY(wait_for(fd, POLLOUT, deadline));
    }
}

enum err frame_receive(int fd, void *memory, size_t size, struct frame *frame, int64_t timeout_ms) {
    *frame = (struct frame){0};
    int64_t deadline = deadline_after(timeout_ms);
    for (;;) {
        /* MSG_TRUNC gives the packet's true length, so that a cut one is not taken for a whole one.
         */
        ssize_t got = recv(fd, memory, size, MSG_DONTWAIT | MSG_TRUNC);
        if (got == 0)
            return ERR_CLOSED;
        if (got > 0)
            return (size_t)got > size ? ERR_TOO_LARGE
                                      : frame_decode(bytes_of(memory, (size_t)got), frame);
        if (errno != EAGAIN && errno != EINTR)
            return error_of_socket();
        ERR_TRY(wait_for(fd, POLLIN, deadline));
    }
}

void frame_discard(int fd) {
    uint8_t first_byte;
    for (;;) {
        ssize_t got = recv(fd, &first_byte, sizeof first_byte, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EINTR))
            return;
    }
}
