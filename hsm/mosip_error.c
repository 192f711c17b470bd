#include "hsm/mosip_error.h"

struct text {
    const char *code;
    const char *message;
    const char *action;
};

static const struct text texts[MOSIP_ERROR_COUNT] = {[MOSIP_NO_ERROR] = {"", "", ""},
#define MOSIP_ERROR_TEXT(name, code, message, action) [MOSIP_##name] = {code, message, action},
                                                     MOSIP_ERRORS(MOSIP_ERROR_TEXT)
#undef MOSIP_ERROR_TEXT
};

static const char *const advice[MOSIP_ACTION_COUNT] = {[MOSIP_ACTION_OF_ERROR] = "",
#define MOSIP_ACTION_TEXT(name, text) [MOSIP_ACTION_##name] = (text),
                                                       MOSIP_ACTIONS(MOSIP_ACTION_TEXT)
#undef MOSIP_ACTION_TEXT
};

static const struct text *text_of(enum mosip_error error) {
    return (unsigned)error < MOSIP_ERROR_COUNT ? &texts[error] : &texts[MOSIP_NO_ERROR];
}

const char *mosip_error_code(enum mosip_error error) {
    return text_of(error)->code;
}

const char *mosip_error_message(enum mosip_error error) {
    return text_of(error)->message;
}

const char *mosip_error_action(enum mosip_error error) {
    return text_of(error)->action;
}

const char *mosip_error_advice(enum mosip_action action) {
    return (unsigned)action < MOSIP_ACTION_COUNT ? advice[action] : "";
}

bool mosip_error_is_advised(enum mosip_error error) {
    return error == MOSIP_BIA_001 || error == MOSIP_BIA_006 || error == MOSIP_MLC_019;
}
