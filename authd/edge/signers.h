#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hsm/wire_tls.h"

/*
 * The signers, as one lane asks them. GnuTLS wants the signature of a handshake from a call that
 * returns with it, so the lane waits meanwhile: for SIGNERS_ANSWER_MS at most, then it asks another
 * signer. One that did not answer is left alone for a while, so that dead signers cost the lane
 * little time, whatever strangers begin.
 */
struct signers;

#define SIGNERS_MAX        16
#define SIGNERS_ANSWER_MS  200  /* for one signer */
#define SIGNERS_ALL_MS     600  /* for all that are asked about one handshake */
#define SIGNERS_SILENCE_MS 1000 /* before one that was silent is asked again */

struct signers_options {
    int fds[SIGNERS_MAX]; /* by the signer's index; they stay the caller's */
    size_t count;
    bool ask; /* else what signers say is dropped: the key is in a file */
    /*
     * What a signer shows in new handshakes, told after each of its HELLOs; ${chain} is NULL when
     * it has no TLS key. Views of ${chain} are valid until the call returns.
     */
    void (*tell)(void *context, size_t signer, const struct hsm_tls_chain *chain);
    void *context;
};

/* ERR_SYSTEM, ERR_TOO_LARGE. */
MUST_CHECK enum err signers_open(struct signers **signers, const struct signers_options *options);
void signers_close(struct signers *signers); /* NULL is allowed */

/* Takes what has come from ${fd}, which is readable. ERR_CLOSED: watch it no longer. */
MUST_CHECK enum err signers_read(struct signers *signers, int fd);

/* From any thread: authd says that this signer has died, or that it serves. */
void signers_note(struct signers *signers, size_t signer, bool serves);

/* Appends the signature. ERR_UNAVAILABLE: nobody gave one in time; the log says who and why. */
MUST_CHECK enum err signers_sign(struct signers *signers, const struct hsm_tls_sign *question,
                                 struct buffer *signature);
