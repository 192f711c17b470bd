#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "firmware/base/secret.h"
#include "firmware/base/serve_queue.h"

#define BATCH 16

struct serve_packet {
    STAILQ_ENTRY(serve_packet) next;
    size_t len;
    uint8_t data[];
};

void serve_queue_open(struct serve_queue *queue, size_t bytes_max) {
    STAILQ_INIT(&queue->packets);
    queue->bytes = 0;
    queue->bytes_max = bytes_max;
}

static void packet_free(struct serve_packet *packet) {
    secret_wipe(packet->data, packet->len);
    free(packet);
}

static void drop_first(struct serve_queue *queue) {
    struct serve_packet *packet = STAILQ_FIRST(&queue->packets);
    STAILQ_REMOVE_HEAD(&queue->packets, next);
    queue->bytes -= packet->len;
    packet_free(packet);
}

void serve_queue_close(struct serve_queue *queue) {
    while (!STAILQ_EMPTY(&queue->packets))
        drop_first(queue);
}

enum err serve_queue_add(struct serve_queue *queue, const struct frame *frame) {
    if (frame->payload.len > FRAME_PAYLOAD_MAX)
        return ERR_TOO_LARGE;
    size_t len = FRAME_HEADER_BYTES + frame->payload.len;
    if (len > queue->bytes_max - queue->bytes)
        return ERR_FULL;
    struct serve_packet *packet = malloc(sizeof *packet + len);
    if (packet == NULL)
        return ERR_FULL;
    packet->len = len;
    struct buffer buffer = buffer_over(packet->data, len);
    enum err err = frame_encode(frame, &buffer);
    if (err != ERR_OK) {
        packet_free(packet);
        return err;
    }
    STAILQ_INSERT_TAIL(&queue->packets, packet, next);
    queue->bytes += len;
    return ERR_OK;
}

static enum err send_batch(struct serve_queue *queue, int fd) {
    struct mmsghdr messages[BATCH] = {0};
    struct iovec parts[BATCH];
    unsigned count = 0;
    struct serve_packet *packet = STAILQ_FIRST(&queue->packets);
    for (; packet != NULL && count < BATCH; packet = STAILQ_NEXT(packet, next)) {
        parts[count] = (struct iovec){.iov_base = packet->data, .iov_len = packet->len};
        messages[count].msg_hdr.msg_iov = &parts[count];
        messages[count].msg_hdr.msg_iovlen = 1;
        count++;
    }
    int sent = sendmmsg(fd, messages, count, MSG_DONTWAIT | MSG_NOSIGNAL);
    for (int i = 0; i < sent; i++)
        drop_first(queue);
    if (sent >= 0 || errno == EINTR)
        return ERR_OK;
    if (errno == EAGAIN)
        return ERR_AGAIN;
    return errno == EMSGSIZE ? ERR_TOO_LARGE : ERR_CLOSED;
}

enum err serve_queue_send(struct serve_queue *queue, int fd) {
    while (!STAILQ_EMPTY(&queue->packets))
        ERR_TRY(send_batch(queue, fd));
    return ERR_OK;
}
