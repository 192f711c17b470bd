#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authd/core/request.h"

#include "authd/core/biometric_exchange.h"

static void add_error(struct request *request, enum mosip_error error, const char *detail) {
    struct statement *statement = &request->statement;
    if (statement->error_count == STATEMENT_ERRORS_MAX)
        return;
    struct statement_error *entry = &statement->errors[statement->error_count++];
    *entry = (struct statement_error){.error = error}; /* an advice that stood there is void */
    /* Details name parameters or echo short values of the envelope: printable ASCII alone may pass.
     */
    size_t len = strnlen(detail, sizeof(entry->detail) - 1);
    for (size_t i = 0; i < len; i++)
        entry->detail[i] = detail[i] >= 0x20 && detail[i] < 0x7f ? detail[i] : '?';
    entry->detail[len] = '\0';
}

static void remember_reason(struct request *request, const char *reason) {
    if (request->reason[0] == '\0')
        snprintf(request->reason, sizeof(request->reason), "%s", reason);
}

void request_refuse(struct request *request, enum mosip_error error, const char *detail,
                    const char *reason) {
    add_error(request, error, detail);
    remember_reason(request, reason);
    request->statement.verdict = false;
}

void request_refuse_filter(struct request *request, enum mosip_error error, const char *detail,
                           const char *reason) {
    request->statement.error_count = 0;
    request->statement.verdict = false;
    add_error(request, MOSIP_MLC_007, "");
    if (error != MOSIP_MLC_007)
        add_error(request, error, detail);
    remember_reason(request, reason);
}

void request_refuse_jose(struct request *request, enum problem problem, const char *reason) {
    if (request->problem == PROBLEM_NONE)
        request->problem = problem;
    remember_reason(request, reason);
    request->statement.verdict = false;
}

enum err request_keep_declared(struct request *request) {
    struct payload *payload = &request->payload;
    size_t total = 0, at = 0;
    for (size_t i = 0; i < payload->demographic_count; i++)
        total += payload->demographics[i].value.len;
    if (total == 0)
        return ERR_OK;
    ERR_TRY(secret_new(&request->declared, total));
    for (size_t i = 0; i < payload->demographic_count; i++) {
        struct bytes *value = &payload->demographics[i].value;
        uint8_t *place = request->declared.data + at;
        if (value->len > 0)
            memcpy(place, value->data, value->len);
        at += value->len;
        value->data = place;
    }
    return ERR_OK;
}

void request_release(struct request *request) {
    secret_free(&request->content_key);
    secret_free(&request->otp);
    secret_free(&request->declared);
    biometric_exchange_free(request->biometric);
    secret_free(&request->jose.photo);
    identity_free(request->identity);
    if (request->raw != NULL) /* an OTP request names the person in clear */
        secret_wipe(request->raw, request->raw_len);
    free(request->raw);
    free(request->sealed);
    free(request->attributes);
    free(request->record);
    free(request->answer);
    uint32_t index = request->index, generation = request->generation;
    /* The payload held a code, the envelope an identifier. */
    secret_wipe(request, sizeof(*request));
    request->index = index;
    request->generation = generation + 1;
}
