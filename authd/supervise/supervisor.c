#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "authd/supervise/control.h"
#include "authd/supervise/lifecycle.h"
#include "authd/supervise/notice.h"
#include "authd/supervise/supervisor.h"
#include "firmware/base/clock.h"
#include "firmware/base/log.h"

#define PAIR_BYTES (1024u * 1024u)

enum box_state supervisor_state(const struct supervisor *supervisor) {
    return supervisor->pin_refused ? BOX_LOCKED : supervisor->core_state;
}

struct process *supervisor_neighbour(struct supervisor *supervisor, const struct process *process,
                                     size_t pair) {
    const struct family_pair *members = &supervisor->family.pairs[pair];
    size_t number = (size_t)(process - supervisor->processes);
    if (members->members[0] == number)
        return &supervisor->processes[members->members[1]];
    if (members->members[1] == number)
        return &supervisor->processes[members->members[0]];
    return NULL;
}

static enum err open_processes(const struct supervisor_resources *resources,
                               struct supervisor *supervisor) {
    const struct settings *settings = resources->settings;
    for (size_t i = 0; i < supervisor->family.member_count; i++) {
        struct process *process = &supervisor->processes[i];
        process->supervisor = supervisor;
        process->member = &supervisor->family.members[i];
        enum family_kind kind = process->member->kind;
        const char *name = family_facts[kind].program;
        process->hang_ms = kind == FAMILY_PLUGIN ? settings->plugin_deadline_ms : settings->hang_ms;
        process->plan = (struct child_plan){
            .executable = resources->executables[kind],
            .name = name != NULL ? name : settings->notify_program,
            .index = process->member->index,
            .account = resources->accounts->as_root ? &resources->accounts->kinds[kind] : NULL,
            .environment = child_environment(kind == FAMILY_HSM),
        };
        ERR_TRY(process_open(process));
    }
    return ERR_OK;
}

static enum err open_signals(int *fd) {
    sigset_t watched;
    (void)sigemptyset(&watched);
    (void)sigaddset(&watched, SIGTERM);
    (void)sigaddset(&watched, SIGINT);
    (void)signal(SIGHUP, SIG_IGN);
    (void)signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &watched, NULL) != 0)
        return ERR_SYSTEM;
    *fd = signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
    return *fd < 0 ? ERR_SYSTEM : ERR_OK;
}

static enum err recall_refused_pin(struct supervisor *supervisor) {
    const struct settings *settings = supervisor->settings;
    pin_marker_open(settings->pin_file, &supervisor->pin_file);
    ERR_TRY(pin_marker_check(supervisor->marker_folder, &supervisor->pin_file,
                             &supervisor->pin_refused));
    if (!supervisor->pin_refused)
        return ERR_OK;
    log_event(LOG_ERROR, "locked-by-a-refused-pin",
              "file=%s marker=%s/authd/%s "
              "advice=replace-the-PIN-file-with-the-right-PIN-and-restart-authd;"
              "-if-it-was-replaced-already-remove-the-marker",
              settings->pin_file, settings->state_directory, PIN_MARKER_NAME);
    for (size_t i = 0; i < supervisor->family.member_count; i++)
        if (supervisor->processes[i].member->kind == FAMILY_HSM)
            supervisor->processes[i].stage = PROCESS_ENDED;
    return ERR_OK;
}

enum err supervisor_open(const struct supervisor_resources *resources,
                         struct supervisor *supervisor) {
    const struct settings *settings = resources->settings;
    *supervisor = (struct supervisor){.settings = settings,
                                      .as_root = resources->accounts->as_root,
                                      .signal_fd = -1,
                                      .notice_fd = notice_open(),
                                      .marker_folder = resources->marker_folder,
                                      .core_state = BOX_LOCKED};
    family_make((uint16_t)settings->lanes, (uint16_t)settings->signers,
                settings_has(settings, FAMILY_PLUGIN), &supervisor->family);
    supervisor->listener_count = resources->listener_count;
    for (size_t i = 0; i < resources->listener_count; i++)
        supervisor->listeners[i] = resources->listeners[i];
    for (size_t pair = 0; pair < supervisor->family.pair_count; pair++)
        ERR_TRY(frame_pair(supervisor->ends[pair], PAIR_BYTES));
    ERR_TRY(open_processes(resources, supervisor));
    ERR_TRY(recall_refused_pin(supervisor));
    ERR_TRY(open_signals(&supervisor->signal_fd));
    return serve_open(&supervisor->serve, NULL);
}

static void on_signal(void *context, int fd) {
    struct signalfd_siginfo signal_info;
    if (read(fd, &signal_info, sizeof signal_info) == (ssize_t)sizeof signal_info)
        lifecycle_stop(context, BOOT_EXIT_CLEAN);
}

static int tick(void *context) {
    struct supervisor *supervisor = context;
    int64_t now_ms = clock_boot_ms();
    if (supervisor->stopping) {
        bool done = false;
        lifecycle_stop_step(supervisor, now_ms, &done);
        if (done)
            serve_stop(supervisor->serve);
        return -1;
    }
    lifecycle_watch(supervisor, now_ms);
    lifecycle_start_due(supervisor, now_ms);
    return lifecycle_next_ms(supervisor, now_ms);
}

enum err supervisor_run(struct supervisor *supervisor, int *exit_code) {
    *exit_code = BOOT_EXIT_FAILURE;
    supervisor->last_tick_ms = clock_boot_ms();
    supervisor->watching_since_ms = supervisor->last_tick_ms;
    ERR_TRY(serve_add_descriptor(supervisor->serve, supervisor->signal_fd, on_signal, supervisor));
    serve_on_turn(supervisor->serve, tick, supervisor);
    ERR_TRY(serve_run(supervisor->serve));
    log_event(LOG_INFO, "stopped", "exit=%d", supervisor->exit_code);
    *exit_code = supervisor->exit_code;
    return ERR_OK;
}
