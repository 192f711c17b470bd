#include <string.h>

#include "firmware/base/log.h"
#include "authd/store/registry_pepper_state.h"

/* The second half of a step: rows go under the keys that the caller had made for them. */

/* What is under the key now: ERR_NOT_FOUND, or as the readers of the registry have it. */
static enum err find_alias(struct registry_batch *batch, struct bytes key, struct alias *alias) {
    REGISTRY_ROW(row);
    ERR_TRY(registry_row_find(batch->registry, &batch->txn, REGISTRY_ALIASES, key, &row));
    return registry_row_judge(&row, alias_decode(secret_view(&row.plain), alias));
}

static enum err find_hotlisted(struct registry_batch *batch, const struct registry_key *key,
                               struct hotlist_entry *entry) {
    REGISTRY_ROW(row);
    ERR_TRY(registry_row_find(batch->registry, &batch->txn, REGISTRY_HOTLIST,
                              registry_row_key_view(key), &row));
    return registry_row_judge(&row, hotlist_entry_decode(secret_view(&row.plain), entry));
}

static struct registry_key hotlist_key(struct bytes id) {
    static const uint8_t kind = HOTLIST_PERSON;
    const struct bytes parts[] = {bytes_of(&kind, 1), id};
    return registry_row_key(parts, 2);
}

enum err registry_pepper_move_hotlisted(struct registry_batch *batch,
                                        const uint8_t lookup_key[static IDENTITY_LOOKUP_BYTES],
                                        const struct alias *alias) {
    struct bytes alias_id = bytes_of(alias->alias_id, sizeof alias->alias_id);
    struct registry_key old_key = hotlist_key(bytes_of(lookup_key, IDENTITY_LOOKUP_BYTES));
    struct registry_key new_key = hotlist_key(alias_id);
    struct hotlist_entry old, new = {0};
    enum err err = find_hotlisted(batch, &old_key, &old);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    ERR_TRY(err);
    err = find_hotlisted(batch, &new_key, &new);
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    if (!new.blocked)
        registry_put_hotlisted(batch, HOTLIST_PERSON, alias_id, &old);
    kv_delete(&batch->txn, REGISTRY_HOTLIST, registry_row_key_view(&old_key));
    return batch->txn.err;
}

/* A row that is at its target already, by an import, is younger than the one that would come. */
static enum err move_alias(struct registry_batch *batch, const struct registry_pepper_row *row,
                           struct registry_pepper *pepper) {
    struct bytes key = bytes_of(row->key, sizeof row->key);
    struct bytes target = bytes_of(row->target, sizeof row->target);
    ALIAS_WIPED struct alias alias = {0};
    ALIAS_WIPED struct alias there = {0};
    ERR_TRY(find_alias(batch, key, &alias));
    if (alias_is_vid(&alias))
        ERR_TRY(registry_pepper_move_hotlisted(batch, row->key, &alias));
    enum err err = bytes_equal(key, target) ? ERR_NOT_FOUND : find_alias(batch, target, &there);
    if (err == ERR_UNAVAILABLE)
        return err;
    if (err != ERR_OK) {
        alias.pepper = pepper->to;
        registry_put_alias(batch, row->target, &alias);
    }
    if (!bytes_equal(key, target))
        kv_delete(&batch->txn, REGISTRY_ALIASES, key);
    pepper->moved++;
    return batch->txn.err;
}

/* Whether her number leads to her under the new pepper. ERR_CORRUPT: it leads to somebody else. */
static enum err is_found(struct registry_batch *batch, const struct registry_pepper_row *row,
                         bool *found) {
    ALIAS_WIPED struct alias alias = {0};
    *found = memcmp(row->key, row->target, sizeof row->key) == 0;
    if (*found)
        return ERR_OK;
    enum err err = find_alias(batch, bytes_of(row->target, sizeof row->target), &alias);
    if (err == ERR_NOT_FOUND || err == ERR_CORRUPT) /* a damaged row is replaced */
        return ERR_OK;
    ERR_TRY(err);
    if (alias.type != ALIAS_UIN || memcmp(alias.lookup_key, row->key, sizeof row->key) != 0) {
        log_event(LOG_ERROR, "person-twice", "table=%s", registry_tables[REGISTRY_IDENTITIES]);
        return ERR_CORRUPT;
    }
    *found = true;
    return ERR_OK;
}

static enum err move_person(struct registry_batch *batch, const struct registry_pepper_row *row,
                            struct registry_pepper *pepper, bool verifies) {
    bool found;
    ERR_TRY(is_found(batch, row, &found));
    if (found || verifies)
        return found ? ERR_OK : ERR_CORRUPT;
    ALIAS_WIPED struct alias alias = {.type = ALIAS_UIN, .pepper = pepper->to, .has_id_hash = true};
    memcpy(alias.lookup_key, row->key, sizeof alias.lookup_key);
    memcpy(alias.id_hash, row->id_hash, sizeof alias.id_hash);
    registry_put_alias(batch, row->target, &alias);
    pepper->moved++;
    pepper->uins++;
    return batch->txn.err;
}

/* What cannot be moved stays, and is counted when all rows are looked at once more. */
static enum err move_row(struct registry_batch *batch, const struct registry_pepper_step *step,
                         const struct registry_pepper_row *row, struct registry_pepper *pepper) {
    bool verifies = step->before.phase == REGISTRY_PEPPER_VERIFYING;
    enum err err = ERR_CORRUPT;
    if (row->has_target)
        err = step->before.table == REGISTRY_IDENTITIES ? move_person(batch, row, pepper, verifies)
                                                        : move_alias(batch, row, pepper);
    ERR_TRY(batch->txn.err);
    if (err == ERR_OK || err == ERR_NOT_FOUND)
        return ERR_OK;
    if (err != ERR_CORRUPT && err != ERR_UNAVAILABLE)
        return err;
    pepper->left += verifies;
    return ERR_OK;
}

static bool is_same_place(const struct registry_pepper *stored,
                          const struct registry_pepper *before) {
    return stored->phase == before->phase && stored->to == before->to &&
           stored->table == before->table && stored->seen == before->seen &&
           bytes_equal(registry_pepper_place(stored), registry_pepper_place(before));
}

static enum err move_within(struct registry_batch *batch, const struct registry_pepper_step *step,
                            struct registry_pepper *pepper) {
    struct registry_pepper stored;
    ERR_TRY(registry_pepper_read(&batch->txn, &stored));
    if (!registry_pepper_is_under_way(&stored) || !is_same_place(&stored, &step->before))
        return ERR_DENIED;
    *pepper = step->after;
    for (size_t i = 0; i < step->count; i++)
        ERR_TRY(move_row(batch, step, &step->rows[i], pepper));
    if (pepper->phase == REGISTRY_PEPPER_DONE)
        pepper->sequence = batch->sequence;
    registry_pepper_put(batch, pepper);
    return batch->txn.err;
}

enum err registry_pepper_move(struct registry *registry, const struct registry_pepper_step *step,
                              struct registry_pepper *pepper) {
    uint64_t sequence;
    *pepper = step->before;
    struct registry_batch batch = registry_begin(registry);
    enum err err = batch.txn.err;
    if (err == ERR_OK)
        err = move_within(&batch, step, pepper);
    if (err == ERR_OK)
        err = registry_commit(&batch, &sequence);
    else
        registry_abort(&batch);
    if (err != ERR_OK)
        *pepper = step->before;
    return err;
}
