#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "firmware/base/clock.h"
#include "firmware/base/conf.h"
#include "firmware/base/confine.h"
#include "firmware/base/log.h"
#include "provisioning/operation.h"
#include "provisioning/officers.h"
#include "provisioning/rules.h"
#include "provisioning/upkeep.h"

/* Questions of all officers, a batch of people with what they have enrolled. */
#define ARENA_BYTES      (6u * 1024u * 1024u)
#define FILE_BYTES_MAX   (UINT64_C(1) << 46) /* the registry's map */
#define READERS_CHECK_MS 60000
#define DESCRIPTORS_MAX  256

struct settings {
    char registry_directory[256], run_directory[256], officers_group[64];
    char uin_rules[256], vid_rules[256], token_partner[PROGRAMME_ID_SIZE];
    char tls_key_in[16];
};

#define TEXT(key, member, initial, meaning)                                                        \
    {                                                                                              \
        key, CONF_TEXT, offsetof(struct settings, member), sizeof(((struct settings *)0)->member), \
            0, 0, initial, meaning                                                                 \
    }
static const struct conf_key setting_keys[] = {
    TEXT("registry-directory", registry_directory, "/var/lib/idcs/registry",
         "LMDB of people and programmes; provd is its one writer"),
    TEXT("run-directory", run_directory, "/run/idcs", "where officer.sock is made"),
    TEXT("officers-group", officers_group, "idcs-officers", "its members may use officer(1)"),
    TEXT("uin-rules", uin_rules, "checksum,first-digit", "rules an imported UIN must obey"),
    TEXT("vid-rules", vid_rules, "checksum", "rules an imported VID must obey"),
    TEXT("token-partner", token_partner, "mpartner-default-resident",
         "audience of the identity token, for national settings made here"),
    TEXT("tls-key-in", tls_key_in, "token",
         "file: handshakes use the key of tls-key in [edge]; authd sets it"),
};
static const struct boot_program program = {
    .name = "provd",
    .summary = "the one writer of the registry of people and programmes",
    .keys = setting_keys,
    .key_count = sizeof setting_keys / sizeof *setting_keys,
};

/* The process: what operations share, and who brings them. */
struct process {
    struct provd provd;
    struct serve *serve;
    struct officers *officers;
    bool working; /* an operation lets the loop turn while it waits: this is the inner turn */
    int64_t readers_checked_ms;
};

static void on_peer_down(void *context, const char *role, uint16_t index) {
    struct process *process = context;
    provd_peers_down(process->provd.peers, role, index);
}

static void on_peer_up(void *context, const char *role, uint16_t index) {
    struct process *process = context;
    provd_peers_up(process->provd.peers, role, index);
}

static void on_state(void *context, enum box_state state) {
    struct process *process = context;
    process->provd.state = state;
}

static void on_stop(void *context) {
    struct process *process = context;
    provd_peers_stop(process->provd.peers);
    serve_stop(process->serve);
}

static void work_on(struct process *process, const struct officers_question *question) {
    static uint8_t memory[FRAME_PAYLOAD_MAX];
    struct buffer answer = buffer_over(memory, sizeof memory);
    struct bytes written = {0};
    enum err err = operation_run(&process->provd, question, &answer);
    if (err == ERR_OK)
        err = buffer_end(&answer, &written);
    if (err == ERR_OK)
        officers_answer(process->officers, written);
    else
        officers_drop(process->officers, err);
}

/* A core that was killed leaves its reader slots, which would keep old pages from being used again.
 */
static void check_readers(struct process *process) {
    int64_t now = clock_boot_ms();
    if (now - process->readers_checked_ms < READERS_CHECK_MS)
        return;
    process->readers_checked_ms = now;
    enum err err = kv_reader_check(registry_kv(process->provd.registry));
    if (err != ERR_OK)
        log_event(LOG_WARNING, "reader-check", "error=%s", err_text(err));
}

/* Once a turn. One operation at a time; the others queue. What provd does by itself comes
 * after them. Returns when it wants to be called again.
 */
