#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "firmware/base/boot.h"
#include "firmware/base/frame.h"
#include "authd/wire/plugin_wire.h"

/*
 * authd-plugin itself, started as authd would start it, confined and as nobody, with a library of
 * tests/fault in a folder of its own. All functions fail the test when something is not as it
 * should be.
 */
#define PLUGIN_RIG_WAIT_MS 30000

struct plugin_rig {
    char folder[64];
    char settings[512];
    pid_t child;
    int log; /* what it wrote to standard error */
    /* Our ends, and the process's, which stay open as authd keeps them. */
    int control, child_control, core, child_core, provd, child_provd;
    const struct pulse *pulse;
    int pulse_fd;
};
extern struct plugin_rig plugin_rig;

/* Setup and teardown of every test: the folder with all libraries, and the end of what runs. */
int plugin_rig_set_up(void **state);
int plugin_rig_tear_down(void **state);

/* The path of a library: valid until the next call. */
const char *plugin_rig_library(const char *name);

/* Starts it with ${library} and the line ${vendor_settings}; ${more} are further settings. */
void plugin_rig_start(const char *library, const char *vendor_settings, const char *more);
/* The same again on the same sockets. */
void plugin_rig_start_successor(void);
void plugin_rig_await_ready(void);
/* Tells it that this peer is up. */
void plugin_rig_tell_up(const char *role);
/* Tells it that both are, and takes its HELLO from their sockets; ${hello} may be NULL. */
void plugin_rig_take_hello(struct plugin_hello *hello);

/* Waits for its end: the exit code, or minus the signal. */
int plugin_rig_end(void);
/* Ends with what it must say in its log. */
void plugin_rig_assert_refused(const char *word);

void plugin_rig_ask_extract(struct bytes image, uint64_t id);
void plugin_rig_answer_extract(uint64_t id, struct plugin_extracted *answer);
/* One finger with each of ${templates}, all of unknown position. */
void plugin_rig_ask_compare(struct bytes image, const struct bytes *templates, size_t count,
                            uint64_t id);
void plugin_rig_send_compare(const struct plugin_compare *question, uint64_t id);
void plugin_rig_answer_compare(uint64_t id, struct plugin_compared *answer);
void plugin_rig_assert_no_answer(void);
