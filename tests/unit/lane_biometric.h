#pragma once

#include "authd/wire/plugin_wire.h"
#include "tests/unit/biometric_fixture.h"
#include "tests/unit/lane_party.h"

/*
 * Requests with biometrics for a lane between played peers: what unseal says in its two steps, and
 * which keys the signers unwrap, is the test's to say.
 */
#define LANE_BIOMETRIC_TXN "1234567890"

/* lane_fixture_make with a policy and a country that allow all biometrics. */
void lane_biometric_make(struct lane_box *box, const char *settings);
extern const struct policy lane_biometric_policy;
void lane_biometric_put_policy(struct lane_box *box, const struct policy *policy);
void lane_biometric_enrol(struct lane_box *box, unsigned person, const struct enrolled *enrolled);
/* One impression of the finger at ${position}. */
struct enrolled_part lane_biometric_finger(unsigned finger, uint8_t position);

/* What is presented about ${person}; ${segments} and ${samples} are as of a good device. */
struct lane_biometric {
    const char *programme;
    unsigned person;
    struct biometric_segments segments;
    struct samples samples;
};
void lane_biometric_of(struct lane_biometric *request, unsigned person,
                       const struct capture_part *parts, size_t count);

/* Everything up to the payload, whose biometrics are ${request}'s. */
uint64_t lane_biometric_post(struct lane_box *box, const struct lane_biometric *request);
/* One key is asked for, which must be number ${index}; the answer has ${status}. */
void lane_biometric_key(struct lane_box *box, size_t index, enum err status);
/* UNSEAL_SAMPLES, with all those keys in their order, and its answer. */
void lane_biometric_samples(struct lane_box *box, const struct lane_biometric *request);
/* All of these. */
uint64_t lane_biometric_play(struct lane_box *box, const struct lane_biometric *request);

/* What the signer is asked to state, which it then does: the codes, "yes" when there is none. */
struct lane_biometric_told {
    char codes[160], detail[STATEMENT_DETAIL_SIZE];
    enum mosip_action action;
};
struct lane_biometric_told lane_biometric_told(struct lane_box *box);

/* The plug-in says hello: it compares fingers and faces. */
void lane_biometric_plugin_hello(struct lane_box *box, const char *name);
/* Its next question, not answered yet; then an answer with one score for all pairs. */
struct frame lane_biometric_compare(struct lane_box *box, struct plugin_compare *question);
void lane_biometric_compared(struct lane_box *box, const struct frame *question,
                             const struct plugin_compared *answer);
