#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authd/match/face_vector.h"
#include "authd/match/iris_code.h"
#include "authd/wire/sample_wire.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static uint8_t memory[512 * 1024];
static const uint8_t filler[SAMPLE_RECORD_MAX + 1];
static struct buffer target;

static void start(void) {
    target = buffer_over(memory, sizeof memory);
}

static struct bytes written(void) {
    struct bytes message = {0};
    assert_int_equal(buffer_end(&target, &message), ERR_OK);
    return message;
}

/* Every beginning of a message, and one byte more, is refused: ${get} says what a reader says. */
static void assert_read_whole(struct bytes message, enum err (*get)(struct bytes message)) {
    for (size_t len = 0; len < message.len; len++)
        assert_int_not_equal(get(bytes_of(memory, len)), ERR_OK);
    memory[message.len] = 0;
    assert_int_not_equal(get(bytes_of(memory, message.len + 1)), ERR_OK);
    assert_int_equal(get(message), ERR_OK);
}

/* ---- segments ---- */

static struct biometric_segments segments, got_segments;
static struct biometric_segment *const first = &segments.segments[0];

static void set_text(struct text_field *field, const char *text) {
    field->presence = FIELD_PRESENT;
    (void)snprintf(field->text, sizeof field->text, "%s", text);
}

static void fill_device(struct biometric_device *device) {
    device->jws =
        (struct biometric_signed){.presence = FIELD_PRESENT, .shape = JWS_READ, .is_json = true};
    set_text(&device->serial_number, "S1");
    set_text(&device->make, "M1");
    set_text(&device->model, "M2");
    set_text(&device->type, "Finger");
    set_text(&device->sub_type, "Single");
    set_text(&device->provider, "P1");
    set_text(&device->provider_id, "P2");
    set_text(&device->time.text, "2024-01-15T10:20:30Z");
}

static void fill_segment(struct biometric_segment *segment) {
    *segment = (struct biometric_segment){
        .hash = {FIELD_PRESENT, false, bytes_of(filler, 32)},
        .session_key = {FIELD_PRESENT, false, bytes_of(filler, 256)},
        .thumbprint = {FIELD_PRESENT, false, bytes_of(filler, 32)},
        .data = {.presence = FIELD_PRESENT, .shape = JWS_READ, .is_json = true},
        .bio_value = {FIELD_PRESENT, false, bytes_of(filler, 1000)},
    };
    fill_device(&segment->device);
    set_text(&segment->spec_version, "1.0");
    set_text(&segment->device_code, "D1");
    set_text(&segment->service_version, "0.9.5");
    set_text(&segment->transaction_id, "1234567890");
    set_text(&segment->purpose, "Auth");
    set_text(&segment->env, "Staging");
    set_text(&segment->domain_uri, "https://a");
    set_text(&segment->version, "1.0");
    set_text(&segment->time.text, "2024-01-15T10:20:30.123Z");
    set_text(&segment->capture_text, "FMR");
    set_text(&segment->part_text, "Left Thumb");
}

static void fill_segments(size_t count) {
    segments = (struct biometric_segments){.count = count};
    for (size_t i = 0; i < count; i++)
        fill_segment(&segments.segments[i]);
}

static enum err get_segments(struct bytes message) {
    enum err err = sample_wire_get_segments(message, &got_segments);
    assert_int_equal(err != ERR_OK, got_segments.malformed && !segments.malformed);
    if (err != ERR_OK)
        assert_int_equal(got_segments.count, 0);
    return err;
}

static enum err send_segments(void) {
    start();
    sample_wire_put_segments(&target, &segments);
    return get_segments(written());
}

static void a_segment_comes_through_with_every_field(void **state) {
    (void)state;
    fill_segments(2);
    assert_int_equal(send_segments(), ERR_OK);
    const struct biometric_segment *got = &got_segments.segments[1];
    assert_int_equal(got_segments.count, 2);
    assert_string_equal(got->device.serial_number.text, "S1");
    assert_string_equal(got->device.provider_id.text, "P2");
    assert_string_equal(got->spec_version.text, "1.0");
    assert_string_equal(got->domain_uri.text, "https://a");
    assert_true(got->data.is_json && got->device.jws.is_json);
    assert_int_equal(got->session_key.data.len, 256);
    assert_int_equal(got->bio_value.data.len, 1);
    assert_int_equal(got->data.text.len, 0);
}

