#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/*
 * core ↔ notify. A code exists in clear in this frame and in the locked memory of both ends,
 * nowhere else. Notify keeps nothing: a message it has not answered DELIVERED for is void when it
 * dies.
 */
enum notify_verb {
    NOTIFY_HELLO = 401, /* notify → core, once it serves: a random id of this process */
    NOTIFY_OTP = 402,
    NOTIFY_DELIVERED = 403, /* the same frame id: {ok} — handed to the gateway, or given up */
    NOTIFY_EVENT = 404,     /* core → notify: what the person is told; there is no answer */
};

/*
 * The upper half of a message's frame id is the epoch of the process it was meant for: the first
 * four bytes of the id in its HELLO. A successor that finds it in the socket does not send it, for
 * core has made that code void.
 */
#define NOTIFY_PROCESS_ID_BYTES 16

struct notify_otp {
    bool by_phone, by_email;
    char phone[24];
    char email[128];
    char language[4]; /* ISO 639-2: "ara", "fra", "zgh", "eng" */
    char otp[8];      /* the reader wipes it */
    char transaction[16];
    char programme[64];     /* the programme's display name */
    int64_t valid_until_ms; /* wall clock, for the text */
};

/*
 * After an authentication. Nothing waits for it and nothing is void when it is lost; so its frame
 * id names no epoch, and a successor sends what it finds in the socket.
 */
struct notify_event {
    bool by_phone, by_email;
    char phone[24];
    char email[128];
    char language[4];
    char programme[64];
    bool confirmed;      /* else: an attempt that failed */
    int64_t at_ms;       /* wall clock */
    char identifier[20]; /* masked, as the person may read it: digits and X, at most 16 */
};

void notify_wire_put_hello(struct buffer *target,
                           const uint8_t process_id[static NOTIFY_PROCESS_ID_BYTES]);
MUST_CHECK enum err notify_wire_get_hello(struct bytes payload,
                                          uint8_t process_id[static NOTIFY_PROCESS_ID_BYTES]);
/* The epoch of a process id. */
uint32_t notify_wire_epoch(const uint8_t process_id[static NOTIFY_PROCESS_ID_BYTES]);
void notify_wire_put_otp(struct buffer *target, const struct notify_otp *message);
MUST_CHECK enum err notify_wire_get_otp(struct bytes payload, struct notify_otp *message);
void notify_wire_put_delivered(struct buffer *target, bool delivered);
MUST_CHECK enum err notify_wire_get_delivered(struct bytes payload, bool *delivered);
void notify_wire_put_event(struct buffer *target, const struct notify_event *message);
MUST_CHECK enum err notify_wire_get_event(struct bytes payload, struct notify_event *message);
