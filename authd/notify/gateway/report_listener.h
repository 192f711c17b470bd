#pragma once

#include "authd/notify/gateway/report.h"
#include "firmware/base/serve.h"

/*
 * Where gateways bring delivery reports: a listener on the loopback interface. Of each connection
 * the head of one request is read, at most 4 KiB within five seconds; its first line is the report,
 * the rest is thrown away; the answer is 200 or 400 without a body, and the connection ends. At
 * most sixteen connections stand at once.
 */
struct report_listener;

/*
 * Binds ${address}, "127.0.0.1:13099" or "[::1]:13099"; before confinement, whose plan then needs
 * accept4. ERR_CONFIG: not an address of the loopback interface. ERR_SYSTEM, see errno.
 */
struct report_listener_options {
    void (*take)(void *context, const struct report *report);
    void *context;
};
MUST_CHECK enum err report_listener_open(struct report_listener **listener, const char *address,
                                         struct serve *serve,
                                         const struct report_listener_options *options);
void report_listener_close(struct report_listener *listener); /* NULL is allowed */

/* Ends connections that took too long. Gives in how many ms to be called again; -1: when one came.
 */
int report_listener_turn(struct report_listener *listener);
