#include <openssl/sha.h>
#include <string.h>

#include "authd/core/caller.h"

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
    if (valid)
        request->standing = STANDING_PROGRAMME;
    else
        request_refuse_filter(request, MOSIP_MPA_001, "signature header", "signature-invalid");
    return ERR_OK;
}

enum err caller_claim_once(struct lane *lane, struct request *request) {
    struct core *core = lane->core;
    const struct settings *settings = &core->settings;
    uint8_t hash[32];
    size_t failed = 0;
    SHA256(request->edge.body.data, request->edge.body.len, hash);
    const struct bytes parts[] = {bytes_of_text(request->partner.id), bytes_of(hash, sizeof(hash))};
    struct ledger_op once = {
        .kind = LEDGER_CLAIM,
        .lifetime_ms = (settings->request_age_seconds + settings->request_future_seconds) * 1000 +
                       REPLAY_SLACK_MS};
    ledger_row_key(core->ledger, "replay", parts, 2, once.key);
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
