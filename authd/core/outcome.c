#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authd/core/outcome.h"

#include "firmware/base/clock.h"
#include "firmware/base/log.h"
#include "authd/core/evidence.h"

void outcome_begin(struct request *request) {
    const struct envelope *envelope = &request->envelope;
    struct statement *statement = &request->statement;
    statement->kind = envelope->function == FUNCTION_OTP   ? STATEMENT_OTP
                      : envelope->function == FUNCTION_KYC ? STATEMENT_KYC
                                                           : STATEMENT_AUTH;
    if (strlen(envelope->id.text) < sizeof(statement->id))
        snprintf(statement->id, sizeof(statement->id), "%.63s", envelope->id.text);
    if (strlen(envelope->version.text) < sizeof(statement->version))
        snprintf(statement->version, sizeof(statement->version), "%.15s", envelope->version.text);
    if (strlen(envelope->transaction_id.text) < sizeof(statement->transaction))
        snprintf(statement->transaction, sizeof(statement->transaction), "%.63s",
                 envelope->transaction_id.text);
}

static void log_refusal(const struct request *request) {
    const struct statement *statement = &request->statement;
    char partner[PROGRAMME_ID_SIZE];
    enum log_level level = request->standing == STANDING_PROGRAMME ? LOG_INFO : LOG_DEBUG;
    log_event(level, "request-refused", "programme=%s code=%s reason=%s",
              log_safe(request->partner.id, partner, sizeof(partner)),
              mosip_error_code(statement->errors[statement->error_count - 1].error),
              request->reason);
}

/* The one refusal of all that are about the person, by what was asked with. */
static struct statement_error uniform_error(uint32_t factors) {
    static const struct {
        uint32_t types;
        enum mosip_error error;
        const char *detail;
    } errors[] = {
        {AUTH_TYPE_BIT(AUTH_TYPE_OTP), MOSIP_OTA_004, ""},
        {AUTH_TYPE_BIT(AUTH_TYPE_BIO_FINGER) | AUTH_TYPE_BIT(AUTH_TYPE_BIO_FMR), MOSIP_BIA_001,
         "Finger"},
        {AUTH_TYPE_BIT(AUTH_TYPE_BIO_IRIS), MOSIP_BIA_001, "Iris"},
        {AUTH_TYPE_BIT(AUTH_TYPE_BIO_FACE), MOSIP_BIA_001, "Face"},
    };
    struct statement_error uniform = {.error = MOSIP_OTA_004};
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        if ((factors & errors[i].types) == 0)
            continue;
        uniform.error = errors[i].error;
        snprintf(uniform.detail, sizeof(uniform.detail), "%s", errors[i].detail);
        break;
    }
    return uniform;
}

/* Whether it tells that there is such a person, or that there is none. */
static bool is_about_person(const struct request *request, enum mosip_error error) {
    switch (error) {
    case MOSIP_MLC_018:
    case MOSIP_MLC_019:
    case MOSIP_MLC_023:
    case MOSIP_BIA_001:
    case MOSIP_BIA_006:
        return true;
    case MOSIP_MLC_011: /* a child; before the person is found: not in this country */
    case MOSIP_MLC_022: /* likewise: a device */
    case MOSIP_DEA_001:
    case MOSIP_DEA_003:
        return request->identity != NULL;
    default:
        return error >= MOSIP_OTA_001 && error <= MOSIP_OTA_013;
    }
}

/* With the policy's `uniform` switch a programme cannot tell an unknown person from a wrong code or
 * finger. */
static void make_uniform(struct request *request) {
    struct statement *statement = &request->statement;
    if (!request->policy.uniform || request->envelope.function == FUNCTION_OTP)
        return;
    bool about_person = false;
    for (size_t i = 0; i < statement->error_count; i++)
        about_person = about_person || is_about_person(request, statement->errors[i].error);
    if (!about_person)
        return;
    statement->error_count = 1;
    statement->errors[0] = uniform_error(request->factors);
}

void outcome_settle(struct request *request) {
    if (request_refused(request)) {
        log_refusal(request);
        request->statement.verdict = false;
        request->statement.token[0] = '\0';
        request->statement.masked_mobile[0] = request->statement.masked_email[0] = '\0';
        request->statement.identity = request->statement.session_key = bytes_of(NULL, 0);
        make_uniform(request);
    }
    request->statement.response_time_ms = clock_wall_ms();
}

enum err outcome_keep(struct request *request, const struct hsm_stated *stated) {
    request->answer = malloc(stated->body.len + stated->signature.len + 1);
    if (request->answer == NULL)
        return ERR_FULL;
    memcpy(request->answer, stated->body.data, stated->body.len);
    memcpy(request->answer + stated->body.len, stated->signature.data, stated->signature.len);
    request->edge_answer = (struct edge_answer){
        .status = 200,
        .content = EDGE_JSON,
        .body = bytes_of(request->answer, stated->body.len),
        .signature = bytes_of(request->answer + stated->body.len, stated->signature.len)};
    return ERR_OK;
}

enum err outcome_record(struct lane *lane, struct request *request) {
    uint8_t memory[JOURNAL_PAYLOAD_MAX / 4];
    struct evidence evidence;
    struct bytes body, effects, payload;
    ERR_TRY(evidence_of(request, &evidence));
    struct buffer encoded = buffer_over(memory, sizeof(memory));
    evidence_put(&encoded, &evidence);
    ERR_TRY(buffer_end(&encoded, &body));
    ERR_TRY(buffer_end(&request->effects, &effects));
    size_t size = body.len + effects.len + sizeof(uint32_t);
    request->record = malloc(size);
    if (request->record == NULL)
        return ERR_FULL;
    struct buffer record = buffer_over(request->record, size);
    buffer_raw(&record, body.data, body.len);
    ledger_effects_put(&record, effects);
    ERR_TRY(buffer_end(&record, &payload));
    request->entry =
        (struct journal_entry){.kind = JOURNAL_REQUEST, .payload = payload, .lane = lane->index};
    request->step = STEP_RECORD;
    return journal_submit(lane->core->journal, &request->entry);
}
