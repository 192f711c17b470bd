#include <openssl/evp.h>
#include <string.h>

#include "authd/core/identifier.h"

#include "firmware/base/codec.h"

/* Verhoeff's dihedral group D5: product, permutation by position, inverse. */
static const uint8_t product[10][10] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 2, 3, 4, 0, 6, 7, 8, 9, 5}, {2, 3, 4, 0, 1, 7, 8, 9, 5, 6},
    {3, 4, 0, 1, 2, 8, 9, 5, 6, 7}, {4, 0, 1, 2, 3, 9, 5, 6, 7, 8}, {5, 9, 8, 7, 6, 0, 4, 3, 2, 1},
    {6, 5, 9, 8, 7, 1, 0, 4, 3, 2}, {7, 6, 5, 9, 8, 2, 1, 0, 4, 3}, {8, 7, 6, 5, 9, 3, 2, 1, 0, 4},
    {9, 8, 7, 6, 5, 4, 3, 2, 1, 0}};
static const uint8_t permutation[8][10] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 5, 7, 6, 2, 8, 3, 0, 9, 4}, {5, 8, 0, 3, 7, 9, 6, 1, 4, 2},
    {8, 9, 1, 6, 0, 4, 3, 5, 2, 7}, {9, 4, 5, 3, 1, 2, 6, 8, 7, 0}, {4, 2, 8, 6, 5, 7, 3, 9, 0, 1},
    {2, 7, 9, 3, 8, 0, 6, 4, 1, 5}, {7, 0, 4, 6, 9, 1, 3, 2, 5, 8}};
static const uint8_t inverse[10] = {0, 4, 3, 2, 1, 5, 6, 7, 8, 9};

static unsigned digit_at(const char *text, size_t index) {
    return (unsigned)(text[index] - '0');
}

static bool is_digits(const char *text, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
    }
    return true;
}

/* The group sum over ${count} digits; the rightmost stands at position ${offset}. */
static uint8_t verhoeff_sum(const char *text, size_t count, size_t offset) {
    uint8_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum = product[sum][permutation[(i + offset) % 8][digit_at(text, count - 1 - i)]];
    return sum;
}

enum err identifier_check_digit(const char *digits, size_t digit_count, char *check_digit) {
    if (!is_digits(digits, digit_count))
        return ERR_MALFORMED;
    *check_digit = (char)('0' + inverse[verhoeff_sum(digits, digit_count, 1)]);
    return ERR_OK;
}

static bool breaks_checksum(const char *text, size_t count) {
    return verhoeff_sum(text, count, 0) != 0;
}

static bool breaks_first_digit(const char *text, size_t count) {
    (void)count;
    return digit_at(text, 0) < 2;
}

static bool breaks_sequence(const char *text, size_t count) {
    for (size_t i = 0; i + 2 < count; i++) {
        int first = text[i + 1] - text[i], second = text[i + 2] - text[i + 1];
        if (first == second && (first == 1 || first == -1))
            return true;
    }
    return false;
}

static bool breaks_repeated_digit(const char *text, size_t count) {
    for (size_t i = 0; i + 1 < count; i++) {
        if (text[i] == text[i + 1] || (i + 2 < count && text[i] == text[i + 2]))
            return true;
    }
    return false;
}

static bool breaks_repeated_block(const char *text, size_t count) {
    for (size_t i = 0; i + 3 < count; i++) {
        for (size_t j = i + 2; j + 1 < count; j++) {
            if (text[i] == text[j] && text[i + 1] == text[j + 1])
                return true;
        }
    }
    return false;
}

static bool breaks_even_digits(const char *text, size_t count) {
    unsigned run = 0;
    for (size_t i = 0; i < count; i++) {
        run = strchr("2468", text[i]) != NULL ? run + 1 : 0;
        if (run == 3)
            return true;
    }
    return false;
}

static bool breaks_mirrored_halves(const char *text, size_t count) {
    enum { HALF = 5 };
    const char *last = text + count - HALF;
    bool same = true, reversed = true;
    for (size_t i = 0; i < HALF; i++) {
        same = same && text[i] == last[i];
        reversed = reversed && text[i] == last[HALF - 1 - i];
    }
    return same || reversed;
}

