#pragma once

#include <stdint.h>

#include "authd/edge/clients.h"
#include "authd/edge/settings.h"
#include "authd/edge/signers.h"
#include "authd/edge/tls.h"
#include "firmware/base/serve.h"

/*
 * A lane is a thread with a loop of its own: its listeners, its connections, its socket to core.
 * Lanes share the limits of clients, the TLS key and the ticket key, nothing else.
 */
struct lane;

struct lane_options {
    unsigned index;
    const struct settings *settings;
    const struct tls *tls;
    struct clients *clients;
    int listener;      /* of the MOSIP profile; taken over, also on error */
    int listener_jose; /* -1: there is no JOSE profile */
    int core_fd;
    int signer_fds[SIGNERS_MAX]; /* by the signer's index */
    size_t signer_count;
    struct pulse *pulse; /* this lane's slot, may be NULL */
};

/* Everything that needs files or new kinds of descriptors: before confinement. ERR_SYSTEM. */
MUST_CHECK enum err lane_open(struct lane **lane, const struct lane_options *options);
/* Starts its thread: after confinement. When the lane can't go on the process ends. ERR_SYSTEM. */
MUST_CHECK enum err lane_start(struct lane *lane);

/* From any thread: core died with what it had taken; those who wait for it get a bare 503. */
void lane_core_down(struct lane *lane);
/* From any thread: a signer has died, or serves. */
void lane_note_signer(struct lane *lane, size_t signer, bool serves);
/* Stops the thread, waits for its end and frees everything. Never started, or NULL, is allowed. */
void lane_close(struct lane *lane);
