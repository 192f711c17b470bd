#include <stdio.h>
#include <string.h>

#include "tests/bench/mix.h"

#include "firmware/base/codec.h"

#define WEIGHT_MAX 1000

const struct mix_facts mix_facts[MIX_KINDS] = {
    [MIX_OTP] = {"otp", CALL_OTP, CALL_AUTH_OTP, {"otp", "otp-request"}},
    [MIX_OTP_REQUEST] = {"otp-request", CALL_OTP, CALL_NONE, {"otp-request"}},
    [MIX_DEMO] = {"demo", CALL_AUTH_DEMO, CALL_NONE, {"demo"}},
    [MIX_EKYC] = {"ekyc", CALL_OTP, CALL_KYC_OTP, {"kyc", "otp", "otp-request"}},
    [MIX_FINGER] = {"finger", CALL_AUTH_FINGER, CALL_NONE, {"bio"}},
};

const char *mix_call_name(enum call_kind call) {
    static const char *const names[CALL_KINDS] = {"otp-request", "auth-otp", "auth-demo", "kyc-otp",
                                                  "auth-finger"};
    return call < CALL_KINDS ? names[call] : "none";
}

/* One "name" or "name=weight". */
static enum err add(struct mix *mix, const char *word) {
    const char *equals = strchr(word, '=');
    size_t len = equals != NULL ? (size_t)(equals - word) : strlen(word);
    int64_t weight = 1;
    if (equals != NULL)
        ERR_TRY(codec_integer(equals + 1, 1, WEIGHT_MAX, &weight));
    for (unsigned kind = 0; kind < MIX_KINDS; kind++) {
        if (strlen(mix_facts[kind].name) != len || memcmp(mix_facts[kind].name, word, len) != 0)
            continue;
        if (mix->weights[kind] != 0)
            return ERR_MALFORMED;
        mix->weights[kind] = (unsigned)weight;
        mix->total += (unsigned)weight;
        return ERR_OK;
    }
    return ERR_MALFORMED;
}

enum err mix_parse(const char *text, struct mix *mix) {
    char copy[128], *rest = NULL;
    *mix = (struct mix){0};
    if (strlen(text) >= sizeof copy)
        return ERR_TOO_LARGE;
    strcpy(copy, text);
    for (char *word = strtok_r(copy, ",", &rest); word != NULL; word = strtok_r(NULL, ",", &rest))
        ERR_TRY(add(mix, word));
    return mix->total > 0 ? ERR_OK : ERR_MALFORMED;
}

enum mix_kind mix_draw(const struct mix *mix, uint32_t random) {
    unsigned left = random % mix->total, kind = 0;
    while (left >= mix->weights[kind])
        left -= mix->weights[kind++];
    return (enum mix_kind)kind;
}

bool mix_calls(const struct mix *mix, enum call_kind call) {
    for (unsigned kind = 0; kind < MIX_KINDS; kind++)
        if (mix->weights[kind] > 0 &&
            (mix_facts[kind].first == call || mix_facts[kind].second == call))
            return true;
    return false;
}