static void what_follows_from_the_texts_is_read_from_them(void **state) {
    (void)state;
    fill_segments(1);
    first->capture = BIOMETRIC_CAPTURE_IRIS;
    first->position = 1;
    first->time.wall_ms = 1;
    assert_int_equal(send_segments(), ERR_OK);
    const struct biometric_segment *got = &got_segments.segments[0];
    assert_int_equal(got->capture, BIOMETRIC_CAPTURE_MINUTIAE);
    assert_int_equal(got->part, BIOMETRIC_PART_KNOWN);
    assert_int_equal(got->position, 6);
    assert_true(got->time.valid && got->time.wall_ms == 1705314030123);
    assert_true(got->device.time.valid && got->device.time.wall_ms == 1705314030000);
}

static void what_is_not_json_has_no_members(void **state) {
    (void)state;
    fill_segments(1);
    first->device.jws.is_json = false;
    assert_int_equal(send_segments(), ERR_OK);
    assert_int_equal(got_segments.segments[0].device.make.presence, FIELD_ABSENT);
    first->data = (struct biometric_signed){.presence = FIELD_PRESENT, .shape = JWS_MALFORMED};
    assert_int_equal(send_segments(), ERR_OK);
    assert_int_equal(got_segments.segments[0].purpose.presence, FIELD_ABSENT);
    assert_int_equal(got_segments.segments[0].capture, BIOMETRIC_CAPTURE_NONE);
}

static void malformed_and_too_many_are_told(void **state) {
    (void)state;
    segments = (struct biometric_segments){.malformed = true};
    assert_int_equal(send_segments(), ERR_OK);
    assert_true(got_segments.malformed);
    fill_segments(BIOMETRIC_SEGMENTS_MAX);
    segments.too_many = true;
    assert_int_equal(send_segments(), ERR_OK);
    assert_true(got_segments.too_many && !got_segments.malformed);
}

static void the_largest_segments_fit_their_block(void **state) {
    (void)state;
    static char text[UNSEAL_DOMAIN_SIZE];
    memset(text, 'a', sizeof text - 1);
    fill_segments(BIOMETRIC_SEGMENTS_MAX);
    for (size_t i = 0; i < segments.count; i++) {
        struct biometric_segment *segment = &segments.segments[i];
        struct text_field *const names[] = {
            &segment->device.serial_number, &segment->device.make,     &segment->device.model,
            &segment->device.type,          &segment->device.sub_type, &segment->device.provider,
            &segment->device.provider_id,   &segment->device_code,     &segment->service_version};
        for (size_t j = 0; j < COUNT_OF(names); j++)
            set_text(names[j], text + sizeof text - BIOMETRIC_NAME_SIZE);
        set_text(&segment->domain_uri, text);
        set_text(&segment->transaction_id, text + sizeof text - UNSEAL_TRANSACTION_SIZE);
        set_text(&segment->part_text, text + sizeof text - UNSEAL_ID_SIZE);
        set_text(&segment->time.text, text + sizeof text - UNSEAL_TIME_SIZE);
        set_text(&segment->device.time.text, text + sizeof text - UNSEAL_TIME_SIZE);
        set_text(&segment->env, text + sizeof text - UNSEAL_ENV_SIZE);
        segment->session_key.data.len = BIOMETRIC_KEY_MAX;
    }
    assert_int_equal(send_segments(), ERR_OK);
    assert_in_range(target.len, SAMPLE_SEGMENTS_MAX / 2, SAMPLE_SEGMENTS_MAX);
}

static void segments_are_read_whole_or_not_at_all(void **state) {
    (void)state;
    fill_segments(2);
    assert_int_equal(send_segments(), ERR_OK);
    assert_read_whole(written(), get_segments);
}

