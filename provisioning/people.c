#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "hsm/wire.h"
#include "authd/core/identifier.h"
#include "authd/core/token.h"
#include "provisioning/enrolment.h"
#include "provisioning/people.h"
#include "provisioning/values.h"

#define LOCKS_ALL                                                                                  \
    (LOCK_OTP_PHONE | LOCK_OTP_EMAIL | LOCK_DEMO | LOCK_BIO_FINGER | LOCK_BIO_IRIS | LOCK_BIO_FACE)
#define IDENTIFIERS_MAX   ((size_t)OFFICER_PEOPLE_MAX * (1 + OFFICER_VIDS_MAX))
#define BEFORE_ANY_EXPIRY 0
#define RATE_WAIT_MS      100
#define RATE_WAITS_MAX    600 /* a minute under the signer's ceiling */

_Static_assert(HSM_LOOKUP_KEY_BYTES == IDENTITY_LOOKUP_BYTES, "the signer makes the record's key");
_Static_assert(HSM_ID_HASH_BYTES == IDENTIFIER_HASH_BYTES, "the signer takes the id hash");

/* A batch of people, all of it in secret memory. */
struct people {
    size_t count;
    struct officer_person person[OFFICER_PEOPLE_MAX];
    /* their identifiers in order: UIN, VIDs, next UIN… */
    size_t identifier_count;
    uint8_t id_hash[IDENTIFIERS_MAX][IDENTIFIER_HASH_BYTES];
    uint8_t lookup_key[IDENTIFIERS_MAX][IDENTITY_LOOKUP_BYTES];
    struct national national;
    struct secret enrolled[OFFICER_PEOPLE_MAX]; /* what the registry takes; {0}: nothing */
};

static void free_people(struct secret *memory) {
    struct people *people = (struct people *)(void *)memory->data;
    for (size_t i = 0; people != NULL && i < people->count; i++)
        secret_free(&people->enrolled[i]);
    secret_free(memory);
}

static enum err refuse_person(struct change *change, size_t index, enum officer_reason reason,
                              const char *field) {
    enum err err = change_refuse(change, ERR_MALFORMED, reason, field);
    change->outcome.count = (uint32_t)index;
    return err;
}

/* ---- what the officer sent ---- */

static enum err check_identifier(const char *text, enum identifier_type type, uint32_t rules) {
    uint32_t broken = rules;
    ERR_TRY(identifier_check(text, type, rules, &broken));
    return broken == 0 ? ERR_OK : ERR_MALFORMED;
}

static enum err check_attributes(const struct identity *identity) {
    for (size_t i = 0; i < identity->attribute_count; i++) {
        const struct identity_attribute *attribute = &identity->attributes[i];
        ERR_TRY(values_name(attribute->name));
        ERR_TRY(values_name(attribute->value));
        if (attribute->language[0] != '\0')
            ERR_TRY(values_language(attribute->language));
    }
    return ERR_OK;
}

/* A field that may be empty. */
static enum err check_optional(const char *value, enum err (*check)(const char *value)) {
    return value[0] == '\0' ? ERR_OK : check(value);
}

/* A date belongs to an entry. */
static enum err check_hotlisted(const struct officer_person *person) {
    if (!person->hotlisted && person->hotlisted_until_ms != 0)
        return ERR_MALFORMED;
    return values_instant(person->hotlisted_until_ms);
}

static enum err judge_vid(struct change *change, size_t index, const struct officer_vid *vid) {
    enum err err = check_identifier(vid->vid, IDENTIFIER_VID, change->provd->vid_rules);
    if (err == ERR_OK)
        err = values_instant(vid->expires_ms);
    return err == ERR_OK ? ERR_OK : refuse_person(change, index, OFFICER_REASON_PERSON, "vids");
}

static enum err judge_person(struct change *change, size_t index,
                             const struct officer_person *person) {
    const struct identity *identity = &person->identity;
    const struct {
        enum err result;
        const char *field;
    } checks[] = {
        {check_identifier(identity->uin, IDENTIFIER_UIN, change->provd->uin_rules), "uin"},
        {values_instant(identity->expires_ms), "expires"},
        {check_hotlisted(person), "hotlisted"},
        {(identity->locks & ~LOCKS_ALL) != 0 ? ERR_MALFORMED : ERR_OK, "locks"},
        {values_birth_date(identity->birth_year, identity->birth_month, identity->birth_day),
         "dob"},
        {check_optional(identity->phone, values_phone), "phone"},
        {check_optional(identity->email, values_email), "email"},
        {check_optional(identity->language, values_language), "language"},
        {check_attributes(identity), "attributes"},
        {person->photo.len > 0 ? photo_check(person->photo) : ERR_OK, "photo"},
    };
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        if (checks[i].result != ERR_OK)
            return refuse_person(change, index, OFFICER_REASON_PERSON, checks[i].field);
    for (size_t i = 0; i < person->vid_count; i++)
        ERR_TRY(judge_vid(change, index, &person->vids[i]));
    return ERR_OK;
}

