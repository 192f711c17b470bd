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

enum err change_record(struct change *change, const char *subject) {
    struct provd_audit audit = {.officer_uid = change->officer_uid};
    (void)snprintf(audit.action, sizeof audit.action, "%s", change->action);
    (void)snprintf(audit.subject, sizeof audit.subject, "%s", subject);
    enum err err = provd_peers_audit(change->provd->peers, &audit);
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
