#include "firmware/base/secret.h"
#include "provisioning/officer_wire.h"

static const char *const reason_texts[OFFICER_REASON_COUNT] = {
    [OFFICER_REASON_NONE] = "none",
    [OFFICER_REASON_STATE] = "state",
    [OFFICER_REASON_NO_KEYS] = "no-keys",
    [OFFICER_REASON_CORE] = "core-unavailable",
    [OFFICER_REASON_SIGNER] = "no-signer",
    [OFFICER_REASON_TOKEN] = "token-refused",
    [OFFICER_REASON_ROOTS] = "roots-not-opened",
    [OFFICER_REASON_UNSEAL] = "unseal-unavailable",
    [OFFICER_REASON_REGISTRY] = "registry-failed",
    [OFFICER_REASON_VALUE] = "value-not-allowed",
    [OFFICER_REASON_UNKNOWN] = "not-registered",
    [OFFICER_REASON_CERTIFICATE] = "certificate-unreadable",
    [OFFICER_REASON_CERTIFICATE_EXPIRED] = "certificate-expired",
    [OFFICER_REASON_CERTIFICATE_UNTRUSTED] = "certificate-untrusted",
    [OFFICER_REASON_CERTIFICATE_WEAK] = "certificate-weak",
    [OFFICER_REASON_CERTIFICATE_NOT_AUTHORITY] = "certificate-not-authority",
    [OFFICER_REASON_ANCHORS_FULL] = "anchors-full",
    [OFFICER_REASON_PERSON] = "person-not-allowed",
    [OFFICER_REASON_VID_TAKEN] = "vid-taken",
    [OFFICER_REASON_TWICE] = "identifier-twice",
    [OFFICER_REASON_CERTIFICATE_NOT_P256] = "certificate-not-p256",
    [OFFICER_REASON_KEY_TWICE] = "key-twice",
    [OFFICER_REASON_KEY_TAKEN] = "key-taken",
    [OFFICER_REASON_CLIENTS_FULL] = "clients-full",
};

const char *officer_wire_reason_text(enum officer_reason reason) {
    return reason < OFFICER_REASON_COUNT ? reason_texts[reason] : "unknown";
}

/* Enumerations are a byte each. Outside ${least}..${most} the cursor fails. */
static unsigned take_choice(struct cursor *cursor, unsigned least, unsigned most) {
    unsigned value = cursor_u8(cursor);
    if (cursor->err == ERR_OK && (value < least || value > most))
        cursor->err = ERR_MALFORMED;
    return cursor->err == ERR_OK ? value : least;
}

static size_t take_count(struct cursor *cursor, size_t most) {
    size_t count = cursor_u16(cursor);
    if (cursor->err == ERR_OK && count > most)
        cursor->err = ERR_TOO_LARGE;
    return cursor->err == ERR_OK ? count : 0;
}

static void put_outcome(struct buffer *target, const struct officer_outcome *outcome) {
    buffer_u8(target, (uint8_t)outcome->status);
    buffer_u8(target, (uint8_t)outcome->reason);
    buffer_u32(target, outcome->count);
    buffer_text(target, outcome->detail);
}

static void take_outcome(struct cursor *cursor, struct officer_outcome *outcome) {
    outcome->status = take_choice(cursor, ERR_OK, ERR_SYSTEM);
    outcome->reason = take_choice(cursor, OFFICER_REASON_NONE, OFFICER_REASON_COUNT - 1);
    outcome->count = cursor_u32(cursor);
    cursor_text(cursor, outcome->detail, sizeof outcome->detail);
    for (const char *at = outcome->detail; *at != '\0'; at++)
        if (*at < 0x20 || *at > 0x7e)
            cursor->err = ERR_MALFORMED;
}

void officer_wire_put_outcome(struct buffer *target, const struct officer_outcome *outcome) {
    put_outcome(target, outcome);
}

enum err officer_wire_get_outcome(struct bytes payload, struct officer_outcome *outcome) {
    *outcome = (struct officer_outcome){.status = ERR_UNAVAILABLE};
    struct cursor cursor = cursor_over(payload);
    take_outcome(&cursor, outcome);
    return cursor_end(&cursor);
}

void officer_wire_put_trust(struct buffer *target, const struct officer_trust *question) {
    buffer_text(target, question->domain);
    buffer_block(target, question->certificate);
}

enum err officer_wire_get_trust(struct bytes payload, struct officer_trust *question) {
    *question = (struct officer_trust){0};
    struct cursor cursor = cursor_over(payload);
    cursor_text(&cursor, question->domain, sizeof question->domain);
    question->certificate = cursor_block(&cursor, OFFICER_CERTIFICATE_MAX);
    return cursor_end(&cursor);
}

