#include <string.h>

#include "authd/core/jose_caller.h"

#include "firmware/base/codec.h"
#include "firmware/base/log.h"
#include "authd/core/budget.h"
#include "authd/core/caller.h"
#include "authd/core/hash.h"
#include "authd/core/idempotency.h"
#include "authd/core/jose_claims.h"

#define SIGNATURE_CHARS CODEC_BASE64_CHARS(P256_SIGNATURE_BYTES)

static bool is_in_time(int64_t now_ms, int64_t from_ms, int64_t until_ms) {
    return from_ms <= now_ms && now_ms <= until_ms;
}

/* The certificate of the connection is the one registered for this programme. */
static bool is_connected(const struct request *request) {
    const struct jose_client *client = &request->jose.client;
    return memcmp(client->tls_thumbprint, request->edge.client_thumbprint,
                  sizeof(client->tls_thumbprint)) == 0 &&
           is_in_time(request->received_wall_ms, client->tls_not_before_ms,
                      client->tls_not_after_ms);
}

/* The characters behind the last "." are this signature. */
static bool ends_in_signature(const struct request *request) {
    const struct jose_request *read = &request->jose.request;
    struct bytes body = request->edge.body;
    uint8_t memory[SIGNATURE_CHARS];
    struct buffer text = buffer_over(memory, sizeof(memory));
    codec_base64url(&text, bytes_of(read->signature, sizeof(read->signature)));
    return body.len == (size_t)read->signed_len + 1 + SIGNATURE_CHARS &&
           body.data[read->signed_len] == '.' &&
           memcmp(body.data + read->signed_len + 1, memory, SIGNATURE_CHARS) == 0;
}

static enum err verify_signature(struct lane *lane, struct request *request) {
    const struct jose_request *read = &request->jose.request;
    const struct jose_client_key *key = &request->jose.client.signature;
    bool valid = false;
    if (memcmp(read->kid, key->kid, sizeof(key->kid)) != 0)
        request_refuse_jose(request, PROBLEM_NOT_RECOGNISED, "signature-key-not-registered");
    else if (!is_in_time(request->received_wall_ms, key->not_before_ms, key->not_after_ms))
        request_refuse_jose(request, PROBLEM_NOT_RECOGNISED, "signature-key-out-of-time");
    else if (!ends_in_signature(request))
        request_refuse_jose(request, PROBLEM_MALFORMED, "unseal-contradicts-body");
    if (request_refused(request))
        return ERR_OK;
    ERR_TRY(p256_verify(lane->keys, key, bytes_of(request->edge.body.data, read->signed_len),
                        read->signature, &valid));
    if (!valid)
        request_refuse_jose(request, PROBLEM_NOT_RECOGNISED, "signature-invalid");
    return ERR_OK;
}

static enum err load(struct lane *lane, struct request *request) {
    ERR_TRY(programmes_load(lane->programmes, lane->core->registry, request));
    if (!request->has_partner || !request->jose.has_client)
        request_refuse_jose(request, PROBLEM_NOT_RECOGNISED, "client-not-registered");
    else if (!is_connected(request))
        request_refuse_jose(request, PROBLEM_NOT_RECOGNISED, "certificate-of-another");
    return ERR_OK;
}

enum err jose_caller_verify(struct lane *lane, struct request *request) {
    const struct jose_request *read = &request->jose.request;
    ERR_TRY(load(lane, request));
    if (request_refused(request))
        return ERR_OK;
    if (read->is_signed)
        ERR_TRY(verify_signature(lane, request));
    else if (!request->has_policy || !request->policy.unsigned_requests)
        request_refuse_jose(request, PROBLEM_NOT_RECOGNISED, "signature-missing");
    if (request_refused(request))
        return ERR_OK;
    /* Nothing else uses the scratch before the next question. */
    enum err result = jose_claims_take(request, lane->scratch, FRAME_PAYLOAD_MAX);
    if (result == ERR_DENIED) {
        log_event(LOG_ERROR, "unseal-contradicts-body", "lane=%u", lane->index);
        request_refuse_jose(request, PROBLEM_MALFORMED, "unseal-contradicts-body");
        return ERR_OK;
    }
    ERR_TRY(result);
    request->standing = STANDING_PROGRAMME;
    return hash_sha256(request->edge.body, request->body_hash);
}

static struct ledger_op body_once(const struct core *core, const struct request *request) {
    return caller_once(core, "replay", request->partner.id,
                       bytes_of(request->body_hash, REQUEST_HASH_BYTES));
}

static struct ledger_op nonce_once(const struct core *core, const struct request *request,
                                   const char *nonce) {
    return caller_once(core, "nonce", request->partner.id, bytes_of_text(nonce));
}

enum err jose_caller_claim(struct core *core, struct request *request) {
    uint8_t value[LEDGER_VALUE_MAX];
    struct ledger_op ops[3];
    size_t count = 0, failed = 0;
    bool has_key = request->edge.has_idempotency_key;
    if (has_key)
        ops[count++] = idempotency_claim(core, request, value);
    ops[count++] = body_once(core, request);
    if (request->envelope.function == FUNCTION_OTP)
        ops[count++] = budget_code(core, request);
    switch (ledger_claim(core->ledger, ops, count, request->deadline_boot_ms, &failed,
                         &request->effects)) {
    case LEDGER_WON:
        request->jose.is_claimed = true;
        return ERR_OK;
    case LEDGER_TAKEN: /* a twin on another lane may have come first */
        if (has_key && failed == 0)
            request_refuse_jose(request, PROBLEM_IN_PROGRESS, "in-progress");
        else
            request_refuse_jose(request, PROBLEM_REPLAYED, "replayed");
        return ERR_OK;
    case LEDGER_LIMIT:
        request_refuse_jose(request, PROBLEM_TOO_MANY, "codes-of-programme");
        return budget_code_wait(core, request, &request->retry_after_ms);
    default:
        return ERR_UNAVAILABLE;
    }
}

enum err jose_caller_claim_nonce(struct core *core, struct request *request, const char *nonce) {
    struct ledger_op op = nonce_once(core, request, nonce);
    size_t failed = 0;
    enum ledger_result result =
        ledger_claim(core->ledger, &op, 1, request->deadline_boot_ms, &failed, &request->effects);
    if (result == LEDGER_WON) {
        memcpy(request->jose.nonce_row, op.key, sizeof(op.key));
        request->jose.has_nonce = true;
    } else if (result == LEDGER_TAKEN) {
        request_refuse_jose(request, PROBLEM_REPLAYED, "sealed-block-replayed");
    }
    return result == LEDGER_UNAVAILABLE ? ERR_UNAVAILABLE : ERR_OK;
}

void jose_caller_release(struct core *core, struct request *request) {
    uint8_t memory[512];
    struct buffer effects = buffer_over(memory, sizeof(memory)); /* nobody's: no record was made */
    struct ledger_op ops[3];
    size_t count = 0, failed = 0;
    if (!request->jose.is_claimed)
        return;
    request->jose.is_claimed = false;
    ops[count] = body_once(core, request);
    ops[count++].kind = LEDGER_CLEAR;
    if (request->edge.has_idempotency_key)
        ops[count++] = idempotency_release(core, request);
    if (request->jose.has_nonce) {
        ops[count] = (struct ledger_op){.kind = LEDGER_CLEAR};
        memcpy(ops[count++].key, request->jose.nonce_row, LEDGER_KEY_BYTES);
    }
    if (ledger_claim(core->ledger, ops, count, INT64_MAX, &failed, &effects) != LEDGER_WON)
        log_event(LOG_WARNING, "retry-not-freed", "why=ledger");
}
