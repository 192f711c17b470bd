#include "authd/unseal/container_record.h"

#include <stdbool.h>
#include <string.h>

#include "firmware/base/secret.h"
#include "authd/match/face_vector.h"
#include "authd/match/iris_code.h"

#define MAGIC_BYTES 4

_Static_assert(BIOMETRIC_CONTAINER_MAX >= IRIS_CODE_CONTAINER_MAX &&
                   BIOMETRIC_CONTAINER_MAX >= FACE_VECTOR_CONTAINER_MAX,
               "a container of either kind");

static enum biometric_reason reason_of(enum err err) {
    if (err == ERR_OK)
        return BIOMETRIC_READ;
    if (err == ERR_TRUNCATED)
        return BIOMETRIC_TRUNCATED;
    return err == ERR_TOO_LARGE ? BIOMETRIC_BAD_SIZE : BIOMETRIC_BAD_HEADER;
}

static enum biometric_reason end_container(const struct buffer *target,
                                           struct biometric_record *read) {
    read->container_len = target->err == ERR_OK ? target->len : 0;
    return target->err == ERR_OK ? BIOMETRIC_READ : BIOMETRIC_BAD_SIZE;
}

static enum biometric_reason read_iris(struct bytes record, uint8_t position,
                                       struct biometric_record *read) {
    struct iris_code code;
    struct buffer target = buffer_over(read->container, sizeof read->container);
    BIOMETRIC_TRY(reason_of(iris_code_read(record, &code)));
    bool is_other = position != 0 && code.eye != IRIS_CODE_EYE_UNKNOWN && code.eye != position;
    if (position != 0)
        code.eye = position;
    if (!is_other)
        iris_code_write(&target, &code);
    secret_wipe(&code, sizeof code);
    return is_other ? BIOMETRIC_OTHER_POSITION : end_container(&target, read);
}

static enum biometric_reason read_face(struct bytes record, uint8_t position,
                                       struct biometric_record *read) {
    struct face_vector vector;
    struct buffer target = buffer_over(read->container, sizeof read->container);
    (void)position;
    BIOMETRIC_TRY(reason_of(face_vector_read(record, &vector)));
    face_vector_write(&target, &vector);
    secret_wipe(&vector, sizeof vector);
    return end_container(&target, read);
}

static const struct {
    char magic[MAGIC_BYTES];
    enum biometric_format format;
    enum biometric_reason (*read)(struct bytes record, uint8_t position,
                                  struct biometric_record *read);
} containers[] = {
    {"IRC", BIOMETRIC_IDCS_IRIS_CODE, read_iris},
    {"FVC", BIOMETRIC_IDCS_FACE_VECTOR, read_face},
};

void container_record_read(struct bytes record, uint8_t position, struct biometric_record *read) {
    memset(read, 0, sizeof *read);
    read->reason = BIOMETRIC_UNRECOGNISED;
    for (size_t i = 0; i < sizeof containers / sizeof *containers; i++) {
        if (record.len < MAGIC_BYTES || memcmp(record.data, containers[i].magic, MAGIC_BYTES) != 0)
            continue;
        read->format = containers[i].format;
        read->reason = containers[i].read(record, position, read);
        return;
    }
}
