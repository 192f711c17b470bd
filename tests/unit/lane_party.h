#pragma once

#include "tests/unit/lane_fixture.h"

/* The lane's peers as the tests play them: unseal with the real readers, the signers and the
 * notifier with answers that tell whose they are. */

/* What unwraps for everybody. */
#define LANE_CONTENT_KEY_BYTE 0xa7

/* The right answer to ${question}. */
struct lane_party_answer {
    struct frame frame;
    uint8_t memory[FRAME_PAYLOAD_MAX];
};
void lane_party_unseal(const struct frame *question, struct lane_party_answer *answer);
void lane_party_sign(const struct frame *question, struct lane_party_answer *answer);
void lane_party_notify(const struct frame *question, bool delivered,
                       struct lane_party_answer *answer);
/* Receives the next question to unseal or a signer, which must be of this type; the right answer is
 * not sent yet. */
void lane_party_hold(struct lane_box *box, enum lane_party party, uint16_t type,
                     struct lane_party_answer *answer);
/* Receives it and sends the answer. */
void lane_party_play(struct lane_box *box, enum lane_party party, uint16_t type);

/* A worker of unseal dies, and its successor is ready and asked whether it has taken all there was:
 * the answer is not sent yet. */
void lane_party_succeed(struct lane_box *box, struct lane_party_answer *probed);

/* What leaves through edge: "TRANSACTION yes", or the first error's code instead of the yes; ""
 * when there is no body. */
struct lane_party_result {
    uint64_t id;
    uint16_t status;
    char text[160];
};
struct lane_party_result lane_party_result(struct lane_box *box);
/* A code is asked for, and every question played in its order, up to the notifier's, whose frame
 * stays unanswered; gives the answer that left. */
struct lane_party_code {
    struct lane_party_result result;
    struct lane_party_answer delivered, lost; /* what the notifier may say of it */
    char code[8];
};
void lane_party_ask(struct lane_box *box, const struct lane_post *post,
                    struct lane_party_code *code);
/* An authentication, every question played. */
struct lane_party_result lane_party_authenticate(struct lane_box *box,
                                                 const struct lane_post *post);
