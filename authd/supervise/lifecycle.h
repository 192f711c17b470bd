#pragma once

#include "authd/supervise/supervisor.h"

/* Starts those whose time has come; a start that fails counts as an end. */
void lifecycle_start_due(struct supervisor *supervisor, int64_t now_ms);

/* Kills those that hang, do not become ready, or have closed their control socket and live on. */
void lifecycle_watch(struct supervisor *supervisor, int64_t now_ms);

/* ${process} has ended: says why, and decides what becomes of it. */
void lifecycle_take_end(struct process *process);

/* Begins the orderly stop; a second call makes it hurry. */
void lifecycle_stop(struct supervisor *supervisor, int exit_code);
/* Goes on with it: edge first, then core and provd, then the rest; after five seconds by force.
 * *done: all ended. */
void lifecycle_stop_step(struct supervisor *supervisor, int64_t now_ms, bool *done);

/* In how many ms the next start is due; -1: none is. */
int lifecycle_next_ms(const struct supervisor *supervisor, int64_t now_ms);
