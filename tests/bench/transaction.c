#include <stdio.h>
#include <string.h>

#include "tests/bench/transaction.h"

#include "firmware/base/bytes.h"
#include "firmware/base/codec.h"

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

static json_t *factors_of(const struct transaction *transaction) {
    if (transaction->call == CALL_AUTH_DEMO)
        return demographics_of(transaction->pair->person);
    return json_pack("{s:s}", "otp", transaction->code);
}

enum err transaction_build(const struct kit *kit, struct transaction *transaction) {
    static const char *const channels[] = {"phone", NULL};
    const struct mosip_parties parties = {.kit = kit,
                                          .partner = transaction->pair->partner,
                                          .individual_id = transaction->pair->individual_id,
                                          .individual_id_type =
                                              transaction->pair->individual_id_type,
                                          .transaction_id = transaction->id};
    if (transaction->call == CALL_OTP)
        return mosip_request_otp(&parties, channels, &transaction->request);
    json_t *factors = factors_of(transaction);
    if (factors == NULL)
        return ERR_NOT_FOUND;
    enum err result = transaction->call == CALL_KYC_OTP
                          ? mosip_request_kyc(&parties, factors, &transaction->request)
                          : mosip_request_auth(&parties, factors, &transaction->request);
    json_decref(factors);
    return result;
}
