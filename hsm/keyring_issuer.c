#include "hsm/keyring_issuer.h"
#include "hsm/keyring_table.h"

enum hsm_purpose keyring_issuer_of(enum hsm_purpose purpose) {
    return purpose == HSM_PURPOSE_PEPPER ? HSM_PURPOSE_KEK : HSM_PURPOSE_ROOT;
}

enum err keyring_issuer_missing(struct kv_txn *txn, enum hsm_purpose purpose, bool *missing) {
    struct keyring_row row;
    enum hsm_purpose issuer = keyring_issuer_of(purpose);
    *missing = false;
    if (issuer == purpose)
        return ERR_OK;
    enum err err = keyring_get_active(txn, issuer, &row);
    *missing = err == ERR_NOT_FOUND;
    return *missing ? ERR_OK : err;
}
