#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <netinet/in.h>

#include <cmocka.h>

#include "firmware/base/clock.h"
#include "firmware/base/confine.h"

/*
 * Each case confines a child and lets it try one thing. A child ends with DONE when the thing
 * worked, REFUSED when it got the error the contract names, and by SIGSYS when the filter ended it.
 */
enum outcome { DONE = 10, REFUSED = 11, OTHERWISE = 12, NOT_CONFINED = 13, KILLED = 14 };

#define NOBODY 65534

static char folder[] = "/tmp/idcs-confine-XXXXXX";
static char inside[64];  /* folder/inside: may be written */
static char outside[64]; /* folder/outside: may not be seen */
static char secret_file[96];

struct attempt {
    struct confine_plan plan;
    int (*act)(void);
    bool stay_root;
};

static int result_of(bool worked, int expected_errno) {
    if (worked)
        return DONE;
    return errno == expected_errno ? REFUSED : OTHERWISE;
}

static void become_nobody(void) {
    if (geteuid() != 0)
        return;
    if (setgroups(0, NULL) != 0 || setresgid(NOBODY, NOBODY, NOBODY) != 0 ||
        setresuid(NOBODY, NOBODY, NOBODY) != 0)
        _exit(NOT_CONFINED);
}

static int outcome_of(const struct attempt *attempt) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        /* cmocka's handlers would outlive the fork */
        (void)signal(SIGSEGV, SIG_DFL);
        (void)signal(SIGSYS, SIG_DFL);
        if (!attempt->stay_root)
            become_nobody();
        _exit(confine_enter(&attempt->plan) == ERR_OK ? attempt->act() : NOT_CONFINED);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status))
        return WTERMSIG(status) == SIGSYS ? KILLED : OTHERWISE;
    return WEXITSTATUS(status);
}

static const struct confine_plan bare = {.process = "bare", .descriptors = 64};

static int outcome_under(struct confine_plan plan, int (*act)(void)) {
    struct attempt attempt = {.plan = plan, .act = act};
    return outcome_of(&attempt);
}

static int outcome_in_folders(struct confine_plan plan, int (*act)(void)) {
    struct confine_path paths[] = {
        {inside, CONFINE_READ | CONFINE_WRITE},
        {"/nonexistent/folder", CONFINE_READ},
    };
    plan.paths = paths;
    plan.path_count = 2;
    plan.files = true;
    plan.file_bytes = 4096;
    return outcome_under(plan, act);
}

/* What any process must go on being able to do. */

static void *thread_body(void *argument) {
    return argument;
}

static int compute_and_talk(void) {
    int pair[2];
    uint8_t *memory = malloc(1 << 20);
    if (memory == NULL)
        return OTHERWISE;
    memset(memory, 1, 1 << 20);
    free(memory);
    int event = eventfd(0, EFD_CLOEXEC);
    uint64_t one = 1;
    if (event < 0 || write(event, &one, sizeof one) != sizeof one || pipe2(pair, O_CLOEXEC) != 0)
        return OTHERWISE;
    struct timespec pause = {.tv_nsec = 1000};
    (void)nanosleep(&pause, NULL);
    return clock_boot_ms() > 0 && clock_wall_ms() > 0 ? DONE : OTHERWISE;
}

static int start_thread(void) {
    pthread_t thread;
    int error = pthread_create(&thread, NULL, thread_body, NULL);
    errno = error;
    if (error != 0)
        return result_of(false, EAGAIN);
    return pthread_join(thread, NULL) == 0 ? DONE : OTHERWISE;
}

static int raise_abort(void) {
    (void)signal(SIGUSR1, SIG_IGN);
    return raise(SIGUSR1) == 0 ? DONE : OTHERWISE;
}

static void ordinary_work_goes_on(void **state) {
    (void)state;
    assert_int_equal(outcome_under(bare, compute_and_talk), DONE);
    assert_int_equal(outcome_under(bare, raise_abort), DONE);
}

