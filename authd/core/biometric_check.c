#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "authd/core/biometric_check.h"

#include "firmware/base/log.h"
#include "authd/core/biometric_exchange.h"
#include "authd/core/biometric_once.h"
#include "authd/core/biometric_workspace.h"
#include "authd/core/request_check.h"
#include "authd/wire/biometric_name.h"

enum { FINGERS_MOST = 10, IRISES_MOST = 2, FACES_MOST = 1 };

void biometric_check_policy(const struct core *core, struct request *request) {
    const struct false_match_table *face = core->has_face_model ? &core->face_model.table : NULL;
    if (request->biometric == NULL)
        return;
    struct policy_thresholds *thresholds = &request->biometric->thresholds;
    enum err result = policy_bound_check(&request->policy, face, thresholds);
    if (result == ERR_OK)
        return;
    log_event(LOG_ERROR, "policy-not-usable", "why=%s bound-e12=%llu ceiling-e12=%llu",
              result == ERR_DENIED ? "false-matches-above-its-ceiling" : "thresholds-without-claim",
              (unsigned long long)thresholds->bound.transaction,
              (unsigned long long)thresholds->ceiling);
    request_refuse_filter(request, MOSIP_MPA_019, "", "policy-above-its-ceiling");
}

/* ---- one segment ---- */

/* A segment under check. */
struct place {
    struct request *request;
    const struct settings *settings;
    const struct biometric_segment *segment;
    size_t index;
};

static void refuse(const struct place *place, enum mosip_error error, const char *member,
                   const char *reason) {
    char name[STATEMENT_DETAIL_SIZE];
    snprintf(name, sizeof(name), "request/biometrics/%zu/%s", place->index, member);
    request_refuse(place->request, error, name, reason);
}

static bool is_blank(const struct text_field *field) {
    return field->presence <= FIELD_NULL || (field->presence == FIELD_PRESENT &&
                                             field->text[strspn(field->text, " \t\r\n")] == '\0');
}

static const struct {
    size_t offset;
    const char *name;
} required[] = {
    {offsetof(struct biometric_segment, device_code), "data/deviceCode"},
    {offsetof(struct biometric_segment, service_version), "data/deviceServiceVersion"},
    {offsetof(struct biometric_segment, transaction_id), "data/transactionId"},
    {offsetof(struct biometric_segment, purpose), "data/purpose"},
    {offsetof(struct biometric_segment, time.text), "data/timestamp"},
    {offsetof(struct biometric_segment, device.serial_number), "data/digitalId/serialNo"},
    {offsetof(struct biometric_segment, device.make), "data/digitalId/make"},
    {offsetof(struct biometric_segment, device.model), "data/digitalId/model"},
    {offsetof(struct biometric_segment, device.type), "data/digitalId/type"},
    {offsetof(struct biometric_segment, device.sub_type), "data/digitalId/deviceSubType"},
    {offsetof(struct biometric_segment, device.provider), "data/digitalId/deviceProvider"},
    {offsetof(struct biometric_segment, device.provider_id), "data/digitalId/deviceProviderId"},
    {offsetof(struct biometric_segment, device.time.text), "data/digitalId/dateTime"},
};

static void check_required(const struct place *place) {
    for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
        const void *member = (const uint8_t *)place->segment + required[i].offset;
        const struct text_field *field = member;
        if (is_blank(field))
            refuse(place, MOSIP_MLC_006, required[i].name, "biometric-member-missing");
        else if (field->presence != FIELD_PRESENT)
            refuse(place, MOSIP_MLC_009, required[i].name, "biometric-member-malformed");
        else
            continue;
        return;
    }
}

