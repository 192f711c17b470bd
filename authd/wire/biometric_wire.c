#include "authd/wire/biometric_wire.h"

#include <string.h>

#include "authd/wire/field.h"

#define QUALITY_MAX 100
#define KIND_MAX    2

static const struct {
    const char *name;
    enum biometric_modality modality;
    bool accepted;
} formats[BIOMETRIC_FORMATS] = {
    [BIOMETRIC_FORMAT_UNKNOWN] = {"unknown", BIOMETRIC_FINGER, false},
    [BIOMETRIC_ISO_19794_2_2005] = {"iso-19794-2-2005", BIOMETRIC_FINGER, true},
    [BIOMETRIC_ISO_19794_2_2011] = {"iso-19794-2-2011", BIOMETRIC_FINGER, true},
    [BIOMETRIC_ANSI_378_2004] = {"ansi-378-2004", BIOMETRIC_FINGER, true},
    [BIOMETRIC_ANSI_378_2009] = {"ansi-378-2009", BIOMETRIC_FINGER, false},
    [BIOMETRIC_ISO_19794_2_CARD] = {"iso-19794-2-card", BIOMETRIC_FINGER, false},
    [BIOMETRIC_ISO_19794_4_2005] = {"iso-19794-4-2005", BIOMETRIC_FINGER, false},
    [BIOMETRIC_ISO_19794_4_2011] = {"iso-19794-4-2011", BIOMETRIC_FINGER, false},
    [BIOMETRIC_ISO_19794_5_2005] = {"iso-19794-5-2005", BIOMETRIC_FACE, false},
    [BIOMETRIC_ISO_19794_5_2011] = {"iso-19794-5-2011", BIOMETRIC_FACE, false},
    [BIOMETRIC_ISO_19794_6_2005] = {"iso-19794-6-2005", BIOMETRIC_IRIS, false},
    [BIOMETRIC_ISO_19794_6_2011] = {"iso-19794-6-2011", BIOMETRIC_IRIS, false},
    [BIOMETRIC_IDCS_IRIS_CODE] = {"idcs-iris-code", BIOMETRIC_IRIS, true},
    [BIOMETRIC_IDCS_FACE_VECTOR] = {"idcs-face-vector", BIOMETRIC_FACE, true},
};

static const char *const reasons[BIOMETRIC_REASONS] = {
    [BIOMETRIC_READ] = "read",
    [BIOMETRIC_UNRECOGNISED] = "unrecognised",
    [BIOMETRIC_OTHER_MODALITY] = "other-modality",
    [BIOMETRIC_OTHER_POSITION] = "other-position",
    [BIOMETRIC_UNEXPECTED] = "unexpected-format",
    [BIOMETRIC_NOT_ACCEPTED] = "format-not-accepted",
    [BIOMETRIC_NO_EXTRACTOR] = "no-extractor",
    [BIOMETRIC_WRONG_LENGTH] = "wrong-length",
    [BIOMETRIC_TRUNCATED] = "truncated",
    [BIOMETRIC_BAD_HEADER] = "bad-header",
    [BIOMETRIC_BAD_SIZE] = "bad-size",
    [BIOMETRIC_BAD_RESOLUTION] = "bad-resolution",
    [BIOMETRIC_NO_VIEW] = "no-view",
    [BIOMETRIC_TOO_MANY_VIEWS] = "too-many-views",
    [BIOMETRIC_BAD_VIEW] = "bad-view",
    [BIOMETRIC_BAD_QUALITY] = "bad-quality",
    [BIOMETRIC_BAD_TIME] = "bad-time",
    [BIOMETRIC_TOO_FEW_MINUTIAE] = "too-few-minutiae",
    [BIOMETRIC_BAD_MINUTIA] = "bad-minutia",
    [BIOMETRIC_BAD_EXTENSION] = "bad-extension",
};

const char *biometric_wire_format_name(enum biometric_format format) {
    return formats[format < BIOMETRIC_FORMATS ? format : BIOMETRIC_FORMAT_UNKNOWN].name;
}

const char *biometric_wire_reason_text(enum biometric_reason reason) {
    return reason < BIOMETRIC_REASONS ? reasons[reason] : reasons[BIOMETRIC_UNRECOGNISED];
}

enum biometric_modality biometric_wire_modality(enum biometric_format format) {
    return formats[format].modality;
}

bool biometric_wire_is_accepted(enum biometric_format format) {
    return formats[format].accepted;
}

bool biometric_wire_is_impression(uint8_t code) {
    return code <= 9 || code == 24 || code == 28 || code == 29;
}

void biometric_wire_put_minutiae(struct buffer *target, const struct finger_template *minutiae) {
    buffer_u8(target, minutiae->position);
    buffer_u8(target, minutiae->quality);
    buffer_u16(target, minutiae->x_resolution);
    buffer_u16(target, minutiae->y_resolution);
    buffer_u8(target, minutiae->count);
    for (size_t i = 0; i < minutiae->count; i++) {
        const struct finger_minutia *minutia = &minutiae->minutiae[i];
        buffer_u16(target, minutia->x);
        buffer_u16(target, minutia->y);
        buffer_u8(target, minutia->angle);
        buffer_u8(target, minutia->kind);
        buffer_u8(target, minutia->quality);
    }
}

static uint16_t get_between(struct cursor *cursor, uint16_t least, uint16_t most) {
    uint16_t value = cursor_u16(cursor);
    field_require(cursor, value >= least && value <= most);
    return value;
}

void biometric_wire_get_minutiae(struct cursor *cursor, struct finger_template *minutiae) {
    memset(minutiae, 0, sizeof *minutiae);
    minutiae->position = field_enum(cursor, 0, BIOMETRIC_POSITIONS - 1);
    minutiae->quality = field_enum(cursor, 0, QUALITY_MAX);
    minutiae->x_resolution = get_between(cursor, FINGER_RESOLUTION_MIN, FINGER_RESOLUTION_MAX);
    minutiae->y_resolution = get_between(cursor, FINGER_RESOLUTION_MIN, FINGER_RESOLUTION_MAX);
    minutiae->count = field_enum(cursor, BIOMETRIC_MINUTIAE_MIN, FINGER_TEMPLATE_MINUTIAE);
    for (size_t i = 0; i < minutiae->count; i++) {
        struct finger_minutia *minutia = &minutiae->minutiae[i];
        minutia->x = get_between(cursor, 0, FINGER_COORDINATE_MAX);
        minutia->y = get_between(cursor, 0, FINGER_COORDINATE_MAX);
        minutia->angle = cursor_u8(cursor);
        minutia->kind = field_enum(cursor, 0, KIND_MAX);
        minutia->quality = field_enum(cursor, 0, QUALITY_MAX);
    }
}
