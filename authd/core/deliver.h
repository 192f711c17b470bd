#pragma once

#include <stdbool.h>

#include "firmware/base/err.h"
#include "authd/core/lane.h"

/* Codes on their way to people: the notifier's messages and what becomes of them. */

/* Whether the notifier is there and may have another code. */
bool deliver_has_room(const struct lane *lane);
/* Sends the request's code, whose row is durable. On an error the code is void. */
MUST_CHECK enum err deliver_send(struct lane *lane, struct request *request);
/* The request fails after its code was made: the code is void and the request for it does not
 * count. */
void deliver_abandon(struct lane *lane, const struct request *request);

/*
 * Tells the person of an authentication, right or wrong, when the programme's policy wants it. Only
 * of factors that were compared, which are few (see otp.h), so that nobody can be flooded. Nothing
 * waits for it.
 */
void deliver_event(struct lane *lane, const struct request *request);

/* The notifier's frames. */
MUST_CHECK enum err deliver_on_hello(struct lane *lane, struct bytes payload);
MUST_CHECK enum err deliver_on_delivered(struct lane *lane, const struct frame *frame);
/* The notifier died: what it has not answered for is void. */
void deliver_on_death(struct lane *lane);
