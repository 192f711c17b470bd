#include "authd/unseal/biometric_record.h"

#include <string.h>

#include "authd/unseal/container_record.h"
#include "authd/unseal/finger_record.h"
#include "authd/unseal/image_record.h"

static void read_image(struct bytes record, struct biometric_record *read) {
    struct image_record image;
    enum biometric_reason reason = image_record_read(record, &image);
    read->format = image.format;
    read->reason = reason == BIOMETRIC_READ ? BIOMETRIC_NO_EXTRACTOR : reason;
}

static enum biometric_reason place(struct biometric_record *read, uint8_t position) {
    for (size_t i = 0; i < read->finger_count && position != 0; i++) {
        struct finger_template *minutiae = &read->fingers[i].minutiae;
        if (minutiae->position != 0 && minutiae->position != position)
            return BIOMETRIC_OTHER_POSITION;
        minutiae->position = position;
    }
    return BIOMETRIC_READ;
}

static enum biometric_reason judge(struct biometric_record *read,
                                   struct biometric_announced announced) {
    if (read->format == BIOMETRIC_FORMAT_UNKNOWN)
        return read->reason;
    if (biometric_wire_modality(read->format) != announced.modality)
        return BIOMETRIC_OTHER_MODALITY;
    if (announced.format != BIOMETRIC_FORMAT_UNKNOWN && announced.format != read->format)
        return BIOMETRIC_UNEXPECTED;
    BIOMETRIC_TRY(read->reason);
    return place(read, announced.position);
}

void biometric_record_read(struct bytes record, struct biometric_announced announced,
                           struct biometric_record *read) {
    finger_record_read(record, announced.format, read);
    if (read->reason == BIOMETRIC_UNRECOGNISED)
        container_record_read(record, announced.position, read);
    if (read->reason == BIOMETRIC_UNRECOGNISED)
        read_image(record, read);
    enum biometric_format format = read->format;
    enum biometric_reason reason = judge(read, announced);
    if (reason != BIOMETRIC_READ)
        explicit_bzero(read, sizeof *read);
    read->format = format;
    read->reason = reason;
}
