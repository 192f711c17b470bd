/*
 * A record of images: it is recognised by one name, its images lie inside it, and nothing of it is
 * ever handed on as minutiae.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "authd/unseal/biometric_record.h"
#include "authd/unseal/image_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct biometric_record read;
    struct bytes record = bytes_of(data, size);
    struct image_record image;
    enum biometric_reason reason = image_record_read(record, &image);
    require((image.count > 0) == (reason == BIOMETRIC_READ));
    if (reason == BIOMETRIC_UNRECOGNISED)
        return 0;
    struct biometric_announced announced = {.modality = biometric_wire_modality(image.format),
                                            .format = image.format};
    biometric_record_read(record, announced, &read);
    require(read.format == image.format && read.finger_count == 0);
    require(read.reason == (reason == BIOMETRIC_READ ? BIOMETRIC_NO_EXTRACTOR : reason));
    if (reason == BIOMETRIC_READ)
        require(image.contents.data > data &&
                image.contents.data + image.contents.len == data + size);
    return 0;
}
