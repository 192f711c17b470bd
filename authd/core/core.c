#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "authd/core/core.h"

#include "firmware/base/confine.h"
#include "firmware/base/log.h"
#include "firmware/base/secret.h"
#include "authd/core/biometric_workspace.h"
#include "authd/core/key_use.h"
#include "authd/core/lane.h"
#include "authd/core/officers.h"
#include "authd/core/opening.h"
#include "authd/core/peers.h"

/* Beside what each lane compares biometrics in. */
enum { SECRET_ARENA_BYTES = 4 * 1024 * 1024 };

static struct core core;
static struct lane lanes[CORE_LANES_MAX];

static void each_other_lane(const struct lane_event *event) {
    for (unsigned i = 1; i < core.lane_count; i++)
        lane_post(&lanes[i], event);
}

static void on_peer_down(void *context, const char *role, uint16_t index) {
    struct lane_event event = {.kind = LANE_PEER_DOWN, .index = index};
    snprintf(event.role, sizeof(event.role), "%s", role);
    peers_down(context, role, index);
    each_other_lane(&event);
}

static void on_peer_up(void *context, const char *role, uint16_t index) {
    struct lane_event event = {.kind = LANE_PEER_UP, .index = index};
    snprintf(event.role, sizeof(event.role), "%s", role);
    peers_up(context, role, index);
    officers_peer_up(context, role);
    each_other_lane(&event);
}

static void on_state(void *context, enum box_state state) {
    (void)context;
    atomic_store(&core.state, state);
}

static void on_stop(void *context) {
    const struct lane_event event = {.kind = LANE_STOP};
    struct lane *lane = context;
    each_other_lane(&event);
    lane_stop(lane);
}

/* On the journal's thread, behind each batch. */
static void settle(void *context) {
    enum err result = ledger_settle(context);
    if (result != ERR_OK)
        log_event(LOG_ERROR, "ledger-not-settled", "why=%s", err_text(result));
    key_use_settle(&core);
}

static enum err open_store(void) {
    const struct journal_options journal = {
        .directory = core.settings.journal_directory,
        .segment_bytes = (size_t)core.settings.journal_segment_mebibytes << 20,
        .lanes = core.lane_count};
    struct ledger_options ledger = {.directory = core.settings.ledger_directory,
                                    .rows_max = (size_t)core.settings.ledger_rows};
    ERR_TRY(clock_boot_id(core.boot_id));
    memcpy(ledger.boot_id, core.boot_id, sizeof(ledger.boot_id));
    ERR_TRY(record_keys_new(&core.record_keys));
    ERR_TRY(record_keys_new(&core.state_keys));
    ERR_TRY(journal_open(&core.journal, &journal));
    ledger.journal = core.journal;
    ERR_TRY(ledger_open(&core.ledger, &ledger));
    return key_use_open(&core);
}

/* Damaged evidence is not repaired and not written to: the box serves its state and nothing else.
 */
static enum err open_store_or_fail(void) {
    enum err result = open_store();
    if (result != ERR_CORRUPT)
        return result;
    log_event(LOG_ERROR, "box-failed", "why=stored-files-damaged advice=%s",
              "keep-the-files-and-restore-a-backup");
    journal_close(core.journal);
    core.journal = NULL;
    atomic_store(&core.failed, true);
    return ERR_OK;
}

static enum err open_lanes(const struct boot *boot) {
    for (unsigned i = 0; i < core.lane_count; i++)
        ERR_TRY(lane_open(&lanes[i], &core, i, i == 0 ? boot->pulse : &lanes[i].pulse));
    core.lanes = lanes;
    return opening_begin(&core, &lanes[0]);
}

static enum err confine(void) {
    const struct confine_path paths[] = {
        {core.settings.registry_directory, CONFINE_READ | CONFINE_WRITE},
        {core.settings.ledger_directory, CONFINE_READ | CONFINE_WRITE},
        {core.settings.journal_directory, CONFINE_READ | CONFINE_WRITE},
    };
    const struct confine_plan plan = {.process = "authd-core",
                                      .paths = paths,
                                      .path_count = sizeof(paths) / sizeof(paths[0]),
                                      .network = CONFINE_NO_NETWORK,
                                      .threads = true,
                                      .files = true,
                                      .file_bytes = UINT64_MAX,
                                      .descriptors = 512};
    return confine_enter(&plan);
}

