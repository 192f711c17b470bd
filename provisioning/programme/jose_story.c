#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provisioning/programme/jose_story.h"

#include "provisioning/programme/jose_client.h"
#include "provisioning/programme/outbox_reader.h"

/* What is sent and how the answer is read. */
struct call {
    const char *path;
    json_t *claims, *factors; /* owned */
    long expected;            /* HTTP status */
};

static bool open_party(const struct jose_story *story, struct jose_party *party) {
    char url[768];
    struct https_answer answer;
    snprintf(url, sizeof(url), "%s/.well-known/jwks.json", story->parties->kit->base_url);
    const struct https_message message = {.url = url};
    if (https_send(story->https, &message, &answer) != ERR_OK)
        return false;
    json_t *jwks = json_loadb(answer.body != NULL ? answer.body : "", answer.body_len, 0, NULL);
    enum err result = jose_party_open(story->parties->kit, story->parties->partner, jwks, party);
    json_decref(jwks);
    https_answer_free(&answer);
    return result == ERR_OK;
}

static void tell_problem(const struct https_answer *answer) {
    json_t *problem =
        json_loadb(answer->body != NULL ? answer->body : "", answer->body_len, 0, NULL);
    const char *type = json_string_value(json_object_get(problem, "type"));
    printf("    refused: HTTP %ld %s\n", answer->status, type != NULL ? type : "");
    json_decref(problem);
}

/* Builds, sends, and leaves an answer with the expected status in ${answer}. */
static bool exchange(const struct jose_story *story, const struct jose_party *party,
                     const struct call *call, struct https_answer *answer) {
    char url[1024], *body = NULL;
    const struct jose_question question = {.party = party,
                                           .individual_id = story->parties->individual_id,
                                           .individual_id_type = story->parties->individual_id_type,
                                           .transaction_id = story->parties->transaction_id,
                                           .factors = call->factors,
                                           .claims = call->claims};
    bool sent = jose_client_request(&question, &body) == ERR_OK;
    snprintf(url, sizeof(url), "%s%s", party->base_url, call->path);
    const struct https_message message = {.url = url,
                                          .body = body,
                                          .media = "application/jose",
                                          .certificate = party->tls_certificate,
                                          .key = party->tls_key};
    sent = sent && https_send(story->https, &message, answer) == ERR_OK;
    free(body);
    json_decref(call->claims);
    json_decref(call->factors);
    if (sent && answer->status == call->expected)
        return true;
    if (sent) {
        tell_problem(answer);
        https_answer_free(answer);
    }
    return false;
}

static bool ask_for_code(const struct jose_story *story, const struct jose_party *party) {
    struct https_answer answer = {0};
    const struct call call = {
        .path = "/v1/otp", .claims = json_pack("{s:[s]}", "channels", "phone"), .expected = 202};
    printf("[1] %s asks for a code (transaction %s), identifier sealed to the HSM (ECDH-ES)\n",
           party->partner->name, story->parties->transaction_id);
    if (!exchange(story, party, &call, &answer))
        return false;
    printf("    accepted: whether there is such a person is told to the person alone\n");
    https_answer_free(&answer);
    return true;
}

static void tell_claims(const json_t *claims) {
    char *text = json_dumps(claims, JSON_INDENT(2));
    printf("%s\n", text != NULL ? text : "");
    free(text);
}

static bool tell_result(const struct jose_story *story, const struct jose_party *party,
                        const struct https_answer *answer) {
    json_t *claims = NULL;
    char *jwt = NULL;
    struct bytes view = bytes_of(answer->body, answer->body_len);
    const char *type = story->attributes ? "idcs-attributes+jwt" : "idcs-result+jwt";
    if (story->attributes && jose_client_open(party, view, &jwt) == ERR_OK)
        view = bytes_of_text(jwt);
    bool verified = jose_client_verify(party, type, view, &claims) == ERR_OK;
    const char *transaction = json_string_value(json_object_get(claims, "txn"));
    verified =
        verified && transaction != NULL && strcmp(transaction, story->parties->transaction_id) == 0;
    if (verified) {
        printf("    a JWT, verified by the published keys alone (ES256, made in the HSM):\n");
        tell_claims(claims);
    } else {
        printf("    the result does not verify: it is worth nothing\n");
    }
    json_decref(claims);
    free(jwt);
    return verified;
}

/* Takes ${factors}. */
static bool authenticate(const struct jose_story *story, const struct jose_party *party,
                         json_t *factors) {
    struct https_answer answer = {0};
    struct call call = {.path = story->attributes ? "/v1/attributes" : "/v1/authentications",
                        .claims = json_pack("{s:b}", "consent", 1),
                        .factors = factors,
                        .expected = 200};
    if (story->attributes)
        json_object_set_new(call.claims, "attributes",
                            json_pack("[s,s,s,s]", "name", "dob", "gender", "age_over_18"));
    if (!exchange(story, party, &call, &answer))
        return false;
    bool yes = tell_result(story, party, &answer);
    https_answer_free(&answer);
    return yes;
}

static bool tell_code(const struct jose_story *story, const struct jose_party *party) {
    char code[OUTBOX_READER_CODE_SIZE] = "";
    if (!ask_for_code(story, party))
        return false;
    printf("[2] the code reaches the person's phone (here: the demonstration's outbox)\n");
    const struct mosip_parties *parties = story->parties;
    if (story->given_code != NULL)
        snprintf(code, sizeof(code), "%s", story->given_code);
    else if (!outbox_reader_await(parties->kit->outbox, parties->transaction_id, code))
        return false;
    printf("[3] %s authenticates the person with the code\n", party->partner->name);
    return authenticate(story, party, json_pack("{s:s}", "otp", code));
}

static bool tell_captured(const struct jose_story *story, const struct jose_party *party) {
    json_t *biometrics = (json_t *)(uintptr_t)story->biometrics;
    printf("[2] %s authenticates the person with it\n", party->partner->name);
    return authenticate(
        story, party, json_pack("{s:s*, s:O}", "otp", story->given_code, "biometrics", biometrics));
}

bool jose_story_tell(const struct jose_story *story) {
    struct jose_party party;
    if (!open_party(story, &party))
        return false;
    bool yes = story->biometrics != NULL ? tell_captured(story, &party) : tell_code(story, &party);
    jose_party_close(&party);
    return yes;
}
