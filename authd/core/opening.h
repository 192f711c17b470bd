#pragma once

#include "firmware/base/err.h"
#include "firmware/base/serve.h"
#include "authd/core/lane.h"

/*
 * What lane 0 does for all: opens the registry; asks the first signer whether the files are older
 * than what was signed of them; opens the record roots with any signer; publishes; asks for signed
 * checkpoints of the journal; records what officers change. Until it is done the box is
 * unprovisioned and every request is refused.
 */
struct opening;
MUST_CHECK enum err opening_begin(struct core *core, struct lane *lane);
void opening_end(void);

/* A signer has said hello, or that its keys have changed. */
void opening_on_signer(struct lane *lane, const struct lane_signer *signer);
/* The registry has changed: the roots may be there now. */
void opening_on_registry(struct lane *lane);
/* The registry has a root that is not open. Of a box that is open a signer is asked for it. */
void opening_on_new_root(struct lane *lane);
/* Each turn of lane 0: what is due. Returns in how many ms it wants to be called again. Ends the
 * process when the journal has failed. */
int opening_turn(struct lane *lane);
void opening_on_recorded(struct lane *lane, struct journal_entry *entry);

/* Answers of signers; handlers of lane 0's dispatch table. */
MUST_CHECK enum err opening_on_high_water(void *context, struct serve_peer *peer,
                                          const struct frame *frame);
MUST_CHECK enum err opening_on_root(void *context, struct serve_peer *peer,
                                    const struct frame *frame);
MUST_CHECK enum err opening_on_publication(void *context, struct serve_peer *peer,
                                           const struct frame *frame);
MUST_CHECK enum err opening_on_checkpoint(void *context, struct serve_peer *peer,
                                          const struct frame *frame);
