#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authd/unseal/biometric_record.h"
#include "authd/unseal/image_record.h"
#include "tests/unit/record_sample.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define RECORD_MAX      4096

static uint8_t memory[RECORD_MAX];
static struct biometric_record read;

/* The header of an image record, and where its images begin. */
static const struct image {
    const char *kind, *version;
    enum biometric_format format;
    enum biometric_modality modality;
    size_t length_bytes, count_at, count_bytes, header_bytes;
    uint32_t image_bytes; /* the least an image takes with its own header; 0: it has no length */
    size_t flag_at;       /* 0: none */
} images[] = {
    {"FIR", "010", BIOMETRIC_ISO_19794_4_2005, BIOMETRIC_FINGER, 6, 18, 1, 32, 14, 0},
    {"FIR", "020", BIOMETRIC_ISO_19794_4_2011, BIOMETRIC_FINGER, 4, 12, 2, 16, 41, 14},
    {"FAC", "010", BIOMETRIC_ISO_19794_5_2005, BIOMETRIC_FACE, 4, 12, 2, 14, 32, 0},
    {"FAC", "030", BIOMETRIC_ISO_19794_5_2011, BIOMETRIC_FACE, 4, 12, 2, 17, 51, 14},
    {"IIR", "010", BIOMETRIC_ISO_19794_6_2005, BIOMETRIC_IRIS, 4, 14, 1, 45, 0, 0},
    {"IIR", "020", BIOMETRIC_ISO_19794_6_2011, BIOMETRIC_IRIS, 4, 12, 2, 16, 52, 14},
};

static void put_number(size_t at, size_t len, uint64_t number) {
    for (size_t i = 0; i < len; i++)
        memory[at + i] = (uint8_t)(number >> 8 * (len - 1 - i));
}

static void set_length(const struct image *image, size_t len) {
    put_number(8, image->length_bytes, len);
}

/* Two images of 100 bytes. */
static struct bytes write_image(const struct image *image) {
    size_t len = image->header_bytes + 200;
    memset(memory, 0, sizeof memory);
    memcpy(memory, image->kind, 4);
    memcpy(memory + 4, image->version, 4);
    set_length(image, len);
    put_number(image->count_at, image->count_bytes, 2);
    if (image->format == BIOMETRIC_ISO_19794_6_2005)
        put_number(15, 2, 45);
    if (image->image_bytes > 0) {
        put_number(image->header_bytes, 4, 100);
        put_number(image->header_bytes + 100, 4, 100);
    }
    return bytes_of(memory, len);
}

static enum biometric_reason read_as(struct bytes record, enum biometric_modality modality,
                                     enum biometric_format format) {
    memset(&read, 0x55, sizeof read);
    biometric_record_read(
        record, (struct biometric_announced){.modality = modality, .format = format}, &read);
    assert_int_equal(read.finger_count > 0, read.reason == BIOMETRIC_READ);
    return read.reason;
}

static enum biometric_reason read_image(struct bytes record, const struct image *image) {
    struct image_record typed;
    enum biometric_reason reason = image_record_read(record, &typed);
    if (reason != BIOMETRIC_READ)
        assert_true(typed.count == 0 && typed.contents.len == 0);
    assert_int_equal(typed.format, image->format);
    enum biometric_reason answer = read_as(record, image->modality, BIOMETRIC_FORMAT_UNKNOWN);
    assert_int_equal(answer, reason == BIOMETRIC_READ ? BIOMETRIC_NO_EXTRACTOR : reason);
    return reason;
}

static void images_are_recognised_by_name(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(images); i++) {
        struct bytes record = write_image(&images[i]);
        assert_int_equal(read_image(record, &images[i]), BIOMETRIC_READ);
        assert_int_equal(read.format, images[i].format);
        struct image_record typed;
        assert_int_equal(image_record_read(record, &typed), BIOMETRIC_READ);
        assert_int_equal(typed.count, 2);
        assert_ptr_equal(typed.contents.data, memory + images[i].header_bytes);
        assert_int_equal(typed.contents.len, 200);
    }
}

static void an_image_of_another_version_is_unrecognised(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(images); i++) {
        struct bytes record = write_image(&images[i]);
        memory[5] ^= 0x04;
        assert_int_equal(read_as(record, images[i].modality, BIOMETRIC_FORMAT_UNKNOWN),
                         BIOMETRIC_UNRECOGNISED);
        assert_int_equal(read.format, BIOMETRIC_FORMAT_UNKNOWN);
    }
}

static void the_header_of_an_image_record_is_checked(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(images); i++) {
        const struct image *image = &images[i];
        struct bytes record = write_image(image);
        assert_int_equal(read_image(bytes_of(memory, image->header_bytes - 1), image),
                         BIOMETRIC_TRUNCATED);
        assert_int_equal(read_image(bytes_of(memory, record.len - 1), image),
                         BIOMETRIC_WRONG_LENGTH);
        assert_int_equal(read_image(bytes_of(memory, record.len + 1), image),
                         BIOMETRIC_WRONG_LENGTH);
        put_number(image->count_at, image->count_bytes, 0);
        assert_int_equal(read_image(record, image), BIOMETRIC_NO_VIEW);
        record = write_image(image);
        if (image->flag_at > 0) {
            memory[image->flag_at] = 1;
            assert_int_equal(read_image(record, image), BIOMETRIC_READ);
            memory[image->flag_at] = 2;
            assert_int_equal(read_image(record, image), BIOMETRIC_BAD_HEADER);
        }
    }
    struct bytes record = write_image(&images[4]);
    memory[16] = 46;
    assert_int_equal(read_image(record, &images[4]), BIOMETRIC_BAD_HEADER);
}

