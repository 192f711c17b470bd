#include <stdio.h>
#include <string.h>

#include "authd/core/biometric_filter.h"

#include "firmware/base/log.h"
#include "authd/core/biometric_exchange.h"
#include "authd/wire/biometric_name.h"

/* The members of segment ${index}, as MOSIP names them. */
static void refuse(struct request *request, enum mosip_error error, size_t index,
                   const char *member, const char *reason) {
    char name[STATEMENT_DETAIL_SIZE];
    snprintf(name, sizeof(name), "request/biometrics/%zu/%s", index, member);
    request_refuse_filter(request, error, name, reason);
}

struct member {
    size_t presence; /* of enum field_presence in struct biometric_segment */
    const char *name;
};
#define MEMBER(field, name)                                                                        \
    { offsetof(struct biometric_segment, field.presence), name }

static const struct member of_segment[] = {MEMBER(data, "data"), MEMBER(session_key, "sessionKey"),
                                           MEMBER(hash, "hash")};
/* What it cannot be decrypted without. */
static const struct member of_data[] = {
    MEMBER(bio_value, "data/bioValue"),
    MEMBER(time.text, "data/timestamp"),
    MEMBER(transaction_id, "data/transactionId"),
    MEMBER(device.jws, "data/digitalId"),
};

static enum field_presence presence_of(const struct biometric_segment *segment,
                                       const struct member *member) {
    enum field_presence presence;
    memcpy(&presence, (const uint8_t *)segment + member->presence, sizeof(presence));
    return presence;
}

static bool has_all(struct request *request, size_t index, const struct member *members,
                    size_t count) {
    const struct biometric_segment *segment = &request->biometric->segments.segments[index];
    for (size_t i = 0; i < count; i++) {
        if (presence_of(segment, &members[i]) == FIELD_PRESENT)
            continue;
        refuse(request, MOSIP_MLC_006, index, members[i].name, "biometric-member-missing");
        return false;
    }
    return true;
}

static bool is_signed(const struct biometric_signed *jws) {
    return jws->shape == JWS_READ && jws->is_json;
}

static void check_encodings(struct request *request, size_t index) {
    const struct biometric_segment *segment = &request->biometric->segments.segments[index];
    size_t key_len = segment->session_key.data.len;
    bool has_thumbprint = segment->thumbprint.presence > FIELD_NULL;
    if (segment->session_key.malformed ||
        (key_len != HSM_WRAPPED_BYTES && key_len != HSM_WRAPPED_BYTES + HSM_THUMBPRINT_BYTES))
        request_refuse_filter(request, MOSIP_MPA_003, "", "biometric-key-malformed");
    else if (has_thumbprint && (segment->thumbprint.malformed ||
                                segment->thumbprint.data.len != HSM_THUMBPRINT_BYTES))
        request_refuse_filter(request, MOSIP_MPA_003, "", "biometric-thumbprint-malformed");
    else if (segment->bio_value.malformed)
        request_refuse_filter(request, MOSIP_MPA_003, "", "biometric-value-malformed");
    else if (segment->hash.malformed)
        request_refuse_filter(request, MOSIP_BIA_014, "", "biometric-hash-malformed");
}

static void check_segment(struct request *request, size_t index) {
    const struct biometric_segment *segment = &request->biometric->segments.segments[index];
    if (!has_all(request, index, of_segment, sizeof(of_segment) / sizeof(of_segment[0])))
        return;
    if (!is_signed(&segment->data))
        refuse(request, MOSIP_MPA_001, index, "data", "biometric-data-malformed");
    else if (!has_all(request, index, of_data, sizeof(of_data) / sizeof(of_data[0])))
        return;
    else if (!is_signed(&segment->device.jws))
        refuse(request, MOSIP_MPA_001, index, "data/digitalId", "digital-id-malformed");
    else
        check_encodings(request, index);
}

void biometric_filter_segments(struct request *request) {
    const struct biometric_segments *segments = &request->biometric->segments;
    if (segments->malformed || segments->count == 0)
        request_refuse_filter(request, MOSIP_MLC_009, "request/biometrics", "biometrics-malformed");
    else if (segments->too_many)
        request_refuse_filter(request, MOSIP_MLC_009, "request/biometrics", "biometrics-too-many");
    for (size_t i = 0; i < segments->count && !request_refused(request); i++)
        check_segment(request, i);
}

static bool is_of(const struct biometric_segments *segments, const struct samples *samples) {
    bool same = samples->count == segments->count;
    for (size_t i = 0; i < segments->count && same; i++)
        same = samples->samples[i].capture == segments->segments[i].capture &&
               samples->samples[i].position == segments->segments[i].position;
    return same;
}

/* The kinds of device are MOSIP's modalities: what gives minutiae is of type Finger too. */
static bool is_of_type(const struct biometric_segment *segment) {
    const char *type = segment->device.type.text;
    if (segment->capture == BIOMETRIC_CAPTURE_MINUTIAE)
        return strcmp(type, "Finger") == 0 || strcmp(type, "FMR") == 0;
    return strcmp(type, segment->capture_text.text) == 0;
}

static void check_sample(struct request *request, size_t index, const struct sample *sample) {
    const struct biometric_segment *segment = &request->biometric->segments.segments[index];
    bool has_names =
        segment->capture != BIOMETRIC_CAPTURE_NONE && segment->device.type.presence > FIELD_NULL;
    if (!sample->data_trusted)
        refuse(request, MOSIP_MPA_001, index, "data", "biometric-data-not-trusted");
    else if (!sample->digital_id_trusted)
        refuse(request, MOSIP_MPA_001, index, "data/digitalId", "digital-id-not-trusted");
    else if (has_names && !is_of_type(segment))
        request_refuse_filter(request, MOSIP_DPM_004, "", "device-of-another-type");
    else if (!sample->opened)
        request_refuse_filter(request, MOSIP_MPA_003, "", "biometric-value-not-opened");
    else if (!sample->chained)
        request_refuse_filter(request, MOSIP_BIA_014, "", "biometric-hash-differs");
}

void biometric_filter_samples(struct request *request, const struct samples *samples) {
    const struct biometric_segments *segments = &request->biometric->segments;
    if (!is_of(segments, samples)) {
        log_event(LOG_ERROR, "unseal-contradicts-itself", "segments=%zu samples=%zu",
                  segments->count, samples->count);
        request_refuse_filter(request, MOSIP_MLC_007, "", "unseal-contradicts-itself");
        return;
    }
    for (size_t i = 0; i < samples->count && !request_refused(request); i++)
        check_sample(request, i, &samples->samples[i]);
}
