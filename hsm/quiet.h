#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/boot.h"
#include "firmware/base/serve.h"

/*
 * Before a signer makes or loads keys, which may take a token seconds, it says so to every lane of
 * edge, and goes on once all have heard it: what they asked before is answered by then, and what
 * comes later they ask elsewhere, or not before this is over. An edge that does not hear, as it has
 * died or hangs, is waited for no longer than QUIET_HEAR_MS.
 */
#define QUIET_HEAR_MS 1000
#define QUIET_LOOK_MS 20 /* until quiet_reached is to be asked again */

struct quiet {
    struct serve_peer *edges[BOOT_LISTENERS_MAX];
    bool heard[BOOT_LISTENERS_MAX];
    size_t count;
    uint64_t id;      /* of the announcement */
    int64_t since_ms; /* of the announcement, boot clock; 0: there is none */
    bool reached;
};

/* ERR_FULL. */
MUST_CHECK enum err quiet_add(struct quiet *quiet, struct serve_peer *edge);

/*
 * Announces ${ms}, if it has not yet; whether it may be silent now. Never in the turn in which the
 * last one was heard, as the answers of a turn leave at its end.
 */
bool quiet_reached(struct quiet *quiet, uint32_t ms, int64_t now_ms);
/* It answers again: says so, if it had announced anything. */
void quiet_end(struct quiet *quiet);

/* HSM_TLS_SILENCE_HEARD. ERR_MALFORMED. */
MUST_CHECK enum err quiet_hear(struct quiet *quiet, const struct serve_peer *edge,
                               const struct frame *frame);
