#include <asm/termbits.h>
#include <errno.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firmware/base/confine_syscalls.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* What glibc, OpenSSL, GnuTLS, the event loop and given descriptors need. No path, no process, no
 * network. */
static const int common_syscalls[] = {
    /* descriptors */
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(pread64),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(pwrite64),
    SCMP_SYS(lseek),
    SCMP_SYS(close),
    SCMP_SYS(close_range),
    SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(statx),
    SCMP_SYS(fcntl),
    SCMP_SYS(dup),
    SCMP_SYS(dup2),
    SCMP_SYS(dup3),
    SCMP_SYS(pipe2),
    SCMP_SYS(eventfd2),
    SCMP_SYS(signalfd4),
    SCMP_SYS(timerfd_create),
    SCMP_SYS(timerfd_settime),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(select),
    SCMP_SYS(pselect6),
    SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_pwait2),
    /* sockets that are open */
    SCMP_SYS(sendmsg),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendmmsg),
    SCMP_SYS(recvmmsg),
    SCMP_SYS(sendto),
    SCMP_SYS(recvfrom),
    SCMP_SYS(shutdown),
    SCMP_SYS(getsockopt),
    SCMP_SYS(getsockname),
    SCMP_SYS(getpeername),
    /* memory; mmap and mprotect have rules of their own */
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(mlock),
    SCMP_SYS(mlock2),
    SCMP_SYS(munlock),
    SCMP_SYS(brk),
    SCMP_SYS(membarrier),
    /* signals, threads and ends of this process */
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(futex),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(get_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(getcpu),
    /* time and chance */
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(getrandom),
    /* who and where */
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getppid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(getrusage),
    SCMP_SYS(times),
    SCMP_SYS(sysinfo),
    SCMP_SYS(uname),
#ifdef IDCS_SANITIZE
    /* The sanitizers probe memory through a pipe, and ask for limits and maps. None opens anything.
     */
    SCMP_SYS(pipe),
    SCMP_SYS(mincore),
    SCMP_SYS(prlimit64),
    SCMP_SYS(getrlimit),
    SCMP_SYS(getdents64),
    SCMP_SYS(sched_getscheduler),
#endif
};

/* Which names these may reach is Landlock's. */
static const int path_syscalls[] = {
    SCMP_SYS(open),      SCMP_SYS(openat),     SCMP_SYS(openat2),   SCMP_SYS(access),
    SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(stat),      SCMP_SYS(lstat),
    SCMP_SYS(readlink),  SCMP_SYS(readlinkat), SCMP_SYS(getcwd),    SCMP_SYS(statfs),
    SCMP_SYS(mkdir),     SCMP_SYS(mkdirat),    SCMP_SYS(rename),    SCMP_SYS(renameat),
    SCMP_SYS(renameat2), SCMP_SYS(unlink),     SCMP_SYS(unlinkat),  SCMP_SYS(rmdir),
    SCMP_SYS(link),      SCMP_SYS(linkat),     SCMP_SYS(utimensat),
};

static const int file_syscalls[] = {
    SCMP_SYS(fsync),     SCMP_SYS(fdatasync), SCMP_SYS(sync_file_range), SCMP_SYS(msync),
    SCMP_SYS(ftruncate), SCMP_SYS(fallocate), SCMP_SYS(fadvise64),       SCMP_SYS(flock),
    SCMP_SYS(fchmod),    SCMP_SYS(fstatfs),   SCMP_SYS(preadv),          SCMP_SYS(preadv2),
    SCMP_SYS(pwritev),   SCMP_SYS(pwritev2),  SCMP_SYS(umask),           SCMP_SYS(getdents64),
};

static const int accept_syscalls[] = {
    SCMP_SYS(accept),
    SCMP_SYS(accept4),
    SCMP_SYS(setsockopt),
};

static const int connect_syscalls[] = {
    SCMP_SYS(connect),
    SCMP_SYS(setsockopt),
};

/*
 * For the supervisor: to start the others, and all that they do before they confine themselves
 * (provd binds the officers' socket).
 */