static void threads_start_only_where_planned(void **state) {
    (void)state;
    struct confine_plan plan = bare;
    plan.threads = true;
    assert_int_equal(outcome_under(plan, start_thread), DONE);
    assert_int_equal(outcome_under(bare, start_thread), KILLED);
}

/* Files */

static int open_secret(void) {
    return result_of(open(secret_file, O_RDONLY) >= 0, EACCES);
}

static int open_passwd(void) {
    return result_of(open("/etc/passwd", O_RDONLY) >= 0, EACCES);
}

static int write_inside(void) {
    char path[96];
    snprintf(path, sizeof path, "%s/new", inside);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || write(fd, "x", 1) != 1 || fdatasync(fd) != 0)
        return OTHERWISE;
    return unlink(path) == 0 ? DONE : OTHERWISE;
}

static int write_outside(void) {
    char path[96];
    snprintf(path, sizeof path, "%s/new", outside);
    return result_of(open(path, O_WRONLY | O_CREAT, 0600) >= 0, EACCES);
}

static int move_outside(void) {
    char from[96], to[96];
    snprintf(from, sizeof from, "%s/moved", inside);
    snprintf(to, sizeof to, "%s/moved", outside);
    int fd = open(from, O_WRONLY | O_CREAT, 0600);
    if (fd < 0)
        return OTHERWISE;
    return result_of(rename(from, to) == 0, EACCES);
}

static int make_device(void) {
    char path[96];
    snprintf(path, sizeof path, "%s/fifo", inside);
    return result_of(mkfifo(path, 0600) == 0, EACCES);
}

static int outgrow_file_limit(void) {
    char path[96];
    static const char block[8192];
    snprintf(path, sizeof path, "%s/large", inside);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || write(fd, block, sizeof block) != 4096)
        return OTHERWISE;
    return result_of(write(fd, block, sizeof block) >= 0, EFBIG);
}

static void files_outside_the_plan_are_refused(void **state) {
    (void)state;
    assert_int_equal(outcome_in_folders(bare, write_inside), DONE);
    assert_int_equal(outcome_in_folders(bare, open_secret), REFUSED);
    assert_int_equal(outcome_in_folders(bare, open_passwd), REFUSED);
    assert_int_equal(outcome_in_folders(bare, write_outside), REFUSED);
    assert_int_equal(outcome_in_folders(bare, move_outside), REFUSED);
    assert_int_equal(outcome_in_folders(bare, make_device), KILLED);
}

static void a_file_does_not_outgrow_the_plan(void **state) {
    (void)state;
    struct stat status;
    if (fstat(STDERR_FILENO, &status) == 0 && S_ISREG(status.st_mode))
        skip(); /* the log is a file and must grow: the limit is then a larger one */
    assert_int_equal(outcome_in_folders(bare, outgrow_file_limit), REFUSED);
}

static void no_file_at_all_opens_without_files_in_the_plan(void **state) {
    (void)state;
    struct confine_path paths[] = {{inside, CONFINE_READ | CONFINE_WRITE}};
    struct confine_plan plan = bare;
    plan.paths = paths;
    plan.path_count = 1;
    assert_int_equal(outcome_under(plan, open_passwd), REFUSED);
    assert_int_equal(outcome_under(plan, open_secret), REFUSED);
    assert_int_equal(outcome_under(plan, write_outside), REFUSED);
}

/* Code */

static int map_executable(void) {
    void *page = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return result_of(page != MAP_FAILED, EACCES);
}

static int make_executable(void) {
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return result_of(page != MAP_FAILED && mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0,
                     EACCES);
}

static int tag_executable(void) {
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return result_of(syscall(SYS_pkey_mprotect, page, 4096, PROT_READ | PROT_EXEC, -1) == 0,
                     EACCES);
}

static void no_memory_becomes_executable(void **state) {
    (void)state;
    assert_int_equal(outcome_under(bare, map_executable), KILLED);
    assert_int_equal(outcome_under(bare, make_executable), KILLED);
    assert_int_equal(outcome_under(bare, tag_executable), KILLED);
}

