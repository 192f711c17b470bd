#pragma once

#include <stdbool.h>

#include "provisioning/certificates.h"

/*
 * The box's own CA as an authority of trust domains: AUTH for programmes of the MOSIP profile,
 * DEVICE for devices. Its certificate becomes an anchor with the first one that it issues there,
 * and is none any more when its key is retired, as all that it issued have run out by then, or
 * revoked.
 */
#define BOX_ANCHORS_PROGRAMMES "AUTH"
#define BOX_ANCHORS_DEVICES    "DEVICE"

/*
 * The anchors of ${domain}, with ${authority} among them; ${is_new}: the registry does not have it
 * yet. The view of ${authority} is kept. Refuses when there is no room for another.
 */
MUST_CHECK enum err box_anchors_with(struct change *change, const char *domain,
                                     struct bytes authority, struct certificates_anchors **anchors,
                                     bool *is_new);
void box_anchors_put(struct registry_batch *batch, const char *domain, struct bytes authority);

/*
 * Removes the anchors of the CA's keys that are retired or revoked, with a record in the journal,
 * when signer 0 works with another keyring than at the last look. Returns in how many ms it wants
 * to be called again; not from within an operation.
 */
int box_anchors_turn(struct provd *provd);