static void a_segment_that_contradicts_itself_is_refused(void **state) {
    (void)state;
    static struct biometric_segments refused[16];
    fill_segments(1);
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        refused[i] = segments;
    refused[0].malformed = true;
    refused[1].too_many = true;
    refused[2].count = 0;
    refused[3].segments[0].hash.data.len = 31;
    refused[4].segments[0].session_key.data.len = 257;
    refused[5].segments[0].thumbprint.data.len = 33;
    refused[6].segments[0].hash.presence = FIELD_ABSENT;
    refused[7].segments[0].hash.malformed = true;
    refused[8].segments[0].data.shape = JWS_ABSENT;
    refused[9].segments[0].data.shape = JWS_NO_CERTIFICATE;
    refused[10].segments[0].data.presence = FIELD_NULL;
    refused[11].segments[0].device.jws.shape = JWS_BAD_CERTIFICATE;
    refused[12].segments[0].purpose.presence = FIELD_NULL;
    memset(refused[13].segments[0].purpose.text, 'a', UNSEAL_TYPE_SIZE);
    memcpy(refused[14].segments[0].env.text, "\xff", 2);
    refused[15].segments[0].bio_value.presence = FIELD_ABSENT;
    refused[15].segments[0].bio_value.malformed = true;
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        start();
        sample_wire_put_segments(&target, &refused[i]);
        assert_int_not_equal(sample_wire_get_segments(written(), &got_segments), ERR_OK);
        assert_true(got_segments.malformed && got_segments.count == 0);
    }
}

/* ---- the question ---- */

static struct samples_question question, got_question;

static void fill_question(void) {
    question = (struct samples_question){.text = bytes_of_text("[{},{}]"),
                                         .now_ms = 1705314030123,
                                         .key_count = 2,
                                         .device_anchor_count = 2,
                                         .ftm_anchor_count = 1};
    memset(question.keys, 7, sizeof question.keys);
    question.device_anchors[0] = bytes_of_text("one");
    question.device_anchors[1] = bytes_of_text("two");
    question.ftm_anchors[0] = bytes_of_text("three");
}

static enum err get_question(struct bytes message) {
    static const struct samples_question nothing;
    memset(&got_question, 0x55, sizeof got_question);
    enum err err = sample_wire_get_question(message, &got_question);
    if (err != ERR_OK)
        assert_memory_equal(&got_question, &nothing, sizeof nothing);
    return err;
}

static enum err send_question(void) {
    start();
    sample_wire_put_question(&target, &question);
    return get_question(written());
}

static void a_question_comes_through(void **state) {
    (void)state;
    fill_question();
    assert_int_equal(send_question(), ERR_OK);
    assert_true(bytes_equal_text(got_question.text, "[{},{}]"));
    assert_int_equal(got_question.now_ms, question.now_ms);
    assert_int_equal(got_question.key_count, 2);
    assert_memory_equal(got_question.keys, question.keys, 2 * SAMPLE_KEY_BYTES);
    assert_true(bytes_equal_text(got_question.device_anchors[1], "two"));
    assert_true(bytes_equal_text(got_question.ftm_anchors[0], "three"));
    assert_read_whole(written(), get_question);
}

static void a_question_out_of_its_bounds_is_refused(void **state) {
    (void)state;
    for (int i = 0; i < 6; i++) {
        fill_question();
        question.text.len = i == 0 ? 0 : question.text.len;
        question.now_ms = i == 1 ? 0 : question.now_ms;
        question.key_count = i == 2 ? 0 : question.key_count;
        question.ftm_anchors[0].len = i == 3 ? 0 : 5;
        if (i == 4)
            question.ftm_anchors[0] = bytes_of(filler, 8193);
        if (i == 5)
            question.text = bytes_of(filler, EDGE_BODY_MAX + 1);
        assert_int_not_equal(send_question(), ERR_OK);
    }
    fill_question();
    question.key_count = BIOMETRIC_SEGMENTS_MAX;
    assert_int_equal(send_question(), ERR_OK);
    memory[4 + question.text.len + 8] = BIOMETRIC_SEGMENTS_MAX + 1;
    assert_int_not_equal(get_question(written()), ERR_OK);
}

/* ---- samples ---- */

static struct samples samples, got_samples;

static void fill_minutiae(struct finger_template *minutiae, uint8_t position) {
    *minutiae = (struct finger_template){
        .x_resolution = 197, .y_resolution = 197, .position = position, .count = 5};
    for (uint8_t i = 0; i < minutiae->count; i++)
        minutiae->minutiae[i] = (struct finger_minutia){.x = i, .y = i, .angle = i, .kind = 1};
}