static void a_plan_can_lift_the_refusal_of_executable_memory(void **state) {
    (void)state;
    static const int code_loading[] = {SYS_mmap, SYS_mprotect};
    struct confine_plan plan = bare;
    plan.more_syscalls = code_loading;
    plan.more_syscall_count = 2;
    assert_int_equal(outcome_under(plan, map_executable), DONE);
    assert_int_equal(outcome_under(plan, make_executable), DONE);
}

/* Processes */

static int fork_process(void) {
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    return result_of(child > 0, EAGAIN);
}

static int call_vfork(void) {
    return result_of(syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL) >= 0, EAGAIN);
}

static int execute_shell(void) {
    char *arguments[] = {(char[]){"sh"}, NULL};
    return result_of(execv("/bin/sh", arguments) == 0, EACCES);
}

static int trace_parent(void) {
    return result_of(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0, EPERM);
}

static int signal_parent(void) {
    return result_of(kill(getppid(), 0) == 0, EPERM);
}

static int make_namespace(void) {
    return result_of(unshare(CLONE_NEWUSER) == 0, EPERM);
}

static int thread_in_namespace(void) {
    long result = syscall(SYS_clone, CLONE_NEWUSER | CLONE_THREAD | CLONE_VM | CLONE_SIGHAND, NULL,
                          NULL, NULL, NULL);
    return result_of(result >= 0, EINVAL);
}

static int read_parent_memory(void) {
    return result_of(syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0) >= 0, EPERM);
}

static void no_process_is_started_traced_or_signalled(void **state) {
    (void)state;
    static int (*const attempts[])(void) = {
        fork_process,  call_vfork,     execute_shell,       trace_parent,
        signal_parent, make_namespace, thread_in_namespace, read_parent_memory,
    };
    struct confine_plan plan = bare;
    plan.threads = true;
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        assert_int_equal(outcome_under(bare, attempts[i]), KILLED);
        assert_int_equal(outcome_under(plan, attempts[i]), KILLED);
    }
}

/* Network */

static int listener = -1;

static int open_socket(void) {
    return result_of(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0, EACCES);
}

static int open_local_socket(void) {
    return result_of(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0, EACCES);
}

static int open_raw_socket(void) {
    return result_of(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) >= 0, EPERM);
}

static int accept_connection(void) {
    return result_of(accept4(listener, NULL, NULL, SOCK_NONBLOCK) >= 0, EAGAIN);
}

static int connect_out(void) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(1)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0)
        return OTHERWISE;
    return result_of(connect(fd, (struct sockaddr *)&address, sizeof address) == 0, ECONNREFUSED);
}

static int bind_port(void) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return OTHERWISE;
    return result_of(bind(fd, (struct sockaddr *)&address, sizeof address) == 0, EACCES);
}

static void the_network_is_as_planned(void **state) {
    (void)state;
    struct confine_plan acceptor = bare, connector = bare;
    acceptor.network = CONFINE_ACCEPT;
    connector.network = CONFINE_CONNECT;
    assert_int_equal(outcome_under(bare, open_socket), KILLED);
    assert_int_equal(outcome_under(bare, open_local_socket), KILLED);
    assert_int_equal(outcome_under(bare, accept_connection), KILLED);
    assert_int_equal(outcome_under(acceptor, accept_connection), REFUSED); /* nobody is waiting */
    assert_int_equal(outcome_under(acceptor, open_socket), KILLED);
    assert_int_equal(outcome_under(connector, connect_out), REFUSED); /* nobody listens there */
    assert_int_equal(outcome_under(connector, open_local_socket), REFUSED);
    assert_int_equal(outcome_under(connector, open_raw_socket), KILLED);
    assert_int_equal(outcome_under(connector, accept_connection), KILLED);
    assert_int_equal(outcome_under(connector, bind_port), KILLED);
}

