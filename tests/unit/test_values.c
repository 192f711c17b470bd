#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "provisioning/values.h"

#define GOOD(call) assert_int_equal(call, ERR_OK)
#define BAD(call)  assert_int_equal(call, ERR_MALFORMED)

static void ids_travel_in_urls(void **state) {
    (void)state;
    GOOD(values_id("amo-tadamon_2.v~1"));
    BAD(values_id(""));
    BAD(values_id("a/b"));
    BAD(values_id("a b"));
    BAD(values_id("é"));
    BAD(values_id("."));
    BAD(values_id(".."));
}

static void keys_are_long_enough_to_be_secret(void **state) {
    (void)state;
    GOOD(values_key(bytes_of_text("0123456789abcdef")));
    BAD(values_key(bytes_of_text("0123456789abcde")));
    BAD(values_key(bytes_of_text("0123456789abcde/")));
    BAD(values_key(bytes_of("0123456789abcdef\0", 17)));
}

static void names_are_text_for_people(void **state) {
    (void)state;
    GOOD(values_name(bytes_of_text("AMO تضامن ⵜⴰⵎⴰⵣⵉⵖⵜ")));
    BAD(values_name(bytes_of_text("")));
    BAD(values_name(bytes_of_text("two\nlines")));
    BAD(values_name(bytes_of_text("\x7f")));
    BAD(values_name(bytes_of_text("\xff\xfe")));
}

static void domains_and_languages_have_their_alphabet(void **state) {
    (void)state;
    GOOD(values_domain("AUTH"));
    BAD(values_domain("auth"));
    BAD(values_domain(""));
    GOOD(values_language("zgh"));
    BAD(values_language("fr"));
    BAD(values_language("FRA"));
}

static void phones_are_e164(void **state) {
    (void)state;
    GOOD(values_phone("+212612345678"));
    BAD(values_phone("0612345678"));
    BAD(values_phone("+0212612345"));
    BAD(values_phone("+1234567"));
    BAD(values_phone("+1234567890123456"));
    BAD(values_phone("+21261234567x"));
    BAD(values_phone("+"));
}

static void mail_addresses_have_two_sides(void **state) {
    (void)state;
    GOOD(values_email("a@example.org"));
    BAD(values_email("example.org"));
    BAD(values_email("@example.org"));
    BAD(values_email("a@"));
    BAD(values_email("a@b@c"));
    BAD(values_email("a b@example.org"));
}

static void birth_dates_are_dates(void **state) {
    (void)state;
    GOOD(values_birth_date(1985, 3, 21));
    GOOD(values_birth_date(2024, 2, 29));
    GOOD(values_birth_date(1985, 0, 0));
    GOOD(values_birth_date(0, 0, 0));
    BAD(values_birth_date(2023, 2, 29));
    BAD(values_birth_date(1900, 2, 29));
    BAD(values_birth_date(1985, 13, 1));
    BAD(values_birth_date(1985, 4, 31));
    BAD(values_birth_date(1985, 3, 0));
    BAD(values_birth_date(1985, 0, 3));
    BAD(values_birth_date(0, 3, 21));
    BAD(values_birth_date(1849, 3, 21));
}

static void periods_end_after_they_begin(void **state) {
    (void)state;
    GOOD(values_period(0, 0));
    GOOD(values_period(5, 0));
    GOOD(values_period(5, 6));
    BAD(values_period(5, 5));
    BAD(values_period(6, 5));
    BAD(values_period(-1, 0));
    BAD(values_period(0, INT64_MAX));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_travel_in_urls),
        cmocka_unit_test(keys_are_long_enough_to_be_secret),
        cmocka_unit_test(names_are_text_for_people),
        cmocka_unit_test(domains_and_languages_have_their_alphabet),
        cmocka_unit_test(phones_are_e164),
        cmocka_unit_test(mail_addresses_have_two_sides),
        cmocka_unit_test(birth_dates_are_dates),
        cmocka_unit_test(periods_end_after_they_begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
