#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sanitizer/asan_interface.h>

#include "firmware/base/frame.h"
#include "authd/unseal/decode.h"
#include "authd/unseal/samples.h"
#include "authd/unseal/worker.h"
#include "tests/lib/device_sample.h"
#include "tests/unit/record_sample.h"
#include "tests/unit/unsealed_sample.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define RECORD_MAX      16384

/* Who signs: a device and its chip, each under an authority of its own domain. */
static struct sample_holder device_root, ftm_root, device, chip, old_device, young_device, old_chip;
static struct device_signer by_device, by_chip, by_old_device, by_young_device, by_old_chip;

static struct device_sample made;
static char text[EDGE_BODY_MAX];
static struct samples_question question;
static struct samples got;
static uint8_t record_memory[RECORD_MAX];

static struct device_signer certify(const char *name, const struct sample_holder *issuer,
                                    int64_t not_before_ms, int64_t not_after_ms,
                                    struct sample_holder *holder) {
    struct sample_subject subject = {
        .name = name, .bits = 2048, .not_before_ms = not_before_ms, .not_after_ms = not_after_ms};
    sample_certify(&subject, issuer, holder);
    return (struct device_signer){holder->key, sample_der(holder)};
}

static int open_worker(void **state) {
    (void)state;
    struct sample_subject device_authority = {"devices", .bits = 2048, .is_authority = true};
    struct sample_subject chip_authority = {"chips", .bits = 2048, .is_authority = true};
    const int64_t now = SAMPLE_NOW_MS, day = SAMPLE_DAY_MS;
    assert_int_equal(worker_open(), ERR_OK);
    sample_certify(&device_authority, NULL, &device_root);
    sample_certify(&chip_authority, NULL, &ftm_root);
    by_device = certify("device", &device_root, 0, 0, &device);
    by_chip = certify("chip", &ftm_root, 0, 0, &chip);
    by_old_device = certify("device", &device_root, now - 9 * day, now - day, &old_device);
    by_young_device = certify("device", &device_root, now + day, now + 9 * day, &young_device);
    by_old_chip = certify("chip", &ftm_root, now - 9 * day, now - day, &old_chip);
    return 0;
}

static int close_worker(void **state) {
    (void)state;
    struct sample_holder *const holders[] = {&device_root, &ftm_root,     &device,  &chip,
                                             &old_device,  &young_device, &old_chip};
    for (size_t i = 0; i < COUNT_OF(holders); i++)
        sample_free(holders[i]);
    worker_close();
    return 0;
}

/* ---- what is sent ---- */

static struct bytes finger_record(uint8_t position, uint8_t views) {
    struct record_sample sample = record_sample(BIOMETRIC_ISO_19794_2_2011);
    sample.views = views;
    memset(sample.positions, position, sizeof sample.positions);
    return record_sample_write(&sample, record_memory, sizeof record_memory);
}

static struct device_segment segment_of(const char *type, const char *part, struct bytes block) {
    return (struct device_segment){.type = type,
                                   .part = part,
                                   .block = block,
                                   .data_signer = &by_device,
                                   .id_signer = &by_chip};
}

static void begin(void) {
    device_sample_begin(&made);
}

static void add(const struct device_segment *segment) {
    device_sample_add(&made, segment);
}

/* The question about what was added, with an anchor of each domain. */
static void write_question(void) {
    struct bytes list = device_sample_text(&made, text, sizeof text);
    device_sample_question(&made, list, SAMPLE_NOW_MS, &question);
    question.device_anchor_count = question.ftm_anchor_count = 1;
    question.device_anchors[0] = sample_der(&device_root);
    question.ftm_anchors[0] = sample_der(&ftm_root);
}

