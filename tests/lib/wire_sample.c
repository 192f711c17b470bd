#include <stdio.h>
#include <string.h>

#include "tests/lib/wire_sample.h"

static struct bytes view(const char *text) {
    return bytes_of_text(text);
}

static struct bytes zeroes(size_t len) {
    static const uint8_t zero[EDGE_BODY_MAX + 1];
    return bytes_of(zero, len);
}
struct edge_request wire_sample_request(void) {
    return (struct edge_request){
        .method = EDGE_POST,
        .path = view("/idauthentication/v1/auth/misp/partner/key"),
        .has_signature = true,
        .signature = view("aGVhZGVy..c2lnbmF0dXJl"),
        .has_authorization = true,
        .authorization = view("Authorization"),
        .profile = EDGE_PROFILE_MOSIP,
        .media = EDGE_MEDIA_JSON,
        .body = view("{\"id\":\"mosip.identity.auth\"}"),
        .received_boot_ms = 123456,
    };
}

struct edge_answer wire_sample_answer(void) {
    return (struct edge_answer){.status = 200,
                                .content = EDGE_JSON,
                                .max_age_seconds = 0,
                                .signature = view("aGVhZGVy..c2lnbmF0dXJl"),
                                .body = view("{}")};
}

void wire_sample_set_text(struct text_field *field, const char *text) {
    field->presence = FIELD_PRESENT;
    snprintf(field->text, sizeof field->text, "%s", text);
}

void wire_sample_set_blob(struct blob_field *field, size_t len) {
    *field = (struct blob_field){.presence = FIELD_PRESENT, .data = zeroes(len)};
}

struct envelope wire_sample_envelope(void) {
    struct envelope envelope = {.function = FUNCTION_AUTH,
                                .path_complete = true,
                                .misp_license_key = "misp",
                                .partner_id = "partner",
                                .api_key = "key",
                                .authorization_present = true,
                                .jws = JWS_READ,
                                .jws_protected_len = 8,
                                .jws_signature = zeroes(256),
                                .body_is_json = true,
                                .consent_presence = FIELD_PRESENT,
                                .consent = true,
                                .request_time_valid = true,
                                .request_time_ms = TIME_MS,
                                .channels_presence = FIELD_PRESENT,
                                .channel_phone = true,
                                .channel_unknown = "fax"};
    memset(envelope.certificate_thumbprint, 7, sizeof envelope.certificate_thumbprint);
    wire_sample_set_text(&envelope.id, "mosip.identity.auth");
    wire_sample_set_text(&envelope.version, "1.0");
    wire_sample_set_text(&envelope.individual_id, "5938714605");
    wire_sample_set_text(&envelope.individual_id_type, "");
    wire_sample_set_text(&envelope.transaction_id, "1234567890");
    wire_sample_set_text(&envelope.request_time, TIME_TEXT);
    envelope.domain_uri.presence = FIELD_NULL;
    envelope.env.presence = FIELD_TOO_LONG;
    wire_sample_set_blob(&envelope.thumbprint, 32);
    wire_sample_set_blob(&envelope.session_key, 256);
    wire_sample_set_blob(&envelope.request, 100);
    wire_sample_set_blob(&envelope.request_hmac, 96);
    return envelope;
}

struct payload wire_sample_payload(void) {
    struct payload payload = {.hmac_opened = true,
                              .request_opened = true,
                              .hash_matches = true,
                              .is_json = true,
                              .timestamp_valid = true,
                              .timestamp_ms = TIME_MS,
                              .has_otp = true,
                              .otp_well_formed = true,
                              .otp = "123456",
                              .has_demographics = true,
                              .demographic_count = 2,
                              .demographics = {{.name = "dob", .value = view("1980/01/02")},
                                               {.name = "name",
                                                .language_presence = FIELD_PRESENT,
                                                .language = "ara",
                                                .value = view("\xd9\x84\xd9\x84")}}};
    wire_sample_set_text(&payload.timestamp, TIME_TEXT);
    return payload;
}

struct unseal_foreign wire_sample_foreign(void) {
    return (struct unseal_foreign){.signature_header = view("aGVhZGVy..c2lnbmF0dXJl"),
                                   .body = view("{}"),
                                   .now_ms = TIME_MS,
                                   .anchor_count = 2,
                                   .anchors = {view("first"), view("second")}};
}

struct unseal_certificate wire_sample_certificate(void) {
    return (struct unseal_certificate){.encoded = view("-----BEGIN CERTIFICATE-----"),
                                       .key = CERTIFICATE_KEY_P256,
                                       .now_ms = TIME_MS,
                                       .anchor_count = 1,
                                       .anchors = {view("anchor")}};
}

struct unseal_certificate_read wire_sample_certificate_read(void) {
    return (struct unseal_certificate_read){.status = ERR_OK,
                                            .der = view("der"),
                                            .public_key = view("key"),
                                            .key_name = "RSA-2048",
                                            .not_before_ms = TIME_MS,
                                            .not_after_ms = TIME_MS + 1000,
                                            .is_authority = true,
                                            .subject = "tayssir"};
}

struct notify_otp wire_sample_otp(void) {
    return (struct notify_otp){.by_phone = true,
                               .by_email = true,
                               .phone = "+212600000001",
                               .email = "a@example.ma",
                               .language = "ara",
                               .otp = "123456",
                               .transaction = "1234567890",
                               .programme = "Tayssir \xd8\xaa",
                               .valid_until_ms = TIME_MS};
}

struct notify_event wire_sample_event(void) {
    return (struct notify_event){.by_phone = true,
                                 .by_email = true,
                                 .phone = "+212600000001",
                                 .email = "a@example.ma",
                                 .language = "zgh",
                                 .programme = "Tayssir",
                                 .confirmed = true,
                                 .at_ms = TIME_MS,
                                 .identifier = "XXXXXX1234"};
}

struct provd_audit wire_sample_audit(void) {
    return (struct provd_audit){.action = "partner add", .subject = "tayssir", .officer_uid = 1000};
}
