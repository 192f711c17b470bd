#include <jansson.h>
#include <string.h>

#include "tests/bench/samples.h"

#include "tests/bench/transaction.h"

#define SEALED_EXTRA 32   /* tag and IV */
#define JOSE_SEALED  400  /* the plaintext of a JWE */
#define JOSE_CAPTURE 8000 /* likewise, with a fingerprint in it */

/* Until real answers have been seen. */
static const size_t usual_answer[CALL_KINDS] = {300, 300, 300, 2500, 300};
static const size_t usual_signature = 2500;

/* How many bytes are sealed in a request's member "request". */
static size_t sealed_len(const char *body) {
    json_t *document = json_loads(body, 0, NULL);
    size_t chars = json_string_length(json_object_get(document, "request"));
    json_decref(document);
    return chars * 3 / 4 > SEALED_EXTRA ? chars * 3 / 4 - SEALED_EXTRA : 0;
}

static enum err make(struct floor_sample *sample, const struct kit *kit, struct cast *cast,
                     enum mix_kind kind, enum call_kind call) {
    struct transaction transaction = {.kind = kind, .call = call, .pair = cast_take(cast, kind)};
    if (transaction.pair == NULL)
        return ERR_NOT_FOUND;
    strcpy(transaction.code, "123456");
    ERR_TRY(transaction_name(&transaction));
    ERR_TRY(transaction_build(kit, &transaction));
    const struct jose_party *party = transaction.pair->party;
    *sample = (struct floor_sample){
        .given = true,
        .request = transaction.request,
        .key = party != NULL ? party->signature.key : transaction.pair->partner->key,
        .sealed_len = party == NULL              ? sealed_len(transaction.request.body)
                      : call == CALL_AUTH_FINGER ? JOSE_CAPTURE
                                                 : JOSE_SEALED,
        .answer_len = usual_answer[call],
        .answer_signature_len = party != NULL ? 0 : usual_signature};
    cast_give(cast, transaction.pair);
    return ERR_OK;
}

enum err samples_make(struct floor_sample samples[static CALL_KINDS], const struct kit *kit,
                      const struct mix *mix, struct cast *cast) {
    for (unsigned kind = 0; kind < MIX_KINDS; kind++) {
        const enum call_kind calls[] = {mix_facts[kind].first, mix_facts[kind].second};
        for (size_t i = 0; i < 2 && mix->weights[kind] > 0; i++)
            if (calls[i] != CALL_NONE && !samples[calls[i]].given)
                ERR_TRY(make(&samples[calls[i]], kit, cast, (enum mix_kind)kind, calls[i]));
    }
    return ERR_OK;
}

void samples_free(struct floor_sample samples[static CALL_KINDS]) {
    for (unsigned call = 0; call < CALL_KINDS; call++)
        mosip_request_free(&samples[call].request);
}
