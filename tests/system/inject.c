#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Makes a running process make one system call, as root, and says what the kernel answered: so that
 * a test can see what the shipped program is refused, and not what a copy of its plan would be.
 * x86-64 only.
 */
#define ARGUMENTS_MAX 6
#define TEXT_BYTES    1024 /* of each argument that lies in memory */
#define RED_ZONE      512  /* below the stack pointer, which the interrupted function may use */

enum inject_exit { EXIT_ANSWERED = 0, EXIT_USAGE = 2, EXIT_FAILED = 3 };

struct injection {
    pid_t pid;
    int memory; /* /proc/PID/mem */
    struct user_regs_struct saved;
    uint64_t instruction; /* address of a `syscall` */
    bool died;
    int signal;
};

static _Noreturn void fail(const char *what) {
    fprintf(stderr, "inject: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILED);
}

/* Waits for the next stop; false: the process is gone. */
static bool wait_for_stop(struct injection *injection, int *status) {
    if (waitpid(injection->pid, status, __WALL) != injection->pid)
        fail("waitpid");
    if (WIFSTOPPED(*status))
        return true;
    injection->died = true;
    injection->signal = WIFSIGNALED(*status) ? WTERMSIG(*status) : 0;
    return false;
}

static void attach(struct injection *injection) {
    int status;
    char path[64];
    if (ptrace(PTRACE_SEIZE, injection->pid, NULL, PTRACE_O_TRACESYSGOOD) != 0)
        fail("ptrace: is the process there, and are you root?");
    if (ptrace(PTRACE_INTERRUPT, injection->pid, NULL, NULL) != 0 ||
        !wait_for_stop(injection, &status))
        fail("the process ended before it could be stopped");
    if (ptrace(PTRACE_GETREGS, injection->pid, NULL, &injection->saved) != 0)
        fail("registers");
    snprintf(path, sizeof path, "/proc/%d/mem", (int)injection->pid);
    injection->memory = open(path, O_RDWR | O_CLOEXEC);
    if (injection->memory < 0)
        fail(path);
}

/* The first `syscall` (0f 05) between two addresses; 0 when there is none. */
static uint64_t search(const struct injection *injection, uint64_t from, uint64_t to) {
    uint8_t bytes[65536];
    for (uint64_t at = from; at + 1 < to; at += sizeof bytes - 1) {
        size_t wanted = to - at < sizeof bytes ? to - at : sizeof bytes;
        ssize_t got = pread(injection->memory, bytes, wanted, (off_t)at);
        const uint8_t *found = got < 2 ? NULL : memmem(bytes, (size_t)got, "\x0f\x05", 2);
        if (found != NULL)
            return at + (uint64_t)(found - bytes);
    }
    return 0;
}

static void find_instruction(struct injection *injection) {
    char path[64], line[PATH_MAX + 128];
    snprintf(path, sizeof path, "/proc/%d/maps", (int)injection->pid);
    FILE *maps = fopen(path, "re");
    if (maps == NULL)
        fail(path);
    while (injection->instruction == 0 && fgets(line, sizeof line, maps) != NULL) {
        unsigned long from, to;
        if (sscanf(line, "%lx-%lx r-xp", &from, &to) == 2 && strstr(line, " r-xp ") != NULL &&
            strstr(line, "[vsyscall]") == NULL)
            injection->instruction = search(injection, from, to);
    }
    (void)fclose(maps);
    if (injection->instruction == 0)
        fail("no system call instruction in its memory");
}

/* Goes on to the next stop at a system call's entry or exit, handing on signals that arrive
 * meanwhile. */
static bool go_on(struct injection *injection) {
    int status, signal = 0;
    for (;;) {
        if (ptrace(PTRACE_SYSCALL, injection->pid, NULL, (void *)(intptr_t)signal) != 0 &&
            errno != ESRCH)
            fail("ptrace");
        if (!wait_for_stop(injection, &status))
            return false;
        if (WSTOPSIG(status) == (SIGTRAP | 0x80))
            return true;
        signal = status >> 16 == 0 ? WSTOPSIG(status) : 0;
    }
}

/* What a filter forbids ends the process only after the stop at the call's exit: its SIGSYS then
 * waits already. */
static bool is_doomed(const struct injection *injection) {
    siginfo_t waiting[8];
    struct __ptrace_peeksiginfo_args all = {.nr = sizeof waiting / sizeof *waiting};
    long count = ptrace(PTRACE_PEEKSIGINFO, injection->pid, &all, waiting);
    for (long i = 0; i < count; i++)
        if (waiting[i].si_signo == SIGSYS)
            return true;
    return false;
}

static bool make_call(struct injection *injection, long number, const uint64_t *arguments,
                      int64_t *answer) {
    struct user_regs_struct registers = injection->saved;
    registers.rip = injection->instruction;
    registers.orig_rax = UINT64_MAX; /* nothing is to be restarted */
    registers.rax = (uint64_t)number;
    registers.rdi = arguments[0];
    registers.rsi = arguments[1];
    registers.rdx = arguments[2];
    registers.r10 = arguments[3];
    registers.r8 = arguments[4];
    registers.r9 = arguments[5];
    if (ptrace(PTRACE_SETREGS, injection->pid, NULL, &registers) != 0)
        fail("registers");
    if (!go_on(injection) || !go_on(injection))
        return false;
    while (is_doomed(injection))
        if (!go_on(injection))
            return false;
    if (ptrace(PTRACE_GETREGS, injection->pid, NULL, &registers) != 0)
        fail("registers");
    *answer = (int64_t)registers.rax;
    return true;
}

/* As after a signal: what was interrupted returns EINTR. */
static void let_go(struct injection *injection) {
    int64_t result = (int64_t)injection->saved.rax;
    if ((int64_t)injection->saved.orig_rax >= 0 && result <= -512 && result >= -516)
        injection->saved.rax = (uint64_t)-EINTR;
    injection->saved.orig_rax = UINT64_MAX;
    if (ptrace(PTRACE_SETREGS, injection->pid, NULL, &injection->saved) != 0 ||
        ptrace(PTRACE_DETACH, injection->pid, NULL, NULL) != 0)
        fail("detach");
}

/* A number as it is; "@text" and "#count" (zero bytes) as the address of a copy in the process's
 * stack. */
static uint64_t place_argument(const struct injection *injection, unsigned position,
                               const char *argument) {
    char *end;
    uint8_t memory[TEXT_BYTES] = {0};
    if (argument[0] != '@' && argument[0] != '#') {
        uint64_t number = strtoull(argument, &end, 0);
        if (*end == '\0')
            return number;
        fprintf(stderr, "inject: %s: neither number nor @text nor #count\n", argument);
        exit(EXIT_USAGE);
    }
    if (argument[0] == '@')
        strncpy((char *)memory, argument + 1, sizeof memory - 1);
    uint64_t address = (injection->saved.rsp - RED_ZONE - TEXT_BYTES * (position + 1)) & ~15ull;
    if (pwrite(injection->memory, memory, sizeof memory, (off_t)address) != (ssize_t)sizeof memory)
        fail("its stack");
    return address;
}

static void report(const struct injection *injection, int64_t answer) {
    if (injection->died)
        printf("died SIG%s\n", injection->signal == 0 ? "NONE" : sigabbrev_np(injection->signal));
    else if (answer < 0 && answer >= -4095)
        printf("failed %s\n", strerrorname_np((int)-answer));
    else
        printf("returned %lld\n", (long long)answer);
}

/* A new descriptor is closed again, a new process ended: the program never asked for them. */
static void undo(struct injection *injection, const char *call, int64_t answer) {
    static const char *const openers[] = {"openat", "socket", "memfd_create", "open_by_handle_at"};
    static const char *const forks[] = {"fork", "vfork", "clone", "clone3"};
    int64_t ignored;
    if (injection->died || answer < 0)
        return;
    for (size_t i = 0; i < sizeof openers / sizeof *openers; i++)
        if (strcmp(call, openers[i]) == 0)
            (void)make_call(injection, SYS_close, (uint64_t[ARGUMENTS_MAX]){(uint64_t)answer},
                            &ignored);
    for (size_t i = 0; i < sizeof forks / sizeof *forks; i++)
        if (strcmp(call, forks[i]) == 0 && answer > 0)
            (void)kill((pid_t)answer, SIGKILL);
}

int main(int argc, char **argv) {
    struct injection injection = {.memory = -1};
    uint64_t arguments[ARGUMENTS_MAX] = {0};
    int64_t answer = 0;
    if (argc < 3 || argc > 3 + ARGUMENTS_MAX) {
        fputs("usage: inject PID SYSTEM-CALL [NUMBER|@TEXT|#ZERO-BYTES]...\n"
              "prints `returned N`, `failed ERRNO` or `died SIGNAL`\n"
              "example: inject 4711 openat -100 @/etc/passwd 0\n",
              stderr);
        return EXIT_USAGE;
    }
    injection.pid = (pid_t)strtol(argv[1], NULL, 10);
    int number = seccomp_syscall_resolve_name(argv[2]);
    if (injection.pid <= 0 || number < 0) {
        fprintf(stderr, "inject: %s %s: no such process or system call\n", argv[1], argv[2]);
        return EXIT_USAGE;
    }
    attach(&injection);
    find_instruction(&injection);
    for (int i = 3; i < argc; i++)
        arguments[i - 3] = place_argument(&injection, (unsigned)i - 3, argv[i]);
    (void)make_call(&injection, number, arguments, &answer);
    undo(&injection, argv[2], answer);
    report(&injection, answer);
    if (!injection.died)
        let_go(&injection);
    return EXIT_ANSWERED;
}
