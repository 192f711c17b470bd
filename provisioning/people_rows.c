#include <string.h>

#include <sodium.h>

#include "firmware/base/log.h"
#include "authd/core/addresses.h"
#include "authd/core/token.h"
#include "provisioning/people_rows.h"

#define BEFORE_ANY_EXPIRY 0

enum err people_rows_refuse(struct change *change, size_t index, enum officer_reason reason,
                            const char *field) {
    enum err err = change_refuse(change, ERR_MALFORMED, reason, field);
    change->outcome.count = (uint32_t)index;
    return err;
}

/* ---- where a row is, and where it goes ---- */

/* Batches have been looked up, so that every identifier has this key. */
static const uint8_t *target_of(const struct people *people,
                                const struct people_identifier *identifier) {
    return lookups_key(&identifier->keys, people->peppers.newest);
}

/* Rows of the identifier that are not where they go. */
static void remove_older(struct registry_batch *batch, const struct addresses *addresses,
                         const uint8_t *target) {
    for (size_t i = 0; i < addresses->count; i++)
        if (memcmp(addresses->of[i].lookup_key, target, IDENTITY_LOOKUP_BYTES) != 0)
            registry_remove_alias(batch, addresses->of[i].lookup_key);
}

/* ---- the person ---- */

/*
 * Somebody new gets as her person key what her number is looked up by now. When the row that would
 * tell a known one's key is damaged, nobody can tell whether she is new: the sweep that is ordered
 * here writes it again from her own.
 */
static enum err find_person_key(struct change *change, const struct people *people,
                                const struct people_identifier *uin,
                                uint8_t person_key[static IDENTITY_LOOKUP_BYTES]) {
    struct addresses addresses = addresses_of(&uin->keys);
    enum err err =
        registry_find_person(change->provd->registry, addresses.of, addresses.count, person_key);
    if (err == ERR_NOT_FOUND) {
        memcpy(person_key, target_of(people, uin), IDENTITY_LOOKUP_BYTES);
        return ERR_OK;
    }
    if (err == ERR_CORRUPT) {
        change->provd->sweep_again = true;
        change->provd->pepper_due_ms = 0;
    }
    return change_registry(change, err);
}

/* A person seen before keeps their audit salt, so that the journal still speaks of the same one. */
static enum err fill_identity(struct change *change, const struct people *people,
                              const uint8_t *person_key, struct identity *identity) {
    const struct national *national = &people->national;
    IDENTITY_CLEANUP struct identity *known = NULL;
    enum err err = registry_identity(change->provd->registry, person_key, &known);
    if (err == ERR_OK)
        memcpy(identity->audit_salt, known->audit_salt, sizeof identity->audit_salt);
    else if (err == ERR_NOT_FOUND || err == ERR_CORRUPT) /* a damaged record is replaced */
        randombytes_buf(identity->audit_salt, sizeof identity->audit_salt);
    else
        return change_registry(change, err);
    return change_registry(change,
                           token_derive(identity->uin, national->token_partner, national->uin_salt,
                                        national->partner_salt, identity->token));
}

/* Her number, where it does not lead to her row by itself. */
static void put_uin(struct registry_batch *batch, const struct people *people,
                    const struct people_identifier *uin, const uint8_t *person_key) {
    ALIAS_WIPED struct alias alias = {
        .type = ALIAS_UIN, .pepper = people->peppers.newest, .has_id_hash = true};
    struct addresses addresses = addresses_of(&uin->keys);
    const uint8_t *target = target_of(people, uin);
    remove_older(batch, &addresses, target);
    if (memcmp(person_key, target, IDENTITY_LOOKUP_BYTES) == 0)
        return;
    memcpy(alias.lookup_key, person_key, sizeof alias.lookup_key);
    memcpy(alias.id_hash, uin->id_hash, sizeof alias.id_hash);
    registry_put_alias(batch, target, &alias);
}

static enum err put_hotlist(struct change *change, struct registry_batch *batch,
                            const uint8_t *person_key, const struct officer_person *person) {
    struct bytes id = bytes_of(person_key, IDENTITY_LOOKUP_BYTES);
    struct hotlist_entry entry = {.blocked = person->hotlisted,
                                  .expires_ms = person->hotlisted_until_ms};
    bool was_listed = false;
    enum err err = registry_hotlisted(change->provd->registry, HOTLIST_PERSON, id,
                                      BEFORE_ANY_EXPIRY, &was_listed);
    if (err != ERR_CORRUPT) /* a damaged row is replaced */
        ERR_TRY(change_registry(change, err));
    if (err == ERR_CORRUPT || was_listed || person->hotlisted)
        registry_put_hotlisted(batch, HOTLIST_PERSON, id, &entry);
    return ERR_OK;
}

