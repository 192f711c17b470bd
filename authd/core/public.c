#include "authd/core/public.h"

#include "authd/core/idempotency.h"
#include "authd/core/jose_outcome.h"
#include "authd/core/published.h"

static bool is_serving(const struct core *core) {
    return atomic_load(&core->opened) && atomic_load(&core->state) == BOX_OPERATIONAL;
}

/* Who balances loads must not send to a box that could not record what it answers. */
static void ready(const struct core *core, struct buffer *memory, struct edge_answer *answer) {
    bool up = is_serving(core) && core->journal != NULL && journal_is_writable(core->journal);
    buffer_format(memory, "{\"status\":\"%s\"}", up ? "UP" : "OUT_OF_SERVICE");
    answer->content = EDGE_JSON;
    answer->status = up ? 200 : 503;
}

static void state(const struct core *core, struct buffer *memory, struct edge_answer *answer) {
    buffer_format(memory, "{\"state\":\"%s\"}",
                  box_state_text((enum box_state)atomic_load(&core->state)));
    answer->content = EDGE_JSON;
    answer->status = 200;
}

/* Clients may keep the JWKS and the certificates for as long as the signer has said. */
static void publish(const struct core *core, size_t document, enum edge_content content,
                    struct edge_answer *answer) {
    const struct publication *published = published_now(core);
    if (!atomic_load(&core->opened) || published == NULL)
        return;
    const uint8_t *at = (const uint8_t *)published + document;
    *answer = (struct edge_answer){.status = 200,
                                   .content = content,
                                   .max_age_seconds = published->max_age_seconds,
                                   .body = *(const struct bytes *)at};
}

static void jwks(const struct core *core, struct buffer *memory, struct edge_answer *answer) {
    (void)memory;
    publish(core, offsetof(struct publication, jwks), EDGE_JWKS, answer);
}

static void partner(const struct core *core, struct buffer *memory, struct edge_answer *answer) {
    (void)memory;
    publish(core, offsetof(struct publication, partner_pem), EDGE_PEM, answer);
}

static void ida_fir(const struct core *core, struct buffer *memory, struct edge_answer *answer) {
    (void)memory;
    publish(core, offsetof(struct publication, ida_fir_pem), EDGE_PEM, answer);
}

/* docs/protocol.md §9 */
static void configuration(const struct core *core, struct buffer *memory,
                          struct edge_answer *answer) {
    const struct settings *settings = &core->settings;
    const char *issuer = settings->issuer;
    const char *public_url = settings->public_url[0] != '\0' ? settings->public_url : issuer;
    bool has_code = (settings->auth_type_set & AUTH_TYPE_BIT(AUTH_TYPE_OTP)) != 0;
    bool has_declared = (settings->auth_type_set & AUTH_TYPE_BIT(AUTH_TYPE_DEMO)) != 0;
    bool has_both = has_code && has_declared;
    if (issuer[0] == '\0') {
        answer->status = 404;
        return;
    }
    const struct publication *published = published_now(core);
    if (!atomic_load(&core->opened) || published == NULL)
        return;
    buffer_format(memory,
                  "{\"issuer\":\"%s\",\"jwks_uri\":\"%s/.well-known/jwks.json\","
                  "\"otp_endpoint\":\"%s/v1/otp\","
                  "\"authentication_endpoint\":\"%s/v1/authentications\","
                  "\"attributes_endpoint\":\"%s/v1/attributes\",",
                  issuer, public_url, issuer, issuer, issuer);
    buffer_format(memory,
                  "\"request_signing_alg_values_supported\":[\"ES256\"],"
                  "\"request_encryption_alg_values_supported\":[\"ECDH-ES\"],"
                  "\"request_encryption_enc_values_supported\":[\"A256GCM\"],"
                  "\"request_encryption_kid\":\"%s\","
                  "\"result_signing_alg_values_supported\":[\"ES256\"],",
                  published->request_kid);
    buffer_format(memory, "\"amr_values_supported\":[%s%s%s%s],\"acr_values_supported\":[%s%s%s],",
                  has_code ? "\"otp\"" : "", has_both ? "," : "", has_declared ? "\"kba\"" : "",
                  has_both ? ",\"mfa\"" : "", has_code ? "\"idbb:acr:generated-code\"" : "",
                  has_both ? "," : "", has_declared ? "\"idcs:acr:declared\"" : "");
    buffer_format(memory,
                  "\"request_age\":%lld,\"request_future\":%lld,\"result_lifetime\":%d,"
                  "\"otp_lifetime\":%lld,\"idempotency_lifetime\":%d}",
                  (long long)settings->request_age_seconds,
                  (long long)settings->request_future_seconds, JOSE_RESULT_LIFETIME_SECONDS,
                  (long long)settings->otp_lifetime_seconds, IDEMPOTENCY_SECONDS);
    *answer = (struct edge_answer){
        .status = 200, .content = EDGE_JSON, .max_age_seconds = published->max_age_seconds};
}

static const struct {
    const char *path;
    void (*answer)(const struct core *core, struct buffer *memory, struct edge_answer *answer);
} documents[] = {
    {"/health/ready", ready},
    {"/health/state", state},
    {"/.well-known/jwks.json", jwks},
    {"/.well-known/idcs-configuration", configuration},
    {"/mosip-certs/ida-partner.cer", partner},
    {"/mosip-certs/ida-fir.cer", ida_fir},
};

void public_answer(const struct core *core, struct bytes path, struct buffer *memory,
                   struct edge_answer *answer) {
    *answer = (struct edge_answer){.status = 404, .content = EDGE_NO_CONTENT};
    for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
        if (!bytes_equal_text(path, documents[i].path))
            continue;
        *answer = (struct edge_answer){.status = 503, .content = EDGE_NO_CONTENT};
        documents[i].answer(core, memory, answer);
    }
    if (memory->len > 0)
        answer->body = bytes_of(memory->data, memory->len);
}
