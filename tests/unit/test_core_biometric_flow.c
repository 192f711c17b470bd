#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/core_clock.h"
#include "tests/unit/lane_biometric.h"

/* The way of a request with biometrics through a lane: keys, samples, decision. */
enum { PERSON = 1, NOBODYS = 2, OTHER_FINGER = 99 };

static const struct capture_part index_finger[] = {{"Finger", "Right IndexFinger"}};
static const struct capture_part two_fingers[] = {{"FMR", "Right IndexFinger"},
                                                  {"FMR", "Left IndexFinger"}};
static struct lane_box box;
static struct lane_biometric request;

static void enrol_two_fingers(void) {
    const struct enrolled enrolled = {
        .count = 2, .parts = {lane_biometric_finger(12, 2), lane_biometric_finger(17, 7)}};
    lane_biometric_enrol(&box, PERSON, &enrolled);
}

static int make(void **state) {
    (void)state;
    core_clock_shift_ms = 0;
    lane_biometric_make(&box, "");
    enrol_two_fingers();
    return 0;
}

static int unmake(void **state) {
    (void)state;
    lane_fixture_remove(&box);
    return 0;
}

static void present(unsigned person, unsigned finger) {
    lane_biometric_of(&request, person, index_finger, 1);
    biometric_fixture_finger(&request.samples.samples[0], finger, 9);
}

static struct lane_biometric_told try_finger(unsigned person, unsigned finger) {
    core_clock_shift_ms++; /* another body */
    present(person, finger);
    (void)lane_biometric_play(&box, &request);
    return lane_biometric_told(&box);
}

static void the_persons_finger_is_a_yes_and_another_is_not(void **state) {
    (void)state;
    assert_string_equal(try_finger(PERSON, 12).codes, "yes");
    struct lane_biometric_told told = try_finger(PERSON, OTHER_FINGER);
    assert_string_equal(told.codes, "IDA-BIA-001");
    assert_string_equal(told.detail, "Finger");
    assert_int_equal(told.action, MOSIP_ACTION_OF_ERROR);
    lane_fixture_expect_idle(&box);
}

static void keys_are_asked_for_one_after_the_other(void **state) {
    (void)state;
    lane_biometric_of(&request, PERSON, two_fingers, 2);
    biometric_fixture_finger(&request.samples.samples[0], 12, 9);
    biometric_fixture_finger(&request.samples.samples[1], 17, 9);
    (void)lane_biometric_post(&box, &request);
    lane_biometric_key(&box, 0, ERR_OK);
    assert_true(lane_fixture_is_silent(&box, PARTY_UNSEAL));
    lane_biometric_key(&box, 1, ERR_OK);
    lane_biometric_samples(&box, &request);
    assert_string_equal(lane_biometric_told(&box).codes, "yes");
    lane_fixture_expect_idle(&box);
}

static void a_key_that_does_not_open_is_refused(void **state) {
    (void)state;
    static const enum err refusals[] = {ERR_CRYPTO, ERR_NOT_FOUND};
    for (size_t i = 0; i < 2; i++) {
        core_clock_shift_ms++;
        lane_biometric_of(&request, PERSON, two_fingers, 2);
        (void)lane_biometric_post(&box, &request);
        lane_biometric_key(&box, 0, ERR_OK);
        lane_biometric_key(&box, 1, refusals[i]);
        assert_string_equal(lane_biometric_told(&box).codes, "IDA-MLC-007 IDA-MPA-003");
        assert_true(lane_fixture_is_silent(&box, PARTY_UNSEAL));
    }
    lane_fixture_expect_idle(&box);
}

static void a_signer_that_cannot_decides_nothing(void **state) {
    (void)state;
    present(PERSON, 12);
    (void)lane_biometric_post(&box, &request);
    lane_biometric_key(&box, 0, ERR_LIMIT);
    assert_int_equal(lane_party_result(&box).status, 503);
    lane_fixture_expect_idle(&box);
}

