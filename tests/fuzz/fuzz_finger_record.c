/*
 * A record of finger minutiae, as it is and announced in each of the formats. What is read is a
 * template that a message carries as it is, and that can be prepared; what is refused leaves
 * nothing.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "authd/match/finger.h"
#include "authd/unseal/biometric_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
    if (!holds)
        abort();
}

static void check_message(const struct finger_template *minutiae) {
    static struct finger_template again;
    static uint8_t message[BIOMETRIC_MINUTIAE_BYTES];
    struct buffer written = buffer_over(message, sizeof message);
    biometric_wire_put_minutiae(&written, minutiae);
    require(written.err == ERR_OK);
    struct cursor cursor = cursor_over(bytes_of(message, written.len));
    biometric_wire_get_minutiae(&cursor, &again);
    require(cursor_end(&cursor) == ERR_OK);
    require(memcmp(&again, minutiae, sizeof again) == 0);
}

static enum biometric_reason check(struct bytes record, enum biometric_modality modality,
                                   enum biometric_format format) {
    static struct biometric_record read;
    static struct finger_prepared prepared;
    memset(&read, 0x55, sizeof read);
    biometric_record_read(
        record, (struct biometric_announced){.modality = modality, .format = format}, &read);
    require(format == BIOMETRIC_FORMAT_UNKNOWN || read.reason != BIOMETRIC_READ ||
            read.format == format);
    require(read.reason != BIOMETRIC_READ || biometric_wire_modality(read.format) == modality);
    require((read.finger_count > 0) == (read.reason == BIOMETRIC_READ));
    for (size_t i = 0; i < read.finger_count; i++) {
        check_message(&read.fingers[i].minutiae);
        require(finger_prepare(&read.fingers[i].minutiae, &prepared) == ERR_OK);
    }
    return read.reason;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bytes record = bytes_of(data, size);
    unsigned readers = 0;
    for (int format = BIOMETRIC_FORMAT_UNKNOWN + 1; format < BIOMETRIC_FORMATS; format++)
        readers += check(record, BIOMETRIC_FINGER, (enum biometric_format)format) == BIOMETRIC_READ;
    bool is_read = check(record, BIOMETRIC_FINGER, BIOMETRIC_FORMAT_UNKNOWN) == BIOMETRIC_READ;
    require(readers == is_read); /* no record is in two formats */
    require(check(record, BIOMETRIC_IRIS, BIOMETRIC_FORMAT_UNKNOWN) != BIOMETRIC_READ);
    return 0;
}
