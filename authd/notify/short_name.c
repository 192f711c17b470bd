#include <string.h>

#include "authd/notify/short_name.h"
#include "authd/notify/sms_segment.h"
#include "firmware/base/utf8.h"

struct range {
    uint32_t first, last;
};

static bool in_ranges(uint32_t character, const struct range *ranges, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (character >= ranges[i].first && character <= ranges[i].last)
            return true;
    }
    return false;
}

static bool is_space(uint32_t character) {
    static const struct range spaces[] = {{0x09, 0x0d},     {0x20, 0x20},     {0x85, 0x85},
                                          {0xa0, 0xa0},     {0x2000, 0x200a}, {0x2028, 0x2029},
                                          {0x202f, 0x202f}, {0x3000, 0x3000}};
    return in_ranges(character, spaces, sizeof spaces / sizeof *spaces);
}

/* Controls, and marks of direction that could make the text of a message read differently. */
static bool is_hidden(uint32_t character) {
    static const struct range hidden[] = {{0x00, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},
                                          {0x061c, 0x061c}, {0x200b, 0x200b}, {0x200e, 0x200f},
                                          {0x202a, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff}};
    return in_ranges(character, hidden, sizeof hidden / sizeof *hidden);
}

/* Written on the character before it, or joining it to the next. */
static bool is_mark(uint32_t character) {
    static const struct range marks[] = {
        {0x0300, 0x036f},   {0x0610, 0x061a},  {0x0640, 0x0640}, {0x064b, 0x065f}, {0x0670, 0x0670},
        {0x06d6, 0x06dc},   {0x06df, 0x06e8},  {0x06ea, 0x06ed}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff},
        {0x200c, 0x200d},   {0x20d0, 0x20ff},  {0x2d6f, 0x2d6f}, {0x2d7f, 0x2d7f}, {0xfe00, 0xfe0f},
        {0x1f3fb, 0x1f3ff}, {0xe0100, 0xe01ef}};
    return in_ranges(character, marks, sizeof marks / sizeof *marks);
}

enum err short_name_from(const char *name, struct short_name *clean) {
    struct bytes rest = bytes_of_text(name);
    struct buffer target = buffer_over(clean->text, sizeof clean->text - 1);
    struct bytes written;
    uint32_t character;
    enum err err;
    bool space_waits = false;
    *clean = (struct short_name){0};
    while ((err = utf8_take(&rest, &character)) == ERR_OK) {
        if (is_space(character)) {
            space_waits = target.len > 0;
            continue;
        }
        if (is_hidden(character))
            continue;
        if (space_waits)
            buffer_u8(&target, ' ');
        space_waits = false;
        utf8_put(&target, character);
    }
    if (err != ERR_NOT_FOUND)
        return err;
    if (buffer_end(&target, &written) != ERR_OK)
        return ERR_TOO_LARGE;
    clean->text[written.len] = '\0';
    return written.len > 0 ? ERR_OK : ERR_MALFORMED;
}

/* The nearest characters of the GSM 7-bit default alphabet, for the Latin letters of French and of
 * Amazigh and for typographic marks. Never longer in UTF-8 than what they replace. */
static const char *nearest(uint32_t character) {
    static const struct fold {
        const char *from, *to;
    } folds[] = {
        {"ÀÁÂÃĀĂ", "A"},  {"áâãāă", "a"},  {"Č", "C"},     {"çč", "c"},   {"ĎḌ", "D"}, {"ḍđ", "d"},
        {"ÈÊËĒƐ", "E"},   {"êëēɛə", "e"},  {"ĞǦƔ", "G"},   {"ğǧɣ", "g"},  {"ḤĦ", "H"}, {"ḥħ", "h"},
        {"ÌÍÎÏĪİ", "I"},  {"íîïīı", "i"},  {"ÒÓÔÕŌ", "O"}, {"óôõō", "o"}, {"Œ", "OE"}, {"œ", "oe"},
        {"ṚŘ", "R"},      {"ṛř", "r"},     {"ṢŠŞ", "S"},   {"ṣšş", "s"},  {"ṬŢ", "T"}, {"ṭţ", "t"},
        {"ÙÚÛŪ", "U"},    {"úûū", "u"},    {"ẒŽ", "Z"},    {"ẓž", "z"},   {"Ÿ", "Y"},  {"ÿ", "y"},
        {"’‘‛ʼʷ`´", "'"}, {"“”„«»", "\""}, {"‐‑–—", "-"},  {"…", "..."},  {"·•", "."},
    };
    for (size_t i = 0; i < sizeof folds / sizeof *folds; i++) {
        struct bytes from = bytes_of_text(folds[i].from);
        uint32_t candidate;
        while (utf8_take(&from, &candidate) == ERR_OK) {
            if (candidate == character)
                return folds[i].to;
        }
    }
    return NULL;
}

void short_name_fold(struct short_name *name, bool *whole) {
    struct short_name folded = {0};
    struct bytes rest = bytes_of_text(name->text);
    struct buffer target = buffer_over(folded.text, sizeof folded.text - 1);
    uint32_t character;
    *whole = false;
    while (utf8_take(&rest, &character) == ERR_OK) {
        const char *other = nearest(character);
        if (sms_segment_septets(character) > 0)
            utf8_put(&target, character);
        else if (other != NULL)
            buffer_raw(&target, other, strlen(other));
        else
            return;
    }
    if (target.err != ERR_OK)
        return;
    *name = folded;
    *whole = true;
}

/* How many bytes of ${text} stand before its last character with its marks. */
static size_t before_last(struct bytes text) {
    struct bytes rest = text;
    size_t before = 0;
    uint32_t character;
    for (size_t at = 0; utf8_take(&rest, &character) == ERR_OK; at = text.len - rest.len) {
        if (!is_mark(character))
            before = at;
    }
    return before;
}

static bool ends_untidily(const char *text, size_t len) {
    return len > 0 && strchr(" .,;:-_/&('\"", text[len - 1]) != NULL;
}

enum err short_name_cut(struct short_name *name) {
    size_t len = strlen(name->text);
    while (ends_untidily(name->text, len)) /* the full stop of an earlier cut too */
        len--;
    len = before_last(bytes_of(name->text, len));
    while (ends_untidily(name->text, len))
        len--;
    if (len == 0)
        return ERR_NOT_FOUND;
    memset(name->text + len, 0, sizeof name->text - len);
    name->text[len] = '.';
    return ERR_OK;
}
