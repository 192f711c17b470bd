/*
 * A record of the register: a data block announced as each part that its first byte can say, or a
 * document. What unseal says is a message that provd's reader accepts and writes again in the same
 * bytes, and what is to be enrolled can be prepared for comparison.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/frame.h"
#include "authd/match/face_vector.h"
#include "authd/match/finger.h"
#include "authd/match/iris_code.h"
#include "authd/unseal/worker.h"
#include "authd/wire/sample_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
    if (!holds)
        abort();
}

static struct enrolment enrolment;

static void check(const struct enrolment_record *record) {
    static struct finger_prepared prepared;
    static struct iris_code code;
    static struct face_vector vector;
    if (record->kind == SAMPLE_MINUTIAE)
        require(finger_prepare(&record->minutiae, &prepared) == ERR_OK);
    if (record->kind == SAMPLE_IRIS_CODE)
        require(iris_code_read(record->data, &code) == ERR_OK && code.eye == record->position);
    if (record->kind == SAMPLE_FACE_VECTOR)
        require(face_vector_read(record->data, &vector) == ERR_OK);
}

static void ask(const struct enrolment_question *question) {
    static uint8_t asked[FRAME_PAYLOAD_MAX], said[FRAME_PAYLOAD_MAX], again[FRAME_PAYLOAD_MAX];
    struct buffer target = buffer_over(asked, sizeof asked);
    struct buffer rewritten = buffer_over(again, sizeof again);
    struct frame frame = {.type = UNSEAL_ENROLMENT}, answer;
    sample_wire_put_enrolment_question(&target, question);
    require(buffer_end(&target, &frame.payload) == ERR_OK);
    require(worker_answer(&frame, &answer) == ERR_OK);
    memcpy(said, answer.payload.data, answer.payload.len);
    struct bytes message = bytes_of(said, answer.payload.len);
    worker_forget();
    require(sample_wire_get_enrolment(message, &enrolment) == ERR_OK);
    sample_wire_put_enrolment(&rewritten, &enrolment);
    require(bytes_equal(message, bytes_of(again, rewritten.len)));
    for (size_t i = 0; i < enrolment.count; i++)
        check(&enrolment.records[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct {
        enum biometric_modality modality;
        uint8_t position;
    } parts[] = {{BIOMETRIC_FINGER, 2},
                 {BIOMETRIC_FINGER, 6},
                 {BIOMETRIC_IRIS, 1},
                 {BIOMETRIC_IRIS, 2},
                 {BIOMETRIC_FACE, 0}};
    static bool opened;
    struct enrolment_question question = {.record = bytes_of(data, size), .is_document = true};
    if (!opened)
        require(worker_open() == ERR_OK);
    opened = true;
    if (size == 0 || size > SAMPLE_RECORD_MAX)
        return 0;
    ask(&question);
    question.is_document = false;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        question.modality = parts[i].modality;
        question.position = parts[i].position;
        ask(&question);
    }
    return 0;
}
