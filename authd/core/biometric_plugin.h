#pragma once

#include "firmware/base/frame.h"
#include "authd/core/lane.h"

/*
 * The lane's plug-in, a vendor's matcher in a process of its own (plugin_wire.h), which compares
 * images. It may be absent, die and hang: that costs the request that it had, and no other. It has
 * one question at a time, others wait in the order they came, and none longer than
 * plugin-deadline-ms.
 */

/* Which modalities it compares, as BIOMETRIC_BITs, by its last word; 0: there is none. One that is
 * being replaced is waited for. */
uint8_t biometric_plugin_modalities(const struct lane *lane);

/* Whether ${request} has images that are still to be compared. */
bool biometric_plugin_is_wanted(const struct request *request);
/* The person is known: the request waits until its images are compared, then goes on
 * (flow_resume), or is refused (BIA-017; in the JOSE profile nothing was decided). */
void biometric_plugin_wait(struct lane *lane, struct request *request);

/* Messages of the plug-in. ERR_MALFORMED drops it. */
MUST_CHECK enum err biometric_plugin_on_hello(struct lane *lane, struct bytes payload);
MUST_CHECK enum err biometric_plugin_on_compared(struct lane *lane, const struct frame *frame);
/* It died, as authd says; it broke the protocol. */
void biometric_plugin_on_down(struct lane *lane);
void biometric_plugin_on_lost(struct lane *lane);
/* Deadlines; once a tick. */
void biometric_plugin_turn(struct lane *lane, int64_t now_ms);
