#include "authd/wire/field.h"
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
    [OFFICER_REASON_RECORD] = "record-refused",
    [OFFICER_REASON_RECORD_FORMAT] = "record-format-not-accepted",
    [OFFICER_REASON_RECORD_IMAGE] = "record-is-image",
    [OFFICER_REASON_RECORD_PLUGIN] = "record-refused-by-plugin",
    [OFFICER_REASON_RECORD_MANY] = "too-many-records",
    [OFFICER_REASON_DOCUMENT] = "document-refused",
    [OFFICER_REASON_PLUGIN] = "plugin-unavailable",
    [OFFICER_REASON_CEILING] = "policy-above-ceiling",
    [OFFICER_REASON_RATE] = "rate-not-claimed",
    [OFFICER_REASON_KEY_STATE] = "key-state",
    [OFFICER_REASON_KEY_NEEDED] = "key-needed",
    [OFFICER_REASON_KEY_SUCCESSOR] = "key-successor",
    [OFFICER_REASON_KEY_USED] = "key-used",
    [OFFICER_REASON_KEY_UNCOUNTED] = "key-uncounted",
    [OFFICER_REASON_ROOT_STATE] = "root-state",
    [OFFICER_REASON_ROOT_LEFT] = "root-needed",
    [OFFICER_REASON_ROOT_FIRST] = "root-is-first",
    [OFFICER_REASON_ROOTS_FULL] = "roots-full",
    [OFFICER_REASON_ROOT_NONE] = "root-none",
    [OFFICER_REASON_PURPOSE] = "purpose-none",
    [OFFICER_REASON_TLS_NONE] = "no-tls-key",
    [OFFICER_REASON_TLS_KEY] = "tls-other-key",
    [OFFICER_REASON_TLS_SERVER] = "tls-not-for-server",
    [OFFICER_REASON_TLS_ISSUER] = "tls-not-issued-by-next",
    [OFFICER_REASON_TLS_PATH] = "tls-not-allowed-by-authority",
    [OFFICER_REASON_TLS_NAME] = "tls-name-missing",
    [OFFICER_REASON_REQUEST] = "request-unreadable",
    [OFFICER_REASON_REQUEST_UNSIGNED] = "request-not-by-its-key",
    [OFFICER_REASON_REQUEST_KEY] = "request-key",
    [OFFICER_REASON_ISSUE_UNKNOWN] = "programme-unknown",
    [OFFICER_REASON_NO_AUTHORITY] = "no-authority",
    [OFFICER_REASON_AUTHORITY_ENDS] = "authority-ends",
    [OFFICER_REASON_ISSUED_MANY] = "issued-many",
    [OFFICER_REASON_REPLACES] = "replaces",
    [OFFICER_REASON_ANCHOR_NONE] = "anchor-none",
    [OFFICER_REASON_NO_OFFICER] = "no-officer",
    [OFFICER_REASON_PLACES] = "places",
};

const char *officer_wire_reason_text(enum officer_reason reason) {
    return reason < OFFICER_REASON_COUNT ? reason_texts[reason] : "unknown";
}

void officer_wire_put_outcome(struct buffer *target, const struct officer_outcome *outcome) {
    buffer_u8(target, (uint8_t)outcome->status);
    buffer_u8(target, (uint8_t)outcome->reason);
    buffer_u32(target, outcome->count);
    buffer_text(target, outcome->detail);
}

static void take_outcome(struct cursor *cursor, struct officer_outcome *outcome) {
    outcome->status = field_enum(cursor, ERR_OK, ERR_SYSTEM);
    outcome->reason = field_enum(cursor, OFFICER_REASON_NONE, OFFICER_REASON_COUNT - 1);
    outcome->count = cursor_u32(cursor);
    cursor_text(cursor, outcome->detail, sizeof outcome->detail);
    for (const char *at = outcome->detail; *at != '\0'; at++)
        if (*at < 0x20 || *at > 0x7e)
            cursor->err = ERR_MALFORMED;
}

enum err officer_wire_get_outcome(struct bytes payload, struct officer_outcome *outcome) {
    *outcome = (struct officer_outcome){.status = ERR_UNAVAILABLE};
    struct officer_outcome read = *outcome;
    struct cursor cursor = cursor_over(payload);
    take_outcome(&cursor, &read);
    ERR_TRY(cursor_end(&cursor));
    *outcome = read;
    return ERR_OK;
}