static struct sample *add_sample(enum biometric_capture capture, uint8_t position,
                                 enum biometric_format format, enum sample_kind kind) {
    struct sample *sample = &samples.samples[samples.count++];
    *sample = (struct sample){.data_trusted = true,
                              .digital_id_trusted = true,
                              .opened = true,
                              .chained = true,
                              .hash = {(uint8_t)samples.count, [31] = 1},
                              .capture = capture,
                              .position = position,
                              .format = format,
                              .kind = kind};
    sample->reason = kind == SAMPLE_IMAGE ? BIOMETRIC_NO_EXTRACTOR : BIOMETRIC_READ;
    return sample;
}

static void fill_samples(void) {
    samples = (struct samples){0};
    fill_minutiae(
        &add_sample(BIOMETRIC_CAPTURE_MINUTIAE, 6, BIOMETRIC_ANSI_378_2004, SAMPLE_MINUTIAE)
             ->minutiae,
        6);
    add_sample(BIOMETRIC_CAPTURE_IRIS, 2, BIOMETRIC_IDCS_IRIS_CODE, SAMPLE_IRIS_CODE)->data =
        bytes_of(filler, IRIS_CODE_CONTAINER_MIN);
    add_sample(BIOMETRIC_CAPTURE_FACE, 0, BIOMETRIC_IDCS_FACE_VECTOR, SAMPLE_FACE_VECTOR)->data =
        bytes_of(filler, FACE_VECTOR_CONTAINER_MAX);
    add_sample(BIOMETRIC_CAPTURE_FINGER, 10, BIOMETRIC_ISO_19794_4_2011, SAMPLE_IMAGE)->data =
        bytes_of(filler, 500);
    struct sample *bad =
        add_sample(BIOMETRIC_CAPTURE_FINGER, 3, BIOMETRIC_ISO_19794_2_2005, SAMPLE_NONE);
    bad->reason = BIOMETRIC_BAD_MINUTIA;
    struct sample *closed =
        add_sample(BIOMETRIC_CAPTURE_NONE, 0, BIOMETRIC_FORMAT_UNKNOWN, SAMPLE_NONE);
    closed->opened = closed->chained = false;
    closed->reason = BIOMETRIC_UNRECOGNISED;
}

static enum err get_samples(struct bytes message) {
    static const struct samples nothing;
    memset(&got_samples, 0x55, sizeof got_samples);
    enum err err = sample_wire_get_samples(message, &got_samples);
    if (err != ERR_OK)
        assert_memory_equal(&got_samples, &nothing, sizeof nothing);
    return err;
}

static enum err send_samples(void) {
    start();
    sample_wire_put_samples(&target, &samples);
    return get_samples(written());
}

static void samples_of_every_kind_come_through(void **state) {
    (void)state;
    fill_samples();
    assert_int_equal(send_samples(), ERR_OK);
    assert_int_equal(got_samples.count, samples.count);
    for (size_t i = 0; i < samples.count; i++) {
        const struct sample *sent = &samples.samples[i], *got = &got_samples.samples[i];
        assert_int_equal(got->opened, sent->opened);
        assert_memory_equal(got->hash, sent->hash, sizeof sent->hash);
        assert_int_equal(got->capture, sent->capture);
        assert_int_equal(got->position, sent->position);
        assert_int_equal(got->format, sent->format);
        assert_int_equal(got->reason, sent->reason);
        assert_int_equal(got->kind, sent->kind);
        assert_memory_equal(&got->minutiae, &sent->minutiae, sizeof sent->minutiae);
        assert_true(bytes_equal(got->data, sent->data));
    }
    assert_read_whole(written(), get_samples);
}

