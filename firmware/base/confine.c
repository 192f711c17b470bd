#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "firmware/base/confine.h"
#include "firmware/base/confine_syscalls.h"
#include "firmware/base/log.h"
#include "firmware/base/scope.h"

#define MOST_THREADS   4096u      /* of one user, whose processes all count */
#define LOG_FILE_BYTES (1u << 30) /* when descriptor 2 is a file, the log must still grow */

/*
 * Landlock as of ABI 2, by its system calls: neither the C library nor the kernel headers need to
 * know it. https://docs.kernel.org/userspace-api/landlock.html
 */
#define LANDLOCK_CREATE_RULESET  444
#define LANDLOCK_ADD_RULE        445
#define LANDLOCK_RESTRICT_SELF   446
#define LANDLOCK_ASK_VERSION     1u
#define LANDLOCK_RULE_PATH       1
#define LANDLOCK_LEAST_ABI       2
#define LANDLOCK_ABI_OF_TRUNCATE 3

#define LAND_EXECUTE     (1u << 0)
#define LAND_WRITE_FILE  (1u << 1)
#define LAND_READ_FILE   (1u << 2)
#define LAND_READ_DIR    (1u << 3)
#define LAND_REMOVE_DIR  (1u << 4)
#define LAND_REMOVE_FILE (1u << 5)
#define LAND_MAKE_DIR    (1u << 7)
#define LAND_MAKE_REG    (1u << 8)
#define LAND_REFER       (1u << 13)
#define LAND_TRUNCATE    (1u << 14)
#define LAND_ALL_OF_ABI2 ((1u << 14) - 1)
#define LAND_OF_FILES    (LAND_EXECUTE | LAND_WRITE_FILE | LAND_READ_FILE | LAND_TRUNCATE)

struct landlock_ruleset {
    uint64_t handled_access_fs;
};

struct landlock_path_rule {
    uint64_t allowed_access;
    int32_t parent_fd;
} __attribute__((packed));

static enum err of_call(long result) {
    return result == 0 ? ERR_OK : ERR_SYSTEM;
}

static uint64_t landlock_rights(uint32_t access) {
    uint64_t rights = 0;
    if (access & CONFINE_READ)
        rights |= LAND_READ_FILE | LAND_READ_DIR;
    if (access & CONFINE_WRITE)
        rights |= LAND_WRITE_FILE | LAND_TRUNCATE | LAND_MAKE_REG | LAND_MAKE_DIR |
                  LAND_REMOVE_FILE | LAND_REMOVE_DIR | LAND_REFER;
    if (access & CONFINE_EXECUTE)
        rights |= LAND_EXECUTE;
    return rights;
}