static void a_signer_that_dies_is_not_missed(void **state) {
    (void)state;
    static struct lane_party_answer held;
    present(PERSON, 12);
    (void)lane_biometric_post(&box, &request);
    lane_party_hold(&box, PARTY_SIGNER, HSM_UNWRAP, &held);
    lane_fixture_peer_down(&box, PARTY_SIGNER);
    lane_party_hold(&box, PARTY_OTHER_SIGNER, HSM_UNWRAP, &held);
    lane_fixture_send(&box, PARTY_OTHER_SIGNER, &held.frame);
    struct frame question = lane_fixture_receive(&box, PARTY_UNSEAL, UNSEAL_SAMPLES);
    assert_true(question.payload.len > 0);
    assert_int_equal(lane_fixture_waiting(&box, STEP_SAMPLES), 1);
}

/* What it had is asked of its successor, alone; when that dies too it was no chance. */
static void a_parser_that_dies_over_samples_is_asked_once_more(void **state) {
    (void)state;
    static struct lane_party_answer probed;
    for (unsigned deaths = 1; deaths <= 2; deaths++) {
        core_clock_shift_ms++;
        present(PERSON, 12);
        (void)lane_biometric_post(&box, &request);
        lane_biometric_key(&box, 0, ERR_OK);
        for (unsigned i = 0; i < deaths; i++) {
            struct frame question = lane_fixture_receive(&box, PARTY_UNSEAL, UNSEAL_SAMPLES);
            assert_true(question.payload.len > 0);
            lane_party_succeed(&box, &probed);
            if (i == 1)
                assert_int_equal(lane_party_result(&box).status, 503);
            lane_fixture_send(&box, PARTY_UNSEAL, &probed.frame);
        }
        if (deaths == 1) {
            lane_biometric_samples(&box, &request);
            assert_string_equal(lane_biometric_told(&box).codes, "yes");
        }
        lane_fixture_expect_idle(&box);
    }
}

/* Nothing of these is an answer to what is waited for. */
static void late_and_strange_answers_change_nothing(void **state) {
    (void)state;
    static struct lane_party_answer held;
    present(PERSON, 12);
    (void)lane_biometric_post(&box, &request);
    lane_party_hold(&box, PARTY_SIGNER, HSM_UNWRAP, &held);
    struct frame bent = held.frame;
    bent.generation--;
    lane_fixture_send(&box, PARTY_SIGNER, &bent);
    assert_true(lane_fixture_is_silent(&box, PARTY_UNSEAL));
    lane_fixture_send(&box, PARTY_SIGNER, &held.frame);
    struct frame question = lane_fixture_receive(&box, PARTY_UNSEAL, UNSEAL_SAMPLES);
    assert_true(question.payload.len > 0);
    lane_fixture_send(&box, PARTY_SIGNER, &held.frame); /* the key again */
    assert_true(lane_fixture_is_silent(&box, PARTY_UNSEAL));
    assert_int_equal(lane_fixture_waiting(&box, STEP_SAMPLES), 1);
}

static void a_worker_that_contradicts_itself_is_not_believed(void **state) {
    (void)state;
    present(PERSON, 12);
    request.samples.samples[0].position = request.samples.samples[0].minutiae.position = 7;
    (void)lane_biometric_play(&box, &request);
    assert_string_equal(lane_biometric_told(&box).codes, "IDA-MLC-007");
    core_clock_shift_ms++;
    present(PERSON, 12);
    request.samples.count = 0;
    (void)lane_biometric_play(&box, &request);
    assert_string_equal(lane_biometric_told(&box).codes, "IDA-MLC-007");
    lane_fixture_expect_idle(&box);
}

