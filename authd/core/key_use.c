#include <stdio.h>
#include <string.h>

#include "authd/core/key_use.h"

#include "firmware/base/clock.h"
#include "firmware/base/log.h"
#include "hsm/usage_hold.h"
#include "hsm/wire_usage.h"
#include "authd/core/biometric_exchange.h"
#include "authd/core/lane.h"
#include "authd/store/key_usage_file.h"
#include "authd/store/key_usage_report.h"
#include "authd/store/key_usage_wire.h"
#include "authd/store/ledger_file.h"

enum { TELL_MS = 2000, DIGITS_MAX = 8 };
_Static_assert(TELL_MS * 3 < USAGE_HOLD_FRESH_MS, "signer 0 has heard it lately");
_Static_assert(WIRE_USAGE_KEYS_MAX >= KEY_USAGE_HELD_MAX, "what is held can be told");
_Static_assert(LEDGER_KEY_BYTES == KEY_USAGE_TERMINAL_BYTES, "a terminal is such a key");

enum err key_use_open(struct core *core) {
    const struct key_usage_options options = {
        .rows_max = (size_t)core->settings.key_use_rows,
        .hour_ms = core->settings.key_use_hour_ms,
        .boot_ms = clock_boot_ms(),
        .since_wall_ms = clock_wall_ms(),
    };
    ERR_TRY(key_usage_open(&core->key_usage, &options));
    return key_usage_file_load(core->key_usage, ledger_kv(core->ledger), LEDGER_FILE_USAGE,
                               options.boot_ms);
}

static void report_failure(enum err result) {
    if (result != ERR_OK)
        log_event(LOG_ERROR, "key-usage-not-saved", "why=%s", err_text(result));
}

void key_use_settle(struct core *core) {
    if (core->key_usage != NULL)
        report_failure(key_usage_file_settle(core->key_usage, ledger_kv(core->ledger),
                                             LEDGER_FILE_USAGE, clock_boot_ms()));
}

void key_use_close(struct core *core) {
    if (core->key_usage == NULL)
        return;
    report_failure(key_usage_file_save(core->key_usage, ledger_kv(core->ledger), LEDGER_FILE_USAGE,
                                       clock_boot_ms()));
    key_usage_close(core->key_usage);
    core->key_usage = NULL;
}

/* ---- counting ---- */

/* A name with a run of digits may be a telephone or an identity number, one with an @ an address:
 * what a programme calls its devices is its own affair. */
static bool is_shown(const char *name) {
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                  "-._:/";
    size_t digits = 0;
    for (const char *at = name; *at != '\0'; at++) {
        digits = *at >= '0' && *at <= '9' ? digits + 1 : 0;
        if (digits > DIGITS_MAX || strchr(allowed, *at) == NULL)
            return false;
    }
    return name[0] != '\0' && strlen(name) < KEY_USAGE_NAME_SIZE;
}

/* ${terminal}: the parts that tell it from the programme's others. */
static void count(struct core *core, struct key_usage_use *use, const struct bytes *terminal,
                  size_t part_count, const char *name) {
    uint8_t hash[LEDGER_KEY_BYTES];
    use->terminal_name = is_shown(name) ? name : "";
    if (name[0] != '\0') {
        ledger_row_key(core->ledger, "terminal", terminal, part_count, hash);
        use->terminal = hash;
    }
    key_usage_count(core->key_usage, use, clock_boot_ms());
    use->terminal = NULL;
}

static void count_captured(struct core *core, struct key_usage_use *use,
                           const struct biometric_device *device) {
    const struct bytes parts[] = {
        bytes_of_text(use->programme), bytes_of_text(device->provider_id.text),
        bytes_of_text(device->make.text), bytes_of_text(device->model.text),
        bytes_of_text(device->serial_number.text)};
    count(core, use, parts, sizeof(parts) / sizeof(parts[0]), device->serial_number.text);
}

static void count_request(struct core *core, const struct request *request,
                          struct key_usage_use *use) {
    const struct bytes parts[] = {bytes_of_text(use->programme),
                                  bytes_of_text(request->jose.device)};
    use->purpose = (uint8_t)request->opened_purpose;
    use->generation = request->opened_generation;
    if (request->biometric != NULL && request->jose.device[0] == '\0')
        count_captured(core, use, &request->biometric->segments.segments[0].device);
    else
        count(core, use, parts, sizeof(parts) / sizeof(parts[0]), request->jose.device);
}

void key_use_count(struct core *core, const struct request *request) {
    struct key_usage_use use = {.programme = request->partner.id};
    bool is_programme = request->standing == STANDING_PROGRAMME && request->has_partner;
    if (core->key_usage == NULL || !is_programme || request->opened_generation == 0)
        return;
    count_request(core, request, &use);
    const struct biometric_exchange *exchange = request->biometric;
    use.purpose = HSM_PURPOSE_IDA_FIR;
    for (size_t i = 0; exchange != NULL && i < exchange->key_count; i++) {
        use.generation = exchange->generations[i];
        count_captured(core, &use, &exchange->segments.segments[i].device);
    }
}

/* ---- telling ---- */

static enum err tell(struct lane *lane, struct serve_peer *signer) {
    struct key_usage_held held;
    struct wire_usage used;
    uint8_t memory[2 + 3 * WIRE_USAGE_KEYS_MAX];
    struct buffer payload = buffer_over(memory, sizeof(memory));
    struct frame frame = {.type = WIRE_USAGE_TOLD};
    key_usage_report_held(lane->core->key_usage,
                          (uint32_t)lane->core->settings.retire_use_per_mille, clock_boot_ms(),
                          &held);
    used = (struct wire_usage){.all = held.all, .count = held.count};
    for (size_t i = 0; i < held.count; i++) {
        used.keys[i].purpose = (enum hsm_purpose)held.keys[i].purpose;
        used.keys[i].generation = held.keys[i].generation;
    }
    wire_usage_put(&payload, &used);
    ERR_TRY(buffer_end(&payload, &frame.payload));
    return serve_send(signer, &frame);
}

void key_use_turn(struct lane *lane, int64_t now_ms) {
    static int64_t told_ms; /* lane 0's */
    const struct core *core = lane->core;
    const struct lane_signer *first = &lane->signers[0];
    bool is_due = now_ms - told_ms >= TELL_MS || told_ms == 0;
    if (core->key_usage == NULL || core->signer_count == 0 || !first->ready ||
        first->peer == NULL || !is_due)
        return;
    told_ms = now_ms;
    enum err result = tell(lane, first->peer);
    if (result != ERR_OK)
        log_event(LOG_WARNING, "key-usage-not-told", "why=%s", err_text(result));
}

enum err key_use_answer(struct core *core, struct bytes question, struct buffer *answer) {
    static struct key_usage_report report; /* lane 0's */
    struct key_usage_key key;
    ERR_TRY(key_usage_wire_get_question(question, &key));
    if (core->key_usage == NULL) {
        key_usage_wire_put_report(answer, ERR_UNAVAILABLE, NULL);
        return ERR_OK;
    }
    key_usage_report_make(core->key_usage, &key, (uint32_t)core->settings.retire_use_per_mille,
                          clock_boot_ms(), &report);
    key_usage_wire_put_report(answer, ERR_OK, &report);
    return ERR_OK;
}
