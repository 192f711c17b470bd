#include "authd/notify/sms_segment.h"

#include "firmware/base/utf8.h"

/* Ranges of characters, in order, with what each character costs. */
static const struct range {
    uint16_t first, last;
    uint8_t septets;
} ranges[] = {
    {0x000a, 0x000a, 1}, /* line feed */
    {0x000c, 0x000c, 2}, /* form feed */
    {0x000d, 0x000d, 1}, /* carriage return */
    {0x0020, 0x005a, 1}, /* space to Z */
    {0x005b, 0x005e, 2}, /* [ \ ] ^ */
    {0x005f, 0x005f, 1}, /* _, and ` is in neither table */
    {0x0061, 0x007a, 1}, /* a to z */
    {0x007b, 0x007e, 2}, /* { | } ~ */
    {0x00a1, 0x00a1, 1}, /* ¡ */
    {0x00a3, 0x00a5, 1}, /* £ ¤ ¥ */
    {0x00a7, 0x00a7, 1}, /* § */
    {0x00bf, 0x00bf, 1}, /* ¿ */
    {0x00c4, 0x00c7, 1}, /* Ä Å Æ Ç */
    {0x00c9, 0x00c9, 1}, /* É */
    {0x00d1, 0x00d1, 1}, /* Ñ */
    {0x00d6, 0x00d6, 1}, /* Ö */
    {0x00d8, 0x00d8, 1}, /* Ø */
    {0x00dc, 0x00dc, 1}, /* Ü */
    {0x00df, 0x00e0, 1}, /* ß à */
    {0x00e4, 0x00e6, 1}, /* ä å æ */
    {0x00e8, 0x00e9, 1}, /* è é */
    {0x00ec, 0x00ec, 1}, /* ì */
    {0x00f1, 0x00f2, 1}, /* ñ ò */
    {0x00f6, 0x00f6, 1}, /* ö */
    {0x00f8, 0x00f9, 1}, /* ø ù */
    {0x00fc, 0x00fc, 1}, /* ü */
    {0x0393, 0x0394, 1}, /* Γ Δ */
    {0x0398, 0x0398, 1}, /* Θ */
    {0x039b, 0x039b, 1}, /* Λ */
    {0x039e, 0x039e, 1}, /* Ξ */
    {0x03a0, 0x03a0, 1}, /* Π */
    {0x03a3, 0x03a3, 1}, /* Σ */
    {0x03a6, 0x03a6, 1}, /* Φ */
    {0x03a8, 0x03a9, 1}, /* Ψ Ω */
    {0x20ac, 0x20ac, 2}, /* € */
};

unsigned sms_segment_septets(uint32_t character) {
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        if (character >= ranges[i].first && character <= ranges[i].last)
            return ranges[i].septets;
    }
    return 0;
}

enum err sms_segment_measure(struct bytes text, struct sms_segment *segment) {
    size_t septets = 0, units = 0;
    bool gsm7 = true;
    uint32_t character;
    enum err err;
    *segment = (struct sms_segment){0};
    while ((err = utf8_take(&text, &character)) == ERR_OK) {
        unsigned cost = sms_segment_septets(character);
        gsm7 = gsm7 && cost > 0;
        septets += cost;
        units += character > 0xffff ? 2 : 1; /* a surrogate pair */
    }
    if (err != ERR_NOT_FOUND)
        return err;
    *segment =
        gsm7 ? (struct sms_segment){SMS_GSM7, septets} : (struct sms_segment){SMS_UCS2, units};
    return ERR_OK;
}

enum err sms_segment_check(struct bytes text) {
    struct sms_segment segment;
    ERR_TRY(sms_segment_measure(text, &segment));
    size_t limit = segment.alphabet == SMS_GSM7 ? SMS_GSM7_SEPTETS : SMS_UCS2_UNITS;
    return segment.units <= limit ? ERR_OK : ERR_TOO_LARGE;
}
