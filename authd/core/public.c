#include "authd/core/public.h"

#include "authd/core/idempotency.h"
#include "authd/core/jose_outcome.h"
#include "authd/core/published.h"

static bool is_serving(const struct core *core) {
    return atomic_load(&core->opened) && atomic_load(&core->state) == BOX_OPERATIONAL;
}

/* Who balances loads must not send to a box that could not record what it answers. */
static void ready(const struct core *core, struct buffer *memory, struct edge_answer *answer) {
    bool up = is_serving(core) && !atomic_load(&core->lacks_keys) && core->journal != NULL &&
              journal_is_writable(core->journal);
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
static void publish(const struct core *core, size_t offset, enum edge_content content,
                    struct edge_answer *answer) {
    const struct publication *published = published_now(core);
    if (!atomic_load(&core->opened) || published == NULL)
        return;
    const struct bytes *document = (const void *)((const uint8_t *)published + offset);
    if (document->len == 0) /* its key was revoked, and the next one is not active yet */
        return;
    *answer = (struct edge_answer){.status = 200,
                                   .content = content,
                                   .max_age_seconds = published->max_age_seconds,
                                   .body = *document};
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

#define CODE      AUTH_TYPE_BIT(AUTH_TYPE_OTP)
#define DECLARED  AUTH_TYPE_BIT(AUTH_TYPE_DEMO)
#define FINGER    (AUTH_TYPE_BIT(AUTH_TYPE_BIO_FINGER) | AUTH_TYPE_BIT(AUTH_TYPE_BIO_FMR))
#define IRIS      AUTH_TYPE_BIT(AUTH_TYPE_BIO_IRIS)
#define FACE      AUTH_TYPE_BIT(AUTH_TYPE_BIO_FACE)
#define BIOMETRIC (FINGER | IRIS | FACE)

/* What a result may say where the country allows one of each of the first two. */
struct method {
    const char *name;
    uint32_t one, other, without;
};
static const struct method amr[] = {
    {"otp", CODE, CODE, 0},
    {"kba", DECLARED, DECLARED, 0},
    {"fpt", FINGER, FINGER, 0},
    {"iris", IRIS, IRIS, 0},
    {"face", FACE, FACE, 0},
    {"mfa", CODE, DECLARED | BIOMETRIC, 0},
    {"mfa", DECLARED, BIOMETRIC, CODE}, /* else it is there already */
};
static const struct method acr[] = {
    {"idbb:acr:generated-code", CODE, CODE, 0},
    {"idbb:acr:biometrics", BIOMETRIC, BIOMETRIC, 0},
    {"idbb:acr:biometrics-generated-code", CODE, BIOMETRIC, 0},
    {"idcs:acr:declared", DECLARED, DECLARED, 0},
};

static void list(const struct method *methods, size_t count, uint32_t allowed,
                 struct buffer *memory) {
    const char *separator = "";
    for (size_t i = 0; i < count; i++) {
        if ((allowed & methods[i].one) == 0 || (allowed & methods[i].other) == 0 ||
            (allowed & methods[i].without) != 0)
            continue;
        buffer_format(memory, "%s\"%s\"", separator, methods[i].name);
        separator = ",";
    }
}

static void list_methods(uint32_t allowed, struct buffer *memory) {
    buffer_format(memory, "\"amr_values_supported\":[");
    list(amr, sizeof(amr) / sizeof(amr[0]), allowed, memory);
    buffer_format(memory, "],\"acr_values_supported\":[");
    list(acr, sizeof(acr) / sizeof(acr[0]), allowed, memory);
    buffer_format(memory, "],");
}

/* docs/protocol.md §9 */
static void configuration(const struct core *core, struct buffer *memory,
                          struct edge_answer *answer) {
    const struct settings *settings = &core->settings;
    const char *issuer = settings->issuer;
    const char *public_url = settings->public_url[0] != '\0' ? settings->public_url : issuer;
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
    list_methods(settings->auth_type_set, memory);
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
