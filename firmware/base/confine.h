#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/err.h"

/*
 * The start sequence, the same for every process, in this order: undumpable and rlimits → refuse to be root →
 * no-new-privs → SCHED_BATCH → Landlock for files → seccomp, default kill, which refuses the network too.
 * (authd gives up the uid before exec, and boot_receive has closed what is not named.)
 */
enum confine_access {
    CONFINE_READ = 1,
    CONFINE_WRITE = 2, /* write and truncate existing files, and create and remove in a directory */
    CONFINE_EXECUTE = 4,
};

struct confine_path {
    const char *path; /* file or directory; one that does not exist is skipped */
    uint32_t access;
};

enum confine_network {
    CONFINE_NO_NETWORK, /* only the sockets it was given; no socket(), accept() or connect() */
    CONFINE_ACCEPT,     /* accept4 on given listeners */
    CONFINE_CONNECT,    /* socket and connect, for notify and feed */
};

struct confine_plan {
    const char *process;
    const struct confine_path *paths;
    size_t path_count;
    enum confine_network network;
    bool threads;          /* may start threads */
    bool files;            /* may open files at all (inside paths); else openat is refused */
    bool fork;             /* authd alone */
    const int *more_syscalls; /* what this process needs besides the common list, each with its reason */
    size_t more_syscall_count;
    uint64_t file_bytes;   /* RLIMIT_FSIZE; 0: may not write files */
    unsigned descriptors;  /* RLIMIT_NOFILE */
    bool root_allowed;     /* authd before it has bound */
};

/* Cannot be undone. ERR_DENIED when still root, ERR_SYSTEM when the kernel refuses a step: exit then. */
MUST_CHECK enum err confine_enter(const struct confine_plan *plan);

/* Closes every descriptor from 3 up that is not in ${keep}. */
MUST_CHECK enum err confine_close_others(const int *keep, size_t keep_count);
