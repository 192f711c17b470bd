#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authd/match/contact.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static void a_moroccan_number_is_the_same_however_it_is_written(void **state) {
    (void)state;
    static const char *const written[] = {
        "+212612345678",      "0612345678",       "00212612345678",   "212612345678",
        "06 12 34 56 78",     "06.12.34.56.78",   "06-12-34-56-78",   "(06) 12/34/56/78",
        "+212 (0)6 12345678", "002120612345678",  "+2120612345678",   "  0612345678  ",
        "٠٦١٢٣٤٥٦٧٨",         "+٢١٢ ٦١٢ ٣٤٥ ٦٧٨", "\u200e0612345678", "06\u00a012\u202f345678",
        "06–12–34–56–78",
    };
    char phone[CONTACT_PHONE_SIZE];
    for (size_t i = 0; i < COUNT_OF(written); i++) {
        assert_int_equal(contact_phone(bytes_of_text(written[i]), phone), ERR_OK);
        assert_string_equal(phone, "+212612345678");
    }
}

static void a_number_of_another_country_needs_its_code(void **state) {
    (void)state;
    static const struct {
        const char *written, *phone;
    } samples[] = {
        {"+33 6 12 34 56 78", "+33612345678"}, {"0033612345678", "+33612345678"},
        {"+1 202 555 0123", "+12025550123"},   {"+123456789012345", "+123456789012345"},
        {"0537000000", "+212537000000"}, /* fixed */
        {"0800000000", "+212800000000"},
    };
    char phone[CONTACT_PHONE_SIZE];
    for (size_t i = 0; i < COUNT_OF(samples); i++) {
        assert_int_equal(contact_phone(bytes_of_text(samples[i].written), phone), ERR_OK);
        assert_string_equal(phone, samples[i].phone);
    }
}

static void what_is_no_number_has_no_form(void **state) {
    (void)state;
    static const char *const written[] = {
        "",
        " ",
        "+",
        "0",
        "00",
        "612345678", /* neither a country's code nor the zero */
        "061234567",
        "06123456789",
        "0112345678", /* no such number in Morocco */
        "+212412345678",
        "+21261234567",
        "+2126123456789",
        "+212",
        "+0612345678",
        "000612345678",
        "+1234567",
        "+1234567890123456",
        "06+12345678",
        "++212612345678",
        "06123456a8",
        "0612345678;ext=1",
        "tel:0612345678",
        "06\xff",
        "0000000000000000000000000000000000000000000000000000000000000000",
    };
    static char longest[4096];
    char phone[CONTACT_PHONE_SIZE];
    for (size_t i = 0; i < COUNT_OF(written); i++) {
        strcpy(phone, "+1");
        assert_int_equal(contact_phone(bytes_of_text(written[i]), phone), ERR_MALFORMED);
        assert_string_equal(phone, "");
    }
    for (size_t len = 100; len < sizeof longest; len += 7) {
        memset(longest, '1', len);
        longest[0] = '+';
        assert_int_equal(contact_phone(bytes_of(longest, len), phone), ERR_MALFORMED);
    }
    assert_int_equal(contact_phone(bytes_of(NULL, 0), phone), ERR_MALFORMED);
}

static bool same_email(const char *left, const char *right) {
    bool same = contact_same_email(bytes_of_text(left), bytes_of_text(right));
    assert_int_equal(same, contact_same_email(bytes_of_text(right), bytes_of_text(left)));
    return same;
}

static void the_domain_of_an_address_has_no_large_letters(void **state) {
    (void)state;
    assert_true(same_email("amina.1@example.org", "amina.1@example.org"));
    assert_true(same_email("amina.1@Example.ORG", " amina.1@example.org "));
    assert_true(same_email("\"a@b\"@example.org", "\"a@b\"@EXAMPLE.org"));
}

static void another_address_is_another(void **state) {
    (void)state;
    assert_false(same_email("Amina.1@example.org", "amina.1@example.org"));
    assert_false(same_email("amina.1@example.org", "amina.2@example.org"));
    assert_false(same_email("amina.1@example.org", "amina.1@example.com"));
    assert_false(same_email("amina.1@example.org", "amina.1@example.orgx"));
    assert_false(same_email("A@b@example.org", "a@B@example.org"));
    assert_false(same_email("amina@[example", "amina@{example"));
    assert_false(same_email("", ""));
    assert_false(same_email(" ", ""));
    assert_false(same_email("amina", "amina"));
    assert_false(contact_same_email(bytes_of(NULL, 0), bytes_of(NULL, 0)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_moroccan_number_is_the_same_however_it_is_written),
        cmocka_unit_test(a_number_of_another_country_needs_its_code),
        cmocka_unit_test(what_is_no_number_has_no_form),
        cmocka_unit_test(the_domain_of_an_address_has_no_large_letters),
        cmocka_unit_test(another_address_is_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
