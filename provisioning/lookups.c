#include <string.h>

#include "provisioning/lookups.h"

static void wipe_question(struct hsm_lookup *question) {
    secret_wipe(question, sizeof *question);
}
static void wipe_answer(struct hsm_looked_up *looked_up) {
    secret_wipe(looked_up, sizeof *looked_up);
}

enum err lookups_ask(struct change *change, const uint8_t (*id_hashes)[HSM_ID_HASH_BYTES],
                     size_t count, struct hsm_lookup_keys *keys) {
    __attribute__((cleanup(wipe_question))) struct hsm_lookup question = {.count = count};
    struct bytes written;
    SECRET(memory);
    SECRET(answer);
    if (count > HSM_LOOKUP_BATCH_MAX)
        return ERR_TOO_LARGE;
    ERR_TRY(change_registry(change, secret_new(&memory, sizeof question + 64)));
    struct buffer buffer = buffer_over(memory.data, memory.len);
    memcpy(question.id_hash, id_hashes, count * sizeof *id_hashes);
    hsm_wire_put_lookup(&buffer, &question);
    ERR_TRY(buffer_end(&buffer, &written));
    if (provd_peers_ask_signer(change->provd->peers, HSM_LOOKUP, written, &answer) != ERR_OK)
        return change_refuse(change, ERR_UNAVAILABLE, OFFICER_REASON_SIGNER, NULL);
    __attribute__((cleanup(wipe_answer))) struct hsm_looked_up looked_up;
    enum err err = hsm_wire_get_looked_up(secret_view(&answer), &looked_up);
    if (err == ERR_OK)
        err = looked_up.receipt.status;
    if (err == ERR_OK && looked_up.count != count)
        err = ERR_MALFORMED;
    if (err != ERR_OK)
        return change_refuse(change, err, OFFICER_REASON_TOKEN, err_text(err));
    memcpy(keys, looked_up.lookup, count * sizeof *keys);
    return ERR_OK;
}

const uint8_t *lookups_key(const struct hsm_lookup_keys *keys, uint16_t generation) {
    for (size_t i = 0; i < keys->count; i++)
        if (keys->of[i].generation == generation)
            return keys->of[i].key;
    return NULL;
}

struct lookups_peppers lookups_peppers(const struct registry_pepper *pepper,
                                       const struct hsm_lookup_keys *first) {
    if (registry_pepper_is_settled(pepper))
        return (struct lookups_peppers){.oldest = pepper->to, .newest = pepper->to};
    if (pepper->phase != REGISTRY_PEPPER_NONE)
        return (struct lookups_peppers){.oldest = pepper->from, .newest = pepper->to};
    uint16_t oldest = first->of[0].generation;
    for (size_t i = 1; i < first->count; i++)
        if (first->of[i].generation < oldest)
            oldest = first->of[i].generation;
    return (struct lookups_peppers){.oldest = oldest, .newest = oldest};
}

bool lookups_suffice(const struct hsm_lookup_keys *keys, struct lookups_peppers peppers) {
    return lookups_key(keys, peppers.oldest) != NULL && lookups_key(keys, peppers.newest) != NULL;
}