static const int fork_syscalls[] = {
    SCMP_SYS(fork),
    SCMP_SYS(vfork),
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(wait4),
    SCMP_SYS(waitid),
    SCMP_SYS(kill),
    SCMP_SYS(tgkill),
    SCMP_SYS(pidfd_open),
    SCMP_SYS(pidfd_send_signal),
    SCMP_SYS(memfd_create),
    SCMP_SYS(socketpair),
    SCMP_SYS(pipe),
    SCMP_SYS(bind),
    SCMP_SYS(listen),
    SCMP_SYS(getresuid),
    SCMP_SYS(getresgid),
    SCMP_SYS(setgroups),
    SCMP_SYS(getgroups),
    SCMP_SYS(capget),
    SCMP_SYS(capset),
    SCMP_SYS(prctl),
    SCMP_SYS(arch_prctl),
    SCMP_SYS(seccomp),
    SCMP_SYS(landlock_create_ruleset),
    SCMP_SYS(landlock_add_rule),
    SCMP_SYS(landlock_restrict_self),
    SCMP_SYS(prlimit64),
    SCMP_SYS(getrlimit),
    SCMP_SYS(setrlimit),
    SCMP_SYS(sched_setscheduler),
    SCMP_SYS(sched_getscheduler),
    SCMP_SYS(sched_getparam),
    SCMP_SYS(sched_setaffinity),
    SCMP_SYS(set_tid_address),
    SCMP_SYS(setsid),
    SCMP_SYS(getpgrp),
    SCMP_SYS(getpriority),
    SCMP_SYS(chdir),
    SCMP_SYS(fchdir),
    SCMP_SYS(mmap),
    SCMP_SYS(mprotect),
    SCMP_SYS(ioctl),
    SCMP_SYS(epoll_create),
    SCMP_SYS(adjtimex),
    SCMP_SYS(clock_adjtime),
    SCMP_SYS(chmod),
    SCMP_SYS(fchmodat),
    SCMP_SYS(chown),
    SCMP_SYS(fchown),
    SCMP_SYS(fchownat),
    SCMP_SYS(truncate),
    SCMP_SYS(sync),
    SCMP_SYS(syncfs),
    SCMP_SYS(getxattr),
    SCMP_SYS(sendfile),
    SCMP_SYS(copy_file_range),
    SCMP_SYS(inotify_init1),
    SCMP_SYS(inotify_add_watch),
    SCMP_SYS(inotify_rm_watch),
    SCMP_SYS(pause),
    SCMP_SYS(alarm),
    SCMP_SYS(setitimer),
    SCMP_SYS(timer_create),
    SCMP_SYS(timer_settime),
    SCMP_SYS(timer_delete),
    SCMP_SYS(rt_sigtimedwait),
    SCMP_SYS(rt_sigsuspend),
    SCMP_SYS(rt_sigpending),
    SCMP_SYS(setpgid),
    SCMP_SYS(getpgid),
    SCMP_SYS(getsid),
    SCMP_SYS(sched_getattr),
    SCMP_SYS(sched_setattr),
    SCMP_SYS(sched_get_priority_max),
    SCMP_SYS(sched_get_priority_min),
    SCMP_SYS(futex_waitv),
    SCMP_SYS(mbind),
    SCMP_SYS(get_mempolicy),
    SCMP_SYS(mlockall),
    SCMP_SYS(mincore),
    SCMP_SYS(personality),
};

/* A system call that is allowed, or answered with an error, for some values of its arguments. */
struct argument_rule {
    int syscall;
    uint32_t action;
    unsigned count;
    struct scmp_arg_cmp compare[3];
};

#define EQUAL(argument, value)                                                                     \
    { .arg = (argument), .op = SCMP_CMP_MASKED_EQ, .datum_a = 0xffffffffu, .datum_b = (value) }
#define MASKED(argument, mask, value)                                                              \
    { .arg = (argument), .op = SCMP_CMP_MASKED_EQ, .datum_a = (mask), .datum_b = (value) }
#define NAMESPACES                                                                                 \
    (CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET |     \
     CLONE_NEWCGROUP)
#define SOCKET_KIND 0xfu /* without SOCK_CLOEXEC and SOCK_NONBLOCK */

