#pragma once

#include "hsm/wire_keys.h"
#include "provisioning/change.h"

/*
 * What officers ask and order about the life of keys: provd writes the order into the journal, and
 * signer 0 takes it. Outcomes as in provisioning/keys.h.
 */
MUST_CHECK enum err key_life_list(struct change *change);
/* A page of the list, from signer 0, for which officers wait longer than upkeep does
 * (provd_peers.h). Refuses when there is none. */
enum key_life_patience { KEY_LIFE_OF_OFFICERS, KEY_LIFE_OF_UPKEEP };
MUST_CHECK enum err key_life_ask(struct change *change, enum key_life_patience patience,
                                 const struct hsm_keys_question *question, struct hsm_keys *page);
/* ERR_NOT_FOUND: no such purpose. */
MUST_CHECK enum err key_life_purpose(const char *name, enum hsm_purpose *purpose);
MUST_CHECK enum err key_life_order(struct change *change);