static void what_no_device_signed_is_refused_whatever_it_shows(void **state) {
    (void)state;
    present(PERSON, 12);
    request.samples.samples[0] = (struct sample){.digital_id_trusted = true,
                                                 .opened = true,
                                                 .chained = true,
                                                 .capture = BIOMETRIC_CAPTURE_FINGER,
                                                 .position = 2,
                                                 .reason = BIOMETRIC_UNRECOGNISED};
    (void)lane_biometric_play(&box, &request);
    struct lane_biometric_told told = lane_biometric_told(&box);
    assert_string_equal(told.codes, "IDA-MLC-007 IDA-MPA-001");
    assert_string_equal(told.detail, "request/biometrics/0/data");
}

static void block(enum hotlist_kind kind, const char *id) {
    const struct hotlist_entry entry = {.blocked = true};
    struct registry_batch batch = registry_begin(box.core->registry);
    uint64_t sequence;
    registry_put_hotlisted(&batch, kind, bytes_of_text(id), &entry);
    assert_int_equal(registry_commit(&batch, &sequence), ERR_OK);
}

static void a_blocked_device_is_named(void **state) {
    (void)state;
    static const struct {
        enum hotlist_kind kind;
        const char *id, *detail;
    } rows[] = {{HOTLIST_DEVICE, "S1M1M2", "DEVICE"},
                {HOTLIST_DEVICE_PROVIDER, "P1P2", "DEVICE_PROVIDER"}};
    for (size_t i = 0; i < 2; i++) {
        block(rows[i].kind, rows[i].id);
        struct lane_biometric_told told = try_finger(PERSON, 12);
        assert_string_equal(told.codes, "IDA-MLC-022");
        assert_string_equal(told.detail, rows[i].detail);
    }
}

static void records_that_cannot_be_compared_are_told(void **state) {
    (void)state;
    static const struct {
        enum biometric_format format;
        enum biometric_reason reason;
        enum sample_kind kind;
        const char *codes, *detail;
    } rows[] = {
        {BIOMETRIC_ISO_19794_2_2011, BIOMETRIC_TOO_MANY_VIEWS, SAMPLE_NONE, "IDA-BIA-010", ""},
        {BIOMETRIC_ISO_19794_2_2011, BIOMETRIC_BAD_MINUTIA, SAMPLE_NONE, "IDA-BIA-011",
         "bad-minutia"},
        {BIOMETRIC_ISO_19794_4_2011, BIOMETRIC_NO_EXTRACTOR, SAMPLE_IMAGE, "IDA-BIA-011",
         "image format without extractor"},
        /* an iris or another finger called a right index finger does not match, that is all
         * (MOSIP's own tests) */
        {BIOMETRIC_ISO_19794_2_2011, BIOMETRIC_OTHER_POSITION, SAMPLE_NONE, "IDA-BIA-001",
         "Finger"},
        {BIOMETRIC_ISO_19794_2_2011, BIOMETRIC_BAD_VIEW, SAMPLE_NONE, "IDA-BIA-011", "bad-view"},
        {BIOMETRIC_IDCS_IRIS_CODE, BIOMETRIC_OTHER_MODALITY, SAMPLE_NONE, "IDA-BIA-001", "Finger"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        core_clock_shift_ms++;
        lane_biometric_of(&request, PERSON, index_finger, 1);
        struct sample *sample = &request.samples.samples[0];
        sample->format = rows[i].format;
        sample->reason = rows[i].reason;
        sample->kind = rows[i].kind;
        sample->data = bytes_of_text(rows[i].kind == SAMPLE_IMAGE ? "an image" : "");
        (void)lane_biometric_play(&box, &request);
        struct lane_biometric_told told = lane_biometric_told(&box);
        assert_string_equal(told.codes, rows[i].codes);
        assert_string_equal(told.detail, rows[i].detail);
    }
}

static void who_has_nothing_enrolled_is_told_so(void **state) {
    (void)state;
    struct lane_biometric_told told = try_finger(NOBODYS, 12);
    assert_string_equal(told.codes, "IDA-BIA-006");
    assert_string_equal(told.detail, "Finger");
}

/* Five failures are free; who then waits is told to, and the right finger does not help. */
static void failures_make_people_wait(void **state) {
    (void)state;
    for (unsigned i = 0; i < 5; i++)
        assert_string_equal(try_finger(PERSON, OTHER_FINGER).codes, "IDA-BIA-001");
    assert_string_equal(try_finger(PERSON, 12).codes, "IDA-MLC-019");
    core_clock_shift_ms += 31 * 1000;
    assert_string_equal(try_finger(PERSON, 12).codes, "yes");
    assert_string_equal(try_finger(PERSON, OTHER_FINGER).codes, "IDA-BIA-001");
}

/* Whatever else is another: the body, the person, the programme, who was found in it. */
static void what_was_captured_serves_one_request(void **state) {
    (void)state;
    static const struct {
        const char *programme;
        unsigned person;
    } rows[] = {{LANE_FIRST, PERSON}, {LANE_FIRST, NOBODYS}, {LANE_SECOND, PERSON}};
    assert_string_equal(try_finger(PERSON, 12).codes, "yes");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        core_clock_shift_ms++;
        request.programme = rows[i].programme;
        request.person = rows[i].person;
        (void)lane_biometric_play(&box, &request);
        struct lane_biometric_told told = lane_biometric_told(&box);
        assert_string_equal(told.codes, "IDA-MLC-007");
    }
    assert_string_equal(try_finger(NOBODYS, 12).codes, "IDA-BIA-006");
    request.person = PERSON;
    core_clock_shift_ms++;
    (void)lane_biometric_play(&box, &request);
    assert_string_equal(lane_biometric_told(&box).codes, "IDA-MLC-007");
    assert_string_equal(try_finger(PERSON, 12).codes, "yes");
    lane_fixture_expect_idle(&box);
}

