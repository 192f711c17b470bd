#pragma once

#include "authd/edge/chain.h"
#include "authd/edge/signers.h"
#include "firmware/base/serve.h"

/*
 * The certificate chains that the signers have told one lane: new handshakes show the newest that
 * any of them has. So a renewal needs no restart, and a signer that is still at the older keyring
 * changes nothing.
 */
struct chains;

struct chains_options {
    unsigned lane;        /* for the log */
    bool in_token;        /* false: the key is in a file, and signers are not asked */
    int fds[SIGNERS_MAX]; /* by the signer's index */
    size_t count;
};

/* ERR_SYSTEM, ERR_TOO_LARGE. */
MUST_CHECK enum err chains_open(struct chains **chains, const struct chains_options *options);
void chains_close(struct chains *chains); /* NULL is allowed; when no connection holds one */

MUST_CHECK enum err chains_join(struct chains *chains, struct serve *serve);
/* From any thread, as signers_note. */
void chains_note(struct chains *chains, size_t signer, bool serves);

/* What a new handshake shows; NULL: nothing yet. */
struct chain *chains_current(const struct chains *chains);

/* As signers_ready and signers_announced. */
bool chains_ready(const struct chains *chains);
bool chains_announced(const struct chains *chains);
/* Until when (CLOCK_BOOTTIME) the handshake waits for its signature that asks for one next. */
void chains_allow(struct chains *chains, int64_t until_ms);
