#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "provisioning/box_anchors.h"
#include "provisioning/programmes.h"
#include "provisioning/thresholds.h"
#include "provisioning/values.h"

/* ---- authorities ---- */

enum err programmes_trust_add(struct change *change) {
    struct officer_trust question;
    struct unseal_certificate_read read;
    CERTIFICATES_CLEANUP struct certificates_anchors *anchors = NULL;
    char subject[OFFICER_DOMAIN_SIZE + 40], hex[2 * 16 + 1];
    uint8_t thumbprint[32];
    SECRET(answer);
    ERR_TRY(officer_wire_get_trust(change->payload, &question));
    ERR_TRY(change_require(change, values_domain(question.domain), "domain"));
    const struct certificates_question asked = {.encoded = question.certificate};
    ERR_TRY(certificates_read(change, &asked, &answer, &read));
    if (!read.is_authority)
        return change_refuse(change, ERR_DENIED, OFFICER_REASON_CERTIFICATE_NOT_AUTHORITY, NULL);
    if (read.der.len > CERTIFICATES_ANCHOR_MAX)
        return change_refuse(change, ERR_TOO_LARGE, OFFICER_REASON_CERTIFICATE, "size");
    ERR_TRY(certificates_load_anchors(change, question.domain, &anchors));
    bool known = false;
    for (size_t i = 0; i < anchors->count; i++)
        known |= bytes_equal(anchors->der[i], read.der);
    if (!known && anchors->count == CERTIFICATES_ANCHORS_MAX)
        return change_refuse(change, ERR_FULL, OFFICER_REASON_ANCHORS_FULL, NULL);

    (void)crypto_hash_sha256(thumbprint, read.der.data, read.der.len);
    (void)sodium_bin2hex(hex, sizeof hex, thumbprint, 16);
    (void)snprintf(subject, sizeof subject, "%s %s", question.domain, hex);
    ERR_TRY(change_record(change, subject));
    struct registry_batch batch = registry_begin(change->provd->registry);
    registry_put_anchor(&batch, question.domain, thumbprint, read.der);
    return change_commit(change, &batch);
}

/* ---- partners ---- */

enum err programmes_fill_certificate(struct change *change,
                                     const struct unseal_certificate_read *read,
                                     struct partner *partner) {
    if (read->der.len > sizeof partner->certificate || read->public_key.len > PARTNER_KEY_MAX)
        return change_refuse(change, ERR_TOO_LARGE, OFFICER_REASON_CERTIFICATE, "size");
    partner->has_certificate = true;
    memcpy(partner->certificate_thumbprint, read->thumbprint, sizeof read->thumbprint);
    partner->certificate_not_before_ms = read->not_before_ms;
    partner->certificate_not_after_ms = read->not_after_ms;
    partner->public_key_len = (uint16_t)read->public_key.len;
    memcpy(partner->public_key, read->public_key.data, read->public_key.len);
    partner->certificate_len = (uint16_t)read->der.len;
    memcpy(partner->certificate, read->der.data, read->der.len);
    return ERR_OK;
}

static enum err put_partner(struct change *change, const struct partner *partner) {
    ERR_TRY(change_record(change, partner->id));
    struct registry_batch batch = registry_begin(change->provd->registry);
    registry_put_partner(&batch, partner);
    return change_commit(change, &batch);
}

enum err programmes_partner_add(struct change *change) {
    struct officer_partner question;
    struct unseal_certificate_read read;
    CERTIFICATES_CLEANUP struct certificates_anchors *anchors = NULL;
    struct partner partner = {0};
    SECRET(answer);
    ERR_TRY(officer_wire_get_partner(change->payload, &question));
    ERR_TRY(change_require(change, values_id(question.id), "id"));
    ERR_TRY(change_require(change, values_name(bytes_of_text(question.name)), "name"));
    ERR_TRY(certificates_load_anchors(change, BOX_ANCHORS_PROGRAMMES, &anchors));
    /* Without an anchor unseal would read it and not judge its path. */
    if (anchors->count == 0)
        return change_refuse(change, ERR_CRYPTO, OFFICER_REASON_CERTIFICATE_UNTRUSTED, NULL);
    const struct certificates_question asked = {.encoded = question.certificate,
                                                .anchors = anchors};
    ERR_TRY(certificates_read(change, &asked, &answer, &read));
    memcpy(partner.id, question.id, sizeof partner.id);
    memcpy(partner.name, question.name, sizeof partner.name);
    partner.status = question.status;
    ERR_TRY(programmes_fill_certificate(change, &read, &partner));
    return put_partner(change, &partner);
}

