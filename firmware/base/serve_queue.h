#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "firmware/base/err.h"
#include "firmware/base/frame.h"

/* The frames that wait to leave by one socket: bounded, in order, wiped when they have left. Part
 * of serve. */
struct serve_packet;

struct serve_queue {
    STAILQ_HEAD(, serve_packet) packets;
    size_t bytes, bytes_max;
};

void serve_queue_open(struct serve_queue *queue, size_t bytes_max);
void serve_queue_close(struct serve_queue *queue);

/* Copies ${frame} into the queue. ERR_FULL, ERR_TOO_LARGE: nothing was queued. */
MUST_CHECK enum err serve_queue_add(struct serve_queue *queue, const struct frame *frame);

/* Sends all that ${fd} takes. ERR_AGAIN: it is full, the rest waits. ERR_CLOSED, ERR_TOO_LARGE. */
MUST_CHECK enum err serve_queue_send(struct serve_queue *queue, int fd);
