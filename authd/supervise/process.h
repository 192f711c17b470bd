#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "authd/supervise/child.h"
#include "authd/supervise/family.h"
#include "authd/supervise/pin_marker.h"
#include "authd/supervise/restart.h"
#include "firmware/base/boot.h"
#include "firmware/base/serve.h"

struct supervisor;

/* One member of the family: the process that runs now, and what outlives it. */
enum process_stage {
    PROCESS_DOWN,     /* waits for its time to start */
    PROCESS_STARTING, /* runs, not confined and serving yet */
    PROCESS_READY,
    PROCESS_ENDED, /* never starts again */
};

struct process {
    struct supervisor *supervisor;
    const struct family_member *member;
    struct child_plan plan;
    int64_t hang_ms; /* how long it may be silent */
    enum process_stage stage;
    pid_t pid;
    int pidfd;
    int control_fd;
    struct serve_peer *control; /* NULL: not running, or it has closed its end */
    int pulse_fd;
    const struct pulse *pulses; /* PULSE_SLOTS */
    int64_t started_ms;
    int64_t start_at_ms;   /* DOWN: not before this time */
    int64_t deaf_since_ms; /* when it closed its control socket; 0: it has not */
    bool told_to_stop, killed;
    struct restart_history history;
    struct pin_identity pin; /* signers: of the PIN file when it was started */
};

/* Makes the pulse page. ERR_SYSTEM. */
MUST_CHECK enum err process_open(struct process *process);

/*
 * Starts it: ${boot} has everything but the control socket. ${options} are those of the control
 * socket.
 */
MUST_CHECK enum err process_start(struct process *process, const struct boot *boot,
                                  struct serve *serve, const struct serve_peer_options *options);

bool process_runs(const struct process *process);

/* Queues a message on the control socket. A process that does not take its messages is killed. */
void process_tell(struct process *process, uint16_t verb, struct bytes payload);
void process_tell_peer(struct process *process, uint16_t verb, const struct family_member *peer);
void process_tell_state(struct process *process, enum box_state state);

/* SIGKILL, with the reason for the log. Its end is then seen as any other. */
void process_kill(struct process *process, const char *reason);

/* A loop of it has not turned for its hang_ms and did not announce that, or none has turned at all.
 */
bool process_is_silent(const struct process *process, int64_t now_ms);

/* Reaps it when it has ended: ERR_AGAIN when it has not. The stage is left to the caller. */
MUST_CHECK enum err process_reap(struct process *process, struct serve *serve,
                                 struct restart_end *end);
