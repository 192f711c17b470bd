#include <stddef.h>

#include "firmware/base/secret.h"
#include "authd/unseal/gcm.h"
#include "authd/unseal/jose_member.h"
#include "authd/unseal/jose_sealed.h"
#include "authd/unseal/json.h"
#include "authd/unseal/payload.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define FIELD(member)   offsetof(struct jose_sealed, member), sizeof((struct jose_sealed *)0)->member

static const struct {
    const char *name;
    size_t offset, size;
} text_members[] = {
    {"aud", FIELD(audience)},
    {"iss", FIELD(issuer)},
    {"txn", FIELD(transaction)},
    {"nonce", FIELD(nonce)},
    {"device", FIELD(device)},
    {"individualId", FIELD(individual_id)},
    {"individualIdType", FIELD(individual_id_type)},
};

static enum err read_texts(const struct json *json, struct jose_sealed *answer) {
    for (size_t i = 0; i < COUNT_OF(text_members); i++) {
        const struct json_node *value = json_member(json, json_root(json), text_members[i].name);
        char *text = (char *)answer + text_members[i].offset;
        ERR_TRY(jose_member_text(json, value, text, text_members[i].size));
    }
    bool agrees = jose_wire_is_transaction(answer->transaction) &&
                  jose_wire_is_nonce(answer->nonce) &&
                  jose_wire_is_identifier_type(answer->individual_id_type);
    return agrees ? ERR_OK : ERR_MALFORMED;
}

static enum err read_members(const struct json *json, struct buffer *workspace,
                             struct jose_sealed *answer) {
    ERR_TRY(read_texts(json, answer));
    ERR_TRY(
        jose_member_seconds(json, json_member(json, json_root(json), "iat"), &answer->captured_ms));
    payload_read_factors(json, workspace, &answer->payload);
    const struct payload *factors = &answer->payload;
    bool readable = factors->has_otp == factors->otp_well_formed &&
                    !factors->demographics_malformed &&
                    factors->has_biometrics == (factors->biometrics_text.len > 0);
    return readable ? ERR_OK : ERR_MALFORMED;
}

void jose_sealed_read(struct bytes plaintext, struct buffer *workspace,
                      struct jose_sealed *answer) {
    struct json json;
    bool opened = answer->opened;
    *answer = (struct jose_sealed){.opened = opened};
    answer->well_formed = json_parse(plaintext, PAYLOAD_NODES_MAX, &json) == ERR_OK &&
                          read_members(&json, workspace, answer) == ERR_OK;
    if (answer->well_formed)
        return;
    secret_wipe(answer, sizeof *answer);
    answer->opened = opened;
}

static enum err open_and_read(const struct jose_sealed_question *question, struct buffer *workspace,
                              struct jose_sealed *answer) {
    SECRET(plaintext);
    const struct gcm_sealed parts = {.iv = bytes_of(question->iv, sizeof question->iv),
                                     .additional = question->protected_header,
                                     .ciphertext = question->ciphertext,
                                     .tag = question->tag};
    ERR_TRY(gcm_set_key(question->content_key, sizeof question->iv));
    ERR_TRY(gcm_decrypt(&parts, &plaintext, &answer->opened));
    if (answer->opened)
        jose_sealed_read(secret_view(&plaintext), workspace, answer);
    return ERR_OK;
}

enum err jose_sealed_unseal(const struct jose_sealed_question *question, struct buffer *workspace,
                            struct jose_sealed *answer) {
    *answer = (struct jose_sealed){0};
    enum err err = open_and_read(question, workspace, answer);
    gcm_forget_key();
    return err;
}
