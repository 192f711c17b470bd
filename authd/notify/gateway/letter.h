#pragma once

#include <stddef.h>
#include <stdint.h>

#include "authd/notify/gateway/endpoint.h"
#include "authd/notify/gateway/sendsms.h"
#include "authd/notify/gateway/settings.h"
#include "authd/notify/local_time.h"
#include "authd/notify/text.h"
#include "firmware/base/clock.h"

/* One message to one address, in the words of its language, until a gateway has taken it. */
struct letter {
    enum endpoint_kind kind;
    struct secret memory;
};

#define LETTER_EVENT_VALID_MS CLOCK_DAY_MS /* what was done stays done */

/* The texts of a message by channel. */
struct letter_texts {
    enum text_message short_message, subject, mail;
};
extern const struct letter_texts letter_otp_texts, letter_confirmed_texts, letter_failed_texts;

struct letter_message {
    const struct letter_texts *texts;
    enum text_language language;
    struct text_values values;
};

/*
 * Checks the address and renders the texts. ERR_MALFORMED: no gateway could take this address, or a
 * value is wrong. ERR_FULL. ${letter} is freed by letter_free in any case.
 */
MUST_CHECK enum err letter_compose(struct letter *letter, enum endpoint_kind kind,
                                   const char *address, const struct letter_message *message);
void letter_free(struct letter *letter);
const char *letter_address(const struct letter *letter);

/* How it is to go. */
struct letter_route {
    const struct endpoint *endpoint;
    const struct settings *settings;
    uint64_t report_id; /* 0: no report is asked for */
    int64_t left_ms;    /* how long it is worth delivering, above 0 */
};

struct letter_request {
    const char *headers[SENDSMS_HEADERS_MAX];
    size_t header_count;
    struct bytes body;
};

/* Writes the request into ${memory}, which becomes as large as it needs; ${request} points there.
 */
MUST_CHECK enum err letter_write(const struct letter *letter, const struct letter_route *route,
                                 struct secret *memory, struct letter_request *request);
