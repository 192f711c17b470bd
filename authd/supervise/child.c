#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "authd/supervise/child.h"
#include "firmware/base/boot.h"

#define ENVIRONMENT_MAX   10
#define ENVIRONMENT_BYTES 256

static void set_ordinary_signals(void) {
    sigset_t none;
    (void)sigemptyset(&none);
    for (int number = 1; number < NSIG; number++)
        (void)signal(number, SIG_DFL);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* First copies everything above the target numbers, so that none is overwritten before it was
 * copied. */
static enum err place_descriptors(const struct child_plan *plan, int *executable) {
    int above = BOOT_CONTROL_FD + (int)plan->descriptor_count + 1;
    int copies[CHILD_DESCRIPTORS_MAX];
    for (size_t i = 0; i < plan->descriptor_count; i++) {
        copies[i] = fcntl(plan->descriptors[i], F_DUPFD_CLOEXEC, above);
        if (copies[i] < 0)
            return ERR_SYSTEM;
    }
    *executable = fcntl(plan->executable, F_DUPFD_CLOEXEC, above);
    if (*executable < 0)
        return ERR_SYSTEM;
    for (size_t i = 0; i < plan->descriptor_count; i++)
        if (dup2(copies[i], BOOT_CONTROL_FD + (int)i) < 0)
            return ERR_SYSTEM;
    return ERR_OK;
}

static enum err become_user(const struct account *account) {
    if (account == NULL)
        return ERR_OK;
    if (setgroups(account->group_count, account->groups) != 0 ||
        setresgid(account->gid, account->gid, account->gid) != 0 ||
        setresuid(account->uid, account->uid, account->uid) != 0)
        return ERR_SYSTEM;
    return ERR_OK;
}

/* It must not outlive its supervisor, not even one that was killed. */
static enum err die_with_parent(pid_t parent) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
        return ERR_SYSTEM;
    return getppid() == parent ? ERR_OK : ERR_CLOSED;
}

static _Noreturn void execute(const struct child_plan *plan, int executable, const char *argument) {
    char *arguments[] = {strdup(plan->name), strdup(argument), NULL};
    if (arguments[0] != NULL && arguments[1] != NULL)
        (void)execveat(executable, "", arguments, plan->environment, AT_EMPTY_PATH);
    dprintf(STDERR_FILENO, "authd: cannot execute %s: %s\n", plan->name, strerror(errno));
    _exit(BOOT_EXIT_FAILURE);
}

static _Noreturn void become_child(const struct child_plan *plan, pid_t parent) {
    char index[16];
    int executable = -1;
    snprintf(index, sizeof index, "%u", plan->index);
    (void)setsid(); /* a terminal's interrupt is for authd, which then ends the others in order */
    set_ordinary_signals();
    if (place_descriptors(plan, &executable) != ERR_OK || become_user(plan->account) != ERR_OK ||
        die_with_parent(parent) != ERR_OK) {
        dprintf(STDERR_FILENO, "authd: cannot prepare %s: %s\n", plan->name, strerror(errno));
        _exit(BOOT_EXIT_FAILURE);
    }
    execute(plan, executable, index);
}

enum err child_start(const struct child_plan *plan, pid_t *pid, int *pidfd) {
    if (plan->descriptor_count > CHILD_DESCRIPTORS_MAX)
        return ERR_TOO_LARGE;
    pid_t parent = getpid();
    pid_t child = fork();
    if (child < 0)
        return ERR_SYSTEM;
    if (child == 0)
        become_child(plan, parent);
    /* Nobody else reaps, so the number still means this child. */
    *pidfd = (int)syscall(SYS_pidfd_open, child, 0);
    if (*pidfd < 0) {
        (void)kill(child, SIGKILL);
        (void)waitpid(child, NULL, 0);
        return ERR_SYSTEM;
    }
    *pid = child;
    return ERR_OK;
}

static enum err write_settings(int fd, struct bytes settings) {
    while (settings.len > 0) {
        ssize_t written = write(fd, settings.data, settings.len);
        if (written < 0 && errno != EINTR)
            return errno == EPIPE ? ERR_OK : ERR_SYSTEM; /* it has said why it does not read on */
        if (written > 0)
            settings = bytes_of(settings.data + written, settings.len - (size_t)written);
    }
    return ERR_OK;
}

enum err child_check(const struct child_plan *plan, struct bytes settings, int *status) {
    int ends[2];
    *status = -1;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return ERR_SYSTEM;
    pid_t child = fork();
    if (child == 0) {
        if (dup2(ends[0], STDIN_FILENO) < 0 || become_user(plan->account) != ERR_OK)
            _exit(BOOT_EXIT_FAILURE);
        set_ordinary_signals();
        execute(plan, plan->executable, "--check");
    }
    (void)close(ends[0]);
    enum err err = child < 0 ? ERR_SYSTEM : write_settings(ends[1], settings);
    (void)close(ends[1]);
    if (child >= 0 && waitpid(child, status, 0) != child)
        return ERR_SYSTEM;
    return err;
}

static void copy_variable(const char *name, const char *value, char (*texts)[ENVIRONMENT_BYTES],
                          size_t *count) {
    if (value == NULL || value[0] == '\0')
        return;
    int len = snprintf(texts[*count], ENVIRONMENT_BYTES, "%s=%s", name, value);
    if (len < ENVIRONMENT_BYTES)
        (*count)++;
}

/* By which SoftHSM and tpm2-pkcs11 find their tokens; the last is for a broker of the session. */
static const char *const module_variables[] = {"SOFTHSM2_CONF", "TPM2_PKCS11_STORE",
                                               "TPM2_PKCS11_TCTI", "DBUS_SESSION_BUS_ADDRESS"};

static void fill_environment(bool for_module, char (*texts)[ENVIRONMENT_BYTES], char **list) {
    size_t count = 0;
    copy_variable("PATH", "/usr/bin:/bin", texts, &count);
    copy_variable("LC_ALL", "C.UTF-8", texts, &count);
#ifdef IDCS_SANITIZE
    /* The leak check at exit traces its own process, which authd's filter forbids to all. */
    char options[ENVIRONMENT_BYTES];
    const char *given = getenv("ASAN_OPTIONS");
    snprintf(options, sizeof options, "%.200s:detect_leaks=0", given != NULL ? given : "");
    copy_variable("ASAN_OPTIONS", options, texts, &count);
    copy_variable("UBSAN_OPTIONS", getenv("UBSAN_OPTIONS"), texts, &count);
    copy_variable("TSAN_OPTIONS", getenv("TSAN_OPTIONS"), texts, &count);
#endif
    for (size_t i = 0; for_module && i < sizeof module_variables / sizeof *module_variables; i++)
        copy_variable(module_variables[i], getenv(module_variables[i]), texts, &count);
    for (size_t i = 0; i < count; i++)
        list[i] = texts[i];
    list[count] = NULL;
}

char *const *child_environment(bool for_module) {
    static char texts[2][ENVIRONMENT_MAX][ENVIRONMENT_BYTES];
    static char *lists[2][ENVIRONMENT_MAX + 1];
    fill_environment(for_module, texts[for_module], lists[for_module]);
    return lists[for_module];
}
