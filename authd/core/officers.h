#pragma once

#include "firmware/base/err.h"
#include "authd/core/lane.h"

/* provd's side of core (lane 0): officers' changes go into the journal before they are made. */
MUST_CHECK enum err officers_begin(struct core *core, struct lane *lane);

/* Records ${body}. ${frame} (may be NULL) is answered when
 * durable. */
MUST_CHECK enum err officers_record(struct lane *lane, enum journal_kind kind, struct bytes body,
                                    const struct frame *frame);
/* provd has a successor: talk to it, if its predecessor had broken the protocol. */
void officers_peer_up(struct lane *lane, const char *role);
void officers_on_recorded(struct lane *lane, struct journal_entry *entry);
