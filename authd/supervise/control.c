#include <string.h>

#include "authd/supervise/control.h"
#include "authd/supervise/notice.h"
#include "authd/supervise/supervisor.h"
#include "firmware/base/clock.h"
#include "firmware/base/log.h"

void control_broadcast_state(struct supervisor *supervisor) {
    enum box_state state = supervisor_state(supervisor);
    log_event(LOG_INFO, "state", "state=%s", box_state_text(state));
    for (size_t i = 0; i < supervisor->family.member_count; i++)
        if (supervisor->processes[i].stage == PROCESS_READY)
            process_tell_state(&supervisor->processes[i], state);
}

/* Several pairs may lead to the same neighbour: it is told once. */
static bool is_first_pair_to(struct process *process, const struct process *neighbour,
                             size_t pair) {
    for (size_t before = 0; before < pair; before++)
        if (supervisor_neighbour(process->supervisor, process, before) == neighbour)
            return false;
    return true;
}

static void for_each_ready_neighbour(struct process *process,
                                     void (*tell)(struct process *, struct process *)) {
    struct supervisor *supervisor = process->supervisor;
    for (size_t pair = 0; pair < supervisor->family.pair_count; pair++) {
        struct process *neighbour = supervisor_neighbour(supervisor, process, pair);
        if (neighbour != NULL && neighbour->stage == PROCESS_READY &&
            is_first_pair_to(process, neighbour, pair))
            tell(process, neighbour);
    }
}

static void tell_both_up(struct process *process, struct process *neighbour) {
    process_tell_peer(neighbour, BOOT_PEER_UP, process->member);
    process_tell_peer(process, BOOT_PEER_UP, neighbour->member);
}

static void tell_one_down(struct process *process, struct process *neighbour) {
    process_tell_peer(neighbour, BOOT_PEER_DOWN, process->member);
}

void control_tell_down(struct process *process) {
    for_each_ready_neighbour(process, tell_one_down);
}

static void note_login(struct supervisor *supervisor) {
    supervisor->pin_accepted = true;
    if (pin_marker_remove(supervisor->marker_folder) != ERR_OK)
        log_event(LOG_WARNING, "pin-marker-stays", "file=%s/authd/%s",
                  supervisor->settings->state_directory, PIN_MARKER_NAME);
}

/* A locked box has no signers, and for a plug-in that fails the other factors do not wait. */
static bool all_are_ready(const struct supervisor *supervisor) {
    for (size_t i = 0; i < supervisor->family.member_count; i++) {
        const struct process *process = &supervisor->processes[i];
        enum family_kind kind = process->member->kind;
        bool cannot_run = (supervisor->pin_refused && kind == FAMILY_HSM) ||
                          (kind == FAMILY_PLUGIN && process->history.failures > 0);
        if (process->stage != PROCESS_READY && !cannot_run)
            return false;
    }
    return true;
}

void control_note_settled(struct supervisor *supervisor) {
    if (supervisor->settled || !all_are_ready(supervisor))
        return;
    supervisor->settled = true;
    log_event(LOG_INFO, supervisor->pin_refused ? "ready-but-locked" : "ready",
              "lanes=%u signers=%u", supervisor->family.lanes, supervisor->family.signers);
    notice_send(supervisor->notice_fd, supervisor->pin_refused
                                           ? "READY=1\nSTATUS=locked: the PIN was refused"
                                           : "READY=1\nSTATUS=ready");
}

static enum err take_ready(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct process *process = context;
    (void)peer;
    if (frame->payload.len != 0 || process->stage != PROCESS_STARTING)
        return ERR_DENIED;
    process->stage = PROCESS_READY;
    log_event(LOG_INFO, "process-ready", "process=%s index=%u pid=%d", process->plan.name,
              process->plan.index, (int)process->pid);
    if (process->member->kind == FAMILY_HSM)
        note_login(process->supervisor);
    process_tell_state(process, supervisor_state(process->supervisor));
    for_each_ready_neighbour(process, tell_both_up);
    control_note_settled(process->supervisor);
    return ERR_OK;
}

static enum err take_state(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct process *process = context;
    enum box_state state;
    (void)peer;
    ERR_TRY(boot_decode_state(frame->payload, &state));
    process->supervisor->core_state = state;
    control_broadcast_state(process->supervisor);
    return ERR_OK;
}

/* Only of those it talks to can anyone know that they broke the protocol. */
static bool are_neighbours(const struct process *process, const struct process *other) {
    for (size_t pair = 0; pair < process->supervisor->family.pair_count; pair++)
        if (supervisor_neighbour(process->supervisor, process, pair) == other)
            return true;
    return false;
}

static enum err take_report(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct process *process = context;
    struct supervisor *supervisor = process->supervisor;
    char role[BOOT_NAME_SIZE];
    uint16_t index;
    (void)peer;
    ERR_TRY(boot_decode_peer(frame->payload, role, &index));
    size_t number = family_find(&supervisor->family, role, index);
    if (number == FAMILY_MEMBERS_MAX)
        return ERR_NOT_FOUND;
    struct process *reported = &supervisor->processes[number];
    if (!are_neighbours(process, reported))
        return ERR_DENIED;
    process_kill(reported, "reported-by-its-peer");
    return ERR_OK;
}

static const struct serve_verb ready_verbs[] = {
    {BOOT_READY, SERVE_ANY_STATE, take_ready},
};
static const struct serve_verb provd_verbs[] = {
    {BOOT_READY, SERVE_ANY_STATE, take_ready},
    {BOOT_REPORT_PEER, SERVE_ANY_STATE, take_report},
};
static const struct serve_verb core_verbs[] = {
    {BOOT_READY, SERVE_ANY_STATE, take_ready},
    {BOOT_REPORT_PEER, SERVE_ANY_STATE, take_report},
    {BOOT_REPORT_STATE, SERVE_ANY_STATE, take_state},
};

#define TABLE(verbs) (verbs), sizeof(verbs) / sizeof *(verbs)
static const struct {
    const struct serve_verb *verbs;
    size_t count;
} allowed[FAMILY_KINDS] = {
    [FAMILY_HSM] = {TABLE(ready_verbs)},    [FAMILY_UNSEAL] = {TABLE(ready_verbs)},
    [FAMILY_PLUGIN] = {TABLE(ready_verbs)}, [FAMILY_NOTIFY] = {TABLE(ready_verbs)},
    [FAMILY_CORE] = {TABLE(core_verbs)},    [FAMILY_PROVD] = {TABLE(provd_verbs)},
    [FAMILY_EDGE] = {TABLE(ready_verbs)},
};

/* A closed socket comes with every end; a process that closes it and lives on is killed a little
 * later. */
static void lost_control(void *context, struct serve_peer *peer, enum err reason) {
    struct process *process = context;
    (void)peer;
    process->control = NULL;
    process->deaf_since_ms = clock_boot_ms();
    if (reason != ERR_CLOSED)
        process_kill(process, "broke-the-boot-protocol");
}

struct serve_peer_options control_options(struct process *process) {
    return (struct serve_peer_options){
        .name = process->plan.name,
        .verbs = allowed[process->member->kind].verbs,
        .verb_count = allowed[process->member->kind].count,
        .lost = lost_control,
        .context = process,
    };
}