static void a_sample_that_contradicts_itself_is_refused(void **state) {
    (void)state;
    static struct samples good, refused[30];
    fill_samples();
    good = samples;
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        refused[i] = good;
    struct sample *s[COUNT_OF(refused)];
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        s[i] = refused[i].samples;
    /* a sample of what was not verified */
    s[0][0].data_trusted = false;
    s[1][0].digital_id_trusted = false;
    s[2][0].chained = false;
    s[3][0].opened = s[3][0].chained = false;
    s[4][5].chained = true; /* not opened, but chained */
    s[5][0].capture = BIOMETRIC_CAPTURE_NONE, s[5][0].position = 0;
    s[6][4].data_trusted = false; /* and not even a format of it */
    /* positions and modalities */
    s[7][0].position = 7;
    s[8][0].position = s[8][0].minutiae.position = 11;
    s[9][1].position = 3;
    s[10][2].position = 1;
    s[11][5].position = 1;
    s[12][0].capture = BIOMETRIC_CAPTURE_FACE, s[12][0].position = 0;
    s[13][1].capture = BIOMETRIC_CAPTURE_FINGER;
    s[14][3].capture = BIOMETRIC_CAPTURE_IRIS, s[14][3].position = 1;
    /* format, reason and kind */
    s[15][0].format = BIOMETRIC_ANSI_378_2009;
    s[16][1].format = BIOMETRIC_IDCS_FACE_VECTOR;
    s[17][2].format = BIOMETRIC_ISO_19794_5_2011;
    s[18][3].format = BIOMETRIC_ISO_19794_2_2005;
    s[19][0].reason = BIOMETRIC_NO_EXTRACTOR;
    s[20][3].reason = BIOMETRIC_READ;
    s[21][4].reason = BIOMETRIC_READ;
    s[22][4].reason = BIOMETRIC_NO_EXTRACTOR;
    s[23][0].reason = BIOMETRIC_BAD_VIEW;
    /* lengths and values */
    s[24][1].data.len--;
    s[25][1].data.len = IRIS_CODE_CONTAINER_MAX + 1;
    s[26][2].data.len++;
    s[27][3].data.len = 0;
    s[28][0].minutiae.count = 3;
    s[29][0].minutiae.minutiae[0].kind = 3;
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        samples = refused[i];
        if (send_samples() == ERR_OK)
            fail_msg("sample %zu", i);
    }
    samples = good;
    assert_int_equal(send_samples(), ERR_OK);
}

static void of_a_part_that_is_not_known_the_record_says_which(void **state) {
    (void)state;
    fill_samples();
    samples.samples[0].position = 0;
    assert_int_equal(send_samples(), ERR_OK);
    assert_int_equal(got_samples.samples[0].minutiae.position, 6);
    samples.samples[0].minutiae.position = 0;
    assert_int_equal(send_samples(), ERR_OK);
}

/* ---- enrolment ---- */

static struct enrolment_question record, got_record;
static struct enrolment enrolment, got_enrolment;

static enum err get_record(struct bytes message) {
    memset(&got_record, 0x55, sizeof got_record);
    enum err err = sample_wire_get_enrolment_question(message, &got_record);
    assert_int_equal(err != ERR_OK, got_record.record.len == 0);
    return err;
}

static enum err send_record(void) {
    start();
    sample_wire_put_enrolment_question(&target, &record);
    return get_record(written());
}

static void a_record_to_enrol_comes_through(void **state) {
    (void)state;
    record = (struct enrolment_question){bytes_of_text("FMR"), false, BIOMETRIC_IRIS, 2};
    assert_int_equal(send_record(), ERR_OK);
    assert_true(bytes_equal_text(got_record.record, "FMR") && !got_record.is_document);
    assert_true(got_record.modality == BIOMETRIC_IRIS && got_record.position == 2);
    assert_read_whole(written(), get_record);
    record = (struct enrolment_question){bytes_of(filler, SAMPLE_RECORD_MAX), true, 0, 0};
    assert_int_equal(send_record(), ERR_OK);
    assert_true(got_record.is_document && got_record.record.len == SAMPLE_RECORD_MAX);
}

static void a_record_of_no_such_part_is_refused(void **state) {
    (void)state;
    static const struct {
        enum biometric_modality modality;
        uint8_t position;
        bool good;
    } parts[] = {{BIOMETRIC_FINGER, 0, false}, {BIOMETRIC_FINGER, 1, true},
                 {BIOMETRIC_FINGER, 10, true}, {BIOMETRIC_FINGER, 11, false},
                 {BIOMETRIC_IRIS, 0, false},   {BIOMETRIC_IRIS, 1, true},
                 {BIOMETRIC_IRIS, 3, false},   {BIOMETRIC_FACE, 0, true},
                 {BIOMETRIC_FACE, 1, false},   {(enum biometric_modality)3, 0, false}};
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        record = (struct enrolment_question){bytes_of_text("FMR"), false, parts[i].modality,
                                             parts[i].position};
        assert_int_equal(send_record() == ERR_OK, parts[i].good);
    }
    record = (struct enrolment_question){bytes_of(filler, 0), true, 0, 0};
    assert_int_not_equal(send_record(), ERR_OK);
    record = (struct enrolment_question){bytes_of(filler, SAMPLE_RECORD_MAX + 1), true, 0, 0};
    assert_int_not_equal(send_record(), ERR_OK);
}