/* Beside fresh ones too, of whatever position. */
static void one_old_capture_spoils_a_request(void **state) {
    (void)state;
    static uint8_t old[SAMPLE_HASH_BYTES];
    assert_string_equal(try_finger(PERSON, OTHER_FINGER).codes, "IDA-BIA-001");
    memcpy(old, request.samples.samples[0].hash, sizeof old);
    for (unsigned i = 0; i < 2; i++) {
        core_clock_shift_ms++;
        lane_biometric_of(&request, PERSON, two_fingers, 2);
        biometric_fixture_finger(&request.samples.samples[0], 12, 9);
        biometric_fixture_finger(&request.samples.samples[1], 17, 9);
        if (i == 1) /* one twice */
            memcpy(old, request.samples.samples[0].hash, sizeof old);
        memcpy(request.samples.samples[1].hash, old, sizeof old);
        (void)lane_biometric_play(&box, &request);
        assert_string_equal(lane_biometric_told(&box).codes, "IDA-MLC-007");
    }
}

/* A request's first segment may be older than its last by twelve times two minutes. */
static void a_capture_is_remembered_as_long_as_it_could_be_presented(void **state) {
    (void)state;
    static struct lane_biometric held;
    assert_string_equal(try_finger(PERSON, 12).codes, "yes");
    held = request;
    core_clock_shift_ms += 25 * 60 * 1000;
    present(PERSON, 12);
    memcpy(request.samples.samples[0].hash, held.samples.samples[0].hash, SAMPLE_HASH_BYTES);
    (void)lane_biometric_play(&box, &request);
    assert_string_equal(lane_biometric_told(&box).codes, "IDA-MLC-007");
}

static const struct capture_part everything[] = {
    {"Finger", "Right Thumb"},        {"Finger", "Right IndexFinger"},
    {"Finger", "Right MiddleFinger"}, {"Finger", "Right RingFinger"},
    {"Finger", "Right LittleFinger"}, {"Finger", "Left Thumb"},
    {"Finger", "Left IndexFinger"},   {"Finger", "Left MiddleFinger"},
    {"Finger", "Left RingFinger"},    {"Finger", "Left LittleFinger"}};