static const struct argument_rule common_rules[] = {
    {SCMP_SYS(mmap), SCMP_ACT_ALLOW, 1, {MASKED(2, PROT_EXEC, 0)}},
    {SCMP_SYS(mprotect), SCMP_ACT_ALLOW, 1, {MASKED(2, PROT_EXEC, 0)}},
    {SCMP_SYS(ioctl), SCMP_ACT_ALLOW, 1, {EQUAL(1, FIONBIO)}},
    {SCMP_SYS(ioctl), SCMP_ACT_ALLOW, 1, {EQUAL(1, FIONREAD)}},
    {SCMP_SYS(ioctl), SCMP_ACT_ALLOW, 1, {EQUAL(1, TCGETS)}}, /* isatty, by stdio */
    {SCMP_SYS(prctl), SCMP_ACT_ALLOW, 1, {EQUAL(0, PR_SET_NAME)}},
    {SCMP_SYS(prctl), SCMP_ACT_ALLOW, 1, {EQUAL(0, PR_GET_DUMPABLE)}},
    {SCMP_SYS(prctl), SCMP_ACT_ERRNO(EINVAL), 1, {EQUAL(0, PR_SET_VMA)}}, /* names of heaps */
    /* reads a limit: the new one is NULL */
    {SCMP_SYS(prlimit64), SCMP_ACT_ALLOW, 1, {{.arg = 2, .op = SCMP_CMP_EQ, .datum_a = 0}}},
};

static const struct argument_rule thread_rules[] = {
    {SCMP_SYS(clone), SCMP_ACT_ALLOW, 1, {MASKED(0, CLONE_THREAD | NAMESPACES, CLONE_THREAD)}},
};

static const struct argument_rule fork_rules[] = {
    {SCMP_SYS(clone), SCMP_ACT_ALLOW, 1, {MASKED(0, NAMESPACES, 0)}},
    {SCMP_SYS(socket), SCMP_ACT_ALLOW, 1, {EQUAL(0, AF_UNIX)}},
};

/* The resolver of glibc asks a local cache and the routing tables first, and does without them. */
static const struct argument_rule connect_rules[] = {
    {SCMP_SYS(socket), SCMP_ACT_ALLOW, 2, {EQUAL(0, AF_INET), MASKED(1, SOCKET_KIND, SOCK_STREAM)}},
    {SCMP_SYS(socket), SCMP_ACT_ALLOW, 2, {EQUAL(0, AF_INET), MASKED(1, SOCKET_KIND, SOCK_DGRAM)}},
    {SCMP_SYS(socket),
     SCMP_ACT_ALLOW,
     2,
     {EQUAL(0, AF_INET6), MASKED(1, SOCKET_KIND, SOCK_STREAM)}},
    {SCMP_SYS(socket), SCMP_ACT_ALLOW, 2, {EQUAL(0, AF_INET6), MASKED(1, SOCKET_KIND, SOCK_DGRAM)}},
    {SCMP_SYS(socket), SCMP_ACT_ERRNO(EACCES), 1, {EQUAL(0, AF_UNIX)}},
    {SCMP_SYS(socket), SCMP_ACT_ERRNO(EACCES), 1, {EQUAL(0, AF_NETLINK)}},
    {SCMP_SYS(socketpair), SCMP_ACT_ALLOW, 1, {EQUAL(0, AF_UNIX)}},
};

/* The filter under construction: errors are sticky. */
struct filter {
    scmp_filter_ctx handle;
    int error;
};

static void filter_release(struct filter *filter) {
    if (filter->handle != NULL)
        seccomp_release(filter->handle);
}

/* EEXIST: the same is allowed already. */
static void note(struct filter *filter, int result) {
    if (filter->error == 0 && result != 0 && result != -EEXIST)
        filter->error = result;
}

static void add_list(struct filter *filter, uint32_t action, const int *list, size_t count) {
    for (size_t i = 0; i < count; i++)
        note(filter, seccomp_rule_add_array(filter->handle, action, list[i], 0, NULL));
}

