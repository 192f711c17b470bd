#pragma once

#include "hsm/keyring_row.h"
#include "hsm/token.h"
#include "hsm/unwrap.h"
#include "tests/lib/hsm_box.h"

/*
 * A token with two KEKs in it, and rows of keys in custody `wrapped`, without a keyring. The
 * process has called locked_memory_open.
 */
struct custody_box {
    struct hsm_box box;
    struct token *token;
    EVP_PKEY *authority;
    struct keyring_row root; /* with the authority's certificate */
    EVP_PKEY *kek_keys[2];
    struct keyring_row keks[2]; /* generations 1 and 2 */
};

void custody_box_make(struct custody_box *box);
void custody_box_remove(struct custody_box *box);

/* A ring of the KEK of ${generation} alone, or of both for 0; the caller frees it. */
struct unwrap_ring *custody_box_ring(const struct custody_box *box, uint16_t generation);
/* A key of ${purpose}, wrapped by the first KEK, with its certificate. */
void custody_box_row(const struct custody_box *box, enum hsm_purpose purpose,
                     struct keyring_row *row);
/* A key of the same kind in the token, with its certificate in ${row}. The caller frees it. */
EVP_PKEY *custody_box_token_key(const struct custody_box *box, enum hsm_purpose purpose,
                                struct keyring_row *row);
EVP_PKEY *custody_box_open(const struct custody_box *box, const struct keyring_row *row);