/* What all of them leave in the ledger fits into one record. */
static void ten_fingers_are_each_served_once(void **state) {
    (void)state;
    struct policy policy = lane_biometric_policy;
    policy.biometrics.presented[POLICY_FINGER] = 10;
    policy.biometrics.ceiling = FALSE_MATCH_CERTAIN;
    lane_biometric_put_policy(&box, &policy);
    for (size_t i = 0; i < 2; i++) {
        core_clock_shift_ms++;
        if (i == 0)
            lane_biometric_of(&request, PERSON, everything, 10);
        for (size_t j = 0; j < 10; j++)
            biometric_fixture_finger(&request.samples.samples[j], 11 + (unsigned)j, 9);
        (void)lane_biometric_play(&box, &request);
        assert_string_equal(lane_biometric_told(&box).codes, i == 0 ? "yes" : "IDA-MLC-007");
    }
}

static void a_policy_may_hide_who_is_known(void **state) {
    (void)state;
    struct policy policy = lane_biometric_policy;
    policy.uniform = policy.biometrics.names_factors = true;
    lane_biometric_put_policy(&box, &policy);
    static const unsigned people[] = {PERSON, NOBODYS, 55};
    for (size_t i = 0; i < 3; i++) {
        struct lane_biometric_told told = try_finger(people[i], OTHER_FINGER);
        assert_string_equal(told.codes, "IDA-BIA-001");
        assert_string_equal(told.detail, "Finger");
        assert_int_equal(told.action, MOSIP_ACTION_OF_ERROR);
    }
}

/* A device is nobody's secret, in a uniform policy either; that somebody is a child is. */
static void what_is_hidden_is_only_what_tells_of_the_person(void **state) {
    (void)state;
    struct policy policy = lane_biometric_policy;
    policy.uniform = true;
    lane_biometric_put_policy(&box, &policy);
    box.core->settings.child_age_years = 100;
    assert_string_equal(try_finger(PERSON, 12).codes, "IDA-BIA-001");
    policy.uniform = false;
    lane_biometric_put_policy(&box, &policy);
    struct lane_biometric_told told = try_finger(PERSON, 12);
    assert_string_equal(told.codes, "IDA-MLC-011");
    assert_string_equal(told.detail, "bio");
    policy.uniform = true;
    lane_biometric_put_policy(&box, &policy);
    block(HOTLIST_DEVICE, "S1M1M2");
    assert_string_equal(try_finger(PERSON, 12).codes, "IDA-MLC-022");
}

static void a_locked_finger_is_refused(void **state) {
    (void)state;
    uint8_t lookup_key[HSM_LOOKUP_KEY_BYTES] = {PERSON};
    struct identity *identity = core_fixture_identity(PERSON);
    struct registry_batch batch = registry_begin(box.core->registry);
    uint64_t sequence;
    identity->locks = LOCK_BIO_FINGER;
    registry_put_identity(&batch, lookup_key, identity);
    assert_int_equal(registry_commit(&batch, &sequence), ERR_OK);
    identity_free(identity);
    struct lane_biometric_told told = try_finger(PERSON, 12);
    assert_string_equal(told.codes, "IDA-MLC-019");
    assert_string_equal(told.detail, "bio-Finger");
}

static void a_policy_may_name_the_finger_to_try_next(void **state) {
    (void)state;
    struct policy policy = lane_biometric_policy;
    policy.biometrics.names_factors = true;
    lane_biometric_put_policy(&box, &policy);
    struct lane_biometric_told told = try_finger(PERSON, OTHER_FINGER);
    assert_string_equal(told.codes, "IDA-BIA-001");
    assert_int_equal(told.action, MOSIP_ACTION_TRY_LEFT_INDEX);
}

static void a_policy_above_its_ceiling_is_as_good_as_none(void **state) {
    (void)state;
    struct policy policy = lane_biometric_policy;
    policy.biometrics.ceiling = 1;
    lane_biometric_put_policy(&box, &policy);
    assert_string_equal(try_finger(PERSON, 12).codes, "IDA-MLC-007 IDA-MPA-019");
}