static void add_rules(struct filter *filter, const struct argument_rule *rules, size_t count) {
    for (size_t i = 0; i < count; i++)
        note(filter, seccomp_rule_add_array(filter->handle, rules[i].action, rules[i].syscall,
                                            rules[i].count, rules[i].compare));
}

/* All three of each kind at once, so that nothing of another user stays. */
static void add_identity_rules(struct filter *filter, const struct confine_plan *plan) {
    for (size_t i = 0; i < plan->identity_count; i++) {
        scmp_datum_t uid = plan->identities[i].uid, gid = plan->identities[i].gid;
        const struct argument_rule rules[] = {
            {SCMP_SYS(setresuid), SCMP_ACT_ALLOW, 3, {EQUAL(0, uid), EQUAL(1, uid), EQUAL(2, uid)}},
            {SCMP_SYS(setresgid), SCMP_ACT_ALLOW, 3, {EQUAL(0, gid), EQUAL(1, gid), EQUAL(2, gid)}},
        };
        add_rules(filter, rules, COUNT(rules));
    }
}

static void add_process_rules(struct filter *filter, const struct confine_plan *plan) {
    if (plan->fork) {
        add_rules(filter, fork_rules, COUNT(fork_rules));
        add_identity_rules(filter, plan);
    } else if (plan->threads) {
        add_rules(filter, thread_rules, COUNT(thread_rules));
    }
    /* Its flags lie in memory, where a filter cannot look: glibc then uses clone. */
    note(filter,
         seccomp_rule_add_array(filter->handle, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0, NULL));
    if (plan->fork)
        return;
    struct scmp_arg_cmp itself = EQUAL(0, (scmp_datum_t)getpid());
    note(filter,
         seccomp_rule_add_array(filter->handle, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, &itself));
}

static void add_file_rules(struct filter *filter, const struct confine_plan *plan) {
    bool files = plan->files || plan->fork;
    add_list(filter, files ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EACCES), path_syscalls,
             COUNT(path_syscalls));
    if (files)
        add_list(filter, SCMP_ACT_ALLOW, file_syscalls, COUNT(file_syscalls));
}

static void add_network_rules(struct filter *filter, const struct confine_plan *plan) {
    if (plan->network == CONFINE_ACCEPT || plan->fork)
        add_list(filter, SCMP_ACT_ALLOW, accept_syscalls, COUNT(accept_syscalls));
    if (plan->network != CONFINE_CONNECT && !plan->fork)
        return;
    add_list(filter, SCMP_ACT_ALLOW, connect_syscalls, COUNT(connect_syscalls));
    add_rules(filter, connect_rules, COUNT(connect_rules));
}

/*
 * A wrong architecture ends the process as well. A binary tree instead of a chain, since every
 * system call of a request pays for it.
 */
static void set_attributes(struct filter *filter) {
    note(filter, seccomp_attr_set(filter->handle, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS));
    note(filter, seccomp_attr_set(filter->handle, SCMP_FLTATR_CTL_TSYNC, 1));
    note(filter, seccomp_attr_set(filter->handle, SCMP_FLTATR_CTL_OPTIMIZE, 2));
}

enum err confine_syscalls_load(const struct confine_plan *plan) {
    __attribute__((cleanup(filter_release))) struct filter filter = {0};
    filter.handle = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (filter.handle == NULL)
        return ERR_SYSTEM;
    set_attributes(&filter);
    /* Whole system calls first: a rule on arguments then has nothing to add. */
    add_list(&filter, SCMP_ACT_ALLOW, plan->more_syscalls, plan->more_syscall_count);
    if (plan->fork)
        add_list(&filter, SCMP_ACT_ALLOW, fork_syscalls, COUNT(fork_syscalls));
    add_list(&filter, SCMP_ACT_ALLOW, common_syscalls, COUNT(common_syscalls));
    add_rules(&filter, common_rules, COUNT(common_rules));
    add_process_rules(&filter, plan);
    add_file_rules(&filter, plan);
    add_network_rules(&filter, plan);
    if (filter.error == 0)
        filter.error = seccomp_load(filter.handle);
    if (filter.error != 0) {
        errno = -filter.error;
        return ERR_SYSTEM;
    }
    return ERR_OK;
}
