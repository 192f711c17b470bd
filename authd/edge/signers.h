#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hsm/wire_tls.h"

/*
 * The signers, as one lane asks them. GnuTLS wants the signature of a handshake from a call that
 * returns with it, so the lane waits meanwhile. A signer that is slow or dead does not decide how
 * long: after SIGNERS_ANSWER_MS another is asked as well, and the first answer counts. When nobody
 * has answered after SIGNERS_ALL_MS the handshake fails, and those who were silent are left alone
 * for SIGNERS_SILENCE_MS, so that they cost the lane little time, whatever strangers begin.
 */
struct signers;

#define SIGNERS_MAX        16
#define SIGNERS_ANSWER_MS  100
#define SIGNERS_ALL_MS     1500
#define SIGNERS_SILENCE_MS 1500

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
