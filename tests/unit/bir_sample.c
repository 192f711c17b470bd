#include "tests/unit/bir_sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/codec.h"
#include "tests/unit/record_sample.h"

struct bytes bir_sample_minutiae(uint8_t *memory, size_t size) {
    struct record_sample sample = record_sample(BIOMETRIC_ISO_19794_2_2011);
    sample.views = 1;
    return record_sample_write(&sample, memory, size);
}

struct bytes bir_sample_iris(void) {
    return bytes_of("IIR\0"
                    "020\0 and an image",
                    21);
}

static void put_record(struct buffer *target, const char *format, const char *type,
                       const char *subtype, struct bytes data) {
    buffer_format(target,
                  "  <BIR>\n"
                  "    <Version><Major>1</Major><Minor>1</Minor></Version>\n"
                  "    <CBEFFVersion><Major>1</Major><Minor>1</Minor></CBEFFVersion>\n"
                  "    <BIRInfo><Integrity>false</Integrity></BIRInfo>\n"
                  "    <BDBInfo>\n"
                  "      <Index>98293c98-7b64-4f9a-a209-9cadfd8e4a1e</Index>\n"
                  "      <Format><Organization>Mosip</Organization><Type>%s</Type></Format>\n"
                  "      <CreationDate>2022-07-27T15:29:22.987808900Z</CreationDate>\n"
                  "      <Type>%s</Type>\n"
                  "      <Subtype>%s</Subtype>\n"
                  "      <Level>Raw</Level>\n"
                  "      <Purpose>Enroll</Purpose>\n"
                  "      <Quality>\n"
                  "        <Algorithm><Organization>HMAC</Organization><Type>SHA-256</Type>"
                  "</Algorithm>\n"
                  "        <Score>94</Score>\n"
                  "      </Quality>\n"
                  "    </BDBInfo>\n"
                  "    <BDB>",
                  format, type, subtype);
    codec_base64(target, data);
    buffer_format(target,
                  "</BDB>\n"
                  "    <SB>ZXlK</SB>\n"
                  "    <others>\n"
                  "      <entry key=\"SPEC_VERSION\">0.9.5</entry>\n"
                  "      <entry key=\"EXCEPTION\">%s</entry>\n"
                  "      <entry key=\"PAYLOAD\">{&quot;digitalId&quot;:&quot;e30&quot;}</entry>\n"
                  "    </others>\n"
                  "  </BIR>\n",
                  data.len == 0 ? "true" : "false");
}

struct bytes bir_sample(char *text, size_t size) {
    static uint8_t memory[1024];
    struct buffer target = buffer_over(text, size);
    struct bytes face = bytes_of("FAC\0"
                                 "030\0 and an image",
                                 21),
                 written;
    buffer_format(&target, "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"
                           "<BIR xmlns=\"http://standards.iso.org/iso-iec/19785/-3/ed-2/\">\n"
                           "  <BIRInfo>\n    <Integrity>false</Integrity>\n  </BIRInfo>\n");
    put_record(&target, "2", "Finger", "Right IndexFinger",
               bir_sample_minutiae(memory, sizeof memory));
    put_record(&target, "9", "Iris", "Left", bir_sample_iris());
    put_record(&target, "8", "Face", "", face);
    put_record(&target, "2", "Finger", "Left Thumb", bytes_of(NULL, 0));
    buffer_format(&target, "</BIR>\n");
    if (buffer_end(&target, &written) != ERR_OK)
        abort();
    return written;
}

struct bytes bir_sample_changed(const char *old, const char *new, char *text, size_t size) {
    struct bytes whole = bir_sample(text, size);
    char *at = memmem(text, whole.len, old, strlen(old));
    if (at == NULL || whole.len - strlen(old) + strlen(new) > size) {
        fprintf(stderr, "the sample has no %s\n", old);
        abort();
    }
    size_t behind = whole.len - (size_t)(at - text) - strlen(old);
    memmove(at + strlen(new), at + strlen(old), behind);
    memcpy(at, new, strlen(new));
    return bytes_of(text, (size_t)(at - text) + strlen(new) + behind);
}
