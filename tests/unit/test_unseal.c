#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/boot.h"
#include "firmware/base/frame.h"
#include "authd/wire/jose_wire.h"
#include "authd/wire/sample_wire.h"
#include "authd/wire/unseal_wire.h"
#include "tests/lib/device_sample.h"
#include "tests/unit/bir_sample.h"
#include "tests/unit/record_sample.h"
#include "tests/unit/unsealed_sample.h"

/* The program itself, started as authd would start it, confined and as nobody. */

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define NOBODY          65534
#define WAIT_MS         20000
#define SOCKET_BYTES    (1u << 20)
#define BODY            "{\"id\": \"mosip.identity.auth\", \"individualId\": \"5938714605\"}"
#define PLAINTEXT       "{\"otp\":\"123456\",\"timestamp\":\"2024-01-15T10:20:30.123Z\"}"

static struct sample_holder root, signer;

/* Our ends, and the worker's, which stay open as authd keeps them. */
static struct {
    pid_t child;
    int control, child_control;
    int core, child_core;
    int provd, child_provd;
    int pulse;
} worker;

static void add_peer(struct boot *boot, const char *role, int fd) {
    struct boot_peer *peer = &boot->peers[boot->peer_count++];
    snprintf(peer->role, sizeof peer->role, "%s", role);
    peer->fd = fd;
}

static void send_boot_message(const char *settings) {
    static struct boot boot;
    static uint8_t memory[BOOT_MESSAGE_MAX];
    boot = (struct boot){.process = "authd-unseal", .count = 1};
    boot.settings_len = (size_t)snprintf(boot.settings, sizeof boot.settings, "%s", settings);
    add_peer(&boot, "core", BOOT_PEER_FD);
    add_peer(&boot, "provd", BOOT_PEER_FD + 1);
    struct buffer target = buffer_over(memory, sizeof memory);
    assert_int_equal(boot_encode(&boot, &target), ERR_OK);
    struct frame frame = {.type = BOOT_START, .payload = bytes_of(memory, target.len)};
    assert_int_equal(frame_send(worker.control, &frame, WAIT_MS), ERR_OK);
}

/* In the child: the descriptors where the boot message says, and no more than that. */
static void become_worker(int program) {
    int ends[] = {worker.child_control, worker.pulse, worker.child_core, worker.child_provd};
    for (size_t i = 0; i < COUNT_OF(ends); i++)
        ends[i] = fcntl(ends[i], F_DUPFD, 100);
    for (size_t i = 0; i < COUNT_OF(ends); i++)
        if (dup2(ends[i], BOOT_CONTROL_FD + (int)i) < 0)
            _exit(99);
    if (geteuid() == 0 &&
        (setresgid(NOBODY, NOBODY, NOBODY) != 0 || setresuid(NOBODY, NOBODY, NOBODY) != 0))
        _exit(98);
    char *arguments[] = {(char[]){"authd-unseal"}, NULL}, *environment[] = {NULL};
    fexecve(program, arguments, environment);
    _exit(97);
}

static void launch(const char *settings) {
    /* Above the worker's own descriptors, and readable by root where nobody may not look. */
    int program = open(UNSEAL_PROGRAM, O_RDONLY | O_CLOEXEC);
    assert_true(program >= 0);
    int high = fcntl(program, F_DUPFD_CLOEXEC, 200);
    (void)close(program);
    send_boot_message(settings);
    worker.child = fork();
    assert_true(worker.child >= 0);
    if (worker.child == 0)
        become_worker(high);
    (void)close(high);
}

static void wait_until_ready(void) {
    uint8_t memory[256];
    struct frame frame;
    assert_int_equal(frame_receive(worker.control, memory, sizeof memory, &frame, WAIT_MS), ERR_OK);
    assert_int_equal(frame.type, BOOT_READY);
}

static void start(const char *settings) {
    int control[2], core[2], provd[2];
    assert_int_equal(frame_pair(control, SOCKET_BYTES), ERR_OK);
    assert_int_equal(frame_pair(core, SOCKET_BYTES), ERR_OK);
    assert_int_equal(frame_pair(provd, SOCKET_BYTES), ERR_OK);
    worker.control = control[0], worker.child_control = control[1];
    worker.core = core[0], worker.child_core = core[1];
    worker.provd = provd[0], worker.child_provd = provd[1];
    worker.pulse = memfd_create("pulse", 0);
    assert_int_equal(ftruncate(worker.pulse, PULSE_SLOTS * sizeof(struct pulse)), 0);
    launch(settings);
}

