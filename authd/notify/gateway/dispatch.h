#pragma once

#include "authd/notify/core_link.h"
#include "authd/notify/gateway/endpoint.h"
#include "authd/notify/gateway/report.h"
#include "authd/notify/gateway/route.h"
#include "authd/notify/gateway/settings.h"
#include "authd/notify/gateway/transfer.h"
#include "authd/wire/notify_wire.h"

/*
 * Brings messages to people: chooses a gateway by its health, hands the message over, and tries the
 * other when the first has certainly not taken it. Nothing waits in a queue: what cannot leave at
 * once is given up at once, for a code can be asked for again, and a late one is of no use.
 *
 * A code by two channels is delivered when one of them has taken it.
 */
struct dispatch;

/* All borrowed. */
struct dispatch_options {
    const struct settings *settings;
    const struct endpoint *endpoints;
    size_t endpoint_count; /* at most ROUTES_MAX */
    struct transfers *transfers;
};

MUST_CHECK enum err dispatch_open(struct dispatch **dispatch,
                                  const struct dispatch_options *options);
void dispatch_close(struct dispatch *dispatch); /* after transfer_close; NULL is allowed */

/* ${question} is answered, now or later, in any case. What gives an error is the answer itself. */
MUST_CHECK enum err dispatch_otp(struct dispatch *dispatch, const struct notify_otp *otp,
                                 const struct core_link_question *question);
void dispatch_event(struct dispatch *dispatch, const struct notify_event *event);
void dispatch_report(struct dispatch *dispatch, const struct report *report);

/* Once a turn: probes gateways whose rest is over. Gives in how many ms again. */
int dispatch_turn(struct dispatch *dispatch);
