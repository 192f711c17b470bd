#include <string.h>

#include "firmware/base/clock.h"
#include "firmware/base/frame.h"
#include "firmware/base/log.h"
#include "hsm/answers.h"
#include "hsm/answers_certify.h"
#include "hsm/answers_jose.h"
#include "hsm/answers_keys.h"
#include "hsm/answers_tls.h"
#include "hsm/answers_tls_install.h"
#include "hsm/answers_wrap.h"
#include "hsm/checkpoint.h"
#include "hsm/generate.h"
#include "hsm/high_water.h"
#include "hsm/lookup.h"
#include "hsm/renewal.h"
#include "hsm/reply.h"
#include "hsm/statement.h"
#include "hsm/wire_certify.h"
#include "hsm/wire_tls.h"
#include "hsm/wire_tls_install.h"
#include "hsm/wire_wrap.h"

#define GENERATION_MS 120000 /* an RSA key, on a slow token or a busy machine */

static enum err look_up(struct answers *answers, const uint8_t id_hash[static HSM_ID_HASH_BYTES],
                        struct hsm_lookup_keys *keys) {
    answers->sequence++;
    return lookup_keys(&answers->keys->peppers, id_hash, keys);
}

static enum err unwrap(struct answers *answers, const struct hsm_unwrap *question,
                       struct hsm_unwrapped *answer) {
    SECRET(content_key);
    const struct keyset *keys = answers->keys;
    struct unwrap_ring *ring =
        question->purpose == HSM_PURPOSE_PARTNER ? keys->partner : keys->ida_fir;
    ERR_TRY(reply_gate(answers, BOX_STATE_BIT(BOX_FAILED) | BOX_STATE_BIT(BOX_MAINTENANCE)));
    if (question->has_id_hash)
        ERR_TRY(rate_take(&answers->lookups, 1, clock_boot_ns()));
    ERR_TRY(unwrap_open(ring, question->has_thumbprint ? question->thumbprint : NULL,
                        question->wrapped, &content_key, &answers->sequence));
    memcpy(answer->content_key, content_key.data, sizeof answer->content_key);
    answer->generation = unwrap_opened_by(ring);
    return question->has_id_hash ? look_up(answers, question->id_hash, &answer->lookup) : ERR_OK;
}

static enum err answer_unwrap(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct answers *answers = context;
    struct buffer target = reply_begin();
    struct hsm_unwrap question;
    struct hsm_unwrapped answer = {0};
    ERR_TRY(hsm_wire_get_unwrap(frame->payload, &question));
    enum err status = unwrap(answers, &question, &answer);
    if (reply_is_over(answers, status))
        return ERR_OK;
    answer.receipt = reply_receipt(answers, status);
    hsm_wire_put_unwrapped(&target, &answer);
    secret_wipe(&answer, sizeof answer);
    return reply_send(peer, frame, HSM_UNWRAPPED, &target);
}

static enum err look_up_all(struct answers *answers, const struct hsm_lookup *question,
                            struct hsm_looked_up *answer) {
    ERR_TRY(reply_gate(answers, BOX_STATE_BIT(BOX_FAILED)));
    ERR_TRY(rate_take(&answers->lookups, (int64_t)question->count, clock_boot_ns()));
    for (size_t i = 0; i < question->count; i++)
        ERR_TRY(look_up(answers, question->id_hash[i], &answer->lookup[i]));
    answer->count = question->count;
    return ERR_OK;
}

static enum err answer_lookup(void *context, struct serve_peer *peer, const struct frame *frame) {
    static struct hsm_lookup question;
    static struct hsm_looked_up answer;
    struct answers *answers = context;
    struct buffer target = reply_begin();
    ERR_TRY(hsm_wire_get_lookup(frame->payload, &question));
    enum err status = look_up_all(answers, &question, &answer);
    if (reply_is_over(answers, status))
        return ERR_OK;
    answer.receipt = reply_receipt(answers, status);
    hsm_wire_put_looked_up(&target, &answer);
    secret_wipe(&question, sizeof question);
    secret_wipe(&answer, sizeof answer);
    return reply_send(peer, frame, HSM_LOOKED_UP, &target);
}