static int exit_code(void) {
    int status = 0;
    assert_int_equal(waitpid(worker.child, &status, 0), worker.child);
    worker.child = 0;
    if (WIFSIGNALED(status))
        fail_msg("killed by signal %d", WTERMSIG(status));
    return WEXITSTATUS(status);
}

static int end(void **state) {
    (void)state;
    if (worker.child > 0) {
        (void)kill(worker.child, SIGKILL);
        (void)waitpid(worker.child, NULL, 0);
    }
    const int ends[] = {worker.control, worker.child_control, worker.core, worker.child_core,
                        worker.provd,   worker.child_provd,   worker.pulse};
    for (size_t i = 0; i < COUNT_OF(ends); i++)
        (void)close(ends[i]);
    memset(&worker, 0, sizeof worker);
    return 0;
}

static uint8_t question_memory[FRAME_PAYLOAD_MAX], packet[FRAME_MAX_BYTES];
static struct buffer question;

static void begin_question(void) {
    question = buffer_over(question_memory, sizeof question_memory);
}

static void send_question(int fd, uint16_t type, uint64_t id) {
    struct frame frame = {
        .type = type, .id = id, .generation = 7, .payload = bytes_of(question.data, question.len)};
    assert_int_equal(question.err, ERR_OK);
    assert_int_equal(frame_send(fd, &frame, WAIT_MS), ERR_OK);
}

static struct bytes receive_answer(int fd, uint16_t type, uint64_t id) {
    struct frame frame;
    assert_int_equal(frame_receive(fd, packet, sizeof packet, &frame, WAIT_MS), ERR_OK);
    assert_int_equal(frame.type, type);
    assert_int_equal(frame.id, id);
    assert_int_equal(frame.generation, 7);
    return frame.payload;
}

static const char *signed_header(void) {
    static char json[SAMPLE_TEXT_SIZE], header[SAMPLE_TEXT_SIZE];
    sample_jws_header(&signer, json);
    sample_jws(json, signer.key, bytes_of_text(BODY), header);
    return header;
}

static void put_envelope_question(void) {
    struct edge_request request = {.method = EDGE_POST,
                                   .path =
                                       bytes_of_text("/idauthentication/v1/auth/misp/tayssir/key"),
                                   .has_signature = true,
                                   .signature = bytes_of_text(signed_header()),
                                   .has_authorization = true,
                                   .authorization = bytes_of_text("Authorization"),
                                   .body = bytes_of_text(BODY)};
    begin_question();
    unseal_wire_put_envelope_question(&question, &request);
}

static void put_payload_question(void) {
    static uint8_t sealed[512], hmac[512];
    static const uint8_t iv[16] = {1, 2, 3};
    struct unseal_payload asked = {.content_key = {9, 8, 7}};
    size_t len =
        sample_seal(asked.content_key, iv, bytes_of_text(PLAINTEXT), sealed, sizeof sealed);
    asked.request = bytes_of(sealed, len);
    len = sample_seal_hash(asked.content_key, iv, bytes_of_text(PLAINTEXT), hmac, sizeof hmac);
    asked.request_hmac = bytes_of(hmac, len);
    begin_question();
    unseal_wire_put_payload_question(&question, &asked);
}

static void assert_envelope_answered(uint64_t id) {
    static struct envelope envelope;
    struct bytes answer = receive_answer(worker.core, UNSEAL_ENVELOPE_READ, id);
    assert_int_equal(unseal_wire_get_envelope(answer, &envelope), ERR_OK);
    assert_int_equal(envelope.function, FUNCTION_AUTH);
    assert_string_equal(envelope.partner_id, "tayssir");
    assert_string_equal(envelope.individual_id.text, "5938714605");
    assert_int_equal(envelope.jws, JWS_READ);
}

