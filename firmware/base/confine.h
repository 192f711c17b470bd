#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "firmware/base/err.h"

/*
 * The start sequence, the same for every process, in this order: undumpable and rlimits → refuse to
 * be root → no capabilities → no-new-privs → SCHED_BATCH → Landlock for files → seccomp, default
 * kill, which refuses the network too. (authd gives up the uid before exec, and boot_receive has
 * closed what is not named.)
 *
 * What is refused how: a system call outside the plan, a namespace, a new process, memory that is
 * or becomes executable, and a socket of another family end the process (SIGSYS, which authd logs);
 * a path outside the plan, or any path without plan.files, is EACCES, so that a library that probes
 * for a file goes on without.
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
    CONFINE_CONNECT,    /* socket and connect over IP, for notify and feed */
};

/* Whom the supervisor may become: its children's users. */
struct confine_identity {
    uid_t uid;
    gid_t gid;
};

struct confine_plan {
    const char *process;
    const struct confine_path *paths;
    size_t path_count;
    enum confine_network network;
    bool threads; /* may start threads */
    bool files;   /* may open files at all (inside paths); else opening one is EACCES */
    /*
     * authd alone: it starts the others, and what it refuses itself stays refused to them. So it
     * keeps to no Landlock and to a wider list, which has what they do before they confine
     * themselves, and still lacks what none of them may ever do: trace or read another process,
     * mount, namespaces, kernel modules, BPF, raw sockets, the clock, becoming a user that is not
     * among ${identities}.
     */
    bool fork;
    const struct confine_identity *identities;
    size_t identity_count;
    /*
     * What this process needs besides the common list, each with its reason in a comment, as SYS_
     * numbers. SYS_mmap or SYS_mprotect among them lifts the refusal of executable memory: for a
     * process that must load code after it was confined. The signer does not: it loads its PKCS#11
     * module before.
     */
    const int *more_syscalls;
    size_t more_syscall_count;
    uint64_t file_bytes;  /* RLIMIT_FSIZE; 0: may not write files */
    unsigned descriptors; /* RLIMIT_NOFILE; 0: as it is */
    bool root_allowed;    /* authd before it has bound */
};

/*
 * Cannot be undone. ERR_DENIED when still root, ERR_SYSTEM when the kernel refuses a step, Landlock
 * below ABI 2 (Linux 5.19) included: exit then. Threads that exist already get the same seccomp
 * filter but not Landlock: call it before starting any.
 */
MUST_CHECK enum err confine_enter(const struct confine_plan *plan);

/* Closes every descriptor from 3 up that is not in ${keep}. */
MUST_CHECK enum err confine_close_others(const int *keep, size_t keep_count);