static void check_names(const struct place *place) {
    const struct biometric_segment *segment = place->segment;
    char kind[STATEMENT_DETAIL_SIZE];
    snprintf(kind, sizeof(kind), "bio-%.15s", segment->capture_text.text);
    if (is_blank(&segment->capture_text))
        refuse(place, MOSIP_MLC_006, "data/bioType", "biometric-type-missing");
    else if (segment->capture == BIOMETRIC_CAPTURE_NONE)
        request_refuse(place->request, MOSIP_MLC_011, kind, "biometric-type-unknown");
    else if (segment->capture == BIOMETRIC_CAPTURE_FACE)
        return; /* which has no parts */
    else if (segment->part == BIOMETRIC_PART_NONE)
        refuse(place, MOSIP_MLC_006, "data/bioSubType", "biometric-part-missing");
    else if (segment->part == BIOMETRIC_PART_BAD)
        refuse(place, MOSIP_MLC_009, "data/bioSubType", "biometric-part-unknown");
}

static void check_purpose(const struct place *place) {
    const struct biometric_segment *segment = place->segment;
    if (strcmp(segment->transaction_id.text, place->request->envelope.transaction_id.text) != 0)
        refuse(place, MOSIP_MLC_009, "data/transactionId", "biometric-of-another-transaction");
    else if (strcasecmp(segment->purpose.text, "Auth") != 0)
        refuse(place, MOSIP_MLC_009, "data/purpose", "biometric-of-another-purpose");
}

/* Where the capture was for: null on one side only is an error. */
static void check_same(const struct place *place, const struct text_field *captured,
                       const struct text_field *requested, const char *list, const char *name) {
    char member[32];
    snprintf(member, sizeof(member), "data/%s", name);
    bool is_captured = captured->presence > FIELD_NULL;
    if (is_captured != (requested->presence > FIELD_NULL))
        refuse(place, MOSIP_MLC_009, member, "biometric-place-missing");
    else if (is_captured && strcasecmp(captured->text, requested->text) != 0)
        request_refuse(place->request, MOSIP_MLC_024, name, "biometric-of-another-place");
    else if (is_captured && !settings_list_has(list, captured->text))
        refuse(place, MOSIP_MLC_009, member, "biometric-place-not-allowed");
}

/* The JOSE profile has neither in its claims: there domainUri is the audience, which is us, and env
 * is free to be left out. */
static void check_place_of_jose(const struct place *place) {
    const struct biometric_segment *segment = place->segment;
    const char *audience = place->request->jose.request.audience;
    if (segment->domain_uri.presence != FIELD_PRESENT ||
        strcmp(segment->domain_uri.text, audience) != 0)
        refuse(place, MOSIP_MLC_009, "data/domainUri", "biometric-of-another-place");
    else if (segment->env.presence > FIELD_NULL &&
             !settings_list_has(place->settings->environments, segment->env.text))
        refuse(place, MOSIP_MLC_009, "data/env", "biometric-place-not-allowed");
}

static void check_place(const struct place *place) {
    const struct envelope *envelope = &place->request->envelope;
    if (request_is_jose(place->request)) {
        check_place_of_jose(place);
        return;
    }
    check_same(place, &place->segment->domain_uri, &envelope->domain_uri,
               place->settings->domain_uris, "domainUri");
    if (!request_refused(place->request))
        check_same(place, &place->segment->env, &envelope->env, place->settings->environments,
                   "env");
}

static void check_segments(struct request *request, const struct settings *settings) {
    static void (*const groups[])(const struct place *) = {check_names, check_required,
                                                           check_purpose, check_place};
    const struct biometric_segments *segments = &request->biometric->segments;
    for (size_t i = 0; i < segments->count; i++) {
        const struct place place = {request, settings, &segments->segments[i], i};
        for (size_t j = 0; j < sizeof(groups) / sizeof(groups[0]) && !request_refused(request); j++)
            groups[j](&place);
    }
}

/* ---- all of them ---- */

