#include <stdio.h>
#include <string.h>

#include "authd/core/identifier.h"
#include "provisioning/enrolment.h"
#include "provisioning/people.h"
#include "provisioning/people_rows.h"
#include "provisioning/values.h"

#define LOCKS_ALL                                                                                  \
    (LOCK_OTP_PHONE | LOCK_OTP_EMAIL | LOCK_DEMO | LOCK_BIO_FINGER | LOCK_BIO_IRIS | LOCK_BIO_FACE)
#define RATE_WAIT_MS   100
#define RATE_WAITS_MAX 600 /* a minute under the signer's ceiling */

_Static_assert(HSM_ID_HASH_BYTES == IDENTIFIER_HASH_BYTES, "the signer takes the id hash");

static void free_people(struct secret *memory) {
    struct people *people = (struct people *)(void *)memory->data;
    for (size_t i = 0; people != NULL && i < people->count; i++)
        secret_free(&people->enrolled[i]);
    if (people != NULL)
        secret_free(&people->identifier_memory);
    secret_free(memory);
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
    return err == ERR_OK ? ERR_OK
                         : people_rows_refuse(change, index, OFFICER_REASON_PERSON, "vids");
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
            return people_rows_refuse(change, index, OFFICER_REASON_PERSON, checks[i].field);
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

static enum err hash_identifier(struct change *change, struct people *people, const char *text) {
    struct people_identifier *identifier = &people->identifier[people->identifier_count++];
    char salt[SALT_SIZE];
    enum err err = registry_salt(change->provd->registry, identifier_salt_modulo(text), salt);
    if (err == ERR_OK)
        err = identifier_hash(text, salt, identifier->id_hash);
    secret_wipe(salt, sizeof salt);
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

/* An identifier that comes twice in one batch would escape the checks against stored rows. */
static enum err refuse_doubles(struct change *change, const struct people *people) {
    const struct people_identifier *all = people->identifier;
    size_t next = 0;
    for (size_t i = 0; i < people->count; i++) {
        for (size_t j = 0; j <= people->person[i].vid_count; j++, next++)
            for (size_t k = 0; k < next; k++)
                if (memcmp(all[k].id_hash, all[next].id_hash, sizeof all[k].id_hash) == 0)
                    return people_rows_refuse(change, i, OFFICER_REASON_TWICE,
                                              j == 0 ? "uin" : "vids");
    }
    return ERR_OK;
}

/* Part of the identifiers, as a signer is asked for them. */
struct part {
    size_t first, count;
    uint8_t id_hashes[HSM_LOOKUP_BATCH_MAX][HSM_ID_HASH_BYTES];
    struct hsm_lookup_keys keys[HSM_LOOKUP_BATCH_MAX];
};

static void wipe_part(struct part *part) {
    secret_wipe(part, sizeof *part);
}

/*
 * ERR_LIMIT: by the signer's rate ceiling, or it does not know of a pepper that the registry has;
 * another one, or the same one soon, does.
 */
static enum err look_up_part(struct change *change, struct people *people,
                             const struct registry_pepper *pepper, struct part *part) {
    struct people_identifier *identifier = &people->identifier[part->first];
    for (size_t i = 0; i < part->count; i++)
        memcpy(part->id_hashes[i], identifier[i].id_hash, sizeof part->id_hashes[i]);
    ERR_TRY(lookups_ask(change, part->id_hashes, part->count, part->keys));
    if (part->first == 0)
        people->peppers = lookups_peppers(pepper, &part->keys[0]);
    for (size_t i = 0; i < part->count; i++) {
        if (!lookups_suffice(&part->keys[i], people->peppers))
            return change_refuse(change, ERR_LIMIT, OFFICER_REASON_TOKEN, "pepper");
        identifier[i].keys = part->keys[i];
    }
    return ERR_OK;
}

static enum err look_up_patiently(struct change *change, struct people *people,
                                  const struct registry_pepper *pepper, struct part *part) {
    enum err err = look_up_part(change, people, pepper, part);
    for (int waits = 0; err == ERR_LIMIT && waits < RATE_WAITS_MAX; waits++) {
        ERR_TRY(provd_peers_wait(change->provd->peers, RATE_WAIT_MS));
        err = look_up_part(change, people, pepper, part);
    }
    if (err == ERR_OK)
        change->outcome = (struct officer_outcome){0}; /* what an earlier attempt left */
    return err;
}

static enum err look_up_all(struct change *change, struct people *people) {
    __attribute__((cleanup(wipe_part))) struct part part = {0};
    struct registry_pepper pepper;
    ERR_TRY(change_registry(change, registry_pepper_get(change->provd->registry, &pepper)));
    ERR_TRY(hash_identifiers(change, people));
    ERR_TRY(refuse_doubles(change, people));
    for (; part.first < people->identifier_count; part.first += part.count) {
        part.count = people->identifier_count - part.first;
        if (part.count > HSM_LOOKUP_BATCH_MAX)
            part.count = HSM_LOOKUP_BATCH_MAX;
        ERR_TRY(look_up_patiently(change, people, &pepper, &part));
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
    enum err err = people_rows_put(change, people, &batch);
    if (err != ERR_OK) {
        registry_abort(&batch);
        return err;
    }
    ERR_TRY(change_commit(change, &batch));
    change->outcome.count = (uint32_t)people->count;
    return ERR_OK;
}

static enum err make_people(struct secret *memory) {
    ERR_TRY(secret_new(memory, sizeof(struct people)));
    struct people *people = (struct people *)(void *)memory->data;
    ERR_TRY(secret_new(&people->identifier_memory,
                       PEOPLE_IDENTIFIERS_MAX * sizeof *people->identifier));
    people->identifier = (struct people_identifier *)(void *)people->identifier_memory.data;
    return ERR_OK;
}

enum err people_put(struct change *change) {
    __attribute__((cleanup(free_people))) struct secret memory = {0};
    ERR_TRY(change_registry(change, make_people(&memory)));
    return put_people(change, (struct people *)(void *)memory.data);
}
