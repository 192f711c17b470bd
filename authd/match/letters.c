#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "authd/match/letters.h"
#include "firmware/base/utf8.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define NOTHING         0

enum step {
    ALL_TO_ONE,
    KEEP_DISTANCE, /* each letter of the range is as far from ${to} as it is from ${first} */
    EVERY_SECOND,  /* the same, of every second letter only: large and small ones alternate */
};

/* In order. A letter that is in no range stays as it is. */
static const struct range {
    uint32_t first, last;
    enum step step;
    uint32_t to;
} ranges[] = {
    {0x0001, 0x001f, ALL_TO_ONE, ' '}, /* controls */
    {'A', 'Z', KEEP_DISTANCE, 'a'},
    {0x007f, 0x00a0, ALL_TO_ONE, ' '},       /* controls, no-break space */
    {0x00ab, 0x00ab, ALL_TO_ONE, '"'},       /* « */
    {0x00ad, 0x00ad, ALL_TO_ONE, NOTHING},   /* soft hyphen */
    {0x00b0, 0x00b0, ALL_TO_ONE, '.'},       /* °, of n° */
    {0x00b4, 0x00b4, ALL_TO_ONE, '\''},      /* an acute accent alone */
    {0x00b7, 0x00b7, ALL_TO_ONE, '.'},       /* middle dot */
    {0x00ba, 0x00ba, ALL_TO_ONE, '.'},       /* º */
    {0x00bb, 0x00bb, ALL_TO_ONE, '"'},       /* » */
    {0x00c0, 0x00d6, KEEP_DISTANCE, 0x00e0}, /* Latin-1 */
    {0x00d8, 0x00de, KEEP_DISTANCE, 0x00f8},
    {0x0100, 0x012e, EVERY_SECOND, 0x0101}, /* Latin Extended-A */
    {0x0130, 0x0130, ALL_TO_ONE, 'i'},
    {0x0132, 0x0136, EVERY_SECOND, 0x0133},
    {0x0139, 0x0147, EVERY_SECOND, 0x013a},
    {0x014a, 0x0176, EVERY_SECOND, 0x014b},
    {0x0178, 0x0178, ALL_TO_ONE, 0x00ff},
    {0x0179, 0x017d, EVERY_SECOND, 0x017a},
    {0x017f, 0x017f, ALL_TO_ONE, 's'},
    {0x0190, 0x0190, ALL_TO_ONE, 0x025b},  /* written Amazigh: epsilon */
    {0x0194, 0x0194, ALL_TO_ONE, 0x0263},  /* gamma */
    {0x01e6, 0x01e6, ALL_TO_ONE, 0x01e7},  /* g with caron */
    {0x02b9, 0x02bc, ALL_TO_ONE, '\''},    /* modifiers that look like apostrophes */
    {0x060c, 0x060c, ALL_TO_ONE, ','},     /* Arabic comma */
    {0x0610, 0x061a, ALL_TO_ONE, NOTHING}, /* Arabic signs */
    {0x061b, 0x061b, ALL_TO_ONE, ','},     /* Arabic semicolon */
    {0x061c, 0x061c, ALL_TO_ONE, NOTHING}, /* mark of direction */
    {0x0622, 0x0623, ALL_TO_ONE, 0x0627},  /* alef with madda, hamza above */
    {0x0624, 0x0624, ALL_TO_ONE, 0x0648},  /* waw with hamza */
    {0x0625, 0x0625, ALL_TO_ONE, 0x0627},  /* alef with hamza below */
    {0x0626, 0x0626, ALL_TO_ONE, 0x064a},  /* ya with hamza */
    {0x0629, 0x0629, ALL_TO_ONE, 0x0647},  /* ta marbuta */
    {0x0640, 0x0640, ALL_TO_ONE, NOTHING}, /* tatweel */
    {0x0649, 0x0649, ALL_TO_ONE, 0x064a},  /* alef maqsura */
    {0x064b, 0x065f, ALL_TO_ONE, NOTHING}, /* harakat */
    {0x0660, 0x0669, KEEP_DISTANCE, '0'},  /* Arabic-Indic digits */
    {0x0670, 0x0670, ALL_TO_ONE, NOTHING}, /* alef above */
    {0x0671, 0x0673, ALL_TO_ONE, 0x0627},  /* alef wasla, wavy hamza */
    {0x06a9, 0x06a9, ALL_TO_ONE, 0x0643},  /* keheh */
    {0x06ad, 0x06af, ALL_TO_ONE, 0x0643},  /* the letters for g: most write kaf */
    {0x06cc, 0x06cc, ALL_TO_ONE, 0x064a},  /* Farsi ya */
    {0x06d4, 0x06d4, ALL_TO_ONE, '.'},     /* Arabic full stop */
    {0x06d6, 0x06dc, ALL_TO_ONE, NOTHING}, /* signs of recitation */
    {0x06df, 0x06e8, ALL_TO_ONE, NOTHING},
    {0x06ea, 0x06ed, ALL_TO_ONE, NOTHING},
    {0x06f0, 0x06f9, KEEP_DISTANCE, '0'}, /* extended Arabic-Indic digits */
    {0x0763, 0x0763, ALL_TO_ONE, 0x0643}, /* g once more */
    {0x1680, 0x1680, ALL_TO_ONE, ' '},
    {0x1e00, 0x1e94, EVERY_SECOND, 0x1e01}, /* letters with a dot below, and others */
    {0x1ea0, 0x1efe, EVERY_SECOND, 0x1ea1},
    {0x2000, 0x200a, ALL_TO_ONE, ' '},
    {0x200b, 0x200f, ALL_TO_ONE, NOTHING}, /* joiners, marks of direction */
    {0x2010, 0x2015, ALL_TO_ONE, '-'},
    {0x2018, 0x201b, ALL_TO_ONE, '\''},
    {0x201c, 0x201f, ALL_TO_ONE, '"'},
    {0x2026, 0x2026, ALL_TO_ONE, '.'},
    {0x2028, 0x2029, ALL_TO_ONE, ' '},
    {0x202a, 0x202e, ALL_TO_ONE, NOTHING},
    {0x202f, 0x202f, ALL_TO_ONE, ' '},
    {0x2032, 0x2032, ALL_TO_ONE, '\''},
    {0x2039, 0x203a, ALL_TO_ONE, '\''},
    {0x205f, 0x205f, ALL_TO_ONE, ' '},
    {0x2060, 0x206f, ALL_TO_ONE, NOTHING},
    {0x2212, 0x2212, ALL_TO_ONE, '-'},     /* minus */
    {0x2d7f, 0x2d7f, ALL_TO_ONE, NOTHING}, /* joiner of Tifinagh */
    {0x3000, 0x3000, ALL_TO_ONE, ' '},
    {0xfe00, 0xfe0f, ALL_TO_ONE, NOTHING}, /* variation selectors */
    {0xfeff, 0xfeff, ALL_TO_ONE, NOTHING},
};

