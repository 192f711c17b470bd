#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "firmware/base/log.h"
#include "hsm/wire.h"
#include "authd/core/identifier.h"
#include "authd/store/registry_roll.h"
#include "authd/store/registry_state_root.h"
#include "provisioning/keys.h"
#include "provisioning/roots.h"

#define FIRST_GENERATION 1
#define KEYS_WAIT_MS     200
#define KEYS_WAITS_MAX   600 /* two minutes */

/* ---- record roots ---- */

/* Opens one and keeps it: from now on the newest seals. */
static enum err open_root(struct change *change, uint16_t generation, const uint8_t *wrapped) {
    ROOTS_OPENED(opened);
    ERR_TRY(roots_unwrap(change, generation, wrapped, &opened));
    enum err err = record_keys_add(change->provd->record_keys, generation,
                                   bytes_of(opened.root, sizeof opened.root));
    if (err == ERR_OK || err == ERR_EXISTS)
        return ERR_OK;
    log_event(LOG_ERROR, "root-not-kept", "generation=%u error=%s", generation, err_text(err));
    return change_refuse(change, err, OFFICER_REASON_ROOTS, err_text(err));
}

static enum err open_all(struct change *change, const struct roots_wrapped *roots,
                         uint16_t but_this) {
    for (size_t i = 0; i < roots->count; i++)
        if (roots->generation[i] != but_this)
            ERR_TRY(open_root(change, roots->generation[i], roots->wrapped[i]));
    change->provd->roots_open = roots->count > 0;
    return ERR_OK;
}

enum err keys_open_roots(struct change *change) {
    struct roots_wrapped roots;
    struct registry_roll roll;
    if (change->provd->roots_open)
        return ERR_OK;
    ERR_TRY(roots_read(change, &roots));
    if (roots.count == 0)
        return change_refuse(change, ERR_NOT_FOUND, OFFICER_REASON_NO_KEYS, NULL);
    ERR_TRY(change_registry(change, registry_roll_get(change->provd->registry, &roll)));
    return open_all(change, &roots, roll.phase == REGISTRY_ROLL_OFFERED ? roll.to : 0);
}

enum err keys_open_root(struct change *change, uint16_t generation) {
    struct roots_wrapped roots;
    ERR_TRY(roots_read(change, &roots));
    for (size_t i = 0; i < roots.count; i++)
        if (roots.generation[i] == generation)
            return open_root(change, generation, roots.wrapped[i]);
    return change_registry(change, ERR_NOT_FOUND);
}

/* ---- officer key initialise ---- */

static enum err ask_for_keys(struct change *change, struct hsm_generated *generated) {
    SECRET(answer);
    if (provd_peers_ask_key_maker(change->provd->peers, HSM_GENERATE, bytes_of(NULL, 0), &answer) !=
        ERR_OK)
        return change_refuse(change, ERR_UNAVAILABLE, OFFICER_REASON_SIGNER, NULL);
    ERR_TRY(hsm_wire_get_generated(secret_view(&answer), generated));
    return generated->receipt.status;
}

/*
 * The keys in the token. They may be there already: the signer then changes nothing. One that has
 * made them ends and is started with them, so that what follows asks whoever says it has keys.
 * ERR_LIMIT: it is still making them for a predecessor of this process.
 */
static enum err generate_keys(struct change *change, size_t *made) {
    struct hsm_generated generated = {0};
    *made = 0;
    enum err err = ask_for_keys(change, &generated);
    for (int waits = 0; err == ERR_LIMIT && waits < KEYS_WAITS_MAX; waits++) {
        ERR_TRY(provd_peers_wait(change->provd->peers, KEYS_WAIT_MS));
        err = ask_for_keys(change, &generated);
    }
    if (err == ERR_OK)
        *made = generated.made;
    if (err == ERR_OK || err == ERR_EXISTS || change->outcome.status != ERR_OK)
        return err == ERR_EXISTS ? ERR_OK : err;
    return change_refuse(change, err, OFFICER_REASON_TOKEN, err_text(err));
}

