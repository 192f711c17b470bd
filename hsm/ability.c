#include "hsm/ability.h"

#include "firmware/base/log.h"

enum token_raw_kind ability_kind(enum hsm_purpose purpose) {
    static const enum token_raw_kind kinds[HSM_PURPOSE_COUNT] = {
        [HSM_PURPOSE_ROOT] = TOKEN_RAW_RSA_SIGN,
        [HSM_PURPOSE_SIGN] = TOKEN_RAW_RSA_SIGN,
        [HSM_PURPOSE_PARTNER] = TOKEN_RAW_RSA_DECRYPT,
        [HSM_PURPOSE_IDA_FIR] = TOKEN_RAW_RSA_DECRYPT,
        [HSM_PURPOSE_KEK] = TOKEN_RAW_RSA_DECRYPT,
        [HSM_PURPOSE_AUDIT] = TOKEN_RAW_P256_SIGN,
        [HSM_PURPOSE_PEPPER] = TOKEN_RAW_RSA_DECRYPT,
        [HSM_PURPOSE_TOKEN] = TOKEN_RAW_P256_SIGN,
        [HSM_PURPOSE_REQUEST] = TOKEN_RAW_P256_DERIVE,
        [HSM_PURPOSE_TLS] = TOKEN_RAW_P256_SIGN,
        [HSM_PURPOSE_CA] = TOKEN_RAW_P256_SIGN,
    };
    return kinds[purpose];
}

enum err ability_probe(struct token_raw *raw, uint32_t outside, uint32_t *purposes) {
    *purposes = outside;
    for (unsigned purpose = 0; purpose < HSM_PURPOSE_COUNT; purpose++) {
        const char *missing;
        if ((outside & HSM_PURPOSE_BIT(purpose)) != 0)
            continue;
        enum err err = token_raw_probe(raw, ability_kind((enum hsm_purpose)purpose), &missing);
        if (err == ERR_OK) {
            *purposes |= HSM_PURPOSE_BIT(purpose);
            continue;
        }
        if (err != ERR_NOT_FOUND)
            return err;
        bool needed = purpose < HSM_PURPOSE_FIRST_OPTIONAL;
        log_event(needed ? LOG_ERROR : LOG_WARNING, "purpose-left-out",
                  "purpose=%s mechanism-missing=%s", hsm_purpose_text((enum hsm_purpose)purpose),
                  missing);
    }
    return ERR_OK;
}

enum err ability_complete(struct keyring *keyring, uint32_t purposes, bool *complete) {
    struct keyring_row row;
    *complete = false;
    for (unsigned purpose = 0; purpose < HSM_PURPOSE_COUNT; purpose++) {
        if ((purposes & HSM_PURPOSE_BIT(purpose)) == 0)
            continue;
        enum err err = keyring_newest(keyring, (enum hsm_purpose)purpose, true, &row);
        if (err == ERR_NOT_FOUND)
            return ERR_OK;
        ERR_TRY(err);
    }
    *complete = true;
    return ERR_OK;
}