/* Writes the body and signs what it has written, nothing else. */
static enum err state(struct answers *answers, const struct statement *question,
                      struct buffer *body, struct buffer *signature) {
    ERR_TRY(reply_gate(answers, 0));
    ERR_TRY(rate_take(&answers->statements, 1, clock_boot_ns()));
    ERR_TRY(statement_write(question, clock_wall_ms(), body));
    answers->sequence++;
    return sign_rs256_detached(answers->keys->sign, bytes_of(body->data, body->len), signature);
}

static enum err answer_statement(void *context, struct serve_peer *peer,
                                 const struct frame *frame) {
    static struct statement question;
    struct answers *answers = context;
    uint8_t body_memory[STATEMENT_BODY_MAX], signature_memory[STATEMENT_SIGNATURE_MAX];
    struct buffer target = reply_begin();
    struct buffer body = buffer_over(body_memory, sizeof body_memory);
    struct buffer signature = buffer_over(signature_memory, sizeof signature_memory);
    ERR_TRY(hsm_wire_get_statement(frame->payload, &question));
    enum err status = state(answers, &question, &body, &signature);
    if (reply_is_over(answers, status))
        return ERR_OK;
    struct hsm_stated answer = {
        .receipt = reply_receipt(answers, status),
        .body = bytes_of(body.data, body.len),
        .signature = bytes_of(signature.data, signature.len),
    };
    hsm_wire_put_stated(&target, &answer);
    return reply_send(peer, frame, HSM_STATED, &target);
}

/* Only the first signer writes the keyring, so it alone knows how far the checkpoints have gone. */
static enum err gate_checkpoints(const struct answers *answers) {
    return answers->signer_index == 0 ? reply_gate(answers, 0) : ERR_NOT_FOUND;
}

static enum err answer_checkpoint(void *context, struct serve_peer *peer,
                                  const struct frame *frame) {
    struct answers *answers = context;
    uint8_t note_memory[CHECKPOINT_NOTE_MAX];
    struct buffer target = reply_begin();
    struct buffer note = buffer_over(note_memory, sizeof note_memory);
    struct hsm_checkpoint question;
    ERR_TRY(hsm_wire_get_checkpoint(frame->payload, &question));
    enum err status = gate_checkpoints(answers);
    if (status == ERR_OK && answers->keys->audit == NULL)
        status = ERR_NOT_FOUND;
    if (status == ERR_OK)
        status = high_water_sign(answers->keyring, answers->keys->audit, &question, &note);
    answers->sequence += status == ERR_OK;
    if (reply_is_over(answers, status))
        return ERR_OK;
    struct hsm_checkpointed answer = {
        .receipt = reply_receipt(answers, status),
        .note = bytes_of(note.data, note.len),
    };
    hsm_wire_put_checkpointed(&target, &answer);
    return reply_send(peer, frame, HSM_CHECKPOINTED, &target);
}

static enum err answer_high_water(void *context, struct serve_peer *peer,
                                  const struct frame *frame) {
    struct answers *answers = context;
    struct buffer target = reply_begin();
    struct hsm_high_water answer = {0};
    if (frame->payload.len != 0)
        return ERR_MALFORMED;
    enum err status = gate_checkpoints(answers);
    if (status == ERR_OK)
        status = keyring_mark(answers->keyring, &answer.mark);
    if (reply_is_over(answers, status))
        return ERR_OK;
    answer.receipt = reply_receipt(answers, status);
    hsm_wire_put_high_water(&target, &answer);
    return reply_send(peer, frame, HSM_HIGH_WATER_IS, &target);
}

static enum err open_root(struct answers *answers, const struct hsm_open_root *question,
                          struct hsm_root_opened *answer) {
    SECRET(root);
    ERR_TRY(reply_gate(answers, 0));
    ERR_TRY(unwrap_open(answers->keys->root, NULL, question->wrapped, &root, &answers->sequence));
    memcpy(answer->root, root.data, sizeof answer->root);
    return ERR_OK;
}

