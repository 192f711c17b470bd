#include <stdio.h>
#include <string.h>

#include "hsm/usage_hold.h"
#include "authd/store/key_usage_wire.h"
#include "provisioning/key_life.h"
#include "provisioning/officer_wire_usage.h"
#include "provisioning/usage.h"

static enum err ask(struct change *change, enum hsm_purpose purpose, uint16_t generation,
                    struct key_usage_report *report) {
    const struct key_usage_key key = {(uint8_t)purpose, generation};
    uint8_t memory[8];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct bytes question;
    SECRET(answer);
    enum err status = ERR_UNAVAILABLE;
    key_usage_wire_put_question(&buffer, &key);
    ERR_TRY(buffer_end(&buffer, &question));
    enum err err = provd_peers_ask_core(change->provd->peers, PROVD_KEY_USAGE, question, &answer);
    if (err == ERR_OK)
        err = key_usage_wire_get_report(secret_view(&answer), &status, report);
    if (err == ERR_OK && status == ERR_OK)
        return ERR_OK;
    return change_refuse(change, ERR_UNAVAILABLE, OFFICER_REASON_CORE, NULL);
}

enum err usage_show(struct change *change) {
    static struct officer_usage usage; /* the change's, one at a time */
    struct officer_usage_question question;
    enum hsm_purpose purpose;
    ERR_TRY(officer_wire_usage_get_question(change->payload, &question));
    memset(&usage, 0, sizeof usage);
    change->usage = &usage;
    if (key_life_purpose(question.purpose, &purpose) != ERR_OK || !usage_hold_concerns(purpose))
        return change_refuse(change, ERR_NOT_FOUND, OFFICER_REASON_KEY_STATE, "none");
    return ask(change, purpose, question.generation, &usage.report);
}

/* "cdg 3.1 %, cnss 0.2 %": as many as the detail has room for. */
static void write_holders(const struct key_usage_report *report,
                          char detail[static OFFICER_DETAIL_SIZE]) {
    size_t len = 0;
    detail[0] = '\0';
    for (size_t i = 0; i < report->programme_count; i++) {
        const struct key_usage_programme *programme = &report->programmes[i];
        char text[OFFICER_DETAIL_SIZE];
        if (!programme->holds)
            continue;
        int written = snprintf(text, sizeof text, "%s%s %u.%03u %%", len > 0 ? ", " : "",
                               programme->programme[0] != '\0' ? programme->programme : "others",
                               programme->share / 1000, programme->share % 1000);
        if (written < 0 || len + (size_t)written >= OFFICER_DETAIL_SIZE)
            return;
        memcpy(detail + len, text, (size_t)written + 1);
        len += (size_t)written;
    }
}

enum err usage_gate(struct change *change, enum hsm_purpose purpose, uint16_t generation) {
    static struct key_usage_report report;
    char detail[OFFICER_DETAIL_SIZE];
    if (!usage_hold_concerns(purpose))
        return ERR_OK;
    ERR_TRY(ask(change, purpose, generation, &report));
    if (!report.held)
        return ERR_OK;
    write_holders(&report, detail);
    if (report.holding > 0)
        return change_refuse(change, ERR_LIMIT, OFFICER_REASON_KEY_USED, detail);
    return change_refuse(change, ERR_LIMIT, OFFICER_REASON_KEY_UNCOUNTED,
                         report.covers_day ? "over the bound" : "less than a day");
}
