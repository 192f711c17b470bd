#pragma once

#include "tests/bench/options.h"
#include "tests/bench/tally.h"

/*
 * Makes the calls: one thread with an event loop. Requests are built before they are due, by the
 * workers, so that a call's time is the appliance's and the wire's alone. In an open loop people
 * come at random times (Poisson) that do not depend on the answers, and a call's time counts from
 * when it should have been sent. In a closed loop the next call goes out when an answer comes in.
 */
struct driver;

/* ${published}: the appliance's JWKS. What is given must outlive it. */
MUST_CHECK enum err driver_open(struct driver **driver, const struct options *options,
                                const struct kit *kit, const json_t *published);
void driver_close(struct driver *driver);

size_t driver_people(const struct driver *driver);
size_t driver_programmes(const struct driver *driver);
struct tally *driver_tally(struct driver *driver);

/* Until as many people have been served as there are on the way at once, or for ten seconds:
 * afterwards the calls are mixed as they will stay. */
MUST_CHECK enum err driver_warm_up(struct driver *driver);
/* Sends for ${seconds} and waits for the answers; gives how long that took in all. What was begun
 * goes on in the next slice. ERR_CLOSED: interrupted. */
MUST_CHECK enum err driver_slice(struct driver *driver, double seconds, double *whole_seconds);
/* Makes a running slice end soon; from a signal handler. */
void driver_interrupt(void);
