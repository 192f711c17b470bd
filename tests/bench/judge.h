#pragma once

#include "tests/bench/transaction.h"

#define JUDGE_KIDS_MAX 16

/* What makes an answer right. */
struct judge {
    char kids[JUDGE_KIDS_MAX][64]; /* of the keys that the appliance publishes */
    unsigned kid_count;
};

/* Gets /.well-known/jwks.json. ERR_UNAVAILABLE, ERR_MALFORMED; said on stderr. */
MUST_CHECK enum err judge_fetch(const struct kit *kit, json_t **published);
/* ERR_MALFORMED: there are no keys in it. */
MUST_CHECK enum err judge_open(struct judge *judge, const json_t *published);

/*
 * Puts the verdict on the answer into ${transaction}: "" when the appliance did what was asked,
 * else its error code, or a word. An examined answer's signature must verify under a published key,
 * and the attributes of an eKYC must open.
 */
void judge_answer(const struct judge *judge, struct transaction *transaction);
