#include <string.h>
#include <sys/wait.h>

#include "authd/supervise/control.h"
#include "authd/supervise/lifecycle.h"
#include "authd/supervise/notice.h"
#include "firmware/base/clock.h"
#include "firmware/base/log.h"

#define DEAF_AT_MOST_MS   1000
#define STOP_STEP_MS      1500
#define STOP_AT_MOST_MS   5000
#define OWN_PAUSE_AT_MOST 1000
#define NAME_OF(process)  (process)->plan.name, (process)->plan.index
#define EACH(process, from)                                                                        \
    for (struct process *process = (from)->processes;                                              \
         process < (from)->processes + (from)->family.member_count; process++)

static bool a_signer_is_starting(const struct supervisor *supervisor) {
    for (size_t i = 0; i < supervisor->family.member_count; i++) {
        const struct process *process = &supervisor->processes[i];
        if (process->member->kind == FAMILY_HSM && process->stage == PROCESS_STARTING)
            return true;
    }
    return false;
}

/*
 * Signers log in one after the other, the first one before all others: a wrong PIN is then tried
 * exactly once, however many signers there are.
 */
static bool may_start(const struct supervisor *supervisor, const struct process *process) {
    if (process->member->kind != FAMILY_HSM)
        return true;
    if (supervisor->pin_refused || a_signer_is_starting(supervisor))
        return false;
    return process->member->index == 0 || supervisor->pin_accepted;
}

static void add_peer(struct boot *boot, const struct family_member *peer, uint16_t lane, int fd) {
    struct boot_peer *entry = &boot->peers[boot->peer_count++];
    memcpy(entry->role, family_facts[peer->kind].role, strlen(family_facts[peer->kind].role) + 1);
    entry->index = peer->index;
    entry->lane = lane;
    entry->fd = fd;
}

static void make_boot(struct supervisor *supervisor, const struct process *process,
                      struct boot *boot) {
    const struct family *family = &supervisor->family;
    enum family_kind kind = process->member->kind;
    *boot = (struct boot){.index = process->member->index,
                          .count = family->counts[kind],
                          .as_root = supervisor->as_root};
    strncpy(boot->process, process->plan.name, sizeof boot->process - 1);
    for (size_t pair = 0; pair < family->pair_count; pair++) {
        const struct process *peer = supervisor_neighbour(supervisor, process, pair);
        const struct process *first = &supervisor->processes[family->pairs[pair].members[0]];
        if (peer != NULL)
            add_peer(boot, peer->member, family->pairs[pair].lane,
                     supervisor->ends[pair][first == process ? 0 : 1]);
    }
    if (kind == FAMILY_EDGE) {
        boot->listener_count = supervisor->listener_count;
        memcpy(boot->listeners, supervisor->listeners, sizeof boot->listeners);
    }
    boot->settings_len = supervisor->settings->sections[kind].len;
    memcpy(boot->settings, supervisor->settings->sections[kind].text, boot->settings_len);
}

static void start_later(struct process *process, const struct restart_end *end, int64_t now_ms) {
    int64_t delay = restart_delay_ms(&process->history, end, now_ms - process->started_ms);
    process->stage = PROCESS_DOWN;
    process->start_at_ms = now_ms + delay;
}

static void on_pidfd(void *context, int pidfd) {
    (void)pidfd;
    lifecycle_take_end(context);
}

static void start(struct supervisor *supervisor, struct process *process, int64_t now_ms) {
    static struct boot boot;
    make_boot(supervisor, process, &boot);
    if (process->member->kind == FAMILY_HSM)
        pin_marker_identify(&supervisor->pin_file, &process->pin);
    struct serve_peer_options options = control_options(process);
    enum err err = process_start(process, &boot, supervisor->serve, &options);
    if (err != ERR_OK) {
        log_event(LOG_ERROR, "start-failed", "process=%s index=%u reason=%s", NAME_OF(process),
                  err_text(err));
        start_later(process, &(const struct restart_end){0}, now_ms);
        return;
    }
    if (serve_add_descriptor(supervisor->serve, process->pidfd, on_pidfd, process) != ERR_OK)
        process_kill(process, "cannot-be-watched"); /* and lifecycle_watch reaps it */
    log_event(LOG_INFO, "process-started", "process=%s index=%u pid=%d", NAME_OF(process),
              (int)process->pid);
}