static enum err get_enrolment(struct bytes message) {
    memset(&got_enrolment, 0x55, sizeof got_enrolment);
    enum err err = sample_wire_get_enrolment(message, &got_enrolment);
    if (err != ERR_OK)
        assert_true(got_enrolment.status == ERR_MALFORMED && got_enrolment.count == 0);
    return err;
}

static enum err send_enrolment(void) {
    start();
    sample_wire_put_enrolment(&target, &enrolment);
    return get_enrolment(written());
}

static void fill_enrolment(void) {
    enrolment = (struct enrolment){.status = ERR_OK, .line = 40, .count = 2};
    enrolment.records[0] = (struct enrolment_record){.modality = BIOMETRIC_FINGER,
                                                     .position = 3,
                                                     .quality = 100,
                                                     .format = BIOMETRIC_ISO_19794_2_2005,
                                                     .kind = SAMPLE_MINUTIAE};
    fill_minutiae(&enrolment.records[0].minutiae, 3);
    enrolment.records[1] = (struct enrolment_record){.modality = BIOMETRIC_FACE,
                                                     .format = BIOMETRIC_ISO_19794_5_2005,
                                                     .reason = BIOMETRIC_NO_EXTRACTOR,
                                                     .kind = SAMPLE_IMAGE,
                                                     .data = bytes_of(filler, 100)};
}

static void an_enrolment_comes_through(void **state) {
    (void)state;
    fill_enrolment();
    assert_int_equal(send_enrolment(), ERR_OK);
    assert_true(got_enrolment.status == ERR_OK && got_enrolment.line == 40);
    assert_int_equal(got_enrolment.count, 2);
    assert_int_equal(got_enrolment.records[0].quality, 100);
    assert_memory_equal(&got_enrolment.records[0].minutiae, &enrolment.records[0].minutiae,
                        sizeof enrolment.records[0].minutiae);
    assert_int_equal(got_enrolment.records[1].data.len, 100);
    assert_read_whole(written(), get_enrolment);
    enrolment = (struct enrolment){.status = ERR_MALFORMED, .line = 3};
    assert_int_equal(send_enrolment(), ERR_OK);
    assert_true(got_enrolment.status == ERR_MALFORMED && got_enrolment.line == 3);
}

static void an_enrolment_that_contradicts_itself_is_refused(void **state) {
    (void)state;
    for (int i = 0; i < 7; i++) {
        fill_enrolment();
        struct enrolment_record *finger = &enrolment.records[0];
        enrolment.status = i == 0 ? ERR_MALFORMED : i == 1 ? ERR_DENIED : ERR_OK;
        finger->quality = i == 2 ? 101 : 100;
        finger->position = i == 3 ? 4 : i == 4 ? 0 : 3;
        finger->modality = i == 5 ? BIOMETRIC_IRIS : BIOMETRIC_FINGER;
        finger->reason = i == 6 ? BIOMETRIC_BAD_VIEW : BIOMETRIC_READ;
        assert_int_not_equal(send_enrolment(), ERR_OK);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_segment_comes_through_with_every_field),
        cmocka_unit_test(what_follows_from_the_texts_is_read_from_them),
        cmocka_unit_test(what_is_not_json_has_no_members),
        cmocka_unit_test(malformed_and_too_many_are_told),
        cmocka_unit_test(the_largest_segments_fit_their_block),
        cmocka_unit_test(segments_are_read_whole_or_not_at_all),
        cmocka_unit_test(a_segment_that_contradicts_itself_is_refused),
        cmocka_unit_test(a_question_comes_through),
        cmocka_unit_test(a_question_out_of_its_bounds_is_refused),
        cmocka_unit_test(samples_of_every_kind_come_through),
        cmocka_unit_test(a_sample_that_contradicts_itself_is_refused),
        cmocka_unit_test(of_a_part_that_is_not_known_the_record_says_which),
        cmocka_unit_test(a_record_to_enrol_comes_through),
        cmocka_unit_test(a_record_of_no_such_part_is_refused),
        cmocka_unit_test(an_enrolment_comes_through),
        cmocka_unit_test(an_enrolment_that_contradicts_itself_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
