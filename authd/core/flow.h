#pragma once

#include "firmware/base/frame.h"
#include "authd/core/lane.h"

/*
 * The way of one request, in the order of §6.2: each function below takes the answer of the stage
 * before, and asks the next. A request that fails anywhere still leaves by the same road:
 * statement, record, answer.
 */

/* A request has come from edge into ${request}. */
void flow_begin(struct lane *lane, struct request *request);
/* Answers. ERR_MALFORMED drops the peer. */
MUST_CHECK enum err flow_on_envelope(struct lane *lane, struct request *request,
                                     struct bytes payload);
MUST_CHECK enum err flow_on_judged(struct lane *lane, struct request *request,
                                   struct bytes payload);
MUST_CHECK enum err flow_on_unwrapped(struct lane *lane, struct request *request,
                                      struct bytes payload);
MUST_CHECK enum err flow_on_looked_up(struct lane *lane, struct request *request,
                                      struct bytes payload);
MUST_CHECK enum err flow_on_payload(struct lane *lane, struct request *request,
                                    struct bytes payload);
MUST_CHECK enum err flow_on_stated(struct lane *lane, struct request *request,
                                   struct bytes payload);
/* What was sealed has its biometrics read: on to the checks. */
void flow_after_samples(struct lane *lane, struct request *request);
/* What a plug-in had to compare is compared: on to the decision. */
void flow_resume(struct lane *lane, struct request *request);
/* What the answer says is settled. */
void flow_conclude(struct lane *lane, struct request *request);
/* The record has come back from the journal. */
void flow_on_recorded(struct lane *lane, struct request *request);

/* Asks the question of ${step}. */
void flow_ask(struct lane *lane, struct request *request, enum step step);
/* The request cannot go on: it is answered as unavailable. */
void flow_deny(struct lane *lane, struct request *request);
/* Asks the outstanding question again, elsewhere if it went to a signer. */
void flow_ask_again(struct lane *lane, struct request *request);