void lifecycle_start_due(struct supervisor *supervisor, int64_t now_ms) {
    EACH(process, supervisor) {
        if (process->stage == PROCESS_DOWN && process->start_at_ms <= now_ms &&
            may_start(supervisor, process))
            start(supervisor, process, now_ms);
    }
}

/*
 * While authd itself did not run (a suspended machine, a starved one), nobody can be blamed for
 * silence: it counts from when authd went on.
 */
static void note_own_pause(struct supervisor *supervisor, int64_t now_ms) {
    if (now_ms - supervisor->last_tick_ms > OWN_PAUSE_AT_MOST)
        supervisor->watching_since_ms = now_ms;
    supervisor->last_tick_ms = now_ms;
}

static const char *complaint(const struct supervisor *supervisor, const struct process *process,
                             int64_t now_ms) {
    const struct settings *settings = supervisor->settings;
    if (now_ms - supervisor->watching_since_ms < process->hang_ms)
        return NULL;
    if (process->deaf_since_ms != 0 && now_ms - process->deaf_since_ms > DEAF_AT_MOST_MS)
        return "closed-its-control-socket";
    if (process->stage == PROCESS_STARTING && now_ms - process->started_ms > settings->start_ms)
        return "not-ready-in-time";
    if (process->stage == PROCESS_READY && process_is_silent(process, now_ms))
        return "hangs";
    return NULL;
}

void lifecycle_watch(struct supervisor *supervisor, int64_t now_ms) {
    note_own_pause(supervisor, now_ms);
    EACH(process, supervisor) {
        const char *reason = process_runs(process) ? complaint(supervisor, process, now_ms) : NULL;
        if (reason != NULL)
            process_kill(process, reason);
        if (process->killed)
            lifecycle_take_end(process);
    }
}

static const char *verdict_text(enum restart_verdict verdict) {
    static const char *const texts[] = {[RESTART_LATER] = "restart",
                                        [RESTART_AT_ONCE] = "restart-at-once",
                                        [RESTART_NEVER] = "settings-refused",
                                        [RESTART_LOCKED] = "pin-refused"};
    return texts[verdict];
}

static void log_end(const struct process *process, const struct restart_end *end,
                    enum restart_verdict verdict) {
    bool exited = end->code == CLD_EXITED;
    bool asked = exited && (end->status == BOOT_EXIT_CLEAN || end->status == BOOT_EXIT_RECYCLE);
    log_event(asked ? LOG_INFO : LOG_WARNING, "process-ended",
              "process=%s index=%u pid=%d %s=%d after-ms=%lld verdict=%s", NAME_OF(process),
              (int)process->pid, exited ? "exit" : "signal", end->status,
              (long long)(clock_boot_ms() - process->started_ms), verdict_text(verdict));
    if (!exited && end->status == SIGSYS)
        log_event(LOG_ERROR, "forbidden-system-call", "process=%s index=%u", NAME_OF(process));
}

/* First of all the memory of it, since power may fail now. */
static void lock_box(struct supervisor *supervisor, const struct process *signer) {
    const struct settings *settings = supervisor->settings;
    enum err err = pin_marker_write(supervisor->marker_folder, &signer->pin, &supervisor->pin_file);
    if (err != ERR_OK)
        log_event(LOG_ERROR, "pin-marker-not-written",
                  "reason=%s advice=do-not-restart-authd-before-the-PIN-file-is-replaced",
                  err_text(err));
    supervisor->pin_refused = true;
    log_event(LOG_ERROR, "pin-refused",
              "file=%s advice=replace-the-PIN-file-with-the-right-PIN-and-restart-authd",
              settings->pin_file);
    EACH(process, supervisor) {
        if (process->member->kind == FAMILY_HSM)
            process_tell(process, BOOT_STOP, bytes_of(NULL, 0));
        if (process->member->kind == FAMILY_HSM && process->stage == PROCESS_DOWN)
            process->stage = PROCESS_ENDED;
    }
    control_broadcast_state(supervisor);
    control_note_settled(supervisor);
}