/* Gives ERR_OK when ${found} is; refuses with the field that names what is not registered. */
static enum err require_found(struct change *change, enum err found, const char *field) {
    if (found == ERR_NOT_FOUND)
        return change_refuse(change, found, OFFICER_REASON_UNKNOWN, field);
    return change_registry(change, found);
}

enum err programmes_partner_status(struct change *change) {
    struct officer_partner_status question;
    struct partner partner;
    ERR_TRY(officer_wire_get_partner_status(change->payload, &question));
    ERR_TRY(change_require(change, values_id(question.id), "id"));
    ERR_TRY(require_found(change, registry_partner(change->provd->registry, question.id, &partner),
                          "id"));
    partner.status = question.status;
    return put_partner(change, &partner);
}

/* ---- policies ---- */

static enum err judge_policy(struct change *change, const struct policy *policy) {
    const uint32_t every_type = AUTH_TYPE_BIT(AUTH_TYPE_COUNT) - 1;
    enum err unknown_type = (policy->allowed & ~every_type) != 0 ? ERR_MALFORMED : ERR_OK;
    enum err not_allowed = (policy->mandatory & ~policy->allowed) != 0 ? ERR_MALFORMED : ERR_OK;
    ERR_TRY(change_require(change, values_id(policy->id), "id"));
    ERR_TRY(change_require(change, values_name(bytes_of_text(policy->name)), "name"));
    ERR_TRY(
        change_require(change, values_period(policy->commences_ms, policy->expires_ms), "expires"));
    ERR_TRY(change_require(change, unknown_type, "allowedAuthTypes"));
    ERR_TRY(change_require(change, not_allowed, "mandatory"));
    for (size_t i = 0; i < policy->attribute_count; i++)
        ERR_TRY(change_require(change, values_id(policy->attributes[i].name), "attributeName"));
    for (size_t i = 0; i < policy->language_count; i++)
        ERR_TRY(change_require(change, values_language(policy->languages[i]), "kycLanguages"));
    return ERR_OK;
}

enum err programmes_policy_add(struct change *change) {
    struct policy policy;
    ERR_TRY(officer_wire_get_policy(change->payload, &policy));
    ERR_TRY(judge_policy(change, &policy));
    ERR_TRY(thresholds_judge(change, &policy));
    ERR_TRY(change_record(change, policy.id));
    struct registry_batch batch = registry_begin(change->provd->registry);
    registry_put_policy(&batch, &policy);
    return change_commit(change, &batch);
}

/* ---- keys of programmes: views of the question until they are hashed ---- */

/* The key as a C string in secret memory. */
static enum err key_text(struct change *change, struct bytes key, struct secret *text) {
    ERR_TRY(change_require(change, values_key(key), "key"));
    ERR_TRY(change_registry(change, secret_new(text, key.len + 1)));
    memcpy(text->data, key.data, key.len);
    return ERR_OK;
}

enum err programmes_api_key_add(struct change *change) {
    struct officer_api_key question;
    struct partner partner;
    struct policy policy;
    char subject[2 * PROGRAMME_ID_SIZE];
    SECRET(text);
    ERR_TRY(officer_wire_get_api_key(change->payload, &question));
    struct api_key *row = &question.row;
    struct registry *registry = change->provd->registry;
    ERR_TRY(change_require(change, values_id(row->partner_id), "partner"));
    ERR_TRY(change_require(change, values_id(row->policy_id), "policy"));
    ERR_TRY(change_require(change, values_period(row->commences_ms, row->expires_ms), "expires"));
    ERR_TRY(key_text(change, question.key, &text));
    ERR_TRY(
        require_found(change, registry_partner(registry, row->partner_id, &partner), "partner"));
    ERR_TRY(require_found(change, registry_policy(registry, row->policy_id, &policy), "policy"));

    (void)snprintf(subject, sizeof subject, "%s %s", row->partner_id, row->policy_id);
    ERR_TRY(change_record(change, subject));
    struct registry_batch batch = registry_begin(registry);
    registry_put_api_key(&batch, (const char *)text.data, row);
    return change_commit(change, &batch);
}

enum err programmes_misp_add(struct change *change) {
    struct officer_misp question;
    SECRET(text);
    ERR_TRY(officer_wire_get_misp(change->payload, &question));
    const struct misp *row = &question.row;
    ERR_TRY(change_require(change, values_id(row->id), "id"));
    ERR_TRY(change_require(change, values_period(row->commences_ms, row->expires_ms), "expires"));
    ERR_TRY(key_text(change, question.licence_key, &text));
    ERR_TRY(change_record(change, row->id));
    struct registry_batch batch = registry_begin(change->provd->registry);
    registry_put_misp(&batch, (const char *)text.data, row);
    return change_commit(change, &batch);
}
