#include <stdio.h>
#include <string.h>

#include "tests/bench/transaction.h"

#include "firmware/base/bytes.h"
#include "firmware/base/codec.h"
#include "provisioning/programme/jose_client.h"

#define SLOT_DIGITS 4

enum err transaction_name(struct transaction *transaction) {
    if (transaction->slot > 9999)
        return ERR_TOO_LARGE;
    ERR_TRY(mosip_transaction_id(transaction->id));
    char digits[SLOT_DIGITS + 1];
    snprintf(digits, sizeof digits, "%04u", transaction->slot % 10000);
    memcpy(transaction->id + 10 - SLOT_DIGITS, digits, SLOT_DIGITS);
    return ERR_OK;
}

enum err transaction_slot(const char *id, unsigned *slot) {
    int64_t value = 0;
    if (strlen(id) != 10)
        return ERR_MALFORMED;
    ERR_TRY(codec_integer(id + 10 - SLOT_DIGITS, 0, 9999, &value));
    *slot = (unsigned)value;
    return ERR_OK;
}

/* The first name the register holds, in its language, and the date of birth. */
static json_t *demographics_of(const json_t *person) {
    const json_t *known = json_object_get(person, "demographics");
    json_t *name = json_array_get(json_object_get(known, "name"), 0);
    json_t *dob = json_object_get(known, "dob");
    return json_pack("{s:{s:O, s:[O]}}", "demographics", "dob", dob, "name", name);
}

static json_t *finger_of(const struct kit *kit, const struct transaction *transaction) {
    const struct cast_pair *pair = transaction->pair;
    const struct devices_capture capture = {.holder = pair->person,
                                            .transaction_id = transaction->id,
                                            .domain_uri = pair->party != NULL ? pair->party->issuer
                                                                              : kit->domain_uri,
                                            .number = 1,
                                            .finger_count = 1,
                                            .fingers = {"Right IndexFinger"}};
    json_t *biometrics = NULL;
    if (devices_take(pair->devices, &capture, &biometrics) != ERR_OK)
        return NULL;
    return json_pack("{s:o}", "biometrics", biometrics);
}

static json_t *factors_of(const struct kit *kit, const struct transaction *transaction) {
    if (transaction->call == CALL_AUTH_DEMO)
        return demographics_of(transaction->pair->person);
    if (transaction->call == CALL_AUTH_FINGER)
        return finger_of(kit, transaction);
    return json_pack("{s:s}", "otp", transaction->code);
}

/* The path and the claims of a call in the JOSE profile. */
static enum err build_jose(const struct kit *kit, struct transaction *transaction) {
    const struct cast_pair *pair = transaction->pair;
    const char *path = "/v1/authentications";
    json_t *claims = NULL, *factors = NULL;
    if (transaction->call == CALL_OTP) {
        path = "/v1/otp";
        claims = json_pack("{s:[s]}", "channels", "phone");
    } else {
        claims = json_pack("{s:b}", "consent", 1);
        factors = factors_of(kit, transaction);
        if (factors == NULL) {
            json_decref(claims);
            return ERR_NOT_FOUND;
        }
    }
    if (transaction->call == CALL_KYC_OTP) {
        path = "/v1/attributes";
        json_object_set_new(claims, "attributes", json_pack("[s,s,s]", "name", "dob", "gender"));
    }
    const struct jose_question question = {.party = pair->party,
                                           .individual_id = pair->individual_id,
                                           .individual_id_type = pair->individual_id_type,
                                           .transaction_id = transaction->id,
                                           .factors = factors,
                                           .claims = claims};
    transaction->request = (struct mosip_request){0};
    snprintf(transaction->request.url, sizeof transaction->request.url, "%s%s",
             pair->party->base_url, path);
    enum err result = jose_client_request(&question, &transaction->request.body);
    json_decref(claims);
    json_decref(factors);
    return result;
}

enum err transaction_build(const struct kit *kit, struct transaction *transaction) {
    static const char *const channels[] = {"phone", NULL};
    const struct mosip_parties parties = {.kit = kit,
                                          .partner = transaction->pair->partner,
                                          .individual_id = transaction->pair->individual_id,
                                          .individual_id_type =
                                              transaction->pair->individual_id_type,
                                          .transaction_id = transaction->id};
    if (transaction->pair->party != NULL)
        return build_jose(kit, transaction);
    if (transaction->call == CALL_OTP)
        return mosip_request_otp(&parties, channels, &transaction->request);
    json_t *factors = factors_of(kit, transaction);
    if (factors == NULL)
        return ERR_NOT_FOUND;
    enum err result = transaction->call == CALL_KYC_OTP
                          ? mosip_request_kyc(&parties, factors, &transaction->request)
                          : mosip_request_auth(&parties, factors, &transaction->request);
    json_decref(factors);
    return result;
}

struct https_message transaction_message(const struct transaction *transaction) {
    const struct jose_party *party = transaction->pair->party;
    struct https_message message = {.url = transaction->request.url,
                                    .body = transaction->request.body,
                                    .signature = transaction->request.signature};
    if (party != NULL) {
        message.media = "application/jose";
        message.certificate = party->tls_certificate;
        message.key = party->tls_key;
    }
    return message;
}
