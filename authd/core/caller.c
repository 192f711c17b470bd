#include <stdio.h>
#include <string.h>

#include "authd/core/caller.h"

#include "authd/core/hash.h"

/* A body is remembered longer than any time at which it would still be in its window. */
#define REPLAY_SLACK_MS 30000

bool caller_is_registered(const struct request *request) {
    return request->has_partner && request->partner.has_certificate &&
           memcmp(request->partner.certificate_thumbprint, request->envelope.certificate_thumbprint,
                  32) == 0;
}

/* With the programme's registered key, over the raw bytes: what unseal said of them does not count
 * here. */
enum err caller_verify(struct lane *lane, struct request *request) {
    const struct partner *partner = &request->partner;
    const struct envelope *envelope = &request->envelope;
    bool valid = false;
    int64_t now_ms = request->received_wall_ms;
    if (envelope->jws_protected_len > request->edge.signature.len)
        return ERR_MALFORMED;
    const struct signature_parts parts = {
        .protected_header = bytes_of(request->edge.signature.data, envelope->jws_protected_len),
        .body = request->edge.body,
        .signature = envelope->jws_signature,
    };
    if (now_ms >= partner->certificate_not_before_ms && now_ms <= partner->certificate_not_after_ms)
        ERR_TRY(signature_verify(lane->signatures, partner, &parts, &valid));
    if (valid) {
        request->standing = STANDING_PROGRAMME;
        return hash_sha256(request->edge.body, request->body_hash);
    }
    request_refuse_filter(request, MOSIP_MPA_001, "signature header", "signature-invalid");
    return ERR_OK;
}

struct ledger_op caller_once(const struct core *core, const char *kind, const char *programme,
                             struct bytes what) {
    const struct settings *settings = &core->settings;
    const struct bytes parts[] = {bytes_of_text(programme), what};
    struct ledger_op once = {
        .kind = LEDGER_CLAIM,
        .lifetime_ms = (settings->request_age_seconds + settings->request_future_seconds) * 1000 +
                       REPLAY_SLACK_MS};
    ledger_row_key(core->ledger, kind, parts, 2, once.key);
    return once;
}

enum err caller_claim_once(struct lane *lane, struct request *request) {
    struct core *core = lane->core;
    size_t failed = 0;
    struct ledger_op once = caller_once(core, "replay", request->partner.id,
                                        bytes_of(request->body_hash, REQUEST_HASH_BYTES));
    switch (ledger_claim(core->ledger, &once, 1, request->deadline_boot_ms, &failed,
                         &request->effects)) {
    case LEDGER_WON:
        return ERR_OK;
    case LEDGER_TAKEN:
        request_refuse_filter(request, MOSIP_MLC_007, "", "replayed");
        return ERR_OK;
    default:
        return ERR_UNAVAILABLE;
    }
}

/* After ${at}, past JSON's white space. */
static size_t skip_space(struct bytes body, size_t at) {
    while (at < body.len && memchr(" \t\r\n", body.data[at], 4) != NULL)
        at++;
    return at;
}

static bool starts(struct bytes body, size_t at, const char *text, size_t len) {
    return at <= body.len && len <= body.len - at && memcmp(body.data + at, text, len) == 0;
}

/* "name" : "value" anywhere in the body. The values are digits, letters and the marks of a time:
 * never escaped. */
static bool has_member(struct bytes body, const char *name, const char *value) {
    char quoted[UNSEAL_DOMAIN_SIZE + 3];
    int name_len = snprintf(quoted, sizeof(quoted), "\"%s\"", name);
    for (size_t at = 0; at < body.len; at++) {
        const uint8_t *found = memmem(body.data + at, body.len - at, quoted, (size_t)name_len);
        if (found == NULL)
            return false;
        at = (size_t)(found - body.data);
        size_t colon = skip_space(body, at + (size_t)name_len);
        size_t text = skip_space(body, colon + 1);
        size_t len = strlen(value);
        if (starts(body, colon, ":", 1) && starts(body, text, "\"", 1) &&
            starts(body, text + 1, value, len) && starts(body, text + 1 + len, "\"", 1))
            return true;
    }
    return false;
}

bool caller_body_says(const struct request *request) {
    const struct envelope *envelope = &request->envelope;
    return has_member(request->edge.body, "individualId", envelope->individual_id.text) &&
           has_member(request->edge.body, "transactionID", envelope->transaction_id.text) &&
           has_member(request->edge.body, "requestTime", envelope->request_time.text);
}
