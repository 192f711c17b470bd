/*
 * The normal form of any text, in the language and kind its first byte chooses: UTF-8 goes in and
 * comes out, never longer, words with single spaces between, and its own normal form is itself.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/codec.h"
#include "authd/match/contact.h"
#include "authd/match/normalise.h"
#include "authd/match/normalise_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
    if (!holds)
        abort();
}

static void require_words(struct bytes form) {
    for (size_t i = 0; i < form.len; i++) {
        bool space = form.data[i] == ' ';
        bool separator = form.data[i] < 0x80 && form.data[i] != 0 &&
                         strchr(NORMALISE_SEPARATORS, form.data[i]) != NULL;
        require(form.data[i] != 0 && (space || !separator));
        require(!space || (i > 0 && i + 1 < form.len && form.data[i - 1] != ' '));
    }
}

/* The words in the opposite order. */
static void turn(struct bytes form, struct normalise_form *turned) {
    size_t at = form.len;
    turned->len = form.len;
    for (size_t start = 0; start < form.len;) {
        size_t len = 0;
        while (start + len < form.len && form.data[start + len] != ' ')
            len++;
        at -= len;
        memcpy(turned->data + at, form.data + start, len);
        start += len + 1;
        if (at > 0)
            turned->data[--at] = ' ';
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const languages[] = {"eng", "fra", "ara", "zgh", "", "deu"};
    static struct normalise_form form, again, turned;
    char phone[CONTACT_PHONE_SIZE];
    if (size == 0)
        return 0;
    struct bytes text = bytes_of(data + 1, size - 1);
    const char *language = languages[data[0] % 6];
    enum normalise_kind kind = (enum normalise_kind)(data[0] / 6 % 3);
    enum err err = normalise_text(text, language, kind, &form);
    bool good = text.len <= NORMALISE_MAX && codec_utf8_check(text) == ERR_OK;
    require((err == ERR_OK) == good);
    require(form.len <= text.len && (good || form.len == 0));
    struct bytes view = bytes_of(form.data, form.len);
    require(codec_utf8_check(view) == ERR_OK);
    require_words(view);
    require(normalise_text(view, language, kind, &again) == ERR_OK);
    require(bytes_equal(view, bytes_of(again.data, again.len)));
    turn(view, &turned);
    require(normalise_same_words(&form, &turned) == (form.len > 0));
    require(normalise_same_text(&form, &again) == (form.len > 0));
    require(contact_phone(text, phone) == ERR_OK || phone[0] == '\0');
    require(strlen(phone) < CONTACT_PHONE_SIZE);
    (void)contact_same_email(text, view);
    return 0;
}
