#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "provisioning/programme/https.h"
#include "provisioning/programme/mosip_client.h"
#include "tests/bench/cast.h"

#define VERDICT_SIZE 32

/*
 * One person's way through the appliance. It belongs to the driver, but for the time that a worker
 * builds its next request or judges the answer.
 */
enum transaction_work { WORK_BUILD, WORK_JUDGE };

struct transaction {
    unsigned slot;
    bool alive;
    enum mix_kind kind;
    struct cast_pair *pair;
    char id[11];
    char code[16]; /* "": not seen in the outbox yet */
    bool asked;    /* the appliance has said that the code is under way */
    int64_t asked_ns;

    enum call_kind call; /* the one under way */
    enum transaction_work work;
    int64_t due_ns, sent_ns, done_ns; /* CLOCK_BOOTTIME; due: 0 in a closed loop */
    uint64_t order;                   /* among calls that are due */
    bool measured;
    bool examined; /* its signature is verified, its attributes are opened */
    struct mosip_request request;
    struct https_answer answer;
    enum err result;            /* of building, then of the call */
    char verdict[VERDICT_SIZE]; /* "": the answer was right */
    struct transaction *next;   /* in a queue */
};

/* The ten characters of a new transaction: its slot, and what makes it unique. */
MUST_CHECK enum err transaction_name(struct transaction *transaction);
/* The slot in such a name. ERR_MALFORMED: not one of ours. */
MUST_CHECK enum err transaction_slot(const char *id, unsigned *slot);
/* The request of the call under way; the time goes into it. */
MUST_CHECK enum err transaction_build(const struct kit *kit, struct transaction *transaction);
/* What goes over the wire: a view of the transaction. */
struct https_message transaction_message(const struct transaction *transaction);