static void assert_payload_answered(uint64_t id) {
    struct payload payload;
    struct bytes answer = receive_answer(worker.core, UNSEAL_PAYLOAD_READ, id);
    assert_int_equal(unseal_wire_get_payload(answer, &payload), ERR_OK);
    assert_true(payload.hash_matches && payload.is_json && payload.otp_well_formed);
    assert_string_equal(payload.otp, "123456");
}

static void a_confined_worker_answers_core(void **state) {
    (void)state;
    start("");
    wait_until_ready();
    for (uint64_t id = 1; id < 100; id += 2) {
        put_envelope_question();
        send_question(worker.core, UNSEAL_ENVELOPE, id);
        assert_envelope_answered(id);
        put_payload_question();
        send_question(worker.core, UNSEAL_PAYLOAD, id + 1);
        assert_payload_answered(id + 1);
    }
}

static void put_jose_request_question(void) {
    struct edge_request request = {.method = EDGE_POST,
                                   .profile = EDGE_PROFILE_JOSE,
                                   .path = bytes_of_text("/v1/authentications"),
                                   .media = EDGE_MEDIA_JSON,
                                   .body = bytes_of_text("{}")};
    begin_question();
    jose_wire_put_request_question(&question, &request);
}

static void put_jose_sealed_question(void) {
    struct jose_sealed_question asked = {.protected_header = bytes_of_text("e30"),
                                         .ciphertext = bytes_of_text("{}")};
    begin_question();
    jose_wire_put_sealed_question(&question, &asked);
}

static void a_confined_worker_answers_for_the_jose_profile(void **state) {
    (void)state;
    static struct jose_request request;
    static struct jose_sealed sealed;
    start("");
    put_jose_request_question();
    send_question(worker.core, JOSE_REQUEST, 1);
    struct bytes answer = receive_answer(worker.core, JOSE_REQUEST_READ, 1);
    assert_int_equal(jose_wire_get_request(answer, &request), ERR_OK);
    assert_int_equal(request.shape, JOSE_MALFORMED);
    assert_int_equal(request.function, FUNCTION_AUTH);
    put_jose_sealed_question();
    send_question(worker.core, JOSE_SEALED, 2);
    answer = receive_answer(worker.core, JOSE_SEALED_READ, 2);
    assert_int_equal(jose_wire_get_sealed(answer, &sealed), ERR_OK);
    assert_false(sealed.opened || sealed.well_formed);
    put_jose_sealed_question();
    send_question(worker.provd, JOSE_SEALED, 3);
    assert_int_equal(exit_code(), BOOT_EXIT_FAILURE);
}

static void many_questions_at_once_are_answered_in_order(void **state) {
    (void)state;
    start("");
    for (uint64_t id = 1; id <= 40; id++) {
        put_payload_question();
        send_question(worker.core, UNSEAL_PAYLOAD, id);
    }
    for (uint64_t id = 1; id <= 40; id++)
        assert_payload_answered(id);
}

static void a_confined_worker_judges_a_foreign_signer(void **state) {
    (void)state;
    const struct sample_holder *anchors[] = {&root, &signer};
    struct unseal_foreign foreign = {.body = bytes_of_text(BODY), .now_ms = SAMPLE_NOW_MS};
    start("");
    for (size_t i = 0; i < COUNT_OF(anchors); i++) {
        struct unseal_foreign_judged judged;
        foreign.signature_header = bytes_of_text(signed_header());
        foreign.body = bytes_of_text(i == 0 ? BODY : "{}");
        foreign.anchors[0] = sample_der(anchors[i]);
        foreign.anchor_count = 1;
        begin_question();
        unseal_wire_put_foreign(&question, &foreign);
        send_question(worker.core, UNSEAL_FOREIGN, i);
        struct bytes answer = receive_answer(worker.core, UNSEAL_FOREIGN_JUDGED, i);
        assert_int_equal(unseal_wire_get_judged(answer, &judged), ERR_OK);
        assert_int_equal(judged.trusted, i == 0);
    }
}

static void put_certificate_question(void) {
    struct unseal_certificate asked = {.encoded = sample_der(&signer),
                                       .now_ms = SAMPLE_NOW_MS,
                                       .anchor_count = 1,
                                       .anchors = {sample_der(&root)}};
    begin_question();
    unseal_wire_put_certificate(&question, &asked);
}