static enum err landlock_allow(int ruleset, uint64_t handled, const struct confine_path *path) {
    SCOPE_DESCRIPTOR fd = open(path->path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? ERR_OK : ERR_SYSTEM;
    struct stat status;
    if (fstat(fd, &status) != 0)
        return ERR_SYSTEM;
    struct landlock_path_rule rule = {
        .allowed_access = landlock_rights(path->access) & handled,
        .parent_fd = fd,
    };
    if (!S_ISDIR(status.st_mode))
        rule.allowed_access &= LAND_OF_FILES;
    return of_call(syscall(LANDLOCK_ADD_RULE, ruleset, LANDLOCK_RULE_PATH, &rule, 0));
}

static enum err restrict_files(const struct confine_plan *plan) {
    if (plan->fork)
        return ERR_OK;
    long abi = syscall(LANDLOCK_CREATE_RULESET, NULL, 0, LANDLOCK_ASK_VERSION);
    if (abi < LANDLOCK_LEAST_ABI)
        return ERR_SYSTEM;
    struct landlock_ruleset attributes = {.handled_access_fs = LAND_ALL_OF_ABI2};
    if (abi >= LANDLOCK_ABI_OF_TRUNCATE)
        attributes.handled_access_fs |= LAND_TRUNCATE;
    SCOPE_DESCRIPTOR ruleset =
        (int)syscall(LANDLOCK_CREATE_RULESET, &attributes, sizeof attributes, 0);
    if (ruleset < 0)
        return ERR_SYSTEM;
    for (size_t i = 0; i < plan->path_count; i++)
        ERR_TRY(landlock_allow(ruleset, attributes.handled_access_fs, &plan->paths[i]));
    return of_call(syscall(LANDLOCK_RESTRICT_SELF, ruleset, 0));
}

static enum err forbid_dumps(const struct confine_plan *plan) {
    (void)plan;
    return of_call(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
}

/* Lowers a limit for good; one that is lower already stays. */
static enum err lower_limit(__rlimit_resource_t resource, rlim_t most) {
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0)
        return ERR_SYSTEM;
    if (most > limit.rlim_max)
        most = limit.rlim_max;
    limit = (struct rlimit){.rlim_cur = most, .rlim_max = most};
    return of_call(setrlimit(resource, &limit));
}

static rlim_t file_limit(const struct confine_plan *plan) {
    struct stat status;
    bool log_is_file = fstat(STDERR_FILENO, &status) == 0 && S_ISREG(status.st_mode);
    if (log_is_file && plan->file_bytes < LOG_FILE_BYTES)
        return LOG_FILE_BYTES;
    return plan->file_bytes;
}

/* The supervisor's limits would be its children's: it keeps to the core limit. */
static enum err set_limits(const struct confine_plan *plan) {
    ERR_TRY(lower_limit(RLIMIT_CORE, 0));
    if (plan->fork)
        return ERR_OK;
    (void)signal(SIGXFSZ, SIG_IGN); /* the write then fails with EFBIG */
    ERR_TRY(lower_limit(RLIMIT_FSIZE, file_limit(plan)));
    ERR_TRY(lower_limit(RLIMIT_NPROC, plan->threads ? MOST_THREADS : 0));
    return plan->descriptors == 0 ? ERR_OK : lower_limit(RLIMIT_NOFILE, plan->descriptors);
}

static enum err refuse_root(const struct confine_plan *plan) {
    uid_t real, effective, saved;
    if (getresuid(&real, &effective, &saved) != 0)
        return ERR_SYSTEM;
    bool root = real == 0 || effective == 0 || saved == 0;
    return root && !plan->root_allowed ? ERR_DENIED : ERR_OK;
}

/* The supervisor keeps those it has chosen for itself. */
static enum err drop_capabilities(const struct confine_plan *plan) {
    if (plan->fork)
        return ERR_OK;
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};
    return of_call(syscall(SYS_capset, &header, none));
}

static enum err forbid_new_privileges(const struct confine_plan *plan) {
    (void)plan;
    return of_call(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

/* Whoever receives a frame does not then pre-empt its sender, and frames batch by themselves. */
static enum err schedule_in_batches(const struct confine_plan *plan) {
    (void)plan;
    struct sched_param parameter = {0};
    return of_call(sched_setscheduler(0, SCHED_BATCH, &parameter));
}

static const struct step {
    const char *name;
    enum err (*take)(const struct confine_plan *plan);
} steps[] = {
    {"undumpable", forbid_dumps},
    {"limits", set_limits},
    {"not-root", refuse_root},
    {"capabilities", drop_capabilities},
    {"no-new-privileges", forbid_new_privileges},
    {"batch-scheduling", schedule_in_batches},
    {"landlock", restrict_files},
    {"seccomp", confine_syscalls_load},
};

#ifdef IDCS_SANITIZE
/* The leak check at exit would stop the threads from a new process, by ptrace: impossible once
 * confined. */
static bool confined;
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void) {
    return confined;
}
static void turn_off_leak_check(void) {
    confined = true;
}
#else
static void turn_off_leak_check(void) {
}
#endif

enum err confine_enter(const struct confine_plan *plan) {
    turn_off_leak_check();
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        errno = 0;
        enum err err = steps[i].take(plan);
        if (err != ERR_OK) {
            log_event(LOG_ERROR, "confinement-refused", "step=%s reason=%s errno=%d", steps[i].name,
                      err_text(err), errno);
            return err;
        }
    }
    return ERR_OK;
}

/* The lowest number of ${keep} that is at least ${from}; UINT_MAX when there is none. */
static unsigned next_kept(const int *keep, size_t keep_count, unsigned from) {
    unsigned lowest = UINT_MAX;
    for (size_t i = 0; i < keep_count; i++)
        if (keep[i] >= 0 && (unsigned)keep[i] >= from && (unsigned)keep[i] < lowest)
            lowest = (unsigned)keep[i];
    return lowest;
}

enum err confine_close_others(const int *keep, size_t keep_count) {
    unsigned from = STDERR_FILENO + 1;
    for (;;) {
        unsigned kept = next_kept(keep, keep_count, from);
        if (kept > from && close_range(from, kept == UINT_MAX ? UINT_MAX : kept - 1, 0) != 0)
            return ERR_SYSTEM;
        if (kept == UINT_MAX)
            return ERR_OK;
        from = kept + 1;
    }
}
