#include "authd/core/public.h"

/* Clients may keep the JWKS and the certificates this long. */
#define PUBLIC_MAX_AGE_SECONDS 300

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

static void publish(const struct core *core, struct bytes body, enum edge_content content,
                    struct edge_answer *answer) {
    if (!atomic_load(&core->opened))
        return;
    *answer = (struct edge_answer){
        .status = 200, .content = content, .max_age_seconds = PUBLIC_MAX_AGE_SECONDS, .body = body};
}

static void jwks(const struct core *core, struct buffer *memory, struct edge_answer *answer) {
    (void)memory;
    publish(core, core->publication.jwks, EDGE_JWKS, answer);
}

static void partner(const struct core *core, struct buffer *memory, struct edge_answer *answer) {
    (void)memory;
    publish(core, core->publication.partner_pem, EDGE_PEM, answer);
}

static void ida_fir(const struct core *core, struct buffer *memory, struct edge_answer *answer) {
    (void)memory;
    publish(core, core->publication.ida_fir_pem, EDGE_PEM, answer);
}

static const struct {
    const char *path;
    void (*answer)(const struct core *core, struct buffer *memory, struct edge_answer *answer);
} documents[] = {
    {"/health/ready", ready},
    {"/health/state", state},
    {"/.well-known/jwks.json", jwks},
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
