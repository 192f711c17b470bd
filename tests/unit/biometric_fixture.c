#include "tests/unit/biometric_fixture.h"

#include <stdio.h>
#include <string.h>

#include "firmware/base/clock.h"
#include "authd/wire/biometric_name.h"
#include "authd/wire/biometric_time.h"
#include "tests/unit/finger_sample.h"

static const uint8_t wrapped[HSM_WRAPPED_BYTES] = {1}, hash[32] = {2}, thumbprint[32] = {3},
                     one_byte[1] = {4};

static void be_signed(struct biometric_signed *jws) {
    *jws = (struct biometric_signed){.presence = FIELD_PRESENT, .shape = JWS_READ, .is_json = true};
}

static struct blob_field blob(const uint8_t *data, size_t len) {
    return (struct blob_field){.presence = FIELD_PRESENT, .data = bytes_of(data, len)};
}

void biometric_fixture_name(struct biometric_segment *segment, const char *type, const char *part) {
    segment->capture_text = segment->part_text = (struct text_field){.presence = FIELD_ABSENT};
    if (type != NULL)
        core_fixture_text(&segment->capture_text, type);
    if (part != NULL)
        core_fixture_text(&segment->part_text, part);
    biometric_name_classify(segment);
}

void biometric_fixture_time(struct biometric_time *time, int64_t wall_ms) {
    char text[CLOCK_TEXT_SIZE];
    clock_format_millis(wall_ms, text);
    core_fixture_text(&time->text, text);
    biometric_time_parse(time);
}

static void fill_device(struct biometric_device *device, const char *type, int64_t now_ms) {
    be_signed(&device->jws);
    core_fixture_text(&device->serial_number, "S1");
    core_fixture_text(&device->make, "M1");
    core_fixture_text(&device->model, "M2");
    core_fixture_text(&device->type, strcmp(type, "FMR") == 0 ? "Finger" : type);
    core_fixture_text(&device->sub_type, "Single");
    core_fixture_text(&device->provider, "P1");
    core_fixture_text(&device->provider_id, "P2");
    biometric_fixture_time(&device->time, now_ms);
}

static void fill(struct biometric_segment *segment, const struct capture_part *part, int64_t now_ms,
                 const char *transaction) {
    *segment = (struct biometric_segment){.hash = blob(hash, sizeof hash),
                                          .session_key = blob(wrapped, sizeof wrapped),
                                          .thumbprint = blob(thumbprint, sizeof thumbprint),
                                          .bio_value = blob(one_byte, sizeof one_byte)};
    be_signed(&segment->data);
    fill_device(&segment->device, part->type, now_ms);
    core_fixture_text(&segment->spec_version, "1.0");
    core_fixture_text(&segment->device_code, "D1");
    core_fixture_text(&segment->service_version, "0.9.5");
    core_fixture_text(&segment->transaction_id, transaction);
    core_fixture_text(&segment->purpose, "Auth");
    core_fixture_text(&segment->version, "1.0");
    biometric_fixture_time(&segment->time, now_ms);
    biometric_fixture_name(segment, part->type, part->part);
}

void biometric_fixture_segments(struct biometric_segments *segments,
                                const struct capture_part *parts, size_t count, int64_t now_ms,
                                const char *transaction) {
    memset(segments, 0, sizeof *segments);
    segments->count = count;
    for (size_t i = 0; i < count; i++)
        fill(&segments->segments[i], &parts[i], now_ms, transaction);
}

void biometric_fixture_samples(const struct biometric_segments *segments, struct samples *samples) {
    static uint32_t captures;
    memset(samples, 0, sizeof *samples);
    samples->count = segments->count;
    for (size_t i = 0; i < segments->count; i++) {
        samples->samples[i] = (struct sample){.data_trusted = true,
                                              .digital_id_trusted = true,
                                              .opened = true,
                                              .chained = true,
                                              .capture = segments->segments[i].capture,
                                              .position = segments->segments[i].position,
                                              .reason = BIOMETRIC_UNRECOGNISED};
        captures++; /* each is another one */
        memcpy(samples->samples[i].hash, &captures, sizeof captures);
    }
}

void biometric_fixture_finger(struct sample *sample, unsigned finger, unsigned impression) {
    sample->format = BIOMETRIC_ISO_19794_2_2011;
    sample->reason = BIOMETRIC_READ;
    sample->kind = SAMPLE_MINUTIAE;
    finger_sample_good(finger, impression, &sample->minutiae);
    sample->minutiae.position = sample->position;
}