static int work(void *context) {
    struct process *process = context;
    struct officers_question question;
    if (process->working)
        return READERS_CHECK_MS;
    check_readers(process);
    process->working = true;
    while (process->provd.fatal == ERR_OK && officers_next(process->officers, &question))
        work_on(process, &question);
    int wait_ms = process->provd.fatal == ERR_OK ? upkeep_turn(&process->provd) : 0;
    int idle_ms = officers_end_idle(process->officers, clock_boot_ms());
    process->working = false;
    if (idle_ms < wait_ms)
        wait_ms = idle_ms;
    if (process->provd.fatal != ERR_OK)
        serve_stop(process->serve);
    return wait_ms < READERS_CHECK_MS ? wait_ms : READERS_CHECK_MS;
}

/* The registry is open and the socket bound: no path is needed any more. */
static enum err confine(void) {
    /* how LMDB commits */
    static const int more_syscalls[] = {SYS_fdatasync, SYS_pwritev};
    const struct confine_plan plan = {
        .process = program.name,
        .network = CONFINE_ACCEPT,
        .more_syscalls = more_syscalls,
        .more_syscall_count = sizeof more_syscalls / sizeof *more_syscalls,
        .file_bytes = FILE_BYTES_MAX,
        .descriptors = DESCRIPTORS_MAX,
    };
    return confine_enter(&plan);
}

static enum err read_settings(const struct boot *boot, struct settings *settings,
                              struct provd *provd) {
    struct conf_problem problem = {0};
    enum err err = conf_parse(bytes_of(boot->settings, boot->settings_len), setting_keys,
                              program.key_count, settings, &problem);
    if (err != ERR_OK)
        log_event(LOG_ERROR, "settings", "problem=\"%s\"", problem.text);
    ERR_TRY(err);
    provd->token_partner = settings->token_partner;
    provd->tls_in_file = strcmp(settings->tls_key_in, "file") == 0;
    ERR_TRY(rules_parse("uin-rules", settings->uin_rules, &provd->uin_rules));
    return rules_parse("vid-rules", settings->vid_rules, &provd->vid_rules);
}

/* Everything that needs a file or a path; after it the process is confined. */
static enum err open_all(struct process *process, const struct boot *boot,
                         const struct settings *settings) {
    struct officers_options options = {.run_directory = settings->run_directory,
                                       .group = settings->officers_group,
                                       .allow_own_uid = !boot->as_root};
    uint8_t boot_id[CLOCK_BOOT_ID_BYTES];
    ERR_TRY(clock_boot_id(boot_id));
    ERR_TRY(secret_arena_open(ARENA_BYTES));
    ERR_TRY(record_keys_new(&process->provd.record_keys));
    ERR_TRY(registry_open(&process->provd.registry, settings->registry_directory, true,
                          process->provd.record_keys));
    ERR_TRY(officers_open(&process->officers, &options));
    ERR_TRY(serve_open(&process->serve, boot->pulse));
    ERR_TRY(provd_peers_open(&process->provd.peers, boot, process->serve));
    ERR_TRY(officers_listen(process->officers, process->serve));
    return confine();
}

static void close_all(struct process *process) {
    officers_close(process->officers);
    provd_peers_close(process->provd.peers);
    serve_close(process->serve);
    registry_close(process->provd.registry);
    record_keys_free(process->provd.record_keys);
}

static enum err run(struct process *process, const struct boot *boot) {
    struct settings settings;
    const struct boot_control control = {.peer_down = on_peer_down,
                                         .peer_up = on_peer_up,
                                         .state = on_state,
                                         .stop = on_stop,
                                         .context = process};
    ERR_TRY(read_settings(boot, &settings, &process->provd));
    ERR_TRY(open_all(process, boot, &settings));
    serve_on_turn(process->serve, work, process);
    ERR_TRY(boot_ready(boot, process->serve, &control));
    ERR_TRY(serve_run(process->serve));
    return process->provd.fatal;
}

int main(int argc, char **argv) {
    static struct boot boot;
    struct process process = {.provd.state = BOX_UNPROVISIONED};
    bool finished = false;
    enum err err = boot_receive(argc, argv, &program, &boot, &finished);
    if (err != ERR_OK || finished)
        return boot_exit_code(err);
    err = run(&process, &boot);
    if (err != ERR_OK)
        log_event(LOG_ERROR, "ended", "error=%s", err_text(err));
    close_all(&process);
    return boot_exit_code(err);
}
