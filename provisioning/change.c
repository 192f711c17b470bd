#include <stdio.h>

#include "firmware/base/clock.h"
#include "firmware/base/log.h"
#include "provisioning/change.h"

/* What an answer may carry: printable ASCII. */
static void copy_printable(const char *text, char target[static OFFICER_DETAIL_SIZE]) {
    (void)snprintf(target, OFFICER_DETAIL_SIZE, "%s", text);
    for (char *at = target; *at != '\0'; at++)
        if (*at < ' ' || *at > '~')
            *at = '?';
}

enum err change_refuse(struct change *change, enum err status, enum officer_reason reason,
                       const char *detail) {
    change->outcome = (struct officer_outcome){.status = status, .reason = reason};
    copy_printable(detail != NULL ? detail : "", change->outcome.detail);
    return status;
}

enum err change_require(struct change *change, enum err status, const char *field) {
    if (status == ERR_OK)
        return ERR_OK;
    return change_refuse(change, status, OFFICER_REASON_VALUE, field);
}

enum err change_registry(struct change *change, enum err status) {
    if (status == ERR_OK)
        return ERR_OK;
    log_event(LOG_ERROR, "registry-failed", "error=%s", err_text(status));
    return change_refuse(change, status, OFFICER_REASON_REGISTRY, err_text(status));
}

/* ERR_OK: the journal has the record and it is durable. Anything else: make no change. */
static enum err audit(struct provd_peers *peers, const struct provd_audit *record) {
    uint8_t memory[256];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct bytes question;
    SECRET(answer);
    provd_wire_put_audit(&buffer, record);
    ERR_TRY(buffer_end(&buffer, &question));
    ERR_TRY(provd_peers_ask_core(peers, PROVD_AUDIT, question, &answer));
    enum err status = ERR_UNAVAILABLE;
    ERR_TRY(provd_wire_get_audited(secret_view(&answer), &status));
    return status == ERR_OK ? ERR_OK : ERR_UNAVAILABLE;
}

enum err change_record(struct change *change, const char *subject) {
    struct provd_audit record = {.officer_uid = change->officer_uid};
    (void)snprintf(record.action, sizeof record.action, "%s", change->action);
    (void)snprintf(record.subject, sizeof record.subject, "%s", subject);
    enum err err = audit(change->provd->peers, &record);
    if (err != ERR_OK)
        return change_refuse(change, err, OFFICER_REASON_CORE, NULL);
    return ERR_OK;
}

enum err change_commit(struct change *change, struct registry_batch *batch) {
    uint64_t sequence = 0;
    enum err err = batch->txn.err;
    if (err != ERR_OK) {
        registry_abort(batch);
        return change_registry(change, err);
    }
    err = registry_commit(batch, &sequence);
    if (err != ERR_OK)
        change->provd->fatal = err;
    ERR_TRY(change_registry(change, err));
    change->provd->changed_ms = clock_boot_ms();
    provd_peers_changed(change->provd->peers, sequence);
    return ERR_OK;
}
