#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "authd/supervise/process.h"
#include "firmware/base/clock.h"
#include "firmware/base/log.h"

#define CONTROL_BYTES     65536
#define PULSE_BYTES       (PULSE_SLOTS * sizeof(struct pulse))
#define SILENCE_AT_MOST   180000
#define EVENT_OF(process) (process)->plan.name, (process)->plan.index

/* Its size is sealed: the child cannot cut it and so fault authd, which reads it. */
enum err process_open(struct process *process) {
    process->pidfd = -1;
    process->control_fd = -1;
    process->pulse_fd = memfd_create("pulse", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (process->pulse_fd < 0 || ftruncate(process->pulse_fd, PULSE_BYTES) != 0 ||
        fcntl(process->pulse_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
        return ERR_SYSTEM;
    void *page = mmap(NULL, PULSE_BYTES, PROT_READ, MAP_SHARED, process->pulse_fd, 0);
    if (page == MAP_FAILED)
        return ERR_SYSTEM;
    process->pulses = page;
    return ERR_OK;
}

static enum err reset_pulse(const struct process *process) {
    static const uint8_t zeroes[PULSE_BYTES];
    ssize_t written = pwrite(process->pulse_fd, zeroes, sizeof zeroes, 0);
    return written == (ssize_t)sizeof zeroes ? ERR_OK : ERR_SYSTEM;
}

static enum err send_boot_message(struct process *process, const struct boot *boot) {
    static uint8_t message[BOOT_MESSAGE_MAX];
    struct buffer buffer = buffer_over(message, sizeof message);
    struct bytes written;
    ERR_TRY(boot_encode(boot, &buffer));
    ERR_TRY(buffer_end(&buffer, &written));
    struct frame frame = {.type = BOOT_START, .payload = written};
    return serve_send(process->control, &frame);
}

/* ${far_end} of the control socket first, then the pulse page, then what ${boot} names, in its
 * order. */
static enum err start_child(struct process *process, const struct boot *boot, int far_end) {
    int descriptors[CHILD_DESCRIPTORS_MAX];
    struct boot message = *boot;
    struct child_plan plan = process->plan;
    size_t count = 0;
    descriptors[count++] = far_end;
    descriptors[count++] = process->pulse_fd;
    for (size_t i = 0; i < boot->peer_count; i++) {
        message.peers[i].fd = BOOT_CONTROL_FD + (int)count;
        descriptors[count++] = boot->peers[i].fd;
    }
    for (size_t i = 0; i < boot->listener_count; i++) {
        message.listeners[i] = BOOT_CONTROL_FD + (int)count;
        descriptors[count++] = boot->listeners[i];
    }
    plan.descriptors = descriptors;
    plan.descriptor_count = count;
    ERR_TRY(send_boot_message(process, &message));
    return child_start(&plan, &process->pid, &process->pidfd);
}

static void close_control(struct process *process) {
    if (process->control != NULL)
        serve_remove_peer(process->control);
    process->control = NULL;
    if (process->control_fd >= 0)
        (void)close(process->control_fd);
    process->control_fd = -1;
}

enum err process_start(struct process *process, const struct boot *boot, struct serve *serve,
                       const struct serve_peer_options *options) {
    int ends[2];
    ERR_TRY(reset_pulse(process));
    ERR_TRY(frame_pair(ends, CONTROL_BYTES));
    process->control_fd = ends[0];
    process->started_ms = clock_boot_ms();
    process->deaf_since_ms = 0;
    process->told_to_stop = false;
    process->killed = false;
    enum err err = serve_add_peer(serve, ends[0], options, &process->control);
    if (err == ERR_OK)
        err = start_child(process, boot, ends[1]);
    (void)close(ends[1]);
    if (err != ERR_OK) {
        close_control(process);
        return err;
    }
    process->stage = PROCESS_STARTING;
    return ERR_OK;
}

bool process_runs(const struct process *process) {
    return process->stage == PROCESS_STARTING || process->stage == PROCESS_READY;
}

void process_tell(struct process *process, uint16_t verb, struct bytes payload) {
    struct frame frame = {.type = verb, .payload = payload};
    if (!process_runs(process) || process->control == NULL)
        return;
    if (serve_send(process->control, &frame) != ERR_OK)
        process_kill(process, "takes-no-messages");
}

void process_tell_peer(struct process *process, uint16_t verb, const struct family_member *peer) {
    uint8_t payload[BOOT_NAME_SIZE + 8];
    struct buffer buffer = buffer_over(payload, sizeof payload);
    if (boot_encode_peer(family_facts[peer->kind].role, peer->index, &buffer) == ERR_OK)
        process_tell(process, verb, bytes_of(payload, buffer.len));
}

void process_tell_state(struct process *process, enum box_state state) {
    uint8_t payload[1];
    struct buffer buffer = buffer_over(payload, sizeof payload);
    if (boot_encode_state(state, &buffer) == ERR_OK)
        process_tell(process, BOOT_STATE, bytes_of(payload, buffer.len));
}

void process_kill(struct process *process, const char *reason) {
    if (process->pidfd < 0 || process->killed)
        return;
    process->killed = true;
    log_event(LOG_WARNING, "process-killed", "process=%s index=%u pid=%d reason=%s",
              EVENT_OF(process), (int)process->pid, reason);
    (void)syscall(SYS_pidfd_send_signal, process->pidfd, SIGKILL, NULL, 0);
}

/* The page belongs to the process: any number in it must be harmless. */
static bool slot_is_silent(int64_t beat_ms, int64_t until_ms, int64_t now_ms, int64_t hang_ms) {
    bool announced = until_ms >= now_ms && beat_ms >= now_ms - SILENCE_AT_MOST;
    return beat_ms < now_ms - hang_ms && !announced;
}

bool process_is_silent(const struct process *process, int64_t now_ms) {
    bool any_beat = false;
    for (size_t i = 0; i < PULSE_SLOTS; i++) {
        const struct pulse *slot = &process->pulses[i];
        int64_t beat_ms = atomic_load_explicit(&slot->beat_ms, memory_order_relaxed);
        int64_t until_ms = atomic_load_explicit(&slot->silent_until_ms, memory_order_relaxed);
        if (beat_ms == 0)
            continue; /* no loop has this slot */
        any_beat = true;
        if (slot_is_silent(beat_ms, until_ms, now_ms, process->hang_ms))
            return true;
    }
    return !any_beat && process->started_ms < now_ms - process->hang_ms;
}

enum err process_reap(struct process *process, struct serve *serve, struct restart_end *end) {
    siginfo_t info = {0};
    if (waitid(P_PIDFD, (id_t)process->pidfd, &info, WEXITED | WNOHANG) != 0)
        return ERR_SYSTEM;
    if (info.si_pid == 0)
        return ERR_AGAIN;
    *end = (struct restart_end){.code = info.si_code,
                                .status = info.si_status,
                                .was_ready = process->stage == PROCESS_READY,
                                .is_signer = process->member->kind == FAMILY_HSM,
                                .is_parser = process->member->kind == FAMILY_UNSEAL,
                                .is_plugin = process->member->kind == FAMILY_PLUGIN};
    serve_remove_descriptor(serve, process->pidfd);
    (void)close(process->pidfd);
    process->pidfd = -1;
    close_control(process);
    return ERR_OK;
}
