#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "firmware/base/secret.h"
#include "firmware/base/serve.h"

/*
 * Officers' connections: who may connect, and which questions wait. Only root and members of the
 * officers' group get in, as the kernel names the peer (SO_PEERCRED, SO_PEERGROUPS), whatever the
 * socket file's mode says. A connection has one question open; a second one before the answer
 * breaks the protocol.
 *
 * One that asks nothing for a while ends, so that nobody keeps a place by doing nothing; and some
 * places are root's alone. Who gets none is told why: OFFICER_TURNED_AWAY.
 */
#define OFFICERS_MAX      8 /* for all officers */
#define OFFICERS_ROOT_MAX 2 /* and these for root, or for who started a box without root */
#define OFFICERS_IDLE_MS  60000

struct officers_options {
    const char *run_directory;
    const char *group;  /* one that does not exist has no members */
    bool allow_own_uid; /* the box runs without root: whoever started it is its officer */
};

/* The kernel's word on who is at the other end: ERR_OK for an officer, else ERR_DENIED. */
struct officers_gate {
    bool has_group;
    gid_t group;
    bool allow_own_uid;
};
MUST_CHECK enum err officers_admit(const struct officers_gate *gate, int fd, uid_t *uid);

struct officers;
/* Binds the socket, before confinement. ERR_CONFIG: the path is too long; ERR_SYSTEM, see the log.
 */
MUST_CHECK enum err officers_open(struct officers **officers,
                                  const struct officers_options *options);
void officers_close(struct officers *officers);
/* Takes connections from now on. */
MUST_CHECK enum err officers_listen(struct officers *officers, struct serve *serve);

/* A question that waits. */
struct officers_question {
    uint16_t type;
    uid_t uid;
    struct bytes payload; /* in secret memory, until it is answered or refused */
};
/* The oldest one; false: none waits. It must be answered or dropped before the next is taken. */
bool officers_next(struct officers *officers, struct officers_question *question);
/* Sends the answer (type: the question's plus one), when the officer is still there. */
void officers_answer(struct officers *officers, struct bytes payload);
/* The question broke the protocol: the connection ends. */
void officers_drop(struct officers *officers, enum err reason);
/* Ends connections that have asked nothing for OFFICERS_IDLE_MS, by the boot clock ${now_ms}.
 * Returns in how many ms it wants to be called again. */
int officers_end_idle(struct officers *officers, int64_t now_ms);
