#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "firmware/base/boot.h"
#include "firmware/base/clock.h"
#include "authd/core/face_model.h"
#include "authd/core/settings.h"
#include "authd/match/face_vector.h"
#include "authd/store/journal.h"
#include "authd/store/ledger.h"
#include "authd/store/record.h"
#include "authd/store/registry.h"

#define CORE_LANES_MAX   16
#define CORE_SIGNERS_MAX 16
/*
 * What core keeps itself (the ledger's row keys, codes, best fingers) is derived from a root of its
 * own, or sealed under it, for as long as the box lives: no sweep goes over it, so the roll of a
 * record root must change nothing of it. It is this generation of core's ${state_keys}. On a box
 * without one (authd/store/registry_state_root.h) the record root of this generation is in its
 * place.
 */
#define CORE_ROOT_GENERATION 1

struct key_usage;
struct lane;
struct publication;

/* What the lanes of authd-core share. The pointers are set once, by lane 0, while `opened` is still
 * false. */
struct core {
    const struct boot *boot;
    struct settings settings;
    struct record_keys *record_keys; /* of the registry's rows */
    struct record_keys *state_keys;  /* of what core keeps itself */
    struct registry *registry;
    struct journal *journal; /* NULL when failed at the start, as is the ledger */
    struct ledger *ledger;
    struct key_usage *key_usage; /* of key_use.h; NULL: nothing is counted */
    struct national national;
    bool has_face_model;
    struct face_vector_model face_model; /* with its own ${face_rows} */
    struct false_match_row face_rows[FACE_MODEL_ROWS_MAX];
    _Atomic(struct publication *) publication; /* published.h */
    uint8_t boot_id[CLOCK_BOOT_ID_BYTES];
    uint64_t epoch;     /* random, of this start: an undelivered code of another epoch is void */
    atomic_bool opened; /* registry, roots, ledger key and publication are there */
    atomic_bool lacks_keys; /* by the signer that spoke last */
    atomic_bool failed;     /* stored files are damaged or older than was signed: officers decide */
    atomic_uint state;      /* enum box_state */
    atomic_uint clients_version; /* of the list that edge is told; 0: there is none yet */
    atomic_ullong answered, refused_unverified;
    unsigned lane_count, signer_count;
    struct lane *lanes; /* the first has the control socket */
};