static enum err answer_open_root(void *context, struct serve_peer *peer,
                                 const struct frame *frame) {
    struct answers *answers = context;
    struct buffer target = reply_begin();
    struct hsm_open_root question;
    struct hsm_root_opened answer = {0};
    ERR_TRY(hsm_wire_get_open_root(frame->payload, &question));
    enum err status = open_root(answers, &question, &answer);
    if (reply_is_over(answers, status))
        return ERR_OK;
    answer.receipt = reply_receipt(answers, status);
    hsm_wire_put_root_opened(&target, &answer);
    secret_wipe(&answer, sizeof answer);
    return reply_send(peer, frame, HSM_ROOT_OPENED, &target);
}

static enum err new_root(struct answers *answers, struct hsm_root_made *answer) {
    const struct keyset *keys = answers->keys;
    SECRET(root);
    ERR_TRY(answers_wrap_gate(answers));
    ERR_TRY(secret_random(&root, HSM_ROOT_BYTES));
    return unwrap_seal(bytes_of(keys->kek_certificate, keys->kek_certificate_len),
                       UNWRAP_LABEL_ROOT, &root, answer->wrapped);
}

static enum err answer_new_root(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct answers *answers = context;
    struct buffer target = reply_begin();
    struct hsm_root_made answer = {0};
    if (frame->payload.len != 0)
        return ERR_MALFORMED;
    enum err status = new_root(answers, &answer);
    if (reply_is_over(answers, status))
        return ERR_OK;
    answer.receipt = reply_receipt(answers, status);
    hsm_wire_put_root_made(&target, &answer);
    return reply_send(peer, frame, HSM_ROOT_MADE, &target);
}

static enum err published_status(const struct hsm_publication *publication) {
    return publication->jwks.len > 0 ? ERR_OK : ERR_NOT_FOUND;
}

static enum err answer_published(void *context, struct serve_peer *peer,
                                 const struct frame *frame) {
    struct answers *answers = context;
    struct buffer target = reply_begin();
    if (frame->payload.len != 0)
        return ERR_MALFORMED;
    struct hsm_publication answer = answers->keys->publish.parts;
    answer.receipt = reply_receipt(answers, published_status(&answer));
    hsm_wire_put_publication(&target, &answer);
    return reply_send(peer, frame, HSM_PUBLICATION, &target);
}

static enum err reply_generated(struct answers *answers, struct serve_peer *peer,
                                const struct frame *question, enum err status) {
    struct buffer target = reply_begin();
    struct hsm_generated answer = {
        .receipt = reply_receipt(answers, status),
        .made = answers->generate.made,
    };
    hsm_wire_put_generated(&target, &answer);
    return reply_send(peer, question, HSM_GENERATED, &target);
}

/* Only notes the wish: answers_turn does the work, step by step. */
static enum err answer_generate(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct answers *answers = context;
    if (frame->payload.len != 0)
        return ERR_MALFORMED;
    if (answers->generate.wanted)
        return reply_generated(answers, peer, frame, ERR_LIMIT);
    if (answers->keys->complete)
        return reply_generated(answers, peer, frame, ERR_EXISTS);
    answers->generate.wanted = true;
    answers->generate.asker = peer;
    answers->generate.generation = frame->generation;
    answers->generate.id = frame->id;
    answers->generate.made = 0;
    return ERR_OK;
}

#define ANY SERVE_ANY_STATE

static const struct serve_verb core_verbs[] = {
    {HSM_UNWRAP, ANY, answer_unwrap},         {HSM_STATEMENT, ANY, answer_statement},
    {HSM_LOOKUP, ANY, answer_lookup},         {HSM_CHECKPOINT, ANY, answer_checkpoint},
    {HSM_OPEN_ROOT, ANY, answer_open_root},   {HSM_PUBLISHED, ANY, answer_published},
    {HSM_HIGH_WATER, ANY, answer_high_water}, {HSM_DERIVE, ANY, answers_jose_derive},
    {HSM_RESULT, ANY, answers_jose_result},   {WIRE_USAGE_TOLD, ANY, answers_keys_used},
};