static enum err take_people(struct change *change, struct people *people) {
    struct cursor cursor = cursor_over(change->payload);
    while (cursor.left > 0) {
        if (people->count == OFFICER_PEOPLE_MAX)
            return ERR_TOO_LARGE;
        ERR_TRY(officer_wire_take_person(&cursor, &people->person[people->count]));
        people->count++;
    }
    ERR_TRY(cursor_end(&cursor));
    if (people->count == 0)
        return ERR_MALFORMED;
    for (size_t i = 0; i < people->count; i++)
        ERR_TRY(judge_person(change, i, &people->person[i]));
    return ERR_OK;
}

static enum err read_enrolments(struct change *change, struct people *people) {
    for (size_t i = 0; i < people->count; i++)
        ERR_TRY(enrolment_read(change, i, people->person[i].records, &people->enrolled[i]));
    return ERR_OK;
}

/* ---- lookup keys ---- */

static enum err hash_identifier(struct change *change, struct people *people,
                                const char *identifier) {
    char salt[SALT_SIZE];
    enum err err = registry_salt(change->provd->registry, identifier_salt_modulo(identifier), salt);
    if (err == ERR_OK)
        err = identifier_hash(identifier, salt, people->id_hash[people->identifier_count]);
    secret_wipe(salt, sizeof salt);
    people->identifier_count++;
    return change_registry(change, err);
}

static enum err hash_identifiers(struct change *change, struct people *people) {
    for (size_t i = 0; i < people->count; i++) {
        const struct officer_person *person = &people->person[i];
        ERR_TRY(hash_identifier(change, people, person->identity.uin));
        for (size_t j = 0; j < person->vid_count; j++)
            ERR_TRY(hash_identifier(change, people, person->vids[j].vid));
    }
    return ERR_OK;
}

static void wipe_looked_up(struct hsm_looked_up *looked_up) {
    secret_wipe(looked_up, sizeof *looked_up);
}

/* One batch of the signer, from identifier ${first} on. ERR_LIMIT: its rate ceiling. */
static enum err look_up_batch(struct change *change, struct people *people, size_t first,
                              size_t count) {
    static uint8_t memory[sizeof(struct hsm_lookup) + 64];
    struct hsm_lookup question = {.count = count};
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct bytes written;
    SECRET(answer);
    memcpy(question.id_hash, people->id_hash[first], count * IDENTIFIER_HASH_BYTES);
    hsm_wire_put_lookup(&buffer, &question);
    ERR_TRY(buffer_end(&buffer, &written));
    if (provd_peers_ask_signer(change->provd->peers, HSM_LOOKUP, written, &answer) != ERR_OK)
        return change_refuse(change, ERR_UNAVAILABLE, OFFICER_REASON_SIGNER, NULL);
    __attribute__((cleanup(wipe_looked_up))) struct hsm_looked_up looked_up;
    enum err err = hsm_wire_get_looked_up(secret_view(&answer), &looked_up);
    if (err == ERR_OK)
        err = looked_up.receipt.status;
    if (err == ERR_OK && looked_up.count != count)
        err = ERR_MALFORMED;
    if (err != ERR_OK)
        return change_refuse(change, err, OFFICER_REASON_TOKEN, err_text(err));
    for (size_t i = 0; i < count; i++)
        memcpy(people->lookup_key[first + i], looked_up.lookup[i].of[0].key, IDENTITY_LOOKUP_BYTES);
    return ERR_OK;
}

static enum err look_up_patiently(struct change *change, struct people *people, size_t first,
                                  size_t count) {
    enum err err = look_up_batch(change, people, first, count);
    for (int waits = 0; err == ERR_LIMIT && waits < RATE_WAITS_MAX; waits++) {
        ERR_TRY(provd_peers_wait(change->provd->peers, RATE_WAIT_MS));
        err = look_up_batch(change, people, first, count);
    }
    if (err == ERR_OK)
        change->outcome = (struct officer_outcome){0}; /* what an earlier attempt left */
    return err;
}

/* An identifier that comes twice in one batch would escape the checks against stored rows. */
static enum err refuse_doubles(struct change *change, const struct people *people) {
    const size_t key_bytes = sizeof people->lookup_key[0];
    size_t next_key = 0;
    for (size_t i = 0; i < people->count; i++) {
        for (size_t j = 0; j <= people->person[i].vid_count; j++, next_key++)
            for (size_t k = 0; k < next_key; k++)
                if (memcmp(people->lookup_key[k], people->lookup_key[next_key], key_bytes) == 0)
                    return refuse_person(change, i, OFFICER_REASON_TWICE, j == 0 ? "uin" : "vids");
    }
    return ERR_OK;
}

