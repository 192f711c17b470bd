#pragma once

#include "hsm/result.h"
#include "tests/unit/lane_party.h"

/*
 * Requests of the JOSE profile for a lane between played peers. What is sealed is encrypted with
 * the key that the played signers derive for everybody; unseal is played by its own readers.
 */
#define LANE_ISSUER     "https://box.example"
#define LANE_REFUSAL_MS 20

/* lane_fixture_make with the profile, both programmes registered, and a policy that allows
 * attributes too. ${settings} more. */
void lane_jose_make(struct lane_box *box, const char *settings);
void lane_jose_put_policy(struct lane_box *box, const struct policy *policy);
/* The first programme's registration, of keys that have ended so long ago. */
void lane_jose_end_keys(struct lane_box *box, int64_t tls_ago_ms, int64_t signature_ago_ms);
extern const struct policy lane_jose_policy;

struct lane_jose_post {
    enum envelope_function function;
    const char *programme, *transaction;
    const char *code;   /* NULL: none */
    const char *key;    /* Idempotency-Key; NULL: none */
    const char *claims; /* more of them: ,"attributes":["name"]; NULL: none */
    const char *sealed; /* more members of the sealed block; NULL: none */
    const char *nonce;  /* NULL: a new one */
    const char *number; /* the identifier; NULL: the person's */
    const char *bound;  /* the one in the binding; NULL: the same */
    unsigned person;    /* 0: a number that nobody has */
    bool is_bare;       /* the claims alone */
    bool is_elsewhere;  /* over the connection of the other programme */
    bool is_forged;     /* signed with another key */
    int64_t age_s;      /* of claims and block */
    const char *audience;
    struct {
        const char *audience, *issuer, *transaction;
        int64_t age_s;
    } block; /* where the sealed block says something else than the claims */
};
uint64_t lane_jose_post(struct lane_box *box, const struct lane_jose_post *post);
/* The same bytes once more. */
uint64_t lane_jose_post_again(struct lane_box *box);
/* The same, to another path. */
uint64_t lane_jose_post_to(struct lane_box *box, const char *path);

/* Receives the next question of this type, which is one of the profile's, and answers it. */
void lane_jose_play(struct lane_box *box, enum lane_party party, uint16_t type);
/* The right answer, which is not sent yet. */
void lane_jose_hold(struct lane_box *box, enum lane_party party, uint16_t type,
                    struct lane_party_answer *answer);
/* All questions up to the decision; then, of a yes, the signature. */
void lane_jose_play_lookup(struct lane_box *box);
/* What the signers were last asked to write. */
const struct result *lane_jose_result(void);

/* What leaves through edge. Of a problem ${problem} is its name, else "". */
struct lane_jose_answer {
    uint64_t id;
    uint16_t status;
    uint32_t retry_after_seconds;
    char problem[32], body[4096];
};
struct lane_jose_answer lane_jose_answer(struct lane_box *box);

/* A code is asked for, sent and delivered: the six digits. */
struct lane_jose_code {
    struct lane_jose_answer answer;
    char code[8];
};
struct lane_jose_code lane_jose_ask(struct lane_box *box, const struct lane_jose_post *post);
/* Everything played; ${is_yes}: a signature is expected. */
struct lane_jose_answer lane_jose_try(struct lane_box *box, const struct lane_jose_post *post,
                                      bool is_yes);