/* ---- VIDs ---- */

/* A VID seen before keeps its id, under which the ledger counts its uses. */
static enum err fill_alias(struct change *change, size_t index, const struct addresses *addresses,
                           struct alias *alias) {
    ALIAS_WIPED struct alias known = {0};
    enum err err =
        registry_find_alias(change->provd->registry, addresses->of, addresses->count, &known);
    if (err == ERR_NOT_FOUND || err == ERR_CORRUPT) {
        randombytes_buf(alias->alias_id, sizeof alias->alias_id);
        return ERR_OK;
    }
    ERR_TRY(change_registry(change, err));
    if (memcmp(known.lookup_key, alias->lookup_key, sizeof known.lookup_key) != 0)
        return people_rows_refuse(change, index, OFFICER_REASON_VID_TAKEN, "vids");
    memcpy(alias->alias_id, known.alias_id, sizeof alias->alias_id);
    return ERR_OK;
}

/* What was put on the hotlist under a lookup key would be lost with it. */
static enum err move_hotlisted(struct change *change, struct registry_batch *batch,
                               const struct addresses *addresses, const struct alias *alias) {
    for (size_t i = 0; i < addresses->count; i++) {
        enum err err = registry_pepper_move_hotlisted(batch, addresses->of[i].lookup_key, alias);
        if (err != ERR_CORRUPT) /* a damaged entry blocks as long as it is looked at */
            ERR_TRY(change_registry(change, err));
    }
    return ERR_OK;
}

static enum err put_vid(struct change *change, struct registry_batch *batch,
                        const struct people *people, const struct people_identifier *identifier,
                        struct alias *alias) {
    struct addresses addresses = addresses_of(&identifier->keys);
    const uint8_t *target = target_of(people, identifier);
    alias->pepper = people->peppers.newest;
    alias->has_id_hash = true;
    memcpy(alias->id_hash, identifier->id_hash, sizeof alias->id_hash);
    ERR_TRY(move_hotlisted(change, batch, &addresses, alias));
    remove_older(batch, &addresses, target);
    registry_put_alias(batch, target, alias);
    return ERR_OK;
}

static struct alias alias_of(const struct officer_vid *vid, const uint8_t *person_key) {
    struct alias alias = {.type = vid->type,
                          .revoked = vid->revoked,
                          .expires_ms = vid->expires_ms,
                          .uses = vid->uses};
    memcpy(alias.lookup_key, person_key, sizeof alias.lookup_key);
    return alias;
}

/* ---- all of them ---- */

struct place {
    size_t person, identifier; /* indexes in the batch */
};

static enum err put_vids(struct change *change, const struct people *people,
                         struct registry_batch *batch, struct place at, const uint8_t *person_key) {
    const struct officer_person *person = &people->person[at.person];
    for (size_t i = 0; i < person->vid_count; i++) {
        const struct people_identifier *vid = &people->identifier[at.identifier + 1 + i];
        struct addresses addresses = addresses_of(&vid->keys);
        ALIAS_WIPED struct alias alias = alias_of(&person->vids[i], person_key);
        ERR_TRY(fill_alias(change, at.person, &addresses, &alias));
        ERR_TRY(put_vid(change, batch, people, vid, &alias));
    }
    return ERR_OK;
}

static enum err put_person(struct change *change, struct people *people,
                           struct registry_batch *batch, struct place at) {
    struct officer_person *person = &people->person[at.person];
    const struct people_identifier *uin = &people->identifier[at.identifier];
    uint8_t person_key[IDENTITY_LOOKUP_BYTES];
    ERR_TRY(find_person_key(change, people, uin, person_key));
    ERR_TRY(fill_identity(change, people, person_key, &person->identity));
    registry_put_identity(batch, person_key, &person->identity);
    if (batch->txn.err == ERR_FULL)
        return people_rows_refuse(change, at.person, OFFICER_REASON_PERSON, "attributes");
    registry_put_photo(batch, person_key, person->photo);
    registry_put_biometrics(batch, person_key, secret_view(&people->enrolled[at.person]));
    put_uin(batch, people, uin, person_key);
    ERR_TRY(put_vids(change, people, batch, at, person_key));
    return put_hotlist(change, batch, person_key, person);
}

enum err people_rows_put(struct change *change, struct people *people,
                         struct registry_batch *batch) {
    struct place at = {0};
    for (; at.person < people->count; at.person++) {
        ERR_TRY(put_person(change, people, batch, at));
        at.identifier += 1 + people->person[at.person].vid_count;
    }
    return ERR_OK;
}
