#include "tests/unit/record_sample.h"

#include <stdlib.h>
#include <string.h>

#define RESOLUTION     197
#define LENGTH_AT      8
#define ANSI_SHORT_MAX 65535

struct record_sample record_sample(enum biometric_format format) {
    return (struct record_sample){
        .format = format, .views = 3, .positions = {2, 2, 6}, .minutiae = 6};
}

static bool is_ansi(const struct record_sample *sample) {
    return sample->format == BIOMETRIC_ANSI_378_2004 || sample->format == BIOMETRIC_ANSI_378_2009;
}

static uint8_t written_angle(const struct record_sample *sample, uint8_t index) {
    return (uint8_t)(is_ansi(sample) ? index * 31 % 180 : index * 43 % 256);
}

static uint16_t written_x(uint8_t index) {
    return (uint16_t)(index * 37 % RECORD_SAMPLE_WIDTH);
}

static uint16_t written_y(uint8_t index) {
    return (uint16_t)(index * 53 % RECORD_SAMPLE_HEIGHT);
}

struct finger_minutia record_sample_minutia(const struct record_sample *sample, uint8_t index) {
    unsigned angle = written_angle(sample, index);
    /* To the nearest of 256 from two degrees each. */
    unsigned rounded = is_ansi(sample) ? (angle * 64 + 22) / 45 : angle;
    return (struct finger_minutia){
        .x = written_x(index),
        .y = written_y(index),
        .angle = (uint8_t)rounded,
        .kind = index % 3,
        .quality = sample->has_no_minutia_quality ? 0 : index % 101,
    };
}

static void put_minutiae(struct buffer *target, const struct record_sample *sample) {
    for (size_t i = 0; i < sample->minutiae; i++) {
        uint8_t index = (uint8_t)i;
        buffer_u16(target, (uint16_t)(index % 3 << 14 | written_x(index)));
        buffer_u16(target, written_y(index));
        buffer_u8(target, written_angle(sample, index));
        if (!sample->has_no_minutia_quality)
            buffer_u8(target, index % 101);
    }
    buffer_u16(target, (uint16_t)sample->extension.len);
    buffer_raw(target, sample->extension.data, sample->extension.len);
}

static uint8_t number_of(const struct record_sample *sample, size_t view) {
    uint8_t number = 0;
    for (size_t i = 0; i < view; i++)
        number += sample->positions[i] == sample->positions[view];
    return number;
}

static void put_size(struct buffer *target) {
    buffer_u16(target, RECORD_SAMPLE_WIDTH);
    buffer_u16(target, RECORD_SAMPLE_HEIGHT);
}

static void put_resolution(struct buffer *target) {
    buffer_u16(target, RESOLUTION);
    buffer_u16(target, RESOLUTION);
}

static void put_view(struct buffer *target, const struct record_sample *sample, size_t view) {
    buffer_u8(target, sample->positions[view]);
    if (sample->format == BIOMETRIC_ANSI_378_2009) {
        buffer_u8(target, number_of(sample, view));
        buffer_u8(target, 0);
        buffer_u8(target, RECORD_SAMPLE_QUALITY);
        buffer_u32(target, 0);
        put_size(target);
        put_resolution(target);
    } else {
        buffer_u8(target, (uint8_t)(number_of(sample, view) << 4));
        buffer_u8(target, RECORD_SAMPLE_QUALITY);
    }
    buffer_u8(target, sample->minutiae);
    put_minutiae(target, sample);
}

static void put_representation(struct buffer *target, const struct record_sample *sample,
                               size_t view) {
    static const uint8_t time[] = {0x07, 0xe9, 2, 28, 23, 59, 59, 0x03, 0xe7};
    size_t start = target->len;
    buffer_u32(target, 0);
    buffer_raw(target, time, sizeof time);
    buffer_u8(target, 0);
    buffer_u32(target, 0x01020304);
    buffer_u8(target, 2); /* quality blocks: the first has no score */
    buffer_raw(target, "\xff\0\1\0\1", 5);
    buffer_u8(target, RECORD_SAMPLE_QUALITY);
    buffer_u32(target, 0x00010001);
    if (sample->has_certificates)
        buffer_raw(target, "\1\0\1\1", 4);
    buffer_u8(target, sample->positions[view]);
    buffer_u8(target, number_of(sample, view));
    put_resolution(target);
    buffer_u8(target, 0);
    put_size(target);
    buffer_u8(target, (uint8_t)((sample->has_no_minutia_quality ? 5 : 6) << 4));
    buffer_u8(target, sample->minutiae);
    put_minutiae(target, sample);
    struct buffer length = buffer_over(target->data + start, 4);
    buffer_u32(&length, (uint32_t)(target->len - start));
}

static void put_ansi_2009_header(struct buffer *target, const struct record_sample *sample) {
    buffer_raw(target, "\0\x33\0\1\0\0\2", 7); /* owner, product, certification, device */
    buffer_u8(target, sample->views);
    buffer_u8(target, 0);
}

static void put_shared_header(struct buffer *target, const struct record_sample *sample) {
    if (sample->format == BIOMETRIC_ANSI_378_2004)
        buffer_raw(target, "\0\x33\0\1", 4);
    buffer_u16(target, 0x8001);
    put_size(target);
    put_resolution(target);
    buffer_u8(target, sample->views);
    buffer_u8(target, 0);
}

static size_t length_bytes(const struct record_sample *sample) {
    if (sample->format != BIOMETRIC_ANSI_378_2004)
        return 4;
    return sample->views * (sample->extension.len + 32) > ANSI_SHORT_MAX ? 6 : 2;
}

void record_sample_set_length(const struct record_sample *sample, uint8_t *memory, size_t len) {
    struct buffer length = buffer_over(memory + LENGTH_AT, 6);
    if (length_bytes(sample) == 2)
        buffer_u16(&length, (uint16_t)len);
    else if (length_bytes(sample) == 4)
        buffer_u32(&length, (uint32_t)len);
    else {
        buffer_u16(&length, 0);
        buffer_u32(&length, (uint32_t)len);
    }
}

struct bytes record_sample_write(const struct record_sample *sample, uint8_t *memory, size_t size) {
    struct buffer target = buffer_over(memory, size);
    bool is_second =
        sample->format == BIOMETRIC_ISO_19794_2_2011 || sample->format == BIOMETRIC_ANSI_378_2009;
    buffer_raw(&target, is_second ? "FMR\0\60\63\60\0" : "FMR\0 20\0", 8);
    buffer_raw(&target, "\0\0\0\0\0\0", length_bytes(sample));
    if (sample->format == BIOMETRIC_ISO_19794_2_2011) {
        buffer_u16(&target, sample->views);
        buffer_bool(&target, sample->has_certificates);
    } else if (sample->format == BIOMETRIC_ANSI_378_2009)
        put_ansi_2009_header(&target, sample);
    else
        put_shared_header(&target, sample);
    for (size_t i = 0; i < sample->views; i++) {
        if (sample->format == BIOMETRIC_ISO_19794_2_2011)
            put_representation(&target, sample, i);
        else
            put_view(&target, sample, i);
    }
    struct bytes written;
    if (buffer_end(&target, &written) != ERR_OK)
        abort();
    record_sample_set_length(sample, memory, written.len);
    return written;
}
