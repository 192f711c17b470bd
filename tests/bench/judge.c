#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/judge.h"

#include "provisioning/programme/jose_client.h"

static const char *text_of(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

static void read_kids(struct judge *judge, const json_t *keys) {
    size_t index;
    json_t *key;
    json_array_foreach(keys, index, key) {
        if (judge->kid_count < JUDGE_KIDS_MAX)
            snprintf(judge->kids[judge->kid_count++], sizeof judge->kids[0], "%s",
                     text_of(key, "kid"));
    }
}

enum err judge_fetch(const struct kit *kit, json_t **published) {
    char url[768];
    struct https *https = NULL;
    struct https_answer answer = {0};
    *published = NULL;
    ERR_TRY(https_open(&https, kit->ca_certificate));
    snprintf(url, sizeof url, "%s/.well-known/jwks.json", kit->base_url);
    const struct https_message message = {.url = url};
    enum err result = https_send(https, &message, &answer);
    if (result == ERR_OK && answer.status == 200)
        *published = json_loadb(answer.body, answer.body_len, 0, NULL);
    https_answer_free(&answer);
    https_close(https);
    if (*published != NULL)
        return ERR_OK;
    fprintf(stderr, "idcs-load: %s gives no keys: is the box operational?\n", url);
    return result != ERR_OK ? result : ERR_MALFORMED;
}

enum err judge_open(struct judge *judge, const json_t *published) {
    *judge = (struct judge){0};
    read_kids(judge, json_object_get(published, "keys"));
    return judge->kid_count > 0 ? ERR_OK : ERR_MALFORMED;
}

static bool is_published(const struct judge *judge, const char *kid) {
    for (unsigned i = 0; i < judge->kid_count; i++)
        if (strcmp(judge->kids[i], kid) == 0)
            return true;
    return false;
}

/* The last error is the cause; the first may be the general one of the filter layer. */
static const char *error_of(const json_t *document) {
    const json_t *errors = json_object_get(document, "errors");
    size_t count = json_array_size(errors);
    return count == 0 ? "" : text_of(json_array_get(errors, count - 1), "errorCode");
}

static const char *judge_response(const struct transaction *transaction, const json_t *response) {
    switch (transaction->call) {
    case CALL_OTP:
        return text_of(response, "maskedMobile")[0] != '\0' ? "" : "no masked number";
    case CALL_KYC_OTP:
        return json_is_true(json_object_get(response, "kycStatus")) &&
                       text_of(response, "identity")[0] != '\0'
                   ? ""
                   : "not authenticated";
    default:
        return json_is_true(json_object_get(response, "authStatus")) &&
                       text_of(response, "authToken")[0] != '\0'
                   ? ""
                   : "not authenticated";
    }
}

static const char *examine(const struct judge *judge, const struct transaction *transaction,
                           const json_t *response) {
    const struct https_answer *answer = &transaction->answer;
    char kid[64];
    bool valid = false;
    if (mosip_response_verify(bytes_of(answer->body, answer->body_len), answer->signature, kid,
                              sizeof kid, &valid) != ERR_OK ||
        !valid)
        return "signature is wrong";
    if (!is_published(judge, kid))
        return "signed by a stranger";
    if (transaction->call != CALL_KYC_OTP)
        return "";
    json_t *identity = NULL;
    bool opened = mosip_kyc_open(transaction->pair->partner, response, &identity) == ERR_OK &&
                  json_object_size(identity) > 0;
    json_decref(identity);
    return opened ? "" : "attributes do not open";
}

static const char *judge_document(const struct judge *judge, const struct transaction *transaction,
                                  const json_t *document) {
    const json_t *response = json_object_get(document, "response");
    const char *error = error_of(document);
    if (document == NULL)
        return "not JSON";
    if (error[0] != '\0')
        return error;
    if (strcmp(text_of(document, "transactionID"), transaction->id) != 0)
        return "other transaction";
    const char *verdict = judge_response(transaction, response);
    if (verdict[0] != '\0' || !transaction->examined)
        return verdict;
    return examine(judge, transaction, response);
}

/* The result's signature is verified, and the attributes are opened, when it is examined. */
static const char *judge_jose(const struct transaction *transaction) {
    const struct jose_party *party = transaction->pair->party;
    const struct https_answer *answer = &transaction->answer;
    bool attributes = transaction->call == CALL_KYC_OTP;
    struct bytes view = bytes_of(answer->body, answer->body_len);
    json_t *claims = NULL;
    char *jwt = NULL;
    if (transaction->call == CALL_OTP)
        return strstr(answer->body, transaction->id) != NULL ? "" : "other transaction";
    if (!transaction->examined)
        return answer->body_len > 0 ? "" : "empty";
    if (attributes && jose_client_open(party, view, &jwt) == ERR_OK)
        view = bytes_of_text(jwt);
    enum err result = jose_client_verify(
        party, attributes ? "idcs-attributes+jwt" : "idcs-result+jwt", view, &claims);
    bool same = result == ERR_OK && strcmp(text_of(claims, "txn"), transaction->id) == 0;
    bool whole = !attributes || json_object_size(json_object_get(claims, "attributes")) > 0;
    json_decref(claims);
    free(jwt);
    if (result != ERR_OK)
        return "the JWT does not verify";
    return !same ? "other transaction" : whole ? "" : "no attributes";
}

void judge_answer(const struct judge *judge, struct transaction *transaction) {
    long right = transaction->pair->party != NULL && transaction->call == CALL_OTP ? 202 : 200;
    const struct https_answer *answer = &transaction->answer;
    if (transaction->result != ERR_OK) {
        snprintf(transaction->verdict, VERDICT_SIZE, "no answer");
        return;
    }
    if (answer->status != right || answer->body == NULL) {
        snprintf(transaction->verdict, VERDICT_SIZE, "HTTP %ld", answer->status);
        return;
    }
    if (transaction->pair->party != NULL) {
        snprintf(transaction->verdict, VERDICT_SIZE, "%s", judge_jose(transaction));
        return;
    }
    json_t *document = json_loadb(answer->body, answer->body_len, 0, NULL);
    snprintf(transaction->verdict, VERDICT_SIZE, "%s",
             judge_document(judge, transaction, document));
    json_decref(document);
}