static enum programme_status take_status(struct cursor *cursor) {
    return take_choice(cursor, STATUS_ACTIVE, STATUS_DELETED);
}

void officer_wire_put_partner(struct buffer *target, const struct officer_partner *question) {
    buffer_text(target, question->id);
    buffer_text(target, question->name);
    buffer_u8(target, (uint8_t)question->status);
    buffer_block(target, question->certificate);
}

enum err officer_wire_get_partner(struct bytes payload, struct officer_partner *question) {
    *question = (struct officer_partner){0};
    struct cursor cursor = cursor_over(payload);
    cursor_text(&cursor, question->id, sizeof question->id);
    cursor_text(&cursor, question->name, sizeof question->name);
    question->status = take_status(&cursor);
    question->certificate = cursor_block(&cursor, OFFICER_CERTIFICATE_MAX);
    return cursor_end(&cursor);
}

void officer_wire_put_partner_status(struct buffer *target,
                                     const struct officer_partner_status *question) {
    buffer_text(target, question->id);
    buffer_u8(target, (uint8_t)question->status);
}

enum err officer_wire_get_partner_status(struct bytes payload,
                                         struct officer_partner_status *question) {
    *question = (struct officer_partner_status){0};
    struct cursor cursor = cursor_over(payload);
    cursor_text(&cursor, question->id, sizeof question->id);
    question->status = take_status(&cursor);
    return cursor_end(&cursor);
}

void officer_wire_put_policy(struct buffer *target, const struct policy *question) {
    buffer_text(target, question->id);
    buffer_text(target, question->name);
    buffer_u8(target, (uint8_t)question->status);
    buffer_i64(target, question->commences_ms);
    buffer_i64(target, question->expires_ms);
    buffer_u32(target, question->allowed);
    buffer_u32(target, question->mandatory);
    buffer_u8(target, (uint8_t)question->token_type);
    buffer_bool(target, question->uniform);
    buffer_bool(target, question->tells_person);
    buffer_u32(target, question->failures_an_hour);
    buffer_u16(target, (uint16_t)question->attribute_count);
    for (size_t i = 0; i < question->attribute_count; i++) {
        buffer_text(target, question->attributes[i].name);
        buffer_bool(target, question->attributes[i].masked);
    }
    buffer_u16(target, (uint16_t)question->language_count);
    for (size_t i = 0; i < question->language_count; i++)
        buffer_text(target, question->languages[i]);
    buffer_bool(target, question->unsigned_requests);
}

enum err officer_wire_get_policy(struct bytes payload, struct policy *question) {
    *question = (struct policy){0};
    struct cursor cursor = cursor_over(payload);
    cursor_text(&cursor, question->id, sizeof question->id);
    cursor_text(&cursor, question->name, sizeof question->name);
    question->status = take_status(&cursor);
    question->commences_ms = cursor_i64(&cursor);
    question->expires_ms = cursor_i64(&cursor);
    question->allowed = cursor_u32(&cursor);
    question->mandatory = cursor_u32(&cursor);
    question->token_type = take_choice(&cursor, AUTH_TOKEN_RANDOM, AUTH_TOKEN_POLICY);
    question->uniform = cursor_bool(&cursor);
    question->tells_person = cursor_bool(&cursor);
    question->failures_an_hour = cursor_u32(&cursor);
    question->attribute_count = take_count(&cursor, POLICY_ATTRIBUTES_MAX);
    for (size_t i = 0; i < question->attribute_count; i++) {
        struct policy_attribute *attribute = &question->attributes[i];
        cursor_text(&cursor, attribute->name, sizeof attribute->name);
        attribute->masked = cursor_bool(&cursor);
    }
    size_t most_languages = sizeof question->languages / sizeof *question->languages;
    question->language_count = take_count(&cursor, most_languages);
    for (size_t i = 0; i < question->language_count; i++)
        cursor_text(&cursor, question->languages[i], sizeof question->languages[i]);
    question->unsigned_requests = cursor_bool(&cursor);
    return cursor_end(&cursor);
}

void officer_wire_put_api_key(struct buffer *target, const struct officer_api_key *question) {
    buffer_text(target, question->row.partner_id);
    buffer_text(target, question->row.policy_id);
    buffer_u8(target, (uint8_t)question->row.status);
    buffer_i64(target, question->row.commences_ms);
    buffer_i64(target, question->row.expires_ms);
    buffer_block(target, question->key);
}

