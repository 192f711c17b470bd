#include "provisioning/demo/demo_number.h"

/* About one candidate in a dozen is a UIN, one in some hundreds a VID. */
#define CANDIDATES_MAX 1000000

static enum err make_candidate(struct demo_random *random, size_t digits, char *number) {
    number[0] = (char)('2' + demo_random_below(random, 8));
    for (size_t i = 1; i + 1 < digits; i++)
        number[i] = (char)('0' + demo_random_below(random, 10));
    number[digits] = '\0';
    return identifier_check_digit(number, digits - 1, &number[digits - 1]);
}

enum err demo_number_make(struct demo_random *random, enum identifier_type type, json_t *given,
                          char number[static DEMO_NUMBER_SIZE]) {
    size_t digits = type == IDENTIFIER_UIN ? IDENTIFIER_UIN_DIGITS : IDENTIFIER_VID_DIGITS;
    for (int i = 0; i < CANDIDATES_MAX; i++) {
        uint32_t broken;
        ERR_TRY(make_candidate(random, digits, number));
        ERR_TRY(identifier_check(number, type, IDENTIFIER_ALL_RULES, &broken));
        if (broken == 0 && json_object_get(given, number) == NULL)
            return json_object_set_new(given, number, json_true()) == 0 ? ERR_OK : ERR_SYSTEM;
    }
    return ERR_LIMIT;
}
