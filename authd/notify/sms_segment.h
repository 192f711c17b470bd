#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/*
 * What a text costs as a short message (3GPP TS 23.038): septets of the GSM 7-bit default alphabet
 * when every character is in it, else 16-bit units of UCS-2. No national language table is used,
 * as a phone may lack it.
 */
#define SMS_GSM7_SEPTETS 160
#define SMS_UCS2_UNITS   70

enum sms_alphabet { SMS_GSM7 = 1, SMS_UCS2 };

struct sms_segment {
    enum sms_alphabet alphabet;
    size_t units; /* septets or 16-bit units */
};

/*
 * Septets of one character: 1 in the default alphabet, 2 in its extension table, 0 in neither (TS
 * 23.038 §6.2.1 and §6.2.1.1).
 */
unsigned sms_segment_septets(uint32_t character);

/* ERR_MALFORMED: ${text} is not UTF-8. */
MUST_CHECK enum err sms_segment_measure(struct bytes text, struct sms_segment *segment);

/* ERR_TOO_LARGE when ${text} does not fit one message that is not concatenated; ERR_MALFORMED. */
MUST_CHECK enum err sms_segment_check(struct bytes text);
