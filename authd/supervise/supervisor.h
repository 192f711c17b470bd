#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "authd/supervise/account.h"
#include "authd/supervise/family.h"
#include "authd/supervise/process.h"
#include "authd/supervise/settings.h"

/*
 * The supervisor: holds both ends of every socket pair, so that a process's successor inherits the
 * same end and what was queued for the dead one; starts, watches, replaces and ends the others.
 */
struct supervisor {
    const struct settings *settings;
    struct family family;
    struct process processes[FAMILY_MEMBERS_MAX]; /* as family.members */
    int ends[FAMILY_PAIRS_MAX][2];                /* as family.pairs */
    int listeners[BOOT_LISTENERS_MAX];
    size_t listener_count;
    bool as_root;
    struct serve *serve;
    int signal_fd;
    int notice_fd; /* the service manager's socket, or -1 */
    struct pin_file pin_file;
    int marker_folder;         /* where the refused PIN is remembered */
    enum box_state core_state; /* as core has derived it */
    bool pin_refused;          /* no signer starts again */
    bool pin_accepted;         /* a signer has logged in */
    bool settled;              /* all that may run have been ready once */
    int64_t last_tick_ms, watching_since_ms;
    bool stopping;
    int64_t stopping_since_ms;
    int exit_code;
};

/* What authd opens while it is root. */
struct supervisor_resources {
    const struct settings *settings;
    const struct accounts *accounts;
    const int *executables; /* one a kind */
    const int *listeners;   /* as in struct boot */
    size_t listener_count;
    int marker_folder;
};

/*
 * Makes all pairs and pulse pages, and recalls a refused PIN: while authd still is root.
 * ERR_SYSTEM.
 */
MUST_CHECK enum err supervisor_open(const struct supervisor_resources *resources,
                                    struct supervisor *supervisor);

/* Until told to stop, or a process's settings are wrong; *exit_code is authd's. ERR_SYSTEM. */
MUST_CHECK enum err supervisor_run(struct supervisor *supervisor, int *exit_code);

/* The state of the box as the processes are told: a refused PIN locks it, whatever core says. */
enum box_state supervisor_state(const struct supervisor *supervisor);

/* The process at the other end of ${pair}, NULL when ${process} is at neither. */
struct process *supervisor_neighbour(struct supervisor *supervisor, const struct process *process,
                                     size_t pair);
