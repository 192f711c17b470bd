#include <stdio.h>

#include "firmware/base/log.h"
#include "provisioning/hotlist.h"
#include "provisioning/values.h"

static const char *const kinds[] = {[HOTLIST_PARTNER] = "partner",
                                    [HOTLIST_DEVICE] = "device",
                                    [HOTLIST_DEVICE_PROVIDER] = "device-provider"};

/* A date belongs to an entry. */
static enum err check_until(const struct officer_hotlist *question) {
    if (!question->blocked && question->until_ms != 0)
        return ERR_MALFORMED;
    return values_instant(question->until_ms);
}

enum err hotlist_put(struct change *change) {
    struct officer_hotlist question;
    char subject[96], safe[64]; /* of a long id the beginning, whole characters alone */
    ERR_TRY(officer_wire_get_hotlist(change->payload, &question));
    struct bytes id = bytes_of_text(question.id);
    ERR_TRY(change_require(change, values_name(id), "id"));
    ERR_TRY(change_require(change, check_until(&question), "until"));
    (void)snprintf(subject, sizeof subject, "%s %s %s", question.blocked ? "block" : "unblock",
                   kinds[question.kind], log_safe(question.id, safe, sizeof safe));
    ERR_TRY(change_record(change, subject));
    const struct hotlist_entry entry = {.blocked = question.blocked,
                                        .expires_ms = question.until_ms};
    struct registry_batch batch = registry_begin(change->provd->registry);
    registry_put_hotlisted(&batch, question.kind, id, &entry);
    return change_commit(change, &batch);
}