/* How many of a modality, and whether one position is there twice; of what device is no matter. */
static unsigned count(const struct biometric_segments *segments, enum biometric_modality modality,
                      bool *is_double) {
    unsigned found = 0;
    uint32_t seen = 0;
    *is_double = false;
    for (size_t i = 0; i < segments->count; i++) {
        const struct biometric_segment *segment = &segments->segments[i];
        if (biometric_name_modality(segment->capture) != modality)
            continue;
        found++;
        *is_double = *is_double || (segment->position > 0 && (seen & 1u << segment->position) != 0);
        seen |= 1u << segment->position;
    }
    return found;
}

static void check_numbers(struct request *request, const struct settings *settings) {
    static const struct {
        enum policy_biometric use;
        unsigned most;
        enum mosip_error too_many, twice;
    } limits[] = {
        [BIOMETRIC_FINGER] = {POLICY_FINGER, FINGERS_MOST, MOSIP_BIA_003, MOSIP_BIA_002},
        [BIOMETRIC_IRIS] = {POLICY_IRIS, IRISES_MOST, MOSIP_BIA_008, MOSIP_BIA_007},
        [BIOMETRIC_FACE] = {POLICY_FACE, FACES_MOST, MOSIP_BIA_009, MOSIP_BIA_009},
    };
    (void)settings;
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]) && !request_refused(request); i++) {
        bool is_double = false;
        char number[8];
        unsigned policy = request->biometric->thresholds.presented[limits[i].use];
        /* 0: not allowed at all, which is for programme_check_factors to say */
        unsigned most = policy > 0 && policy < limits[i].most ? policy : limits[i].most;
        unsigned found =
            count(&request->biometric->segments, (enum biometric_modality)i, &is_double);
        snprintf(number, sizeof(number), "%u", most);
        if (found > most)
            request_refuse(request, limits[i].too_many, number, "biometrics-too-many");
        else if (is_double)
            request_refuse(request, limits[i].twice, "", "biometric-twice");
    }
}

static bool is_after(const struct biometric_time *earlier, const struct biometric_time *later) {
    return later->wall_ms >= earlier->wall_ms &&
           later->wall_ms - earlier->wall_ms <= BIOMETRIC_APART_MS;
}

static void check_order(struct request *request, const struct biometric_segment *segments,
                        size_t number) {
    for (size_t i = 1; i < number && !request_refused(request); i++) {
        if (!is_after(&segments[i - 1].time, &segments[i].time))
            request_refuse(request, MOSIP_MLC_030, "120", "biometric-times-out-of-order");
        else if (!is_after(&segments[i - 1].device.time, &segments[i].device.time))
            request_refuse(request, MOSIP_MLC_031, "120", "digital-id-times-out-of-order");
    }
}

static void check_times(struct request *request, const struct settings *settings) {
    const struct biometric_segments *all = &request->biometric->segments;
    char seconds[24];
    snprintf(seconds, sizeof(seconds), "%lld", (long long)settings->request_age_seconds);
    for (size_t i = 0; i < all->count && !request_refused(request); i++) {
        const struct place place = {request, settings, &all->segments[i], i};
        if (!all->segments[i].time.valid)
            refuse(&place, MOSIP_MLC_009, "data/timestamp", "biometric-time-malformed");
        else if (!all->segments[i].device.time.valid)
            refuse(&place, MOSIP_MLC_009, "data/digitalId/dateTime", "digital-id-time-malformed");
    }
    check_order(request, all->segments, all->count);
    if (request_refused(request))
        return;
    const struct biometric_segment *last = &all->segments[all->count - 1];
    if (request_is_out_of_time(request, settings, last->time.wall_ms))
        request_refuse(request, MOSIP_MLC_001, seconds, "biometric-time-outside-window");
    else if (request_is_out_of_time(request, settings, last->device.time.wall_ms))
        request_refuse(request, MOSIP_MLC_001, seconds, "digital-id-time-outside-window");
}

void biometric_check_fields(struct request *request, const struct settings *settings) {
    static void (*const groups[])(struct request *, const struct settings *) = {
        check_segments, check_numbers, check_times};
    if (request->biometric == NULL || request->biometric->segments.count == 0)
        return;
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]) && !request_refused(request); i++)
        groups[i](request, settings);
}