static void provd_has_certificates_read(void **state) {
    (void)state;
    struct unseal_certificate_read read;
    start("");
    put_certificate_question();
    send_question(worker.provd, UNSEAL_CERTIFICATE, 1);
    struct bytes answer = receive_answer(worker.provd, UNSEAL_CERTIFICATE_READ, 1);
    assert_int_equal(unseal_wire_get_certificate_read(answer, &read), ERR_OK);
    assert_int_equal(read.status, ERR_OK);
    assert_string_equal(read.subject, "tayssir");
}

static struct bytes finger_record(void) {
    static uint8_t memory[1024];
    struct record_sample record = record_sample(BIOMETRIC_ISO_19794_2_2011);
    record.views = 1;
    return record_sample_write(&record, memory, sizeof memory);
}

static void put_samples_question(void) {
    static struct device_sample made;
    static char list[SAMPLE_TEXT_SIZE];
    struct device_signer device = {signer.key, sample_der(&signer)};
    struct device_segment segment = {.type = "FMR",
                                     .part = "Right IndexFinger",
                                     .block = finger_record(),
                                     .data_signer = &device,
                                     .id_signer = &device};
    struct samples_question asked;
    device_sample_begin(&made);
    device_sample_add(&made, &segment);
    struct bytes text = device_sample_text(&made, list, sizeof list);
    device_sample_question(&made, text, SAMPLE_NOW_MS, &asked);
    asked.device_anchor_count = asked.ftm_anchor_count = 1;
    asked.device_anchors[0] = asked.ftm_anchors[0] = sample_der(&root);
    begin_question();
    sample_wire_put_question(&question, &asked);
}

static void a_confined_worker_opens_what_a_device_sent(void **state) {
    (void)state;
    static struct samples samples;
    start("");
    for (uint64_t id = 1; id <= 5; id++) {
        put_samples_question();
        send_question(worker.core, UNSEAL_SAMPLES, id);
        struct bytes answer = receive_answer(worker.core, UNSEAL_SAMPLES_READ, id);
        assert_int_equal(sample_wire_get_samples(answer, &samples), ERR_OK);
        assert_int_equal(samples.count, 1);
        assert_int_equal(samples.samples[0].kind, SAMPLE_MINUTIAE);
    }
    put_samples_question();
    send_question(worker.provd, UNSEAL_SAMPLES, 6);
    assert_int_equal(exit_code(), BOOT_EXIT_FAILURE);
}

static void put_enrolment_question(bool is_document) {
    static char text[BIR_SAMPLE_SIZE];
    struct enrolment_question asked = {.record = finger_record(), .position = 2};
    if (is_document)
        asked = (struct enrolment_question){.record = bir_sample(text, sizeof text),
                                            .is_document = true};
    begin_question();
    sample_wire_put_enrolment_question(&question, &asked);
}

static void provd_has_records_of_the_register_read(void **state) {
    (void)state;
    static struct enrolment enrolment;
    start("");
    for (uint64_t id = 0; id < 4; id++) {
        put_enrolment_question(id % 2 == 1);
        send_question(worker.provd, UNSEAL_ENROLMENT, id);
        struct bytes answer = receive_answer(worker.provd, UNSEAL_ENROLMENT_READ, id);
        assert_int_equal(sample_wire_get_enrolment(answer, &enrolment), ERR_OK);
        assert_int_equal(enrolment.status, ERR_OK);
        assert_int_equal(enrolment.records[0].kind, SAMPLE_MINUTIAE);
    }
    put_enrolment_question(false);
    send_question(worker.core, UNSEAL_ENROLMENT, 5);
    assert_int_equal(exit_code(), BOOT_EXIT_FAILURE);
}

static void a_question_from_the_wrong_asker_ends_the_worker(void **state) {
    (void)state;
    start("");
    put_certificate_question();
    send_question(worker.core, UNSEAL_CERTIFICATE, 1);
    assert_int_equal(exit_code(), BOOT_EXIT_FAILURE);
    end(NULL);
    start("one-request-per-worker = yes\n");
    put_payload_question();
    send_question(worker.provd, UNSEAL_PAYLOAD, 1);
    assert_int_equal(exit_code(), BOOT_EXIT_FAILURE);
}