enum err officer_wire_get_api_key(struct bytes payload, struct officer_api_key *question) {
    *question = (struct officer_api_key){0};
    struct cursor cursor = cursor_over(payload);
    struct api_key *row = &question->row;
    cursor_text(&cursor, row->partner_id, sizeof row->partner_id);
    cursor_text(&cursor, row->policy_id, sizeof row->policy_id);
    row->status = take_status(&cursor);
    row->commences_ms = cursor_i64(&cursor);
    row->expires_ms = cursor_i64(&cursor);
    question->key = cursor_block(&cursor, OFFICER_KEY_SIZE - 1);
    return cursor_end(&cursor);
}

void officer_wire_put_misp(struct buffer *target, const struct officer_misp *question) {
    buffer_text(target, question->row.id);
    buffer_u8(target, (uint8_t)question->row.status);
    buffer_i64(target, question->row.commences_ms);
    buffer_i64(target, question->row.expires_ms);
    buffer_block(target, question->licence_key);
}

enum err officer_wire_get_misp(struct bytes payload, struct officer_misp *question) {
    *question = (struct officer_misp){0};
    struct cursor cursor = cursor_over(payload);
    struct misp *row = &question->row;
    cursor_text(&cursor, row->id, sizeof row->id);
    row->status = take_status(&cursor);
    row->commences_ms = cursor_i64(&cursor);
    row->expires_ms = cursor_i64(&cursor);
    question->licence_key = cursor_block(&cursor, OFFICER_KEY_SIZE - 1);
    return cursor_end(&cursor);
}

void officer_wire_put_publication(struct buffer *target, const struct officer_publication *answer) {
    put_outcome(target, &answer->outcome);
    buffer_block(target, answer->jwks);
    buffer_block(target, answer->partner_pem);
    buffer_block(target, answer->ida_fir_pem);
    buffer_block(target, answer->sign_pem);
    buffer_block(target, answer->root_pem);
}

enum err officer_wire_get_publication(struct bytes payload, struct officer_publication *answer) {
    *answer = (struct officer_publication){.outcome.status = ERR_UNAVAILABLE};
    struct cursor cursor = cursor_over(payload);
    take_outcome(&cursor, &answer->outcome);
    answer->jwks = cursor_block(&cursor, OFFICER_JWKS_MAX);
    answer->partner_pem = cursor_block(&cursor, OFFICER_PEM_MAX);
    answer->ida_fir_pem = cursor_block(&cursor, OFFICER_PEM_MAX);
    answer->sign_pem = cursor_block(&cursor, OFFICER_PEM_MAX);
    answer->root_pem = cursor_block(&cursor, OFFICER_PEM_MAX);
    return cursor_end(&cursor);
}

/* The counts of a box, in their order on the wire. */
static uint64_t *box_count(struct officer_box *box, size_t index) {
    uint64_t *const counts[] = {
        &box->registry_sequence, &box->people, &box->vids,    &box->partners, &box->policies,
        &box->api_keys,          &box->misps,  &box->anchors, &box->salts,    &box->jose_clients};
    return index < sizeof counts / sizeof *counts ? counts[index] : NULL;
}

void officer_wire_put_box(struct buffer *target, const struct officer_box *answer) {
    struct officer_box box = *answer;
    put_outcome(target, &box.outcome);
    buffer_u8(target, (uint8_t)box.state);
    buffer_bool(target, box.core_up);
    buffer_bool(target, box.unseal_up);
    buffer_u16(target, box.signers_up);
    buffer_u16(target, box.signers);
    buffer_u16(target, box.record_generation);
    for (size_t i = 0; box_count(&box, i) != NULL; i++)
        buffer_u64(target, *box_count(&box, i));
}

enum err officer_wire_get_box(struct bytes payload, struct officer_box *answer) {
    *answer = (struct officer_box){.outcome.status = ERR_UNAVAILABLE};
    struct cursor cursor = cursor_over(payload);
    take_outcome(&cursor, &answer->outcome);
    answer->state = take_choice(&cursor, BOX_UNPROVISIONED, BOX_DEGRADED);
    answer->core_up = cursor_bool(&cursor);
    answer->unseal_up = cursor_bool(&cursor);
    answer->signers_up = cursor_u16(&cursor);
    answer->signers = cursor_u16(&cursor);
    answer->record_generation = cursor_u16(&cursor);
    for (size_t i = 0; box_count(answer, i) != NULL; i++)
        *box_count(answer, i) = cursor_u64(&cursor);
    return cursor_end(&cursor);
}