static bool is_wiped(const void *memory, size_t len) {
    const uint8_t *bytes = memory;
    for (size_t i = 0; i < len; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

static struct bytes answer_bytes;

static void ask(void) {
    static uint8_t memory[FRAME_PAYLOAD_MAX], copy[FRAME_PAYLOAD_MAX];
    struct buffer target = buffer_over(memory, sizeof memory);
    struct frame frame = {.type = UNSEAL_SAMPLES}, answer;
    sample_wire_put_question(&target, &question);
    assert_int_equal(buffer_end(&target, &frame.payload), ERR_OK);
    assert_int_equal(worker_answer(&frame, &answer), ERR_OK);
    assert_int_equal(answer.type, UNSEAL_SAMPLES_READ);
    memcpy(copy, answer.payload.data, answer.payload.len);
    answer_bytes = bytes_of(copy, answer.payload.len);
    worker_forget();
    assert_true(is_wiped(answer.payload.data, answer.payload.len));
    assert_int_equal(sample_wire_get_samples(answer_bytes, &got), ERR_OK);
}

static const struct sample *ask_about(const struct device_segment *segment) {
    begin();
    add(segment);
    write_question();
    ask();
    assert_int_equal(got.count, 1);
    return &got.samples[0];
}

static const struct sample *ask_about_record(const char *type, const char *part,
                                             struct bytes block) {
    struct device_segment segment = segment_of(type, part, block);
    const struct sample *sample = ask_about(&segment);
    assert_true(sample->data_trusted && sample->digital_id_trusted && sample->opened &&
                sample->chained);
    return sample;
}

static void assert_refused(const struct sample *sample, enum biometric_reason reason) {
    assert_int_equal(sample->reason, reason);
    assert_int_equal(sample->kind, SAMPLE_NONE);
    assert_int_equal(sample->minutiae.count, 0);
    assert_int_equal(sample->data.len, 0);
}

/* ---- tests ---- */

static void a_finger_comes_through(void **state) {
    (void)state;
    struct record_sample written = record_sample(BIOMETRIC_ISO_19794_2_2011);
    const struct sample *sample = ask_about_record("FMR", "Left Thumb", finger_record(6, 1));
    assert_int_equal(sample->capture, BIOMETRIC_CAPTURE_MINUTIAE);
    assert_int_equal(sample->position, 6);
    assert_int_equal(sample->format, BIOMETRIC_ISO_19794_2_2011);
    assert_int_equal(sample->reason, BIOMETRIC_READ);
    assert_int_equal(sample->kind, SAMPLE_MINUTIAE);
    assert_int_equal(sample->minutiae.position, 6);
    assert_int_equal(sample->minutiae.count, written.minutiae);
    for (uint8_t i = 0; i < written.minutiae; i++) {
        struct finger_minutia expected = record_sample_minutia(&written, i);
        assert_memory_equal(&sample->minutiae.minutiae[i], &expected, sizeof expected);
    }
}

enum fault {
    NO_FAULT,
    NO_DEVICE_ANCHOR,
    NO_FTM_ANCHOR,
    ANCHORS_SWAPPED,
    WRONG_KEY,
    LOWER_CASE_HASH,
    OTHER_HASH,
};

static void apply(enum fault fault) {
    char *hash = strstr(text, "\"hash\":\"") + strlen("\"hash\":\"");
    struct bytes anchor = question.device_anchors[0];
    switch (fault) {
    case NO_DEVICE_ANCHOR:
        question.device_anchor_count = 0;
        break;
    case NO_FTM_ANCHOR:
        question.ftm_anchor_count = 0;
        break;
    case ANCHORS_SWAPPED:
        question.device_anchors[0] = question.ftm_anchors[0];
        question.ftm_anchors[0] = anchor;
        break;
    case WRONG_KEY:
        question.keys[0][0] ^= 1;
        break;
    case LOWER_CASE_HASH:
        for (size_t i = 0; i < 64; i++)
            hash[i] = (char)tolower(hash[i]);
        break;
    case OTHER_HASH:
        hash[63] = hash[63] == '0' ? '1' : '0';
        break;
    default:
        break;
    }
}

#define DATA_CHANGE(from, to) .data_change = {from, to}
#define ID_CHANGE(from, to)   .id_change = {from, to}

static void a_fault_shows_where_it_is_and_leaves_nothing_to_compare(void **state) {
    (void)state;
    static const struct {
        struct device_segment changed; /* what it has of its own */
        enum fault fault;
        bool data_trusted, digital_id_trusted, opened, chained;
    } cases[] = {
        {{.part = NULL}, NO_DEVICE_ANCHOR, false, true, true, true},
        {{.part = NULL}, NO_FTM_ANCHOR, true, false, true, true},
        {{.part = NULL}, ANCHORS_SWAPPED, false, false, true, true},
        {{.part = NULL}, WRONG_KEY, true, true, false, false},
        {{.part = NULL}, LOWER_CASE_HASH, true, true, true, false},
        {{.part = NULL}, OTHER_HASH, true, true, true, false},
        {{.data_signer = &by_old_device}, NO_FAULT, false, true, true, true},
        {{.data_signer = &by_young_device}, NO_FAULT, false, true, true, true},
        {{.id_signer = &by_old_chip}, NO_FAULT, true, false, true, true},
        {{.data_signer = &by_chip}, NO_FAULT, false, true, true, true},
        {{.id_signer = &by_device}, NO_FAULT, true, false, true, true},
        {{DATA_CHANGE("Staging", "Stagimg")}, NO_FAULT, false, true, true, true},
        {{DATA_CHANGE("Left Thumb", "Left_Thumb")}, NO_FAULT, false, true, true, true},
        {{DATA_CHANGE("1234567890", "1234567891")}, NO_FAULT, false, true, false, false},
        {{DATA_CHANGE("\"D1\"", "\"D2\"")}, NO_FAULT, false, true, true, true},
        {{ID_CHANGE("\"S1\"", "\"S2\"")}, NO_FAULT, true, false, true, true},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct device_segment segment = segment_of("FMR", "Left Thumb", finger_record(6, 1));
        segment.data_change = cases[i].changed.data_change;
        segment.id_change = cases[i].changed.id_change;
        if (cases[i].changed.data_signer != NULL)
            segment.data_signer = cases[i].changed.data_signer;
        if (cases[i].changed.id_signer != NULL)
            segment.id_signer = cases[i].changed.id_signer;
        begin();
        add(&segment);
        write_question();
        apply(cases[i].fault);
        ask();
        const struct sample *sample = &got.samples[0];
        if (sample->data_trusted != cases[i].data_trusted ||
            sample->digital_id_trusted != cases[i].digital_id_trusted ||
            sample->opened != cases[i].opened || sample->chained != cases[i].chained)
            fail_msg("case %zu: %d %d %d %d", i, sample->data_trusted, sample->digital_id_trusted,
                     sample->opened, sample->chained);
        assert_refused(sample, BIOMETRIC_UNRECOGNISED);
    }
}

static void a_certificate_that_bears_an_anchors_name_is_not_trusted_for_it(void **state) {
    (void)state;
    struct sample_holder impostor, false_device;
    struct sample_subject authority = {"devices", .bits = 2048, .is_authority = true};
    sample_certify(&authority, NULL, &impostor);
    struct device_signer signer = certify("device", &impostor, 0, 0, &false_device);
    struct device_segment segment = segment_of("FMR", "Left Thumb", finger_record(6, 1));
    assert_true(ask_about(&segment)->data_trusted);
    /* The anchor that was good a question ago is not that of the next. */
    question.device_anchors[0] = sample_der(&impostor);
    ask();
    assert_false(got.samples[0].data_trusted);
    segment.data_signer = &signer;
    assert_false(ask_about(&segment)->data_trusted);
    question.device_anchors[0] = sample_der(&impostor);
    ask();
    assert_true(got.samples[0].data_trusted);
    sample_free(&impostor);
    sample_free(&false_device);
}

/* RFC 5280 §4.2.1.3: what an authority certified for other uses makes no captures. */
static void a_key_that_is_not_for_signatures_makes_none(void **state) {
    (void)state;
    static const struct {
        const char *usage;
        bool signs;
    } cases[] = {{"critical,keyEncipherment,dataEncipherment", false},
                 {"critical,keyCertSign,cRLSign", false},
                 {"keyAgreement", false},
                 {"digitalSignature,keyCertSign", true},
                 {"critical,digitalSignature", true}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sample_holder holder;
        struct sample_subject subject = {"device", .bits = 2048, .usage = cases[i].usage};
        sample_certify(&subject, &device_root, &holder);
        const struct device_signer signer = {holder.key, sample_der(&holder)};
        struct device_segment segment = segment_of("FMR", "Left Thumb", finger_record(6, 1));
        segment.data_signer = &signer;
        const struct sample *sample = ask_about(&segment);
        assert_int_equal(sample->data_trusted, cases[i].signs);
        assert_int_equal(sample->kind, cases[i].signs ? SAMPLE_MINUTIAE : SAMPLE_NONE);
        sample_free(&holder);
    }
}

/* The box's own authority certifies programmes and devices: one is not the other. */
static void a_programmes_certificate_makes_no_captures(void **state) {
    (void)state;
    static const struct {
        const char *extended;
        bool is_device;
    } cases[] = {{"emailProtection", false},
                 {"emailProtection,1.3.6.1.5.5.7.3.36", false},
                 {"1.3.6.1.5.5.7.3.36", true},
                 {"clientAuth", true}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sample_holder holder;
        struct sample_subject subject = {"device", .bits = 2048, .extended = cases[i].extended};
        sample_certify(&subject, &device_root, &holder);
        const struct device_signer signer = {holder.key, sample_der(&holder)};
        struct device_segment segment = segment_of("FMR", "Left Thumb", finger_record(6, 1));
        segment.data_signer = &signer;
        assert_int_equal(ask_about(&segment)->data_trusted, cases[i].is_device);
        sample_free(&holder);
    }
}

/* A certificate is judged once in a question; each signature of its own all the same. */
static void of_one_device_each_segment_is_verified(void **state) {
    (void)state;
    struct device_segment good = segment_of("FMR", "Left Thumb", finger_record(6, 1));
    struct device_segment bad = good;
    bad.data_change = (struct device_change){"\"D1\"", "\"D2\""};
    bad.id_change = (struct device_change){"\"M1\"", "\"M2\""};
    begin();
    add(&good);
    add(&bad);
    add(&good);
    write_question();
    ask();
    assert_int_equal(got.count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(got.samples[i].data_trusted, i != 1);
        assert_int_equal(got.samples[i].digital_id_trusted, i != 1);
        assert_true(got.samples[i].opened && got.samples[i].chained);
        assert_int_equal(got.samples[i].kind, i != 1 ? SAMPLE_MINUTIAE : SAMPLE_NONE);
    }
}

static void of_two_devices_each_has_its_own_certificate(void **state) {
    (void)state;
    struct device_segment good = segment_of("FMR", "Left Thumb", finger_record(6, 1));
    struct device_segment old = good;
    old.data_signer = &by_old_device;
    old.id_signer = &by_old_chip;
    begin();
    add(&old);
    add(&good);
    add(&old);
    write_question();
    ask();
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(got.samples[i].data_trusted, i == 1);
        assert_int_equal(got.samples[i].digital_id_trusted, i == 1);
    }
}

static void add_thumbs(size_t count) {
    static const char *const parts[] = {"Right Thumb", "Left Thumb", "Left IndexFinger"};
    begin();
    for (size_t i = 0; i < count; i++) {
        struct device_segment segment = segment_of("FMR", parts[i], finger_record(0, 1));
        add(&segment);
    }
}

static void segments_in_another_order_break_the_chain(void **state) {
    (void)state;
    begin();
    struct device_segment one = segment_of("FMR", "Right Thumb", finger_record(1, 1));
    add(&one);
    struct device_segment other = segment_of("FMR", "Left Thumb", finger_record(6, 1));
    add(&other);
    write_question();
    ask();
    assert_true(got.samples[0].chained && got.samples[1].chained);
    struct device_element first = made.elements[0];
    made.elements[0] = made.elements[1];
    made.elements[1] = first;
    write_question();
    ask();
    for (size_t i = 0; i < 2; i++) {
        assert_true(got.samples[i].opened && !got.samples[i].chained);
        assert_refused(&got.samples[i], BIOMETRIC_UNRECOGNISED);
    }
}

/* Whatever is said beside what the device signed, and wherever it stands. */
static void a_capture_has_a_hash_of_its_own(void **state) {
    (void)state;
    uint8_t first[SAMPLE_HASH_BYTES], second[SAMPLE_HASH_BYTES];
    add_thumbs(2);
    write_question();
    ask();
    memcpy(first, got.samples[0].hash, sizeof first);
    memcpy(second, got.samples[1].hash, sizeof second);
    assert_false(is_wiped(first, sizeof first));
    assert_memory_not_equal(first, second, sizeof first);
    struct device_element moved = made.elements[0];
    made.elements[0] = made.elements[1];
    made.elements[1] = moved;
    write_question();
    apply(OTHER_HASH);
    ask();
    assert_memory_equal(got.samples[0].hash, second, sizeof second);
    assert_memory_equal(got.samples[1].hash, first, sizeof first);
}

static void what_does_not_open_breaks_the_chain_behind_it(void **state) {
    (void)state;
    add_thumbs(3);
    write_question();
    question.keys[1][31] ^= 0x80;
    ask();
    assert_true(got.samples[0].chained && got.samples[0].kind == SAMPLE_MINUTIAE);
    assert_false(got.samples[1].opened || got.samples[1].chained);
    assert_true(got.samples[2].opened && !got.samples[2].chained);
    assert_refused(&got.samples[2], BIOMETRIC_UNRECOGNISED);
}

static void behind_a_wrong_link_nothing_is_chained(void **state) {
    (void)state;
    add_thumbs(2);
    write_question();
    apply(OTHER_HASH);
    ask();
    for (size_t i = 0; i < 2; i++)
        assert_true(got.samples[i].opened && !got.samples[i].chained);
}

static void the_chain_is_that_of_the_worked_vectors(void **state) {
    (void)state;
    static const char *const links[] = {
        "458D5D95AFE6ACEF5DBF3D323CA400C019AB443068B606927FD1D679368FDD20",
        "32AA0FAF1C710822B6EA9D6F05CA3DF351A2FEF8BD443F018137E004BAF686E0"};
    struct device_segment one = segment_of("FMR", "Left Thumb", bytes_of_text("hello-bdb"));
    struct device_segment other = segment_of("FMR", "Right Thumb", bytes_of_text("second-bdb"));
    begin();
    add(&one);
    add(&other);
    write_question();
    for (size_t i = 0; i < 2; i++)
        assert_non_null(strstr(text, links[i]));
    ask();
    for (size_t i = 0; i < 2; i++) {
        assert_true(got.samples[i].opened && got.samples[i].chained);
        assert_refused(&got.samples[i], BIOMETRIC_UNRECOGNISED);
    }
}

static void a_position_is_the_segments_and_no_other(void **state) {
    (void)state;
    const struct sample *sample = ask_about_record("Finger", "Right Thumb", finger_record(0, 1));
    assert_true(sample->kind == SAMPLE_MINUTIAE && sample->minutiae.position == 1);
    assert_refused(ask_about_record("FMR", "Right Thumb", finger_record(6, 1)),
                   BIOMETRIC_OTHER_POSITION);
    sample = ask_about_record("FMR", "UNKNOWN", finger_record(7, 1));
    assert_true(sample->position == 0 && sample->minutiae.position == 7);
    sample = ask_about_record("FMR", "UNKNOWN", finger_record(0, 1));
    assert_true(sample->kind == SAMPLE_MINUTIAE && sample->minutiae.position == 0);
}

static void a_record_of_two_views_is_too_many(void **state) {
    (void)state;
    const struct sample *sample = ask_about_record("FMR", "Left Thumb", finger_record(6, 2));
    assert_refused(sample, BIOMETRIC_TOO_MANY_VIEWS);
    assert_int_equal(sample->format, BIOMETRIC_ISO_19794_2_2011);
}

static void a_kind_that_is_not_known_gives_nothing(void **state) {
    (void)state;
    const struct sample *sample = ask_about_record("Palm", "Left Thumb", finger_record(6, 1));
    assert_int_equal(sample->capture, BIOMETRIC_CAPTURE_NONE);
    assert_refused(sample, BIOMETRIC_UNRECOGNISED);
    assert_refused(ask_about_record("Iris", "Left", finger_record(6, 1)), BIOMETRIC_OTHER_MODALITY);
}

static void an_image_goes_on_as_it_is(void **state) {
    (void)state;
    static const uint8_t face[] = "FAC\0"
                                  "010\0\0\0\0\x2e\0\1\0\0\0\x20"
                                  "0123456789012345678901234567";
    struct bytes image = bytes_of(face, 46);
    const struct sample *sample = ask_about_record("Face", NULL, image);
    assert_int_equal(sample->kind, SAMPLE_IMAGE);
    assert_int_equal(sample->reason, BIOMETRIC_NO_EXTRACTOR);
    assert_int_equal(sample->format, BIOMETRIC_ISO_19794_5_2005);
    assert_true(bytes_equal(sample->data, image));
    assert_refused(ask_about_record("Finger", "Left Thumb", image), BIOMETRIC_OTHER_MODALITY);
    assert_refused(ask_about_record("Face", NULL, bytes_of(face, 45)), BIOMETRIC_WRONG_LENGTH);
}

static void under_minutiae_no_image_is_taken(void **state) {
    (void)state;
    static const uint8_t finger[32 + 14] = "FIR\0"
                                           "010\0\0\0\0\0\0\x2e\0\0\0\0\1";
    uint8_t image[sizeof finger];
    memcpy(image, finger, sizeof image);
    image[32 + 3] = 14;
    struct bytes record = bytes_of(image, sizeof image);
    assert_int_equal(ask_about_record("Finger", "Left Thumb", record)->kind, SAMPLE_IMAGE);
    assert_refused(ask_about_record("FMR", "Left Thumb", record), BIOMETRIC_UNEXPECTED);
}

static struct bytes iris_record(uint8_t eye) {
    return bytes_of(record_memory, device_sample_iris(eye, record_memory, sizeof record_memory));
}

static void an_iris_code_is_of_the_eye_it_is_announced_as(void **state) {
    (void)state;
    const struct sample *sample = ask_about_record("Iris", "Left", iris_record(2));
    assert_int_equal(sample->kind, SAMPLE_IRIS_CODE);
    assert_int_equal(sample->reason, BIOMETRIC_READ);
    assert_int_equal(sample->position, 2);
    assert_true(bytes_equal(sample->data, iris_record(2)));
    sample = ask_about_record("Iris", "Left", iris_record(0));
    assert_true(sample->kind == SAMPLE_IRIS_CODE && bytes_equal(sample->data, iris_record(2)));
    assert_refused(ask_about_record("Iris", "Left", iris_record(1)), BIOMETRIC_OTHER_POSITION);
    sample = ask_about_record("Iris", "UNKNOWN", iris_record(1));
    assert_true(sample->position == 0 && bytes_equal(sample->data, iris_record(1)));
    struct bytes code = iris_record(2);
    assert_refused(ask_about_record("Iris", "Left", bytes_of(code.data, code.len - 1)),
                   BIOMETRIC_TRUNCATED);
    record_memory[4] = 2; /* the version */
    assert_refused(ask_about_record("Iris", "Left", code), BIOMETRIC_BAD_HEADER);
}

static void a_face_vector_comes_through(void **state) {
    (void)state;
    struct bytes vector =
        bytes_of(record_memory, device_sample_face(record_memory, sizeof record_memory));
    const struct sample *sample = ask_about_record("Face", NULL, vector);
    assert_int_equal(sample->kind, SAMPLE_FACE_VECTOR);
    assert_true(bytes_equal(sample->data, vector));
    assert_refused(ask_about_record("Iris", "Left", vector), BIOMETRIC_OTHER_MODALITY);
    record_memory[6] = 0xff; /* the dimension */
    assert_refused(ask_about_record("Face", NULL, vector), BIOMETRIC_BAD_SIZE);
}

static void a_text_of_other_segments_than_there_are_keys_says_nothing(void **state) {
    (void)state;
    static const char *const texts[] = {"[]", "{}", "[", "null", "[{},1]", "[{}],\"a\":[{}]"};
    add_thumbs(2);
    write_question();
    question.key_count = 1;
    ask();
    assert_int_equal(got.count, 0);
    write_question();
    question.key_count = 3;
    ask();
    assert_int_equal(got.count, 0);
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        question.key_count = 1;
        question.text = bytes_of_text(texts[i]);
        ask();
        assert_int_equal(got.count, 0);
    }
    question.text = bytes_of_text("[{}]");
    ask();
    assert_int_equal(got.count, 1);
    assert_refused(&got.samples[0], BIOMETRIC_UNRECOGNISED);
}