/* The rest of the sequence */

static int look_at_itself(void) {
    struct rlimit core, descriptors;
    if (getrlimit(RLIMIT_CORE, &core) != 0 || getrlimit(RLIMIT_NOFILE, &descriptors) != 0)
        return OTHERWISE;
    bool as_planned = prctl(PR_GET_DUMPABLE) == 0 && core.rlim_max == 0 && core.rlim_cur == 0 &&
                      descriptors.rlim_max == 64 && geteuid() != 0;
    return as_planned ? DONE : OTHERWISE;
}

static int become_root_again(void) {
    return result_of(setresuid(0, 0, 0) == 0, EPERM);
}

static int raise_limit(void) {
    struct rlimit limit = {.rlim_cur = 1024, .rlim_max = 1024};
    return result_of(setrlimit(RLIMIT_NOFILE, &limit) == 0, EPERM);
}

static int become_dumpable(void) {
    return result_of(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0, EPERM);
}

static int fake_terminal_input(void) {
    return result_of(ioctl(STDIN_FILENO, TIOCSTI, "x") == 0, EPERM);
}

static void limits_and_marks_stay(void **state) {
    (void)state;
    assert_int_equal(outcome_under(bare, look_at_itself), DONE);
    assert_int_equal(outcome_under(bare, become_root_again), KILLED);
    assert_int_equal(outcome_under(bare, become_dumpable), KILLED);
    assert_int_equal(outcome_under(bare, fake_terminal_input), KILLED);
#ifndef IDCS_SANITIZE
    assert_int_equal(outcome_under(bare, raise_limit), KILLED);
#else
    assert_int_equal(outcome_under(bare, raise_limit), REFUSED);
#endif
}

static void the_scheduler_batches(void **state) {
    (void)state;
    static const int ask[] = {SYS_sched_getscheduler};
    struct confine_plan plan = bare;
    plan.more_syscalls = ask;
    plan.more_syscall_count = 1;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        become_nobody();
        _exit(confine_enter(&plan) == ERR_OK ? sched_getscheduler(0) : 99);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), SCHED_BATCH);
}

static int have_capability(void) {
    return syscall(SYS_capget, NULL, NULL) < 0 ? DONE : OTHERWISE;
}

static void root_is_refused(void **state) {
    (void)state;
    if (geteuid() != 0)
        skip();
    struct attempt attempt = {.plan = bare, .act = compute_and_talk, .stay_root = true};
    assert_int_equal(outcome_of(&attempt), NOT_CONFINED);
    attempt.plan.root_allowed = true;
    assert_int_equal(outcome_of(&attempt), DONE);
}

static void an_allowed_root_has_no_capabilities(void **state) {
    (void)state;
    if (geteuid() != 0)
        skip();
    struct attempt attempt = {.plan = bare, .act = open_secret, .stay_root = true};
    attempt.plan.root_allowed = true;
    assert_int_equal(outcome_of(&attempt), REFUSED);
    attempt.act = have_capability;
    assert_int_equal(outcome_of(&attempt), KILLED);
}

static int supervise(void) {
    pid_t child = fork();
    if (child < 0)
        return OTHERWISE;
    if (child == 0)
        _exit(execl("/bin/true", "true", NULL));
    int status;
    if (waitpid(child, &status, 0) != child)
        return OTHERWISE;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? DONE : OTHERWISE;
}

static int become_daemon(void) {
    return result_of(setresgid(1, 1, 1) == 0 && setresuid(1, 1, 1) == 0, EPERM);
}

static int become_root_by_half(void) {
    return result_of(setresuid(1, 0, 1) == 0, EPERM);
}

static void the_supervisor_starts_others_and_no_more(void **state) {
    (void)state;
    struct confine_plan plan = bare;
    plan.fork = true;
    assert_int_equal(outcome_under(plan, supervise), DONE);
    assert_int_equal(outcome_under(plan, open_raw_socket), KILLED);
    assert_int_equal(outcome_under(plan, trace_parent), KILLED);
    assert_int_equal(outcome_under(plan, make_namespace), KILLED);
    assert_int_equal(outcome_under(plan, read_parent_memory), KILLED);
}