static enum err start_lanes(const struct boot *boot) {
    const struct boot_control control = {.peer_down = on_peer_down,
                                         .peer_up = on_peer_up,
                                         .state = on_state,
                                         .stop = on_stop,
                                         .context = &lanes[0]};
    if (core.journal != NULL)
        ERR_TRY(journal_start(core.journal, settle, core.ledger));
    for (unsigned i = 1; i < core.lane_count; i++)
        ERR_TRY(lane_start(&lanes[i]));
    return boot_ready(boot, lanes[0].serve, &control);
}

static void close_all(void) {
    for (unsigned i = 1; i < core.lane_count; i++)
        lane_join(&lanes[i]);
    journal_close(core.journal); /* what is queued becomes durable, its answers have no way out */
    for (unsigned i = 0; i < core.lane_count; i++)
        lane_close(&lanes[i]);
    opening_end();
    key_use_close(&core);
    ledger_close(core.ledger);
    registry_close(core.registry);
    record_keys_free(core.record_keys);
    record_keys_free(core.state_keys);
}

static unsigned count_peers(const struct boot *boot, const char *role, unsigned most) {
    unsigned count = 0;
    while (count < most && boot_peer_fd(boot, role, (uint16_t)count, 0) >= 0)
        count++;
    return count;
}

static unsigned count_lanes(const struct boot *boot) {
    unsigned count = 0;
    while (count < CORE_LANES_MAX && boot_peer_fd(boot, "edge", 0, (uint16_t)count) >= 0)
        count++;
    return count;
}

static enum err read_face_model(void) {
    const char *path = core.settings.face_model;
    struct conf_problem problem = {""};
    if (path[0] == '\0')
        return ERR_OK;
    enum err result = face_model_read(path, &core.face_model, core.face_rows, &problem);
    core.has_face_model = result == ERR_OK;
    if (result != ERR_OK)
        log_event(LOG_ERROR, "face-model-refused", "problem=\"%s\"", problem.text);
    return result;
}

static enum err begin(const struct boot *boot) {
    struct conf_problem problem = {""};
    enum err result =
        settings_read(bytes_of(boot->settings, boot->settings_len), &core.settings, &problem);
    if (result != ERR_OK) {
        log_event(LOG_ERROR, "settings-refused", "problem=\"%s\"", problem.text);
        return result;
    }
    ERR_TRY(read_face_model());
    core.boot = boot;
    core.lane_count = count_lanes(boot);
    core.signer_count = count_peers(boot, "hsm", CORE_SIGNERS_MAX);
    randombytes_buf(&core.epoch, sizeof(core.epoch));
    atomic_store(&core.state, BOX_UNPROVISIONED);
    ERR_TRY(open_store_or_fail());
    ERR_TRY(open_lanes(boot));
    ERR_TRY(confine());
    return start_lanes(boot);
}

int main(int argc, char **argv) {
    static struct boot boot;
    bool finished = false;
    const struct boot_program program = {
        .name = "authd-core",
        .summary = "decides authentications: identity store, one-time state and journal",
        .keys = settings_keys,
        .key_count = settings_key_count};
    enum err result = boot_receive(argc, argv, &program, &boot, &finished);
    if (result != ERR_OK || finished)
        return boot_exit_code(result);
    if (sodium_init() < 0)
        return BOOT_EXIT_FAILURE;
    result = secret_arena_open(SECRET_ARENA_BYTES +
                               count_lanes(&boot) * sizeof(struct biometric_workspace));
    if (result == ERR_OK)
        result = begin(&boot);
    if (result == ERR_OK)
        result = serve_run(lanes[0].serve);
    if (result != ERR_OK) {
        log_event(LOG_ERROR, "ended", "why=%s", err_text(result));
        return boot_exit_code(result);
    }
    close_all();
    return BOOT_EXIT_CLEAN;
}