static void decide(struct process *process, const struct restart_end *end,
                   enum restart_verdict verdict) {
    struct supervisor *supervisor = process->supervisor;
    int64_t now_ms = clock_boot_ms();
    bool is_signer = process->member->kind == FAMILY_HSM;
    process->stage = PROCESS_ENDED;
    if (verdict == RESTART_LOCKED)
        lock_box(supervisor, process);
    if (supervisor->stopping || (is_signer && supervisor->pin_refused))
        return;
    if (verdict == RESTART_NEVER) {
        log_event(LOG_ERROR, "settings-refused",
                  "process=%s index=%u advice=see-its-message-above,-correct-the-section-[%s],-"
                  "check-with-authd--t",
                  NAME_OF(process), family_facts[process->member->kind].section);
        lifecycle_stop(supervisor, BOOT_EXIT_CONFIG);
        return;
    }
    process->stage = PROCESS_DOWN;
    process->start_at_ms = now_ms;
    if (verdict == RESTART_LATER)
        start_later(process, end, now_ms);
    if (end->is_plugin)
        control_note_settled(supervisor);
}

void lifecycle_take_end(struct process *process) {
    struct restart_end end;
    if (process->pidfd < 0 || process_reap(process, process->supervisor->serve, &end) != ERR_OK)
        return;
    enum restart_verdict verdict = restart_judge(&end);
    log_end(process, &end, verdict);
    decide(process, &end, verdict);
    /* A parser that recycles has answered all it took, and the rest waits for its successor. */
    if (end.was_ready && !(end.is_parser && verdict == RESTART_AT_ONCE))
        control_tell_down(process);
}

void lifecycle_stop(struct supervisor *supervisor, int exit_code) {
    if (supervisor->stopping) {
        supervisor->stopping_since_ms -= STOP_AT_MOST_MS;
        return;
    }
    supervisor->stopping = true;
    supervisor->stopping_since_ms = clock_boot_ms();
    supervisor->exit_code = exit_code;
    log_event(LOG_INFO, "stopping", "exit=%d", exit_code);
    notice_send(supervisor->notice_fd, "STOPPING=1");
}

/* No new requests first; those under way still find everyone they need. */
static const uint8_t stop_rank[FAMILY_KINDS] = {
    [FAMILY_EDGE] = 0,   [FAMILY_CORE] = 1,   [FAMILY_PROVD] = 1,  [FAMILY_HSM] = 2,
    [FAMILY_UNSEAL] = 2, [FAMILY_PLUGIN] = 2, [FAMILY_NOTIFY] = 2,
};

static unsigned lowest_running_rank(struct supervisor *supervisor) {
    unsigned lowest = UINT8_MAX;
    EACH(process, supervisor) {
        unsigned rank = stop_rank[process->member->kind];
        if (process_runs(process) && rank < lowest)
            lowest = rank;
    }
    return lowest;
}

void lifecycle_stop_step(struct supervisor *supervisor, int64_t now_ms, bool *done) {
    int64_t since_ms = now_ms - supervisor->stopping_since_ms;
    unsigned rank = lowest_running_rank(supervisor);
    unsigned overdue = (unsigned)(since_ms / STOP_STEP_MS);
    *done = rank == UINT8_MAX;
    EACH(process, supervisor) {
        unsigned own = stop_rank[process->member->kind];
        if (!process_runs(process))
            continue;
        if (since_ms > STOP_AT_MOST_MS)
            process_kill(process, "did-not-stop");
        else if (!process->told_to_stop && (own <= rank || own <= overdue))
            process_tell(process, BOOT_STOP, bytes_of(NULL, 0));
        else
            continue;
        process->told_to_stop = true;
    }
}

int lifecycle_next_ms(const struct supervisor *supervisor, int64_t now_ms) {
    int64_t next = -1;
    for (size_t i = 0; i < supervisor->family.member_count; i++) {
        const struct process *process = &supervisor->processes[i];
        if (process->stage != PROCESS_DOWN || !may_start(supervisor, process))
            continue;
        int64_t left = process->start_at_ms > now_ms ? process->start_at_ms - now_ms : 0;
        if (next < 0 || left < next)
            next = left;
    }
    return (int)next;
}