/* The arena stays mapped, so what was given back to it can be looked at; a sanitizer would not let
 * that pass. */
static void nothing_of_a_finger_stays(void **state) {
    (void)state;
    static uint8_t memory[DECODE_WORKSPACE_BYTES];
    struct buffer workspace = buffer_over(memory, sizeof memory);
    struct device_segment segment = segment_of("FMR", "Left Thumb", finger_record(6, 1));
    struct secret opened = {0};
    begin();
    add(&segment);
    write_question();
    assert_int_equal(samples_unseal(&question, &workspace, &opened), ERR_OK);
    const struct samples_opened *inside = (const struct samples_opened *)opened.data;
    assert_int_equal(samples_view(&opened)->samples[0].kind, SAMPLE_MINUTIAE);
    struct bytes block = secret_view(&inside->blocks[0]);
    assert_true(bytes_equal(block, segment.block) && inside->record.finger_count == 1);
    samples_forget(&opened);
    ASAN_UNPOISON_MEMORY_REGION(inside, sizeof *inside);
    ASAN_UNPOISON_MEMORY_REGION(block.data, block.len);
    assert_true(is_wiped(inside, sizeof *inside) && is_wiped(block.data, block.len));
    assert_null(memmem(memory, sizeof memory, segment.block.data, segment.block.len));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_finger_comes_through),
        cmocka_unit_test(a_fault_shows_where_it_is_and_leaves_nothing_to_compare),
        cmocka_unit_test(a_certificate_that_bears_an_anchors_name_is_not_trusted_for_it),
        cmocka_unit_test(a_key_that_is_not_for_signatures_makes_none),
        cmocka_unit_test(a_programmes_certificate_makes_no_captures),
        cmocka_unit_test(of_one_device_each_segment_is_verified),
        cmocka_unit_test(of_two_devices_each_has_its_own_certificate),
        cmocka_unit_test(behind_a_wrong_link_nothing_is_chained),
        cmocka_unit_test(segments_in_another_order_break_the_chain),
        cmocka_unit_test(what_does_not_open_breaks_the_chain_behind_it),
        cmocka_unit_test(a_capture_has_a_hash_of_its_own),
        cmocka_unit_test(the_chain_is_that_of_the_worked_vectors),
        cmocka_unit_test(a_position_is_the_segments_and_no_other),
        cmocka_unit_test(a_record_of_two_views_is_too_many),
        cmocka_unit_test(a_kind_that_is_not_known_gives_nothing),
        cmocka_unit_test(an_image_goes_on_as_it_is),
        cmocka_unit_test(under_minutiae_no_image_is_taken),
        cmocka_unit_test(an_iris_code_is_of_the_eye_it_is_announced_as),
        cmocka_unit_test(a_face_vector_comes_through),
        cmocka_unit_test(a_text_of_other_segments_than_there_are_keys_says_nothing),
        cmocka_unit_test(nothing_of_a_finger_stays),
    };
    return cmocka_run_group_tests(tests, open_worker, close_worker);
}