static enum err look_up_all(struct change *change, struct people *people) {
    ERR_TRY(hash_identifiers(change, people));
    for (size_t first = 0; first < people->identifier_count;) {
        size_t count = people->identifier_count - first;
        if (count > HSM_LOOKUP_BATCH_MAX)
            count = HSM_LOOKUP_BATCH_MAX;
        ERR_TRY(look_up_patiently(change, people, first, count));
        first += count;
    }
    return refuse_doubles(change, people);
}

/* ---- rows ---- */

/* A person seen before keeps their audit salt, so that the journal still speaks of the same one. */
static enum err fill_identity(struct change *change, const struct people *people,
                              const uint8_t *lookup_key, struct identity *identity) {
    const struct national *national = &people->national;
    IDENTITY_CLEANUP struct identity *known = NULL;
    enum err err = registry_identity(change->provd->registry, lookup_key, &known);
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

/* A VID seen before keeps its id, under which the ledger counts its uses. */
static enum err fill_alias(struct change *change, size_t index, const uint8_t *person_key,
                           const uint8_t *vid_key, struct alias *alias) {
    struct alias known;
    memcpy(alias->lookup_key, person_key, sizeof alias->lookup_key);
    enum err err = registry_alias(change->provd->registry, vid_key, &known);
    if (err == ERR_NOT_FOUND || err == ERR_CORRUPT) {
        randombytes_buf(alias->alias_id, sizeof alias->alias_id);
        return ERR_OK;
    }
    ERR_TRY(change_registry(change, err));
    if (memcmp(known.lookup_key, person_key, sizeof known.lookup_key) != 0)
        return refuse_person(change, index, OFFICER_REASON_VID_TAKEN, "vids");
    memcpy(alias->alias_id, known.alias_id, sizeof alias->alias_id);
    return ERR_OK;
}

static enum err put_vids(struct change *change, struct registry_batch *batch, size_t index,
                         const struct officer_person *person,
                         const uint8_t (*keys)[IDENTITY_LOOKUP_BYTES]) {
    for (size_t i = 0; i < person->vid_count; i++) {
        const struct officer_vid *vid = &person->vids[i];
        struct alias alias = {.type = vid->type,
                              .pepper = 1,
                              .revoked = vid->revoked,
                              .expires_ms = vid->expires_ms,
                              .uses = vid->uses};
        ERR_TRY(fill_alias(change, index, keys[0], keys[1 + i], &alias));
        registry_put_alias(batch, keys[1 + i], &alias);
    }
    return ERR_OK;
}

static enum err put_hotlist(struct change *change, struct registry_batch *batch,
                            const uint8_t *lookup_key, const struct officer_person *person) {
    struct bytes id = bytes_of(lookup_key, IDENTITY_LOOKUP_BYTES);
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

static enum err put_all(struct change *change, struct people *people,
                        struct registry_batch *batch) {
    size_t next_key = 0;
    for (size_t i = 0; i < people->count; i++) {
        struct officer_person *person = &people->person[i];
        const uint8_t(*keys)[IDENTITY_LOOKUP_BYTES] = &people->lookup_key[next_key];
        ERR_TRY(fill_identity(change, people, keys[0], &person->identity));
        registry_put_identity(batch, keys[0], &person->identity);
        if (batch->txn.err == ERR_FULL)
            return refuse_person(change, i, OFFICER_REASON_PERSON, "attributes");
        registry_put_photo(batch, keys[0], person->photo);
        registry_put_biometrics(batch, keys[0], secret_view(&people->enrolled[i]));
        ERR_TRY(put_vids(change, batch, i, person, keys));
        ERR_TRY(put_hotlist(change, batch, keys[0], person));
        next_key += 1 + person->vid_count;
    }
    return ERR_OK;
}

static enum err put_people(struct change *change, struct people *people) {
    char subject[32];
    ERR_TRY(take_people(change, people));
    ERR_TRY(change_registry(change, registry_national(change->provd->registry, &people->national)));
    ERR_TRY(look_up_all(change, people));
    ERR_TRY(read_enrolments(change, people));
    (void)snprintf(subject, sizeof subject, "people=%zu", people->count);
    ERR_TRY(change_record(change, subject));
    struct registry_batch batch = registry_begin(change->provd->registry);
    enum err err = put_all(change, people, &batch);
    if (err != ERR_OK) {
        registry_abort(&batch);
        return err;
    }
    ERR_TRY(change_commit(change, &batch));
    change->outcome.count = (uint32_t)people->count;
    return ERR_OK;
}

enum err people_put(struct change *change) {
    __attribute__((cleanup(free_people))) struct secret memory = {0};
    enum err err = secret_new(&memory, sizeof(struct people));
    if (err != ERR_OK)
        return change_registry(change, err);
    return put_people(change, (struct people *)(void *)memory.data);
}
