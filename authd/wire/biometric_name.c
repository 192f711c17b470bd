#include "authd/wire/biometric_name.h"

#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static const struct {
    const char *name;
    enum biometric_modality modality;
} captures[] = {
    [BIOMETRIC_CAPTURE_NONE] = {"", BIOMETRIC_FINGER},
    [BIOMETRIC_CAPTURE_FINGER] = {"Finger", BIOMETRIC_FINGER},
    [BIOMETRIC_CAPTURE_MINUTIAE] = {"FMR", BIOMETRIC_FINGER},
    [BIOMETRIC_CAPTURE_IRIS] = {"Iris", BIOMETRIC_IRIS},
    [BIOMETRIC_CAPTURE_FACE] = {"Face", BIOMETRIC_FACE},
};

static const char *const fingers[] = {
    "Right Thumb",        "Right IndexFinger", "Right MiddleFinger", "Right RingFinger",
    "Right LittleFinger", "Left Thumb",        "Left IndexFinger",   "Left MiddleFinger",
    "Left RingFinger",    "Left LittleFinger",
};
static const char *const irises[] = {"Right", "Left"};

static const struct {
    const char *const *names;
    uint8_t count;
} parts[] = {
    [BIOMETRIC_FINGER] = {fingers, COUNT_OF(fingers)},
    [BIOMETRIC_IRIS] = {irises, COUNT_OF(irises)},
    [BIOMETRIC_FACE] = {NULL, 0},
};

enum biometric_modality biometric_name_modality(enum biometric_capture capture) {
    return captures[capture].modality;
}

uint8_t biometric_name_last_position(enum biometric_modality modality) {
    return parts[modality].count;
}

static enum biometric_capture capture_of(const char *name) {
    for (size_t i = BIOMETRIC_CAPTURE_FINGER; i < COUNT_OF(captures); i++)
        if (strcmp(captures[i].name, name) == 0)
            return (enum biometric_capture)i;
    return BIOMETRIC_CAPTURE_NONE;
}

static uint8_t position_of(enum biometric_capture capture, const char *name) {
    enum biometric_modality modality = captures[capture].modality;
    if (capture == BIOMETRIC_CAPTURE_NONE)
        return 0;
    for (uint8_t i = 0; i < parts[modality].count; i++)
        if (strcmp(parts[modality].names[i], name) == 0)
            return i + 1;
    return 0;
}

void biometric_name_classify(struct biometric_segment *segment) {
    const char *part = segment->part_text.text;
    bool is_text = segment->part_text.presence == FIELD_PRESENT;
    bool is_none = segment->part_text.presence == FIELD_ABSENT ||
                   segment->part_text.presence == FIELD_NULL ||
                   (is_text && part[strspn(part, " \t\r\n")] == '\0');
    segment->capture = capture_of(segment->capture_text.text);
    segment->position = position_of(segment->capture, part);
    if (is_none)
        segment->part = BIOMETRIC_PART_NONE;
    else if (segment->position > 0)
        segment->part = BIOMETRIC_PART_KNOWN;
    else if (is_text && strcmp(part, "UNKNOWN") == 0)
        segment->part = BIOMETRIC_PART_UNKNOWN;
    else
        segment->part = BIOMETRIC_PART_BAD;
}
