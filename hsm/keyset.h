#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "hsm/agree.h"
#include "hsm/keyring.h"
#include "hsm/lookup.h"
#include "hsm/publish.h"
#include "hsm/sign.h"
#include "hsm/tls_sign.h"
#include "hsm/token.h"
#include "hsm/unwrap.h"

/*
 * The keys that this process uses: rows of the keyring joined with the token's keys, ready for
 * work. When the keyring changes they are loaded anew beside those in use, and take their place.
 */
struct keyset {
    bool provisioned; /* false: of the rest there are ${publish}, of what is left, and ${tls} */
    uint32_t able;    /* the purposes that the module is able to do (hsm/ability.h) */
    bool complete;    /* none of them lacks its key */
    struct sign_rs256 *sign;
    struct sign_es256 *audit; /* of checkpoints; NULL: the next key is not active yet */
    struct unwrap_ring *partner;
    struct unwrap_ring *ida_fir;
    struct unwrap_ring *root;   /* the KEK, for roots of record keys */
    struct sign_es256 *token;   /* of results; NULL: the box does not have it yet */
    struct agree_ring *request; /* may be empty */
    struct tls_ring *tls;       /* may be empty; NULL: a first key is left to make */
    struct lookup_peppers peppers;
    size_t kek_certificate_len;
    uint8_t kek_certificate[KEYRING_CERTIFICATE_MAX];
    struct publish publish;
    uint64_t sequence; /* of the keyring's commits when this was loaded */
};

/*
 * Loads the keys into ${keyset}, to be unloaded by the caller. An unprovisioned keyring gives
 * ERR_OK and provisioned == false. ERR_NOT_FOUND: the token lacks a key that the keyring names;
 * ERR_CRYPTO: it holds another one, or the pepper does not open; ERR_HSM, ERR_CORRUPT. All are in
 * the log.
 */
MUST_CHECK enum err keyset_load(struct keyset *keyset, struct keyring *keyring,
                                struct token *token);
/* Twice is allowed. */
void keyset_unload(struct keyset *keyset);

/*
 * Loads a keyset, on the heap, in place of *${keyset} (NULL at first), which is unloaded and freed.
 * On an error, as above, *${keyset} stays as it is.
 */
MUST_CHECK enum err keyset_renew(struct keyset **keyset, struct keyring *keyring,
                                 struct token *token);
/*
 * Logs how many keys of the token no row names: left by another keyring, or put there by somebody
 * else. They are left alone.
 */
MUST_CHECK enum err keyset_report_strangers(struct keyring *keyring, struct token *token);