/* The last are for the first signer only, which writes the keyring. */
#define FIRST_SIGNER_CORE_VERBS 1
#define FIRST_SIGNER_VERBS      10
static const struct serve_verb provd_verbs[] = {
    {HSM_LOOKUP, ANY, answer_lookup},
    {HSM_OPEN_ROOT, ANY, answer_open_root},
    {HSM_NEW_ROOT, ANY, answer_new_root},
    {HSM_PUBLISHED, ANY, answer_published},
    {HSM_TLS_SHOW, ANY, answers_tls_install_show},
    {HSM_GENERATE, ANY, answer_generate},
    {HSM_KEYS, ANY, answers_keys_list},
    {HSM_KEY_ORDER, ANY, answers_keys_order},
    {HSM_STANDING, ANY, answers_wrap_standing},
    {HSM_REWRAP_ROOT, ANY, answers_wrap_root},
    {HSM_NEED, ANY, answers_wrap_need},
    {HSM_TLS_REQUEST, ANY, answers_tls_install_request},
    {HSM_TLS_INSTALL, ANY, answers_tls_install_take},
    {HSM_TLS_REMOVE, ANY, answers_tls_install_remove},
    {HSM_CERTIFY, ANY, answers_certify},
};

static const struct serve_verb edge_verbs[] = {
    {HSM_TLS_CHAIN, ANY, answers_tls_chain},
    {HSM_TLS_SIGN, ANY, answers_tls_sign},
    {HSM_TLS_SILENCE_HEARD, ANY, answers_tls_heard},
};

enum err answers_verbs(const char *role, uint16_t signer_index, const struct serve_verb **verbs,
                       size_t *count) {
    if (strcmp(role, "core") == 0) {
        *verbs = core_verbs;
        *count = sizeof core_verbs / sizeof *core_verbs -
                 (signer_index == 0 ? 0 : FIRST_SIGNER_CORE_VERBS);
        return ERR_OK;
    }
    if (strcmp(role, "provd") == 0) {
        *verbs = provd_verbs;
        *count =
            sizeof provd_verbs / sizeof *provd_verbs - (signer_index == 0 ? 0 : FIRST_SIGNER_VERBS);
        return ERR_OK;
    }
    if (strcmp(role, "edge") == 0) {
        *verbs = edge_verbs;
        *count = sizeof edge_verbs / sizeof *edge_verbs;
        return ERR_OK;
    }
    return ERR_NOT_FOUND;
}

enum err answers_hello(struct answers *answers, struct serve_peer *peer) {
    struct frame frame = {.type = HSM_HELLO};
    struct buffer target = reply_begin();
    struct hsm_hello hello = {
        .signer_index = answers->signer_index,
        .keyring_sequence = answers->keys->sequence,
        .provisioned = answers->keys->provisioned,
        .complete = answers->keys->complete,
    };
    memcpy(hello.process_id, answers->process_id, sizeof hello.process_id);
    hsm_wire_put_hello(&target, &hello);
    return reply_send(peer, &frame, HSM_HELLO, &target);
}

/* Ends a generation: answers, and lets the process be started again with its keys. */
static void generated(struct answers *answers, enum err status) {
    struct frame question = {.generation = answers->generate.generation,
                             .id = answers->generate.id};
    answers->generate.wanted = false;
    enum err err = reply_generated(answers, answers->generate.asker, &question, status);
    if (err != ERR_OK)
        log_event(LOG_WARNING, "answer-not-sent", "verb=generate reason=%s", err_text(err));
    answers->recycle = status == ERR_OK;
    if (answers->recycle)
        serve_stop(answers->serve);
}

/* Gives the time until the next call, in ms. */
static int generate_more(struct answers *answers) {
    enum generate_outcome outcome = GENERATE_COMPLETE;
    if (!quiet_reached(&answers->quiet, GENERATION_MS, clock_boot_ms()))
        return QUIET_LOOK_MS;
    serve_announce_silence(answers->serve, GENERATION_MS);
    enum err err = generate_step(answers->keyring, answers->token, &answers->generate.plan,
                                 clock_wall_ms(), &outcome);
    if (err == ERR_DENIED)
        generated(answers, ERR_DENIED);
    else if (err != ERR_OK)
        reply_fail(answers, err);
    else if (outcome == GENERATE_MADE)
        answers->generate.made++;
    else if (outcome == GENERATE_COMPLETE)
        generated(answers, ERR_OK);
    if (!answers->generate.wanted)
        quiet_end(&answers->quiet);
    return 0;
}

int answers_turn(void *context) {
    struct answers *answers = context;
    if (answers->failure != ERR_OK)
        return -1;
    if (answers->generate.wanted)
        return generate_more(answers);
    return renewal_turn(answers);
}