/* Letters that are written as two. */
static const struct pair {
    uint32_t letter;
    char as[3];
} pairs[] = {
    {0x00c6, "ae"}, {0x00e6, "ae"}, {0x0152, "oe"}, {0x0153, "oe"}, {0x2116, "n."},
};

/* Marks that some systems write behind the letter they belong on. */
static const struct accent {
    uint32_t mark;
    char on[10];
    uint32_t makes[9];
} accents[] = {
    {0x0300, "aeiou", {0x00e0, 0x00e8, 0x00ec, 0x00f2, 0x00f9}}, /* grave */
    {0x0301,
     "aeiouyczn",
     {0x00e1, 0x00e9, 0x00ed, 0x00f3, 0x00fa, 0x00fd, 0x0107, 0x017a, 0x0144}}, /* acute */
    {0x0302, "aeiou", {0x00e2, 0x00ea, 0x00ee, 0x00f4, 0x00fb}},                /* circumflex */
    {0x0303, "ano", {0x00e3, 0x00f1, 0x00f5}},                                  /* tilde */
    {0x0308, "aeiouy", {0x00e4, 0x00eb, 0x00ef, 0x00f6, 0x00fc, 0x00ff}},       /* diaeresis */
    {0x030a, "a", {0x00e5}},                                                    /* ring */
    {0x030c, "cgrsz", {0x010d, 0x01e7, 0x0159, 0x0161, 0x017e}},                /* caron */
    {0x0323, "dhrstz", {0x1e0d, 0x1e25, 0x1e5b, 0x1e63, 0x1e6d, 0x1e93}},       /* dot below */
    {0x0327, "cst", {0x00e7, 0x015f, 0x0163}},                                  /* cedilla */
};

static uint32_t fold_by_range(uint32_t letter) {
    size_t low = 0, high = COUNT_OF(ranges);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (letter > ranges[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == COUNT_OF(ranges) || letter < ranges[low].first)
        return letter;
    const struct range *range = &ranges[low];
    uint32_t distance = letter - range->first;
    if (range->step == EVERY_SECOND && distance % 2 != 0)
        return letter;
    return range->to + (range->step == ALL_TO_ONE ? 0 : distance);
}

static const struct pair *find_pair(uint32_t letter) {
    for (size_t i = 0; i < COUNT_OF(pairs); i++)
        if (pairs[i].letter == letter)
            return &pairs[i];
    return NULL;
}

/* The letter that ${mark} makes of ${letter} before it; NOTHING: they stay two. */
static uint32_t put_accent(uint32_t letter, uint32_t mark) {
    for (size_t i = 0; i < COUNT_OF(accents); i++) {
        if (accents[i].mark != mark || letter == NOTHING || letter > 'z')
            continue;
        const char *place = strchr(accents[i].on, (int)letter);
        return place == NULL ? NOTHING : accents[i].makes[place - accents[i].on];
    }
    return NOTHING;
}

static uint32_t append(struct buffer *folded, uint32_t previous, uint32_t letter) {
    uint32_t accented = put_accent(previous, letter);
    if (accented != NOTHING)
        folded->len--; /* the letter before, an ASCII one, takes the accent */
    utf8_put(folded, accented != NOTHING ? accented : letter);
    return accented != NOTHING ? accented : letter;
}

enum err letters_fold(struct bytes text, struct buffer *folded) {
    uint32_t letter, previous = NOTHING;
    while (text.len > 0 && folded->err == ERR_OK) {
        ERR_TRY(utf8_take(&text, &letter));
        const struct pair *pair = find_pair(letter);
        if (pair != NULL) {
            buffer_raw(folded, pair->as, 2);
            previous = (uint8_t)pair->as[1];
            continue;
        }
        letter = fold_by_range(letter);
        if (letter != NOTHING)
            previous = append(folded, previous, letter);
    }
    return folded->err;
}
