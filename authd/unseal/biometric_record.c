#include "authd/unseal/biometric_record.h"

#include <string.h>

#include "authd/unseal/finger_record.h"
#include "authd/unseal/image_record.h"

static enum biometric_reason refuse(const struct biometric_record *read,
                                    struct biometric_announced announced) {
    if (read->format == BIOMETRIC_FORMAT_UNKNOWN)
        return read->reason;
    if (biometric_wire_modality(read->format) != announced.modality)
        return BIOMETRIC_OTHER_MODALITY;
    if (announced.format != BIOMETRIC_FORMAT_UNKNOWN && announced.format != read->format)
        return BIOMETRIC_UNEXPECTED;
    return read->reason;
}

void biometric_record_read(struct bytes record, struct biometric_announced announced,
                           struct biometric_record *read) {
    struct image_record image;
    finger_record_read(record, announced.format, read);
    if (read->reason == BIOMETRIC_UNRECOGNISED) {
        enum biometric_reason reason = image_record_read(record, &image);
        read->format = image.format;
        read->reason = reason == BIOMETRIC_READ ? BIOMETRIC_NO_EXTRACTOR : reason;
    }
    enum biometric_format format = read->format;
    enum biometric_reason reason = refuse(read, announced);
    if (reason != BIOMETRIC_READ)
        explicit_bzero(read, sizeof *read);
    read->format = format;
    read->reason = reason;
}
