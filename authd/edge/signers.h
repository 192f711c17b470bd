#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hsm/wire_tls.h"

/*
 * The signers, as one lane asks them. GnuTLS wants the signature of a handshake from a call that
 * returns with it, so the lane waits meanwhile. No single signer decides how long: one that has not
 * answered after SIGNERS_ANSWER_MS is passed by for SIGNERS_SILENCE_MS and another is asked as
 * well; the first answer counts. One that dies is asked again once its successor serves.
 *
 * A signer that is going to be silent, as it makes or loads keys, says so, and is not asked until
 * that is over. While there is nobody to ask, no handshake should begin (signers_ready): one that
 * has not begun waits without the lane.
 */
struct signers;

#define SIGNERS_MAX        16
#define SIGNERS_ANSWER_MS  100
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

/*
 * Whether there is somebody to ask now. Also true when waiting is useless: all have said that they
 * have no key, or are not asked at all.
 */
bool signers_ready(const struct signers *signers);
/* Whether one that serves has said that it is silent now, and will not be for ever. */
bool signers_announced(const struct signers *signers);

/*
 * Appends the signature. ERR_UNAVAILABLE: nobody gave one until ${until_ms} (CLOCK_BOOTTIME), or
 * all refused; the log says who and why.
 */
MUST_CHECK enum err signers_sign(struct signers *signers, const struct hsm_tls_sign *question,
                                 int64_t until_ms, struct buffer *signature);