static void put_vid(struct buffer *target, const struct officer_vid *vid) {
    buffer_text(target, vid->vid);
    buffer_u8(target, (uint8_t)vid->type);
    buffer_bool(target, vid->revoked);
    buffer_i64(target, vid->expires_ms);
    buffer_u32(target, vid->uses);
}

static void take_vid(struct cursor *cursor, struct officer_vid *vid) {
    cursor_text(cursor, vid->vid, sizeof vid->vid);
    vid->type = take_choice(cursor, ALIAS_PERPETUAL, ALIAS_ONE_TIME);
    vid->revoked = cursor_bool(cursor);
    vid->expires_ms = cursor_i64(cursor);
    vid->uses = cursor_u32(cursor);
}

static void put_person(struct buffer *target, const struct officer_person *person) {
    const struct identity *identity = &person->identity;
    buffer_text(target, identity->uin);
    buffer_bool(target, identity->deactivated);
    buffer_i64(target, identity->expires_ms);
    buffer_u32(target, identity->locks);
    buffer_u16(target, (uint16_t)identity->birth_year);
    buffer_u8(target, identity->birth_month);
    buffer_u8(target, identity->birth_day);
    buffer_text(target, identity->phone);
    buffer_text(target, identity->email);
    buffer_text(target, identity->language);
    buffer_u16(target, (uint16_t)identity->attribute_count);
    for (size_t i = 0; i < identity->attribute_count; i++) {
        buffer_block(target, identity->attributes[i].name);
        buffer_text(target, identity->attributes[i].language);
        buffer_block(target, identity->attributes[i].value);
    }
    buffer_block(target, person->photo);
    buffer_bool(target, person->hotlisted);
    buffer_i64(target, person->hotlisted_until_ms);
    buffer_u16(target, (uint16_t)person->vid_count);
    for (size_t i = 0; i < person->vid_count; i++)
        put_vid(target, &person->vids[i]);
}

static void take_identity(struct cursor *cursor, struct identity *identity) {
    cursor_text(cursor, identity->uin, sizeof identity->uin);
    identity->deactivated = cursor_bool(cursor);
    identity->expires_ms = cursor_i64(cursor);
    identity->locks = cursor_u32(cursor);
    identity->birth_year = (int16_t)cursor_u16(cursor);
    identity->birth_month = cursor_u8(cursor);
    identity->birth_day = cursor_u8(cursor);
    cursor_text(cursor, identity->phone, sizeof identity->phone);
    cursor_text(cursor, identity->email, sizeof identity->email);
    cursor_text(cursor, identity->language, sizeof identity->language);
    identity->attribute_count = take_count(cursor, IDENTITY_ATTRIBUTES_MAX);
    for (size_t i = 0; i < identity->attribute_count; i++) {
        struct identity_attribute *attribute = &identity->attributes[i];
        attribute->name = cursor_block(cursor, IDENTITY_PLAIN_MAX);
        cursor_text(cursor, attribute->language, sizeof attribute->language);
        attribute->value = cursor_block(cursor, IDENTITY_PLAIN_MAX);
    }
}

static void wipe_encoded(uint8_t (*encoded)[OFFICER_PERSON_MAX]) {
    secret_wipe(*encoded, sizeof *encoded);
}

enum err officer_wire_add_person(struct buffer *people, const struct officer_person *person) {
    __attribute__((cleanup(wipe_encoded))) uint8_t encoded[OFFICER_PERSON_MAX];
    struct buffer buffer = buffer_over(encoded, sizeof encoded);
    put_person(&buffer, person);
    struct bytes written;
    if (buffer_end(&buffer, &written) != ERR_OK)
        return ERR_TOO_LARGE;
    buffer_block(people, written);
    return people->err;
}

enum err officer_wire_take_person(struct cursor *people, struct officer_person *person) {
    *person = (struct officer_person){0};
    struct bytes encoded = cursor_block(people, OFFICER_PERSON_MAX);
    ERR_TRY(people->err);
    struct cursor cursor = cursor_over(encoded);
    take_identity(&cursor, &person->identity);
    person->photo = cursor_block(&cursor, PHOTO_BYTES_MAX);
    person->hotlisted = cursor_bool(&cursor);
    person->hotlisted_until_ms = cursor_i64(&cursor);
    person->vid_count = take_count(&cursor, OFFICER_VIDS_MAX);
    for (size_t i = 0; i < person->vid_count; i++)
        take_vid(&cursor, &person->vids[i]);
    people->err = cursor_end(&cursor);
    return people->err;
}