static void a_malformed_question_ends_the_worker(void **state) {
    (void)state;
    static const char *const settings[] = {"", "one-request-per-worker = yes\n"};
    for (size_t i = 0; i < COUNT_OF(settings); i++) {
        start(settings[i]);
        put_payload_question();
        question.len--;
        send_question(worker.core, UNSEAL_PAYLOAD, 1);
        assert_int_equal(exit_code(), BOOT_EXIT_FAILURE);
        end(NULL);
    }
    start("");
    begin_question();
    send_question(worker.core, 999, 1);
    assert_int_equal(exit_code(), BOOT_EXIT_FAILURE);
}

/* Asked one by one, so that the worker's batches do not matter. */
static void a_worker_is_recycled_and_its_successor_takes_over(void **state) {
    (void)state;
    start("requests-before-recycle = 3\n");
    for (uint64_t id = 1; id <= 3; id++) {
        put_payload_question();
        send_question(worker.core, UNSEAL_PAYLOAD, id);
        assert_payload_answered(id);
    }
    assert_int_equal(exit_code(), BOOT_EXIT_RECYCLE);
    put_envelope_question();
    send_question(worker.core, UNSEAL_ENVELOPE, 4);
    launch("requests-before-recycle = 3\n");
    assert_envelope_answered(4);
}

static void one_request_a_worker_means_one(void **state) {
    (void)state;
    start("one-request-per-worker = yes\n");
    for (uint64_t id = 1; id <= 3; id++) {
        put_payload_question();
        send_question(worker.core, UNSEAL_PAYLOAD, id);
    }
    for (uint64_t id = 1; id <= 3; id++) {
        assert_payload_answered(id);
        assert_int_equal(exit_code(), BOOT_EXIT_RECYCLE);
        struct frame frame;
        assert_int_equal(frame_receive(worker.core, packet, sizeof packet, &frame, 0), ERR_TIMEOUT);
        if (id < 3)
            launch("one-request-per-worker = yes\n");
    }
}

static void a_worker_stops_when_asked_to(void **state) {
    (void)state;
    struct frame stop = {.type = BOOT_STOP};
    start("");
    wait_until_ready();
    assert_int_equal(frame_send(worker.control, &stop, WAIT_MS), ERR_OK);
    assert_int_equal(exit_code(), BOOT_EXIT_CLEAN);
}

static void wrong_settings_start_nothing(void **state) {
    (void)state;
    static const char *const wrong[] = {"requests-before-recycle = 0\n",
                                        "requests-before-recycle = many\n",
                                        "one-request-per-worker = 2\n", "unknown = 1\n"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        start(wrong[i]);
        assert_int_equal(exit_code(), BOOT_EXIT_CONFIG);
        end(NULL);
    }
}

static int make_certificates(void **state) {
    (void)state;
    sample_certify(&(struct sample_subject){.name = "root", .bits = 2048, .is_authority = true},
                   NULL, &root);
    sample_certify(&(struct sample_subject){.name = "tayssir", .bits = 2048}, &root, &signer);
    return 0;
}

static int free_certificates(void **state) {
    (void)state;
    sample_free(&root);
    sample_free(&signer);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_confined_worker_answers_core, end),
        cmocka_unit_test_teardown(a_confined_worker_answers_for_the_jose_profile, end),
        cmocka_unit_test_teardown(many_questions_at_once_are_answered_in_order, end),
        cmocka_unit_test_teardown(a_confined_worker_judges_a_foreign_signer, end),
        cmocka_unit_test_teardown(provd_has_certificates_read, end),
        cmocka_unit_test_teardown(a_confined_worker_opens_what_a_device_sent, end),
        cmocka_unit_test_teardown(provd_has_records_of_the_register_read, end),
        cmocka_unit_test_teardown(a_question_from_the_wrong_asker_ends_the_worker, end),
        cmocka_unit_test_teardown(a_malformed_question_ends_the_worker, end),
        cmocka_unit_test_teardown(a_worker_is_recycled_and_its_successor_takes_over, end),
        cmocka_unit_test_teardown(one_request_a_worker_means_one, end),
        cmocka_unit_test_teardown(a_worker_stops_when_asked_to, end),
        cmocka_unit_test_teardown(wrong_settings_start_nothing, end),
    };
    return cmocka_run_group_tests(tests, make_certificates, free_certificates);
}
