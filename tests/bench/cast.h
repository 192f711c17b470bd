#pragma once

#include <stddef.h>

#include "provisioning/programme/devices.h"
#include "provisioning/programme/jose_party.h"
#include "provisioning/programme/kit.h"
#include "tests/bench/mix.h"

/* Who plays in a run: every ordinary person of the kit with every programme that may serve. */
struct cast;

/* A person and a programme: busy in one transaction at most, since a new code replaces the one
 * before. */
struct cast_pair {
    const json_t *person;
    const char *individual_id, *individual_id_type;
    const struct kit_partner *partner;
    const struct jose_party *party; /* NULL: the MOSIP profile is spoken */
    const struct devices *devices;  /* open for the kinds that are captured */
    unsigned programme;
    struct cast_pair *next; /* of the free ones */
};

/*
 * Says on stderr what the kit lacks for ${mix}. ${kit} must outlive it. ${jwks}: the appliance's
 * keys, for the JOSE profile; NULL: the MOSIP profile.
 */
MUST_CHECK enum err cast_open(struct cast **cast, const struct kit *kit, const json_t *jwks,
                              const struct mix *mix);
void cast_close(struct cast *cast);

size_t cast_people(const struct cast *cast);
size_t cast_programmes(const struct cast *cast);
/* How many transactions of any mix can be under way at once, at least. */
size_t cast_room(const struct cast *cast);

/* The pair for this kind that has been free for longest, programmes in turn; NULL: all are busy. */
struct cast_pair *cast_take(struct cast *cast, enum mix_kind kind);
void cast_give(struct cast *cast, struct cast_pair *pair);