static bool contains_any(const char *text, const char *const *numbers, size_t number_count) {
    for (size_t i = 0; i < number_count; i++) {
        if (strstr(text, numbers[i]) != NULL)
            return true;
    }
    return false;
}

static bool breaks_restricted_number(const char *text, size_t count) {
    static const char *const numbers[] = {"786", "666"};
    (void)count;
    return contains_any(text, numbers, sizeof(numbers) / sizeof(numbers[0]));
}

static bool breaks_cyclic_number(const char *text, size_t count) {
    static const char *const numbers[] = {"142857", "0588235294117647"}; /* longer ones never fit */
    (void)count;
    return contains_any(text, numbers, sizeof(numbers) / sizeof(numbers[0]));
}

static const struct {
    enum identifier_rule rule;
    const char *name;
    bool (*breaks)(const char *text, size_t count);
} rule_table[] = {
    {IDENTIFIER_CHECKSUM, "checksum", breaks_checksum},
    {IDENTIFIER_FIRST_DIGIT, "first-digit", breaks_first_digit},
    {IDENTIFIER_SEQUENCE, "sequence", breaks_sequence},
    {IDENTIFIER_REPEATED_DIGIT, "repeated-digit", breaks_repeated_digit},
    {IDENTIFIER_REPEATED_BLOCK, "repeated-block", breaks_repeated_block},
    {IDENTIFIER_EVEN_DIGITS, "even-digits", breaks_even_digits},
    {IDENTIFIER_MIRRORED_HALVES, "mirrored-halves", breaks_mirrored_halves},
    {IDENTIFIER_RESTRICTED_NUMBER, "restricted-number", breaks_restricted_number},
    {IDENTIFIER_CYCLIC_NUMBER, "cyclic-number", breaks_cyclic_number},
};
enum { RULE_COUNT = sizeof(rule_table) / sizeof(rule_table[0]) };

enum err identifier_rule_parse(const char *name, enum identifier_rule *rule) {
    for (size_t i = 0; i < RULE_COUNT; i++) {
        if (strcmp(rule_table[i].name, name) == 0) {
            *rule = rule_table[i].rule;
            return ERR_OK;
        }
    }
    return ERR_NOT_FOUND;
}

const char *identifier_rule_text(enum identifier_rule rule) {
    for (size_t i = 0; i < RULE_COUNT; i++) {
        if (rule_table[i].rule == rule)
            return rule_table[i].name;
    }
    return "";
}

enum err identifier_check(const char *text, enum identifier_type type, uint32_t rules,
                          uint32_t *broken) {
    size_t count = type == IDENTIFIER_UIN ? IDENTIFIER_UIN_DIGITS : IDENTIFIER_VID_DIGITS;
    *broken = rules;
    if (strlen(text) != count || !is_digits(text, count))
        return ERR_MALFORMED;
    *broken = 0;
    for (size_t i = 0; i < RULE_COUNT; i++) {
        if ((rules & rule_table[i].rule) != 0 && rule_table[i].breaks(text, count))
            *broken |= rule_table[i].rule;
    }
    return ERR_OK;
}

unsigned identifier_salt_modulo(const char *identifier) {
    uint8_t hash[32];
    /* Of the id's own hash, the last three hex characters as a number, and of that its last three
     * digits. */
    if (EVP_Digest(identifier, strlen(identifier), hash, NULL, EVP_sha256(), NULL) != 1)
        return 0;
    return ((hash[30] & 0x0fu) << 8 | hash[31]) % IDENTIFIER_MODULI;
}

enum err identifier_hash(const char *identifier, const char *salt,
                         uint8_t hash[static IDENTIFIER_HASH_BYTES]) {
    char text[256];
    struct buffer joined = buffer_over(text, sizeof(text));
    struct bytes view;
    buffer_format(&joined, "%s%s", identifier, salt);
    ERR_TRY(buffer_end(&joined, &view));
    int done = EVP_Digest(view.data, view.len, hash, NULL, EVP_sha256(), NULL);
    return done == 1 ? ERR_OK : ERR_CRYPTO;
}