void officer_wire_put_publication(struct buffer *target, const struct officer_publication *answer) {
    officer_wire_put_outcome(target, &answer->outcome);
    buffer_block(target, answer->jwks);
    buffer_block(target, answer->partner_pem);
    buffer_block(target, answer->ida_fir_pem);
    buffer_block(target, answer->sign_pem);
    buffer_block(target, answer->root_pem);
    buffer_u16(target, answer->partner_wrapped_by);
    buffer_u16(target, answer->ida_fir_wrapped_by);
    buffer_u16(target, answer->request_wrapped_by);
    buffer_text(target, answer->request_kid);
}

enum err officer_wire_get_publication(struct bytes payload, struct officer_publication *answer) {
    *answer = (struct officer_publication){.outcome.status = ERR_UNAVAILABLE};
    struct cursor cursor = cursor_over(payload);
    take_outcome(&cursor, &answer->outcome);
    answer->jwks = cursor_block(&cursor, OFFICER_JWKS_MAX);
    answer->partner_pem = cursor_block(&cursor, OFFICER_PEM_MAX);
    answer->ida_fir_pem = cursor_block(&cursor, OFFICER_PEM_MAX);
    answer->sign_pem = cursor_block(&cursor, OFFICER_PEM_MAX);
    answer->root_pem = cursor_block(&cursor, OFFICER_ROOTS_MAX);
    answer->partner_wrapped_by = cursor_u16(&cursor);
    answer->ida_fir_wrapped_by = cursor_u16(&cursor);
    answer->request_wrapped_by = cursor_u16(&cursor);
    cursor_text(&cursor, answer->request_kid, sizeof answer->request_kid);
    return cursor_end(&cursor);
}

/* The counts of a box, in their order on the wire. */
static uint64_t *box_count(struct officer_box *box, size_t index) {
    uint64_t *const counts[] = {&box->registry_sequence,
                                &box->people,
                                &box->vids,
                                &box->partners,
                                &box->policies,
                                &box->api_keys,
                                &box->misps,
                                &box->anchors,
                                &box->salts,
                                &box->jose_clients,
                                &box->enrolled,
                                &box->pepper.left,
                                &box->pepper.left_vids};
    return index < sizeof counts / sizeof *counts ? counts[index] : NULL;
}

void officer_wire_put_box(struct buffer *target, const struct officer_box *answer) {
    struct officer_box box = *answer;
    officer_wire_put_outcome(target, &box.outcome);
    buffer_u8(target, (uint8_t)box.state);
    buffer_bool(target, box.core_up);
    buffer_bool(target, box.unseal_up);
    buffer_u16(target, box.signers_up);
    buffer_u16(target, box.signers);
    buffer_u16(target, box.record_generation);
    for (size_t i = 0; box_count(&box, i) != NULL; i++)
        buffer_u64(target, *box_count(&box, i));
    buffer_u8(target, (uint8_t)box.roll.phase);
    buffer_u16(target, box.roll.from);
    buffer_u16(target, box.roll.to);
    buffer_u8(target, box.roll.percent);
    buffer_u64(target, box.roll.left);
    buffer_u8(target, (uint8_t)box.pepper.phase);
    buffer_u16(target, box.pepper.from);
    buffer_u16(target, box.pepper.to);
    buffer_u8(target, box.pepper.percent);
    buffer_u16(target, box.kek_generation);
}

enum err officer_wire_get_box(struct bytes payload, struct officer_box *answer) {
    *answer = (struct officer_box){.outcome.status = ERR_UNAVAILABLE};
    struct cursor cursor = cursor_over(payload);
    take_outcome(&cursor, &answer->outcome);
    answer->state = field_enum(&cursor, BOX_UNPROVISIONED, BOX_DEGRADED);
    answer->core_up = cursor_bool(&cursor);
    answer->unseal_up = cursor_bool(&cursor);
    answer->signers_up = cursor_u16(&cursor);
    answer->signers = cursor_u16(&cursor);
    answer->record_generation = cursor_u16(&cursor);
    for (size_t i = 0; box_count(answer, i) != NULL; i++)
        *box_count(answer, i) = cursor_u64(&cursor);
    answer->roll.phase = field_enum(&cursor, REGISTRY_ROLL_NONE, REGISTRY_ROLL_DONE);
    answer->roll.from = cursor_u16(&cursor);
    answer->roll.to = cursor_u16(&cursor);
    answer->roll.percent = field_enum(&cursor, 0, 100);
    answer->roll.left = cursor_u64(&cursor);
    answer->pepper.phase = field_enum(&cursor, REGISTRY_PEPPER_NONE, REGISTRY_PEPPER_DONE);
    answer->pepper.from = cursor_u16(&cursor);
    answer->pepper.to = cursor_u16(&cursor);
    answer->pepper.percent = field_enum(&cursor, 0, 100);
    answer->kek_generation = cursor_u16(&cursor);
    return cursor_end(&cursor);
}