static void policy_and_country_decide_what_may_be_presented(void **state) {
    (void)state;
    struct policy policy = lane_biometric_policy;
    policy.allowed &= ~AUTH_TYPE_BIT(AUTH_TYPE_BIO_FINGER);
    lane_biometric_put_policy(&box, &policy);
    struct lane_biometric_told told = try_finger(PERSON, 12);
    assert_string_equal(told.codes, "IDA-MLC-007 IDA-MPA-006");
    assert_string_equal(told.detail, "bio-Finger");
    lane_biometric_put_policy(&box, &lane_biometric_policy);
    box.core->settings.auth_type_set &= ~AUTH_TYPE_BIT(AUTH_TYPE_BIO_FINGER);
    told = try_finger(PERSON, 12);
    assert_string_equal(told.codes, "IDA-MLC-011");
    assert_string_equal(told.detail, "bio-Finger");
}

static struct bytes a_face(void) {
    static uint8_t memory[FACE_VECTOR_CONTAINER_MAX];
    static struct face_vector vector = {.model = {1},
                                        .form = FACE_VECTOR_INT8,
                                        .dimension = FACE_VECTOR_DIMENSION_MIN,
                                        .values = {1}};
    struct buffer target = buffer_over(memory, sizeof memory);
    struct bytes view;
    face_vector_write(&target, &vector);
    assert_int_equal(buffer_end(&target, &view), ERR_OK);
    return view;
}

static void a_face_without_a_model_is_for_the_operator(void **state) {
    (void)state;
    static const struct capture_part face[] = {{"Face", NULL}};
    lane_biometric_of(&request, PERSON, face, 1);
    request.samples.samples[0].format = BIOMETRIC_IDCS_FACE_VECTOR;
    request.samples.samples[0].reason = BIOMETRIC_READ;
    request.samples.samples[0].kind = SAMPLE_FACE_VECTOR;
    request.samples.samples[0].data = a_face();
    (void)lane_biometric_play(&box, &request);
    assert_string_equal(lane_biometric_told(&box).codes, "IDA-BIA-017");
}

#define FLOW(name) cmocka_unit_test_setup_teardown(name, make, unmake)
int main(void) {
    const struct CMUnitTest tests[] = {
        FLOW(the_persons_finger_is_a_yes_and_another_is_not),
        FLOW(keys_are_asked_for_one_after_the_other),
        FLOW(a_key_that_does_not_open_is_refused),
        FLOW(a_signer_that_cannot_decides_nothing),
        FLOW(a_signer_that_dies_is_not_missed),
        FLOW(a_parser_that_dies_over_samples_is_asked_once_more),
        FLOW(late_and_strange_answers_change_nothing),
        FLOW(a_worker_that_contradicts_itself_is_not_believed),
        FLOW(what_no_device_signed_is_refused_whatever_it_shows),
        FLOW(a_blocked_device_is_named),
        FLOW(records_that_cannot_be_compared_are_told),
        FLOW(who_has_nothing_enrolled_is_told_so),
        FLOW(failures_make_people_wait),
        FLOW(what_was_captured_serves_one_request),
        FLOW(one_old_capture_spoils_a_request),
        FLOW(a_capture_is_remembered_as_long_as_it_could_be_presented),
        FLOW(ten_fingers_are_each_served_once),
        FLOW(a_policy_may_hide_who_is_known),
        FLOW(what_is_hidden_is_only_what_tells_of_the_person),
        FLOW(a_locked_finger_is_refused),
        FLOW(a_policy_may_name_the_finger_to_try_next),
        FLOW(a_policy_above_its_ceiling_is_as_good_as_none),
        FLOW(policy_and_country_decide_what_may_be_presented),
        FLOW(a_face_without_a_model_is_for_the_operator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