static void images_fill_their_record(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(images); i++) {
        const struct image *image = &images[i];
        if (image->image_bytes == 0)
            continue;
        struct bytes record = write_image(image);
        put_number(image->header_bytes, 4, image->image_bytes);
        put_number(image->header_bytes + image->image_bytes, 4, 200 - image->image_bytes);
        assert_int_equal(read_image(record, image), BIOMETRIC_READ);
        put_number(image->header_bytes, 4, image->image_bytes - 1);
        put_number(image->header_bytes + image->image_bytes - 1, 4, 201 - image->image_bytes);
        assert_int_equal(read_image(record, image), BIOMETRIC_WRONG_LENGTH);
        (void)write_image(image);
        put_number(image->header_bytes + 100, 4, 99);
        assert_int_equal(read_image(record, image), BIOMETRIC_WRONG_LENGTH);
        put_number(image->header_bytes + 100, 4, 101);
        assert_int_equal(read_image(record, image), BIOMETRIC_WRONG_LENGTH);
        put_number(image->header_bytes + 100, 4, UINT32_MAX);
        assert_int_equal(read_image(record, image), BIOMETRIC_WRONG_LENGTH);
        (void)write_image(image);
        put_number(image->count_at, image->count_bytes, 1);
        assert_int_equal(read_image(record, image), BIOMETRIC_WRONG_LENGTH);
        put_number(image->count_at, image->count_bytes, 3);
        assert_int_equal(read_image(record, image), BIOMETRIC_WRONG_LENGTH);
    }
}

static void another_modality_than_announced_is_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(images); i++)
        for (int modality = BIOMETRIC_FINGER; modality <= BIOMETRIC_FACE; modality++) {
            enum biometric_reason reason =
                read_as(write_image(&images[i]), (enum biometric_modality)modality,
                        BIOMETRIC_FORMAT_UNKNOWN);
            assert_int_equal(reason, (int)images[i].modality == modality
                                         ? BIOMETRIC_NO_EXTRACTOR
                                         : BIOMETRIC_OTHER_MODALITY);
        }
    struct record_sample sample = record_sample(BIOMETRIC_ISO_19794_2_2005);
    struct bytes record = record_sample_write(&sample, memory, sizeof memory);
    static const struct biometric_finger none[BIOMETRIC_FINGERS_MAX];
    assert_int_equal(read_as(record, BIOMETRIC_IRIS, BIOMETRIC_FORMAT_UNKNOWN),
                     BIOMETRIC_OTHER_MODALITY);
    assert_memory_equal(read.fingers, none, sizeof none);
}

static void minutiae_come_through(void **state) {
    (void)state;
    struct record_sample sample = record_sample(BIOMETRIC_ANSI_378_2004);
    struct bytes record = record_sample_write(&sample, memory, sizeof memory);
    assert_int_equal(read_as(record, BIOMETRIC_FINGER, BIOMETRIC_ANSI_378_2004), BIOMETRIC_READ);
    assert_int_equal(read.finger_count, 3);
    assert_int_equal(read.format, BIOMETRIC_ANSI_378_2004);
}

static void another_format_than_announced_is_refused(void **state) {
    (void)state;
    struct record_sample sample = record_sample(BIOMETRIC_ANSI_378_2004);
    struct bytes record = record_sample_write(&sample, memory, sizeof memory);
    assert_int_equal(read_as(record, BIOMETRIC_FINGER, BIOMETRIC_ISO_19794_2_2005),
                     BIOMETRIC_UNEXPECTED);
    assert_int_equal(read_as(write_image(&images[0]), BIOMETRIC_FINGER, BIOMETRIC_ISO_19794_2_2005),
                     BIOMETRIC_UNEXPECTED);
    assert_int_equal(read_as(write_image(&images[1]), BIOMETRIC_FINGER, BIOMETRIC_ISO_19794_4_2011),
                     BIOMETRIC_NO_EXTRACTOR);
    assert_int_equal(read_as(bytes_of_text("FMR"), BIOMETRIC_FINGER, BIOMETRIC_ANSI_378_2004),
                     BIOMETRIC_UNRECOGNISED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_are_recognised_by_name),
        cmocka_unit_test(an_image_of_another_version_is_unrecognised),
        cmocka_unit_test(the_header_of_an_image_record_is_checked),
        cmocka_unit_test(images_fill_their_record),
        cmocka_unit_test(another_modality_than_announced_is_refused),
        cmocka_unit_test(minutiae_come_through),
        cmocka_unit_test(another_format_than_announced_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