static void the_supervisor_becomes_only_whom_it_was_told(void **state) {
    (void)state;
    if (geteuid() != 0)
        skip();
    static const struct confine_identity daemon_user[] = {{.uid = 1, .gid = 1}};
    struct attempt attempt = {.plan = bare, .act = become_daemon, .stay_root = true};
    attempt.plan.root_allowed = true;
    attempt.plan.fork = true;
    assert_int_equal(outcome_of(&attempt), KILLED);
    attempt.plan.identities = daemon_user;
    attempt.plan.identity_count = 1;
    assert_int_equal(outcome_of(&attempt), DONE);
    attempt.act = become_root_by_half;
    assert_int_equal(outcome_of(&attempt), KILLED);
    attempt.act = become_root_again;
    assert_int_equal(outcome_of(&attempt), KILLED);
}

static int open_among(const int *descriptors, size_t count) {
    int open_count = 0;
    for (size_t i = 0; i < count; i++)
        open_count += fcntl(descriptors[i], F_GETFD) >= 0 ? 1 : 0;
    return open_count;
}

static void every_descriptor_that_is_not_kept_is_closed(void **state) {
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int made[8];
        for (size_t i = 0; i < 8; i++)
            made[i] = dup(STDIN_FILENO);
        int far = fcntl(STDIN_FILENO, F_DUPFD, 200);
        int keep[] = {made[6], made[2], made[3], -1, far, made[2]};
        bool right = confine_close_others(keep, 6) == ERR_OK && open_among(made, 8) == 3 &&
                     open_among(keep, 6) == 5 && fcntl(STDERR_FILENO, F_GETFD) >= 0 &&
                     confine_close_others(NULL, 0) == ERR_OK && open_among(keep, 6) == 0;
        _exit(right ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static int make_folders(void **state) {
    (void)state;
    if (mkdtemp(folder) == NULL || chmod(folder, 0755) != 0)
        return -1;
    snprintf(inside, sizeof inside, "%s/inside", folder);
    snprintf(outside, sizeof outside, "%s/outside", folder);
    snprintf(secret_file, sizeof secret_file, "%s/secret", outside);
    if (mkdir(inside, 0777) != 0 || mkdir(outside, 0777) != 0)
        return -1;
    if (chmod(inside, 0777) != 0 || chmod(outside, 0777) != 0)
        return -1;
    int fd = open(secret_file, O_WRONLY | O_CREAT, 0644);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return fd >= 0 && close(fd) == 0 && listen(listener, 1) == 0 ? 0 : -1;
}

static int remove_folders(void **state) {
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ordinary_work_goes_on),
        cmocka_unit_test(threads_start_only_where_planned),
        cmocka_unit_test(files_outside_the_plan_are_refused),
        cmocka_unit_test(a_file_does_not_outgrow_the_plan),
        cmocka_unit_test(no_file_at_all_opens_without_files_in_the_plan),
        cmocka_unit_test(no_memory_becomes_executable),
        cmocka_unit_test(a_plan_can_lift_the_refusal_of_executable_memory),
        cmocka_unit_test(no_process_is_started_traced_or_signalled),
        cmocka_unit_test(the_network_is_as_planned),
        cmocka_unit_test(limits_and_marks_stay),
        cmocka_unit_test(the_scheduler_batches),
        cmocka_unit_test(root_is_refused),
        cmocka_unit_test(an_allowed_root_has_no_capabilities),
        cmocka_unit_test(the_supervisor_starts_others_and_no_more),
        cmocka_unit_test(the_supervisor_becomes_only_whom_it_was_told),
        cmocka_unit_test(every_descriptor_that_is_not_kept_is_closed),
    };
    return cmocka_run_group_tests(tests, make_folders, remove_folders);
}
