#include <stdio.h>
#include <string.h>

#include "tests/bench/judge.h"

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

enum err judge_open(struct judge *judge, const struct kit *kit) {
    char url[768];
    struct https *https = NULL;
    struct https_answer answer = {0};
    *judge = (struct judge){0};
    ERR_TRY(https_open(&https, kit->ca_certificate));
    snprintf(url, sizeof url, "%s/.well-known/jwks.json", kit->base_url);
    const struct https_message message = {.url = url};
    enum err result = https_send(https, &message, &answer);
    if (result == ERR_OK && answer.status == 200) {
        json_t *document = json_loadb(answer.body, answer.body_len, 0, NULL);
        read_kids(judge, json_object_get(document, "keys"));
        json_decref(document);
    }
    https_answer_free(&answer);
    https_close(https);
    if (judge->kid_count > 0)
        return ERR_OK;
    fprintf(stderr, "idcs-load: %s gives no keys: is the box operational?\n", url);
    return result != ERR_OK ? result : ERR_MALFORMED;
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

void judge_answer(const struct judge *judge, struct transaction *transaction) {
    const struct https_answer *answer = &transaction->answer;
    if (transaction->result != ERR_OK) {
        snprintf(transaction->verdict, VERDICT_SIZE, "no answer");
        return;
    }
    if (answer->status != 200) {
        snprintf(transaction->verdict, VERDICT_SIZE, "HTTP %ld", answer->status);
        return;
    }
    json_t *document =
        json_loadb(answer->body != NULL ? answer->body : "", answer->body_len, 0, NULL);
    snprintf(transaction->verdict, VERDICT_SIZE, "%s",
             judge_document(judge, transaction, document));
    json_decref(document);
}
