#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "firmware/base/err.h"
#include "tests/bench/cores.h"

#define PROCESSES_MAX   256
#define PROCESSES_NAMES 16
#define PROCESS_NAME    24

/* CPU time of the appliance's processes, user and system, as the kernel counts it. */
struct processes {
    pid_t authd;
    size_t count;
    struct process {
        pid_t pid;
        char name[PROCESS_NAME];
        int64_t ns; /* at the last look */
    } list[PROCESSES_MAX];
    int64_t ended_ns; /* of authd's children that have ended, since it began */
};

/* What was used between looks, summed up by name. */
struct processes_use {
    size_t count;
    struct {
        char name[PROCESS_NAME];
        int64_t ns;
    } by_name[PROCESSES_NAMES];
    int64_t all_ns;
};

/* The authd that listens on ${port}, or whose process id is in ${pid_file} (NULL: none); both want
 * root. ERR_NOT_FOUND, said on stderr. */
MUST_CHECK enum err processes_find(struct processes *processes, unsigned port,
                                   const char *pid_file);
/* A look before what is measured, and one behind it, which adds to ${use}. */
MUST_CHECK enum err processes_look(struct processes *processes);
MUST_CHECK enum err processes_look_again(struct processes *processes, struct processes_use *use);
/* CPU time of any one process. */
MUST_CHECK enum err processes_clock(pid_t pid, int64_t *ns);
/* Pins authd and all its children. */
MUST_CHECK enum err processes_pin(const struct processes *processes, const cpu_set_t *set);
