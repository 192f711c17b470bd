#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "firmware/base/err.h"

/* A call to the appliance. */
enum call_kind {
    CALL_OTP,
    CALL_AUTH_OTP,
    CALL_AUTH_DEMO,
    CALL_KYC_OTP,
    CALL_AUTH_FINGER,
    CALL_KINDS,
    CALL_NONE
};
const char *mix_call_name(enum call_kind call); /* "otp-request", "auth-otp"… */

/* What a person goes through: one call, or a code and then a call with it. */
enum mix_kind { MIX_OTP, MIX_OTP_REQUEST, MIX_DEMO, MIX_EKYC, MIX_FINGER, MIX_KINDS };
struct mix_facts {
    const char *name;
    enum call_kind first, second; /* second: CALL_NONE when there is one call only */
    const char *needs[3];         /* what a programme must be allowed, as in the kit */
};
extern const struct mix_facts mix_facts[MIX_KINDS];

struct mix {
    unsigned weights[MIX_KINDS];
    unsigned total;
};
/* "otp", or names with weights such as "otp=7,demo=2,ekyc=1". ERR_MALFORMED. */
MUST_CHECK enum err mix_parse(const char *text, struct mix *mix);
/* The kind that falls on ${random}, any number. */
enum mix_kind mix_draw(const struct mix *mix, uint32_t random);
/* Whether ${mix} makes calls of this kind. */
bool mix_calls(const struct mix *mix, enum call_kind call);
