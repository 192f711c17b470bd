#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/*
 * What passes between two processes: one SOCK_SEQPACKET packet, a header and a payload. A question
 * and its answer carry the same ${id} and ${generation} (the asker's slot and its reuse count), so
 * a late answer to a slot used again is recognised and dropped. Types: even = question, odd = its
 * answer.
 */
#define FRAME_HEADER_BYTES 16u
#define FRAME_MAX_BYTES    (256u * 1024u) /* header included */
#define FRAME_PAYLOAD_MAX  (FRAME_MAX_BYTES - FRAME_HEADER_BYTES)

struct frame {
    uint16_t type;
    uint32_t generation;
    uint64_t id;
    struct bytes payload; /* a view of the receive buffer: gone when the handler returns */
};

/* Writes header and payload into ${packet}. ERR_TOO_LARGE. */
MUST_CHECK enum err frame_encode(const struct frame *frame, struct buffer *packet);
/* Recognises a whole packet. ERR_TRUNCATED, ERR_TOO_LARGE, ERR_MALFORMED (reserved bits set). */
MUST_CHECK enum err frame_decode(struct bytes packet, struct frame *frame);

/*
 * Makes a pair for two processes: SEQPACKET, close-on-exec, non-blocking, with room for ${bytes}
 * each way (for a process that is not root: as far as net.core.wmem_max goes).
 */
MUST_CHECK enum err frame_pair(int ends[static 2], size_t bytes);

/*
 * Blocking send and receive for programs without a loop (officer, tests). A negative ${timeout_ms}
 * waits for ever. ERR_CLOSED, ERR_TIMEOUT; ERR_TOO_LARGE when the packet is larger than ${size}.
 */
MUST_CHECK enum err frame_send(int fd, const struct frame *frame, int64_t timeout_ms);
MUST_CHECK enum err frame_receive(int fd, void *memory, size_t size, struct frame *frame,
                                  int64_t timeout_ms);

/* Throws away what waits in ${fd}: left by a process that broke the protocol. Not blocking. */
void frame_discard(int fd);
