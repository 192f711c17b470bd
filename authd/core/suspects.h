#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "firmware/base/frame.h"

struct lane;
struct request;

/*
 * A worker of unseal takes questions in batches, so that whoever it dies with, one of them may have
 * killed it and the others have not. They are suspects: once its successor has answered everything
 * that was left in the socket, those it had not answered are asked again one at a time, each alone
 * with the worker. The one with which a worker dies then is refused; every other is answered. New
 * questions wait until the last suspect has been tried.
 */
struct suspects {
    enum {
        SUSPECTS_NONE = 0,
        SUSPECTS_AWAIT_SUCCESSOR, /* the worker is dead, or broke the protocol */
        SUSPECTS_AWAIT_PROBE,     /* whose answer tells that nothing is left in the socket */
        SUSPECTS_ON_TRIAL,
    } stage;
    uint32_t probe; /* generation of the probes since the last death */
    uint32_t tried; /* slot of the one on trial */
    uint32_t trial; /* generation of its question */
};

/* The worker died or broke the protocol. */
void suspects_on_death(struct lane *lane);
/* Its successor is ready. */
void suspects_on_successor(struct lane *lane);
/* After any well-formed answer of unseal has been taken. */
void suspects_on_answer(struct lane *lane, const struct frame *answer);
/* The one on trial may have passed its deadline: the next one must not meet its question. */
void suspects_turn(struct lane *lane);
/* Whether ${request} may ask unseal now; else it is asked when the suspects have been tried. */
bool suspects_may_ask(const struct lane *lane, const struct request *request);