/* ---- after the signatures ---- */

/* §9.2: the id of a device is its names one after the other. */
static enum err check_blocked(const struct core *core, struct request *request,
                              enum hotlist_kind kind, const char *id, const char *name) {
    bool blocked = true;
    ERR_TRY(registry_hotlisted(core->registry, kind, bytes_of_text(id), request->received_wall_ms,
                               &blocked));
    if (blocked)
        request_refuse(request, MOSIP_MLC_022, name, "device-hotlisted");
    return ERR_OK;
}

static enum err check_device(const struct core *core, struct request *request,
                             const struct biometric_device *device) {
    char id[3 * sizeof(device->make.text)];
    snprintf(id, sizeof(id), "%s%s", device->provider.text, device->provider_id.text);
    ERR_TRY(check_blocked(core, request, HOTLIST_DEVICE_PROVIDER, id, "DEVICE_PROVIDER"));
    if (request_refused(request))
        return ERR_OK;
    snprintf(id, sizeof(id), "%s%s%s", device->serial_number.text, device->make.text,
             device->model.text);
    return check_blocked(core, request, HOTLIST_DEVICE, id, "DEVICE");
}

/* A record of another part of the body than was announced is for the comparison to fail. */
static bool is_for_comparison(const struct sample *sample) {
    return sample->kind != SAMPLE_NONE || sample->reason == BIOMETRIC_OTHER_MODALITY ||
           sample->reason == BIOMETRIC_OTHER_POSITION;
}

static bool is_comparable(const struct biometric_exchange *exchange, const struct sample *sample) {
    return (exchange->comparable & BIOMETRIC_BIT(biometric_name_modality(sample->capture))) != 0;
}

static void check_record(const struct core *core, struct request *request,
                         const struct sample *sample) {
    if (sample->reason == BIOMETRIC_TOO_MANY_VIEWS)
        request_refuse(request, MOSIP_BIA_010, "", "biometric-of-several-fingers");
    else if (!is_for_comparison(sample)) {
        log_event(LOG_INFO, "biometric-record-refused", "format=%s why=%s",
                  biometric_wire_format_name(sample->format),
                  biometric_wire_reason_text(sample->reason));
        request_refuse(request, MOSIP_BIA_011, biometric_wire_reason_text(sample->reason),
                       "biometric-record-refused");
    } else if (sample->kind == SAMPLE_IMAGE && !is_comparable(request->biometric, sample)) {
        log_event(LOG_INFO, "biometric-record-refused", "format=%s why=image-without-extractor",
                  biometric_wire_format_name(sample->format));
        request_refuse(request, MOSIP_BIA_011, "image format without extractor",
                       "image-without-extractor");
    } else if (sample->kind == SAMPLE_IMAGE) {
        request->biometric->to_compare |=
            (uint8_t)BIOMETRIC_BIT(biometric_name_modality(sample->capture));
    } else if (sample->kind == SAMPLE_FACE_VECTOR && !core->has_face_model)
        request_refuse(request, MOSIP_BIA_017, "no face model", "no-face-model");
}

enum err biometric_check_samples(struct core *core, struct request *request) {
    const struct biometric_exchange *exchange = request->biometric;
    if (exchange == NULL)
        return ERR_OK;
    struct samples *samples = &exchange->workspace->samples;
    enum err result = biometric_exchange_samples(exchange, samples);
    for (size_t i = 0; i < samples->count && result == ERR_OK && !request_refused(request); i++) {
        check_record(core, request, &samples->samples[i]);
        if (!request_refused(request))
            result = check_device(core, request, &exchange->segments.segments[i].device);
    }
    if (result == ERR_OK && !request_refused(request))
        result = biometric_once_claim(core, request, samples);
    biometric_workspace_wipe(exchange->workspace);
    return result;
}
