#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "firmware/base/log.h"
#include "authd/core/addresses.h"
#include "authd/core/identifier.h"
#include "authd/store/registry_pepper.h"
#include "provisioning/hotlist.h"
#include "provisioning/lookups.h"
#include "provisioning/values.h"

#define JOURNAL_ID_BYTES 8

static const char *const kinds[] = {[HOTLIST_PARTNER] = "partner",
                                    [HOTLIST_DEVICE] = "device",
                                    [HOTLIST_DEVICE_PROVIDER] = "device-provider"};

/* A date belongs to an entry. */
static enum err check_until(bool blocked, int64_t until_ms) {
    if (!blocked && until_ms != 0)
        return ERR_MALFORMED;
    return values_instant(until_ms);
}

enum err hotlist_put(struct change *change) {
    struct officer_hotlist question;
    char subject[96], safe[64]; /* of a long id the beginning, whole characters alone */
    ERR_TRY(officer_wire_get_hotlist(change->payload, &question));
    struct bytes id = bytes_of_text(question.id);
    ERR_TRY(change_require(change, values_name(id), "id"));
    ERR_TRY(change_require(change, check_until(question.blocked, question.until_ms), "until"));
    (void)snprintf(subject, sizeof subject, "%s %s %s", question.blocked ? "block" : "unblock",
                   kinds[question.kind], log_safe(question.id, safe, sizeof safe));
    ERR_TRY(change_record(change, subject));
    const struct hotlist_entry entry = {.blocked = question.blocked,
                                        .expires_ms = question.until_ms};
    struct registry_batch batch = registry_begin(change->provd->registry);
    registry_put_hotlisted(&batch, question.kind, id, &entry);
    return change_commit(change, &batch);
}

/* ---- one VID ---- */

/* All of it tells of a person. */
struct vid {
    struct officer_hotlist_vid question;
    uint8_t id_hash[1][HSM_ID_HASH_BYTES];
    struct hsm_lookup_keys keys;
    struct addresses addresses;
    struct alias alias;
};

static void wipe_vid(struct vid *vid) {
    secret_wipe(vid, sizeof *vid);
}

static enum err check_vid(const struct change *change, const char *text) {
    uint32_t broken = change->provd->vid_rules;
    ERR_TRY(identifier_check(text, IDENTIFIER_VID, change->provd->vid_rules, &broken));
    return broken == 0 ? ERR_OK : ERR_MALFORMED;
}

static enum err hash_vid(struct change *change, struct vid *vid) {
    const char *text = vid->question.vid;
    char salt[SALT_SIZE];
    enum err err = registry_salt(change->provd->registry, identifier_salt_modulo(text), salt);
    if (err == ERR_OK)
        err = identifier_hash(text, salt, vid->id_hash[0]);
    secret_wipe(salt, sizeof salt);
    return change_registry(change, err);
}

/* A signer that does not know a pepper of the registry yet does not say that a VID is unknown. */
static enum err find_vid(struct change *change, struct vid *vid) {
    struct registry *registry = change->provd->registry;
    struct registry_pepper pepper;
    ERR_TRY(hash_vid(change, vid));
    ERR_TRY(change_registry(change, registry_pepper_get(registry, &pepper)));
    ERR_TRY(lookups_ask(change, vid->id_hash, 1, &vid->keys));
    if (!lookups_suffice(&vid->keys, lookups_peppers(&pepper, &vid->keys)))
        return change_refuse(change, ERR_LIMIT, OFFICER_REASON_TOKEN, "pepper");
    vid->addresses = addresses_of(&vid->keys);
    enum err err =
        registry_find_alias(registry, vid->addresses.of, vid->addresses.count, &vid->alias);
    if (err == ERR_NOT_FOUND)
        return change_refuse(change, err, OFFICER_REASON_UNKNOWN, "vid");
    return change_registry(change, err);
}

static enum err record_vid(struct change *change, const struct vid *vid) {
    char subject[48], id[2 * JOURNAL_ID_BYTES + 1];
    (void)sodium_bin2hex(id, sizeof id, vid->alias.alias_id, JOURNAL_ID_BYTES);
    (void)snprintf(subject, sizeof subject, "%s vid %s",
                   vid->question.blocked ? "block" : "unblock", id);
    return change_record(change, subject);
}

/* An entry of before there were alias ids is under a lookup key, and would go on blocking. */
static enum err put_vid(struct change *change, const struct vid *vid,
                        struct registry_batch *batch) {
    const struct hotlist_entry entry = {.blocked = vid->question.blocked,
                                        .expires_ms = vid->question.until_ms};
    for (size_t i = 0; i < vid->addresses.count; i++) {
        enum err err =
            registry_pepper_move_hotlisted(batch, vid->addresses.of[i].lookup_key, &vid->alias);
        if (err != ERR_CORRUPT || !entry.blocked) /* a damaged one blocks */
            ERR_TRY(change_registry(change, err));
    }
    registry_put_hotlisted(batch, HOTLIST_PERSON,
                           bytes_of(vid->alias.alias_id, sizeof vid->alias.alias_id), &entry);
    return ERR_OK;
}

enum err hotlist_put_vid(struct change *change) {
    __attribute__((cleanup(wipe_vid))) struct vid vid = {0};
    const struct officer_hotlist_vid *question = &vid.question;
    ERR_TRY(officer_wire_get_hotlist_vid(change->payload, &vid.question));
    ERR_TRY(change_require(change, check_vid(change, question->vid), "vid"));
    ERR_TRY(change_require(change, check_until(question->blocked, question->until_ms), "until"));
    ERR_TRY(find_vid(change, &vid));
    ERR_TRY(record_vid(change, &vid));
    struct registry_batch batch = registry_begin(change->provd->registry);
    enum err err = put_vid(change, &vid, &batch);
    if (err == ERR_OK)
        return change_commit(change, &batch);
    registry_abort(&batch);
    return err;
}
