#include <string.h>

#include <sodium.h>

#include "tests/unit/provd_parser.h"

void provd_parser_elliptic(struct bytes encoded, struct unseal_certificate_read *read) {
    static uint8_t public_key[91];
    const uint8_t *blank = memchr(encoded.data, ' ', encoded.len);
    size_t len = blank != NULL ? (size_t)(blank - encoded.data) : encoded.len;
    public_key[26] = 4;
    (void)crypto_generichash(public_key + 27, 64, encoded.data, len, NULL, 0);
    read->public_key = bytes_of(public_key, sizeof public_key);
    if (len < 3 || memcmp(encoded.data, "old", 3) == 0)
        *read = (struct unseal_certificate_read){.status = ERR_EXPIRED};
    else if (memcmp(encoded.data, "rsa", 3) == 0)
        *read = (struct unseal_certificate_read){.status = ERR_DENIED, .key_name = "RSA-2048"};
}

static struct enrolment_record read_template(enum biometric_modality modality, uint8_t position) {
    static const uint8_t container[600] = {7};
    static const struct {
        enum sample_kind kind;
        enum biometric_format format;
        size_t len;
    } templates[] = {
        [BIOMETRIC_FINGER] = {SAMPLE_MINUTIAE, BIOMETRIC_ISO_19794_2_2011, 0},
        [BIOMETRIC_IRIS] = {SAMPLE_IRIS_CODE, BIOMETRIC_IDCS_IRIS_CODE, 600},
        [BIOMETRIC_FACE] = {SAMPLE_FACE_VECTOR, BIOMETRIC_IDCS_FACE_VECTOR, 300},
    };
    struct enrolment_record record = {.modality = modality,
                                      .position = position,
                                      .quality = 80,
                                      .format = templates[modality].format,
                                      .kind = templates[modality].kind,
                                      .data = bytes_of(container, templates[modality].len)};
    if (modality != BIOMETRIC_FINGER)
        return record;
    record.minutiae = (struct finger_template){
        .x_resolution = 197, .y_resolution = 197, .position = position, .quality = 80, .count = 12};
    for (uint16_t i = 0; i < record.minutiae.count; i++)
        record.minutiae.minutiae[i] = (struct finger_minutia){.x = 10 * i, .y = 7 * i, .kind = 1};
    return record;
}

static struct enrolment_record read_image(enum biometric_modality modality, uint8_t position) {
    static const enum biometric_format formats[] = {[BIOMETRIC_FINGER] = BIOMETRIC_ISO_19794_4_2005,
                                                    [BIOMETRIC_IRIS] = BIOMETRIC_ISO_19794_6_2011,
                                                    [BIOMETRIC_FACE] = BIOMETRIC_ISO_19794_5_2005};
    return (struct enrolment_record){.modality = modality,
                                     .position = position,
                                     .format = formats[modality],
                                     .reason = BIOMETRIC_NO_EXTRACTOR,
                                     .kind = SAMPLE_IMAGE,
                                     .data = bytes_of_text("an image")};
}

static bool begins(struct bytes record, const char *word) {
    return record.len >= strlen(word) && memcmp(record.data, word, strlen(word)) == 0;
}

static void read_document(struct bytes record, struct enrolment *enrolment) {
    if (begins(record, "cut")) {
        *enrolment = (struct enrolment){.status = ERR_MALFORMED, .line = 17};
        return;
    }
    enrolment->count = begins(record, "exceptions") ? 0 : begins(record, "<one") ? 1 : 2;
    enrolment->records[0] = read_template(BIOMETRIC_FINGER, 1);
    enrolment->records[1] = read_image(BIOMETRIC_IRIS, 2);
}

static void read_block(const struct enrolment_question *question, struct enrolment *enrolment) {
    struct enrolment_record *record = &enrolment->records[0];
    enrolment->count = 1;
    *record = read_template(question->modality, question->position);
    if (begins(question->record, "image"))
        *record = read_image(question->modality, question->position);
    if (begins(question->record, "liar"))
        *record = read_template(BIOMETRIC_FINGER, 10);
    static const struct {
        const char *word;
        enum biometric_reason reason;
        enum biometric_format format;
    } refused[] = {
        {"junk", BIOMETRIC_UNRECOGNISED, BIOMETRIC_FORMAT_UNKNOWN},
        {"card", BIOMETRIC_NOT_ACCEPTED, BIOMETRIC_ISO_19794_2_CARD},
        {"bad", BIOMETRIC_BAD_MINUTIA, BIOMETRIC_ISO_19794_2_2005},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (begins(question->record, refused[i].word))
            *record = (struct enrolment_record){.modality = question->modality,
                                                .position = question->position,
                                                .format = refused[i].format,
                                                .reason = refused[i].reason};
}

void provd_parser_enrolment(const struct enrolment_question *question,
                            struct enrolment *enrolment) {
    memset(enrolment, 0, sizeof *enrolment);
    if (question->is_document)
        read_document(question->record, enrolment);
    else
        read_block(question, enrolment);
}