/* MOSIP's salts are text: base64url of random bytes. */
static void random_salt(char salt[static SALT_SIZE]) {
    uint8_t random[SALT_SIZE / 4 * 3 - 3];
    randombytes_buf(random, sizeof random);
    (void)sodium_bin2base64(salt, SALT_SIZE, random, sizeof random,
                            sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    secret_wipe(random, sizeof random);
}

static enum err fill_salts(struct provd *provd, struct registry_batch *batch, size_t *added) {
    for (unsigned modulo = 0; modulo < IDENTIFIER_MODULI; modulo++) {
        char salt[SALT_SIZE];
        enum err err = registry_salt(provd->registry, modulo, salt);
        if (err == ERR_OK)
            continue;
        /* A salt that cannot be read is never replaced: every id hash under it would change. */
        if (err != ERR_NOT_FOUND)
            return err;
        random_salt(salt);
        registry_put_salt(batch, modulo, salt);
        (*added)++;
    }
    return ERR_OK;
}

static enum err fill_national(struct provd *provd, struct registry_batch *batch, size_t *added) {
    struct national national = {0};
    enum err err = registry_national(provd->registry, &national);
    if (err != ERR_NOT_FOUND)
        return err;
    random_salt(national.uin_salt);
    random_salt(national.partner_salt);
    (void)snprintf(national.token_partner, sizeof national.token_partner, "%s",
                   provd->token_partner);
    registry_put_national(batch, &national);
    (*added)++;
    return ERR_OK;
}

/* Roots, salts and settings become durable together: a crash leaves all of them or none. */
static enum err commit_initial(struct change *change, const struct roots_wrapped *fresh) {
    struct provd *provd = change->provd;
    size_t added = 0;
    struct registry_batch batch = registry_begin(provd->registry);
    if (fresh != NULL) {
        registry_put_root(&batch, FIRST_GENERATION,
                          bytes_of(fresh->wrapped[0], HSM_ROOT_WRAPPED_BYTES));
        registry_state_root_put(&batch, bytes_of(fresh->state, HSM_ROOT_WRAPPED_BYTES));
        added++;
    }
    enum err err = fill_salts(provd, &batch, &added);
    if (err == ERR_OK)
        err = fill_national(provd, &batch, &added);
    if (err != ERR_OK || added == 0) {
        registry_abort(&batch);
        return change_registry(change, err);
    }
    return change_commit(change, &batch);
}

/*
 * A fresh root is open in this process before it is stored. When it then is not stored, the process
 * ends: nothing may ever be sealed under a root that the registry does not have. The state root is
 * core's, and not open here.
 */
static enum err start_registry(struct change *change, struct roots_wrapped *roots) {
    roots->generation[0] = FIRST_GENERATION;
    ERR_TRY(roots_make(change, FIRST_GENERATION, roots->wrapped[0]));
    ERR_TRY(roots_make(change, ROOTS_STATE_GENERATION, roots->state));
    roots->has_state = true;
    roots->count = 1;
    enum err err = open_all(change, roots, 0);
    if (err == ERR_OK)
        err = commit_initial(change, roots);
    if (err != ERR_OK)
        change->provd->fatal = err;
    return err;
}

enum err keys_initialise(struct change *change) {
    struct roots_wrapped roots;
    size_t made;
    if (change->payload.len != 0)
        return ERR_MALFORMED;
    ERR_TRY(roots_read(change, &roots));
    ERR_TRY(change_record(change, roots.count == 0 ? "generation=1" : "complete"));
    ERR_TRY(generate_keys(change, &made));
    if (roots.count == 0) {
        ERR_TRY(start_registry(change, &roots));
    } else {
        ERR_TRY(keys_open_roots(change));
        ERR_TRY(commit_initial(change, NULL));
    }
    change->outcome.count = (uint32_t)made;
    log_event(LOG_INFO, "keys-initialised", "made=%zu", made);
    return ERR_OK;
}

enum err keys_require(struct change *change) {
    if (provd_peers_standing(change->provd->peers).provisioned)
        return ERR_OK;
    return change_refuse(change, ERR_NOT_FOUND, OFFICER_REASON_NO_KEYS, NULL);
}

enum err keys_require_keyring(struct change *change) {
    if (provd_peers_standing(change->provd->peers).has_keys)
        return ERR_OK;
    return change_refuse(change, ERR_NOT_FOUND, OFFICER_REASON_NO_KEYS, NULL);
}

/* Any signer that serves; where none does, for want of an active key, the one that makes it. */
static enum err ask_publication(struct provd_peers *peers, struct secret *answer) {
    return provd_peers_standing(peers).provisioned
               ? provd_peers_ask_signer(peers, HSM_PUBLISHED, bytes_of(NULL, 0), answer)
               : provd_peers_ask_key_maker(peers, HSM_PUBLISHED, bytes_of(NULL, 0), answer);
}

enum err keys_list(struct change *change) {
    struct hsm_publication publication;
    if (change->payload.len != 0)
        return ERR_MALFORMED;
    ERR_TRY(keys_require_keyring(change));
    if (ask_publication(change->provd->peers, &change->published) != ERR_OK)
        return change_refuse(change, ERR_UNAVAILABLE, OFFICER_REASON_SIGNER, NULL);
    enum err err = hsm_wire_get_publication(secret_view(&change->published), &publication);
    if (err == ERR_OK)
        err = publication.receipt.status;
    if (err != ERR_OK)
        return change_refuse(change, err, OFFICER_REASON_TOKEN, err_text(err));
    change->publication =
        (struct officer_publication){.jwks = publication.jwks,
                                     .partner_pem = publication.partner_pem,
                                     .ida_fir_pem = publication.ida_fir_pem,
                                     .sign_pem = publication.sign_pem,
                                     .root_pem = publication.root_pem,
                                     .partner_wrapped_by = publication.wrapped_by.partner,
                                     .ida_fir_wrapped_by = publication.wrapped_by.ida_fir,
                                     .request_wrapped_by = publication.wrapped_by.request};
    memcpy(change->publication.request_kid, publication.request_kid,
           sizeof change->publication.request_kid);
    return ERR_OK;
}
