#include <string.h>

#include "firmware/base/secret.h"
#include "authd/match/letters.h"
#include "authd/match/normalise.h"
#include "authd/match/normalise_table.h"

#define NUMBER '#'

struct words {
    struct bytes left; /* of the folded text, from the beginning of a word or a separator on */
    const char *language;
    enum normalise_kind kind;
};

static bool is_separator(uint8_t letter) {
    return letter != 0 && letter < 0x80 && strchr(NORMALISE_SEPARATORS, letter) != NULL;
}

static bool is_digit(uint8_t letter) {
    return letter >= '0' && letter <= '9';
}

static size_t count_digits(struct bytes text) {
    size_t count = 0;
    while (count < text.len && is_digit(text.data[count]))
        count++;
    return count;
}

static size_t word_length(struct bytes text) {
    size_t len = 0;
    while (len < text.len && !is_separator(text.data[len]))
        len++;
    return len;
}

static struct bytes behind(struct bytes text, size_t len) {
    return bytes_of(text.data + len, text.len - len);
}

/* How much of ${text} the pattern covers; 0: it does not fit. */
static size_t fit(const char *pattern, struct bytes text) {
    size_t len = 0;
    for (; *pattern != '\0'; pattern++) {
        struct bytes rest = behind(text, len);
        size_t step = *pattern == NUMBER ? count_digits(rest)
                                         : rest.len > 0 && rest.data[0] == (uint8_t)*pattern;
        if (step == 0)
            return 0;
        len += step;
    }
    bool open = len < text.len && !is_separator(text.data[len]);
    return open && !is_separator(text.data[len - 1]) ? 0 : len;
}

static const struct normalise_row *find_row(const struct words *words, size_t *len) {
    for (size_t i = 0; i < normalise_table_count; i++) {
        const struct normalise_row *row = &normalise_table[i];
        if (row->kind != words->kind || strcmp(row->language, words->language) != 0)
            continue;
        *len = fit(row->pattern, words->left);
        if (*len > 0)
            return row;
    }
    return NULL;
}

static void put_word(struct buffer *form, struct bytes word) {
    if (word.len == 0)
        return;
    if (form->len > 0)
        buffer_u8(form, ' ');
    buffer_raw(form, word.data, word.len);
}

/* Step 2 and 3: what stands at the beginning of what is left, and over it. */
static void take_word(struct words *words, struct buffer *form) {
    size_t len = 0;
    const struct normalise_row *row = find_row(words, &len);
    struct bytes word = bytes_of(words->left.data, word_length(words->left));
    if (row == NULL)
        len = word.len;
    else if (row->replacement[0] == NUMBER)
        word.len = count_digits(word);
    else
        word = bytes_of_text(row->replacement);
    put_word(form, word);
    words->left = behind(words->left, len);
}

enum err normalise_text(struct bytes text, const char *language, enum normalise_kind kind,
                        struct normalise_form *form) {
    struct normalise_form folded = {.len = 0};
    struct buffer letters = buffer_over(folded.data, sizeof folded.data);
    struct buffer target = buffer_over(form->data, sizeof form->data);
    form->len = 0;
    if (text.len > NORMALISE_MAX)
        return ERR_TOO_LARGE;
    enum err err = letters_fold(text, &letters);
    struct words words = {
        .left = bytes_of(folded.data, letters.len), .language = language, .kind = kind};
    while (err == ERR_OK && words.left.len > 0) {
        if (is_separator(words.left.data[0]))
            words.left = behind(words.left, 1);
        else
            take_word(&words, &target);
    }
    normalise_forget(&folded);
    ERR_TRY(err);
    form->len = target.err == ERR_OK ? target.len : 0;
    return target.err;
}

void normalise_forget(struct normalise_form *form) {
    secret_wipe(form, sizeof *form);
}

/* The word at ${text}; normal forms have one space between words. */
static struct bytes take_first(struct bytes *text) {
    const uint8_t *space = text->len == 0 ? NULL : memchr(text->data, ' ', text->len);
    struct bytes word =
        bytes_of(text->data, space == NULL ? text->len : (size_t)(space - text->data));
    *text = behind(*text, word.len + (space != NULL));
    return word;
}

static struct bytes view(const struct normalise_form *form) {
    return bytes_of(form->data, form->len);
}

static size_t count_words(struct bytes text) {
    size_t count = 0;
    for (; text.len > 0; count++)
        (void)take_first(&text);
    return count;
}

static size_t count_of_word(struct bytes text, struct bytes word) {
    size_t count = 0;
    while (text.len > 0)
        count += bytes_equal(take_first(&text), word);
    return count;
}

bool normalise_same_words(const struct normalise_form *left, const struct normalise_form *right) {
    struct bytes words = view(left);
    if (words.len == 0 || words.len != right->len || count_words(words) != count_words(view(right)))
        return false;
    while (words.len > 0) {
        struct bytes word = take_first(&words);
        if (count_of_word(view(left), word) != count_of_word(view(right), word))
            return false;
    }
    return true;
}

bool normalise_same_text(const struct normalise_form *left, const struct normalise_form *right) {
    return left->len > 0 && bytes_equal(view(left), view(right));
}
